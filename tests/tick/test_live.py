"""Live membership equals a full recomputation, whatever comes in which order, and windows run out at their instant."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.audience.live import Live
from onepool.audience.touched.leaves import Question, Reading

from .conftest import START, World, make_world

SEGMENTS: dict[str, dict[str, Any]] = {
    "recent": {"did": "product_viewed", "within": {"last": "2 days"}},
    "keen": {"did": "product_viewed", "times": {"at_least": 3}, "within": {"last": "5 days"}},
    "spent": {"did": "order_paid", "sum": {"of": "amount", "at_least": 100}},
    "left": {
        "all": [
            {"did": "cart_added", "within": {"last": "3 days"}},
            {"did_not": "order_paid", "within": {"last": "3 days"}},
        ]
    },
    "nobody_else": {"not": {"segment": "recent"}},
    "abandoned": {"sequence": [{"did": "cart_added"}, {"did_not": "order_paid", "for": "24 hours"}]},
    "looked_then_bought": {
        "sequence": [
            {"did": "product_viewed"},
            {"did_not": "cart_added"},
            {"did": "order_paid", "gap": "2 days"},
            {"did_not": "order_paid"},
        ],
        "within": {"last": "6 days"},
    },
    "in_shanghai": {"attribute": "city", "is_set": True},
    "came_and_went": {
        "all": [
            {"did": "segment_entered", "where": {"segment": ["recent", "keen"]}, "times": {"at_least": 2}},
            {"did": "segment_left", "where": {"segment": "recent"}, "within": {"last": "3 days"}},
        ]
    },
}

person = st.sampled_from(["a", "b", "c"])
event = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["product_viewed", "cart_added", "order_paid"]),
        "who": person,
        "signed_in": st.sampled_from([None, None, "u1", "u2"]),
        "age_hours": st.integers(0, 24 * 7),
        "amount": st.integers(1, 80),
    }
)
step = st.one_of(
    st.lists(event, min_size=1, max_size=4),
    st.integers(1, 24 * 4).map(lambda hours: timedelta(hours=hours)),
    st.just("restart"),
)


def check(world: World) -> None:
    live = Live(world.workspace)
    with world.workspace.pool.read() as session:
        wrong = [found for found in live.differences(session, world.clock.now()) if found[3]]
    assert wrong == []


@settings(max_examples=8, deadline=None)
@given(steps=st.lists(step, min_size=1, max_size=7))
def test_live_equals_recomputed_after_every_step(steps: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        world = make_world(Path(folder) / "ws")
        try:
            for name, when in SEGMENTS.items():
                world.define("segment", name, title=name, condition=when)
            number = 0
            for one in steps:
                if isinstance(one, timedelta):
                    world.clock.advance(one)
                elif one == "restart":
                    world.restart()
                else:
                    batch = []
                    for item in one:
                        number += 1
                        sent: dict[str, Any] = {
                            "event": item["event"],
                            "anonymousId": item["who"],
                            "timestamp": (world.clock.now() - timedelta(hours=item["age_hours"])).isoformat(),
                            "properties": {
                                "product_id": "P1",
                                "order_id": f"O{number}",
                                "amount": item["amount"],
                                "currency": "CNY",
                            },
                        }
                        if item["signed_in"]:
                            sent["userId"] = item["signed_in"]
                        batch.append(sent)
                    world.send(*batch)
                world.drain()
                check(world)
        finally:
            world.close()


def test_who_came_into_a_segment_is_known_right_after(world: World) -> None:
    """Also through another, and of many at once: then everybody is looked at."""
    world.define("segment", "recent", title="x", condition=SEGMENTS["recent"])
    entered = {"did": "segment_entered", "where": {"segment": "recent"}, "within": {"last": "3 days"}}
    world.define("segment", "came", title="x", condition=entered)
    world.define("segment", "missed", title="x", condition={"did": "segment_left", "where": {"segment": "came"}})
    world.drain()
    sizes = "SELECT segment, count(*) AS n FROM segment_members GROUP BY segment ORDER BY segment"

    def found() -> dict[str, int]:
        return {row["segment"]: row["n"] for row in world.workspace.pool.query(sizes).to_pylist()}

    world.send({"event": "product_viewed", "anonymousId": "a", "properties": {"product_id": "P1"}})
    world.clock.advance(timedelta(seconds=1))
    world.drain()
    assert found() == {"recent": 1}
    world.clock.advance(timedelta(milliseconds=1))
    world.drain()
    assert found() == {"came": 1, "recent": 1}
    world.clock.advance(timedelta(days=3, seconds=1))
    world.drain()
    assert found() == {}
    world.clock.advance(timedelta(milliseconds=1))
    world.drain()
    assert found() == {"missed": 1}
    check(world)


@pytest.mark.parametrize("few", [0, 20_000])
def test_moves_of_many_have_everybody_looked_at(world: World, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onepool.audience.live._FEW", few)
    world.define("segment", "recent", title="x", condition=SEGMENTS["recent"])
    world.define("segment", "came", title="x", condition={"did": "segment_entered", "where": {"segment": "recent"}})
    viewed = {"event": "product_viewed", "properties": {"product_id": "P1"}}
    world.send(*({**viewed, "anonymousId": one} for one in "abc"))
    world.clock.advance(timedelta(seconds=1))
    world.drain()
    world.clock.advance(timedelta(milliseconds=1))
    world.drain()
    members = "SELECT count(*) FROM segment_members WHERE segment = 'came'"
    assert world.workspace.pool.query(members).column(0)[0].as_py() == 3
    check(world)


def test_a_member_leaves_at_the_instant_its_window_runs_out(world: World) -> None:
    world.define("segment", "recent", title="x", condition=SEGMENTS["recent"])
    world.send({"event": "product_viewed", "anonymousId": "a", "properties": {"product_id": "P1"}})
    world.drain()
    members = "SELECT count(*) FROM segment_members"
    assert world.value(members) == 0, "an event is inside of a window from the instant after it"
    world.clock.advance(timedelta(microseconds=1))
    world.drain()
    assert world.value(members) == 1
    world.clock.set(START + timedelta(days=2))
    world.drain()
    assert world.value(members) == 1
    world.clock.advance(timedelta(microseconds=1))
    world.drain()
    assert world.value(members) == 0
    changes = world.rows('SELECT change, "at" FROM segment_changes ORDER BY change_id')
    assert changes == [
        {"change": "enter", "at": START + timedelta(microseconds=1)},
        {"change": "exit", "at": START + timedelta(days=2, microseconds=1)},
    ]


def test_a_new_or_edited_definition_is_right_for_all_of_history(world: World) -> None:
    for number in range(5):
        world.send(
            {
                "event": "order_paid",
                "userId": f"u{number}",
                "properties": {"order_id": f"O{number}", "amount": 10 * number, "currency": "CNY"},
                "timestamp": (START - timedelta(days=number)).isoformat(),
            }
        )
    world.clock.advance(timedelta(seconds=1))
    world.drain()
    world.define("segment", "big", title="x", condition={"did": "order_paid", "where": {"amount": {"at_least": 20}}})
    world.drain()
    size = "SELECT count(*) FROM segment_members WHERE segment = 'big'"
    assert world.value(size) == 3
    world.define("segment", "big", title="x", condition={"did": "order_paid", "where": {"amount": {"at_least": 40}}})
    world.drain()
    assert world.value(size) == 1
    world.workspace.definitions.delete("segment", "big", author="test")
    world.drain()
    assert world.value(size) == 0
    changes = world.rows("SELECT change, count(*) AS n FROM segment_changes GROUP BY change ORDER BY change")
    assert changes == [{"change": "enter", "n": 3}, {"change": "exit", "n": 3}]


def test_a_segment_that_uses_another_follows_its_new_definition(world: World) -> None:
    world.send({"event": "order_paid", "userId": "u", "properties": {"order_id": "O", "amount": 10, "currency": "CNY"}})
    world.clock.advance(timedelta(seconds=1))
    world.define("segment", "buyers", title="x", condition={"did": "order_paid"})
    world.define("segment", "others", title="x", condition={"not": {"segment": "buyers"}})
    world.drain()
    assert world.rows("SELECT segment FROM segment_members") == [{"segment": "buyers"}]
    world.define("segment", "buyers", title="x", condition={"did": "order_paid", "times": {"at_least": 2}})
    world.drain()
    assert world.rows("SELECT segment FROM segment_members") == [{"segment": "others"}]


def test_a_segment_that_cannot_be_answered_for_the_touched_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.define("segment", "recent", title="x", condition=SEGMENTS["recent"])
    world.define("segment", "broken", title="x", condition={"did": "cart_added"})
    world.send({"event": "product_viewed", "anonymousId": "a", "properties": {"product_id": "P1"}})
    world.drain()
    answer = Reading.answer

    def fails(reading: Reading, question: Question) -> Any:
        if question.event == "cart_added":
            raise ValueError("something nobody foresaw")
        return answer(reading, question)

    monkeypatch.setattr(Reading, "answer", fails)
    world.clock.advance(timedelta(seconds=1))
    world.send({"event": "product_viewed", "anonymousId": "b", "properties": {"product_id": "P1"}})
    world.drain()
    world.clock.advance(timedelta(seconds=1))
    world.drain()
    assert world.value("SELECT count(*) FROM segment_members WHERE segment = 'recent'") == 2
    assert world.value("SELECT count(*) FROM events") == 2
