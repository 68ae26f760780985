"""What a condition means, plainly: one customer's history, one instant, no SQL, no speed.

The compiler must agree with this for every condition and history; tests hold it to that. Nothing else uses it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import re2

from onepool.audience.conditions.model import (
    All,
    Anniversary,
    AnyOf,
    AttributeLeaf,
    Behaviour,
    Condition,
    ConsentLeaf,
    DidLeaf,
    DidNotLeaf,
    Figure,
    ListLeaf,
    Not,
    NumberTest,
    Part,
    Predicate,
    ReachableLeaf,
    SegmentLeaf,
    SequenceLeaf,
    TagLeaf,
)
from onepool.audience.conditions.moves.model import MOVES
from onepool.audience.conditions.moves.reference import Move, moves_meant
from onepool.audience.conditions.names import Context, find_field
from onepool.audience.conditions.sequence.reference import sequence_holds
from onepool.audience.conditions.standing.anniversaries import near_days, returns
from onepool.audience.conditions.standing.reference import consented, reachable
from onepool.audience.conditions.standing.regions import lies_in
from onepool.audience.conditions.texts import LARGEST_SUMMED, json_list, json_number, json_text, read_text, reading
from onepool.audience.conditions.values import DAYS_OF_WEEK
from onepool.audience.conditions.windows import local, midnight, resolve, time_range
from onepool.clock import to_micros


@dataclass(frozen=True)
class Event:
    """One event. Times are microseconds since 1970; `values` has the typed columns, `fields` the JSON of all."""

    seq: int
    event: str
    time: int
    received_at: int = 0
    channel: str = ""
    touchpoint: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    items: Sequence[Mapping[str, Any]] | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    bearer: int = 0
    """Which of the customer's identifiers it was told of, as a place in `History.identifiers`."""


@dataclass(frozen=True)
class Fact:
    """An attribute was said to have this value (None: no longer any) at this time."""

    attribute: str
    value: str | None
    time: int
    seq: int


@dataclass(frozen=True)
class Identifier:
    """One of the customer's identifiers: theirs from `seen` on and before `until`, in microseconds (None: still)."""

    type: str
    scope: str
    seen: int
    until: int | None = None


@dataclass(frozen=True)
class TagValue:
    """A tag's value: its text, its number, its list."""

    value: str | None = None
    number: float | None = None
    list: Sequence[str] | None = None


@dataclass(frozen=True)
class History:
    """All that is known of one customer."""

    events: Sequence[Event] = ()
    facts: Sequence[Fact] = ()
    tags: Mapping[str, TagValue] = field(default_factory=dict)
    identifiers: Sequence[Identifier] = ()
    lists: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)
    """List -> since when the customer is on it, and until when."""
    moves: Sequence[Move] = ()


def holds(condition: Condition, history: History, at: datetime, ctx: Context) -> bool:
    """Whether the condition is true of this customer at this instant: of events before it, of facts up to it."""
    return _holds(condition, history, to_micros(at), ctx)


def _holds(condition: Condition, history: History, at: int, ctx: Context) -> bool:
    match condition:
        case All():
            return all(_holds(part, history, at, ctx) for part in condition.all)
        case AnyOf():
            return any(_holds(part, history, at, ctx) for part in condition.any)
        case Not():
            return not _holds(condition.not_, history, at, ctx)
        case SegmentLeaf():
            return _holds(ctx.names.segments[condition.segment], history, at, ctx)
        case AttributeLeaf():
            sql_type = str(ctx.names.attributes[condition.attribute])
            text = attribute_at(history, condition.attribute, at)
            value = None if text is None else read_text(text, sql_type, ctx.tz)
            level = ctx.names.levels.get(f"attribute:{condition.attribute}")
            return passes(value, sql_type, condition, at, ctx.tz, level)
        case TagLeaf():
            return tag_passes(history.tags.get(condition.tag), condition, ctx, at)
        case DidLeaf():
            return did(condition, history, at, ctx)
        case DidNotLeaf():
            return not did(condition, history, at, ctx)
        case SequenceLeaf():
            return sequence_holds(
                condition,
                history.events,
                at,
                ctx.tz,
                lambda event, step: in_slice(event, step) and matches(event, step, at, ctx),
            )
        case ConsentLeaf():
            return consented(condition, history, at, ctx)
        case ReachableLeaf():
            return reachable(condition, history, at, ctx)
        case ListLeaf():
            since, until = history.lists.get(condition.list, (at, at))
            return since <= at and (until is None or at < until)
    raise NotImplementedError(type(condition).__name__)


