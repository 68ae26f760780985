"""identity evaluate, and how an evaluation is shown."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from onepool.cli.identity.desk import desk
from onepool.cli.output import HERE, Json, WorkspaceDir, note, say, show_json, show_table, worded
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
        from onepool.identity.files import read_truth
        from onepool.identity.read import find_records

        table = read_truth(truth)
        found = find_records(at.sources, table["record_id"], _instant(as_of, at.ws.settings.zone))
    evaluation = score(table, found.clusters)
    if as_json:
        show_json({"truth": str(truth), "ambiguous": found.ambiguous, **as_dict(evaluation, over, under)})
        return
    if found.ambiguous:
        said = "{count:,} records name several customers (write type@scope:value); they count as not found"
        note(worded(said, count=found.ambiguous))
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
    counts = {"records": evaluation.records, "persons": evaluation.persons, "clusters": evaluation.clusters}
    say(worded("{records:,} records of {persons:,} persons, in {clusters:,} clusters", **counts))
    if evaluation.not_found:
        said = "{count:,} records were not found: each counts as a cluster of its own"
        say(worded(said, count=evaluation.not_found))
    show_table(
        [
            {
                "": worded(name),
                "precision": f"{score.precision:.4%}",
                "recall": f"{score.recall:.4%}",
                "F1": f"{score.f1:.4f}",
            }
            for name, score in (("pairwise", evaluation.pairwise), ("B-cubed", evaluation.bcubed))
        ]
    )
    say(worded("persons whose records are exactly one cluster: {share:.2%}", share=evaluation.exact_clusters))
    sizes = {"size": evaluation.largest_cluster, "wrong": evaluation.largest_wrong_cluster}
    say(worded("largest cluster: {size}; largest with strangers: {wrong}", **sizes))
    merged = worded(
        "over-merged: {count:,} persons share a customer with a stranger ({share:.2f} of 10,000), cost {cost:,.0f}",
        count=evaluation.over_merged,
        share=evaluation.over_merge,
        cost=cost.over,
    )
    typer.secho(merged, fg=typer.colors.RED if evaluation.over_merged else None, bold=bool(evaluation.over_merged))
    apart = worded(
        "under-merged: {count:,} persons are several customers ({share:.2f} of 10,000), cost {cost:,.0f}",
        count=evaluation.under_merged,
        share=evaluation.under_merge,
        cost=cost.under,
    )
    say(apart)
    both = "cost of both: {total:,.0f} ({share:,.1f} for 10,000 persons)"
    say(worded(both, total=cost.total, share=cost.per_10k))


def _instant(text: str | None, zone: ZoneInfo) -> datetime | None:
    from onepool.audience.conditions.values import parse_moment
    from onepool.audience.conditions.windows import moment_bounds

    if text is None:
        return None
    moment = parse_moment(text)
    if moment is None:
        raise UsageError(f"{text} is neither a date nor an instant", hint="write 2026-11-01 or 2026-11-01T08:00:00")
    return from_micros(moment_bounds(moment, zone)[0])
