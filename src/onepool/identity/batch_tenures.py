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
    CONTACT,
    DEGREE,
    DOUBTED,
    DOUBTFUL,
    EDGE_STATUS,
    EVENT,
    FIRST,
    FREE,
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
    NOBODYS,
    NODES,
    OFF,
    OWNERS,
    RECYCLE,
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
    A,
    B,
)
from onepool.identity.batch_meet import AHEAD, FAR, HINDERED, IS_VOID_CODE, LOOKED_AT, OUT_OF_USE, SPECIAL, has
from onepool.identity.handover import handed_to, recycled, sort_by_time
from onepool.identity.jit import compiled, inlined, prefetch, released
from onepool.identity.kernel import code_of, doubts, in_doubt, judged, needless, tenure_at
from onepool.identity.tenures import ROOM, arrange, chain, owners_of, set_void

(HALF, ENDS, SEEN_FIRST, SEEN_LAST) = range(4)
LAID, RECORD = 2, 4
"""How much of a half-edge `gather` lays, and how much is sorted. HALF: its number, times 4, and bits; ENDS: near
identifier, in the bucket, times 1 << 32, and far one; then the times of the first and the last event."""
USED, STRONG_FAR, JOINING = 1, 2, 3
"""Bits of HALF: the link may be used; the far identifier is strong; both."""

BUCKET = 13
"""Half-edges are sorted into buckets of 1 << BUCKET identifiers."""
CHUNK = 7
"""A bucket is a chain of chunks of 1 << CHUNK half-edges."""

IN_BUCKET, IN_CHUNK = (1 << BUCKET) - 1, (1 << CHUNK) - 1

MANY = 64
"""With more neighbours than this an identifier is settled the long way."""


@released
def gather(g, start, end, looked_at, records, chunks, made, ends, block):  # type: ignore[no-untyped-def]
    """Sort half-edges of identifiers that have to be looked at into buckets, by links start..end.

    looked_at: as from `settle_most`. records: room for all half-edges, LAID of each, and a chunk more for each bucket;
    chunks: room for the chunk before each, -1 for none; made: the first that may be used; ends: zeros, by bucket where
    its next half-edge goes. block: scratch of shape (4, 2n), to take n links at a time (see `batch_sets.join_all`).
    """
    kinds, left, right, source = g.e8[KIND], g.e32[A], g.e32[B], g.e32[SOURCE]
    off, code, basis, status = g.e8[OFF], g.n8[CODE], g.basis, g.e8[EDGE_STATUS]
    buckets, what, both, near = block[0], block[1], block[2], block[3]
    size = block.shape[1] >> 1
    for low in range(start, end, size):
        found, some, waiting = 0, np.int64(0), np.int64(0)
        for e in range(low, min(low + size, end)):
            what[waiting] = e
            waiting += status[e] < 0
        for i in range(waiting):
            if i + AHEAD < waiting:
                prefetch(looked_at, left[what[i + AHEAD]] >> 3)
                prefetch(looked_at, right[what[i + AHEAD]] >> 3)
            e = what[i]
            near[some] = e
            some += has(looked_at, left[e]) | has(looked_at, right[e])
        for i in range(some):
            if i + AHEAD < some:
                prefetch(code, left[near[i + AHEAD]])
                prefetch(code, right[near[i + AHEAD]])
            e = near[i]
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


@released
def measure(chunks, ends, sizes):  # type: ignore[no-untyped-def]
    """How many half-edges each bucket has, into `sizes`, shape (buckets,). ends: of shape (threads, buckets)."""
    for bucket in range(ends.shape[1]):
        sizes[bucket] = 0
        for k in range(ends.shape[0]):
            end = ends[k, bucket]
            chunk, size = (end - 1) >> CHUNK, ((end - 1) & IN_CHUNK) + 1
            while end and chunk >= 0:
                sizes[bucket] += size
                chunk, size = chunks[chunk], 1 << CHUNK


@released
def settle_bucket(g, bucket, nodes, records, chunks, ends, here, place, thorough):  # type: ignore[no-untyped-def]
    """Sort a bucket's half-edges, and settle those of its identifiers that are left with one tenure; returns whether
    there are others, whose LOOKED_AT stays: `arrange_bucket` is for them (for all if `thorough`).

    Each identifier by itself, so several threads may do so at once, with scratch and counters of their own.
    """
    _sort_bucket(g.e64, bucket, records, chunks, ends, here, place)
    return thorough or _settle_few(g, bucket, nodes, here, place)


