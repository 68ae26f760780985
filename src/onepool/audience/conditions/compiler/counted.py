"""Measures of many definitions without a grouped query: rows come as they lie, a kernel adds each to its customer.

A query that groups looks up the customer of each row and then steps through all of its aggregates, which costs about
100 ns per row and aggregate; a kernel that knows the customer's place needs 2 (docs/decisions has the measurements).
What counts, sums, and takes the least or greatest is answered here, for everybody; the rest stays a query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from onepool.audience.conditions.compiler.sql import E, col, named
from onepool.audience.conditions.compiler.steps import Views, bound
from onepool.pool import Session
from onepool.pool.engine import Scanning
from onepool.pool.kernels import scatter

Array: TypeAlias = npt.NDArray[Any]
I64 = npt.NDArray[np.int64]

LEAST_MEASURES = 8
"""Of fewer measures a query costs as little, and starts sooner."""

COUNTED = "counted"
"""What the relation of the answers is called."""

_LARGEST = 1 << 62
_WIDE = 16
_SLACK = 1 << 20


@dataclass(frozen=True)
class Tally:
    """One measure: what is done with the values of the rows that count (None: of all)."""

    name: str
    kind: Literal["count", "distinct", "sum", "min", "max"]
    value: E | None
    keep: E | None


def tally_of(name: str, aggregate: E) -> Tally | None:
    """The measure as a tally; None where only a query can answer it."""
    keep: E | None = None
    if isinstance(aggregate, exp.Filter):
        aggregate, keep = aggregate.this, aggregate.expression.this
    of = aggregate.this
    if isinstance(aggregate, exp.Count):
        if isinstance(of, exp.Star):
            return Tally(name, "count", None, keep)
        return _distinct(name, of.expressions) if isinstance(of, exp.Distinct) else Tally(name, "count", of, keep)
    if not isinstance(of, exp.Column):
        return None
    match aggregate:
        case exp.Sum():
            return Tally(name, "sum", of, keep)
        case exp.Min():
            return Tally(name, "min", of, keep)
        case exp.Max():
            return Tally(name, "max", of, keep)
    return None


def _distinct(name: str, of: Sequence[E]) -> Tally | None:
    """Of one value, or of one under a condition."""
    value = of[0]
    if len(of) > 1:
        return None
    if isinstance(value, exp.Case) and len(value.args["ifs"]) == 1 and not value.args.get("default"):
        (case,) = value.args["ifs"]
        return Tally(name, "distinct", case.args["true"], case.this)
    return Tally(name, "distinct", value, None)


@dataclass(frozen=True)
class Counting:
    """The tallies of one family, and what writes its queries, of which arrays need none."""

    tallies: Sequence[Tally]
    make_rows: Callable[[], exp.Select]
    make_grouped: Callable[[], exp.Query]

    @cached_property
    def rows(self) -> exp.Select:
        """Its events without their customers, with the columns that tallies name."""
        return self.make_rows()

    @cached_property
    def grouped(self) -> exp.Query:
        """The same measures as a query, for values that no kernel takes."""
        return self.make_grouped()


@dataclass
class Counted:
    """Has the measures of all families in the session: the customer and a column per measure."""

    name: str
    families: Sequence[Counting]
    params: Mapping[str, object]

    def run(self, session: Session, views: Views | None = None) -> None:
        """Read each family's rows once. Every customer has a row, with nothing in it where there is nothing."""
        del views
        places = Places(session)
        columns = {"customer_id": pa.array(places.customers)}
        for family in self.families:
            sums = _Sums(family, places)
            try:
                sums.read(session, self.params)
                columns |= sums.answer()
            except _TooWide:
                columns |= _asked(session, family, places, self.params)
        session.relation(self.name, pa.table(columns))

    def steps(self) -> list[tuple[str, exp.Query]]:
        """What it reads."""
        return [(self.name, one.rows) for one in self.families]

    def starts(self) -> dict[str, int | None]:
        """The families say so themselves."""
        return {}

    def text(self, dialect: str = "duckdb") -> str:
        """For reading: each family's query, and what the kernel adds up."""
        return "\n\n".join(
            f"-- {self.name}: each row is added to its customer by a kernel, as if it were\n"
            + one.grouped.sql(dialect, pretty=True)
            for one in self.families
        )


