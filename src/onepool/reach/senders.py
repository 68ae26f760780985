"""Senders: threads that take messages from the outbox at each account's pace, call the platforms, and write down what
came of it.

One loop claims and records; calls are made by threads beside it. A receipt is in the log before the outbox says so, so
a sender that dies in between is caught up with by the event (reach/arrivals.py). On stopping nothing more is claimed,
and calls under way are waited for.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import secrets
import socket
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import structlog

from onepool.channels import registry
from onepool.channels.base import Account, Message, Receipt
from onepool.clock import Clock, to_micros
from onepool.collect import links, receipts
from onepool.collect.accounts import Accounts
from onepool.collect.connections import Connections
from onepool.collect.log import Log
from onepool.collect.touchpoint import Touchpoint
from onepool.definitions import Definitions
from onepool.errors import OnePoolError
from onepool.pool import Engine
from onepool.privacy.masking import mask_text
from onepool.reach import accounts, outcomes, together, unknown, waiting
from onepool.reach.buckets import SECOND
from onepool.reach.claim import Claimed, Claimer, Guard
from onepool.reach.contents import Contents, Pages
from onepool.reach.effects import Effects
from onepool.reach.lanes import Lanes
from onepool.reach.outcomes import Result
from onepool.reach.questions import Questions
from onepool.reach.world import Worlds
from onepool.settings import Settings
from onepool.state import State
from onepool.state.watch import Watch

_logger = structlog.get_logger(__name__)

BATCH: Final = 500
"""Messages of one claim at most."""

UNDERWAY: Final = 1000
"""Calls of one account that are claimed and not yet recorded, at most."""

_THREADS: Final = 8
"""Calls of one account at the same time."""

_LOOK: Final = 0.05
_SECONDLY: Final = SECOND
_HOURLY: Final = 3600 * SECOND


class Place(Protocol):
    """What this needs of a workspace."""

    @property
    def data(self) -> Path: ...
    @property
    def state(self) -> State: ...
    @property
    def pool(self) -> Engine: ...
    @property
    def log(self) -> Log: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def sandbox(self) -> str | None: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def definitions(self) -> Definitions: ...
    def touchpoints(self) -> dict[str, Touchpoint]: ...


class Senders:
    """One for a process. `guard`: what journeys say of their messages; `pages`: links to preference pages.

    `run` goes on until told to stop; `step` does what there is to do now, and waits for it (tests, the command line).
    """

    def __init__(
        self, place: Place, *, guard: Guard | None = None, pages: Pages | None = None, threads: int = _THREADS,
        connections: Connections | None = None,
    ) -> None:  # fmt: skip
        self._place = place
        self._host = hashlib.blake2b(socket.gethostname().encode(), digest_size=4).hexdigest()
        self.name = f"{self._host}:{os.getpid()}:{secrets.token_hex(3)}"
        self._worlds = Worlds(place)
        self._accounts = Accounts(place.data, lambda: place.sandbox)
        self._connections = connections or Connections(place.clock)
        self._claimer = Claimer(self.name, Contents(place, pages=pages), guard, place.settings.zone)
        self._lanes = Lanes(threads)
        self._wake = threading.Event()
        self._effects = Effects(place.state, place.clock, self._account, self._lanes)
        self._questions = Questions(
            place.state, place.clock, self._account, self._connections, self._lanes, self._answered, self._wake.set
        )
        self._results: queue.Queue[tuple[Touchpoint, Account, list[Result]]] = queue.Queue()
        self._released: queue.Queue[tuple[Touchpoint, list[Claimed]]] = queue.Queue()
        self._held: dict[int, str] = {}
        self._asked = 0
        self._swept = 0
        self._begun = False
        # While it runs: as of this mark of the state no message waited.
        self._watch: Watch | None = None
        self._nobody: object = None
        self.problem: str | None = None

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set. What fails is logged, shown as `problem`, and tried again."""
        with contextlib.closing(Watch(self._place.state)) as self._watch:
            self._run(stop)
        self._watch = None
        self._finish()

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                busy = self.round()
                self.problem = None
            # Whatever it was: other accounts, and the next round, must go on.
            except Exception as error:  # noqa: BLE001
                self.problem = mask_text(str(error) or repr(error))
                _logger.error("sending failed", error=self.problem, kind=type(error).__name__)
                stop.wait(1.0)
                continue
            if not busy:
                self._wake.wait(_LOOK)
                self._wake.clear()

    def step(self) -> int:
        """Everything that is due now, calls included. Returns how many messages were called or asked about."""
        done = 0
        self._asked = self._swept = 0
        while True:
            busy = self.round()
            while self._held or self._questions.underway or self._effects.underway:
                self._wake.wait(_LOOK)
                self._wake.clear()
                self._record()
                self._questions.record()
            if not busy:
                return done
            done += busy

    def close(self) -> None:
        """Let go of threads and lines."""
        self._finish()
        self._effects.close()
        self._connections.close()

    def round(self) -> int:
        """Record what came back, claim what may go out, ask about what is open. Returns how much there was."""
        now = to_micros(self._place.clock.now())
        if not self._begun:
            self._recover(now, f"{self._host}:")
            self._begun = True
        busy = self._record() + self._questions.record()
        busy += self._claim(now)
        if now - self._asked >= _SECONDLY:
            self._asked = now
            busy += self._questions.ask() + self._effects.step()
        if now - self._swept >= _HOURLY:
            self._swept = now
            self._recover(now, None)
            with self._place.state.write() as connection:
                links.expire(connection, self._place.clock.now())
        return busy

    # claiming and calling

    def _claim(self, now: int) -> int:
        mark = None if self._watch is None else self._watch.mark()
        if mark is not None and mark == self._nobody:
            return 0
        with self._place.state.read() as connection:
            names = waiting.touchpoints(connection)
        if not names:
            self._nobody = mark
            return 0
        touchpoints = self._place.touchpoints()
        policy = self._worlds.policies.now()[0]
        count = 0
        for name in names:
            touchpoint = touchpoints.get(name)
            room = min(BATCH, UNDERWAY - sum(1 for where in self._held.values() if where == name))
            if touchpoint is None or touchpoint.paused or room <= 0:
                continue
            try:
                account = self._accounts.of(touchpoint)
            except OnePoolError as error:
                self._unusable(touchpoint, str(error), now)
                continue
            with self._place.pool.read() as session, self._place.state.read() as connection:
                world = self._worlds.over(session, connection)
                claimed = self._claimer.claim(session, world, self._place.state, touchpoint, policy, now, room)
            for one in claimed:
                self._held[one.send_id] = name
            for parcel in together.parcels(registry.channel(touchpoint.channel).reach, claimed):
                try:
                    self._lanes.submit(name, self._call, touchpoint, account, parcel)
                except RuntimeError:  # closing meanwhile
                    self._released.put((touchpoint, parcel))
            count += len(claimed)
        return count

    def _call(self, touchpoint: Touchpoint, account: Account, parcel: list[Claimed]) -> None:
        if self._lanes.closing.is_set():
            self._released.put((touchpoint, parcel))
            return
        try:
            line, messages = self._connections.of(account), [one.message for one in parcel]
            receipts = [line.send(messages[0])] if len(parcel) == 1 else line.send_many(messages)
        # A fault of ours must not leave the messages claimed for ever; whether they went out can't be told.
        except Exception as error:  # noqa: BLE001
            _logger.error("a call failed", touchpoint=account.touchpoint, kind=type(error).__name__)
            receipts = [Receipt("unknown", "unknown", detail=f"failed here: {type(error).__name__}")] * len(parcel)
        at = to_micros(self._place.clock.now())
        results = [Result(one, receipt, at) for one, receipt in zip(parcel, receipts, strict=True)]
        self._results.put((touchpoint, account, results))
        self._wake.set()

    def _unusable(self, touchpoint: Touchpoint, problem: str, now: int) -> None:
        """An account whose settings can't be used sends nothing until they are mended."""
        policy = self._worlds.policies.now()[0]
        with self._place.state.write() as connection:
            standing = accounts.load(connection, touchpoint, policy, self._place.settings.zone)
            if standing.breaker.most(now) == 0:
                return
            standing.breaker = standing.breaker.failed(now, problem, 1, 60 * SECOND, account=True)
            accounts.save(connection, standing, now)

    # results

    def _record(self) -> int:
        by_account: dict[str, tuple[Touchpoint, Account, list[list[Result]]]] = {}
        count = 0
        while count < 2 * BATCH:
            try:
                touchpoint, account, results = self._results.get_nowait()
            except queue.Empty:
                break
            by_account.setdefault(touchpoint.name, (touchpoint, account, []))[2].append(results)
            count += len(results)
        for touchpoint, account, calls in by_account.values():
            try:
                self._conclude(touchpoint, account, calls)
            except BaseException:
                for results in calls:  # told again in the next round
                    self._results.put((touchpoint, account, results))
                raise
            for results in calls:
                for result in results:
                    self._held.pop(result.claimed.send_id, None)
        return count

    def _conclude(self, touchpoint: Touchpoint, account: Account, calls: list[list[Result]]) -> None:
        channel = registry.channel(touchpoint.channel)
        policy = self._worlds.policies.now()[0]
        told = [self._told(account, one.claimed.message, one.receipt, one.claimed.row.journey)
                for results in calls for one in results if one.receipt.state not in ("retry", "task")]  # fmt: skip
        if told:
            self._place.log.append(told)
        askable = channel.reach is not None and channel.reach.askable
        with self._place.state.write() as connection:
            standing = accounts.load(connection, touchpoint, policy, self._place.settings.zone)
            outcomes.record(connection, calls, account, channel.manifest, standing, policy, askable=askable)

    def _answered(self, account: Account, told: Sequence[tuple[Message, Receipt, str]]) -> None:
        self._place.log.append([self._told(account, *one) for one in told])

    def _told(self, account: Account, message: Message, receipt: Receipt, journey: str) -> Any:
        said = {"send_id": message.key, "journey": journey}
        if message.to.get("staff_id"):
            said["staff_id"] = message.to["staff_id"]
        return receipts.concluded(account, message, receipt, self._now(), said)

    # the start, and those who died

    def _recover(self, now: int, dead: str | None) -> None:
        with self._place.state.write() as connection:
            count = unknown.recover(connection, now, dead=dead, alive=self._held.keys())
        if count:
            _logger.warning("messages were left claimed by a sender that ended", count=count)

    def _finish(self) -> None:
        """Wait for calls under way and write down what came of them; put back what was not called."""
        self._lanes.close()
        self._questions.record()
        while self._record():
            pass
        now = to_micros(self._place.clock.now())
        while not self._released.empty():
            touchpoint, claimed = self._released.get()
            with self._place.state.write() as connection:
                outcomes.release(connection, registry.channel(touchpoint.channel).manifest, claimed, now)
            for one in claimed:
                self._held.pop(one.send_id, None)

    def _account(self, name: str) -> Account:
        touchpoint = self._place.touchpoints().get(name)
        if touchpoint is None:
            raise OnePoolError(f"there is no touchpoint {name}", code="account")
        return self._accounts.of(touchpoint)

    def _now(self) -> datetime:
        return self._place.clock.now()
