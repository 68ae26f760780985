"""Sequences: what is refused, how they read, when they turn, why they hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from onepool.audience.conditions import (
    ConditionError,
    Scope,
    check,
    compile_conditions,
    explain_condition,
    parse_condition,
    sentence,
)
from onepool.clock import to_micros

from . import world

AT = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CART = {"sequence": [{"did": "app_opened"}, {"did_not": "order_paid", "for": "24 hours"}]}


@pytest.fixture(scope="module")
def pool():
    engine = world.engine("Asia/Shanghai")
    yield engine
    engine.close()


def happened(*events: tuple[str, float]) -> world.History:
    """Events by name and hours before AT, in this order of arrival."""
    return world.History(
        [
            world.Event(seq, name, to_micros(AT) - int(hours * world.HOUR), channel="tmall", touchpoint="mini")
            for seq, (name, hours) in enumerate(events, 1)
        ]
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            {"sequence": [{"did": "order_paid"}, {"did": "order_paid", "where": {"amuont": 3}}]},
            "sequence[1].where.amuont: the event order_paid has no such field; did you mean amount?",
        ),
        (
            {"all": [{"sequence": [{"did": "order_pad"}]}]},
            "all[0].sequence[0].did: there is no event order_pad; did you mean order_paid?",
        ),
        (
            {"sequence": [{"did_not": "order_paid"}, {"did": "app_opened"}]},
            "sequence[0].did_not: a sequence begins with something done: put a did step first",
        ),
        (
            {"sequence": [{"did": "order_paid", "gap": "2 days"}]},
            "sequence[0].gap: a gap is the time from the step before: the first has none",
        ),
        (
            {"sequence": [{"did": "order_paid"}, {"did": "app_opened", "gap": "1 month"}]},
            "sequence[1].gap.at_most: months differ in length: say minutes, hours, days or weeks, such as 30 days",
        ),
        (
            {
                "sequence": [
                    {"did": "order_paid"},
                    {"did": "app_opened", "gap": {"at_least": "3 days", "at_most": "1 day"}},
                ]
            },
            "sequence[1].gap: no time is at least 3 days and at most 1 day",
        ),
        (
            {
                "sequence": [
                    {"did": "order_paid"},
                    {"did_not": "app_opened", "for": "3 days"},
                    {"did": "app_opened", "gap": "2 days"},
                ]
            },
            "sequence[2].gap.at_most: it can't come within 2 days: the did_not before it takes 3 days",
        ),
        (
            {**CART, "within": {"last": "12 hours"}},
            "within: the steps take longer than the last 12 hours can hold",
        ),
        (
            {
                "sequence": [{"did": "order_paid"}, {"did": "app_opened", "gap": {"at_least": "3 days"}}],
                "span": "2 days",
            },
            "span: the gaps between the steps add up to more than 2 days",
        ),
        (
            {"sequence": [{"did": "order_paid", "tims": 2}]},
            "sequence[0].tims: `tims` is not known here; known are where, at, did, gap",
        ),
        (
            {"sequence": [{"did": "order_paid"}, {"didnot": "app_opened"}]},
            "sequence[1]: a step says did or did_not and an event; did you mean did_not?",
        ),
        ({"sequence": [{"did": "order_paid"}] * 13}, "sequence: at most 12 steps are allowed"),
    ],
)
def test_faults_are_said_with_their_place(data: dict[str, Any], expected: str) -> None:
    try:
        found = [str(problem) for problem in check(parse_condition(data), world.NAMES)]
    except ConditionError as error:
        found = [str(problem) for problem in error.problems]
    assert found == [expected]


def test_it_reads_in_both_languages() -> None:
    condition = parse_condition(
        {
            "sequence": [
                {"did": "app_opened"},
                {"did_not": "order_paid", "for": "3 days"},
                {"did": "order_paid", "gap": {"at_most": "7 days"}},
                {"did_not": "app_opened"},
            ],
            "within": {"last": "60 days"},
            "span": "10 days",
        }
    )
    assert sentence(condition, "zh") == (
        "最近 60 天内依次做过「app_opened」，其后 3 天内没有做过「order_paid」，然后7 天内做过「order_paid」，"
        "此后没有做过「app_opened」，首尾相隔不超过 10 天"
    )
    assert sentence(condition, "en") == (
        "did in the last 60 days, in this order: “app_opened”, without “order_paid” for 3 days after it, then within"
        " 7 days “order_paid”, without “app_opened” since, at most 10 days from first to last"
    )


@pytest.mark.parametrize(
    ("events", "holds", "turns"),
    [
        ([("app_opened", 23)], False, 1),
        ([("app_opened", 24)], True, None),
        ([("app_opened", 23), ("order_paid", 2)], False, None),
        ([("app_opened", 30), ("order_paid", 2), ("app_opened", 1)], True, None),
        ([("app_opened", 50), ("order_paid", 40), ("app_opened", 10)], False, 14),
        # At the same instant the order of arrival decides: the order before the cart does not break it.
        ([("order_paid", 25), ("app_opened", 25)], True, None),
        ([("app_opened", 25), ("order_paid", 25)], False, None),
    ],
)
def test_an_absence_comes_true_when_its_time_is_over(pool, events, holds, turns) -> None:
    world.fill(pool, {1: happened(*events)}, AT)
    with pool.read() as session:
        row = compile_conditions({"c": parse_condition(CART)}, AT, Scope.all(), world.context("Asia/Shanghai")).run(
            session
        )
    expected = None if turns is None else AT + turns * HOUR
    assert row.to_pylist() == [{"customer_id": 1, "c": holds, "next_at": expected}]


def test_it_leaves_with_its_first_event(pool) -> None:
    condition = parse_condition(
        {"sequence": [{"did": "app_opened"}, {"did": "order_paid"}], "within": {"last": "2 days"}}
    )
    world.fill(pool, {1: happened(("app_opened", 40), ("app_opened", 30), ("order_paid", 20))}, AT)
    with pool.read() as session:
        row = compile_conditions({"c": condition}, AT, Scope.one(1), world.context("Asia/Shanghai")).run(session)
    assert row.to_pylist()[0]["next_at"] == AT + 18 * HOUR + timedelta(microseconds=1)


def test_more_kinds_of_events_than_one_reading_holds(pool) -> None:
    """Sixty-two kinds fit a batch; a further one makes a second."""
    conditions = {
        f"c{number}": parse_condition(
            {"sequence": [{"did": "app_opened"}, {"did": "order_paid", "where": {"quantity": number}}]}
        )
        for number in range(100)
    }
    opened = world.Event(1, "app_opened", to_micros(AT) - 2 * world.HOUR)
    paid = world.Event(2, "order_paid", to_micros(AT) - world.HOUR, values={"quantity": 77})
    world.fill(pool, {1: world.History([opened, paid])}, AT)
    plan = compile_conditions(conditions, AT, Scope.all(), world.context("Asia/Shanghai"))
    assert len(plan.before) == 2
    assert all(name in plan.text() for name in ("sequences 1", "sequences 2"))
    with pool.read() as session:
        row = plan.run(session).to_pylist()[0]
    assert [name for name in conditions if row[name]] == ["c77"]


def explained(pool, data: dict[str, Any], *events: tuple[str, float]):
    world.fill(pool, {7: happened(*events)}, AT)
    with pool.read() as session:
        return explain_condition(parse_condition(data), 7, AT, session, world.context("Asia/Shanghai"))


def test_explain_shows_the_event_of_each_step(pool) -> None:
    found = explained(pool, {"all": [CART]}, ("app_opened", 60), ("order_paid", 59), ("app_opened", 30)).parts[0]
    assert (found.place, found.what, found.holds, found.figure) == ("all[0]", "sequence", True, 1)
    assert found.events == [world.event_id(7, 2)]
    assert [(part.place, part.holds, part.events) for part in found.parts] == [
        ("all[0].sequence[0]", True, [world.event_id(7, 2)]),
        ("all[0].sequence[1]", True, []),
    ]


def test_explain_shows_the_event_that_broke_an_absence(pool) -> None:
    found = explained(pool, CART, ("app_opened", 60), ("order_paid", 50))
    assert [(part.holds, part.events) for part in found.parts] == [
        (True, [world.event_id(7, 0)]),
        (False, [world.event_id(7, 1)]),
    ]
    assert found.parts[1].figure == AT - 50 * HOUR


def test_explain_shows_how_far_somebody_came(pool) -> None:
    steps = [{"did": "app_opened"}, {"did_not": "order_paid"}, {"did": "app_opened", "gap": {"at_least": "5 hours"}}]
    found = explained(pool, {"sequence": steps}, ("app_opened", 60), ("order_paid", 50), ("app_opened", 40))
    assert found.holds is False and found.figure == 1
    assert [part.holds for part in found.parts] == [True, True, False]
    waiting = explained(pool, CART, ("app_opened", 3))
    assert [(part.holds, part.events) for part in waiting.parts] == [(True, [world.event_id(7, 0)]), (False, [])]
    nothing = explained(pool, CART, ("order_paid", 3))
    assert nothing.figure == 0 and [part.holds for part in nothing.parts] == [False, False]
