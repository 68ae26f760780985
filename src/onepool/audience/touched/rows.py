"""The events of some customers as arrays, one block for each event name, from the behaviour index or from the table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.clock import from_micros
from onepool.pool import Session
from onepool.pool.behaviour import State
from onepool.pool.behaviour.files import Base
from onepool.pool.behaviour.kinds import to_plain
from onepool.pool.behaviour.state import read, seqs_of, times_of, word_codes
from onepool.pool.behaviour.tail import Piece
from onepool.pool.engine import quote

Array: TypeAlias = npt.NDArray[Any]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

PLAIN = frozenset({"BIGINT", "DOUBLE", "TIMESTAMPTZ", "BOOLEAN", "DECIMAL(18,4)", "DATE"})
"""SQL types whose values are numbers here: instants in microseconds, days as days, money in ten-thousandths."""


Held: TypeAlias = Base | Piece
"""What holds rows of the index."""


@dataclass(frozen=True)
class Numbers:
    """A column of fixed width. `missing`: None where no value is."""

    values: Array
    missing: Mask | None


@dataclass(frozen=True)
class Words:
    """A column of text: the place of each value in `words`, -1 where it is missing."""

    codes: Array
    words: list[str]


class Source(Protocol):
    """Where a block's columns come from."""

    def column(self, name: str) -> pa.Array:
        """The values of a column of `events`, in the order of the block."""


@dataclass
class Block:
    """Events of one name, by customer: `place` (ascending) is whose each is, among the customers asked for."""

    place: I64
    time: I64
    seq: I64
    source: Source
    _numbers: dict[str, Numbers] = field(default_factory=dict)
    _words: dict[str, Words] = field(default_factory=dict)

    def numbers(self, name: str, sql: str) -> Numbers:
        """A column whose SQL type is one of `PLAIN`."""
        if name not in self._numbers:
            if name == "time":
                self._numbers[name] = Numbers(self.time, None)
            else:
                values, missing = to_plain(self.source.column(name), sql)
                self._numbers[name] = Numbers(values, missing)
        return self._numbers[name]

    def words(self, name: str) -> Words:
        """A column of text."""
        if name not in self._words:
            encoded = self.source.column(name)
            if not pa.types.is_dictionary(encoded.type):
                encoded = encoded.dictionary_encode()
            codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
            self._words[name] = Words(codes, encoded.dictionary.to_pylist())
        return self._words[name]


Rows = Mapping[str, Block]
"""Event -> its block; no block where nobody did it."""


@dataclass(frozen=True)
class _Indexed:
    """Rows of a build and of pieces after it; `order` brings them together by customer."""

    parts: list[tuple[Held, I64]]
    order: I64 | None

    def column(self, name: str) -> pa.Array:
        found = [_whole(read(source, name, rows)) for source, rows in self.parts]
        if len(found) == 1:
            whole = found[0]
        else:
            whole = pa.concat_arrays([found[0], *(one.cast(found[0].type) for one in found[1:])])
        return whole if self.order is None else whole.take(pa.array(self.order))


def _whole(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


@dataclass(frozen=True)
class _Asked:
    """Rows of an answer."""

    table: pa.Table

    def column(self, name: str) -> pa.Array:
        return _whole(self.table.column(name))


def from_index(state: State, customers: I64, starts: Mapping[str, int | None]) -> Rows:
    """Rows of customers (ascending). `starts`: event -> the instant from which on (None: all)."""
    parts: dict[str, list[tuple[Held, I64, I64]]] = {event: [] for event in starts}
    for source, rows, whose in state.found(customers):
        if rows.size == 0:
            continue
        codes, known = word_codes(source, "event")
        codes, times = codes[rows], times_of(source)[rows]
        for event, start in starts.items():
            if event in known:
                keep = codes == known[event]
                if start is not None:
                    keep &= times >= start
                if keep.any():
                    parts[event].append((source, rows[keep], whose[keep]))
    return {event: _together(found, customers) for event, found in parts.items() if found}


def _together(found: list[tuple[Held, I64, I64]], customers: I64) -> Block:
    whose = np.concatenate([one[2] for one in found])
    place = np.searchsorted(customers, whose)
    order = None
    if (place[1:] < place[:-1]).any():
        order = np.argsort(place, kind="stable")
        place = place[order]
    times, seqs = (np.concatenate([of(source)[rows] for source, rows, _ in found]) for of in (times_of, seqs_of))
    if order is not None:
        times, seqs = times[order], seqs[order]
    return Block(place, times, seqs, _Indexed([(source, rows) for source, rows, _ in found], order))


def from_table(
    session: Session, owned: str, customers: I64, starts: Mapping[str, int | None], columns: Collection[str]
) -> Rows:
    """The same by a query. `owned`: a relation of the customers' identifiers (identifier_id, customer_id); `columns`:
    those of `events` that will be asked for."""
    if not starts:
        return {}
    params: dict[str, object] = {}
    wanted = []
    for number, (event, start) in enumerate(starts.items()):
        params[f"e{number}"] = event
        one = f"e.event = $e{number}"
        if start is not None:
            params[f"s{number}"] = from_micros(start)
            one += f" AND e.time >= $s{number}"
        wanted.append(f"({one})")
    names = ", ".join(f"e.{quote(name)}" for name in sorted({*columns} | {"event", "time", "seq"}))
    found = session.query(
        f"""SELECT o.customer_id, {names} FROM events e JOIN {quote(owned)} o ON o.identifier_id = e.identifier_id
        WHERE {" OR ".join(wanted)} ORDER BY o.customer_id""",  # noqa: S608 quoted names, bound values
        params,
    )
    rows = {}
    for event in starts:
        own = found.filter(pc.equal(found.column("event"), event))
        if own.num_rows:
            place = np.searchsorted(customers, own.column("customer_id").to_numpy())
            times = own.column("time").cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
            rows[event] = Block(place, times, own.column("seq").to_numpy(), _Asked(own))
    return rows
