"""Compiled basics: walking the lists, whether a link may be used, and joining two sets under the limits.

Every function takes the `Arrays` as `g`; numba compiles them once and keeps the result on disk.
"""

from __future__ import annotations

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
    LIST_FROM,
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
    PAIRS,
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
from onepool.identity.jit import compiled
from onepool.identity.witness import agrees, incompatible


@compiled
def stamp(g):  # type: ignore[no-untyped-def]
    """A number that no mark has yet."""
    g.counts[STAMP] += 1
    return g.counts[STAMP]


@compiled
def strength(g, v):  # type: ignore[no-untyped-def]
    return g.types[STRENGTH, g.n32[TYPE, v]]


@compiled
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


@compiled
def set_status(g, e, status, why):  # type: ignore[no-untyped-def]
    """Change what became of a link, and remember that it changed in this batch."""
    if g.e8[EDGE_STATUS, e] == status and g.e32[WHY, e] == why:
        return
    g.e8[EDGE_STATUS, e] = status
    g.e32[WHY, e] = why
    touch_edge(g, e)


@compiled
def touch_edge(g, e):  # type: ignore[no-untyped-def]
    if g.e32[EDGE_STAMPED, e] != g.counts[BATCH]:
        g.e32[EDGE_STAMPED, e] = g.counts[BATCH]
        g.e32[EDGES_LOG, g.counts[EDGE_LOG]] = e
        g.counts[EDGE_LOG] += 1


@compiled
def following(g, half):  # type: ignore[no-untyped-def]
    """The next half-edge of a list; -1 at its end."""
    return g.e32[NEXT_A + (half & 1), half >> 1] - 1


@compiled
def own_end(g, half):  # type: ignore[no-untyped-def]
    """The tenure at the near end of a half-edge."""
    return g.e32[A_AT + (half & 1), half >> 1]


@compiled
def far_end(g, half):  # type: ignore[no-untyped-def]
    """The tenure at the far end of a half-edge."""
    return g.e32[B_AT - (half & 1), half >> 1]


@compiled
def far_base(g, half):  # type: ignore[no-untyped-def]
    return g.n32[BASE, g.e32[B - (half & 1), half >> 1]]


@compiled
def code_of(g, v):  # type: ignore[no-untyped-def]
    """What `judged` has to know of a node, in one byte: class, whether it names anybody (4), its owner's word (8, 16).

    A caller adds 32 for a tenure out of use where a link names it, 64 for a void node to its own ends.
    """
    base = g.n32[BASE, v]
    kind = strength(g, base)
    code = kind | g.n8[CONSENT_OF, base] << 3
    return code | 4 if g.n8[IS_BLOCKED, base] or kind == NEVER else code


@compiled
def judged(p, q, basis, off, kind):  # type: ignore[no-untyped-def]
    """Why a link between nodes of codes p and q may not be used, as a status; -1 when it may."""
    if off == 1:
        return RETIRED
    if (p | q) & 4:
        return BLOCKED
    word_p, word_q = p >> 3 & 3, q >> 3 & 3
    if word_p == WITHDRAWN or word_q == WITHDRAWN:
        return NO_MORE_CONSENT
    if basis == CLOSED or (basis == CONSENT and word_p != GRANTED and word_q != GRANTED):
        return NO_CONSENT
    if off == 2:
        return CUT
    weak_p, weak_q = p & 3 == WEAK, q & 3 == WEAK
    if weak_p and weak_q:
        return UNUSED
    if kind != EVENT and (weak_p or weak_q or (p | q) & 32):
        return UNUSED
    return -1


@compiled
def obstacle(g, e):  # type: ignore[no-untyped-def]
    """Why a link may not be used, as a status; -1 when it may."""
    a, b, kind = g.e32[A, e], g.e32[B, e], g.e8[KIND, e]
    p, q = code_of(g, a), code_of(g, b)
    if kind != EVENT and (needless(g, a) or needless(g, b)):
        p |= 32
    return judged(p, q, g.basis[g.e32[SOURCE, e]], g.e8[OFF, e], kind)


@compiled
def needless(g, node):  # type: ignore[no-untyped-def]
    """Whether a node is a tenure that later evidence put out of use."""
    return g.n64[VALID_FROM, node] == np.iinfo(np.int64).max


@compiled
def witness_of(g, v):  # type: ignore[no-untyped-def]
    """The name code of a node; 0 where names don't matter and for values that were handed on."""
    base = g.n32[BASE, v]
    if g.counts[NAMES] == 0 or (g.n32[LATER_TENURE, base] and handed_on(g, base)):
        return np.int64(0)
    return g.n64[WITNESS, base]


