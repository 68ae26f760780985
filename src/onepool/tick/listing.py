"""Lists in the tick: changes that the state has and the pool has not, each in a transaction with its mark."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from onepool.audience.lists import entries, erasing, log
from onepool.audience.live import Live
from onepool.pool import DuckDBEngine
from onepool.state import State
from onepool.tick import marks

MARK: Final = "list_change"
"""Mark of the latest change of a list that the pool has."""


def level(pool: DuckDBEngine, state: State, live: Live, now: datetime) -> None:
    """Give the pool the changes of lists that it lacks; whoever they concern is evaluated by a later tick."""
    with pool.read() as session:
        applied = int(marks.get(session, MARK) or 0)
    for change, told in log.after(state, applied):
        known = log.past(state, change.id)
        with pool.write() as session:
            if change.mode == "erase":
                nodes = erasing.nodes_of(told)
                for name, gone in entries.erase(session, nodes).items():
                    live.listed(session, name, gone, now)
                # Changes that were told before, and taken in after the state forgot the person, found them in the pool.
                with state.write() as connection:
                    erasing.forget_past(connection, nodes, change.id)
            else:
                moved, past = entries.take_in(session, change, told, known)
                live.listed(session, change.list, moved, max(now, change.at))
                if known is None:
                    log.keep_past(state, change.id, past)
            marks.put(session, MARK, str(change.id))
