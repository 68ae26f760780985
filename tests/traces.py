"""What a process of tests leaves behind when it dies of a fault in native code, which raises nothing in Python."""

from __future__ import annotations

import faulthandler
import os
from pathlib import Path

FOLDER = "TEST_TRACES"
"""The environment's name of the folder for traces, which `script/test` makes, and prints when the tests failed."""


def leave_traces() -> None:
    """From now on a fatal signal writes the stacks of all threads into this process's file in the folder, if it is set.

    Beside pytest's own, which go to the standard error of a process that nobody may read. Processes that are forked
    write into the same file. What is killed (SIGKILL) writes nothing: an empty file of a process that died says that.
    """
    folder = os.environ.get(FOLDER)
    if folder:
        path = Path(folder) / f"{os.environ.get('PYTEST_XDIST_WORKER', 'tests')}-{os.getpid()}.txt"
        # Open as long as the process: faulthandler keeps the number only.
        faulthandler.enable(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), all_threads=True)