class _TooWide(Exception):
    """A value or a sum that 64 bits do not hold, or of a type that no kernel takes."""


class Places:
    """A place for each customer, and the place of each identifier's customer (-1: nobody's)."""

    def __init__(self, session: Session) -> None:
        owners = session.query("SELECT identifier_id, customer_id FROM customer_of")
        ids, whose = (_whole(owners.column(name)) for name in ("identifier_id", "customer_id"))
        self.customers, places = _ranked(whose)
        self._ids: I64 | None = None
        top = int(ids.max(initial=0))
        if top <= _WIDE * ids.size + _SLACK:
            self._of = np.full(top + 1, -1, np.int32)
            self._of[ids] = places
        else:
            order = np.argsort(ids)
            self._ids, self._of = ids[order], places[order]

    def of(self, identifiers: I64) -> npt.NDArray[np.int32]:
        """The places of the customers who own these."""
        if self._ids is None:
            known = identifiers < self._of.size
            return self._of[identifiers] if known.all() else np.where(known, self._of[identifiers * known], -1)
        if self._ids.size == 0:
            return np.full(identifiers.size, -1, np.int32)
        at = np.minimum(np.searchsorted(self._ids, identifiers), self._ids.size - 1)
        return np.where(self._ids[at] == identifiers, self._of[at], -1).astype(np.int32)


def distinct_customers(session: Session) -> I64:
    """Everybody, ascending."""
    return _ranked(_whole(session.query("SELECT customer_id FROM customer_of").column("customer_id")))[0]


def _ranked(values: I64) -> tuple[I64, npt.NDArray[np.int32]]:
    """The different values in order, and the rank of each."""
    top = int(values.max(initial=0))
    if top > _WIDE * values.size + _SLACK:
        different, ranks = np.unique(values, return_inverse=True)
        return different, ranks.astype(np.int32)
    there = np.zeros(top + 1, np.bool_)
    there[values] = True
    rank = np.cumsum(there, dtype=np.int32) - np.int32(1)
    return np.flatnonzero(there), rank[values]


def _asked(session: Session, family: Counting, places: Places, params: Mapping[str, object]) -> dict[str, pa.Array]:
    """A family's measures as the query gives them."""
    text = family.grouped.sql("duckdb", copy=False)
    found = session.query(text, bound(text, params))
    at = np.full(places.customers.size, -1, np.int64)
    at[np.searchsorted(places.customers, _whole(found.column("customer_id")))] = np.arange(found.num_rows)
    rows = pa.array(at, mask=at < 0)
    return {one.name: found.column(one.name).combine_chunks().take(rows) for one in family.tallies}


