"""The compiled engine, live and from scratch, says what the twin says, after every step of random histories."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.identity.compiled import Compiled
from tests.identity.facts import NAMES, TYPES, Facts, days, histories, links, rulings, strong, worlds

from onepool.identity.twin import Solution
from onepool.identity.twin_facts import BY_RULE, DAY, Decision, Edge, Limits, Node


def speakable(facts: Facts, engine: Compiled, edge: Edge) -> bool:
    """Whether the compiled engine can be told of a link: one by likelihood is of strong nodes that are there, at one
    time."""
    ends = ((edge.a, edge.tenure_a), (edge.b, edge.tenure_b))
    return edge.kind == BY_RULE or (
        edge.first == edge.last and all(strong(facts, key) and engine.has(key) for key in ends)
    )


STEPS = 3_800
"""States that are looked at, at least."""


class Histories(RuleBasedStateMachine):
    """The same told to both."""

    taken = 0

    @initialize(facts=worlds(), at_once=st.booleans())
    def begin(self, facts: Facts, at_once: bool) -> None:
        facts.limits = replace(facts.limits, most_links=1_000)
        self.facts = facts
        self.engine = Compiled(facts)
        self.number = 0
        self.gone: dict[int, Edge] = {}
        self.states = 0
        if at_once:
            self.engine.born_all()

    def draw_links(self, data: st.DataObject, count: int) -> list[Edge]:
        self.number += count
        drawn = [data.draw(links(self.facts, self.number - n)) for n in range(count)]
        return [edge for edge in drawn if speakable(self.facts, self.engine, edge)]

    @rule(data=st.data(), count=st.integers(1, 6))
    def link(self, data: st.DataObject, count: int) -> None:
        edges = self.draw_links(data, count)
        self.facts.add(edges)
        self.engine.add_links(edges)

    @precondition(lambda self: any(edge.kind == BY_RULE for edge in self.facts.edges.values()))
    @rule(data=st.data(), time=days, trust=st.integers(0, 2))
    def see_again(self, data: st.DataObject, time: int, trust: int) -> None:
        known = sorted(number for number, edge in self.facts.edges.items() if edge.kind == BY_RULE)
        edge = replace(self.facts.edges[data.draw(st.sampled_from(known))], first=time, last=time, trust=trust)
        self.facts.add([edge])
        self.engine.add_links([edge])

    @precondition(lambda self: self.facts.edges)
    @rule()
    def replay(self) -> None:
        """P2: what is known already changes nothing."""
        self.engine.add_links([edge for edge in self.facts.edges.values() if edge.kind == BY_RULE])

    @rule(data=st.data(), count=st.integers(1, 3))
    def link_and_retract(self, data: st.DataObject, count: int) -> None:
        """P4: what is taken back leaves no trace but identifiers that stand alone."""
        edges = self.draw_links(data, count)
        self.engine.nodes(*(v for edge in edges for v in (edge.a, edge.b)))
        before = self.engine.solution()
        self.engine.add_links(edges)
        self.engine.retract([edge.id for edge in edges])
        assert self.engine.solution() == before

    @precondition(lambda self: self.facts.edges)
    @rule(data=st.data())
    def retract(self, data: st.DataObject) -> None:
        some = data.draw(st.lists(st.sampled_from(sorted(self.facts.edges)), min_size=1, max_size=2, unique=True))
        for number in some:
            self.gone[number] = self.facts.edges.pop(number)
        self.engine.retract(some)

    @precondition(lambda self: self.gone)
    @rule(data=st.data())
    def say_again(self, data: st.DataObject) -> None:
        edge = self.gone.pop(data.draw(st.sampled_from(sorted(self.gone))))
        self.facts.add([edge])
        self.engine.add_links([edge])

    @rule(data=st.data())
    def decide(self, data: st.DataObject) -> None:
        decision = data.draw(rulings(self.facts))
        if decision.kind in ("merge", "never"):
            assume(all(strong(self.facts, key) and self.engine.has(key) for key in (decision.a, decision.b)))
        self.facts.decisions.append(decision)
        self.engine.decide(decision)

    @rule(data=st.data(), time=st.integers(0, 9), granted=st.sampled_from([True, True, True, False]))
    def consent(self, data: st.DataObject, time: int, granted: bool) -> None:
        number = data.draw(st.integers(0, len(self.facts.nodes) - 1))
        self.facts.consents.setdefault(number, []).append((time, granted))
        self.engine.consent(number, time, granted)

    @rule(data=st.data(), witness=st.sampled_from(NAMES))
    def name(self, data: st.DataObject, witness: int) -> None:
        node = data.draw(st.sampled_from(self.facts.nodes))
        node.witness = witness
        self.engine.name(node.id, witness)

    @rule(data=st.data(), time=days)
    def seen(self, data: st.DataObject, time: int) -> None:
        node = data.draw(st.sampled_from(self.facts.nodes))
        node.last_seen = max(node.last_seen, time)
        self.engine.seen(node.id, time)

    @rule(thorough=st.booleans())
    def solve_again(self, thorough: bool) -> None:
        """What comes after a solve from scratch goes on from it."""
        self.engine.graph.solve(thorough)

    @invariant()
    def all_agree(self) -> None:
        """P3: live is from scratch, with and without its short ways (in turns, in the end both), and is the twin."""
        if hasattr(self, "facts"):
            self.states += 1
            Histories.taken += 1
            wanted = spoken_of(self.facts.solve(), self.engine)
            assert self.engine.solution() == wanted
            assert self.engine.from_scratch(thorough=self.states % 2 == 0) == wanted

    def teardown(self) -> None:
        if hasattr(self, "facts"):
            wanted = spoken_of(self.facts.solve(), self.engine)
            assert self.engine.from_scratch() == wanted
            assert self.engine.from_scratch(thorough=True) == wanted


def spoken_of(solution: Solution, engine: Compiled) -> Solution:
    """A solution without the identifiers that the compiled engine has not heard of."""
    return replace(
        solution,
        customer={key: customer for key, customer in solution.customer.items() if key[0] in engine.number},
        valid_from={one: starts for one, starts in solution.valid_from.items() if one in engine.number},
    )


class TestHistories(Histories.TestCase):
    settings = settings(max_examples=122, stateful_step_count=40, deadline=None)

    def runTest(self) -> None:
        super().runTest()
        assert Histories.taken >= STEPS


@given(histories(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_and_batches_do_not_matter(facts: Facts, chance: Random) -> None:
    """P1: whatever the order of arrival, and so of birth."""
    facts.limits = replace(facts.limits, most_links=1_000)
    facts.edges = {number: edge for number, edge in facts.edges.items() if edge.kind == BY_RULE}
    facts.decisions = [one for one in facts.decisions if spoken(facts, one)]
    left: list[Edge | Decision | tuple[int, int, bool]] = [*facts.edges.values(), *facts.decisions[::-1]]
    left += [(number, *event) for number, some in facts.consents.items() for event in some]
    chance.shuffle(left)
    rest = iter(sorted((one for one in left if isinstance(one, Decision)), key=lambda one: one.id))
    engine = Compiled(facts)
    batch: list[Edge] = []
    for one in left:
        if isinstance(one, Edge):
            batch.append(one)
            if chance.random() < 0.5:
                engine.add_links(batch)
                batch = []
        elif isinstance(one, Decision):
            engine.decide(next(rest))
        else:
            engine.consent(*one)
    engine.add_links(batch)
    assert engine.solution() == spoken_of(facts.solve(), engine)


def spoken(facts: Facts, decision: Decision) -> bool:
    """Whether the compiled engine can be told a decision before any tenure is born."""
    if decision.kind not in ("merge", "never"):
        return True
    return all(key[1] == 0 and strong(facts, key) for key in (decision.a, decision.b))


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
