"""Solving a part of the graph from scratch: everything that the links at some nodes reach.

Limits make joining depend on the order of links, so where one was refused, the whole part is solved again in the order
of `comes_before` (Kruskal's algorithm under constraints). Elsewhere links join at once (live.py): there every order
gives the same.
"""

from __future__ import annotations

import numpy as np

from onepool.identity.arrays import (
    A_AT,
    B_AT,
    BASE,
    CONFLICT,
    CUSTOMER,
    DECISION,
    DEGREE,
    DIRTY,
    EDGE_LIST,
    EDGE_MARK,
    EDGE_MORE,
    EVENT,
    FOLLOWS,
    IS_VOID,
    JOINED,
    KIND,
    LAST,
    LATER_TENURE,
    MARK,
    OWNER,
    RANK,
    RING,
    SEED,
    SEEDS,
    STACK,
    STRONG,
    STRONG_HEAD,
    VOID,
    WEAK,
    WEAK_HEAD,
    WHY_UNPROVED,
    A,
    B,
)
from onepool.identity.jit import compiled
from onepool.identity.kernel import (
    comes_before,
    far_end,
    following,
    in_doubt,
    is_contact,
    join,
    lead_retired,
    needless,
    obstacle,
    own_end,
    refusal,
    set_customer,
    set_status,
    stamp,
    strength,
    witness_of,
)
from onepool.identity.witness import agrees


@compiled
def seed(g, node):  # type: ignore[no-untyped-def]
    """Have a node solved by the next `solve_seeds`."""
    if g.counts[SEEDS] < g.n32.shape[1]:
        g.n32[SEED, g.counts[SEEDS]] = node
        g.counts[SEEDS] += 1
    else:
        # Seeds that came before may repeat; a part is solved more than once then, never less.
        solve_seeds(g)
        g.n32[SEED, 0] = node
        g.counts[SEEDS] = 1


@compiled
def seed_tenures(g, base):  # type: ignore[no-untyped-def]
    """Have all tenures of an identifier solved."""
    seed(g, base)
    later = g.n32[LATER_TENURE, base]
    while later:
        seed(g, later - 1)
        later = g.n32[LATER_TENURE, later - 1]


@compiled
def solve_seeds(g):  # type: ignore[no-untyped-def]
    """Solve everything that hangs together with the seeds, by present sets or by links that may be used."""
    if g.counts[SEEDS] == 0:
        return
    mark = stamp(g)
    size = 0
    for i in range(g.counts[SEEDS]):
        size = _push_ring(g, g.n32[SEED, i], size, mark)
    g.counts[SEEDS] = 0
    edges = 0
    done = 0
    while done < size:
        v = g.n32[STACK, done]
        done += 1
        half = g.n32[STRONG_HEAD, g.n32[BASE, v]] - 1
        while half >= 0:
            if own_end(g, half) == v:
                e = half >> 1
                w = far_end(g, half)
                blocked = obstacle(g, e)
                if blocked >= 0:
                    set_status(g, e, blocked, 0)
                elif g.n8[IS_VOID, v] or g.n8[IS_VOID, w]:
                    set_status(g, e, VOID, 0)
                elif strength(g, v) == STRONG:
                    size = _push_ring(g, w, size, mark)
                    if g.e64[EDGE_MARK, e] != mark:
                        g.e64[EDGE_MARK, e] = mark
                        g.e32[EDGE_LIST, edges] = e
                        edges += 1
            half = following(g, half)
    for i in range(size):
        v = g.n32[STACK, i]
        set_customer(g, v, v)
        g.n32[RING, v] = v
        g.n8[DIRTY, v] = 0
    _sort(g, edges)
    for i in range(edges):
        e = g.e32[EDGE_LIST, i]
        x, y = g.e32[A_AT, e], g.e32[B_AT, e]
        if g.n32[CUSTOMER, x] == g.n32[CUSTOMER, y]:
            set_status(g, e, JOINED, 0)
            continue
        doubted = in_doubt(g, e)
        why = refusal(g, x, y, g.e8[KIND, e] == DECISION, doubted)
        if why == 0 and doubted and (contested(g, x, y) or contested(g, y, x)):
            why = WHY_UNPROVED
        if why:
            set_status(g, e, CONFLICT, why)
        else:
            join(g, x, y, False)
            set_status(g, e, JOINED, 0)
    for i in range(edges):
        e = g.e32[EDGE_LIST, i]
        x, y = g.e32[A_AT, e], g.e32[B_AT, e]
        if g.n32[CUSTOMER, x] != g.n32[CUSTOMER, y]:
            g.n8[DIRTY, g.n32[CUSTOMER, x]] = 1
            g.n8[DIRTY, g.n32[CUSTOMER, y]] = 1
        elif g.e8[KIND, e] == DECISION or unsettled(g, e):
            # A person may have overruled a limit, or a name was needed: what comes later can't rely on the order.
            g.n8[DIRTY, g.n32[CUSTOMER, x]] = 1
    for i in range(size):
        _settle_followers(g, g.n32[STACK, i])
    for i in range(size):
        v = g.n32[STACK, i]
        if needless(g, v):
            set_customer(g, v, g.n32[CUSTOMER, g.n32[BASE, v]])


