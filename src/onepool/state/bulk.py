"""Many rows with one statement, at the driver's own speed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Insert


def insert_many(
    connection: Connection, statement: Insert, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Run an insert for rows of plain values in the order of `columns`.

    SQLAlchemy's own path looks at every value of every row; the values here are numbers, text and bytes that every
    driver takes as they are.
    """
    names = list(columns)
    compiled = statement.compile(dialect=connection.dialect, column_keys=names)
    text = str(compiled)
    values: list[Any]
    if compiled.positional:
        order = [names.index(name) for name in compiled.positiontup or ()]
        values = [tuple(row[place] for place in order) for row in rows]
    else:
        values = [_named(names, row) for row in rows]
    if values:
        connection.exec_driver_sql(text, values)


def _named(names: Sequence[str], row: Sequence[Any]) -> Mapping[str, Any]:
    return dict(zip(names, row, strict=True))
