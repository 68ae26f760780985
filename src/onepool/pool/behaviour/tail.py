"""Events appended since the build, in memory: pieces in the order (customer, time, seq), joined as they grow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onepool.pool.behaviour import kernels
from onepool.pool.behaviour.kinds import I64, Array
from onepool.pool.behaviour.moves import among

LARGEST: Final = 1 << 16
"""Rows up to which pieces are joined: sorting them takes some tens of milliseconds."""


@dataclass(frozen=True)
class Piece:
    """Rows of `events` in order; `customers`: under whom each was filed."""

    customers: I64
    rows: pa.Table

    @classmethod
    def of(cls, customers: I64, rows: pa.Table) -> Piece:
        """Rows in any order."""
        by = np.lexsort((rows.column("seq").to_numpy(), micros(rows), customers))
        return cls(customers[by], rows.take(pa.array(by)).combine_chunks())

    def __len__(self) -> int:
        return int(self.customers.size)

    @cached_property
    def identifiers(self) -> I64:
        found: I64 = self.rows.column("identifier_id").to_numpy()
        return found

    @cached_property
    def times(self) -> I64:
        return micros(self.rows)

    @cached_property
    def seqs(self) -> I64:
        found: I64 = self.rows.column("seq").to_numpy()
        return found

    @cached_property
    def _codes(self) -> dict[str, tuple[Array, Mapping[str, int]]]:
        return {}

    def codes(self, name: str) -> tuple[Array, Mapping[str, int]]:
        """The code of each row's word in a column of text, and the code of each word."""
        if name not in self._codes:
            self._codes[name] = self._encoded(name)
        return self._codes[name]

    def _encoded(self, name: str) -> tuple[Array, Mapping[str, int]]:
        encoded = self.rows.column(name).combine_chunks().dictionary_encode()
        indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return indices, {word: code for code, word in enumerate(encoded.dictionary.to_pylist())}

    def filed(self, rows: I64) -> I64:
        """Under whom rows are filed."""
        return self.customers[rows]

    def find(self, customers: I64) -> tuple[I64, I64]:
        """The rows filed under these customers (ascending), and under whom each."""
        starts = np.searchsorted(self.customers, customers, side="left")
        ends = np.searchsorted(self.customers, customers, side="right")
        return spans(starts, ends, customers)

    def without(self, identifiers: I64) -> Piece:
        """Without the rows of these identifiers (ascending)."""
        drop = among(self.identifiers, identifiers)
        if not drop.any():
            return self
        return Piece(self.customers[~drop], self.rows.filter(pa.array(~drop)).combine_chunks())


@dataclass(frozen=True)
class Tail:
    """Pieces, the largest first; of more than `LARGEST` rows only where they came at once."""

    pieces: tuple[Piece, ...] = ()

    def __len__(self) -> int:
        return sum(len(piece) for piece in self.pieces)

    def after(self, piece: Piece) -> Tail:
        """With one more piece. Pieces of like size become one, so that there are few and each row moves seldom."""
        if not len(piece):
            return self
        pieces = [*self.pieces, piece]
        # A commit never waits for the sorting of a large piece: there are more of those instead.
        while len(pieces) > 1 and len(pieces[-2]) < min(2 * len(pieces[-1]), LARGEST - len(pieces[-1])):
            second, first = pieces.pop(), pieces.pop()
            # Columns may have been added in between; what one lacks, nobody can read from either.
            shared = [name for name in first.rows.column_names if name in second.rows.column_names]
            rows = pa.concat_tables([first.rows.select(shared), second.rows.select(shared)])
            pieces.append(Piece.of(np.concatenate([first.customers, second.customers]), rows))
        return Tail(tuple(pieces))

    def without(self, identifiers: I64) -> Tail:
        """Without the rows of these identifiers (ascending)."""
        kept = (piece.without(identifiers) for piece in self.pieces)
        return Tail(tuple(piece for piece in kept if len(piece)))

    @property
    def columns(self) -> frozenset[str] | None:
        """The columns that every piece has; None without any."""
        names = [frozenset(piece.rows.column_names) for piece in self.pieces]
        return frozenset.intersection(*names) if names else None


def spans(starts: I64, ends: I64, customers: I64) -> tuple[I64, I64]:
    """The rows of ranges written out, and whose each is."""
    total = int((ends - starts).sum())
    rows, which = np.empty(total, np.int64), np.empty(total, np.int64)
    kernels.ranges(starts, ends, rows, which)
    return rows, customers[which]


def micros(rows: pa.Table) -> I64:
    """The times of rows in microseconds."""
    times = pc.cast(rows.column("time"), pa.timestamp("us", tz="UTC")).combine_chunks()
    found: I64 = times.view(pa.int64()).to_numpy()
    return found
