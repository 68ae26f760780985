"""journey case, test: back-tests that are kept, and carried out again when a journey changes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onepool.audience.catalog import load_catalog
from onepool.cli.journey_runs import commands
from onepool.cli.journeys import Name, draft_of
from onepool.cli.output import HERE, Json, WorkspaceDir, author, note, opened, say, show_json, show_table, worded

if TYPE_CHECKING:
    from onepool.journeys.cases.running import Result

__all__ = ["commands"]


@commands.command("case")
def keep_case(
    name: Name,
    case: Annotated[str, typer.Argument(help="What the case shows, in one word: holidays, first_order …")],
    folder: WorkspaceDir = HERE,
    days: Annotated[int, typer.Option(min=1, max=366, help="How many of the last days.")] = 30,
    customer: Annotated[list[int] | None, typer.Option(help="These customers, with their paths.")] = None,
    segment: Annotated[str | None, typer.Option(help="Those who were in this segment when the days began.")] = None,
    remark: Annotated[str, typer.Option("--note", help="What it is kept for.")] = "",
    as_json: Json = False,
) -> None:
    """Keep what the draft would have done over the last days as a case: from then on it is expected to do the same.
    A case of that name gets the new outcome.

    Example: onepool journey case cart_recall holidays --days 14
    """
    from onepool.journeys.cases import parse_case
    from onepool.journeys.cases.running import save

    ws = opened(folder)
    end = ws.clock.now().replace(microsecond=0)
    body: dict[str, Any] = {
        "case": f"{name}.{case}", "journey": name, "start": (end - timedelta(days=days)).isoformat(),
        "end": end.isoformat(), "customers": sorted(customer or []), "segment": segment, "note": remark,
    }  # fmt: skip
    wanted = parse_case(body)
    kept = save(ws, load_catalog(ws).context, wanted, draft_of(ws, name).body, author=author())
    if as_json:
        show_json(kept.body())
        return
    told = "{case}: {entered:,} entered, {messages:,} messages; kept as expected"
    messages = sum(kept.expected.sent.values())
    say(worded(told, case=kept.case, entered=kept.expected.entered, messages=messages))


@commands.command("test")
def test_journey(
    name: Annotated[str | None, typer.Argument(help="The journey; all that have cases when left out.")] = None,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Carry out all cases of a journey, or of all journeys, over the draft and say what comes out otherwise than
    expected. Nothing is written or sent; the command fails where a case does.

    Example: onepool journey test cart_recall
    """
    from onepool.journeys.cases.running import run_kept, tested

    ws = opened(folder)
    ctx = load_catalog(ws).context
    names = [draft_of(ws, name).name] if name is not None else tested(ws)
    results = [one for each in names for one in run_kept(ws, ctx, each)]
    if as_json:
        show_json(
            [
                {
                    "case": one.name, "passed": one.passed, "seconds": round(one.seconds, 3),
                    "problem": one.problem,
                    "differences": [
                        {"figure": d.figure, "expected": d.expected, "found": d.found, "step": d.step}
                        for d in one.differences
                    ],
                }
                for one in results
            ]
        )  # fmt: skip
    elif not results:
        if name is None:
            note(worded("no journey has cases: keep one with `onepool journey case JOURNEY NAME`"))
        else:
            note(worded("{name} has no cases: keep one with `onepool journey case {name} NAME`", name=name))
    for one in results if not as_json else []:
        say(f"{worded('passed' if one.passed else 'FAILED')}  {one.name}  {one.seconds:.1f} s")
        show_differences(one)
    if not all(one.passed for one in results):
        raise typer.Exit(1)


def show_differences(one: Result) -> None:
    """What came out of a case otherwise than expected, as a table, or why it can't be carried out; nothing where it
    passed."""
    if one.problem is not None:
        note(f"  {one.problem}")
    elif not one.passed:
        show_table(
            [
                {"figure": d.figure, "step": d.step or "", "expected": d.expected, "found": d.found}
                for d in one.differences
            ]
        )
