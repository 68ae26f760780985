"""What is in a database: tables, their columns, and a few rows to look at before anything is mapped."""

from __future__ import annotations

import warnings
from typing import Any

from sqlalchemy import MetaData, inspect, select
from sqlalchemy import Table as SqlTable
from sqlalchemy.exc import NoSuchTableError, SAWarning

from onepool.channels.base.account import Account
from onepool.channels.base.channel import Column, PullFailed, Shape
from onepool.channels.base.database_engine import open_engine, reading

MOST_TABLES = 2_000
_TIMEOUT = 20
_CELL = 200


def attempt(account: Account) -> None:
    """Connect and ask one thing. Raises PullFailed."""
    engine = open_engine(account.text("url"), _TIMEOUT)
    try:
        with reading(engine, _TIMEOUT) as connection:
            connection.execute(select(1))
    finally:
        engine.dispose()


def tables(account: Account) -> list[str]:
    """The tables and views that there are, ``schema.table`` outside of the default schema. Raises PullFailed."""
    engine = open_engine(account.text("url"), _TIMEOUT)
    try:
        with reading(engine, _TIMEOUT) as connection:
            looked = inspect(connection)
            usual = looked.default_schema_name
            found: list[str] = []
            hidden = {"information_schema", "mysql", "performance_schema", "sys", "guest", "INFORMATION_SCHEMA"}
            for schema in looked.get_schema_names():
                if schema in hidden or schema.startswith(("pg_", "db_")):
                    continue
                if connection.dialect.name in ("mysql", "mariadb") and schema != usual:
                    continue
                head = "" if schema == usual or connection.dialect.name == "sqlite" else f"{schema}."
                found += [head + name for name in (*looked.get_table_names(schema), *looked.get_view_names(schema))]
            return sorted(found)[:MOST_TABLES]
    finally:
        engine.dispose()


def shape(account: Account, table: str, rows: int = 5) -> Shape:
    """One table with its columns and first rows. Raises PullFailed."""
    schema, _, short = table.rpartition(".")
    engine = open_engine(account.text("url"), _TIMEOUT)
    try:
        with reading(engine, _TIMEOUT) as connection:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", SAWarning)
                    found = SqlTable(
                        short, MetaData(), schema=schema or None, autoload_with=connection, resolve_fks=False
                    )
            except NoSuchTableError as error:
                raise PullFailed(f"the database has no table {table}", retry=False) from error
            keys = {one.name for one in found.primary_key.columns}
            first = {index.columns[0].name for index in found.indexes if len(index.columns)} | keys
            columns = [
                Column(one.name, str(one.type).lower()[:60], bool(one.nullable), one.name in keys, one.name in first)
                for one in found.columns
            ]
            answer = connection.execute(select(found).limit(rows))
            return Shape(table, columns, [[_shown(value) for value in row] for row in answer])
    finally:
        engine.dispose()


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes | bytearray | memoryview):
        return f"({len(value)} bytes)"
    return str(value)[:_CELL]
