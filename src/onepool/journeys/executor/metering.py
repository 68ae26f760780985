"""How fast a journey lets customers in: `rate` of its entry."""

from __future__ import annotations

from typing import TypedDict, cast

import msgspec
import numpy as np

from onepool.journeys.executor.columns import I64
from onepool.journeys.executor.plan import Plan
from onepool.journeys.executor.ports import HELD_BACK, StateChange
from onepool.journeys.executor.times import day_of, day_start
from onepool.journeys.executor.turn import Turn

_SECOND = 1_000_000


class _Said(TypedDict, total=False):
    next: int  # no slot before this instant
    day: int  # local day that is being filled
    count: int  # slots given in it
    held: int  # when an audience was last held back since accounts were full
    again: int  # when it is looked again whether those who are held for that begin; missing: nobody is held


class Meter:
    """Gives out the instants at which customers are let in: kept in `journey_states.metering`."""

    def __init__(self, turn: Turn, plan: Plan) -> None:
        self._turn = turn
        self._plan = plan
        rate = plan.definition.entry.rate
        self._gap = _SECOND / rate.per_second if rate is not None and rate.per_second is not None else 0.0
        self._per_day = rate.per_day if rate is not None else None
        text = str(turn.metering.get(plan.journey) or "")
        self._said = cast(_Said, msgspec.json.decode(text) if text else {})

    def slots(self, wanted: I64) -> I64:
        """A slot for each, in order, not before it is wanted."""
        found = self._spaced(wanted, self._said.get("next", 0))
        if self._per_day is not None:
            found = self._by_day(found, self._per_day)
        self._keep(found)
        return found

    def room(self, since: int, at: int, most: int) -> int:
        """How many of a waiting audience may enter in (…, at]; they are counted as let in. Behind by more than a
        second, a journey does not make up for all of it at once."""
        count = most
        start = max(self._said.get("next", since), since, at - _SECOND) if self._gap else at
        if self._gap:
            count = min(count, max(int((at - start) / self._gap) + 1, 0) if start <= at else 0)
        if self._per_day is not None:
            day = day_of(at, self._plan.zone)
            used = self._said.get("count", 0) if self._said.get("day") == day else 0
            count = min(count, max(self._per_day - used, 0))
        if count:
            self._keep(self._spaced(np.full(count, start, np.int64), start))
        elif self._per_day is not None and self._said.get("next", 0) <= at and start <= at:
            # The day is full: nobody else before midnight.
            self._put({**self._said, "next": day_start(day_of(at, self._plan.zone) + 1, self._plan.zone)})
        return count

    @property
    def held(self) -> int:
        """When an audience was last held back; -1: never."""
        return self._said.get("held", -1)

    @property
    def holds_back(self) -> bool:
        """Whether audiences wait until it is time to look at the accounts again."""
        return self.held >= 0 and self._turn.at < self.held + HELD_BACK

    def hold_back(self) -> None:
        """Let nobody of audiences in until the accounts are looked at again: nothing is written for them before."""
        self._put({**self._said, "held": self._turn.at})

    @property
    def again(self) -> int | None:
        """When those held since accounts are full are looked at again; None: nobody is held for that."""
        return self._said.get("again")

    def look_again(self, at: int | None) -> None:
        """Set when those held since accounts are full are looked at again; None: nobody is any more."""
        if at is not None:
            self._put({**self._said, "again": at})
        elif "again" in self._said:
            said = self._said.copy()
            del said["again"]
            self._put(said)

    def _spaced(self, wanted: I64, start: int) -> I64:
        if not self._gap:
            return np.maximum(wanted, start)
        steps = (np.arange(wanted.size) * self._gap).astype(np.int64)
        return np.maximum.accumulate(np.maximum(wanted - steps, start)) + steps

    def _by_day(self, slots: I64, most: int) -> I64:
        """Over the day's number: after the next midnight."""
        found = slots.copy()
        day, count = self._said.get("day", -1), self._said.get("count", 0)
        place = 0
        while place < found.size:
            here = max(day_of(int(found[place]), self._plan.zone), day)
            if here != day:
                day, count = here, 0
            midnight = day_start(day + 1, self._plan.zone)
            room = most - count
            inside = int(np.searchsorted(found[place:], midnight))
            if inside > room or (inside == 0 and room <= 0):
                taken = max(room, 0)
                rest = found[place + taken :]
                found[place + taken :] = self._spaced(np.maximum(rest, midnight), midnight)
            else:
                taken = max(inside, 1)
            count += taken
            place += taken
            if count >= most:
                day, count = day + 1, 0
        return found

    def _keep(self, slots: I64) -> None:
        if slots.size == 0:
            return
        last = int(slots[-1])
        day = day_of(last, self._plan.zone)
        same = int(np.searchsorted(slots, day_start(day, self._plan.zone)))
        before = self._said.get("count", 0) if self._said.get("day") == day else 0
        self._put({**self._said, "next": last + int(self._gap), "day": day, "count": before + slots.size - same})

    def _put(self, said: _Said) -> None:
        self._said = said
        text = msgspec.json.encode(self._said).decode()
        self._turn.metering[self._plan.journey] = text
        self._turn.changes.append(StateChange(self._plan.journey, {"metering": text}))
