"""Every name and operand of a condition against the data standard, the tags and the segments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import re2

from onepool.audience.conditions.anchors.check import check_anchors
from onepool.audience.conditions.anchors.model import Anchors, is_reference, references
from onepool.audience.conditions.errors import Problem, closest
from onepool.audience.conditions.model import (
    AttributeLeaf,
    Behaviour,
    Condition,
    ConsentLeaf,
    DidLeaf,
    DidNotLeaf,
    Figure,
    ListLeaf,
    NumberTest,
    Predicate,
    ReachableLeaf,
    SegmentLeaf,
    SequenceLeaf,
    TagLeaf,
    walk,
)
from onepool.audience.conditions.moves.check import check_move, moved_names, not_here
from onepool.audience.conditions.moves.model import FIELD, MOVES
from onepool.audience.conditions.names import CORE_FIELDS, KINDS, EventNames, Kind, Names, find_field
from onepool.audience.conditions.sequence.check import check_sequence
from onepool.audience.conditions.standing.check import check_standing
from onepool.audience.conditions.standing.regions import region_problem
from onepool.audience.conditions.values import Span, parse_moment
from onepool.standards.normalise.money import CURRENCIES

_TEXT = ("is", "is_not", "in", "not_in", "contains", "starts_with", "ends_with", "matches", "region")
_NUMBER = ("is", "is_not", "in", "not_in", "at_least", "at_most", "above", "below", "between")
_DATE = ("before", "after", "on", "between", "last", "next", "day_of_week", "anniversary")
_LIST = ("any_of", "all_of", "none_of", "size")
TESTS: Mapping[Kind, tuple[str, ...]] = {
    "text": _TEXT,
    "number": _NUMBER,
    "money": _NUMBER,
    "boolean": ("is", "is_not"),
    "time": (*_DATE, "hour_of_day"),
    "date": _DATE,
    "list": _LIST,
    "any": tuple(dict.fromkeys(_TEXT + _NUMBER + _DATE + ("hour_of_day",) + _LIST)),
}
ALWAYS = ("is_set", "is_unset")

Found = list[Problem]


def check(
    condition: Condition, names: Names, name: str | None = None, *, anchored: Anchors | None = None
) -> list[Problem]:
    """Every fault of names and types, in order; nothing when the condition can be used.

    `name`: the segment that this condition is to be, so that a circle through it is found; `anchored`: the journey
    that it belongs to, without which it may neither count from a run nor compare with one.
    """
    problems: Found = []
    for place, leaf in walk(condition):
        check_anchors(leaf, place, anchored, problems)
        match leaf:
            case AttributeLeaf():
                _check_attribute(leaf, names, place, problems)
            case TagLeaf():
                _check_tag(leaf, names, place, problems)
            case SegmentLeaf():
                _check_segment(leaf, names, name, place, problems)
            case DidLeaf() | DidNotLeaf():
                if leaf.event in MOVES:
                    _check_move(leaf, names, name, place, problems)
                else:
                    _check_behaviour(leaf, names, place, problems)
            case SequenceLeaf():
                check_sequence(leaf, place, names, _check_event, problems)
                _check_window(leaf, place, problems)
            case ConsentLeaf() | ReachableLeaf() | ListLeaf():
                check_standing(leaf, names, place, problems)
    return problems


def check_behaviour(event: str, leaf: Behaviour, names: Names, place: str = "") -> list[Problem]:
    """The same for the parts of one behaviour, as tags have them."""
    problems: Found = []
    _check_event(event, leaf, names, place, "did", problems)
    return problems


def segments_of(condition: Condition) -> list[tuple[str, str]]:
    """(place, segment) of every segment that the condition names itself: to be in it, to have come or gone."""
    found: list[tuple[str, str]] = []
    for place, leaf in walk(condition):
        if isinstance(leaf, SegmentLeaf):
            found.append((place, leaf.segment))
        elif isinstance(leaf, DidLeaf | DidNotLeaf) and leaf.event in MOVES:
            found += [(place, name) for name in moved_names(leaf)]
    return found


def circle(condition: Condition, segments: Mapping[str, Condition], name: str | None) -> list[str] | None:
    """A circle of segments reached from the condition, as the names along it, or None."""
    known = {**segments, name: condition} if name is not None else segments
    done: set[str] = set()

    def visit(segment: str, path: list[str]) -> list[str] | None:
        if segment in path:
            return [*path[path.index(segment) :], segment]
        if segment in done or segment not in known:
            return None
        for _, following in segments_of(known[segment]):
            found = visit(following, [*path, segment])
            if found:
                return found
        done.add(segment)
        return None

    for _, segment in segments_of(condition):
        found = visit(segment, [name] if name is not None else [])
        if found:
            return found
    return None


def unknown(place: str, what: str, word: str, known: Iterable[str]) -> Problem:
    return Problem(place, f"there is no {what} {word}", closest(word, known))


def join(place: str, *steps: str) -> str:
    return ".".join(step for step in (place, *steps) if step)


def _check_attribute(leaf: AttributeLeaf, names: Names, place: str, problems: Found) -> None:
    sql_type = names.attributes.get(leaf.attribute)
    if sql_type is None:
        problems.append(unknown(join(place, "attribute"), "attribute", leaf.attribute, names.attributes))
        return
    kind = KINDS.get(str(sql_type), "any")
    _check_tests(leaf, kind, place, f"the attribute {leaf.attribute}", problems)
    if leaf.currency is not None:
        problems.append(Problem(join(place, "currency"), "an attribute has no currency"))


def _check_tag(leaf: TagLeaf, names: Names, place: str, problems: Found) -> None:
    tag = names.tags.get(leaf.tag)
    if tag is None:
        problems.append(unknown(join(place, "tag"), "tag", leaf.tag, names.tags))
        return
    _check_tests(leaf, tag.type, place, f"the tag {leaf.tag}", problems)
    if leaf.currency is not None:
        problems.append(Problem(join(place, "currency"), "a tag has no currency"))
    if tag.values is None:
        return
    for test, operand in leaf.tests():
        if test in ("is", "is_not", "in", "not_in", "any_of", "all_of", "none_of"):
            for value in operand if isinstance(operand, list) else [operand]:
                if str(value) not in tag.values and not is_reference(value):
                    problems.append(unknown(join(place, test), f"value of the tag {leaf.tag}", str(value), tag.values))


def _check_segment(leaf: SegmentLeaf, names: Names, name: str | None, place: str, problems: Found) -> None:
    at = join(place, "segment")
    if leaf.segment not in names.segments and leaf.segment != name:
        problems.append(unknown(at, "segment", leaf.segment, names.segments))
        return
    found = circle(leaf, names.segments, name)
    if found:
        problems.append(Problem(at, f"segments may not go round in a circle: {' -> '.join(found)}"))


def _check_move(leaf: DidLeaf | DidNotLeaf, names: Names, name: str | None, place: str, problems: Found) -> None:
    check_move(leaf, place, problems)
    _check_window(leaf, place, problems)
    asked = leaf.figure()
    if asked is not None and not isinstance(asked[1], Figure):
        _check_figure(asked[0], asked[1], leaf.event, None, names, place, problems)
    at = join(place, "where", FIELD)
    for one in moved_names(leaf):
        if one not in names.segments and one != name:
            problems.append(unknown(at, "segment", one, names.segments))
    found = circle(leaf, names.segments, name)
    if found:
        problems.append(Problem(at, f"segments may not go round in a circle: {' -> '.join(found)}"))


def _check_behaviour(leaf: DidLeaf | DidNotLeaf, names: Names, place: str, problems: Found) -> None:
    _check_event(leaf.event, leaf, names, place, "did" if isinstance(leaf, DidLeaf) else "did_not", problems)


def _check_event(name: str, leaf: Behaviour, names: Names, place: str, head: str, problems: Found) -> None:
    event = names.events.get(name)
    elsewhere = not_here(name, place, head)
    if elsewhere is not None:
        problems.append(elsewhere)
        return
    if event is None:
        problems.append(unknown(join(place, head), "event", name, names.events))
    for field_name, predicate in (leaf.where or {}).items():
        at = join(place, "where", field_name)
        if event is not None:
            check_field(field_name, name, event, names, at, problems)
        kind = find_field(field_name, names).kind
        _check_tests(predicate, kind, at, f"the field {field_name}", problems)
        if predicate.currency is not None and kind != "money":
            problems.append(Problem(join(at, "currency"), f"{field_name} is no money"))
        _check_currency(predicate.currency, at, problems)
    if leaf.at is not None:
        for what, said, known in (
            ("channel", leaf.at.channel, names.channels),
            ("touchpoint", leaf.at.touchpoint, names.touchpoints),
        ):
            for word in said or ():
                if known and word not in known:
                    problems.append(unknown(join(place, "at", what), what, word, known))
    _check_window(leaf, place, problems)
    asked = leaf.figure()
    if asked is not None:
        _check_figure(asked[0], asked[1], name, event, names, place, problems)


def check_field(word: str, name: str, event: EventNames, names: Names, place: str, problems: Found) -> None:
    """Whether the event has the field."""
    if word.startswith("fields.") or (event.open and find_field(word, names).source == "json"):
        if any(not step or set(step) & set('"\\*[]') for step in word.split(".")):
            problems.append(Problem(place, "a path into further fields is names joined by points"))
        return
    if event.open or word in CORE_FIELDS:
        return
    if word.startswith("items."):
        member = word.removeprefix("items.")
        if "items" not in event.fields:
            problems.append(Problem(place, f"the event {name} has no items"))
        elif member not in names.items:
            problems.append(Problem(place, f"items have no field {member}", closest(member, names.items)))
    elif word not in event.fields:
        problems.append(
            Problem(place, f"the event {name} has no such field", closest(word, [*event.fields, *CORE_FIELDS]))
        )


def _check_window(leaf: Behaviour | SequenceLeaf, place: str, problems: Found) -> None:
    if leaf.within is None:
        return
    start, end = leaf.within.between or (leaf.within.after, leaf.within.before)
    if start is not None and end is not None and start[:10] > end[:10]:
        problems.append(Problem(join(place, "within"), "the window ends before it begins"))


def _check_figure(
    name: str, test: NumberTest, event_name: str, event: EventNames | None, names: Names, place: str, problems: Found
) -> None:
    at = join(place, name)
    for operator, operand in test.tests():
        if name in ("times", "days") and (operator, operand) in (("is", 0), ("at_most", 0), ("below", 1)):
            problems.append(Problem(join(at, operator), "`did` means at least once; ask for never with did_not"))
        if operator == "between" and operand[0] > operand[1]:
            problems.append(Problem(join(at, operator), "the first number is above the second"))
    if isinstance(test, Figure):
        if event is not None:
            check_field(test.of, event_name, event, names, join(at, "of"), problems)
        kind = find_field(test.of, names).kind
        if name != "distinct" and kind not in ("number", "money", "any"):
            problems.append(Problem(join(at, "of"), f"{test.of} is {kind}: {name} wants a number"))
        if name == "distinct" and kind == "list":
            problems.append(Problem(join(at, "of"), f"{test.of} is a list: distinct wants a single value"))
        if test.currency is not None and (kind != "money" or name == "distinct"):
            problems.append(Problem(join(at, "currency"), f"no currency is compared in {name} of {test.of}"))
        _check_currency(test.currency, at, problems)


def _check_currency(code: str | None, place: str, problems: Found) -> None:
    if code is not None and code not in CURRENCIES:
        problems.append(unknown(join(place, "currency"), "currency", code, CURRENCIES))


def _check_tests(predicate: Predicate, kind: Kind, place: str, what: str, problems: Found) -> None:
    for test, operand in predicate.tests():
        at = join(place, test)
        if test in ALWAYS:
            continue
        if references(operand) and test in TESTS[kind]:
            operand = [one for one in operand if not is_reference(one)] if isinstance(operand, list) else None
            if not operand:
                continue
        if test not in TESTS[kind]:
            known = ", ".join((*TESTS[kind], *ALWAYS))
            problems.append(Problem(at, f"{what} is {kind}; its tests are {known}", closest(test, TESTS[kind])))
            continue
        if test == "region":
            problems.extend(problem for text in operand if (problem := region_problem(text, at)) is not None)
            continue
        message = _operand_fault(test, operand, kind)
        if message:
            problems.append(Problem(at, message))


def _operand_fault(test: str, operand: Any, kind: Kind) -> str | None:
    if test == "matches":
        return _pattern_fault(operand)
    if test == "between":
        return _between_fault(operand, kind)
    if isinstance(operand, Span) or test not in ("is", "is_not", "in", "not_in"):
        return None
    for value in operand if isinstance(operand, list) else [operand]:
        if kind == "boolean" and not isinstance(value, bool):
            return "true or false is wanted"
        if kind in ("number", "money") and (isinstance(value, bool) or not isinstance(value, int | float)):
            return f"a number is wanted, not {value!r}"
        if kind == "text" and not isinstance(value, str | int):
            return f"a text is wanted, not {value!r}"
        if kind == "text" and isinstance(value, bool):
            return "a text is wanted: put it in quotes"
    if kind == "any" and isinstance(operand, list) and len({_sort(value) for value in operand}) > 1:
        return "all values of the list must be of one kind"
    return None


def _sort(value: Any) -> str:
    return "boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"


def _between_fault(operand: tuple[Any, Any], kind: Kind) -> str | None:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in operand)
    if kind in ("number", "money") or (kind == "any" and numbers):
        if not numbers:
            return "two numbers are wanted"
        return "the first number is above the second" if operand[0] > operand[1] else None
    moments = [parse_moment(value) for value in operand]
    if None in moments:
        return "two dates or instants are wanted"
    return "the first moment is after the second" if str(moments[0])[:10] > str(moments[1])[:10] else None


def _pattern_fault(pattern: str) -> str | None:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else "bad pattern"
        return f"not an RE2 pattern: {reason.decode() if isinstance(reason, bytes) else reason}"
    return None
