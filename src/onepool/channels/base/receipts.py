"""Messages, and what came of them in words that are the same for all channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Reason = Literal[
    "not_follower",
    "not_friend",
    "refused",
    "no_consent",
    "bad_address",
    "over_limit",
    "capped",
    "quiet_skipped",
    "control",
    "expired",
    "goal_reached",
    "ended",
    "guard_false",
    "template_error",
    "account_error",
    "rate_limited",
    "transient",
    "staff_timeout",
    "unknown",
    "no_stock",
    "erased",
]
"""Why a message did not reach somebody: closed, so that journeys can branch on it."""

State = Literal["sent", "task", "refused", "retry", "unknown"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one person. ``to``: identifier type -> value; ``key``: the same for every attempt."""

    kind: str
    to: Mapping[str, str]
    content: Mapping[str, Any]
    key: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that an answer says of the person beyond this message, told to the pool as an event.

    ``event`` is one of the standard (unfollowed, opted_out, contact_removed …); ``fields`` its fields.
    """

    event: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of a request.

    - ``sent``: the platform has taken it for delivery; ``provider_id`` is its number.
    - ``task``: it will be sent when somebody confirms, or the outcome is told later.
    - ``refused``: it will never be sent; ``reason`` says why.
    - ``retry``: not now; again after ``after`` seconds.
    - ``unknown``: it can't be told whether it was sent.

    ``account``: the whole account is affected (banned, quota used up): others should wait too.
    """

    state: State
    reason: Reason | None = None
    code: str = ""
    provider_id: str = ""
    after: float | None = None
    marks: tuple[Mark, ...] = ()
    account: bool = False
    detail: str = ""

    @property
    def final(self) -> bool:
        """Whether nothing more is to be tried."""
        return self.state in ("sent", "refused")


class Unsendable(Exception):
    """A message that can't become a request (a part is missing, too long, not allowed): its receipt says why."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__(receipt.detail)
        self.receipt = receipt
