"""The index at one version of the pool: a build, what was appended since, and who has moved. Never changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from onepool.pool.behaviour.files import Base
from onepool.pool.behaviour.kinds import BATCH_ROWS, I64, Array, Mask, from_plain
from onepool.pool.behaviour.moves import Moves, among
from onepool.pool.behaviour.tail import Piece, Tail, spans


@dataclass(frozen=True)
class Delta:
    """What one commit changed: events appended (and whose each was), identifiers that moved (from whom to whom), and
    identifiers whose events were written anew: those are in `appended` as they are now."""

    appended: Piece
    identifiers: I64
    was: I64
    now: I64
    rewritten: I64


@dataclass(frozen=True)
class State:
    """Reads are exact at the version that the state is of."""

    base: Base
    tail: Tail = field(default_factory=Tail)
    moves: Moves = field(default_factory=Moves)
    rewritten: I64 = field(default_factory=lambda: np.empty(0, np.int64))
    hidden: frozenset[str] = frozenset()

    def after(self, delta: Delta) -> State:
        """The state after a commit."""
        tail, rewritten = self.tail, self.rewritten
        if delta.rewritten.size:
            rewritten = np.union1d(rewritten, delta.rewritten)
            tail = tail.without(delta.rewritten)
        moves = self.moves.after(delta.identifiers, delta.was, delta.now)
        return replace(self, tail=tail.after(delta.appended), moves=moves, rewritten=rewritten)

    def hiding(self, columns: frozenset[str]) -> State:
        """The same without some columns: what the build has of them is of another type."""
        return self if columns == self.hidden else replace(self, hidden=columns)

    def has(self, columns: Collection[str]) -> bool:
        """Whether all of these columns of `events` can be read."""
        own = frozenset(self.base.columns) - self.hidden
        return own.issuperset(columns) and (self.tail.columns is None or self.tail.columns.issuperset(columns))

    def changed(self) -> I64:
        """The customers of whom the build alone does not say everything (ascending)."""
        parts = [self.moves.touched, *(piece.customers for piece in self.tail.pieces)]
        parts += [self.moves.current(piece.identifiers, piece.customers) for piece in self.tail.pieces]
        if self.rewritten.size:
            parts.append(self.base.owners[np.searchsorted(self.base.identifiers, self._rewritten_then())])
        return np.unique(np.concatenate(parts))

    def _rewritten_then(self) -> I64:
        return self.rewritten[among(self.rewritten, self.base.identifiers)]

    def gather(
        self, customers: I64, columns: Collection[str], events: Mapping[str, int | None] | None = None
    ) -> pa.Table:
        """Every event of these customers, in no order: `customer_id` and the columns, typed as in table `events`.

        `events`: only events of these names, from the instant given (microseconds; None: all). KeyError for a column
        that the index lacks.
        """
        wanted = np.unique(customers)
        parts = [
            self._table(source, *self._named(source, rows, whose, events), columns)
            for source, rows, whose in self.found(wanted)
        ]
        schema = parts[0].schema
        return pa.concat_tables([parts[0], *(part.cast(schema) for part in parts[1:] if part.num_rows)])

    def rows_of(self, customers: I64) -> int:
        """About how many events these customers have (those that moved away counted too)."""
        starts, ends = self._base_ranges(self.moves.sources(np.unique(customers)))
        return int((ends - starts).sum())

    def runs(self, customer: int) -> list[tuple[Base | Piece, int, int]]:
        """Where one customer's events are among others': pieces from row to row, each in the order (time, seq)."""
        homes = self.moves.sources(np.array([customer]))
        starts, ends = self._base_ranges(homes)
        found: list[tuple[Base | Piece, int, int]] = [
            (self.base, start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        ]
        for piece in self.tail.pieces:
            low = np.searchsorted(piece.customers, homes, side="left").tolist()
            high = np.searchsorted(piece.customers, homes, side="right").tolist()
            found += [(piece, start, end) for start, end in zip(low, high, strict=True)]
        return [run for run in found if run[2] > run[1]]

    def belongs(self, source: Base | Piece, rows: I64, customer: int) -> Mask:
        """Which rows of one of the customer's runs are the customer's."""
        filed = source.filed(rows[:1])
        keep = np.full(rows.size, int(filed[0]) == customer)
        old = self.rewritten.size > 0 and isinstance(source, Base)
        if not old and not among(filed, self.moves.touched).any():
            return keep
        identifiers = identifiers_of(source)[rows]
        keep = np.equal(self.moves.current(identifiers, np.full(rows.size, filed[0])), customer)
        return keep & ~among(identifiers, self.rewritten) if old else keep

    def found(self, wanted: I64) -> Iterable[tuple[Base | Piece, I64, I64]]:
        """(where, rows, whose) of all events of customers (ascending); the build's come first, though there be none."""
        sources = self.moves.sources(wanted)
        starts, ends = self._base_ranges(sources)
        rows, filed = spans(starts, ends, sources)
        yield self.base, *self._belonging(self.base, rows, filed, wanted)
        for piece in self.tail.pieces:
            rows, filed = piece.find(sources)
            if rows.size:
                yield piece, *self._belonging(piece, rows, filed, wanted)

    def _base_ranges(self, customers: I64) -> tuple[I64, I64]:
        known, offsets = self.base.customers, self.base.offsets
        if known.size == 0:
            return np.zeros(customers.size, np.int64), np.zeros(customers.size, np.int64)
        at = np.minimum(np.searchsorted(known, customers), known.size - 1)
        there = known[at] == customers
        return np.where(there, offsets[at], 0), np.where(there, offsets[at + 1], 0)

    def _belonging(self, source: Base | Piece, rows: I64, filed: I64, wanted: I64) -> tuple[I64, I64]:
        """Of the rows filed under some customers, those that belong to the wanted ones now, and to whom."""
        if self.rewritten.size and isinstance(source, Base):
            keep = ~among(source.values("identifier_id")[rows], self.rewritten)
            rows, filed = rows[keep], filed[keep]
        if len(self.moves) == 0:
            return rows, filed
        # Only homes of somebody who moved hold rows of others, and only they are read though nobody asked for them.
        doubtful = np.flatnonzero(among(filed, self.moves.touched))
        if doubtful.size == 0:
            return rows, filed
        whose = filed.copy()
        whose[doubtful] = self.moves.current(identifiers_of(source)[rows[doubtful]], filed[doubtful])
        keep = np.ones(rows.size, np.bool_)
        keep[doubtful] = among(whose[doubtful], wanted)
        return rows[keep], whose[keep]

    def _named(
        self, source: Base | Piece, rows: I64, whose: I64, events: Mapping[str, int | None] | None
    ) -> tuple[I64, I64]:
        if events is None:
            return rows, whose
        codes, known = word_codes(source, "event")
        codes, times = codes[rows], times_of(source)[rows]
        keep = np.zeros(rows.size, np.bool_)
        for name, start in events.items():
            if name in known:
                same = codes == known[name]
                keep |= same if start is None else same & (times >= start)
        return rows[keep], whose[keep]

    def _table(self, source: Base | Piece, rows: I64, whose: I64, columns: Collection[str]) -> pa.Table:
        return pa.table(
            {"customer_id": pa.array(whose, pa.int64()), **{name: read(source, name, rows) for name in columns}}
        )


