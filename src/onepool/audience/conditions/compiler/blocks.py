"""Running measures over the behaviour index: some thousands of customers at a time, whose columns stay in the cache."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from onepool.audience.conditions.compiler.columns import Homes, Some
from onepool.audience.conditions.compiler.days import local_days
from onepool.audience.conditions.compiler.measured import Measure, Measuring, Selection, Truth
from onepool.audience.conditions.compiler.vectors import TooWide, Vector
from onepool.audience.conditions.sequence.blockwise import Blockwise, Over
from onepool.pool.behaviour import Ordered, View
from onepool.pool.kernels import measuring
from onepool.pool.kernels.threads import lent

I64 = npt.NDArray[np.int64]
Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]

_CUSTOMERS = 1 << 15
_ROWS = 1 << 20
_LARGEST = 1 << 62


class Words:
    """The words of a view's columns of text, each read once."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._codes: dict[str, dict[str, int]] = {}

    def codes(self, column: str) -> Mapping[str, int]:
        """The code of each word."""
        if column not in self._codes:
            words = self._view.words[column].to_pylist()
            self._codes[column] = {word: code for code, word in enumerate(words) if code}
        return self._codes[column]


class Rows:
    """Columns of some rows of a part of the view."""

    def __init__(
        self,
        part: Ordered,
        rows: I64,
        time: I64,
        words: Words,
        kinds: Mapping[str, str],
        above: tuple[Rows, Bools | I64] | None = None,
    ) -> None:
        """`rows`: their numbers; `time`: when they happened; `kinds`: the SQL types of columns; `above`: rows that they
        are some of, and which: what was read of those is not read again."""
        self._part = part
        self.rows = rows
        self.known = words
        self._kinds = kinds
        self._above = above
        self._read: dict[str, Vector] = {"time": Vector(time)}

    def only(self, keep: Bools, rows: I64, time: I64) -> Rows:
        """Some of them, whose numbers and times are known."""
        return Rows(self._part, rows, time, self.known, self._kinds, (self, keep))

    def apart(self, rows: I64, time: I64) -> Rows:
        """Some of them, of which nothing is known but their numbers and times."""
        return Rows(self._part, rows, time, self.known, self._kinds)

    def at(self, places: I64) -> Rows:
        """Those at these places."""
        return Rows(self._part, self.rows[places], self.time[places], self.known, self._kinds, (self, places))

    @property
    def time(self) -> I64:
        found: I64 = self._read["time"].values
        return found

    def column(self, name: str) -> Vector:
        """The values of a column. Raises TooWide for numbers that are none: engines compare them differently."""
        if name not in self._read:
            self._read[name] = self._shared(name) or self._values(name)
        return self._read[name]

    def _shared(self, name: str) -> Vector | None:
        """The column as the rows above have it."""
        if self._above is None or name not in self._above[0]._read:
            return None
        (values, missing), some = self._above[0]._read[name], self._above[1]
        return Vector(values[some], None if missing is None else missing[some])

    def _values(self, name: str) -> Vector:
        values = lent(self._part.columns[name])[self.rows]
        missing = self._part.missing.get(name)
        absent = None if missing is None else missing[self.rows]
        if self._kinds[name] == "VARCHAR":
            absent = values == 0
        elif self._kinds[name] == "BOOLEAN":
            values = values.astype(np.bool_)
            if absent is not None:
                values &= ~absent
        elif values.dtype == np.float64 and np.isnan(values).any():
            raise TooWide
        return Vector(values, absent)

    def words(self, column: str) -> Mapping[str, int]:
        """The code of each word."""
        return self.known.codes(column)

    def time_of(self, events: Array) -> Array:
        """Rows do not refer to others."""
        raise NotImplementedError

    def once(self, key: int, run: Callable[[Rows], Any]) -> Any:
        """Nothing is asked twice of the same rows."""
        return run(self)


