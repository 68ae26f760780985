"""Customers of all nodes at once, tenures being settled: joined without regard to limits, then looked at set by set.

Limits, names and rulings that no set meets when everything is joined stop no link in any order. Where a set meets one,
its links are taken in the order of `comes_before` (batch_limits.py).
"""

from __future__ import annotations

import numpy as np

from onepool.identity.arrays import (
    A_AT,
    B_AT,
    BASE,
    CODE,
    CUSTOMER,
    DECISION,
    DIRTY,
    EDGE_STATUS,
    EVENT,
    FOLLOWS,
    FREE,
    JOINED,
    KIND,
    LAST,
    LIMIT,
    MOST,
    NAMES,
    NODES,
    OFF,
    OWNER,
    PAIR_OTHER,
    PAIRS,
    RANK,
    RING,
    SLOT,
    SLOT_COUNT,
    SLOT_MARK,
    SOURCE,
    STRONG,
    VOID,
    WITNESS,
)
from onepool.identity.batch_meet import (
    AHEAD,
    FAR_AHEAD,
    HINDERED,
    IS_VOID_CODE,
    PENDING,
    SPECIAL,
    TO_JOIN,
    has,
    put,
    unite,
)
from onepool.identity.jit import compiled, prefetch, released, swap
from onepool.identity.kernel import doubts, judged, needless, noted, stamp, witness_of
from onepool.identity.region import unsettled
from onepool.identity.witness import incompatible

# What a set holds, in one integer: FIELDS counters of 4 bits for slots with a limit, above them how many nodes it has.
# A counter that reaches its limit, or that slots share, only tells that the set has to be looked at.
FIELDS, ABOVE, MOST_COUNTED = 14, 56, 126

RULED, CROWDED = 1, 2
"""In DIRTY, while sets are made: the order of links matters; some limit may be met."""


@released
def doubt_owners(g, start, end, odd):  # type: ignore[no-untyped-def]
    """Leave weak nodes of start..end that were seen with one only (OWNER) with it, unless it is void or has several
    tenures. Every node is a ring of its own.

    odd: an empty set of bits, for nodes whose links need a closer look; those of others join or follow.
    """
    owner, code, ring = g.n32[OWNER], g.n8[CODE], g.n32[RING]
    for v in range(start, end):
        if v + FAR_AHEAD < end:
            prefetch(code, owner[v + FAR_AHEAD] - 1)
        ring[v] = v
        strong = code[v] & 3 == STRONG
        if code[v] & IS_VOID_CODE or (code[v] & SPECIAL != 0) == strong:
            put(odd, v)
        if owner[v] and code[owner[v] - 1] & (IS_VOID_CODE | SPECIAL):
            owner[v] = 0


@released
def join_all(g, start, end, odd, block):  # type: ignore[no-untyped-def]
    """By links start..end: status of those that are PENDING, CUSTOMER of strong nodes as if there were no limits, OWNER
    of weak ones.

    Links are taken in blocks, and each step is done for a whole block: memory is slow, but it answers many questions
    at once if none has to wait for another. odd: as from `doubt_owners`. block: scratch of shape (5, n).
    """
    code, status = g.n8[CODE], g.e8[EDGE_STATUS]
    left, right, source = g.e32[A_AT], g.e32[B_AT], g.e32[SOURCE]
    kinds, off, basis = g.e8[KIND], g.e8[OFF], g.basis
    xs, ys, ws, vs, es = block[0], block[1], block[2], block[3], block[4]
    doubted = doubts(g)
    size = block.shape[1]
    for low in range(start, end, size):
        joining, following, special, waiting = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
        for e in range(low, min(low + size, end)):
            # All is noted, what does not count to be written over: to jump would cost more.
            ws[waiting] = e
            waiting += status[e] < 0
        for i in range(waiting):
            if i + AHEAD < waiting:
                prefetch(odd, left[ws[i + AHEAD]] >> 3)
                prefetch(odd, right[ws[i + AHEAD]] >> 3)
            e = ws[i]
            was, x, y = status[e], left[e], right[e]
            closer = has(odd, x) | has(odd, y) | (was == PENDING)
            both = (was == TO_JOIN) & (closer == 0)
            status[e] = was if closer else JOINED if both else FOLLOWS
            xs[joining], ys[joining], es[special] = x, y, e
            joining += both
            special += closer
            if doubted and both and unsettled(g, e):
                g.n8[DIRTY, x] = RULED
        for i in range(special):
            e = es[i]
            kind, x, y = kinds[e], left[e], right[e]
            p, q = np.int64(code[x]), np.int64(code[y])
            hindered = (p | q) & (HINDERED | IS_VOID_CODE) or not (p | q) & STRONG
            if hindered or basis[source[e]] != FREE or off[e] or kind != EVENT:
                blocked = judged(p, q, basis[source[e]], off[e], kind)
                if blocked >= 0 or (p | q) & IS_VOID_CODE:
                    status[e] = blocked if blocked >= 0 else VOID
                    continue
            both = p & q & STRONG
            status[e] = JOINED if both else FOLLOWS
            xs[joining], ys[joining] = x, y
            joining += both
            weak_left = p & STRONG == 0
            ws[following], vs[following], es[following] = x if weak_left else y, y if weak_left else x, e
            known = (p & ~q if weak_left else q & ~p) & SPECIAL != 0
            following += 0 if both or known else 1
            if (doubted or kind == DECISION) and both and (kind == DECISION or unsettled(g, e)):
                g.n8[DIRTY, x] = RULED
        unite(g.n32[CUSTOMER], xs, ys, joining)
        for i in range(following):
            _own(g, ws[i], vs[i], es[i])


