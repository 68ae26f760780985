"""demo brand: the generated brand; and its live traffic."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from onepool.cli.imports import progress_bars
from onepool.cli.output import Json, note, say, show_json, show_table
from onepool.clock import Clock, SystemClock
from onepool.demo.brand.plan import CUSTOMERS, DAYS, BrandPlan
from onepool.workspace import Workspace


def brand(
    folder: Annotated[Path, typer.Argument(help="The folder to make the workspace in.")] = Path("workspace"),
    customers: Annotated[int, typer.Option(help="How many people.")] = CUSTOMERS,
    days: Annotated[int, typer.Option(help="How many days of traffic.")] = DAYS,
    seed: Annotated[int, typer.Option(help="The same again.")] = 1,
    last: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="The last day (default: yesterday).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make the demonstration brand: a generated retailer whose platforms send their own payloads, truth kept aside.

    Example: onepool demo --customers 20000 --days 180 --seed 1 workspace
    """
    clock = SystemClock()
    with progress_bars(quiet=as_json) as progress:
        # Loaded here, as in `import`.
        from onepool.demo.brand.make import make_brand, plan_until_yesterday

        plan = (
            BrandPlan(customers, days, seed, last.date())
            if last
            else plan_until_yesterday(customers, days, seed, clock)
        )
        made = make_brand(folder, plan, clock, progress)
    if as_json:
        show_json(made.as_dict())
        return
    show_table([{"what": name, "count": f"{count:,}"} for name, count in made.counts.items()], "generated")
    for name, answer in made.refused.items():
        note(f"{name} was refused: {answer}")
    if made.left_out:
        note(f"no channel is installed for {', '.join(sorted(made.left_out))}: left out")
    say(f"next: onepool serve --workspace {folder}")
    say(f"      onepool identity evaluate --workspace {folder} --truth {folder / 'truth' / 'records.csv'}")


def play_brand(
    workspace: Workspace, url: str, clock: Clock, *, rate: float, seconds: float, seed: int | None, as_json: bool
) -> None:
    """Live traffic of the brand's customers into a running server."""
    from onepool.demo.brand.live import play_live

    with progress_bars(quiet=as_json) as progress:
        played = play_live(
            workspace,
            url,
            clock,
            rate=rate,
            seconds=int(seconds),
            seed=seed,
            told=None if progress is None else lambda done, total: progress("playing", done, total),
        )
    counts = {**played.requests, "refused": sum(played.refused.values())}
    if as_json:
        show_json(counts)
    else:
        note(f"played into {url}")
        show_table([{"what": name, "requests": count} for name, count in counts.items()])
