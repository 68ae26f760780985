"""What is asked of a back-test, and its figures. Instants are microseconds since 1970."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.journeys.executor.plan import Plan

I64 = npt.NDArray[np.int64]

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

GRIDS: Final = (250_000, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY)
"""Lengths of steps that are chosen from."""

TOLD: Final = 500
MANY: Final = 20_000
"""Of more customers than MANY the steps of TOLD are kept."""

STEPS: Final = 120
"""About so many cells there are where all go together and nobody says how long one is."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """Of calls over one channel: the share that is accepted, and reasons of the rest as shares of all; what is left
    over fails as `refused`. Which message has which fate is decided by its key, so two versions meet the same fates."""

    accepted: float = 1.0
    reasons: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One journey (a body as it is written) over the past.

    `start`, `end`: of virtual time; `customers`: only these (ascending), None: everybody; `grid`: length of a cell,
    None: the executor's own, or a longer one where all customers have to go together; `paths`: keep each run's
    steps (of many customers those of TOLD of them, drawn by a hash); `assumed`: by channel.
    """

    body: Mapping[str, Any]
    start: int
    end: int
    customers: I64 | None = None
    grid: int | None = None
    paths: bool = False
    assumed: Mapping[str, Assumed] = field(default_factory=dict)


class Stopped(Exception):
    """Somebody stopped the back-test."""


Progress = Callable[[int], None]
"""Told the instant that virtual time has come to; raises Stopped to end it."""


@dataclass(frozen=True)
class Outcome:
    """What would have happened.

    `runs`: run_id, customer_id, node, state, entered, ended, reason, goal_at, parent of all runs; `sends`: send_id,
    run_id, customer_id, node, hop, channel, kind, state, reason, planned, due, claimed, expires, cost, counted, put_off
    (held up by hours or caps) of all messages; `edges`: node, edge, count; `steps`: the executor's STEPS where paths
    were kept, `vars`: (run_id, trigger, vars) of these.
    """

    plan: Plan
    start: int
    end: int
    grid: int
    steps_taken: int
    """Cells of the grid in which something came in or was due."""
    rounds: int
    runs: pa.Table
    sends: pa.Table
    edges: pa.Table
    first: int
    """Runs that entered in the first step."""
    steps: pa.Table | None = None
    carried: pa.Table | None = None
    people: int = 0
    """Customers that were looked at."""
    tasks: Mapping[tuple[int, int, int], str] = field(default_factory=dict)
    """The associate (empty: nobody) of each (run, node, visit) that made a task, where paths were kept."""
    told: I64 | None = None
    """The customers of whom steps were kept; None: all."""
    together: bool = False
    """All customers went from cell to cell together, since a condition had to be asked of the pool."""

    def node(self, number: int) -> str | None:
        return self.plan.names[number] if number >= 0 else None

    @property
    def entered(self) -> int:
        return int(self.runs.num_rows)

    def counts(self, table: str, column: str, where: Sequence[int] | None = None) -> dict[str, int]:
        """How often each value of a text column occurs among runs or messages of some states."""
        rows: pa.Table = getattr(self, table)
        if where is not None:
            keep = np.isin(rows.column("state").to_numpy(), list(where))
            rows = rows.filter(pa.array(keep))
        values = rows.column(column).drop_null().value_counts()
        found = {str(one["values"]): int(one["counts"]) for one in values.to_pylist()}
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))
