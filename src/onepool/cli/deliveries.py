"""delivery: the log of messages, unknown ones, accounts."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

import typer

from onepool.cli.output import HERE, Json, WorkspaceDir, author, opened, say, show_json, show_table, worded
from onepool.clock import from_micros, to_micros
from onepool.errors import UsageError
from onepool.journeys.results.runs import steps
from onepool.privacy import audit
from onepool.reach import accounts, deliveries, policies, pressure, unknown, waiting
from onepool.reach.breaker import Breaker
from onepool.reach.claim import key_of
from onepool.reach.deliveries import Wanted
from onepool.reach.states import SendState

commands = typer.Typer(no_args_is_help=True, help="Messages that were sent or not, and the accounts that send them.")


@commands.command("list")
def listing(
    folder: WorkspaceDir = HERE,
    journey: Annotated[str | None, typer.Option(help="A journey's name, or broadcast:ID.")] = None,
    channel: Annotated[str | None, typer.Option(help="A channel.")] = None,
    state: Annotated[str | None, typer.Option(help="A state, such as failed or unknown.")] = None,
    reason: Annotated[str | None, typer.Option(help="A reason, such as capped.")] = None,
    message: Annotated[str | None, typer.Option(help="A message's name.")] = None,
    touchpoint: Annotated[str | None, typer.Option(help="An account.")] = None,
    customer: Annotated[int | None, typer.Option(min=0, help="To this customer.")] = None,
    run: Annotated[int | None, typer.Option(min=0, help="Of this run, as `journey runs` shows it.")] = None,
    node: Annotated[str | None, typer.Option(help="With --journey: of this step.")] = None,
    hop: Annotated[int | None, typer.Option(min=0, max=20, help="Of this hop of a chain, from 0.")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="With --journey: of this version.")] = None,
    days: Annotated[int, typer.Option(help="Planned within so many days.", min=1)] = 7,
    limit: Annotated[int, typer.Option(help="So many at most.", min=1, max=1000)] = 50,
    as_json: Json = False,
) -> None:
    """Messages, the latest planned first.

    Example: onepool delivery list --state failed --days 1
             onepool delivery list --journey cart_recall --node send1 --hop 1
    """
    workspace = opened(folder)
    since = to_micros(workspace.clock.now() - timedelta(days=days))
    states = None if state is None else [_state(state)]
    if journey is None and (node, version) != (None, None):
        raise UsageError("whose step or version?", hint="name the journey: --journey")
    with workspace.state.read() as connection:
        nodes = steps(connection, journey, node, version)
        wanted = Wanted(
            journey=journey, message=message, channel=channel, touchpoint=touchpoint, states=states, reason=reason,
            customer=customer, run=run, since=since, nodes=nodes, hop=hop,
        )  # fmt: skip
        rows = deliveries.page(connection, wanted, None, limit)
    _show(
        [
            {
                "send": key_of(row.send_id), "planned": from_micros(row.planned).isoformat(timespec="seconds"),
                "journey": row.journey, "customer": row.customer_id, "channel": row.channel,
                "touchpoint": row.touchpoint, "message": row.message, "state": SendState(row.state).name.lower(),
                "reason": row.reason or "",
            }
            for row in rows
        ],
        as_json,
    )  # fmt: skip


@commands.command("decide")
def decide(
    decision: Annotated[str, typer.Argument(help="resend, sent or drop.")],
    sends: Annotated[list[str] | None, typer.Argument(help="Messages, as `delivery list` shows them.")] = None,
    folder: WorkspaceDir = HERE,
    journey: Annotated[str | None, typer.Option(help="All unknown ones of a journey instead.")] = None,
) -> None:
    """Decide about messages of which it can't be told whether they went out.

    Example: onepool delivery decide drop --journey cart_recall
    """
    if decision not in ("resend", "sent", "drop"):
        raise UsageError(f"there is no decision {decision}", hint="resend, sent or drop")
    if not sends and journey is None:
        raise UsageError("nothing is named", hint="name messages, or --journey")
    for one in sends or ():
        if not re.fullmatch("[0-9a-f]{16}", one):
            raise UsageError(f"{one} is no message", hint="16 digits and letters, as `delivery list` shows them")
    workspace = opened(folder)
    with workspace.state.write() as connection:
        numbers = [int(one, 16) for one in sends or ()]
        numbers = numbers or deliveries.unknown(connection, Wanted(journey=journey), 2000)
        made = unknown.decide(connection, numbers, decision, author(), to_micros(workspace.clock.now()))  # type: ignore[arg-type]
        detail: dict[str, Any] = {"decision": decision, "messages": len(made), "reason": ""}
        audit.record_in(connection, workspace.clock, author(), "delivery.decide", journey or "messages", detail)
    say(worded("decided about {count:,} messages", count=len(made)))


@commands.command("accounts")
def listed(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """How the accounts stand: pace, health, what waits.

    Example: onepool delivery accounts
    """
    workspace = opened(folder)
    policy, now = policies.load(workspace), to_micros(workspace.clock.now())
    rows = []
    with workspace.state.read() as connection:
        for name in sorted(set(waiting.touchpoints(connection)) | accounts.known(connection)):
            touchpoint = workspace.touchpoints().get(name)
            if touchpoint is None:
                continue
            standing = accounts.load(connection, touchpoint, policy, workspace.settings.zone)
            seconds = pressure.seconds(connection, touchpoint, policy, workspace.settings, now)
            rows.append(
                {
                    "touchpoint": name, "channel": touchpoint.channel, "paused": standing.paused,
                    "breaker": standing.breaker.position, "reason": standing.breaker.reason,
                    "waiting": waiting.depth(connection, name, now), "seconds": round(seconds, 1),
                }
            )  # fmt: skip
    _show(rows, as_json)


@commands.command("pause")
def pause(touchpoint: Annotated[str, typer.Argument(help="The account.")], folder: WorkspaceDir = HERE) -> None:
    """Send nothing over an account until it is told to go on.

    Example: onepool delivery pause sms
    """
    _move(touchpoint, folder, paused=True)


@commands.command("resume")
def resume(touchpoint: Annotated[str, typer.Argument(help="The account.")], folder: WorkspaceDir = HERE) -> None:
    """Let an account go on, also one that was left alone after failures.

    Example: onepool delivery resume sms
    """
    _move(touchpoint, folder, paused=False)


def _move(name: str, folder: WorkspaceDir, *, paused: bool) -> None:
    workspace = opened(folder)
    touchpoint = workspace.touchpoints().get(name)
    if touchpoint is None:
        raise UsageError(f"there is no touchpoint {name}", hint="onepool touchpoint list shows all")
    policy = policies.load(workspace)
    with workspace.state.write() as connection:
        standing = accounts.load(connection, touchpoint, policy, workspace.settings.zone)
        standing.paused = paused
        standing.breaker = standing.breaker if paused else Breaker()
        accounts.save(connection, standing, to_micros(workspace.clock.now()))
        action: Literal["account.pause", "account.resume"] = "account.pause" if paused else "account.resume"
        audit.record_in(connection, workspace.clock, author(), action, f"touchpoint:{name}")
    say(worded("{name} is paused" if paused else "{name} is sending", name=name))


def _state(name: str) -> SendState:
    try:
        return SendState[name.upper()]
    except KeyError as error:
        listed = ", ".join(one.name.lower() for one in SendState)
        raise UsageError(f"there is no state {name}", hint=f"one of {listed}") from error


def _show(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        show_json(rows)
    else:
        show_table(rows)
