"""Customers of all nodes at once, tenures being settled: joined without regard to limits, then looked at set by set.

Limits, names and rulings that no set meets when everything is joined stop no link in any order. Where a set meets one,
its links are taken in the order of `comes_before` (batch_limits.py).
"""

from __future__ import annotations

import numpy as np

from onepool.identity.arrays import (
    A_AT,
    B_AT,
    BASE,
    CODE,
    CONFLICT,
    CUSTOMER,
    DECISION,
    DIRTY,
    DOUBTED,
    EDGE_STATUS,
    EDGES,
    FOLLOWS,
    JOINED,
    KIND,
    LAST,
    LIMIT,
    MOST,
    NAMES,
    NODES,
    OFF,
    OWNED,
    OWNER,
    PAIR_OTHER,
    PAIRS,
    RANK,
    RING,
    SLOT,
    SLOT_COUNT,
    SLOT_MARK,
    SOURCE,
    STRONG,
    VOID,
    WHY,
    WITNESS,
)
from onepool.identity.batch_tenures import IS_VOID_CODE, SPECIAL
from onepool.identity.jit import compiled
from onepool.identity.kernel import judged, needless, noted, stamp, witness_of
from onepool.identity.region import unsettled
from onepool.identity.witness import incompatible

# What a set holds, in one integer: FIELDS counters of 4 bits for slots with a limit, above them how many nodes it has.
# A counter that reaches its limit, or that slots share, only tells that the set has to be looked at.
FIELDS, ABOVE, MOST_COUNTED = 14, 56, 126

RULED, CROWDED = 1, 2
"""In DIRTY, while sets are made: the order of links matters; some limit may be met."""


@compiled
def join_all(g):  # type: ignore[no-untyped-def]
    """Status of all links, CUSTOMER of strong nodes as if there were no limits, OWNER of weak ones."""
    customer, owner = g.n32[CUSTOMER], g.n32[OWNER]
    code, status = g.n8[CODE], g.e8[EDGE_STATUS]
    left, right, source = g.e32[A_AT], g.e32[B_AT], g.e32[SOURCE]
    kinds, off = g.e8[KIND], g.e8[OFF]
    doubted = g.counts[DOUBTED] != 0
    for v in range(g.counts[NODES]):
        customer[v] = v
        owner[v] = 0
        g.n8[DIRTY, v] = 0
    for e in range(g.counts[EDGES]):
        kind, x, y = kinds[e], left[e], right[e]
        p, q = code[x], code[y]
        blocked = judged(p, q, g.basis[source[e]], off[e], kind)
        if status[e] == CONFLICT:
            g.e32[WHY, e] = 0
        if blocked >= 0:
            status[e] = blocked
        elif (p | q) & IS_VOID_CODE:
            status[e] = VOID
        elif p & q & 3 == STRONG:
            status[e] = JOINED
            ruled = kind == DECISION or (doubted and unsettled(g, e))
            while customer[x] != x:
                customer[x] = customer[customer[x]]
                x = customer[x]
            while customer[y] != y:
                customer[y] = customer[customer[y]]
                y = customer[y]
            if x < y:
                customer[y] = x
            elif y < x:
                customer[x] = y
            if ruled:
                g.n8[DIRTY, x] = RULED
        else:
            status[e] = FOLLOWS
            if p & 3 == STRONG:
                x, y, p, q = y, x, q, p
            if p & SPECIAL and not q & SPECIAL:
                owner[x] = y + 1
            else:
                _own(g, x, y, e)


@compiled
def _own(g, w, v, e):  # type: ignore[no-untyped-def]
    """Let a weak node follow v if it was seen with nobody later."""
    best = g.n32[OWNER, w]
    if best:
        last = g.e64[LAST, e]
        when = g.n64[OWNED, w]
        if last < when or (last == when and np.uint64(g.n64[RANK, v]) <= np.uint64(g.n64[RANK, best - 1])):
            return
    g.n32[OWNER, w] = v + 1
    g.n64[OWNED, w] = g.e64[LAST, e]


