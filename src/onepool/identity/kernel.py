"""Compiled basics: walking the lists, whether a link may be used, and joining two sets under the limits.

Every function takes the `Arrays` as `g`; numba compiles them once and keeps the result on disk.
"""

from __future__ import annotations

import numba
import numpy as np

from onepool.identity.arrays import (
    A_AT,
    B_AT,
    BASE,
    BATCH,
    BLOCKED,
    CLOSED,
    CONSENT,
    CONSENT_OF,
    CONTACT,
    CUSTOMER,
    CUT,
    DECISION,
    DOUBTED,
    EDGE_LOG,
    EDGE_STAMPED,
    EDGE_STATUS,
    EDGES_LOG,
    EVENT,
    FIRST,
    GRANTED,
    IS_BLOCKED,
    KIND,
    LATER_TENURE,
    LIMIT,
    LOG,
    MARK,
    MOST,
    NAME_LIST,
    NAMES,
    NEVER,
    NEXT_A,
    NO_CONSENT,
    NO_MORE_CONSENT,
    NODE_LOG,
    OFF,
    OWNER,
    PAIR_HEAD,
    PAIR_NEXT,
    PAIR_OFF,
    PAIR_OTHER,
    PRIORITY,
    PROVED,
    RANK,
    RETIRED,
    RING,
    SLOT,
    SLOT_COUNT,
    SLOT_MARK,
    SLOT_OTHER,
    SLOT_RANK,
    SOURCE,
    STAMP,
    STAMPED,
    STRENGTH,
    TRUST,
    TYPE,
    TYPED,
    UNUSED,
    VALID_FROM,
    VERIFIED,
    WAS,
    WEAK,
    WEAK_HEAD,
    WHY,
    WHY_LIMIT,
    WHY_NAME,
    WHY_NEVER,
    WHY_SIZE,
    WHY_UNPROVED,
    WITHDRAWN,
    WITNESS,
    A,
    B,
)
from onepool.identity.witness import agrees, incompatible

_jit = numba.njit(cache=True, _nrt=False)
# Without numba's memory management: nothing here makes an array, and to count references to a dozen tables at each
# call costs several times what the functions do.


@_jit
def stamp(g):  # type: ignore[no-untyped-def]
    """A number that no mark has yet."""
    g.counts[STAMP] += 1
    return g.counts[STAMP]


@_jit
def strength(g, v):  # type: ignore[no-untyped-def]
    return g.types[STRENGTH, g.n32[TYPE, v]]


@_jit
def set_customer(g, v, label):  # type: ignore[no-untyped-def]
    """Change whose a node is, and keep what it was at the start of the batch."""
    if g.n32[CUSTOMER, v] == label:
        return
    if g.n32[STAMPED, v] != g.counts[BATCH]:
        g.n32[STAMPED, v] = g.counts[BATCH]
        g.n32[WAS, v] = g.n32[CUSTOMER, v]
        g.n32[LOG, g.counts[NODE_LOG]] = v
        g.counts[NODE_LOG] += 1
    g.n32[CUSTOMER, v] = label


@_jit
def set_status(g, e, status, why):  # type: ignore[no-untyped-def]
    """Change what became of a link, and remember that it changed in this batch."""
    if g.e8[EDGE_STATUS, e] == status and g.e32[WHY, e] == why:
        return
    g.e8[EDGE_STATUS, e] = status
    g.e32[WHY, e] = why
    touch_edge(g, e)


@_jit
def touch_edge(g, e):  # type: ignore[no-untyped-def]
    if g.e32[EDGE_STAMPED, e] != g.counts[BATCH]:
        g.e32[EDGE_STAMPED, e] = g.counts[BATCH]
        g.e32[EDGES_LOG, g.counts[EDGE_LOG]] = e
        g.counts[EDGE_LOG] += 1


@_jit
def following(g, half):  # type: ignore[no-untyped-def]
    """The next half-edge of a list; -1 at its end."""
    return g.e32[NEXT_A + (half & 1), half >> 1] - 1


@_jit
def own_end(g, half):  # type: ignore[no-untyped-def]
    """The tenure at the near end of a half-edge."""
    return g.e32[A_AT + (half & 1), half >> 1]


@_jit
def far_end(g, half):  # type: ignore[no-untyped-def]
    """The tenure at the far end of a half-edge."""
    return g.e32[B_AT - (half & 1), half >> 1]


@_jit
def far_base(g, half):  # type: ignore[no-untyped-def]
    return g.n32[BASE, g.e32[B - (half & 1), half >> 1]]


