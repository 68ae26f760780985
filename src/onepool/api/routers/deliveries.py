"""The log of messages, the queue of unknown ones, accounts."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import select

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.called import called
from onepool.api.dictionary import titles
from onepool.api.models.common import Titles
from onepool.api.models.deliveries import (
    AccountList,
    Attempt,
    Deliveries,
    Delivery,
    DeliveryCount,
    DeliveryCounts,
    DeliveryDetail,
    PaceLimit,
    SendingAccount,
    SendKey,
    State,
    UnknownDecided,
    UnknownDecision,
)
from onepool.api.problems import Invalid, NotFound
from onepool.api.workspace import WorkspaceLike
from onepool.channels import registry
from onepool.clock import Clock, from_micros, to_micros
from onepool.collect.touchpoint import Touchpoint
from onepool.journeys.results.runs import steps
from onepool.privacy import audit
from onepool.privacy.roles import Permission
from onepool.reach import accounts, deliveries, policies, pressure, unknown, waiting, words
from onepool.reach.breaker import Breaker
from onepool.reach.claim import BROADCAST, key_of
from onepool.reach.deliveries import Place, Wanted
from onepool.reach.policy_model import Policy
from onepool.reach.states import SendState
from onepool.standards.personal import hidden_of
from onepool.state.outbox import broadcasts
from onepool.state.schema import identifiers

router = APIRouter(tags=["deliveries"])
Reader = Annotated[Caller, Depends(Need(Permission.DELIVERIES_READ))]
Decider = Annotated[Caller, Depends(Need(Permission.DELIVERIES_DECIDE))]
Text = Annotated[str | None, Query(max_length=200)]
Key = Annotated[SendKey, Path()]

_CURSOR = re.compile(r"(\d{1,17})\.([0-9a-f]{16})", re.ASCII)
_MOST_DECIDED = 2000


def wanted(
    ws: Workspace,
    journey: Text = None,
    broadcast: Text = None,
    message: Text = None,
    channel: Text = None,
    touchpoint: Text = None,
    state: Annotated[list[State] | None, Query(description="Any of these.")] = None,
    reason: Text = None,
    customer_id: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    run_id: Annotated[str | None, Query(pattern=r"^\d{1,19}$")] = None,
    since: datetime | None = None,
    until: datetime | None = None,
    node: Annotated[str | None, Query(max_length=128, description="Of this step of `journey`.")] = None,
    hop: Annotated[int | None, Query(ge=0, le=20, description="Of this hop of a chain, from 0.")] = None,
    version: Annotated[int | None, Query(ge=1, description="Of this version of `journey`.")] = None,
    entered_from: Annotated[datetime | None, Query(description="Of runs that entered from here.")] = None,
    entered_to: Annotated[datetime | None, Query(description="Of runs that entered before.")] = None,
) -> Wanted:
    """The filter of a request."""
    if broadcast is not None:
        with ws.state.read() as connection:
            number = connection.execute(select(broadcasts.c.id).where(broadcasts.c.name == broadcast)).scalar()
        journey = f"{BROADCAST}{-1 if number is None else number}"
    with ws.state.read() as connection:
        nodes = steps(connection, journey, node, version)
    states = None if not state else [SendState[one.upper()] for one in state]
    return Wanted(
        journey, message, channel, touchpoint, states, reason, customer_id, None if run_id is None else int(run_id),
        _micros(ws, since), _micros(ws, until), nodes, hop,
        _entered(_micros(ws, entered_from), _micros(ws, entered_to)),
    )  # fmt: skip


def _entered(since: int | None, until: int | None) -> tuple[int, int] | None:
    return None if since is None and until is None else (since or 0, until if until is not None else 1 << 62)


Filter = Annotated[Wanted, Depends(wanted)]


@router.get("/deliveries")
def list_deliveries(
    who: Reader,
    ws: Workspace,
    filter: Filter,
    cursor: Annotated[str | None, Query(max_length=60)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Deliveries:
    """Messages, the latest planned first."""
    with ws.state.read() as connection:
        rows = deliveries.page(connection, filter, _place(cursor), limit + 1)
        names = names_of_broadcasts(connection, rows)
    more = rows[limit - 1] if len(rows) > limit else None
    people = called(ws, who, (row.customer_id for row in rows[:limit]))
    return Deliveries(
        items=[Delivery(**shown(row, names), name=people.get(row.customer_id)) for row in rows[:limit]],
        next=None if more is None else f"{more.planned}.{key_of(more.send_id)}",
    )


@router.get("/deliveries/counts")
def count_deliveries(_who: Reader, ws: Workspace, filter: Filter) -> DeliveryCounts:
    """How many messages there are by channel, state and reason."""
    with ws.state.read() as connection:
        found = deliveries.counted(connection, filter)
    return DeliveryCounts(
        items=[
            DeliveryCount.model_validate(
                {"channel": channel, "state": state, "reason": reason, "reason_words": words.of_reason(reason),
                 "messages": count}
            )
            for channel, state, reason, count in found
        ],
        total=sum(one[3] for one in found),
    )  # fmt: skip


@router.get("/deliveries/{send_id}")
def read_delivery(send_id: Key, who: Reader, ws: Workspace) -> DeliveryDetail:
    """One message with the calls that were made for it."""
    number = int(send_id, 16)
    with ws.state.read() as connection:
        row = deliveries.find(connection, number) if number < 1 << 63 else None
        if row is None:
            raise NotFound("there is no such message", where=send_id)
        calls = deliveries.attempts(connection, number)
        rules = policies.stored(connection, [row.policy])
        t = identifiers.c
        address = connection.execute(select(t.type, t.value).where(t.id == row.identifier_id)).one_or_none()
        names = names_of_broadcasts(connection, [row])
    return DeliveryDetail(
        **shown(row, names),
        name=called(ws, who, [row.customer_id]).get(row.customer_id),
        address=None if address is None else hidden_of(ws.standard()).identifier(address.type, address.value)[0],
        address_type=None if address is None else address.type,
        staff_id=row.staff_id,
        expires=_at(row.expires),
        deadline=_at(row.deadline),
        provider_id=row.provider_id,
        code=row.code,
        code_words=_words(words.of_code(row.channel, row.code)),
        cost=row.cost,
        unknown_policy=rules[row.policy].unknown if row.policy in rules else "drop",
        calls=[_attempt(row.channel, one) for one in calls],
    )


@router.post("/unknown/decide")
def decide_unknown(body: UnknownDecision, who: Decider, ws: Workspace, time: Time) -> UnknownDecided:
    """Decide about messages of which it can't be told whether they went out, many at once."""
    if not body.send_ids and body.journey is None and body.touchpoint is None:
        raise Invalid("nothing is named", where="send_ids", hint="name messages, or a journey, or a touchpoint")
    with ws.state.write() as connection:
        numbers = [int(one, 16) for one in body.send_ids]
        if not numbers:
            of = Wanted(journey=body.journey, touchpoint=body.touchpoint)
            numbers = deliveries.unknown(connection, of, _MOST_DECIDED)
        decided = unknown.decide(connection, numbers, body.decision, who.actor, to_micros(time.now()))
        detail = {"decision": body.decision, "messages": len(decided), "reason": body.reason}
        audit.record_in(connection, time, who.actor, "delivery.decide", body.journey or "messages", detail)
    return UnknownDecided(decided=len(decided), send_ids=[key_of(one) for one in decided])


