"""Agreement levels of record pairs, and the frequency of what they agree on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.identity.matching.kinds import KeyFunction, kind_of
from onepool.identity.matching.prepare import NAME_KINDS, Column, Ints, Records
from onepool.identity.matching.texts import coded, large
from onepool.identity.matching.threads import each
from onepool.identity.matching.tokens import MOST, Bag, bags, further_bits, rarest_shared

Levels = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float32]
MISSING = -1
ELSEWHERE = "in the other's names"
#: position of ELSEWHERE among the levels of a given name or surname
ELSEWHERE_AT = 2
FURTHER_LEVELS = ("several rare words", "one rare word", "a frequent word", "nothing, one side has none", "different")
_RARE_BITS = (16.0, 9.0)
#: pairs of values that may have a place each
_SQUARE = 1 << 24


@dataclass(frozen=True)
class Frequencies:
    """How frequent values are among strangers: the ``default`` for all that are not in ``table``."""

    table: Mapping[str, float]
    default: float

    def of(self, values: npt.NDArray[np.object_] | tuple[str, ...]) -> Floats:
        """Frequency of each value."""
        table, default = self.table, self.default
        return np.fromiter((table.get(value, default) for value in values), dtype=np.float32, count=len(values))

    def of_texts(self, texts: pa.LargeStringArray) -> Floats:
        """Frequency of each text."""
        known = np.append(np.fromiter(self.table.values(), dtype=np.float32, count=len(self.table)), self.default)
        at = pc.index_in(texts, value_set=large(list(self.table)))
        found: Floats = known.astype(np.float32)[pc.fill_null(at, len(self.table)).to_numpy(zero_copy_only=False)]
        return found


@dataclass(frozen=True)
class Spec:
    """One comparison. ``further``: of the name words outside given name and surname, over all name columns.
    ``frequencies`` by level number: of the value (0), of what both share (kinds' ``shared``), of the word found."""

    name: str
    kind: str
    hanzi: bool
    levels: tuple[str, ...]
    elsewhere: bool = False
    further: bool = False
    frequencies: Mapping[int, Frequencies] = field(default_factory=dict)


def own_level(spec: Spec, level: int) -> int:
    """Level of the comparison for a level of its kind (a level may stand between)."""
    return level + 1 if spec.elsewhere and level >= ELSEWHERE_AT else level


def plan(records: Records) -> tuple[Spec, ...]:
    """The comparisons for these columns: one each, but of several columns of names the parts and the further words."""
    names = records.names()
    parts = [column for column in names if column.kind.name in ("given_name", "surname")]
    has_both = {column.kind.name for column in parts} == {"given_name", "surname"}
    whole = [column for column in names if column.kind.name not in ("given_name", "surname")]
    # The full name repeats what given name and surname say: only its further words are new.
    latin = {column.name for column in whole if column.kind.name == "name" and not is_chinese(column)}
    replaced = latin if has_both else set()
    specs = []
    for column in records.columns.values():
        if column.name in replaced:
            continue
        elsewhere = has_both and column.kind.name in ("given_name", "surname") and not is_chinese(column)
        levels = column.kind.levels
        if elsewhere:
            levels = (*levels[:ELSEWHERE_AT], ELSEWHERE, *levels[ELSEWHERE_AT:])
        specs.append(Spec(column.name, column.kind.name, is_chinese(column), levels, elsewhere=elsewhere))
    if replaced:
        specs.append(Spec("further names", "name", False, FURTHER_LEVELS, further=True))
    return tuple(specs)


def is_chinese(column: Column) -> bool:
    """Whether the column is compared by a kind of its own for Chinese."""
    return column.kind is not kind_of(column.kind.name)


class Comparer:
    """Compares pairs of prepared records by the comparisons given."""

    def __init__(self, records: Records, specs: tuple[Spec, ...], before: Comparer | None = None):
        """``before``: a comparer of the same records, from which words and remembered levels are taken over."""
        self.records = records
        self.specs = specs
        self._remembered: dict[tuple[str, str], Levels] = {} if before is None else before._remembered
        self._lookups: dict[tuple[str, int], Floats] = {}
        self._keys: dict[tuple[str, int], Ints] = {}
        names = tuple(column.name for column in records.names() if column.kind.name in NAME_KINDS)
        self._bags: dict[str, Bag] = {}
        self._word_frequency: dict[str, Floats] = {}
        if before is not None:
            self._bags = before._bags
        elif any(spec.elsewhere or spec.further for spec in specs):
            parts = tuple(n for n in names if records.columns[n].kind.name in ("given_name", "surname"))
            made = bags(records, (names, parts, *((name,) for name in parts)))
            self._bags = dict(zip(("*", "parts", *parts), made, strict=True))
        for spec in specs:
            for level, frequencies in spec.frequencies.items():
                self._prepare_frequency(spec, level, frequencies)

    def words(self) -> Bag | None:
        """The bag of all name words, where names are compared by words."""
        return self._bags.get("*")

    def _prepare_frequency(self, spec: Spec, level: int, frequencies: Frequencies) -> None:
        if spec.further or (spec.elsewhere and level == ELSEWHERE_AT):
            self._word_frequency[spec.name] = frequencies.of(self._bags["*"].values)
            return
        column = self.records.columns[spec.name]
        at = level - 1 if spec.elsewhere and level > ELSEWHERE_AT else level
        made = coded(column.values, column.kind.shared()[at] if level else None)
        # Without a key (-1, the last) it has no say.
        self._lookups[spec.name, level] = np.append(frequencies.of_texts(made.texts), np.float32(np.nan))[made.codes]

    def forget(self) -> None:
        """Give back the memory of remembered levels."""
        self._remembered.clear()

    def compare(self, left: Ints, right: Ints, remember: str = "") -> tuple[Levels, Floats]:
        """Levels (pairs x comparisons, -1 missing) and frequency of what is shared (NaN: no say) of record pairs.

        ``remember``: a name for these pairs; compared again under it, only frequencies are looked up anew."""
        levels = np.empty((len(left), len(self.specs)), dtype=np.int8)
        shared = np.full((len(left), len(self.specs)), np.nan, dtype=np.float32)

        def compared(number: int) -> None:
            spec = self.specs[number]
            if spec.further:
                levels[:, number] = self._further(spec, left, right)
            else:
                levels[:, number], shared[:, number] = self._column(spec, left, right, remember)

        each(compared, range(len(self.specs)))
        return levels, shared

    def _column(self, spec: Spec, left: Ints, right: Ints, remember: str) -> tuple[Levels, Floats]:
        column = self.records.columns[spec.name]
        if column.many is None:
            code = column.codes[left]
            known = self._remembered.get((remember, spec.name)) if remember else None
            level = compare_codes(column, code, column.codes[right]) if known is None else known.copy()
            if remember and known is None:
                self._remembered[remember, spec.name] = level.copy()
        else:
            level, code = self._several(column, left, right)
        if spec.elsewhere:
            level[level >= ELSEWHERE_AT] += 1
        shared = np.full(len(left), np.nan, dtype=np.float32)
        for (name, at), lookup in self._lookups.items():
            if name == spec.name:
                _look_up(level, at, code, lookup, shared)
        if spec.elsewhere:
            frequency = self._word_frequency.get(spec.name, np.ones(len(self._bags["*"].values), dtype=np.float32))
            open_pairs = np.flatnonzero(level > ELSEWHERE_AT)
            found = rarest_shared(
                left[open_pairs], right[open_pairs], self._bags[spec.name], self._bags["*"], frequency
            )
            hit = found <= 1.0
            level[open_pairs[hit]] = ELSEWHERE_AT
            shared[open_pairs[hit]] = found[hit]
        return level, shared

    def _several(self, column: Column, left: Ints, right: Ints) -> tuple[Levels, Ints]:
        """Best level over all values of both records, and the left code that gave it."""
        assert column.offsets is not None and column.many is not None
        n_left = column.offsets[left + 1] - column.offsets[left]
        n_right = column.offsets[right + 1] - column.offsets[right]
        times = n_left * n_right
        pair = np.repeat(np.arange(len(left)), times)
        within = np.arange(len(pair)) - np.repeat(np.cumsum(times) - times, times)
        a = column.many[column.offsets[left][pair] + within // np.maximum(n_right[pair], 1)]
        b = column.many[column.offsets[right][pair] + within % np.maximum(n_right[pair], 1)]
        level = compare_codes(column, a, b)
        order = np.lexsort((a, level, pair))
        pair, level, a = pair[order], level[order], a[order]
        first = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]]) if len(pair) else np.empty(0, dtype=np.int64)
        out = np.full(len(left), MISSING, dtype=np.int8)
        code = np.zeros(len(left), dtype=np.int64)
        out[pair[first]], code[pair[first]] = level[first], a[first]
        return out, code

    def _further(self, spec: Spec, left: Ints, right: Ints) -> Levels:
        frequency = self._word_frequency.get(spec.name, np.ones(len(self._bags["*"].values), dtype=np.float32))
        bits, sides = further_bits(left, right, self._bags["*"], self._bags["parts"], frequency)
        level = np.full(len(left), 4, dtype=np.int8)
        level[sides == 1] = 3
        level[sides == 0] = MISSING
        level[bits > 0] = 2
        level[bits >= _RARE_BITS[1]] = 1
        level[bits >= _RARE_BITS[0]] = 0
        return level


