"""Segments and tags as definitions: YAML objects, parsed, checked, named by file and place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field, ValidationError

from onepool.audience.conditions import Condition, ConditionError, Names, check, names_of, parse_condition
from onepool.audience.conditions.errors import Problem
from onepool.audience.conditions.model import Part
from onepool.audience.conditions.parse import plain_data, problems_of
from onepool.audience.conditions.standing.ways import ways_of
from onepool.audience.conditions.values import Text
from onepool.audience.lists.definition import list_titles
from onepool.audience.tags import check_definition, parse_tag, tag_names, tags_used
from onepool.audience.tags.model import ObjectName, TagDefinition, TitleField
from onepool.audience.tags.value_titles import value_titles
from onepool.collect.touchpoint import Touchpoint
from onepool.standards import Standard


class SegmentDefinition(Part):
    """A segment: the customers for whom its `condition` holds."""

    segment: ObjectName
    title: TitleField
    when: Condition = Field(alias="condition")
    owner: Text | None = None
    purpose: Text | None = None

    @property
    def name(self) -> str:
        return self.segment


def parse_segment(body: Mapping[str, Any]) -> SegmentDefinition:
    """The segment that `body` defines. Raises ConditionError with every problem and its place.

    >>> parse_segment({"segment": "buyers", "title": "Buyers", "condition": {"did": "order_paid"}}).name
    'buyers'
    """
    plain = plain_data(body)
    name = plain.get("segment")
    where = f"segment {name}" if isinstance(name, str) else None
    problems: list[Problem] = []
    try:
        if "condition" in plain:
            plain["condition"] = parse_condition(plain["condition"])
    except ConditionError as error:
        problems = [Problem(_under("condition", one.place), one.message, one.suggestion) for one in error.problems]
        plain.pop("condition")
    try:
        found = SegmentDefinition.model_validate(plain)
    except ValidationError as error:
        known = {"": ["segment", "title", "condition", "owner", "purpose"], "title": ["zh", "en"]}
        problems += [one for one in problems_of(error, known) if not (problems and one.place == "condition")]
        raise ConditionError(problems, where=where) from None
    return found


def check_segment(
    body: Mapping[str, Any],
    standard: Standard,
    tags: Mapping[str, Mapping[str, Any]],
    segments: Mapping[str, Mapping[str, Any]],
    touchpoints: Iterable[Touchpoint],
    where: str,
    kept_events: Iterable[str] = (),
    lists: Iterable[Mapping[str, Any]] = (),
) -> None:
    """Raise ConditionError, naming the file, unless the segment can be used beside these other definitions."""
    try:
        segment = parse_segment(body)
    except ConditionError as error:
        raise ConditionError(error.problems, where=where) from None
    names = workspace_names(standard, tags, segments, touchpoints, kept_events, lists)
    problems = check(segment.when, names, segment.segment)
    if problems:
        raise ConditionError(
            [Problem(_under("condition", one.place), one.message, one.suggestion) for one in problems], where=where
        )


def check_tag(
    body: Mapping[str, Any],
    standard: Standard,
    tags: Mapping[str, Mapping[str, Any]],
    segments: Mapping[str, Mapping[str, Any]],
    touchpoints: Iterable[Touchpoint],
    where: str,
    kept_events: Iterable[str] = (),
    lists: Iterable[Mapping[str, Any]] = (),
) -> None:
    """Raise ConditionError, naming the file, unless the tag can be used beside these other definitions."""
    try:
        tag = parse_tag(body)
    except ConditionError as error:
        raise ConditionError(error.problems, where=where) from None
    names = workspace_names(standard, tags, segments, touchpoints, kept_events, lists)
    problems = check_definition(tag, names)
    circle = tag_circle(tag.tag, {**tags, tag.tag: body}, segments)
    if circle:
        problems.append(Problem("", f"tags may not go round in a circle: {' -> '.join(circle)}"))
    if problems:
        raise ConditionError(problems, where=where)


def workspace_names(
    standard: Standard,
    tags: Mapping[str, Mapping[str, Any]],
    segments: Mapping[str, Mapping[str, Any]],
    touchpoints: Iterable[Touchpoint],
    kept_events: Iterable[str] = (),
    lists: Iterable[Mapping[str, Any]] = (),
) -> Names:
    """Everything that can be named, from the definitions' bodies. A body that can't be read names nothing."""
    titles: dict[str, Mapping[str, str]] = {}
    known_tags = {}
    parsed: dict[str, TagDefinition] = {}
    for name, body in tags.items():
        try:
            tag = parse_tag(body)
        except ConditionError:
            continue
        known_tags[name] = tag_names(tag)
        parsed[name] = tag
        titles[f"tag:{name}"] = tag.title.model_dump()
    known_segments = {}
    for name, body in segments.items():
        try:
            segment = parse_segment(body)
        except ConditionError:
            continue
        known_segments[name] = segment.when
        titles[f"segment:{name}"] = segment.title.model_dump()
    known_lists = list_titles(lists)
    titles |= {f"list:{name}": title for name, title in known_lists.items()}
    every = list(touchpoints)
    titles |= {f"touchpoint:{one.name}": one.title for one in every if one.title}
    names = names_of(
        standard,
        tags=known_tags,
        segments=known_segments,
        touchpoints={one.name: one.channel for one in every},
        kept_events=kept_events,
        titles=titles,
        lists=known_lists,
        ways=ways_of(every),
    )
    values = {
        f"value:tag:{name}:{value}": words
        for name, tag in parsed.items()
        for value, words in value_titles(tag, names.titles).items()
    }
    return replace(names, titles={**names.titles, **values})


def tag_circle(
    name: str, tags: Mapping[str, Mapping[str, Any]], segments: Mapping[str, Mapping[str, Any]]
) -> list[str] | None:
    """A circle of tags through this one, or None."""
    conditions = {}
    for segment, body in segments.items():
        try:
            conditions[segment] = parse_segment(body).when
        except ConditionError:
            continue

    def visit(tag: str, path: list[str]) -> list[str] | None:
        if tag in path:
            return [*path, tag] if tag == name else None
        try:
            used = tags_used(parse_tag(tags[tag]), conditions) if tag in tags else frozenset()
        except ConditionError:
            return None
        return next((found for other in sorted(used) if (found := visit(other, [*path, tag]))), None)

    return visit(name, [])


def _under(step: str, place: str) -> str:
    return f"{step}.{place}" if place else step
