"""States of messages, as numbers in the table `sends`."""

from __future__ import annotations

from enum import IntEnum


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
