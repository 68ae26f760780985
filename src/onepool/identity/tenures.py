"""Which tenure of an identifier each of its links is of, and which values name too many people to join anybody.

A weak identifier (a device) is handed on when a person signs in after all others were last seen; some strong ones (a
phone number) are given to new owners after a silence. Both follow from the identifier's own links, so the outcome does
not depend on the order in which they came.
"""

from __future__ import annotations

import numba
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
    DOUBTED,
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
    NODES,
    OWNERS,
    PLACE,
    RANK,
    RECYCLE,
    RETIMED,
    RETIMED_LOG,
    RETIMED_STAMPED,
    RING,
    SLOT,
    SLOT_COUNT,
    SLOT_MARK,
    SLOT_OTHER,
    STRONG,
    STRONG_HEAD,
    TAIL,
    TYPE,
    VALID_FROM,
    WEAK_HEAD,
    WITNESS,
)
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
from onepool.identity.witness import agrees, incompatible

_jit = numba.njit(cache=True)

ROOM = HUB + 2
"""Free nodes that `arrange` may need."""


@_jit
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
    neighbours = np.empty(degree, np.int64)
    first = np.empty(degree, np.int64)
    last = np.empty(degree, np.int64)
    doubtful = np.empty(degree, np.bool_)
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
    order = _by_time(g, neighbours, first, last, found)
    tenure = np.zeros(found, np.int64)
    starts = np.zeros(found + 1, np.int64)
    nobodys = np.zeros(found + 1, np.bool_)
    if weak:
        tenures = _handed_on(g, kind, order, first, last, tenure, starts)
        changed = _tail(g, v, kind, last[:found])
        if g.n64[TAIL, v] and g.n64[LAST_SEEN, v] >= g.n64[TAIL, v]:
            starts[tenures] = g.n64[TAIL, v]
            tenures += 1
    else:
        tenures = _recycled(g, kind, neighbours, order, first, last, doubtful, tenure, starts, nobodys)
        changed = False
    changed |= _chain(g, v, starts, tenures)
    nodes = np.empty(max(tenures, 1), np.int64)
    node = v
    for k in range(nodes.size):
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
        for k in range(nodes.size):
            owners = _owners(g, v, neighbours, tenure, found, k)
            changed |= _set_void(g, nodes[k], owners, np.int64(-2) if nobodys[k] else g.types[CAP, kind])
    else:
        for k in range(nodes.size):
            changed |= _set_void(g, nodes[k], 0, np.int64(-1))
    return changed


@_jit
def _void_whole(g, v, owners):  # type: ignore[no-untyped-def]
    """One tenure, void: nothing is placed any more once that is so."""
    if g.n8[IS_VOID, v] and not handed_on(g, v):
        g.n32[OWNERS, v] = owners
        return False
    changed = False
    g.n64[TAIL, v] = 0
    _chain(g, v, np.zeros(1, np.int64), 1)
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
    changed |= _set_void(g, v, owners, np.int64(0))
    return changed


@_jit
def _put(g, half, node):  # type: ignore[no-untyped-def]
    if g.e32[A_AT + (half & 1), half >> 1] == node:
        return False
    g.e32[A_AT + (half & 1), half >> 1] = node
    touch_edge(g, half >> 1)
    return True


@_jit
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


@_jit
def _set_void(g, node, owners, cap):  # type: ignore[no-untyped-def]
    void = cap == -2 or (cap >= 0 and owners > cap)
    g.n32[OWNERS, node] = owners
    if g.n8[IS_VOID, node] == void:
        return False
    g.n8[IS_VOID, node] = void
    return True


@_jit
def _by_time(g, neighbours, first, last, found):  # type: ignore[no-untyped-def]
    """Places of the neighbours in order of (first, last, rank): insertion, since most have few."""
    order = np.empty(found, np.int64)
    for i in range(found):
        k = i
        while k > 0:
            j = order[k - 1]
            later = first[j] > first[i] or (
                first[j] == first[i]
                and (
                    last[j] > last[i]
                    or (
                        last[j] == last[i]
                        and np.uint64(g.n64[RANK, neighbours[j]]) > np.uint64(g.n64[RANK, neighbours[i]])
                    )
                )
            )
            if not later:
                break
            order[k] = j
            k -= 1
        order[k] = i
    return order


