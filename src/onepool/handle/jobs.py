"""Jobs asked for and waited for: done by the running server, or here where there is none."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from onepool.errors import OnePoolError
from onepool.pool.remote import RemoteEngine
from onepool.tick import Runner, Worker
from onepool.tick.jobs import Jobs, Kind
from onepool.workspace import Workspace

_POLL = 0.3


def see_done(
    ws: Workspace,
    kind: Kind,
    name: str,
    instants: Sequence[datetime],
    *,
    author: str,
    why: str,
    told: Callable[[str, int, int], None] | None = None,
) -> None:
    """Ask for a job and see it done. `told`: is given what is done, and how far (of 100).

    Raises OnePoolError if it fails.
    """
    job = Jobs(ws.state, ws.clock).add(kind, name, list(instants), author=author, why=why)
    if isinstance(ws.pool, RemoteEngine):
        store = Jobs(ws.state, ws.clock)
        while job.status in ("waiting", "running"):
            if told is not None:
                told(f"{name} {job.step}".strip(), int(job.share * 100), 100)
            time.sleep(_POLL)
            job = store.get(job.id) or job
    else:
        worker = Worker(ws)
        try:
            worker.drain()
            runner = Runner(ws, worker)
            runner.jobs.resume()
            taken = runner.jobs.take(job.id)
            if taken is not None:
                runner.do(taken)
            worker.drain()
        finally:
            worker.close()
            ws.close()
        job = Jobs(ws.state, ws.clock).get(job.id) or job
    if job.status != "done":
        raise OnePoolError(job.problem or f"the job was {job.status}", where=f"job {job.id}")
