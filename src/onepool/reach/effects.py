"""Calls that journeys make to the brand's own servers (node `webhook`): signed, at least once, one key for all.

They are made by the threads of their account: a server that doesn't answer holds up no message.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import httpx
import structlog
from sqlalchemy import ColumnElement, Row, and_, cast, func, or_, select, update
from sqlalchemy import Connection as Database
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
"""Calls that are looked at together."""

_PAGES: Final = 10
"""So many times in one step, at most."""

_LEASE: Final = 60 * SECOND
_RENEW: Final = 5 * SECOND
"""A lease that is older than this is renewed before the call begins."""

_MOST_TEXT: Final = 2000
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {"text": (str,), "number": (int, float), "boolean": (bool,)}


_Place = tuple[int | None, int]
"""When a call is due (None: never tried) and its key."""


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
        self._after: _Place | None = None

    @property
    def underway(self) -> int:
        """Calls of which it is not written down yet what came of them."""
        with self._lock:
            return self._underway.total()

    def step(self) -> int:
        """Begin the calls that are due. Returns how many."""
        taken = to_micros(self._clock.now())
        rows = self._take()
        for row in rows:
            said = json.loads(row.payload)
            with self._lock:
                self._underway[_server(said)] += 1
            # Of an erased customer nothing is left to say: the call fails as one to no account.
            try:
                self._lanes.submit(f"{said.get('touchpoint')}:calls", partial(self._make, taken), row, said)
            except RuntimeError:  # closing: it is put back
                self._make(taken, row, said)
        return len(rows)

    def _make(self, taken: int, row: Any, said: Mapping[str, Any]) -> None:
        """`taken`: when its lease began (µs)."""
        try:
            if self._lanes.closing.is_set():
                self._write(row, {"attempts": row.attempts, "next_attempt": row.next_attempt})
                return
            if not self._leased(row, taken):
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
        with self._state.read() as connection:
            wanted = self._wanted(connection, now)
        if not wanted:
            return []
        # Others may have taken some of them meanwhile.
        with self._state.write() as connection:
            query = select(journey_effects).where(t.key.in_(wanted), _ready(), _due(now))
            rows = list(connection.execute(query.order_by(t.next_attempt, t.key)))
            for row in rows:
                values = {"attempts": row.attempts + 1, "next_attempt": now + _LEASE}
                connection.execute(update(journey_effects).where(t.key == row.key).values(**values))
        return rows

    def _wanted(self, connection: Database, now: int) -> list[int]:
        """Keys of calls that are due and whose server has places left: looked for page by page, since a server of which
        all places are taken hides nobody, however many wait for it. The next look goes on where this one ended."""
        with self._lock:
            taken = Counter(self._underway)
        found: list[int] = []
        for _ in range(_PAGES):
            rows = _page(connection, now, self._after)
            for row in rows:
                if taken[row.server] < _AT_ONCE:
                    taken[row.server] += 1
                    found.append(row.key)
            self._after = (rows[-1].next_attempt, rows[-1].key) if len(rows) == _LOOK else None
            if self._after is None:
                break
        return found

    def _leased(self, row: Any, taken: int) -> bool:
        """Whether the call is still ours to begin. One that waited long behind others of its server has a new lease."""
        now = to_micros(self._clock.now())
        if now - taken < _RENEW:
            return True
        t = journey_effects.c
        ours = and_(t.key == row.key, t.status == "waiting", t.attempts == row.attempts + 1)
        with self._state.write() as connection:
            again = update(journey_effects).where(ours).values(next_attempt=now + _LEASE)
            return connection.execute(again).rowcount == 1

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


def _ready() -> ColumnElement[bool]:
    t = journey_effects.c
    return and_(t.status == "waiting", t.kind == "webhook")


def _due(now: int) -> ColumnElement[bool]:
    t = journey_effects.c
    return or_(t.next_attempt.is_(None), t.next_attempt <= now)


def _page(connection: Database, now: int, after: _Place | None) -> list[Row[Any]]:
    """(key, next_attempt, server) of the next calls that are due: those never tried by key, then the others by when
    they are due. Both lie side by side in the index of `status`."""
    t = journey_effects.c
    columns = (t.key, t.next_attempt, _touchpoint(connection).label("server"))
    rows: list[Row[Any]] = []
    if after is None or after[0] is None:
        new = select(*columns).where(
            _ready(), t.next_attempt.is_(None), t.key > (-(2**63) if after is None else after[1])
        )
        rows += connection.execute(new.order_by(t.key).limit(_LOOK))
        after = None
    if len(rows) < _LOOK:
        again = select(*columns).where(_ready(), t.next_attempt <= now)
        if after is not None:
            behind = or_(t.next_attempt > after[0], t.key > after[1])
            again = again.where(t.next_attempt >= after[0], behind)
        rows += connection.execute(again.order_by(t.next_attempt, t.key).limit(_LOOK - len(rows)))
    return rows


def _touchpoint(connection: Database) -> ColumnElement[str]:
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
