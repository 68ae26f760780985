"""Sets that meet a limit when everything is joined: their links in order, each refused that would break one."""

from __future__ import annotations

import numpy as np

from onepool.identity.arrays import (
    A_AT,
    B_AT,
    BASE,
    CONFLICT,
    CUSTOMER,
    DECISION,
    DIRTY,
    EDGE_STATUS,
    EVENT,
    FIRST,
    JOINED,
    KIND,
    LATER_TENURE,
    LIST_FROM,
    NEXT_A,
    PRIORITY,
    RANK,
    RING,
    SLOT,
    STRONG_HEAD,
    TYPE,
    VERIFIED,
    WHY,
    WHY_UNPROVED,
    WITNESS,
    A,
    B,
)
from onepool.identity.batch_meet import AHEAD, has, put
from onepool.identity.jit import compiled, inlined, prefetch, released
from onepool.identity.kernel import doubts, in_doubt, is_contact, mixed, refusal
from onepool.identity.region import contested, unsettled

RUN = 16
SETS_AHEAD = 2
"""How many sets ahead the nodes are asked for."""


@released
def number_sets(low, high, members, until, number, in_order):  # type: ignore[no-untyped-def]
    """Tell by node, in `number`, which of the sets low..high it is of, and put it into a set of bits.

    members, until: as from `batch_sets.find_broken`.
    """
    at = until[low - 1] if low else np.int64(0)
    end = until[high - 1] if high else np.int64(0)
    for i in range(low, high):
        while at < until[i]:
            if at + AHEAD < end:
                prefetch(number, members[at + AHEAD])
            number[members[at]] = i
            put(in_order, members[at])
            at += 1


@released
def find_links(g, start, end, in_order, found):  # type: ignore[no-untyped-def]
    """The links of numbered sets among start..end, in found with room for all; returns how many there are."""
    status, left = g.e8[EDGE_STATUS], g.e32[A_AT]
    count = 0
    for e in range(start, end):
        if e + AHEAD < end:
            prefetch(in_order, left[e + AHEAD] >> 3)
        found[count] = e
        count += (status[e] == JOINED) & has(in_order, left[e])
    return count


@released
def count_by_set(g, number, found, place):  # type: ignore[no-untyped-def]
    """Count the links found by set. place: zeros, as many as sets."""
    left = g.e32[A_AT]
    for i in range(found.size):
        if i + AHEAD < found.size:
            prefetch(number, left[found[i + AHEAD]])
        place[number[left[found[i]]]] += 1


@released
def place_sets(places):  # type: ignore[no-untyped-def]
    """Where the links of each set begin that each part found, from how many there are; shape (parts, sets)."""
    before = 0
    for i in range(places.shape[1]):
        for part in range(places.shape[0]):
            places[part, i], before = before, before + places[part, i]


@released
def lay_links(g, number, found, place, links, ends, keys):  # type: ignore[no-untyped-def]
    """Lay the links found side by side by set, with what tells their order (as `kernel.comes_before`).

    place: where those of each set begin, and afterwards end. links: shape (n,); ends: (n, 2), the nodes that they join;
    keys: (n, 2).
    """
    left, right, kinds, first = g.e32[A_AT], g.e32[B_AT], g.n32[TYPE], g.e64[FIRST]
    for k in range(found.size):
        if k + AHEAD < found.size:
            e = found[k + AHEAD]
            prefetch(number, left[e])
            prefetch(kinds, left[e])
            prefetch(kinds, right[e])
        e = found[k]
        i = place[number[left[e]]]
        place[number[left[e]]] = i + 1
        links[i] = e
        ends[i, 0], ends[i, 1] = left[e], right[e]
        # A tenure is of its identifier's type.
        keys[i, 0] = _group(g, e, kinds[left[e]], kinds[right[e]])
        keys[i, 1] = first[e]


@released
def list_contacts(g, found):  # type: ignore[no-untyped-def]
    """List the links found by contact, where `contested` asks for those lists."""
    if not doubts(g):
        return
    for i in range(found.size):
        g.n32[STRONG_HEAD, g.n32[BASE, g.e32[A, found[i]]]] = 0
        g.n32[STRONG_HEAD, g.n32[BASE, g.e32[B, found[i]]]] = 0
    for k in range(found.size):
        e = found[k]
        for side in range(2):
            v = g.n32[BASE, g.e32[B, e] if side else g.e32[A, e]]
            if is_contact(g, v):
                g.e32[NEXT_A + side, e] = g.n32[STRONG_HEAD, v]
                g.n32[STRONG_HEAD, v] = 2 * e + side + 1


@compiled
def _group(g, e, s, t):  # type: ignore[no-untyped-def]
    """What comes before time in the order of links, as a number: rulings, verified identifiers, doubt, priority."""
    kind = g.e8[KIND, e]
    if kind == DECISION:
        return np.int64(0)
    unsure = 1 - (g.types[VERIFIED, s] & g.types[VERIFIED, t])
    later = (1 if kind == EVENT else 2) * 4 + unsure * 2 + (1 if in_doubt(g, e) else 0)
    return (np.int64(later) << 32) - min(g.types[PRIORITY, s], g.types[PRIORITY, t])


