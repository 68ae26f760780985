"""journey publish, pause, resume, stop, enter."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from onepool.audience.catalog import kept_events
from onepool.cli.journeys import Name, Reason, draft_of, journeys
from onepool.cli.output import HERE, Json, WorkspaceDir, author, note, opened, say, show_json, show_table
from onepool.errors import UsageError
from onepool.journeys import store
from onepool.journeys.check import check_body, refuse_faulty
from onepool.journeys.known import load_known
from onepool.journeys.moving import fates

commands = journeys


@journeys.command("publish")
def publish_journey(
    name: Name,
    folder: WorkspaceDir = HERE,
    old_runs: Annotated[str, typer.Option(help="Runs of older versions: finish, move or stop.")] = "finish",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would become of runs under way.")] = False,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Make the draft the version that new entries get. Refused while it has faults.

    Who may use the workspace's folder counts as somebody who may approve; with `journeys: {approval: always}` a second
    person has to approve all the same.

    Example: onepool journey publish cart_recall --old-runs move
    """
    if old_runs not in ("finish", "move", "stop"):
        raise UsageError(f"{old_runs} is none of finish, move, stop")
    ws = opened(folder)
    draft = draft_of(ws, name)
    known = load_known(ws, kept_events(ws))
    journey = refuse_faulty(draft.body, known)
    with ws.state.read() as connection:
        moved = fates(connection, name, journey, old_runs)  # type: ignore[arg-type]
    rows = [
        {"version": one.version, "node": one.node, "runs": one.runs, "fate": one.fate, "why": one.why or ""}
        for one in moved
    ]
    if dry_run:
        show_json(rows) if as_json else show_table(rows, "runs under way")
        return
    made = store.publish(
        ws, ws.clock, name, author=author(), may_approve=True, version=draft.version, reason=reason,
        old_runs=old_runs,  # type: ignore[arg-type]
    )  # fmt: skip
    if as_json:
        show_json({"journey": name, "version": made.version, "hash": made.hash, "runs": rows})
        return
    say(f"{name} is live at version {made.version} ({made.hash[:12]})")
    for one in check_body(draft.body, known)[1].warnings:
        note(f"! {one}")


@journeys.command("pause")
def pause_journey(name: Name, folder: WorkspaceDir = HERE, reason: Reason = "") -> None:
    """Freeze its runs and its messages; nobody enters, nobody leaves.

    Example: onepool journey pause cart_recall --reason "stock is short"
    """
    ws = opened(folder)
    store.pause(ws, ws.clock, name, author=author(), reason=reason)
    say(f"{name} is paused")


@journeys.command("resume")
def resume_journey(name: Name, folder: WorkspaceDir = HERE, reason: Reason = "") -> None:
    """Go on after a pause. What happened meanwhile starts no runs.

    Example: onepool journey resume cart_recall
    """
    ws = opened(folder)
    store.resume(ws, ws.clock, name, author=author(), reason=reason)
    say(f"{name} goes on")


@journeys.command("stop")
def stop_journey(name: Name, folder: WorkspaceDir = HERE, reason: Reason = "") -> None:
    """End all its runs and cancel their messages that were not sent yet. It can be published again later.

    Example: onepool journey stop cart_recall --reason "season is over"
    """
    ws = opened(folder)
    store.stop(ws, ws.clock, name, author=author(), reason=reason)
    say(f"{name} is being stopped: the running worker ends its runs")


@journeys.command("enter")
def enter_journey(
    name: Name,
    customer: Annotated[int, typer.Argument(help="customer_id")],
    folder: WorkspaceDir = HERE,
    key: Annotated[str, typer.Option(help="Tells several runs of one customer apart.")] = "",
    fields: Annotated[str, typer.Option(help="JSON object, as the entry names them.")] = "{}",
) -> None:
    """Ask for a customer to enter a journey with `entry: {api: true}`. Its own rules still decide.

    Example: onepool journey enter service_call 1042 --fields '{"why": "complaint"}'
    """
    ws = opened(folder)
    try:
        given = json.loads(fields)
    except ValueError as error:
        raise UsageError(f"--fields is no JSON: {error}") from error
    if not isinstance(given, dict):
        raise UsageError("--fields wants a JSON object")
    number = store.enter(ws, ws.clock, name, customer, author=author(), key=key, fields=given)
    say(f"noted as request {number}")
