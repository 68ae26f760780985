"""journey publish, pause, resume, stop, enter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from onepool.audience.catalog import kept_events, load_catalog
from onepool.cli.journeys import Name, Reason, draft_of, journeys
from onepool.cli.output import HERE, Json, WorkspaceDir, author, note, opened, say, show_json, show_table, worded
from onepool.errors import UsageError
from onepool.journeys import store
from onepool.journeys.check import check_body, refuse_faulty
from onepool.journeys.known import load_known
from onepool.journeys.moving import fates
from onepool.workspace import Workspace

commands = journeys


@journeys.command("publish")
def publish_journey(
    name: Name,
    folder: WorkspaceDir = HERE,
    old_runs: Annotated[str, typer.Option(help="Runs of older versions: finish, move or stop.")] = "finish",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would become of runs under way.")] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Also where a kept case comes out otherwise.")] = False,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Make the draft the version that new entries get. Refused while it has faults, or while a case that was kept of
    it comes out otherwise than expected.

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
    if not anyway:
        _test(ws, name, draft.body)
    made = store.publish(
        ws, ws.clock, name, author=author(), may_approve=True, version=draft.version, reason=reason,
        old_runs=old_runs,  # type: ignore[arg-type]
    )  # fmt: skip
    if as_json:
        show_json({"journey": name, "version": made.version, "hash": made.hash, "runs": rows})
        return
    live = "{name} is live at version {version} ({digest})"
    say(worded(live, name=name, version=made.version, digest=made.hash[:12]))
    for one in check_body(draft.body, known)[1].warnings:
        note(f"! {one}")


def _test(ws: Workspace, name: str, body: Mapping[str, Any]) -> None:
    """Carry out the journey's cases. Raises Exit where one does not pass."""
    from onepool.cli.journey_cases import show_differences
    from onepool.journeys.cases.running import run

    failed = [one for one in run(ws, load_catalog(ws).context, body) if not one.passed]
    for one in failed:
        note(f"{worded('FAILED')}  {one.name}")
        show_differences(one)
    if failed:
        held = "not published: mend the draft, keep the new outcome (onepool journey case {name} NAME), or say --anyway"
        note(worded(held, name=name))
        raise typer.Exit(1)


@journeys.command("pause")
def pause_journey(name: Name, folder: WorkspaceDir = HERE, reason: Reason = "") -> None:
    """Freeze its runs and its messages; nobody enters, nobody leaves.

    Example: onepool journey pause cart_recall --reason "stock is short"
    """
    ws = opened(folder)
    store.pause(ws, ws.clock, name, author=author(), reason=reason)
    say(worded("{name} is paused", name=name))


@journeys.command("resume")
def resume_journey(name: Name, folder: WorkspaceDir = HERE, reason: Reason = "") -> None:
    """Go on after a pause. What happened meanwhile starts no runs.

    Example: onepool journey resume cart_recall
    """
    ws = opened(folder)
    store.resume(ws, ws.clock, name, author=author(), reason=reason)
    say(worded("{name} goes on", name=name))


@journeys.command("stop")
def stop_journey(name: Name, folder: WorkspaceDir = HERE, reason: Reason = "") -> None:
    """End all its runs and cancel their messages that were not sent yet. It can be published again later.

    Example: onepool journey stop cart_recall --reason "season is over"
    """
    ws = opened(folder)
    store.stop(ws, ws.clock, name, author=author(), reason=reason)
    say(worded("{name} is being stopped: the running worker ends its runs", name=name))


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
    say(worded("noted as request {number}", number=number))
