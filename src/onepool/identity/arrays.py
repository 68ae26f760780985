"""The arrays that hold identifiers and links, and what was concluded from them.

Each table is one array of shape (columns, entries) for each width of number; the constants below name its rows. Few
arrays make functions compiled by numba cheap to call, and rows that are never written cost no memory.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

I8 = npt.NDArray[np.int8]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

WEAK, STRONG, NEVER = 0, 1, 2
"""Classes of identifier types: `strong` joins, `weak` follows, `never` does neither."""

UNKNOWN, GRANTED, WITHDRAWN = 0, 1, 2
"""A person's word on joining, as last heard with an identifier."""

FREE, CONSENT, CLOSED = 0, 1, 2
"""Basis of a touchpoint's links: may be used, only with consent, never."""

EVENT, LIKELIHOOD, DECISION = 0, 1, 2
"""Kinds of links: from an event, from a model, from a person's ruling."""

STATUS = ("joined", "follows", "conflict", "void", "no_consent", "withdrawn", "cut", "blocked", "unused", "retired")
JOINED, FOLLOWS, CONFLICT, VOID, NO_CONSENT, NO_MORE_CONSENT, CUT, BLOCKED, UNUSED, RETIRED = range(10)
"""What became of a link; from `no_consent` on it is not used at all."""

UNSAID, TYPED, PROVED = 0, 1, 2
"""How a contact became known to a touchpoint: typed by people, or proved by the platform or by a code sent to it."""

WHY_NEVER, WHY_SIZE, WHY_NAME, WHY_UNPROVED, WHY_LIMIT = 1, 2, 3, 4, 5
"""Why a link is a conflict; WHY_LIMIT + slot names the slot that would have too many."""

HUB = 1_000
"""An identifier with more links than this to strong ones names nobody."""

NO_TIME = np.iinfo(np.int64).min
LATER = np.iinfo(np.int64).max

# Places in `counts`: sizes in use, lengths of logs, running stamps, settings (whether names matter, the most
# identifiers of one customer, DOUBTED: which contacts need a name to agree), and whether a function lacked room.
# LIST_FROM: from where on a thread may write in NAME_LIST.
(NODES, EDGES, PAIRS, NODE_LOG, EDGE_LOG, RETIMED, BORN, SEEDS, STAMP, BATCH, NAMES, MOST, FULL, DOUBTED) = range(14)
LIST_FROM = 14

# Rows of `n8`, by node. Nodes are identifiers and, for values handed on, their further tenures (BASE names the first).
# DIRTY is kept by customer: a link of it was refused, or a person overruled a limit. CODE: scratch.
(CONSENT_OF, IS_BLOCKED, IS_VOID, DIRTY, CODE) = range(5)

# Rows of `n32`, by node. What leads to a next entry is stored + 1, so that 0 is the end: LATER_TENURE, the heads of the
# lists of half-edges to strong and to other identifiers and of never-pairs, OWNER (whom a weak one follows).
# DEGREE: links of kind EVENT to strong identifiers. OWNERS: how many a void one names, else 0. RING: next member of the
# same set of strong ones. Others: scratch.
(BASE, LATER_TENURE, TYPE, SLOT, STRONG_HEAD, WEAK_HEAD, DEGREE, PAIR_HEAD, CUSTOMER, RING, OWNERS, OWNER) = range(12)
(PLACE, WAS, STAMPED, LOG, STACK, SEED, RETIMED_LOG, RETIMED_STAMPED, BORN_LOG) = range(12, 21)

# Rows of `n64`, by node. VALID_FROM: 0 for a base, LATER for a tenure that is not needed any more. TAIL: the instant
# from which a weak identifier has no owner any more, 0 if none. MARK, NAME_LIST: scratch.
(RANK, WITNESS, LAST_SEEN, VALID_FROM, TAIL, MARK, NAME_LIST) = range(7)

# Rows of `e8`, by edge. OFF: 1 withdrawn or superseded, 2 cut by a ruling.
(KIND, OFF, EDGE_STATUS, TRUST) = range(4)

