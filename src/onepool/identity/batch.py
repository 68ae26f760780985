"""Customers from scratch: the whole graph at once, with the same rules and the same answer as live."""

from __future__ import annotations

import numba
import numpy as np

from onepool.identity.arrays import (
    A_AT,
    B_AT,
    BASE,
    CAP,
    CUSTOMER,
    DECISION,
    DEGREE,
    DIRTY,
    EDGE_STATUS,
    EDGES,
    EVENT,
    FOLLOWS,
    FULL,
    HUB,
    IS_VOID,
    JOINED,
    KIND,
    LAST,
    LATER_TENURE,
    LIFETIME,
    NODES,
    OWNED,
    OWNER,
    RANK,
    RECYCLE,
    RING,
    STRONG,
    STRONG_HEAD,
    TYPE,
    VOID,
    WEAK_HEAD,
    WHY,
    A,
    B,
)
from onepool.identity.kernel import lead_retired, obstacle, strength
from onepool.identity.live import hang
from onepool.identity.region import breaks_limits, seed, solve_seeds, unsettled
from onepool.identity.tenures import arrange

_jit = numba.njit(cache=True, _nrt=False)


@_jit
def hang_all(g):  # type: ignore[no-untyped-def]
    """Make the lists of half-edges anew, as the classes of the types are now."""
    for v in range(g.counts[NODES]):
        g.n32[STRONG_HEAD, v] = 0
        g.n32[WEAK_HEAD, v] = 0
        g.n32[DEGREE, v] = 0
    for e in range(g.counts[EDGES]):
        hang(g, e)


@_jit
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
            if degree < 2 and (strong or g.types[LIFETIME, kind] == 0):
                continue
        arrange(g, v)
        if g.counts[FULL]:
            return v
    return end


@_jit
def _root(g, v):  # type: ignore[no-untyped-def]
    while g.n32[CUSTOMER, v] != v:
        g.n32[CUSTOMER, v] = g.n32[CUSTOMER, g.n32[CUSTOMER, v]]
        v = g.n32[CUSTOMER, v]
    return v


@_jit
def partition_all(g):  # type: ignore[no-untyped-def]
    """Customers of all nodes and the status of all links, tenures being settled. Nothing is logged."""
    nodes, edges = g.counts[NODES], g.counts[EDGES]
    for v in range(nodes):
        g.n32[CUSTOMER, v] = v
        g.n32[RING, v] = v
        g.n32[OWNER, v] = 0
        g.n8[DIRTY, v] = 0
    # Joined without regard to limits; what breaks one is solved by itself below.
    for e in range(edges):
        blocked = obstacle(g, e)
        g.e32[WHY, e] = 0
        if blocked >= 0:
            g.e8[EDGE_STATUS, e] = blocked
            continue
        x, y = g.e32[A_AT, e], g.e32[B_AT, e]
        both = strength(g, g.e32[A, e]) == STRONG and strength(g, g.e32[B, e]) == STRONG
        if g.n8[IS_VOID, x] or g.n8[IS_VOID, y] or (not both and g.e8[KIND, e] != EVENT):
            g.e8[EDGE_STATUS, e] = VOID
        elif both:
            g.e8[EDGE_STATUS, e] = JOINED
            p, q = _root(g, x), _root(g, y)
            if p < q:
                g.n32[CUSTOMER, q] = p
            elif q < p:
                g.n32[CUSTOMER, p] = q
            if g.e8[KIND, e] == DECISION or unsettled(g, e):
                g.n8[DIRTY, x] = 1
        else:
            g.e8[EDGE_STATUS, e] = FOLLOWS
            w, v = (y, x) if strength(g, x) == STRONG else (x, y)
            _own(g, w, v, e)
    # Roots are smaller than their members: ascending, each chain has length one.
    for v in range(nodes):
        label = g.n32[CUSTOMER, g.n32[CUSTOMER, v]]
        g.n32[CUSTOMER, v] = label
        if label != v:
            g.n32[RING, v] = g.n32[RING, label]
            g.n32[RING, label] = v
            if g.n8[DIRTY, v]:
                g.n8[DIRTY, label] = 1
    for v in range(nodes):
        if g.n32[CUSTOMER, v] != v:
            g.n8[DIRTY, v] = 0
        elif g.n8[DIRTY, v] or (g.n32[RING, v] != v and breaks_limits(g, v)):
            seed(g, v)
    solve_seeds(g)
    for w in range(nodes):
        if g.n32[OWNER, w]:
            g.n32[CUSTOMER, w] = g.n32[CUSTOMER, g.n32[OWNER, w] - 1]
    for v in range(nodes):
        if g.n32[LATER_TENURE, v] and g.n32[BASE, v] == v:
            lead_retired(g, v)


@_jit
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