class _Room(threading.local):
    """Memory that a thread uses again for each of its blocks: fresh memory costs more than what is written to it."""

    def __init__(self) -> None:
        self._known: dict[str, Array] = {}

    def take(self, name: str, size: int, dtype: type[np.generic]) -> Array:
        """So many places with anything in them, until the name is taken again."""
        known = self._known.get(name)
        if known is None or known.size < size:
            known = self._known[name] = np.empty(size + size // 4, dtype)
        return known[:size]


class Work:
    """The measures of all families, and the sequences, over one view."""

    def __init__(
        self,
        families: Sequence[Measuring],
        view: View,
        kinds: Mapping[str, str],
        zone: str,
        sequences: Sequence[Blockwise] = (),
    ) -> None:
        self._sequences = [Over(one, view) for one in sequences]
        self._families = families
        self._view = view
        self._kinds = kinds
        self._zone = zone
        self.words = Words(view)
        self._room = _Room()
        names = view.words["event"].to_pylist()
        # Family 0 is what matters to none.
        self._of = np.zeros(max(1, len(names)), np.int16)
        self._since = np.full(max(1, len(names)), np.iinfo(np.int64).min, np.int64)
        for number, family in enumerate(families, 1):
            if family.event in names:
                code = names.index(family.event)
                self._of[code] = number
                if family.since is not None:
                    self._since[code] = family.since
        self._homes = Homes(
            [
                *([one.name for one in selection.measures] for family in families for selection in family.selections),
                *(one.types() for one in sequences),
            ]
        )

    def measured(self, part: Ordered, begins: I64, ends: I64) -> tuple[Homes, list[Some]]:
        """The measures of customers with these events of a part, selection by selection. Raises TooWide."""
        codes, time = lent(part.columns["event"]), lent(part.columns["time"])
        first, last = (int(begins[0]), int(ends[-1])) if begins.size else (0, 0)
        starts = np.zeros((len(self._families) + 1, begins.size + 1), np.int64)
        kinds = self._room.take("kinds", last - first, np.int16)
        kinds.fill(0)
        measuring.sizes(begins, ends, codes, time, self._of, self._since, kinds, starts)
        np.cumsum(starts, axis=1, out=starts)
        upto = np.cumsum(starts[1:, -1])
        total = int(upto[-1])
        rows, times = (self._room.take(name, total + 1, np.int64) for name in ("rows", "times"))
        measuring.split(first, kinds, time, np.append(total, upto - starts[1:, -1]), rows, times)
        found: list[Some] = []
        for number, family in enumerate(self._families, 1):
            some = slice(int(upto[number - 1] - starts[number, -1]), int(upto[number - 1]))
            whole = Rows(part, rows[some], times[some], self.words, self._kinds)
            here, firsts = _kept(whole, starts[number], family.keep)
            later: dict[int, tuple[Rows, I64]] = {}
            for selection in family.selections:
                since = selection.since
                if selection.keep is None or since is None:
                    found.append(self._select(selection, here, firsts, time))
                    continue
                if since not in later:
                    later[since] = _recent(here, firsts, since)
                found.append(self._select(selection, *later[since], time))
        for one in self._sequences:
            some_, answers = one.answers(part, begins, ends, self._room.take)
            found.append(Some(some_, answers, time, self.words.codes))
        return self._homes, found

    def _select(self, selection: Selection, rows: Rows, starts: I64, time: I64) -> Some:
        rows, starts = _kept(rows, starts, selection.keep)
        # Memory that is used again; what a measure keeps of it is made anew.
        whose, ends = (self._room.take(name, starts.size, np.int64) for name in ("whose", "ends"))
        since = measuring.EARLIEST if selection.since is None else selection.since
        instants = np.concatenate(([since], np.maximum(selection.instants, since)))
        edges = self._room.take("edges", instants.size * starts.size, np.int64).reshape(-1, starts.size)
        count = measuring.windows(starts, rows.time, instants, whose, ends, edges)
        begins, ends, edges = edges[0, : count + 1], ends[: count + 1], edges[1:, : count + 1]
        empty: dict[tuple[int | None, int | None], Bools] = {}
        found: dict[str, Vector] = {}
        for one in selection.measures:
            first = begins if one.first is None else edges[one.first]
            last = ends if one.last is None else edges[one.last]
            key = (one.first, one.last)
            if key not in empty and one.kind != "count":
                empty[key] = first >= last
            found[one.name] = self._measure(one, rows, first, last, empty.get(key))
        return Some(whose[:count].copy(), found, time, self.words.codes)

    def _measure(self, one: Measure, rows: Rows, first: I64, last: I64, empty: Bools | None) -> Vector:
        if one.kind == "count":
            many = last - first
            # Edges ascend with their instants, so only a window that ends before it begins is less than nothing.
            crossed = one.first is not None and one.last is not None and one.first > one.last
            return Vector(np.maximum(many, 0) if crossed else many)
        assert empty is not None
        into = np.empty(first.size, np.int64)
        match one.kind:
            case "days":
                days = local_days(rows.time, self._zone)
                low = int(days.min(initial=0))
                stamps = np.full(int(days.max(initial=low)) - low + 1, -1, np.int64)
                measuring.different(first, last, days - low, stamps, into)
                return Vector(into)
            case "first" | "last" if one.value is None and one.type.kind == "instant":
                (measuring.oldest if one.kind == "first" else measuring.newest)(first, last, rows.time, into)
                return Vector(into, empty)
        if one.kind in ("first", "last"):
            # Only what is taken is read; the place behind all of a part is looked at for nobody.
            at = np.where(empty, 0, first if one.kind == "first" else last - 1)
            taken = rows.at(at if rows.rows.size else at[:0])
            chosen = taken.rows if one.value is None else _whole(one.value(taken).values, taken.rows.size)
            if chosen.size < first.size:
                chosen = np.zeros(first.size, chosen.dtype)
            return Vector(np.where(empty, 0, chosen) if one.type.kind == "words" else chosen, empty)
        values = rows.rows if one.value is None else _whole(one.value(rows).values, rows.rows.size)
        match one.kind:
            case "distinct":
                self._different(one, values, first, last, into)
                return Vector(into)
            case "sum":
                most = max(int(values.max(initial=0)), -int(values.min(initial=0)))
                if most * int((last - first).max(initial=0)) > _LARGEST:
                    raise TooWide
                measuring.total(first, last, values, into)
                return Vector(into, empty)
        extreme = np.zeros(first.size, values.dtype)
        (measuring.least if one.kind == "min" else measuring.greatest)(first, last, values, extreme)
        return Vector(extreme, empty)

    def _different(self, one: Measure, values: Array, first: I64, last: I64, into: I64) -> None:
        if np.issubdtype(values.dtype, np.integer) and values.size:
            low, high = int(values.min()), int(values.max())
            if high - low <= 4 * values.size + (1 << 12):
                stamps = np.full(high - low + 1, -1, np.int64)
                measuring.different(first, last, values.astype(np.int64) - low, stamps, into)
                return
        known, codes = np.unique(values, return_inverse=True)
        stamps = np.full(max(1, known.size), -1, np.int64)
        measuring.different(first, last, codes.astype(np.int64), stamps, into)


def ranges(begins: I64, ends: I64) -> list[tuple[int, int]]:
    """Customers in blocks: so many at most, and so many events, though a customer is never divided."""
    found, first, customers = [], 0, begins.size
    while first < customers:
        reach = int(np.searchsorted(ends, int(begins[first]) + _ROWS, side="right"))
        last = min(customers, max(first + 1, min(first + _CUSTOMERS, reach)))
        found.append((first, last))
        first = last
    return found


def _kept(rows: Rows, starts: I64, keep: Truth | None) -> tuple[Rows, I64]:
    if keep is None:
        return rows, starts
    wanted = _whole(keep(rows), rows.rows.size)
    begins, count = np.empty(starts.size, np.int64), int(np.count_nonzero(wanted))
    some, times = np.empty(count + 1, np.int64), np.empty(count + 1, np.int64)
    measuring.kept(starts, wanted, rows.rows, rows.time, begins, some, times)
    return rows.only(wanted, some[:count], times[:count]), begins


def _recent(rows: Rows, starts: I64, since: int) -> tuple[Rows, I64]:
    begins = np.empty(starts.size, np.int64)
    some, times = np.empty(rows.rows.size + 1, np.int64), np.empty(rows.rows.size + 1, np.int64)
    count = measuring.recent(starts, rows.time, since, rows.rows, begins, some, times)
    return rows.apart(some[:count], times[:count]), begins


def _whole(values: Any, size: int) -> Array:
    """One value for each row."""
    found = np.asarray(values)
    return np.full(size, found) if found.ndim == 0 else np.ascontiguousarray(found)
