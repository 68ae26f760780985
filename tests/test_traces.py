"""A process of tests that dies leaves a trace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests import traces


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
def test_the_stacks_of_all_threads_are_left(tmp_path: Path, number: signal.Signals) -> None:
    code = (
        "import os, threading, time\n"
        "from tests.traces import leave_traces\n"
        "def waiting_beside(): time.sleep(60)\n"
        "leave_traces()\n"
        "threading.Thread(target=waiting_beside, daemon=True).start()\n"
        f"os.kill(os.getpid(), {int(number)})\n"
    )
    said = os.environ | {traces.FOLDER: str(tmp_path), "PYTEST_XDIST_WORKER": "gw3"}
    root = Path(__file__).parent.parent
    ended = subprocess.run([sys.executable, "-c", code], cwd=root, env=said, timeout=60)
    assert ended.returncode == -number
    (left,) = tmp_path.iterdir()
    assert left.name.startswith("gw3-")
    assert "waiting_beside" in left.read_text()


def test_nothing_is_set_up_where_nobody_asked() -> None:
    said = {name: value for name, value in os.environ.items() if name != traces.FOLDER}
    said.pop("PYTHONFAULTHANDLER", None)
    code = "import faulthandler, tests.traces as t; t.leave_traces(); assert not faulthandler.is_enabled()"
    root = Path(__file__).parent.parent
    subprocess.run([sys.executable, "-c", code], cwd=root, env=said, timeout=60, check=True)
