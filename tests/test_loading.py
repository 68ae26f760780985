"""What starting the command line leaves out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import sys

import pytest
import onepool.cli
import pyarrow as pa
assert pa.array([[1, 2]]).to_pylist() == [[1, 2]]
assert pa.schema([("id", pa.int64())]).empty_table().num_rows == 0
print(*sorted({"fastapi", "numba", "pandas", "scipy"} & set(sys.modules)))
"""


def test_the_command_line_starts_without_what_few_commands_need() -> None:
    """Each of them takes longer to load than most commands take."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


_DROPPED = """
import gc
import weakref

class Held:
    pass

held = Held()
held.itself = held
gone = weakref.ref(held)
gc.disable()
del held
from onepool.loading import loading, ours
if OURS:
    ours()
with loading():
    import onepool.cli.app
gc.collect()
print(gone() is None)
"""


@pytest.mark.parametrize(("own", "found"), [(False, "True"), (True, "False")])
def test_only_a_process_of_our_own_forgets_its_garbage(own: bool, found: str) -> None:
    """A program that uses us finds what it dropped before it loaded us: a pool's file, say, that would stay open."""
    done = subprocess.run(
        [sys.executable, "-c", _DROPPED.replace("OURS", str(own))], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [found]


_COMMAND = """
import sys
from onepool.cli import main
main()
"""


def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", _COMMAND, *arguments], capture_output=True, text=True, check=False)


def test_a_command_says_nothing_but_its_answer(tmp_path: Path) -> None:
    """What was frozen is never collected, of which DuckDB would complain in fifty lines on standard error."""
    folder = str(tmp_path / "w")
    assert _command("init", folder).returncode == 0
    asked = _command("query", "select 42 as answer", "--workspace", folder, "--format", "csv")
    assert (asked.returncode, asked.stdout.split(), asked.stderr) == (0, ['"answer"', "42"], "")
    failed = _command("query", "select nothing", "--workspace", folder)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "nothing" in failed.stderr and "leaked" not in failed.stderr
    assert _command("query", "--wrong").returncode == 2


_THREADS = """
import atexit
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from onepool.loading import leave
atexit.register(print, "registered")
ThreadPoolExecutor(1).submit(lambda: (time.sleep(0.2), print("worked")))
threading.Thread(target=lambda: (time.sleep(0.1), print("waited for"))).start()
print("asked")
leave(3)
"""


def test_the_end_waits_for_threads_and_does_what_is_registered() -> None:
    done = subprocess.run([sys.executable, "-c", _THREADS], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.splitlines() == ["asked", "waited for", "worked", "registered"]
