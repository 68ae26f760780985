"""The log: every accepted request, raw, durable and in order. The truth about what came in."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import apsw

from onepool.clock import from_micros, to_micros
from onepool.collect.turn import Turn
from onepool.errors import OnePoolError


@dataclass(frozen=True, slots=True)
class NewRecord:
    """One request to be logged. ``headers`` is a small JSON object, ``body`` the bytes as received."""

    received_at: datetime
    touchpoint: str
    protocol: str
    headers: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Record(NewRecord):
    """One request in the log, at its ``offset`` (1, 2, 3 … in the order of commits)."""

    offset: int


class Log(Protocol):
    """What collectors and the tick need from a log; narrow enough for a broker to stand behind it."""

    def append(self, records: Sequence[NewRecord]) -> list[int]:
        """Makes the records durable, all or none, and returns their offsets. Raises LogUnavailable.

        An empty sequence proves that the log can be written, by a durable write that adds no record.
        """
        ...

    def read(self, after: int, max_records: int, max_bytes: int) -> list[Record]:
        """The records behind offset ``after`` in order; at least one if there is any, whatever its size."""
        ...

    def get(self, offsets: Sequence[int]) -> list[Record]:
        """The records at these offsets, ascending, without those that are not in the log."""
        ...

    def end(self) -> int:
        """The offset of the last record, 0 for an empty log."""
        ...

    def close(self) -> None:
        """Releases files and threads. What was appended stays durable."""
        ...


class LogUnavailable(OnePoolError):
    """The log can't be written or read at the moment (disk full, not writable, damaged). Nothing was appended."""

    code = "log-unavailable"


class LogSchemaError(OnePoolError):
    """The file is not a log, or one of another version."""

    code = "log-schema"


SCHEMA_VERSION = 1
_APPLICATION_ID = 0x4F506C67  # "OPlg": tells a log from any other SQLite file

_SCHEMA = """
CREATE TABLE record (
    offset      INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at INTEGER NOT NULL,   -- microseconds since 1970, UTC
    touchpoint  TEXT NOT NULL,
    protocol    TEXT NOT NULL,
    headers     BLOB NOT NULL,      -- a small JSON object
    body        BLOB NOT NULL       -- as received
) STRICT;
INSERT INTO sqlite_sequence (name, seq) VALUES ('record', 0);
"""
_COLUMNS = "received_at, touchpoint, protocol, headers, body, offset"
_INSERT = f"INSERT INTO record ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608 - constant
_READ = f"SELECT {_COLUMNS} FROM record WHERE offset > ? ORDER BY offset LIMIT ?"  # noqa: S608 - constant
_GET = f"SELECT {_COLUMNS} FROM record WHERE offset IN (SELECT value FROM json_each(?)) ORDER BY offset"  # noqa: S608
_END = "SELECT seq FROM sqlite_sequence WHERE name = 'record'"

_PAGE_BYTES = 16384
_PASSIVE_PAGES = 256
_RESTART_PAGES = 8192
_BUSY_MS = 10_000

_UNAVAILABLE = (apsw.Error, OSError)


