"""From YAML to a journey: what it means, and every fault at its place."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from tests.journeys.brand import CART, cart

from onepool.audience.conditions import ConditionError
from onepool.journeys.chinese import chinese
from onepool.journeys.model import NODES, EventEntry, Journey, Send, Wait
from onepool.journeys.moments import LocalDays
from onepool.journeys.parse import journey_hash, journey_schema, parse_journey


def faults(body: Any) -> dict[str, str]:
    """Place -> message with its suggestion."""
    with pytest.raises(ConditionError) as wrong:
        parse_journey(body)
    assert [one.message for one in wrong.value.problems if chinese(one.message) is None] == []
    return {one.place: str(one).removeprefix(f"{one.place}: ") for one in wrong.value.problems}


def one_node(**node: Any) -> dict[str, Any]:
    return {
        "journey": "j", "entry": {"api": True}, "max_life": "30 days", "start": "one",
        "nodes": {"one": node, "end": {"do": "end", "as": "completed"}},
    }  # fmt: skip


def test_parameters_are_put_in_everywhere() -> None:
    journey = parse_journey(CART)
    assert isinstance(journey.entry, EventEntry) and journey.entry.where is not None
    assert journey.entry.where["product_id"].in_ == ["MY0001", "MY0002"]
    assert journey.nodes["give"].batch == "CPN_CART_20"  # type: ignore[union-attr]
    assert journey.params == CART["params"], "they stay to be seen"
    wait = one_node(do="wait", next="end", **{"for": "$params.span"}) | {"params": {"span": "3 local_days at 10:00"}}
    found = parse_journey(wait).nodes["one"]
    assert isinstance(found, Wait) and found.for_ == LocalDays(3, "10:00")
    assert "max_life" in faults(cart(max_life="$params.nothing"))


def test_yaml_surprises() -> None:
    text = """
    journey: j
    entry: {date: birthday, time: 10:00, every: year}
    policy: {quiet: {from: 22:00, to: 09:00}}
    max_life: 2 days
    start: a
    nodes:
      a:
        do: send
        message: m
        chain: [{channel: sms}]
        retry: {on: [transient], max: 2}
        next: b
        else: b
      b: {do: end, as: completed}
    """
    body = yaml.safe_load(text)
    assert body["policy"]["quiet"]["from"] == 1320 and True in body["nodes"]["a"]["retry"], "YAML 1.1 reads them so"
    journey = parse_journey(body)
    assert (journey.entry.time, journey.policy.quiet.from_) == ("10:00", "22:00")  # type: ignore[union-attr]
    assert journey.policy.quiet.from_.minutes == 1320  # type: ignore[union-attr]
    node = journey.nodes["a"]
    assert isinstance(node, Send) and node.retry.on == ["transient"]
    told = faults(yaml.safe_load(text.replace("next: b", "next: yes").replace("22:00", "22:00:00")))
    assert "put it in quotes" in told["nodes.a.next"] and "in quotes" in told["policy.quiet.from"]


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"nodes__send1__gaurd": 1}, "nodes.send1.gaurd", "did you mean guard?"),
        ({"nodes__wait3__do": "wiat"}, "nodes.wait3", "did you mean wait?"),
        ({"nodes__send1__chain__0__chanel": "x"}, "nodes.send1.chain[0].chanel", "did you mean channel?"),
        ({"nodes__send1__chain__0__next_on": ["not_folower"]}, "nodes.send1.chain[0].next_on[0]", "not_follower?"),
        ({"nodes__send1__chain": []}, "nodes.send1.chain", "at least one"),
        ({"entry": {"didd": "x"}}, "entry", "did you mean did?"),
        ({"entry": {"api": True, "segmnt": "x"}}, "entry.segmnt", "known are"),
        ({"exit__0": {"segment_leaf": "x", "as": "y"}}, "exit[0]", "did you mean segment_leave?"),
        ({"experiment": {"hold": 0.1}}, "experiment.hold", "did you mean holdout?"),
        ({"experiment": {"holdout": 1.5}}, "experiment.holdout", "less than 1"),
        ({"goal__where": {"coupon_code": {"iss": 1}}}, "goal.where.coupon_code.iss", "did you mean is?"),
        (
            {"policy__caps": [{"count": 1, "per": "3 days", "scope": "all"}]},
            "policy.caps[0].per",
            "local_day or rolling",
        ),
        ({"policy__categry": "promotion"}, "policy.categry", "did you mean category?"),
        ({"max_life": "3 weks"}, "max_life", "a span such as"),
        ({"max_life": None}, "max_life", "missing"),
        ({"start": None}, "start", "missing"),
        (
            {"nodes__check__cases__0__when": {"did": "x", "sinc": 1}},
            "nodes.check.cases[0].when.sinc",
            "did you mean since?",
        ),
        ({"nodes__check__cases__0__when": {"tga": "x"}}, "nodes.check.cases[0].when", "did you mean tag?"),
        ({"nodes__check__else": None}, "nodes.check.else", "missing"),
        ({"journey": "Cart Recall"}, "journey", "small letters"),
        ({"nodes__give__save": "coupon-code"}, "nodes.give.save", "letters, digits and _"),
        ({"name": {"de": "x"}}, "name.de", "wanted"),
    ],
)
def test_faults_have_places_and_suggestions(changes: dict[str, Any], place: str, words: str) -> None:
    found = faults(cart(**changes))
    assert place in found, found
    assert words in found[place]


def test_every_fault_is_told_at_once() -> None:
    found = faults(cart(max_life="3 weks", nodes__send1__gaurd=1, nodes__wait3__do="wiat", experiment={"hold": 1}))
    assert set(found) == {"max_life", "nodes.send1.gaurd", "nodes.wait3", "experiment.hold"}


def test_nodes_have_plain_ids() -> None:
    body = cart()
    body["nodes"]["第二步"] = {"do": "end", "as": "x"}
    assert "nodes.第二步" in faults(body)


def test_conditions_are_not_nested_without_end() -> None:
    condition: dict[str, Any] = {"did": "order_paid"}
    for _ in range(9):
        condition = {"not": condition}
    assert "nested" in faults(cart(entry__eligible=condition))["entry.eligible"]
    for _ in range(200):
        condition = {"not": condition}
    assert "nested" in next(iter(faults(cart(entry__eligible=condition)).values()))


@pytest.mark.parametrize("body", [[], "x", 3, None])
def test_a_journey_is_a_mapping(body: Any) -> None:
    assert "mapping" in faults(body)[""]


def test_the_hash_is_of_what_is_written() -> None:
    assert journey_hash(CART) == journey_hash({key: CART[key] for key in reversed(CART)})
    other = copy.deepcopy(CART)
    other["nodes"]["wait3"]["for"] = "4 days"
    assert journey_hash(other) != journey_hash(CART)
    written = yaml.safe_load(yaml.safe_dump(CART, allow_unicode=True))
    assert journey_hash(written) == journey_hash(CART)


def test_what_is_said_reads_back() -> None:
    journey = parse_journey(CART)
    assert Journey.model_validate(journey.canonical()) == journey
    assert [*journey.node_numbers()] == sorted(CART["nodes"])


def test_the_schema_names_every_kind_of_node() -> None:
    text = str(journey_schema())
    assert all(f"'const': '{kind}'" in text for kind in NODES)
