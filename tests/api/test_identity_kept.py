"""The overview of a large workspace is read once in a while, that of a small one each time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from onepool.api.routers.identity import kept

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The days asked for, each time that the overview is really read."""
    asked: list[int] = []

    def overview(_sources: Any, _now: datetime, _zone: ZoneInfo, *, days: int) -> Any:
        asked.append(days)
        return object()

    monkeypatch.setattr(kept.read, "overview", overview)
    return asked


def test_a_quick_one_is_read_anew(read: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_QUICK", 1e9)
    one: Any = kept.KeptOverview()
    assert one.of(None, NOW, ZONE, 30) is not one.of(None, NOW, ZONE, 30)
    assert read == [30, 30]


def test_a_slow_one_is_kept(read: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_QUICK", -1.0)
    one: Any = kept.KeptOverview()
    first = one.of(None, NOW, ZONE, 30)
    assert one.of(None, NOW, ZONE, 30) is first
    assert one.at == NOW
    assert one.of(None, NOW, ZONE, 7) is not first
    assert one.of(None, NOW + timedelta(days=1), ZONE, 7) is not first
    assert read == [30, 7, 7]
