"""A segment's size over time is a plain count of who came and went, in days and hours of any zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.definitions import Definition
from onepool.insight.segments import spans
from onepool.pool import Columns, DuckDBEngine
from onepool.pool.schema import create

# Clocks in New York went forward on 8 March 2026: that day has 23 hours.
NOW = datetime(2026, 3, 10, 15, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    pool = DuckDBEngine(":memory:", "UTC", threads=1)
    with pool.write() as session:
        create(session, Columns({}, {"category": "VARCHAR"}, {"city": "VARCHAR"}))
    yield pool
    pool.close()


def version(number: int, at: datetime, *, deleted: bool = False) -> Definition:
    return Definition("segment", "s", number, {}, "", "a", "", at, deleted)


minutes = st.integers(0, 6 * 24 * 60)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    born=minutes,
    visits=st.dictionaries(st.integers(1, 8), st.lists(minutes, min_size=1, max_size=4, unique=True), max_size=5),
    zone=st.sampled_from(["Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "UTC"]),
    step=st.sampled_from(["day", "hour"]),
)
def test_sizes_are_counted(engine: DuckDBEngine, born: int, visits: dict[int, list[int]], zone: str, step: str) -> None:
    first = NOW - timedelta(minutes=born)
    # In and out by turns, never before the segment was there.
    moves = [
        (first + timedelta(minutes=min(after, born)), customer, "enter" if number % 2 == 0 else "exit")
        for customer, times in visits.items()
        for number, after in enumerate(sorted(times))
    ]
    inside = {customer for customer, times in visits.items() if len(times) % 2}
    with engine.write() as session:
        for table in ("segment_members", "segment_changes"):
            session.execute(f"DELETE FROM {table}")
        if moves:
            at, customers, changes = zip(*moves, strict=True)
            numbers = list(range(len(moves)))
            columns = {"change_id": numbers, "customer_id": customers, "change": changes}
            session.append("segment_changes", pa.table({**columns, "at": at, "segment": ["s"] * len(moves)}))
        if inside:
            session.append("segment_members", pa.table({"customer_id": list(inside), "segment": ["s"] * len(inside)}))
    tz = ZoneInfo(zone)
    with engine.read() as session:
        found = spans(session, "s", [version(1, first)], NOW, tz, step, 10 if step == "day" else 24 * 8)  # type: ignore[arg-type]
    assert found[-1].at == NOW and found[0].start <= first < found[0].at + timedelta(microseconds=1)
    assert found[0].version == 1 and not any(span.version for span in found[1:])
    for earlier, later in pairwise(found):
        assert earlier.at == later.start
    for span in found:
        local = span.start.astimezone(tz)
        assert (local.minute, local.second) == (0, 0) and (step == "hour" or local.hour == 0)
        last = span is found[-1]
        within = [m for m in moves if span.start <= m[0] and (m[0] <= span.at if last else m[0] < span.at)]
        assert span.entered == sum(change == "enter" for _, _, change in within)
        assert span.left == sum(change == "exit" for _, _, change in within)
        until = [m for m in moves if (m[0] <= span.at if last else m[0] < span.at)]
        assert span.size == sum(1 if change == "enter" else -1 for _, _, change in until)


def test_a_removed_segment_is_empty_but_there(engine: DuckDBEngine) -> None:
    with engine.write() as session:
        for table in ("segment_members", "segment_changes"):
            session.execute(f"DELETE FROM {table}")
    versions = [version(1, NOW - timedelta(days=3)), version(2, NOW - timedelta(days=2), deleted=True)]
    with engine.read() as session:
        found = spans(session, "s", versions, NOW, ZoneInfo("UTC"), "day", 30)
        assert [(span.size, span.version) for span in found] == [(0, 1), (0, 2), (0, None), (0, None)]
        assert spans(session, "s", [], NOW, ZoneInfo("UTC")) == []
