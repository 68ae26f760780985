"""Facts that customers follow from: identifiers and their types, links, decisions, consents; and what holds of them.

Times are int microseconds UTC.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

DAY = 86_400_000_000
BY_RULE, BY_LIKELIHOOD = 0, 1
TYPED, PROVED = 1, 2
BEGINNING = -(2**63)
"""valid_from of every first tenure."""

Key = tuple[int, int]
"""A node: identifier id and tenure, 0 for the first."""
Slot = tuple[str, str]
"""Type and scope of an identifier: what a customer has at most `max_per_customer` of."""
Span = tuple[int, int, bool]
"""Of the usable links of a pair: earliest first time, latest last time, whether all are in doubt."""
Consent = Literal["unknown", "granted", "withdrawn"]


@dataclass(frozen=True, slots=True)
class TypeLimits:
    """What holds for the identifiers of one type; None means no limit. `contact`: a phone or an address, which people
    type in and share, unlike an account."""

    strength: Literal["strong", "weak", "never"] = "strong"
    priority: int = 0
    verified: bool = False
    contact: bool = False
    max_per_customer: int | None = None
    max_customers: int | None = None
    recycle_days: int | None = None
    lifetime_days: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Rules of a workspace. `names`: whether incompatible names keep identifiers apart. `most_links`: an identifier
    with more links by rules to strong ones, usable or not, is void as a whole. `contacts`: which links by a
    contact are in doubt: none (trust), those where it was merely typed, those where it was not proved."""

    types: Mapping[str, TypeLimits]
    max_identifiers: int = 500
    names: bool = True
    most_links: int = 1_000
    contacts: Literal["trust", "typed", "proved"] = "typed"


@dataclass(slots=True)
class Node:
    """An identifier. `witness`: code of the name given with it, 0 unknown; `last_seen`: time of its latest event.
    `rank`: that of its key, if none is given."""

    id: int
    type: str
    scope: str
    value: str
    witness: int = 0
    last_seen: int = 0
    blocked: bool = False
    rank: int = -1

    def __post_init__(self) -> None:
        if self.rank < 0:
            self.rank = rank_of(self.type, self.scope, self.value)

    @property
    def slot(self) -> Slot:
        """Type and scope."""
        return self.type, self.scope


@dataclass(slots=True)
class Edge:
    """A link: evidence that identifiers a and b are one person. By a rule, or by likelihood (then of tenures).
    `trust`: how a contact became known: 0 unsaid, 1 typed, 2 proved."""

    id: int
    a: int
    b: int
    first: int
    last: int
    kind: int = 0
    basis: Literal["free", "consent", "never"] = "free"
    rule: str = "same_event"
    tenure_a: int = 0
    tenure_b: int = 0
    trust: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's ruling; ids ascend in time. `pairs` are those of a cut, `undoes` the decision that an undo lifts."""

    id: int
    kind: Literal["merge", "never", "cut", "block", "undo"]
    a: Key = (-1, 0)
    b: Key = (-1, 0)
    pairs: tuple[tuple[int, int], ...] = ()
    undoes: int = -1


@dataclass(frozen=True, slots=True)
class Rulings:
    """Decisions in force: merges by decision id, pairs of nodes never joined, cut pairs and blocked identifiers."""

    merges: dict[int, tuple[Key, Key]]
    never: frozenset[tuple[Key, Key]]
    cut: frozenset[tuple[int, int]]
    blocked: frozenset[int]


def rank_of(kind: str, scope: str, value: str) -> int:
    """64 bits of the identifier's key, to break ties without regard to the order of birth."""
    return int.from_bytes(blake2b("\x1f".join((kind, scope, value)).encode(), digest_size=16).digest()[:8], "little")


def mix(x: int) -> int:
    """The finalizer of SplitMix64 (Steele, Lea, Flood 2014)."""
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    x = (x ^ x >> 27) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
    return x ^ x >> 31


def in_doubt(edge: Edge, by_id: Mapping[int, Node], limits: Limits) -> bool:
    """Whether a link is by a contact that may be somebody else's."""
    if edge.kind != BY_RULE or limits.contacts == "trust":
        return False
    if not (edge.trust == TYPED if limits.contacts == "typed" else edge.trust != PROVED):
        return False
    return limits.types[by_id[edge.a].type].contact or limits.types[by_id[edge.b].type].contact


def agree(x: int, y: int) -> bool:
    """Whether two name codes are of the same whole name."""
    return x == y and x >> 32 != 0 and x >> 16 & 0xFFFF != 0


def pair(a: int, b: int) -> tuple[int, int]:
    """Both in ascending order."""
    return (a, b) if a <= b else (b, a)


def in_force(decisions: Iterable[Decision]) -> Rulings:
    """The rulings that hold: the latest of merge and never for a pair; a cut until undone or merged again later."""
    undone: set[int] = set()
    standing = []
    for one in sorted(decisions, key=lambda one: -one.id):
        if one.id in undone:
            continue
        if one.kind == "undo":
            undone.add(one.undoes)
        else:
            standing.append(one)
    joint: dict[tuple[Key, Key], Decision] = {}
    cut: set[tuple[int, int]] = set()
    for one in reversed(standing):
        if one.kind in ("merge", "never"):
            ends = (one.a, one.b) if one.a <= one.b else (one.b, one.a)
            joint[ends] = one
            if one.kind == "merge":
                cut.discard(pair(one.a[0], one.b[0]))
        elif one.kind == "cut":
            cut.update(pair(a, b) for a, b in one.pairs)
    return Rulings(
        merges={one.id: ends for ends, one in joint.items() if one.kind == "merge" and one.a != one.b},
        never=frozenset(ends for ends, one in joint.items() if one.kind == "never"),
        cut=frozenset(cut),
        blocked=frozenset(one.a[0] for one in standing if one.kind == "block"),
    )


def consent_of(events: Sequence[tuple[int, bool]]) -> Consent:
    """State after (time, granted) events in any order: the latest counts, at one time the withdrawal."""
    if not events:
        return "unknown"
    return "granted" if max(events, key=lambda event: (event[0], not event[1]))[1] else "withdrawn"


def fault(a: int, b: int, basis: str, idle: Collection[int], consent: Mapping[int, Consent], rulings: Rulings) -> str:
    """Why a link of a and b can't be used, empty if it can; `idle` are identifiers blocked or never joining."""
    if a in idle or b in idle:
        return "blocked"
    states = (consent.get(a, "unknown"), consent.get(b, "unknown"))
    if "withdrawn" in states:
        return "withdrawn"
    if basis == "never" or (basis == "consent" and "granted" not in states):
        return "no_consent"
    return "cut" if pair(a, b) in rulings.cut else ""