class _Sums:
    """What is added up of one family while its rows go by."""

    def __init__(self, family: Counting, places: Places) -> None:
        self._family = family
        self._places = places
        size = places.customers.size
        self._seen = np.zeros(size, np.uint8)
        self._into: dict[str, Array] = {}
        self._there: dict[str, npt.NDArray[np.uint8]] = {}
        self._types: dict[str, pa.DataType] = {}
        self._bounds: dict[str, int] = {}
        self._columns: dict[str, str] = {}
        self._values: dict[str, list[tuple[npt.NDArray[np.int32], pa.Array]]] = {}

    def read(self, session: Session, params: Mapping[str, object]) -> None:
        """Add up all rows. Raises _TooWide."""
        query = self._query()
        text = query.sql("duckdb", copy=False)
        empty = True
        for batch in _batches(session, text, bound(text, params)):
            self._add(batch)
            empty = False
        if empty:
            # Columns need their types even where there is nothing.
            schema = session.query(query.limit(0).sql("duckdb"), bound(text, params)).schema
            self._add(pa.RecordBatch.from_pylist([], schema))

    def _query(self) -> exp.Select:
        columns: list[E] = [col("identifier_id")]
        for tally in self._family.tallies:
            for part in (tally.value, tally.keep):
                if part is not None:
                    key = part.sql("duckdb", copy=False)
                    if key not in self._columns:
                        self._columns[key] = f"c{len(self._columns)}"
                        columns.append(named(part.copy(), self._columns[key]))
        return exp.select(*columns, copy=False).from_(self._family.rows.subquery("happened"), copy=False)

    def _add(self, batch: pa.RecordBatch) -> None:
        slot = self._places.of(_whole(batch.column("identifier_id")))
        kept: dict[str, npt.NDArray[np.uint8]] = {}

        def keeping(tally: Tally, value: pa.Array | None) -> npt.NDArray[np.uint8]:
            mask = scatter.ALL
            if tally.keep is not None:
                key = self._columns[tally.keep.sql("duckdb", copy=False)]
                if key not in kept:
                    kept[key] = _flags(batch.column(key))
                mask = kept[key]
            if value is None or value.null_count == 0:
                return mask
            valid = _flags(pc.is_valid(value))
            return valid if mask.size == 0 else mask & valid

        scatter.seen(slot, scatter.ALL, self._seen)
        for tally in self._family.tallies:
            value = None
            if tally.value is not None:
                value = batch.column(self._columns[tally.value.sql("duckdb", copy=False)])
            keep = keeping(tally, value)
            if tally.kind == "count":
                scatter.count(slot, keep, self._array(tally.name, np.dtype(np.int64)))
                continue
            assert value is not None
            if tally.kind == "distinct":
                rows = np.flatnonzero(slot >= 0 if keep.size == 0 else (slot >= 0) & (keep != 0))
                self._values.setdefault(tally.name, []).append((slot[rows], value.take(pa.array(rows))))
                continue
            self._types[tally.name] = value.type
            numbers = _numbers(value)
            into, there = self._array(tally.name, numbers.dtype), self._mask(tally.name)
            if tally.kind == "sum":
                if numbers.dtype != np.int64:
                    raise _TooWide
                if value.null_count:
                    # Where there is no value, there may be anything.
                    numbers = np.where(_flags(pc.is_valid(value)), numbers, 0)
                largest = max(int(numbers.max(initial=0)), -int(numbers.min(initial=0)))
                self._bounds[tally.name] = self._bounds.get(tally.name, 0) + largest * numbers.size
                if self._bounds[tally.name] > _LARGEST:
                    raise _TooWide
                scatter.total(slot, keep, numbers, into, there)
            else:
                (scatter.least if tally.kind == "min" else scatter.greatest)(slot, keep, numbers, into, there)

    def _array(self, name: str, dtype: np.dtype[Any]) -> Array:
        if name not in self._into:
            self._into[name] = np.zeros(self._seen.size, dtype)
        return self._into[name]

    def _mask(self, name: str) -> npt.NDArray[np.uint8]:
        if name not in self._there:
            self._there[name] = np.zeros(self._seen.size, np.uint8)
        return self._there[name]

    def answer(self) -> dict[str, pa.Array]:
        """A column per measure; missing for customers without rows."""
        nobody = self._seen == 0
        columns: dict[str, pa.Array] = {}
        for tally in self._family.tallies:
            if tally.kind == "distinct":
                columns[tally.name] = pa.array(self._different(tally.name), mask=nobody)
            elif tally.kind == "count":
                columns[tally.name] = pa.array(self._array(tally.name, np.dtype(np.int64)), mask=nobody)
            elif tally.name not in self._types:
                columns[tally.name] = pa.nulls(nobody.size, pa.int64())
            else:
                made: Callable[..., pa.Array] = _summed if tally.kind == "sum" else _typed
                missing = self._there[tally.name] == 0
                columns[tally.name] = made(self._into[tally.name], missing, self._types[tally.name])
        return columns

    def _different(self, name: str) -> I64:
        """How many values each place has."""
        found = self._values.get(name, [])
        size = self._seen.size
        if not found:
            return np.zeros(size, np.int64)
        encoded = pa.chunked_array([values for _, values in found]).combine_chunks().dictionary_encode()
        places = np.concatenate([slots for slots, _ in found]).astype(np.int64)
        pairs = places * max(1, len(encoded.dictionary)) + encoded.indices.to_numpy()
        pairs.sort()
        fresh = np.ones(pairs.size, np.bool_)
        fresh[1:] = pairs[1:] != pairs[:-1]
        return np.bincount(pairs[fresh] // max(1, len(encoded.dictionary)), minlength=size).astype(np.int64)


def _batches(session: Session, text: str, params: Mapping[str, object]) -> Iterator[pa.RecordBatch]:
    if isinstance(session, Scanning):
        yield from session.scan(text, dict(params))
    else:
        yield from session.query(text, dict(params)).to_batches()


def _whole(column: pa.ChunkedArray | pa.Array) -> I64:
    found: I64 = column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy()
    return np.ascontiguousarray(found, np.int64)


def _flags(column: pa.Array) -> npt.NDArray[np.uint8]:
    """1 where it is true; what is unknown is not."""
    validity, bits = column.buffers()
    first, size = column.offset, len(column)
    found = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little")[first : first + size]
    if column.null_count:
        found &= np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")[first : first + size]
    return found


def _numbers(value: pa.Array) -> Array:
    """Values as numbers that compare alike; of missing ones anything. Raises _TooWide."""
    if pa.types.is_decimal128(value.type):
        halves = np.frombuffer(value.buffers()[1], np.int64)[2 * value.offset : 2 * (value.offset + len(value))]
        low, high = halves[0::2], halves[1::2]
        wide = high != low >> 63
        if wide.any() and (wide & _flags(pc.is_valid(value)).astype(np.bool_)).any():
            raise _TooWide
        return np.ascontiguousarray(np.where(wide, 0, low)) if wide.any() else np.ascontiguousarray(low)
    if not (pa.types.is_timestamp(value.type) or value.type in (pa.int64(), pa.float64(), pa.date32())):
        raise _TooWide
    dtype = {8: np.float64 if value.type == pa.float64() else np.int64, 4: np.int32}[value.type.bit_width // 8]
    return np.frombuffer(value.buffers()[1], dtype)[value.offset : value.offset + len(value)]


def _typed(values: Array, missing: npt.NDArray[np.bool_], kind: pa.DataType) -> pa.Array:
    if pa.types.is_decimal128(kind):
        return decimals(values, missing, kind)
    if kind == pa.float64():
        return pa.array(values, kind, mask=missing)
    plain = pa.int32() if kind == pa.date32() else pa.int64()
    return pa.array(values, plain, mask=missing).view(kind)


def _summed(values: Array, missing: npt.NDArray[np.bool_], kind: pa.DataType) -> pa.Array:
    return decimals(values, missing, pa.decimal128(38, kind.scale if pa.types.is_decimal128(kind) else 0))


def decimals(values: Array, missing: npt.NDArray[np.bool_], kind: pa.DataType) -> pa.Array:
    """Unscaled whole numbers as decimals of a type."""
    halves = np.empty((values.size, 2), np.int64)
    halves[:, 0], halves[:, 1] = values, values >> 63
    validity = np.packbits(~missing, bitorder="little")
    return pa.Array.from_buffers(kind, values.size, [pa.py_buffer(validity), pa.py_buffer(halves)])
