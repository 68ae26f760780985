"""quarantine list, show, replay."""

from __future__ import annotations

import contextlib
import json
from typing import Annotated, Any

import typer

from onepool.cli.output import HERE, Json, WorkspaceDir, opened, say, show_json, show_table
from onepool.collect.files import place_of
from onepool.errors import UsageError

commands = typer.Typer(help="What broke the data standard, and why.", no_args_is_help=True)

Rule = Annotated[str | None, typer.Option(help="Only this rule.")]
Touchpoint = Annotated[str | None, typer.Option(help="Only this touchpoint.")]

_FILTER = "($rule IS NULL OR rule = $rule) AND ($touchpoint IS NULL OR touchpoint = $touchpoint)"


@commands.command("list")
def listing(
    folder: WorkspaceDir = HERE, rule: Rule = None, touchpoint: Touchpoint = None, as_json: Json = False
) -> None:
    """What waits in quarantine, counted by rule, field and touchpoint.

    Example: onepool quarantine list --touchpoint shop
    """
    found = opened(folder).pool.query(
        f"""SELECT rule, field, touchpoint, name, count(*) AS count, min(seq) AS first_id,
            arg_min(message, seq) AS message, arg_min(sample, seq) AS sample
        FROM quarantine WHERE {_FILTER} GROUP BY ALL ORDER BY count DESC, rule, field""",  # noqa: S608 constant
        {"rule": rule, "touchpoint": touchpoint},
    )
    rows = [_placed(row) for row in found.to_pylist()]
    if as_json:
        show_json(rows)
    elif rows:
        show_table(rows)
    else:
        say("nothing is in quarantine")


def _placed(row: dict[str, Any]) -> dict[str, Any]:
    """Without its sample, and with the file and the row that it (the first of several) came from."""
    file, number = place_of(row["rule"], row["message"] or "", row["sample"]) or (None, None)
    return {name: value for name, value in row.items() if name != "sample"} | {"file": file, "row": number}


@commands.command("show")
def show(
    number: Annotated[int, typer.Argument(help="Its id, as `list` shows it.")], folder: WorkspaceDir = HERE
) -> None:
    """One quarantined thing: the rule it broke, and what was sent.

    Example: onepool quarantine show 4194304
    """
    rows = opened(folder).pool.query("SELECT * FROM quarantine WHERE seq = $id", {"id": number}).to_pylist()
    if not rows:
        raise UsageError(f"nothing in quarantine has the id {number}", hint="see: onepool quarantine list")
    row = _placed(rows[0]) | {"sample": rows[0]["sample"]}
    # What was not JSON is shown as it came.
    with contextlib.suppress(ValueError):
        row["sample"] = json.loads(row["sample"])
    show_json(row)


@commands.command("replay")
def replay(
    folder: WorkspaceDir = HERE,
    rule: Rule = None,
    touchpoint: Touchpoint = None,
    number: Annotated[list[int] | None, typer.Option("--id", help="Only these ids.")] = None,
) -> None:
    """Try quarantined things again, after the standard or a mapping was mended.

    Example: onepool quarantine replay --rule type.money
    """
    workspace = opened(folder)
    found = workspace.pool.query(
        f"""SELECT log_offset, item FROM quarantine WHERE {_FILTER} AND ($ids IS NULL OR list_contains($ids, seq))
        ORDER BY seq""",  # noqa: S608 constant
        {"rule": rule, "touchpoint": touchpoint, "ids": number or None},
    )
    count = workspace.replay_quarantine([(row["log_offset"], row["item"]) for row in found.to_pylist()])
    if count == 0:
        say("nothing to try again")
        return
    say(f"{count} things are tried again with the next tick; see: onepool quarantine list")
