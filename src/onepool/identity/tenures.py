"""Which tenure of an identifier each of its links is of, and which values name too many people to join anybody.

A value is handed on (`handover.py`), or names too many. Both follow from the identifier's own links, so the outcome
does not depend on the order in which they came.
"""

from __future__ import annotations

import numpy as np

from onepool.identity.arrays import (
    A_AT,
    BASE,
    BATCH,
    BORN,
    BORN_LOG,
    CAP,
    CUSTOMER,
    DEGREE,
    DOUBTFUL,
    FIRST,
    FULL,
    HUB,
    IS_VOID,
    LAST,
    LAST_SEEN,
    LATER,
    LATER_TENURE,
    LIFETIME,
    LIMIT,
    MARK,
    NAMES,
    NEIGHBOUR,
    NOBODYS,
    NODES,
    OWNERS,
    PLACE,
    RANK,
    RETIMED,
    RETIMED_LOG,
    RETIMED_STAMPED,
    RING,
    SINCE,
    SLOT,
    SLOT_COUNT,
    SLOT_MARK,
    START,
    STRONG,
    STRONG_HEAD,
    SURNAME,
    TAIL,
    TENURE,
    TENURE_NODE,
    TYPE,
    UNTIL,
    VALID_FROM,
    WEAK_HEAD,
    WITNESS,
)
from onepool.identity.handover import handed_to, recycled, sort_by_time
from onepool.identity.jit import compiled, inlined
from onepool.identity.kernel import (
    far_base,
    following,
    handed_on,
    in_doubt,
    is_event,
    obstacle,
    stamp,
    strength,
    tenure_at,
    touch_edge,
)

ROOM = HUB + 2
"""Free nodes that `arrange` may need."""


@compiled
def arrange(g, v):  # type: ignore[no-untyped-def]
    """Settle the tenures of a base identifier and the ends of its links. Returns whether anything changed.

    Needs ROOM free nodes: without, sets FULL and does nothing.
    """
    if g.counts[NODES] + ROOM > g.n32.shape[1]:
        g.counts[FULL] = 1
        return False
    kind = g.n32[TYPE, v]
    degree = g.n32[DEGREE, v]
    if degree > HUB:
        return _void_whole(g, v, degree)
    neighbours, first, last, doubtful = g.scratch[NEIGHBOUR], g.scratch[SINCE], g.scratch[UNTIL], g.scratch[DOUBTFUL]
    found = 0
    mark = stamp(g)
    half = g.n32[STRONG_HEAD, v] - 1
    while half >= 0:
        e = half >> 1
        if is_event(g, e) and obstacle(g, e) < 0:
            n = far_base(g, half)
            if g.n64[MARK, n] != mark:
                g.n64[MARK, n] = mark
                g.n32[PLACE, n] = found
                neighbours[found] = n
                first[found], last[found] = g.e64[FIRST, e], g.e64[LAST, e]
                doubtful[found] = in_doubt(g, e)
                found += 1
            else:
                i = g.n32[PLACE, n]
                first[i] = min(first[i], g.e64[FIRST, e])
                last[i] = max(last[i], g.e64[LAST, e])
                doubtful[i] &= in_doubt(g, e)
        half = following(g, half)
    weak = strength(g, v) != STRONG
    if weak and g.types[CAP, kind] >= 0 and found > g.types[CAP, kind]:
        return _void_whole(g, v, found)
    sort_by_time(g, found)
    tenure, starts, nobodys, nodes = g.scratch[TENURE], g.scratch[START], g.scratch[NOBODYS], g.scratch[TENURE_NODE]
    for i in range(found + 1):
        tenure[i] = starts[i] = nobodys[i] = 0
    if weak:
        tenures = handed_to(g, kind, found)
        changed = _tail(g, v, kind, found)
        if g.n64[TAIL, v] and g.n64[LAST_SEEN, v] >= g.n64[TAIL, v]:
            starts[tenures] = g.n64[TAIL, v]
            tenures += 1
    else:
        tenures = recycled(g, kind, found)
        changed = False
    changed |= chain(g, v, tenures)
    node = v
    for k in range(tenures):
        nodes[k] = node
        node = g.n32[LATER_TENURE, node] - 1
    # Marks of neighbours may have been overwritten meanwhile: put their places back.
    mark = stamp(g)
    for i in range(found):
        g.n64[MARK, neighbours[i]] = mark
        g.n32[PLACE, neighbours[i]] = i
    half = g.n32[STRONG_HEAD, v] - 1
    while half >= 0:
        e = half >> 1
        if is_event(g, e):
            n = far_base(g, half)
            at = nodes[tenure[g.n32[PLACE, n]]] if g.n64[MARK, n] == mark else v
            changed |= _put(g, half, at)
        half = following(g, half)
    if not weak:
        if g.n32[LATER_TENURE, v]:
            changed |= _place_followers(g, v)
        for k in range(tenures):
            owners = owners_of(g, v, found, k)
            changed |= set_void(g, nodes[k], owners, np.int64(-2) if nobodys[k] else g.types[CAP, kind])
    else:
        for k in range(tenures):
            changed |= set_void(g, nodes[k], 0, np.int64(-1))
    return changed


