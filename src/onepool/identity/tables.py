"""The tables of a graph of identifiers and links, and the numbers that types, slots and sources have in them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from onepool.identity.arrays import (
    BASE,
    CUSTOMER,
    DOUBTED,
    EDGES,
    FULL,
    LIMIT,
    MOST,
    NAMES,
    NODES,
    SLOT_RANK,
    Arrays,
    empty,
    grown,
)
from onepool.identity.registry import Registry, slot_rank

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]

_NODE_TABLES = ("n8", "n32", "n64")
_EDGE_TABLES = ("e8", "e32", "e64")


class Tables:
    """Identifiers 0..n-1 in order of birth and links 0..m-1 as they came; how many there are, and room for more."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._g = empty()
        self._types: dict[str, int] = {}
        self._slots: dict[tuple[str, str], int] = {}
        self._slot_names: list[tuple[str, str]] = []
        self._sources: dict[tuple[str, str], int] = {}
        self._source_names: list[tuple[str, str]] = []
        self._rule_settings()

    def __len__(self) -> int:
        return int(self._g.counts[NODES])

    @property
    def arrays(self) -> Arrays:
        """The tables themselves; reading only."""
        return self._g

    @property
    def edges(self) -> int:
        """How many links there are."""
        return int(self._g.counts[EDGES])

    @property
    def customer(self) -> I32:
        """Customer id by node, shape (n,): a view that changes with the next batch."""
        found: I32 = self._g.n32[CUSTOMER, : len(self)]
        return found

    @property
    def base(self) -> I32:
        """The first tenure of each node, shape (n,)."""
        found: I32 = self._g.n32[BASE, : len(self)]
        return found

    def _rule_settings(self) -> None:
        """Have the tables say what the rules say."""
        g = self._g
        g.counts[NAMES] = self.registry.names_matter
        g.counts[MOST] = self.registry.max_identifiers
        g.counts[DOUBTED] = self.registry.doubted
        for name, number in self._types.items():
            g.types[:, number] = self.registry.row(name)
        for (kind, _), number in self._slots.items():
            g.slots[LIMIT, number] = self.registry.limit(kind)
        for (_, touchpoint), number in self._sources.items():
            g.basis[number] = self.registry.basis(touchpoint)

    def type_number(self, kind: str) -> int:
        """The number of a type of identifiers; one not heard of before gets the next."""
        number = self._types.get(kind)
        if number is None:
            number = self._types[kind] = len(self._types)
            if number >= self._g.types.shape[1]:
                self._g = grown(self._g, ("types",), 2 * number)
            self._g.types[:, number] = self.registry.row(kind)
        return number

    def slot_number(self, kind: str, scope: str) -> int:
        """The number of a type in a scope; one not heard of before gets the next."""
        number = self._slots.get((kind, scope))
        if number is None:
            number = self._slots[kind, scope] = len(self._slots)
            self._slot_names.append((kind, scope))
            if number >= self._g.slots.shape[1]:
                self._g = grown(self._g, ("slots",), 2 * number)
            self._g.slots[LIMIT, number] = self.registry.limit(kind)
            self._g.slots[SLOT_RANK, number] = slot_rank(kind, scope)
        return number

    def source_number(self, rule: str, touchpoint: str) -> int:
        """The number of a rule at a touchpoint; one not heard of before gets the next."""
        number = self._sources.get((rule, touchpoint))
        if number is None:
            number = self._sources[rule, touchpoint] = len(self._sources)
            self._source_names.append((rule, touchpoint))
            if number >= self._g.basis.shape[0]:
                self._g = grown(self._g, ("basis",), 2 * number)
            self._g.basis[number] = self.registry.basis(touchpoint)
        return number

    def reserve(self, nodes: int = 0, edges: int = 0) -> None:
        """Make room for so many more nodes and edges at once, rather than little by little."""
        self._room(nodes, edges)

    def _room(self, nodes: int, edges: int = 0) -> None:
        g = self._g
        wanted = len(self) + nodes
        if wanted > g.n32.shape[1]:
            # Of very many a part to spare, so that tenures found later don't have everything copied.
            self._g = g = grown(g, _NODE_TABLES, max(wanted + wanted // 16, 2 * g.n32.shape[1]))
        if self.edges + edges > g.e32.shape[1]:
            self._g = g = grown(g, _EDGE_TABLES, max(self.edges + edges, 2 * g.e32.shape[1]))
        g.counts[FULL] = 0
