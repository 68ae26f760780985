"""Sets that meet a limit when everything is joined: their links in order, each refused that would break one."""

from __future__ import annotations

import numpy as np

from onepool.identity.arrays import (
    A_AT,
    B_AT,
    BASE,
    CODE,
    CONFLICT,
    CUSTOMER,
    DECISION,
    DIRTY,
    EDGE_STATUS,
    EDGES,
    EVENT,
    FIRST,
    JOINED,
    KIND,
    NEXT_A,
    NODES,
    PRIORITY,
    RANK,
    RING,
    STRONG_HEAD,
    TYPE,
    VERIFIED,
    WHY,
    WHY_UNPROVED,
    A,
    B,
)
from onepool.identity.batch_tenures import OUT_OF_USE
from onepool.identity.jit import compiled
from onepool.identity.kernel import doubts, in_doubt, is_contact, mixed, refusal
from onepool.identity.region import contested, unsettled

IN_ORDER = OUT_OF_USE
"""Bit of CODE that is not needed any more here: of nodes whose set is solved in order."""

_SIGN = np.uint64(1 << 63)
RUN = 16


@compiled
def number_sets(g, labels, number):  # type: ignore[no-untyped-def]
    """Number the sets whose links have to be taken in order: by label in `labels`, by node, from 0, in `number`."""
    code, dirty = g.n8[CODE], g.n8[DIRTY]
    found = 0
    for v in range(g.counts[NODES]):
        code[v] &= ~IN_ORDER
    for v in range(g.counts[NODES]):
        if dirty[v]:
            labels[found] = v
            w = v
            while True:
                number[w] = found
                code[w] |= IN_ORDER
                w = g.n32[RING, w]
                if w == v:
                    break
            found += 1


@compiled
def find_links(g, found):  # type: ignore[no-untyped-def]
    """The links of numbered sets, in found with room for all; returns how many there are."""
    code, status, left = g.n8[CODE], g.e8[EDGE_STATUS], g.e32[A_AT]
    count = 0
    for e in range(g.counts[EDGES]):
        found[count] = e
        count += (status[e] == JOINED) & (code[left[e]] & IN_ORDER != 0)
    return count


@compiled
def lay_links(g, number, found, place, links, keys):  # type: ignore[no-untyped-def]
    """Lay the links found side by side by set, with what tells their order (as `kernel.comes_before`).

    place: zeros, as many as sets, to tell where those of each end. links: shape (n,); keys: (n, 3).
    """
    left = g.e32[A_AT]
    for i in range(found.size):
        place[number[left[found[i]]]] += 1
    before = 0
    for i in range(place.size):
        place[i], before = before, before + place[i]
    lists = doubts(g)
    if lists:
        for i in range(found.size):
            g.n32[STRONG_HEAD, g.n32[BASE, g.e32[A, found[i]]]] = 0
            g.n32[STRONG_HEAD, g.n32[BASE, g.e32[B, found[i]]]] = 0
    for k in range(found.size):
        e = found[k]
        i = place[number[left[e]]]
        place[number[left[e]]] = i + 1
        links[i] = e
        a, b = g.e32[A, e], g.e32[B, e]
        keys[i, 0] = _group(g, e, g.n32[TYPE, a], g.n32[TYPE, b])
        keys[i, 1] = g.e64[FIRST, e]
        # Shifted, so that numbers with a sign compare as those without.
        keys[i, 2] = np.int64(mixed(g.n64[RANK, a], g.n64[RANK, b]) ^ _SIGN)
        if lists:
            for side in range(2):
                v = g.n32[BASE, b if side else a]
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


@compiled
def solve_sets(g, labels, place, links, keys, order, more):  # type: ignore[no-untyped-def]
    """Take the links of each numbered set in order. order, more: room for as many as there are links."""
    start = 0
    for i in range(labels.size):
        _solve_set(g, labels[i], links, keys, start, place[i], order, more)
        start = place[i]


@compiled
def _solve_set(g, label, links, keys, start, end, order, more):  # type: ignore[no-untyped-def]
    customer, ring = g.n32[CUSTOMER], g.n32[RING]
    v = label
    while True:
        after = ring[v]
        customer[v] = ring[v] = v
        g.n8[DIRTY, v] = 0
        v = after
        if v == label:
            break
    count = end - start
    for i in range(count):
        order[i] = start + i
    _sort(links, keys, order, more, count)
    for i in range(count):
        e = links[order[i]]
        x, y = g.e32[A_AT, e], g.e32[B_AT, e]
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
        e = links[i]
        x, y = customer[g.e32[A_AT, e]], customer[g.e32[B_AT, e]]
        if x != y:
            g.n8[DIRTY, x] = g.n8[DIRTY, y] = 1
        elif g.e8[KIND, e] == DECISION or unsettled(g, e):
            # As in region.solve_seeds: what comes later can't rely on the order.
            g.n8[DIRTY, x] = 1


@compiled
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


@compiled
def _before(links, keys, i, j):  # type: ignore[no-untyped-def]
    for k in range(3):
        if keys[i, k] != keys[j, k]:
            return keys[i, k] < keys[j, k]
    return links[i] < links[j]


@compiled
def _sort(links, keys, order, more, count):  # type: ignore[no-untyped-def]
    """Sort order[:count]: runs of RUN by insertion, then merged."""
    for start in range(0, count, RUN):
        for i in range(start + 1, min(start + RUN, count)):
            one = order[i]
            k = i
            while k > start and _before(links, keys, one, order[k - 1]):
                order[k] = order[k - 1]
                k -= 1
            order[k] = one
    width = RUN
    while width < count:
        for start in range(0, count, 2 * width):
            middle, end = min(start + width, count), min(start + 2 * width, count)
            i, j = start, middle
            for k in range(start, end):
                if i < middle and (j >= end or not _before(links, keys, order[j], order[i])):
                    more[k] = order[i]
                    i += 1
                else:
                    more[k] = order[j]
                    j += 1
        for k in range(count):
            order[k] = more[k]
        width *= 2
