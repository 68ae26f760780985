"""What became of messages that a platform sends later (an associate's tasks), or of which nobody knows: asked for.

Questions are put by threads of their account; what is answered is written down in the next round, so a platform that
doesn't answer holds up neither sending nor the questions to others. Messages that went in one call are asked about
together, and each gets its own answer.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Row, and_, func, or_, select, update

from onepool.channels import registry
from onepool.channels.base import Account, Message, Receipt
from onepool.clock import Clock, from_micros, to_micros
from onepool.collect.connections import Connections
from onepool.errors import OnePoolError
from onepool.reach import outcomes
from onepool.reach.buckets import SECOND
from onepool.reach.claim import key_of
from onepool.reach.lanes import Lanes
from onepool.reach.rules import DAY
from onepool.reach.states import SendState
from onepool.state import State
from onepool.state.outbox import sends
from onepool.state.schema import identifiers

_logger = structlog.get_logger(__name__)

_AT_ONCE: Final = 100
"""Questions of one account under way at the same time."""

_MOST: Final = 10_000
"""Messages of one question: as many as a platform takes in one call."""

_LATER: Final = 3600 * SECOND
"""When what can't be asked now (its account or its address is gone) is looked at again."""

_SHANGHAI: Final = 8 * 3600 * SECOND
_CHUNK: Final = 500

Tell = Callable[[Account, Sequence[tuple[Message, Receipt, str]]], None]
"""Puts receipts into the log: account; message, receipt, journey of each."""


@dataclass(frozen=True, slots=True)
class _Question:
    """Rows of the outbox that one question is about, and the messages as far as they are needed to ask."""

    rows: list[Row[Any]]
    messages: list[Message]
    account: Account


class Questions:
    """`account`: of a touchpoint by name; raises OnePoolError. `heard`: called when there is an answer to write."""

    def __init__(
        self, state: State, clock: Clock, account: Callable[[str], Account], connections: Connections, lanes: Lanes,
        tell: Tell, heard: Callable[[], None],
    ) -> None:  # fmt: skip
        self._state = state
        self._clock = clock
        self._account = account
        self._connections = connections
        self._lanes = lanes
        self._tell = tell
        self._heard = heard
        self._answers: queue.Queue[tuple[_Question, list[Receipt] | None]] = queue.Queue()
        self._open: dict[str, list[_Question]] = {}

    @property
    def underway(self) -> int:
        """Questions without an answer that is written down."""
        return sum(len(one) for one in self._open.values())

    def ask(self) -> int:
        """Put the questions that are due. Returns how many messages they are about."""
        now = to_micros(self._clock.now())
        ready = _ready(now)
        groups: list[list[Row[Any]]] = []
        with self._state.read() as connection:
            for touchpoint in connection.execute(select(sends.c.touchpoint).where(ready).distinct()).scalars().all():
                there = self._open.get(touchpoint, [])
                busy = {row.send_id for one in there for row in one.rows}
                groups += _groups(connection, touchpoint, ready, busy, _AT_ONCE - len(there))
            rows = [row for group in groups for row in group]
            known = _addresses(connection, [row.identifier_id for row in rows if row.identifier_id is not None])
            taken = _taken(connection, [row for row in rows if not row.provider_id])
        count = 0
        unasked: list[int] = []
        for group in groups:
            askable = [row for row in group if row.identifier_id in known]
            try:
                account = self._account(group[0].touchpoint)
            except OnePoolError:
                askable = []
            unasked += {row.send_id for row in group} - {row.send_id for row in askable}
            if not askable:
                continue
            messages = [asking(row, known[row.identifier_id], taken.get(row.send_id, ())) for row in askable]
            question = _Question(askable, messages, account)
            self._open.setdefault(group[0].touchpoint, []).append(question)
            self._lanes.submit(f"{group[0].touchpoint}:questions", self._put, question)
            count += len(askable)
        for some in _chunks(unasked):
            with self._state.write() as connection:
                later = update(sends).where(sends.c.send_id.in_(some), ready).values(due=now + _LATER)
                connection.execute(later)
        return count

    def record(self) -> int:
        """Write down what was answered since. Returns of how many messages that was."""
        count = 0
        while not self._answers.empty():
            question, receipts = self._answers.get()
            self._open[question.rows[0].touchpoint].remove(question)
            count += len(question.rows)
            if receipts is None:
                continue
            found = list(zip(question.rows, question.messages, receipts, strict=True))
            told = [(message, receipt, row.journey) for row, message, receipt in found
                    if receipt.state in ("sent", "refused")]  # fmt: skip
            if told:
                self._tell(question.account, told)
            now = to_micros(self._clock.now())
            for some in _chunks(found):
                with self._state.write() as connection:
                    for row, _, receipt in some:
                        outcomes.answered(connection, row, receipt, now, claimed_at=row.claimed or row.planned)
        return count

    def _put(self, question: _Question) -> None:
        receipts: list[Receipt] | None = None
        number, messages = question.rows[0].provider_id or "", question.messages
        try:
            if not self._lanes.closing.is_set():
                line = self._connections.of(question.account)
                receipts = [line.ask(messages[0], number)] if len(messages) == 1 else line.ask_many(messages, number)
        # Whatever it was: the question is put again, and the others go on.
        except Exception as error:  # noqa: BLE001
            _logger.error("a question failed", touchpoint=question.account.touchpoint, kind=type(error).__name__)
        self._answers.put((question, receipts))
        self._heard()


