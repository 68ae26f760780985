"""Customers from scratch: the whole graph at once, with the same rules and the same answer as live."""

from __future__ import annotations

import numpy as np

from onepool.identity.arrays import (
    A_AT,
    B_AT,
    BASE,
    CAP,
    CODE,
    CUSTOMER,
    DECISION,
    DEGREE,
    DIRTY,
    EDGE_STATUS,
    EDGES,
    FOLLOWS,
    FULL,
    HUB,
    IS_VOID,
    JOINED,
    KIND,
    LAST,
    LATER_TENURE,
    LIFETIME,
    LIMIT,
    LOG,
    MOST,
    NAME_LIST,
    NODES,
    OFF,
    OWNED,
    OWNER,
    PAIR_HEAD,
    PLACE,
    RANK,
    RECYCLE,
    RING,
    SLOT,
    SLOT_COUNT,
    SLOT_MARK,
    SOURCE,
    STACK,
    STRONG,
    STRONG_HEAD,
    TYPE,
    VOID,
    WAS,
    WEAK_HEAD,
    WHY,
)
from onepool.identity.jit import compiled
from onepool.identity.kernel import (
    code_of,
    far_base,
    following,
    judged,
    lead_retired,
    needless,
    stamp,
    strength,
    witness_of,
)
from onepool.identity.live import hang
from onepool.identity.region import seed, solve_seeds, unsettled
from onepool.identity.tenures import arrange
from onepool.identity.witness import incompatible

# Scratch of the nodes, by other names.
SIZE, MEMBER, MEMBER_SLOT = LOG, STACK, WAS


@compiled
def hang_all(g):  # type: ignore[no-untyped-def]
    """Make the lists of half-edges anew, as the classes of the types are now."""
    for v in range(g.counts[NODES]):
        g.n32[STRONG_HEAD, v] = 0
        g.n32[WEAK_HEAD, v] = 0
        g.n32[DEGREE, v] = 0
    for e in range(g.counts[EDGES]):
        hang(g, e)


@compiled
def _one_neighbour(g, v):  # type: ignore[no-untyped-def]
    """Whether all links of an identifier to strong ones are with the same one: then it was never handed on."""
    half = g.n32[STRONG_HEAD, v] - 1
    neighbour = far_base(g, half)
    while half >= 0:
        if far_base(g, half) != neighbour:
            return False
        half = following(g, half)
    return True


@compiled
def arrange_all(g, start):  # type: ignore[no-untyped-def]
    """Settle the tenures of all identifiers from `start` on; returns where it stopped for want of room, or the end."""
    end = g.counts[NODES]
    for v in range(start, end):
        if g.n32[BASE, v] != v:
            continue
        kind = g.n32[TYPE, v]
        degree = g.n32[DEGREE, v]
        strong = strength(g, v) == STRONG
        if g.n32[LATER_TENURE, v] == 0 and not g.n8[IS_VOID, v] and degree <= HUB:
            if strong and g.types[RECYCLE, kind] == 0 and (g.types[CAP, kind] < 0 or degree <= g.types[CAP, kind]):
                continue
            if (strong or g.types[LIFETIME, kind] == 0) and (degree < 2 or _one_neighbour(g, v)):
                continue
        arrange(g, v)
        if g.counts[FULL]:
            return v
    return end


@compiled
def _root(g, v):  # type: ignore[no-untyped-def]
    while g.n32[CUSTOMER, v] != v:
        g.n32[CUSTOMER, v] = g.n32[CUSTOMER, g.n32[CUSTOMER, v]]
        v = g.n32[CUSTOMER, v]
    return v


