"""Customers follow from links: in any order, in any batches, and after a restart, they are the same."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.identity import Heard, Registry, Resolver, TypeRule
from onepool.state import State

TYPES = {
    "phone": TypeRule("strong", 90, max_per_customer=5, max_customers=3, recycle_days=90, account=False),
    "member_no": TypeRule("strong", 70, max_per_customer=2, max_customers=3),
    "anonymous_id": TypeRule("weak", 10, max_customers=50, lifetime_days=365),
    "device": TypeRule("weak", 20, max_customers=50),
}
FREE = Registry({name: TypeRule(rule.strength, rule.priority) for name, rule in TYPES.items()})
LIMITED = Registry(TYPES)
DAY = 86_400_000_000

Identifier = tuple[str, str, str]
Row = tuple[int, list[Identifier], str]


def tables(events: list[Row]) -> tuple[pa.Table, pa.Table, Heard]:
    ids = [(row, *identifier) for row, (_, identifiers, _) in enumerate(events) for identifier in identifiers]
    rows = pa.table(
        {
            "row": pa.array(range(len(events)), pa.int32()),
            "event_id": pa.array([row.to_bytes(16, "big") for row in range(len(events))], pa.binary(16)),
            "touchpoint": pa.array(["shop"] * len(events), pa.string()),
            "time": pa.array([time for time, _, _ in events], pa.int64()).cast(pa.timestamp("us", tz="UTC")),
        }
    )
    columns = list(zip(*ids, strict=True)) or [[], [], [], []]
    named = [(row, name) for row, (_, _, name) in enumerate(events) if name]
    names = pa.table(
        {
            "row": pa.array([row for row, _ in named], pa.int32()),
            "name": pa.array([name for _, name in named], pa.string()),
        }
    )
    return (
        pa.table(
            {
                "row": pa.array(columns[0], pa.int32()),
                **{
                    name: pa.array(column, pa.string())
                    for name, column in zip(("type", "scope", "value"), columns[1:], strict=True)
                },
            }
        ),
        rows,
        Heard(names=names),
    )


def run(resolver: Resolver, state: State, events: list[Row]) -> None:
    resolved = resolver.resolve(*tables(events))
    with state.write() as connection:
        resolver.save(connection, resolved, at=0, offset=1)


def partition(resolver: Resolver) -> set[frozenset[tuple[Identifier, int]]]:
    """Customers as sets of (identifier, generation), of those in use."""
    groups: dict[int, set[tuple[Identifier, int]]] = defaultdict(set)
    customers = dict(zip(*(column.to_pylist() for column in resolver.customers().columns), strict=True))
    for row in resolver.identifiers().to_pylist():
        if row["base"] is None or row["valid_from"] is not None:
            place = ((row["type"], row["scope"], row["value"]), row["generation"])
            groups[customers[row["identifier_id"]]].add(place)
    return {frozenset(group) for group in groups.values()}


identifier = st.tuples(
    st.sampled_from(["phone", "member_no", "anonymous_id", "device"]),
    st.sampled_from(["", "app"]),
    st.sampled_from("abcd"),
)
event = st.tuples(
    st.integers(0, 900).map(lambda days: days * DAY),
    st.lists(identifier, min_size=1, max_size=3, unique=True),
    st.sampled_from(["", "", "王伟", "李娜", "王芳"]),
)


def reference(events: list[Row]) -> set[frozenset[Identifier]]:
    """Customers by their definition, without limits: strong identifiers joined by shared events."""
    group: dict[Identifier, set[Identifier]] = {}
    for _, identifiers, _ in events:
        for one in identifiers:
            group.setdefault(one, {one})
        strong = [one for one in identifiers if TYPES[one[0]].strength == "strong"]
        for one in strong[1:]:
            merged = group[strong[0]] | group[one]
            for member in merged:
                group[member] = merged
    return {frozenset(members) for one, members in group.items() if TYPES[one[0]].strength == "strong"}


def solved(events: list[Row], cuts: list[int], registry: Registry) -> set[frozenset[tuple[Identifier, int]]]:
    """Customers after taking events in, in batches; checked against what a new process makes of the state."""
    with TemporaryDirectory() as folder:
        state = State.at(Path(folder) / "state.sqlite")
        try:
            resolver = Resolver(state, registry)
            edges = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
            for start, end in pairwise(edges):
                if events[start:end]:
                    run(resolver, state, events[start:end])
            found = partition(resolver)
            assert found == partition(Resolver(state, registry))
            return found
        finally:
            state.close()


@settings(max_examples=20, deadline=None)
@given(events=st.lists(event, max_size=25), cuts=st.lists(st.integers(0, 25), max_size=4), swap=st.randoms())
def test_any_order_and_batching_gives_the_same_customers(events: list[Row], cuts: list[int], swap: Random) -> None:
    shuffled = list(events)
    swap.shuffle(shuffled)
    assert solved(events, cuts, LIMITED) == solved(shuffled, [], LIMITED)
    without = [(time, identifiers, "") for time, identifiers, _ in events]
    free = solved(without, cuts, FREE)
    strong = {frozenset(i for i, _ in group if TYPES[i[0]].strength == "strong") for group in free} - {frozenset()}
    assert strong == reference(events)


def test_the_customer_id_is_the_oldest_strong_identifier_and_the_retired_one_still_resolves(tmp_path: Path) -> None:
    state = State.at(tmp_path / "state.sqlite")
    resolver = Resolver(state, FREE)
    visitor, phone, member = ("anonymous_id", "web", "v"), ("phone", "", "+86138"), ("member_no", "m", "7")
    run(resolver, state, [(1, [visitor], "")])
    run(resolver, state, [(2, [phone], "")])
    run(resolver, state, [(3, [member], "")])
    assert resolver.graph.customer.tolist() == [0, 1, 2]
    run(resolver, state, [(4, [member, visitor], "")])
    assert resolver.graph.customer.tolist() == [2, 1, 2]
    run(resolver, state, [(5, [member, phone], "")])
    assert resolver.graph.customer.tolist() == [1, 1, 1]


def test_a_shared_device_joins_nobody_and_follows_the_latest_person(tmp_path: Path) -> None:
    state = State.at(tmp_path / "state.sqlite")
    resolver = Resolver(state, FREE)
    device, anna, bert = ("device", "app", "d"), ("phone", "", "a"), ("phone", "", "b")
    run(resolver, state, [(1, [anna, device], ""), (9, [bert, device], ""), (10, [anna, device], "")])
    run(resolver, state, [(11, [bert, device], "")])
    customer = resolver.graph.customer.tolist()
    ids = {row["value"]: row["identifier_id"] for row in resolver.identifiers().to_pylist()}
    assert customer[ids["a"]] != customer[ids["b"]]
    assert customer[ids["d"]] == customer[ids["b"]]


def test_a_phone_that_was_given_to_somebody_else_has_two_owners_in_time(tmp_path: Path) -> None:
    state = State.at(tmp_path / "state.sqlite")
    resolver = Resolver(state, LIMITED)
    phone, old, new = ("phone", "", "p"), ("member_no", "m", "1"), ("member_no", "m", "2")
    run(resolver, state, [(0, [phone, old], "王伟"), (10 * DAY, [phone], "")])
    resolved = resolver.resolve(
        *tables([(200 * DAY, [phone, new], "李娜"), (201 * DAY, [phone], ""), (5, [phone], "")])
    )
    customer = resolver.graph.customer
    ids = {row["value"]: row["identifier_id"] for row in resolver.identifiers().to_pylist()}
    (later,) = resolved.new.filter(pa.compute.equal(resolved.new["generation"], 1))["identifier_id"].to_pylist()
    assert customer[ids["p"]] == customer[ids["1"]]
    assert customer[later] == customer[resolved.bearer[0]] != customer[ids["1"]]
    assert resolved.bearer[1:].tolist() == [later, ids["p"]]
    assert resolved.retimed.to_pylist()[1] | {"valid_to": 0} == {
        "base": ids["p"],
        "identifier_id": later,
        "valid_from": 200 * DAY,
        "valid_to": 0,
    }


def test_a_phone_told_again_beside_a_better_account_is_not_handed_on(tmp_path: Path) -> None:
    """An account told it, and half a year later the same account together with a better one: nobody else is meant."""
    types = {**TYPES, "openid": TypeRule("strong", 60), "unionid": TypeRule("strong", 95, max_per_customer=1)}
    phone, openid, unionid = ("phone", "", "p"), ("openid", "mini", "o"), ("unionid", "open", "u")
    told: list[Row] = [(0, [openid, phone], ""), (180 * DAY, [openid, unionid, phone], "")]
    for cuts in ([0, 2], [0, 1, 2]):
        state = State.at(tmp_path / f"{len(cuts)}.sqlite")
        resolver = Resolver(state, Registry(types))
        for start, end in pairwise(cuts):
            run(resolver, state, told[start:end])
        assert partition(resolver) == {frozenset({(phone, 0), (openid, 0), (unionid, 0)})}
        state.close()


def test_one_row_with_very_many_identifiers_makes_few_links(tmp_path: Path) -> None:
    """What a row costs grows with its identifiers, not with the pairs of them."""
    wide = [("phone", "", f"p{n}") for n in range(2_000)] + [("member_no", "", f"m{n}") for n in range(2_000)]
    small = [("phone", "", "q"), *(("member_no", "", f"n{n}") for n in range(3))]
    state = State.at(tmp_path / "state.sqlite")
    try:
        resolver = Resolver(state, LIMITED)
        resolved = resolver.resolve(*tables([(0, wide, ""), (DAY, small, "")]))
        of_wide = resolved.links.first_event.count((0).to_bytes(16, "big"))
        assert of_wide == len(wide) - 1
        # The phone is the bearer there or one of the members is: each member is linked with the phone all the same.
        phone = int(resolver.find(pa.table({"type": ["phone"], "scope": [""], "value": ["q"]}))[0])
        ends = set(zip(resolved.links.a.tolist(), resolved.links.b.tolist(), strict=True))
        members = resolver.find(pa.table({"type": ["member_no"] * 3, "scope": [""] * 3, "value": ["n0", "n1", "n2"]}))
        assert {(min(phone, one), max(phone, one)) for one in members.tolist()} <= ends
    finally:
        state.close()


def test_rules_that_hand_values_on_tell_of_the_tenures(tmp_path: Path) -> None:
    """Under rules by which a phone goes to somebody else after a silence, and back under those by which it doesn't."""
    keeping = Registry({**TYPES, "phone": TypeRule("strong", 90, max_per_customer=5, account=False)})
    shared = ("phone", "", "p")
    one, other = (("member_no", "app", name) for name in "ab")
    strangers = [(0, [shared, one], "王伟"), (400 * DAY, [shared, other], "李娜")]
    state = State.at(tmp_path / "state.sqlite")
    try:
        resolver = Resolver(state, keeping)
        run(resolver, state, strangers)
        assert resolver.set_rules(keeping).retimed.num_rows == 0
        for registry, tenures in ((LIMITED, 2), (keeping, 1), (LIMITED, 2)):
            preview = resolver.fork().set_rules(registry)
            resolved = resolver.set_rules(registry)
            assert preview.retimed.equals(resolved.retimed)
            assert resolved.retimed.num_rows == 2  # one of them out of use where there is one tenure
            assert resolved.retimed.equals(resolver.tenures())
            phone = resolver.find(pa.table({"type": ["phone"], "scope": [""], "value": ["p"]}))
            assert len(resolver.graph.tenures(int(phone[0]))) == tenures
            with state.write() as connection:
                resolver.save(connection, resolved, at=0, offset=1)
    finally:
        state.close()
