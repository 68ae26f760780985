"""What a batch says of persons, and what it meant for identity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.identity.links import Concluded, LinkBatch

if TYPE_CHECKING:
    from onepool.identity.store import RuledLink

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Heard:
    """What a batch said of persons besides their identifiers.

    `names`: (row int32, name). `consents`: (row int32, granted bool). `trust`: (row int32, trust int8), how a contact
    in the row became known, where that was said: TYPED or PROVED.
    """

    names: pa.Table = field(default_factory=lambda: pa.table({"row": pa.array([], pa.int32()), "name": _text([])}))
    consents: pa.Table = field(
        default_factory=lambda: pa.table({"row": pa.array([], pa.int32()), "granted": pa.array([], pa.bool_())})
    )
    trust: pa.Table = field(
        default_factory=lambda: pa.table({"row": pa.array([], pa.int32()), "trust": pa.array([], pa.int8())})
    )


@dataclass(frozen=True)
class Resolved:
    """What a batch meant for identity.

    `bearer`: identifier id by row number, -1 where a row has none. `new`: identifiers seen for the first time, as a
    table (identifier_id, type, scope, value, first_seen, last_seen, base, generation, valid_from); of `seen` all of
    the batch: (identifier_id, first_seen, last_seen). `moved`: (identifier_id, customer_id, was) of identifiers whose
    customer is new or changed; `was` is null for new ones. `customers`: every customer that the batch touched, retired
    ones included. `retimed`: (base, identifier_id, valid_from, valid_to) of all tenures of values handed on anew.
    """

    bearer: I64
    new: pa.Table
    seen: pa.Table
    moved: pa.Table
    customers: I64
    retimed: pa.Table
    links: LinkBatch = field(default_factory=LinkBatch)
    edge: I64 = field(default_factory=lambda: np.empty(0, np.int64))
    known_edges: int = 0
    concluded: Concluded = field(default_factory=Concluded)
    renamed: Sequence[tuple[int, int, int]] = ()  # (identifier, code, time)
    words: Sequence[tuple[int, bool, int, bytes, str]] = ()  # (identifier, granted, time, event, touchpoint)
    aged: Sequence[tuple[int, int]] = ()  # (identifier, last seen), where that matters
    rulings: Sequence[RuledLink] = ()
    decided: int | None = None
    joined: Sequence[int] = ()  # candidates that a link stands for now


def _text(values: list[str]) -> pa.Array:
    return pa.array(values, pa.string())
