"""Data quality: measures against what was sent, the kept counts against recounting, samples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tick.conftest import World, make_world

from onepool.insight.quality import DIMENSIONS, WEIGHTS, Measure, Quality, quality, score
from onepool.rebuild import replace
from onepool.workspace import open_workspace


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path / "ws")
    yield made
    made.close()


def _of(world: World, days: int = 30) -> Quality:
    ws = world.workspace
    with ws.pool.read() as session:
        now, zone = world.clock.now(), ws.settings.zone
        return quality(session, ws.standard(), ws.touchpoints(), now, zone, days=days)


def _paid(number: int, **fields: Any) -> dict[str, Any]:
    given_ = {"order_id": f"O{number}", "amount": 10, **fields}
    return {"event": "order_paid", "userId": f"u{number}", "properties": given_}


def test_measures_say_what_was_sent(world: World) -> None:
    now = world.clock.now()
    late = (now - timedelta(hours=3)).isoformat()
    world.send(*(_paid(number) for number in range(6)), _paid(6, amount="much"), _paid(7, amount="more"))
    world.send(_paid(8) | {"timestamp": late}, {"event": "my_own", "userId": "u1", "properties": {}})
    world.send(_paid(9) | {"messageId": "twice"}, _paid(9) | {"messageId": "twice"})
    world.drain()
    found = _of(world)
    (shop,) = [one for one in found.sources if one.touchpoint == "shop"]
    # Ten came in (one of them under a name that the standard does not know), two were refused, one came twice.
    assert shop.measures["validity"] == Measure(8, 11)
    assert shop.measures["uniqueness"] == Measure(9, 10)
    assert shop.measures["timeliness"] == Measure(8, 9)
    assert (shop.accepted, shop.quarantined, shop.duplicates, shop.unknown, shop.waiting) == (9, 2, 1, 1, 2)
    assert shop.score == pytest.approx(score(shop.measures))
    (amount,) = [one for one in found.fields if one.field == "amount"]
    assert amount.valid == Measure(8, 10)
    (worst,) = [one for one in found.worst if one.rule == "type.money"]
    assert worst.bad == 2 and worst.quarantine_id is not None and "more" in (worst.sample or "")


def test_points_lost_add_up_to_what_the_score_lacks(world: World) -> None:
    world.send(*(_paid(number, currency="CNY" if number % 2 else None) for number in range(10)), _paid(11, amount="x"))
    world.drain()
    found = _of(world)
    (shop,) = [one for one in found.sources if one.touchpoint == "shop"]
    assert shop.score is not None and shop.score < 100
    assert sum(one.points for one in found.worst) == pytest.approx(100 - shop.score)


def test_days_are_the_whole(world: World) -> None:
    for number in range(3):
        world.send(_paid(number), _paid(number + 50, amount="x"))
        world.drain()
        world.clock.advance(timedelta(days=1))
    found = _of(world, days=7)
    (shop,) = [one for one in found.sources if one.touchpoint == "shop"]
    assert len(shop.days) == 7 and sum(day.score is not None for day in shop.days) == 3
    for name in DIMENSIONS:
        assert sum((day.measures[name] for day in shop.days), Measure(0, 0)) == shop.measures[name]
    assert _of(world, days=1).sources[0].received == 0


def test_mended_things_stay_counted(world: World) -> None:
    world.close()
    path = world.root / "onepool.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("unknown_events: keep", "unknown_events: refuse"))
    world.restart()
    world.drain()
    world.send({"event": "tea_tasted", "userId": "u1"}, _paid(1))
    world.drain()
    held = world.rows("SELECT log_offset, item FROM quarantine")
    world.define("standard", "mine", events={"tea_tasted": {"title": {"zh": "品茶", "en": "Tea tasted"}}})
    world.workspace.replay_quarantine([(row["log_offset"], row["item"]) for row in held])
    world.drain()
    assert world.value("SELECT count(*) FROM quarantine") == 0
    assert world.rows("SELECT rule, refused FROM refusals") == [{"rule": "event.unknown", "refused": 1}]
    (shop,) = [one for one in _of(world).sources if one.touchpoint == "shop"]
    # Two things came, and both are right by now; that one had to be mended is told beside them.
    assert shop.measures["validity"] == Measure(2, 2) and shop.waiting == 0
    assert (shop.received, shop.accepted, shop.quarantined, shop.mended) == (2, 2, 1, 1)
    assert not [one for one in _of(world).worst if one.rule == "event.unknown"]


_EVENTS = st.lists(
    st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from(["10", "x", "y", None]), st.sampled_from(["order_paid", "odd"])),
        max_size=6,
    ),
    max_size=5,
)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=_EVENTS)
def test_kept_counts_are_those_of_recounting(batches: list[Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    world = make_world(tmp_path_factory.mktemp("kept") / "ws")
    try:
        for batch in batches:
            if batch:
                world.send(*(_paid(n, amount=amount) | {"event": event} for n, amount, event in batch))
            world.drain()
            world.clock.advance(timedelta(minutes=35))
        kept = "SELECT hour, touchpoint, kind, event, rule, field, refused FROM refusals ORDER BY ALL"
        recounted = """SELECT date_trunc('hour', received_at) AS hour, touchpoint, kind, name AS event, rule,
            coalesce(field, '') AS field, count(*) AS refused FROM quarantine GROUP BY ALL ORDER BY ALL"""
        assert world.rows(kept) == world.rows(recounted)
        by_event = "SELECT touchpoint, kind, event, sum(refused)::BIGINT AS n FROM refusals GROUP BY ALL ORDER BY ALL"
        intake = """SELECT touchpoint, kind, event, sum(quarantined)::BIGINT AS n FROM intake GROUP BY ALL
            HAVING n > 0 ORDER BY ALL"""
        assert world.rows(by_event) == world.rows(intake)
        before = world.rows(kept)
        world.close()
        world.workspace = open_workspace(world.root, world.clock)
        replace(world.workspace)
        assert world.rows(kept) == before
    finally:
        world.close()


def test_the_score_is_the_formula() -> None:
    some = {"completeness": Measure(1, 2), "validity": Measure(3, 4), "timeliness": Measure(0, 0)}
    weight = WEIGHTS["completeness"] + WEIGHTS["validity"]
    expected = 100 * (WEIGHTS["completeness"] * 0.5 + WEIGHTS["validity"] * 0.75) / weight
    assert score(some) == pytest.approx(expected)  # type: ignore[arg-type]
    assert score({"validity": Measure(0, 0)}) is None
    assert sum(WEIGHTS.values()) == pytest.approx(1)


def test_samples_come_as_json(world: World) -> None:
    world.send(_paid(1, amount="x"))
    world.drain()
    sample = next(one.sample for one in _of(world).worst if one.rule == "type.money")
    assert isinstance(json.loads(sample or ""), dict)
