"""The graph of one customer: its identifiers, what is linked with them, and what was concluded from each link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from onepool.identity import decisions
from onepool.identity.decisions import Decision
from onepool.identity.read.sources import Link, Node, Sources, customers_of, links_of, members, nodes
from onepool.identity.witness import incompatible_plain

MAX_LINKS = 2_000
_ALL_LINKS = 10_000_000

Role = Literal["member", "neighbour", "void", "blocked"]


@dataclass(frozen=True, slots=True)
class Graph:
    """`nodes`: members and neighbours by id. `rulings`: merge, never, split and block in force about the members."""

    customer_id: int
    nodes: dict[int, Node]
    links: list[Link]
    rulings: list[Decision]
    truncated: bool

    @property
    def members(self) -> dict[int, Node]:
        """The customer's own identifiers."""
        return {number: node for number, node in self.nodes.items() if node.customer_id == self.customer_id}

    def role(self, node: Node) -> Role:
        """member, void, blocked or neighbour."""
        if node.identifier_id in self._blocked():
            return "blocked"
        if node.customer_id == self.customer_id:
            return "member"
        return "void" if node.identifier_id in self._void() else "neighbour"

    def _blocked(self) -> set[int]:
        return {one.a for one in self.rulings if one.kind == "block" and one.a is not None}

    def _void(self) -> set[int]:
        return {end for link in self.links if link.status == "void" for end in (link.a, link.b)}


def graph(sources: Sources, customer_id: int, *, limit: int = MAX_LINKS) -> Graph:
    """The graph of a present customer, with at most `limit` links."""
    return graphs(sources, [customer_id], limit=limit)[customer_id]


def graphs(sources: Sources, customers: Collection[int], *, limit: int = MAX_LINKS) -> dict[int, Graph]:
    """The graphs of some present customers, read at once; with at most `limit` links in all."""
    own = members(sources.session, customers)
    owner = {number: customer for customer, ids in own.items() for number in ids}
    with sources.state.read() as connection:
        known = nodes(sources, owner, owner, connection)
        links, truncated = links_of(sources, connection, known, limit=limit)
        others = {end for link in links for end in link.ends} - set(known)
        known |= nodes(sources, others, connection=connection)
        rulings = decisions.in_force(connection, list(known))
    links = [link for link in links if link.a in known and link.b in known]
    return {
        customer: _graph(customer, set(own.get(customer, ())), known, links, rulings, truncated)
        for customer in customers
    }


def _graph(
    customer: int, own: set[int], known: dict[int, Node], links: list[Link], rulings: list[Decision], truncated: bool
) -> Graph:
    """The part of what is known that is about one customer."""
    touching = [link for link in links if link.a in own or link.b in own]
    seen = own.union(*(link.ends for link in touching))
    about = [one for one in rulings if one.a in own or one.b in own or (one.kind == "block" and one.a in seen)]
    return Graph(customer, {n: known[n] for n in sorted(seen) if n in known}, touching, about, truncated)


def side(sources: Sources, customer_id: int, ids: list[int] | None = None) -> decisions.Side:
    """A customer (or some of its identifiers) as one side of a decision."""
    own = ids if ids is not None else members(sources.session, [customer_id]).get(customer_id, [])
    known = nodes(sources, own, dict.fromkeys(own, customer_id))
    strong = [number for number, node in known.items() if is_strong(sources, node.type)]
    return decisions.Side(min(strong, default=None), tuple(sorted(known)))


def side_with(sources: Sources, identifier: int) -> decisions.Side:
    """The customer of an identifier as one side of a decision about this very identifier."""
    customer = customers_of(sources.session, [identifier]).get(identifier, identifier)
    return decisions.Side(identifier, tuple(members(sources.session, [customer]).get(customer, [identifier])))


def merge_pairs(sources: Sources, one: decisions.Side, other: decisions.Side) -> list[tuple[int, int]]:
    """The pairs that a merge has to name beside both anchors, so that all of both customers becomes one.

    None as long as the rules would allow the join. Where it overrules a limit, names that contradict, or doubt about
    a contact, every joining identifier of either side with its anchor: else those refused would be left out.
    """
    known = nodes(sources, (*one.identifiers, *other.identifiers))
    left, right = ([known[n] for n in side.identifiers if n in known] for side in (one, other))
    names = sources.registry.names_matter and _contradict(left, right)
    if not (names or _over_limit(sources, left, right) or _doubted(sources, left, right)):
        return []
    return sorted(
        (min(side.anchor, node.identifier_id), max(side.anchor, node.identifier_id))
        for side, some in ((one, left), (other, right))
        for node in some
        if side.anchor is not None and node.identifier_id != side.anchor and is_strong(sources, node.type)
    )


def _over_limit(sources: Sources, left: list[Node], right: list[Node]) -> bool:
    if len(left) + len(right) > sources.registry.max_identifiers:
        return True
    one, other = (Counter((node.type, node.scope) for node in side) for side in (left, right))
    limits = {slot: sources.registry.rule(slot[0]).max_per_customer for slot in one if slot in other}
    return any(limit is not None and one[slot] + other[slot] > limit for slot, limit in limits.items())


def _contradict(left: list[Node], right: list[Node]) -> bool:
    names, others = ({node.witness for node in side if node.witness} for side in (left, right))
    return any(incompatible_plain(one, other) for one in names for other in others)


def _doubted(sources: Sources, left: list[Node], right: list[Node]) -> bool:
    """Whether both have accounts, and one holds together by contacts that may not join accounts by themselves."""
    rules = sources.registry
    if rules.contacts == "trust" or not all(
        any(rules.rule(one.type).account for one in side) for side in (left, right)
    ):
        return False
    found = graphs(sources, {node.customer_id for node in (*left, *right)})
    trusted = ("proved",) if rules.contacts == "proved" else ("proved", None)
    return any(
        link.trust not in trusted and link.decision is None and link.candidate is None
        for one in found.values()
        for link in one.links
    )


def split_sides(
    sources: Sources, customer_id: int, part: Collection[int]
) -> tuple[decisions.Side, decisions.Side, list[tuple[int, int]]]:
    """Both sides of a split of a customer, and the pairs of identifiers whose links lie between them.

    Raises DecisionError when an identifier is not this customer's, or when nothing would be left.
    """
    # All of its links: one that lies between the sides and is not cut would put them together again.
    found = graph(sources, customer_id, limit=_ALL_LINKS)
    own, taken = set(found.members), set(part)
    if not taken <= own:
        raise decisions.DecisionError(
            f"identifier {min(taken - own)} is not this customer's (any more)",
            where="identifiers",
            hint="look at the customer again",
        )
    if taken == own:
        raise decisions.DecisionError(
            "a split leaves something behind", where="identifiers", hint="name some of the identifiers, not all"
        )
    one, other = (side(sources, customer_id, sorted(some)) for some in (taken, own - taken))
    return one, other, pairs_between(found, taken)


def is_strong(sources: Sources, kind: str) -> bool:
    """Whether identifiers of a type join."""
    return sources.registry.rule(kind).strength == "strong"


def pairs_between(found: Graph, part: set[int]) -> list[tuple[int, int]]:
    """The pairs, as links name them, whose links lie between a part of a customer and the rest of it."""
    own = found.members
    return sorted(
        {link.pair for link in found.links if link.a in own and link.b in own and (link.a in part) != (link.b in part)}
    )
