"""With whom identifiers were seen, as far as one pass over all links tells it; joining what no tenure can touch.

Most were seen with one other at most, so that they have one tenure and are not void; batch_tenures.py is for the rest.
"""

from __future__ import annotations

import numpy as np

from onepool.identity.arrays import (
    BASE,
    CAP,
    CODE,
    CONFLICT,
    CONTACT,
    CUSTOMER,
    DIRTY,
    DOUBTED,
    EDGE_STATUS,
    EVENT,
    FREE,
    HUB,
    IS_VOID,
    JOINED,
    KIND,
    LAST,
    LAST_SEEN,
    LATER_TENURE,
    LIFETIME,
    NO_TIME,
    NODES,
    OFF,
    OWNER,
    PROVED,
    RECYCLE,
    RING,
    SOURCE,
    STRONG,
    TAIL,
    TRUST,
    TYPE,
    TYPED,
    WHY,
    A,
    B,
)
from onepool.identity.jit import compiled, inlined, prefetch, released, swap
from onepool.identity.kernel import code_of, doubts, judged

HINDERED, OUT_OF_USE, IS_VOID_CODE, SPECIAL = 4 | 16, 32, 64, 128
"""Bits of CODE (see kernel.code_of). HINDERED: names nobody, or consent is withdrawn. SPECIAL: of a strong node that it
is or has a further tenure; of a weak one that it was seen with one strong identifier at most."""
LOOKED_AT, DOUBTS, AGES, CLAIMED = OUT_OF_USE, IS_VOID_CODE, SPECIAL, SPECIAL
"""The same bits until tenures are settled: of identifiers that have to be looked at; of contacts with a link in doubt;
of weak ones that have no owner any more after a time; of strong ones that are contacts, where that matters."""
LOOK_BIT, AGE_BIT = 5, 7
"""Their places: a number is cheaper than a jump."""
CODE_BITS = 63
SEVERAL = -1
"""In RING, in place of an identifier that one was seen with: several."""
PENDING, TO_JOIN, TO_FOLLOW = -1, -2, -3
"""In EDGE_STATUS: of links that depend on tenures and voids; the same of events that may be used, between two strong
identifiers or a strong and a weak one."""

MOST_LINKS = (1 << 16) - 1
"""As far as links of a group of identifiers are counted."""

FAR = (1 << 32) - 1
"""The lower half of a number."""

AHEAD, FAR_AHEAD = 16, 64
"""How many steps ahead what is needed of memory is asked for; the same where a step does little else."""


@compiled
def put(bits, v):  # type: ignore[no-untyped-def]
    """Put a number into a set of bits, shape (n // 8 + 1,)."""
    bits[v >> 3] |= 1 << (v & 7)


@compiled
def has(bits, v):  # type: ignore[no-untyped-def]
    """1 if a set of bits has a number, else 0."""
    return bits[v >> 3] >> (v & 7) & 1


@released
def code_all(g, thorough, start, end):  # type: ignore[no-untyped-def]
    """Every node of start..end its own customer, without owner and seen with nobody (RING), with its CODE as far as
    that does not depend on tenures and voids."""
    customer, met, owner, dirty, codes = g.n32[CUSTOMER], g.n32[RING], g.n32[OWNER], g.n8[DIRTY], g.n8[CODE]
    tail = g.n64[TAIL]
    for v in range(start, end):
        customer[v] = v
        met[v] = 0
        if owner[v]:
            owner[v] = 0
        if dirty[v]:
            dirty[v] = 0
        code = np.int64(code_of(g, v))
        kind = g.n32[TYPE, v]
        if g.n32[BASE, v] == v:
            if code & 3 == STRONG:
                claimed = g.counts[DOUBTED] and g.types[CONTACT, kind]
                special = g.n8[IS_VOID, v] or g.n32[LATER_TENURE, v]
                look = thorough or special or claimed or g.types[RECYCLE, kind] != 0 or g.types[CAP, kind] >= 0
                code |= CLAIMED if claimed else 0
            else:
                look = True
                if g.types[LIFETIME, kind]:
                    code |= AGES
                    tail[v] = NO_TIME
            code |= LOOKED_AT if look else 0
        codes[v] = code


