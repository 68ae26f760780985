"""Taking in links, names and words of consent as they come, at a cost that does not grow with history.

Where no limit is met, a link joins at once: the outcome is the same in every order. Where one is met, the part of the
graph around it is solved again (region.py), so that live and recomputed customers are equal at every moment.
"""

from __future__ import annotations

from onepool.identity.arrays import (
    A_AT,
    B_AT,
    BASE,
    CAP,
    CONSENT_OF,
    CUSTOMER,
    DEGREE,
    DIRTY,
    DOUBTED,
    EDGE_STAMPED,
    EDGE_STATUS,
    EDGES,
    EVENT,
    FIRST,
    FULL,
    HUB,
    IS_BLOCKED,
    IS_VOID,
    JOINED,
    KIND,
    LAST,
    LATER_TENURE,
    LIFETIME,
    NEXT_A,
    NODES,
    OFF,
    PAIR_HEAD,
    PAIR_NEXT,
    PAIR_OFF,
    PAIR_OTHER,
    PAIRS,
    RECYCLE,
    SOURCE,
    STRONG,
    STRONG_HEAD,
    TRUST,
    TYPE,
    VOID,
    WEAK,
    WEAK_HEAD,
    A,
    B,
)
from onepool.identity.jit import compiled, prefetch
from onepool.identity.kernel import (
    far_base,
    far_end,
    following,
    in_doubt,
    is_contact,
    join,
    obstacle,
    refusal,
    set_status,
    strength,
    tenure_at,
    touch_edge,
)
from onepool.identity.region import choose_owner, seed, seed_tenures, solve_seeds, unsettled
from onepool.identity.tenures import ROOM, arrange

AHEAD = 6
"""How many links ahead what is needed of memory is asked for; of nodes twice as many."""


@compiled
def find_edge(g, a, b, source):  # type: ignore[no-untyped-def]
    """The link between two nodes from a source; -1 when there is none."""
    x, y = g.n32[BASE, a], g.n32[BASE, b]
    if g.n32[DEGREE, y] < g.n32[DEGREE, x]:
        x, y = y, x
    heads = STRONG_HEAD if strength(g, y) == STRONG else WEAK_HEAD
    half = g.n32[heads, x] - 1
    while half >= 0:
        e = half >> 1
        if g.e32[SOURCE, e] == source and g.e32[A, e] == a and g.e32[B, e] == b:
            return e
        half = following(g, half)
    return -1


@compiled
def hang(g, e):  # type: ignore[no-untyped-def]
    """Put a new edge into the lists of both its ends."""
    a, b = g.n32[BASE, g.e32[A, e]], g.n32[BASE, g.e32[B, e]]
    counts = g.e8[KIND, e] == EVENT
    for side in range(2):
        v, w = (a, b) if side == 0 else (b, a)
        strong = strength(g, w) == STRONG
        heads = STRONG_HEAD if strong else WEAK_HEAD
        g.e32[NEXT_A + side, e] = g.n32[heads, v]
        g.n32[heads, v] = 2 * e + side + 1
        if strong and counts:
            g.n32[DEGREE, v] += 1


@compiled
def new_edge(g, a, b, source, kind, first, last):  # type: ignore[no-untyped-def]
    e = g.counts[EDGES]
    g.counts[EDGES] += 1
    g.e32[A, e] = g.e32[A_AT, e] = a
    g.e32[B, e] = g.e32[B_AT, e] = b
    g.e32[SOURCE, e] = source
    g.e8[KIND, e] = kind
    g.e64[FIRST, e] = first
    g.e64[LAST, e] = last
    g.e8[EDGE_STATUS, e] = -1
    hang(g, e)
    return e


@compiled
def _ask_for_node(g, v):  # type: ignore[no-untyped-def]
    """Have near what is asked of an identifier when a link of it comes."""
    prefetch(g.n32[BASE], v)
    prefetch(g.n32[TYPE], v)
    prefetch(g.n32[DEGREE], v)
    prefetch(g.n32[STRONG_HEAD], v)
    prefetch(g.n32[WEAK_HEAD], v)
    prefetch(g.n32[LATER_TENURE], v)
    prefetch(g.n32[CUSTOMER], v)
    prefetch(g.n8[CONSENT_OF], v)
    prefetch(g.n8[IS_BLOCKED], v)
    prefetch(g.n8[IS_VOID], v)


@compiled
def _ask_for_links(g, v):  # type: ignore[no-untyped-def]
    """Have near the last of the links that an identifier has with strong ones; it is near itself."""
    half = g.n32[STRONG_HEAD, v] - 1
    if half >= 0:
        e = half >> 1
        for row in (A, B, A_AT, B_AT, SOURCE, NEXT_A, NEXT_A + 1, EDGE_STAMPED):
            prefetch(g.e32[row], e)
        prefetch(g.e64[FIRST], e)
        prefetch(g.e64[LAST], e)
        prefetch(g.e8[KIND], e)
        prefetch(g.e8[OFF], e)
        prefetch(g.e8[EDGE_STATUS], e)
        prefetch(g.e8[TRUST], e)