@compiled
def lay_fields(g, field, most):  # type: ignore[no-untyped-def]
    """By slot: the place of its counter in what a set holds (-1 without a limit), and how far it may count."""
    number = 0
    lowest = np.int64(14)
    for slot in range(field.size):
        field[slot] = -1
        if g.slots[LIMIT, slot]:
            field[slot] = number % FIELDS * 4
            number += 1
    for slot in range(field.size):
        # Slots that share a counter share the lowest limit.
        lowest = np.int64(14)
        for other in range(field.size):
            if field[other] == field[slot] and g.slots[LIMIT, other]:
                lowest = min(lowest, g.slots[LIMIT, other])
        most[slot] = lowest


@compiled
def gather_sets(g, held, name, field, most, thorough):  # type: ignore[no-untyped-def]
    """Label the nodes of each set, link them in a ring, and mark sets that may meet a limit.

    `held` and `name`: zeros of shape (nodes,); `field` and `most` as from `lay_fields`.
    """
    nodes = g.counts[NODES]
    customer, ring, slots, dirty, names = g.n32[CUSTOMER], g.n32[RING], g.n32[SLOT], g.n8[DIRTY], g.n64[WITNESS]
    largest = min(g.counts[MOST], MOST_COUNTED)
    named = g.counts[NAMES] != 0
    # Roots are smaller than their members: ascending, each chain has length one.
    for v in range(nodes):
        label = customer[customer[v]]
        if label == v:
            ring[v] = v
        else:
            customer[v] = label
            ring[v] = ring[label]
            ring[label] = v
            if thorough:
                dirty[label] |= RULED
        if dirty[v]:
            dirty[label] |= dirty[v]
        slot = slots[v]
        has = held[label]
        at = field[slot]
        if at >= 0:
            if has >> at & 15 >= most[slot]:
                dirty[label] |= CROWDED
            else:
                has += 1 << at
        if has >> ABOVE >= largest:
            dirty[label] |= CROWDED
        else:
            has += 1 << ABOVE
        held[label] = has
        if named and names[v]:
            witness = witness_of(g, v)
            if name[label] == 0:
                name[label] = witness
            elif witness and name[label] != witness:
                dirty[label] |= CROWDED
    # With a never-pair the set has to be looked at whatever it holds.
    for p in range(g.counts[PAIRS]):
        dirty[customer[g.pairs[PAIR_OTHER, p]]] |= RULED


@compiled
def find_broken(g):  # type: ignore[no-untyped-def]
    """Leave DIRTY only those labels whose links have to be taken in order; returns how many."""
    found = 0
    for v in range(g.counts[NODES]):
        if g.n8[DIRTY, v] == 0:
            continue
        single = g.n32[RING, v] == v
        if g.n32[CUSTOMER, v] != v or (g.n8[DIRTY, v] & RULED == 0 and not _breaks_limits(g, v)) or single:
            g.n8[DIRTY, v] = 0
        else:
            found += 1
    return found


@compiled
def _breaks_limits(g, start):  # type: ignore[no-untyped-def]
    """Whether a set, joined without regard to limits, breaks one of size, slots or names."""
    size = 0
    mark = stamp(g)
    v = start
    while True:
        size += 1
        slot = g.n32[SLOT, v]
        if g.slots[LIMIT, slot]:
            if g.slots[SLOT_MARK, slot] != mark:
                g.slots[SLOT_MARK, slot] = mark
                g.slots[SLOT_COUNT, slot] = 0
            g.slots[SLOT_COUNT, slot] += 1
            if g.slots[SLOT_COUNT, slot] > g.slots[LIMIT, slot]:
                return size > 1
        v = g.n32[RING, v]
        if v == start:
            break
    if size > g.counts[MOST]:
        return True
    known = 0
    names = g.scratch[0]
    while True:
        if known == names.size:
            return True
        before = known
        known = noted(names, known, witness_of(g, v))
        for i in range(before):
            if known > before and incompatible(names[i], names[before]):
                return True
        v = g.n32[RING, v]
        if v == start:
            return False


@compiled
def lead_all(g):  # type: ignore[no-untyped-def]
    """Give weak nodes the customer of whom they follow, and tenures out of use that of their identifier."""
    customer, owner, base = g.n32[CUSTOMER], g.n32[OWNER], g.n32[BASE]
    nodes = g.counts[NODES]
    chained = False
    for w in range(nodes):
        if owner[w]:
            customer[w] = customer[owner[w] - 1]
        chained |= base[w] != w
    if chained:
        for v in range(nodes):
            if base[v] != v and needless(g, v):
                customer[v] = customer[base[v]]
