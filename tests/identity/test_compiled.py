"""What the compiled engine says in cases worth telling; that it says what the definition says is in test_promises."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from tests.identity.compiled import Compiled
from tests.identity.facts import TYPES, Facts

from onepool.identity.twin_facts import DAY, Edge, Limits, Node


@pytest.mark.parametrize("kind", ["phone", "unionid"])
def test_an_identifier_with_too_many_links_is_void(kind: str) -> None:
    """A phone on 1,001 orders names nobody, however its links came; with 1,000 it still does. So does what has no
    limit of its own."""
    nodes = [Node(0, kind, "", "v"), *(Node(n, "openid", f"{n}", "v") for n in range(1, 1_002))]
    facts = Facts(Limits(TYPES), nodes)
    engine = Compiled(facts)
    engine.born_all()
    for start in (1, 701, 1_001):
        edges = [Edge(n, 0, n, n * DAY, n * DAY) for n in range(start, min(start + 700, 1_002)) if n not in facts.edges]
        edges = [edge for edge in edges if start == 1_001 or edge.id <= 1_000]
        facts.add(edges)
        engine.add_links(edges)
        wanted = facts.solve()
        assert engine.solution() == wanted
        assert engine.from_scratch() == wanted
        assert wanted.void == ({(0, 0): 1_001} if start == 1_001 else {})


@pytest.mark.parametrize("order", [(2, 3), (3, 2)])
def test_a_device_last_seen_with_two_tenures_of_a_number_at_once_follows_the_later(order: tuple[int, int]) -> None:
    """Two touchpoints saw it with the number last at one time, one of them since the owner before."""
    nodes = [Node(0, "phone", "", "p"), Node(1, "member_no", "", "a"), Node(2, "member_no", "", "b")]
    facts = Facts(Limits(TYPES), [*nodes, Node(3, "anonymous_id", "", "d")])
    engine = Compiled(facts)
    engine.born_all()
    edges = {0: Edge(0, 0, 1, 0, 10 * DAY), 1: Edge(1, 0, 2, 300 * DAY, 310 * DAY)}
    edges |= {2: Edge(2, 0, 3, DAY, 305 * DAY), 3: Edge(3, 0, 3, 301 * DAY, 305 * DAY)}
    for number in (0, 1, *order):
        facts.add([edges[number]])
        engine.add_links([edges[number]])
        wanted = facts.solve()
        assert engine.solution() == wanted
        assert engine.from_scratch() == wanted
        assert engine.from_scratch(thorough=True) == wanted
    assert wanted.customer[3, 0] == wanted.customer[2, 0]


def test_what_changed_is_told() -> None:
    """`changes` names exactly the nodes whose customer is another one."""
    chance = Random(7)
    facts = Facts(
        Limits(TYPES), [Node(n, chance.choice(["phone", "openid", "unionid"]), "", f"{n}") for n in range(40)]
    )
    engine = Compiled(facts)
    engine.born_all()
    for link in range(150):
        a, b = sorted(chance.sample(range(40), 2))
        before = engine.graph.customer.copy()
        engine.graph.begin()
        engine.add_links([Edge(link, a, b, link * DAY, link * DAY)])
        changes, after = engine.graph.changes(), engine.graph.customer
        moved = np.flatnonzero(before != after[: before.size])
        assert [node for node in changes.nodes.tolist() if node < before.size] == moved.tolist()
        known = changes.nodes < before.size
        assert (changes.was[known] == before[moved]).all()
