"""The statements that read a table, built from names that the database itself knows and from bound values."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    MetaData,
    Select,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    type_coerce,
)
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.mssql import DATETIME2
from sqlalchemy.exc import NoSuchTableError, SAWarning
from sqlalchemy.types import DateTime, String, TypeDecorator

from onepool.channels.base.channel import PullFailed
from onepool.channels.base.database import Condition, Table, as_field

Position = list[Any]
"""A row's place in the order of reading: its cursor's value (if there is one), then its key's."""


class _OldTime(TypeDecorator[Any]):
    """SQL Server's old type of times, of thousandths: it takes no more digits, and reads other ways to write a date by
    the language of the login. So values are sent as texts that it reads in one way."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        del dialect
        return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value


class Source:
    """A table as it is in the database, with its joins. Raises PullFailed naming what does not exist."""

    def __init__(self, connection: Connection, table: Table) -> None:
        self.table = table
        self._metadata = MetaData()
        self._dialect = connection.dialect.name
        self._main = self._reflect(connection, table.table)
        self._joined: dict[str, FromClause] = {}
        self._from: FromClause = self._main
        for join in table.join:
            other = self._reflect(connection, join.table).alias(f"j{len(self._joined)}")
            equal = [self.column(left) == _column(other, right, join.table) for left, right in join.on.items()]
            if not equal:
                raise PullFailed(f"the join {join.name} of {table.name} names no columns", retry=False)
            self._from = self._from.outerjoin(other, and_(*equal))
            self._joined[join.name] = other
        self._lines = None if table.lines is None else self._reflect(connection, table.lines.table)
        self.keys = [self._sent(self.column(name)) for name in table.keys]
        self.cursor = self._cursor(table.cursors)
        self._filters = [self._condition(one) for one in table.where]
        self._values = [self.column(name).label(f"v{number}") for number, name in enumerate(table.columns)]

    def column(self, name: str) -> ColumnElement[Any]:
        """A column by its name, or ``join.column``."""
        head, dot, rest = name.partition(".")
        if dot and head in self._joined:
            return _column(self._joined[head], rest, head)
        return _column(self._main, name, self.table.table)

    def segment(self, after: Position | None, since: Any, top: Any, limit: int) -> Select[*tuple[Any, ...]]:
        """Rows in order: behind ``after``, or from ``since`` on (its cursor's value, inclusive), up to ``top``."""
        order = self._order()
        chosen = select(*[one.label(f"o{number}") for number, one in enumerate(order)], *self._values)
        chosen = chosen.select_from(self._from).where(*self._filters)
        if self.cursor is not None and top is not None:
            chosen = chosen.where(self.cursor <= top)
        if after is not None:
            chosen = chosen.where(_behind(order, after))
        elif self.cursor is not None and since is not None:
            chosen = chosen.where(self.cursor >= since)
        return chosen.order_by(*order).limit(limit)

    def top(self) -> Select[Any]:
        """The greatest value of the cursor.

        Of the table alone, whose index has it, unless a joined table's columns are in it.
        """
        assert self.cursor is not None
        joined = any(name.partition(".")[0] in self._joined for name in self.table.cursors if "." in name)
        if not joined:
            return select(func.max(self.cursor)).select_from(self._main)
        return select(func.max(self.cursor)).select_from(self._from).where(*self._filters)

    def unfilled(self) -> Select[Any]:
        """One row without a value in its cursor, which would never be read."""
        assert self.cursor is not None
        return select(literal(1)).select_from(self._from).where(self.cursor.is_(None), *self._filters).limit(1)

    def lines(self, values: Sequence[Sequence[Any]]) -> Select[*tuple[Any, ...]]:
        """The order lines of some orders: the columns of ``on``, then those of the fields, in the lines' own order."""
        spec = self.table.lines
        assert spec is not None and self._lines is not None
        own = [_column(self._lines, name, spec.table) for name in spec.on.values()]
        wanted = [
            _column(self._lines, name, spec.table) for one in spec.fields.values() for name in as_field(one).columns
        ]
        if len(own) == 1:
            which: ColumnElement[bool] = own[0].in_([one[0] for one in values])
        else:
            which = or_(*[and_(*[a == b for a, b in zip(own, one, strict=True)]) for one in values])
        order = [*own, *self._lines.primary_key.columns]
        return select(*own, *wanted).select_from(self._lines).where(which).order_by(*order)

    def _order(self) -> list[ColumnElement[Any]]:
        return [*([] if self.cursor is None else [self.cursor]), *self.keys]

    def _cursor(self, names: Sequence[str]) -> ColumnElement[Any] | None:
        if not names:
            return None
        columns = [self.column(name) for name in names]
        found: ColumnElement[Any] = columns[0] if len(columns) == 1 else func.coalesce(*columns)
        return self._sent(found)

    def _sent(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """A column of the order of reading, so that a value that was read is sent back as the database has it."""
        if self._dialect != "mssql" or not isinstance(column.type, DateTime):
            return column
        if type(column.type).__name__ == "DATETIME":
            return type_coerce(column, _OldTime())
        # Seven digits there, six here: without this the last row would come again for ever.
        return cast(column, DATETIME2(6))  # type: ignore[no-untyped-call]

    def _condition(self, one: Condition) -> ColumnElement[bool]:
        column, value = self.column(one.column), one.value
        if one.op == "empty":
            return column.is_(None)
        if one.op == "filled":
            return column.is_not(None)
        if isinstance(value, list):
            return column.in_(value) if one.op == "in" else column.not_in(value)
        if one.op == "starts":
            return column.startswith(str(value), autoescape=True)
        compared: dict[str, ColumnElement[bool]] = {
            "eq": column == value,
            "ne": column != value,
            "lt": column < value,
            "le": column <= value,
            "gt": column > value,
            "ge": column >= value,
        }
        return compared[one.op]

    def _reflect(self, connection: Connection, name: str) -> SqlTable:
        schema, _, short = name.rpartition(".")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SAWarning)  # types that it does not know come as they are
                return SqlTable(
                    short, self._metadata, schema=schema or None, autoload_with=connection, resolve_fks=False,
                    extend_existing=True,
                )  # fmt: skip
        except NoSuchTableError as error:
            raise PullFailed(f"the database has no table {name} (or this user may not see it)", retry=False) from error


def _column(table: FromClause, name: str, where: str) -> Column[Any]:
    if name not in table.c:
        known = ", ".join(list(table.c.keys())[:40])
        raise PullFailed(f"{where} has no column {name}; it has {known}", retry=False)
    return table.c[name]  # type: ignore[return-value]


def _behind(order: Sequence[ColumnElement[Any]], after: Position) -> ColumnElement[bool]:
    """Rows behind a position in lexical order; the plain condition on the first column lets an index be used."""
    ways = [
        and_(*[one == value for one, value in zip(order[:depth], after, strict=False)], order[depth] > after[depth])
        for depth in range(len(order))
    ]
    return and_(order[0] >= after[0], or_(*ways)) if len(ways) > 1 else ways[0]


def back(value: Any, overlap: float) -> Any:
    """A cursor's value that much earlier; a text can't be."""
    if isinstance(value, datetime):
        return value - timedelta(seconds=overlap)
    if isinstance(value, date):
        return value - timedelta(days=max(1, -(-int(overlap) // 86_400)))
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value - type(value)(int(overlap))
    return value


def grain(value: Any) -> float:
    """Seconds within which equal values of a cursor may still be given out."""
    return 2.0 if isinstance(value, datetime) else 172_800.0 if isinstance(value, date) else 900.0


def pack(position: Position) -> Position:
    """A position as JSON."""
    return [_packed(value) for value in position]


def _packed(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, Decimal):
        return {"number": str(value)}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, UUID):
        return {"uuid": str(value)}
    return value if isinstance(value, int | float | str) else {"text": str(value)}


def unpack(position: Position) -> Position:
    """A position from JSON."""
    return [_unpacked(value) for value in position]


def _unpacked(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    (kind, text), *_ = value.items()
    if kind == "time":
        return datetime.fromisoformat(text)
    if kind == "date":
        return date.fromisoformat(text)
    if kind == "number":
        return Decimal(text)
    if kind == "uuid":
        return UUID(text)
    return bytes.fromhex(text) if kind == "bytes" else text