@router.get("/accounts")
def list_accounts(_who: Reader, ws: Workspace, time: Time) -> AccountList:
    """The accounts over which messages go out: pace, health, what waits."""
    policy = policies.load(ws)
    return AccountList(items=[_account(ws, one, policy, time) for one in _sending(ws).values()])


@router.post("/accounts/{touchpoint}/pause")
def pause_account(touchpoint: str, who: Decider, ws: Workspace, time: Time) -> SendingAccount:
    """Send nothing over this account until it goes on."""
    return _moved(ws, touchpoint, who, time, paused=True)


@router.post("/accounts/{touchpoint}/resume")
def resume_account(touchpoint: str, who: Decider, ws: Workspace, time: Time) -> SendingAccount:
    """Go on; a breaker that is open is closed, since somebody has mended what was wrong."""
    return _moved(ws, touchpoint, who, time, paused=False)


def _moved(ws: WorkspaceLike, name: str, who: Caller, time: Clock, *, paused: bool) -> SendingAccount:
    one = _sending(ws).get(name)
    if one is None:
        raise NotFound("there is no such account", where=name)
    policy = policies.load(ws)
    with ws.state.write() as connection:
        standing = accounts.load(connection, one, policy, ws.settings.zone)
        standing.paused = paused
        if not paused:
            standing.breaker = Breaker()
        accounts.save(connection, standing, to_micros(time.now()))
        action: Any = "account.pause" if paused else "account.resume"
        audit.record_in(connection, time, who.actor, action, f"touchpoint:{name}")
    return _account(ws, one, policy, time)


