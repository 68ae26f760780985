"""Reading tables from where they stood: pages of rows with the position behind each.

Rows are read in the order of (cursor, key) up to the greatest cursor that there was when the pass began. A row that was
committed late, with an earlier cursor, is found by the next pass, which begins ``overlap`` before the last position:

- within a pass every statement sees at least what was committed when the pass began; what comes later has a cursor no
  more than ``overlap`` before the pass's end, so the next pass meets it;
- what the next pass meets again is known by its digest and left out; where that is too much to remember it is kept
  again, and the tick drops it by its message id;
- when nothing new has come for longer than ``overlap``, there is nothing left to look for, and reading begins behind
  the last row.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

import msgspec
import zstandard
from sqlalchemy import Connection
from sqlalchemy.engine import Engine

from onepool.channels.base.account import Account
from onepool.channels.base.channel import Cursor, Page, PullFailed
from onepool.channels.base.database import Table
from onepool.channels.base.database_engine import open_engine, reading
from onepool.channels.base.database_query import Position, Source, back, grain, pack, unpack

_SEGMENT: Final = 20
"""Pages of one statement; its rows are streamed."""

MOST_SEEN: Final = 20_000
"""Digests of rows that are remembered from one pass to the next."""

_DIGEST_BYTES: Final = 8

_encode = msgspec.json.Encoder(enc_hook=str).encode


def pull(table: Table, account: Account, cursor: Cursor, now: datetime) -> Iterator[Page]:
    """The pages of a table from a cursor on. Raises PullFailed in words for the operator."""
    engine = open_engine(account.text("url"), table.timeout)
    try:
        yield from _Pass(table, engine, cursor, now).pages()
    finally:
        engine.dispose()


class _Pass:
    """One reading of a table."""

    def __init__(self, table: Table, engine: Engine, cursor: Cursor, now: datetime) -> None:
        self._table = table
        self._engine = engine
        self._now = now
        self._cursor = dict(cursor)
        at = cursor.get("at")
        self._at: Position | None = None if at is None else unpack(at)
        self._before = _digests(cursor.get("seen"))
        self._seen: set[bytes] | None = set()
        self._edge: Any = None
        """From this value of the cursor on, rows may be met again."""
        self._key_at = 0

    def pages(self) -> Iterator[Page]:
        with reading(self._engine, self._table.timeout) as connection:
            source = Source(connection, self._table)
            top = self._top(connection, source)
        self._key_at = 0 if source.cursor is None else 1
        after, since, run = self._start(source)
        if source.cursor is None or top is not None:
            yield from self._read(source, after, since, top, run)
        yield Page("", b"", self._end())

    def _top(self, connection: Connection, source: Source) -> Any:
        if source.cursor is None:
            return None
        if connection.execute(source.unfilled()).first() is not None:
            names = ", ".join(self._table.cursors)
            raise PullFailed(
                f"{self._table.name}: there are rows without a value in {names}, which would never be read; add a"
                " second column to the cursor (cursor: [updated_at, created_at]) or a condition",
                retry=False,
            )
        top = connection.execute(source.top()).scalar()
        if top is not None:
            self._edge = back(top, self._table.overlap)
        return top

    def _start(self, source: Source) -> tuple[Position | None, Any, str]:
        """Where to begin: behind a position, or at a value of the cursor; and the name of this run."""
        if source.cursor is None:
            run = str(self._cursor.get("run") or self._now.isoformat())
            return self._at if self._cursor.get("run") else None, None, run
        if self._at is None:
            return None, None, ""
        since, passed = self._cursor.get("since"), self._cursor.get("passed")
        if since and passed:
            waited = datetime.fromisoformat(passed) - datetime.fromisoformat(since)
            if waited >= timedelta(seconds=grain(self._at[0]) + self._table.overlap):
                return self._at, None, ""
        floor = self._cursor.get("floor")
        return None, unpack(floor)[0] if floor else back(self._at[0], self._table.overlap), ""

    def _read(self, source: Source, after: Position | None, since: Any, top: Any, run: str) -> Iterator[Page]:
        table = self._table
        limit = table.batch if table.lines is not None else table.batch * _SEGMENT
        head = _encode({"table": table.name, "columns": [*_HIDDEN, *table.columns, *_lines_column(table)], "run": run})
        while True:
            count = 0
            begun = after
            with reading(self._engine, table.timeout) as connection:
                statement = source.segment(after, since, top, limit)
                if table.lines is None:  # lines are asked for in between, on the same connection
                    statement = statement.execution_options(stream_results=True, max_row_buffer=table.batch)
                for rows in connection.execute(statement).partitions(table.batch):
                    found = [tuple(row) for row in rows]
                    count += len(found)
                    width = len(source.keys) + self._key_at
                    places = [row[:width] for row in found]
                    self._check(places, after)
                    after = list(places[-1])
                    lines = self._lines(connection, source, found, width)
                    body = self._body(head, found, places, lines)
                    self._at = after
                    yield Page(table.name, body, {"at": pack(after), **({"run": run} if run else {})})
            if count < limit:
                return
            if after == begun:
                raise PullFailed(f"{table.name}: reading does not get on; choose another cursor or key", retry=False)

    def _check(self, places: Sequence[tuple[Any, ...]], after: Position | None) -> None:
        if len(set(places)) < len(places) or (after is not None and tuple(after) == places[0]):
            raise PullFailed(
                f"{self._table.name}: several rows have the same {', '.join(self._table.keys)}; name a key that is"
                " unique (and joins that give one row each), or rows would be lost",
                retry=False,
            )

    def _body(
        self, head: bytes, rows: list[tuple[Any, ...]], places: Sequence[tuple[Any, ...]], lines: list[Any] | None
    ) -> bytes:
        """A page: what the columns are, then a line for each row that was not met before."""
        written = [head]
        edge = self._edge
        for number, (row, place) in enumerate(zip(rows, places, strict=True)):
            at = _text(place[0]) if self._key_at else None
            key = "/".join([str(_text(one)) for one in place[self._key_at :]])
            values = [_plain(one) for one in row[len(place) :]]
            if lines is not None:
                values.append(lines[number])
            line = _encode([key, at, *values])
            if edge is not None and place[0] >= edge:
                digest = hashlib.blake2b(line, digest_size=_DIGEST_BYTES).digest()
                if self._seen is not None:
                    self._seen.add(digest)
                    if len(self._seen) > MOST_SEEN:
                        self._seen = None
                if digest in self._before:
                    continue
            elif self._before and hashlib.blake2b(line, digest_size=_DIGEST_BYTES).digest() in self._before:
                continue
            written.append(line)
        return zstandard.compress(b"\n".join(written), 3) if len(written) > 1 else b""

    def _lines(
        self, connection: Connection, source: Source, rows: list[tuple[Any, ...]], width: int
    ) -> list[Any] | None:
        """For each order the list of its lines, as lists of their fields' values."""
        spec = self._table.lines
        if spec is None:
            return None
        places = [width + self._table.columns.index(name) for name in spec.on]
        wanted = [tuple(row[place] for place in places) for row in rows]
        found: dict[tuple[Any, ...], list[Any]] = {}
        known = [one for one in dict.fromkeys(wanted) if None not in one]
        for start in range(0, len(known), 1000):
            answer = connection.execute(source.lines(known[start : start + 1000]))
            for group, members in groupby(map(tuple, answer), key=lambda row: row[: len(places)]):
                found[group] = [[_plain(one) for one in member[len(places) :]] for member in members]
        return [found.get(one, []) for one in wanted]

    def _end(self) -> Cursor:
        """The cursor behind a whole pass."""
        if not self._table.cursors:
            return {}
        if self._at is None:
            return {}
        at = pack(self._at)
        same = self._cursor.get("at") == at and self._cursor.get("since")
        ended: Cursor = {
            "at": at,
            "since": self._cursor["since"] if same else self._now.isoformat(),
            "passed": self._now.isoformat(),
        }
        if self._edge is not None:
            ended["floor"] = pack([self._edge])
        if self._seen:
            ended["seen"] = base64.b64encode(b"".join(sorted(self._seen))).decode()
        return ended


_HIDDEN: Final = ("~key", "~at")


def _lines_column(table: Table) -> list[str]:
    return [] if table.lines is None else ["~lines"]


def _digests(packed: object) -> frozenset[bytes]:
    raw = base64.b64decode(packed) if isinstance(packed, str) else b""
    return frozenset(raw[at : at + _DIGEST_BYTES] for at in range(0, len(raw), _DIGEST_BYTES))


def _plain(value: Any) -> Any:
    """Bytes as a text of the same numbers (reading may find the true encoding); everything else as it is."""
    return value.decode("latin-1") if isinstance(value, bytes | bytearray | memoryview) else value  # type: ignore[union-attr]


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, int | str | float) or value is None else str(_plain(value))
