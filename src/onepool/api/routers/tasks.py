"""Tasks of associates: list, done, remind, hand on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import JsonValue
from sqlalchemy import Connection, select

from onepool import connect
from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.called import called
from onepool.api.models.tasks import Task, TaskDone, TaskList, TaskReassign, TaskStaff, TaskStatus
from onepool.api.workspace import WorkspaceLike
from onepool.clock import from_micros, to_micros
from onepool.collect.touchpoint import Touchpoint
from onepool.errors import OnePoolError
from onepool.privacy import audit
from onepool.privacy.masking import mask_text
from onepool.privacy.roles import Permission
from onepool.reach import shared_tasks, tasks, words
from onepool.reach.claim import BROADCAST, key_of
from onepool.reach.rules import DAY
from onepool.state.outbox import broadcasts, sends

router = APIRouter(prefix="/tasks", tags=["tasks"])
Reader = Annotated[Caller, Depends(Need(Permission.DELIVERIES_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.TASKS_WRITE))]
TaskId = Annotated[int, Path(ge=1, le=2**53)]


@router.get("")
def list_tasks(
    who: Reader,
    ws: Workspace,
    time: Time,
    status: TaskStatus | None = None,
    staff: Annotated[str | None, Query(max_length=128)] = None,
    journey: Annotated[str | None, Query(max_length=128)] = None,
    customer_id: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    head: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> TaskList:
    """Tasks, the newest first. Those that are confirmed together (one group-send task to many customers) are one, by
    the first of them; with `head` each of those of one."""
    with ws.state.read() as connection:
        rows = shared_tasks.listed(
            connection, status=status, staff=staff, journey=journey, before=before, limit=limit + 1,
            customers=None if customer_id is None else [customer_id], head=head,
        )  # fmt: skip
        shown = rows[:limit]
        each = head is not None or customer_id is not None
        beside = _beside(ws, connection, who, shown)
        found = [_task(one, to_micros(time.now()), who, beside, status, each=each) for one in shown]
        people = [TaskStaff(staff_id=name, open=count) for name, count in shared_tasks.staff(connection)]
    return TaskList(items=found, staff=people, next=rows[limit - 1].row.id if len(rows) > limit else None)


@router.post("/{id}/done")
def finish_task(id: TaskId, body: TaskDone, who: Writer, ws: Workspace, time: Time) -> Task:
    """Somebody did it; the journey goes on."""
    now = to_micros(time.now())
    with ws.state.write() as connection:
        tasks.done(connection, id, who.actor, body.result, now)
        audit.record_in(connection, time, who.actor, "task.done", f"task:{id}", {"result": body.result})
    return _shown(ws, id, now, who)


@router.post("/{id}/remind")
def remind_task(id: TaskId, who: Writer, ws: Workspace, time: Time) -> Task:
    """Remind the associate, of a message by the platform itself; three times in 24 hours at most."""
    now = to_micros(time.now())
    # Counted first: whoever clicks meanwhile finds one less left.
    with ws.state.write() as connection:
        id = shared_tasks.head_of(connection, id)
        there = tasks.handed(connection, id, now)
        row = tasks.remind(connection, id, now)
    touchpoint = None if there is None else ws.touchpoints().get(there[0])
    if there is not None and touchpoint is not None:
        try:
            _by_platform(ws, touchpoint, there[1], id)
        except OnePoolError:
            with ws.state.write() as connection:
                tasks.unremind(connection, id, row.reminded_at)
            raise
    with ws.state.write() as connection:
        row = tasks.find(connection, id)
        audit.record_in(connection, time, who.actor, "task.remind", f"task:{id}", {"staff_id": row.staff_id})
    return _shown(ws, id, now, who)


@router.post("/{id}/ask")
def ask_about_task(id: TaskId, who: Writer, ws: Workspace, time: Time) -> Task:
    """Ask the platform now whether a message's task was confirmed: once a minute at most, at the account's pace."""
    now = to_micros(time.now())
    with ws.state.write() as connection:
        id = shared_tasks.head_of(connection, id)
        when = tasks.ask(connection, id, now)
        detail: dict[str, JsonValue] = {"at": from_micros(when).isoformat(timespec="seconds")}
        audit.record_in(connection, time, who.actor, "task.ask", f"task:{id}", detail)
    return _shown(ws, id, now, who)


@router.post("/{id}/reassign")
def reassign_task(id: TaskId, body: TaskReassign, who: Writer, ws: Workspace, time: Time) -> Task:
    """Give a journey's task to another associate."""
    now = to_micros(time.now())
    with ws.state.write() as connection:
        tasks.reassign(connection, id, body.staff_id)
        audit.record_in(connection, time, who.actor, "task.reassign", f"task:{id}", {"staff_id": body.staff_id})
    return _shown(ws, id, now, who)


