"""Calls that journeys make to the brand's own servers (node `webhook`): signed, at least once, one key for all.

They are made by the threads of their account: a server that doesn't answer holds up no message.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
import structlog
from sqlalchemy import ColumnElement, and_, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB

from onepool.channels import registry
from onepool.channels.base import Account, Answer, Message, Receipt
from onepool.channels.connection import Connection, ConnectionFailed, TokenRefused
from onepool.clock import Clock, to_micros
from onepool.errors import OnePoolError
from onepool.reach.buckets import SECOND
from onepool.reach.claim import key_of
from onepool.reach.lanes import Lanes
from onepool.state import State
from onepool.state.journeys import journey_effects

_logger = structlog.get_logger(__name__)

TIMEOUT: Final = 3.0
TRIES: Final = 5
BACKOFF: Final = (10, 60, 300, 600)
"""Seconds before each further try."""

_AT_ONCE: Final = 50
"""Calls of one server that are under way: its own threads make them, so that none waits for another server's."""

_LOOK: Final = 2_000
_LEASE: Final = 60 * SECOND
_MOST_TEXT: Final = 2000
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {"text": (str,), "number": (int, float), "boolean": (bool,)}


class Effects:
    """Makes the calls that are due. `account`: of a touchpoint by name; raises OnePoolError."""

    def __init__(self, state: State, clock: Clock, account: Callable[[str], Account], lanes: Lanes) -> None:
        self._state = state
        self._clock = clock
        self._account = account
        self._lanes = lanes
        self._lock = threading.Lock()
        self._underway: Counter[str] = Counter()
        self._lines: dict[str, Connection] = {}

    @property
    def underway(self) -> int:
        """Calls of which it is not written down yet what came of them."""
        with self._lock:
            return self._underway.total()

    def step(self) -> int:
        """Begin the calls that are due. Returns how many."""
        rows = self._take()
        for row in rows:
            said = json.loads(row.payload)
            with self._lock:
                self._underway[_server(said)] += 1
            # Of an erased customer nothing is left to say: the call fails as one to no account.
            self._lanes.submit(f"{said.get('touchpoint')}:calls", self._make, row, said)
        return len(rows)

    def _make(self, row: Any, said: Mapping[str, Any]) -> None:
        try:
            if self._lanes.closing.is_set():
                self._write(row, {"attempts": row.attempts, "next_attempt": row.next_attempt})
                return
            try:
                receipt, answer = self._call(row, said)
            except OnePoolError as error:
                receipt, answer = Receipt("retry", "account_error", detail=str(error)), None
            self._note(row, said, receipt, answer)
        # What is not noted is tried again when its lease is over.
        except Exception as error:  # noqa: BLE001
            _logger.error("a journey's call was not noted", key=key_of(row.key), kind=type(error).__name__)
        finally:
            with self._lock:
                self._underway[_server(said)] -= 1

    def close(self) -> None:
        """Close the lines."""
        with self._lock:
            for line in self._lines.values():
                line.close()
            self._lines.clear()

    def _take(self) -> list[Any]:
        """Calls whose turn it is, as many of each server as it has places left; until they are noted nobody else makes
        them (or their lease is over)."""
        t, now = journey_effects.c, to_micros(self._clock.now())
        ready = and_(t.status == "waiting", t.kind == "webhook", or_(t.next_attempt.is_(None), t.next_attempt <= now))
        with self._state.read() as connection:
            if connection.execute(select(t.key).where(ready).limit(1)).first() is None:
                return []
        with self._lock:
            taken = Counter(self._underway)
        rows: list[Any] = []
        with self._state.write() as connection:
            known = set[int]()
            while True:
                query = select(journey_effects).where(ready).order_by(t.next_attempt, t.key).limit(_LOOK)
                full = _full(taken)
                if full:
                    query = query.where(_touchpoint(connection).not_in(full))
                found = connection.execute(query).all()
                for row in found:
                    server = _server(json.loads(row.payload))
                    if taken[server] < _AT_ONCE and row.key not in known:
                        taken[server] += 1
                        known.add(row.key)
                        rows.append(row)
                # A server of which all places are taken hides nobody, however many wait for it.
                if len(found) < _LOOK or _full(taken) == full:
                    break
            for row in rows:
                values = {"attempts": row.attempts + 1, "next_attempt": now + _LEASE}
                connection.execute(update(journey_effects).where(t.key == row.key).values(**values))
        return rows

    def _call(self, row: Any, said: Mapping[str, Any]) -> tuple[Receipt, Answer | None]:
        account = self._account(str(said.get("touchpoint")))
        channel = registry.channel("webhook")
        assert channel.reach is not None and channel.reach.request is not None and channel.reach.outcome is not None
        message = Message("webhook", {"customer_id": str(row.customer_id)}, said.get("body") or {}, key_of(row.key))
        call = channel.reach.request(message, account, self._clock.now())
        try:
            answer = self._line(account).call(call)
        except (ConnectionFailed, TokenRefused) as error:
            return Receipt("retry", "transient", detail=error.message), None
        return channel.reach.outcome(message, answer), answer

    def _line(self, account: Account) -> Connection:
        with self._lock:
            known = self._lines.get(account.touchpoint)
            if known is None or known.account != account:
                client = httpx.Client(timeout=httpx.Timeout(TIMEOUT), follow_redirects=False, trust_env=False)
                known = Connection(registry.channel("webhook"), account, self._clock, client)
                self._lines[account.touchpoint] = known
            return known

    def _note(self, row: Any, said: Mapping[str, Any], receipt: Receipt, answer: Answer | None) -> None:
        now, tries = to_micros(self._clock.now()), row.attempts + 1
        values: dict[str, Any]
        if receipt.state == "sent":
            found = saved(answer, said.get("save") or {})
            values = {"status": "done", "concluded": now, "saved": None if found is None else json.dumps(found)}
        elif receipt.state == "retry" and tries < TRIES:
            wait = max(BACKOFF[tries - 1], int(receipt.after or 0))
            values = {"next_attempt": now + wait * SECOND, "reason": (receipt.reason or "transient")[:64]}
        else:
            values = {"status": "failed", "concluded": now, "reason": (receipt.reason or "transient")[:64]}
        self._write(row, values)
        if receipt.state != "sent":
            _logger.warning("a journey's call failed", key=key_of(row.key), tries=tries, code=receipt.code)

    def _write(self, row: Any, values: Mapping[str, Any]) -> None:
        t = journey_effects.c
        with self._state.write() as connection:
            still = and_(t.key == row.key, t.status == "waiting")
            connection.execute(update(journey_effects).where(still).values(**values))


def _full(taken: Counter[str]) -> list[str]:
    """Servers without a place left."""
    return sorted(server for server, count in taken.items() if count >= _AT_ONCE)


def _touchpoint(connection: Any) -> ColumnElement[str]:
    """The account that a call is for."""
    payload = journey_effects.c.payload
    if connection.dialect.name == "sqlite":
        return func.coalesce(func.json_extract(payload, "$.touchpoint"), "")
    return func.coalesce(cast(payload, JSONB)["touchpoint"].astext, "")


def _server(said: Mapping[str, Any]) -> str:
    """Whose places a call takes."""
    return str(said.get("touchpoint") or "")


def saved(answer: Answer | None, wanted: Mapping[str, str]) -> dict[str, Any] | None:
    """The members of an answer that a journey keeps; None where one of them is missing or of another type: then none is
    kept."""
    body = None if answer is None or not wanted else answer.json()
    if not wanted or not isinstance(body, dict):
        return None
    found: dict[str, Any] = {}
    for name, kind in wanted.items():
        value = body.get(name)
        right = isinstance(value, _KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))
        if not right or (isinstance(value, str) and len(value) > _MOST_TEXT):
            return None
        found[name] = value
    return found
