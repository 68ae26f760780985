"""Jobs: what runs beside the tick, how far it is, and stopping it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.models.jobs import Job, JobList
from onepool.api.problems import NotFound
from onepool.privacy import audit
from onepool.privacy.roles import Permission
from onepool.tick import jobs

router = APIRouter(prefix="/jobs", tags=["jobs"])
Reader = Annotated[Caller, Depends(Need(Permission.TAGS_READ))]
JobId = Annotated[int, Path(ge=1, le=2**62)]


@router.get("")
def list_jobs(
    _who: Reader,
    ws: Workspace,
    time: Time,
    subject: Annotated[str | None, Query(max_length=200, description="Only of this tag.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> JobList:
    """The latest jobs."""
    return JobList(items=[shown_job(one) for one in jobs.Jobs(ws.state, time).list(limit, subject)])


@router.get("/{id}")
def read_job(id: JobId, _who: Reader, ws: Workspace, time: Time) -> Job:
    """One job."""
    return shown_job(_get(jobs.Jobs(ws.state, time), id))


@router.delete("/{id}")
def cancel_job(
    id: JobId, who: Annotated[Caller, Depends(Need(Permission.TAGS_WRITE))], ws: Workspace, time: Time
) -> Job:
    """Stop a job. What it has kept stays; one that has ended is left as it is."""
    store = jobs.Jobs(ws.state, time)
    _get(store, id)
    store.cancel(id)
    audit.record(ws.state, time, who.actor, "job.cancel", f"job:{id}", {})
    return shown_job(_get(store, id))


def _get(store: jobs.Jobs, number: int) -> jobs.Job:
    job = store.get(number)
    if job is None:
        raise NotFound("there is no such job", where=str(number), code="job-unknown")
    return job


def shown_job(job: jobs.Job) -> Job:
    """A job in the shape of the API."""
    return Job(
        id=job.id,
        kind=job.kind,
        subject=job.subject,
        status=job.status,
        why=job.why,
        author=job.author,
        step=job.step,
        progress=round(job.share, 4),
        done=job.done,
        parts=len(job.instants),
        problem=job.problem or None,
        cancelling=job.cancel and job.status == "running",
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )
