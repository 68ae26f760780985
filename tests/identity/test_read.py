"""What people ask of OneID: the graph, the queue, the overview."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select
from tests.identity.written import NOW, T0, Written, at, empty

from onepool.identity import decisions, read
from onepool.identity.arrays import PROVED, TYPED
from onepool.identity.decisions import Side
from onepool.identity.read import sources as reading
from onepool.identity.read.sources import sources_of
from onepool.identity.read.voids import void_identifiers
from onepool.identity.registry import Rules
from onepool.imports import import_into
from onepool.state import schema
from onepool.workspace import init_workspace

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Written]:
    made = empty(tmp_path)
    yield made
    made.close()


def test_graph_of_a_customer_and_its_neighbours(world: Written) -> None:
    phone = world.identifier("phone", "+8613711112222")
    openid = world.identifier("openid", "oA", phone, scope="wx1")
    device = world.identifier("device", "d-1", phone, scope="app")
    other = world.identifier("unionid", "uB", scope="wx-open")
    joined = world.link(phone, openid)
    follows = world.link(openid, device, "follows")
    conflict = world.link(phone, other, "conflict", "limit:unionid@wx-open")
    elsewhere = world.link(other, world.identifier("email", "b@b.com", other))
    with world.sources() as src:
        found = read.graph(src, phone)
    assert set(found.nodes) == {phone, openid, device, other}
    assert set(found.members) == {phone, openid, device}
    assert [link.link_id for link in found.links] == [joined, follows, conflict]
    assert elsewhere not in {link.link_id for link in found.links}
    assert not found.truncated
    assert found.role(found.nodes[phone]) == "member"
    assert found.role(found.nodes[other]) == "neighbour"
    assert read.pairs_between(found, {device}) == [(openid, device)]


def test_void_and_blocked_neighbours(world: Written) -> None:
    member = world.identifier("member_no", "M1", scope="club")
    phone = world.identifier("phone", "+8613711112222")
    device = world.identifier("device", "d-1", scope="app")
    world.link(member, phone, "void")
    world.link(member, device, "blocked")
    decisions.block(world.state, world.clock, device, author="user:a@b.test")
    with world.sources() as src:
        found = read.graph(src, member)
    assert {number: found.role(node) for number, node in found.nodes.items()} == {
        member: "member",
        phone: "void",
        device: "blocked",
    }


def test_links_of_a_recycled_phone_belong_to_its_tenures(world: Written) -> None:
    old, new = world.identifier("member_no", "M1", scope="club"), world.identifier("member_no", "M2", scope="club")
    phone = world.identifier("phone", "+8613711112222", old)
    later = world.identifier("phone", "+8613711112222", new, base=phone, valid_from=at(100))
    unused = world.identifier("phone", "+8613711112222", base=phone)
    before, after = world.link(old, phone, day=1), world.link(new, phone, day=150)
    with world.sources() as src:
        first, second = read.graph(src, old), read.graph(src, new)
        assert [node.identifier_id for node in read.named(src, "phone", None, ["+8613711112222"])] == [phone, later]
    assert [(link.link_id, link.b) for link in first.links] == [(before, phone)]
    assert [(link.link_id, link.b, link.pair) for link in second.links] == [(after, later, (new, phone))]
    assert set(second.nodes) == {new, later}
    assert read.pairs_between(second, {later}) == [(new, phone)]
    assert unused not in {*first.nodes, *second.nodes}


def test_a_split_of_a_very_large_neighbourhood_cuts_all_of_it(world: Written) -> None:
    hub = world.identifier("phone", "+8613711112222")
    first, last = (world.identifier("openid", f"o{number}", hub, scope="wx1") for number in range(2))
    world.link(hub, first)
    with world.state.write() as connection:
        row = connection.execute(select(schema.links)).one()._asdict()
        more = [row | {"id": number, "touchpoint": f"shop{number}"} for number in range(1, 2_100)]
        connection.execute(insert(schema.links), more)
    world.link(hub, last, id=5_000)
    with world.sources() as src:
        _, _, pairs = read.split_sides(src, hub, [first, last])
    assert pairs == [(hub, first), (hub, last)]


def test_a_very_large_neighbourhood_is_cut_off(world: Written) -> None:
    device = world.identifier("device", "d-1", scope="app")
    for number in range(12):
        world.link(device, world.identifier("phone", f"+86137000000{number:02}"), "void")
    with world.sources() as src:
        found = read.graph(src, device, limit=10)
    assert found.truncated
    assert len(found.links) == 10


@pytest.mark.parametrize(
    ("basis", "granted", "shown"),
    [
        ("free", None, "free"),
        ("free", False, "withdrawn"),
        ("consent", None, "unknown"),
        ("consent", True, "granted"),
        ("never", None, "never"),
    ],
)
def test_consent_of_a_link(world: Written, basis: str, granted: bool | None, shown: str) -> None:
    phone, email = world.identifier("phone", "+8613711112222"), world.identifier("email", "a@b.com", 1)
    world.link(phone, email)
    world.joining["shop"] = basis
    if granted is not None:
        world.consent(email, granted)
    with world.sources() as src:
        assert [link.consent for link in read.graph(src, phone).links] == [shown]


def test_side_of_a_customer(world: Written) -> None:
    device = world.identifier("device", "d-1", 2, scope="app")
    phone = world.identifier("phone", "+8613711112222", 2)
    email = world.identifier("email", "a@b.com", 2)
    with world.sources() as src:
        assert read.side(src, phone) == Side(phone, (device, phone, email))
        assert read.side(src, phone, [device]) == Side(None, (device,))


def test_conflicts_by_the_money_at_stake(world: Written) -> None:
    one, two, three = (world.identifier("unionid", f"u{n}", scope="wx-open") for n in range(3))
    cheap = world.link(one, two, "conflict", "limit:unionid@wx-open")
    dear = world.link(two, three, "conflict", "name")
    ruled = world.link(one, three, "conflict", "never")
    world.order(one, "10")
    world.order(three, "500")
    world.order(two, "1", currency=None)
    world.order(two, "7", currency="USD")
    with world.sources() as src:
        found, total = read.ranked(src.session, read.open_conflicts(src), currency="CNY")
        assert total == 2
        assert [(pair.ref, pair.value) for pair in found] == [(dear, Decimal(501)), (cheap, Decimal(11))]
        only, _ = read.ranked(src.session, read.open_conflicts(src, "limit"), currency="CNY")
        assert [pair.ref for pair in only] == [cheap]
        never, _ = read.ranked(src.session, read.open_conflicts(src, "never"), currency="CNY")
        assert [pair.ref for pair in never] == [ruled]
        page, total = read.ranked(src.session, read.open_conflicts(src), currency="CNY", offset=1, limit=1)
        assert ([pair.ref for pair in page], total) == ([cheap], 2)
        beyond, total = read.ranked(src.session, read.open_conflicts(src), currency="CNY", offset=9, limit=5)
        assert (beyond, total) == ([], 2)
        assert read.ranked(src.session, [], currency="CNY") == ([], 0)


def test_what_was_ruled_on_leaves_the_queue_before_the_tick(world: Written) -> None:
    one, two = (world.identifier("unionid", f"u{n}", scope="wx-open") for n in range(2))
    phone = world.identifier("phone", "+8613711112222", one)
    world.link(one, two, "conflict", "limit:unionid@wx-open")
    made = decisions.never(world.state, world.clock, Side(phone, (phone,)), Side(two, (two,)), author="user:a@b.test")

    def waiting() -> int:
        with world.sources() as src:
            settled = read.settled(src)
            return read.ranked(src.session, read.open_conflicts(src), currency="CNY", settled=settled)[1]

    assert waiting() == 0
    undone = decisions.undo(world.state, world.clock, made.id, author="user:a@b.test")
    assert waiting() == 1
    world.applied(undone.id)
    with world.sources() as src:
        assert read.settled(src) == []


def test_candidates_of_customers_that_are_one_by_now_are_no_question(world: Written) -> None:
    one, two = world.identifier("phone", "+8613711112222"), world.identifier("email", "a@b.com")
    same = world.identifier("openid", "oA", one, scope="wx1")
    world.candidate(one, two, 0.8)
    world.candidate(one, same, 0.9)
    world.candidate(two, same, 0.3, "gone")
    with world.sources() as src:
        found, total = read.ranked(src.session, read.candidates(src, ["open"]), currency="CNY")
        assert (total, [(pair.a, pair.b) for pair in found]) == (1, [(one, two)])
        _, total = read.ranked(src.session, read.candidates(src, ["open"]), currency="CNY", same=True)
        assert total == 2


def test_briefs(world: Written) -> None:
    phone = world.identifier("phone", "+8613711112222")
    world.identifier("openid", "oA", phone, scope="wx1")
    world.order(phone, "99.5")
    world.put("profiles", {"customer_id": phone, "first_seen": T0, "last_seen": T0, "name": "张伟"})
    bare = world.identifier("email", "a@b.com")
    with world.sources() as src:
        found = read.briefs(src, [phone, bare], "CNY")
    row = found[phone].row
    assert row is not None
    assert (row.spend, row.attributes["name"], len(found[phone].identifiers)) == (Decimal("99.5"), "张伟", 2)
    assert found[bare].row is None


def test_overview_of_nothing(world: Written) -> None:
    with world.sources() as src:
        found = read.overview(src, NOW, SHANGHAI, days=3)
    assert (found.customers, found.identifiers, found.linked, found.anonymous) == (0, 0, 0, 0)
    assert found.changes == [("2026-11-18", 0, 0), ("2026-11-19", 0, 0), ("2026-11-20", 0, 0)]
    assert found.suspicious == found.largest == found.by_type == []


def test_overview(world: Written) -> None:
    phone = world.identifier("phone", "+8613711112222")
    openid = world.identifier("openid", "oA", phone, scope="wx1")
    world.identifier("phone", "+8613711112222", base=phone)  # a tenure that is no longer in use
    cookie = world.identifier("anonymous_id", "a-1", scope="web")
    world.link(phone, openid)
    world.link(phone, cookie, "no_consent", touchpoint="site")
    world.link(openid, cookie, "conflict", "limit:openid@wx1")
    world.link(phone, openid, "conflict", "never")
    world.candidate(phone, cookie, 0.4)
    # 23:59 and 00:01 in Shanghai.
    world.change("merge", 18 + 11.98 / 24)
    world.change("split", 18 + 12.02 / 24)
    with world.sources() as src:
        found = read.overview(src, NOW, SHANGHAI, days=2)
    assert (found.customers, found.identifiers, found.linked, found.anonymous) == (2, 3, 1, 1)
    assert {one.type: (one.identifiers, one.customers, one.touchpoints) for one in found.by_type} == {
        "phone": (1, 1, {"shop": 1, "site": 1}),
        "openid": (1, 1, {"shop": 1}),
        "anonymous_id": (1, 1, {"shop": 1, "site": 1}),
    }
    assert found.sizes["1"] == found.sizes["2"] == 1
    assert found.links == {"joined": 1, "no_consent": 1, "conflict": 2}
    assert found.conflicts == {"limit": 1}
    assert found.candidates == {"open": 1}
    assert found.changes == [("2026-11-19", 1, 0), ("2026-11-20", 0, 1)]
    assert found.largest == [(phone, 2, 0)]


def test_the_share_of_joined_customers_is_by_when_they_were_seen(world: Written) -> None:
    long_known = world.identifier("phone", "+8613711112222", seen=-40)
    world.identifier("openid", "oA", long_known, scope="wx1", seen=18.1)
    world.identifier("unionid", "uA", long_known, scope="wx-open", seen=18.2)
    old = world.identifier("phone", "+8613711112223", seen=-40)
    world.identifier("openid", "oB", old, scope="wx1", seen=-30)
    # 23:59 in Shanghai, and 00:01 of the next day
    world.identifier("anonymous_id", "a-1", scope="site", seen=17 + 11.98 / 24)
    world.identifier("anonymous_id", "a-2", scope="site", seen=17 + 12.02 / 24)
    with world.sources() as src:
        found = read.overview(src, NOW, SHANGHAI, days=3)
    assert found.joined == [("2026-11-18", 3, 1), ("2026-11-19", 4, 2), ("2026-11-20", 4, 2)]


def test_suspicious_values_are_the_ends_at_fault(world: Written) -> None:
    phone = world.identifier("phone", "+8613711112222")
    for number in range(10):
        world.link(phone, world.identifier("unionid", f"u{number}", scope="wx-open"), "void")
    tablet = world.identifier("device", "d-1", scope="app")
    decisions.block(world.state, world.clock, tablet, author="user:a@b.test")
    world.link(tablet, world.identifier("email", "a@b.com"), "blocked")
    with world.sources() as src:
        found = read.suspicious(src)
    limit = world.standard.identifier_types["unionid"].max_per_customer
    assert limit is not None
    assert [(one.node.identifier_id, one.reason, one.owners, one.links, one.customers) for one in found] == [
        (phone, "void", -(-10 // limit), 10, 10),
        (tablet, "blocked", 1, 1, 1),
    ]


def test_a_value_with_nearly_as_many_owners_as_its_limit_is_near_it(world: Written) -> None:
    world.rules = Rules.model_validate(
        {"types": {"phone": {"max_customers": 3}, "unionid": {"max_per_customer": 1}}, "contacts": "trust"}
    )
    full, family = world.identifier("phone", "+8613711112222"), world.identifier("phone", "+8613733334444")
    for phone, owners in ((full, 3), (family, 2)):
        for number in range(owners):
            other = world.identifier("unionid", f"u{phone}-{number}", phone if number == 0 else None, scope="wx-open")
            world.link(phone, other, *(() if number == 0 else ("conflict", "limit:unionid@wx-open")))
        # A further identifier of the first owner is no further owner.
        world.link(phone, world.identifier("member_no", f"m{phone}", phone, scope="club"))
    with world.sources() as src:
        found = read.suspicious(src)
    assert [(one.node.identifier_id, one.reason, one.owners, one.links, one.customers) for one in found] == [
        (full, "near", 3, 4, 3)
    ]


def test_a_number_that_was_handed_on_is_not_suspicious(tmp_path: Path) -> None:
    """The engine gives the number to nobody while all who name it now are in doubt: it waits for its owner."""
    workspace = init_workspace(tmp_path / "brand")
    rows = (
        "event,time,phone,unionid@wx-open,method\n"
        "membership_joined,2024-01-01T04:00:00Z,13711112222,uA,sms\n"
        "membership_joined,2026-11-02T04:00:00Z,13711112222,uB,form\n"
    )
    (tmp_path / "events.csv").write_text(rows, encoding="utf-8")
    outcome = import_into(workspace, "events", [tmp_path / "events.csv"])
    assert outcome.accepted == 2, outcome.refused
    with workspace.pool.read() as session:
        src = sources_of(workspace.state, session, workspace.standard(), workspace.definitions)
        voids = void_identifiers(workspace.state, src.registry, ())
        found = read.overview(src, NOW, SHANGHAI, days=3)
        handed = read.nodes(src, voids)
    workspace.close()
    assert [(one.generation, voids[number]) for number, one in handed.items()] == [(1, 1)]
    assert (found.suspicious, found.unclaimed) == ([], 1)


def test_many_values_are_bound_in_parts(world: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_CHUNK", 2)
    phone = world.identifier("phone", "+8613711112222")
    others = [world.identifier("openid", f"o{n}", phone, scope="wx1") for n in range(5)]
    links = [world.link(phone, other) for other in others]
    with world.sources() as src:
        assert [link.link_id for link in read.graph(src, phone).links] == links
        assert sorted(read.links_by_id(src, links)) == links


def merge_pairs(world: Written, a: int, b: int) -> list[tuple[int, int]]:
    with world.sources() as src:
        return read.merge_pairs(src, read.side(src, a), read.side(src, b))


def test_a_merge_within_the_rules_needs_no_further_pairs(world: Written) -> None:
    one, two = world.identifier("phone", "+8613711112222"), world.identifier("email", "a@b.com")
    world.identifier("openid", "oA", one, scope="wx1")
    assert merge_pairs(world, one, two) == []


def test_a_merge_beyond_a_limit_names_all_of_both(world: Written) -> None:
    world.rules = Rules.model_validate({"types": {"unionid": {"max_per_customer": 1}}, "contacts": "trust"})
    one, two = world.identifier("phone", "+8613711112222"), world.identifier("phone", "+8613733334444")
    first = world.identifier("unionid", "uA", one, scope="wx-open")
    world.identifier("device", "d-1", one, scope="app")
    second = world.identifier("unionid", "uB", two, scope="wx-other")
    assert merge_pairs(world, one, two) == []
    third = world.identifier("unionid", "uC", two, scope="wx-open")
    assert merge_pairs(world, one, two) == [(one, first), (two, second), (two, third)]


def test_a_merge_of_accounts_by_contacts_that_were_typed(world: Written) -> None:
    one, two = world.identifier("phone", "+8613711112222"), world.identifier("phone", "+8613733334444")
    first, second = (world.identifier("crm_id", f"c{n}", n, scope="crm") for n in (one, two))
    world.link(one, first, trust=PROVED)
    assert merge_pairs(world, one, two) == []
    world.link(two, second, trust=TYPED)
    assert merge_pairs(world, one, two) == [(one, first), (two, second)]
    world.rules = Rules(contacts="trust")
    assert merge_pairs(world, one, two) == []


def test_a_merge_of_contradicting_names(world: Written) -> None:
    world.rules = Rules(contacts="trust")
    one = world.identifier("phone", "+8613711112222", name="张伟")
    first = world.identifier("openid", "oA", one, scope="wx1")
    two = world.identifier("phone", "+8613733334444", name="李娜")
    assert merge_pairs(world, one, two) == [(one, first)]
    world.rules = Rules(contacts="trust", names="ignore")
    assert merge_pairs(world, one, two) == []


def test_the_overview_counts_what_the_lists_show(world: Written) -> None:
    phone = world.identifier("phone", "+8613711112222")
    openid = world.identifier("openid", "oA", phone, scope="wx1")
    cookie, other = (world.identifier("anonymous_id", f"a-{number}", scope="site") for number in range(2))
    # The same two customers three times, and two ends of one customer: one pair waits.
    world.candidate(phone, cookie, 0.4)
    world.candidate(openid, cookie, 0.5)
    world.candidate(phone, openid, 0.9)
    world.link(openid, other, "conflict", "limit:openid@wx1")
    world.link(phone, openid, "conflict", "name")
    with world.sources() as src:
        found = read.overview(src, NOW, SHANGHAI, days=1)
        waiting = read.candidates(src, ["open"])
        _, listed = read.ranked(src.session, waiting, currency="CNY", once=True)
        _, conflicts = read.ranked(src.session, read.open_conflicts(src), currency="CNY")
    assert (found.candidates["open"], sum(found.conflicts.values())) == (listed, conflicts) == (1, 1)
