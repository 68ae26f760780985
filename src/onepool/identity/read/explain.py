"""Why two identifiers are one customer: the path of evidence between them. Why two customers are two: what stands
between them. One component is read, never all links.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from onepool.identity.decisions import Decision
from onepool.identity.read.graph import Graph, graphs
from onepool.identity.read.queue import reason_code
from onepool.identity.read.sources import Link, Node, Sources, between

MAX_REASONS = 50
_HOLDS = frozenset({"joined", "follows"})
# The worst first: what a person should read before the rest.
_ORDER = (
    *(
        "never",
        "cut",
        "limit",
        "name",
        "unproved",
        "size",
        "blocked",
        "void",
        "recycled",
        "withdrawn",
        "no_consent",
        "candidate",
    ),
    *("ended", "shared", "unused", "retired", "no_evidence"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """From one identifier to the next by a link, which may be people's `decision`."""

    source: Node
    target: Node
    link: Link
    decision: Decision | None


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that stands between two customers.

    `code`: see `_ORDER`. `detail`: the limit broken, as type@scope. `via`: the value that both share, where neither
    owns it. `candidate`: a row of the proposals, below the threshold or undecided.
    """

    code: str
    detail: str = ""
    link: Link | None = None
    decision: Decision | None = None
    via: Node | None = None
    candidate: Any = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """`path` when together, `reasons` when not. `nodes`: every identifier that is named, by id."""

    together: bool
    a: Node
    b: Node
    path: list[Step] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    nodes: Mapping[int, Node] = field(default_factory=dict)


def explain(sources: Sources, a: Node, b: Node) -> Explanation:
    """Explain two identifiers."""
    found = graphs(sources, {a.customer_id, b.customer_id})
    left, right = found[a.customer_id], found[b.customer_id]
    if a.customer_id == b.customer_id:
        return Explanation(True, a, b, path=path(left, a, b), nodes=left.nodes)
    return Explanation(False, a, b, reasons=reasons(sources, left, right), nodes={**left.nodes, **right.nodes})


def path(found: Graph, a: Node, b: Node) -> list[Step]:
    """The shortest path between two members, over links that hold, people's among them.

    Of equally short ones that with the earlier evidence at each step. Empty when both are the same, or when the tick
    has not yet drawn its conclusions.
    """
    own = found.members
    edges: dict[int, list[tuple[int, int, int, Link]]] = {number: [] for number in own}
    for link in found.links:
        if link.status in _HOLDS and link.a in own and link.b in own:
            edges[link.a].append((link.first_time, link.link_id, link.b, link))
            edges[link.b].append((link.first_time, link.link_id, link.a, link))
    came: dict[int, tuple[int, Link | None]] = {a.identifier_id: (a.identifier_id, None)}
    border = [a.identifier_id]
    while border and b.identifier_id not in came:
        # All steps out of the border at once, the earliest evidence first: it decides who is reached from where.
        steps = [(*step, start) for start in border for step in edges[start]]
        border = []
        for _, _, end, link, start in sorted(steps, key=lambda step: (*step[:3], step[4])):
            if end not in came:
                came[end] = (start, link)
                border.append(end)
    rulings = {one.id: one for one in found.rulings}
    back: list[Step] = []
    end = b.identifier_id
    while end in came and end != a.identifier_id:
        start, taken = came[end]
        if taken is not None:
            back.append(Step(own[start], own[end], taken, rulings.get(taken.decision or 0)))
        end = start
    return back[::-1]


def reasons(sources: Sources, left: Graph, right: Graph) -> list[Reason]:
    """Everything known that stands between two customers, the weightiest first; never empty."""
    one, other = left.members, right.members
    direct = {
        link.link_id: link
        for link in (*left.links, *right.links)
        if (link.a in one and link.b in other) or (link.a in other and link.b in one)
    }
    found = [_of_link(link) for link in direct.values()]
    found += _rulings(left, one, other)
    found += _recycled(one, other)
    found += _via(left, right)
    with sources.state.read() as connection:
        rows = between(connection, list(one), list(other))
    found += [Reason("candidate", row.status, candidate=row) for row in rows if row.status not in ("joined", "merged")]
    if not found:
        return [Reason("no_evidence")]
    rank = {code: place for place, code in enumerate(_ORDER)}
    return sorted(found, key=lambda reason: rank.get(reason.code, len(rank)))[:MAX_REASONS]


def _of_link(link: Link) -> Reason:
    if link.status == "conflict":
        code, _, detail = link.reason.partition(":")
        return Reason(reason_code(code), detail, link=link)
    # A link that holds between two customers: the tick is at it, or the value went to another owner since.
    return Reason("ended" if link.status in _HOLDS else link.status, link.reason, link=link)


def _rulings(left: Graph, one: Mapping[int, Node], other: Mapping[int, Node]) -> Iterable[Reason]:
    for ruling in left.rulings:
        ends = (ruling.a, ruling.b)
        across = (ends[0] in one and ends[1] in other) or (ends[0] in other and ends[1] in one)
        if across and ruling.kind in ("never", "split"):
            yield Reason("never", ruling.kind, decision=ruling)


def _recycled(one: Mapping[int, Node], other: Mapping[int, Node]) -> Iterable[Reason]:
    """Values that went from one of the two to the other, with the identifier of the later owner."""
    left = {node.base: node for node in one.values()}
    for node in other.values():
        if node.base in left:
            yield Reason("recycled", via=max(node, left[node.base], key=lambda tenure: tenure.generation))


def _via(left: Graph, right: Graph) -> Iterable[Reason]:
    """Values of third parties that both have evidence with: void ones above all."""
    own = {*left.members, *right.members}
    shared = {**{n: node for n, node in left.nodes.items() if n in right.nodes and n not in own}}
    for number, node in sorted(shared.items()):
        touching = [link for link in (*left.links, *right.links) if number in (link.a, link.b)]
        statuses = {link.status for link in touching}
        code = next((one for one in ("blocked", "void", "withdrawn", "no_consent", "cut") if one in statuses), "shared")
        link = next((link for link in touching if link.status == code), touching[0])
        yield Reason(code, link.reason, link=link, via=node)
