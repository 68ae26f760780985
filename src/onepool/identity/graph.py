"""The graph of identifiers and links with its customers, in memory: taken in live, or solved from scratch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onepool.identity import batch, live
from onepool.identity import kernel as compiled
from onepool.identity.answers import Answers
from onepool.identity.arrays import (
    A_AT,
    B_AT,
    BASE,
    BATCH,
    BORN,
    BORN_LOG,
    CONSENT_OF,
    CUSTOMER,
    DEGREE,
    EDGE_LOG,
    EDGES,
    EDGES_LOG,
    FIRST,
    FULL,
    IS_BLOCKED,
    KIND,
    LAST,
    LAST_SEEN,
    LATER,
    LATER_TENURE,
    LOG,
    NODE_LOG,
    NODES,
    OFF,
    PAIR_OFF,
    PAIRS,
    RANK,
    RETIMED,
    RETIMED_LOG,
    RING,
    SLOT,
    SOURCE,
    STRONG_HEAD,
    TAIL,
    TRUST,
    TYPE,
    VALID_FROM,
    WAS,
    WEAK_HEAD,
    WITNESS,
    A,
    Arrays,
    B,
    grown,
)
from onepool.identity.registry import Registry
from onepool.identity.rulings import Rulings
from onepool.identity.tenures import ROOM

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Changes:
    """What one batch changed, each array ascending.

    `nodes`, `was`: nodes whose customer is another now, and whose they were. `born`: tenures that are new nodes.
    `edges`: links that are new, seen again or have another status. `retimed`: identifiers whose tenures changed.
    """

    nodes: I64
    was: I64
    born: I64
    edges: I64
    retimed: I64


class Graph(Answers):
    """Identifiers 0..n-1 in order of birth, and what joins them: what changes them is here, what is asked of them is in
    `Answers`. Not safe for use by several threads at once."""

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self._pairs: dict[tuple[int, int], int] = {}
        self._listed = True

    def copy(self) -> Graph:
        """The same facts apart, to try something on."""
        other = Graph(self.registry)
        other._g = self._g._replace(**{name: table.copy() for name, table in self._g._asdict().items()})
        other._types, other._slots, other._sources = dict(self._types), dict(self._slots), dict(self._sources)
        other._slot_names, other._source_names = list(self._slot_names), list(self._source_names)
        other._pairs, other._listed = dict(self._pairs), self._listed
        return other

    # rules

    def set_rules(self, registry: Registry) -> None:
        """Take other rules and solve everything under them."""
        self.registry = registry
        self._rule_settings()
        self.solve()

    # taking in

    def begin(self) -> None:
        """Start a batch: what changes from here on is told by `changes`."""
        g = self._g
        g.counts[[NODE_LOG, EDGE_LOG, RETIMED, BORN]] = 0
        g.counts[BATCH] += 1

    def changes(self) -> Changes:
        """What changed since `begin`."""
        g = self._g
        nodes = np.sort(g.n32[LOG, : g.counts[NODE_LOG]])
        was = g.n32[WAS, nodes].astype(np.int64)
        moved = was != g.n32[CUSTOMER, nodes]
        return Changes(
            nodes=nodes[moved].astype(np.int64),
            was=was[moved],
            born=np.sort(g.n32[BORN_LOG, : g.counts[BORN]]).astype(np.int64),
            edges=np.sort(g.e32[EDGES_LOG, : g.counts[EDGE_LOG]]).astype(np.int64),
            retimed=np.sort(g.n32[RETIMED_LOG, : g.counts[RETIMED]]).astype(np.int64),
        )

    def add(self, types: I64, slots: I64, ranks: npt.NDArray[np.uint64], last_seen: I64) -> int:
        """New identifiers of shape (k,), each its own customer; returns the first one's number."""
        start, count = len(self), types.size
        self._room(nodes=count)
        g = self._g
        end = start + count
        numbers = np.arange(start, end)
        g.n32[BASE, start:end] = g.n32[CUSTOMER, start:end] = g.n32[RING, start:end] = numbers
        g.n32[TYPE, start:end] = types
        g.n32[SLOT, start:end] = slots
        g.n64[RANK, start:end] = ranks.view(np.int64)
        if last_seen.any():
            # Where nothing is to say: memory that is not written is not used.
            g.n64[LAST_SEEN, start:end] = last_seen
        g.counts[NODES] = end
        return start

    def add_tenures(self, nodes: I64, bases: I64) -> None:
        """Say of nodes, added as identifiers just before, that they are further tenures of others; ascending."""
        g = self._g
        for node, base in zip(nodes.tolist(), bases.tolist(), strict=True):
            end = base
            while g.n32[LATER_TENURE, end]:
                end = int(g.n32[LATER_TENURE, end]) - 1
            g.n32[LATER_TENURE, end] = node + 1
            g.n32[BASE, node] = base
            g.n64[RANK, node] = g.n64[RANK, base]
            g.n64[VALID_FROM, node] = LATER

    def link(self, a: I64, b: I64, source: I64, first: I64, last: I64, trust: I64 | None = None) -> I64:
        """Take in links of events between base identifiers, a < b, times in µs. Returns the number of each link.

        `trust`: UNSAID, TYPED or PROVED, how a contact among the two became known.
        """
        self._lists()
        self._room(nodes=0, edges=a.size)
        trust = np.zeros(a.size, np.int64) if trust is None else trust
        edge = np.empty(a.size, np.int64)
        done = 0
        while done < a.size:
            self._room(nodes=2 * ROOM)
            done = live.take_links(self._g, a, b, source, first, last, trust, edge, done)
        self._g.counts[FULL] = 0
        return edge

    def restore_links(
        self,
        a: I64,
        b: I64,
        source: I64,
        kind: I64,
        first: I64,
        last: I64,
        off: npt.NDArray[np.int8],
        trust: I64 | None = None,
    ) -> None:
        """Append links known from before without concluding anything; `solve` has to follow."""
        self._listed = False
        start, end = self.edges, self.edges + a.size
        self._room(nodes=0, edges=a.size)
        g = self._g
        g.e32[A, start:end] = g.e32[A_AT, start:end] = a
        g.e32[B, start:end] = g.e32[B_AT, start:end] = b
        g.e32[SOURCE, start:end] = source
        for row, given in ((KIND, kind), (OFF, off), (TRUST, trust)):
            # Mostly nothing to say: memory that is not written is not used.
            if given is not None and given.any():
                g.e8[row, start:end] = given
        g.e64[FIRST, start:end] = first
        g.e64[LAST, start:end] = last
        g.counts[EDGES] = end

    def solve(self, thorough: bool = False, threads: int | None = None) -> None:
        """Everything from scratch, under the present rules. Nothing is told by `changes`; compare `customer`.

        `thorough`: without the short ways, to check them; `threads`: on so many, else as many as are worth it. The
        answer is the same.
        """
        self.begin()
        self._listed = False
        batch.solve(self._with_room, thorough, threads)

    def _with_room(self, nodes: int) -> Arrays:
        self._room(nodes)
        return self._g

    def _lists(self) -> None:
        """Have the lists of half-edges, which a solve from scratch does not need."""
        if not self._listed:
            batch.hang_all(self._g)
            self._listed = True

    def touch(self, nodes: Sequence[int] | I64) -> None:
        """Solve again around base identifiers of which something changed."""
        self._lists()
        wanted = np.unique(np.asarray(nodes, np.int64))
        done = 0
        while done < wanted.size:
            self._room(nodes=2 * ROOM + int(self._g.n32[DEGREE, wanted[done]]))
            done = live.touch(self._g, wanted, done)

    # facts about identifiers

    def see(self, nodes: I64, last: I64) -> None:
        """Note when base identifiers were seen, and solve again where a device is without owner by that."""
        g = self._g
        before = g.n64[LAST_SEEN, nodes]
        np.maximum.at(g.n64[LAST_SEEN], nodes, last)
        tail = g.n64[TAIL, nodes]
        passed = nodes[(tail != 0) & (before < tail) & (last >= tail)]
        if passed.size:
            self.touch(passed)

    def name(self, nodes: I64, codes: I64) -> None:
        """Note the name last heard with base identifiers."""
        self._lists()
        g = self._g
        changed = nodes[g.n64[WITNESS, nodes] != codes]
        g.n64[WITNESS, nodes] = codes
        linked = changed[g.n32[STRONG_HEAD, changed] != 0]
        if linked.size and self.registry.names_matter:
            self.touch(linked)

    def consent(self, nodes: I64, words: npt.NDArray[np.int8]) -> None:
        """Note the last word of consent of base identifiers."""
        g = self._g
        changed = nodes[g.n8[CONSENT_OF, nodes] != words]
        g.n8[CONSENT_OF, nodes] = words
        self.touch(changed)

    def block(self, nodes: I64, blocked: bool) -> None:
        """Rule that base identifiers name nobody, or that they do."""
        self._g.n8[IS_BLOCKED, nodes] = blocked
        self.touch(nodes)

    # rulings

    def ruled(self, a: int, b: int, kind: int, order: int, source: int) -> int:
        """A link that a person (DECISION, `order` its number) or a model (LIKELIHOOD) wants. Returns its number."""
        self._lists()
        self._room(nodes=0, edges=1)
        edge = int(live.new_edge(self._g, a, b, source, kind, order, order))
        self._touch_ends(edge)
        return edge

    def set_off(self, edges: int | I64, off: int) -> None:
        """Take links out (1 withdrawn, 2 cut by a ruling) or back in (0)."""
        self._lists()
        wanted = np.atleast_1d(np.asarray(edges, np.int64))
        done = 0
        while done < wanted.size:
            self._room(nodes=2 * ROOM)
            done = live.turn(self._g, wanted, off, done)
        self._g.counts[FULL] = 0

    def restore_rulings(self, rulings: Rulings) -> None:
        """Take up rulings whose links are there, without concluding anything; `solve` has to follow."""
        g = self._g
        for node in rulings.blocked:
            g.n8[IS_BLOCKED, g.n32[BASE, node]] = 1
        for pair in sorted(rulings.never):
            self._pair(*pair)
        for pair in rulings.cuts:
            for edge in self.edges_between(*pair):
                if not self.is_off(edge):
                    g.e8[OFF, edge] = 2

    def edges_between(self, a: int, b: int, kind: int | None = None) -> list[int]:
        """All links between two nodes, or those of a kind."""
        self._lists()
        g = self._g
        found = []
        for head in (STRONG_HEAD, WEAK_HEAD):
            half = int(g.n32[head, g.n32[BASE, a]]) - 1
            while half >= 0:
                edge = half >> 1
                ends = {int(g.e32[A, edge]), int(g.e32[B, edge])}
                if ends == {a, b} and (kind is None or int(g.e8[KIND, edge]) == kind):
                    found.append(edge)
                half = int(compiled.following(g, half))
        return sorted(set(found))

    def never(self, a: int, b: int, holds: bool = True) -> None:
        """Rule that two nodes are never one customer, or take that back."""
        half = self._pair(min(a, b), max(a, b))
        self._g.pairs[PAIR_OFF, half : half + 2] = 0 if holds else 1
        self.touch(self._g.n32[BASE, [a, b]].astype(np.int64))

    def _pair(self, a: int, b: int) -> int:
        if (a, b) not in self._pairs:
            if self._g.counts[PAIRS] + 2 > self._g.pairs.shape[1]:
                self._g = grown(self._g, ("pairs",), 2 * self._g.pairs.shape[1])
            self._pairs[a, b] = int(live.add_pair(self._g, a, b))
        return self._pairs[a, b]

    def _touch_ends(self, edge: int) -> None:
        g = self._g
        compiled.touch_edge(g, edge)
        self.touch(g.n32[BASE, g.e32[[A, B], edge]].astype(np.int64))

    def restore_names(self, nodes: I64, codes: I64) -> None:
        """Names known from before; `solve` has to follow."""
        self._g.n64[WITNESS, nodes] = codes

    def restore_consents(self, nodes: I64, words: npt.NDArray[np.int8]) -> None:
        """Words of consent known from before; `solve` has to follow."""
        self._g.n8[CONSENT_OF, nodes] = words
