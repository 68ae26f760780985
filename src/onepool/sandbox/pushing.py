"""Pushes to the touchpoints' hooks: signed when sent, sent again when the right answer is not there in time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from onepool.clock import Clock
from onepool.sandbox.ledger import Entry

SECONDS: Final = 5.0
"""How long WeChat, WeCom and Douyin wait for an answer."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One HTTP request to a hook. ``rest``: the path below the touchpoint; ``place``: another path than a hook's."""

    touchpoint: str
    method: str = "POST"
    rest: str = ""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    place: str = ""

    @property
    def path(self) -> str:
        if self.place:
            return self.place
        return f"/hooks/{self.touchpoint}" + (f"/{self.rest}" if self.rest else "")


Signing = Callable[[datetime], Outgoing]
"""Signs at the moment of sending: platforms refuse old timestamps, and so do we."""


@dataclass(slots=True)
class Pushed:
    """A push on its way. ``good``: whether an answer (status, body) is the one that the platform wants."""

    sign: Signing
    entry: Entry
    good: Callable[[int, bytes], bool]
    again: tuple[float, ...] = (SECONDS, SECONDS, SECONDS)


class Outbox:
    """Pushes in order of their time (the machine's, not the world's: they go over a real network)."""

    def __init__(self, wall: Clock) -> None:
        self._wall = wall
        self._waiting: list[tuple[datetime, int, Pushed]] = []
        self._number = 0

    def put(self, pushed: Pushed, after: float = 0.0) -> None:
        """Send as soon as possible, or after some seconds."""
        self._number += 1
        heapq.heappush(self._waiting, (self._wall.now() + timedelta(seconds=after), self._number, pushed))

    def due(self) -> list[Pushed]:
        """Take out what is to be sent now."""
        found = []
        while self._waiting and self._waiting[0][0] <= self._wall.now():
            found.append(heapq.heappop(self._waiting)[2])
        return found

    def __len__(self) -> int:
        return len(self._waiting)

    def request(self, pushed: Pushed) -> Outgoing:
        """The request of the next attempt."""
        pushed.entry.attempts += 1
        return pushed.sign(self._wall.now())

    def concluded(self, pushed: Pushed, status: int | None, body: bytes = b"") -> None:
        """What came of an attempt (None: no answer in time); it is tried again, or given up."""
        entry = pushed.entry
        entry.outcome = "no answer" if status is None else str(status)
        entry.accepted = status is not None and pushed.good(status, body)
        if not entry.accepted and entry.attempts <= len(pushed.again):
            self.put(pushed, pushed.again[entry.attempts - 1])


def any_200(status: int, body: bytes) -> bool:
    """Platforms that look at the status only."""
    del body
    return status == 200
