"""Events as runs of a journey see them: one row for every run of the customer, with what the run carries."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from onepool.audience.conditions.anchors.model import ENTERED, RUN, node_column
from onepool.audience.conditions.compiler.events import EventPass
from onepool.audience.conditions.compiler.predicates import Reader
from onepool.audience.conditions.compiler.scope import Scope, table
from onepool.audience.conditions.compiler.sql import E, col, every, named
from onepool.audience.conditions.parts import Behaviour, NodeAnchor

RUNS = "runs"


class RunEvents(EventPass):
    """Measures per run. `carried`: what conditions name of the relation of runs (`$trigger.x`, `$node.n`)."""

    key = RUN
    title = "run "

    def __init__(self, reader: Reader, scope: Scope, relation: str, carried: Sequence[str]) -> None:
        super().__init__(reader, scope)
        self._relation = relation
        self._carried = carried

    def runs(self) -> tuple[str, exp.Query]:
        """The step of the runs; what they carry under names that no event's field has."""
        columns = [
            named(col("run_id"), RUN),
            col("customer_id"),
            named(col("entered_at"), ENTERED),
            *(named(col(name.removeprefix("$")), name) for name in self._carried),
        ]
        return RUNS, exp.select(*columns, copy=False).from_(table(self._relation), copy=False)

    def before(self) -> list[tuple[str, exp.Query]]:
        return [*super().before(), self.runs()]

    def rows(self, columns: Sequence[E], conditions: Sequence[E], event: str | None = None) -> exp.Select:
        shared: list[int | str | exp.Expr] = [exp.to_identifier("customer_id", quoted=True)]
        return super().rows(columns, conditions, event).join(table(RUNS), using=shared, copy=False)

    def slice_of(self, behaviour: Behaviour) -> E:
        """Also: since when. A run that has not come to the node counts nothing."""
        found = super().slice_of(behaviour)
        if behaviour.since is None:
            return found
        anchor = node_column(behaviour.since.node) if isinstance(behaviour.since, NodeAnchor) else ENTERED
        return every([found, exp.GTE(this=col("time"), expression=col(anchor))])
