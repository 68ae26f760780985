"""The promises of identity, kept by the twin in every state of thousands of random histories."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.identity.facts import NAMES, Facts, days, histories, limits, links, rulings, sets_of, strong, worlds
from tests.identity.invariants import check

from onepool.identity.twin import Solution
from onepool.identity.twin_facts import DAY, Decision, Edge, Limits, Node, TypeLimits

STEPS = 6_300
"""States that are looked at, at least."""


class Histories(RuleBasedStateMachine):
    """An engine that is told things one after the other, beside the definition that is told all of them at once."""

    taken = 0

    @initialize(facts=worlds())
    def begin(self, facts: Facts) -> None:
        self.facts = facts
        self.engine = facts.live()
        self.number = 0
        self.before = self.now = facts.solve()

    def draw_links(self, data: st.DataObject, count: int) -> list[Edge]:
        self.number += count
        return [data.draw(links(self.facts, self.number - n)) for n in range(count)]

    @rule(data=st.data(), count=st.integers(1, 4))
    def link(self, data: st.DataObject, count: int) -> None:
        edges = self.draw_links(data, count)
        self.facts.add(edges)
        self.engine.add_links(edges)

    @rule(data=st.data(), count=st.integers(2, 8))
    def link_many(self, data: st.DataObject, count: int) -> None:
        edges = self.draw_links(data, count)
        self.facts.add(edges)
        self.engine.add_links(edges)

    @precondition(lambda self: self.facts.edges)
    @rule(data=st.data(), time=days, trust=st.integers(0, 2))
    def see_again(self, data: st.DataObject, time: int, trust: int) -> None:
        known = self.facts.edges[data.draw(st.sampled_from(sorted(self.facts.edges)))]
        edge = replace(known, first=time, last=time, trust=trust)
        self.facts.add([edge])
        self.engine.add_links([edge])

    @precondition(lambda self: self.facts.edges)
    @rule()
    def replay(self) -> None:
        """P2: what is known already changes nothing."""
        self.engine.add_links([replace(edge) for edge in self.facts.edges.values()])
        self.engine.add_nodes([replace(node) for node in self.facts.nodes])

    @rule(data=st.data(), count=st.integers(1, 3))
    def link_and_retract(self, data: st.DataObject, count: int) -> None:
        """P4: what is taken back leaves no trace."""
        before = self.engine.solution()
        edges = self.draw_links(data, count)
        self.engine.add_links(edges)
        self.engine.retract([edge.id for edge in edges])
        assert self.engine.solution() == before

    @precondition(lambda self: self.facts.edges)
    @rule(data=st.data())
    def retract_and_link(self, data: st.DataObject) -> None:
        """P4, the other way round."""
        before = self.engine.solution()
        some = data.draw(st.lists(st.sampled_from(sorted(self.facts.edges)), min_size=1, max_size=3, unique=True))
        self.engine.retract(some)
        self.engine.add_links([replace(self.facts.edges[number]) for number in some])
        assert self.engine.solution() == before

    @precondition(lambda self: self.facts.edges)
    @rule(data=st.data())
    def retract(self, data: st.DataObject) -> None:
        some = data.draw(st.lists(st.sampled_from(sorted(self.facts.edges)), min_size=1, max_size=2, unique=True))
        for number in some:
            del self.facts.edges[number]
        self.engine.retract(some)

    @rule(data=st.data())
    def decide(self, data: st.DataObject) -> None:
        decision = data.draw(rulings(self.facts))
        self.facts.decisions.append(decision)
        self.engine.decide(decision)

    @rule(data=st.data())
    def decide_and_undo(self, data: st.DataObject) -> None:
        """A ruling that is undone leaves no trace."""
        before = self.engine.solution()
        ruling = data.draw(rulings(self.facts).filter(lambda one: one.kind != "undo"))
        self.engine.decide(ruling)
        undo = Decision(ruling.id + 1, "undo", undoes=ruling.id)
        self.engine.decide(undo)
        self.facts.decisions += [ruling, undo]
        assert self.engine.solution() == before

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

    @invariant()
    def live_is_batch(self) -> None:
        """P3, and the properties of a single state (P5, P6, P7, P10, P11, P18: `check`)."""
        if hasattr(self, "facts"):
            Histories.taken += 1
            self.before, self.now = self.now, self.facts.solve()
            assert self.engine.solution() == self.now
            check(self.facts, self.now)

    @invariant()
    def names_stay(self) -> None:
        """P8, P9: an unchanged set keeps its name; of sets that become one the eldest name stays; a part gets its own
        name back."""
        if hasattr(self, "facts"):
            was, now = sets_of(self.before), sets_of(self.now)
            names = {frozenset(members): customer for customer, members in was.items()}
            for customer, members in now.items():
                assert names.get(frozenset(members), customer) == customer
                eldest = {self.before.customer[key] for key in members if key in self.before.customer}
                whole = set().union(*(was[one] for one in eldest))
                if whole == members and all(strong(self.facts, key) for key in members):
                    assert customer == min(eldest, key=lambda key: (key[1], key[0]))


class TestHistories(Histories.TestCase):
    settings = settings(max_examples=205, stateful_step_count=42, deadline=None)

    def runTest(self) -> None:
        super().runTest()
        assert Histories.taken >= STEPS


@given(histories(), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_order_and_batches_do_not_matter(facts: Facts, chance: Random) -> None:
    """P1, P15: any order of arrival, in any batches, decisions and consents in between, gives the same customers."""
    wanted = facts.solve()
    edges = [replace(edge) for edge in facts.edges.values()]
    chance.shuffle(edges)
    events = [(number, *event) for number, some in facts.consents.items() for event in some]
    chance.shuffle(events)
    decisions = facts.decisions[::-1]
    engine = facts.live()
    while edges or events or decisions:
        which = chance.randrange(3)
        if which == 0 and edges:
            size = chance.randrange(1, 6)
            engine.add_links(edges[:size])
            del edges[:size]
        elif which == 1 and events:
            engine.consent(*events.pop())
        elif decisions:
            engine.decide(decisions.pop())
    assert engine.solution() == wanted
    shuffled = list(facts.edges.values())
    chance.shuffle(shuffled)
    again = Facts(facts.limits, facts.nodes[::-1], {edge.id: edge for edge in shuffled}, decisions, facts.consents)
    again.decisions = facts.decisions
    assert again.solve() == wanted


@given(histories(), st.data())
@settings(max_examples=80, deadline=None)
def test_an_unrelated_link_changes_nobody_else(facts: Facts, data: st.DataObject) -> None:
    """P16: identifiers that no chain of evidence leads to from the new link keep customer, tenures and verdicts."""
    before = facts.solve()
    new = data.draw(links(facts, 1_000))
    reached, left = set(), [new.a, new.b]
    pairs = [(edge.a, edge.b) for edge in facts.edges.values()]
    pairs += [(one.a[0], one.b[0]) for one in facts.decisions if one.kind in ("merge", "never")]
    while left:
        number = left.pop()
        if number not in reached:
            reached.add(number)
            left += [b if a == number else a for a, b in pairs if number in (a, b)]
    facts.add([new])
    after = facts.solve()
    for (number, tenure), customer in before.customer.items():
        if number not in reached:
            assert after.customer[number, tenure] == customer
            assert after.valid_from[number] == before.valid_from[number]
    for number, verdict in before.links.items():
        if facts.edges[number].a not in reached:
            assert after.links[number] == verdict


@given(histories(), limits, st.sampled_from([None, 1, 2, 3]), st.sampled_from([None, 30, 200]))
@settings(max_examples=80, deadline=None)
def test_new_rules_bring_exactly_the_dry_run(facts: Facts, other: Limits, most: int | None, days: int | None) -> None:
    """P17: what a solve under new rules says will change is what changes when all is told to an engine with them."""
    types = {kind: replace(one, max_per_customer=most, recycle_days=days) for kind, one in other.types.items()}
    rules = replace(other, types=types)
    engine = facts.told()
    foretold = difference(engine.solution(), facts.solve(rules))
    assert difference(engine.solution(), facts.told(rules).solution()) == foretold
    assert difference(engine.solution(), facts.solve()) == {}


def difference(before: Solution, after: Solution) -> dict[object, object]:
    """Nodes and links that fare otherwise."""
    changes: dict[object, object] = {}
    for name in ("customer", "valid_from", "links", "merges", "void"):
        was, now = getattr(before, name), getattr(after, name)
        changes |= {(name, key): now.get(key) for key in was.keys() | now.keys() if was.get(key) != now.get(key)}
    return changes


@given(histories(), st.data())
@settings(max_examples=80, deadline=None)
def test_without_its_evidence_an_identifier_is_alone(facts: Facts, data: st.DataObject) -> None:
    """P10, P11: when all links of an identifier are taken back, or its owner withdraws, it is nobody else's."""
    number = data.draw(st.integers(0, len(facts.nodes) - 1))
    engine = facts.told()
    if data.draw(st.booleans()):
        engine.consent(number, 100, False)
    else:
        engine.retract([edge.id for edge in facts.edges.values() if number in (edge.a, edge.b)])
        for one in facts.decisions:
            if one.kind == "merge":
                undo = Decision(len(facts.decisions) + one.id, "undo", undoes=one.id)
                engine.decide(undo)
    found = engine.solution()
    for key in [key for key in found.customer if key[0] == number]:
        assert [other for other, customer in found.customer.items() if customer == found.customer[key]] == [key]