@_jit
def obstacle(g, e):  # type: ignore[no-untyped-def]
    """Why a link may not be used, as a status; -1 when it may."""
    a, b = g.n32[BASE, g.e32[A, e]], g.n32[BASE, g.e32[B, e]]
    if g.e8[OFF, e] == 1:
        return RETIRED
    strong_a, strong_b = strength(g, a), strength(g, b)
    if g.n8[IS_BLOCKED, a] or g.n8[IS_BLOCKED, b] or strong_a == NEVER or strong_b == NEVER:
        return BLOCKED
    if g.n8[CONSENT_OF, a] == WITHDRAWN or g.n8[CONSENT_OF, b] == WITHDRAWN:
        return NO_MORE_CONSENT
    basis = g.basis[g.e32[SOURCE, e]]
    if basis == CLOSED or (basis == CONSENT and g.n8[CONSENT_OF, a] != GRANTED and g.n8[CONSENT_OF, b] != GRANTED):
        return NO_CONSENT
    if g.e8[OFF, e] == 2:
        return CUT
    if strong_a == WEAK and strong_b == WEAK:
        return UNUSED
    if g.e8[KIND, e] != EVENT and (
        strong_a == WEAK or strong_b == WEAK or needless(g, g.e32[A, e]) or needless(g, g.e32[B, e])
    ):
        return UNUSED
    return -1


@_jit
def needless(g, node):  # type: ignore[no-untyped-def]
    """Whether a node is a tenure that later evidence put out of use."""
    return g.n64[VALID_FROM, node] == np.iinfo(np.int64).max


@_jit
def witness_of(g, v):  # type: ignore[no-untyped-def]
    """The name code of a node; 0 where names don't matter and for values that were handed on."""
    base = g.n32[BASE, v]
    if g.counts[NAMES] == 0 or (g.n32[LATER_TENURE, base] and handed_on(g, base)):
        return np.int64(0)
    return g.n64[WITNESS, base]


@_jit
def handed_on(g, base):  # type: ignore[no-untyped-def]
    """Whether an identifier has more than one tenure."""
    later = g.n32[LATER_TENURE, base]
    return later != 0 and g.n64[VALID_FROM, later - 1] != np.iinfo(np.int64).max


@_jit
def tenure_at(g, base, time):  # type: ignore[no-untyped-def]
    """The tenure of an identifier that an instant falls into."""
    found = base
    later = g.n32[LATER_TENURE, base]
    while later:
        if g.n64[VALID_FROM, later - 1] > time:
            break
        found = later - 1
        later = g.n32[LATER_TENURE, found]
    return found


