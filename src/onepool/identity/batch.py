"""Customers from scratch: the whole graph at once, with the same rules and the same answer as live.

A few passes over all nodes and links, each with as few jumps through memory as can be, since these are what it costs:
tenures and voids (batch_tenures.py), joining without limits and finding sets that meet one (batch_sets.py), solving
those (batch_limits.py).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from onepool.identity import batch_limits, batch_sets, batch_tenures
from onepool.identity.arrays import DEGREE, EDGES, NODES, STRONG_HEAD, WEAK_HEAD, Arrays
from onepool.identity.jit import compiled
from onepool.identity.live import hang
from onepool.identity.tenures import ROOM

HALF_EDGES = 1 << 24
"""As many are held at once for the tenures: 400 MB."""


def solve(room: Callable[[int], Arrays], thorough: bool = False) -> None:
    """Settle tenures, customers and the status of all links. Nothing is logged, and lists of half-edges are not kept.

    `room` gives the tables with room for so many nodes more. `thorough`: go the long way with every identifier and
    every set, though it shows by less that nothing can be met: the answer is the same.
    """
    arrange_all(room, thorough)
    partition_all(room(0), thorough)


def arrange_all(room: Callable[[int], Arrays], thorough: bool = False) -> None:
    """Settle the tenures of all identifiers, and which are void."""
    g = room(2 * ROOM)
    nodes = int(g.counts[NODES])
    place = np.zeros(nodes, np.int32)
    batch_tenures.code_all(g)
    batch_tenures.count_all(g, place)
    start = 0
    while start < nodes:
        stop, many = batch_tenures.lay_out(g, place, start, HALF_EDGES, thorough)
        records = np.empty((many, batch_tenures.RECORD), np.int64)
        if many:
            batch_tenures.gather(g, place, start, stop, records)
        done = start
        while done < stop:
            g = room(2 * ROOM)
            done = batch_tenures.arrange_all(g, place, records, start, stop, done, thorough)
        start = stop


@compiled
def hang_all(g):  # type: ignore[no-untyped-def]
    """Make the lists of half-edges anew, as the classes of the types are now."""
    for v in range(g.counts[NODES]):
        g.n32[STRONG_HEAD, v] = 0
        g.n32[WEAK_HEAD, v] = 0
        g.n32[DEGREE, v] = 0
    for e in range(g.counts[EDGES]):
        hang(g, e)


def partition_all(g: Arrays, thorough: bool = False) -> None:
    """Customers of all nodes and the status of all links, tenures being settled. Nothing is logged.

    `thorough`: the links of every set are taken in order, whether it meets a limit or not.
    """
    nodes, slots = int(g.counts[NODES]), g.slots.shape[1]
    batch_sets.join_all(g)
    held, name = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64)
    field, most = np.empty(slots, np.int64), np.empty(slots, np.int64)
    batch_sets.lay_fields(g, field, most)
    batch_sets.gather_sets(g, held, name, field, most, thorough)
    del held, name
    broken = batch_sets.find_broken(g)
    if broken:
        labels, number = np.empty(broken, np.int32), np.empty(nodes, np.int32)
        batch_limits.number_sets(g, labels, number)
        place = np.zeros(broken + 1, np.int64)
        links = int(batch_limits.count_links(g, number, place))
        edges, keys = np.empty(links, np.int32), np.empty((links, 3), np.int64)
        batch_limits.lay_links(g, number, place, edges, keys)
        order = np.empty((2, links), np.int64)
        batch_limits.solve_sets(g, labels, place, edges, keys, order[0], order[1])
    batch_sets.lead_all(g)
