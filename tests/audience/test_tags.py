"""Tags: what is accepted and refused, what depends on all customers, how a value is explained."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from onepool.audience.conditions import ConditionError, Scope, names_of
from onepool.audience.conditions.reference import Event, Fact, History
from onepool.audience.definitions import check_segment, check_tag, parse_segment
from onepool.audience.tags import (
    check_definition,
    compile_tags,
    explain_tag,
    parse_tag,
    tag_names,
    tag_sentence,
    tags_used,
    with_files,
)
from onepool.clock import to_micros
from onepool.standards import load_standard

from . import world

STANDARD = load_standard([])
AT = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
CTX = world.context("Asia/Shanghai")
FAVOURITE = {
    "tag": "favourite_category",
    "title": {"zh": "偏好品类", "en": "Favourite category"},
    "says": "behaviour",
    "kind": "preference",
    "from": {
        "did": ["product_viewed", "cart_added", "order_paid"],
        "weights": {"product_viewed": 1, "cart_added": 3, "order_paid": 5},
        "field": "category",
    },
    "within": {"last": "180 days"},
    "half_life": "60 days",
    "score": "lift",
    "top": 3,
    "min_events": 3,
    "ties": "latest",
    "owner": "crm@brand",
}


def tag(kind: str, **parts: Any):
    return parse_tag({"tag": "t", "title": "t", "says": "value", "kind": kind, **parts})


@pytest.fixture
def pool():
    engine = world.engine("Asia/Shanghai")
    yield engine
    engine.close()


def paid(seq: int, hours_ago: float = 1.0, **values: Any) -> Event:
    return Event(seq, "order_paid", to_micros(AT) - int(hours_ago * world.HOUR), values=values)


def test_a_definition_stands_and_reads_back():
    favourite = parse_tag(FAVOURITE)
    names = names_of(STANDARD)
    assert check_definition(favourite, names) == []
    assert parse_tag(favourite.canonical()) == favourite
    assert tag_names(favourite).type == "list"
    assert tag_sentence(favourite, "zh", names).endswith("中相对全体客户的倍数最高的 3 个类目，半衰期 60 天")
    assert "the top 3 of Category by share compared with all customers" in tag_sentence(favourite, "en", names)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"schedule": "0 3 * *"}, "schedule: five fields are wanted"),
        ({"schedule": "0 30 * * *"}, "schedule: not a crontab"),
        ({"group": "a//b"}, "group: a path of at most four names"),
        ({"kind": "prefrence"}, "did you mean preference?"),
        ({"scoer": "lift"}, "did you mean score?"),
        ({"from": {"did": "order_paid", "feild": "category"}}, "did you mean field?"),
        ({"score": "sum"}, "score: sum and from.of go together"),
        ({"half_life": "1 month"}, "a half-life is a fixed span"),
        ({"tag": "偏好"}, "tag: a name of letters, digits and _"),
        ({"top": 0}, "top: "),
        ({"tag": "next_at"}, "`next_at` is the name of a column"),
    ],
)
def test_faults_of_definitions_are_said(change, expected):
    with pytest.raises(ConditionError) as caught:
        parse_tag({**FAVOURITE, **change})
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        ({"by": "number", "at": [1, 2], "labels": ["a", "b"]}, "one label more than cuts"),
        ({"by": "number", "at": [2, 1], "labels": ["a", "b", "c"]}, "the cuts must rise"),
        ({"by": "percent", "at": [100], "labels": ["a", "b"]}, "between 0 and 100"),
        ({"by": "rank", "at": [0.5], "labels": ["a", "b"]}, "whole numbers"),
        ({"by": "number", "at": list(range(24)), "labels": [str(n) for n in range(25)]}, "cut."),
    ],
)
def test_cuts_fit_their_labels(cut, expected):
    with pytest.raises(ConditionError) as caught:
        tag("metric", **{"from": {"did": "order_paid", "times": True}, "cut": cut})
    assert expected in str(caught.value)


def test_definitions_are_checked_beside_each_other_and_name_their_file():
    state = {"tag": "stage", "title": "s", "says": "value", "kind": "state"}
    state["states"] = [{"value": "x", "when": {"segment": "vip"}}]
    vip = {"segment": "vip", "title": "v", "condition": {"tag": "stage", "is": "x"}}
    check_segment(vip, STANDARD, {"stage": state}, {}, [], "segments/vip.yaml")
    with pytest.raises(ConditionError) as caught:
        check_tag(state, STANDARD, {}, {"vip": vip}, [], "tags/stage.yaml")
    assert str(caught.value) == "tags/stage.yaml: tags may not go round in a circle: stage -> stage"
    with pytest.raises(ConditionError) as caught:
        check_segment({**vip, "condition": {"tag": "stage", "is": "y"}}, STANDARD, {"stage": state}, {}, [], "f.yaml")
    assert str(caught.value) == "f.yaml: condition.is: there is no value of the tag stage y"
    with pytest.raises(ConditionError) as caught:
        parse_segment({"segment": "x", "title": "X", "condition": {"did": "x", "wher": {}}})
    assert "condition.wher" in str(caught.value)
    assert tags_used(parse_tag(state), {"vip": parse_segment(vip).when}) == {"stage"}


def test_maps_come_from_files_of_the_workspace_only(tmp_path):
    (tmp_path / "cities.csv").write_text("city,tier\n上海,一线\n合肥,新一线\n", encoding="utf-8")
    body = {"tag": "tier", "title": "t", "says": "attribute", "kind": "attribute", "from": {"attribute": "city"}}
    found = with_files({**body, "map": {"file": "cities.csv"}}, tmp_path)
    assert found["map"] == {"上海": "一线", "合肥": "新一线"}
    assert parse_tag({**body, "map": {"file": "cities.csv"}}, tmp_path).map == found["map"]
    for file, base in (("../x.csv", tmp_path), ("none.csv", tmp_path), ("cities.csv", None)):
        with pytest.raises(ConditionError):
            with_files({**body, "map": {"file": file}}, base)


def test_cut_points_belong_to_the_full_run(pool):
    people = {number: History([paid(number, amount=number * 10)]) for number in range(1, 11)}
    world.fill(pool, people, AT)
    power = tag(
        "metric",
        **{
            "from": {"did": "order_paid", "sum": "amount"},
            "cut": {"by": "percent", "at": [20, 80], "labels": ["低", "中", "高"]},
        },
    )
    with pool.write() as session:
        plan = compile_tags({"t": power}, AT, Scope.all(), CTX)
        values = {row["customer_id"]: row["value"] for row in plan.run(session).to_pylist() if row["tag"]}
        plan.save_populations(session)
        assert plan.populations == {"t": {"0": 20.0, "1": 80.0}}
        assert [values[number] for number in range(1, 11)] == ["低"] + ["中"] * 6 + ["高"] * 3
    # The others spend ten times as much now; the kept cut points decide for touched customers until the next full run.
    people |= {number: History([paid(number, amount=number * 100)]) for number in range(2, 11)}
    world.fill(pool, people, AT)
    with pool.read() as session:
        session.relation("touched", pa.table({"customer_id": [1, 2]}))
        found = compile_tags({"t": power}, AT, Scope.customers("touched"), CTX).run(session).to_pylist()
        again = compile_tags({"t": power}, AT, Scope.all(), CTX)
        again.run(session)
    assert {row["customer_id"]: row["value"] for row in found if row["tag"]} == {1: "低", 2: "高"}
    assert again.populations == {"t": {"0": 200.0, "1": 800.0}}


def test_explain_says_what_made_the_value(pool):
    events = [paid(index, 24 * index, amount=index * 100, product_id=f"P{index % 2}") for index in range(1, 8)]
    facts = [Fact("city", "上海", to_micros(AT) - 1, 1)]
    world.fill(pool, {1: History(events, facts), 2: History()}, AT)
    attribute = tag("attribute", **{"from": {"attribute": "city"}, "map": {"上海": "一线"}})
    first = tag("first_last", **{"take": "first", "from": {"did": "order_paid", "field": "product_id"}})
    metric = tag("metric", **{"from": {"did": "order_paid", "avg": "amount"}})
    liked = tag("preference", **{"from": {"did": "order_paid", "field": "product_id"}, "top": 2})
    state = tag(
        "state",
        states=[
            {"value": "silent", "when": {"not": {"did": "order_paid"}}},
            {"value": "active", "when": {"did": "order_paid", "within": {"last": "2 days"}}},
            {"value": "other", "when": {"did": "order_paid"}},
        ],
    )
    with pool.read() as session:
        why = {name: explain_tag(one, 1, AT, session, CTX) for name, one in locals().items() if name in _KINDS}
        nobody = explain_tag(metric, 2, AT, session, CTX)
    assert (why["attribute"].value, why["attribute"].found) == ("一线", {"city": "上海"})
    assert why["first"].value == "P1" and why["first"].events[0] == world.event_id(1, 6)
    assert (why["metric"].value, why["metric"].number) == ("400", 400.0)
    assert why["metric"].events == [world.event_id(1, index) for index in range(5)]
    assert why["liked"].values == ["P1", "P0"]
    assert [(value, reason.holds) for value, reason in why["state"].rules] == [("silent", False), ("active", True)]
    assert (nobody.value, nobody.events) == (None, [])


_KINDS = ("attribute", "first", "metric", "liked", "state")


def test_attributes_are_taken_as_they_are_or_through_a_map(pool):
    tags = {
        "t": tag("attribute", **{"from": {"attribute": "age"}}),
        "u": tag("attribute", **{"from": {"attribute": "city"}, "map": {"x": "y"}, "otherwise": "z"}),
    }
    world.fill(pool, {1: History(facts=[Fact("age", "18", 5, 1), Fact("city", "上海", 5, 2)]), 2: History()}, AT)
    with pool.read() as session:
        rows = compile_tags(tags, AT, Scope.all(), CTX).run(session).to_pylist()
    assert sorted((row["customer_id"], row["tag"], row["value"], row["number"]) for row in rows) == [
        (1, "t", "18", 18.0),
        (1, "u", "z", None),
    ]
