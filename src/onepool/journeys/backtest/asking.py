"""Conditions asked of runs, each at its own instant, from what is in memory.

The meaning is that of `audience.conditions.reference`. Conditions that need more than this knows are asked of the pool,
at one instant for all; `able` says which they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec
import numpy as np

from onepool.audience.conditions.anchors.model import references
from onepool.audience.conditions.compiler.predicates import RELATIVE
from onepool.audience.conditions.model import (
    All,
    AnyOf,
    AttributeLeaf,
    Condition,
    ConsentLeaf,
    DidLeaf,
    DidNotLeaf,
    ListLeaf,
    NodeAnchor,
    Not,
    NumberTest,
    ReachableLeaf,
    SegmentLeaf,
    TagLeaf,
    Window,
)
from onepool.audience.conditions.moves.model import MOVES
from onepool.audience.conditions.names import Context
from onepool.audience.conditions.parts import Predicate
from onepool.audience.conditions.windows import local, resolve
from onepool.journeys.backtest.events import Events, Matched, among, answerable
from onepool.journeys.backtest.lines import MISSING, Bools, People, spread
from onepool.journeys.backtest.standing import Standings
from onepool.journeys.backtest.types import I64
from onepool.journeys.backtest.values import Values
from onepool.journeys.executor.ports import Question

_QUARTER = 15 * 60_000_000
_decode = msgspec.json.Decoder(dict[str, object]).decode


def able(condition: Condition, ctx: Context, inside: frozenset[str] = frozenset()) -> bool:
    """Whether a condition can be answered from memory."""
    match condition:
        case All():
            return all(able(one, ctx, inside) for one in condition.all)
        case AnyOf():
            return all(able(one, ctx, inside) for one in condition.any)
        case Not():
            return able(condition.not_, ctx, inside)
        case SegmentLeaf():
            name = condition.segment
            known = name in ctx.names.segments and name not in inside
            return known and able(ctx.names.segments[name], ctx, inside | {name})
        case DidLeaf() | DidNotLeaf() if condition.event in MOVES:
            # They are kept by customer, and not among the events in memory.
            return False
        case DidLeaf() | DidNotLeaf():
            asked = condition.figure()
            plain = asked is None or asked[0] in ("times", "days")
            extreme = isinstance(condition, DidLeaf) and bool(condition.first or condition.last)
            counted = asked is None or asked[0] == "times" or not _lends(condition.where)
            return plain and counted and not extreme and answerable(condition.where, ctx)
        case AttributeLeaf():
            return condition.attribute in ctx.names.attributes and _fixed(condition)
        case TagLeaf():
            return condition.tag in ctx.names.tags and _fixed(condition)
        case ConsentLeaf() | ReachableLeaf() | ListLeaf():
            return True
    return False


def _lends(where: Mapping[str, Predicate] | None) -> bool:
    return any(references(operand) for one in (where or {}).values() for _, operand in one.tests())


def _fixed(leaf: Predicate) -> bool:
    """Whether the value alone says whether the tests hold."""
    return all(test not in RELATIVE and not references(operand) for test, operand in leaf.tests())


class Answers:
    """Answers questions about runs (`executor.ports.Question`)."""

    def __init__(self, people: People, ctx: Context, events: Events, values: Values, standings: Standings) -> None:
        self._people, self._ctx = people, ctx
        self._events, self._values, self._standings = events, values, standings

    def of(self, question: Question) -> dict[str, Bools]:
        """Each condition's truth, run by run, at the instant `now` of each."""
        rows = _Rows(self._people, question)
        return {name: self._truth(condition, rows) for name, condition in question.conditions.items()}

    def _truth(self, condition: Condition, rows: _Rows) -> Bools:
        match condition:
            case All():
                every: Bools = np.logical_and.reduce([self._truth(one, rows) for one in condition.all])
                return every
            case AnyOf():
                either: Bools = np.logical_or.reduce([self._truth(one, rows) for one in condition.any])
                return either
            case Not():
                return ~self._truth(condition.not_, rows)
            case SegmentLeaf():
                return self._truth(self._ctx.names.segments[condition.segment], rows)
            case DidLeaf():
                return self._did(condition, rows)
            case DidNotLeaf():
                return ~self._did(condition, rows)
            case AttributeLeaf():
                return self._values.attribute(condition, rows.place, rows.now)
            case TagLeaf():
                return self._values.tag(condition, rows.place, rows.now)
            case ConsentLeaf():
                said = condition.consent
                return self._standings.consented(
                    rows.place, rows.now, said.purpose, said.category or "", said.channel or ""
                )
            case ReachableLeaf():
                where = condition.reachable
                return self._standings.reachable(rows.place, rows.now, where.channel, where.touchpoint)
            case ListLeaf():
                return self._values.listed(condition.list, rows.place, rows.now)
        raise AssertionError(condition)

    def _did(self, leaf: DidLeaf | DidNotLeaf, rows: _Rows) -> Bools:
        matched = self._events.matched(leaf.event, leaf.at, leaf.where, whole=True)
        low, high = bounds(leaf.within, rows.now, self._ctx)
        known = np.ones(rows.now.size, np.bool_)
        if leaf.since is not None:
            anchor = rows.entered if not isinstance(leaf.since, NodeAnchor) else rows.node(leaf.since.node)
            known = anchor != MISSING
            low = np.maximum(low, anchor)
        first = matched.line.before(rows.place, low)
        last = np.maximum(matched.line.before(rows.place, high), first)
        asked = leaf.figure()
        if asked is not None and asked[0] == "days":
            count = self._days(matched, first, last)
        elif matched.asks:
            row, number = spread(first, last)
            passed = among(matched, row, number, [rows.carried(ref, self._events) for _, ref in matched.asks])
            count = np.bincount(row[passed], minlength=rows.now.size)
        else:
            count = last - first
        count = np.where(known, count, 0)
        return (count > 0) & (np.ones(count.size, np.bool_) if asked is None else passes(asked[1], count))

    def _days(self, matched: Matched, first: I64, last: I64) -> I64:
        days = local_days(matched.line.time, self._ctx)
        fresh = np.r_[0, np.cumsum(days[1:] != days[:-1])] if days.size else np.zeros(0, np.int64)
        some = last > first
        found = np.zeros(first.size, np.int64)
        found[some] = fresh[last[some] - 1] - fresh[first[some]] + 1
        return found


