"""Customers follow from links: in any order, in any batches, and after a restart, they are the same."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.identity import Components, Resolver, TypeRule, union
from onepool.state import State

STRONG = {"phone": 1, "member_no": 2}


def rule_of(kind: str) -> TypeRule:
    return TypeRule(strong=kind in STRONG, priority=STRONG.get(kind, 9))


Row = tuple[int, list[tuple[str, str, str]]]


def tables(events: list[Row]) -> tuple[pa.Table, pa.Table]:
    ids = [(row, *identifier) for row, (_, identifiers) in enumerate(events) for identifier in identifiers]
    rows = pa.table(
        {
            "row": pa.array(range(len(events)), pa.int32()),
            "event_id": pa.array([row.to_bytes(16, "big") for row in range(len(events))], pa.binary(16)),
            "touchpoint": pa.array(["shop"] * len(events), pa.string()),
            "time": pa.array([time for time, _ in events], pa.int64()).cast(pa.timestamp("us", tz="UTC")),
        }
    )
    columns = list(zip(*ids, strict=True)) or [[], [], [], []]
    return pa.table(
        {
            "row": pa.array(columns[0], pa.int32()),
            **{
                name: pa.array(column, pa.string())
                for name, column in zip(("type", "scope", "value"), columns[1:], strict=True)
            },
        }
    ), rows


def run(resolver: Resolver, state: State, events: list[Row]) -> None:
    resolved = resolver.resolve(*tables(events))
    with state.write() as connection:
        resolver.save(connection, resolved)


def partition(resolver: Resolver) -> set[frozenset[tuple[str, str, str]]]:
    groups: dict[int, set[tuple[str, str, str]]] = defaultdict(set)
    customers = dict(zip(*(column.to_pylist() for column in resolver.customers().columns), strict=True))
    for row in resolver.identifiers().to_pylist():
        groups[customers[row["identifier_id"]]].add((row["type"], row["scope"], row["value"]))
    return {frozenset(group) for group in groups.values()}


identifier = st.tuples(
    st.sampled_from(["phone", "member_no", "anonymous_id", "device"]),
    st.sampled_from(["", "app"]),
    st.sampled_from("abcd"),
)
event = st.tuples(st.integers(0, 50), st.lists(identifier, min_size=1, max_size=3, unique=True))


def reference(events: list[Row]) -> set[frozenset[tuple[str, str, str]]]:
    """Customers by their definition: strong identifiers joined by shared events, weak ones with their latest owner."""
    group: dict[tuple[str, str, str], set[tuple[str, str, str]]] = {}
    for _, identifiers in events:
        for one in identifiers:
            group.setdefault(one, {one})
        strong = [one for one in identifiers if one[0] in STRONG]
        for one in strong[1:]:
            merged = group[strong[0]] | group[one]
            for member in merged:
                group[member] = merged
    return {frozenset(members) for one, members in group.items() if one[0] in STRONG}


@settings(max_examples=60, deadline=None)
@given(events=st.lists(event, max_size=25), cuts=st.lists(st.integers(0, 25), max_size=4), swap=st.randoms())
def test_any_order_and_batching_gives_the_same_customers(events: list[Row], cuts: list[int], swap: Random) -> None:
    found = []
    shuffled = list(events)
    swap.shuffle(shuffled)
    for order in (events, shuffled):
        with TemporaryDirectory() as folder:
            state = State.at(Path(folder) / "state.sqlite")
            resolver = Resolver(state, rule_of)
            edges = [0, *sorted(cuts), len(order)]
            for start, end in pairwise(edges):
                if order[start:end]:
                    run(resolver, state, order[start:end])
            found.append((partition(resolver), partition(Resolver(state, rule_of))))
            state.close()
    (one, reloaded_one), (other, reloaded_other) = found
    assert one == reloaded_one
    assert other == reloaded_other
    assert one == other
    assert {frozenset(i for i in group if i[0] in STRONG) for group in one} - {frozenset()} == reference(events)


def test_the_customer_id_is_the_oldest_strong_identifier_and_the_retired_one_still_resolves(tmp_path: Path) -> None:
    state = State.at(tmp_path / "state.sqlite")
    resolver = Resolver(state, rule_of)
    visitor, phone, member = ("anonymous_id", "web", "v"), ("phone", "", "+86138"), ("member_no", "m", "7")
    run(resolver, state, [(1, [visitor])])
    run(resolver, state, [(2, [phone])])
    run(resolver, state, [(3, [member])])
    assert resolver.components.customer.tolist() == [0, 1, 2]
    run(resolver, state, [(4, [member, visitor])])
    assert resolver.components.customer.tolist() == [2, 1, 2]
    run(resolver, state, [(5, [member, phone])])
    assert resolver.components.customer.tolist() == [1, 1, 1]


def test_a_shared_device_joins_nobody_and_follows_the_latest_person(tmp_path: Path) -> None:
    state = State.at(tmp_path / "state.sqlite")
    resolver = Resolver(state, rule_of)
    device, anna, bert = ("device", "app", "d"), ("phone", "", "a"), ("phone", "", "b")
    run(resolver, state, [(1, [anna, device]), (9, [bert, device]), (5, [anna, device])])
    customer = resolver.components.customer.tolist()
    ids = {row["value"]: row["identifier_id"] for row in resolver.identifiers().to_pylist()}
    assert customer[ids["a"]] != customer[ids["b"]]
    assert customer[ids["d"]] == customer[ids["b"]]


@given(edges=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60))
@settings(deadline=None)
def test_union_gives_the_smallest_member_of_each_component(edges: list[tuple[int, int]]) -> None:
    a = np.array([edge[0] for edge in edges], np.int64)
    b = np.array([edge[1] for edge in edges], np.int64)
    found = union(31, a, b)
    label = list(range(31))
    for _ in range(31):
        for x, y in edges:
            label[x] = label[y] = min(label[x], label[y])
    assert found.tolist() == label


def test_components_grow_in_steps() -> None:
    components = Components()
    components.grow(np.ones(3, np.bool_), np.zeros(3, np.uint64))
    components.grow(np.ones(2000, np.bool_), np.zeros(2000, np.uint64))
    changed = components.link(np.array([0]), np.array([2002]), np.array([1]))
    assert changed.tolist() == [2002]
    assert len(components) == 2003
