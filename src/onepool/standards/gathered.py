"""Everything known of the things of a batch before it is put into tables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.collect.inbound import Broken, Item
from onepool.collect.log import Record
from onepool.standards.batch import Touchpoint
from onepool.standards.faults import Fault
from onepool.standards.fields import Read
from onepool.standards.options import Options
from onepool.standards.persons import Persons
from onepool.standards.settings import StandardSettings
from onepool.standards.standard import Standard

SEQ_BITS: Final = 20
"""seq = offset << SEQ_BITS | item."""

Key = tuple[str, str, Options]
"""Kind, standard name, and the options under which things are read."""


_STEPS = frozenset({"order_placed", "order_paid", "order_shipped", "order_completed", "order_cancelled"})


def event_id(touchpoint: str, message_id: str) -> bytes:
    """The identity, 16 bytes, of what a touchpoint sent under its own message id."""
    return event_ids([touchpoint], [message_id])[0]


def event_ids(touchpoints: Sequence[str], message_ids: Sequence[str | None]) -> list[bytes]:
    """The identity, 16 bytes, of what touchpoints sent under their own message ids: BLAKE2b-128 of both.

    Empty where there is no message id. A step of an order is one whichever way it is told (`as_told_by_shops`).
    """
    blake2b = hashlib.blake2b
    return [
        b""
        if message_id is None
        else blake2b(
            f"{touchpoint}\0{as_told_by_shops(message_id) if message_id[:6] == 'order_' else message_id}".encode(),
            digest_size=16,
        ).digest()
        for touchpoint, message_id in zip(touchpoints, message_ids, strict=True)
    ]


def as_told_by_shops(message_id: str) -> str:
    """The message id of an order's step or refund as fetched and pushed orders have it (``NUMBER:order_paid``,
    ``REFUND:refunded``), of the one that imported files have (``order_paid:NUMBER``, ``order_refunded:NUMBER:REFUND``).

    Any other stays as it is: a refund without a number of its own, or what became of one later.
    """
    step, _, number = message_id.partition(":")
    if step in _STEPS and number:
        return f"{number}:{step}"
    if step == "order_refunded":
        order, _, refund = number.partition(":")
        if order and refund and refund[0] != "=" and ":" not in refund:
            return f"{refund}:refunded"
    return message_id


@dataclass(frozen=True)
class Carried:
    """Identifiers by the position of their thing, none twice, in the order of the things.

    `place`: shape (n,), positions; `type`, `scope`, `value`: n texts each.
    """

    place: npt.NDArray[np.int64]
    type: pa.Array
    scope: pa.Array
    value: pa.Array


@dataclass(frozen=True)
class Gathered:
    """Everything known of the things of a batch, by their position in `items`.

    `time`, `received`: shape (n,), microseconds of UTC. `faults`: position -> (field, what is wrong). `unknown`: of
    events that the standard doesn't know. `reads`: per group its key, the positions and the fields. `kinds`,
    `message_ids`, `numbers` (of the item inside its record): by position, so that few need the item itself. `carried`:
    identifiers that came as columns, apart from those in `persons`, which has none then.
    """

    standard: Standard
    settings: StandardSettings
    touchpoints: Mapping[str, Touchpoint]
    records: Sequence[Record]
    record_of: Sequence[int]
    items: Sequence[Item]
    kinds: Sequence[str]
    message_ids: Sequence[str | None]
    numbers: npt.NDArray[np.int64]
    touchpoint_of: Sequence[str]
    names: Sequence[str]
    time: npt.NDArray[np.int64]
    received: npt.NDArray[np.int64]
    broken: Sequence[tuple[int, Broken]]
    faults: Mapping[int, tuple[str, Fault]]
    unknown: set[int]
    persons: Persons
    carried: Carried | None
    reads: Sequence[tuple[Key, Sequence[int], Read]]