def attribute_at(history: History, attribute: str, at: int) -> str | None:
    """The latest value said up to the instant, by (time, arrival)."""
    facts = [fact for fact in history.facts if fact.attribute == attribute and fact.time <= at]
    return max(facts, key=lambda fact: (fact.time, fact.seq)).value if facts else None


def tag_passes(tag: TagValue | None, leaf: TagLeaf, ctx: Context, at: int) -> bool:
    """Texts are compared with the tag's text, numbers with its number, lists with its list."""
    tag = tag or TagValue()
    kind = ctx.names.tags[leaf.tag].type
    value: Any = {"text": tag.value, "number": tag.number, "list": tag.list}[kind]
    return passes(value, {"text": "VARCHAR", "number": "DOUBLE", "list": "VARCHAR[]"}[kind], leaf, at, ctx.tz)


def did(leaf: DidLeaf | DidNotLeaf, history: History, at: int, ctx: Context) -> bool:
    """It happened at least once in the window, and the figure over those events passes.

    With `first` (`last`): of all earlier events of the name and slice, the first (last) by (time, arrival) matches
    and lies in the window.
    """
    window = resolve(leaf.within, at, ctx.tz)
    if leaf.event in MOVES:
        moves = moves_meant(leaf, history.moves, at)
        told = [Event(one.seq, one.event, one.time) for one in moves if window.holds(one.time)]
        asked = leaf.figure()
        if not told or asked is None:
            return bool(told)
        return number_passes(figure(*asked, told, leaf, at, ctx), asked[1].tests())
    named = [
        event for event in history.events if event.event == leaf.event and event.time < at and in_slice(event, leaf)
    ]
    if isinstance(leaf, DidLeaf) and (leaf.first or leaf.last):
        named = sorted(named, key=lambda event: (event.time, event.seq))
        one = named[:1] if leaf.first else named[-1:]
        return any(window.holds(event.time) and matches(event, leaf, at, ctx) for event in one)
    found = [event for event in named if window.holds(event.time) and matches(event, leaf, at, ctx)]
    asked = leaf.figure()
    if not found or asked is None:
        return bool(found)
    value = figure(asked[0], asked[1], found, leaf, at, ctx)
    return value is not None and number_passes(value, asked[1].tests())


def in_slice(event: Event, leaf: Behaviour) -> bool:
    if leaf.at is None:
        return True
    return (leaf.at.channel is None or event.channel in leaf.at.channel) and (
        leaf.at.touchpoint is None or event.touchpoint in leaf.at.touchpoint
    )


def matches(event: Event, leaf: Behaviour, at: int, ctx: Context) -> bool:
    """Every field of `where` passes; all `items.…` fields on one and the same item."""
    where = leaf.where or {}
    plain = {name: predicate for name, predicate in where.items() if not name.startswith("items.")}
    if not all(_field_passes(event, name, predicate, at, ctx) for name, predicate in plain.items()):
        return False
    return len(plain) == len(where) or bool(matching_items(event, leaf, at, ctx))


def matching_items(event: Event, leaf: Behaviour, at: int, ctx: Context) -> list[Mapping[str, Any]]:
    """The items of an event that pass every `items.…` test of `where` (all of them if there is none)."""
    tests = {name: test for name, test in (leaf.where or {}).items() if name.startswith("items.")}
    found = []
    for item in event.items or ():
        for name, predicate in tests.items():
            here = find_field(name, ctx.names)
            if not _currency_fits(event, here.kind, predicate, ctx):
                break
            level = ctx.names.levels.get(f"field:{here.name}")
            if not passes(item.get(here.name), here.type, predicate, at, ctx.tz, level):
                break
        else:
            found.append(item)
    return found


