"""From YAML or JSON to a condition, with every fault named by its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from onepool.audience.conditions.errors import ConditionError, Problem, closest
from onepool.audience.conditions.model import (
    HEADS,
    MAX_DEPTH,
    PARTS,
    Condition,
    DidNotStep,
    DidStep,
    Figure,
    Gap,
    NumberTest,
    Predicate,
    Slice,
    Window,
    children,
)
from onepool.audience.conditions.sequence.model import MAX_STEPS

_ADAPTER: TypeAdapter[Condition] = TypeAdapter(Condition)

# Far more than a legal condition needs; keeps hostile input from exhausting the stack.
_DEEPEST = 60


def parse_condition(data: object) -> Condition:
    """The condition that `data` (as read from YAML or JSON) says.

    Raises ConditionError with every problem; a place is a path such as `all[2].where.amount`.

    >>> parse_condition({"did": "order_paid", "within": {"last": "30 days"}}).event
    'order_paid'
    """
    plain = plain_data(data)
    try:
        condition = _ADAPTER.validate_python(plain)
    except ValidationError as error:
        raise ConditionError(problems_of(error)) from None
    depth = _depth(condition)
    if depth > MAX_DEPTH:
        raise ConditionError([Problem("", f"all, any and not are nested {depth} deep; {MAX_DEPTH} are allowed")])
    return condition


def condition_schema() -> dict[str, Any]:
    """The JSON Schema of conditions (2020-12)."""
    return _ADAPTER.json_schema(by_alias=True)


def plain_data(data: object, depth: int = 0) -> Any:
    """YAML's surprises undone: the key `on` (read as true), dates as objects, decimals."""
    if depth > _DEEPEST:
        raise ConditionError([Problem("", f"nested too deeply; all, any and not may be nested {MAX_DEPTH} deep")])
    if isinstance(data, dict):
        return {("on" if key is True else str(key)): plain_data(value, depth + 1) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [plain_data(value, depth + 1) for value in data]
    if isinstance(data, datetime | date):
        return data.isoformat()
    if isinstance(data, Decimal):
        return int(data) if data == data.to_integral_value() else float(data)
    return data


def problems_of(error: ValidationError, extra: Mapping[str, Iterable[str]] | None = None) -> list[Problem]:
    """pydantic's complaints in the words and places of the language; `extra` has more known keys by place."""
    seen: dict[str, Problem] = {}
    for detail in error.errors(include_url=False):
        problem = _problem(detail, extra or {})
        seen.setdefault(problem.place, problem)
    return list(seen.values())


def place_of(location: Iterable[int | str]) -> str:
    """`all[2].where.amount` from pydantic's location; the tags of unions (`<did>`) are no part of what was written."""
    text = ""
    for step in location:
        if isinstance(step, int):
            text += f"[{step}]"
        elif not step.startswith("<"):
            text += f".{step}" if text else step
    return text.removesuffix(".[key]")


def _problem(detail: ErrorDetails, extra: Mapping[str, Iterable[str]]) -> Problem:
    location, kind = detail["loc"], detail["type"]
    place = place_of(location)
    if kind == "extra_forbidden":
        word = str(location[-1])
        known = list(_allowed(location[:-1], extra))
        if word in HEADS:
            return Problem(place, f"`{word}` can't stand beside what is already asked here; join them with all or any")
        told = f"; known are {', '.join(known)}" if known else ""
        return Problem(place, f"`{word}` is not known here{told}", closest(word, known))
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        if "<sequence>" in location:
            return _no_step(place, detail.get("input"))
        return _no_head(place, detail.get("input"))
    if kind == "missing":
        return Problem(place, "this is missing")
    if kind == "too_long" and place.endswith("sequence"):
        return Problem(place, f"at most {MAX_STEPS} steps are allowed")
    if kind == "too_short":
        return Problem(place, "at least one part is wanted")
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return Problem(place, "a mapping of names to values is wanted")
    if kind == "list_type":
        return Problem(place, "a list is wanted")
    return Problem(place, detail["msg"].removeprefix("Value error, "))


def _no_head(place: str, value: object) -> Problem:
    if not isinstance(value, dict):
        return Problem(place, f"a condition is wanted: a mapping with one of {', '.join(HEADS)}")
    suggestion = next((near for word in value if (near := closest(str(word), HEADS))), None)
    return Problem(place, f"a condition needs one of {', '.join(HEADS)}", suggestion)


def _no_step(place: str, value: object) -> Problem:
    words = [str(word) for word in value] if isinstance(value, dict) else []
    suggestion = next((near for word in words if (near := closest(word, ("did", "did_not")))), None)
    return Problem(place, "a step says did or did_not and an event", suggestion)


def _allowed(location: tuple[int | str, ...], extra: Mapping[str, Iterable[str]]) -> Iterable[str]:
    place = place_of(location)
    if place in extra:
        return extra[place]
    parent = location[-1] if location else ""
    before = location[-2] if len(location) > 1 else ""
    if "<sequence>" in location[:-1] and parent in ("<did>", "<did_not>"):
        return _names(DidStep if parent == "<did>" else DidNotStep)
    if parent == "gap":
        return _names(Gap)
    if isinstance(parent, str) and parent.startswith("<"):
        return _names(PARTS.get(parent[1:-1], Predicate))
    if before == "where":
        return _names(Predicate)
    if parent in ("times", "days", "size"):
        return _names(NumberTest)
    if parent in ("sum", "avg", "min", "max", "distinct"):
        return _names(Figure)
    if parent == "within":
        return _names(Window)
    return _names(Slice) if parent == "at" else ()


def _names(part: type[Any]) -> list[str]:
    return [field.alias or name for name, field in part.model_fields.items()]


def _depth(condition: Condition) -> int:
    parts = children(condition)
    return 1 + max(_depth(part) for _, part in parts) if parts else 0
