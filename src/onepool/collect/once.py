"""Which signature came with which body: a stolen one must not carry another.

In a small file that all collectors of a workspace share, so that a signature that one of them has taken carries nothing
else past another one, or past a restart. It is no part of the data: without it the last hour is forgotten.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Final

import apsw

from onepool.errors import OnePoolError

MOST_BODIES: Final = 2_000
"""Bodies that one signature may come with where it serves all pushes of a second."""

_REMEMBERED: Final = 100_000
_REMEMBERED_SECONDS: Final = 3600.0
_BUSY_MS: Final = 500

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS seen (key BLOB, body BLOB, at REAL NOT NULL, PRIMARY KEY (key, body)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seen_at ON seen (at)
"""
_KNOWN: Final = "SELECT count(*), min(at), coalesce(max(body = ?2), 0) FROM seen WHERE key = ?1"
_OLD: Final = "DELETE FROM seen WHERE at < ?"
_MANY: Final = "DELETE FROM seen WHERE at < (SELECT at FROM seen ORDER BY at DESC LIMIT 1 OFFSET ?)"


class OnceUnavailable(OnePoolError):
    """What came before can't be looked up at the moment (disk full, not writable)."""

    code = "once-unavailable"


class Once:
    """Remembers for a while which signature came with which body.

    The same body again is a platform's repetition; the tick drops it by its id. Where one signature serves all
    pushes of a second, others are taken for a short while, and at most ``MOST_BODIES`` of them. About ``most`` bodies
    are remembered, for ``seconds``. ``path``: the file, shared with other processes; None: in memory, for this one.
    """

    def __init__(self, path: Path | None = None, most: int = _REMEMBERED, seconds: float = _REMEMBERED_SECONDS) -> None:
        self._path = path
        self._most = most
        self._seconds = seconds
        self._added = 0
        self._open: apsw.Connection | None = None

    def first(self, key: str, body: bytes, now: datetime, others: float = 0.0, signed: float | None = None) -> bool:
        """False if the key came with another body within the time remembered, and ``others`` seconds have passed since
        it was ``signed`` (seconds since 1970) or, where that is not known, came first. Raises OnceUnavailable.
        """
        at = now.timestamp()
        place = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        digest = hashlib.blake2b(body, digest_size=16).digest()
        try:
            return self._first(place, digest, at, others, signed)
        except (apsw.Error, OSError) as error:
            self.close()
            raise OnceUnavailable("what was signed before can't be looked up") from error

    def _first(self, key: bytes, body: bytes, at: float, others: float, signed: float | None) -> bool:
        found = self._opened()
        found.execute("BEGIN IMMEDIATE")
        try:
            found.execute(_OLD, (at - self._seconds,))
            bodies, since, same = next(found.execute(_KNOWN, (key, body)))
            begun = min(one for one in (since, signed, at) if one is not None)
            taken = bool(same) or not bodies or (0 < others >= at - begun and bodies < MOST_BODIES)
            if taken and not same:
                found.execute("INSERT INTO seen VALUES (?, ?, ?)", (key, body, at))
                self._added += 1
                if self._added % (self._most // 100 + 1) == 0:
                    found.execute(_MANY, (self._most,))
        except BaseException:
            found.execute("ROLLBACK")
            raise
        found.execute("COMMIT")
        return taken

    def _opened(self) -> apsw.Connection:
        if self._open is None:
            found = apsw.Connection(":memory:" if self._path is None else str(self._path))
            found.set_busy_timeout(_BUSY_MS)
            # What a power cut takes was signed too long ago by the time that it is over.
            found.pragma("journal_mode", "wal")
            found.pragma("synchronous", "off")
            found.execute(_SCHEMA)
            self._open = found
        return self._open

    def bodies(self) -> int:
        """How many are remembered."""
        found: int = next(self._opened().execute("SELECT count(*) FROM seen"))[0]
        return found

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        if self._open is not None:
            self._open.close(True)
            self._open = None
