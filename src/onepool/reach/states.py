"""States of messages, as numbers in the table `sends`."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class SendState(IntEnum):
    """In the order in which a message goes through them.

    ``TASK``: taken by the platform, and somebody has to confirm. ``UNKNOWN``: whether it went out can't be told.
    """

    DEFERRED = 1
    QUEUED = 2
    CLAIMED = 3
    RETRY = 4
    TASK = 5
    UNKNOWN = 6
    ACCEPTED = 10
    DELIVERED = 11
    READ = 12
    CLICKED = 13
    SUPPRESSED = 20
    FAILED = 21
    BOUNCED = 22
    CANCELLED = 23


WAITING = (SendState.DEFERRED, SendState.QUEUED, SendState.RETRY)
"""May still be claimed."""

COUNTED = (
    SendState.CLAIMED, SendState.TASK, SendState.UNKNOWN, SendState.ACCEPTED, SendState.DELIVERED, SendState.READ,
    SendState.CLICKED,
)  # fmt: skip
"""Count for caps: what went out or may have."""

PERHAPS_OUT: Final = f"(state = {SendState.RETRY:d} AND reason = 'unknown')"
"""Of rows of `sends`: was called, nobody can tell whether it went out, and it waits to be called again. That lasts
through further calls that certainly did not go out; `claimed` is when the first one that may have was begun. It counts
for caps like what went out, and ends as sent or unknown, never as failed."""


def perhaps_out(state: int, reason: str | None) -> bool:
    """Whether `PERHAPS_OUT` holds of a message."""
    return state == SendState.RETRY and reason == "unknown"
