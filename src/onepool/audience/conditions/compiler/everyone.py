"""Values of all customers from arrays of the behaviour index, in blocks.

What is asked for is a set of named expressions over the columns that a plan's passes give. Those that arrays can answer
are: measures of events (`measured`), answers of sequences, and whatever is worked out from these (`vectors`). The rest
is told apart, for a query.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.audience.conditions.compiler.blocks import Customers, Work, ranges
from onepool.audience.conditions.compiler.events import EventPass
from onepool.audience.conditions.compiler.measured import Measuring, columns_of, measuring_of
from onepool.audience.conditions.compiler.steps import Views
from onepool.audience.conditions.compiler.vectors import TRUTH, WHOLE, Run, Type, Vector
from onepool.pool import Session
from onepool.pool.behaviour import Ordered, View
from onepool.pool.behaviour.kinds import CORE
from onepool.pool.kernels.threads import cores

I64 = npt.NDArray[np.int64]

_ALWAYS = ("event", "time")
_FEW = 100_000


@dataclass(frozen=True)
class Served:
    """What a view of the index serves of a plan's events."""

    view: View
    families: Sequence[Measuring]
    kinds: Mapping[str, str]

    def types(self) -> dict[str, Type]:
        """The measures, and what each is."""
        return {
            one.name: one.type
            for family in self.families
            for selection in family.selections
            for one in selection.measures
        }

    def needing(self, used: Collection[str]) -> Served:
        """Only the measures that are used."""
        kept = []
        for family in self.families:
            selections = []
            for selection in family.selections:
                measures = [one for one in selection.measures if one.name in used]
                if measures:
                    selections.append(type(selection)(selection.keep, selection.instants, measures))
            if selections:
                kept.append(Measuring(family.event, family.since, family.keep, selections, family.columns))
        return Served(self.view, kept, self.kinds)


def served(session: Session, views: Views, events: EventPass) -> Served | None:
    """What the index serves: with all columns that measures name, or else with those that every index has."""
    kinds = columns_of(events)
    for there in (kinds, CORE):
        found = (measuring_of(events, family, there) for family in events.families.values())
        families = [one for one in found if one is not None]
        if not families:
            return None
        columns = {*_ALWAYS, *(name for one in families for name in one.columns)}
        view = views(session, columns)
        if view is not None and columns <= view.base.columns.keys():
            return Served(view, families, kinds)
    return None


@dataclass(frozen=True)
class Given:
    """Columns of all customers that others worked out, by name: each with its type."""

    columns: Mapping[str, tuple[Type, Vector]]

    def types(self) -> dict[str, Type]:
        return {name: kind for name, (kind, _) in self.columns.items()}


def given(table: pa.Table, everyone: I64) -> Given:
    """The truths and whole numbers of a table (customer_id, …) beside all customers; missing where it has no row."""
    ids = table.column("customer_id").to_numpy()
    if ids.size == everyone.size and np.array_equal(ids, everyone):
        return Given({name: _column(table.column(name)) for name in table.column_names if name != "customer_id"})
    by = np.argsort(ids, kind="stable")
    at = np.searchsorted(ids, everyone, sorter=by)
    at = np.where(at < ids.size, at, 0)
    rows = by[at] if ids.size else at
    there = ids[rows] == everyone if ids.size else np.zeros(everyone.size, np.bool_)
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


def _column(column: pa.ChunkedArray) -> tuple[Type, Vector]:
    """Truths or whole numbers of Arrow."""
    whole = column.combine_chunks()
    truth = pa.types.is_boolean(whole.type)
    nulls = whole.is_null().to_numpy(zero_copy_only=False) if whole.null_count else None
    values = whole.fill_null(False if truth else 0).to_numpy(zero_copy_only=False)
    return (TRUTH if truth else WHOLE), Vector(values, nulls)


Into: TypeAlias = Callable[[Customers, slice | I64], None]


def evaluate(
    found: Served, everyone: I64, columns: Given, worked_out: Mapping[str, Run], zone: str, into: Into
) -> None:
    """Call `into` with the columns of each block of customers and their places among all. Raises TooWide."""
    work = Work(found.families, found.view, found.kinds, zone)
    tasks = list(_blocks(found.view, everyone))

    def run(task: tuple[Ordered, int, int, slice | I64, I64 | None]) -> None:
        part, first, last, places, keep = task
        measured = work.measured(part, first, last)
        if keep is not None:
            measured = {name: _taken(vector, keep) for name, vector in measured.items()}
        count = last - first if keep is None else keep.size
        given_here = {name: _taken(vector, places) for name, (_, vector) in columns.columns.items()}
        into(Customers(part, count, measured, given_here, worked_out, work.words), places)

    threads = cores() if everyone.size > _FEW else 1
    if threads == 1 or len(tasks) < threads:
        for task in tasks:
            run(task)
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(run, task) for task in tasks]:
            done.result()


def _taken(vector: Vector, places: slice | I64) -> Vector:
    return Vector(vector.values[places], None if vector.missing is None else vector.missing[places])


def _blocks(view: View, everyone: I64) -> Iterator[tuple[Ordered, int, int, slice | I64, I64 | None]]:
    """(part, first, last, the places among all customers of those that count, which they are; None: all)."""
    missing = np.ones(everyone.size, np.bool_)
    for part, skip in ((view.base, view.skip), (view.overlay, None)):
        at, counts = _places(part.customers, everyone)
        if skip is not None:
            counts = counts & ~skip
        missing[at[counts]] = False
        for first, last in ranges(part.offsets):
            here = counts[first:last]
            if not here.any():
                continue
            places = at[first:last]
            if here.all():
                whole = int(places[-1]) - int(places[0]) == last - first - 1
                yield part, first, last, slice(int(places[0]), int(places[-1]) + 1) if whole else places, None
            else:
                keep = np.flatnonzero(here)
                yield part, first, last, places[keep], keep
    # Who has no events at all.
    rest = np.flatnonzero(missing)
    if rest.size:
        nobody = {name: column[:0] for name, column in view.base.columns.items()}
        part = Ordered(everyone[rest], np.zeros(rest.size + 1, np.int64), nobody, {}, view.base.latest[:0])
        for first, last in ranges(part.offsets):
            yield part, first, last, rest[first:last], None


def _places(customers: I64, everyone: I64) -> tuple[I64, npt.NDArray[np.bool_]]:
    """Where each customer is among all, and who is there at all. Both ascend."""
    if customers.size == everyone.size and np.array_equal(customers, everyone):
        return np.arange(customers.size), np.ones(customers.size, np.bool_)
    at = np.searchsorted(everyone, customers)
    at[at == everyone.size] = 0
    known = everyone[at] == customers if everyone.size else np.zeros(customers.size, np.bool_)
    return at, known