def _account(ws: WorkspaceLike, one: Touchpoint, policy: Policy, time: Clock) -> SendingAccount:
    now = to_micros(time.now())
    with ws.state.read() as connection:
        standing = accounts.load(connection, one, policy, ws.settings.zone)
        count = waiting.depth(connection, one.name, now)
        seconds = pressure.seconds(connection, one, policy, ws.settings, now)
        full = pressure.full(connection, one, policy, ws.settings, now)
    breaker = standing.breaker
    return SendingAccount(
        touchpoint=one.name, channel=one.channel, title=titles(one.title, one.name), paused=standing.paused,
        breaker=breaker.position, failures=breaker.failures, reason=breaker.reason, open_until=_at(breaker.until),
        limits=[PaceLimit(**limit) for limit in standing.buckets.shown(now)], waiting=count, seconds=round(seconds, 1),
        full=full,
    )  # fmt: skip


def _sending(ws: WorkspaceLike) -> dict[str, Touchpoint]:
    """Touchpoints whose channel carries messages to people."""
    found = {}
    for name, one in sorted(ws.touchpoints().items()):
        channel = registry.find(one.channel) if one.channel else None
        if channel is not None and channel.manifest.messages and channel.manifest.addresses:
            found[name] = one
    return found


def shown(row: Any, names: dict[int, str]) -> dict[str, Any]:
    """A row of the outbox as a `Delivery`."""
    return {
        "send_id": key_of(row.send_id), "journey": "" if row.broadcast_id is not None else row.journey,
        "broadcast": names.get(row.broadcast_id) if row.broadcast_id is not None else None,
        "run_id": None if row.run_id is None else str(row.run_id), "customer_id": row.customer_id,
        "channel": row.channel, "touchpoint": row.touchpoint, "kind": row.kind, "message": row.message,
        "message_version": row.message_version, "template": row.template, "category": row.category,
        "state": SendState(row.state).name.lower(), "reason": row.reason,
        "reason_words": _words(words.of_reason(row.reason)), "hop": row.hop, "attempts": row.attempts,
        "planned": _at(row.planned), "due": _at(row.due), "sent": _at(row.claimed), "concluded": _at(row.concluded),
        "delivered": _at(row.delivered), "read": _at(row.read), "clicked": _at(row.clicked),
    }  # fmt: skip


def _attempt(channel: str, one: Any) -> Attempt:
    return Attempt(
        number=one.number, at=from_micros(one.at), ended=_at(one.ended), state=one.state, reason=one.reason,
        reason_words=_words(words.of_reason(one.reason)), code=one.code or None,
        code_words=_words(words.of_code(channel, one.code)), provider_id=one.provider_id or None, detail=one.detail,
    )  # fmt: skip


def names_of_broadcasts(connection: Any, rows: list[Any]) -> dict[int, str]:
    """Names of the broadcasts that rows of the outbox belong to, by number."""
    numbers = sorted({row.broadcast_id for row in rows if row.broadcast_id is not None})
    if not numbers:
        return {}
    found = connection.execute(select(broadcasts.c.id, broadcasts.c.name).where(broadcasts.c.id.in_(numbers)))
    return {row.id: row.name for row in found}


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise Invalid("not a place in the log", where="cursor", hint="give `next` of the page before as it is")
    return Place(int(match[1]), int(match[2], 16) & ((1 << 63) - 1))


def _micros(ws: WorkspaceLike, moment: datetime | None) -> int | None:
    if moment is None:
        return None
    return to_micros(moment if moment.tzinfo is not None else moment.replace(tzinfo=ws.settings.zone))


def _at(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def _words(found: words.Words | None) -> Titles | None:
    return None if found is None else Titles(**found)
