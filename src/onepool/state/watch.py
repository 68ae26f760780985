"""Whether anybody wrote into the state: so those who have nothing to do can rest instead of asking everything again."""

from __future__ import annotations

import contextlib
import sqlite3

import structlog
from sqlalchemy import Connection, text

from onepool.state.store import State

_logger = structlog.get_logger(__name__)

# Names the transactions under way on the server: it changes when one that writes begins, and when it ends.
_SNAPSHOT = text("SELECT CAST(txid_current_snapshot() AS text)")


class Watch:
    """A mark that changes with every committed write into the state, of any thread and process.

    On SQLite it costs microseconds (https://www.sqlite.org/pragma.html#pragma_data_version), on PostgreSQL one
    question; there transactions are numbered for the whole server, so writes into its other databases change the mark
    too, and whoever shares a busy server rests less. Of any other database nothing is known: each mark is a new one
    there. The same holds while the database does not answer: nothing here fails, and the next question is asked over
    a new connection.
    """

    def __init__(self, state: State) -> None:
        self._engine = state.engine
        self._sqlite: sqlite3.Connection | None = None
        self._postgres: Connection | None = None

    def mark(self) -> object:
        """Compare it with one of before: equal means that nothing was committed in between."""
        try:
            return self._ask()
        # Whatever it is: whoever asks looks at everything then, and sees for himself what is wrong.
        except Exception as error:  # noqa: BLE001
            _logger.warning("the connection that watches the state is made anew", kind=type(error).__name__)
            self._drop()
            return object()

    def close(self) -> None:
        """Let go of the connection."""
        for one in (self._sqlite, self._postgres):
            if one is not None:
                one.close()
        self._sqlite = self._postgres = None

    def _ask(self) -> object:
        url, dialect = self._engine.url, self._engine.dialect.name
        if dialect == "sqlite" and url.database not in (None, "", ":memory:"):
            if self._sqlite is None:
                # Of its own: what a connection wrote itself does not change its mark.
                self._sqlite = sqlite3.connect(url.database, check_same_thread=False, isolation_level=None)
            return self._sqlite.execute("PRAGMA data_version").fetchone()[0]
        if dialect == "postgresql":
            if self._postgres is None:
                self._postgres = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            return self._postgres.execute(_SNAPSHOT).scalar_one()
        return object()

    def _drop(self) -> None:
        """What failed is not given back to those who take their connections from the engine."""
        with contextlib.suppress(Exception):
            if self._postgres is not None:
                self._postgres.invalidate()
        with contextlib.suppress(Exception):
            self.close()
        self._sqlite = self._postgres = None
