"""Identifiers and links of made-up customers for the benchmarks of identity, as arrays.

A person has a phone, a WeChat unionid with two openids, a membership number, a device and a browser. Now and then a
phone is a relative's, a shop assistant's, or was another person's a year ago: so links meet limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from onepool.identity.graph import Graph
from onepool.identity.registry import Registry, TypeRule

I64 = npt.NDArray[np.int64]

DAY = 86_400_000_000
YEAR = 365 * DAY
KINDS = (
    ("phone", ""),
    ("unionid", "wx"),
    ("member_no", "club"),
    ("openid", "mini"),
    ("openid", "account"),
    ("device", "app"),
    ("anonymous_id", "site"),
)
RULES = {
    "phone": TypeRule("strong", 50, max_per_customer=5, max_customers=3, recycle_days=90),
    "unionid": TypeRule("strong", 90, verified=True, max_per_customer=1),
    "member_no": TypeRule("strong", 70, max_per_customer=1),
    "openid": TypeRule("strong", 80, verified=True, max_per_customer=2),
    "device": TypeRule("weak", 10, max_customers=20, lifetime_days=180),
    "anonymous_id": TypeRule("weak", 5, max_customers=20),
}
# What an event carries, and how often: the WeChat pages, the till, the app, the site.
_CARRIES = ((1, 3), (1, 4), (2, 0), (2, 1), (2, 5), (2, 6), (3, 0))
_SHARES = (0.26, 0.08, 0.22, 0.12, 0.14, 0.12, 0.06)


@dataclass(frozen=True)
class Stream:
    """Identifiers numbered in order of birth, shape (n,), and links as they come, shape (m,), a < b, times in µs."""

    kind: I64
    rank: npt.NDArray[np.uint64]
    witness: I64
    a: I64
    b: I64
    source: I64
    time: I64

    @property
    def links(self) -> int:
        return self.a.size

    def born(self, start: int, end: int) -> tuple[int, int]:
        """The identifiers that links start..end name for the first time: from, to."""
        before = int(self.b[:start].max(initial=-1)) + 1
        return before, max(before, int(self.b[start:end].max(initial=-1)) + 1)


def stream(links: int, persons: int, seed: int = 1) -> Stream:
    """So many links of so many persons over a year; the same for the same arguments."""
    chance = np.random.default_rng(seed)
    person = (persons * chance.random(links) ** 1.5).astype(np.int64)
    carried, time, left, right = _seen(person, persons, chance)
    found, first, inverse = np.unique(np.stack([left, right], axis=1), return_index=True, return_inverse=True)
    birth = np.argsort(first, kind="stable")
    number = np.empty(found.size, np.int64)
    number[birth] = np.arange(found.size)
    ends = np.sort(number[inverse.reshape(-1, 2)], axis=1)
    return Stream(**_properties(found[birth]), a=ends[:, 0].copy(), b=ends[:, 1].copy(), source=carried, time=time)


def crowd(identifiers: int, links: int, seed: int = 1) -> Stream:
    """So many identifiers, in no order, and so many links among them, for a solve from scratch."""
    chance = np.random.default_rng(seed)
    assistants = max(1, identifiers // 50_000)
    persons = identifiers // len(KINDS) - assistants
    carried, time, left, right = _seen(chance.integers(0, persons, links), persons, chance)
    number = chance.permutation(identifiers)
    raw = np.empty(identifiers, np.int64)
    raw[number] = np.arange(identifiers)
    a, b = number[left], number[right]
    return Stream(**_properties(raw), a=np.minimum(a, b), b=np.maximum(a, b), source=carried, time=time)


def _seen(person: I64, persons: int, chance: np.random.Generator) -> tuple[I64, I64, I64, I64]:
    """What was carried, when, and the two identifiers of each link, as person * kinds + kind."""
    links = person.size
    carried = chance.choice(len(_CARRIES), links, p=_SHARES)
    pairs = np.array(_CARRIES)[carried]
    time = np.arange(links, dtype=np.int64) * (YEAR // max(links, 1))
    owner = person.copy()
    typed = pairs[:, 1] == 0
    relative = typed & (chance.random(links) < 0.01)
    owner[relative] = np.minimum(owner[relative] ^ 1, persons - 1)
    assistant = typed & (chance.random(links) < 0.0005)
    owner[assistant] = persons + person[assistant] // 10_000
    handed_on = typed & (time > YEAR * 4 // 5) & (person % 50 == 0)
    owner[handed_on] = person[handed_on] // 2
    return carried.astype(np.int64), time, person * len(KINDS) + pairs[:, 0], owner * len(KINDS) + pairs[:, 1]


def _properties(raw: I64) -> dict[str, Any]:
    """Kind, rank and name of identifiers."""
    kind, holder = raw % len(KINDS), raw // len(KINDS)
    named = (kind == 2) & (holder % 2 == 0)
    name = (1 + (holder // 2) % 100) << 32 | (1 + holder % 300) << 16 | (1 + holder % 7)
    return {"kind": kind, "rank": _mixed(raw.astype(np.uint64)), "witness": np.where(named, name, 0)}


def _mixed(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """SplitMix64 over the numbers: as good as hashes of values."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ x >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ x >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return x ^ x >> np.uint64(31)


