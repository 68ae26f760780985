"""Tenures and void values of all identifiers at once, by two passes over the links.

Most identifiers have one tenure and name few: a look at how often they were seen, and with whom, shows it. What does
not show by that is settled by `tenures.arrange`, as live.
"""

from __future__ import annotations

import numpy as np

from onepool.identity.arrays import (
    BASE,
    CAP,
    CODE,
    CONTACT,
    DEGREE,
    DOUBTED,
    EDGES,
    EVENT,
    FIRST,
    FULL,
    HUB,
    IS_VOID,
    KIND,
    LAST,
    LAST_SEEN,
    LATER_TENURE,
    LIFETIME,
    NEIGHBOUR,
    NEXT_A,
    NODES,
    OFF,
    RECYCLE,
    SINCE,
    SOURCE,
    STRONG,
    STRONG_HEAD,
    TAIL,
    TYPE,
    UNTIL,
    WEAK_HEAD,
    A,
    B,
)
from onepool.identity.jit import compiled
from onepool.identity.kernel import code_of, judged, needless
from onepool.identity.tenures import arrange

USELESS, OUT_OF_USE, IS_VOID_CODE, SPECIAL = 4, 32, 64, 128
"""Bits of CODE beside class and word of consent (kernel.code_of). SPECIAL: of a strong node that it is or has a further
tenure; of a weak one that it was seen with one strong identifier at most."""

RECORD = 3
"""A half-edge as `gather` lays it: its number and the far identifier (or NOT_USED, NOT_STRONG) in one, first, last."""
NOT_USED, NOT_STRONG = 0xFFFFFFFF, 0xFFFFFFFE

MANY = 16
"""With more neighbours than this an identifier is settled the long way."""


@compiled
def code_all(g):  # type: ignore[no-untyped-def]
    """CODE of all nodes, as far as it does not depend on tenures and voids."""
    for v in range(g.counts[NODES]):
        g.n8[CODE, v] = code_of(g, v)


@compiled
def count_all(g, count):  # type: ignore[no-untyped-def]
    """How many links of events each node has, added to count of shape (nodes,)."""
    kinds, left, right = g.e8[KIND], g.e32[A], g.e32[B]
    for e in range(g.counts[EDGES]):
        if kinds[e] == EVENT:
            count[left[e]] += 1
            count[right[e]] += 1


@compiled
def lay_out(g, count, start, room, thorough):  # type: ignore[no-untyped-def]
    """Give identifiers from `start` on that have to be looked at a place for their half-edges, while there is room.

    `count` becomes the place where their half-edges begin, -1 for others. Returns the identifier that comes next, and
    how many half-edges there are to gather.
    """
    end = count.size
    placed = 0
    doubted = g.counts[DOUBTED] != 0
    for v in range(start, end):
        links = count[v]
        kind = g.n32[TYPE, v]
        if doubted and g.types[CONTACT, kind]:
            # `unsettled` asks whether there are others; weak ones and links not used may be among them.
            g.n32[DEGREE, v] = links
        known = g.n8[IS_VOID, v] != 0 or g.n32[LATER_TENURE, v] != 0
        look = known or links > HUB or (thorough and links > 0)
        if not look and links > 0:
            if g.n8[CODE, v] & 3 == STRONG:
                cap = g.types[CAP, kind]
                look = links > 1 and (g.types[RECYCLE, kind] != 0 or (cap >= 0 and links > cap))
            elif links > 1 or g.types[LIFETIME, kind]:
                look = True
            else:
                g.n8[CODE, v] |= SPECIAL
        if g.n32[BASE, v] != v:
            look = False
        if not look:
            count[v] = -1
            continue
        if placed + links > room and placed > 0:
            return v, placed
        count[v] = placed
        placed += links
    return end, placed


@compiled
def gather(g, place, start, stop, records):  # type: ignore[no-untyped-def]
    """Lay the half-edges of identifiers start..stop side by side; `place` then tells where they end."""
    kinds, left, right, source = g.e8[KIND], g.e32[A], g.e32[B], g.e32[SOURCE]
    off, code = g.e8[OFF], g.n8[CODE]
    for e in range(g.counts[EDGES]):
        if kinds[e] != EVENT:
            continue
        a, b = left[e], right[e]
        at_a = place[a] if start <= a < stop else -1
        at_b = place[b] if start <= b < stop else -1
        if at_a < 0 and at_b < 0:
            continue
        p, q = code[a], code[b]
        used = judged(p, q, g.basis[source[e]], off[e], EVENT) < 0
        first, last = g.e64[FIRST, e], g.e64[LAST, e]
        if at_a >= 0:
            place[a] = at_a + 1
            far = (b if used else NOT_USED) if q & 3 == STRONG else NOT_STRONG
            records[at_a, 0] = (2 * e) << 32 | far
            records[at_a, 1] = first
            records[at_a, 2] = last
        if at_b >= 0:
            place[b] = at_b + 1
            far = (a if used else NOT_USED) if p & 3 == STRONG else NOT_STRONG
            records[at_b, 0] = (2 * e + 1) << 32 | far
            records[at_b, 1] = first
            records[at_b, 2] = last