@compiled
def handed_on(g, base):  # type: ignore[no-untyped-def]
    """Whether an identifier has more than one tenure."""
    later = g.n32[LATER_TENURE, base]
    return later != 0 and g.n64[VALID_FROM, later - 1] != np.iinfo(np.int64).max


@compiled
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


@compiled
def mixed(a, b):  # type: ignore[no-untyped-def]
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014) over two ranks: an order that nobody can choose."""
    z = np.uint64(a ^ b)
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


@compiled
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


@compiled
def refusal(g, x, y, ruled, doubted):  # type: ignore[no-untyped-def]
    """Why the sets of x and y may not be joined: 0, or one of WHY_*. `ruled`: a person wants it.

    `doubted`: the link is by a contact that may be somebody else's, so that a name has to agree as well, unless one of
    the two has nothing but contacts.
    """
    mark = stamp(g)
    if g.counts[PAIRS] and _never(g, x, y, mark):
        return WHY_NEVER
    if ruled:
        return 0
    names = g.n64[NAME_LIST, g.counts[LIST_FROM] :]
    known, size = 0, 0
    accounts_x, accounts_y = False, False
    v = x
    while True:
        size += 1
        accounts_x |= not is_contact(g, v)
        slot = g.n32[SLOT, v]
        if g.slots[LIMIT, slot]:
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
        size += 1
        accounts_y |= not is_contact(g, v)
        slot = g.n32[SLOT, v]
        most = g.slots[LIMIT, slot]
        if most and g.slots[SLOT_MARK, slot] == mark:
            g.slots[SLOT_OTHER, slot] += 1
            over = g.slots[SLOT_COUNT, slot] + g.slots[SLOT_OTHER, slot] > most
            if over and (worst < 0 or g.slots[SLOT_RANK, slot] < g.slots[SLOT_RANK, worst]):
                worst = slot
        v = g.n32[RING, v]
        if v == y:
            break
    if size > g.counts[MOST]:
        return WHY_SIZE
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


@compiled
def _never(g, x, y, mark):  # type: ignore[no-untyped-def]
    """Whether a person ruled that a node of x's set and one of y's are never one customer."""
    paired = False
    v = x
    while True:
        g.n64[MARK, v] = mark
        paired |= g.n32[PAIR_HEAD, v] != 0
        v = g.n32[RING, v]
        if v == x:
            break
    if not paired:
        return False
    v = y
    while True:
        pair = g.n32[PAIR_HEAD, v]
        while pair:
            if g.pairs[PAIR_OFF, pair - 1] == 0 and g.n64[MARK, g.pairs[PAIR_OTHER, pair - 1]] == mark:
                return True
            pair = g.pairs[PAIR_NEXT, pair - 1]
        v = g.n32[RING, v]
        if v == y:
            return False


@compiled
def doubts(g):  # type: ignore[no-untyped-def]
    """Whether there can be links in doubt: contacts, of which not all are trusted."""
    if g.counts[DOUBTED] == 0:
        return False
    contacts = 0
    for kind in range(g.types.shape[1]):
        contacts += g.types[CONTACT, kind]
    return contacts > 0


@compiled
def is_contact(g, v):  # type: ignore[no-untyped-def]
    return g.types[CONTACT, g.n32[TYPE, v]] != 0


@compiled
def in_doubt(g, e):  # type: ignore[no-untyped-def]
    """Whether a link needs a name to agree as well."""
    doubted = g.counts[DOUBTED]
    if doubted == 0 or g.e8[KIND, e] != EVENT:
        return False
    trust = g.e8[TRUST, e]
    if trust == PROVED if doubted == 2 else trust != TYPED:
        return False
    return is_contact(g, g.e32[A, e]) or is_contact(g, g.e32[B, e])


@compiled
def noted(names, known, name):  # type: ignore[no-untyped-def]
    """Add a name to a list of different ones; returns how many there are."""
    if name == 0:
        return known
    for i in range(known):
        if names[i] == name:
            return known
    names[known] = name
    return known + 1


@compiled
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


@compiled
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


@compiled
def lead_retired(g, base):  # type: ignore[no-untyped-def]
    later = g.n32[LATER_TENURE, base]
    while later:
        if g.n64[VALID_FROM, later - 1] == np.iinfo(np.int64).max:
            set_customer(g, later - 1, g.n32[CUSTOMER, base])
        later = g.n32[LATER_TENURE, later - 1]


@compiled
def is_event(g, e):  # type: ignore[no-untyped-def]
    return g.e8[KIND, e] == EVENT