def _ready(now: int) -> Any:
    """Of messages that are to be asked about."""
    t = sends.c
    open_ = and_(t.state.in_([int(SendState.TASK), int(SendState.UNKNOWN)]), t.concluded.is_(None), t.due <= now)
    late = and_(t.state == int(SendState.FAILED), t.reason == "staff_timeout", t.due <= now,
                t.planned > now - outcomes.LATE)  # fmt: skip
    return or_(open_, late)


def _groups(
    connection: Connection, touchpoint: str, ready: Any, busy: Collection[int], most: int
) -> list[list[Row[Any]]]:
    """Messages that are asked about in one question, the longest due first; at most so many questions."""
    if most <= 0:
        return []
    t = sends.c
    mine = and_(ready, t.touchpoint == touchpoint)
    name = connection.execute(select(t.channel).where(mine).limit(1)).scalar_one_or_none()
    channel = None if name is None else registry.find(name)
    if channel is None or channel.reach is None or channel.reach.inquire is None:
        rows = connection.execute(select(sends).where(mine).order_by(t.due).limit(most + len(busy)))
        return [[row] for row in rows if row.send_id not in busy][:most]
    alike = (t.provider_id, t.staff_id, t.state, t.kind)
    query = select(*alike).where(mine).group_by(*alike).order_by(func.min(t.due)).limit(most + len(busy))
    found = []
    for same in connection.execute(query).all():
        which = [column.is_(None) if value is None else column == value
                 for column, value in zip(alike, same, strict=True)]  # fmt: skip
        rows = connection.execute(select(sends).where(mine, *which).order_by(t.due).limit(_MOST))
        group = [row for row in rows if row.send_id not in busy]
        if group:
            found.append(group)
    return found[:most]


def asking(row: Any, address: tuple[str, str], known: Sequence[str] = ()) -> Message:
    """A message as far as it is needed to ask what became of it. ``known``: what the platform calls others to the same
    address, of one whose own number is not known."""
    to = {address[0]: address[1]} | ({"staff_id": row.staff_id} if row.staff_id else {})
    content: dict[str, Any] = {}
    if row.claimed is not None:
        day = from_micros(row.claimed + _SHANGHAI).strftime("%Y%m%d")
        content = {"sent_at": row.claimed // SECOND, "sent_on": day}
    if known:
        content["known"] = list(known)
    return Message(row.kind, to, content, key_of(row.send_id))


def _taken(connection: Connection, rows: Sequence[Row[Any]]) -> dict[int, list[str]]:
    """The platform's numbers of other messages to the same addresses about that time, of messages without one."""
    found: dict[int, list[str]] = {}
    t = sends.c
    for some in _chunks(rows):
        customers = {row.customer_id for row in some}
        since = min(row.claimed or row.planned for row in some) - DAY
        query = select(t.identifier_id, t.send_id, t.provider_id).where(
            t.customer_id.in_(customers), t.claimed >= since, t.provider_id.is_not(None)
        )
        others: dict[int, list[str]] = {}
        for one in connection.execute(query):
            others.setdefault(one.identifier_id, []).append(one.provider_id)
        found |= {row.send_id: others[row.identifier_id] for row in some if row.identifier_id in others}
    return found


def _addresses(connection: Connection, numbers: Iterable[int]) -> dict[int, tuple[str, str]]:
    t = identifiers.c
    found: dict[int, tuple[str, str]] = {}
    for some in _chunks(sorted(set(numbers))):
        rows = connection.execute(select(t.id, t.type, t.value).where(t.id.in_(some)))
        found |= {row.id: (row.type, row.value) for row in rows}
    return found


def _chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