@released
def meet(g, start, end, degrees, shift, pairs, seen):  # type: ignore[no-untyped-def]
    """Join by links start..end what no tenure or void can touch, and see with whom the others were seen: nobody, one,
    or several.

    Most were seen with one at most, so that nothing is left to settle. In RING, which is not needed yet: the identifier
    seen, + 1, or SEVERAL; in TAIL when those that age were last seen with one. EDGE_STATUS: PENDING, TO_JOIN or
    TO_FOLLOW but for what is joined. degrees: zeros, to count the links to strong ones of each 1 << shift identifiers.
    pairs: scratch of shape (2, n), to take n links at a time (see `batch_sets.join_all`); seen: (2, 2n).
    """
    kinds, left, right, source = g.e8[KIND], g.e32[A], g.e32[B], g.e32[SOURCE]
    off, basis, status, trust, code = g.e8[OFF], g.basis, g.e8[EDGE_STATUS], g.e8[TRUST], g.n8[CODE]
    xs, ys = pairs[0], pairs[1]
    size = pairs.shape[1]
    doubted = g.counts[DOUBTED] if doubts(g) else 0
    for low in range(start, end, size):
        plain, found = np.int64(0), np.int64(0)
        for e in range(low, min(low + size, end)):
            if e + FAR_AHEAD < end:
                prefetch(code, left[e + FAR_AHEAD])
                prefetch(code, right[e + FAR_AHEAD])
                prefetch(degrees, left[e + FAR_AHEAD] >> shift)
                prefetch(degrees, right[e + FAR_AHEAD] >> shift)
            if status[e] == CONFLICT:
                g.e32[WHY, e] = 0
            status[e] = PENDING
            if kinds[e] != EVENT:
                continue
            a, b = left[e], right[e]
            p, q = np.int64(code[a]), np.int64(code[b])
            used = np.int64(1)
            if (p | q) & HINDERED or basis[source[e]] != FREE or off[e]:
                used = np.int64(judged(p & 31, q & 31, basis[source[e]], off[e], EVENT) < 0)
            if doubted and (p | q) & CLAIMED and (trust[e] == TYPED if doubted == 1 else trust[e] != PROVED):
                _doubt(code, a)
                _doubt(code, b)
            # As many as a count holds are too many as well.
            degree = np.int64(degrees[a >> shift])
            degrees[a >> shift] = degree + (q & STRONG & (degree < MOST_LINKS))
            degree = np.int64(degrees[b >> shift])
            degrees[b >> shift] = degree + (p & STRONG & (degree < MOST_LINKS))
            # To be written over when it is not wanted: to jump would cost more.
            xs[plain], ys[plain] = a, b
            joins = used & p & q & ~(p | q) >> LOOK_BIT & 1
            plain += joins
            # PENDING if it may not be used or no end is strong.
            pending = PENDING - (used & (p | q) & STRONG) - (used & (p ^ q) & STRONG)
            status[e] = JOINED if joins else pending
            a, b = np.int64(a), np.int64(b)
            seen[0, found], seen[1, found] = a << 32 | b, np.int64(e) << 1 | (p >> AGE_BIT & ~p & 1)
            found += np.int64(p >> LOOK_BIT & used & q & STRONG)
            seen[0, found], seen[1, found] = b << 32 | a, np.int64(e) << 1 | (q >> AGE_BIT & ~q & 1)
            found += np.int64(q >> LOOK_BIT & used & p & STRONG)
        unite(g.n32[CUSTOMER], xs, ys, plain)
        _note(g, seen, found)


@inlined
def _note(g, seen, found):  # type: ignore[no-untyped-def]
    """Note with whom identifiers were seen, and when those that age were last. Writes over what was `seen`.

    Several threads may do so at once: nobody (0) becomes one by `swap` only, and several stay several.
    """
    met, tail, lasts = g.n32[RING], g.n64[TAIL], g.e64[LAST]
    ages = np.int64(0)
    for i in range(found):
        if i + FAR_AHEAD < found:
            prefetch(met, seen[0, i + FAR_AHEAD] >> 32)
        near, now, link = seen[0, i] >> 32, (seen[0, i] & FAR) + 1, seen[1, i]
        whom = np.int64(met[near])
        if whom != now and whom != SEVERAL and (whom or not swap(met, near, 0, now)) and met[near] != now:
            met[near] = SEVERAL
        seen[0, ages], seen[1, ages] = near, lasts[link >> 1]
        ages += link & 1
    for i in range(ages):
        if i + FAR_AHEAD < ages:
            prefetch(tail, seen[0, i + FAR_AHEAD])
        v, last = seen[0, i], seen[1, i]
        while True:
            known = tail[v]
            if last <= known or swap(tail, v, known, last):
                break


@compiled
def _doubt(code, v):  # type: ignore[no-untyped-def]
    """Note that a node, if it is a contact, has a link in doubt. (Threads that do so at once write the same.)"""
    if code[v] & (CLAIMED | STRONG) == CLAIMED | STRONG:
        code[v] |= DOUBTS


