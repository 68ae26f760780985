"""What a process froze when it was loaded stays frozen after a brand was made in it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from onepool.demo.brand.sweeping import seldom_swept


@pytest.fixture
def thawed() -> Iterator[None]:
    frozen = gc.get_freeze_count() > 0
    gc.unfreeze()
    yield
    if frozen:
        gc.freeze()


@pytest.mark.usefixtures("thawed")
def test_only_what_it_froze_itself_is_thawed() -> None:
    pace = gc.get_threshold()
    with seldom_swept():
        assert gc.get_freeze_count() > 0 and gc.get_threshold() != pace
    assert gc.get_freeze_count() == 0 and gc.get_threshold() == pace
    gc.freeze()  # as a process of our own does once it is loaded
    with seldom_swept():
        pass
    assert gc.get_freeze_count() > 0 and gc.get_threshold() == pace
    gc.unfreeze()
