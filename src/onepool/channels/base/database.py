"""Databases as touchpoints: which tables are read, and what their columns mean, as a touchpoint's settings say it.

Nothing of it is SQL: tables and columns are names that must exist in the database, values are bound.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

Kind = Literal["event", "profile", "order", "product", "store", "coupon", "campaign", "link"]
Op = Literal["eq", "ne", "in", "not_in", "lt", "le", "gt", "ge", "starts", "empty", "filled"]
Unit = Literal["yuan", "fen"]

STEPS = ("placed", "paid", "shipped", "completed", "cancelled", "refunded")
"""What happens to an order; a column with the time of each makes the standard's event."""

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_Identifier = re.compile(r"[a-z][a-z0-9_]{0,59}(@[^\s@]{1,100})?")


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition on one column. ``value``: a list for in and not_in, none for empty and filled."""

    column: _Name
    op: Op = "eq"
    value: str | int | float | bool | list[str | int | float] | None = None


class Join(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of another table beside each row (a left join); its columns are written ``name.column``.

    ``on``: columns of the main table (or of an earlier join) and the columns of this one that equal them.
    """

    table: _Name
    name: _Name
    on: dict[str, str]


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value from a column, or from several joined by a dash (a receipt's number counts within its shop).

    Where one of several is empty, there is no value. ``unit``: it is money in that unit. ``zone``: it is a time of that
    zone. ``values``: words for other words.
    """

    column: _Name | Annotated[list[_Name], msgspec.Meta(min_length=1, max_length=8)]
    unit: Unit | None = None
    zone: str | None = None
    values: dict[str, str] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is made of."""
        return (self.column,) if isinstance(self.column, str) else tuple(self.column)


class Naming(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The event's name from a column; what ``values`` does not name keeps its own word."""

    column: _Name
    values: dict[str, str] = {}


class Lines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lines of an order in a table of their own; ``on`` as in a join. They become the order's ``items``."""

    table: _Name
    on: dict[str, str]
    fields: dict[str, str | Field]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table (or several joined), and what its rows are.

    ``key``: columns that name one row. ``cursor``: a column that grows with every change (of several, the first that
    is filled); without one the whole table is read each time. ``overlap``: seconds (of a number: steps) that are read
    again, for rows that were committed late. ``every``: seconds between two readings. ``ids``: identifier types
    (``phone``, ``member_no@crm``) and their columns. ``steps``: the columns with the times of an order's steps.
    ``message_id``: columns of the sender's own id of an event; by default the key.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_]{1,60}$")]
    table: _Name
    kind: Kind
    key: str | list[str]
    cursor: str | list[str] | None = None
    overlap: Annotated[float, msgspec.Meta(ge=0)] = 60.0
    batch: Annotated[int, msgspec.Meta(ge=1, le=50_000)] = 5_000
    every: Annotated[int, msgspec.Meta(ge=0)] = 300
    timeout: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 120
    zone: str | None = None
    where: list[Condition] = []
    join: list[Join] = []
    lines: Lines | None = None
    event: str | Naming | None = None
    time: str | None = None
    message_id: list[str] = []
    ids: dict[str, str] = {}
    fields: dict[str, str | Field] = {}
    traits: dict[str, str | Field] = {}
    steps: dict[Literal["placed", "paid", "shipped", "completed", "cancelled", "refunded"], str] = {}

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns of the key."""
        return (self.key,) if isinstance(self.key, str) else tuple(self.key)

    @property
    def cursors(self) -> tuple[str, ...]:
        """The columns of the cursor, the first that is filled counts."""
        return () if self.cursor is None else (self.cursor,) if isinstance(self.cursor, str) else tuple(self.cursor)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns whose values are read: those that the mapping names and no other."""
        named: list[str] = [*self.ids.values(), *self.steps.values(), *self.message_id]
        for one in (*self.fields.values(), *self.traits.values()):
            named += as_field(one).columns
        if self.time is not None:
            named.append(self.time)
        if isinstance(self.event, Naming):
            named.append(self.event.column)
        if self.lines is not None:
            named += self.lines.on
        return tuple(dict.fromkeys(named))


def as_field(one: str | Field) -> Field:
    """The long form of a field that may be written as its column only."""
    return Field(column=one) if isinstance(one, str) else one


def tables(settings: Mapping[str, Any]) -> list[Table]:
    """The tables that settings name. Raises msgspec.ValidationError for what is none."""
    written = settings.get("tables") or []
    return list(_tables(msgspec.json.encode(written)))


@lru_cache(maxsize=256)
def _tables(written: bytes) -> tuple[Table, ...]:
    return tuple(msgspec.json.decode(written, type=list[Table], strict=True))


def problems(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with the tables of some settings: (setting, words that say what to do)."""
    try:
        known = tables(settings)
    except (msgspec.ValidationError, TypeError) as error:
        return [("tables", str(error))]
    found: list[tuple[str, str]] = []
    names: set[str] = set()
    for table in known:
        if table.name in names:
            found.append(("tables", f"two tables are called {table.name}; give each a name of its own"))
        names.add(table.name)
        found += [("tables", f"{table.name}: {words}") for words in _wrong(table)]
    return found + [("zone", words) for words in _zones([settings.get("zone")])]


def _wrong(table: Table) -> list[str]:
    found = []
    if not table.keys:
        found.append("key: name the columns that tell one row from another")
    for name in table.ids:
        if not _Identifier.fullmatch(name):
            found.append(f"ids: {name!r} is no identifier type; write type or type@scope")
    if table.kind == "event" and not table.event:
        found.append("event: name the event, or the column with its name")
    if table.kind == "order" and not table.steps:
        found.append(f"steps: name the columns with the time of {', '.join(STEPS)}")
    if table.kind == "order" and "order_id" not in table.fields:
        found.append("fields: an order needs order_id")
    if table.kind not in ("order", "profile", "link", "event") and f"{table.kind}_id" not in table.fields:
        found.append(f"fields: a {table.kind} needs {table.kind}_id")
    if table.kind in ("profile", "event") and not table.ids:
        found.append("ids: name at least one column that tells whose it is")
    if table.kind == "link" and len(table.ids) < 2:
        found.append("ids: a link names at least two identifiers")
    if table.lines is not None and table.kind != "order":
        found.append("lines: only orders have them")
    for one in table.where:
        if (one.op in ("in", "not_in")) != isinstance(one.value, list):
            found.append(f"where: {one.column}: {one.op} takes {'a list' if 'in' in one.op else 'one value'}")
        elif one.value is None and one.op not in ("empty", "filled"):
            found.append(f"where: {one.column}: a value is missing; for empty ones write op: empty")
    given = [as_field(one).zone for one in (*table.fields.values(), *table.traits.values())]
    return found + _zones([table.zone, *given])


def _zones(names: list[str | None]) -> list[str]:
    found = []
    for name in names:
        if name:
            try:
                ZoneInfo(name)
            except (ZoneInfoNotFoundError, ValueError):
                found.append(f"zone: there is no {name!r}; write one like Asia/Shanghai")
    return found