@compiled
def take_links(g, a, b, source, first, last, trust, edge, start):  # type: ignore[no-untyped-def]
    """Take in links of events from place `start` on; returns where it stopped (short of the end: for want of room).

    a[i] < b[i] are base identifiers; edge[i] becomes the number of the link.
    """
    for i in range(start, a.size):
        if g.counts[NODES] + 2 * ROOM > g.n32.shape[1]:
            g.counts[FULL] = 1
            return i
        if i + 2 * AHEAD < a.size:
            _ask_for_node(g, a[i + 2 * AHEAD])
            _ask_for_node(g, b[i + 2 * AHEAD])
        if i + AHEAD < a.size:
            _ask_for_links(g, a[i + AHEAD])
            _ask_for_links(g, b[i + AHEAD])
        e = find_edge(g, a[i], b[i], source[i])
        fresh = e < 0
        if fresh:
            e = new_edge(g, a[i], b[i], source[i], EVENT, first[i], last[i])
            earlier = True
        else:
            earlier = first[i] < g.e64[FIRST, e]
            g.e64[FIRST, e] = min(g.e64[FIRST, e], first[i])
            g.e64[LAST, e] = max(g.e64[LAST, e], last[i])
        if trust[i] > g.e8[TRUST, e]:
            g.e8[TRUST, e] = trust[i]
            earlier = True
        edge[i] = e
        touch_edge(g, e)
        _take(g, e, fresh, earlier)
    return a.size


@compiled
def _take(g, e, fresh, earlier):  # type: ignore[no-untyped-def]
    a, b = g.e32[A, e], g.e32[B, e]
    blocked = obstacle(g, e)
    if blocked >= 0:
        # It still counts for who is a super-node.
        if fresh and (_crowded(g, a) or _crowded(g, b)):
            _rearrange(g, a)
            _rearrange(g, b)
            solve_seeds(g)
        set_status(g, e, blocked, 0)
        return
    if strength(g, a) == STRONG and strength(g, b) == STRONG:
        changed = _rearrange(g, a) if _depends(g, a, fresh) else False
        if _depends(g, b, fresh):
            changed |= _rearrange(g, b)
        if changed:
            seed(g, g.e32[A_AT, e])
            seed(g, g.e32[B_AT, e])
            solve_seeds(g)
        elif earlier:
            _connect(g, e)
        return
    weak, strong, side = (a, b, 0) if strength(g, a) == WEAK else (b, a, 1)
    if g.n32[LATER_TENURE, strong]:
        g.e32[B_AT - side, e] = tenure_at(g, strong, g.e64[FIRST, e])
    if (g.n32[DEGREE, weak] > 1 or g.types[LIFETIME, g.n32[TYPE, weak]]) and arrange(g, weak):
        w = weak
        while True:
            choose_owner(g, w)
            if g.n32[LATER_TENURE, w] == 0:
                break
            w = g.n32[LATER_TENURE, w] - 1
    if g.n8[IS_VOID, weak]:
        set_status(g, e, VOID, 0)
    else:
        choose_owner(g, g.e32[A_AT + side, e])


@compiled
def _crowded(g, v):  # type: ignore[no-untyped-def]
    return g.n32[DEGREE, v] > HUB and not g.n8[IS_VOID, v]


@compiled
def _depends(g, v, fresh):  # type: ignore[no-untyped-def]
    """Whether the tenures of a strong identifier, or its being void, may change by this link."""
    kind = g.n32[TYPE, v]
    if g.n32[DEGREE, v] < 2:
        return False
    if g.types[RECYCLE, kind]:
        return True
    return fresh and (g.types[CAP, kind] >= 0 or g.n32[DEGREE, v] > HUB)


@compiled
def _rearrange(g, v):  # type: ignore[no-untyped-def]
    """Arrange an identifier; if that changed anything, have it and what it is linked to solved."""
    if not arrange(g, v):
        return False
    seed_around(g, v)
    return True


@compiled
def seed_around(g, v):  # type: ignore[no-untyped-def]
    seed_tenures(g, v)
    half = g.n32[STRONG_HEAD, v] - 1
    while half >= 0:
        seed(g, far_end(g, half))
        half = following(g, half)


