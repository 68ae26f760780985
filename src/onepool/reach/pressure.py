"""Back-pressure: how much more an account can take, so that nobody plans more than it can send soon.

An account is full for a kind of message when more waits than one of its limits lets through: of rates (so many per
seconds) in the next ten minutes, of quotas (so many a day or month) in what is left of the period.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from sqlalchemy import Connection

from onepool.clock import Clock, to_micros
from onepool.collect.touchpoint import Touchpoint
from onepool.reach import accounts, waiting
from onepool.reach.policies import Policies
from onepool.reach.policy_model import Policy
from onepool.reach.rules import Door
from onepool.settings import Settings

FULL: Final = 600.0
"""Seconds: planners stop producing for an account whose queue would take longer."""

_KEPT: Final = 1_000_000
"""Microseconds for which a gauge keeps what it found."""


class Place(Protocol):
    """What a gauge needs of a workspace."""

    @property
    def clock(self) -> Clock: ...
    @property
    def settings(self) -> Settings: ...
    def touchpoints(self) -> dict[str, Touchpoint]: ...


def seconds(connection: Connection, touchpoint: Touchpoint, policy: Policy, settings: Settings, now: int) -> float:
    """How long (at the account's pace, in seconds) until all that is due is sent; 0 where it has no pace."""
    rate = accounts.load(connection, touchpoint, policy, settings.zone).buckets.rate()
    if rate is None:
        return 0.0
    return waiting.depth(connection, touchpoint.name, now) / rate


def room(
    connection: Connection,
    touchpoint: Touchpoint,
    policy: Policy,
    settings: Settings,
    now: int,
    *,
    level: int | None = None,
    kind: str | None = None,
) -> int | None:
    """How many more messages may be planned until the account is full (at least 0); None: any number.

    `kind`: only limits that count such messages hold (None: all of them); `level`: only what goes before messages of
    a class of priority that are planned now counts (see `shares`).
    """
    standing = accounts.load(connection, touchpoint, policy, settings.zone)
    before = None if level is None else (level + 1) * 1000
    rooms = []
    for most, kinds in standing.buckets.within(FULL, now, kind):
        there = waiting.depth(connection, touchpoint.name, now, most + 1, before, kinds)
        rooms.append(max(most - there, 0))
    return min(rooms, default=None)


def full(
    connection: Connection,
    touchpoint: Touchpoint,
    policy: Policy,
    settings: Settings,
    now: int,
    *,
    kind: str | None = None,
) -> bool:
    """Whether nothing more (of a kind) is to be planned for the account at the moment."""
    return room(connection, touchpoint, policy, settings, now, kind=kind) == 0


class Gauge:
    """How much room the accounts of a channel have, looked at once a second at most."""

    def __init__(self, place: Place, policies: Policies) -> None:
        self._place = place
        self._policies = policies
        self._known: dict[tuple[str, str, int], tuple[int, int | None]] = {}

    def room(self, connection: Connection, door: Door) -> int | None:
        """How many more messages the accounts of a door can take together; None: any number."""
        rooms = [self._room(connection, one, door) for one in self._accounts(door)]
        known = [one for one in rooms if one is not None]
        return sum(known) if known and len(known) == len(rooms) else None

    def let_in(self, doors: Sequence[Door], count: int) -> None:
        """So many messages may be on their way by one of these doors: all have less room until the next look."""
        names = {one.name for door in doors for one in self._accounts(door)}
        for key, (at, most) in self._known.items():
            if key[0] in names and most is not None:
                self._known[key] = at, max(most - count, 0)

    def _accounts(self, door: Door) -> list[Touchpoint]:
        return [
            one
            for one in self._place.touchpoints().values()
            if one.channel == door.channel and door.touchpoint in ("", one.name) and not one.paused
        ]

    def _room(self, connection: Connection, touchpoint: Touchpoint, door: Door) -> int | None:
        now = to_micros(self._place.clock.now())
        key = touchpoint.name, door.kind, door.level
        at, known = self._known.get(key, (-_KEPT, None))
        if not 0 <= now - at < _KEPT:
            policy = self._policies.now()[0]
            known = room(
                connection, touchpoint, policy, self._place.settings, now, level=door.level, kind=door.kind
            )  # fmt: skip
            self._known[key] = now, known
        return known
