"""The compiled engine, told the same facts as the twin and asked in the same words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from tests.identity.facts import Facts, strong

from onepool.identity.arrays import DECISION, LIKELIHOOD
from onepool.identity.graph import Graph
from onepool.identity.registry import Registry, TypeRule
from onepool.identity.twin import Solution, Verdict
from onepool.identity.twin_facts import (
    BEGINNING,
    BY_RULE,
    Decision,
    Edge,
    Key,
    Limits,
    consent_of,
    in_force,
    pair,
)

_WORDS = {"unknown": 0, "granted": 1, "withdrawn": 2}


def registry_of(limits: Limits) -> Registry:
    """The same rules as the product writes them."""
    types = {
        name: TypeRule(
            strength=rule.strength,
            priority=rule.priority,
            verified=rule.verified,
            account=not rule.contact,
            max_per_customer=rule.max_per_customer,
            max_customers=rule.max_customers,
            recycle_days=rule.recycle_days,
            lifetime_days=rule.lifetime_days,
        )
        for name, rule in limits.types.items()
    }
    return Registry(
        types=types,
        max_identifiers=limits.max_identifiers,
        names_matter=limits.names,
        contacts=limits.contacts,
        joining={"consent": "consent", "never": "never"},
    )


class Compiled:
    """A `Graph` behind the face of `LiveTwin`. Identifiers are born in the order in which they are first needed."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.graph = Graph(registry_of(facts.limits))
        self.number: dict[int, int] = {}
        self.links: dict[int, int] = {}
        self.edges: dict[int, Edge] = {}
        self.retracted: set[int] = set()
        self.merges: dict[int, int] = {}
        self.decisions: list[Decision] = []
        self.consents: dict[int, list[tuple[int, bool]]] = {}
        self.rulings = in_force(())

    def born(self, identifier: int) -> int:
        """The node of an identifier, which is made if need be."""
        if identifier not in self.number:
            node, graph = self.facts.nodes[identifier], self.graph
            self.number[identifier] = graph.add(
                np.array([graph.type_number(node.type)]),
                np.array([graph.slot_number(*node.slot)]),
                np.array([node.rank], np.uint64),
                np.array([node.last_seen]),
            )
            graph.name(self.nodes(identifier), np.array([node.witness]))
            if node.blocked:
                graph.block(self.nodes(identifier), True)
        return self.number[identifier]

    def nodes(self, *identifiers: int) -> np.ndarray:
        return np.array([self.born(one) for one in identifiers], np.int64)

    def chain(self, identifier: int) -> list[int]:
        """The nodes of an identifier, those out of use as well."""
        first = self.born(identifier)
        return [first, *np.flatnonzero((self.graph.base == first) & (np.arange(len(self.graph)) != first)).tolist()]

    def has(self, key: Key) -> bool:
        """Whether there is or was such a tenure."""
        return key[1] < len(self.chain(key[0]))

    def node(self, key: Key) -> int:
        return self.chain(key[0])[key[1]]

    # -- being told ----------------------------------------------------------------------------------------------

    def add_links(self, edges: Iterable[Edge]) -> None:
        edges = [replace(edge) for edge in edges]
        fresh = {edge.id: edge for edge in edges if edge.id not in self.edges}
        self.edges |= fresh
        for edge in fresh.values():
            if edge.kind != BY_RULE:
                ends = sorted((self.node((edge.a, edge.tenure_a)), self.node((edge.b, edge.tenure_b))))
                source = self.graph.source_number("likelihood", edge.basis)
                self.links[edge.id] = self.graph.ruled(*ends, LIKELIHOOD, edge.first, source)
        self.retracted -= {edge.id for edge in edges}
        by_rule = [edge for edge in edges if edge.kind == BY_RULE]
        if by_rule:
            ends = np.array([sorted(self.nodes(edge.a, edge.b)) for edge in by_rule], np.int64)
            numbers = self.graph.link(
                ends[:, 0].copy(),
                ends[:, 1].copy(),
                np.array([self.graph.source_number(f"rule {edge.id}", edge.basis) for edge in by_rule], np.int64),
                np.array([edge.first for edge in by_rule], np.int64),
                np.array([edge.last for edge in by_rule], np.int64),
                np.array([edge.trust for edge in by_rule], np.int64),
            )
            self.links |= {edge.id: number for edge, number in zip(by_rule, numbers.tolist(), strict=True)}
        self._set_off(edge.id for edge in edges)

    def retract(self, links: Iterable[int]) -> None:
        links = list(links)
        self.retracted |= set(links)
        self._set_off(links)

    def _set_off(self, links: Iterable[int]) -> None:
        """Say of links whether they are taken back or cut."""
        wanted: dict[int, list[int]] = {}
        for number in links:
            edge = self.edges[number]
            cut = pair(edge.a, edge.b) in self.rulings.cut
            off = 1 if number in self.retracted else 2 if cut else 0
            wanted.setdefault(off, []).append(self.links[number])
        for off, edges in wanted.items():
            self.graph.set_off(np.array(edges, np.int64), off)

    def decide(self, decision: Decision) -> None:
        self.decisions.append(decision)
        was, self.rulings = self.rulings, in_force(self.decisions)
        now, graph = self.rulings, self.graph
        for number in was.blocked ^ now.blocked:
            graph.block(self.nodes(number), number in now.blocked or self.facts.nodes[number].blocked)
        self._set_off(self.links.keys())
        for number, ends in now.merges.items():
            if number not in self.merges:
                nodes = sorted(self.node(key) for key in ends)
                self.merges[number] = graph.ruled(*nodes, DECISION, number, graph.source_number("ruled", ""))
        for number, edge in self.merges.items():
            ends = now.merges.get(number)
            cut = ends is not None and pair(ends[0][0], ends[1][0]) in now.cut
            graph.set_off(edge, 1 if ends is None else 2 if cut else 0)
        for ends in was.never ^ now.never:
            graph.never(self.node(ends[0]), self.node(ends[1]), ends in now.never)

    def consent(self, number: int, time: int, granted: bool) -> None:
        events = self.consents.setdefault(number, [])
        events.append((time, granted))
        self.graph.consent(self.nodes(number), np.array([_WORDS[consent_of(events)]], np.int8))

    def name(self, number: int, witness: int) -> None:
        self.graph.name(self.nodes(number), np.array([witness]))

    def seen(self, number: int, time: int) -> None:
        self.graph.see(self.nodes(number), np.array([time]))

    # -- being asked ---------------------------------------------------------------------------------------------

    def solution(self, graph: Graph | None = None) -> Solution:
        """What the live engine says (or another of the same facts), in the twin's words and numbers."""
        graph = graph or self.graph
        tenures = {one: graph.tenures(node) for one, node in self.number.items()}
        key = {node: (one, k) for one, some in tenures.items() for k, (node, _) in enumerate(some)}
        sets: dict[int, list[int]] = {}
        for node in key:
            sets.setdefault(int(graph.customer[node]), []).append(node)
        types = self.facts.limits.types
        customer: dict[Key, Key] = {}
        for label, nodes in sets.items():
            joining = [n for n in nodes if types[self.facts.nodes[key[n][0]].type].strength == "strong"]
            assert label == min(joining or nodes), "a customer is named by its eldest strong node"
            name = min((key[n] for n in joining or nodes), key=lambda one: (one[1], one[0]))
            customer |= {key[node]: name for node in nodes}
        for node in range(len(graph)):
            if node not in key:
                base = graph.base[node]
                assert graph.customer[node] == graph.customer[base], f"{node}, out of use, is not its base's, {base}"
        voids = graph.voids()
        return Solution(
            customer=customer,
            valid_from={one: (BEGINNING, *(since for _, since in some[1:])) for one, some in tenures.items()},
            links=self._verdicts(graph, {k: e for k, e in self.links.items() if k not in self.retracted}),
            merges=self._verdicts(graph, {k: e for k, e in self.merges.items() if k in self.rulings.merges}),
            void={key[node]: owners for node, owners in zip(voids.tolist(), graph.owners(voids).tolist(), strict=True)},
        )

    def _verdicts(self, graph: Graph, edges: dict[int, int]) -> dict[int, Verdict]:
        told = graph.status(np.array(list(edges.values()), np.int64))
        return {one: Verdict(*found) for one, found in zip(edges, told, strict=True)}

    def from_scratch(self, thorough: bool = False) -> Solution:
        """What a solve of everything says, with or without its short ways."""
        other = self.graph.copy()
        other.solve(thorough)
        return self.solution(other)

    def born_all(self) -> None:
        """Have all identifiers."""
        self.nodes(*range(len(self.facts.nodes)))


def speakable(facts: Facts, engine: Compiled, edge: Edge) -> bool:
    """Whether the compiled engine can be told of a link: one by likelihood is of strong nodes that are there, at one
    time."""
    ends = ((edge.a, edge.tenure_a), (edge.b, edge.tenure_b))
    return edge.kind == BY_RULE or (
        edge.first == edge.last and all(strong(facts, key) and engine.has(key) for key in ends)
    )


def sayable(facts: Facts, engine: Compiled, decision: Decision) -> bool:
    """Whether it can be told of a decision: a merge and its contrary are of strong nodes that are there."""
    if decision.kind not in ("merge", "never"):
        return True
    return all(strong(facts, key) and engine.has(key) for key in (decision.a, decision.b))


def spoken_of(solution: Solution, engine: Compiled) -> Solution:
    """A solution without the identifiers that the compiled engine has not heard of."""
    return replace(
        solution,
        customer={key: customer for key, customer in solution.customer.items() if key[0] in engine.number},
        valid_from={one: starts for one, starts in solution.valid_from.items() if one in engine.number},
    )
