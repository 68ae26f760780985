"""The runner: does jobs beside the tick, one at a time, over a snapshot of the pool; the tick takes the results in.

It also asks for the jobs that nobody has to ask for: a scheduled tag that was saved or is due, and once a day the
figures of live tags, so that their drift is known too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

import structlog

from onepool.audience.catalog import Catalog, load_catalog
from onepool.audience.conditions import Context
from onepool.audience.mining import ModelLog
from onepool.audience.tags.computed import Computed, compute, schedule_of
from onepool.audience.tags.figures import drift, measure
from onepool.audience.tags.model import LearnedTag, TagDefinition
from onepool.audience.tags.runs import VALUES, NewRun, RunStore
from onepool.audience.tags.schedule import last_time, next_time
from onepool.errors import OnePoolError
from onepool.pool import Session
from onepool.privacy.masking import mask_text
from onepool.tick.jobs import Job, Jobs
from onepool.tick.tagging import Ran
from onepool.tick.worker import Worker
from onepool.workspace import Workspace

_logger = structlog.get_logger(__name__)

POLL_SECONDS = 0.5
_AUTHOR = "onepool"


class JobStopped(OnePoolError):
    """Somebody stopped the job, or the server is being stopped."""

    code = "job-stopped"


@runtime_checkable
class _Interruptible(Protocol):
    def interrupt(self) -> None: ...


class Runner:
    """One per worker. `run` goes on until told to stop; `work_off` does what there is to do."""

    def __init__(self, workspace: Workspace, worker: Worker) -> None:
        self._ws = workspace
        self._worker = worker
        self.jobs = Jobs(workspace.state, workspace.clock)
        self._store = RunStore(workspace.state)
        self._halt = threading.Event()
        self._catalog: tuple[int, Catalog] | None = None
        # Of each tag, what was asked for last in this process: a run that fails is not asked for again and again, but
        # at the next time of its schedule, or when its definition is another one (again).
        self._asked: dict[str, tuple[str, datetime]] = {}
        self._next: datetime | None = None

    def run(self, stop: threading.Event) -> None:
        """Do jobs until `stop` is set."""
        self.jobs.resume()
        watch = threading.Thread(target=self._stop_with, args=(stop,), name="jobs-halt", daemon=True)
        watch.start()
        while not stop.is_set():
            try:
                busy = self.work_off()
            # Whatever it was: what is to be done later must not end with it.
            except Exception as error:  # noqa: BLE001
                _logger.error("jobs failed", error=mask_text(repr(error)), kind=type(error).__name__)
                busy = False
            if not busy:
                stop.wait(POLL_SECONDS)

    def _stop_with(self, stop: threading.Event) -> None:
        stop.wait()
        self._halt.set()

    def work_off(self) -> bool:
        """Ask for what is due, and do what waits. Returns whether there was anything to do."""
        self.plan()
        busy = False
        while not self._halt.is_set() and self.jobs.waiting():
            job = self.jobs.take()
            if job is None:
                break
            self.do(job)
            busy = True
        return busy

    def do(self, job: Job) -> None:
        """Do one job that was taken: what it has kept stays kept, whatever becomes of the rest."""
        try:
            for place in range(job.done, len(job.instants)):
                self._part(job, place)
        except JobStopped:
            if self.jobs.cancelled(job.id):
                self.jobs.finish(job.id, "cancelled")
            # Else the server is being stopped: the job waits for the next start.
        # Something that was looked at and answered (too few buyers for a model, say), which is no fault of the server.
        except OnePoolError as error:
            problem = mask_text(str(error))
            _logger.warning("a job was not done", job=job.id, subject=job.subject, reason=problem)
            self.jobs.finish(job.id, "failed", problem)
        # Nobody waits for a thread: what went wrong has to be seen somewhere.
        except Exception as error:  # noqa: BLE001
            problem = mask_text(repr(error))
            _logger.error("a job failed", job=job.id, subject=job.subject, error=problem)
            self.jobs.finish(job.id, "failed", problem)

    def plan(self) -> None:
        """Ask for runs of scheduled tags that are due or were saved since, and keep the day's figures of live ones."""
        now = self._ws.clock.now()
        revision = self._ws.definitions.revision()
        fresh = self._catalog is None or self._catalog[0] != revision
        if not fresh and self._next is not None and now < self._next:
            return
        catalog = self._definitions()
        latest = self._store.latest()
        zone = self._ws.settings.zone
        midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        upcoming = [(midnight + timedelta(days=1)).astimezone(now.tzinfo)]
        for name in (name for level in catalog.tag_levels for name in level):
            tag = catalog.tags[name]
            schedule = schedule_of(tag)
            if schedule is None:
                self._figures(name, tag, catalog, midnight, now)
                continue
            run = latest.get(name)
            digest = catalog.hashes[f"tag:{name}"]
            before = self._asked.get(name)
            asked_at = before[1] if before is not None and before[0] == digest else None
            stale = run is None or run.hash != digest
            if stale and asked_at is None:
                self._ask(name, now, "saved", digest)
            else:
                # Of a run that came to nothing, since it was asked for: it is tried again at its next time.
                since = max(one for one in (asked_at, None if stale or run is None else run.as_of) if one is not None)
                due = last_time(schedule, zone, now, since)
                if due is not None:
                    self._ask(name, due, "schedule", digest)
            following = next_time(schedule, zone, now)
            upcoming += [following] if following is not None else []
        self._next = min(upcoming)

    def _ask(self, name: str, at: datetime, why: str, digest: str) -> None:
        self._asked[name] = (digest, at)
        self.jobs.add("tag_run", name, [at], author=_AUTHOR, why=why)

    def _part(self, job: Job, place: int) -> None:
        catalog = self._definitions()
        tag = catalog.tags.get(job.subject)
        item = self._ws.definitions.get("tag", job.subject)
        if tag is None or item is None:
            reason = catalog.problems.get(f"tag:{job.subject}", "there is no such tag any more")
            raise OnePoolError(f"the tag can't be computed: {reason}", where=job.subject)
        at = job.instants[place]
        started = time.perf_counter()
        past = at < self._ws.clock.now()
        names = catalog.context
        ctx = Context(names.names, names.zone, names.currency, past_tags=past)
        found = self._computed(job, tag, at, ctx)
        if found.refused is not None:
            if found.keep is not None:
                with self._ws.state.write() as connection:
                    found.keep(connection, item.version, self._ws.clock.now())
            raise OnePoolError(found.refused, where=job.subject, code="tag-refused")
        seconds = time.perf_counter() - started
        digest = catalog.hashes[f"tag:{job.subject}"]
        total = len(job.instants)
        self._worker.take_run(
            Ran(job.id, place + 1, total, job.subject, item.version, digest, job.why, at, seconds, found)
        )

    def _computed(self, job: Job, tag: TagDefinition, at: datetime, ctx: Context) -> Computed:
        def say(step: str, progress: float | None) -> None:
            if self._halt.is_set() or self.jobs.say(job.id, step, progress):
                raise JobStopped("stopped")

        say("", 0.0)
        with self._worker.pool.read() as session, self._watched(job, session):
            try:
                found = compute(session, tag, at, ctx, say, self._before(tag, at))
            except JobStopped:
                raise
            except Exception:
                # A query that was interrupted fails in its own words.
                say("", None)
                raise
        say("", 1.0)
        return found

    def _before(self, tag: TagDefinition, at: datetime) -> bytes | None:
        """Of a learned tag, the model that was published before."""
        found = ModelLog(self._ws.state).before(tag.tag, at) if isinstance(tag, LearnedTag) else None
        return None if found is None else found.model

    @contextmanager
    def _watched(self, job: Job, session: Session) -> Iterator[None]:
        """Interrupt what runs in the session when the job is to be stopped."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(POLL_SECONDS):
                if (self._halt.is_set() or self.jobs.cancelled(job.id)) and isinstance(session, _Interruptible):
                    session.interrupt()

        thread = threading.Thread(target=watch, name="job-watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _figures(self, name: str, tag: TagDefinition, catalog: Catalog, midnight: datetime, now: datetime) -> None:
        """Keep what a live tag looks like today, once."""
        newest = self._store.newest().get(name)
        if newest is not None and newest.at >= midnight:
            return
        with self._worker.pool.read() as session:
            query = "SELECT customer_id, value, number, list FROM tag_values WHERE tag = $tag"
            values = session.query(query, {"tag": name}).cast(VALUES)
            total = int(session.query("SELECT count(DISTINCT customer_id) AS n FROM customer_of")["n"][0].as_py())
        if not total:
            return
        item = self._ws.definitions.get("tag", name)
        run = NewRun(
            tag.tag, now, now, 0 if item is None else item.version, catalog.hashes[f"tag:{name}"], "daily", 0.0,
            measure(values, total), None if newest is None else drift(newest.figures, values, total), None,
        )  # fmt: skip
        with self._ws.state.write() as connection:
            self._store.save(connection, run)

    def _definitions(self) -> Catalog:
        revision = self._ws.definitions.revision()
        if self._catalog is None or self._catalog[0] != revision:
            self._catalog = (revision, load_catalog(self._ws))
        return self._catalog[1]