@inlined
def unite(parent, xs, ys, count):  # type: ignore[no-untyped-def]
    """Union-find of so many pairs; a root is its set's smallest node. Writes over the pairs.

    Several threads may do so at once: a root is put below another by `swap` only, and to shorten a path is right
    whatever others do, since each node's parent is smaller than it (Anderson and Woll 1991).
    """
    for i in range(count):
        if i + 2 * AHEAD < count:
            prefetch(parent, xs[i + 2 * AHEAD])
            prefetch(parent, ys[i + 2 * AHEAD])
        if i + AHEAD < count:
            xs[i + AHEAD], ys[i + AHEAD] = parent[xs[i + AHEAD]], parent[ys[i + AHEAD]]
            prefetch(parent, xs[i + AHEAD])
            prefetch(parent, ys[i + AHEAD])
        x, y = xs[i], ys[i]
        while True:
            while parent[x] != x:
                parent[x] = parent[parent[x]]
                x = parent[x]
            while parent[y] != y:
                parent[y] = parent[parent[y]]
                y = parent[y]
            if x == y or swap(parent, max(x, y), max(x, y), min(x, y)):
                break


@compiled
def crowded(degrees):  # type: ignore[no-untyped-def]
    """Number from 1 the groups of identifiers that have more than HUB links together, the others 0; how many."""
    found = 0
    for i in range(degrees.size):
        more = degrees[i] > HUB
        found += more
        degrees[i] = found if more else 0
    return found


@released
def count_links(g, start, end, groups, shift, degrees):  # type: ignore[no-untyped-def]
    """Count by links start..end the links of each identifier in the `crowded` groups.

    degrees: zeros, as many as there are identifiers in those groups.
    """
    code, left, right = g.n8[CODE], g.e32[A], g.e32[B]
    inside = (1 << shift) - 1
    for e in range(start, end):
        if g.e8[KIND, e] == EVENT:
            a, b = left[e], right[e]
            one, other = groups[a >> shift], groups[b >> shift]
            if one:
                degrees[(one - 1 << shift) + (a & inside)] += code[b] & STRONG
            if other:
                degrees[(other - 1 << shift) + (b & inside)] += code[a] & STRONG


@released
def find_hubs(g, groups, shift, degrees):  # type: ignore[no-untyped-def]
    """Find identifiers with more than HUB links, as counted by `count_links`; returns whether all has to begin anew.

    That is so if one was not to be looked at: it becomes void (IS_VOID), which `code_all` looks at.
    """
    code, inside = g.n8[CODE], (1 << shift) - 1
    found = False
    for v in range(g.counts[NODES]):
        group = groups[v >> shift]
        if group and degrees[(group - 1 << shift) + (v & inside)] > HUB:
            if code[v] & LOOKED_AT:
                g.n32[RING, v] = SEVERAL
            else:
                g.n8[IS_VOID, v] = 1
                found = True
    return found


@released
def settle_most(g, start, end, looked_at, thorough):  # type: ignore[no-untyped-def]
    """Settle identifiers start..end that were seen with one at most; LOOKED_AT stays with those that `gather` is for.

    looked_at: zeros, to tell the same as a set of bits, which fits a nearer cache.

    Of weak ones OWNER is whom they were seen with, as if that had one tenure and were not void (see
    `batch_sets.doubt_owners`).
    """
    code, owner, tail = g.n8[CODE], g.n32[OWNER], g.n64[TAIL]
    for v in range(start, end):
        own, whom = np.int64(code[v]), g.n32[RING, v]
        if own & LOOKED_AT == 0:
            continue
        kind = g.n32[TYPE, v]
        more = thorough or whom == SEVERAL or own & DOUBTS != 0 or g.types[CAP, kind] == 0
        more |= g.n8[IS_VOID, v] != 0 or g.n32[LATER_TENURE, v] != 0
        strong = own & 3 == STRONG
        if own & AGES and not strong:
            until = tail[v] + g.types[LIFETIME, kind] if whom else np.int64(0)
            more |= whom != 0 and g.n64[LAST_SEEN, v] >= until
            until = np.int64(0) if more else until
            if tail[v] != until:
                tail[v] = until
        if more:
            code[v] = own & CODE_BITS
            put(looked_at, v)
            continue
        code[v] = own & CODE_BITS & ~LOOKED_AT
        if not strong:
            code[v] |= SPECIAL
            if whom:
                owner[v] = whom
