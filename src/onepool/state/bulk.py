"""Many rows with one statement, at the driver's own speed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, Final

from sqlalchemy import Connection, Insert, Table, Update
from sqlalchemy.engine.interfaces import Compiled
from sqlalchemy.exc import DBAPIError

_SIZES: Final = (250, 16, 1)
"""Rows of one statement: few different statements, so that each is prepared once."""

_MOST_VALUES: Final = 30_000
"""SQLite takes 32,766 in one statement."""


def insert_many(
    connection: Connection, statement: Insert, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Run an insert for rows of plain values in the order of `columns`.

    SQLAlchemy's own path looks at every value of every row; the values here are numbers, text and bytes that every
    driver takes as they are.
    """
    names = list(columns)
    _run(connection, statement.compile(dialect=connection.dialect, column_keys=names), names, rows)


def insert_alike(
    connection: Connection, table: Table, columns: Mapping[str, Sequence[Any]], same: Mapping[str, Any]
) -> None:
    """Insert rows whose values differ in `columns` only; those of `same` are of all rows.

    SQLite opens a table and its indexes for every statement, and copies each page that a statement with many rows
    touches unless it gives up at once (`OR FAIL`): many rows with one statement cost a third of one statement each.
    PostgreSQL takes them by COPY.
    """
    count = len(next(iter(columns.values()), ()))
    if count == 0:
        return
    if connection.dialect.name == "sqlite":
        _insert_alike(connection, table, columns, count, same)
        return
    rows = zip(*columns.values(), strict=True)
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(name) for name in (*columns, *same))
    constants = tuple(same.values())
    statement = f"COPY {quote(table.name)} ({names}) FROM STDIN"
    cursor: Any = connection.connection.cursor()
    try:
        with cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row((*row, *constants))
    except connection.dialect.loaded_dbapi.Error as error:
        # Like all others that the state raises.
        plain = connection.dialect.loaded_dbapi.Error
        raise DBAPIError.instance(statement, None, error, plain, hide_parameters=True) from error


def _insert_alike(
    connection: Connection, table: Table, columns: Mapping[str, Sequence[Any]], count: int, same: Mapping[str, Any]
) -> None:
    quote = connection.dialect.identifier_preparer.quote
    width = len(columns)
    names = ", ".join(quote(name) for name in (*same, *columns))
    values = ["?"] * len(same) + [f"v.column{number + 1}" for number in range(width)]
    head = f"INSERT OR FAIL INTO {quote(table.name)} ({names}) SELECT {', '.join(values)} FROM (VALUES "  # noqa: S608
    one = f"({', '.join('?' * width)})"
    constants = tuple(same.values())
    flat = _beside(list(columns.values()), count)
    for size, start, end in _stretches(count, width, len(same)):
        step = size * width
        parts = [(*constants, *flat[at : at + step]) for at in range(start * width, end * width, step)]
        connection.exec_driver_sql(f"{head}{', '.join([one] * size)}) v", parts)


def _beside(columns: Sequence[Sequence[Any]], count: int) -> list[Any]:
    """The values of all rows, one row behind the other, without an object for each row."""
    flat: list[Any] = [None] * (count * len(columns))
    for place, values in enumerate(columns):
        flat[place :: len(columns)] = values
    return flat


def _stretches(count: int, width: int, constants: int) -> Iterator[tuple[int, int, int]]:
    """(rows of a statement, first row, end) of stretches that statements of few different sizes cover."""
    start = 0
    for size in _SIZES:
        if size > 1 and size * width + constants > _MOST_VALUES:
            continue
        end = start + (count - start) // size * size
        if end > start:
            yield size, start, end
        start = end


def update_alike(
    connection: Connection,
    table: Table,
    key: str,
    keys: Sequence[int],
    columns: Mapping[str, Sequence[Any]],
    same: Mapping[str, Any],
) -> None:
    """Update rows by a number that tells them apart: `columns` differ by row, those of `same` are of all of them."""
    if not keys or not (columns or same):
        return
    quote = connection.dialect.identifier_preparer.quote
    name, number = quote(table.name), quote(key)
    if connection.dialect.name == "sqlite":
        changes = ", ".join(f"{quote(one)} = ?" for one in (*same, *columns))
        rows = list(zip(*(repeat(value) for value in same.values()), *columns.values(), keys, strict=False))
        connection.exec_driver_sql(f"UPDATE {name} SET {changes} WHERE {number} = ?", rows)  # noqa: S608
        return
    dialect = connection.dialect
    kinds = {one: table.c[one].type.compile(dialect=dialect).split("(")[0] for one in (key, *columns, *same)}
    changes = ", ".join(
        [f"{quote(one)} = %s::{kinds[one]}" for one in same] + [f"{quote(one)} = v.{quote(one)}" for one in columns]
    )
    arrays = ", ".join(f"%s::{kinds[one]}[]" for one in (key, *columns))
    listed = ", ".join(quote(one) for one in (key, *columns))
    connection.exec_driver_sql(
        f"UPDATE {name} SET {changes} FROM unnest({arrays}) AS v({listed}) WHERE {name}.{number} = v.{number}",  # noqa: S608
        (*same.values(), list(keys), *(list(values) for values in columns.values())),
    )


def update_many(connection: Connection, statement: Update, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Run an update for rows of plain values in the order of `names`, the names of its bound parameters; constants of
    the statement are the same for every row."""
    rows = list(rows)
    if not rows:
        return
    _run(connection, statement.compile(dialect=connection.dialect), list(names), rows)


def _run(connection: Connection, compiled: Compiled, names: list[str], rows: Iterable[Sequence[Any]]) -> None:
    text = str(compiled)
    fixed = {name: value for name, value in compiled.params.items() if name not in names}
    names = [*names, *fixed]
    constants = tuple(fixed.values())
    values: list[Any]
    if getattr(compiled, "positional", False):
        order = [names.index(name) for name in getattr(compiled, "positiontup", None) or ()]
        if constants:
            rows = ((*row, *constants) for row in rows)
        same = order == list(range(len(names)))  # as the rows have them already
        values = [tuple(row) for row in rows] if same else [tuple(row[place] for place in order) for row in rows]
    else:
        values = [_named(names, (*row, *constants)) for row in rows]
    if values:
        connection.exec_driver_sql(text, values)


def _named(names: Sequence[str], row: Sequence[Any]) -> Mapping[str, Any]:
    return dict(zip(names, row, strict=True))
