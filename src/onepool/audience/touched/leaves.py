"""What customers did, as arrays over the customers asked for: whether a leaf holds, and when that may turn by itself.

The rules are those of the compiler (`conditions/compiler/behaviour.py`): a turn is exact or too early, never too late.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from onepool.audience.conditions.compiler.days import local_days
from onepool.audience.conditions.model import DidLeaf, DidNotLeaf, Figure, NumberTest, Predicate, Slice
from onepool.audience.conditions.moves.model import MOVES
from onepool.audience.conditions.names import Context, Field, find_field
from onepool.audience.conditions.parts import canonical_text
from onepool.audience.conditions.windows import Moving, moving
from onepool.audience.touched.calendar import later
from onepool.audience.touched.rows import I64, PLAIN, Array, Block, Mask, Numbers, Rows
from onepool.audience.touched.tests import SCALES, all_of, among, number_test, passing, testable

NEVER = np.iinfo(np.int64).max
"""Of a turn: by time alone it does not come."""

_LARGEST = 1 << 62


@dataclass(frozen=True)
class _Test:
    """One field of a `where`; `key` is what leaves that ask the same share its answer by."""

    key: str
    name: str
    field: Field
    predicate: Predicate


@dataclass(frozen=True)
class Question:
    """A leaf that can be answered here, and the columns of `events` that it reads."""

    leaf: DidLeaf | DidNotLeaf
    event: str
    sliced: str
    tests: tuple[_Test, ...]
    figure: tuple[str, NumberTest] | None
    of: Field | None
    columns: frozenset[str]

    @property
    def extreme(self) -> bool:
        """Whether it is about the first or the last event."""
        return isinstance(self.leaf, DidLeaf) and bool(self.leaf.first or self.leaf.last)

    def start(self, at: int, ctx: Context) -> int | None:
        """From which instant on its events are read (None: all of them)."""
        return None if self.extreme else moving(self.leaf.within, at, ctx.tz).since


def question_of(leaf: DidLeaf | DidNotLeaf, ctx: Context) -> Question | None:
    """The leaf as a question; None where only a query can answer it."""
    if leaf.since is not None or leaf.event in MOVES:
        return None
    names: set[str] = set()
    tests = []
    for name, predicate in (leaf.where or {}).items():
        here = find_field(name, ctx.names)
        if here.source != "column" or not testable(here.type, predicate):
            return None
        names |= {name, "currency"} if here.kind == "money" and _compares(predicate) else {name}
        tests.append(_Test(f"{leaf.event} {name} {canonical_text(predicate)}", name, here, predicate))
    if leaf.at is not None:
        names |= {name for name, words in _slices(leaf.at) if words}
    asked, of = leaf.figure(), None
    if asked is not None and isinstance(asked[1], Figure):
        of = find_field(asked[1].of, ctx.names)
        countable = {*PLAIN, "VARCHAR"} - {"DOUBLE"} if asked[0] == "distinct" else set(SCALES)
        if of.source != "column" or of.type not in countable:
            return None
        names |= {of.name, "currency"} if of.kind == "money" and asked[0] != "distinct" else {of.name}
    sliced = f"{leaf.event} at {'' if leaf.at is None else canonical_text(leaf.at)}"
    return Question(leaf, leaf.event, sliced, tuple(tests), asked, of, frozenset(names))


def _slices(at: Slice) -> list[tuple[str, list[str] | None]]:
    return [("channel", at.channel), ("touchpoint", at.touchpoint)]


@dataclass
class Reading:
    """What leaves share while they are answered at one instant for `size` customers."""

    ctx: Context
    at: int
    size: int
    rows: Rows
    _masks: dict[str, Mask] = field(default_factory=dict)
    _coming: dict[str, I64] = field(default_factory=dict)

    def answer(self, question: Question) -> tuple[Mask, I64]:
        """(truth, turn) of each customer: microseconds at which the truth may turn, NEVER."""
        block = self.rows.get(question.event)
        turns = np.full(self.size, NEVER, np.int64)
        negated = isinstance(question.leaf, DidNotLeaf)
        if block is None:
            return np.full(self.size, negated), turns
        asked = _Asked(self, question, block, moving(question.leaf.within, self.at, self.ctx.tz))
        truth = asked.extreme(turns) if question.extreme else asked.figure(turns)
        asked.standing(turns)
        np.minimum(turns, self.coming(question.event, block), out=turns)
        return ~truth if negated else truth, turns

    def sliced(self, question: Question, block: Block) -> Mask:
        """The events of its channels and touchpoints."""

        def look() -> Mask:
            named = [] if question.leaf.at is None else _slices(question.leaf.at)
            masks = [among(block.words(name), frozenset(words).__contains__) for name, words in named if words]
            return all_of(masks, block.time.size)

        return self._kept(question.sliced, look)

    def hit(self, question: Question, block: Block) -> Mask:
        """The events of its slice that pass every test."""
        found = self.sliced(question, block)
        for test in question.tests:
            found = found & self._field(test, question.event, block)
        return found

    def in_currency(self, named: str | None, event: str, block: Block) -> Mask:
        """Whether the event's money is in that currency (default: the workspace's, also where none is said)."""
        own = self.ctx.currency
        wanted = named or own
        return self._kept(
            f"{event} in {wanted}", lambda: among(block.words("currency"), wanted.__eq__, missing=own == wanted)
        )

    def coming(self, event: str, block: Block) -> I64:
        """When the first event dated ahead begins to count."""
        if event not in self._coming:
            turns = np.full(self.size, NEVER, np.int64)
            ahead = block.time >= self.at
            if ahead.any():
                np.minimum.at(turns, block.place[ahead], block.time[ahead] + 1)
            self._coming[event] = turns
        return self._coming[event]

    def _field(self, test: _Test, event: str, block: Block) -> Mask:
        def look() -> Mask:
            found = passing(block, test.name, test.field.type, test.predicate, self.ctx.tz)
            if test.field.kind == "money" and _compares(test.predicate):
                found = found & self.in_currency(test.predicate.currency, event, block)
            return found

        return self._kept(test.key, look)

    def _kept(self, key: str, look: Callable[[], Mask]) -> Mask:
        if key not in self._masks:
            self._masks[key] = look()
        return self._masks[key]


class _Groups:
    """Some rows of a block, by customer."""

    def __init__(self, block: Block, mask: Mask, size: int) -> None:
        self.rows = np.flatnonzero(mask)
        self.place = block.place[self.rows]
        self.first = np.flatnonzero(np.r_[True, self.place[1:] != self.place[:-1]]) if self.rows.size else self.rows
        self.who = self.place[self.first]
        self.size = size

    def reduced(self, ufunc: Any, values: Array, absent: int) -> I64:
        """The values of each customer's rows brought together; `absent` for customers without any."""
        found = np.full(self.size, absent, np.int64)
        if self.rows.size:
            found[self.who] = ufunc.reduceat(values[self.rows], self.first)
        return found

    @property
    def there(self) -> Mask:
        found = np.zeros(self.size, np.bool_)
        found[self.who] = True
        return found

    def counts(self) -> I64:
        return np.bincount(self.place, minlength=self.size).astype(np.int64)

    def different(self, codes: I64) -> I64:
        """How many different codes each customer's rows have."""
        if self.rows.size == 0:
            return np.zeros(self.size, np.int64)
        _, dense = np.unique(codes[self.rows], return_inverse=True)
        width = int(dense.max()) + 1
        pairs = np.unique(self.place * width + dense)
        return np.bincount(pairs // width, minlength=self.size).astype(np.int64)


@dataclass
class _Asked:
    """One leaf over its block."""

    reading: Reading
    question: Question
    block: Block
    moves: Moving

    def figure(self, turns: I64) -> Mask:
        """Whether the figure over the events inside holds; turns as they leave a sliding window."""
        inside = self._groups(self.inside)
        once, asked = inside.there, self.question.figure
        truth = once if asked is None else once & self._holds(inside, *asked)
        if self.moves.window.slides is not None:
            floor = 1 if asked is None else _at_least(*asked)
            newest = floor is not None and floor <= 1
            edge = inside.reduced(np.maximum if newest else np.minimum, self.block.time, 0)
            # A count that is too small only shrinks as events leave, so only a true one can turn.
            self._leaving(turns, once if floor is None or newest else truth, edge)
        return truth

    def extreme(self, turns: I64) -> Mask:
        """Whether the first (last) event of the slice is among those inside."""
        block, size = self.block, self.reading.size
        first = isinstance(self.question.leaf, DidLeaf) and bool(self.question.leaf.first)
        rows = np.flatnonzero(self.reading.sliced(self.question, block) & (block.time < self.reading.at))
        rows = rows[np.lexsort((block.seq[rows], block.time[rows], block.place[rows]))]
        differs = block.place[rows[1:]] != block.place[rows[:-1]]
        ends = rows[np.r_[True, differs] if first else np.r_[differs, True]] if rows.size else rows
        good = ends[self.inside[ends]]
        truth, edge = np.zeros(size, np.bool_), np.zeros(size, np.int64)
        truth[block.place[good]] = True
        edge[block.place[good]] = block.time[good]
        if self.moves.window.slides is not None:
            self._leaving(turns, truth, edge)
        return truth

    def standing(self, turns: I64) -> None:
        """Turns though nothing leaves a sliding window: calendars, and windows of months that jump back."""
        window, moves, time = self.moves.window, self.moves, self.block.time
        if window.rolls_at is not None:
            assert window.start is not None
            self._at(turns, self.hit & (time >= window.start), window.rolls_at)
        if moves.back and moves.edge is not None and moves.since is not None and window.start is not None:
            self._at(turns, self.hit & (time >= moves.since) & (time < window.start), moves.edge)

    @cached_property
    def hit(self) -> Mask:
        return self.reading.hit(self.question, self.block)

    @cached_property
    def inside(self) -> Mask:
        start, end, time = self.moves.window.start, self.moves.window.end, self.block.time
        found = self.hit if end is None else self.hit & (time < end)
        return found if start is None else found & (time >= start)

    def _groups(self, mask: Mask) -> _Groups:
        return _Groups(self.block, mask, self.reading.size)

    def _at(self, turns: I64, mask: Mask, instant: int) -> None:
        whose = self.block.place[mask]
        turns[whose] = np.minimum(turns[whose], instant)

    def _leaving(self, turns: I64, mask: Mask, edge: I64) -> None:
        """Customers of whom an event leaves the window: at which instants it is out of it."""
        slides = self.moves.window.slides
        assert slides is not None
        who = np.flatnonzero(mask)
        out = later(edge[who], slides, self.reading.ctx.tz) + 1
        if slides.micros is None:
            # Months clip at short ones: the edge may come before the event really leaves; the next jump is soon enough.
            assert self.moves.edge is not None
            out = np.where(out > self.reading.at, out, self.moves.edge)
        turns[who] = np.minimum(turns[who], out)

    def _holds(self, inside: _Groups, name: str, test: NumberTest) -> Mask:
        """Whether the figure holds, of customers with events inside."""
        if name == "times":
            return _passes(inside.counts(), 0, test)
        if name == "days":
            days = np.zeros(self.block.time.size, np.int64)
            days[inside.rows] = local_days(self.block.time[inside.rows], self.reading.ctx.zone)
            return _passes(inside.different(days), 0, test)
        of = self.question.of
        assert isinstance(test, Figure) and of is not None
        if name == "distinct":
            return _passes(self._distinct(of), 0, test)
        column = self.block.numbers(of.name, of.type)
        mask = self._present(column)
        if of.kind == "money":
            mask = mask & self.reading.in_currency(test.currency, self.question.event, self.block)
        given, scale = self._groups(mask), SCALES[of.type]
        if name in ("min", "max"):
            extreme = given.reduced(np.minimum if name == "min" else np.maximum, column.values, 0)
            return given.there & _passes(extreme, scale, test)
        total = _totals(given, column.values)
        if name == "sum":
            return given.there & _passes(total, scale, test)
        mean = total.astype(np.float64) / 10**scale / np.maximum(given.counts(), 1)
        return given.there & _passes(mean, None, test)

    def _present(self, column: Numbers) -> Mask:
        return self.inside if column.missing is None else self.inside & ~column.missing.astype(np.bool_)

    def _distinct(self, of: Field) -> I64:
        if of.type == "VARCHAR":
            words = self.block.words(of.name)
            return self._groups(self.inside & (words.codes >= 0)).different(words.codes.astype(np.int64))
        column = self.block.numbers(of.name, of.type)
        return self._groups(self._present(column)).different(column.values.astype(np.int64))


def _totals(given: _Groups, values: Array) -> Array:
    """Exact sums; in whole numbers without bounds where 64 bits might not hold them."""
    largest = max(int(values.max(initial=0)), -int(values.min(initial=0))) * max(1, given.rows.size)
    if largest <= _LARGEST:
        return given.reduced(np.add, values, 0)
    found = np.zeros(given.size, object)
    found[given.who] = np.add.reduceat(values[given.rows].astype(object), given.first) if given.rows.size else 0
    return found


def _passes(values: Array, scale: int | None, test: NumberTest) -> Mask:
    return all_of([number_test(values, scale, one, operand) for one, operand in test.tests()], values.size)


def _at_least(name: str, test: NumberTest) -> int | None:
    """How many events at least (on how many days), where that is all that is asked."""
    tests = dict(test.tests())
    if name not in ("times", "days") or len(tests) != 1:
        return None
    if "at_least" in tests:
        return max(1, -int(-tests["at_least"] // 1))
    return max(1, int(tests["above"] // 1) + 1) if "above" in tests else None


def _compares(predicate: Predicate) -> bool:
    return any(test not in ("is_set", "is_unset") for test, _ in predicate.tests())
