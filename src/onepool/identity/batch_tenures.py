"""Tenures and void values of all identifiers at once.

Links are sorted by the identifiers that may have several tenures or be void, not all at once: first into buckets of
identifiers that lie side by side, then bucket by bucket, each small enough for the cache. Most identifiers turn out to
have one tenure and to name few. The others are settled here too if they were seen with few, else by `arrange`, as live.
"""

from __future__ import annotations

import numpy as np

from onepool.identity.arrays import (
    A_AT,
    BASE,
    BY_TIME,
    CAP,
    CODE,
    CONFLICT,
    CONTACT,
    CUSTOMER,
    DEGREE,
    DIRTY,
    DOUBTED,
    DOUBTFUL,
    EDGE_STATUS,
    EDGES,
    EVENT,
    FIRST,
    FREE,
    FULL,
    HUB,
    IS_VOID,
    JOINED,
    KIND,
    LAST,
    LAST_SEEN,
    LATER_TENURE,
    LIFETIME,
    NEIGHBOUR,
    NEXT_A,
    NOBODYS,
    NODES,
    OFF,
    OWNER,
    OWNERS,
    RECYCLE,
    RING,
    SINCE,
    SOURCE,
    START,
    STRONG,
    STRONG_HEAD,
    TAIL,
    TENURE,
    TENURE_NODE,
    TYPE,
    UNTIL,
    WEAK_HEAD,
    WHY,
    A,
    B,
)
from onepool.identity.jit import compiled, prefetch
from onepool.identity.kernel import code_of, doubts, in_doubt, judged, needless, tenure_at
from onepool.identity.tenures import ROOM, arrange, chain, handed_to, owners_of, recycled, set_void, sort_by_time

HINDERED, OUT_OF_USE, IS_VOID_CODE, SPECIAL = 4 | 16, 32, 64, 128
"""Bits of CODE (see kernel.code_of). HINDERED: names nobody, or consent is withdrawn. SPECIAL: of a strong node that it
is or has a further tenure; of a weak one that it was seen with one strong identifier at most."""
LOOKED_AT, COUNTED, AGES = OUT_OF_USE, IS_VOID_CODE, SPECIAL
"""The same bits until tenures are settled: of identifiers that have to be looked at; of those whose every link counts;
of those that have no owner any more after a time."""
LOOK_BIT, COUNT_BIT, AGE_BIT, DEGREE_BIT, MET = 5, 6, 7, 8, 20
"""Their places: a number is cheaper than a jump. Above them, in `met`, a degree and an identifier + 1."""
CODE_BITS, DEGREE_ONE, DEGREES, MET_BELOW = 63, 1 << DEGREE_BIT, (1 << MET) - (1 << DEGREE_BIT), (1 << MET) - 1
SEVERAL = 1 << 32
"""In place of an identifier that one was seen with: several."""
PENDING = -1
"""In EDGE_STATUS: of links that depend on tenures and voids."""

(HALF, ENDS, SEEN_FIRST, SEEN_LAST) = range(4)
LAID, RECORD = 2, 4
"""How much of a half-edge `gather` lays, and how much is sorted. HALF: its number, times 4, and bits; ENDS: near
identifier, in the bucket, times 1 << 32, and far one; then the times of the first and the last event."""
USED, STRONG_FAR, JOINING, FAR = 1, 2, 3, (1 << 32) - 1
"""Bits of HALF: the link may be used; the far identifier is strong; both. FAR: of ENDS."""

BUCKET = 13
"""Half-edges are sorted into buckets of 1 << BUCKET identifiers."""
CHUNK = 7
"""A bucket is a chain of chunks of 1 << CHUNK half-edges."""

IN_BUCKET, IN_CHUNK = (1 << BUCKET) - 1, (1 << CHUNK) - 1

AHEAD = 16
"""How many steps ahead what is needed of memory is asked for."""

MANY = 64
"""With more neighbours than this an identifier is settled the long way."""


