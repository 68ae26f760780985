"""plan, apply, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from onepool import apply as files
from onepool.api.tagging import checked
from onepool.audience.conditions.errors import Problem
from onepool.audience.tags.dry import dry_run
from onepool.audience.tags.model import LearnedTag
from onepool.cli.lists import follow
from onepool.cli.output import HERE, Json, WorkspaceDir, author, note, opened, say, show_json, show_table
from onepool.cli.segments import plan_json, print_plan, problems_json
from onepool.insight.segments import SegmentPlan
from onepool.insight.segments.files import doubts, plan_bodies
from onepool.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("plan")(plan)
    app.command("apply")(apply)
    app.command("export")(export)


def plan(
    folder: WorkspaceDir = HERE,
    sizes: Annotated[
        bool, typer.Option(help="Also evaluate changed segments and tags: who would enter, leave, change.")
    ] = True,
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
    tried = _tried(workspace, changes) if countable else {}
    doubtful = _doubts(workspace, changes)
    if as_json:
        rows = [_row(change, doubtful) for change in changes]
        for row in rows:
            if row["kind"] == "tag" and row["name"] in tried:
                row["plan"] = tried[row["name"]]
            if row["kind"] == "segment" and row["name"] in plans:
                row["plan"] = plan_json(workspace, row["name"], plans[row["name"]], ctx)
        changed = {change.name for change in changes if change.kind == "segment"}
        moved = [plan_json(workspace, name, one, ctx) for name, one in plans.items() if name not in changed]
        show_json([*rows, *({"action": "moves", "kind": "segment", "name": m["segment"], "plan": m} for m in moved)])
        return
    _show(changes, False, doubtful)
    for name, one in plans.items():
        print_plan(workspace, name, one, ctx)
    if tried:
        show_table([{"tag": name, **figures} for name, figures in tried.items()], "tags: dry run on all customers")
        note("counts by value: onepool tag plan FILE; segments above read tags as they are now")


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
    _show(changes, as_json, _doubts(workspace, changes))
    known = workspace.touchpoints()
    for change in changes:
        if change.kind == "touchpoint" and change.action == "add":
            note(f"write key of {change.name}: {known[change.name].write_key}")
    if any(change.kind == "list" for change in changes):
        follow(workspace)


def export(
    to: Annotated[Path, typer.Argument(help="Folder to write to.")],
    folder: WorkspaceDir = HERE,
) -> None:
    """Write all current definitions as YAML files.

    Example: onepool export ./definitions
    """
    workspace = opened(folder)
    written = files.export(workspace, to)
    say(f"{len(written)} files written to {to}")
    left = [one.name for one in workspace.definitions.current("list") if one.body.get("source") == "snapshot"]
    if left:
        note(f"left out, since no file makes a snapshot: {', '.join(left)}")


def _tried(workspace: Workspace, changes: list[files.Change]) -> dict[str, dict[str, Any]]:
    """What changed tags would be for everybody; of those that can be computed before the others are saved."""
    found: dict[str, dict[str, Any]] = {}
    for change in changes:
        if change.kind != "tag":
            continue
        tag, _, ctx, problems = checked(workspace, change.body)
        if tag is None or problems or isinstance(tag, LearnedTag):
            continue
        with workspace.pool.read() as session:
            tried = dry_run(session, tag, workspace.clock.now(), ctx)
        found[change.name] = {
            "customers": tried.figures.coverage,
            "values": tried.figures.different,
            "changed": tried.changed,
            "gained": tried.gained,
            "lost": tried.lost,
        }
    return found


def _doubts(workspace: Workspace, changes: list[files.Change]) -> dict[tuple[str, str], list[Problem]]:
    """Values of changed segments and tags that were never seen. Not asked with a changed standard, whose columns and
    values the pool has only later."""
    if any(change.kind == "standard" for change in changes):
        return {}
    bodies = {kind: {c.name: c.body for c in changes if c.kind == kind} for kind in ("tag", "segment")}
    return doubts(workspace, bodies["tag"], bodies["segment"]) if any(bodies.values()) else {}


def _row(change: files.Change, doubtful: dict[tuple[str, str], list[Problem]]) -> dict[str, Any]:
    row: dict[str, Any] = {"action": change.action, "kind": change.kind, "name": change.name, "where": change.where}
    if change.before is not None:
        # Whose words the file takes the place of: the file's author may not have seen them.
        who, at = change.before.author.removeprefix("user:"), f"{change.before.created_at:%Y-%m-%d %H:%M} UTC"
        row["replaces"] = f"version {change.before.version} of {who}, {at}"
    if found := doubtful.get((change.kind, change.name)):
        row["warnings"] = problems_json(found)
    return row


def _show(changes: list[files.Change], as_json: bool, doubtful: dict[tuple[str, str], list[Problem]]) -> None:
    if as_json:
        show_json([_row(change, doubtful) for change in changes])
        return
    if changes:
        show_table([_row(change, {}) for change in changes])
    else:
        say("the files and the workspace agree")
    for (kind, name), found in doubtful.items():
        for one in found:
            note(f"warning: {kind} {name}: {one}")
