"""Frequency caps: how many messages a customer has had in each window, for whole columns.

What counts: messages that went out or may have (`states.COUNTED`). Transactional messages are limited, and counted,
only by caps that name their category or their own journey: nobody is refused a receipt because of an advertisement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from onepool.reach.hours import NEVER
from onepool.reach.keys import I64
from onepool.reach.rules import TRANSACTIONAL, Cap, MatrixCap

Bools = npt.NDArray[np.bool_]

_NONE: Final = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages as codes: of the customer, of category, channel and journey in `Names`; `at`: when (µs)."""

    customer: I64
    category: I64
    channel: I64
    journey: I64
    at: I64

    def take(self, rows: I64 | Bools) -> Messages:
        """Some of them."""
        return Messages(*(getattr(self, name)[rows] for name in self.__slots__))

    def joined(self, others: Messages) -> Messages:
        """These and others."""
        return Messages(*(np.r_[getattr(self, name), getattr(others, name)] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Names:
    """What the codes mean."""

    categories: Sequence[str]
    channels: Sequence[str]
    journeys: Sequence[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One cap as it is counted. `category`, `channel`, `journey`: whether messages count only together with their like;
    `applies`: the rows that it limits."""

    count: int
    window: int | None
    category: bool
    channel: bool
    journey: bool
    skip: bool
    applies: Bools


def rules_of(
    rows: Messages, names: Names, policy: I64, caps: Sequence[Sequence[Cap]], matrix: Sequence[MatrixCap]
) -> list[Rule]:
    """The caps that limit these rows. `policy`: each row's index into `caps`."""
    found: list[Rule] = []
    transactional = _is(rows.category, names.categories, TRANSACTIONAL)
    for cap in dict.fromkeys(one for some in caps for one in some):
        having = np.array([cap in some for some in caps], np.bool_)
        by = cap.scope
        applies = having[policy] if by in ("category", "journey") else having[policy] & ~transactional
        skip = cap.on_hit == "skip"
        found.append(Rule(cap.count, cap.window, by == "category", by == "channel", by == "journey", skip, applies))
    for cell in matrix:
        applies = ~transactional if cell.category is None else _is(rows.category, names.categories, cell.category)
        if cell.channel is not None:
            applies = applies & _is(rows.channel, names.channels, cell.channel)
        of_category, of_channel = cell.category is not None, cell.channel is not None
        found.append(Rule(cell.count, cell.window, of_category, of_channel, False, cell.on_hit == "skip", applies))
    return [rule for rule in found if rule.applies.any()]


def longest(rules: Sequence[Rule]) -> int | None:
    """The longest rolling window in µs (0: local days only), or None without rules."""
    return max((rule.window or 0 for rule in rules), default=None)


def over(
    rows: Messages, past: Messages, names: Names, rules: Sequence[Rule], day_of: Callable[[], tuple[I64, I64]]
) -> tuple[Bools, I64]:
    """Which rows one more message would bring over a cap that skips, and until when (µs) caps that defer hold others up
    (the least integer: not at all). `day_of`: begin and end of each row's local day."""
    skipped = np.zeros(rows.at.size, np.bool_)
    until = np.full(rows.at.size, _NONE, np.int64)
    if past.at.size == 0:
        return skipped, until
    counts = past.category != _code(names.categories, TRANSACTIONAL)
    for rule in rules:
        wanted = np.flatnonzero(rule.applies)
        if wanted.size == 0:
            continue
        some = past if rule.category or rule.journey else past.take(counts)
        some = some.take(np.isin(some.customer, rows.customer[wanted]))
        mine = rows.take(wanted)
        days = day_of() if rule.window is None else None
        # A window of seven days holds what is less than seven days old.
        since = mine.at - rule.window + 1 if rule.window is not None else days[0][wanted]  # type: ignore[index]
        at, low, high = _within(mine, some, since, rule, names)
        hit = high - low >= rule.count
        if rule.skip:
            skipped[wanted[hit]] = True
            continue
        if days is not None:
            ends = days[1][wanted[hit]]
        else:
            assert rule.window is not None
            ends = at[(high - rule.count)[hit]] + rule.window
        until[wanted[hit]] = np.maximum(until[wanted[hit]], ends)
    return skipped, until


def _within(mine: Messages, some: Messages, since: I64, rule: Rule, names: Names) -> tuple[I64, I64, I64]:
    """Times of past messages, grouped and ascending, and the places [low, high) of those that count for each row."""
    group, past = _group(mine, rule, names), _group(some, rule, names)
    order = np.lexsort((some.at, past))
    past, at = past[order], some.at[order]
    times = np.unique(at)
    _, codes = np.unique(np.r_[past, group], return_inverse=True)
    width = times.size + 1
    key = codes[: past.size] * width + np.searchsorted(times, at)
    own = codes[past.size :] * width
    low = np.searchsorted(key, own + np.searchsorted(times, since))
    high = np.searchsorted(key, own + times.size, side="right")
    return at, low, high


def _group(of: Messages, rule: Rule, names: Names) -> I64:
    """One number for what counts together."""
    found = of.customer
    for counted, code, size in (
        (rule.category, of.category, len(names.categories)),
        (rule.channel, of.channel, len(names.channels)),
        (rule.journey, of.journey, len(names.journeys)),
    ):
        found = found * (size + 1) + (code if counted else 0)
    return found


def _is(codes: I64, names: Sequence[str], name: str) -> Bools:
    found: Bools = codes == _code(names, name)
    return found


def _code(names: Sequence[str], name: str) -> int:
    return list(names).index(name) if name in names else -1


def released(until: I64) -> I64:
    """`over`'s instants as instants from which a row may be looked at again; `NEVER` does not occur."""
    return np.where(until == _NONE, 0, np.minimum(until, NEVER - 1))
