"""Control arms of splits: who took which arm, and who was kept from what a journey does by the lot of a split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.journeys.keys import bucket
from onepool.journeys.model import Journey, Split
from onepool.journeys.results.types import Cohort
from onepool.journeys.store import Published
from onepool.pool import Session

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
BUCKETS = 10_000


@dataclass(frozen=True)
class Compared:
    """A split with a control arm. `treated`, `control`: customers by the arm that their run took; those who did not
    come to the split are in neither. `share`: of the control arm, as it was to be drawn."""

    node: str
    treated: Bools
    control: Bools
    share: float


def splits_of(journey: Journey) -> dict[str, Split]:
    """The splits that have a control arm and another one, by node."""
    return {
        name: node
        for name, node in journey.nodes.items()
        if isinstance(node, Split) and len({arm.control for arm in node.arms}) == 2
    }


def compared(
    session: Session, cohort: Cohort, journey: Journey, versions: Sequence[Published], run_ids: I64
) -> list[Compared]:
    """The arms that runs took at the splits of a journey, in the order of its nodes. `versions`: those of the cohort;
    in each the arms count that were control arms then."""
    splits = splits_of(journey)
    if not splits:
        return []
    found = session.query(
        f"""SELECT DISTINCT s.run_id, s.version_id, s.node, s.edge FROM journey_steps s
        JOIN (SELECT run_id FROM journey_runs WHERE {cohort.where}) c USING (run_id) WHERE s.edge LIKE 'arms[%'""",
        cohort.params,
    )
    order = np.argsort(run_ids)
    result = []
    for name, said in splits.items():
        treated, control = np.zeros(run_ids.size, np.bool_), np.zeros(run_ids.size, np.bool_)
        for version in versions:
            there = version.definition.nodes.get(name)
            if not isinstance(there, Split):
                continue
            mine = found.filter(
                pa.array((found.column("version_id").to_numpy() == version.version_id)
                         & (found.column("node").to_numpy() == version.nodes.index(name)))
            )  # fmt: skip
            edges = mine.column("edge").to_pylist()
            kept = {f"arms[{number}]" for number, arm in enumerate(there.arms) if arm.control}
            runs = mine.column("run_id").to_numpy()
            if run_ids.size == 0:
                break
            place = order[np.minimum(np.searchsorted(run_ids[order], runs), run_ids.size - 1)]
            known = run_ids[place] == runs
            idle = np.array([edge in kept for edge in edges], np.bool_)
            control[place[known & idle]] = True
            treated[place[known & ~idle]] = True
        result.append(Compared(name, treated, control, _share(said)))
    return result


def kept_back(journey: Journey, customers: I64) -> Bools:
    """Whom the lot of a split gives to a control arm, whether they came to it or not: without them all, those who are
    left differ from others by lot only."""
    out = np.zeros(customers.size, np.bool_)
    for name, said in splits_of(journey).items():
        place = bucket(said.salt or f"{journey.journey}.{name}", customers)
        ends = np.cumsum([arm.weight for arm in said.arms])
        arm = np.searchsorted(ends * BUCKETS, place * int(ends[-1]), side="right")
        out |= np.array([one.control for one in said.arms], np.bool_)[arm]
    return out


def _share(said: Split) -> float:
    return sum(arm.weight for arm in said.arms if arm.control) / sum(arm.weight for arm in said.arms)
