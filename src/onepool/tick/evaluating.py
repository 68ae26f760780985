"""Evaluating tags and segments in the tick: what can't be evaluated must hold up nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import numpy as np
import numpy.typing as npt
import structlog

from onepool.audience.live import Live
from onepool.audience.outcomes import Outcome
from onepool.pool import DuckDBEngine, Session
from onepool.privacy.masking import mask_text
from onepool.tick.recovery import EvaluationFailed, machine_at_fault

_logger = structlog.get_logger(__name__)

I64 = npt.NDArray[np.int64]


def evaluated(live: Live, session: Session, touched: I64, now: datetime) -> Outcome:
    """What became of touched and due customers. Raises EvaluationFailed where a definition is at fault."""
    try:
        return live.evaluate(session, touched, now)
    except Exception as error:
        if machine_at_fault(error):
            raise
        raise EvaluationFailed(f"tags and segments can't be evaluated: {error!r}") from error


def leaving_out(
    live: Live, pool: DuckDBEngine, touched: I64, now: datetime, write: Callable[[bool], Outcome | None]
) -> Outcome | None:
    """Write a batch without the definitions at fault; without any, when none is found to be. `write`: with or without
    evaluating."""
    try:
        live.set_aside(pool, touched, now)
        return write(True)
    # Whatever it was, the records are not to blame.
    except Exception as error:
        if machine_at_fault(error):
            raise
        _logger.error("tags and segments wait", error=mask_text(repr(error)))
        return write(False)


def when_idle(
    live: Live, pool: DuckDBEngine, now: datetime, commit: Callable[[Session, Outcome], None]
) -> Outcome | None:
    """See to customers whose window runs out and to definitions that changed. None where there was nothing to do."""
    with pool.read() as session:
        if not live.pending(session, now):
            return None
    nobody = np.empty(0, np.int64)
    try:
        return _now(live, pool, nobody, now, commit)
    except EvaluationFailed:
        live.set_aside(pool, nobody, now)
        return _now(live, pool, nobody, now, commit)


def _now(
    live: Live, pool: DuckDBEngine, touched: I64, now: datetime, commit: Callable[[Session, Outcome], None]
) -> Outcome:
    with pool.write() as session:
        outcome = evaluated(live, session, touched, now)
        commit(session, outcome)
    return outcome
