"""What happened to each customer, in order, as flat columns: found by instant for many customers at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.journeys.backtest.types import I64

Bools = npt.NDArray[np.bool_]

MISSING = -1


class People:
    """The customers that a back-test is about; a *place* is a number among them."""

    def __init__(self, customers: I64) -> None:
        """`customers`: ascending, each once."""
        self.customers = customers

    def __len__(self) -> int:
        return int(self.customers.size)

    def places(self, customers: I64) -> I64:
        """The place of each customer, -1 for strangers."""
        if self.customers.size == 0:
            return np.full(customers.size, MISSING, np.int64)
        place = np.minimum(np.searchsorted(self.customers, customers), self.customers.size - 1)
        return np.where(self.customers[place] == customers, place, MISSING)


@dataclass(frozen=True)
class Line:
    """Things that happened, by place and then in order: those of place p are at `begin[p]` to `begin[p + 1]`.

    `time`: microseconds; `seq`: order of those at one instant; `code`: what it was (a number; -1: nothing).
    """

    begin: I64
    time: I64
    seq: I64
    code: I64

    @classmethod
    def of(cls, people: People, customers: I64, time: I64, seq: I64, code: I64 | None = None) -> Line:
        """From columns in any order; what strangers did is left out."""
        place = people.places(customers)
        order = np.lexsort((seq, time, place))
        order = order[place[order] >= 0]
        begin = np.searchsorted(place[order], np.arange(len(people) + 1))
        nothing = np.full(order.size, MISSING, np.int64)
        return cls(begin, time[order], seq[order], nothing if code is None else code[order])

    def before(self, places: I64, instants: I64) -> I64:
        """For each place where in the columns those from an instant on begin."""
        return bisect(self.time, self.begin[places], self.begin[places + 1], instants, right=False)

    def upto(self, places: I64, instants: I64) -> I64:
        """The same of those after an instant."""
        return bisect(self.time, self.begin[places], self.begin[places + 1], instants, right=True)

    def next(self, places: I64, instants: I64, never: int) -> I64:
        """The instant of the first one after an instant; `never` where there is none."""
        at = self.upto(places, instants)
        there = at < self.begin[places + 1]
        found = np.full(places.size, never, np.int64)
        found[there] = self.time[at[there]]
        return found

    def latest(self, places: I64, instants: I64, *, inclusive: bool) -> I64:
        """Where in the columns the last one before (or at) an instant is, -1 where there is none."""
        at = (self.upto if inclusive else self.before)(places, instants) - 1
        return np.where(at >= self.begin[places], at, MISSING)


def bisect(values: I64, low: I64, high: I64, wanted: I64, *, right: bool) -> I64:
    """`searchsorted` within a stretch of its own for each row: values[low:high] ascends."""
    low, high = low.copy(), high.copy()
    rows = np.flatnonzero(low < high)
    while rows.size:
        middle = (low[rows] + high[rows]) >> 1
        passed = values[middle] <= wanted[rows] if right else values[middle] < wanted[rows]
        low[rows[passed]] = middle[passed] + 1
        high[rows[~passed]] = middle[~passed]
        rows = rows[low[rows] < high[rows]]
    return low


def spread(low: I64, high: I64) -> tuple[I64, I64]:
    """Every number of the stretches: (row that it is of, number)."""
    sizes = np.maximum(high - low, 0)
    row = np.repeat(np.arange(low.size), sizes)
    number = np.arange(row.size) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(low, sizes)
    return row, number


class Codes:
    """Texts as numbers; the same text is the same number."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._known: dict[str, int] = {}

    def one(self, text: str) -> int:
        """The number of a text, a new one where it has none."""
        code = self._known.get(text)
        if code is None:
            code = self._known[text] = len(self.texts)
            self.texts.append(text)
        return code

    def column(self, column: pa.ChunkedArray) -> I64:
        """Numbers of a column of texts (-1: null), each different text looked at once."""
        coded = column.combine_chunks().dictionary_encode()
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.combine_chunks()
        own = np.array([self.one(text) for text in coded.dictionary.to_pylist()] or [MISSING], np.int64)
        places = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return np.where(places < 0, MISSING, own[places])

    def known(self, texts: list[str | None]) -> I64:
        """Numbers of texts, -1 for null and for what has none."""
        return np.array([MISSING if one is None else self._known.get(one, MISSING) for one in texts], np.int64)


def ints(table: pa.Table, name: str) -> I64:
    """A column of whole numbers without nulls."""
    found: I64 = table.column(name).to_numpy().astype(np.int64)
    return found
