"""Broadcasts: write, check, approve, start, pause, cancel, count."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, status

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.dictionary import titles
from onepool.api.models.broadcasts import (
    BroadcastCheck,
    BroadcastCount,
    BroadcastDetail,
    BroadcastForecast,
    BroadcastInput,
    BroadcastList,
    BroadcastNote,
    BroadcastRow,
    ForecastReason,
)
from onepool.api.models.common import Finding, Titles
from onepool.api.problems import Invalid
from onepool.api.workspace import WorkspaceLike
from onepool.audience.conditions.errors import Problem
from onepool.audience.conditions.parse import plain_data
from onepool.clock import from_micros, to_micros
from onepool.errors import OnePoolError
from onepool.privacy import approvals, audit
from onepool.privacy.roles import Permission, may
from onepool.reach import broadcasts, words
from onepool.reach.broadcasts import Broadcast, BroadcastError, Stored
from onepool.reach.broadcasts.audience import size
from onepool.reach.broadcasts.store import KIND
from onepool.reach.chinese import REACH

router = APIRouter(prefix="/broadcasts", tags=["broadcasts"])
Reader = Annotated[Caller, Depends(Need(Permission.DELIVERIES_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.JOURNEYS_WRITE))]
Name = Annotated[str, Path(max_length=200)]

_SENT = ("accepted", "delivered", "read", "clicked")
_WAITING = ("deferred", "queued", "claimed", "retry", "task", "unknown")
_FAILED = ("failed", "bounced")


@router.get("")
def list_broadcasts(
    _who: Reader,
    ws: Workspace,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> BroadcastList:
    """Broadcasts, the newest first."""
    rows = broadcasts.every(ws.state, before=before, limit=limit + 1)
    page = rows[:limit]
    counts = broadcasts.counts(ws.state, [one.id for one in page])
    return BroadcastList(
        items=[BroadcastRow(**_row(one, counts.get(one.id, []))) for one in page],
        next=page[-1].id if len(rows) > limit else None,
    )


@router.post("", status_code=status.HTTP_201_CREATED)
def create_broadcast(body: BroadcastInput, who: Writer, ws: Workspace, time: Time) -> BroadcastDetail:
    """A new draft."""
    written = plain_data(body.definition)
    _usable(ws, broadcasts.parse(written))
    made = broadcasts.create(ws, written, who.actor)
    audit.record(ws.state, time, who.actor, "broadcast.save", f"broadcast:{made.name}", {"version": made.version})
    return _detail(ws, made, who)


@router.post("/check")
def check_broadcast(body: BroadcastInput, _who: Writer, ws: Workspace, time: Time) -> BroadcastCheck:
    """What is wrong with a definition, and how many are in its audience now."""
    try:
        broadcast = broadcasts.parse(plain_data(body.definition))
    except BroadcastError as error:
        return BroadcastCheck(problems=[_finding(one) for one in error.problems], audience=None)
    problems = broadcasts.problems(ws, broadcast)
    return BroadcastCheck(problems=[_finding(one) for one in problems], audience=_size(ws, broadcast, time))


@router.get("/{name}")
def read_broadcast(name: Name, who: Reader, ws: Workspace) -> BroadcastDetail:
    """One broadcast with its figures."""
    return _detail(ws, broadcasts.find(ws.state, name), who)


@router.get("/{name}/forecast")
def forecast_broadcast(name: Name, _who: Reader, ws: Workspace) -> BroadcastForecast:
    """What would become of it if it started now: messages that go out, who is left out and why, cost. Nothing is
    written. Refused (409) once it has begun."""
    one = broadcasts.find(ws.state, name)
    if one.started is not None:
        raise BroadcastError("it has begun", where=name, code="broadcast-status", hint="see its figures")
    _usable(ws, one.broadcast)
    found = broadcasts.forecast(ws, one)
    return BroadcastForecast(
        audience=found.audience, sample=found.sample, at_once=found.at_once, put_off=found.put_off,
        left_out=[
            ForecastReason(reason=reason, reason_words=_words(words.of_reason(reason)), customers=count)
            for reason, count in found.left_out.items()
        ],
        duplicates=found.duplicates,
        cost=None if found.cost is None else Decimal(str(round(found.cost, 2))),
        currency=ws.settings.currency,
    )  # fmt: skip


@router.put("/{name}")
def change_broadcast(name: Name, body: BroadcastInput, who: Writer, ws: Workspace, time: Time) -> BroadcastDetail:
    """Change a draft; what was asked of a second person has to be asked again. Refused (409) when somebody else
    changed it meanwhile."""
    written = plain_data(body.definition)
    _usable(ws, broadcasts.parse(written))
    made = broadcasts.change(ws, name, written, who.actor, expected=body.version)
    audit.record(ws.state, time, who.actor, "broadcast.save", f"broadcast:{name}", {"version": made.version})
    return _detail(ws, made, who)


@router.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT)
def delete_broadcast(name: Name, who: Writer, ws: Workspace) -> None:
    """Delete a draft."""
    broadcasts.remove(ws, name, who.actor)


@router.post("/{name}/ask-approval")
def ask_broadcast_approval(name: Name, body: BroadcastNote, who: Writer, ws: Workspace) -> BroadcastDetail:
    """Ask a second person for their word."""
    _usable(ws, broadcasts.find(ws.state, name).broadcast)
    return _detail(ws, broadcasts.ask(ws, name, who.actor, body.note), who)


@router.post("/{name}/start")
def start_broadcast(name: Name, who: Writer, ws: Workspace, time: Time) -> BroadcastDetail:
    """Start it now, or at its time."""
    _usable(ws, broadcasts.find(ws.state, name).broadcast)
    found = broadcasts.start(ws, name, approval=_needs_approval(ws, who))
    audit.record(ws.state, time, who.actor, "broadcast.start", f"broadcast:{name}", {"version": found.version})
    return _detail(ws, found, who)


@router.post("/{name}/pause")
def pause_broadcast(name: Name, who: Writer, ws: Workspace, time: Time) -> BroadcastDetail:
    """Plan and send nothing more until it goes on."""
    return _moved(ws, time, who, "broadcast.pause", broadcasts.pause(ws, name))


@router.post("/{name}/resume")
def resume_broadcast(name: Name, who: Writer, ws: Workspace, time: Time) -> BroadcastDetail:
    """Go on; what expired meanwhile is not sent."""
    return _moved(ws, time, who, "broadcast.resume", broadcasts.resume(ws, name))


@router.post("/{name}/cancel")
def cancel_broadcast(name: Name, who: Writer, ws: Workspace, time: Time) -> BroadcastDetail:
    """Nothing more goes out from now on."""
    return _moved(ws, time, who, "broadcast.cancel", broadcasts.cancel(ws, name))


def _moved(ws: WorkspaceLike, time: Any, who: Caller, action: Any, found: Stored) -> BroadcastDetail:
    audit.record(ws.state, time, who.actor, action, f"broadcast:{found.name}")
    return _detail(ws, found, who)


def _needs_approval(ws: WorkspaceLike, who: Caller) -> bool:
    rule = ws.settings.journeys.approval
    return rule == "always" or (rule == "by_role" and not may(who.role, Permission.JOURNEYS_APPROVE))


def _usable(ws: WorkspaceLike, broadcast: Broadcast) -> None:
    problems = broadcasts.problems(ws, broadcast)
    if problems:
        raise Invalid(
            "the broadcast can't be used like this", code="broadcast", where=problems[0].place,
            problems=[_finding(one) for one in problems],
        )  # fmt: skip


def _size(ws: WorkspaceLike, broadcast: Broadcast, time: Any) -> int | None:
    try:
        return size(ws, broadcast.audience, to_micros(time.now()))
    except OnePoolError:
        return None


def _row(one: Stored, counts: list[tuple[str, str | None, int]]) -> dict[str, Any]:
    def of(states: tuple[str, ...]) -> int:
        return sum(count for state, _, count in counts if state in states)

    return {
        "name": one.name, "title": titles(one.body.get("title"), one.name), "status": one.status,
        "version": one.version, "message": str(one.body.get("message") or ""),
        "channel": str(one.body.get("channel") or ""), "author": one.author, "created": from_micros(one.created),
        "start": _at(one.start), "started": _at(one.started), "ended": _at(one.ended), "total": one.total,
        "planned": one.planned, "duplicates": one.duplicates, "sent": of(_SENT),
        "delivered": of(("delivered", "read", "clicked")), "failed": of(_FAILED),
        "suppressed": of(("suppressed", "cancelled")), "waiting": of(_WAITING),
    }  # fmt: skip


def _detail(ws: WorkspaceLike, one: Stored, who: Caller) -> BroadcastDetail:
    counts = broadcasts.counts(ws.state, [one.id]).get(one.id, [])
    asked = approvals.latest(ws.state, KIND, one.name, one.version)
    return BroadcastDetail.model_validate(
        _row(one, counts)
        | {
            "definition": one.body,
            "counts": [
                BroadcastCount(state=state, reason=reason, messages=count, reason_words=_words(words.of_reason(reason)))
                for state, reason, count in counts
            ],
            "audience": None if one.started is not None else _size(ws, one.broadcast, ws.clock),
            "approval": None if asked is None else asked.status,
            "approval_needed": _needs_approval(ws, who),
        }
    )


def _words(found: words.Words | None) -> Titles | None:
    return None if found is None else Titles(**found)


def _at(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def _finding(one: Problem) -> Finding:
    return Finding(place=one.place, message=REACH.both(one.message), suggestion=one.suggestion)
