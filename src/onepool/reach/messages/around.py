"""What a workspace's messages are checked beside, and refused by."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from onepool.collect.touchpoint import Touchpoint
from onepool.reach.coupons.model import UPLOADED, Coupon
from onepool.reach.messages.check import Surroundings, check_message
from onepool.reach.messages.columns import Wording
from onepool.reach.messages.model import Message
from onepool.reach.messages.parse import MessageError, parse_message
from onepool.settings import Settings
from onepool.standards import Standard


def wording_of(settings: Settings) -> Wording:
    """How values are written where a message does not say."""
    return Wording(settings.language, settings.time_zone, settings.currency)


def surroundings(
    settings: Settings,
    standard: Standard,
    tags: Collection[str],
    touchpoints: Mapping[str, Touchpoint],
    coupons: Collection[Coupon] = (),
) -> Surroundings:
    """Of a workspace, or of what it will be."""
    return Surroundings(
        standard,
        frozenset(tags),
        touchpoints,
        wording_of(settings),
        tuple(settings.messages.link_hosts),
        settings.messages.public_url or "",
        max((one.code_length for one in coupons), default=UPLOADED),
    )


def usable_message(body: Mapping[str, Any], around: Surroundings, where: str | None = None) -> Message:
    """The message that a body defines. Raises MessageError with everything that forbids it."""
    message = parse_message(body)
    problems = check_message(message, around).problems
    if problems:
        raise MessageError(problems, where=where or f"message {message.message}")
    return message