# Rows of `e32`, by edge. A_AT and B_AT: the tenures that the link is of. NEXT_A and NEXT_B: next half-edges in the
# lists of a and b, + 1; half-edge 2e is a's, 2e + 1 is b's. The rest is scratch.
(A, B, A_AT, B_AT, SOURCE, WHY, NEXT_A, NEXT_B, EDGE_STAMPED, EDGES_LOG, EDGE_LIST, EDGE_MORE) = range(12)

# Rows of `e64`, by edge. Of a decision FIRST is its number.
(FIRST, LAST, EDGE_MARK) = range(3)

# Rows of `pairs`, by half of a never-pair.
(PAIR_NEXT, PAIR_OTHER, PAIR_OFF) = range(3)

# Rows of `types`. CAP: most customers of one value, -1 for no limit. RECYCLE: µs of silence after which a value may
# have a new owner, 0 never. LIFETIME: µs after which a weak identifier has no owner, 0 never. CONTACT: a phone or an
# e-mail address, which people type and share.
(STRENGTH, CAP, PRIORITY, VERIFIED, RECYCLE, LIFETIME, CONTACT) = range(7)

# Rows of `slots`. A slot is a (type, scope). LIMIT: most of one customer, 0 for no limit. SLOT_RANK: an order of slots
# that does not depend on which came first. The rest is scratch.
(LIMIT, SLOT_RANK, SLOT_MARK, SLOT_COUNT, SLOT_OTHER) = range(5)

# Rows of `scratch`, by place among the neighbours of one identifier or among its tenures (see tenures.py).
(NEIGHBOUR, SINCE, UNTIL, DOUBTFUL, BY_TIME, TENURE, START, NOBODYS, TENURE_NODE, SURNAME) = range(10)


SPARSE = {"n32": (OWNERS,)}
"""Rows of which few entries are ever written, here and there: they are to lie on small pages of memory."""
_LARGE = 1 << 22
"""From so many bytes on numpy asks for large pages."""
_NO_LARGE_PAGES = 15
"""MADV_NOHUGEPAGE of Linux."""


class Arrays(NamedTuple):
    """The tables; see above for their rows."""

    counts: I64
    n8: I8
    n32: I32
    n64: I64
    e8: I8
    e32: I32
    e64: I64
    pairs: I32
    types: I64
    basis: I8
    slots: I64
    scratch: I64


def empty(nodes: int = 1024, edges: int = 1024) -> Arrays:
    """Tables with room for so many nodes and edges, none in use."""
    counts = np.zeros(16, np.int64)
    counts[[STAMP, BATCH]] = 1
    return Arrays(
        counts=counts,
        n8=np.zeros((5, nodes), np.int8),
        n32=np.zeros((21, nodes), np.int32),
        n64=np.zeros((7, nodes), np.int64),
        e8=np.zeros((4, edges), np.int8),
        e32=np.zeros((12, edges), np.int32),
        e64=np.zeros((3, edges), np.int64),
        pairs=np.zeros((3, 64), np.int32),
        types=np.zeros((7, 16), np.int64),
        basis=np.zeros(16, np.int8),
        slots=np.zeros((5, 16), np.int64),
        scratch=np.zeros((10, HUB + 3), np.int64),
    )


def grown(arrays: Arrays, names: tuple[str, ...], size: int) -> Arrays:
    """The same with room for `size` entries in some of the tables."""
    made = {}
    for name in names:
        old = getattr(arrays, name)
        new = np.zeros((*old.shape[:-1], size), old.dtype)
        for row in SPARSE.get(name, ()):
            _on_small_pages(new[row])
        new[..., : old.shape[-1]] = old
        made[name] = new
    return arrays._replace(**made)


def _on_small_pages(row: npt.NDArray[Any]) -> None:
    """Have a row of a table take no more memory than what is written: of large pages one entry takes up all of one."""
    if row.nbytes < _LARGE or not sys.platform.startswith("linux"):
        return
    page = 1 << 12
    start = -(-row.ctypes.data // page) * page
    end = (row.ctypes.data + row.nbytes) // page * page
    # Only a hint: whether it is taken does not matter.
    ctypes.CDLL(None).madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _NO_LARGE_PAGES)
