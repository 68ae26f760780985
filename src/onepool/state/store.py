"""Opening the state and its transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from sqlite3 import sqlite_version_info

from sqlalchemy import Connection, create_engine, event, insert, make_url, select, text, update
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from onepool.errors import OnePoolError
from onepool.state import consents, coupons, journeys, kept, outbox, schema
from onepool.state.checkpoints import Checkpoints
from onepool.state.tables import metadata

_ROOMS = (journeys, outbox, consents, coupons)
"""Their tables are made with the others."""


_RETIRED = ("sends_waiting", "runs_due", "runs_due_version")
"""Indexes of earlier editions. One whose columns change gets a new name, and its old one stands here."""

_WAIT_SECONDS = 30
"""How long a writer waits for another one."""

# One writer at a time for each schema of a PostgreSQL database; the number tells OnePool's locks from others' locks.
_LOCK = f"SET LOCAL lock_timeout = '{_WAIT_SECONDS}s'; SELECT pg_advisory_xact_lock(726101, hashtext(current_schema()))"


_SQLITE_INDEXES = text("SELECT name FROM sqlite_master WHERE type = 'index'")
_POSTGRES_INDEXES = text("SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()")


class StateError(OnePoolError):
    """The state can't be opened or written."""

    code = "state"


class State:
    """The state of one workspace, by SQLAlchemy URL.

    SQLite runs in WAL mode with `synchronous=FULL`: a committed decision is on disk. Write transactions start with
    BEGIN IMMEDIATE, so that two writers wait for each other instead of failing half-way. On PostgreSQL an advisory lock
    that ends with the transaction does the same: what a writer reads is what the writer before it committed.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._sqlite = url.startswith("sqlite")
        self._postgres = url.startswith("postgresql")
        file = make_url(url).database if self._sqlite else None
        on_disk = bool(file) and file != ":memory:"
        # Of SQLite whoever asks gets the connection used last: it has the pages that were read and written of late.
        self.engine: Engine = create_engine(
            url,
            pool_pre_ping=not self._sqlite,
            hide_parameters=True,  # the values of a failed statement are customers' values; errors go into logs
            **({"pool_use_lifo": True} if on_disk else {}),
        )
        self._checkpoints = Checkpoints(Path(str(file))) if on_disk else None
        if self._sqlite:
            event.listen(self.engine, "connect", _configure_sqlite)
        try:
            with self.write() as connection:
                metadata.create_all(connection)
                self._indexes(connection)
                kept.enforce(connection)
                found = get_meta(connection, "schema_version")
                if found is None:
                    set_meta(connection, "schema_version", str(schema.VERSION))
                elif int(found) != schema.VERSION:
                    raise StateError(
                        f"the state has schema version {found}, this OnePool reads {schema.VERSION}",
                        where=self.engine.url.render_as_string(hide_password=True),
                        hint="editions before 1.0 don't convert: make a new workspace and import the data again",
                    )
        except DatabaseError as error:
            raise StateError(str(error.orig), where=self.engine.url.render_as_string(hide_password=True)) from error

    @classmethod
    def at(cls, path: Path) -> State:
        """The SQLite state in a file (made when missing)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite:///{path}")

    def _indexes(self, connection: Connection) -> None:
        """Indexes of tables that were there already, as this edition has them: `create_all` leaves those alone."""
        if not (self._sqlite or self._postgres):
            return
        known = set(connection.execute(_SQLITE_INDEXES if self._sqlite else _POSTGRES_INDEXES).scalars())
        for table in metadata.tables.values():
            for index in table.indexes:
                if index.name not in known:
                    index.create(connection)
        for name in _RETIRED:
            if name in known:
                connection.exec_driver_sql(f"DROP INDEX {name}")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self, *, much: bool = False) -> Iterator[Connection]:
        """A transaction: committed on leaving, rolled back on an error.

        `much`: what SQLite would do within the commit for the pages written so far happens behind it, in a thread.
        """
        with self.engine.connect() as connection, self._unhurried(connection, much):
            if self._sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            elif self._postgres:
                connection.exec_driver_sql(_LOCK)
            with connection.begin() if not connection.in_transaction() else _finish(connection):
                yield connection

    def _unhurried(self, connection: Connection, much: bool) -> AbstractContextManager[None]:
        return self._checkpoints.left_out(connection) if much and self._checkpoints is not None else nullcontext()

    def meta(self, key: str) -> str | None:
        """A single stored value."""
        with self.read() as connection:
            return get_meta(connection, key)

    def close(self) -> None:
        if self._checkpoints is not None:
            self._checkpoints.close()
        self.engine.dispose()


def get_meta(connection: Connection, key: str) -> str | None:
    """The stored value of a key, or None."""
    return connection.execute(select(schema.meta.c.value).where(schema.meta.c.key == key)).scalar_one_or_none()


def set_meta(connection: Connection, key: str, value: str) -> None:
    """Store a value under a key."""
    changed = connection.execute(update(schema.meta).where(schema.meta.c.key == key).values(value=value))
    if changed.rowcount == 0:
        connection.execute(insert(schema.meta).values(key=key, value=value))


@contextmanager
def _finish(connection: Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _configure_sqlite(connection: SqliteConnection, _record: ConnectionPoolEntry) -> None:
    if sqlite_version_info < (3, 35):
        raise StateError("SQLite 3.35 or later is needed", hint="use a newer Python build")
    # Transactions are begun by hand (BEGIN IMMEDIATE); the driver must not begin its own.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute(f"PRAGMA busy_timeout = {_WAIT_SECONDS * 1000}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
