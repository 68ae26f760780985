"""demo, demo load, demo play."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from typer.core import TyperGroup

from onepool.cli.imports import progress_bars
from onepool.cli.output import HERE, Json, WorkspaceDir, note, opened, say, show_json, show_table
from onepool.clock import SystemClock
from onepool.demo import find_journey
from onepool.demo.player import catalogue, play, script, segment_tracker
from onepool.errors import OnePoolError, UsageError

WEB_SHOP = "web_shop"


class _LoadByDefault(TyperGroup):
    """`onepool demo DIR` is `onepool demo load DIR`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["load", *args]
        return super().resolve_command(ctx, args)


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    group = typer.Typer(
        cls=_LoadByDefault,
        help="The demonstration workspace: real purchases of 2,469 households (The Complete Journey).",
        no_args_is_help=True,
    )
    group.command("load")(load)
    group.command("play")(run_play)
    app.add_typer(group, name="demo")


def load(
    folder: Annotated[Path, typer.Argument(help="The folder to make the workspace in.")] = Path("workspace"),
    as_json: Json = False,
) -> None:
    """Make the demonstration workspace in a folder.

    Example: onepool demo load workspace
    """
    with progress_bars(quiet=as_json) as progress:
        # Loaded here, as in `import`.
        from onepool.demo.make import make_demo

        made = make_demo(folder, SystemClock(), progress)
    if as_json:
        show_json(made.as_dict())
        return
    show_table([{"what": name, "count": f"{count:,}"} for name, count in made.counts.items()], "loaded")
    say(f"next: onepool serve --workspace {folder}")


def run_play(
    folder: WorkspaceDir = HERE,
    url: Annotated[str, typer.Option(help="The running server.")] = "http://127.0.0.1:8000",
    rate: Annotated[float, typer.Option(help="Events a second.")] = 5.0,
    seconds: Annotated[float, typer.Option(help="How long.", min=1, max=86_400)] = 120.0,
    seed: Annotated[int | None, typer.Option(help="The same shoppers again.")] = None,
    as_json: Json = False,
) -> None:
    """Play shoppers of the web shop into a running server: watch segments in the console.

    Example: onepool demo play --workspace workspace --rate 5 --seconds 120
    """
    touchpoint = opened(folder).touchpoints().get(WEB_SHOP)
    if touchpoint is None or not touchpoint.write_key:
        raise UsageError(f"this workspace has no touchpoint {WEB_SHOP}", hint="make one with: onepool demo load DIR")
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
