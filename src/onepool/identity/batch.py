"""Customers from scratch: the whole graph at once, with the same rules and the same answer as live.

A few passes over all nodes and links, each with as few jumps through memory as can be, since these are what it costs:
tenures and voids (batch_tenures.py), joining without limits and finding sets that meet one (batch_sets.py), solving
those (batch_limits.py).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from onepool.identity import batch_limits, batch_sets, batch_tenures
from onepool.identity.arrays import DEGREE, EDGES, I64, NODES, STRONG_HEAD, WEAK_HEAD, Arrays
from onepool.identity.jit import compiled
from onepool.identity.live import hang
from onepool.identity.tenures import ROOM

BLOCK = 1040
"""Links and nodes that are taken together: what is held of them stays in the nearest cache."""


def solve(room: Callable[[int], Arrays], thorough: bool = False) -> None:
    """Settle tenures, customers and the status of all links. Nothing is logged, and lists of half-edges are not kept.

    `room` gives the tables with room for so many nodes more. `thorough`: go the long way with every identifier and
    every set, though it shows by less that nothing can be met: the answer is the same.
    """
    g = room(2 * ROOM)
    buckets = (int(g.counts[NODES]) >> batch_tenures.BUCKET) + 1
    chunks = (2 * int(g.counts[EDGES]) >> batch_tenures.CHUNK) + buckets
    # Room that is not used costs no memory, and what was used once is cheaper than new. The second part is for tenures
    # that are born.
    size = (chunks << batch_tenures.CHUNK) + 2 * int(g.counts[NODES])
    scratch = np.empty((size, batch_tenures.LAID), np.int64)
    arrange_all(room, scratch, np.empty(chunks, np.int64), np.zeros(buckets, np.int64), thorough)
    partition_all(room(0), scratch.reshape(-1), thorough)


def arrange_all(room: Callable[[int], Arrays], records: I64, chunks: I64, ends: I64, thorough: bool) -> None:
    """Settle the tenures of all identifiers, and which are void. For the scratch see `batch_tenures.gather`."""
    g = room(2 * ROOM)
    nodes = int(g.counts[NODES])
    met, pairs, old = records.reshape(-1)[:nodes], np.empty((2, BLOCK), np.int32), np.empty((2, 2 * BLOCK), np.int64)
    again = True
    while again:
        batch_tenures.code_all(g, met, thorough)
        batch_tenures.meet(g, met, pairs, old)
        again = batch_tenures.find_hubs(g, met)
    batch_tenures.settle_most(g, met, thorough)
    block = np.empty((3, 2 * BLOCK), np.int64)
    batch_tenures.gather(g, records, chunks, ends, block)
    here = np.empty((batch_tenures.largest(chunks, ends), batch_tenures.RECORD), np.int64)
    place = np.empty((1 << batch_tenures.BUCKET) + 1, np.int64)
    done = 0
    while done < nodes:
        g = room(2 * ROOM)
        done = batch_tenures.arrange_all(g, nodes, records, chunks, ends, here, place, done, thorough)


def partition_all(g: Arrays, scratch: I64, thorough: bool) -> None:
    """Customers of all nodes and the status of all links, tenures being settled. scratch: two or more by node."""
    nodes, edges = int(g.counts[NODES]), int(g.counts[EDGES])
    block = np.empty((5, BLOCK), np.int32)
    batch_sets.doubt_owners(g)
    batch_sets.join_all(g, block)
    fields = np.empty((3, g.slots.shape[1]), np.int64)
    batch_sets.lay_fields(g, fields)
    known = scratch[nodes : 2 * nodes].view(np.int32)
    batch_sets.gather_sets(g, scratch[:nodes], known[:nodes], fields, block, thorough)
    broken = batch_sets.find_broken(g)
    if broken:
        number, members, until = scratch[:nodes], np.empty(nodes, np.int32), np.empty(broken, np.int64)
        batch_limits.number_sets(g, members, until, number)
        found = np.empty(edges + 1, np.int32)
        found = found[: batch_limits.find_links(g, found)]
        place, links, keys = np.zeros(broken, np.int64), np.empty_like(found), np.empty((found.size, 2), np.int64)
        ends = np.empty((found.size, 2), np.int32)
        batch_limits.lay_links(g, number, found, place, links, ends, keys)
        order = np.empty((2, found.size), np.int32)
        batch_limits.solve_sets(g, members, until, place, links, ends, keys, order[0], order[1])
    batch_sets.lead_all(g)


@compiled
def hang_all(g):  # type: ignore[no-untyped-def]
    """Make the lists of half-edges anew, as the classes of the types are now."""
    for v in range(g.counts[NODES]):
        g.n32[STRONG_HEAD, v] = 0
        g.n32[WEAK_HEAD, v] = 0
        g.n32[DEGREE, v] = 0
    for e in range(g.counts[EDGES]):
        hang(g, e)