@compiled
def partition_all(g):  # type: ignore[no-untyped-def]
    """Customers of all nodes and the status of all links, tenures being settled. Nothing is logged."""
    nodes, edges = g.counts[NODES], g.counts[EDGES]
    for v in range(nodes):
        g.n32[CUSTOMER, v] = v
        g.n32[RING, v] = v
        g.n32[OWNER, v] = 0
        g.n8[DIRTY, v] = 0
        g.n8[CODE, v] = code_of(g, v) | needless(g, v) << 5 | g.n8[IS_VOID, v] << 6
    # Joined without regard to limits; what breaks one is solved by itself below.
    for e in range(edges):
        kind, x, y = g.e8[KIND, e], g.e32[A_AT, e], g.e32[B_AT, e]
        p, q = g.n8[CODE, x], g.n8[CODE, y]
        blocked = judged(p, q, g.basis[g.e32[SOURCE, e]], g.e8[OFF, e], kind)
        g.e32[WHY, e] = 0
        if blocked >= 0:
            g.e8[EDGE_STATUS, e] = blocked
        elif (p | q) & 64:
            g.e8[EDGE_STATUS, e] = VOID
        elif p & 3 == STRONG and q & 3 == STRONG:
            g.e8[EDGE_STATUS, e] = JOINED
            x, y = _root(g, x), _root(g, y)
            if x < y:
                g.n32[CUSTOMER, y] = x
            elif y < x:
                g.n32[CUSTOMER, x] = y
            if kind == DECISION or unsettled(g, e):
                g.n8[DIRTY, x] = 1
        else:
            g.e8[EDGE_STATUS, e] = FOLLOWS
            if p & 3 == STRONG:
                _own(g, y, x, e)
            else:
                _own(g, x, y, e)
    _gather_sets(g)
    broken = 0
    for v in range(nodes):
        if g.n32[CUSTOMER, v] != v:
            g.n8[DIRTY, v] = 0
        elif g.n8[DIRTY, v] or _breaks_limits(g, g.n32[PLACE, v], g.n32[SIZE, v]):
            g.n32[PLACE, broken] = v
            broken += 1
    # One by one: the links of all together would take longer to sort.
    for i in range(broken):
        seed(g, g.n32[PLACE, i])
        solve_seeds(g)
    for w in range(nodes):
        if g.n32[OWNER, w]:
            g.n32[CUSTOMER, w] = g.n32[CUSTOMER, g.n32[OWNER, w] - 1]
    for v in range(nodes):
        if g.n32[LATER_TENURE, v] and g.n32[BASE, v] == v:
            lead_retired(g, v)


@compiled
def _gather_sets(g):  # type: ignore[no-untyped-def]
    """Link the members of each set, and lay their slots and names side by side: from PLACE, SIZE of them, by label.

    Reading nodes in order and writing them to where their set lies costs one miss of the cache for each, walking the
    sets one by one would cost several.
    """
    nodes = g.counts[NODES]
    for v in range(nodes):
        g.n32[SIZE, v] = 0
    # Roots are smaller than their members: ascending, each chain has length one.
    for v in range(nodes):
        label = g.n32[CUSTOMER, g.n32[CUSTOMER, v]]
        g.n32[CUSTOMER, v] = label
        g.n32[SIZE, label] += 1
        if g.n8[DIRTY, v]:
            g.n8[DIRTY, label] = 1
    place = 0
    for v in range(nodes):
        g.n32[PLACE, v] = place
        if g.n32[SIZE, v] > 1:
            place += g.n32[SIZE, v]
            g.n32[SIZE, v] = 0
    # SIZE counts again, up to what it was.
    for v in range(nodes):
        label = g.n32[CUSTOMER, v]
        if label == v and g.n32[SIZE, v] == 1:
            continue
        at = g.n32[PLACE, label] + g.n32[SIZE, label]
        g.n32[SIZE, label] += 1
        g.n32[MEMBER, at] = v
        slot = g.n32[SLOT, v]
        # With a never-pair the set has to be looked at whatever it holds.
        g.n32[MEMBER_SLOT, at] = -1 if g.n32[PAIR_HEAD, v] else slot
        g.n64[NAME_LIST, at] = witness_of(g, v)
    start = 0
    while start < place:
        first = g.n32[MEMBER, start]
        size = g.n32[SIZE, g.n32[CUSTOMER, first]]
        for i in range(start, start + size - 1):
            g.n32[RING, g.n32[MEMBER, i]] = g.n32[MEMBER, i + 1]
        g.n32[RING, g.n32[MEMBER, start + size - 1]] = first
        start += size


@compiled
def _breaks_limits(g, start, size):  # type: ignore[no-untyped-def]
    """Whether a set, joined without regard to limits, breaks one or has to be looked at."""
    if size < 2:
        return False
    if size > g.counts[MOST]:
        return True
    mark = stamp(g)
    known = start
    for i in range(start, start + size):
        slot = g.n32[MEMBER_SLOT, i]
        if slot < 0:
            return True
        if g.slots[LIMIT, slot]:
            if g.slots[SLOT_MARK, slot] != mark:
                g.slots[SLOT_MARK, slot] = mark
                g.slots[SLOT_COUNT, slot] = 0
            g.slots[SLOT_COUNT, slot] += 1
            if g.slots[SLOT_COUNT, slot] > g.slots[LIMIT, slot]:
                return True
        name = g.n64[NAME_LIST, i]
        if name:
            new = True
            for j in range(start, known):
                if g.n64[NAME_LIST, j] == name:
                    new = False
                    break
                if incompatible(g.n64[NAME_LIST, j], name):
                    return True
            if new:
                g.n64[NAME_LIST, known] = name
                known += 1
    return False


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
