"""From YAML or JSON to a journey, with every fault named by its place."""

from __future__ import annotations

import hashlib
import re
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from onepool.audience.conditions.anchors.model import with_params
from onepool.audience.conditions.errors import ConditionError, Problem, closest
from onepool.audience.conditions.model import MAX_DEPTH, Condition, children
from onepool.audience.conditions.parse import place_of, plain_data, problems_of
from onepool.audience.conditions.parts import Part
from onepool.definitions import canonical
from onepool.journeys.inside import conditions_in, saves
from onepool.journeys.model import ENTRIES, NODES, EventExit, Journey, SegmentExit

JOURNEY_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
NODE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")

_EXITS: dict[str, type[Part]] = {"did": EventExit, "segment_leave": SegmentExit}
_ENTRY_PLACE, _EXIT_PLACE = re.compile(r"entry"), re.compile(r"exit\[\d+\]")
_ALTERNATIVE = re.compile(r"\.(?:dict|function-\w+)\[[^.]*\]")
_TEXT = re.compile(r"\.function-\w+\[_text")
_NODE_PLACE = re.compile(r"nodes\.[^.\[]+")


def parse_journey(body: Mapping[str, Any]) -> Journey:
    """The journey that `body` (as read from YAML or JSON) says, with its parameters put in the place of `$params.x`.

    Raises ConditionError with every problem; a place is a path such as `nodes.send1.chain[0].channel`.
    """
    plain = plain_data(body)
    name = plain.get("journey") if isinstance(plain, dict) else None
    where = f"journey {name}" if isinstance(name, str) else None
    if not isinstance(plain, dict):
        raise ConditionError([Problem("", "a journey is written as a mapping")])
    bound = bind(plain)
    try:
        journey = Journey.model_validate(bound)
    except ValidationError as error:
        raise ConditionError(_problems(error, bound), where=where) from None
    if problems := [*_names(journey), *_too_deep(journey)]:
        raise ConditionError(problems, where=where)
    return journey


def bind(body: Mapping[str, Any]) -> dict[str, Any]:
    """A journey's body with its parameters put in; `params` itself stays as it is."""
    params = body.get("params")
    if not isinstance(params, Mapping):
        return dict(body)
    return {key: value if key == "params" else with_params(value, params) for key, value in body.items()}


def canonical_journey(body: Mapping[str, Any]) -> str:
    """Canonical JSON of a journey as it was written: what is hashed, and what a version keeps."""
    return canonical(plain_data(body))


def journey_hash(body: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON, in hex: two versions that say the same have the same."""
    return hashlib.sha256(canonical_journey(body).encode()).hexdigest()


def journey_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of journeys, for editors."""
    found = Journey.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Journey", **found}


def _problems(error: ValidationError, data: Mapping[str, Any]) -> list[Problem]:
    first: dict[str, ErrorDetails] = {}
    for detail in error.errors(include_url=False):
        first.setdefault(place_of(detail["loc"]), detail)
    known = dict(_known(Journey, data, ""))
    found = [_ours(problem, first.get(problem.place)) for problem in problems_of(error, known)]
    # A text or a mapping may stand there: of both complaints the one that fits what was written.
    told = [one for one in found if not (_TEXT.search(one.place) and isinstance(first[one.place].get("input"), dict))]
    return [Problem(_ALTERNATIVE.sub("", one.place), one.message, one.suggestion) for one in told]


def _ours(problem: Problem, detail: ErrorDetails | None) -> Problem:
    """A problem in the words of journeys, where those of conditions would mislead."""
    if detail is None:
        return problem
    given, place = detail.get("input"), problem.place
    if detail["type"] in ("union_tag_not_found", "union_tag_invalid"):
        if _NODE_PLACE.fullmatch(place):
            said = given.get("do") if isinstance(given, dict) else None
            return Problem(place, f"a node says in `do` one of {', '.join(NODES)}", closest(str(said), NODES))
        for pattern, heads, what in (
            (_ENTRY_PLACE, ENTRIES, "an entry"),
            (_EXIT_PLACE, _EXITS, "an exit"),
        ):
            if pattern.fullmatch(place):
                words = [str(word) for word in given] if isinstance(given, dict) else []
                near = next((found for word in words if (found := closest(word, heads))), None)
                return Problem(place, f"{what} needs one of {', '.join(heads)}", near)
    if detail["type"] == "literal_error":
        known = re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected", "")))
        return Problem(place, f"one of {', '.join(known)} is wanted", closest(str(given), known))
    if detail["type"] == "value" and isinstance(given, bool):
        return Problem(place, f"{problem.message}; YAML reads yes, no, on and off as true or false: put it in quotes")
    return problem


def _known(part: type[Part], data: Any, place: str) -> Iterator[tuple[str, list[str]]]:
    """Keys that may stand at each place of the data, for saying what was meant."""
    if not isinstance(data, Mapping):
        return
    yield place, [field.alias or name for name, field in part.model_fields.items()]
    for name, field in part.model_fields.items():
        key = field.alias or name
        if key in data:
            yield from _within(field.annotation, data[key], f"{place}.{key}" if place else key)


def _within(annotation: Any, value: Any, place: str) -> Iterator[tuple[str, list[str]]]:
    for kind in _alternatives(annotation):
        origin = get_origin(kind)
        if origin is list and isinstance(value, list):
            for number, one in enumerate(value):
                yield from _within(get_args(kind)[0], one, f"{place}[{number}]")
            return
        if origin is dict and isinstance(value, Mapping):
            for key, one in value.items():
                yield from _within(get_args(kind)[1], one, f"{place}.{key}")
            return
    part = _meant([one for one in _alternatives(annotation) if isinstance(one, type) and issubclass(one, Part)], value)
    if part is not None:
        yield from _known(part, value, place)


def _meant(parts: list[type[Part]], value: Any) -> type[Part] | None:
    """The one of a union that the value is; conditions have ways of their own."""
    if len(parts) == 1 or not isinstance(value, Mapping):
        return parts[0] if parts else None
    for heads in (ENTRIES, _EXITS):
        if set(parts) == set(heads.values()):
            return next((part for head, part in heads.items() if head in value), None)
    return NODES.get(str(value.get("do"))) if set(parts) == set(NODES.values()) else None


def _alternatives(annotation: Any) -> list[Any]:
    """The members of a union, without what stands beside them in Annotated."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _alternatives(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [one for member in get_args(annotation) for one in _alternatives(member)]
    return [annotation]


def _names(journey: Journey) -> Iterator[Problem]:
    small = "small letters, digits and _ are wanted, a letter first, at most 63"
    if not JOURNEY_NAME.fullmatch(journey.journey):
        yield Problem("journey", small)
    for node in journey.nodes:
        if not NODE_NAME.fullmatch(node):
            yield Problem(f"nodes.{node}", "the id of a node is letters, digits and _, a letter first, at most 63")
    saved = [(f"nodes.{name}.save", one) for name, node in journey.nodes.items() for one in saves(node)]
    for place, one in [*saved, *((f"params.{param}", param) for param in journey.params)]:
        if not VARIABLE.fullmatch(one):
            yield Problem(place, f"the name {one} is not letters, digits and _ (a letter first, at most 63)")


def _too_deep(journey: Journey) -> Iterator[Problem]:
    for one in conditions_in(journey):
        if (depth := _depth(one.condition)) > MAX_DEPTH:
            yield Problem(one.place, f"all, any and not are nested {depth} deep; {MAX_DEPTH} are allowed")


def _depth(condition: Condition) -> int:
    parts = children(condition)
    return 1 + max(_depth(part) for _, part in parts) if parts else 0
