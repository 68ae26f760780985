"""The platforms' answers to what the brand sends while it is made: most is taken, some refused, some never answered."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from onepool.channels import registry
from onepool.channels.base import Account, Message, Receipt
from onepool.channels.connection import Connection
from onepool.clock import Clock, to_micros
from onepool.collect.connections import Connections
from onepool.demo.brand.places import OA, SMS, WECOM

_HOUR: Final = 3600 * 1_000_000
_REFUSED, _GONE, _UNHEARD, _NO_NUMBER = 0.05, 0.01, 0.04, 0.02
_IDLE: Final = 0.15
"""Associates who never confirm a task."""


@dataclass(frozen=True, slots=True)
class Called:
    """A message that a platform took. ``at``: microseconds since 1970."""

    touchpoint: str
    message: Message
    at: int
    provider_id: str


class Platforms(Connections):
    """Stands for the lines to all platforms: no network. ``taken`` are the messages that were sent since."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.clock = clock
        self.taken: list[Called] = []
        self._guard = threading.Lock()
        self._tasks: dict[str, Called] = {}
        self._lines: dict[str, _Line] = {}

    def of(self, account: Account) -> Connection:
        """The line of an account."""
        with self._guard:
            found = self._lines.get(account.touchpoint)
            if found is None or found.account != account:
                found = self._lines[account.touchpoint] = _Line(self, account)
            return found

    def call(self, touchpoint: str, message: Message) -> Receipt:
        """What a platform says to a message."""
        drawn = luck(message.key, 1)
        called = Called(touchpoint, message, to_micros(self.clock.now()), f"{luck(message.key, 2) * 1e15:.0f}")
        if touchpoint == WECOM:
            with self._guard:
                self._tasks[message.key] = called
            return Receipt("task", provider_id=called.provider_id, after=1800)
        if touchpoint == OA and drawn < _REFUSED:
            return Receipt("refused", "refused", code="43101", detail="user refuse to accept the msg")
        if touchpoint == OA and drawn < _REFUSED + _GONE:
            return Receipt("refused", "not_follower", code="43004", detail="require subscribe")
        if touchpoint == SMS and drawn < _UNHEARD:
            return Receipt("unknown", "unknown", detail="no answer within 10 seconds")
        if touchpoint == SMS and drawn < _UNHEARD + _NO_NUMBER:
            return Receipt("refused", "bad_address", code="isv.MOBILE_NUMBER_ILLEGAL")
        with self._guard:
            self.taken.append(called)
        return Receipt("sent", provider_id=called.provider_id)

    def asked(self, message: Message, number: str) -> Receipt:
        """What has become of an associate's task by now."""
        called = self._tasks.get(message.key)
        drawn = luck(message.key, 3)
        after = int(20 * _HOUR * luck(message.key, 4) ** 3)
        if called is None or drawn < _IDLE or to_micros(self.clock.now()) < called.at + after:
            return Receipt("task", provider_id=number, after=3600)
        with self._guard:
            if self._tasks.pop(message.key, None) is not None:
                self.taken.append(called)
        return Receipt("sent", provider_id=number)


class _Line(Connection):
    """Without a client of HTTP, of which a real line is made."""

    def __init__(self, platforms: Platforms, account: Account) -> None:
        self.channel = registry.channel(account.channel)
        self.account = account
        self._platforms = platforms

    def close(self) -> None:
        pass

    def send(self, message: Message) -> Receipt:
        return self._platforms.call(self.account.touchpoint, message)

    def send_many(self, messages: Sequence[Message]) -> list[Receipt]:
        return [self.send(one) for one in messages]

    def ask(self, message: Message, number: str) -> Receipt:
        return self._platforms.asked(message, number)

    def ask_many(self, messages: Sequence[Message], number: str) -> list[Receipt]:
        return [self.ask(one, number) for one in messages]


def luck(key: str, salt: int) -> float:
    """A number from 0 to 1 that a message's key decides."""
    mixed = (int(key, 16) ^ salt * 0x9E3779B97F4A7C15) * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
    mixed ^= mixed >> 31
    mixed = mixed * 0x94D049BB133111EB & (1 << 64) - 1
    return (mixed >> 11) / (1 << 53)
