"""journey runs: the runs behind a journey's figures; and which runs figures are about."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from onepool.audience.catalog import load_catalog
from onepool.cli.journey_turns import commands
from onepool.cli.journeys import Name
from onepool.cli.output import HERE, Json, WorkspaceDir, opened, say, show_json, show_table, worded
from onepool.clock import from_micros, to_micros
from onepool.errors import UsageError
from onepool.workspace import Workspace

if TYPE_CHECKING:
    from onepool.journeys.results.types import Cohort

Days = Annotated[int, typer.Option(min=1, max=3660, help="Runs that entered in the last days.")]
Since = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Instead: that entered on this day or later.")
]
Until = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day, itself included.")]
OfVersion = Annotated[int | None, typer.Option(min=1, help="Only of this version.")]
State = Literal["live", "held", "ready", "wait_time", "wait_event", "wait_outcome", "paused", "ended"]
Stage = Literal["entered", "reached", "delivered", "read", "clicked", "goal"]


def cohort_of(
    ws: Workspace, name: str, days: int, since: datetime | None, until: datetime | None, version: int | None
) -> Cohort:
    """Runs that entered in the last days, or between two days of the workspace's zone. Raises UsageError."""
    from onepool.journeys.results.types import Cohort

    zone = ws.settings.zone
    now = ws.clock.now() + timedelta(microseconds=1)
    end = now if until is None else (until + timedelta(days=1)).replace(tzinfo=zone)
    begin = end - timedelta(days=days) if since is None else since.replace(tzinfo=zone)
    if begin >= end:
        raise UsageError("--from is after --to", hint="the earlier day first")
    return Cohort(name, to_micros(begin), to_micros(end), version)


@commands.command("runs")
def list_runs(
    name: Name,
    folder: WorkspaceDir = HERE,
    days: Days = 90,
    since: Since = None,
    until: Until = None,
    version: OfVersion = None,
    state: Annotated[State | None, typer.Option(help="Where they stand.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why they ended, such as goal or holdout.")] = None,
    node: Annotated[str | None, typer.Option(help="That are at this step.")] = None,
    reached: Annotated[str | None, typer.Option(help="That came to this step.")] = None,
    left: Annotated[str | None, typer.Option(help="That went on from this step.")] = None,
    stage: Annotated[
        Stage | None, typer.Option(help="That the report's funnel counts here: one of each customer.")
    ] = None,
    segment: Annotated[str | None, typer.Option(help="That the report counts in this segment.")] = None,
    customer: Annotated[int | None, typer.Option(min=0, help="Of this customer.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="So many at most.")] = 50,
    as_json: Json = False,
) -> None:
    """The runs behind a figure of `journey results`, the latest entered first.

    Example: onepool journey runs cart_recall --stage clicked --days 30
    """
    from onepool.journeys import store
    from onepool.journeys.results import runs
    from onepool.journeys.results.report import runs_behind
    from onepool.journeys.states import RunState

    ws = opened(folder)
    cohort = cohort_of(ws, name, days, since, until, version)
    with ws.pool.read() as session, ws.state.read() as connection:
        versions = store.versions(connection, name)
        if not versions:
            raise UsageError(f"{name} was never published", hint="onepool journey list shows all")
        among = None
        if stage is not None or segment is not None:
            context = load_catalog(ws).context
            among = runs_behind(session, connection, ws, context, cohort, stage or "entered", segment)
        wanted = runs.Filter(node, state, reason, None, customer, reached, left, among)
        found, total = runs.find(session, cohort, versions, wanted, None, limit)

    def told(micros: int | None) -> str:
        return "" if micros is None else from_micros(micros).isoformat(timespec="seconds")

    rows: list[dict[str, Any]] = [
        {
            "run": str(row["run_id"]), "customer": row["customer_id"], "version": row["version"],
            "node": row["node_name"] or "", "state": RunState(row["state"]).name.lower(),
            "reason": row["reason"] or "", "entered": told(row["entered"]), "ended": told(row["ended"]),
            "goal": told(row["goal_at"]),
        }
        for row in found
    ]  # fmt: skip
    if as_json:
        show_json({"total": total, "runs": rows})
        return
    # For people the times are those of the workspace's zone, and headings tell them from the report's counts.
    times = {"entered": "entered at", "ended": "ended at", "goal": "goal at"}
    zone = ws.settings.zone
    show_table(
        [
            {times.get(key, key): _local(value, zone) if key in times else value for key, value in row.items()}
            for row in rows
        ]
    )
    if total > len(rows):
        say(worded("{count:,} more: --limit", count=total - len(rows)))


def _local(instant: str, zone: ZoneInfo) -> str:
    return instant and f"{datetime.fromisoformat(instant).astimezone(zone):%Y-%m-%d %H:%M}"


__all__ = ["commands"]
