"""Small helpers of vectorised generation: texts from code points, draws by weight, ids from counters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[Any]
"""Texts: an object array of str and None."""
Chance = np.random.Generator

_BASE = np.array([ord(c) for c in "0123456789abcdefghjkmnpqrstvwxyz"], np.uint32)
_DIGIT = np.uint32(ord("0"))


def chance_of(seed: int, *parts: int) -> Chance:
    """A random source of its own for each part of the work, so that one part's draws do not shift another's."""
    return np.random.default_rng([seed, *parts])


def weighted(chance: Chance, weights: F64, size: int) -> I64:
    """Places drawn by weight."""
    bounds = np.cumsum(weights / weights.sum())
    return np.minimum(np.searchsorted(bounds, chance.random(size), side="right"), weights.size - 1).astype(np.int64)


def packed(points: U32) -> Texts:
    """Rows of code points to texts; zeros are skipped wherever they stand. Shape (n, width) -> (n,)."""
    if points.shape[0] == 0:
        return np.empty(0, object)
    order = np.argsort(points == 0, axis=1, kind="stable")
    rows = np.ascontiguousarray(np.take_along_axis(points, order, axis=1))
    texts: Texts = rows.view(f"<U{points.shape[1]}")[:, 0].astype(object)
    return texts


def digits(numbers: I64, width: int) -> U32:
    """The decimal digits as code points, shape (n, width)."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return ((numbers[:, None] // powers) % 10).astype(np.uint32) + _DIGIT


def mixed(numbers: I64, salt: int) -> U64:
    """Counters scattered over 64 bits, one to one (splitmix64, Steele et al. 2014)."""
    x = numbers.astype(np.uint64) + np.uint64((salt * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) % (1 << 64))
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def codes(prefix: str, numbers: I64, salt: int) -> Texts:
    """Ids as platforms give them: a prefix and 13 characters that hold the whole of the mixed number."""
    values = mixed(numbers, salt)
    shifts = np.arange(60, -1, -5, dtype=np.uint64)
    body = _BASE[((values[:, None] >> shifts) & np.uint64(31)).astype(np.int64)]
    head = np.tile(np.array([ord(c) for c in prefix], np.uint32), (numbers.size, 1))
    return packed(np.concatenate([head, body], axis=1))


def pick(values: Sequence[str], places: I64) -> Texts:
    """Texts by place."""
    return np.array(list(values), object)[places]


def only(texts: Texts, keep: Bools) -> Texts:
    """The texts where ``keep``, None elsewhere."""
    found = texts.copy()
    found[~keep] = None
    return found


def spans(counts: I64) -> tuple[I64, I64]:
    """Of groups with these sizes laid side by side: the group of each member and its number inside the group."""
    group = np.repeat(np.arange(counts.size, dtype=np.int64), counts)
    first = np.cumsum(counts) - counts
    return group, np.arange(group.size, dtype=np.int64) - first[group]
