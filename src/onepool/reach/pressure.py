"""Back-pressure: how long what waits at an account will take, so that nobody plans more than it can send soon."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from onepool.collect.touchpoint import Touchpoint
from onepool.reach import accounts, waiting
from onepool.reach.policy_model import Policy
from onepool.settings import Settings

FULL: Final = 600.0
"""Seconds: planners stop producing for an account whose queue would take longer."""

_MOST: Final = 200_000


def seconds(connection: Connection, touchpoint: Touchpoint, policy: Policy, settings: Settings, now: int) -> float:
    """How long (at the account's pace, in seconds) until all that is due is sent; 0 where nothing limits it."""
    standing = accounts.load(connection, touchpoint, policy, settings.zone)
    rate = standing.buckets.rate()
    if rate is None or rate <= 0:
        return 0.0
    return waiting.depth(connection, touchpoint.name, now, _MOST) / rate


def full(connection: Connection, touchpoint: Touchpoint, policy: Policy, settings: Settings, now: int) -> bool:
    """Whether nothing more is to be planned for the account at the moment."""
    return seconds(connection, touchpoint, policy, settings, now) > FULL
