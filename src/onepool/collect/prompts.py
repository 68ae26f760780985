"""Messages that must go out at once: a welcome that lives for 20 seconds can't wait for a tick.

A push is on disk when `Prompts.kept` hears of it. A thread lets the channel say what to send (`Channel.prompt`), takes
the message in hand by a row in the state that only one process can write, sends it, and appends the receipt to the log.
Stopped in between (kill -9), the message may be lost; it is never sent by two, nor again after it went out.

What must be fetched first (`Channel.prompt_after`) is fetched by threads of its own, so that a platform that answers
slowly holds up no message that is known already.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from onepool.channels import registry
from onepool.channels.base import Account, Answer, Cursor, Message, Prompted, PullFailed, Receipt
from onepool.clock import Clock, to_micros
from onepool.collect import hooked, receipts
from onepool.collect.connections import Connections
from onepool.collect.hands import Hands
from onepool.collect.log import Log, LogUnavailable, NewRecord
from onepool.errors import OnePoolError
from onepool.state import State
from onepool.state.schema import prompts

_logger = structlog.get_logger(__name__)

_WAITING: Final = 2_000
_THREADS: Final = 4
_FETCHING: Final = 8
_PAUSE: Final = 1.0
_REMEMBERED: Final = timedelta(days=1)

_Desk = tuple[str, str]
"""A touchpoint, and what of it messages are fetched from."""


class Prompts:
    """Sends prompt messages from threads of its own.

    ``state`` gives the state when it is first needed: a collector without such messages never opens it. ``pause``:
    seconds before a message is tried again when the platform was busy or away. Closed by `close`; what then still
    waits is given up, since the platform will not take it any more.
    """

    def __init__(
        self,
        log: Log,
        state: Callable[[], State],
        connections: Connections,
        clock: Clock,
        *,
        threads: int = _THREADS,
        fetching: int = _FETCHING,
        pause: float = _PAUSE,
    ) -> None:
        self._log = log
        self._state = state
        self._connections = connections
        self._clock = clock
        self._pause = pause
        self._stop = threading.Event()
        self._sending = Hands("prompts", self._answer, threads, _WAITING)
        self._fetching = Hands("prompts-fetched", self._fetch, fetching, _WAITING)
        self._lock = threading.Lock()
        self._places: dict[_Desk, Cursor] = {}
        self._wanted: dict[_Desk, tuple[NewRecord, Account]] = {}
        self._busy: set[_Desk] = set()

    def kept(self, record: NewRecord, account: Account) -> None:
        """A push that is on disk; returns at once."""
        channel = registry.find(account.channel)
        if channel is None or (channel.prompt is None and channel.prompt_about is None) or self._stop.is_set():
            return
        if not self._sending.give((record, account)):
            _logger.error("too many prompt messages wait; one is given up", touchpoint=account.touchpoint)

    def drain(self) -> None:
        """Wait until all that was heard of is dealt with."""
        self._sending.drain()
        self._fetching.drain()

    def close(self) -> None:
        """Finish what is being sent."""
        self._stop.set()
        self._sending.close()
        self._fetching.close()
        self._connections.close()

    def _answer(self, one: tuple[NewRecord, Account]) -> None:
        record, account = one
        channel, until = registry.channel(account.channel), _until(record, account)
        if self._clock.now() >= until:
            return
        push = hooked.push_of(record)
        if channel.prompt is not None:
            self._deliver(account, channel.prompt(push, account), until)
        about = channel.prompt_about(push, account) if channel.prompt_about is not None else ""
        if about:
            self._want((account.touchpoint, about), record, account)

    def _want(self, desk: _Desk, record: NewRecord, account: Account) -> None:
        """Have a desk asked, once for all pushes that wait: the last of them finds what came before it too."""
        with self._lock:
            self._wanted[desk] = (record, account)
            if desk in self._busy:
                return
            self._busy.add(desk)
        if not self._fetching.give(desk):
            _logger.error("too many prompt messages wait to be fetched; one is given up", touchpoint=account.touchpoint)
            with self._lock:
                self._busy.discard(desk)

    def _fetch(self, desk: _Desk) -> None:
        while True:
            with self._lock:
                wanted = self._wanted.pop(desk, None)
                if wanted is None or self._stop.is_set():
                    self._busy.discard(desk)
                    return
            try:
                self._fetched(desk, *wanted)
            except PullFailed as error:
                _logger.error("a prompt message could not be fetched", touchpoint=desk[0], error=error.message)
            except OnePoolError as error:
                _logger.error("a prompt message could not be fetched", touchpoint=desk[0], error=str(error))
            # Whatever it was, the desk is asked again at the next push.
            except Exception as error:  # noqa: BLE001
                _logger.error("a prompt message failed", touchpoint=desk[0], error=type(error).__name__)

    def _fetched(self, desk: _Desk, record: NewRecord, account: Account) -> None:
        """Send what the channel finds by asking the platform, page by page: a later one that fails takes none away."""
        ask, until = registry.channel(account.channel).prompt_after, _until(record, account)
        if ask is None:
            return
        steps = ask(hooked.push_of(record), account, self._places.get(desk, {}))
        line = self._connections.of(account)
        answer: Answer | None = None
        while True:
            try:
                step = steps.send(answer)
            except StopIteration:
                return
            answer = None
            if isinstance(step, Prompted):
                self._places[desk] = step.cursor
                self._deliver(account, step.messages, until)
            elif self._clock.now() >= until or self._stop.is_set():
                return  # what there is now is no longer taken; the next push goes on from here
            else:
                answer = line.call(step)

    def _deliver(self, account: Account, messages: Sequence[Message], until: datetime) -> None:
        for message in messages:
            if self._clock.now() >= until or not self._take(account, message):
                continue
            receipt = self._send(account, message, until.timestamp())
            try:
                self._log.append([receipts.concluded(account, message, receipt, self._clock.now())])
            except LogUnavailable as error:
                _logger.error("a receipt could not be written", touchpoint=account.touchpoint, error=str(error))

    def _take(self, account: Account, message: Message) -> bool:
        """Take the message in hand; False where somebody has. Written before anything is sent."""
        now = self._clock.now()
        try:
            with self._state().write() as connection:
                connection.execute(delete(prompts).where(prompts.c.at < to_micros(now - _REMEMBERED)))
                connection.execute(insert(prompts).values(key=receipts.key_of(account, message), at=to_micros(now)))
        except IntegrityError:
            return False
        except (SQLAlchemyError, OnePoolError) as error:
            _logger.error("a prompt message can't be taken in hand", touchpoint=account.touchpoint, error=str(error))
            return False
        return True

    def _send(self, account: Account, message: Message, until: float) -> Receipt:
        """Send; again while the platform is busy and there is time. What may have gone out is not sent again."""
        while True:
            receipt = self._connections.of(account).send(message)
            again = receipt.state == "retry" and receipt.reason in ("transient", "rate_limited")
            if not again or self._clock.now().timestamp() + self._pause >= until or self._stop.wait(self._pause):
                return receipt


def _until(record: NewRecord, account: Account) -> datetime:
    return record.received_at + timedelta(seconds=registry.channel(account.channel).prompt_seconds)
