"""Whether anybody wrote into the state: so those who have nothing to do can rest instead of asking everything again."""

from __future__ import annotations

import sqlite3

from sqlalchemy import Connection, text

from onepool.state.store import State

# Names the transactions under way: it changes when one that writes begins, and when it ends.
_SNAPSHOT = text("SELECT CAST(txid_current_snapshot() AS text)")


class Watch:
    """A mark that changes with every committed write into the state, of any thread and process.

    On SQLite it costs microseconds (https://www.sqlite.org/pragma.html#pragma_data_version), on PostgreSQL one
    question. Of any other database nothing is known: each mark is a new one there.
    """

    def __init__(self, state: State) -> None:
        self._sqlite: sqlite3.Connection | None = None
        self._postgres: Connection | None = None
        url = state.engine.url
        if state.engine.dialect.name == "sqlite" and url.database not in (None, "", ":memory:"):
            # Of its own: what a connection wrote itself does not change its mark.
            self._sqlite = sqlite3.connect(url.database, check_same_thread=False, isolation_level=None)
        elif state.engine.dialect.name == "postgresql":
            self._postgres = state.engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def mark(self) -> object:
        """Compare it with one of before: equal means that nothing was committed in between."""
        if self._sqlite is not None:
            return self._sqlite.execute("PRAGMA data_version").fetchone()[0]
        if self._postgres is not None:
            return self._postgres.execute(_SNAPSHOT).scalar_one()
        return object()

    def close(self) -> None:
        """Let go of the connection."""
        for one in (self._sqlite, self._postgres):
            if one is not None:
                one.close()
