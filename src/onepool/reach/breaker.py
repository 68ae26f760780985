"""The circuit breaker of an account: after repeated failures, or when the platform says so, nothing is sent for a
while; then one message tries whether it works again.

closed -> open (enough failures one after another, or a receipt about the whole account) -> half_open (its rest is over:
one message) -> closed (it went through) or open for twice as long, up to an hour.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from onepool.reach.buckets import SECOND

LONGEST: Final = 3600 * SECOND
PROBE: Final = 120 * SECOND
"""A probe that gave no answer for so long is made again."""

Position = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class Breaker:
    """`failures`: one after another. `until`: of an open one, when it is tried again; of a half-open one, when the
    probe is given up (µs). `reason`: why it opened."""

    position: Position = "closed"
    failures: int = 0
    until: int | None = None
    reason: str = ""

    def most(self, now: int) -> int | None:
        """How many messages may be claimed: 0, 1 (a probe), or any number (None)."""
        if self.position == "closed":
            return None
        return 1 if self.until is None or now >= self.until else 0

    def probing(self, now: int) -> Breaker:
        """With a probe under way."""
        return self if self.position == "closed" else replace(self, position="half_open", until=now + PROBE)

    def succeeded(self) -> Breaker:
        """After a call that the platform answered."""
        return Breaker()

    def failed(self, now: int, reason: str, most: int, rest: int, *, account: bool, after: int = 0) -> Breaker:
        """After a failure. `most`: failures that open it; `rest`: how long (µs). `account`: the platform speaks of the
        whole account; `after`: how long it asks to be left alone."""
        count = self.failures + 1
        if not account and count < most and self.position == "closed":
            return replace(self, failures=count, reason=reason)
        beyond = max(count - most, 0) if self.position != "closed" or not account else 0
        pause = max(min(rest * 2 ** min(beyond, 12), LONGEST), after)
        return Breaker("open", count, now + pause, reason)
