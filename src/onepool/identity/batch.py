"""Customers from scratch: the whole graph at once, with the same rules and the same answer as live.

A few passes over all nodes and links, each with as few jumps through memory as can be, since these are what it costs:
who was seen with whom (batch_meet.py), tenures and voids (batch_tenures.py), joining without limits and finding sets
that meet one (batch_sets.py), solving those (batch_limits.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from onepool.identity import batch_limits, batch_meet, batch_sets, batch_tenures
from onepool.identity.arrays import (
    BATCH,
    DEGREE,
    EDGES,
    HUB,
    I32,
    I64,
    NODES,
    STAMP,
    STRONG_HEAD,
    WEAK_HEAD,
    Arrays,
)
from onepool.identity.batch_buckets import Buckets, apart
from onepool.identity.jit import compiled
from onepool.identity.live import hang
from onepool.identity.tenures import ROOM
from onepool.identity.threads import Crew
from onepool.processors import processors

BLOCK = 4112
"""Links and nodes that are taken together: what is held of them stays in the nearest cache."""
BYTE = 8
"""Parts of nodes begin at multiples of it: sets of bits are written by several threads, each other bytes."""
FEW, MOST_THREADS = 1 << 16, 4
"""With fewer links one thread is faster. More threads than this wait for memory only, and hold more of it."""


def solve(room: Callable[[int], Arrays], thorough: bool = False, threads: int | None = None) -> None:
    """Settle tenures, customers and the status of all links. Nothing is logged, and lists of half-edges are not kept.

    `room` gives the tables with room for so many nodes more. `thorough`: go the long way with every identifier and
    every set, though it shows by less that nothing can be met. `threads`: as many as there are processors if None and
    there is much to do. The answer is the same, byte by byte.
    """
    # Tables are not held while others may take their place: nobody has memory for two.
    counts = room(2 * ROOM).counts
    if threads is None:
        threads = 1 if counts[EDGES] < FEW else min(processors(), MOST_THREADS)
    # No batch under way: what changes is not logged.
    batch, counts[BATCH] = int(counts[BATCH]), 0
    try:
        with Crew(threads) as crew:
            records, chunks, ends = _gather(room(0), crew, thorough)
            Buckets(room, crew, records, chunks, ends, thorough).settle()
            # What follows needs as much itself.
            del records, chunks, ends
            partition_all(room(0), crew, thorough)
    finally:
        counts[BATCH] = batch


def _gather(g: Arrays, crew: Crew, thorough: bool) -> tuple[I64, I64, I64]:
    """Settle identifiers seen with one at most; half-edges of the others in buckets (see `batch_tenures.gather`)."""
    nodes, edges = int(g.counts[NODES]), int(g.counts[EDGES])
    looked_at = _bits(nodes)
    _meet_all(g, crew, looked_at, thorough)
    buckets = (nodes >> batch_tenures.BUCKET) + 1
    count = (2 * edges >> batch_tenures.CHUNK) + (buckets + 1) * crew.threads
    # Room that is not used costs no memory.
    records = np.empty((count << batch_tenures.CHUNK, batch_tenures.LAID), np.int64)
    chunks, ends = np.empty(count, np.int64), np.zeros((crew.threads, buckets), np.int64)

    def gather(part: int, start: int, end: int) -> None:
        made = (2 * start >> batch_tenures.CHUNK) + (buckets + 1) * part
        block = np.empty((4, 2 * BLOCK), np.int64)
        batch_tenures.gather(g, start, end, looked_at, records, chunks, made, ends[part], block)

    crew.over(edges, gather)
    return records, chunks, ends


def _meet_all(g: Arrays, crew: Crew, looked_at: npt.NDArray[np.uint8], thorough: bool) -> None:
    """See with whom identifiers were seen, and settle what that is enough for."""
    nodes, edges = int(g.counts[NODES]), int(g.counts[EDGES])
    # Links are counted for groups of identifiers, small enough that few groups have so many as to be looked into, and
    # large enough that all their counts stay in a near cache.
    shift = max(0, (HUB * nodes // (4 * max(1, edges))).bit_length() - 1)
    again = True
    while again:
        groups = np.zeros((crew.threads, (nodes >> shift) + 1), np.uint16)

        def meet(part: int, start: int, end: int) -> None:
            pairs, seen = np.empty((2, BLOCK), np.int32), np.empty((2, 2 * BLOCK), np.int64)
            batch_meet.meet(g, start, end, groups[part], shift, pairs, seen)  # noqa: B023

        crew.over(nodes, lambda _, start, end: batch_meet.code_all(g, thorough, start, end))
        crew.share(edges, meet)
        again = _find_hubs(g, crew, groups.sum(axis=0, dtype=np.int32), shift)
    crew.over(nodes, lambda _, start, end: batch_meet.settle_most(g, start, end, looked_at, thorough), BYTE)


def _find_hubs(g: Arrays, crew: Crew, groups: npt.NDArray[np.int32], shift: int) -> bool:
    """Find identifiers with too many links; whether all has to be done again, since some turned out to be void."""
    found = batch_meet.crowded(groups)
    if not found:
        return False
    degrees = np.zeros((crew.threads, found << shift), np.int32)
    crew.over(
        int(g.counts[EDGES]),
        lambda part, start, end: batch_meet.count_links(g, start, end, groups, shift, degrees[part]),
    )
    return bool(batch_meet.find_hubs(g, groups, shift, degrees.sum(axis=0, dtype=np.int32)))


def partition_all(g: Arrays, crew: Crew, thorough: bool) -> None:
    """Customers of all nodes and the status of all links, tenures being settled."""
    nodes, edges = int(g.counts[NODES]), int(g.counts[EDGES])
    blocks = [np.empty((5, BLOCK), np.int32) for _ in range(crew.threads)]
    odd = _bits(nodes)
    crew.over(nodes, lambda _, start, end: batch_sets.doubt_owners(g, start, end, odd), BYTE)
    crew.share(edges, lambda part, start, end: batch_sets.join_all(g, start, end, odd, blocks[part]))
    fields = np.empty((3, g.slots.shape[1]), np.int64)
    batch_sets.lay_fields(g, fields)
    crew.share(nodes, lambda _, start, end: batch_sets.label_all(g, start, end))
    held = np.zeros(nodes, np.int64)
    crew.over(
        crew.threads,
        lambda part, _, end: batch_sets.gather_sets(g, part, crew.threads, held, fields, blocks[part], thorough),
    )
    batch_sets.look_at_ruled(g)
    members, until = _find_broken(g, crew)
    broken = until.size
    if broken:
        # What sets hold is not asked any more.
        number, room = held, np.empty(edges + 1, np.int32)
        in_order = _number_sets(crew, members, until, number)
        counts = crew.over(
            edges,
            lambda _, start, end: (start, batch_limits.find_links(g, start, end, in_order, room[start : end + 1])),
        )
        found = np.concatenate([room[start : start + count] for start, count in counts])
        del room
        links, ends, keys = (
            np.empty_like(found),
            np.empty((found.size, 2), np.int32),
            np.empty((found.size, 2), np.int64),
        )
        places = np.zeros((crew.threads, broken), np.int64)
        crew.over(
            found.size, lambda part, start, end: batch_limits.count_by_set(g, number, found[start:end], places[part])
        )
        batch_limits.place_sets(places)
        crew.over(
            found.size,
            lambda part, start, end: batch_limits.lay_links(
                g, number, found[start:end], places[part], links, ends, keys
            ),
        )
        batch_limits.list_contacts(g, found)
        place = places[-1]
        order = np.empty((2, found.size), np.int32)
        # So much less of new memory is needed for what comes.
        del held, number
        # At most one mark for each link.
        with _own(g, crew, found.size) as own:
            crew.share(
                broken,
                lambda part, low, high: batch_limits.solve_sets(
                    own[part], low, high, members, until, place, links, ends, keys, order
                ),
            )
    if any(crew.share(nodes, lambda _, start, end: batch_sets.lead_all(g, start, end))):
        batch_sets.lead_needless(g)


def _find_broken(g: Arrays, crew: Crew) -> tuple[I32, I64]:
    """The nodes of sets whose links have to be taken in order, those of each side by side, and by set where they end.

    In which order the sets are depends on which thread was faster; what becomes of them does not.
    """
    nodes = int(g.counts[NODES])
    # Room that is not used costs no memory. A set has two nodes or more.
    members, until = np.empty((crew.threads, nodes), np.int32), np.empty((crew.threads, nodes // 2), np.int64)
    so_far = np.zeros((crew.threads, 2), np.int64)
    with _own(g, crew, nodes) as own:
        crew.share(
            nodes,
            lambda part, start, end: batch_sets.find_broken(
                own[part], start, end, members[part], until[part], so_far[part]
            ),
        )
    before = np.cumsum(so_far[:, 1]) - so_far[:, 1]
    parts = range(crew.threads)
    return (
        np.concatenate([members[k, : so_far[k, 1]] for k in parts]),
        np.concatenate([until[k, : so_far[k, 0]] + before[k] for k in parts]),
    )


def _number_sets(crew: Crew, members: I32, until: I64, number: I64) -> npt.NDArray[np.uint8]:
    """Tell by node of which set it is; the nodes of all as a set of bits."""
    bits = np.zeros((crew.threads, number.size // 8 + 1), np.uint8)
    crew.over(
        until.size,
        lambda part, low, high: batch_limits.number_sets(low, high, members, until, number, bits[part]),
    )
    found: npt.NDArray[np.uint8] = np.bitwise_or.reduce(bits, axis=0)
    return found


@contextmanager
def _own(g: Arrays, crew: Crew, marks: int) -> Iterator[list[Arrays]]:
    """The tables for each thread, its marks and counters its own; marks: how many it makes at most."""
    own = [g, *(apart(g) for _ in range(1, crew.threads))]
    for k, one in enumerate(own):
        one.counts[STAMP] += k * marks
    try:
        yield own
    finally:
        # Whatever happened: a mark that somebody made already would be taken for a new one.
        g.counts[STAMP] = max(int(one.counts[STAMP]) for one in own)


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
