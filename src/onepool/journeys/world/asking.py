"""Conditions asked of runs, over the pool as it is."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from sqlglot import exp

from onepool.audience.conditions.anchors.compile import carried_by, compile_runs
from onepool.audience.conditions.compiler.scope import table
from onepool.audience.conditions.compiler.sql import col, fn, named
from onepool.audience.conditions.model import walk
from onepool.audience.conditions.names import Context
from onepool.clock import from_micros
from onepool.journeys.executor.ports import Question
from onepool.journeys.world.texts import member_text
from onepool.pool import Session

_ASKED: Final = "_journey_asked"
_CARRIED: Final = "_journey_carried"

_MICROSECONDS: Final = "make_timestamptz"


def answers(session: Session, ctx: Context, question: Question, at: int) -> dict[str, npt.NDArray[np.bool_]]:
    """Each condition's truth in the order of the question's runs; null is false."""
    if question.runs.num_rows == 0:
        return {name: np.zeros(0, np.bool_) for name in question.conditions}
    _relate(session, question)
    plan = compile_runs(question.conditions, from_micros(at), _CARRIED, ctx)
    found = plan.run(session)
    order = np.argsort(found.column("run_id").to_numpy())
    ids = found.column("run_id").to_numpy()[order]
    place = np.searchsorted(ids, question.runs.column("run_id").to_numpy())
    return {
        name: np.array(found.column(name).fill_null(False).to_numpy(zero_copy_only=False), np.bool_)[order][place]
        for name in question.conditions
    }


def _relate(session: Session, question: Question) -> None:
    """The runs as a relation with the columns that the conditions ask for."""
    carried = sorted(
        {one for condition in question.conditions.values() for _, leaf in walk(condition) for one in carried_by(leaf)}
        - {"$entered"}
    )
    session.relation(_ASKED, question.runs)
    columns = [col("run_id"), col("customer_id"), named(fn(_MICROSECONDS, col("entered")), "entered_at")]
    for one in carried:
        source, _, name = one.removeprefix("$").partition(".")
        if source == "node":
            instant = exp.cast(member_text("vars", f"@{name}"), "BIGINT")
            columns.append(named(fn(_MICROSECONDS, instant), f"node.{name}"))
        else:
            columns.append(named(member_text(source, name), f"{source}.{name}"))
    found = session.query(exp.select(*columns).from_(table(_ASKED)))
    session.relation(_CARRIED, found)