@compiled
def code_all(g, met, thorough):  # type: ignore[no-untyped-def]
    """Every node by itself, with its CODE as far as that does not depend on tenures and voids; in `met`, shape
    (nodes,), the same, for `meet`."""
    customer, ring, owner, dirty = g.n32[CUSTOMER], g.n32[RING], g.n32[OWNER], g.n8[DIRTY]
    for v in range(g.counts[NODES]):
        customer[v] = ring[v] = v
        if owner[v]:
            owner[v] = 0
        if dirty[v]:
            dirty[v] = 0
        code = np.int64(code_of(g, v))
        kind = g.n32[TYPE, v]
        if g.n32[BASE, v] == v:
            counted = g.counts[DOUBTED] and g.types[CONTACT, kind]
            if code & 3 == STRONG:
                special = g.n8[IS_VOID, v] or g.n32[LATER_TENURE, v]
                look = thorough or special or counted or g.types[RECYCLE, kind] != 0 or g.types[CAP, kind] >= 0
            else:
                look = True
                code |= AGES if g.types[LIFETIME, kind] else 0
            code |= (LOOKED_AT if look else 0) | (COUNTED if counted else 0)
        g.n8[CODE, v] = code
        met[v] = code


@compiled
def meet(g, met, pairs, old):  # type: ignore[no-untyped-def]
    """Join what no tenure or void can touch, and see with whom the others were seen: nobody, one, or several.

    Most were seen with one at most, so that nothing is left to settle. In `met`, above the code: how many links to
    strong ones there are, up to one more than HUB, and the identifier seen, + 1, or SEVERAL. TAIL: when those that age
    were last seen with one. EDGE_STATUS: PENDING but for what is joined. pairs: scratch of shape (2, n), to take n
    links at a time (see `batch_sets.join_all`); old: (2, 2n).
    """
    kinds, left, right, source = g.e8[KIND], g.e32[A], g.e32[B], g.e32[SOURCE]
    off, basis, status, lasts, tail = g.e8[OFF], g.basis, g.e8[EDGE_STATUS], g.e64[LAST], g.n64[TAIL]
    xs, ys, aging, when = pairs[0], pairs[1], old[0], old[1]
    edges, size = g.counts[EDGES], pairs.shape[1]
    for low in range(0, edges, size):
        plain, ages = 0, 0
        for e in range(low, min(low + size, edges)):
            if e + AHEAD < edges:
                prefetch(met, left[e + AHEAD])
                prefetch(met, right[e + AHEAD])
            if status[e] == CONFLICT:
                g.e32[WHY, e] = 0
            status[e] = PENDING
            if kinds[e] != EVENT:
                continue
            a, b = np.int64(left[e]), np.int64(right[e])
            p, q = met[a], met[b]
            used = 1
            if (p | q) & HINDERED or basis[source[e]] != FREE or off[e]:
                used = 1 if judged(p & 255, q & 255, basis[source[e]], off[e], EVENT) < 0 else 0
            # To be written over when it is not wanted: to jump would cost more.
            xs[plain], ys[plain] = a, b
            joins = used & p & q & ~(p | q) >> LOOK_BIT & 1
            plain += joins
            status[e] = JOINED if joins else PENDING
            met[a], met[b] = _met(p, q, a, b, used), _met(q, p, b, a, used)
            # An identifier that ages is weak, and so not both are; whether it was seen before with any.
            one, other, near = (p, q, a) if p & AGES else (q, p, b)
            aging[ages], when[ages] = near << 1 | (one >> MET != 0), lasts[e]
            ages += used & one >> AGE_BIT & other & STRONG
        unite(g.n32[CUSTOMER], xs, ys, plain)
        for i in range(ages):
            if i + AHEAD < ages:
                prefetch(tail, aging[i + AHEAD] >> 1)
            v, last = aging[i] >> 1, when[i]
            tail[v] = max(tail[v], last) if aging[i] & 1 else last


