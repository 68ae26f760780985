"""Work for associates: tasks of journeys, and messages that a platform sends only when somebody has confirmed.

A message's task has the message's number as its key and is told by its message; tasks of journeys are told to the
executor (`told`), which goes on when one is done.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, case, func, null, select, update

from onepool.errors import OnePoolError
from onepool.reach import shared_tasks
from onepool.reach.rules import DAY, MINUTE
from onepool.reach.states import SendState
from onepool.state.journeys import tasks
from onepool.state.outbox import sends

REMINDERS: Final = 3
"""How often somebody may be reminded of a task in 24 hours: what WeCom allows."""

ASK_AGAIN: Final = MINUTE
"""How long after an answer a platform may be asked again, whoever wants to know: what an account may ask in all is the
matter of its pace."""

OPEN: Final = shared_tasks.OPEN
DONE: Final = "done"


class TaskError(OnePoolError):
    """A task that is not there, or with which this can't be done."""

    code = "task"


def close_for(connection: Connection, send_id: int, now: int, result: str) -> None:
    """Close a message's task, where there is one."""
    t = tasks.c
    status = DONE if result == "sent" else "expired" if result == "staff_timeout" else "cancelled"
    connection.execute(
        update(tasks).where(t.key == send_id, t.status == OPEN).values(status=status, closed=now, result=result[:64])
    )


def find(connection: Connection, number: int) -> Row[Any]:
    """A task by its number. Raises TaskError."""
    row = connection.execute(select(tasks).where(tasks.c.id == number)).one_or_none()
    if row is None:
        raise TaskError(f"there is no task {number}", code="task-unknown")
    return row


def done(connection: Connection, number: int, actor: str, result: str, now: int) -> Row[Any]:
    """Somebody did it. The executor goes on from there with its next turn. Raises TaskError."""
    row = _open(connection, number)
    if row.told and is_message(connection, row):
        raise TaskError(
            "this task is confirmed on the platform's side", where=f"task {number}",
            hint="the outcome is asked for from there; it closes by itself",
        )  # fmt: skip
    values = {"status": DONE, "closed": now, "closed_by": actor[:256], "result": (result or DONE)[:64]}
    connection.execute(update(tasks).where(tasks.c.id == number).values(**values))
    return find(connection, number)


def reassign(connection: Connection, number: int, to: str) -> Row[Any]:
    """Give it to another member of staff. Raises TaskError."""
    row = _open(connection, number)
    if is_message(connection, row):
        raise TaskError(
            "a message's task belongs to the associate whose contact the customer is", where=f"task {number}",
            hint="hand the customer over on the platform, and send again",
        )  # fmt: skip
    connection.execute(update(tasks).where(tasks.c.id == number).values(staff_id=to[:128]))
    return find(connection, number)


def handed(connection: Connection, number: int, now: int) -> tuple[str, str] | None:
    """(touchpoint, the platform's number) of a task (by its head) that a platform may remind of; None for one of ours.

    Raises TaskError where it may not be reminded of.
    """
    _remindable(connection, number, now)
    return shared_tasks.handed(connection, number)


def remind(connection: Connection, number: int, now: int) -> Row[Any]:
    """Note a reminder; at most `REMINDERS` in 24 hours. Raises TaskError."""
    row = _remindable(connection, number, now)
    fresh = _fresh(row, now)
    # The span begins with the first reminder, and `reminded_at` stays there until it is over.
    values = {"reminded": 1, "reminded_at": now} if fresh else {"reminded": row.reminded + 1}
    connection.execute(update(tasks).where(tasks.c.id == number).values(**values))
    return find(connection, number)


def ask(connection: Connection, number: int, now: int) -> int:
    """Ask the platform now what became of a message's task, and of all that are confirmed with it: not before
    `ASK_AGAIN` is over since it was last heard of. Returns when it is asked (µs). Raises TaskError."""
    head = shared_tasks.head_of(connection, number)
    row = _open(connection, head)
    t = sends.c
    mine = (t.send_id.in_(shared_tasks.keys_of(head)), t.state == int(SendState.TASK), t.concluded.is_(None))
    heard, asked = connection.execute(select(func.max(t.changed), func.min(t.due)).where(*mine)).one()
    if heard is None:
        raise TaskError(
            "nobody but the associate knows of this task", where=f"task {row.id}",
            hint="no platform is asked about it: say that it is done", code="task-asked",
        )  # fmt: skip
    when = max(now, heard + ASK_AGAIN)
    if asked is not None and asked <= when:
        return int(asked)
    connection.execute(update(sends).where(*mine, t.due > when).values(due=when))
    return int(when)


def unremind(connection: Connection, number: int, since: int) -> None:
    """Give back a reminder that did not go out. `since`: when the span began in which it was counted (µs)."""
    t = tasks.c
    same = update(tasks).where(t.id == number, t.reminded_at == since, t.reminded > 0)
    left = case((t.reminded > 1, t.reminded_at), else_=null())
    connection.execute(same.values(reminded=t.reminded - 1, reminded_at=left))


def is_message(connection: Connection, row: Row[Any]) -> bool:
    """Whether the task is a message's."""
    return connection.execute(select(sends.c.send_id).where(sends.c.send_id == row.key)).first() is not None


def _fresh(row: Row[Any], now: int) -> bool:
    return row.reminded_at is None or row.reminded_at <= now - DAY


def _remindable(connection: Connection, number: int, now: int) -> Row[Any]:
    row = _open(connection, number)
    if not row.staff_id:
        raise TaskError("nobody has this task yet", where=f"task {number}", hint="give it to somebody first")
    if not _fresh(row, now) and row.reminded >= REMINDERS:
        raise TaskError(
            f"there were {REMINDERS} reminders of this task in 24 hours", where=f"task {number}", hint="wait for a day",
            code="task-reminded",
        )  # fmt: skip
    return row


def _open(connection: Connection, number: int) -> Row[Any]:
    row = find(connection, number)
    if row.status != OPEN and not shared_tasks.any_open(connection, number):
        raise TaskError(f"this task is {row.status}", where=f"task {number}", code="task-closed")
    return row
