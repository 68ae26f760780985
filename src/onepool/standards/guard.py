"""What may not get into the pool: identity card numbers in clear (their digest stands for them), endless nesting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from onepool.standards.model import FieldType
from onepool.standards.normalise.id_card import CANDIDATE, hide
from onepool.standards.settings import StandardSettings
from onepool.standards.standard import Standard

MAX_DEPTH: Final = 64
CONTAINERS: Final = frozenset({dict, list})

_encode = msgspec.json.Encoder(order="deterministic").encode


def deep(fields: Mapping[str, Any]) -> bool:
    """Whether something in the fields is nested deeper than any reader of it should have to follow."""
    if CONTAINERS.isdisjoint(map(type, fields.values())):
        return False
    level = [value for value in fields.values() if type(value) in CONTAINERS]
    depth = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            return True
        level = [
            inner
            for value in level
            for inner in (value.values() if type(value) is dict else value)
            if type(inner) in CONTAINERS
        ]
    return False


def guard(
    texts: pa.Array, typed: Mapping[str, pa.Array], standard: Standard, settings: StandardSettings
) -> tuple[pa.Array, dict[str, pa.Array]]:
    """JSON texts of fields, and the typed columns beside them, without identity card numbers in clear.

    Fields of type `id` are left alone: an order number of 18 digits may happen to pass the check.
    """
    columns = dict(typed)
    suspects: list[int] = pc.indices_nonzero(pc.match_substring_regex(texts, CANDIDATE)).to_pylist()
    if not suspects:
        return texts, columns
    ids = {name for name, field in standard.fields.items() if field.type is FieldType.ID}
    written = texts.to_pylist()
    changed: set[str] = set()
    for place in suspects:
        fields: dict[str, Any] = msgspec.json.decode(written[place])
        safe = {name: value if name in ids else hidden(value, settings.digest_key) for name, value in fields.items()}
        changed |= {name for name in fields if safe[name] != fields[name]}
        written[place] = _encode(safe).decode()
    for name in changed & columns.keys():
        if pa.types.is_string(columns[name].type):
            columns[name] = clean(columns[name], settings)
    return pa.array(written, pa.string()), columns


def clean(texts: pa.Array, settings: StandardSettings) -> pa.Array:
    """A column of texts without identity card numbers in clear."""
    if not pc.any(pc.match_substring_regex(texts, CANDIDATE), min_count=0).as_py():
        return texts
    return pa.array([value and hide(value, settings.digest_key) for value in texts.to_pylist()], pa.string())


def hidden(value: Any, key: bytes) -> Any:
    """The value, however nested, with identity card numbers replaced."""
    if isinstance(value, str):
        return hide(value, key)
    if isinstance(value, int) and not isinstance(value, bool) and value > 10**16:
        text = hide(str(value), key)
        return value if text == str(value) else text
    if isinstance(value, list):
        return [hidden(one, key) for one in value]
    if isinstance(value, dict):
        return {name: hidden(one, key) for name, one in value.items()}
    return value
