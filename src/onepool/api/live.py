"""The live feed: what the tick tells, to every open console, as server-sent events.

A slow client never holds the tick back: its buffer is bounded, and it is told how much it missed.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from onepool.api.models.live import Applied, Missed, SegmentMoved
from onepool.errors import OnePoolError


class Tick(Protocol):
    """What the worker tells after each tick: how far it is, (customer_id, segment, "enter" | "exit"), and how many
    further changes of a segment are not among them."""

    @property
    def at(self) -> datetime: ...

    @property
    def offset(self) -> int: ...

    @property
    def changes(self) -> Sequence[tuple[int, str, str]]: ...

    @property
    def untold(self) -> Mapping[str, int]: ...


class FeedFull(OnePoolError):
    """There are too many open live connections."""

    code = "feed-full"


class LiveFeed:
    """Hands messages from the worker's thread to the clients' event loops."""

    def __init__(self, *, max_clients: int = 200, buffer: int = 1000) -> None:
        self._max_clients = max_clients
        self._buffer = buffer
        self._clients: set[Client] = set()
        self._lock = threading.Lock()

    def publish(self, tick: Tick) -> None:
        """Tell every client of a tick. From any thread; never blocks."""
        with self._lock:
            clients = list(self._clients)
        if not clients:
            return
        moves = [
            SegmentMoved(
                type="segment_entered" if change == "enter" else "segment_left",
                segment=segment,
                customer_id=customer_id,
                at=tick.at,
            )
            for customer_id, segment, change in tick.changes
        ]
        applied = Applied(applied=tick.offset, log_end=None, at=tick.at)
        for client in clients:
            if not client.offer(moves, applied, tick.untold):
                self.leave(client)

    def join(self, segment: str | None = None) -> Client:
        """A new client, for changes of one segment or of all; call inside of an event loop. Raises FeedFull."""
        client = Client(asyncio.get_running_loop(), self._buffer, segment)
        with self._lock:
            if len(self._clients) >= self._max_clients:
                raise FeedFull("too many live connections are open", hint="close other windows of the console")
            self._clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        """Forget a client."""
        with self._lock:
            self._clients.discard(client)

    def __len__(self) -> int:
        with self._lock:
            return len(self._clients)


class Client:
    """One open connection. Of `applied` messages only the latest is kept."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int, segment: str | None = None) -> None:
        self._loop = loop
        self._limit = limit
        self._segment = segment
        self._lock = threading.Lock()
        self._moves: deque[SegmentMoved] = deque()
        self._applied: Applied | None = None
        self._missed = 0
        self._ready = asyncio.Event()

    def offer(self, moves: Sequence[SegmentMoved], applied: Applied, untold: Mapping[str, int]) -> bool:
        """Take messages, from any thread; false when the client is gone."""
        # Filtered before the bound: a busy segment must not push a quiet one's changes out.
        moves = [move for move in moves if self._segment in (None, move.segment)]
        with self._lock:
            room = self._limit - len(self._moves)
            self._moves.extend(moves[:room])
            self._missed += max(0, len(moves) - room)
            self._missed += sum(count for name, count in untold.items() if self._segment in (None, name))
            self._applied = applied
        try:
            self._loop.call_soon_threadsafe(self._ready.set)
        except RuntimeError:  # the loop is closed
            return False
        return True

    async def take(self, patience: float) -> list[SegmentMoved | Applied | Missed]:
        """What came since the last call, waiting up to `patience` seconds for the first; may be empty."""
        try:
            await asyncio.wait_for(self._ready.wait(), patience)
        except TimeoutError:
            return []
        self._ready.clear()
        with self._lock:
            taken: list[SegmentMoved | Applied | Missed] = [*self._moves]
            self._moves.clear()
            if self._missed:
                taken.append(Missed(count=self._missed))
                self._missed = 0
            if self._applied is not None:
                taken.append(self._applied)
                self._applied = None
        return taken