@compiled
def _met(own, other, near, far, used):  # type: ignore[no-untyped-def]
    """What is in `met` of an identifier after one more link."""
    own += DEGREE_ONE if (other & STRONG) & (own & DEGREES < HUB + 1 << DEGREE_BIT) else 0
    joins = used & other & STRONG
    counts = own >> LOOK_BIT & (joins | own >> COUNT_BIT) & 1
    whom, now = own >> MET, (far if joins else near) + 1
    several = (whom != 0) & ((whom != now) | (own & COUNTED != 0))
    now = np.int64(SEVERAL) if several else now
    return (own & MET_BELOW) | now << MET if counts else own


@compiled
def unite(parent, xs, ys, count):  # type: ignore[no-untyped-def]
    """Union-find of so many pairs; a root is its set's smallest node. Writes over the pairs."""
    for i in range(count):
        if i + 2 * AHEAD < count:
            prefetch(parent, xs[i + 2 * AHEAD])
            prefetch(parent, ys[i + 2 * AHEAD])
        if i + AHEAD < count:
            xs[i + AHEAD], ys[i + AHEAD] = parent[xs[i + AHEAD]], parent[ys[i + AHEAD]]
            prefetch(parent, xs[i + AHEAD])
            prefetch(parent, ys[i + AHEAD])
        x, y = xs[i], ys[i]
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        while parent[y] != y:
            parent[y] = parent[parent[y]]
            y = parent[y]
        if x < y:
            parent[y] = x
        elif y < x:
            parent[x] = y


@compiled
def find_hubs(g, met):  # type: ignore[no-untyped-def]
    """Whether an identifier that was not to be looked at has more than HUB links; if so, all has to begin anew.

    Those that have are void (IS_VOID), which `code_all` looks at. met: as from `meet`.
    """
    found = False
    for v in range(g.counts[NODES]):
        if met[v] & DEGREES > HUB << DEGREE_BIT and met[v] & LOOKED_AT == 0:
            g.n8[IS_VOID, v] = 1
            found = True
    return found


@compiled
def settle_most(g, met, thorough):  # type: ignore[no-untyped-def]
    """Settle identifiers that were seen with one at most; LOOKED_AT stays with those that `gather` is for.

    Of weak ones OWNER is whom they were seen with, as if that had one tenure and were not void (see
    `batch_sets.doubt_owners`).
    """
    code, owner, tail = g.n8[CODE], g.n32[OWNER], g.n64[TAIL]
    for v in range(g.counts[NODES]):
        own = met[v]
        if own & LOOKED_AT == 0:
            continue
        kind, whom = g.n32[TYPE, v], own >> MET
        more = thorough or whom == SEVERAL or own & DEGREES > HUB << DEGREE_BIT or g.types[CAP, kind] == 0
        more |= g.n8[IS_VOID, v] != 0 or g.n32[LATER_TENURE, v] != 0
        if own & AGES:
            until = tail[v] + g.types[LIFETIME, kind] if whom else np.int64(0)
            more |= whom != 0 and g.n64[LAST_SEEN, v] >= until
            until = np.int64(0) if more else until
            if tail[v] != until:
                tail[v] = until
        if more:
            code[v] = own & CODE_BITS
            continue
        if own & COUNTED:
            g.n32[DEGREE, v] = whom != 0
        code[v] = own & CODE_BITS & ~LOOKED_AT
        if own & 3 != STRONG:
            code[v] |= SPECIAL
            if whom:
                owner[v] = whom


