"""From YAML or JSON to a tag."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import ValidationError

from onepool.audience.conditions.errors import ConditionError, Problem, closest
from onepool.audience.conditions.model import Part
from onepool.audience.conditions.parse import plain_data, problems_of
from onepool.audience.tags.checks import check_definition
from onepool.audience.tags.learned import MODELS
from onepool.audience.tags.model import ADAPTER, KINDS, TagDefinition
from onepool.audience.tags.uses import needs_population, produced_values, tag_names, tags_used

__all__ = [
    "check_definition",
    "needs_population",
    "parse_tag",
    "produced_values",
    "tag_names",
    "tag_schema",
    "tags_used",
    "with_files",
]


_LARGEST_MAP = 4 << 20
MAPS = "maps"
"""The folder of a workspace from which maps may be read on behalf of somebody who can't read its files."""


def parse_tag(body: Mapping[str, Any], base: Path | None = None) -> TagDefinition:
    """The tag that `body` defines. A map given as `{file: …}` is read from the folder `base` (CSV or YAML).

    Raises ConditionError with every problem and its place.
    """
    plain = plain_data(with_files(body, base))
    kind = plain.get("kind")
    if kind not in KINDS:
        raise ConditionError([_kind_problem(kind)], where=_where(plain))
    try:
        return ADAPTER.validate_python(plain)
    except ValidationError as error:
        raise ConditionError(problems_of(error, _known_keys(_part(plain))), where=_where(plain)) from None


def with_files(body: Mapping[str, Any], base: Path | None) -> dict[str, Any]:
    """The definition with its map read in, so that it stands alone and is versioned as a whole."""
    found = dict(body)
    mapped = found.get("map")
    if isinstance(mapped, Mapping) and set(mapped) == {"file"}:
        found["map"] = _read_map(str(mapped["file"]), base)
    return found


def tag_schema() -> dict[str, Any]:
    """The JSON Schema of tags (2020-12)."""
    return ADAPTER.json_schema(by_alias=True)


def _part(plain: Mapping[str, Any]) -> type[Part]:
    return MODELS.get(str(plain.get("model")), KINDS["model"]) if plain["kind"] == "model" else KINDS[plain["kind"]]


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
    return Problem("kind", f"one of {', '.join(KINDS)} is wanted", closest(str(kind), KINDS))


def _read_map(file: str, base: Path | None) -> dict[str, str]:
    place = "map.file"
    if base is None:
        raise ConditionError([Problem(place, "a map file can't be read here; write the map itself")])
    path = (base / file).resolve()
    if not path.is_relative_to(base.resolve()):
        raise ConditionError([Problem(place, f"{file} lies outside the workspace")])
    try:
        with path.open("rb") as source:
            raw = source.read(_LARGEST_MAP + 1)
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise ConditionError([Problem(place, f"{file} can't be read: {error.strerror}")]) from error
    except UnicodeDecodeError:
        raise ConditionError([Problem(place, f"{file} is no text in UTF-8")]) from None
    if len(raw) > _LARGEST_MAP:
        raise ConditionError([Problem(place, f"{file} is larger than {_LARGEST_MAP >> 20} MB")])
    if path.suffix in (".yaml", ".yml"):
        try:
            found = yaml.safe_load(text)
        except yaml.YAMLError:
            raise ConditionError([Problem(place, f"{file} is no YAML")]) from None
        if isinstance(found, dict):
            return {str(key): str(value) for key, value in found.items()}
        raise ConditionError([Problem(place, f"{file} is no mapping")])
    try:
        rows = [row for row in csv.reader(text.splitlines()) if row]
    except csv.Error:
        raise ConditionError([Problem(place, f"{file} is no CSV")]) from None
    if any(len(row) < 2 for row in rows):
        raise ConditionError([Problem(place, f"{file} needs two columns: value, mapped value")])
    return {row[0]: row[1] for row in rows[1:]}