@compiled
def arrange_all(g, place, records, start, stop, done, thorough):  # type: ignore[no-untyped-def]
    """Settle the tenures of identifiers start..stop, of which those before `done` are settled.

    Returns where it stopped: short of `stop` for want of room.
    """
    from_here = 0
    for v in range(done - 1, start - 1, -1):
        if place[v] >= 0:
            from_here = place[v]
            break
    for v in range(done, stop):
        until = place[v]
        if until < 0:
            continue
        if thorough or not _is_plain(g, v, records, from_here, until):
            _hang(g, v, records, from_here, until)
            arrange(g, v)
            if g.counts[FULL]:
                return v
            _code_tenures(g, v)
        from_here = until
    return stop


@compiled
def _is_plain(g, v, records, start, end):  # type: ignore[no-untyped-def]
    """Whether an identifier surely has one tenure and is not void; if so it is settled."""
    if g.n32[LATER_TENURE, v] or g.n8[IS_VOID, v] or end - start > HUB:
        return False
    kind = g.n32[TYPE, v]
    weak = g.n8[CODE, v] & 3 != STRONG
    near, first, last = g.scratch[NEIGHBOUR], g.scratch[SINCE], g.scratch[UNTIL]
    found = 0
    for i in range(start, end):
        far = records[i, 0] & 0xFFFFFFFF
        if far >= NOT_STRONG:
            continue
        k = 0
        while k < found and near[k] != far:
            k += 1
        if k == found:
            if found == MANY:
                return False
            found += 1
            near[k], first[k], last[k] = far, records[i, 1], records[i, 2]
        else:
            first[k] = min(first[k], records[i, 1])
            last[k] = max(last[k], records[i, 2])
    cap = g.types[CAP, kind]
    # Never more owners than neighbours.
    if cap >= 0 and found > max(cap, 1):
        return False
    silence = np.int64(0) if weak else g.types[RECYCLE, kind]
    if found > 1 and (weak or silence) and _is_handed_on(first, last, found, silence):
        return False
    if weak:
        life = g.types[LIFETIME, kind]
        tail = np.int64(0)
        if life and found:
            for k in range(found):
                tail = max(tail, last[k]) if k else last[k]
            tail += life
            if g.n64[LAST_SEEN, v] >= tail:
                return False
        if g.n64[TAIL, v] != tail:
            g.n64[TAIL, v] = tail
        if found < 2:
            g.n8[CODE, v] |= SPECIAL
    return True


@compiled
def _is_handed_on(first, last, found, silence):  # type: ignore[no-untyped-def]
    """Whether somebody was seen first more than the silence after all who were seen before. Sorts."""
    for i in range(1, found):
        since, until = first[i], last[i]
        k = i
        while k > 0 and first[k - 1] > since:
            first[k], last[k] = first[k - 1], last[k - 1]
            k -= 1
        first[k], last[k] = since, until
    end = last[0]
    for i in range(1, found):
        if first[i] - end > silence:
            return True
        end = max(end, last[i])
    return False


@compiled
def _hang(g, v, records, start, end):  # type: ignore[no-untyped-def]
    """Make the lists of half-edges of one identifier, as `arrange` needs them."""
    g.n32[STRONG_HEAD, v] = 0
    g.n32[WEAK_HEAD, v] = 0
    degree = 0
    for i in range(start, end):
        half, far = records[i, 0] >> 32, records[i, 0] & 0xFFFFFFFF
        heads = WEAK_HEAD if far == NOT_STRONG else STRONG_HEAD
        degree += far != NOT_STRONG
        g.e32[NEXT_A + (half & 1), half >> 1] = g.n32[heads, v]
        g.n32[heads, v] = half + 1
    g.n32[DEGREE, v] = degree


@compiled
def _code_tenures(g, v):  # type: ignore[no-untyped-def]
    """CODE of an identifier's tenures, now that they are settled."""
    code = code_of(g, v)
    chained = code & 3 == STRONG and g.n32[LATER_TENURE, v] != 0
    node = v
    while node >= 0:
        more = OUT_OF_USE if needless(g, node) else IS_VOID_CODE if g.n8[IS_VOID, node] else 0
        g.n8[CODE, node] = code | more | (SPECIAL if chained else 0)
        node = g.n32[LATER_TENURE, node] - 1
