"""Audiences as the state keeps them: a bitmap of their customers, or these one by one where their order was drawn."""

from __future__ import annotations

from typing import Final

import numpy as np
from pyroaring import BitMap64

from onepool.audience.bitmaps import ids_of, members_of
from onepool.journeys.executor.columns import I64

_DRAWN: Final = b"drawn:"
"""Before customers in an order that was drawn (8 bytes each, little endian). No bitmap begins so: it begins with how
many parts it has."""


def packed(customers: I64) -> bytes:
    """Customers (each once) as bytes; their order is kept."""
    if customers.size < 2 or bool((customers[1:] > customers[:-1]).all()):
        return bytes(members_of(customers).serialize())
    return _DRAWN + customers.astype("<i8").tobytes()


def unpacked(kept: bytes) -> I64:
    """What `packed` made bytes of."""
    if kept.startswith(_DRAWN):
        return np.frombuffer(kept, "<i8", offset=len(_DRAWN)).astype(np.int64)
    found: I64 = ids_of(BitMap64.deserialize(kept)).to_numpy()
    return found
