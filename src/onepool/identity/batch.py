"""Customers from scratch: the whole graph at once, with the same rules and the same answer as live.

A few passes over all nodes and links, each with as few jumps through memory as can be, since these are what it costs:
who was seen with whom (batch_meet.py), tenures and voids (batch_tenures.py), joining without limits and finding sets
that meet one (batch_sets.py), solving those (batch_limits.py).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from onepool.identity import batch_limits, batch_meet, batch_sets, batch_tenures
from onepool.identity.arrays import BATCH, DEGREE, EDGES, HUB, I64, NODES, STRONG_HEAD, WEAK_HEAD, Arrays
from onepool.identity.jit import compiled
from onepool.identity.live import hang
from onepool.identity.tenures import ROOM

BLOCK = 4112
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
    # No batch under way: what changes is not logged.
    batch, g.counts[BATCH] = int(g.counts[BATCH]), 0
    arrange_all(room, scratch, np.empty(chunks, np.int64), np.zeros(buckets, np.int64), thorough)
    partition_all(room(0), scratch.reshape(-1), thorough)
    room(0).counts[BATCH] = batch


def arrange_all(room: Callable[[int], Arrays], records: I64, chunks: I64, ends: I64, thorough: bool) -> None:
    """Settle the tenures of all identifiers, and which are void. For the scratch see `batch_tenures.gather`."""
    g = room(2 * ROOM)
    nodes = int(g.counts[NODES])
    while _meet_all(g, thorough):
        pass
    looked_at = _bits(nodes)
    batch_meet.settle_most(g, looked_at, thorough)
    block = np.empty((4, 2 * BLOCK), np.int64)
    batch_tenures.gather(g, looked_at, records, chunks, ends, block)
    here = np.empty((batch_tenures.largest(chunks, ends), batch_tenures.RECORD), np.int64)
    place = np.empty((1 << batch_tenures.BUCKET) + 1, np.int64)
    done = 0
    while done < nodes:
        g = room(2 * ROOM)
        done = batch_tenures.arrange_all(g, nodes, records, chunks, ends, here, place, done, thorough)


def _meet_all(g: Arrays, thorough: bool) -> bool:
    """See with whom identifiers were seen; whether it has to be done again, since some turned out to be void."""
    nodes, edges = int(g.counts[NODES]), int(g.counts[EDGES])
    # Links are counted for groups of identifiers, small enough that few groups have so many as to be looked into.
    shift = max(0, (HUB * nodes // (8 * max(1, edges))).bit_length() - 1)
    groups = np.zeros((nodes >> shift) + 1, np.int32)
    batch_meet.code_all(g, thorough)
    batch_meet.meet(g, groups, shift, np.empty((2, BLOCK), np.int32), np.empty((2, 2 * BLOCK), np.int64))
    found = batch_meet.crowded(groups)
    return bool(found and batch_meet.find_hubs(g, groups, shift, np.zeros(found << shift, np.int32)))


def partition_all(g: Arrays, scratch: I64, thorough: bool) -> None:
    """Customers of all nodes and the status of all links, tenures being settled. scratch: one or more by node."""
    nodes, edges = int(g.counts[NODES]), int(g.counts[EDGES])
    block = np.empty((5, BLOCK), np.int32)
    odd = _bits(nodes)
    batch_sets.doubt_owners(g, odd)
    batch_sets.join_all(g, odd, block)
    fields = np.empty((3, g.slots.shape[1]), np.int64)
    batch_sets.lay_fields(g, fields)
    batch_sets.gather_sets(g, scratch[:nodes], fields, block, thorough)
    broken = batch_sets.find_broken(g)
    if broken:
        number, members, until = scratch[:nodes], np.empty(nodes, np.int32), np.empty(broken, np.int64)
        in_order, found = _bits(nodes), np.empty(edges + 1, np.int32)
        batch_limits.number_sets(g, members, until, number, in_order)
        found = found[: batch_limits.find_links(g, in_order, found)]
        place, links, keys = np.zeros(broken, np.int64), np.empty_like(found), np.empty((found.size, 2), np.int64)
        ends = np.empty((found.size, 2), np.int32)
        batch_limits.lay_links(g, number, found, place, links, ends, keys)
        order = np.empty((2, found.size), np.int32)
        batch_limits.solve_sets(g, members, until, place, links, ends, keys, order[0], order[1])
    batch_sets.lead_all(g)


def _bits(nodes: int) -> npt.NDArray[np.uint8]:
    """An empty set of nodes, see `batch_meet.put`."""
    return np.zeros(nodes // 8 + 1, np.uint8)


@compiled
def hang_all(g):  # type: ignore[no-untyped-def]
    """Make the lists of half-edges anew, as the classes of the types are now."""
    for v in range(g.counts[NODES]):
        g.n32[STRONG_HEAD, v] = 0
        g.n32[WEAK_HEAD, v] = 0
        g.n32[DEGREE, v] = 0
    for e in range(g.counts[EDGES]):
        hang(g, e)