class _Rows:
    """The runs of a question as columns."""

    def __init__(self, people: People, question: Question) -> None:
        runs = question.runs
        self.place = people.places(runs.column("customer_id").to_numpy().astype(np.int64))
        self.entered = runs.column("entered").to_numpy().astype(np.int64)
        self.now = runs.column("now").to_numpy().astype(np.int64)
        self._table = runs
        self._read: dict[str, list[dict[str, object]]] = {}

    def node(self, name: str) -> I64:
        """When each run came to a node, -1 where it has not."""
        found = [one.get(f"@{name}") for one in self._members("vars")]
        return np.array([MISSING if one is None else int(str(one)) for one in found], np.int64)

    def carried(self, reference: str, events: Events) -> I64:
        """The code of what each run carries under `$trigger.x` or `$vars.x`."""
        return events.codes.known(texts_of(self._members(reference[1:].partition(".")[0]), reference))

    def _members(self, column: str) -> list[dict[str, object]]:
        if column not in self._read:
            self._read[column] = [_decode(one) if one else {} for one in self._table.column(column).to_pylist()]
        return self._read[column]


def texts_of(members: Sequence[Mapping[str, object]], reference: str) -> list[str | None]:
    """The texts under `$trigger.x` or `$vars.x` of objects, as SQL reads JSON as text."""
    name = reference.partition(".")[2]
    found: list[str | None] = []
    for one in members:
        value = one.get(name)
        if value is None or isinstance(value, str):
            found.append(value)
        else:
            found.append(msgspec.json.encode(value).decode())
    return found


def passes(test: NumberTest, values: I64) -> Bools:
    """Which whole numbers pass all tests."""
    kinds, place = np.unique(values, return_inverse=True)
    held = [all(_one(Decimal(one), name, operand) for name, operand in test.tests()) for one in kinds.tolist()]
    return np.array(held, np.bool_)[place]


def _one(value: Decimal, name: str, operand: object) -> bool:
    if name == "between":
        assert isinstance(operand, tuple)
        return Decimal(str(operand[0])) <= value <= Decimal(str(operand[1]))
    wanted = Decimal(str(operand))
    return {
        "is": value == wanted, "is_not": value != wanted, "at_least": value >= wanted, "at_most": value <= wanted,
        "above": value > wanted, "below": value < wanted,
    }[name]  # fmt: skip


def bounds(window: Window | None, now: I64, ctx: Context) -> tuple[I64, I64]:
    """From when up to when (excluded) events count, at each instant."""
    low = np.full(now.size, np.iinfo(np.int64).min, np.int64)
    if window is None:
        return low, now
    if window.last is not None and window.last.micros is not None:
        return now - window.last.micros, now
    if window.last is not None:
        return np.array([resolve(window, one, ctx.tz).start for one in now.tolist()], np.int64), now
    # Borders of calendar units lie on quarters of an hour; fixed ones do not move at all.
    quarters, place = np.unique(now // _QUARTER, return_inverse=True)
    starts, ends = low[: quarters.size].copy(), np.full(quarters.size, np.iinfo(np.int64).max, np.int64)
    for number, quarter in enumerate(quarters.tolist()):
        latest = (quarter + 1) * _QUARTER - 1
        found = resolve(window, latest, ctx.tz)
        if found.start is not None:
            starts[number] = found.start
        if found.end is not None and found.end != latest:
            ends[number] = found.end
    return starts[place], np.minimum(now, ends[place])


def local_days(times: I64, ctx: Context) -> I64:
    """The day of each instant in the workspace's zone, as a number."""
    quarters, place = np.unique(times // _QUARTER, return_inverse=True)
    days = [local(quarter * _QUARTER, ctx.tz).toordinal() for quarter in quarters.tolist()]
    return np.array(days, np.int64)[place] if times.size else np.zeros(0, np.int64)


__all__ = ["Answers", "able", "bounds", "passes", "texts_of"]
