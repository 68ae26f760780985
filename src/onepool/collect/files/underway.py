"""Whether files are being taken in right now, told between processes: half of a file is no basis for "never bought"."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

if sys.platform != "win32":  # without flock nobody can tell whether whoever wrote down that he began still runs
    import fcntl

_NAME: Final = "importing"


@contextmanager
def underway(folder: Path) -> Iterator[None]:
    """While files are taken in whose log is in this folder. The kernel ends it when the process dies."""
    held = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if sys.platform != "win32":
            fcntl.flock(held, fcntl.LOCK_SH)
        yield
    finally:
        os.close(held)


def importing(folder: Path) -> bool:
    """Whether anybody takes files in."""
    if sys.platform == "win32" or not (folder / _NAME).exists():
        return False
    held = os.open(folder / _NAME, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(held)
    return False
