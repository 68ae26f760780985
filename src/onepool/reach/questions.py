"""What became of messages that a platform sends later (an associate's tasks), or of which nobody knows: asked for.

Questions are put by threads of their account; what is answered is written down in the next round, so a platform that
doesn't answer holds up neither sending nor the questions to others.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any, Final

import structlog
from sqlalchemy import and_, or_, select, update

from onepool.channels.base import Account, Message, Receipt
from onepool.clock import Clock, from_micros, to_micros
from onepool.collect.connections import Connections
from onepool.errors import OnePoolError
from onepool.reach import outcomes
from onepool.reach.buckets import SECOND
from onepool.reach.claim import key_of
from onepool.reach.lanes import Lanes
from onepool.reach.states import SendState
from onepool.state import State
from onepool.state.outbox import sends
from onepool.state.schema import identifiers

_logger = structlog.get_logger(__name__)

_AT_ONCE: Final = 100
"""Questions of one account under way at the same time."""

_LATER: Final = 3600 * SECOND
"""When what can't be asked now (its account or its address is gone) is looked at again."""

_SHANGHAI: Final = 8 * 3600 * SECOND

Tell = Callable[[Account, Message, Receipt, str], None]
"""Puts a receipt into the log: account, message, receipt, journey."""


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
        self._answers: queue.Queue[tuple[Any, Account, Message, Receipt | None]] = queue.Queue()
        self._open: dict[str, set[int]] = {}

    @property
    def underway(self) -> int:
        """Questions without an answer that is written down."""
        return sum(len(one) for one in self._open.values())

    def ask(self) -> int:
        """Put the questions that are due. Returns how many."""
        now = to_micros(self._clock.now())
        t = sends.c
        open_ = and_(t.state.in_([int(SendState.TASK), int(SendState.UNKNOWN)]), t.concluded.is_(None), t.due <= now)
        late = and_(t.state == int(SendState.FAILED), t.reason == "staff_timeout", t.due <= now,
                    t.planned > now - outcomes.LATE)  # fmt: skip
        ready = or_(open_, late)
        rows: list[Any] = []
        with self._state.read() as connection:
            for touchpoint in connection.execute(select(t.touchpoint).where(ready).distinct()).scalars().all():
                underway = self._open.get(touchpoint, set())
                query = select(sends).where(ready, t.touchpoint == touchpoint).order_by(t.due).limit(_AT_ONCE)
                found = [row for row in connection.execute(query) if row.send_id not in underway]
                rows += found[: _AT_ONCE - len(underway)]
            known = _addresses(connection, [row.identifier_id for row in rows if row.identifier_id is not None])
        count = 0
        unasked: list[int] = []
        for row in rows:
            address = known.get(row.identifier_id)
            try:
                account = self._account(row.touchpoint)
            except OnePoolError:
                address = None
            if address is None:
                unasked.append(row.send_id)
                continue
            self._open.setdefault(row.touchpoint, set()).add(row.send_id)
            self._lanes.submit(f"{row.touchpoint}:questions", self._put, row, account, asking(row, address))
            count += 1
        if unasked:
            with self._state.write() as connection:
                later = update(sends).where(t.send_id.in_(unasked), ready).values(due=now + _LATER)
                connection.execute(later)
        return count

    def record(self) -> int:
        """Write down what was answered since. Returns how much."""
        count = 0
        while not self._answers.empty():
            row, account, message, receipt = self._answers.get()
            self._open[row.touchpoint].discard(row.send_id)
            count += 1
            if receipt is None:
                continue
            if receipt.state in ("sent", "refused"):
                self._tell(account, message, receipt, row.journey)
            now = to_micros(self._clock.now())
            with self._state.write() as connection:
                outcomes.answered(connection, row, receipt, now, claimed_at=row.claimed or row.planned)
        return count

    def _put(self, row: Any, account: Account, message: Message) -> None:
        receipt: Receipt | None = None
        try:
            if not self._lanes.closing.is_set():
                receipt = self._connections.of(account).ask(message, row.provider_id or "")
        # Whatever it was: the question is put again, and the others go on.
        except Exception as error:  # noqa: BLE001
            _logger.error("a question failed", touchpoint=account.touchpoint, kind=type(error).__name__)
        self._answers.put((row, account, message, receipt))
        self._heard()


def asking(row: Any, address: tuple[str, str]) -> Message:
    """A message as far as it is needed to ask what became of it."""
    to = {address[0]: address[1]} | ({"staff_id": row.staff_id} if row.staff_id else {})
    content: dict[str, Any] = {}
    if row.claimed is not None:
        day = from_micros(row.claimed + _SHANGHAI).strftime("%Y%m%d")
        content = {"sent_at": row.claimed // SECOND, "sent_on": day}
    return Message(row.kind, to, content, key_of(row.send_id))


def _addresses(connection: Any, numbers: list[int]) -> dict[int, tuple[str, str]]:
    t = identifiers.c
    rows = connection.execute(select(t.id, t.type, t.value).where(t.id.in_(sorted(set(numbers)))))
    return {row.id: (row.type, row.value) for row in rows}