@compiled
def _connect(g, e):  # type: ignore[no-untyped-def]
    """A usable link between strong identifiers, new or seen earlier than before."""
    x, y = g.e32[A_AT, e], g.e32[B_AT, e]
    if g.n8[IS_VOID, x] or g.n8[IS_VOID, y]:
        set_status(g, e, VOID, 0)
        return
    left, right = g.n32[CUSTOMER, x], g.n32[CUSTOMER, y]
    if g.n8[DIRTY, left] or g.n8[DIRTY, right] or unsettled(g, e) or shared_contact(g, e):
        seed(g, x)
        seed(g, y)
        solve_seeds(g)
    elif left == right:
        set_status(g, e, JOINED, 0)
    elif refusal(g, x, y, False, in_doubt(g, e)):
        seed(g, x)
        seed(g, y)
        solve_seeds(g)
    else:
        join(g, x, y, True)
        set_status(g, e, JOINED, 0)


@compiled
def shared_contact(g, e):  # type: ignore[no-untyped-def]
    """Whether a link gives a contact a second neighbour while contacts may be in doubt: others of it may be now."""
    if g.counts[DOUBTED] == 0:
        return False
    for side in range(2):
        v = g.n32[BASE, g.e32[A + side, e]]
        if is_contact(g, v) and g.n32[DEGREE, v] > 1:
            half = g.n32[STRONG_HEAD, v] - 1
            while half >= 0:
                if in_doubt(g, half >> 1):
                    return True
                half = following(g, half)
    return False


@compiled
def touch(g, nodes, start):  # type: ignore[no-untyped-def]
    """Solve again around base identifiers of which something else changed: consent, name, ruling, last seen.

    Returns where it stopped (short of the end: for want of room).
    """
    for i in range(start, nodes.size):
        v = nodes[i]
        arrange(g, v)
        seed_around(g, v)
        half = g.n32[STRONG_HEAD, v] - 1
        while half >= 0:
            w = far_base(g, half)
            if g.n32[DEGREE, w] > 1 and _temporal(g, w) and arrange(g, w):
                seed_around(g, w)
            half = following(g, half)
        half = g.n32[WEAK_HEAD, v] - 1
        while half >= 0:
            w = far_base(g, half)
            if strength(g, w) == WEAK and strength(g, v) == STRONG:
                arrange(g, w)
                seed_tenures(g, w)
            else:
                set_status(g, half >> 1, obstacle(g, half >> 1), 0)
            half = following(g, half)
        if g.counts[FULL]:
            # What is to be solved stays noted.
            return i
        solve_seeds(g)
    return nodes.size


@compiled
def turn(g, edges, off, start):  # type: ignore[no-untyped-def]
    """Take links out, or back in (off 0), from place `start` on; returns where it stopped for want of room, or the end.

    Only the ends of a link can be placed otherwise by that; what hangs together with them is solved once for all.
    """
    for i in range(start, edges.size):
        e = edges[i]
        if g.e8[OFF, e] == off:
            continue
        if g.counts[NODES] + 2 * ROOM > g.n32.shape[1]:
            g.counts[FULL] = 1
            return i
        g.e8[OFF, e] = off
        touch_edge(g, e)
        a, b = g.n32[BASE, g.e32[A, e]], g.n32[BASE, g.e32[B, e]]
        if off == 0 and g.e8[KIND, e] == EVENT:
            # What is to be solved is solved first, so that sets are what links make them.
            solve_seeds(g)
            _take(g, e, True, True)
            continue
        seed(g, g.e32[A_AT, e])
        seed(g, g.e32[B_AT, e])
        for side in range(2):
            v = a if side == 0 else b
            if (strength(g, v) != STRONG or _temporal(g, v)) and arrange(g, v):
                seed_around(g, v)
            if strength(g, v) != STRONG:
                seed_tenures(g, v)
        blocked = obstacle(g, e)
        if blocked >= 0:
            set_status(g, e, blocked, 0)
    solve_seeds(g)
    return edges.size


@compiled
def _temporal(g, v):  # type: ignore[no-untyped-def]
    kind = g.n32[TYPE, v]
    return g.types[CAP, kind] >= 0 or g.types[RECYCLE, kind] != 0 or g.n32[DEGREE, v] > HUB


@compiled
def add_pair(g, a, b):  # type: ignore[no-untyped-def]
    """Two nodes that must never be of one customer; returns the number of the pair's first half."""
    p = g.counts[PAIRS]
    g.counts[PAIRS] += 2
    g.pairs[PAIR_OTHER, p], g.pairs[PAIR_OTHER, p + 1] = b, a
    g.pairs[PAIR_NEXT, p], g.pairs[PAIR_NEXT, p + 1] = g.n32[PAIR_HEAD, a], g.n32[PAIR_HEAD, b]
    g.pairs[PAIR_OFF, p] = g.pairs[PAIR_OFF, p + 1] = 0
    g.n32[PAIR_HEAD, a], g.n32[PAIR_HEAD, b] = p + 1, p + 2
    return p
