"""What starting the command line leaves out."""

from __future__ import annotations

import subprocess
import sys

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