def figure(name: str, test: NumberTest, found: list[Event], leaf: Behaviour, at: int, ctx: Context) -> Any:
    """The number asked for: how often, on how many days, or something of a field over the events that have it.

    Sums of money and whole numbers are exact, other numbers are summed in millionths; no value, no figure.
    """
    if name == "times":
        return len(found)
    if name == "days":
        return len({local(event.time, ctx.tz).date() for event in found})
    assert isinstance(test, Figure)
    here = find_field(test.of, ctx.names)
    values: list[Any] = []
    for event in found:
        if name != "distinct" and not _currency_fits(event, here.kind, test, ctx):
            continue
        if here.source == "item":
            values += [item.get(here.name) for item in matching_items(event, leaf, at, ctx)]
        else:
            values.append(_number_of(event, test.of, ctx) if name != "distinct" else _distinct_of(event, test.of, ctx))
    values = [value for value in values if value is not None]
    if name == "distinct":
        return len(set(values))
    if name in ("min", "max"):
        return (min(values) if name == "min" else max(values)) if values else None
    values = [value for value in values if abs(value) < LARGEST_SUMMED]
    if not values:
        return None
    total = sum((exact(value) for value in values), Decimal(0))
    return total if name == "sum" else float(total) / len(values)


def exact(value: Any) -> Decimal:
    """A number as it is summed: whole numbers and money as they are, others in millionths."""
    if isinstance(value, float):
        return Decimal(value * 1e6).quantize(Decimal(1), ROUND_HALF_UP) / 1_000_000
    return Decimal(value)


def _number_of(event: Event, name: str, ctx: Context) -> Any:
    here = find_field(name, ctx.names)
    return json_number(json_at(event, here.path)) if here.source == "json" else event.values.get(name)


def _distinct_of(event: Event, name: str, ctx: Context) -> Any:
    here = find_field(name, ctx.names)
    return json_text(json_at(event, here.path)) if here.source == "json" else column(event, name)


def column(event: Event, name: str) -> Any:
    """A typed column, the event's own ones included."""
    if name in ("time", "received_at", "channel", "touchpoint"):
        return getattr(event, name)
    return event.values.get(name)


def json_at(event: Event, path: Sequence[str]) -> Any:
    value: Any = event.fields
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _field_passes(event: Event, name: str, predicate: Predicate, at: int, ctx: Context) -> bool:
    here = find_field(name, ctx.names)
    if here.source == "json":
        return all(
            _json_test(json_at(event, here.path), test, operand, at, ctx.tz) for test, operand in predicate.tests()
        )
    value = column(event, name)
    level = ctx.names.levels.get(f"field:{name}")
    return _currency_fits(event, here.kind, predicate, ctx) and passes(value, here.type, predicate, at, ctx.tz, level)


def _currency_fits(event: Event, kind: str, test: Part, ctx: Context) -> bool:
    """Money is compared in one currency: the one named, else the workspace's; an event without one is in the latter."""
    if kind != "money" or (isinstance(test, Predicate) and not _compares(test)):
        return True
    return in_currency(event, getattr(test, "currency", None), ctx)


def in_currency(event: Event, named: str | None, ctx: Context) -> bool:
    """Whether the event's money is in the named currency, or in the workspace's."""
    return bool((event.values.get("currency") or ctx.currency) == (named or ctx.currency))


def _compares(predicate: Predicate) -> bool:
    return any(test not in ("is_set", "is_unset") for test, _ in predicate.tests())