@compiled
def contested(g, x, p):  # type: ignore[no-untyped-def]
    """Whether a contact that is nobody's yet is claimed by others than x whose names don't agree with x's."""
    if not is_contact(g, p) or is_contact(g, x):
        return False
    v = p
    while True:
        if not is_contact(g, v):
            return False
        v = g.n32[RING, v]
        if v == p:
            break
    half = g.n32[STRONG_HEAD, g.n32[BASE, p]] - 1
    while half >= 0:
        e = half >> 1
        if own_end(g, half) == p and g.e8[KIND, e] == EVENT and obstacle(g, e) < 0:
            w = far_end(g, half)
            others = not is_contact(g, w) and not g.n8[IS_VOID, w] and g.n32[CUSTOMER, w] != g.n32[CUSTOMER, x]
            if others and not names_agree(g, x, w):
                return True
        half = following(g, half)
    return False


@compiled
def names_agree(g, x, y):  # type: ignore[no-untyped-def]
    """Whether a name of x's set agrees with one of y's."""
    v = x
    while True:
        name = witness_of(g, v)
        if name:
            w = y
            while True:
                if agrees(name, witness_of(g, w)):
                    return True
                w = g.n32[RING, w]
                if w == y:
                    break
        v = g.n32[RING, v]
        if v == x:
            break
    return False


@compiled
def unsettled(g, e):  # type: ignore[no-untyped-def]
    """Whether a link in doubt is by a contact that others have as well: what joins then depends on the order."""
    if not in_doubt(g, e):
        return False
    a, b = g.n32[BASE, g.e32[A, e]], g.n32[BASE, g.e32[B, e]]
    return (is_contact(g, a) and g.n32[DEGREE, a] > 1) or (is_contact(g, b) and g.n32[DEGREE, b] > 1)


@compiled
def _push_ring(g, node, size, mark):  # type: ignore[no-untyped-def]
    v = node
    while g.n64[MARK, v] != -mark:
        g.n64[MARK, v] = -mark
        g.n32[STACK, size] = v
        size += 1
        v = g.n32[RING, v]
    return size


@compiled
def _settle_followers(g, v):  # type: ignore[no-untyped-def]
    """Weak identifiers linked to a strong node: whom they follow, and what their links mean."""
    if strength(g, v) == WEAK:
        choose_owner(g, v)
    half = g.n32[WEAK_HEAD, g.n32[BASE, v]] - 1
    while half >= 0:
        if own_end(g, half) == v:
            w = far_end(g, half)
            if strength(g, w) == WEAK and g.n8[IS_VOID, w]:
                # It may have very many links; those of others are settled when it becomes void.
                blocked = obstacle(g, half >> 1)
                set_status(g, half >> 1, blocked if blocked >= 0 else VOID, 0)
            elif strength(g, w) == WEAK:
                choose_owner(g, w)
            else:
                set_status(g, half >> 1, obstacle(g, half >> 1), 0)
        half = following(g, half)
    if g.n32[BASE, v] == v:
        lead_retired(g, v)


@compiled
def choose_owner(g, w):  # type: ignore[no-untyped-def]
    """Let a weak node follow the strong one that it was last seen with (of one value's tenures the later); the status
    of its links with that."""
    if needless(g, w):
        g.n32[OWNER, w] = 0
        set_customer(g, w, g.n32[CUSTOMER, g.n32[BASE, w]])
        return
    best = -1
    when = np.int64(0)
    half = g.n32[STRONG_HEAD, g.n32[BASE, w]] - 1
    while half >= 0:
        if own_end(g, half) == w:
            e = half >> 1
            v = far_end(g, half)
            blocked = obstacle(g, e)
            if blocked >= 0:
                set_status(g, e, blocked, 0)
            elif g.n8[IS_VOID, w] or g.n8[IS_VOID, v] or g.e8[KIND, e] != EVENT:
                set_status(g, e, VOID, 0)
            else:
                set_status(g, e, FOLLOWS, 0)
                newer = best < 0 or g.e64[LAST, e] > when
                if not newer and g.e64[LAST, e] == when:
                    rank, other = np.uint64(g.n64[RANK, v]), np.uint64(g.n64[RANK, best])
                    newer = rank > other or (rank == other and v > best)
                if newer:
                    best = v
                    when = g.e64[LAST, e]
        half = following(g, half)
    g.n32[OWNER, w] = best + 1
    set_customer(g, w, g.n32[CUSTOMER, best] if best >= 0 else w)
    if g.n32[BASE, w] == w:
        lead_retired(g, w)


@compiled
def _sort(g, n):  # type: ignore[no-untyped-def]
    """Sort EDGE_LIST[:n] by `comes_before`: merge sort from runs of one."""
    width = 1
    while width < n:
        for start in range(0, n, 2 * width):
            middle, end = min(start + width, n), min(start + 2 * width, n)
            i, j = start, middle
            for k in range(start, end):
                left = i < middle and (j >= end or not comes_before(g, g.e32[EDGE_LIST, j], g.e32[EDGE_LIST, i]))
                if left:
                    g.e32[EDGE_MORE, k] = g.e32[EDGE_LIST, i]
                    i += 1
                else:
                    g.e32[EDGE_MORE, k] = g.e32[EDGE_LIST, j]
                    j += 1
        for k in range(n):
            g.e32[EDGE_LIST, k] = g.e32[EDGE_MORE, k]
        width *= 2
