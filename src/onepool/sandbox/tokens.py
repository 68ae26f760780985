"""Access tokens as WeChat and others keep them: one that is good, those before, and when they end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

from onepool.clock import Clock
from onepool.sandbox.chance import Chance

RENEWED_BEFORE: Final = timedelta(minutes=5)

Standing = Literal["good", "ended", "unknown"]


class Tokens:
    """Tokens of one account. ``lasting``: asking again within its life gives the same one (stable_token, WeCom)."""

    def __init__(self, name: str, seconds: float, clock: Clock, chance: Chance) -> None:
        self._name = name
        self._life = timedelta(seconds=seconds)
        self._clock = clock
        self._chance = chance
        self._given: dict[str, datetime] = {}
        self._latest = ""
        self._number = 0
        self._forced: list[datetime] = []

    def lasting(self) -> tuple[str, int]:
        """The token of now and the seconds that it lives; a new one shortly before its end, the old one stays good."""
        now = self._clock.now()
        ends = self._given.get(self._latest)
        early = min(RENEWED_BEFORE, self._life / 2)
        if ends is None or ends - now <= early:
            return self._new(now)
        return self._latest, int((ends - now).total_seconds())

    def fresh(self) -> tuple[str, int]:
        """A new token; the one before is good no more."""
        self._given.pop(self._latest, None)
        if self._latest:
            self._given[self._latest] = self._clock.now()
        return self._new(self._clock.now())

    def may_force(self) -> bool:
        """At most 20 times a day, 30 seconds apart; notes the attempt where it may."""
        now = self._clock.now()
        self._forced = [at for at in self._forced if now - at < timedelta(days=1)]
        if len(self._forced) >= 20 or (self._forced and now - self._forced[-1] < timedelta(seconds=30)):
            return False
        self._forced.append(now)
        return True

    def standing(self, token: str) -> Standing:
        """Whether a token may be used."""
        ends = self._given.get(token)
        if ends is None:
            return "unknown"
        return "good" if self._clock.now() < ends else "ended"

    def knows(self, token: str) -> bool:
        """Whether it was given here, ended or not."""
        return token in self._given

    def end(self) -> None:
        """End all of them at once, as after a change of the secret."""
        now = self._clock.now()
        self._given = dict.fromkeys(self._given, now)

    def _new(self, now: datetime) -> tuple[str, int]:
        self._number += 1
        self._latest = f"{self._number}_" + self._chance.text(130, "token", self._name, self._number)
        self._given[self._latest] = now + self._life
        return self._latest, int(self._life.total_seconds())