def _by_platform(ws: WorkspaceLike, touchpoint: Touchpoint, provider_id: str, number: int) -> None:
    """Raises TaskError where the platform refuses. One that may have reached it counts: it would be one too many."""
    receipt = connect.remind(ws, touchpoint, provider_id)
    if receipt is None or receipt.state in ("sent", "unknown"):
        return
    known = words.of_code(touchpoint.channel, receipt.code)
    said = receipt.detail if known is None else known["en"]
    raise tasks.TaskError(
        f"the platform did not remind: {said or receipt.code or receipt.reason}", where=f"task {number}",
        hint="try again later" if receipt.state == "retry" else "test the touchpoint",
    )  # fmt: skip


def _said(text: str, who: Caller) -> str:
    """What a task says, which is written for associates: whole to those who deal with tasks, without numbers and
    addresses to others who may see names. Names can't be told from other words: nothing to those who may not."""
    if not who.may(Permission.CUSTOMERS_NAMES):
        return "***" if text else ""
    return text if who.may(Permission.TASKS_WRITE) else mask_text(text)


@dataclass(frozen=True)
class _Beside:
    """What tasks are shown with: their customers' names, which are messages, of which broadcast each is that is one of
    a broadcast (by what stands for the journey), and when the platform is asked about it next."""

    names: dict[int | None, str | None]
    messages: frozenset[int]
    broadcasts: dict[str, str]
    asked: dict[int, int]


def _beside(ws: WorkspaceLike, connection: Connection, who: Caller, found: Sequence[shared_tasks.Shown]) -> _Beside:
    rows = [one.row for one in found]
    keys = [row.key for row in rows]
    senders = {row.journey for row in rows if row.journey.startswith(BROADCAST)}
    numbers = [int(one.removeprefix(BROADCAST)) for one in senders]
    b = broadcasts.c
    named = connection.execute(select(b.id, b.name).where(b.id.in_(numbers))).all() if numbers else []
    return _Beside(
        called(ws, who, [row.customer_id for row in rows]),
        frozenset(connection.execute(select(sends.c.send_id).where(sends.c.send_id.in_(keys))).scalars()),
        {f"{BROADCAST}{one.id}": one.name for one in named},
        shared_tasks.asked_at(connection, [row.id for row in rows]),
    )


def _shown(ws: WorkspaceLike, id: int, now: int, who: Caller) -> Task:
    with ws.state.read() as connection:
        row = tasks.find(connection, id)
        found = shared_tasks.shown(connection, [row])
        return _task(found[0], now, who, _beside(ws, connection, who, found))


def _task(
    one: shared_tasks.Shown, now: int, who: Caller, beside: _Beside, status: TaskStatus | None = None, *,
    each: bool = False,
) -> Task:  # fmt: skip
    """A task as it is shown: with the status that was asked for, else open while anybody of it is; ``each``: own."""
    row = one.row
    shown = row.status if each else status or ("open" if one.counts.get("open") else row.status)
    message, asked = row.key in beside.messages, beside.asked.get(row.id)
    fresh = row.reminded_at is None or row.reminded_at <= now - DAY
    return Task(
        id=row.id, kind="message" if message else "task", send_id=key_of(row.key) if message else None,
        journey=row.journey, broadcast=beside.broadcasts.get(row.journey),
        run_id=None if row.run_id is None else str(row.run_id), customer_id=row.customer_id,
        name=beside.names.get(row.customer_id), title=_said(row.title, who), body=_said(row.body, who),
        staff_id=row.staff_id, customers=one.customers, open=one.counts.get("open", 0),
        status=shown, created=from_micros(row.created),
        due=None if row.due is None else from_micros(row.due),
        closed=None if row.closed is None else from_micros(row.closed), closed_by=row.closed_by, result=row.result,
        reminded=row.reminded, reminded_at=None if row.reminded_at is None else from_micros(row.reminded_at),
        reminders_left=tasks.REMINDERS if fresh else max(tasks.REMINDERS - row.reminded, 0),
        asked_at=None if asked is None else from_micros(asked),
    )  # fmt: skip