def test_the_same_value_in_two_scopes_is_two_identifiers() -> None:
    """P14."""
    facts = Facts(
        Limits({"openid": TypeLimits()}),
        [Node(0, "openid", "app one", "o1"), Node(1, "openid", "app two", "o1"), Node(2, "openid", "app one", "o2")],
    )
    facts.add([Edge(0, 1, 2, 0, 0)])
    assert facts.solve().customer == {(0, 0): (0, 0), (1, 0): (1, 0), (2, 0): (1, 0)}


def test_a_higher_limit_can_split() -> None:
    """P17: so nobody may promise that customers only grow when a limit is raised."""
    nodes = [Node(0, "card", "", "a1"), Node(1, "card", "", "a2"), Node(2, "card", "", "b"), Node(3, "card", "", "c")]
    edges = [Edge(0, 0, 1, 0, 0), Edge(1, 1, 2, DAY, DAY), Edge(2, 2, 3, 2 * DAY, 2 * DAY)]
    facts = Facts(Limits({"card": TypeLimits(max_per_customer=2)}), nodes)
    facts.add(edges)
    together = {customer: len(some) for customer, some in sets_of(facts.solve()).items()}
    assert together == {(0, 0): 2, (2, 0): 2}
    raised = facts.solve(Limits({"card": TypeLimits(max_per_customer=3)}))
    assert {customer: len(some) for customer, some in sets_of(raised).items()} == {(0, 0): 3, (3, 0): 1}
