"""plan, apply, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onepool import apply as files
from onepool.cli.output import HERE, Json, WorkspaceDir, author, note, opened, say, show_json, show_table


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("plan")(plan)
    app.command("apply")(apply)
    app.command("export")(export)


def plan(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """Check the definition files and show how they differ from the workspace.

    Example: onepool plan
    """
    _show(files.plan(opened(folder)), as_json)


def apply(
    folder: WorkspaceDir = HERE,
    reason: Annotated[str, typer.Option(help="Why, for the history.")] = "",
    as_json: Json = False,
) -> None:
    """Check the definition files and take them over.

    Example: onepool apply --reason "new segments for the autumn campaign"
    """
    workspace = opened(folder)
    changes = files.apply(workspace, author=author(), reason=reason)
    _show(changes, as_json)
    known = workspace.touchpoints()
    for change in changes:
        if change.kind == "touchpoint" and change.action == "add":
            note(f"write key of {change.name}: {known[change.name].write_key}")


def export(
    to: Annotated[Path, typer.Argument(help="Folder to write to.")],
    folder: WorkspaceDir = HERE,
) -> None:
    """Write all current definitions as YAML files.

    Example: onepool export ./definitions
    """
    written = files.export(opened(folder), to)
    say(f"{len(written)} files written to {to}")


def _show(changes: list[files.Change], as_json: bool) -> None:
    rows = [{"action": c.action, "kind": c.kind, "name": c.name, "where": c.where} for c in changes]
    if as_json:
        show_json(rows)
    elif rows:
        show_table(rows)
    else:
        say("the files and the workspace agree")
