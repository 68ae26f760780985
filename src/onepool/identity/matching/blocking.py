"""Blocking: keys that two records must share to be compared, and the pairs they give.

A **key part** is one function of one column (its whole value, its first letters, its year, each of its words); a
**rule** is one to three parts, all of which must agree. Keys are 64-bit hashes of text, so that they are the same in
every process and version of the records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from onepool.identity.matching.prepare import Column, Ints, Records
from onepool.identity.matching.strings import prefix, sound
from onepool.identity.matching.texts import Hashes, Several, coded, settle, several, word_keys
from onepool.identity.matching.threads import each

NAMES = "*names*"
#: key parts of the words of names, and the key of a word (None: itself)
_OF_WORDS = {"word": None, "sound of a word": sound, "word's first 3": prefix(3)}
#: rarest words of a record of which pairs are made
_PAIRED_WORDS = 6
#: rules whose pairs are made at the same time
_TOGETHER = 4


@dataclass(frozen=True, order=True)
class Part:
    """A key part: column (or ``*names*``: the words of all name columns) and function."""

    column: str
    function: str

    def __str__(self) -> str:
        return f"{'any name' if self.column == NAMES else self.column}: {self.function}"


@dataclass(frozen=True, order=True)
class Rule:
    """Parts that must all agree; groups of more than ``most`` records sharing a key are passed over."""

    parts: tuple[Part, ...]
    most: int

    def __str__(self) -> str:
        return " and ".join(str(part) for part in self.parts)


@dataclass(frozen=True)
class Keys:
    """Keys of records: ``owner`` (record position) and ``key``; sorted by owner; ``single``: no record has two."""

    owner: Ints
    key: Hashes
    single: bool


def _mix(a: Hashes, b: Hashes) -> Hashes:
    """Order-dependent combination of two hashes (multiply and shift, after splitmix64)."""
    x = a * np.uint64(0x9E3779B97F4A7C15) + b
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def parts_of(records: Records) -> tuple[Part, ...]:
    """Every key part these columns allow."""
    out: list[Part] = []
    for column in records.columns.values():
        functions = (*column.kind.keys().items(), *column.kind.tokens().items())
        out.extend(Part(column.name, name) for name, _ in functions)
    if len(records.names()) > 1 or any("word" in column.kind.tokens() for column in records.names()):
        out.extend(Part(NAMES, name) for name in ("word", "two words", "sound of a word", "word's first 3"))
    return tuple(out)


class KeyMaker:
    """Makes and keeps the keys of one set of records."""

    def __init__(self, records: Records):
        self.records = records
        self._parts: dict[Part, Keys] = {}

    def part(self, part: Part) -> Keys:
        """Keys of one part."""
        if part not in self._parts:
            self._parts[part] = self._names(part.function) if part.column == NAMES else self._column(part)
        return self._parts[part]

    def rule(self, parts: tuple[Part, ...]) -> Keys:
        """Keys of parts taken together: every combination of the keys of the parts, per record."""
        keys = self.part(parts[0])
        for part in parts[1:]:
            keys = _combine(keys, self.part(part))
        return keys

    def forget(self) -> None:
        """Give back the memory of all keys."""
        self._parts.clear()

    def _column(self, part: Part) -> Keys:
        column = self.records.columns[part.column]
        single = column.kind.keys().get(part.function)
        if single is None:
            return _spread(column, several(column.values, column.kind.tokens()[part.function]))
        made = coded(column.values, single)
        owner, codes = _carriers(column)
        keys = made.codes[codes]
        known = keys >= 0
        owner, found = owner[known], made.hashes[keys[known]]
        # Several values of one record may have the same key.
        return Keys(owner, found, True) if column.many is None else _distinct(owner, found, len(self.records))

    def _names(self, function: str) -> Keys:
        if function == "two words":
            return self._two_words()
        keyed = _OF_WORDS[function]
        found = [_spread(column, word_keys(column.values, keyed)) for column in self.records.names()]
        if len(found) == 1:
            return found[0]
        owner, key = np.concatenate([k.owner for k in found]), np.concatenate([k.key for k in found])
        return _distinct(owner, key, len(self.records))

    def _two_words(self) -> Keys:
        words = self.part(Part(NAMES, "word"))
        _, which, counts = np.unique(words.key, return_inverse=True, return_counts=True)
        order = np.lexsort((words.key, counts[which], words.owner))
        owner, key = words.owner[order], words.key[order]
        rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
        kept = rank < _PAIRED_WORDS
        owner, key, rank = owner[kept], key[kept], rank[kept]
        owners, keys = [], []
        for step in range(1, _PAIRED_WORDS):
            same = np.flatnonzero(owner[step:] == owner[:-step])
            a, b = key[same], key[same + step]
            owners.append(owner[same])
            keys.append(_mix(np.minimum(a, b), np.maximum(a, b)))
        return _distinct(np.concatenate(owners), np.concatenate(keys), len(self.records))


def _carriers(column: Column) -> tuple[Ints, Ints]:
    """(record, code) of every value held."""
    if column.many is None or column.offsets is None:
        owner = np.flatnonzero(column.codes >= 0)
        return owner, column.codes[owner]
    return np.repeat(np.arange(len(column.codes)), np.diff(column.offsets)), column.many


def _spread(column: Column, made: Several) -> Keys:
    """Keys of several texts per distinct value."""
    owner, codes = _carriers(column)
    times = (made.offsets[1:] - made.offsets[:-1])[codes]
    within = np.arange(int(times.sum())) - np.repeat(np.cumsum(times) - times, times)
    owner, key = np.repeat(owner, times), made.hashes[np.repeat(made.offsets[codes], times) + within]
    if column.many is not None:
        return _distinct(owner, key, len(column.codes))
    return Keys(owner, key, not len(owner) or bool((owner[1:] != owner[:-1]).all()))


def _distinct(owner: Ints, key: Hashes, size: int) -> Keys:
    """Keys in order of record and once per record; ``size``: number of records."""
    counts = np.bincount(owner, minlength=size)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
    if len(owner) and (owner[1:] < owner[:-1]).any():
        key = key[np.argsort(owner, kind="stable")]
    made = settle(starts, key)
    times = np.diff(made.offsets)
    return Keys(np.repeat(np.arange(size), times), made.hashes, bool((times <= 1).all()))


@numba.njit(cache=True, nogil=True)
def _joined(a: Ints, b: Ints, from_a: Ints, from_b: Ints) -> int:
    """Positions of all combinations of equal owners, in order of ``a``; counts only when ``from_a`` is empty."""
    made = 0
    start = 0
    for i in range(len(a)):
        while start < len(b) and b[start] < a[i]:
            start += 1
        at = start
        while at < len(b) and b[at] == a[i]:
            if len(from_a):
                from_a[made], from_b[made] = i, at
            made += 1
            at += 1
    return made


def _combine(a: Keys, b: Keys) -> Keys:
    none = np.empty(0, dtype=np.int64)
    count = _joined(a.owner, b.owner, none, none)
    from_a, from_b = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    if count:
        _joined(a.owner, b.owner, from_a, from_b)
    return Keys(a.owner[from_a], _mix(a.key[from_a], b.key[from_b]), a.single and b.single)


def group_sizes(keys: Keys, side: npt.NDArray[np.bool_] | None) -> tuple[Ints, Ints]:
    """Per distinct key: records on the left and on the right (the same number twice when deduplicating)."""
    if side is None:
        ordered = np.sort(keys.key)
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.empty(0, np.int64)
        counts = np.diff(np.append(starts, len(ordered)))
        return counts, counts
    order = np.argsort(keys.key)
    key = keys.key[order]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.empty(0, dtype=np.int64)
    right = np.concatenate([[0], np.cumsum(side[keys.owner[order]])])
    ends = np.append(starts[1:], len(key))
    on_right = right[ends] - right[starts]
    return ends - starts - on_right, on_right


@numba.njit(cache=True, nogil=True)
def _emit(owner: Ints, key: Hashes, most: int, right: npt.NDArray[np.bool_], link: bool, size: int, out: Ints) -> int:
    """Write (smaller * size + larger) of all pairs within groups of equal key; counts only when ``out`` is empty."""
    made = 0
    start = 0
    n = len(key)
    while start < n:
        end = start + 1
        while end < n and key[end] == key[start]:
            end += 1
        if end - start <= most:
            for i in range(start, end):
                for j in range(i + 1, end):
                    a, b = owner[i], owner[j]
                    if a == b or (link and right[a] == right[b]):
                        continue
                    if len(out):
                        out[made] = min(a, b) * size + max(a, b)
                    made += 1
        start = end
    return made


def pairs_of(keys: Keys, most: int, side: npt.NDArray[np.bool_] | None, size: int) -> Ints:
    """Distinct pairs, packed as smaller * size + larger, ordered."""
    # Which record of a group comes first doesn't matter: pairs are ordered after.
    order = np.argsort(keys.key)
    owner, key = keys.owner[order], keys.key[order]
    right = side if side is not None else np.zeros(1, dtype=bool)
    count = _emit(owner, key, most, right, side is not None, size, np.empty(0, dtype=np.int64))
    if not count:
        return np.empty(0, dtype=np.int64)
    out = np.empty(count, dtype=np.int64)
    _emit(owner, key, most, right, side is not None, size, out)
    return unique_sorted(out)


def unique_sorted(packed: Ints) -> Ints:
    """Sort in place and drop repeats."""
    packed.sort()
    if not len(packed):
        return packed
    return packed[np.r_[True, packed[1:] != packed[:-1]]]


def all_pairs(
    maker: KeyMaker, rules: tuple[Rule, ...], side: npt.NDArray[np.bool_] | None
) -> tuple[Ints, Mapping[Rule, int]]:
    """Distinct pairs of all rules (packed), and the number of pairs each rule gives by itself."""
    size = len(maker.records)
    found: list[Ints] = []
    counts: dict[Rule, int] = {}
    waiting = 0
    for part in sorted({part for rule in rules for part in rule.parts}):
        maker.part(part)
    # A few rules at a time: all together would hold the pairs of all.
    for start in range(0, len(rules), _TOGETHER):
        some = rules[start : start + _TOGETHER]
        for rule, pairs in zip(
            some, each(lambda one: pairs_of(maker.rule(one.parts), one.most, side, size), some), strict=True
        ):
            counts[rule] = len(pairs)
            found.append(pairs)
            waiting += len(pairs)
            if len(found) > 1 and waiting > 2 * len(found[0]):
                found, waiting = [unique_sorted(np.concatenate(found))], 0
    whole = unique_sorted(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)
    return whole, counts
