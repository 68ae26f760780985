"""How the index is doing, for people and monitors; kept in a file, since other processes ask too."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

FILE = "behaviour.status.json"


class Status(msgspec.Struct, frozen=True):
    """`serving`: whether reads use it; `due`: why a new build is called for; the rest is of the build that is read:
    its events and customers, events since (`tail`), identifiers that changed customers or were rewritten since."""

    serving: bool
    building: bool
    due: str | None
    events: int = 0
    customers: int = 0
    tail: int = 0
    moved: int = 0
    rewritten: int = 0
    columns: tuple[str, ...] = ()
    built_at: datetime | None = None
    seconds: float = 0.0
    bytes: int = 0


def keep(data: Path, status: Status) -> None:
    """Write the status where other processes of the workspace find it."""
    draft = data / f"{FILE}.new"
    draft.write_bytes(msgspec.json.encode(status))
    draft.replace(data / FILE)


def kept(data: Path) -> Status | None:
    """What the worker wrote last; None where there never was an index."""
    try:
        return msgspec.json.decode((data / FILE).read_bytes(), type=Status)
    except (OSError, msgspec.DecodeError):
        return None


def metrics(data: Path) -> Iterable[Metric]:
    """The status for Prometheus."""
    status = kept(data)
    if status is None:
        return
    yield GaugeMetricFamily("onepool_behaviour_serving", "1 while reads use the behaviour index", status.serving)
    yield GaugeMetricFamily("onepool_behaviour_building", "1 while a build runs", status.building)
    yield GaugeMetricFamily("onepool_behaviour_events", "Events in the build that is read", status.events)
    yield GaugeMetricFamily("onepool_behaviour_tail_events", "Events since that build, held in memory", status.tail)
    yield GaugeMetricFamily("onepool_behaviour_moved_identifiers", "Identifiers moved since", status.moved)
    yield GaugeMetricFamily("onepool_behaviour_build_seconds", "How long that build took", status.seconds)
    yield GaugeMetricFamily("onepool_behaviour_bytes", "Size of that build on disk", status.bytes)
