"""destination list|run|preview."""

from __future__ import annotations

from typing import Annotated

import typer

from onepool.cli.output import HERE, Json, WorkspaceDir, author, opened, say, show_json, show_table
from onepool.clock import from_micros
from onepool.errors import UsageError
from onepool.privacy.masking import mask_text
from onepool.reach import latest, parse, preview
from onepool.reach import run as run_destination
from onepool.workspace import Workspace

commands = typer.Typer(help="Destinations: where rows of the pool are written to.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The destination's name.")]


@commands.command("list")
def list_all(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """All destinations and how their last runs went.

    Example: onepool destination list
    """
    workspace = opened(folder)
    rows = []
    for one in workspace.definitions.current("destination"):
        last = next(iter(latest(workspace.state, one.name, 1)), None)
        rows.append(
            {
                "destination": one.name,
                "what": one.body.get("what", ""),
                "to": (one.body.get("to") or {}).get("kind", ""),
                "every": one.body.get("every", 3600),
                "last": from_micros(last.started_at).isoformat(timespec="seconds") if last else "",
                "rows": last.rows if last else 0,
                "error": mask_text(last.error) if last else "",
            }
        )
    show_json(rows) if as_json else show_table(rows)


@commands.command("preview")
def show_preview(name: Name, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """What a run would write and take out. Nothing is written.

    Example: onepool destination preview crm_profiles
    """
    workspace = opened(folder)
    found = preview(workspace, parse(_body(workspace, name), name))
    counts = {"rows": found.rows, "gone": found.gone, "total": found.total, "left_out": found.left_out}
    if as_json:
        show_json({**counts, "columns": found.sample.column_names})
    else:
        say(f"to write: {found.rows:,}   to take out: {found.gone:,}   in all: {found.total:,}")
        if found.left_out:
            say(f"left out: {found.left_out:,} members, who have not agreed to it or refuse it")
        say(f"columns: {', '.join(found.sample.column_names)}")


@commands.command("run")
def run(
    name: Name,
    force: Annotated[bool, typer.Option(help="Also when more than half of the rows there would go.")] = False,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Run a destination now. Running it again changes nothing that is right already.

    Example: onepool destination run crm_profiles
    """
    workspace = opened(folder)
    _body(workspace, name)
    found = run_destination(workspace, name, actor=author(), force=force)
    row = {"run": found.run, "rows": found.rows, "gone": found.gone, "total": found.total,
           "left_out": found.left_out, "where": found.where,
           "error": mask_text(found.error)}  # fmt: skip
    show_json(row) if as_json else show_table([row])
    if found.failed:
        raise typer.Exit(1)


def _body(workspace: Workspace, name: str) -> dict[str, object]:
    found = workspace.definitions.get("destination", name)
    if found is None:
        raise UsageError(f"there is no destination {name}", hint="onepool destination list shows all")
    return found.body
