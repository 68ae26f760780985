"""Fetching from platforms: streams of touchpoints, each from where it stood.

A page goes into the log first and the cursor into the state after it: after a crash the last page comes twice, and the
tick drops what it has by its ids.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from filelock import FileLock, Timeout
from sqlalchemy import and_, delete, insert, select, update

from onepool.channels import registry
from onepool.channels.base import Channel, PullFailed, Stream
from onepool.channels.connection import Connection, ConnectionFailed, TokenRefused
from onepool.channels.pacing import Stopped, Wait
from onepool.clock import Clock, from_micros, to_micros
from onepool.collect.accounts import AccountError, Accounts
from onepool.collect.hooked import pulled
from onepool.collect.log import Log, LogUnavailable
from onepool.collect.touchpoint import Touchpoint
from onepool.errors import OnePoolError
from onepool.state import State
from onepool.state.schema import streams

_logger = structlog.get_logger(__name__)

_FIRST_WAIT: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(hours=1)
_LOOK_SECONDS: Final = 5.0
_SIDE_BY_SIDE: Final = 4
"""Touchpoints that are fetched from at the same time."""

_SLICE: Final = timedelta(seconds=30)
"""How long a stream is fetched while others wait for their turn; it goes on from its cursor in the next one."""


class SyncError(OnePoolError):
    """A touchpoint can't be fetched from."""

    code = "sync"


