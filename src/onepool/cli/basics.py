"""init, status, doctor, verify, rebuild."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from onepool.cli.output import HERE, Json, WorkspaceDir, note, opened, say, show_json, show_table
from onepool.health import problems, status
from onepool.privacy.users import ensure_admin
from onepool.workspace import init_workspace


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("init")(init)
    app.command("status")(show_status)
    app.command("doctor")(doctor)
    app.command("verify")(run_verify)
    app.command("rebuild")(run_rebuild)


def init(folder: Annotated[Path, typer.Argument(help="The folder to make the workspace in.")]) -> None:
    """Make a new workspace with its settings, folders for definitions and an admin user.

    Example: onepool init mybrand
    """
    workspace = init_workspace(folder)
    say(f"workspace made in {workspace.root}")
    admin = ensure_admin(workspace.state, workspace.clock)
    if admin is not None:
        say(f"admin: {admin[0]}  password: {admin[1]}  (shown only now)")
    say(f"next: onepool serve --workspace {folder}")


def show_status(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """What came in, how far it is applied, how large the stores are.

    Example: onepool status
    """
    found = status(opened(folder))
    if as_json:
        show_json(found)
    else:
        show_table([{"what": name, "value": value} for name, value in found.items()])


def doctor(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """What is wrong, and what to do about it. Exit status 1 when something is.

    Example: onepool doctor
    """
    found = problems(opened(folder))
    if as_json:
        show_json(found)
    elif found:
        show_table(found)
    else:
        say("nothing is wrong")
    if any(row["severity"] == "error" for row in found):
        raise typer.Exit(1)


def run_verify(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """Compare live results with a full recomputation, and log, state and pool with each other.

    Example: onepool verify
    """
    # Loaded here: what compiles the kernels costs half a second that other commands need not spend.
    from onepool.verify import verify

    findings = verify(opened(folder), None if as_json else note)
    rows = [{"check": f.check, "compared": f.compared, "difference": f.difference or "none"} for f in findings]
    if as_json:
        show_json(rows)
    else:
        show_table(rows)
    if any(finding.difference for finding in findings):
        raise typer.Exit(1)


def run_rebuild(folder: WorkspaceDir = HERE) -> None:
    """Make the pool again from log and state. Stop the server first.

    Example: onepool rebuild
    """
    from onepool import rebuild

    workspace = opened(folder)
    with Progress() as bar:
        task = bar.add_task("rebuilding the pool", total=None)
        rebuild.replace(workspace, lambda done, total: bar.update(task, completed=done, total=total))
    say("the pool is made again")
