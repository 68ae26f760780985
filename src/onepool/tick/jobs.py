"""Jobs: work that takes long, asked for by people or due by a schedule, done beside the tick (tick/runner.py).

They are rows of the state, so that whoever asks needs no connection to the worker, and nothing is lost with it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import Connection, Row, and_, delete, desc, insert, select, update

from onepool.clock import Clock, from_micros, to_micros
from onepool.errors import OnePoolError
from onepool.state import State
from onepool.state.schema import jobs

Kind = Literal["tag_run", "tag_backfill"]
Status = Literal["waiting", "running", "done", "failed", "cancelled"]
KEPT = 500
"""Finished jobs that are kept."""
MOST_PARTS = 100
_OPEN = ("waiting", "running")


class JobError(OnePoolError):
    """A job that can't be asked for."""

    code = "job"


@dataclass(frozen=True, slots=True)
class Job:
    """One job. `instants`: what it computes its subject for, in order; the first `done` of them are kept."""

    id: int
    kind: Kind
    subject: str
    instants: list[datetime]
    why: str
    author: str
    status: Status
    cancel: bool
    step: str
    done: int
    progress: float | None
    problem: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def share(self) -> float:
        """How much of it is done, 0 to 1."""
        if self.status == "done":
            return 1.0
        return min(1.0, (self.done + (self.progress or 0.0)) / max(1, len(self.instants)))


class Jobs:
    """The jobs of a workspace. Every call may be made from any thread and process."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def add(self, kind: Kind, subject: str, instants: Sequence[datetime], *, author: str, why: str) -> Job:
        """Ask for a job. One that asks for the same and waits already is given back. Raises JobError."""
        if not 1 <= len(instants) <= MOST_PARTS:
            raise JobError(
                f"{len(instants)} instants were asked for", hint=f"at most {MOST_PARTS} in one job: take larger steps"
            )
        body = json.dumps({"instants": [to_micros(one) for one in instants], "why": why})
        with self._state.write() as connection:
            same = and_(jobs.c.kind == kind, jobs.c.subject == subject, jobs.c.status == "waiting", ~jobs.c.cancel)
            for row in connection.execute(select(jobs).where(same)):
                if row.body == body or (why in ("saved", "schedule") and json.loads(row.body)["why"] == why):
                    return _job(row)
            values = {
                "kind": kind,
                "subject": subject,
                "body": body,
                "author": author,
                "status": "waiting",
                "parts": len(instants),
                "created_at": to_micros(self._clock.now()),
            }
            number = connection.execute(insert(jobs).values(**values).returning(jobs.c.id)).scalar_one()
            self._forget_old(connection)
            return _job(connection.execute(select(jobs).where(jobs.c.id == number)).one())

    def list(self, limit: int = 100, subject: str | None = None) -> list[Job]:
        """The latest jobs, the newest first."""
        query = select(jobs).order_by(desc(jobs.c.id)).limit(limit)
        if subject is not None:
            query = query.where(jobs.c.subject == subject)
        with self._state.read() as connection:
            return [_job(row) for row in connection.execute(query)]

    def get(self, number: int) -> Job | None:
        """One job."""
        with self._state.read() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == number)).one_or_none()
        return None if row is None else _job(row)

    def cancel(self, number: int) -> None:
        """Ask for a job to be stopped: at once where it waits, else as soon as the runner sees it."""
        now = to_micros(self._clock.now())
        with self._state.write() as connection:
            mine = jobs.c.id == number
            connection.execute(
                update(jobs).where(mine, jobs.c.status == "waiting").values(status="cancelled", finished_at=now)
            )
            connection.execute(update(jobs).where(mine, jobs.c.status == "running").values(cancel=True))

    def waiting(self) -> bool:
        """Whether any job waits."""
        with self._state.read() as connection:
            return connection.execute(select(jobs.c.id).where(jobs.c.status == "waiting").limit(1)).first() is not None

    def resume(self) -> None:
        """Let jobs that a crash cut short wait again. For the worker, before it takes any."""
        with self._state.write() as connection:
            connection.execute(
                update(jobs).where(jobs.c.status == "running").values(status="waiting", progress=None, step="")
            )

    def take(self, only: int | None = None) -> Job | None:
        """The job that waits longest (or the one asked for), running from now on."""
        with self._state.write() as connection:
            query = select(jobs.c.id).where(jobs.c.status == "waiting").order_by(jobs.c.id).limit(1)
            if only is not None:
                query = query.where(jobs.c.id == only)
            number = connection.execute(query).scalar_one_or_none()
            if number is None:
                return None
            now = to_micros(self._clock.now())
            connection.execute(update(jobs).where(jobs.c.id == number).values(status="running", started_at=now))
            return _job(connection.execute(select(jobs).where(jobs.c.id == number)).one())

    def say(self, number: int, step: str, progress: float | None) -> bool:
        """Tell how far a running job is. Returns whether it is to be stopped."""
        with self._state.write() as connection:
            connection.execute(update(jobs).where(jobs.c.id == number).values(step=step[:200], progress=progress))
            return bool(connection.execute(select(jobs.c.cancel).where(jobs.c.id == number)).scalar_one())

    def cancelled(self, number: int) -> bool:
        """Whether somebody asked for it to be stopped."""
        with self._state.read() as connection:
            return bool(connection.execute(select(jobs.c.cancel).where(jobs.c.id == number)).scalar_one_or_none())

    def finish(self, number: int, status: Status, problem: str = "") -> None:
        """The job has ended."""
        with self._state.write() as connection:
            values = {"status": status, "problem": problem[:2000], "progress": None, "step": ""}
            connection.execute(
                update(jobs).where(jobs.c.id == number).values(**values, finished_at=to_micros(self._clock.now()))
            )

    @staticmethod
    def _forget_old(connection: Connection) -> None:
        old = select(jobs.c.id).where(jobs.c.status.not_in(_OPEN)).order_by(desc(jobs.c.id)).offset(KEPT).limit(1000)
        gone = list(connection.execute(old).scalars())
        if gone:
            connection.execute(delete(jobs).where(jobs.c.id.in_(gone)))


def part_done(connection: Connection, number: int, done: int, parts: int, now: datetime) -> None:
    """Count a part as kept, inside of the transaction that keeps it: so it is done exactly once."""
    ended = {"status": "done", "step": "", "finished_at": to_micros(now)} if done == parts else {}
    connection.execute(update(jobs).where(jobs.c.id == number).values(done=done, progress=None, **ended))


def _job(row: Row[Any]) -> Job:
    body = json.loads(row.body)
    return Job(
        row.id,
        cast(Kind, row.kind),
        row.subject,
        [from_micros(one) for one in body["instants"]],
        body["why"],
        row.author,
        cast(Status, row.status),
        bool(row.cancel),
        row.step,
        row.done,
        row.progress,
        row.problem,
        from_micros(row.created_at),
        None if row.started_at is None else from_micros(row.started_at),
        None if row.finished_at is None else from_micros(row.finished_at),
    )
