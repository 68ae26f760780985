"""Sweeping memory for cycles seldom: making a brand keeps many small things for a day, and makes hardly a cycle."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SELDOM: Final = (50_000, 20, 100)


@contextmanager
def seldom_swept() -> Iterator[None]:
    """Python's own pace, at which a third of the time goes into sweeping, is set again at the end."""
    before = gc.get_threshold()
    # Of a process that froze what it loaded (`onepool.loading`) nearly all that lives is frozen, and to stay so: who
    # thaws, thaws everything.
    frozen = gc.get_freeze_count() > 0
    if not frozen:
        gc.freeze()  # what lives by now is looked at no more
    gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        if not frozen:
            gc.unfreeze()
