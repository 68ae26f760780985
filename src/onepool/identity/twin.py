"""The definition of a customer, to be read and to be run: who is one person, given all that was said.

`solve` takes identifiers, links, human decisions and consents and returns the customers from scratch, in plain Python.
The compiled engine and `LiveTwin` must agree with it exactly. The answer depends on the set of facts alone, never on
the order in which they came.

1. A link is usable when no end is blocked, of a type that never joins, or withdrawn by its owner; when its legal basis
   is given; and when no decision cuts the pair. The reasons are told in the order blocked, withdrawn, no_consent, cut.
2. An identifier that is handed on (a device, a recycled phone) is several nodes in time, its *tenures*; see `place`.
3. A value with more owners than its type allows is void: it joins nobody.
4. Strong nodes are joined along usable links, the best link first, and never against a limit; see `join`. A human
   merge counts as the best link, and only a human "never" stops it. By a contact that
   may be somebody else's (a link in doubt) two accounts are joined only if a name agrees; and a contact that several
   claim so is nobody's unless their names agree.
5. A weak node follows the strong one that it was last seen with.

Human merges and links by likelihood name nodes (identifier, tenure), as decisions of kind never do; they take no part
in tenures and owner counts, and are unused while a node of theirs is weak or absent. Cut and block name identifiers.
A link between a weak and a strong identifier belongs to the strong one's tenure at the link's first time. Of an
identifier with several tenures nobody knows whose name it bears: its nodes have none; its neighbours still see it.
The customer of a set is its least (tenure, identifier): a later tenure names only a set without a first-tenure node.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from onepool.identity.registry import slot_rank
from onepool.identity.twin_facts import (
    BEGINNING,
    BY_RULE,
    DAY,
    Decision,
    Edge,
    Key,
    Limits,
    Node,
    Slot,
    Span,
    agree,
    consent_of,
    fault,
    in_doubt,
    in_force,
    mix,
)
from onepool.identity.witness import incompatible_plain as incompatible


class Verdict(NamedTuple):
    """What became of a link: joined, follows, conflict, void, no_consent, withdrawn, cut, blocked or unused."""

    status: str
    reason: str = ""


class Placement(NamedTuple):
    """Tenures of one identifier: their starts, the tenure of each strong neighbour, owners of each, whether void."""

    valid_from: tuple[int, ...]
    where: dict[int, int]
    owners: tuple[int, ...]
    void: tuple[bool, ...]

    def of(self, neighbour: int, first: int) -> int:
        """The tenure that a link belongs to: that of the strong neighbour; with a weak one, by its first time."""
        found = self.where.get(neighbour)
        return self.at(first) if found is None else found

    def at(self, time: int) -> int:
        """The tenure that an event at `time` belongs to."""
        return bisect_right(self.valid_from, time) - 1 if len(self.valid_from) > 1 else 0


@dataclass(frozen=True, slots=True)
class Solution:
    """Customers. `merges`: verdicts on the human merges in force; `void`: owner counts of the void nodes."""

    customer: dict[Key, Key]
    valid_from: dict[int, tuple[int, ...]]
    links: dict[int, Verdict]
    merges: dict[int, Verdict]
    void: dict[Key, int]


def solve(
    nodes: Iterable[Node],
    edges: Iterable[Edge],
    decisions: Iterable[Decision],
    consents: Mapping[int, Sequence[tuple[int, bool]]],
    limits: Limits,
) -> Solution:
    """Customers of all identifiers, from scratch. Links name identifiers by id; each (id, id) pair may have several."""
    by_id = {node.id: node for node in nodes}
    rulings = in_force(decisions)
    consent = {one: consent_of(events) for one, events in consents.items()}
    types = limits.types
    strong = {one for one, node in by_id.items() if types[node.type].strength == "strong"}
    idle = {n.id for n in by_id.values() if n.blocked or n.id in rulings.blocked or types[n.type].strength == "never"}

    links: dict[int, Verdict] = {}
    usable: list[Edge] = []
    degree: Counter[int] = Counter()
    for edge in edges:
        if edge.kind == BY_RULE:
            degree.update(v for v, u in ((edge.a, edge.b), (edge.b, edge.a)) if u in strong)
        why = fault(edge.a, edge.b, edge.basis, idle, consent, rulings)
        if why:
            links[edge.id] = Verdict(why)
        elif edge.a in strong or edge.b in strong:
            usable.append(edge)
        else:
            links[edge.id] = Verdict("unused")

    near: dict[int, dict[int, Span]] = {one: {} for one in by_id}
    for edge in usable:
        if edge.kind == BY_RULE:
            for v, u in ((edge.a, edge.b), (edge.b, edge.a)):
                if u in strong:
                    doubt = in_doubt(edge, by_id, limits)
                    first, last, doubted = near[v].get(u, (edge.first, edge.last, doubt))
                    near[v][u] = (min(first, edge.first), max(last, edge.last), doubt and doubted)
    placed = {v: place(node, near[v], degree[v], by_id, limits) for v, node in by_id.items()}
    exists = {(v, k) for v, placement in placed.items() for k in range(len(placement.valid_from))}
    void = {(v, k): placed[v].owners[k] for v, k in exists if placed[v].void[k]}

    joins: list[Join] = []
    leaders: dict[Key, tuple[int, int, Key]] = {}
    for edge in usable:
        if edge.kind == BY_RULE:
            a, b = (edge.a, placed[edge.a].of(edge.b, edge.first)), (edge.b, placed[edge.b].of(edge.a, edge.first))
        else:
            a, b = (edge.a, edge.tenure_a), (edge.b, edge.tenure_b)
        both = edge.a in strong and edge.b in strong
        if edge.kind != BY_RULE and not (both and a in exists and b in exists):
            links[edge.id] = Verdict("unused")
        elif a in void or b in void:
            links[edge.id] = Verdict("void")
        elif both:
            joins.append(Join(order_of(edge, by_id, limits), a, b, edge.id, in_doubt(edge, by_id, limits)))
        else:
            links[edge.id] = Verdict("follows")
            weak, leader = (b, a) if edge.a in strong else (a, b)
            candidate = (edge.last, by_id[leader[0]].rank, leader)
            leaders[weak] = max(candidate, leaders.get(weak, candidate))
    merges: dict[int, Verdict] = {}
    for number, ends in rulings.merges.items():
        why = fault(ends[0][0], ends[1][0], "free", idle, consent, rulings)
        if not why and not all(one in exists and one[0] in strong for one in ends):
            why = "unused"
        if not why and (ends[0] in void or ends[1] in void):
            why = "void"
        if why:
            merges[number] = Verdict(why)
        else:
            joins.append(Join((0, number), *ends, number))

    barred: dict[Key, set[Key]] = {}
    for one, other in rulings.never:
        barred.setdefault(one, set()).add(other)
        barred.setdefault(other, set()).add(one)
    groups = {one: Group(one, by_id[one[0]], placed[one[0]], limits, barred.get(one, ())) for one in exists}
    claims = claims_of(joins, by_id, limits)
    for link in sorted(joins):
        reason = join(groups, link, claims, limits)
        (merges if link.human else links)[link.id] = Verdict("conflict", reason) if reason else Verdict("joined")

    customer = {one: group.customer for one, group in groups.items()}
    for weak, (_, _, leader) in leaders.items():
        customer[weak] = customer[leader]
    return Solution(customer, {v: placement.valid_from for v, placement in placed.items()}, links, merges, void)


def place(node: Node, near: Mapping[int, Span], links: int, by_id: Mapping[int, Node], limits: Limits) -> Placement:
    """Tenures of an identifier and who owns them.

    `near`: its strong neighbours with the time they were seen together; `links`: how many links to strong identifiers
    there are in all. Neighbours are taken in order of time. A weak identifier changes hands when a neighbour begins
    after all before it have ended, or ages out; a recycled one when, after `recycle_days` of silence, neighbours come
    that are somebody else: if all their links are in doubt, it is nobody's from then on, and void. Another identifier
    is one node for ever.
    """
    rule = limits.types[node.type]
    if links > limits.most_links:
        return Placement((BEGINNING,), dict.fromkeys(near, 0), (links,), (True,))
    weak = rule.strength == "weak"
    if weak and rule.max_customers is not None and len(near) > rule.max_customers:
        return Placement((BEGINNING,), dict.fromkeys(near, 0), (len(near),), (True,))
    runs: list[list[int]] = []
    """Neighbours without a silence between them that is long enough to change hands."""
    bounds: list[tuple[int, int]] = []
    """Time of each run."""
    silence = 0 if weak else None if rule.recycle_days is None else rule.recycle_days * DAY
    for u in sorted(near, key=lambda u: (*near[u][:2], by_id[u].rank)):
        first, last, _ = near[u]
        if runs and (silence is None or first - bounds[-1][1] <= silence):
            runs[-1].append(u)
            bounds[-1] = (min(first, bounds[-1][0]), max(last, bounds[-1][1]))
        else:
            runs.append([u])
            bounds.append((first, last))
    valid_from, parts, nobodys = [BEGINNING], runs[:1] or [[]], {0: False}
    life = None if rule.lifetime_days is None or not weak else rule.lifetime_days * DAY
    for index in range(1, len(runs)):
        if weak:
            start = bounds[index][0]
            valid_from.append(start if life is None else min(bounds[index - 1][1] + life, start))
            parts.append(runs[index])
        elif somebody_else(parts[-1], runs[index], by_id, limits):
            nobodys[len(parts)] = all(near[u][2] for u in runs[index])
            valid_from.append(bounds[index][0])
            parts.append(runs[index])
        else:
            parts[-1] = parts[-1] + runs[index]
    if life is not None and bounds and node.last_seen >= bounds[-1][1] + life:
        valid_from.append(bounds[-1][1] + life)
        parts.append([])
    owners = tuple(len(part) if weak else owners_of(node, part, by_id, limits) for part in parts)
    most = len(by_id) if weak or rule.max_customers is None else rule.max_customers
    void = tuple(one > most or nobodys.get(k, False) for k, one in enumerate(owners))
    return Placement(tuple(valid_from), {u: k for k, part in enumerate(parts) for u in part}, owners, void)


def contradicts(before: Collection[int], after: Collection[int], by_id: Mapping[int, Node], limits: Limits) -> bool:
    """Whether two runs of neighbours can't be those of one person: too many of a kind, or names that differ."""
    kinds, more = Counter(by_id[u].slot for u in before), Counter(by_id[u].slot for u in after)
    for slot in kinds.keys() & more.keys():
        most = limits.types[slot[0]].max_per_customer
        if most is not None and kinds[slot] + more[slot] > most:
            return True
    return limits.names and any(incompatible(by_id[u].witness, by_id[w].witness) for u in before for w in after)


