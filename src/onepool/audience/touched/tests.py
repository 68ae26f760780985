"""Tests of a column of events, as masks. A missing value passes `is_unset` and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import re2

from onepool.audience.conditions.anchors.model import references
from onepool.audience.conditions.model import Predicate
from onepool.audience.conditions.windows import time_range
from onepool.audience.touched.rows import Array, Block, Mask, Words

_TEXT = frozenset({"is", "is_not", "in", "not_in", "contains", "starts_with", "ends_with", "matches"})
_NUMBER = frozenset({"is", "is_not", "at_least", "at_most", "above", "below", "between", "in", "not_in"})
_SET = frozenset({"is_set", "is_unset"})
_TESTS = {
    "VARCHAR": _TEXT,
    "BIGINT": _NUMBER,
    "DECIMAL(18,4)": _NUMBER,
    "DOUBLE": _NUMBER,
    "BOOLEAN": frozenset({"is", "is_not"}),
    "TIMESTAMPTZ": frozenset({"before", "after", "on", "between"}),
}
SCALES = {"BIGINT": 0, "DECIMAL(18,4)": 4}
"""Digits after the point of numbers that are whole here."""


def testable(sql: str, predicate: Predicate) -> bool:
    """Whether every test of it is known here. Those that move with the instant, and of lists and regions, are not."""
    if sql not in _TESTS:
        return False
    known = _TESTS[sql] | _SET
    return all(test in known and not references(operand) for test, operand in predicate.tests())


def passing(block: Block, name: str, sql: str, predicate: Predicate, zone: ZoneInfo) -> Mask:
    """Which events pass all tests of a field."""
    masks = [_one(block, name, sql, test, operand, zone) for test, operand in predicate.tests()]
    found: Mask = np.logical_and.reduce(masks) if len(masks) > 1 else masks[0]
    return found


def _one(block: Block, name: str, sql: str, test: str, operand: Any, zone: ZoneInfo) -> Mask:
    if sql == "VARCHAR":
        words = block.words(name)
        if test in _SET:
            return np.asarray((words.codes >= 0) == (test == "is_set"), np.bool_)
        return among(words, text_test(test, operand))
    column = block.numbers(name, sql)
    there = np.ones(column.values.size, np.bool_) if column.missing is None else ~column.missing.astype(np.bool_)
    if test in _SET:
        return there if test == "is_set" else ~there
    if sql == "BOOLEAN":
        return there & np.asarray((column.values != 0) == (bool(operand) == (test == "is")), np.bool_)
    if sql == "TIMESTAMPTZ":
        span = time_range(test, operand, 0, zone)
        for edge, after in ((span.start, True), (span.end, False)):
            if edge is not None:
                there = there & (column.values >= edge if after else column.values < edge)
        return there
    return there & number_test(column.values, SCALES.get(sql), test, operand)


def among(words: Words, holds: Callable[[str], bool], *, missing: bool = False) -> Mask:
    """The test of each word, once. `missing`: what it is for values that are not there."""
    # The code -1 is the last place.
    table = np.array([*(holds(word) for word in words.words), missing], np.bool_)
    found: Mask = table[words.codes]
    return found


def text_test(test: str, operand: Any) -> Callable[[str], bool]:
    """A test of one text."""
    match test:
        case "is" | "is_not":
            wanted, same = str(operand), test == "is"
            return lambda word: (word == wanted) == same
        case "in" | "not_in":
            listed, within = frozenset(str(one) for one in operand), test == "in"
            return lambda word: (word in listed) == within
        case "contains":
            return lambda word: operand in word
        case "starts_with":
            return lambda word: word.startswith(operand)
        case "ends_with":
            return lambda word: word.endswith(operand)
    pattern = re2.compile(operand)
    return lambda word: pattern.search(word) is not None


def number_test(values: Array, scale: int | None, test: str, operand: Any) -> Mask:
    """A test of numbers: whole ones with so many digits after the point, or floating point (None)."""
    if test == "between":
        low = number_test(values, scale, "at_least", operand[0])
        return low & number_test(values, scale, "at_most", operand[1])
    if test in ("in", "not_in"):
        found: Mask = np.logical_or.reduce([number_test(values, scale, "is", one) for one in operand])
        return found if test == "in" else ~found
    if scale is None:
        return _compare(values, test, float(operand))
    wanted = Decimal(str(operand)).scaleb(scale)
    floor, ceiling = wanted.to_integral_value(ROUND_FLOOR), wanted.to_integral_value(ROUND_CEILING)
    if test in ("is", "is_not") and floor != wanted:
        return np.full(values.size, test == "is_not", np.bool_)
    # Digits that values can't have are moved to the next value that decides alike.
    return _compare(values, test, int(ceiling if test in ("at_least", "below") else floor))


def _compare(values: Array, test: str, edge: float) -> Mask:
    match test:
        case "is":
            found = values == edge
        case "is_not":
            found = values != edge
        case "at_least":
            found = values >= edge
        case "at_most":
            found = values <= edge
        case "above":
            found = values > edge
        case _:
            found = values < edge
    return np.asarray(found, np.bool_)


def all_of(masks: Sequence[Mask], size: int) -> Mask:
    """Where every one holds (everywhere when there is none)."""
    if not masks:
        return np.ones(size, np.bool_)
    found: Mask = np.logical_and.reduce(masks) if len(masks) > 1 else masks[0]
    return found
