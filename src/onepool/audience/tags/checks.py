"""Every name and type in a tag against the data standard, the tags and the segments."""

from __future__ import annotations

from collections.abc import Iterable

from onepool.audience.conditions.check import check, check_behaviour, check_field, join, unknown
from onepool.audience.conditions.errors import Problem, closest
from onepool.audience.conditions.names import Names, find_field
from onepool.audience.tags import expression
from onepool.audience.tags.clear import check_personal
from onepool.audience.tags.learned import LearnedTag
from onepool.audience.tags.learned_checks import check_learned
from onepool.audience.tags.model import (
    AttributeTag,
    EventSource,
    ExpressionTag,
    FigureSource,
    FirstLastTag,
    MetricTag,
    PreferenceTag,
    RfmTag,
    SqlTag,
    StateTag,
    TagDefinition,
)
from onepool.audience.tags.uses import conditions_in, produced_values


def check_definition(tag: TagDefinition, names: Names) -> list[Problem]:
    """Every fault of names and types in the tag."""
    problems: list[Problem] = []
    for under, condition in conditions_in(tag):
        for problem in check(condition, names):
            problems.append(Problem(join(under, problem.place), problem.message, problem.suggestion))
    match tag:
        case AttributeTag():
            if tag.source.attribute not in names.attributes:
                problems.append(unknown("from.attribute", "attribute", tag.source.attribute, names.attributes))
            if tag.otherwise is not None and tag.map is None:
                problems.append(Problem("otherwise", "makes sense only with a map"))
        case FirstLastTag():
            _check_source(tag.source, "from", names, problems)
            _check_single(tag.source.field, "from.field", tag.source.did, names, problems)
        case MetricTag():
            for place, source in (("from", tag.source), ("over", tag.over)):
                if source is not None:
                    _check_figure(source, place, names, problems)
        case PreferenceTag():
            _check_preference(tag, names, problems)
        case StateTag():
            for index, rule in enumerate(tag.states):
                if rule.quiet is not None:
                    _check_source(rule.quiet, f"states[{index}].quiet", names, problems)
        case RfmTag():
            _check_source(tag.source, "from", names, problems)
            _check_number(tag.source.sum, "from.sum", tag.source.did, names, problems)
            if tag.source.currency is not None and find_field(tag.source.sum, names).kind != "money":
                problems.append(Problem("from.currency", f"{tag.source.sum} is no money"))
        case ExpressionTag():
            for name, figure in tag.inputs.items():
                _check_figure(figure, f"inputs.{name}", names, problems)
            problems += expression.check(tag, names)
        case SqlTag():
            # Loaded here: it brings the compiler.
            from onepool.audience.tags.sql import check_sql

            problems += check_sql(tag)
        case LearnedTag():
            problems += check_learned(tag, names)
    problems += _check_values(tag) + check_personal(tag, names)
    return problems


def _check_source(source: EventSource, place: str, names: Names, problems: list[Problem]) -> None:
    for event in source.did:
        problems += check_behaviour(event, source.behaviour(None), names, place)


def _check_single(word: str, place: str, events: Iterable[str], names: Names, problems: list[Problem]) -> None:
    if find_field(word, names).source == "item":
        problems.append(Problem(place, "a field of the event itself is wanted, not of its items"))
    _check_fields(word, place, events, names, problems)


def _check_fields(word: str, place: str, events: Iterable[str], names: Names, problems: list[Problem]) -> None:
    for event in events:
        if event in names.events:
            check_field(word, event, names.events[event], names, place, problems)


def _check_figure(source: FigureSource, place: str, names: Names, problems: list[Problem]) -> None:
    _check_source(source, place, names, problems)
    name, of = source.figure()
    if of is None:
        return
    _check_fields(of, join(place, name), source.did, names, problems)
    kind = find_field(of, names).kind
    if name != "distinct" and kind not in ("number", "money", "any"):
        problems.append(Problem(join(place, name), f"{of} is {kind}: {name} wants a number"))
    if source.currency is not None and kind != "money":
        problems.append(Problem(join(place, "currency"), f"{of} is no money"))


def _check_preference(tag: PreferenceTag, names: Names, problems: list[Problem]) -> None:
    _check_source(tag.source, "from", names, problems)
    _check_fields(tag.source.field, "from.field", tag.source.did, names, problems)
    here = find_field(tag.source.field, names)
    if here.kind not in ("text", "any"):
        problems.append(Problem("from.field", f"{tag.source.field} is {here.kind}: a text is wanted"))
    if tag.source.of is not None:
        _check_fields(tag.source.of, "from.of", tag.source.did, names, problems)
        of = find_field(tag.source.of, names)
        if of.kind not in ("number", "money", "any"):
            problems.append(Problem("from.of", f"{tag.source.of} is {of.kind}: a number is wanted"))
        if (of.source == "item") != (here.source == "item"):
            problems.append(Problem("from.of", "field and of must both be of items, or both of the event"))


def _check_values(tag: TagDefinition) -> list[Problem]:
    produced = produced_values(tag)
    if not tag.values or produced is None:
        return []
    return [
        Problem("values", f"the tag can be {value}, which its values do not have", closest(value, tag.values))
        for value in produced
        if value not in tag.values
    ]


def _check_number(word: str, place: str, events: Iterable[str], names: Names, problems: list[Problem]) -> None:
    _check_fields(word, place, events, names, problems)
    kind = find_field(word, names).kind
    if kind not in ("number", "money", "any"):
        problems.append(Problem(place, f"{word} is {kind}: a number is wanted"))
