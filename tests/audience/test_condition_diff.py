"""What changed between two conditions."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from onepool.audience.conditions.diff import differences
from onepool.audience.conditions.parse import parse_condition

from .world import conditions

CITY = {"attribute": "city", "is": "上海"}
PAID = {"did": "order_paid", "within": {"last": "30 days"}}
PAID_60 = {"did": "order_paid", "within": {"last": "60 days"}}
OPENED = {"did": "app_opened"}


def diff(before: Any, after: Any) -> list[tuple[str, str, str | None, str | None]]:
    found = differences(parse_condition(before), parse_condition(after))
    return [(one.op, one.group, one.before_place, one.after_place) for one in found]


def test_by_hand() -> None:
    assert diff(CITY, CITY) == []
    assert diff({"all": [CITY, PAID]}, {"all": [PAID, CITY]}) == [], "the order of a group says nothing"
    assert diff({"all": [CITY, PAID]}, {"all": [CITY, PAID_60]}) == [("changed", "all", "all[1]", "all[1]")]
    assert diff({"all": [CITY, PAID]}, {"all": [PAID, CITY, OPENED]}) == [("added", "all", None, "all[2]")]
    assert diff({"any": [CITY, PAID, OPENED]}, {"any": [OPENED, CITY]}) == [("removed", "any", "any[1]", None)]
    assert diff(CITY, PAID) == [("changed", "", "", "")]
    assert diff(CITY, {"all": [PAID, CITY]}) == [("added", "all", None, "all[0]")], "narrower"
    assert diff({"any": [PAID, CITY]}, CITY) == [("removed", "any", "any[0]", None)]
    assert diff(CITY, {"all": [{**CITY, "is": "北京"}, PAID]}) == [
        ("changed", "all", "", "all[0]"),
        ("added", "all", None, "all[1]"),
    ]
    assert diff({"all": [CITY, PAID]}, {"any": [CITY, PAID]}) == [("changed", "", "", "")]
    assert diff({"not": PAID}, {"not": PAID_60}) == [("changed", "not", "not", "not")]
    assert diff({"all": [CITY, {"any": [PAID, OPENED]}]}, {"all": [CITY, {"any": [PAID_60, OPENED]}]}) == [
        ("changed", "any", "all[1].any[0]", "all[1].any[0]")
    ]
    assert diff({"all": [{"not": PAID}, CITY]}, {"all": [CITY, {"not": PAID_60}]}) == [
        ("changed", "not", "all[0].not", "all[1].not")
    ]


def test_two_of_a_kind_are_paired_once() -> None:
    before = {"all": [PAID, {**PAID, "times": {"at_least": 2}}]}
    after = {"all": [PAID, {**PAID, "times": {"at_least": 3}}]}
    assert diff(before, after) == [("changed", "all", "all[1]", "all[1]")]


@given(before=conditions, after=conditions)
def test_every_part_is_accounted_for(before: Any, after: Any) -> None:
    old, new = parse_condition(before), parse_condition(after)
    found = differences(old, new)
    assert (found == []) or old != new
    assert differences(old, old) == []
    for one in found:
        assert (one.before is None) == (one.op == "added") == (one.before_place is None)
        assert (one.after is None) == (one.op == "removed") == (one.after_place is None)
    # The other way round, what was added is removed.
    back = differences(new, old)
    swap = {"added": "removed", "removed": "added", "changed": "changed"}
    assert sorted(swap[one.op] for one in back) == sorted(one.op for one in found)