@_jit
def _handed_on(g, kind, order, first, last, tenure, starts):  # type: ignore[no-untyped-def]
    """Tenures of a weak identifier: a new one where somebody comes after all others were last seen."""
    life = g.types[LIFETIME, kind]
    k = 0
    end = np.int64(0)
    for n in range(order.size):
        i = order[n]
        if n == 0:
            end = last[i]
        elif first[i] > end:
            k += 1
            starts[k] = min(end + life, first[i]) if life else first[i]
        tenure[i] = k
        end = max(end, last[i])
    return k + 1


@_jit
def _tail(g, v, kind, last):  # type: ignore[no-untyped-def]
    """Since when a weak identifier has no owner any more. Returns whether a tenure came or went by it."""
    life = g.types[LIFETIME, kind]
    tail = np.int64(0)
    if life and last.size:
        tail = last.max() + life
    before = g.n64[TAIL, v]
    g.n64[TAIL, v] = tail
    seen = g.n64[LAST_SEEN, v]
    return (before != 0 and seen >= before) != (tail != 0 and seen >= tail)


@_jit
def _recycled(g, kind, neighbours, order, first, last, doubtful, tenure, starts, nobodys):  # type: ignore[no-untyped-def]
    """Tenures of a strong identifier: a new one where, after a silence, somebody else comes.

    What is in doubt altogether makes nobody an owner: the value is nobody's from then on.
    """
    silence = g.types[RECYCLE, kind]
    k = 0
    if silence == 0:
        return 1
    tenure_from, run_from = 0, 0
    end = np.int64(0)
    for n in range(order.size + 1):
        ends = n == order.size
        if not ends:
            i = order[n]
            if n == 0:
                end = last[i]
                continue
            if first[i] - end <= silence:
                end = max(end, last[i])
                continue
        # The run from `run_from` to here is complete.
        sure = False
        for j in range(run_from, n):
            sure |= not doubtful[order[j]]
        if run_from > 0 and _of_somebody_else(g, neighbours, order, tenure_from, run_from, n):
            k += 1
            nobodys[k] = not sure
            starts[k] = first[order[run_from]]
            tenure_from = run_from
        for j in range(run_from, n):
            tenure[order[j]] = k
        run_from = n
        if not ends:
            end = max(end, last[order[n]])
    return k + 1


@_jit
def _of_somebody_else(g, neighbours, order, start, middle, end):  # type: ignore[no-untyped-def]
    """Whether after a silence the value names somebody else: for sure, or, where contacts may be in doubt, unless a
    name agrees."""
    if _contradict(g, neighbours, order, start, middle, end):
        return True
    if g.counts[DOUBTED] == 0:
        return False
    for n in range(start, middle):
        name = g.n64[WITNESS, neighbours[order[n]]]
        if name and g.counts[NAMES]:
            for m in range(middle, end):
                if agrees(name, g.n64[WITNESS, neighbours[order[m]]]):
                    return False
    return True


@_jit
def _contradict(g, neighbours, order, start, middle, end):  # type: ignore[no-untyped-def]
    """Whether neighbours order[start:middle] and order[middle:end] can't be of one person."""
    mark = stamp(g)
    for n in range(start, middle):
        slot = g.n32[SLOT, neighbours[order[n]]]
        if g.slots[SLOT_MARK, slot] != mark:
            g.slots[SLOT_MARK, slot] = mark
            g.slots[SLOT_COUNT, slot] = 0
            g.slots[SLOT_OTHER, slot] = 0
        g.slots[SLOT_COUNT, slot] += 1
    for n in range(middle, end):
        slot = g.n32[SLOT, neighbours[order[n]]]
        if g.slots[SLOT_MARK, slot] == mark:
            g.slots[SLOT_OTHER, slot] += 1
            most = g.slots[LIMIT, slot]
            if most and g.slots[SLOT_COUNT, slot] + g.slots[SLOT_OTHER, slot] > most:
                return True
    if g.counts[NAMES] == 0:
        return False
    for n in range(start, middle):
        name = g.n64[WITNESS, neighbours[order[n]]]
        if name:
            for m in range(middle, end):
                if incompatible(name, g.n64[WITNESS, neighbours[order[m]]]):
                    return True
    return False


@_jit
def _chain(g, v, starts, tenures):  # type: ignore[no-untyped-def]
    """Make the chain of tenures what `starts` says; nodes that are not needed stay, out of use."""
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


@_jit
def _owners(g, v, neighbours, tenure, found, k):  # type: ignore[no-untyped-def]
    """How many customers a tenure names at least: by the limits of what it is linked to, and by surnames."""
    mark = stamp(g)
    surname_mark = np.empty(found, np.int64)
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