@compiled
def gather(g, records, chunks, ends, block):  # type: ignore[no-untyped-def]
    """Sort half-edges of identifiers that have to be looked at into buckets.

    records: room for all half-edges, LAID of each, and a chunk more for each bucket; chunks: room for the chunk before
    each, -1 for none; ends: zeros, by bucket where its next half-edge goes. block: scratch of shape (3, 2n), to take n
    links at a time (see `batch_sets.join_all`).
    """
    kinds, left, right, source = g.e8[KIND], g.e32[A], g.e32[B], g.e32[SOURCE]
    off, code, basis, status = g.e8[OFF], g.n8[CODE], g.basis, g.e8[EDGE_STATUS]
    buckets, what, both = block[0], block[1], block[2]
    edges, size = g.counts[EDGES], block.shape[1] >> 1
    made = 0
    for low in range(0, edges, size):
        found = 0
        for e in range(low, min(low + size, edges)):
            if status[e] != PENDING:
                continue
            a, b = np.int64(left[e]), np.int64(right[e])
            p, q = np.int64(code[a]), np.int64(code[b])
            used = 1
            if (p | q) & HINDERED or basis[source[e]] != FREE or off[e]:
                used = judged(p, q, basis[source[e]], off[e], EVENT) < 0
            event = kinds[e] == EVENT
            # To be written over when it is not wanted: to jump would cost more.
            buckets[found] = a >> BUCKET
            what[found] = (2 * e) << 2 | (q & STRONG) << 1 | used
            both[found] = (a & IN_BUCKET) << 32 | b
            found += event & (p & LOOKED_AT != 0)
            buckets[found] = b >> BUCKET
            what[found] = (2 * e + 1) << 2 | (p & STRONG) << 1 | used
            both[found] = (b & IN_BUCKET) << 32 | a
            found += event & (q & LOOKED_AT != 0)
        for i in range(found):
            bucket = buckets[i]
            at = ends[bucket]
            if at & IN_CHUNK == 0:
                chunks[made] = (at >> CHUNK) - 1
                at = made << CHUNK
                made += 1
            records[at, HALF] = what[i]
            records[at, ENDS] = both[i]
            ends[bucket] = at + 1


@compiled
def largest(chunks, ends):  # type: ignore[no-untyped-def]
    """How many half-edges the largest bucket has room for."""
    most = 0
    for bucket in range(ends.size):
        size = 0
        chunk = (ends[bucket] - 1) >> CHUNK
        while ends[bucket] and chunk >= 0:
            size += 1 << CHUNK
            chunk = chunks[chunk]
        most = max(most, size)
    return most


@compiled
def arrange_all(g, nodes, records, chunks, ends, here, place, done, thorough):  # type: ignore[no-untyped-def]
    """Settle the tenures of identifiers done..nodes; returns where it stopped, short of `nodes` for want of room.

    here: room for as many half-edges as the `largest` bucket has; place: for a number by identifier of a bucket, and
    one more.
    """
    for bucket in range(done >> BUCKET, ends.size):
        done = _arrange_bucket(g, bucket, nodes, records, chunks, ends[bucket], here, place, done, thorough)
        if g.counts[FULL]:
            return done
    return nodes


@compiled
def _arrange_bucket(g, bucket, nodes, records, chunks, end, here, place, start, thorough):  # type: ignore[no-untyped-def]
    low = bucket << BUCKET
    high = min(low + (1 << BUCKET), nodes)
    _sort(g, records, chunks, end, here, place)
    for v in range(max(low, start), high):
        first, last = (np.int64(0) if v == low else place[v - low - 1]), place[v - low]
        # Of a tenure out of use the bit is set by its identifier, and stays.
        if g.n8[CODE, v] & LOOKED_AT == 0 or g.n32[BASE, v] != v:
            continue
        if g.counts[DOUBTED] and g.types[CONTACT, g.n32[TYPE, v]]:
            # `unsettled` asks whether there are others; weak ones and links not used may be among them.
            g.n32[DEGREE, v] = last - first
        settled = not thorough and settle(g, v, here, first, last)
        if not settled:
            _hang(g, v, here, first, last)
            arrange(g, v)
        if g.counts[FULL]:
            return v
        if not settled:
            _code_tenures(g, v)
        g.n8[CODE, v] &= ~LOOKED_AT
    return high


