"""After a crash or a failure: what the pool is given again, and whose fault a failure was.

A tick commits to the state first and to the pool after. Stopped between the two, the state is ahead: it knows who is
who and what was decided of the requests that the pool has yet to take in, and the pool is brought level with it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from onepool.audience.live import Live
from onepool.audience.outcomes import OutcomeLog
from onepool.clock import to_micros
from onepool.collect.log import LogUnavailable
from onepool.errors import OnePoolError
from onepool.identity import Resolver
from onepool.pool import DuckDBEngine, PoolError
from onepool.pool.behaviour import BehaviourIndex
from onepool.state.store import get_meta, set_meta
from onepool.tick import identities, marks
from onepool.tick.ingest import Ingest
from onepool.workspace import Workspace

OUTCOME = "outcome_id"
"""Mark of the latest outcome of an evaluation that the pool has."""


class EvaluationFailed(OnePoolError):
    """Tags and segments could not be evaluated, though the records themselves may be sound."""

    code = "evaluation-failed"


def machine_at_fault(error: Exception) -> bool:
    """Whether the disk, the memory or another process failed, so that the same input may go through later."""
    if isinstance(error, PoolError):
        return error.transient
    if isinstance(error, IntegrityError | DataError):
        return False  # what was to be written, and it will be no other the next time
    return isinstance(error, OSError | MemoryError | SQLAlchemyError | LogUnavailable)


def oldest(workspace: Workspace, offset: int) -> datetime:
    """Nothing behind an offset that is still to come was received before."""
    now = workspace.clock.now()
    return min([now, *(record.received_at for record in workspace.log.read(offset, 1, 1))])


def save_conclusions(workspace: Workspace, resolver: Resolver, offset: int) -> None:
    """Write to the state what this edition concludes of its links, where another one concluded something else."""
    if resolver.unsaved is None:
        return
    with workspace.state.write() as connection:
        resolver.save(connection, resolver.unsaved, to_micros(workspace.clock.now()), offset)
        set_meta(connection, marks.EPOCH, str(int(get_meta(connection, marks.EPOCH) or 0) + 1))


def identities_differ(workspace: Workspace, pool: DuckDBEngine) -> bool:
    """Whether the pool missed a change of rules, or a decision, that the state took up."""
    with pool.read() as session:
        return marks.get(session, marks.EPOCH) != workspace.state.meta(marks.EPOCH)


def level_identities(workspace: Workspace, pool: DuckDBEngine, resolver: Resolver, ingest: Ingest, live: Live) -> None:
    """Give the pool the identities that the state has, before the requests that they came from are redone."""
    with pool.write() as session:
        moved = identities.level(session, resolver)
        BehaviourIndex.unsettle(session)
        marks.put(session, marks.EPOCH, workspace.state.meta(marks.EPOCH) or "")
        ingest.refresh(session, moved, moved)
        live.postpone(session, moved.column("customer_id").to_numpy(), workspace.clock.now())


def level_outcomes(pool: DuckDBEngine, outcomes: OutcomeLog) -> None:
    """Give the pool the outcomes that the state has and the pool has not."""
    with pool.write() as session:
        applied = int(marks.get(session, OUTCOME) or 0)
        for change, outcome in outcomes.after(applied):
            outcomes.fold(session, change, outcome)
            marks.put(session, OUTCOME, str(change))
