"""broadcast: one message to everybody of an audience."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from onepool import yaml_core
from onepool.cli.output import HERE, Json, WorkspaceDir, author, opened, say, show_counts, show_json, show_table
from onepool.errors import UsageError
from onepool.privacy import audit
from onepool.reach import broadcasts

commands = typer.Typer(no_args_is_help=True, help="One message to everybody of an audience, once.")
NameArgument = Annotated[str, typer.Argument(help="The broadcast.")]


@commands.command("list")
def listing(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """All broadcasts, the newest first.

    Example: onepool broadcast list
    """
    workspace = opened(folder)
    rows = broadcasts.every(workspace.state)
    _show(
        [
            {"broadcast": one.name, "status": one.status, "message": one.body.get("message", ""), "total": one.total,
             "planned": one.planned}
            for one in rows
        ],
        as_json,
    )  # fmt: skip


@commands.command("create")
def create(file: Annotated[Path, typer.Argument(help="Its definition, YAML.")], folder: WorkspaceDir = HERE) -> None:
    """Make a draft from a file; one of the same name is changed.

    Example: onepool broadcast create sale.yaml
    """
    workspace = opened(folder)
    try:
        body = yaml_core.load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise UsageError(f"the file can't be read: {type(error).__name__}", where=str(file)) from error
    broadcast = broadcasts.parse(body)
    problems = broadcasts.problems(workspace, broadcast)
    if problems:
        raise UsageError("; ".join(str(one) for one in problems), where=str(file))
    names = {one.name for one in broadcasts.every(workspace.state, limit=10_000)}
    if broadcast.broadcast in names:
        made = broadcasts.change(workspace, broadcast.broadcast, body, author())
    else:
        made = broadcasts.create(workspace, body, author())
    audit.record(workspace.state, workspace.clock, author(), "broadcast.save", f"broadcast:{made.name}",
                 {"version": made.version})  # fmt: skip
    say(f"{made.name} is a draft (version {made.version}); onepool broadcast start {made.name} begins it")


@commands.command("show")
def one(name: NameArgument, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """Messages of a broadcast by state and reason.

    Example: onepool broadcast show sale
    """
    workspace = opened(folder)
    found = broadcasts.find(workspace.state, name)
    counts = broadcasts.counts(workspace.state, [found.id]).get(found.id, [])
    _show([{"state": state, "reason": reason or "", "messages": count} for state, reason, count in counts], as_json)


@commands.command("forecast")
def forecast(name: NameArgument, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """What would become of it if it started now: messages that go out, who is left out and why, cost. Sends nothing.

    Example: onepool broadcast forecast sale
    """
    workspace = opened(folder)
    found = broadcasts.forecast(workspace, broadcasts.find(workspace.state, name))
    if as_json:
        show_json(asdict(found))
        return
    cost = {} if found.cost is None else {"cost": round(found.cost, 2)}
    show_counts(
        {"audience": found.audience, "at once": found.at_once, "put off": found.put_off, "duplicates": found.duplicates}
        | cost
    )
    show_table([{"reason": reason, "customers": count} for reason, count in found.left_out.items()], "left out")


@commands.command("start")
def start(name: NameArgument, folder: WorkspaceDir = HERE) -> None:
    """Start it; the running server plans and sends it.

    Example: onepool broadcast start sale
    """
    workspace = opened(folder)
    approval = workspace.settings.journeys.approval == "always"
    found = broadcasts.start(workspace, name, approval=approval)
    audit.record(workspace.state, workspace.clock, author(), "broadcast.start", f"broadcast:{name}",
                 {"version": found.version})  # fmt: skip
    say(f"{name} is {found.status}")


@commands.command("pause")
def pause(name: NameArgument, folder: WorkspaceDir = HERE) -> None:
    """Plan and send nothing more until it goes on.

    Example: onepool broadcast pause sale
    """
    workspace = opened(folder)
    say(f"{name} is {broadcasts.pause(workspace, name).status}")
    audit.record(workspace.state, workspace.clock, author(), "broadcast.pause", f"broadcast:{name}")


@commands.command("resume")
def resume(name: NameArgument, folder: WorkspaceDir = HERE) -> None:
    """Go on; what expired meanwhile is not sent.

    Example: onepool broadcast resume sale
    """
    workspace = opened(folder)
    say(f"{name} is {broadcasts.resume(workspace, name).status}")
    audit.record(workspace.state, workspace.clock, author(), "broadcast.resume", f"broadcast:{name}")


@commands.command("cancel")
def cancel(name: NameArgument, folder: WorkspaceDir = HERE) -> None:
    """Nothing more goes out from now on.

    Example: onepool broadcast cancel sale
    """
    workspace = opened(folder)
    say(f"{name} is {broadcasts.cancel(workspace, name).status}")
    audit.record(workspace.state, workspace.clock, author(), "broadcast.cancel", f"broadcast:{name}")


def _show(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        show_json(rows)
    else:
        show_table(rows)
