"""Values of all customers from arrays of the behaviour index, in blocks.

What is asked for is a set of named expressions over the columns that a plan's passes give. Those that arrays can answer
are: measures of events (`measured`), answers of sequences, and whatever is worked out from these (`vectors`). The rest
is told apart, for a query.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.audience.conditions.compiler.blocks import Work, ranges
from onepool.audience.conditions.compiler.columns import Answer, Customers
from onepool.audience.conditions.compiler.events import EventPass
from onepool.audience.conditions.compiler.measured import Measuring, columns_of, measuring_of
from onepool.audience.conditions.compiler.steps import Views
from onepool.audience.conditions.compiler.vectors import TRUTH, WHOLE, Type, Vector
from onepool.audience.conditions.moves.model import MOVES
from onepool.audience.conditions.sequence.blockwise import Blockwise
from onepool.pool import Session
from onepool.pool.behaviour import Ordered, View
from onepool.pool.behaviour.kinds import CORE
from onepool.pool.kernels import measuring
from onepool.pool.kernels.threads import cores, lent

I64 = npt.NDArray[np.int64]

_ALWAYS = ("event", "time")
_FEW = 100_000
_SPARSE = 4
"""So many places for each number take no more memory than sorting the numbers does."""


@dataclass(frozen=True)
class Served:
    """What a view of the index serves of a plan's events."""

    view: View
    families: Sequence[Measuring]
    kinds: Mapping[str, str]
    sequences: Sequence[Blockwise] = ()

    def types(self) -> dict[str, Type]:
        """The measures and the answers of sequences, and what each is."""
        measures = {
            one.name: one.type
            for family in self.families
            for selection in family.selections
            for one in selection.measures
        }
        return measures | {name: kind for one in self.sequences for name, kind in one.types().items()}

    def needing(self, used: AbstractSet[str]) -> Served:
        """Only the measures that are used, and sequences."""
        kept = []
        for family in self.families:
            selections = []
            for selection in family.selections:
                measures = [one for one in selection.measures if one.name in used]
                if measures:
                    selections.append(replace(selection, measures=measures))
            if selections:
                kept.append(Measuring(family.event, family.since, family.keep, selections, family.columns))
        sequences = [one for one in self.sequences if used & one.types().keys()]
        return Served(self.view, kept, self.kinds, sequences)


def served(session: Session, views: Views, events: EventPass, sequences: Sequence[Blockwise] = ()) -> Served | None:
    """What the index serves: sequences, and measures with all columns that these name, or else with those that every
    index has."""
    kinds = columns_of(events)
    for there in (kinds, CORE):
        told = [family for name, family in events.families.items() if name not in MOVES]
        found = (measuring_of(events, family, there) for family in told)
        families = [one for one in found if one is not None]
        if not families:
            return None
        columns = {*_ALWAYS}.union(*(one.columns for one in families), *(one.columns for one in sequences))
        view = views(session, columns)
        if view is not None and columns <= view.base.columns.keys():
            return Served(view, families, kinds, sequences)
    return None


@dataclass(frozen=True)
class Given:
    """Columns of all customers that others worked out, by name: each with its type; and the words of those that are
    codes, each under its column."""

    columns: Mapping[str, tuple[Type, Vector]]
    words: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def types(self) -> dict[str, Type]:
        return {name: kind for name, (kind, _) in self.columns.items()}


def given(table: pa.Table, everyone: I64) -> Given:
    """The truths and whole numbers of a table (customer_id, …) beside all customers; missing where it has no row."""
    ids = table.column("customer_id").to_numpy()
    if ids.size == everyone.size and np.array_equal(ids, everyone):
        return Given({name: _column(table.column(name)) for name in table.column_names if name != "customer_id"})
    rows, there = _places(ids, everyone)
    absent = ~there
    columns: dict[str, tuple[Type, Vector]] = {}
    for name in table.column_names:
        if name == "customer_id":
            continue
        kind, (values, nulls) = _column(table.column(name))
        if ids.size == 0:
            columns[name] = (kind, Vector(np.zeros(everyone.size, values.dtype), absent))
            continue
        missing = absent if nulls is None else absent | nulls[rows]
        found = values[rows]
        columns[name] = (kind, Vector(found & there if kind == TRUTH else found, missing))
    return Given(columns)


