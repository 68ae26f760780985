"""What key functions make of the distinct values of a column, as numbers; made once per column and function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.identity.matching.chinese.memory import PerValues
from onepool.identity.matching.kinds import KeyFunction, Strings, TokenFunction

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Coded:
    """``codes``: position in ``texts`` of the key of each value, -1 where it has none. ``texts`` are distinct and in
    order of code points; ``hashes`` are theirs."""

    codes: npt.NDArray[np.int32]
    texts: pa.LargeStringArray
    hashes: Hashes


@dataclass(frozen=True)
class Several:
    """Hashes of the keys of each value, distinct: those of value i are ``hashes[offsets[i]:offsets[i + 1]]``."""

    offsets: Ints
    hashes: Hashes


def large(texts: list[str] | list[str | None] | Strings) -> pa.LargeStringArray:
    """Texts as one array, however long they are together."""
    return pa.array(texts, pa.large_string())


def hash_texts(texts: pa.LargeStringArray) -> Hashes:
    """A 64-bit hash of each text (no nulls), the same in every process: FNV-1a over UTF-8, mixed by the last steps
    of splitmix64 (http://www.isthe.com/chongo/tech/comp/fnv, https://prng.di.unimi.it/splitmix64.c)."""
    _, offsets, data = texts.buffers()
    places = np.frombuffer(offsets, np.int64, len(texts) + 1, texts.offset * 8) if len(texts) else np.zeros(1, np.int64)
    held = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8)
    return _hash_bytes(held, places)


@numba.njit(cache=True, nogil=True)
def _hash_bytes(data: npt.NDArray[np.uint8], places: Ints) -> Hashes:
    out = np.empty(len(places) - 1, dtype=np.uint64)
    for i in range(len(out)):
        x = np.uint64(0xCBF29CE484222325)
        for at in range(places[i], places[i + 1]):
            x = (x ^ np.uint64(data[at])) * np.uint64(0x100000001B3)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        out[i] = x ^ (x >> np.uint64(31))
    return out


#: keys of one value from which they are sorted first
_MANY: Final = 32
_coded: Final[PerValues[dict[KeyFunction | None, Coded]]] = PerValues(lambda values: {})
_several: Final[PerValues[dict[Any, Several]]] = PerValues(lambda values: {})
_words: Final[PerValues[pa.LargeListArray]] = PerValues(
    lambda values: pc.utf8_split_whitespace(pc.utf8_trim_whitespace(large(values)))
)


def coded(values: Strings, function: KeyFunction | None) -> Coded:
    """The key of each value; without a function the value itself (values of a column are distinct and ordered)."""
    kept = _coded(values)
    made = kept.get(function)
    if made is None:
        if function is None:
            texts = large(values)
            made = Coded(np.arange(len(values), dtype=np.int32), texts, hash_texts(texts))
        else:
            made = _code(large(function(list(values))))
        kept[function] = made
    return made


def _code(texts: pa.LargeStringArray) -> Coded:
    found = texts.dictionary_encode()
    order = pc.sort_indices(found.dictionary).to_numpy()
    rank = np.empty(len(order) + 1, dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    rank[-1] = -1
    distinct = found.dictionary.take(pa.array(order))
    codes = rank[pc.fill_null(found.indices, len(order)).to_numpy(zero_copy_only=False)]
    return Coded(codes, distinct, hash_texts(distinct))


def several(values: Strings, function: TokenFunction) -> Several:
    """The keys of each value by a function that gives several."""
    kept = _several(values)
    if function not in kept:
        lists = pa.array(function(list(values)), pa.large_list(pa.large_string()))
        kept[function] = settle(lists.offsets.to_numpy(), hash_texts(lists.flatten()))
    return kept[function]


def word_keys(values: Strings, function: KeyFunction | None = None) -> Several:
    """The words of each value; with a function, its key of each word."""
    kept = _several(values)
    name = ("word", function)
    if name not in kept:
        lists = _words(values)
        made = coded_words(lists.flatten(), function)
        offsets = lists.offsets.to_numpy()
        known = made.codes >= 0
        before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(known)])
        kept[name] = settle(before[offsets], made.hashes[made.codes[known]])
    return kept[name]


def coded_words(words: pa.LargeStringArray, function: KeyFunction | None) -> Coded:
    """Words (repeated), each distinct one asked for its key once; the empty word has none."""
    found = words.dictionary_encode()
    texts = found.dictionary.to_pylist()
    keys = texts if function is None else function(texts)
    made = _code(large([key if text else None for text, key in zip(texts, keys, strict=True)]))
    return Coded(made.codes[found.indices.to_numpy()], made.texts, made.hashes)


@numba.njit(cache=True, nogil=True)
def _settled(offsets: Ints, hashes: Hashes, starts: Ints, out: Hashes) -> int:
    made = 0
    for i in range(len(offsets) - 1):
        first = made
        here = hashes[offsets[i] : offsets[i + 1]]
        if len(here) > _MANY:
            here = np.sort(here)
        for key in here:
            place = made
            while place > first and out[place - 1] > key:
                place -= 1
            if place > first and out[place - 1] == key:
                continue
            for move in range(made, place, -1):
                out[move] = out[move - 1]
            out[place] = key
            made += 1
        starts[i + 1] = made
    return made


def settle(offsets: Ints, hashes: Hashes) -> Several:
    """Keys in order and once per value (values have few keys: each is put into its place)."""
    starts = np.zeros(len(offsets), dtype=np.int64)
    out = np.empty(len(hashes), dtype=np.uint64)
    made = _settled(offsets, hashes, starts, out)
    return Several(starts, out[:made].copy())
