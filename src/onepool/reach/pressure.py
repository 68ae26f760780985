"""Back-pressure: how long what waits at an account will take, so that nobody plans more than it can send soon."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from sqlalchemy import Connection

from onepool.clock import Clock, to_micros
from onepool.collect.touchpoint import Touchpoint
from onepool.reach import accounts, waiting
from onepool.reach.policies import Policies
from onepool.reach.policy_model import Policy
from onepool.settings import Settings

FULL: Final = 600.0
"""Seconds: planners stop producing for an account whose queue would take longer."""

_MOST: Final = 200_000
_KEPT: Final = 1_000_000
"""Microseconds for which a gauge keeps what it found."""


class Place(Protocol):
    """What a gauge needs of a workspace."""

    @property
    def clock(self) -> Clock: ...
    @property
    def settings(self) -> Settings: ...
    def touchpoints(self) -> dict[str, Touchpoint]: ...


def seconds(
    connection: Connection,
    touchpoint: Touchpoint,
    policy: Policy,
    settings: Settings,
    now: int,
    level: int | None = None,
) -> float:
    """How long (at the account's pace, in seconds) until all that is due is sent; 0 where nothing limits it.

    `level`: only what goes before messages of a class of priority that are planned now (see `shares`).
    """
    standing = accounts.load(connection, touchpoint, policy, settings.zone)
    rate = standing.buckets.rate()
    if rate is None or rate <= 0:
        return 0.0
    before = None if level is None else (level + 1) * 1000
    return waiting.depth(connection, touchpoint.name, now, _MOST, before) / rate


def full(
    connection: Connection,
    touchpoint: Touchpoint,
    policy: Policy,
    settings: Settings,
    now: int,
    level: int | None = None,
) -> bool:
    """Whether nothing more is to be planned for the account at the moment."""
    return seconds(connection, touchpoint, policy, settings, now, level) > FULL


class Gauge:
    """Whether the accounts of a channel are full, looked at once a second at most."""

    def __init__(self, place: Place, policies: Policies) -> None:
        self._place = place
        self._policies = policies
        self._known: dict[tuple[str, int], tuple[int, bool]] = {}

    def full(self, connection: Connection, channel: str, touchpoint: str | None, level: int) -> bool:
        """Whether all accounts are full over which messages of a class of priority could go. `touchpoint`: this one."""
        mine = [
            one
            for one in self._place.touchpoints().values()
            if one.channel == channel and touchpoint in (None, one.name) and not one.paused
        ]
        return bool(mine) and all(self._full(connection, one, level) for one in mine)

    def held_back(self, connection: Connection, doors: Iterable[tuple[str, str | None, int]]) -> list[str]:
        """The channels, of (channel, account or None, class of priority), of which the accounts are full."""
        return sorted({channel for channel, over, level in doors if self.full(connection, channel, over, level)})

    def _full(self, connection: Connection, touchpoint: Touchpoint, level: int) -> bool:
        now = to_micros(self._place.clock.now())
        at, known = self._known.get((touchpoint.name, level), (-_KEPT, False))
        if not 0 <= now - at < _KEPT:
            known = full(connection, touchpoint, self._policies.now()[0], self._place.settings, now, level)
            self._known[touchpoint.name, level] = now, known
        return known