@dataclass(frozen=True, slots=True)
class StreamState:
    """Where a stream stands and how its last run went. ``error`` has no personal data and no secrets."""

    touchpoint: str
    stream: str
    cursor: Mapping[str, Any]
    ran_at: datetime | None
    done_at: datetime | None
    next_at: datetime | None
    pages: int
    failures: int
    error: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one stream. ``error`` is empty when it went through."""

    touchpoint: str
    stream: str
    pages: int
    bytes: int
    error: str = ""


class Puller:
    """Runs streams. ``touchpoints`` gives those that there are now; connections are kept, with their tokens."""

    def __init__(
        self,
        data: Path,
        state: State,
        log: Log,
        clock: Clock,
        accounts: Accounts,
        touchpoints: Callable[[], Mapping[str, Touchpoint]],
        connect: Callable[[Channel, Any, Clock], Connection] = Connection,
        wait: Wait | None = None,
    ) -> None:
        self._locks = data / "sync"
        self._state = state
        self._log = log
        self._clock = clock
        self._accounts = accounts
        self._touchpoints = touchpoints
        self._connect = connect
        self._wait = wait
        self._connections: dict[str, Connection] = {}

    def run(self, stop: threading.Event) -> None:
        """Fetch what is due until ``stop`` is set: a slow platform, or a first run of hours, holds up no other one."""
        busy: dict[str, threading.Thread] = {}
        while not stop.is_set():
            try:
                busy = {name: thread for name, thread in busy.items() if thread.is_alive()}
                waiting: dict[str, list[tuple[Touchpoint, Stream]]] = {}
                for touchpoint, stream in self.due():
                    if touchpoint.name not in busy:
                        waiting.setdefault(touchpoint.name, []).append((touchpoint, stream))
                for name, mine in list(waiting.items())[: _SIDE_BY_SIDE - len(busy)]:
                    # Nobody waits at the end for a platform that does not answer: what it has kept is kept.
                    busy[name] = threading.Thread(
                        target=self._turns, args=(mine, stop), name=f"fetch {name}", daemon=True
                    )
                    busy[name].start()
            # Whatever it was, it is looked at again.
            except Exception as error:  # noqa: BLE001
                _logger.error("fetching from platforms failed", error=type(error).__name__)
            stop.wait(_LOOK_SECONDS)
        for thread in busy.values():
            thread.join()

    def _turns(self, mine: list[tuple[Touchpoint, Stream]], stop: threading.Event) -> None:
        """The streams of one touchpoint that are due, one after the other."""
        for touchpoint, stream in mine:
            if stop.is_set():
                return
            try:
                self.fetch(touchpoint, stream, stop, _SLICE)
            # The others go on; it is shown at the stream that failed.
            except Exception as error:  # noqa: BLE001
                _logger.error("fetching from a platform failed", touchpoint=touchpoint.name, error=type(error).__name__)

    def due(self) -> list[tuple[Touchpoint, Stream]]:
        """Streams whose time has come, the longest waiting first."""
        now = self._clock.now()
        known = {(one.touchpoint, one.stream): one for one in states(self._state)}
        found: list[tuple[datetime, Touchpoint, Stream]] = []
        for touchpoint in self._touchpoints().values():
            channel = registry.find(touchpoint.channel)
            if touchpoint.paused or channel is None or not touchpoint.settings:
                continue
            for stream in channel.streams_for(touchpoint.settings).values():
                if stream.every <= 0:
                    continue
                before = known.get((touchpoint.name, stream.name))
                at = before.next_at if before is not None and before.next_at is not None else from_micros(0)
                if at <= now:
                    found.append((at, touchpoint, stream))
        return [(touchpoint, stream) for _, touchpoint, stream in sorted(found, key=lambda one: one[0])]

    def sync(self, name: str, stream: str | None = None) -> Iterator[Run]:
        """Fetch a touchpoint's streams (or one of them) now. Raises SyncError for what does not exist."""
        touchpoint = self._touchpoints().get(name)
        if touchpoint is None:
            raise SyncError(f"there is no touchpoint {name}", hint="onepool touchpoint list shows all")
        channel = registry.find(touchpoint.channel)
        there = channel.streams_for(touchpoint.settings) if channel is not None else {}
        if not there:
            raise SyncError(f"nothing is fetched from {name}", where=f"channel {touchpoint.channel}")
        if stream is not None and stream not in there:
            known = ", ".join(there)
            raise SyncError(f"{touchpoint.channel} has no stream {stream}", hint=f"there are {known}")
        for one in there.values():
            if stream in (None, one.name):
                yield self.fetch(touchpoint, one)

    def fetch(
        self, touchpoint: Touchpoint, stream: Stream, stop: threading.Event | None = None, most: timedelta | None = None
    ) -> Run:
        """Run one stream to its end, or until ``stop``, or a cursor after ``most``. What fails is noted at the stream
        and tried again later; one that was left off stays due."""
        pages = size = 0
        error = ""
        left = False
        begun = self._clock.now()
        with self._turn(touchpoint, stream) as free:
            if not free:
                return Run(touchpoint.name, stream.name, 0, 0, "it is being fetched already")
            before = state_of(self._state, touchpoint.name, stream.name)
            try:
                connection = self._connection(touchpoint)
                cursor = dict(before.cursor) if before is not None else {}
                for page in connection.pull(stream, cursor, self._wait or (None if stop is None else stop.wait)):
                    if page.body:
                        self._log.append([pulled(connection.account, page.call, page.body, self._clock.now())])
                        pages, size = pages + 1, size + len(page.body)
                    if page.cursor is not None:
                        self._note(touchpoint.name, stream.name, {"cursor": json.dumps(page.cursor)})
                    long = most is not None and page.cursor is not None and self._clock.now() - begun >= most
                    if long or (stop is not None and stop.is_set()):
                        left = True
                        break
            except Stopped:
                left = True
            except (PullFailed, ConnectionFailed, TokenRefused, AccountError) as failed:
                error = str(failed)
            except LogUnavailable as failed:
                error = failed.message
            # A channel's own mistake: noted where it is seen, and the other streams go on.
            except Exception as failed:  # noqa: BLE001
                _logger.error("a channel failed at fetching", channel=touchpoint.channel, error=repr(failed)[:200])
                error = f"channel {touchpoint.channel} failed: {type(failed).__name__}"
            self._finish(touchpoint, stream, before, pages, error, left=left)
        return Run(touchpoint.name, stream.name, pages, size, error)

    def close(self) -> None:
        """Close the connections."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def _connection(self, touchpoint: Touchpoint) -> Connection:
        account = self._accounts.of(touchpoint)
        known = self._connections.get(touchpoint.name)
        if known is None or known.account is not account:
            if known is not None:
                known.close()
            known = self._connect(registry.channel(touchpoint.channel), account, self._clock)
            self._connections[touchpoint.name] = known
        return known

    def _finish(
        self, touchpoint: Touchpoint, stream: Stream, before: StreamState | None, pages: int, error: str, *, left: bool
    ) -> None:
        now = self._clock.now()
        failures = (before.failures if before is not None else 0) + 1 if error else 0
        wait = timedelta(seconds=stream.every) if stream.every > 0 else _LONGEST_WAIT
        if error:
            wait = min(_FIRST_WAIT * 2 ** min(failures - 1, 10), _LONGEST_WAIT)
        values: dict[str, Any] = {
            "ran_at": to_micros(now),
            "next_at": to_micros(now + wait),
            "pages": (before.pages if before is not None else 0) + pages,
            "failures": failures,
            "error": error[:1000],
        }
        if left and not error:
            values["next_at"] = to_micros(now)
        elif not error:
            values["done_at"] = to_micros(now)
        self._note(touchpoint.name, stream.name, values)

    def _note(self, touchpoint: str, stream: str, values: Mapping[str, Any]) -> None:
        same = and_(streams.c.touchpoint == touchpoint, streams.c.stream == stream)
        with self._state.write() as connection:
            if connection.execute(update(streams).where(same).values(**values)).rowcount == 0:
                whole = {"cursor": "{}", "pages": 0, "failures": 0, "error": "", **values}
                connection.execute(insert(streams).values(touchpoint=touchpoint, stream=stream, **whole))

    @contextmanager
    def _turn(self, touchpoint: Touchpoint, stream: Stream) -> Iterator[bool]:
        """Whether this process may run the stream now: one at a time on one machine."""
        self._locks.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{touchpoint.name}.{stream.name}")
        lock = FileLock(self._locks / f"{name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()


def states(state: State, touchpoint: str | None = None) -> list[StreamState]:
    """How all streams that ever ran stand (or those of one touchpoint)."""
    query = select(streams).order_by(streams.c.touchpoint, streams.c.stream)
    if touchpoint is not None:
        query = query.where(streams.c.touchpoint == touchpoint)
    with state.read() as connection:
        return [_state(row) for row in connection.execute(query)]


def state_of(state: State, touchpoint: str, stream: str) -> StreamState | None:
    """How one stream stands, None if it never ran."""
    return next((one for one in states(state, touchpoint) if one.stream == stream), None)


def begin_again(state: State, touchpoint: str, stream: str) -> None:
    """Forget where a stream stood: its next run fetches everything from the start."""
    with state.write() as connection:
        same = and_(streams.c.touchpoint == touchpoint, streams.c.stream == stream)
        connection.execute(delete(streams).where(same))


def _state(row: Any) -> StreamState:
    def instant(value: int | None) -> datetime | None:
        return None if value is None else from_micros(value)

    return StreamState(
        row.touchpoint,
        row.stream,
        json.loads(row.cursor),
        instant(row.ran_at),
        instant(row.done_at),
        instant(row.next_at),
        row.pages,
        row.failures,
        row.error,
    )
