"""The state as it is made anew (tests/made_before.py copies it in other rooms)."""

from __future__ import annotations

import pytest
from tests import made_before

from onepool.state.store import State


@pytest.fixture(autouse=True)
def made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(State, "at", made_before.state_at)
