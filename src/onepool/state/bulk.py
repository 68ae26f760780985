"""Many rows with one statement, at the driver's own speed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Insert, Table, Update, insert
from sqlalchemy.engine.interfaces import Compiled


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

    On SQLite the latter are bound once, in a table of one row: binding forty values a row costs more than writing them.
    """
    if connection.dialect.name != "sqlite" or not same:
        count = len(next(iter(columns.values()), ()))
        every = {**columns, **{name: [value] * count for name, value in same.items()}}
        insert_many(connection, insert(table), list(every), zip(*every.values(), strict=True))
        return
    quote = connection.dialect.identifier_preparer.quote
    names, constant = [quote(name) for name in columns], [quote(name) for name in same]
    marks = ", ".join("?" * len(names))
    connection.exec_driver_sql("DROP TABLE IF EXISTS temp._alike")
    connection.exec_driver_sql(
        f"CREATE TEMP TABLE _alike AS SELECT {', '.join(f'? AS {name}' for name in constant)}", tuple(same.values())
    )
    rows = list(zip(*columns.values(), strict=True))
    if rows:
        connection.exec_driver_sql(
            f"INSERT INTO {quote(table.name)} ({', '.join([*names, *constant])}) "  # noqa: S608 - names of the schema
            f"SELECT {marks}, {', '.join(f'a.{name}' for name in constant)} FROM temp._alike a",
            rows,
        )
    connection.exec_driver_sql("DROP TABLE temp._alike")


def update_many(connection: Connection, statement: Update, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Run an update for rows of plain values in the order of `names`, the names of its bound parameters; constants of
    the statement are the same for every row."""
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
