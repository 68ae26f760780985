"""The sandbox as a whole: accounts with their doubles, calls in, acts, pushes out. No network of its own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from onepool.channels.base import Account
from onepool.clock import Clock
from onepool.sandbox.agenda import Agenda
from onepool.sandbox.chance import Chance
from onepool.sandbox.clocks import WorldClock
from onepool.sandbox.doubles import DOUBLES, Double
from onepool.sandbox.doubles.email import Email
from onepool.sandbox.errors import ActError, SandboxError
from onepool.sandbox.ledger import Entry, Ledger
from onepool.sandbox.pushing import Outbox, Outgoing, Pushed
from onepool.sandbox.scenario import Behaviour, Line, Scenario
from onepool.sandbox.stage import Stage
from onepool.sandbox.wire import Asked, Told, told
from onepool.sandbox.world import World

ANYBODY: Final = "*"

Sending = Callable[[Outgoing], tuple[int, bytes] | None]
"""Sends a push and gives (status, body) of the answer; None where none came in time."""


class Sandbox:
    """Doubles for accounts, in one world. Threads may share it: one call at a time.

    ``wall`` is the machine's clock; ``clock`` the world's, made of the scenario's ``time`` when it is not given.
    ``changed`` gives all accounts once they are others than before, and None while they are not.
    """

    def __init__(
        self,
        scenario: Scenario,
        accounts: Sequence[Account],
        wall: Clock,
        clock: Clock | None = None,
        *,
        changed: Callable[[], Sequence[Account] | None] | None = None,
    ) -> None:
        if clock is None:
            start = wall.now() - timedelta(seconds=scenario.time.start)
            clock = WorldClock(wall, start, scenario.time.speed)
        chance = Chance(scenario.seed)
        self.scenario = scenario
        self.ledger = Ledger()
        self.clock = clock
        self.world = World(scenario.people, chance)
        self.outbox = Outbox(wall)
        self._agenda = Agenda(clock)
        self._chance = chance
        self.lock = threading.RLock()
        self.stage = Stage(scenario, clock, wall, chance, self.world, self.ledger, self._agenda, self.outbox)
        self.doubles: dict[str, Double] = {}
        self._calls: dict[str, deque[datetime]] = {}
        self._counted = 0
        self._changed = changed
        self._take(accounts)
        for number, line in enumerate(scenario.acts):
            self._plan(number, line, line.after)

    @property
    def changing(self) -> bool:
        """Whether accounts may be added later."""
        return self._changed is not None

    def level(self) -> None:
        """Play the accounts that there are now: new and changed ones anew, the others as they are."""
        with self.lock:
            accounts = self._changed() if self._changed is not None else None
            if accounts is not None:
                self._take(accounts)

    def _take(self, accounts: Sequence[Account]) -> None:
        wanted = {one.touchpoint: one for one in accounts if one.channel in DOUBLES}
        for name in [name for name in self.doubles if name not in wanted]:
            del self.doubles[name]
        fresh = []
        for name, account in wanted.items():
            if name not in self.doubles or not _same(self.doubles[name].account, account):
                self.doubles[name] = DOUBLES[account.channel](account, self.stage)
                fresh.append(name)
        for name in fresh:
            self.doubles[name].begin()

    # Calls ----------------------------------------------------------------------------------------------------------

    def call(self, channel: str, asked: Asked) -> tuple[Told, Entry, Behaviour]:
        """Answer a call to a channel's platform; the ledger's line says which fault was added on purpose.

        A fault ``lost`` is for the caller to carry out: all was done, and the answer must not arrive.
        """
        with self.lock:
            self.level()
            self._agenda.turn()
            mine = [one for one in self.doubles.values() if one.channel == channel]
            double = next((one for one in mine if one.claims(asked)), None)
            entry = self.ledger.write(
                self.clock.now(), "in", channel, double.account.touchpoint if double else "", asked.path
            )
            if double is None:
                if channel not in DOUBLES:
                    message = f"there is no double of {channel}; there are {', '.join(sorted(DOUBLES))}"
                    answer = told({"error": message}, 404, status=404)
                else:
                    answer = DOUBLES[channel].stranger(asked)
                self._note(entry, answer, asked)
                return answer, entry, Behaviour()
            answer = self._answered(double, asked, entry)
            self._note(entry, answer, asked)
            return answer, entry, double.behaviour

    def _answered(self, double: Double, asked: Asked, entry: Entry) -> Told:
        behaviour = double.behaviour
        limit = self._limit(double)
        if limit is not None:
            entry.fault = "limit"
            return limit
        self._counted += 1
        drawn = self._chance.of("fault", double.account.touchpoint, self._counted)
        if drawn < behaviour.busy:
            entry.fault = "busy"
            return double.busy()
        if drawn < behaviour.busy + behaviour.error:
            entry.fault = "error"
            return Told(b"<html>502 Bad Gateway</html>", status=502, content_type="text/html", code="502")
        if drawn < behaviour.busy + behaviour.error + behaviour.lost:
            entry.fault = "lost"
        return double.answer(asked)

    def _limit(self, double: Double) -> Told | None:
        """The platform's answer when an account calls too often."""
        behaviour, now = double.behaviour, self.clock.now()
        if behaviour.calls_a_minute is None and behaviour.calls_a_day is None:
            return None
        calls = self._calls.setdefault(double.account.touchpoint, deque())
        while calls and now - calls[0] >= timedelta(days=1):
            calls.popleft()
        if behaviour.calls_a_day is not None and len(calls) >= behaviour.calls_a_day:
            return double.limited("day")
        recent = sum(now - at < timedelta(minutes=1) for at in calls)
        if behaviour.calls_a_minute is not None and recent >= behaviour.calls_a_minute:
            return double.limited("minute")
        calls.append(now)
        return None

    @staticmethod
    def _note(entry: Entry, answer: Told, asked: Asked) -> None:
        entry.what = answer.what or asked.path
        entry.outcome, entry.to, entry.key, entry.accepted = answer.code, answer.to, answer.key, answer.accepted

    # Acts -----------------------------------------------------------------------------------------------------------

    def act(self, do: str, account: str = "", person: str = ANYBODY, given: Mapping[str, Any] | None = None) -> Any:
        """Let somebody do something now. ``person``: a key, an id or a phone; ``*``: one by chance. Raises ActError."""
        with self.lock:
            self.level()
            double = self._double(do, account)
            self._counted += 1
            if person == ANYBODY:
                everybody = [one.key for one in self.world]
                person = self._chance.pick(everybody, "who", self._counted) if everybody else "p1"
            done = double.act(do, self.world.somebody(person), given or {})
            self._agenda.turn()
            return {"do": do, "account": double.account.touchpoint, **done}

    def repeat(self, account: str, content: bytes, content_type: str) -> None:
        """Push a content as it is, sealed and signed as the platform does it. Raises ActError."""
        with self.lock:
            if account not in self.doubles:
                raise ActError(f"there is no account {account[:60]!r} here", hint=self._names())
            self.doubles[account].repeat(content, content_type)

    def acts(self) -> dict[str, list[str]]:
        """What people can do, by account."""
        with self.lock:
            self.level()
            return {name: one.acts() for name, one in self.doubles.items()}

    def _double(self, do: str, account: str) -> Double:
        if account:
            found = self.doubles.get(account)
            if found is None:
                raise ActError(f"there is no account {account[:60]!r} here", hint=self._names())
            return found
        can = [one for one in self.doubles.values() if do in one.acts()]
        if len(can) != 1:
            names = ", ".join(one.account.touchpoint for one in can) or "none"
            raise ActError(f"at which account? {do[:40]!r} is possible at: {names}", hint="name the account")
        return can[0]

    def _names(self) -> str:
        return f"there are {', '.join(self.doubles) or 'none'}"

    def _plan(self, number: int, line: Line, after: float) -> None:
        def happen() -> None:
            # A line that does not fit any more (an order that was cancelled meanwhile) must not end the others.
            try:
                self.act(line.do, line.account, line.person, line.given)
            except ActError as error:
                entry = self.ledger.write(self.clock.now(), "out", "scenario", line.account, line.do)
                entry.outcome = str(error)[:200]
            if line.every is not None:
                self._plan(number, line, line.every)

        self._agenda.later(after, happen)

    # Time and pushes ------------------------------------------------------------------------------------------------

    def turn(self) -> int:
        """Do what is due in the world."""
        with self.lock:
            return self._agenda.turn()

    def advance(self, seconds: float) -> datetime:
        """Move the world's time ahead (a WorldClock's only). Raises SandboxError."""
        with self.lock:
            if not isinstance(self.clock, WorldClock):
                raise SandboxError("this world's time is moved by whoever made its clock")
            # Step by step: what happens meanwhile has its own time.
            until = self.clock.now() + timedelta(seconds=seconds)
            while (at := self._agenda.next_at()) is not None and at <= until:
                if at > self.clock.now():
                    self.clock.advance(at - self.clock.now())
                self._agenda.turn()
            if until > self.clock.now():
                self.clock.advance(until - self.clock.now())
            return self.clock.now()

    def due(self) -> list[tuple[Pushed, Outgoing]]:
        """Pushes to be sent now, signed. One that can't be (a key of a wrong form) is given up, and says why."""
        signed = []
        with self.lock:
            for one in self.outbox.due():
                try:
                    signed.append((one, self.outbox.request(one)))
                except ValueError as error:
                    one.entry.outcome = f"can't be signed: {error}"[:200]
        return signed

    def concluded(self, pushed: Pushed, answer: tuple[int, bytes] | None) -> None:
        """What came of a push."""
        with self.lock:
            self.outbox.concluded(pushed, *(answer or (None,)))

    def deliver(self, send: Sending) -> int:
        """Send what is due with ``send``, also what comes of it; how many pushes that were."""
        sent = 0
        while batch := self.due():
            for pushed, outgoing in batch:
                self.concluded(pushed, send(outgoing))
                sent += 1
        return sent

    def mailbox(self, sender: str) -> Email | None:
        """The account whose mails come from that address; the only one where its address is not said."""
        mine = [one for one in self.doubles.values() if isinstance(one, Email)]
        return next((one for one in mine if one.sender == sender.lower()), mine[0] if len(mine) == 1 else None)

    def people(self) -> list[dict[str, Any]]:
        """Everybody, with the ids that platforms have given them so far."""
        with self.lock:
            return [
                {
                    "key": one.key,
                    "name": one.name,
                    "phone": one.phone,
                    "ids": {f"{kind}@{scope}" if scope else kind: value for (kind, scope), value in one.ids.items()},
                }
                for one in self.world
            ]


def _same(one: Account, other: Account) -> bool:
    """Whether two accounts are the same to the platform. The token that it gave itself is no change."""
    settings = [{k: v for k, v in each.settings.items() if k != "refresh_token"} for each in (one, other)]
    return (one.channel, one.scopes) == (other.channel, other.scopes) and settings[0] == settings[1]
