"""task: work for associates, and messages that go out when one of them has confirmed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from onepool.cli.output import HERE, Json, WorkspaceDir, author, opened, say, show_json, show_table
from onepool.clock import from_micros, to_micros
from onepool.errors import UsageError
from onepool.privacy import audit
from onepool.reach import shared_tasks, tasks

commands = typer.Typer(no_args_is_help=True, help="Work for associates, and messages that they have to confirm.")
_STATES = ("open", "done", "expired", "cancelled")


@commands.command("list")
def listing(
    folder: WorkspaceDir = HERE,
    status: Annotated[str, typer.Option(help="open, done, expired or cancelled.")] = "open",
    staff: Annotated[str | None, typer.Option(help="Whose tasks.")] = None,
    journey: Annotated[str | None, typer.Option(help="A journey's name, or broadcast:ID.")] = None,
    limit: Annotated[int, typer.Option(help="So many at most.", min=1, max=1000)] = 50,
    as_json: Json = False,
) -> None:
    """Tasks, the newest first; those that are confirmed together are one.

    Example: onepool task list --staff lisa
    """
    if status not in _STATES:
        raise UsageError(f"there is no status {status}", hint=", ".join(_STATES))
    workspace = opened(folder)
    with workspace.state.read() as connection:
        found = shared_tasks.listed(connection, status=status, staff=staff, journey=journey, limit=limit)
        asked = shared_tasks.asked_at(connection, [one.row.id for one in found])
    rows: list[dict[str, Any]] = [
        {
            "task": one.row.id, "title": one.row.title, "journey": one.row.journey, "staff": one.row.staff_id,
            "customers": one.customers, "open": one.counts.get(tasks.OPEN, 0), "customer": one.row.customer_id,
            "created": from_micros(one.row.created).isoformat(timespec="seconds"),
            "asked": "" if one.row.id not in asked else from_micros(asked[one.row.id]).isoformat(timespec="seconds"),
        }
        for one in found
    ]  # fmt: skip
    if as_json:
        show_json(rows)
    else:
        show_table(rows)


@commands.command("ask")
def ask(
    task: Annotated[int, typer.Argument(help="A task's number, as `task list` shows it.", min=1)],
    folder: WorkspaceDir = HERE,
) -> None:
    """Ask the platform now whether a message's task was confirmed, instead of half an hour later. `serve` puts the
    question, at the account's pace; one task is asked about once a minute at most.

    Example: onepool task ask 12
    """
    workspace = opened(folder)
    with workspace.state.write() as connection:
        number = shared_tasks.head_of(connection, task)
        when = tasks.ask(connection, number, to_micros(workspace.clock.now()))
        at = from_micros(when).isoformat(timespec="seconds")
        audit.record_in(connection, workspace.clock, author(), "task.ask", f"task:{number}", {"at": at})
    say(f"asked about at {at}")
