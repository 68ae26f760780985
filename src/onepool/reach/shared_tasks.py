"""Tasks of messages that a platform sends when somebody has confirmed: one for each customer, and those that are
confirmed together (one group-send task to many) shown as one, by the first of them, their head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, Select, delete, exists, func, insert, or_, select, union_all

from onepool.reach.states import SendState
from onepool.state.bulk import insert_many
from onepool.state.journeys import task_members, tasks
from onepool.state.outbox import sends

if TYPE_CHECKING:
    from onepool.reach.outcomes import Result

OPEN: Final = "open"
_CHUNK: Final = 500
_COLUMNS: Final = (
    "key", "run_id", "node", "visit", "customer_id", "journey", "title", "body", "status", "created", "due",
    "staff_id", "told", "closed_by", "result", "reminded",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """A task, and how many of those that are confirmed with it (itself too) have which status."""

    row: Row[Any]
    counts: dict[str, int]

    @property
    def customers(self) -> int:
        """How many customers it is for."""
        return sum(self.counts.values())


def open_for(connection: Connection, handed: Sequence[Result]) -> None:
    """Tasks for whoever has to confirm messages; the same ones for every attempt. Those with one number of the
    platform's, from one member of staff, are confirmed together."""
    if not handed:
        return
    known = _by_key(connection, [one.claimed.send_id for one in handed])
    fresh = []
    together: dict[tuple[str, str], list[int]] = {}
    for one in handed:
        row, message = one.claimed.row, one.claimed.message
        staff = message.to.get("staff_id", "")
        if one.receipt.provider_id:
            together.setdefault((one.receipt.provider_id, staff), []).append(row.send_id)
        if row.send_id in known:
            continue
        text = message.content.get("text")
        body = text.get("content", "") if isinstance(text, dict) else text or ""
        deadline = None if one.claimed.policy.accept_within is None else row.planned + one.claimed.policy.accept_within
        fresh.append(_values(row, str(body)[:4000], deadline, staff, one.at))
    insert_many(connection, insert(tasks), _COLUMNS, fresh)
    for keys in together.values():
        if len(keys) > 1:
            _join(connection, sorted(_by_key(connection, keys).values()))


def open_found(connection: Connection, row: Row[Any], provider_id: str, now: int) -> None:
    """A task of a message that was found with the platform though its call had no answer. What it says is not known
    here any more; others of the same number are confirmed with it."""
    if not _by_key(connection, [row.send_id]):
        insert_many(connection, insert(tasks), _COLUMNS, [_values(row, "", row.deadline, row.staff_id or "", now)])
    s = sends.c
    same = (s.provider_id == provider_id, s.touchpoint == row.touchpoint, s.staff_id == row.staff_id)
    found = list(connection.execute(select(s.send_id).where(*same)).scalars())
    _join(connection, sorted(_by_key(connection, [*found, row.send_id]).values()))


def _values(row: Row[Any], body: str, deadline: int | None, staff: str, now: int) -> tuple[Any, ...]:
    return (row.send_id, row.run_id, row.node, row.visit, row.customer_id, row.journey, row.message, body, OPEN, now,
            deadline, staff, True, "", "", 0)  # fmt: skip


def _by_key(connection: Connection, keys: Sequence[int]) -> dict[int, int]:
    """Numbers of tasks by the messages that they are of."""
    found: dict[int, int] = {}
    t = tasks.c
    for start in range(0, len(keys), _CHUNK):
        some = t.key.in_(list(keys[start : start + _CHUNK]))
        found |= {row.key: row.id for row in connection.execute(select(t.key, t.id).where(some))}
    return found


def _join(connection: Connection, numbers: Sequence[int]) -> None:
    """Show these as one, by the first of them."""
    m = task_members.c
    for start in range(0, len(numbers), _CHUNK):
        connection.execute(delete(task_members).where(m.task_id.in_(numbers[start : start + _CHUNK])))
    rest = [(number, numbers[0]) for number in numbers[1:]]
    insert_many(connection, insert(task_members), ("task_id", "head"), rest)


def head_of(connection: Connection, number: int) -> int:
    """The task that stands for one and all that are confirmed with it."""
    query = select(task_members.c.head).where(task_members.c.task_id == number)
    found = connection.execute(query).scalar_one_or_none()
    return number if found is None else int(found)


def any_open(connection: Connection, head: int) -> bool:
    """Whether somebody of a task still has to get the message."""
    query = select(tasks.c.id).where(_within(head), tasks.c.status == OPEN).limit(1)
    return connection.execute(query).first() is not None


