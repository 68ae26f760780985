"""identity evaluate, and how an evaluation is shown."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from onepool.cli.identity.desk import desk
from onepool.cli.output import HERE, Json, WorkspaceDir, note, say, show_json, show_table
from onepool.clock import from_micros
from onepool.errors import UsageError

if TYPE_CHECKING:
    from onepool.identity.evaluate import Evaluation

Truth = Annotated[
    Path, typer.Option("--truth", help="CSV or Parquet with the columns record_id and entity_id.", exists=True)
]
Over = Annotated[float, typer.Option(min=0, help="Cost of one person merged with a stranger.")]
Under = Annotated[float, typer.Option(min=0, help="Cost of one person kept as several.")]
OVER, UNDER = 50.0, 1.0


def evaluate(
    truth: Truth,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="Whose a recycled number was then: 2026-11-01 or 2026-11-01T08:00:00."),
    ] = None,
    over: Over = OVER,
    under: Under = UNDER,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Hold the workspace's customers against a truth: precision, recall, and both kinds of error priced.

    A record_id is `type@scope:value`, `type:value`, or the bare value of an identifier that joins.
    Example: onepool identity evaluate --truth truth-2026-11-01.csv --as-of 2026-11-01
    """
    with desk(folder) as at:
        from onepool.identity.evaluate import evaluate as score
        from onepool.identity.evaluate import read_truth
        from onepool.identity.read import find_records

        table = read_truth(truth)
        found = find_records(at.sources, table["record_id"], _instant(as_of, at.ws.settings.zone))
    evaluation = score(table, found.clusters)
    if as_json:
        show_json({"truth": str(truth), "ambiguous": found.ambiguous, **as_dict(evaluation, over, under)})
        return
    if found.ambiguous:
        note(f"{found.ambiguous:,} records name several customers (write type@scope:value); they count as not found")
    show(evaluation, over, under)


def as_dict(evaluation: Evaluation, over: float, under: float) -> dict[str, Any]:
    """An evaluation with its price, for machines."""
    from onepool.identity.evaluate import price

    cost = price(evaluation, over=over, under=under)
    return {
        **evaluation.as_dict(),
        "price": {"over": cost.over, "under": cost.under, "total": cost.total, "per_10k": cost.per_10k},
    }


def show(evaluation: Evaluation, over: float, under: float) -> None:
    """An evaluation for people; the worse kind of error in red."""
    from onepool.identity.evaluate import price

    cost = price(evaluation, over=over, under=under)
    say(f"{evaluation.records:,} records of {evaluation.persons:,} persons, in {evaluation.clusters:,} clusters")
    if evaluation.not_found:
        say(f"{evaluation.not_found:,} records were not found: each counts as a cluster of its own")
    show_table(
        [
            {
                "": name,
                "precision": f"{score.precision:.4%}",
                "recall": f"{score.recall:.4%}",
                "F1": f"{score.f1:.4f}",
            }
            for name, score in (("pairwise", evaluation.pairwise), ("B-cubed", evaluation.bcubed))
        ]
    )
    say(f"persons whose records are exactly one cluster: {evaluation.exact_clusters:.2%}")
    say(f"largest cluster: {evaluation.largest_cluster}; largest with strangers: {evaluation.largest_wrong_cluster}")
    merged = (
        f"over-merged: {evaluation.over_merged:,} persons share a customer with a stranger "
        f"({evaluation.over_merge:.2f} of 10,000), cost {cost.over:,.0f}"
    )
    typer.secho(merged, fg=typer.colors.RED if evaluation.over_merged else None, bold=bool(evaluation.over_merged))
    say(
        f"under-merged: {evaluation.under_merged:,} persons are several customers "
        f"({evaluation.under_merge:.2f} of 10,000), cost {cost.under:,.0f}"
    )
    say(f"cost of both: {cost.total:,.0f} ({cost.per_10k:,.1f} for 10,000 persons)")


def _instant(text: str | None, zone: ZoneInfo) -> datetime | None:
    from onepool.audience.conditions.values import parse_moment
    from onepool.audience.conditions.windows import moment_bounds

    if text is None:
        return None
    moment = parse_moment(text)
    if moment is None:
        raise UsageError(f"{text} is neither a date nor an instant", hint="write 2026-11-01 or 2026-11-01T08:00:00")
    return from_micros(moment_bounds(moment, zone)[0])