@numba.njit(cache=True)
def union_find(size, a, b):  # type: ignore[no-untyped-def]
    """Connected components without any limit, shape (size,): the least that customers cost on one core."""
    parent = np.arange(size, dtype=np.int32)
    for i in range(a.size):
        x, y = a[i], b[i]
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        while parent[y] != y:
            parent[y] = parent[parent[y]]
            y = parent[y]
        if x < y:
            parent[y] = x
        elif y < x:
            parent[x] = y
    for x in range(size):
        parent[x] = parent[parent[x]]
    return parent


def registry() -> Registry:
    """The rules of the benchmarks, limits on."""
    return Registry(RULES)


def numbered(graph: Graph) -> tuple[I64, I64, I64]:
    """The graph's numbers of types and slots, by kind, and of sources."""
    return (
        np.array([graph.type_number(kind) for kind, _ in KINDS]),
        np.array([graph.slot_number(*slot) for slot in KINDS]),
        np.array([graph.source_number("same_event", f"t{n}") for n in range(len(_CARRIES))]),
    )


class Feed:
    """A compiled graph that is given a stream piece by piece."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.graph = Graph(registry())
        self._types, self._slots, self._sources = numbered(self.graph)
        self.node = np.empty(stream.kind.size, np.int64)
        """The graph's number of each identifier: further tenures of old ones are numbered among the new ones."""
        self._born = 0

    def give_identifiers(self, until: int) -> None:
        """Identifiers up to a number, with their names."""
        start, self._born = self._born, until
        some = slice(start, until)
        kind = self.stream.kind[some]
        nothing = np.zeros(until - start, np.int64)
        first = self.graph.add(self._types[kind], self._slots[kind], self.stream.rank[some], nothing)
        self.node[some] = np.arange(first, first + until - start)
        named = np.flatnonzero(self.stream.witness[some]) + start
        self.graph.restore_names(self.node[named], self.stream.witness[named])

    def give(self, start: int, end: int) -> I64:
        """Links start..end, live; returns their numbers in the graph."""
        some, stream = slice(start, end), self.stream
        until = int(stream.b[some].max()) + 1
        if until > self._born:
            self.give_identifiers(until)
        self.graph.begin()
        a, b, time = self.node[stream.a[some]], self.node[stream.b[some]], stream.time[some]
        return self.graph.link(a, b, self._sources[stream.source[some]], time, time)

    def give_all_at_once(self) -> None:
        """The whole stream, to be solved from scratch by the caller."""
        stream = self.stream
        self.give_identifiers(stream.kind.size)
        self.graph.restore_links(
            self.node[stream.a],
            self.node[stream.b],
            self._sources[stream.source],
            np.zeros(stream.links, np.int8),
            stream.time,
            stream.time,
            np.zeros(stream.links, np.int8),
        )
