"""What the twin that lives knows, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Iterator

from onepool.identity.twin import Group, Placement, Solution, Verdict, place
from onepool.identity.twin_facts import BY_RULE, Edge, Key, Limits, Node, in_doubt
from onepool.identity.twin_store import Identifier, Link


class TwinAnswers:
    """Identifiers with their links and the groups that they make; weak identifiers are placed when someone asks."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._identifiers: dict[int, Identifier] = {}
        self._nodes: dict[int, Node] = {}
        self._links: dict[int, Link] = {}
        self._merges: dict[int, Link] = {}
        self._groups: dict[Key, Group] = {}

    def links(self) -> Iterator[Edge]:
        """All links as they are now."""
        return (link.edge for link in self._links.values())

    def tenures(self, number: int) -> tuple[int, ...]:
        """From when on each tenure of an identifier holds."""
        return self._placed(self._identifiers[number]).valid_from

    def customer(self, number: int, tenure: int = 0) -> Key:
        """Whose a node is. Raises KeyError if there is no such node."""
        one, key = self._identifiers[number], (number, tenure)
        if one.is_strong:
            return self._groups[key].customer
        placement = self._placed(one)
        if tenure >= len(placement.valid_from):
            raise KeyError(key)
        leader = None
        for other, links in one.strong.items():
            if placement.where.get(other) == tenure and not placement.void[tenure]:
                theirs = self._identifiers[other]
                for link in links:
                    at = self._placed(theirs).at(link.edge.first)
                    if not link.fault and not self._placed(theirs).void[at]:
                        candidate = (link.edge.last, theirs.node.rank, (other, at))
                        leader = candidate if leader is None else max(leader, candidate)
        return key if leader is None else self._groups[leader[2]].customer

    def customer_at(self, number: int, time: int) -> Key:
        """Whose an event with that identifier at that time is."""
        return self.customer(number, self._placed(self._identifiers[number]).at(time))

    def solution(self) -> Solution:
        """All of it, in the form of `twin.solve`."""
        placed = {number: self._placed(one) for number, one in self._identifiers.items()}
        keys = [(number, k) for number, one in placed.items() for k in range(len(one.valid_from))]
        return Solution(
            customer={key: self.customer(*key) for key in keys},
            valid_from={number: one.valid_from for number, one in placed.items()},
            links={number: self.verdict(link) for number, link in self._links.items()},
            merges={number: self.verdict(link) for number, link in self._merges.items()},
            void={key: placed[key[0]].owners[key[1]] for key in keys if placed[key[0]].void[key[1]]},
        )

    def verdict(self, link: Link) -> Verdict:
        """What became of a link."""
        if link.fault:
            return Verdict(link.fault)
        if link.at is not None:
            return Verdict("conflict", link.refused or "") if link.refused else Verdict("joined")
        ends = self._ends(link)
        if ends is None or not (link.a.is_strong or link.b.is_strong):
            return Verdict("unused")
        return Verdict("void" if any(self._void(key) for key in ends) else "follows")

    def _placed(self, one: Identifier) -> Placement:
        if one.placement is None:
            one.placement = place(one.node, one.spans(self._in_doubt), one.degree, self._nodes, self.limits)
        return one.placement

    def _void(self, key: Key) -> bool:
        return self._placed(self._identifiers[key[0]]).void[key[1]]

    def _ends(self, link: Link) -> tuple[Key, Key] | None:
        """The nodes that a usable link is of; None if it names one that is not there."""
        edge = link.edge
        a, b = self._placed(link.a), self._placed(link.b)
        if edge.kind == BY_RULE:
            return (edge.a, a.of(edge.b, edge.first)), (edge.b, b.of(edge.a, edge.first))
        there = link.a.is_strong and link.b.is_strong
        if not there or edge.tenure_a >= len(a.valid_from) or edge.tenure_b >= len(b.valid_from):
            return None
        return (edge.a, edge.tenure_a), (edge.b, edge.tenure_b)

    def _in_doubt(self, edge: Edge) -> bool:
        return in_doubt(edge, self._nodes, self.limits)