@compiled
def _sort(g, records, chunks, end, here, place):  # type: ignore[no-untyped-def]
    """Sort a bucket's half-edges by identifier into `here`, with times; `place` tells by identifier where they end."""
    firsts, lasts = g.e64[FIRST], g.e64[LAST]
    for i in range(place.size):
        place[i] = 0
    chunk, size = (end - 1) >> CHUNK, ((end - 1) & IN_CHUNK) + 1
    while end and chunk >= 0:
        for i in range(chunk << CHUNK, (chunk << CHUNK) + size):
            place[(records[i, ENDS] >> 32) + 1] += 1
            prefetch(firsts, records[i, HALF] >> 3)
            prefetch(lasts, records[i, HALF] >> 3)
        chunk, size = chunks[chunk], 1 << CHUNK
    for i in range(1, place.size):
        place[i] += place[i - 1]
    chunk, size = (end - 1) >> CHUNK, ((end - 1) & IN_CHUNK) + 1
    while end and chunk >= 0:
        for i in range(chunk << CHUNK, (chunk << CHUNK) + size):
            near = records[i, ENDS] >> 32
            at = place[near]
            place[near] = at + 1
            e = records[i, HALF] >> 3
            here[at, HALF], here[at, ENDS] = records[i, HALF], records[i, ENDS]
            here[at, SEEN_FIRST], here[at, SEEN_LAST] = firsts[e], lasts[e]
        chunk, size = chunks[chunk], 1 << CHUNK


@compiled
def settle(g, v, records, start, end):  # type: ignore[no-untyped-def]
    """Settle an identifier by half-edges start..end; returns whether that could be done so, or FULL is set."""
    if g.n32[LATER_TENURE, v] or g.n8[IS_VOID, v]:
        return False
    if end - start > HUB:
        degree = 0
        for i in range(start, end):
            degree += (records[i, HALF] & STRONG_FAR) >> 1
        if degree > HUB:
            _make_void(g, v, degree)
            return True
    kind = g.n32[TYPE, v]
    weak = g.n8[CODE, v] & 3 != STRONG
    near, first, last = g.scratch[NEIGHBOUR], g.scratch[SINCE], g.scratch[UNTIL]
    found = 0
    for i in range(start, end):
        if records[i, HALF] & JOINING != JOINING:
            continue
        k = _place_of(near, found, records[i, ENDS] & FAR)
        if k < found:
            first[k] = min(first[k], records[i, SEEN_FIRST])
            last[k] = max(last[k], records[i, SEEN_LAST])
        elif found == MANY:
            return False
        else:
            near[k], first[k], last[k] = records[i, ENDS] & FAR, records[i, SEEN_FIRST], records[i, SEEN_LAST]
            found += 1
    cap = g.types[CAP, kind]
    if weak and cap >= 0 and found > cap:
        _make_void(g, v, found)
        return True
    tenures = 1
    if found > 1 and (weak or g.types[RECYCLE, kind]):
        sort_by_time(g, found)
        if _has_gap(g, found, np.int64(0) if weak else g.types[RECYCLE, kind]):
            for i in range(found + 1):
                g.scratch[NOBODYS, i] = 0
            if weak:
                tenures = handed_to(g, kind, found)
            else:
                _find_doubts(g, records, start, end, found)
                tenures = recycled(g, kind, found)
    if weak:
        tail = np.int64(0)
        if g.types[LIFETIME, kind] and found:
            tail = last[0]
            for k in range(1, found):
                tail = max(tail, last[k])
            tail += g.types[LIFETIME, kind]
            if g.n64[LAST_SEEN, v] >= tail:
                if tenures == 1:
                    for i in range(found):
                        g.scratch[TENURE, i] = 0
                g.scratch[START, tenures] = tail
                g.scratch[NOBODYS, tenures] = 0
                tenures += 1
        if g.n64[TAIL, v] != tail:
            g.n64[TAIL, v] = tail
        if found < 2 and tenures == 1:
            g.n8[CODE, v] |= SPECIAL
    if tenures > 1:
        if g.counts[NODES] + ROOM > g.n32.shape[1]:
            g.counts[FULL] = 1
        else:
            _make_tenures(g, v, records, start, end, found, tenures, weak)
    elif not weak and cap >= 0 and found > cap:
        # Never more owners than neighbours, so most have not come here.
        for i in range(found):
            g.scratch[TENURE, i] = 0
        if set_void(g, v, owners_of(g, v, found, 0), cap):
            g.n8[CODE, v] |= IS_VOID_CODE
    return True