def handed(connection: Connection, head: int) -> tuple[str, str] | None:
    """(touchpoint, the platform's number) of a task; None for one of ours."""
    query = select(sends.c.touchpoint, sends.c.provider_id).join(tasks, tasks.c.key == sends.c.send_id)
    found = connection.execute(query.where(_within(head), sends.c.provider_id.is_not(None)).limit(1)).one_or_none()
    return None if found is None or not found.provider_id else (found.touchpoint, found.provider_id)


def keys_of(head: int) -> Select[tuple[int]]:
    """The messages of a task and of all that are confirmed with it."""
    return select(tasks.c.key).where(_within(head))


def asked_at(connection: Connection, heads: Sequence[int]) -> dict[int, int]:
    """When the platform is asked next what became of tasks (µs), by their heads; of others nobody is asked."""
    t, m, of = tasks.c, task_members.c, sends.c
    own = select(t.id.label("task"), t.id.label("head")).where(t.id.in_(heads))
    each = union_all(own, select(m.task_id, m.head).where(m.head.in_(heads))).subquery()
    open_ = (t.status == OPEN, of.state == int(SendState.TASK), of.concluded.is_(None), of.due.is_not(None))
    found = each.join(tasks, t.id == each.c.task).join(sends, of.send_id == t.key)
    query = select(each.c.head, func.min(of.due).label("due")).select_from(found).where(*open_).group_by(each.c.head)
    return {row.head: row.due for row in connection.execute(query)}


def _within(head: int) -> Any:
    members = select(task_members.c.task_id).where(task_members.c.head == head)
    return or_(tasks.c.id == head, tasks.c.id.in_(members))


def listed(
    connection: Connection, *, status: str | None = None, staff: str | None = None, journey: str | None = None,
    customers: Sequence[int] | None = None, head: int | None = None, before: int | None = None, limit: int = 50,
) -> list[Shown]:  # fmt: skip
    """Tasks, the newest first; those that are confirmed together as one, unless it is asked for certain customers or
    for those of one task (``head``)."""
    t, m = tasks.c, task_members.c
    given = [
        test for value, test in (
            (status, t.status == status), (staff, t.staff_id == staff), (journey, t.journey == journey),
            (customers, t.customer_id.in_(list(customers or ()))),
        ) if value is not None
    ]  # fmt: skip
    if head is not None:
        query = select(tasks).where(_within(head), *given)
    elif customers is not None:
        query = select(tasks).where(*given)
    elif given:
        heads = select(func.coalesce(m.head, t.id)).select_from(tasks.outerjoin(task_members, m.task_id == t.id))
        query = select(tasks).where(t.id.in_(heads.where(*given)))
    else:
        query = select(tasks).where(~exists().where(m.task_id == t.id))
    if before is not None:
        query = query.where(t.id < before)
    rows = list(connection.execute(query.order_by(t.id.desc()).limit(limit)))
    return shown(connection, rows)


def shown(connection: Connection, rows: Sequence[Row[Any]]) -> list[Shown]:
    """Tasks with how many are confirmed with each."""
    t, m = tasks.c, task_members.c
    wanted = [row.id for row in rows]
    heads = {row.task_id: row.head for row in connection.execute(select(task_members).where(m.task_id.in_(wanted)))}
    asked = sorted({heads.get(number, number) for number in wanted})
    counts: dict[int, dict[str, int]] = {number: {} for number in asked}
    whole = select(m.head, t.status, func.count().label("many")).join(tasks, t.id == m.task_id)
    for row in connection.execute(whole.where(m.head.in_(asked)).group_by(m.head, t.status)):
        counts[row.head][row.status] = int(row.many)
    for row in connection.execute(select(t.id, t.status).where(t.id.in_(asked))):
        counts[row.id][row.status] = counts[row.id].get(row.status, 0) + 1
    return [Shown(row, counts[heads.get(row.id, row.id)]) for row in rows]


def staff(connection: Connection) -> list[tuple[str, int]]:
    """Who has open tasks, and how many; those that are confirmed together count as one."""
    t, m = tasks.c, task_members.c
    heads = func.count(func.distinct(func.coalesce(m.head, t.id)))
    query = select(t.staff_id, heads).select_from(tasks.outerjoin(task_members, m.task_id == t.id))
    query = query.where(t.status == OPEN).group_by(t.staff_id).order_by(t.staff_id)
    return [(row[0], row[1]) for row in connection.execute(query)]
