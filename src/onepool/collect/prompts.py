"""Messages that must go out at once: a welcome that lives for 20 seconds can't wait for a tick.

A push is on disk when `Prompts.kept` hears of it. A thread lets the channel say what to send (`Channel.prompt`), takes
the message in hand by a row in the state that only one process can write, sends it, and appends the receipt to the log.
Stopped in between (kill -9), the message may be lost; it is never sent by two, nor again after it went out.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from onepool.channels import registry
from onepool.channels.base import Account, Cursor, Message, Prompting, Push, Receipt
from onepool.clock import Clock, to_micros
from onepool.collect import hooked, receipts
from onepool.collect.connections import Connections
from onepool.collect.log import Log, LogUnavailable, NewRecord
from onepool.errors import OnePoolError
from onepool.state import State
from onepool.state.schema import prompts

_logger = structlog.get_logger(__name__)

_WAITING: Final = 2_000
_THREADS: Final = 4
_PAUSE: Final = 1.0
_CLOSING_SECONDS: Final = 3.0
_REMEMBERED: Final = timedelta(days=1)


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
        pause: float = _PAUSE,
    ) -> None:
        self._log = log
        self._state = state
        self._connections = connections
        self._clock = clock
        self._pause = pause
        self._most = threads
        self._waiting: queue.Queue[tuple[NewRecord, Account] | None] = queue.Queue(_WAITING)
        self._threads: list[threading.Thread] = []
        self._stop = threading.Event()
        self._places: dict[str, Cursor] = {}
        self._places_lock = threading.Lock()
        self._asking: dict[str, threading.Lock] = {}

    def kept(self, record: NewRecord, account: Account) -> None:
        """A push that is on disk; returns at once."""
        channel = registry.find(account.channel)
        if channel is None or (channel.prompt is None and channel.prompt_after is None) or self._stop.is_set():
            return
        try:
            self._waiting.put_nowait((record, account))
        except queue.Full:
            _logger.error("too many prompt messages wait; one is given up", touchpoint=account.touchpoint)
            return
        if len(self._threads) < self._most:
            thread = threading.Thread(target=self._run, name=f"prompts-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def drain(self) -> None:
        """Wait until all that was heard of is dealt with."""
        self._waiting.join()

    def close(self) -> None:
        """Finish what is being sent."""
        self._stop.set()
        for _ in self._threads:
            # A full queue needs no wake-up: the threads find the flag.
            try:
                self._waiting.put_nowait(None)
            except queue.Full:
                break
        for thread in self._threads:
            thread.join(_CLOSING_SECONDS)
        self._connections.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            one = self._waiting.get()
            try:
                if one is None:
                    return
                self._answer(*one)
            # Whatever it was, the next customer is to be welcomed.
            except Exception as error:  # noqa: BLE001
                _logger.error("a prompt message failed", error=type(error).__name__)
            finally:
                self._waiting.task_done()

    def _answer(self, record: NewRecord, account: Account) -> None:
        channel = registry.channel(account.channel)
        push = hooked.push_of(record)
        until = record.received_at + timedelta(seconds=channel.prompt_seconds)
        messages = channel.prompt(push, account) if channel.prompt is not None else []
        if channel.prompt_after is not None:
            messages = [*messages, *self._fetched(channel.prompt_after, push, account)]
        for message in messages:
            if self._clock.now() >= until or not self._take(account, message):
                continue
            receipt = self._send(account, message, until.timestamp())
            try:
                self._log.append([receipts.concluded(account, message, receipt, self._clock.now())])
            except LogUnavailable as error:
                _logger.error("a receipt could not be written", touchpoint=account.touchpoint, error=str(error))

    def _fetched(
        self, prompting: Callable[[Push, Account, Cursor], Prompting], push: Push, account: Account
    ) -> list[Message]:
        """What the channel finds by asking the platform, one push of a touchpoint after another."""
        with self._places_lock:
            lock = self._asking.setdefault(account.touchpoint, threading.Lock())
        with lock:
            steps = prompting(push, account, self._places.get(account.touchpoint, {}))
            try:
                call = next(steps)
                line = self._connections.of(account)
                while True:
                    call = steps.send(line.call(call))
            except StopIteration as ended:
                messages, place = ended.value
                self._places[account.touchpoint] = place
                found: list[Message] = messages
                return found
            except OnePoolError as error:
                _logger.error("a prompt message could not be fetched", touchpoint=account.touchpoint, error=str(error))
                return []

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
