"""The data map against plain counting over the same workspace, one row at a time."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from sqlalchemy import select
from tests.insight.conftest import NOW, Brand

from onepool.insight.map import Cell, cell_customers
from onepool.state.schema import links


@pytest.fixture(scope="module")
def seen(brand: Brand) -> dict[str, dict[str, set[tuple[int, int]]]]:
    """touchpoint -> type -> (identifier, customer), by a loop over events, facts and links."""
    rows = brand.session.query(
        """SELECT i.identifier_id AS id, i.type, coalesce(i.base, i.identifier_id) AS base, i.valid_from,
            c.customer_id AS customer FROM identifiers i JOIN customer_of c USING (identifier_id)
        WHERE i.base IS NULL OR i.valid_from IS NOT NULL"""
    ).to_pylist()
    of = {row["id"]: row for row in rows}
    tenures: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in rows:
        if row["valid_from"] is not None:
            tenures[row["base"]].append((int(row["valid_from"].timestamp() * 1e6), row["id"]))
    found: dict[str, dict[str, set[tuple[int, int]]]] = defaultdict(lambda: defaultdict(set))

    def note(touchpoint: str, number: int) -> None:
        if touchpoint and number in of:
            found[touchpoint][of[number]["type"]].add((number, of[number]["customer"]))

    borne = """SELECT identifier_id, touchpoint FROM events
        UNION SELECT identifier_id, touchpoint FROM attribute_facts"""
    for row in brand.session.query(borne).to_pylist():
        note(row["touchpoint"], row["identifier_id"])
    with brand.workspace.state.read() as connection:
        for link in connection.execute(select(links).where(links.c.rule.not_in(("likelihood", "decision")))):
            for end in (link.a, link.b):
                later = [number for since, number in sorted(tenures[end]) if since <= link.first_time]
                note(link.touchpoint, later[-1] if later else end)
    return found


def test_identifiers_and_customers_of_each_touchpoint(
    brand: Brand, seen: dict[str, dict[str, set[tuple[int, int]]]]
) -> None:
    cells = {(cell.touchpoint, cell.type): cell for cell in brand.map.identifier_cells if cell.identifiers}
    assert set(cells) == {(name, kind) for name, kinds in seen.items() for kind in kinds}
    for (name, kind), cell in cells.items():
        pairs = seen[name][kind]
        assert cell.identifiers == len({number for number, _ in pairs})
        assert cell.customers == len({customer for _, customer in pairs})
    people = {name: {c for pairs in kinds.values() for _, c in pairs} for name, kinds in seen.items()}
    assert {one.touchpoint: one.customers for one in brand.map.places if one.customers} == {
        name: len(who) for name, who in people.items()
    }


def test_linkage_counts_customers_on_both_and_says_what_carries_them(
    brand: Brand, seen: dict[str, dict[str, set[tuple[int, int]]]]
) -> None:
    people = {name: {c for pairs in kinds.values() for _, c in pairs} for name, kinds in seen.items()}
    found = {(one.a, one.b): one for one in brand.map.linkage}
    assert found
    for a in people:
        for b in people:
            if a >= b:
                continue
            both = people[a] & people[b]
            one = found.get((a, b))
            assert (one.customers if one else 0) == len(both)
            if one is None:
                continue
            by = {}
            for kind in seen[a].keys() & seen[b].keys():
                shared = {c for _, c in seen[a][kind] & seen[b][kind]}
                if shared:
                    by[kind] = shared
            assert {carrier.type: carrier.customers for carrier in one.carriers} == {k: len(v) for k, v in by.items()}
            assert one.chained == len(both - set().union(*by.values()))
            assert one.share_a == pytest.approx(len(both) / len(people[a]))


def test_the_brand_is_joined_as_its_platforms_join_people(brand: Brand) -> None:
    by = {(one.a, one.b): {carrier.type for carrier in one.carriers} for one in brand.map.linkage}
    assert "unionid" in by["mini", "oa"]
    assert {"member_no", "phone"} <= by["crm", "mini"]
    islands = {one.touchpoint for one in brand.map.places if one.island}
    assert "xiaohongshu" in islands and "oa" not in islands
    assert {gap.touchpoint for gap in brand.map.gaps if gap.kind == "island"} == islands


def test_signals_are_counted_with_their_fields(brand: Brand) -> None:
    cells = {(cell.touchpoint, cell.name): cell for cell in brand.map.signal_cells if cell.kind == "event"}
    paid = cells["tmall", "order_paid"]
    row = brand.session.query(
        """SELECT count(*) AS n, count(amount) AS amount, count(items) AS items FROM events
        WHERE touchpoint = 'tmall' AND event = 'order_paid'"""
    ).to_pylist()[0]
    fills = {one.field: one for one in paid.fields}
    assert (paid.count, fills["amount"].filled, fills["items"].filled) == (row["n"], row["amount"], row["items"])
    assert paid.declared and fills["amount"].fill == pytest.approx(row["amount"] / row["n"])
    unseen = cells["oa", "conversation_started"]
    assert unseen.declared and unseen.count == 0 and unseen.last_at is None
    # Customer service of the official account is a part of the platform that many brands do not use.
    (why,) = (
        gap.explained
        for gap in brand.map.explained
        if "event:conversation_started" in gap.subjects and gap.touchpoint == "oa"
    )
    assert why == "optional"


def test_flows_follow_customers_from_touchpoint_to_touchpoint(brand: Brand) -> None:
    with brand.gathered.read() as work:
        rows = work.query("SELECT customer, tp, first_at FROM presence ORDER BY customer, first_at, tp").to_pylist()
    counted: dict[tuple[str, str], int] = defaultdict(int)
    firsts: dict[tuple[str, str], int] = defaultdict(int)
    for before, after, place in zip(rows, rows[1:], _places(rows)[1:], strict=False):
        if before["customer"] == after["customer"]:
            step = (brand.gathered.touchpoints[before["tp"]], brand.gathered.touchpoints[after["tp"]])
            counted[step] += 1
            firsts[step] += place == 2
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for one in brand.map.flows:
        found[one.source, one.target][0] += one.customers
        found[one.source, one.target][1] += one.first
    assert {step: sums[0] for step, sums in found.items()} == dict(counted)
    assert {step: sums[1] for step, sums in found.items()} == {step: firsts[step] for step in counted}


def _places(rows: list[dict[str, Any]]) -> list[int]:
    places, last, place = [], None, 0
    for row in rows:
        place = place + 1 if row["customer"] == last else 1
        last = row["customer"]
        places.append(place)
    return places


def test_whom_a_message_reaches(brand: Brand) -> None:
    kinds = {(one.touchpoint, one.message): one for one in brand.map.reach}
    template, text = kinds["oa", "template"], kinds["oa", "text"]
    assert 0 < template.refused < template.addressed
    assert template.reachable == template.open == template.addressed - template.refused
    assert text.allowance == "reply" and 0 <= text.open < text.reachable == template.reachable
    unfollowed = brand.session.query(
        """SELECT count(DISTINCT customer) AS n FROM (
            SELECT c.customer_id AS customer, arg_max(e.event, (e.time, e.seq)) AS last FROM events e
            JOIN customer_of c USING (identifier_id)
            WHERE e.touchpoint = 'oa' AND e.event IN ('followed', 'unfollowed') GROUP BY 1) WHERE last = 'unfollowed'"""
    )["n"][0].as_py()
    assert template.refused >= unfollowed > 0
    assert max(brand.map.reachable_by.values()) <= brand.map.reachable <= brand.map.customers
    for one in brand.map.overlap:
        assert one.customers <= min(brand.map.reachable_by[one.a], brand.map.reachable_by[one.b])


def _behind(brand: Brand, cell: Cell) -> list[int]:
    found: list[int] = []
    while True:
        ids, total = cell_customers(
            brand.sources, brand.gathered, brand.workspace.touchpoints(), cell, NOW, offset=len(found), limit=97
        )
        found += ids
        if not ids:
            assert total == len(found)
            return found


def test_the_customers_behind_a_number_are_as_many_as_it_says(brand: Brand) -> None:
    def count(kind: Any, touchpoint: str, name: str | None = None, other: str | None = None) -> int:
        found = _behind(brand, Cell(kind, touchpoint, name, other))
        assert found == sorted(set(found))
        return len(found)

    for place in brand.map.places:
        assert count("touchpoint", place.touchpoint) == place.customers
        assert count("only", place.touchpoint) == place.only_here
    for cell in brand.map.identifier_cells[:12]:
        assert count("identifier", cell.touchpoint, cell.type) == cell.customers
    for pair in brand.map.linkage[:6]:
        assert count("pair", pair.a, other=pair.b) == count("pair", pair.b, other=pair.a) == pair.customers
    flows: dict[tuple[str, str], int] = defaultdict(int)
    for one in brand.map.flows:
        flows[one.source, one.target] += one.customers
    for (source, target), customers in list(flows.items())[:6]:
        assert count("flow", source, other=target) == customers
    for signal in [cell for cell in brand.map.signal_cells if cell.count and cell.kind != "object"][:12]:
        kind = "event" if signal.kind == "event" else "attribute"
        assert count(kind, signal.touchpoint, signal.name) == signal.customers
    for kind_ in brand.map.reach:
        assert count("reach", kind_.touchpoint, kind_.message) == kind_.open
    assert count("touchpoint", "nowhere") == count("pair", "oa", other="nowhere") == 0
