"""What became of messages that a platform sends later (an associate's tasks), or of which nobody knows: asked for.

Questions are put by threads of their account; what is answered is written down in the next round, so a platform that
doesn't answer holds up neither sending nor the questions to others.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any, Final

import structlog
from sqlalchemy import and_, or_, select

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
        self._open: set[int] = set()

    @property
    def underway(self) -> int:
        """Questions without an answer that is written down."""
        return len(self._open)

    def ask(self) -> int:
        """Put the questions that are due. Returns how many."""
        now = to_micros(self._clock.now())
        room = _AT_ONCE - len(self._open)
        if room <= 0:
            return 0
        t = sends.c
        open_ = and_(t.state.in_([int(SendState.TASK), int(SendState.UNKNOWN)]), t.concluded.is_(None), t.due <= now)
        late = and_(t.state == int(SendState.FAILED), t.reason == "staff_timeout", t.due <= now,
                    t.planned > now - outcomes.LATE)  # fmt: skip
        with self._state.read() as connection:
            query = select(sends).where(or_(open_, late)).order_by(t.due).limit(_AT_ONCE)
            rows = [row for row in connection.execute(query) if row.send_id not in self._open][:room]
            known = _addresses(connection, [row.identifier_id for row in rows if row.identifier_id is not None])
        count = 0
        for row in rows:
            address = known.get(row.identifier_id)
            if address is None:
                continue
            try:
                account = self._account(row.touchpoint)
            except OnePoolError:
                continue
            self._open.add(row.send_id)
            self._lanes.submit(f"{row.touchpoint}:questions", self._put, row, account, asking(row, address))
            count += 1
        return count

    def record(self) -> int:
        """Write down what was answered since. Returns how much."""
        count = 0
        while not self._answers.empty():
            row, account, message, receipt = self._answers.get()
            self._open.discard(row.send_id)
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
