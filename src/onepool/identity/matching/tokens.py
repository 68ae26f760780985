"""The bag of name words of each record, over all its name columns, and what two bags share."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from onepool.identity.matching.prepare import Column, Ints, Records

Floats = npt.NDArray[np.float32]
#: most words of one record that are looked at
MOST = 12


@dataclass(frozen=True)
class Bag:
    """Words by record: ``offsets`` (records + 1) and ``words`` (ordered within a record) into ``values``."""

    offsets: Ints
    words: Ints
    values: tuple[str, ...]


def _words_of(column: Column, numbers: dict[str, int]) -> tuple[Ints, Ints]:
    """Offsets and word numbers by distinct value of the column."""
    flat: list[int] = []
    offsets = [0]
    for value in column.values:
        flat.extend(numbers.setdefault(word, len(numbers)) for word in value.split())
        offsets.append(len(flat))
    return np.array(offsets, dtype=np.int64), np.array(flat, dtype=np.int64)


def bags(records: Records, groups: tuple[tuple[str, ...], ...]) -> list[Bag]:
    """One bag per group of columns, all over the same numbering of words (ordered by the word)."""
    numbers: dict[str, int] = {}
    by_column = {}
    for name in sorted({name for group in groups for name in group}):
        by_column[name] = _words_of(records.columns[name], numbers)
    ordered = sorted(numbers)
    renumber = np.empty(len(ordered), dtype=np.int64)
    for number, word in enumerate(ordered):
        renumber[numbers[word]] = number
    out = []
    for group in groups:
        owners: list[Ints] = []
        words: list[Ints] = []
        for name in group:
            column = records.columns[name]
            starts_of, flat = by_column[name]
            if column.many is None or column.offsets is None:
                held = np.flatnonzero(column.codes >= 0)
                codes = column.codes[held]
            else:
                held = np.repeat(np.arange(len(records)), np.diff(column.offsets))
                codes = column.many
            lengths = starts_of[codes + 1] - starts_of[codes]
            owners.append(np.repeat(held, lengths))
            starts = np.repeat(starts_of[codes], lengths)
            within = np.arange(len(starts)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            words.append(renumber[flat[starts + within]] if len(flat) else np.empty(0, dtype=np.int64))
        owner: Ints = np.concatenate(owners) if owners else np.empty(0, dtype=np.int64)
        held_words: Ints = np.concatenate(words) if words else np.empty(0, dtype=np.int64)
        packed = np.unique(owner.astype(np.int64) * max(1, len(ordered)) + held_words)
        owner, held_words = packed // max(1, len(ordered)), packed % max(1, len(ordered))
        offsets = np.searchsorted(owner, np.arange(len(records) + 1)).astype(np.int64)
        out.append(Bag(offsets, held_words, tuple(ordered)))
    return out


@numba.njit(cache=True, nogil=True)
def _rarest_shared(
    left: Ints, right: Ints, own_offsets: Ints, own: Ints, all_offsets: Ints, everything: Ints, frequency: Floats
) -> Floats:
    """Per pair: frequency of the rarest word of one record's own column that is anywhere in the other's names
    (either way round); 2.0 where there is none."""
    out = np.full(len(left), 2.0, dtype=np.float32)
    for pair in range(len(left)):
        for turn in range(2):
            a = left[pair] if turn == 0 else right[pair]
            b = right[pair] if turn == 0 else left[pair]
            i, j = own_offsets[a], all_offsets[b]
            while i < own_offsets[a + 1] and j < all_offsets[b + 1]:
                if own[i] == everything[j]:
                    out[pair] = min(out[pair], frequency[own[i]])
                    i += 1
                    j += 1
                elif own[i] < everything[j]:
                    i += 1
                else:
                    j += 1
    return out


def rarest_shared(left: Ints, right: Ints, own: Bag, everything: Bag, frequency: Floats) -> Floats:
    """See ``_rarest_shared``."""
    return _rarest_shared(left, right, own.offsets, own.words, everything.offsets, everything.words, frequency)


@numba.njit(cache=True, nogil=True)
def _holds(offsets: Ints, words: Ints, record: int, word: int) -> bool:
    low, high = offsets[record], offsets[record + 1]
    while low < high:
        middle = (low + high) // 2
        if words[middle] < word:
            low = middle + 1
        else:
            high = middle
    return bool(low < offsets[record + 1] and words[low] == word)


@numba.njit(cache=True, nogil=True)
def _further_bits(
    left: Ints, right: Ints, all_offsets: Ints, everything: Ints, main_offsets: Ints, main: Ints, frequency: Floats
) -> tuple[Floats, Ints]:
    """Per pair: bits of the words both records have of which at least one side holds it outside its main columns,
    and on how many sides there are such further words at all."""
    bits = np.zeros(len(left), dtype=np.float32)
    sides = np.zeros(len(left), dtype=np.int64)
    for pair in range(len(left)):
        a, b = left[pair], right[pair]
        sides[pair] += all_offsets[a + 1] - all_offsets[a] > main_offsets[a + 1] - main_offsets[a]
        sides[pair] += all_offsets[b + 1] - all_offsets[b] > main_offsets[b + 1] - main_offsets[b]
        i, j = all_offsets[a], all_offsets[b]
        while i < all_offsets[a + 1] and j < all_offsets[b + 1]:
            word = everything[i]
            if word == everything[j]:
                in_a = _holds(main_offsets, main, a, word)
                in_b = _holds(main_offsets, main, b, word)
                if not (in_a and in_b):
                    bits[pair] -= np.log2(frequency[word])
                i += 1
                j += 1
            elif word < everything[j]:
                i += 1
            else:
                j += 1
    return bits, sides


def further_bits(left: Ints, right: Ints, everything: Bag, main: Bag, frequency: Floats) -> tuple[Floats, Ints]:
    """See ``_further_bits``."""
    return _further_bits(left, right, everything.offsets, everything.words, main.offsets, main.words, frequency)
