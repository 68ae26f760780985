"""Small worlds for the tests of identity: few identifiers, tight limits, so that contradictions are common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import prod

from hypothesis import strategies as st

from onepool.identity.twin import Solution, solve
from onepool.identity.twin_facts import DAY, Decision, Edge, Key, Limits, Node, TypeLimits
from onepool.identity.twin_live import LiveTwin
from onepool.identity.witness import pack

TYPES = {
    "phone": TypeLimits(priority=5, contact=True, max_per_customer=2, max_customers=2, recycle_days=90),
    "member_no": TypeLimits(priority=7, max_per_customer=1),
    "unionid": TypeLimits(priority=9, verified=True, max_per_customer=1),
    "openid": TypeLimits(priority=8, verified=True),
    "email": TypeLimits(priority=8, contact=True, max_customers=2),
    "device": TypeLimits("weak", max_customers=3, lifetime_days=30),
    "anonymous_id": TypeLimits("weak"),
    "order_token": TypeLimits("never"),
}
_COMMON = ["phone", "phone", "phone", "member_no", "member_no", "unionid", "openid", "email", "device", "anonymous_id"]
NAMES = [0, 0, pack(1, 1, 0), pack(1, 2, 0), pack(1, 0, 0), pack(2, 0, 0), pack(3, 1, 2), pack(0, 2, 0)]


@dataclass
class Facts:
    """All that was said so far; `solve` is what follows from it."""

    limits: Limits
    nodes: list[Node]
    edges: dict[int, Edge] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    consents: dict[int, list[tuple[int, bool]]] = field(default_factory=dict)

    def add(self, edges: Iterable[Edge]) -> None:
        """Links seen, new ones or known ones again."""
        for edge in edges:
            known = self.edges.setdefault(edge.id, replace(edge))
            known.first, known.last = min(known.first, edge.first), max(known.last, edge.last)
            known.trust = max(known.trust, edge.trust)

    def solve(self, limits: Limits | None = None) -> Solution:
        """Customers by definition."""
        return solve(self.nodes, self.edges.values(), self.decisions, self.consents, limits or self.limits)

    def live(self, limits: Limits | None = None) -> LiveTwin:
        """An engine with the identifiers and nothing else yet."""
        engine = LiveTwin(limits or self.limits)
        engine.add_nodes([replace(node) for node in self.nodes])
        return engine

    def told(self, limits: Limits | None = None) -> LiveTwin:
        """An engine that was told everything in one go."""
        engine = self.live(limits)
        engine.add_links([replace(edge) for edge in self.edges.values()])
        for decision in self.decisions:
            engine.decide(decision)
        for number, events in self.consents.items():
            for time, granted in events:
                engine.consent(number, time, granted)
        return engine


def sets_of(solution: Solution) -> dict[Key, set[Key]]:
    """The nodes of each customer."""
    sets: dict[Key, set[Key]] = {}
    for node, customer in solution.customer.items():
        sets.setdefault(customer, set()).add(node)
    return sets


def strong(facts: Facts, key: Key) -> bool:
    """Whether a node joins others."""
    return facts.limits.types[facts.nodes[key[0]].type].strength == "strong"


days = st.integers(0, 400).map(lambda n: n * DAY) | st.integers(0, 4).map(lambda n: n * 100 * DAY)
_SHARED = {kind: replace(TYPES[kind], max_customers=6) for kind in ("phone", "email")}
limits = st.builds(
    Limits,
    st.sampled_from([TYPES, {**TYPES, **_SHARED}]),
    max_identifiers=st.sampled_from([3, 5, 8, 100]),
    names=st.sampled_from([True, True, True, False]),
    most_links=st.sampled_from([5, 8, 1000, 1000]),
    contacts=st.sampled_from(["trust", "typed", "typed", "proved"]),
)


def parts(number: int, *sizes: int) -> list[int]:
    """A number below the product of the sizes as one number below each of them.

    Hypothesis needs as long for each draw as the engines for a whole link. So what belongs together is one draw; below
    2**24, as it prefers small ones among larger numbers.
    """
    found = []
    for size in sizes:
        number, rest = divmod(number, size)
        found.append(rest)
    return found


def _node(number: int, drawn: int) -> Node:
    kind, scope, name, token, blocked = parts(drawn, len(_COMMON), 2, len(NAMES), 31, 31)
    return Node(
        number,
        "order_token" if token == 30 else _COMMON[kind],
        ("", "x")[scope],
        f"v{number}",
        NAMES[name],
        blocked=blocked == 30,
    )


_nodes = st.integers(0, len(_COMMON) * 2 * len(NAMES) * 31 * 31 - 1)


@st.composite
def worlds(draw: st.DrawFn, least: int = 4, most: int = 10) -> Facts:
    """Limits and identifiers."""
    drawn = draw(st.lists(_nodes, min_size=least, max_size=most))
    return Facts(draw(limits), [_node(*one) for one in enumerate(drawn)])


_LENGTHS = [0, 0, 0, 3 * DAY, 100 * DAY]
_BASES = ["free"] * 6 + ["consent", "never"]
_WHEN = 401 * 2
_HOW = (12, len(_LENGTHS), len(_BASES), 4, 3, 3)
_how = st.integers(0, prod(_HOW) - 1)


@st.composite
def links(draw: st.DrawFn, facts: Facts, number: int) -> Edge:
    """A link between two identifiers of the world."""
    size = len(facts.nodes)
    day, near, far = parts(draw(st.integers(0, _WHEN * size * (size - 1) - 1)), _WHEN, size, size - 1)
    a, b = sorted((near, far + (far >= near)))
    first = day * DAY if day < 401 else day % 5 * 100 * DAY
    likely, length, basis, trust, tenure_a, tenure_b = parts(draw(_how), *_HOW)
    return Edge(
        number,
        a,
        b,
        first,
        first + _LENGTHS[length],
        kind=int(likely == 11),
        basis=_BASES[basis],  # type: ignore[arg-type]
        tenure_a=int(tenure_a == 2) if likely == 11 else 0,
        tenure_b=int(tenure_b == 2) if likely == 11 else 0,
        trust=(1, 0, 1, 2)[trust],
    )


@st.composite
def rulings(draw: st.DrawFn, facts: Facts) -> Decision:
    """A decision about identifiers of the world, or the undoing of one."""
    number, size = len(facts.decisions) + 1, len(facts.nodes)
    a = draw(st.integers(0, size - 2))
    b = draw(st.integers(a + 1, size - 1))
    kinds = ["merge", "merge", "never", "never", "cut", "block"] + ["undo"] * (3 if facts.decisions else 0)
    kind = draw(st.sampled_from(kinds))
    if kind == "undo":
        return Decision(number, "undo", undoes=draw(st.integers(1, number - 1)))
    if kind == "cut":
        return Decision(number, "cut", pairs=((a, b),))
    if kind == "block":
        return Decision(number, "block", (a, 0))
    later = st.sampled_from([0, 0, 0, 1])
    return Decision(number, kind, (a, draw(later)), (b, draw(later)))  # type: ignore[arg-type]


@st.composite
def histories(draw: st.DrawFn, links_at_most: int = 25) -> Facts:
    """A world with evidence, decisions and consents in it."""
    facts = draw(worlds())
    facts.add(draw(links(facts, number)) for number in range(draw(st.integers(0, links_at_most))))
    for _ in range(draw(st.integers(0, 4))):
        facts.decisions.append(draw(rulings(facts)))
    for _ in range(draw(st.integers(0, 3))):
        granted = bool(draw(st.integers(0, 3)))
        number = draw(st.integers(0, len(facts.nodes) - 1))
        facts.consents.setdefault(number, []).append((draw(st.integers(0, 9)), granted))
    for node in facts.nodes:
        node.last_seen = draw(days)
    return facts