@compiled
def _own(g, w, v, e):  # type: ignore[no-untyped-def]
    """Let a weak node follow v if it was seen with nobody later: in OWNER the link, as -1 - e, until `lead_all`."""
    owner = g.n32[OWNER]
    while True:
        known = owner[w]
        best = -1 - known
        if best >= 0:
            last, when = g.e64[LAST, e], g.e64[LAST, best]
            other = _other(g, best, w)
            mine, its = np.uint64(g.n64[RANK, v]), np.uint64(g.n64[RANK, other])
            # Of the same time and rank are tenures of one identifier: the later one, whichever thread comes first.
            if last < when or (last == when and (mine < its or (mine == its and v <= other))):
                return
        if swap(owner, w, known, -1 - e):
            return


@compiled
def _other(g, e, v):  # type: ignore[no-untyped-def]
    """The end of a link that is not v."""
    return g.e32[B_AT, e] if g.e32[A_AT, e] == v else g.e32[A_AT, e]


@compiled
def lay_fields(g, fields):  # type: ignore[no-untyped-def]
    """By slot, in fields of shape (3, slots): what a node adds to what a set holds, where its counter is, and how far
    that may count."""
    number = 0
    for slot in range(fields.shape[1]):
        fields[0, slot] = fields[1, slot] = 0
        if g.slots[LIMIT, slot]:
            fields[1, slot] = number % FIELDS * 4
            fields[0, slot] = 1 << fields[1, slot]
            number += 1
    for slot in range(fields.shape[1]):
        fields[2, slot] = 16
        for other in range(fields.shape[1]):
            # Slots that share a counter share the lowest limit.
            if fields[0, slot] and fields[0, other] == fields[0, slot]:
                fields[2, slot] = min(fields[2, slot], g.slots[LIMIT, other], 14)


@released
def label_all(g, start, end):  # type: ignore[no-untyped-def]
    """Label nodes start..end with the root of their set."""
    customer = g.n32[CUSTOMER]
    for v in range(start, end):
        if v + 2 * FAR_AHEAD < end:
            prefetch(customer, customer[v + 2 * FAR_AHEAD])
        if v + FAR_AHEAD < end:
            prefetch(customer, customer[customer[v + FAR_AHEAD]])
        label = customer[v]
        while customer[label] != label:
            label = customer[label]
        customer[v] = label


@released
def gather_sets(g, part, parts, held, fields, block, thorough):  # type: ignore[no-untyped-def]
    """Link the labelled strong nodes of each set, each a ring of its own so far, in one, and mark sets that may meet a
    limit: those sets that are of this part by their label.

    held: zeros of shape (nodes,); fields: as from `lay_fields`; block: scratch of shape (2 or more, n). In OWNER of a
    root, until `lead_all`: a named member, + 1.
    """
    nodes = g.counts[NODES]
    customer, ring, slots, dirty, names = g.n32[CUSTOMER], g.n32[RING], g.n32[SLOT], g.n8[DIRTY], g.n64[WITNESS]
    code, owner = g.n8[CODE], g.n32[OWNER]
    largest = min(g.counts[MOST], MOST_COUNTED)
    named = g.counts[NAMES] != 0
    members, labels = block[0], block[1]
    size = block.shape[1]
    for start in range(0, nodes, size):
        count = np.int64(0)
        for v in range(start, min(start + size, nodes)):
            # To be written over when it is not wanted: to jump would cost more.
            members[count], labels[count] = v, customer[v]
            count += (_part(customer[v], parts) == part) & (code[v] & 3 == STRONG)
        for i in range(FAR_AHEAD):
            prefetch(ring, labels[i])
            prefetch(held, labels[i])
        for i in range(count):
            if i + FAR_AHEAD < count:
                prefetch(ring, labels[i + FAR_AHEAD])
                prefetch(held, labels[i + FAR_AHEAD])
            v, label = members[i], labels[i]
            # Of the root, which comes first, this changes nothing.
            ring[v] = ring[label]
            ring[label] = v
            if dirty[v]:
                dirty[label] |= dirty[v]
            slot = slots[v]
            holds = held[label]
            if holds >> fields[1, slot] & 15 >= fields[2, slot]:
                dirty[label] |= CROWDED
            else:
                holds += fields[0, slot]
            if holds >> ABOVE >= largest:
                dirty[label] |= CROWDED
            else:
                holds += np.int64(1) << ABOVE
            held[label] = holds
            if named and names[v]:
                witness = witness_of(g, v)
                known = owner[label]
                if witness and known == 0:
                    owner[label] = v + 1
                elif witness and witness != witness_of(g, known - 1):
                    dirty[label] |= CROWDED
            if thorough:
                dirty[label] |= RULED