@inlined
def _sort_bucket(times, bucket, records, chunks, ends, here, place):  # type: ignore[no-untyped-def]
    """Sort a bucket's half-edges by identifier, and by number, into `here`, with times (`Arrays.e64`).

    ends: of shape (threads, buckets). here: room for as many as the bucket has (`measure`); place: to tell by
    identifier of a bucket where they begin, and one more.
    """
    firsts, lasts = times[FIRST], times[LAST]
    for i in range(place.size):
        place[i] = 0
    for k in range(ends.shape[0]):
        end = ends[k, bucket]
        chunk, size = (end - 1) >> CHUNK, ((end - 1) & IN_CHUNK) + 1
        while end and chunk >= 0:
            for i in range(chunk << CHUNK, (chunk << CHUNK) + size):
                place[records[i, ENDS] >> 32] += 1
                prefetch(firsts, records[i, HALF] >> 3)
                prefetch(lasts, records[i, HALF] >> 3)
            chunk, size = chunks[chunk], 1 << CHUNK
    for i in range(1, place.size):
        place[i] += place[i - 1]
    # From the last to the first, so that the order is one however many threads gathered them.
    for k in range(ends.shape[0] - 1, -1, -1):
        end = ends[k, bucket]
        chunk, size = (end - 1) >> CHUNK, ((end - 1) & IN_CHUNK) + 1
        while end and chunk >= 0:
            for i in range((chunk << CHUNK) + size - 1, (chunk << CHUNK) - 1, -1):
                near, e = records[i, ENDS] >> 32, records[i, HALF] >> 3
                at = place[near] - 1
                place[near] = at
                here[at, HALF], here[at, ENDS] = records[i, HALF], records[i, ENDS]
                here[at, SEEN_FIRST], here[at, SEEN_LAST] = firsts[e], lasts[e]
            chunk, size = chunks[chunk], 1 << CHUNK


@inlined
def _settle_few(g, bucket, nodes, here, place):  # type: ignore[no-untyped-def]
    """Settle those of a sorted bucket that are left with one tenure; returns whether there are others."""
    low = bucket << BUCKET
    others = False
    for v in range(low, min(low + (1 << BUCKET), nodes)):
        if g.n8[CODE, v] & LOOKED_AT == 0 or g.n32[BASE, v] != v:
            continue
        if settle(g, v, here, place[v - low], place[v - low + 1], False):
            _note_degree(g, v, place[v - low + 1] - place[v - low])
            g.n8[CODE, v] &= ~LOOKED_AT
        else:
            others = True
    return others


@inlined
def _note_degree(g, v, links):  # type: ignore[no-untyped-def]
    if g.counts[DOUBTED] and g.types[CONTACT, g.n32[TYPE, v]]:
        # `unsettled` asks whether there are others; weak ones and links not used may be among them.
        g.n32[DEGREE, v] = links


@released
def arrange_bucket(g, bucket, nodes, here, place, start, thorough):  # type: ignore[no-untyped-def]
    """Settle the tenures of a bucket's other identifiers from `start` on, the bucket being sorted.

    Returns where it stopped, short of the bucket's end for want of room.
    """
    low = bucket << BUCKET
    high = min(low + (1 << BUCKET), nodes)
    for v in range(max(low, start), high):
        # Of a tenure out of use the bit is set by its identifier, and stays.
        if g.n8[CODE, v] & LOOKED_AT == 0 or g.n32[BASE, v] != v:
            continue
        first, last = place[v - low], place[v - low + 1]
        _note_degree(g, v, last - first)
        settled = not thorough and settle(g, v, here, first, last, True)
        if not settled:
            _hang(g, v, here, first, last)
            arrange(g, v)
        if g.counts[FULL]:
            return v
        if not settled:
            _code_tenures(g, v)
        g.n8[CODE, v] &= ~LOOKED_AT
    return high


@inlined
def settle(g, v, records, start, end, bears):  # type: ignore[no-untyped-def]
    """Settle an identifier by half-edges start..end; returns whether that could be done so, or FULL is set.

    bears: whether it may be given further tenures, which are numbered as they are born; else that can't be done so.
    """
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
    if tenures > 1 and not bears:
        return False
    if weak:
        tail = np.int64(0)
        if g.types[LIFETIME, kind] and found:
            tail = last[0]
            for k in range(1, found):
                tail = max(tail, last[k])
            tail += g.types[LIFETIME, kind]
            if g.n64[LAST_SEEN, v] >= tail:
                if not bears:
                    return False
                if tenures == 1:
                    for i in range(found):
                        g.scratch[TENURE, i] = 0
                g.scratch[START, tenures] = tail
                g.scratch[NOBODYS, tenures] = 0
                tenures += 1
        if g.n64[TAIL, v] != tail:
            g.n64[TAIL, v] = tail
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


@inlined
def _place_of(near, found, node):  # type: ignore[no-untyped-def]
    k = 0
    while k < found and near[k] != node:
        k += 1
    return k


@inlined
def _has_gap(g, found, silence):  # type: ignore[no-untyped-def]
    """Whether somebody was seen first more than the silence after all who were seen before."""
    first, last, order = g.scratch[SINCE], g.scratch[UNTIL], g.scratch[BY_TIME]
    end = last[order[0]]
    for n in range(1, found):
        if first[order[n]] - end > silence:
            return True
        end = max(end, last[order[n]])
    return False


@inlined
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