def read(source: Base | Piece, name: str, rows: I64) -> pa.Array:
    """A column's values at some rows, as Arrow."""
    if isinstance(source, Piece):
        return source.rows.column(name).take(pa.array(rows))
    column = source.columns[name]
    if column.storage == "plain":
        missing = source.missing(name)
        return from_plain(source.values(name)[rows], None if missing is None else missing[rows], column.sql)
    if column.storage == "words":
        return source.words(name).take(pa.array(source.values(name)[rows]))
    return _from_batches(source.batches(name), rows)


def word_codes(source: Base | Piece, name: str) -> tuple[Array, Mapping[str, int]]:
    """The code of each row's word in a column of text, and the code of each word."""
    return (source.values(name), source.codes(name)) if isinstance(source, Base) else source.codes(name)


def identifiers_of(source: Base | Piece) -> I64:
    """All identifiers."""
    return source.values("identifier_id") if isinstance(source, Base) else source.identifiers


def times_of(source: Base | Piece) -> I64:
    """All times in microseconds."""
    return source.values("time") if isinstance(source, Base) else source.times


def seqs_of(source: Base | Piece) -> I64:
    """All seqs."""
    return source.values("seq") if isinstance(source, Base) else source.seqs


def _from_batches(batches: Sequence[pa.Array], rows: I64) -> pa.Array:
    """Rows of a column in batches, read batch by batch: taking from all of them at once would copy them together."""
    if not batches:
        return pa.nulls(0)
    by = np.argsort(rows, kind="stable")
    ordered = rows[by]
    numbers, first = np.unique(ordered // BATCH_ROWS, return_index=True)
    edges = [*first.tolist(), rows.size]
    taken = [
        batches[number].take(pa.array(ordered[edges[n] : edges[n + 1]] - number * BATCH_ROWS))
        for n, number in enumerate(numbers.tolist())
    ]
    found = pa.concat_arrays(taken) if taken else batches[0].slice(0, 0)
    back = np.empty(rows.size, np.int64)
    back[by] = np.arange(rows.size)
    return found.take(pa.array(back))