@released
def solve_sets(g, low, high, members, until, place, links, ends, keys, order):  # type: ignore[no-untyped-def]
    """Take the links of each of the numbered sets low..high in order. order: shape (2, as many as there are links)."""
    if low == high:
        return
    start, first = (place[low - 1], until[low - 1]) if low else (np.int64(0), np.int64(0))
    order, more, asked = order[0, start:], order[1, start:], first
    # Names are listed where other threads, whose members are others, list none.
    g.counts[LIST_FROM] = first
    for i in range(low, high):
        while asked < until[min(i + SETS_AHEAD, high - 1)]:
            _ask_for(g, members[asked])
            asked += 1
        _part(g, members, first, until[i])
        _solve_set(g, links, ends, keys, start, place[i], order, more)
        start, first = place[i], until[i]
    g.counts[LIST_FROM] = 0


@inlined
def _ask_for(g, v):  # type: ignore[no-untyped-def]
    """Have near what is asked of a node when its set is solved."""
    prefetch(g.n32[CUSTOMER], v)
    prefetch(g.n32[RING], v)
    prefetch(g.n32[SLOT], v)
    prefetch(g.n32[TYPE], v)
    prefetch(g.n32[BASE], v)
    prefetch(g.n32[LATER_TENURE], v)
    prefetch(g.n64[WITNESS], v)


@inlined
def _part(g, members, start, end):  # type: ignore[no-untyped-def]
    """Each node of a set by itself."""
    customer, ring, dirty = g.n32[CUSTOMER], g.n32[RING], g.n8[DIRTY]
    for i in range(start, end):
        v = members[i]
        customer[v] = ring[v] = v
        dirty[v] = 0


@inlined
def _solve_set(g, links, ends, keys, start, end, order, more):  # type: ignore[no-untyped-def]
    customer, ring = g.n32[CUSTOMER], g.n32[RING]
    count = end - start
    for i in range(count):
        order[i] = start + i
    _sort(g, links, keys, order, more, count)
    for i in range(count):
        e, x, y = links[order[i]], ends[order[i], 0], ends[order[i], 1]
        if customer[x] == customer[y]:
            continue
        doubted = in_doubt(g, e)
        why = refusal(g, x, y, g.e8[KIND, e] == DECISION, doubted)
        if why == 0 and doubted and (contested(g, x, y) or contested(g, y, x)):
            why = WHY_UNPROVED
        if why:
            g.e8[EDGE_STATUS, e] = CONFLICT
            g.e32[WHY, e] = why
        else:
            _join(customer, ring, x, y)
    for i in range(start, end):
        e, x, y = links[i], customer[ends[i, 0]], customer[ends[i, 1]]
        if x != y:
            g.n8[DIRTY, x] = g.n8[DIRTY, y] = 1
        elif g.e8[KIND, e] == DECISION or unsettled(g, e):
            # As in region.solve_seeds: what comes later can't rely on the order.
            g.n8[DIRTY, x] = 1


@inlined
def _join(customer, ring, x, y):  # type: ignore[no-untyped-def]
    """Make the sets of x and y one, by the smaller label."""
    keep, v = customer[x], y
    if customer[y] < keep:
        keep, v = customer[y], x
    start = v
    while True:
        customer[v] = keep
        v = ring[v]
        if v == start:
            break
    ring[x], ring[y] = ring[y], ring[x]


@inlined
def _before(g, links, keys, i, j):  # type: ignore[no-untyped-def]
    """As `kernel.comes_before`, the ranks being looked up only if nothing else decides."""
    if keys[i, 0] != keys[j, 0]:
        return keys[i, 0] < keys[j, 0]
    if keys[i, 1] != keys[j, 1]:
        return keys[i, 1] < keys[j, 1]
    e, f = links[i], links[j]
    mix_e = mixed(g.n64[RANK, g.e32[A, e]], g.n64[RANK, g.e32[B, e]])
    mix_f = mixed(g.n64[RANK, g.e32[A, f]], g.n64[RANK, g.e32[B, f]])
    return mix_e < mix_f if mix_e != mix_f else e < f


@compiled
def _sort(g, links, keys, order, more, count):  # type: ignore[no-untyped-def]
    """Sort order[:count]: runs of RUN by insertion, then merged."""
    for start in range(0, count, RUN):
        for i in range(start + 1, min(start + RUN, count)):
            one = order[i]
            k = i
            while k > start and _before(g, links, keys, one, order[k - 1]):
                order[k] = order[k - 1]
                k -= 1
            order[k] = one
    width = RUN
    while width < count:
        for start in range(0, count, 2 * width):
            middle, end = min(start + width, count), min(start + 2 * width, count)
            i, j = start, middle
            for k in range(start, end):
                if i < middle and (j >= end or not _before(g, links, keys, order[j], order[i])):
                    more[k] = order[i]
                    i += 1
                else:
                    more[k] = order[j]
                    j += 1
        for k in range(count):
            order[k] = more[k]
        width *= 2
