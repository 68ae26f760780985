"""Many values as one bound value: the same statement however many there are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias


def among(connection: Connection, column: Column[Any], values: Sequence[int] | Sequence[str]) -> ColumnElement[bool]:
    """Whether a column's value is one of these: ``json_each`` on SQLite, an array on PostgreSQL."""
    if connection.dialect.name == "sqlite":
        return column.in_(select(each(connection, values).c.value))
    kind = BigInteger if isinstance(column.type, BigInteger) else Text
    return column == any_(bindparam(None, list(values), type_=ARRAY(kind)))


def each(connection: Connection, values: Sequence[int] | Sequence[str]) -> TableValuedAlias:
    """The values as a table with the column ``value``. Texts on PostgreSQL."""
    if connection.dialect.name == "sqlite":
        return func.json_each(bindparam(None, json.dumps(list(values)), type_=Text)).table_valued("value")
    given = func.unnest(bindparam(None, list(values), type_=ARRAY(Text)))
    return given.table_valued("value").render_derived()
