"""How far treated customers came, from entry to the goal; and the runs behind each figure of the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from onepool.journeys.results.types import Cohort
from onepool.pool import Session

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Stage = Literal["entered", "reached", "delivered", "read", "clicked", "goal"]

_COLUMNS: Final[dict[Stage, str]] = {
    "reached": "reached",
    "delivered": "delivered",
    "read": "seen",
    "clicked": "clicked",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """Customers of a cohort in ascending order, the run that each is counted by, which of them are treated, and when
    they reached what is compared (-1: not yet; `goal` false: the journey has none)."""

    customers: I64
    runs: I64
    treated: Bools
    times: I64
    goal: bool

    @property
    def hit(self) -> Bools:
        """Who reached it."""
        found: Bools = self.times >= 0
        return found


def came(session: Session, cohort: Cohort, customers: I64) -> dict[Stage, Bools]:
    """Which customers (ascending) messages of any of their runs came to; what comes later in a message's life says
    that the earlier happened too."""
    found = session.query(
        f"""SELECT r.customer_id, bool_or(s.state BETWEEN 10 AND 13) AS reached,
            bool_or(coalesce(s.delivered, s."read", s.clicked) IS NOT NULL OR s.state IN (11, 12, 13)) AS delivered,
            bool_or(coalesce(s."read", s.clicked) IS NOT NULL OR s.state IN (12, 13)) AS seen,
            bool_or(s.clicked IS NOT NULL OR s.state = 13) AS clicked
        FROM sends s JOIN (SELECT run_id, customer_id FROM journey_runs WHERE {cohort.where}) r USING (run_id)
        GROUP BY 1""",
        cohort.params,
    )
    whose = found.column("customer_id").to_numpy()
    told: dict[Stage, Bools] = {}
    for stage, column in _COLUMNS.items():
        flags = np.array(found.column(column).fill_null(False).to_numpy(zero_copy_only=False), np.bool_)
        told[stage] = np.isin(customers, whose[flags])
    return told


def funnel(session: Session, cohort: Cohort, of: Measured) -> dict[str, int]:
    """Treated customers that came that far."""
    counts = {"entered": int(of.treated.sum())}
    counts |= {stage: int((one & of.treated).sum()) for stage, one in came(session, cohort, of.customers).items()}
    if of.goal:
        counts["goal"] = int((of.treated & of.hit).sum())
    return counts


def behind(session: Session, cohort: Cohort, of: Measured, stage: Stage, segment: str | None) -> I64:
    """The runs that a figure of the funnel, or of a segment in the report, counts: one of each customer."""
    mine = of.treated
    if stage == "goal":
        mine = mine & of.hit
    elif stage != "entered":
        mine = mine & came(session, cohort, of.customers)[stage]
    if segment is not None:
        members = session.query(
            "SELECT customer_id FROM segment_members WHERE segment = $segment", {"segment": segment}
        )
        mine = mine & np.isin(of.customers, members.column("customer_id").to_numpy())
    return of.runs[mine]