@compiled
def _void_whole(g, v, owners):  # type: ignore[no-untyped-def]
    """One tenure, void: nothing is placed any more once that is so."""
    if g.n8[IS_VOID, v] and not handed_on(g, v):
        g.n32[OWNERS, v] = owners
        return False
    changed = False
    g.n64[TAIL, v] = 0
    chain(g, v, 1)
    half = g.n32[STRONG_HEAD, v] - 1
    while half >= 0:
        if is_event(g, half >> 1):
            changed |= _put(g, half, v)
        half = following(g, half)
    half = g.n32[WEAK_HEAD, v] - 1
    while half >= 0:
        if is_event(g, half >> 1):
            changed |= _put(g, half, v)
        half = following(g, half)
    changed |= set_void(g, v, owners, np.int64(0))
    return changed


@compiled
def _put(g, half, node):  # type: ignore[no-untyped-def]
    if g.e32[A_AT + (half & 1), half >> 1] == node:
        return False
    g.e32[A_AT + (half & 1), half >> 1] = node
    touch_edge(g, half >> 1)
    return True


@compiled
def _place_followers(g, v):  # type: ignore[no-untyped-def]
    """Links of a strong identifier to weak ones are of the tenure that their first event falls into."""
    changed = False
    half = g.n32[WEAK_HEAD, v] - 1
    while half >= 0:
        e = half >> 1
        if is_event(g, e):
            changed |= _put(g, half, tenure_at(g, v, g.e64[FIRST, e]))
        half = following(g, half)
    return changed


@inlined
def set_void(g, node, owners, cap):  # type: ignore[no-untyped-def]
    void = cap == -2 or (cap >= 0 and owners > cap)
    # Of the many others nothing is read nor written, since memory that is not touched is not used.
    if void or g.n8[IS_VOID, node]:
        g.n32[OWNERS, node] = owners if void else 0
    if g.n8[IS_VOID, node] == void:
        return False
    g.n8[IS_VOID, node] = void
    return True


@compiled
def _tail(g, v, kind, found):  # type: ignore[no-untyped-def]
    """Since when a weak identifier has no owner any more. Returns whether a tenure came or went by it."""
    life = g.types[LIFETIME, kind]
    tail = np.int64(0)
    if life and found:
        tail = g.scratch[UNTIL, 0]
        for i in range(1, found):
            tail = max(tail, g.scratch[UNTIL, i])
        tail += life
    before = g.n64[TAIL, v]
    g.n64[TAIL, v] = tail
    seen = g.n64[LAST_SEEN, v]
    return (before != 0 and seen >= before) != (tail != 0 and seen >= tail)


@compiled
def chain(g, v, tenures):  # type: ignore[no-untyped-def]
    """Make the chain of tenures what START says; nodes that are not needed stay, out of use."""
    starts = g.scratch[START]
    changed = False
    node = v
    for k in range(1, tenures):
        later = g.n32[LATER_TENURE, node]
        if later == 0:
            new = g.counts[NODES]
            g.counts[NODES] += 1
            g.n32[BASE, new] = v
            g.n32[TYPE, new] = g.n32[TYPE, v]
            g.n32[SLOT, new] = g.n32[SLOT, v]
            g.n64[RANK, new] = g.n64[RANK, v]
            g.n32[CUSTOMER, new] = new
            g.n32[RING, new] = new
            g.n64[VALID_FROM, new] = LATER
            g.n32[BORN_LOG, g.counts[BORN]] = new
            g.counts[BORN] += 1
            g.n32[LATER_TENURE, node] = new + 1
            later = new + 1
        node = later - 1
        if g.n64[VALID_FROM, node] != starts[k]:
            g.n64[VALID_FROM, node] = starts[k]
            changed = True
    later = g.n32[LATER_TENURE, node]
    while later:
        if g.n64[VALID_FROM, later - 1] != LATER:
            g.n64[VALID_FROM, later - 1] = LATER
            g.n8[IS_VOID, later - 1] = 0
            g.n32[OWNERS, later - 1] = 0
            changed = True
        later = g.n32[LATER_TENURE, later - 1]
    if changed and g.n32[RETIMED_STAMPED, v] != g.counts[BATCH]:
        g.n32[RETIMED_STAMPED, v] = g.counts[BATCH]
        g.n32[RETIMED_LOG, g.counts[RETIMED]] = v
        g.counts[RETIMED] += 1
    return changed


@inlined
def owners_of(g, v, found, k):  # type: ignore[no-untyped-def]
    """How many customers a tenure names at least: by the limits of what it is linked to, and by surnames."""
    mark = stamp(g)
    neighbours, tenure, surname_mark = g.scratch[NEIGHBOUR], g.scratch[TENURE], g.scratch[SURNAME]
    surnames = 0
    owners = 0
    own = g.n32[SLOT, v]
    for i in range(found):
        if tenure[i] != k:
            continue
        n = neighbours[i]
        slot = g.n32[SLOT, n]
        most = g.slots[LIMIT, slot]
        if slot != own and most:
            if g.slots[SLOT_MARK, slot] != mark:
                g.slots[SLOT_MARK, slot] = mark
                g.slots[SLOT_COUNT, slot] = 0
            g.slots[SLOT_COUNT, slot] += 1
            owners = max(owners, (g.slots[SLOT_COUNT, slot] + most - 1) // most)
        if g.counts[NAMES]:
            surname = (g.n64[WITNESS, n] >> 32) & 0xFFFF
            if surname:
                known = False
                for j in range(surnames):
                    if surname_mark[j] == surname:
                        known = True
                        break
                if not known:
                    surname_mark[surnames] = surname
                    surnames += 1
    return max(owners, surnames)