class SqliteLog:
    """The embedded log: one SQLite file, WAL, ``synchronous=FULL``, one row a request.

    Any number of threads and processes may hold the same file open, each with its own SqliteLog or sharing one.
    Offsets are given out inside the write transaction, so they appear in the order of commits: a reader who has seen
    offset n will never later find a smaller one. Checkpoints run in a thread of their own, outside of ``append``.

    apsw brings its own SQLite, so the log does not depend on the version that the machine happens to have (up to
    3.51.2 two checkpointing processes could damage a WAL database: https://www.sqlite.org/wal.html#walresetbug).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._wal_pages = 0
        self._moved_pages = 0
        self._checkpointer: threading.Thread | None = None
        with self._available(), contextlib.ExitStack() as undo:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = self._open()
            undo.callback(self._writer.close, True)
            self._turn = Turn(path.with_name(path.name + ".turn"))
            undo.callback(self._turn.close)
            self._create()
            self._reader = self._open()
            undo.pop_all()

    def append(self, records: Sequence[NewRecord]) -> list[int]:
        rows = [
            (to_micros(record.received_at), record.touchpoint, record.protocol, record.headers, record.body)
            for record in records
        ]
        with self._write_lock, self._available(), self._turn:
            first = self._write(rows)
        if self._wal_pages < self._moved_pages:
            self._moved_pages = 0  # the WAL has begun anew
        if self._wal_pages >= self._moved_pages + _PASSIVE_PAGES:
            self._wake_checkpointer()
        return list(range(first, first + len(rows)))

    def read(self, after: int, max_records: int, max_bytes: int) -> list[Record]:
        found: list[Record] = []
        size = 0
        with self._read_lock, self._available():
            cursor = self._reader.cursor()
            for row in cursor.execute(_READ, (after, max_records)):
                size += len(row[4])
                if found and size > max_bytes:
                    break
                found.append(_record(row))
            cursor.close(True)  # ends the read transaction, which would hold up checkpoints
        return found

    def get(self, offsets: Sequence[int]) -> list[Record]:
        listed = "[" + ",".join(str(int(offset)) for offset in offsets) + "]"
        with self._read_lock, self._available():
            return [_record(row) for row in self._reader.execute(_GET, (listed,)).fetchall()]

    def end(self) -> int:
        with self._read_lock, self._available():
            return int(self._reader.execute(_END).get or 0)

    def close(self) -> None:
        self._closed = True
        self._wake.set()
        if self._checkpointer is not None:
            self._checkpointer.join()
        with self._write_lock, self._read_lock:
            self._writer.close(True)
            self._reader.close(True)
            self._turn.close()

    def _open(self) -> apsw.Connection:
        connection = apsw.Connection(str(self._path))
        try:
            connection.set_busy_timeout(_BUSY_MS)
            connection.pragma("page_size", _PAGE_BYTES)
            self._check(connection)  # before anything is written to a file that may be someone else's
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "full")
        except BaseException:
            connection.close(True)
            raise
        connection.set_wal_hook(self._committed)  # also switches off checkpoints inside of COMMIT
        return connection

    def _check(self, connection: apsw.Connection) -> bool:
        """Whether the log's tables are there already; raises if the file is something else."""
        hint = "give the path of a log, or of a new file"
        try:
            version = connection.pragma("user_version")
            owner = connection.pragma("application_id")
            tables = connection.execute("SELECT count(*) FROM sqlite_schema").get
        except apsw.NotADBError:
            raise LogSchemaError("the file is not a SQLite database", where=str(self._path), hint=hint) from None
        if version == 0 and owner == 0 and tables == 0:
            return False
        if owner != _APPLICATION_ID:
            raise LogSchemaError("the database is not a log of OnePool", where=str(self._path), hint=hint)
        if version != SCHEMA_VERSION:
            message = f"the log has format {version}, this version of OnePool reads and writes format {SCHEMA_VERSION}"
            hint = "use the version of OnePool that made it, or a newer one"
            raise LogSchemaError(message, where=str(self._path), hint=hint)
        return True

    def _create(self) -> None:
        with self._turn:
            self._writer.execute("BEGIN IMMEDIATE")
            with contextlib.ExitStack() as undo:
                undo.callback(self._writer.execute, "ROLLBACK")
                if not self._check(self._writer):
                    self._writer.execute(_SCHEMA)
                    self._writer.pragma("application_id", _APPLICATION_ID)
                    self._writer.pragma("user_version", SCHEMA_VERSION)
                self._writer.execute("COMMIT")
                undo.pop_all()

    def _write(self, rows: list[tuple[int, str, str, bytes, bytes]]) -> int:
        """One durable transaction; returns the first of the new, consecutive offsets."""
        writer = self._writer
        try:
            writer.execute("BEGIN IMMEDIATE")
            first = int(writer.execute(_END).get) + 1
            if rows:
                writer.executemany(_INSERT, ((*row, offset) for offset, row in enumerate(rows, first)))
            else:
                writer.pragma("user_version", SCHEMA_VERSION)
            writer.execute("COMMIT")
        except BaseException:
            # After some errors (disk full, input/output) SQLite has rolled back by itself.
            if writer.in_transaction:
                writer.execute("ROLLBACK")
            raise
        return first

    @contextlib.contextmanager
    def _available(self) -> Iterator[None]:
        try:
            yield
        except _UNAVAILABLE as error:
            hint = "free disk space or make the file writable; senders keep their data and try again"
            raise LogUnavailable(f"the log can't be used: {error}", where=str(self._path), hint=hint) from error

    def _committed(self, connection: apsw.Connection, name: str, pages: int) -> int:
        del connection, name
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _wake_checkpointer(self) -> None:
        if self._checkpointer is None or not self._checkpointer.is_alive():
            self._checkpointer = threading.Thread(target=self._checkpoint, name="log-checkpoint", daemon=True)
            self._checkpointer.start()
        self._wake.set()

    def _checkpoint(self) -> None:
        """The checkpointer's life: whenever enough pages have gathered it moves them into the main file."""
        connection = self._open()
        try:
            while self._wake.wait():
                self._wake.clear()
                if self._closed:  # looked at after clearing: a call to close in between must not go unheard
                    break
                # A failure here (disk full, busy) loses nothing: the pages stay in the WAL until the next try.
                with contextlib.suppress(*_UNAVAILABLE):
                    self._move_pages(connection)
        finally:
            connection.close(True)

    def _move_pages(self, connection: apsw.Connection) -> None:
        """Moves committed pages into the main file, so that the WAL can begin anew.

        A passive checkpoint never holds up appends, but while appends keep coming the WAL is never wholly moved and
        only grows. So above a second mark it is finished off with the writers kept out for the short rest.
        """
        # A checkpoint syncs two files to the disk that the appends wait for too: not one for each append.
        self._moved_pages = self._wal_pages
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        if self._wal_pages >= _RESTART_PAGES:
            with self._turn:
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)


def _record(row: tuple[object, ...]) -> Record:
    received_at, touchpoint, protocol, headers, body, offset = row
    return Record(from_micros(received_at), touchpoint, protocol, headers, body, offset)  # type: ignore[arg-type]
