"""Columns of a block of customers: measured of those who have rows, worked out there, and spread over all.

Of most selections few customers have rows. Whatever is made of one selection's measures alone is worked out for these
and for one customer more who has none: all others of the block are as that one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from onepool.audience.conditions.compiler.vectors import Run, Type, Vector, earliest
from onepool.pool.behaviour import Ordered
from onepool.pool.kernels.measuring import LATEST
from onepool.pool.kernels.threads import lent

I64 = npt.NDArray[np.int64]
Array = npt.NDArray[Any]
WordsOf = Callable[[str], Mapping[str, int]]


@dataclass(frozen=True)
class Answer:
    """An expression over columns: its type, how it is worked out, and the columns it is made of."""

    kind: Type
    run: Run
    used: frozenset[str]


class _Remembering:
    """Has what functions gave."""

    def __init__(self) -> None:
        self._gave: dict[int, Any] = {}

    def once(self, key: int, run: Callable[[Any], Any]) -> Any:
        """What a function of these columns gives; worked out at the first call with this key."""
        if key not in self._gave:
            self._gave[key] = run(self)
        return self._gave[key]


class Some(_Remembering):
    """The customers of a block who have rows of a selection, and one more who has none."""

    def __init__(self, whose: I64, measured: Mapping[str, Vector], time: I64, words: WordsOf) -> None:
        """`whose`: their places in the block; `measured`: has one value more; `time`: of the part's events."""
        super().__init__()
        self.whose = whose
        self._measured = measured
        self._time = time
        self.words = words

    def column(self, name: str) -> Vector:
        """The vector of a measure."""
        return self._measured[name]

    def time_of(self, events: Array) -> Array:
        """When events happened."""
        return _time_of(self._time, events)

    def spread(self, vector: Vector, count: int) -> Vector:
        """The values of all customers of the block."""
        values, missing = (None if one is None else self._spread(one, count) for one in vector)
        return Vector(values, missing)

    def _spread(self, values: Any, count: int) -> Any:
        if np.ndim(values) == 0:
            return values
        whole = np.full(count, values[-1], values.dtype)
        whole[self.whose] = values[:-1]
        return whole


class Homes:
    """In which selection expressions are worked out: the one that all of their columns are measures of, if any."""

    def __init__(self, selections: Iterable[Iterable[str]]) -> None:
        """`selections`: the names of the measures of each."""
        self.of_measure = {name: number for number, names in enumerate(selections) for name in names}
        self._of: dict[frozenset[str], int | None] = {}

    def of(self, used: frozenset[str]) -> int | None:
        """The number of the selection."""
        if used not in self._of:
            found = {self.of_measure.get(name) for name in used}
            self._of[used] = found.pop() if len(found) == 1 else None
        return self._of[used]


class Customers(_Remembering):
    """Columns of some customers: what was measured, what was given, and what is worked out from these when asked."""

    def __init__(
        self,
        part: Ordered,
        count: int,
        measured: tuple[Homes, Sequence[Some]],
        given: Mapping[str, Vector],
        worked_out: Mapping[str, Answer],
        words: WordsOf,
    ) -> None:
        super().__init__()
        self.count = count
        self.words = words
        self._time = part.columns["time"]
        self._homes, self._some = measured
        self._known = dict(given)
        self._worked_out = worked_out

    def column(self, name: str) -> Vector:
        """The vector of a column."""
        if name not in self._known:
            asked = self._worked_out.get(name)
            if asked is None:
                some = self._some[self._homes.of_measure[name]]
                self._known[name] = some.spread(some.column(name), self.count)
            else:
                self._known[name] = self.answer(asked)
        return self._known[name]

    def answer(self, asked: Answer) -> Vector:
        """The values of an expression."""
        home = self._homes.of(asked.used)
        if home is None:
            return asked.run(self)
        some = self._some[home]
        return some.spread(asked.run(some), self.count)

    def earliest(self, turns: Iterable[Answer]) -> I64:
        """The earliest of some instants of each customer (LATEST: none)."""
        by_home: dict[int | None, list[Run]] = {}
        for one in turns:
            by_home.setdefault(self._homes.of(one.used), []).append(one.run)
        soonest = np.full(self.count, LATEST, np.int64)
        for home, runs in by_home.items():
            if home is None:
                np.minimum(soonest, earliest([run(self) for run in runs]).values, out=soonest)
                continue
            some = self._some[home]
            found = np.broadcast_to(earliest([run(some) for run in runs]).values, some.whose.size + 1)
            if found[-1] == LATEST:
                soonest[some.whose] = np.minimum(soonest[some.whose], found[:-1])
            else:
                np.minimum(soonest, some.spread(Vector(found), self.count).values, out=soonest)
        return soonest

    def time_of(self, events: Array) -> Array:
        """When events happened."""
        return _time_of(self._time, events)


def _time_of(time: I64, events: Array) -> Array:
    time = lent(time)
    return time[events] if time.size else np.zeros(np.shape(events), np.int64)
