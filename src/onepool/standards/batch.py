"""What standardising a run of log records gives: typed Arrow tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol

import pyarrow as pa

from onepool.standards.columns import ARROW
from onepool.standards.standard import Standard

INSTANT: Final = pa.timestamp("us", tz="UTC")

ROWS: Final = pa.schema(
    [
        ("row", pa.int32()),
        ("seq", pa.int64()),
        ("event_id", pa.uuid()),
        ("kind", pa.string()),
        ("name", pa.string()),
        ("touchpoint", pa.string()),
        ("time", INSTANT),
        ("received_at", INSTANT),
        ("unknown", pa.bool_()),
    ]
)
IDS: Final = pa.schema([("row", pa.int32()), ("type", pa.string()), ("scope", pa.string()), ("value", pa.string())])
ATTRIBUTES: Final = pa.schema(
    [
        ("row", pa.int32()),
        ("seq", pa.int64()),
        ("attribute", pa.string()),
        ("value", pa.string()),
        ("change", pa.string()),
        ("time", INSTANT),
        ("touchpoint", pa.string()),
    ]
)
OBJECTS: Final = pa.schema(
    [
        ("row", pa.int32()),
        ("seq", pa.int64()),
        ("kind", pa.string()),
        ("object_id", pa.string()),
        ("fields", pa.string()),
        ("time", INSTANT),
        ("touchpoint", pa.string()),
    ]
)
QUARANTINE: Final = pa.schema(
    [
        ("seq", pa.int64()),
        ("received_at", INSTANT),
        ("touchpoint", pa.string()),
        ("kind", pa.string()),
        ("name", pa.string()),
        ("rule", pa.string()),
        ("field", pa.string()),
        ("message", pa.string()),
        ("sample", pa.string()),
        ("offset", pa.int64()),
        ("item", pa.int32()),
    ]
)
COUNTS: Final = pa.schema(
    [
        ("touchpoint", pa.string()),
        ("event", pa.string()),
        ("accepted", pa.int64()),
        ("quarantined", pa.int64()),
        ("unknown", pa.int64()),
    ]
)
_EVENT_HEAD: Final = [
    ("row", pa.int32()),
    ("seq", pa.int64()),
    ("event_id", pa.uuid()),
    ("event", pa.string()),
    ("time", INSTANT),
    ("received_at", INSTANT),
    ("channel", pa.string()),
    ("touchpoint", pa.string()),
]


@dataclass(frozen=True)
class Batch:
    """The outcome for a run of records. Every item is in `rows` or in `quarantine`, never in both.

    - `rows`: one per accepted item, in the order of the log. `row` counts them from 0, `seq` is offset * 2**20 + item,
      `event_id` the identity of the thing (a UUID; 16 bytes as Arrow's `uuid` type, which DuckDB loads as it is),
      `name` the event or kind of object, `unknown` whether the standard doesn't know the event.
    - `events`: those that are events, grouped by event, with one column per field of the standard, `items` (order
      lines) and `fields` (JSON of every normalised and every unknown field; of order lines only what has no column).
    - `ids`: usable identifiers of each row, normalised, in the order sent; then those from fields and attributes.
    - `attributes`: facts about the person, as canonical text (lists as JSON); without `value`: there is none any more.
      `change` is null where the value holds as it is, else `once`, `add` or `append` (see `collect.inbound.Change`).
    - `objects`: business objects, `fields` as JSON; without `fields`: the object is gone.
    - `quarantine`: what broke a rule, with the first rule it broke, in words, and a sample without id card numbers.
    - `counts`: per touchpoint and event (or kind).
    """

    rows: pa.Table
    events: pa.Table
    ids: pa.Table
    attributes: pa.Table
    objects: pa.Table
    quarantine: pa.Table
    counts: pa.Table


@lru_cache(16)
def item_type(standard: Standard) -> pa.DataType:
    """Arrow type of the column `items`."""
    return pa.list_(pa.struct([(name, ARROW[sql]) for name, sql in standard.item_columns.items()]))


@lru_cache(16)
def event_schema(standard: Standard) -> pa.Schema:
    """Schema of `Batch.events`."""
    typed = [(name, ARROW[sql]) for name, sql in standard.columns.items()]
    return pa.schema([*_EVENT_HEAD, *typed, ("items", item_type(standard)), ("fields", pa.string())])


class Touchpoint(Protocol):
    """What standardising needs to know of a touchpoint."""

    @property
    def channel(self) -> str: ...
    @property
    def scopes(self) -> Mapping[str, str]: ...
    @property
    def mapping(self) -> Mapping[str, Any] | None: ...
