"""The promises of identity, kept by both engines, the compiled one and the one in Python, in every state of random
histories.

Both are told the same things one after the other, beside the definition, which is told all of them at once. What can be
asked of a single state is asked in each; what takes another engine, when a step of that kind is drawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.identity.compiled import Compiled, registry_of, sayable, speakable, spoken_of
from tests.identity.facts import NAMES, TYPES, Facts, days, limits, links, rulings, sets_of, strong, worlds
from tests.identity.invariants import check
from tests.identity.retelling import Gone, Named, Seen, Told, Word, late, shuffled, tell_one, told_compiled, told_twin
from tests.identity.tally import Tally

from onepool.identity.twin import Solution, solve
from onepool.identity.twin_facts import BY_RULE, Decision, Edge, Limits
from onepool.identity.twin_live import LiveTwin

STEPS = 10_000
"""States that are looked at, at least; in half of them the compiled engine has to be of the same mind."""
COMPILED = 5_000
LEAST = {
    "P1": 500, "P2": 150, "P3": 5_000, "P4": 700, "P5": 250, "P6": 1_000, "P7": 2_000, "P8": 3_500, "P9": 150,
    "P10": 3_500, "P11": 1_000, "P13": 150, "P15": 500, "P16": 2_500, "P17": 80, "P18": 1_200,
}  # fmt: skip
"""How often each promise has to be put to the test."""

K = TypeVar("K")
seeds = st.integers(0, 2**16 - 1)
CHANGES = {
    kind: [
        replace(rule, max_per_customer=most, max_customers=owners, recycle_days=days, strength=strength)
        for most in (None, 1, 2, 3)
        for owners in (None, 2, 3)
        for days in (None, 30, 200)
        for strength in (rule.strength, rule.strength, "weak" if kind == "email" else rule.strength)
    ]
    for kind, rule in TYPES.items()
}


class Promises(RuleBasedStateMachine):
    """Engines that are told things one after the other."""

    tally = Tally()
    compiled_steps = 0

    @initialize(
        facts=worlds(),
        compiled=st.sampled_from([True, True, True, False]),
        at_once=st.booleans(),
        known=st.tuples(st.integers(3, 8), st.integers(0, 2)),
        data=st.data(),
    )
    def begin(self, facts: Facts, compiled: bool, at_once: bool, known: tuple[int, int], data: st.DataObject) -> None:
        """A world in which some links and rulings are `known`: Hypothesis leaves out kinds of steps, that of links as
        well."""
        if compiled:
            facts.limits = replace(facts.limits, most_links=1_000)
        self.facts = facts
        self.first = [replace(node) for node in facts.nodes]
        self.twin = facts.live()
        self.compiled = Compiled(facts) if compiled else None
        if self.compiled is not None and at_once:
            self.compiled.born_all()
        self.number = self.states = 0
        self.gone: dict[int, Edge] = {}
        self.told: list[Told] = []
        self.thought: list[tuple[int, Limits, Solution]] = []
        self.now = self.before = facts.solve()
        self.ever = set(self.now.customer.values())
        self.touched: set[int] | None = set()
        self.same_rules = True
        self.add(self.draw_links(data, known[0]))
        for _ in range(known[1]):
            self.ruled(data.draw(rulings(facts)))

    # -- telling -------------------------------------------------------------------------------------------------

    @property
    def engines(self) -> list[LiveTwin | Compiled]:
        return [self.twin] if self.compiled is None else [self.twin, self.compiled]

    def draw_links(self, data: st.DataObject, count: int) -> list[Edge]:
        self.number += count
        drawn = [data.draw(links(self.facts, self.number - n)) for n in range(count)]
        return [one for one in drawn if self.compiled is None or speakable(self.facts, self.compiled, one)]

    def add(self, edges: list[Edge]) -> None:
        self.facts.add(edges)
        self.told += [replace(edge) for edge in edges]
        for engine in self.engines:
            engine.add_links([replace(edge) for edge in edges])
        self.touch(*(v for edge in edges for v in (edge.a, edge.b)))

    def tell(self, one: Told) -> None:
        self.told.append(one)
        for engine in self.engines:
            tell_one(engine, one)

    def touch(self, *identifiers: int) -> None:
        if self.touched is not None:
            self.touched.update(identifiers)

    def is_as(self, solution: Solution) -> None:
        """Both engines say this; the compiled one nothing of identifiers that it has not heard of."""
        assert self.twin.solution() == solution
        if self.compiled is not None:
            assert self.compiled.solution() == spoken_of(solution, self.compiled)

    def take(self, numbers: list[int]) -> None:
        """Take links back."""
        for number in numbers:
            edge = self.gone[number] = self.facts.edges.pop(number)
            self.told.append(Gone(number))
            self.touch(edge.a, edge.b)
        for engine in self.engines:
            engine.retract(numbers)

    @rule(data=st.data(), count=st.integers(1, 6))
    def link(self, data: st.DataObject, count: int) -> None:
        self.add(self.draw_links(data, count))

    @precondition(lambda self: any(edge.kind == BY_RULE for edge in self.facts.edges.values()))
    @rule(data=st.data(), time=days, trust=st.integers(0, 2))
    def see_again(self, data: st.DataObject, time: int, trust: int) -> None:
        known = sorted(number for number, edge in self.facts.edges.items() if edge.kind == BY_RULE)
        edge = self.facts.edges[data.draw(st.sampled_from(known))]
        self.add([replace(edge, first=time, last=time, trust=trust)])

    @precondition(lambda self: self.facts.edges)
    @rule(data=st.data())
    def retract(self, data: st.DataObject) -> None:
        some = st.lists(st.sampled_from(sorted(self.facts.edges)), min_size=1, max_size=2, unique=True)
        self.take(data.draw(some))

    @precondition(lambda self: self.gone)
    @rule(data=st.data())
    def say_again(self, data: st.DataObject) -> None:
        edge = self.gone.pop(data.draw(st.sampled_from(sorted(self.gone))))
        if self.compiled is None or speakable(self.facts, self.compiled, edge):
            self.add([edge])

    @rule(data=st.data())
    def decide(self, data: st.DataObject) -> None:
        self.ruled(data.draw(rulings(self.facts)))

    def ruled(self, decision: Decision) -> bool:
        if self.compiled is not None and not sayable(self.facts, self.compiled, decision):
            return False
        self.facts.decisions.append(decision)
        self.tell(decision)
        by_id = {one.id: one for one in self.facts.decisions}
        named: Decision | None = decision
        while named is not None:
            self.touch(*(v for pair in named.pairs for v in pair), *{named.a[0], named.b[0]} - {-1})
            named = by_id.get(named.undoes)
        return True

    @rule(data=st.data(), time=st.integers(0, 9), granted=st.sampled_from([True, True, True, False]))
    def consent(self, data: st.DataObject, time: int, granted: bool) -> None:
        number = data.draw(st.integers(0, len(self.facts.nodes) - 1))
        self.facts.consents.setdefault(number, []).append((time, granted))
        self.tell(Word(number, time, granted))
        self.touch(number)

    @rule(data=st.data(), witness=st.sampled_from(NAMES))
    def name(self, data: st.DataObject, witness: int) -> None:
        node = data.draw(st.sampled_from(self.facts.nodes))
        node.witness = witness
        self.tell(Named(node.id, witness))
        self.touch(node.id)

    @rule(data=st.data(), time=days)
    def seen(self, data: st.DataObject, time: int) -> None:
        node = data.draw(st.sampled_from(self.facts.nodes))
        node.last_seen = max(node.last_seen, time)
        self.tell(Seen(node.id, time))
        self.touch(node.id)

    # -- what takes more than one state --------------------------------------------------------------------------

    @rule(seed=seeds, earlier=st.booleans())
    def retell(self, seed: int, earlier: bool) -> None:
        """P1, P15: any order of arrival, in any batches, what was taken back included, gives the same customers. P13:
        as of an `earlier` moment as well, for which what was known by then is told."""
        chance = Random(seed)
        count, rules, wanted = self.thought[chance.randrange(len(self.thought)) if earlier else -1]
        told = self.told[:count]
        nodes, edges = list(self.facts.nodes), list(self.facts.edges.values())
        for some in (nodes, edges):
            chance.shuffle(some)
        assert solve(nodes, edges, self.facts.decisions[::-1], self.facts.consents, self.facts.limits) == self.now
        self.tally.saw("P1")
        self.tally.saw("P13", earlier and count < len(self.told))
        self.tally.saw("P15", late(shuffled(told, chance)))
        assert told_twin(self.first, rules, told, chance).solution() == wanted
        if self.compiled is not None:
            engine = told_compiled(self.first, rules, told, chance)
            if engine is not None:
                assert engine.solution() == spoken_of(wanted, engine)
                assert engine.from_scratch(seed % 2 == 0) == spoken_of(wanted, engine)

    @precondition(lambda self: self.facts.edges)
    @rule(seed=seeds)
    def replay(self, seed: int) -> None:
        """P2: what is known already changes nothing, however much of it comes again."""
        before = self.now
        edges = [one for one in self.facts.edges.values() if self.compiled is None or one.kind == BY_RULE]
        some = edges[: seed % (len(edges) + 1)] or edges
        for engine in self.engines:
            engine.add_links([replace(edge) for edge in some])
            for number, events in self.facts.consents.items():
                engine.consent(number, *events[seed % len(events)])
            for node in self.facts.nodes[: seed % 3]:
                engine.name(node.id, node.witness)
        self.twin.add_nodes([replace(node) for node in self.facts.nodes])
        self.is_as(before)
        self.tally.saw("P2")

    @rule(data=st.data(), count=st.integers(1, 3))
    def link_and_retract(self, data: st.DataObject, count: int) -> None:
        """P4: what is taken back leaves no trace but identifiers that stand alone."""
        before = self.now
        edges = self.draw_links(data, count)
        self.add(edges)
        self.take([edge.id for edge in edges])
        self.is_as(before)
        self.tally.saw("P4", edges)

    @precondition(lambda self: self.facts.edges)
    @rule(data=st.data())
    def retract_and_link(self, data: st.DataObject) -> None:
        """P4, the other way round."""
        before = self.now
        some = st.lists(st.sampled_from(sorted(self.facts.edges)), min_size=1, max_size=3, unique=True)
        numbers = data.draw(some)
        self.take(numbers)
        self.add([self.gone.pop(number) for number in numbers])
        self.is_as(before)
        self.tally.saw("P4")

    @rule(data=st.data())
    def decide_and_undo(self, data: st.DataObject) -> None:
        """P4 of people's rulings: one that is undone leaves no trace."""
        before = self.now
        ruling = data.draw(rulings(self.facts).filter(lambda one: one.kind != "undo"))
        if self.ruled(ruling):
            self.ruled(Decision(ruling.id + 1, "undo", undoes=ruling.id))
            self.is_as(before)
            self.tally.saw("P4")

    @precondition(lambda self: self.facts.edges)
    @rule(data=st.data(), withdrawn=st.booleans())
    def without_evidence(self, data: st.DataObject, withdrawn: bool) -> None:
        """P10, P11: when all evidence of an identifier is taken back, or its owner withdraws, it is nobody else's."""
        edge = self.facts.edges[data.draw(st.sampled_from(sorted(self.facts.edges)))]
        number = edge.a
        if withdrawn:
            self.facts.consents.setdefault(number, []).append((100, False))
            self.tell(Word(number, 100, False))
            self.touch(number)
        else:
            self.take([one.id for one in self.facts.edges.values() if number in (one.a, one.b)])
            for one in [one for one in self.facts.decisions if one.kind == "merge" and number in (one.a[0], one.b[0])]:
                self.ruled(Decision(len(self.facts.decisions) + 1, "undo", undoes=one.id))
        found = self.facts.solve()
        self.is_as(found)
        for key in [key for key in found.customer if key[0] == number]:
            assert [other for other, customer in found.customer.items() if customer == found.customer[key]] == [key]

    @rule(other=limits, seed=seeds)
    def new_rules(self, other: Limits, seed: int) -> None:
        """P17: what a dry run of other rules says will change is what changes when they come into force."""
        chance = Random(seed)
        types = {kind: chance.choice([one, chance.choice(CHANGES[kind])]) for kind, one in other.types.items()}
        rules = replace(other, types=types, most_links=self.facts.limits.most_links)
        before = self.now
        foretold = difference(before, self.facts.solve(rules))
        trial = None
        if self.compiled is not None:
            was = self.compiled.solution()
            trial = self.compiled.graph.copy()
            trial.set_rules(registry_of(rules))
            assert self.compiled.solution() == was
        self.facts.limits = rules
        if self.compiled is not None:
            dry = difference(was, self.compiled.solution(trial))
            self.compiled.graph.set_rules(registry_of(rules))
            assert difference(was, self.compiled.solution()) == dry
        self.twin = self.facts.told()
        assert difference(before, self.twin.solution()) == foretold
        self.tally.saw("P17", foretold)
        self.same_rules, self.touched = False, None

    @precondition(lambda self: self.compiled is not None)
    @rule(thorough=st.booleans())
    def solve_again(self, thorough: bool) -> None:
        """What comes after a solve from scratch, or to a copy, goes on from it."""
        assert self.compiled is not None
        self.compiled.graph = self.compiled.graph.copy()
        self.compiled.graph.solve(thorough)

    # -- in every state ------------------------------------------------------------------------------------------

    @invariant()
    def live_is_batch(self) -> None:
        """P3: live is from scratch, in both engines; in the compiled one in every other state, with and without its
        short ways in turns, and in the end both. And what can be asked of a single state (P5, P6, P7, P10, P11, P18:
        `check`)."""
        if not hasattr(self, "facts"):
            return
        self.states += 1
        self.tally.steps += 1
        self.before, self.now = self.now, self.facts.solve()
        assert self.twin.solution() == self.now
        if self.compiled is not None:
            wanted = spoken_of(self.now, self.compiled)
            assert self.compiled.solution() == wanted
            if self.states % 2:
                assert self.compiled.from_scratch(thorough=self.states % 4 == 1) == wanted
            Promises.compiled_steps += 1
        self.tally.saw("P3", self.facts.edges)
        check(self.facts, self.now, self.tally)
        self.thought.append((len(self.told), self.facts.limits, self.now))

    @invariant()
    def names_stay(self) -> None:
        """P8: every name that a customer ever had leads to a customer in one step. P9: an unchanged set keeps its name;
        of sets that become one the eldest name stays; a part gets its own name back."""
        if not hasattr(self, "facts"):
            return
        customer = self.now.customer
        self.ever |= set(customer.values())
        for name in self.ever & customer.keys():
            assert customer[customer[name]] == customer[name]
        self.tally.saw("P8", any(customer[name] != name for name in self.ever & customer.keys()))
        if self.compiled is not None:
            leads = self.compiled.graph.customer
            assert (leads[leads] == leads).all()
        if self.same_rules:
            was, now = sets_of(self.before), sets_of(self.now)
            names = {frozenset(members): customer for customer, members in was.items()}
            for one, members in now.items():
                assert names.get(frozenset(members), one) == one
                eldest = {self.before.customer[key] for key in members if key in self.before.customer}
                whole = set().union(*(was[name] for name in eldest))
                if whole == members and all(strong(self.facts, key) for key in members):
                    assert one == min(eldest, key=lambda key: (key[1], key[0]))
                    self.tally.saw("P9", len(eldest) > 1)
        self.same_rules = True

    @invariant()
    def others_stay(self) -> None:
        """P16: who is not connected by any evidence with what was told keeps customer, tenures and verdicts."""
        if not hasattr(self, "facts"):
            return
        if self.touched is not None:
            changed = {number for number, _ in difference_of(self.before.customer, self.now.customer)}
            changed |= set(difference_of(self.before.valid_from, self.now.valid_from))
            edges = {**self.gone, **self.facts.edges}
            changed |= {edges[number].a for number in difference_of(self.before.links, self.now.links)}
            reached = self.reach(self.touched)
            assert changed <= reached
            self.tally.saw("P16", self.touched and len(reached) < len(self.facts.nodes))
        self.touched = set()

    def reach(self, identifiers: set[int]) -> set[int]:
        """All identifiers that any evidence connects with these."""
        near: dict[int, set[int]] = defaultdict(set)
        pairs = [(edge.a, edge.b) for edge in self.facts.edges.values()]
        pairs += [(one.a[0], one.b[0]) for one in self.facts.decisions if one.kind in ("merge", "never")]
        for a, b in pairs:
            near[a].add(b)
            near[b].add(a)
        reached, left = set(identifiers), list(identifiers)
        while left:
            for other in near[left.pop()] - reached:
                reached.add(other)
                left.append(other)
        return reached

    def teardown(self) -> None:
        if hasattr(self, "facts") and self.compiled is not None:
            wanted = spoken_of(self.facts.solve(), self.compiled)
            assert self.compiled.from_scratch() == wanted
            assert self.compiled.from_scratch(thorough=True) == wanted


def difference_of(before: Mapping[K, object], after: Mapping[K, object]) -> list[K]:
    """The keys whose values are others."""
    return [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]


def difference(before: Solution, after: Solution) -> dict[tuple[str, object], object]:
    """Nodes and links that fare otherwise."""
    changes: dict[tuple[str, object], object] = {}
    for name in ("customer", "valid_from", "links", "merges", "void"):
        was, now = getattr(before, name), getattr(after, name)
        changes |= {(name, key): now.get(key) for key in difference_of(was, now)}
    return changes


class TestPromises(Promises.TestCase):
    settings = settings(max_examples=330, stateful_step_count=40, deadline=None)

    def runTest(self) -> None:
        super().runTest()
        Promises.tally.suffices(STEPS, LEAST)
        assert Promises.compiled_steps >= COMPILED
