"""The pool in a DuckDB file: one process holds it, one writer at a time, readers see snapshots."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlglot import exp

from onepool.pool.engine import Params, PoolBusy, PoolError, Query, quote


class DuckDBSession:
    """One cursor inside one transaction."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor
        self._relations: set[str] = set()

    def query(self, sql: Query, params: Params | None = None) -> pa.Table:
        try:
            relation = self._cursor.sql(_text(sql), params=dict(params) if params else None)
            if relation is None:
                raise PoolError("not a query: it returns no rows", hint="use execute() for statements")
            return _utc(relation.to_arrow_table())
        except duckdb.Error as error:
            raise _failed(error) from error

    def scan(self, sql: Query, params: Params | None = None, *, rows: int = 1 << 20) -> Iterator[pa.RecordBatch]:
        """The answer in batches, read as they are asked for."""
        try:
            relation = self._cursor.sql(_text(sql), params=dict(params) if params else None)
            if relation is None:
                raise PoolError("not a query: it returns no rows", hint="use execute() for statements")
            yield from relation.to_arrow_reader(rows)
        except duckdb.Error as error:
            raise _failed(error) from error

    def execute(self, sql: Query, params: Params | None = None) -> None:
        try:
            self._cursor.execute(_text(sql), dict(params) if params else None)
        except duckdb.Error as error:
            raise _failed(error) from error

    def append(self, table: str, data: pa.Table) -> None:
        if data.num_rows == 0:
            return
        names = ", ".join(quote(name) for name in data.column_names)
        self._cursor.register("_append", data)
        try:
            # Names are quoted; values travel as Arrow.
            self._cursor.execute(f"INSERT INTO {quote(table)} BY NAME SELECT {names} FROM _append")
        except duckdb.Error as error:
            raise _failed(error) from error
        finally:
            self._cursor.unregister("_append")

    def relation(self, name: str, data: pa.Table) -> None:
        self._cursor.register(name, data)
        self._relations.add(name)

    def interrupt(self) -> None:
        """Stop the query that runs in this session, from another thread; there it raises PoolError."""
        self._cursor.interrupt()

    def release(self) -> None:
        for name in self._relations:
            self._cursor.unregister(name)
        self._relations.clear()


class DuckDBEngine:
    """A pool in one DuckDB file (or in memory).

    The engine reads and writes nothing but its own file: file functions, extensions and settings are locked, so that
    an analyst's query can't reach the machine. Raises PoolBusy when another process holds the file.
    """

    dialect = "duckdb"

    def __init__(self, path: Path | str, zone: str = "UTC", *, memory: str | None = None, threads: int | None = None):
        self._path = str(path)
        try:
            self._connection = duckdb.connect(self._path)
        except duckdb.IOException as error:
            if "lock" in str(error).lower():
                raise PoolBusy(
                    "another process holds the pool", where=self._path, hint="is a server running?"
                ) from error
            raise PoolError(str(error), where=self._path) from error
        self._write_lock = threading.RLock()
        self._connection.execute(f"SET GLOBAL TimeZone = {_literal(zone)}")
        if memory is not None:
            self._connection.execute(f"SET memory_limit = {_literal(memory)}")
        if threads is not None:
            self._connection.execute(f"SET threads = {int(threads)}")
        # Wide rows make a large write-ahead log; at the default of 16 MB every tick would end in a checkpoint.
        self._connection.execute("SET checkpoint_threshold = '256MB'")
        self._connection.execute("SET preserve_insertion_order = false")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def query(self, sql: Query, params: Params | None = None) -> pa.Table:
        with self.read() as session:
            return session.query(sql, params)

    @contextmanager
    def read(self) -> Iterator[DuckDBSession]:
        yield from self._session(commit=False)

    @contextmanager
    def write(self) -> Iterator[DuckDBSession]:
        with self._write_lock:
            yield from self._session(commit=True)

    def _session(self, *, commit: bool) -> Iterator[DuckDBSession]:
        cursor = self._connection.cursor()
        session = DuckDBSession(cursor)
        try:
            cursor.begin()
            try:
                yield session
            except BaseException:
                cursor.rollback()
                raise
            if commit:
                try:
                    cursor.commit()
                except duckdb.Error as error:
                    raise _failed(error) from error
            else:
                cursor.rollback()
        finally:
            session.release()
            cursor.close()

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the file."""
        with self._write_lock:
            self._connection.execute("CHECKPOINT")

    def close(self) -> None:
        self._connection.close()


_MACHINE = (
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.InterruptException,
)


def _failed(error: duckdb.Error) -> PoolError:
    failed = PoolError(str(error))
    failed.transient = isinstance(error, _MACHINE)
    return failed


def _text(sql: Query) -> str:
    return sql.sql("duckdb") if isinstance(sql, exp.Expression) else sql


def _utc(table: pa.Table) -> pa.Table:
    """Instants leave the engine in UTC whatever the session's zone, so that no caller depends on it."""
    for index, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type) and field.type.tz not in (None, "UTC"):
            table = table.set_column(index, field.name, table.column(index).cast(pa.timestamp("us", tz="UTC")))
    return table


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