@compiled
def _make_void(g, v, owners):  # type: ignore[no-untyped-def]
    """One tenure, as there was, and void."""
    g.n8[IS_VOID, v] = 1
    g.n8[CODE, v] |= IS_VOID_CODE
    g.n32[OWNERS, v] = owners
    if g.n64[TAIL, v]:
        g.n64[TAIL, v] = 0


@compiled
def _place_of(near, found, node):  # type: ignore[no-untyped-def]
    k = 0
    while k < found and near[k] != node:
        k += 1
    return k


@compiled
def _has_gap(g, found, silence):  # type: ignore[no-untyped-def]
    """Whether somebody was seen first more than the silence after all who were seen before."""
    first, last, order = g.scratch[SINCE], g.scratch[UNTIL], g.scratch[BY_TIME]
    end = last[order[0]]
    for n in range(1, found):
        if first[order[n]] - end > silence:
            return True
        end = max(end, last[order[n]])
    return False


@compiled
def _find_doubts(g, records, start, end, found):  # type: ignore[no-untyped-def]
    """Which neighbours all links with are in doubt."""
    doubted = doubts(g)
    for k in range(found):
        g.scratch[DOUBTFUL, k] = doubted
    if not doubted:
        return
    for i in range(start, end):
        if records[i, HALF] & JOINING == JOINING:
            k = _place_of(g.scratch[NEIGHBOUR], found, records[i, ENDS] & FAR)
            g.scratch[DOUBTFUL, k] &= in_doubt(g, records[i, HALF] >> 3)


@compiled
def _make_tenures(g, v, records, start, end, found, tenures, weak):  # type: ignore[no-untyped-def]
    """Tenures of an identifier that had one so far, and the ends of its links there."""
    tenure, nodes = g.scratch[TENURE], g.scratch[TENURE_NODE]
    chain(g, v, tenures)
    node = v
    for k in range(tenures):
        nodes[k] = node
        node = g.n32[LATER_TENURE, node] - 1
    for i in range(start, end):
        half, what = records[i, HALF] >> 2, records[i, HALF] & JOINING
        at = v
        if what == JOINING:
            at = nodes[tenure[_place_of(g.scratch[NEIGHBOUR], found, records[i, ENDS] & FAR)]]
        elif not weak and what & STRONG_FAR == 0:
            # Links to weak identifiers are of the tenure that their first event falls into.
            at = tenure_at(g, v, records[i, SEEN_FIRST])
        if at != v:
            g.e32[A_AT + (half & 1), half >> 1] = at
    if not weak:
        cap = g.types[CAP, g.n32[TYPE, v]]
        for k in range(tenures):
            set_void(g, nodes[k], owners_of(g, v, found, k), np.int64(-2) if g.scratch[NOBODYS, k] else cap)
    _code_tenures(g, v)


@compiled
def _hang(g, v, records, start, end):  # type: ignore[no-untyped-def]
    """Make the lists of half-edges of one identifier, as `arrange` needs them."""
    g.n32[STRONG_HEAD, v] = 0
    g.n32[WEAK_HEAD, v] = 0
    degree = 0
    for i in range(start, end):
        half, strong = records[i, HALF] >> 2, records[i, HALF] & STRONG_FAR
        heads = STRONG_HEAD if strong else WEAK_HEAD
        degree += strong != 0
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
