"""How much an account may send now: rates as GCRA, calendar quotas as counters; both are kept in the state.

GCRA (generic cell rate algorithm, ITU-T I.371) keeps one number per limit, the theoretical arrival time of the next
message: with an interval T between messages and a burst of b, a message at t conforms if arrival <= t + (b - 1) T.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from onepool.channels.base import Manifest, Quota
from onepool.clock import from_micros
from onepool.reach.policy_model import Pace

SECOND: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` messages per `seconds` (at most `burst` at once), or per calendar `period` of the zone."""

    name: str
    count: int
    seconds: int | None
    burst: int = 1
    period: Literal["day", "month"] | None = None
    messages: tuple[str, ...] = ()

    def counts(self, kind: str | None) -> bool:
        """Whether messages of a kind use it up; None: whether messages of every kind do."""
        return not self.messages if kind is None else not self.messages or kind in self.messages

    @property
    def interval(self) -> int:
        """Microseconds between two messages."""
        return max((self.seconds or 1) * SECOND // self.count, 1)


def limits_of(manifest: Manifest, pace: Sequence[Pace]) -> list[Limit]:
    """The limits of an account: the platform's own (of the account as a whole), and the policy's."""
    kinds = {one.name for one in manifest.messages}
    found = []
    for quota in manifest.quotas:
        if quota.scope != "account" or not (set(quota.messages) & kinds or _calls(quota)):
            continue
        burst = 1 if quota.seconds is None else max(quota.count // quota.seconds, 1)
        found.append(Limit(quota.name, quota.count, quota.seconds, burst, quota.period, quota.messages))
    for number, one in enumerate(pace):
        burst = one.burst or max(one.count // one.seconds, 1)
        found.append(Limit(f"policy{number}", one.count, one.seconds, burst))
    return found


def _calls(quota: Quota) -> bool:
    """Whether a quota that names no messages is one of all calls."""
    return not quota.messages and quota.name == "calls"


class Buckets:
    """The limits of one account and where they stand. `left` asks, `take` uses up, `dump` is what is kept."""

    def __init__(self, limits: Sequence[Limit], kept: str, zone: ZoneInfo) -> None:
        self._limits = limits
        self._zone = zone
        self._state: dict[str, Any] = json.loads(kept)

    def left(self, now: int, kind: str | None = None) -> int | None:
        """How many messages of a kind may go out now (µs); None: any number. Without a kind: by what holds for all
        kinds together."""
        return min((self._left(limit, now) for limit in self._limits if limit.counts(kind)), default=None)

    def scarce(self, now: int) -> list[tuple[str, tuple[str, ...], int]]:
        """Of each limit that counts some kinds of messages only: its name, these kinds, how many may go out now."""
        named = (limit for limit in self._limits if limit.messages)
        return [(limit.name, limit.messages, max(self._left(limit, now), 0)) for limit in named]

    def conforming(self, kinds: Sequence[str], now: int) -> list[bool]:
        """Which of messages of these kinds may go out now, those before counting for those after."""
        left = {limit.name: self._left(limit, now) for limit in self._limits}
        found = []
        for kind in kinds:
            mine = [limit.name for limit in self._limits if limit.counts(kind)]
            found.append(all(left[name] > 0 for name in mine))
            if found[-1]:
                for name in mine:
                    left[name] -= 1
        return found

    def take(self, count: int, now: int, kind: str) -> None:
        """Use up so many of what is left for a kind."""
        for limit in self._limits:
            if not limit.counts(kind):
                continue
            if limit.seconds is not None:
                self._state[limit.name] = max(int(self._state.get(limit.name, 0)), now) + count * limit.interval
            else:
                used = self._used(limit, now)
                self._state[limit.name] = {"window": self._window(limit, now), "used": used + count}

    def rate(self) -> float | None:
        """Messages per second that the rates let through; None: any number. Quotas of a day or a month are no pace."""
        rates = [limit.count / limit.seconds for limit in self._limits if limit.seconds is not None]
        return min(rates, default=None)

    def within(self, seconds: float, now: int, kind: str | None = None) -> list[tuple[int, tuple[str, ...]]]:
        """Of each limit that counts messages of a kind (None: of any): how many it lets through in the next seconds
        (one at least), or in the rest of its calendar period, and which kinds it counts together (none named: all)."""
        found = []
        for limit in self._limits:
            if kind is not None and not limit.counts(kind):
                continue
            if limit.seconds is not None:
                found.append((max(int(seconds * limit.count / limit.seconds), 1), limit.messages))
            else:
                found.append((max(self._left(limit, now), 0), limit.messages))
        return found

    def shown(self, now: int) -> list[dict[str, Any]]:
        """The limits for people: name, count, per, left."""
        return [
            {
                "name": limit.name, "count": limit.count, "seconds": limit.seconds, "period": limit.period,
                "left": max(self._left(limit, now), 0),
            }
            for limit in self._limits
        ]  # fmt: skip

    def dump(self) -> str:
        """As it is kept; limits that are no more are left out."""
        names = {limit.name for limit in self._limits}
        return json.dumps({name: value for name, value in self._state.items() if name in names}, sort_keys=True)

    def _left(self, limit: Limit, now: int) -> int:
        if limit.seconds is None:
            return limit.count - self._used(limit, now)
        ahead = max(int(self._state.get(limit.name, 0)) - now, 0)
        return int((limit.burst * limit.interval - ahead) // limit.interval)

    def _used(self, limit: Limit, now: int) -> int:
        kept: Mapping[str, Any] = self._state.get(limit.name) or {}
        return int(kept.get("used", 0)) if kept.get("window") == self._window(limit, now) else 0

    def _window(self, limit: Limit, now: int) -> str:
        local: datetime = from_micros(now).astimezone(self._zone)
        return local.strftime("%Y-%m" if limit.period == "month" else "%Y-%m-%d")
