"""From YAML or JSON to a tag, and its names held against the workspace's."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import ValidationError

from onepool.audience.conditions.check import check, check_behaviour, check_field, join, unknown
from onepool.audience.conditions.errors import ConditionError, Problem, closest
from onepool.audience.conditions.model import Condition, Part, SegmentLeaf, TagLeaf, walk
from onepool.audience.conditions.names import Names, TagNames, find_field
from onepool.audience.conditions.parse import plain_data, problems_of
from onepool.audience.tags.model import (
    ADAPTER,
    KINDS,
    AttributeTag,
    EventSource,
    FigureSource,
    FirstLastTag,
    MetricTag,
    PreferenceTag,
    StateTag,
    TagDefinition,
)

# Kinds and keys of the language that this edition does not carry out.
LATER_KINDS = ("import", "sql", "expression", "sequence", "rfm", "model")
_LATER_KEYS = ("schedule",)


def parse_tag(body: Mapping[str, Any], base: Path | None = None) -> TagDefinition:
    """The tag that `body` defines. A map given as `{file: …}` is read from the folder `base` (CSV or YAML).

    Raises ConditionError with every problem and its place.
    """
    plain = plain_data(with_files(body, base))
    kind = plain.get("kind")
    if kind not in KINDS:
        raise ConditionError([_kind_problem(kind)], where=_where(plain))
    late = [Problem(key, f"`{key}` is not supported by this edition") for key in _LATER_KEYS if key in plain]
    if late:
        raise ConditionError(late, where=_where(plain))
    try:
        return ADAPTER.validate_python(plain)
    except ValidationError as error:
        raise ConditionError(problems_of(error, _known_keys(KINDS[kind])), where=_where(plain)) from None


def with_files(body: Mapping[str, Any], base: Path | None) -> dict[str, Any]:
    """The definition with its map read in, so that it stands alone and is versioned as a whole."""
    found = dict(body)
    mapped = found.get("map")
    if isinstance(mapped, Mapping) and set(mapped) == {"file"}:
        found["map"] = _read_map(str(mapped["file"]), base)
    return found


def check_definition(tag: TagDefinition, names: Names) -> list[Problem]:
    """Every fault of names and types in the tag."""
    problems: list[Problem] = []
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
                for problem in check(rule.when, names):
                    place = join(f"states[{index}].when", problem.place)
                    problems.append(Problem(place, problem.message, problem.suggestion))
    problems += _check_values(tag)
    return problems


def tag_names(tag: TagDefinition) -> TagNames:
    """What conditions may ask of the tag."""
    produced = produced_values(tag)
    match tag:
        case PreferenceTag() if tag.top > 1:
            return TagNames("list", tuple(tag.values) if tag.values else None)
        case MetricTag() if tag.cut is None:
            return TagNames("number")
    values = tuple(tag.values) if tag.values else tuple(produced) if produced else None
    return TagNames("text", values)


def produced_values(tag: TagDefinition) -> list[str] | None:
    """The values that the definition can give, in order, where it says so itself."""
    match tag:
        case MetricTag() if tag.cut is not None:
            return list(tag.cut.labels)
        case StateTag():
            return _ordered([rule.value for rule in tag.states], tag.otherwise)
        case AttributeTag() if tag.map is not None:
            return _ordered(list(tag.map.values()), tag.otherwise)
    return None


def tags_used(definition: TagDefinition | Condition, segments: Mapping[str, Condition] | None = None) -> frozenset[str]:
    """The tags that a tag or a condition reads, through segments too."""
    conditions = [rule.when for rule in definition.states] if isinstance(definition, StateTag) else []
    if not isinstance(definition, tuple(KINDS.values())):
        conditions = [definition]  # type: ignore[list-item]
    found: set[str] = set()
    seen: set[str] = set()
    while conditions:
        for _, leaf in walk(conditions.pop()):
            if isinstance(leaf, TagLeaf):
                found.add(leaf.tag)
            elif isinstance(leaf, SegmentLeaf) and leaf.segment not in seen and leaf.segment in (segments or {}):
                seen.add(leaf.segment)
                conditions.append((segments or {})[leaf.segment])
    return frozenset(found)


def needs_population(tag: TagDefinition) -> bool:
    """Whether the value depends on all customers: it is refreshed by full runs and steady in between."""
    if isinstance(tag, MetricTag):
        return tag.cut is not None and tag.cut.by != "number"
    return isinstance(tag, PreferenceTag) and tag.score == "lift"


def _known_keys(part: type[Part]) -> dict[str, list[str]]:
    """Keys that may stand at each place of a kind, for saying what was meant."""
    found = {"": [field.alias or name for name, field in part.model_fields.items()]}
    for name, field in part.model_fields.items():
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, Part):
                found[field.alias or name] = [own.alias or key for key, own in inner.model_fields.items()]
    return found


def _where(plain: Mapping[str, Any]) -> str | None:
    name = plain.get("tag")
    return f"tag {name}" if isinstance(name, str) else None


def _kind_problem(kind: Any) -> Problem:
    if kind in LATER_KINDS:
        return Problem("kind", f"the kind {kind} is not supported by this edition")
    return Problem("kind", f"one of {', '.join(KINDS)} is wanted", closest(str(kind), KINDS))


def _read_map(file: str, base: Path | None) -> dict[str, str]:
    place = "map.file"
    if base is None:
        raise ConditionError([Problem(place, "a map file can't be read here; write the map itself")])
    path = (base / file).resolve()
    if not path.is_relative_to(base.resolve()):
        raise ConditionError([Problem(place, f"{file} lies outside the workspace")])
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConditionError([Problem(place, f"{file} can't be read: {error.strerror}")]) from error
    if path.suffix in (".yaml", ".yml"):
        found = yaml.safe_load(text)
        if isinstance(found, dict):
            return {str(key): str(value) for key, value in found.items()}
        raise ConditionError([Problem(place, f"{file} is no mapping")])
    rows = [row for row in csv.reader(text.splitlines()) if row]
    if any(len(row) < 2 for row in rows):
        raise ConditionError([Problem(place, f"{file} needs two columns: value, mapped value")])
    return {row[0]: row[1] for row in rows[1:]}


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


def _ordered(values: list[str], otherwise: str | None) -> list[str]:
    return list(dict.fromkeys([*values, *([otherwise] if otherwise is not None else [])]))
