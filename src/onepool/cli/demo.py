"""demo (brand), demo load, demo play."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from typer.core import TyperGroup

from onepool.cli.demo_brand import brand, play_brand
from onepool.cli.imports import progress_bars
from onepool.cli.output import HERE, Json, WorkspaceDir, note, opened, say, show_json, show_table
from onepool.clock import SystemClock
from onepool.demo import find_journey
from onepool.demo.people.plan import Plan
from onepool.demo.people.rates import TIERS, parse_rates, read_rates
from onepool.demo.player import catalogue, play, script, segment_tracker
from onepool.errors import OnePoolError, UsageError

WEB_SHOP = "web_shop"

BOUNDS = {
    "apart": "nothing",
    "platform_ids": "ids of one platform",
    "name_and_phone": "same name and phone",
    "phone": "same phone",
    "careful_rules": "careful rules",
    "oracle": "oracle within the limit",
    "ceiling": "all true evidence",
}
"""What the bounds of generated people are called."""


class _BrandByDefault(TyperGroup):
    """`onepool demo DIR` is `onepool demo brand DIR`; with --identity-only it is `onepool demo load DIR`."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["load" if "--identity-only" in args else "brand", *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    group = typer.Typer(
        cls=_BrandByDefault,
        help="Demonstration workspaces: a generated brand (by default), real purchases, or generated people.",
    )
    group.command("brand")(brand)
    group.command("load")(load)
    group.command("play")(run_play)
    app.add_typer(group, name="demo")


def load(
    folder: Annotated[Path, typer.Argument(help="The folder to make the workspace in.")] = Path("workspace"),
    identity_only: Annotated[
        bool, typer.Option(help="Generated people instead, with the truth of who is who.")
    ] = False,
    people: Annotated[int, typer.Option(help="Of generated people: how many.")] = 10_000,
    tier: Annotated[str, typer.Option(help="Of generated people: easy, medium or hard.")] = "medium",
    seed: Annotated[int, typer.Option(help="Of generated people: the same again.")] = 1,
    sealed: Annotated[bool, typer.Option(help="Of generated people: others, with rates 30 % up or down.")] = False,
    start: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="Of generated people: first day.")
    ] = datetime(2023, 1, 1),  # noqa: DTZ001 a day
    days: Annotated[int, typer.Option(help="Of generated people: how many days.")] = 730,
    rate: Annotated[list[str] | None, typer.Option(help="Of generated people: name=value, repeated.")] = None,
    rates: Annotated[Path | None, typer.Option(help="Of generated people: a YAML file of rates.")] = None,
    files_only: Annotated[bool, typer.Option(help="Of generated people: only files, no workspace.")] = False,
    as_json: Json = False,
) -> None:
    """Make a workspace of real purchases (The Complete Journey) in a folder, or one of generated people.

    Example: onepool demo load workspace
    """
    if identity_only:
        given = {**(read_rates(rates) if rates else {}), **parse_rates(rate or [])}
        if tier not in TIERS:
            raise UsageError(f"no tier {tier!r}", hint=f"one of {', '.join(TIERS)}")
        plan = Plan(people, tier, seed, sealed, start.date(), days, given)
        _load_people(folder, plan, files_only=files_only, as_json=as_json)
        return
    with progress_bars(quiet=as_json) as progress:
        # Loaded here, as in `import`.
        from onepool.demo.make import make_demo

        made = make_demo(folder, SystemClock(), progress)
    if as_json:
        show_json(made.as_dict())
        return
    show_table([{"what": name, "count": f"{count:,}"} for name, count in made.counts.items()], "loaded")
    say(f"next: onepool serve --workspace {folder}")


def _load_people(folder: Path, plan: Plan, *, files_only: bool, as_json: bool) -> None:
    with progress_bars(quiet=as_json) as progress:
        # Loaded here, as in `import`.
        from onepool.demo.people.make import make_people, write_people

        make = write_people if files_only else make_people
        made = make(folder, plan, SystemClock(), progress)
    if as_json:
        show_json(made.as_dict())
        return
    show_table([{"what": name, "count": f"{count:,}"} for name, count in made.counts.items()], "generated")
    show_table([_bound(name, made.bounds[name]) for name in BOUNDS if name in made.bounds], "bounds")
    if not files_only:
        say(f"next: onepool identity evaluate --workspace {folder} --truth {folder / 'truth' / 'records.csv'}")


def _bound(name: str, score: dict[str, Any]) -> dict[str, Any]:
    return {
        "joined by": BOUNDS[name],
        "recall": f"{score['recall']:.3f}",
        "precision": f"{score['precision']:.5f}",
        "B-cubed F1": f"{score['bcubed_f1']:.3f}",
        "merged with a stranger, of 10,000": f"{score['over_merge']:.1f}",
    }


def run_play(
    folder: WorkspaceDir = HERE,
    url: Annotated[str, typer.Option(help="The running server.")] = "http://127.0.0.1:8000",
    rate: Annotated[float, typer.Option(help="Events a second.")] = 5.0,
    seconds: Annotated[float, typer.Option(help="How long.", min=1, max=86_400)] = 120.0,
    seed: Annotated[int | None, typer.Option(help="The same shoppers again.")] = None,
    as_json: Json = False,
) -> None:
    """Play customers into a running server: watch events and segments in the console.

    Example: onepool demo play --workspace workspace --rate 5 --seconds 120
    """
    # Loaded here, as in `import`.
    from onepool.demo.brand.live import is_brand

    workspace = opened(folder)
    if is_brand(workspace):
        _is_running(url)
        play_brand(workspace, url, SystemClock(), rate=rate, seconds=seconds, seed=seed, as_json=as_json)
        return
    touchpoint = workspace.touchpoints().get(WEB_SHOP)
    if touchpoint is None or not touchpoint.write_key:
        raise UsageError(f"this workspace has no touchpoint {WEB_SHOP}", hint="make one with: onepool demo DIR")
    _is_running(url)
    clock = SystemClock()
    failures: list[str] = []
    tracker = segment_tracker(url, touchpoint.write_key, lambda error, _: failures.append(str(error)))
    households, products = catalogue(find_journey(clock.now().date()))
    chance = random.Random(seed)  # noqa: S311 shopping, not secrets
    actions = script(households, products, chance, f"{clock.now():%y%m%d%H%M%S}")
    with progress_bars(quiet=as_json) as progress:
        total = int(rate * seconds)
        played = play(
            tracker,
            actions,
            rate=rate,
            seconds=seconds,
            progress=None
            if progress is None
            else lambda so_far: progress("playing", sum(so_far.calls.values()), total),
        )
    if failures:
        raise OnePoolError(f"the server did not take everything: {failures[0]}", where=url, hint="is it running?")
    counts = {**played.calls, "households": len(played.households)}
    if as_json:
        show_json(counts)
    else:
        note(f"played into {url}")
        show_table([{"what": name, "count": count} for name, count in counts.items()])


def _is_running(url: str) -> None:
    """Ask before playing: nobody wants to wait two minutes to hear that there is no server."""
    try:
        answered = httpx.get(f"{url.rstrip('/')}/readyz", timeout=10)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        hint = "start it with onepool serve, or say where it is with --url"
        raise OnePoolError(f"no server answers: {error}", where=url, hint=hint) from error
    if answered.status_code != 200:
        raise OnePoolError(f"the server is not ready: it answers {answered.status_code}", where=url)
