"""Back-tests of a server: long ones, one at a time (begun, asked about, stopped); cases; those within a request."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from onepool.api.backtests import Names, simulated
from onepool.api.models.common import Instant
from onepool.api.models.journey_simulate import BacktestJob, Simulation
from onepool.api.problems import ApiError, Conflict
from onepool.api.workspace import WorkspaceLike
from onepool.clock import from_micros
from onepool.errors import OnePoolError
from onepool.journeys.backtest.types import Asked, Stopped
from onepool.journeys.parse import parse_journey
from onepool.privacy.masking import mask_text

PATHS = 50
"""Customers whose path a long one tells."""

AT_ONCE = 2
"""Simulations that are carried out within requests side by side."""


class Busy(ApiError):
    """As many simulations as may be carried out side by side are under way."""

    status = 429
    code = "simulations-busy"


@dataclass
class _Job:
    id: str
    journey: str
    asked: Asked
    status: Literal["running", "done", "failed", "cancelled"] = "running"
    at: int | None = None
    problem: str | None = None
    result: Simulation | None = None
    halt: threading.Event = field(default_factory=threading.Event)

    def shown(self) -> BacktestJob:
        span = max(self.asked.end - self.asked.start, 1)
        share = 0.0 if self.at is None else (self.at - self.asked.start) / span
        at: Instant | None = None if self.at is None else from_micros(self.at)
        return BacktestJob(
            id=self.id, journey=self.journey, status=self.status, problem=self.problem, result=self.result, at=at,
            progress=1.0 if self.status == "done" else min(max(share, 0.0), 1.0),
        )  # fmt: skip


class Backtests:
    """Long back-tests of one server, one at a time; they write nothing, so a restart loses nothing but the answer."""

    KEPT = 20

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, _Job] = OrderedDict()
        self._carrying = threading.Lock()
        self._places = threading.BoundedSemaphore(AT_ONCE)

    @contextmanager
    def simulating(self) -> Iterator[None]:
        """While a simulation is carried out within a request. Raises Busy while as many are as may be: nobody waits in
        a thread that others' requests need."""
        if not self._places.acquire(blocking=False):
            raise Busy(
                f"{AT_ONCE} simulations are being carried out, no more at once",
                hint="ask again in a while; a long one is carried out in the background (POST /journeys/backtest)",
            )
        try:
            yield
        finally:
            self._places.release()

    @contextmanager
    def carrying(self) -> Iterator[None]:
        """While cases are carried out within a request. Raises Conflict while those of another request are."""
        if not self._carrying.acquire(blocking=False):
            raise Conflict("other cases are being carried out", hint="ask again in a while", code="cases-busy")
        try:
            yield
        finally:
            self._carrying.release()

    def start(self, ws: WorkspaceLike, asked: Asked, names: Names) -> BacktestJob:
        """Begin one. Raises Conflict while another one runs."""
        journey = parse_journey(asked.body).journey
        with self._lock:
            if any(one.status == "running" for one in self._jobs.values()):
                raise Conflict("another back-test is running", hint="wait for it or stop it", code="backtest-busy")
            job = _Job(secrets.token_hex(8), journey, asked)
            self._jobs[job.id] = job
            while len(self._jobs) > self.KEPT:
                self._jobs.popitem(last=False)
        threading.Thread(target=self._work, args=(ws, job, names), name="backtest", daemon=True).start()
        return job.shown()

    def get(self, number: str) -> BacktestJob | None:
        """How far one is; None: not known (any more)."""
        job = self._jobs.get(number)
        return None if job is None else job.shown()

    def stop(self, number: str) -> None:
        """End one at its next step."""
        job = self._jobs.get(number)
        if job is not None:
            job.halt.set()

    @staticmethod
    def _work(ws: WorkspaceLike, job: _Job, names: Names) -> None:
        def progress(at: int) -> None:
            job.at = at
            if job.halt.is_set():
                raise Stopped

        try:
            job.result = simulated(ws, job.asked, 0, names, most=PATHS, progress=progress)[0]
            job.status = "done"
        except Stopped:
            job.status = "cancelled"
        except OnePoolError as error:
            job.problem, job.status = mask_text(str(error)), "failed"
        # Whatever it was, whoever waits for it has to hear of it.
        except Exception as error:  # noqa: BLE001
            job.problem, job.status = mask_text(repr(error))[:500], "failed"