def compare_codes(column: Column, a: Ints, b: Ints) -> Levels:
    """Levels of the kind for pairs of codes of one column; each distinct pair is compared once."""
    level = np.empty(len(a), dtype=np.int8)
    size = len(column.values)
    itself = np.zeros(size, dtype=np.int8) if column.kind.itself is None else column.kind.itself(column.values)
    at, packed = np.empty(len(a), dtype=np.int64), np.empty(len(a), dtype=np.int64)
    count = _sort_out(a, b, itself, size, level, at, packed)
    at, packed = at[:count], packed[:count]
    if not count:
        return level
    if size * size <= _SQUARE:
        # Few values: a place for every pair of them.
        table = np.zeros(size * size, dtype=np.int8)
        table[packed] = 1
        distinct = np.flatnonzero(table)
        table[distinct] = column.kind.compare(column.values, distinct // size, distinct % size)
        level[at] = table[packed]
        return level
    encoded = pa.array(packed).dictionary_encode()
    distinct = encoded.dictionary.to_numpy()
    found = column.kind.compare(column.values, distinct // size, distinct % size)
    level[at] = found[encoded.indices.to_numpy()]
    return level


@numba.njit(cache=True, nogil=True)
def _sort_out(a: Ints, b: Ints, itself: Levels, size: int, level: Levels, at: Ints, packed: Ints) -> int:
    """Levels of pairs with a missing value and of equal values; the others' positions and packed codes, counted."""
    count = 0
    for i in range(len(a)):
        if a[i] < 0 or b[i] < 0:
            level[i] = MISSING
        elif a[i] == b[i]:
            level[i] = itself[a[i]]
        else:
            at[count] = i
            packed[count] = min(a[i], b[i]) * size + max(a[i], b[i])
            count += 1
    return count


@numba.njit(cache=True, nogil=True)
def _look_up(level: Levels, at: int, code: Ints, lookup: Floats, shared: Floats) -> None:
    for i in range(len(level)):
        if level[i] == at:
            shared[i] = lookup[code[i]]


def frequencies_of(column: Column, key: KeyFunction | None, copies: float, limit: int) -> Frequencies:
    """Frequencies among *other* persons: ``copies`` (expected further records of the same person that carry the
    value) are taken off each count, so that a rare value of a person with many records stays rare."""
    codes = column.codes if column.many is None else column.many
    counts = np.bincount(codes[codes >= 0], minlength=len(column.values))
    made = coded(column.values, key)
    if key is not None:
        has = made.codes >= 0
        counts = np.bincount(made.codes[has], weights=counts[has], minlength=len(made.texts)).astype(np.int64)
    return frequency_table(made.texts, counts, copies, limit)


def frequency_table(texts: pa.LargeStringArray, counts: Ints, copies: float, limit: int) -> Frequencies:
    """The ``limit`` most frequent of the texts (distinct, ordered), and the mean frequency of the rest as default."""
    total = max(1, int(counts.sum()))
    adjusted = (np.maximum(counts - 1 - copies, 0.0) + 1.0) / total
    order = np.argsort(-counts, kind="stable")
    kept, rest = order[:limit], order[limit:]
    told = kept[adjusted[kept] > 1.0 / total]
    table = dict(zip(texts.take(pa.array(told)).to_pylist(), np.minimum(1.0, adjusted[told]).tolist(), strict=True))
    return Frequencies(table, float(adjusted[rest].mean()) if len(rest) else 1.0 / total)


def word_frequencies(bag: Bag, copies: float, limit: int, records: int) -> Frequencies:
    """Share of records that hold each name word."""
    counts = np.bincount(bag.words, minlength=len(bag.values))
    adjusted = (np.maximum(counts - 1 - copies, 0.0) + 1.0) / max(1, records)
    order = np.lexsort((np.arange(len(counts)), -counts))[:limit]
    table = {bag.values[i]: min(1.0, float(adjusted[i])) for i in order if adjusted[i] * records > 1.0}
    return Frequencies(table, 1.0 / max(1, records))


__all__ = ["ELSEWHERE_AT", "MISSING", "MOST", "Comparer", "Frequencies", "Spec", "compare_codes", "plan"]