def somebody_else(before: Collection[int], after: Collection[int], by_id: Mapping[int, Node], limits: Limits) -> bool:
    """Whether neighbours after a silence are another person: if they contradict those before, or, unless contacts are
    trusted, if no name agrees."""
    if contradicts(before, after, by_id, limits):
        return True
    named = limits.names and any(agree(by_id[u].witness, by_id[w].witness) for u in before for w in after)
    return limits.contacts != "trust" and not named


def owners_of(node: Node, near: Collection[int], by_id: Mapping[int, Node], limits: Limits) -> int:
    """The least number of persons that neighbours belong to, by what one person has at most and by surnames."""
    counts = Counter(by_id[u].slot for u in near)
    surnames = {by_id[u].witness >> 32 for u in near if limits.names} - {0}
    owners = len(surnames)
    for slot, count in counts.items():
        most = limits.types[slot[0]].max_per_customer
        if slot != node.slot and most is not None:
            owners = max(owners, -(-count // most))
    return owners


class Join(NamedTuple):
    """A link or a merge between two nodes; `order` is unique but for links of one pair, which fare alike. `doubt`: by a
    contact that may be somebody else's."""

    order: tuple[int, ...]
    a: Key
    b: Key
    id: int
    doubt: bool = False

    @property
    def human(self) -> bool:
        """A merge by a person."""
        return self.order[0] == 0


def order_of(edge: Edge, by_id: Mapping[int, Node], limits: Limits) -> tuple[int, ...]:
    """Where a link comes: by rules, verified, not in doubt, of high priority, the earliest first."""
    a, b = by_id[edge.a], by_id[edge.b]
    left, right = limits.types[a.type], limits.types[b.type]
    return (
        1 + edge.kind,
        0 if left.verified and right.verified else 1,
        int(in_doubt(edge, by_id, limits)),
        -min(left.priority, right.priority),
        edge.first,
        mix(a.rank ^ b.rank),
    )


class Group:
    """Nodes joined so far: its customer, how many of each limited slot, their names, the nodes they may never be with;
    whether it has more than contacts; how many links make it depend on the order of all, most of them refused ones."""

    __slots__ = ("accounts", "barred", "customer", "members", "names", "slots", "unsettled")

    def __init__(self, key: Key, node: Node, placement: Placement, limits: Limits, barred: Iterable[Key]) -> None:
        self.customer = key
        self.members = [key]
        rule = limits.types[node.type]
        self.slots: dict[Slot, int] = {(node.type, node.scope): 1} if rule.max_per_customer is not None else {}
        self.accounts = not rule.contact
        named = node.witness and limits.names and len(placement.valid_from) == 1
        self.names: frozenset[int] = frozenset((node.witness,)) if named else _NONE
        self.barred: frozenset[Key] = frozenset(barred) if barred else _NONE
        self.unsettled = 0

    def against(self, other: Group, limits: Limits, human: bool = False, doubt: bool = False) -> str:
        """Why the two may not be one customer, empty if they may. The reasons are tested in this order."""
        if self.barred and not self.barred.isdisjoint(other.members):
            return "never"
        if human:
            return ""
        if len(self.members) + len(other.members) > limits.max_identifiers:
            return "size"
        too_many = [
            slot
            for slot, count in self.slots.items()
            if slot in other.slots and count + other.slots[slot] > (limits.types[slot[0]].max_per_customer or 0)
        ]
        if too_many:
            kind, scope = min(too_many, key=lambda slot: slot_rank(*slot))
            return f"limit:{kind}@{scope}" if scope else f"limit:{kind}"
        if self.names and other.names and any(incompatible(x, y) for x in self.names for y in other.names):
            return "name"
        return "unproved" if doubt and self.accounts and other.accounts and not self.agrees(other) else ""

    def agrees(self, other: Group) -> bool:
        """Whether a name of one is a name of the other."""
        return any(agree(x, y) for x in self.names for y in other.names)

    def absorb(self, other: Group) -> None:
        """Take the other group in."""
        self.customer = least(self.customer, other.customer)
        self.members += other.members
        for slot, count in other.slots.items():
            self.slots[slot] = self.slots.get(slot, 0) + count
        if other.names:
            self.names |= other.names
        if other.barred:
            self.barred |= other.barred
        self.accounts |= other.accounts
        self.unsettled += other.unsettled


_NONE: frozenset[Any] = frozenset()


def least(one: Key, other: Key) -> Key:
    """Which of two nodes names the customer."""
    return one if (one[1], one[0]) <= (other[1], other[0]) else other


Claims = Mapping[Key, Collection[Key]]
"""Accounts that are linked, by rules and in use, to each contact node."""


def claims_of(joins: Iterable[Join], by_id: Mapping[int, Node], limits: Limits) -> Claims:
    """Who claims which contact, of all links between the nodes of a part of the graph that hangs together."""
    claims: dict[Key, set[Key]] = {}
    for link in joins:
        a, b = (limits.types[by_id[key[0]].type].contact for key in (link.a, link.b))
        if a != b and link.order[0] == 1 + BY_RULE:
            contact, account = (link.a, link.b) if a else (link.b, link.a)
            claims.setdefault(contact, set()).add(account)
    return claims


def contested(groups: dict[Key, Group], account: Key, contact: Key, claims: Claims) -> bool:
    """Whether a contact that is nobody's yet is also claimed by somebody else whose name does not agree."""
    others = claims.get(contact, ())
    if account not in others or groups[contact].accounts:
        return False
    one = groups[account]
    return any(groups[other] is not one and not one.agrees(groups[other]) for other in others)


def join(groups: dict[Key, Group], link: Join, claims: Claims, limits: Limits) -> str:
    """Join the groups of both ends unless something stands against it: the reason, empty if they are now together."""
    left, right = groups[link.a], groups[link.b]
    if left is right:
        return ""
    reason = left.against(right, limits, link.human, link.doubt)
    if link.doubt and not reason:
        claimed = contested(groups, link.a, link.b, claims) or contested(groups, link.b, link.a, claims)
        reason = "unproved" if claimed else ""
    if reason:
        left.unsettled += 1
        right.unsettled += 1
    else:
        unite(groups, left, right)
    return reason


def unite(groups: dict[Key, Group], left: Group, right: Group) -> None:
    """Make one group of two: the larger takes in the smaller."""
    if len(left.members) < len(right.members):
        left, right = right, left
    left.absorb(right)
    for key in right.members:
        groups[key] = left