@_jit
def mixed(a, b):  # type: ignore[no-untyped-def]
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014) over two ranks: an order that nobody can choose."""
    z = np.uint64(a ^ b)
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


@_jit
def comes_before(g, e, f):  # type: ignore[no-untyped-def]
    """Whether link e is to be taken before link f: rulings, verified identifiers, doubt, priority, time, hash."""
    kind_e, kind_f = g.e8[KIND, e], g.e8[KIND, f]
    if kind_e != kind_f:
        if kind_e == DECISION or kind_f == DECISION:
            return kind_e == DECISION
        return kind_e == EVENT
    if kind_e != DECISION:
        te, ue = g.n32[TYPE, g.e32[A, e]], g.n32[TYPE, g.e32[B, e]]
        tf, uf = g.n32[TYPE, g.e32[A, f]], g.n32[TYPE, g.e32[B, f]]
        sure_e, sure_f = (
            g.types[VERIFIED, te] & g.types[VERIFIED, ue],
            g.types[VERIFIED, tf] & g.types[VERIFIED, uf],
        )
        if sure_e != sure_f:
            return sure_e > sure_f
        doubt_e, doubt_f = in_doubt(g, e), in_doubt(g, f)
        if doubt_e != doubt_f:
            return doubt_f
        first_e = min(g.types[PRIORITY, te], g.types[PRIORITY, ue])
        first_f = min(g.types[PRIORITY, tf], g.types[PRIORITY, uf])
        if first_e != first_f:
            return first_e > first_f
    if g.e64[FIRST, e] != g.e64[FIRST, f]:
        return g.e64[FIRST, e] < g.e64[FIRST, f]
    mix_e = mixed(g.n64[RANK, g.e32[A, e]], g.n64[RANK, g.e32[B, e]])
    mix_f = mixed(g.n64[RANK, g.e32[A, f]], g.n64[RANK, g.e32[B, f]])
    if mix_e != mix_f:
        return mix_e < mix_f
    return e < f


@_jit
def refusal(g, x, y, ruled, doubted):  # type: ignore[no-untyped-def]
    """Why the sets of x and y may not be joined: 0, or one of WHY_*. `ruled`: a person wants it.

    `doubted`: the link is by a contact that may be somebody else's, so that a name has to agree as well, unless one of
    the two has nothing but contacts.
    """
    mark = stamp(g)
    size, v = 0, x
    paired = False
    while True:
        g.n64[MARK, v] = mark
        paired |= g.n32[PAIR_HEAD, v] != 0
        size += 1
        v = g.n32[RING, v]
        if v == x:
            break
    if paired:
        v = y
        while True:
            pair = g.n32[PAIR_HEAD, v]
            while pair:
                if g.pairs[PAIR_OFF, pair - 1] == 0 and g.n64[MARK, g.pairs[PAIR_OTHER, pair - 1]] == mark:
                    return WHY_NEVER
                pair = g.pairs[PAIR_NEXT, pair - 1]
            v = g.n32[RING, v]
            if v == y:
                break
    if ruled:
        return 0
    v = y
    while True:
        size += 1
        v = g.n32[RING, v]
        if v == y:
            break
    if size > g.counts[MOST]:
        return WHY_SIZE
    names = g.n64[NAME_LIST]
    known = 0
    accounts_x, accounts_y = False, False
    v = x
    while True:
        accounts_x |= not is_contact(g, v)
        slot = g.n32[SLOT, v]
        if g.slots[SLOT_MARK, slot] != mark:
            g.slots[SLOT_MARK, slot] = mark
            g.slots[SLOT_COUNT, slot] = 0
            g.slots[SLOT_OTHER, slot] = 0
        g.slots[SLOT_COUNT, slot] += 1
        known = noted(names, known, witness_of(g, v))
        v = g.n32[RING, v]
        if v == x:
            break
    worst = np.int64(-1)
    v = y
    while True:
        accounts_y |= not is_contact(g, v)
        slot = g.n32[SLOT, v]
        if g.slots[SLOT_MARK, slot] == mark:
            g.slots[SLOT_OTHER, slot] += 1
            most = g.slots[LIMIT, slot]
            over = most and g.slots[SLOT_COUNT, slot] + g.slots[SLOT_OTHER, slot] > most
            if over and (worst < 0 or g.slots[SLOT_RANK, slot] < g.slots[SLOT_RANK, worst]):
                worst = slot
        v = g.n32[RING, v]
        if v == y:
            break
    if worst >= 0:
        return WHY_LIMIT + worst
    agreed = False
    if known:
        v = y
        while True:
            name = witness_of(g, v)
            if name:
                for i in range(known):
                    if incompatible(names[i], name):
                        return WHY_NAME
                    agreed |= agrees(names[i], name)
            v = g.n32[RING, v]
            if v == y:
                break
    if doubted and accounts_x and accounts_y and not agreed:
        return WHY_UNPROVED
    return 0


@_jit
def is_contact(g, v):  # type: ignore[no-untyped-def]
    return g.types[CONTACT, g.n32[TYPE, v]] != 0


@_jit
def in_doubt(g, e):  # type: ignore[no-untyped-def]
    """Whether a link needs a name to agree as well."""
    doubted = g.counts[DOUBTED]
    if doubted == 0 or g.e8[KIND, e] != EVENT:
        return False
    if not (is_contact(g, g.e32[A, e]) or is_contact(g, g.e32[B, e])):
        return False
    return g.e8[TRUST, e] != PROVED if doubted == 2 else g.e8[TRUST, e] == TYPED


@_jit
def noted(names, known, name):  # type: ignore[no-untyped-def]
    """Add a name to a list of different ones; returns how many there are."""
    if name == 0:
        return known
    for i in range(known):
        if names[i] == name:
            return known
    names[known] = name
    return known + 1


@_jit
def join(g, x, y, moves_followers):  # type: ignore[no-untyped-def]
    """Make the sets of x and y one; the smaller customer id stays."""
    keep, gone = g.n32[CUSTOMER, x], g.n32[CUSTOMER, y]
    start = y
    if gone < keep:
        keep, gone = gone, keep
        start = x
    v = start
    while True:
        set_customer(g, v, keep)
        if moves_followers:
            lead(g, v)
        v = g.n32[RING, v]
        if v == start:
            break
    g.n32[RING, x], g.n32[RING, y] = g.n32[RING, y], g.n32[RING, x]


@_jit
def lead(g, v):  # type: ignore[no-untyped-def]
    """Give a strong node's customer to what follows it: weak identifiers, and tenures not needed any more."""
    label = g.n32[CUSTOMER, v]
    half = g.n32[WEAK_HEAD, g.n32[BASE, v]] - 1
    while half >= 0:
        w = far_end(g, half)
        if g.n32[OWNER, w] == v + 1:
            set_customer(g, w, label)
            if g.n32[BASE, w] == w:
                lead_retired(g, w)
        half = following(g, half)
    if g.n32[BASE, v] == v:
        lead_retired(g, v)


@_jit
def lead_retired(g, base):  # type: ignore[no-untyped-def]
    later = g.n32[LATER_TENURE, base]
    while later:
        if g.n64[VALID_FROM, later - 1] == np.iinfo(np.int64).max:
            set_customer(g, later - 1, g.n32[CUSTOMER, base])
        later = g.n32[LATER_TENURE, later - 1]


@_jit
def is_event(g, e):  # type: ignore[no-untyped-def]
    return g.e8[KIND, e] == EVENT
