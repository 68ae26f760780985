"""Pairs of groups of accounts that share something, and how they compare, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from onepool.demo.people.arrays import I64, Bools
from onepool.demo.people.evidence import QUIET, Evidence, pairs_sharing, slots_of

NAME, BIRTHDAY, GENDER, CITY, HOME, MASK = range(6)
LEVELS: Final = (7, 3, 3, 3, 3, 3)
NONE_SAID, SAME_TEXT, SAME_SOUND, SHARED_GIVEN, SURNAME_ONLY, OTHER_GIVEN, OTHER_SURNAME = range(7)
UNSAID, EQUAL, DIFFERENT = range(3)
BOTH_PROVED, BY_MASK, BY_BIRTHDAY, BY_HOME = 0, 10, 11, 12
"""Strata of pairs; those that share a plain phone are 0-5, see _phone_pairs."""


@dataclass(slots=True)
class Pairs:
    """Pairs of groups: ``stratum`` says by what they were found, ``levels`` (n, fields) how they compare."""

    left: I64
    right: I64
    stratum: I64
    levels: I64


def compared(evidence: Evidence, groups: I64) -> Pairs:
    """The pairs of groups that share something, with how they compare."""
    count = int(groups.max()) + 1
    first, last, uses, numbers, verified = use_spans(evidence, groups)
    found = [_phone_pairs(uses, numbers, first, last, verified)]

    def add(pairs: tuple[I64, I64], stratum: int) -> None:
        found.append((*pairs, np.full(pairs[0].size, stratum, np.int64)))

    number_mask = evidence.use_number // 100_000_000 * 10_000 + evidence.use_number % 10_000
    use_ok = evidence.usable[evidence.use_account]
    hidden = (evidence.masked >= 0) & evidence.usable
    mask_group = np.concatenate([groups[hidden], groups[evidence.use_account[use_ok]]])
    mask = np.concatenate([evidence.masked[hidden], number_mask[use_ok]])
    surname = slots_of(groups, count, evidence.surname, evidence.usable)[:, 0]
    known = surname[mask_group] >= 0
    add(pairs_sharing(mask_group[known], mask[known], surname[mask_group[known]]), BY_MASK)
    for by, other in ((BY_BIRTHDAY, evidence.birthday), (BY_HOME, evidence.home)):
        rows = np.flatnonzero((evidence.full >= 0) & (other >= 0) & evidence.usable)
        add(pairs_sharing(groups[rows], evidence.full[rows], other[rows]), by)
    left = np.concatenate([part[0] for part in found])
    right = np.concatenate([part[1] for part in found])
    stratum = np.concatenate([part[2] for part in found])
    left, right = np.minimum(left, right), np.maximum(left, right)
    # A pair found in several ways counts where it is strongest: shared phones come first.
    order = np.lexsort((stratum, right, left))
    left, right, stratum = left[order], right[order], stratum[order]
    keep = np.ones(left.size, np.bool_)
    keep[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1])
    left, right, stratum = left[keep], right[keep], stratum[keep]
    return Pairs(left, right, stratum, _levels(evidence, groups, count, left, right, mask_group, mask))


def use_spans(evidence: Evidence, groups: I64) -> tuple[I64, I64, I64, I64, Bools]:
    """First and last use of each number by each group (rows), the group, the number, and whether it was proved."""
    rows = np.flatnonzero(evidence.usable[evidence.use_account])
    group, number = groups[evidence.use_account[rows]], evidence.use_number[rows]
    numbers, code = np.unique(number, return_inverse=True)
    keys, place = np.unique(group * numbers.size + code.reshape(-1), return_inverse=True)
    place = place.reshape(-1)
    first = np.full(keys.size, np.iinfo(np.int64).max, np.int64)
    last = np.zeros(keys.size, np.int64)
    verified = np.zeros(keys.size, np.int64)
    np.minimum.at(first, place, evidence.use_time[rows])
    np.maximum.at(last, place, evidence.use_time[rows])
    np.maximum.at(verified, place, evidence.use_verified[rows].astype(np.int64))
    return first, last, keys // numbers.size, numbers[keys % numbers.size], verified.astype(np.bool_)


def _phone_pairs(group: I64, number: I64, first: I64, last: I64, verified: Bools) -> tuple[I64, I64, I64]:
    """Pairs that share a plain number. The stratum: who proved it, and whether it was quiet in between (0-5)."""
    row = np.arange(group.size, dtype=np.int64)
    left, right = pairs_sharing(row, number)
    gap = np.maximum(first[left], first[right]) - np.minimum(last[left], last[right])
    proofs = verified[left].astype(np.int64) + verified[right]
    return group[left], group[right], (2 - proofs) * 2 + (gap > QUIET)


def _levels(evidence: Evidence, groups: I64, count: int, left: I64, right: I64, mask_group: I64, mask: I64) -> I64:
    """How the pairs compare, field by field."""
    usable = evidence.usable
    levels = np.zeros((left.size, len(LEVELS)), np.int64)
    levels[:, NAME] = _name_levels(evidence, groups, count, left, right)
    for column, values in (
        (BIRTHDAY, evidence.birthday),
        (GENDER, evidence.gender),
        (CITY, evidence.city),
        (HOME, evidence.home),
    ):
        slots = slots_of(groups, count, values, usable)
        levels[:, column] = _any_equal(slots[left], slots[right])
    slots = slots_of(mask_group, count, mask, np.ones(mask.size, np.bool_))
    levels[:, MASK] = _any_equal(slots[left], slots[right])
    return levels


def _any_equal(a: I64, b: I64) -> I64:
    equal = ((a[:, :, None] == b[:, None, :]) & (a[:, :, None] >= 0)).any(axis=(1, 2))
    said = (a[:, 0] >= 0) & (b[:, 0] >= 0)
    return np.where(equal, EQUAL, np.where(said, DIFFERENT, UNSAID)).astype(np.int64)


def _name_levels(evidence: Evidence, groups: I64, count: int, left: I64, right: I64) -> I64:
    """The best agreement between any two names of the two groups."""
    names = evidence.readings
    slots = slots_of(groups, count, evidence.name, evidence.usable)
    a, b = slots[left], slots[right]
    best = np.full(left.size, NONE_SAID, np.int64)
    for i in range(a.shape[1]):
        for j in range(b.shape[1]):
            both = np.flatnonzero((a[:, i] >= 0) & (b[:, j] >= 0))
            level = _name_level(names[a[both, i]], names[b[both, j]])
            old = best[both]
            best[both] = np.where(old == NONE_SAID, level, np.where(level == NONE_SAID, old, np.minimum(old, level)))
    return best


def _name_level(a: I64, b: I64) -> I64:
    """Agreement of names given as rows of (text, full, surname, given, given)."""
    text = (a[:, 0] == b[:, 0]) & (a[:, 0] >= 0) & (a[:, 1] >= 0)
    sound = (a[:, 1] == b[:, 1]) & (a[:, 1] >= 0)
    surnames = (a[:, 2] >= 0) & (b[:, 2] >= 0)
    surname = surnames & (a[:, 2] == b[:, 2])
    given = (a[:, 3] != -1) & (b[:, 3] != -1)
    shared = np.zeros(a.shape[0], np.bool_)
    for i in (3, 4):
        for j in (3, 4):
            shared |= (a[:, i] == b[:, j]) & (a[:, i] >= 0)
    return np.select(
        [text, sound, surname & shared, surname & ~given, surname, surnames],
        [SAME_TEXT, SAME_SOUND, SHARED_GIVEN, SURNAME_ONLY, OTHER_GIVEN, OTHER_SURNAME],
        NONE_SAID,
    ).astype(np.int64)