@compiled
def _part(label, parts):  # type: ignore[no-untyped-def]
    """Of which part a set is: neighbours in memory are of the same, and small labels, which are most, of all."""
    return ((np.int64(label) >> 6) * 0x9E3779B1 & 0xFFFFFFFF) * parts >> 32


@released
def look_at_ruled(g):  # type: ignore[no-untyped-def]
    """Mark sets with a never-pair: they have to be looked at whatever they hold."""
    for p in range(g.counts[PAIRS]):
        g.n8[DIRTY, g.n32[CUSTOMER, g.pairs[PAIR_OTHER, p]]] |= RULED


@released
def find_broken(g, start, end, members, until, so_far):  # type: ignore[no-untyped-def]
    """Leave DIRTY of start..end only those labels whose links have to be taken in order, and list the nodes of these
    sets, which are near now.

    members: the nodes, those of each set side by side; until: by set, where they end; so_far: how many sets, and nodes,
    are listed there.
    """
    found, listed = so_far[0], so_far[1]
    for v in range(start, end):
        if g.n8[DIRTY, v] == 0:
            continue
        single = g.n32[RING, v] == v
        if g.n32[CUSTOMER, v] != v or (g.n8[DIRTY, v] & RULED == 0 and not _breaks_limits(g, v)) or single:
            g.n8[DIRTY, v] = 0
            continue
        w = v
        while True:
            members[listed] = w
            listed += 1
            w = g.n32[RING, w]
            if w == v:
                break
        until[found] = listed
        found += 1
    so_far[0], so_far[1] = found, listed


@compiled
def _breaks_limits(g, start):  # type: ignore[no-untyped-def]
    """Whether a set, joined without regard to limits, breaks one of size, slots or names."""
    size = 0
    mark = stamp(g)
    v = start
    while True:
        size += 1
        slot = g.n32[SLOT, v]
        if g.slots[LIMIT, slot]:
            if g.slots[SLOT_MARK, slot] != mark:
                g.slots[SLOT_MARK, slot] = mark
                g.slots[SLOT_COUNT, slot] = 0
            g.slots[SLOT_COUNT, slot] += 1
            if g.slots[SLOT_COUNT, slot] > g.slots[LIMIT, slot]:
                return size > 1
        v = g.n32[RING, v]
        if v == start:
            break
    if size > g.counts[MOST]:
        return True
    known = 0
    names = g.scratch[0]
    while True:
        if known == names.size:
            return True
        before = known
        known = noted(names, known, witness_of(g, v))
        for i in range(before):
            if known > before and incompatible(names[i], names[before]):
                return True
        v = g.n32[RING, v]
        if v == start:
            return False


@released
def lead_all(g, start, end):  # type: ignore[no-untyped-def]
    """Give weak nodes of start..end the customer of whom they follow; returns whether there are tenures."""
    customer, owner, base, code = g.n32[CUSTOMER], g.n32[OWNER], g.n32[BASE], g.n8[CODE]
    chained = False
    for w in range(start, end):
        if w + FAR_AHEAD < end:
            prefetch(customer, owner[w + FAR_AHEAD] - 1)
        if owner[w] < 0:
            owner[w] = _other(g, -1 - owner[w], w) + 1
        if owner[w] and code[w] & 3 == STRONG:
            # A member of its own set.
            owner[w] = 0
        if owner[w]:
            customer[w] = customer[owner[w] - 1]
        chained |= base[w] != w
    return chained


@released
def lead_needless(g):  # type: ignore[no-untyped-def]
    """Give tenures out of use the customer of their identifier."""
    customer, base = g.n32[CUSTOMER], g.n32[BASE]
    for v in range(g.counts[NODES]):
        if base[v] != v and needless(g, v):
            customer[v] = customer[base[v]]
