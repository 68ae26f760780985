"""plan, apply, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from onepool import apply as files
from onepool.cli.output import HERE, Json, WorkspaceDir, author, note, opened, say, show_json, show_table
from onepool.cli.segments import plan_json, print_plan
from onepool.insight.segments import SegmentPlan
from onepool.insight.segments.files import plan_bodies


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("plan")(plan)
    app.command("apply")(apply)
    app.command("export")(export)


def plan(
    folder: WorkspaceDir = HERE,
    sizes: Annotated[bool, typer.Option(help="Also evaluate changed segments: who would enter and leave.")] = True,
    as_json: Json = False,
) -> None:
    """Check the definition files and show how they differ from the workspace, and what that does to segments.

    Example: onepool plan
    """
    workspace = opened(folder)
    changes = files.plan(workspace)
    # Fields that are new have no columns yet.
    countable = sizes and not any(change.kind == "standard" for change in changes)
    plans: dict[str, SegmentPlan] = {}
    if countable and any(change.kind in ("segment", "tag") for change in changes):
        bodies = {kind: {c.name: c.body for c in changes if c.kind == kind} for kind in ("tag", "segment")}
        plans, ctx = plan_bodies(workspace, bodies["tag"], bodies["segment"])
    if as_json:
        rows = [_row(change) for change in changes]
        for row in rows:
            if row["kind"] == "segment" and row["name"] in plans:
                row["plan"] = plan_json(workspace, row["name"], plans[row["name"]], ctx)
        changed = {change.name for change in changes if change.kind == "segment"}
        moved = [plan_json(workspace, name, one, ctx) for name, one in plans.items() if name not in changed]
        show_json([*rows, *({"action": "moves", "kind": "segment", "name": m["segment"], "plan": m} for m in moved)])
        return
    _show(changes, False)
    for name, one in plans.items():
        print_plan(workspace, name, one, ctx)
    if any(change.kind == "tag" for change in changes) and plans:
        note("tags are counted as they are now; what a changed tag will say shows: onepool tag plan")


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


def _row(change: files.Change) -> dict[str, Any]:
    return {"action": change.action, "kind": change.kind, "name": change.name, "where": change.where}


def _show(changes: list[files.Change], as_json: bool) -> None:
    rows = [_row(change) for change in changes]
    if as_json:
        show_json(rows)
    elif rows:
        show_table(rows)
    else:
        say("the files and the workspace agree")