def _json_test(value: Any, test: str, operand: Any, at: int, zone: ZoneInfo) -> bool:
    """A test of a field that no type is declared for: what it is compared with decides how it is read."""
    match reading(test, operand):
        case "set":
            return (value is not None) == (test == "is_set")
        case "list":
            return one_test(json_list(value), "VARCHAR[]", test, operand, at, zone)
        case "time":
            text = value if isinstance(value, str) else None
            parsed = None if text is None else read_text(text, "TIMESTAMPTZ", zone)
            return one_test(parsed, "TIMESTAMPTZ", test, operand, at, zone)
        case "number":
            return one_test(json_number(value), "DOUBLE", test, operand, at, zone)
        case "boolean":
            return one_test(value if isinstance(value, bool) else None, "BOOLEAN", test, operand, at, zone)
        case _:
            return one_test(json_text(value), "VARCHAR", test, operand, at, zone)


def passes(value: Any, sql_type: str, predicate: Predicate, at: int, zone: ZoneInfo, level: int | None = None) -> bool:
    """Whether every test holds for a value of that type (None: missing). `level`: of names of regions."""
    return all(one_test(value, sql_type, test, operand, at, zone, level) for test, operand in predicate.tests())


def one_test(
    value: Any, sql_type: str, test: str, operand: Any, at: int, zone: ZoneInfo, level: int | None = None
) -> bool:
    """One test of one value. Times are microseconds; a missing value passes `is_unset` and nothing else."""
    if test in ("is_set", "is_unset"):
        return (value is not None) == (test == "is_set")
    if value is None:
        return False
    if sql_type in ("TIMESTAMPTZ", "DATE"):
        return _time_test(value, test, operand, at, zone)
    if sql_type == "VARCHAR[]":
        if test == "size":
            return number_passes(len(value), operand.tests())
        wanted = set(operand)
        return {
            "any_of": bool(wanted & set(value)),
            "all_of": wanted <= set(value),
            "none_of": not wanted & set(value),
        }[test]
    if sql_type == "VARCHAR":
        return lies_in(value, operand, level) if test == "region" else _text_test(value, test, operand)
    if test in ("in", "not_in"):
        return any(equal(value, one) for one in operand) == (test == "in")
    return number_passes(value, [(test, operand)])


def _text_test(value: str, test: str, operand: Any) -> bool:
    match test:
        case "is" | "is_not":
            return (value == str(operand)) == (test == "is")
        case "in" | "not_in":
            return (value in [str(one) for one in operand]) == (test == "in")
        case "contains":
            return operand in value
        case "starts_with":
            return value.startswith(operand)
        case "ends_with":
            return value.endswith(operand)
    return re2.search(operand, value) is not None


def _time_test(value: Any, test: str, operand: Any, at: int, zone: ZoneInfo) -> bool:
    instant = midnight(value, zone) if isinstance(value, date) else value
    if test == "day_of_week":
        return DAYS_OF_WEEK[local(instant, zone).weekday()] in operand
    if test == "hour_of_day":
        return local(instant, zone).hour in operand
    if test == "anniversary":
        return _is_near(local(instant, zone).date(), operand, local(at, zone).date())
    return time_range(test, operand, at, zone).holds(instant)


def _is_near(day: date, anniversary: Anniversary, today: date) -> bool:
    """Whether the date returns, in a year after its own, on one of the days that count."""
    first, end = near_days(anniversary, today)
    return any(first <= returns(day, year) < end for year in range(max(day.year + 1, first.year), end.year + 1))


def equal(value: Any, operand: Any) -> bool:
    """Numbers by value (a decimal point is what was written, not its binary neighbour)."""
    return bool(value == (float(operand) if isinstance(value, float) else Decimal(str(operand))))


def number_passes(value: Any, tests: Sequence[tuple[str, Any]]) -> bool:
    """Whether every test holds for a number (or a boolean, which only has is and is_not)."""
    if isinstance(value, bool):
        return all((value == operand) == (test == "is") for test, operand in tests)
    read: Any = float if isinstance(value, float) else lambda operand: Decimal(str(operand))
    for test, operand in tests:
        if test == "between":
            good = read(operand[0]) <= value <= read(operand[1])
        else:
            wanted = read(operand)
            good = {
                "is": value == wanted,
                "is_not": value != wanted,
                "at_least": value >= wanted,
                "at_most": value <= wanted,
                "above": value > wanted,
                "below": value < wanted,
            }[test]
        if not good:
            return False
    return True