def _places(ids: I64, everyone: I64) -> tuple[I64, npt.NDArray[np.bool_]]:
    """Where each of everybody is among the ids (which are in any order; 0: nowhere), and who is there."""
    top = int(max(ids.max(initial=0), everyone.max(initial=0)))
    if ids.size == 0:
        return np.zeros(everyone.size, np.int64), np.zeros(everyone.size, np.bool_)
    if top <= _SPARSE * (ids.size + everyone.size) and min(ids.min(), everyone.min(initial=0)) >= 0:
        # Customers' numbers are given out one by one: a place for each number needs no sorting.
        places = np.full(top + 1, -1, np.int32 if ids.size < 2**31 else np.int64)
        places[ids] = np.arange(ids.size, dtype=places.dtype)
        rows = places[everyone].astype(np.int64)
        there = rows >= 0
        return np.where(there, rows, 0), there
    by = np.argsort(ids, kind="stable")
    at = np.searchsorted(ids, everyone, sorter=by)
    rows = by[np.where(at < ids.size, at, 0)]
    return rows, ids[rows] == everyone


def _column(column: pa.ChunkedArray) -> tuple[Type, Vector]:
    """Truths or whole numbers of Arrow."""
    whole = column.combine_chunks()
    truth = pa.types.is_boolean(whole.type)
    nulls = whole.is_null().to_numpy(zero_copy_only=False) if whole.null_count else None
    values = whole.fill_null(False if truth else 0).to_numpy(zero_copy_only=False)
    return (TRUTH if truth else WHOLE), Vector(values, nulls)


Into: TypeAlias = Callable[[Customers, slice | I64], None]


def evaluate(
    found: Served, everyone: I64, columns: Given, worked_out: Mapping[str, Answer], zone: str, into: Into
) -> None:
    """Call `into` with the columns of each block of customers and their places among all; of a customer the last call
    counts. Raises TooWide."""
    work = Work(found.families, found.view, found.kinds, zone, found.sequences)

    def run(block: _Block) -> None:
        given_here = {name: _taken(vector, block.places) for name, (_, vector) in columns.columns.items()}
        measured = work.measured(block.part, block.begins, block.ends)
        into(Customers(block.part, block.begins.size, measured, given_here, worked_out, words), block.places)

    def words(column: str) -> Mapping[str, int]:
        known = columns.words.get(column)
        return work.words.codes(column) if known is None else known

    for blocks in (_built(found.view, everyone), _changed(found.view, everyone)):
        threads = cores() if everyone.size > _FEW else 1
        if threads == 1 or len(blocks) < threads:
            for block in blocks:
                run(block)
            continue
        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(run, block) for block in blocks]:
                done.result()


def _taken(vector: Vector, places: slice | I64) -> Vector:
    return Vector(vector.values[places], None if vector.missing is None else vector.missing[places])


@dataclass(frozen=True)
class _Block:
    """Customers with events `begins` to `ends` of a part each, and their places among all."""

    part: Ordered
    begins: I64
    ends: I64
    places: slice | I64


def _built(view: View, everyone: I64) -> list[_Block]:
    """Everybody, by what the build has of them."""
    begins, ends = _events(view.base, everyone)
    return [
        _Block(view.base, begins[first:last], ends[first:last], slice(first, last))
        for first, last in ranges(begins, ends)
    ]


def _changed(view: View, everyone: I64) -> list[_Block]:
    """Who has changed since: they are what the overlay has of them, which may be nothing."""
    changed = np.union1d(view.base.customers[view.skip], view.overlay.customers)
    places = np.searchsorted(everyone, changed)
    known = places < everyone.size
    known[known] = everyone[places[known]] == changed[known]
    places = places[known]
    begins, ends = _events(view.overlay, changed[known])
    return [
        _Block(view.overlay, begins[first:last], ends[first:last], places[first:last])
        for first, last in ranges(begins, ends)
    ]


def _events(part: Ordered, customers: I64) -> tuple[I64, I64]:
    """From where to where each of these customers (ascending) has events."""
    begins, ends = np.empty(customers.size, np.int64), np.empty(customers.size, np.int64)
    measuring.found(lent(part.customers), lent(part.offsets), customers, begins, ends)
    return begins, ends
