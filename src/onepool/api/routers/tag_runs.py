"""Tags: runs, backfills, why a customer has a value."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, status
from pydantic import JsonValue

from onepool.api import audience, tagging
from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.lookup import find_customer
from onepool.api.models.common import Instant
from onepool.api.models.customers import TagWhy
from onepool.api.models.jobs import Job
from onepool.api.models.tags import TagBackfillRequest, TagRunRequest, TagRuns
from onepool.api.problems import Invalid, NotFound
from onepool.api.routers.jobs import shown_job
from onepool.api.routers.tags import TagName
from onepool.api.showing import shown
from onepool.audience.tags.runs import RunStore
from onepool.privacy import audit
from onepool.privacy.roles import Permission
from onepool.tick.jobs import Jobs
from onepool.tick.schedules import instants_between

router = APIRouter(prefix="/tags", tags=["tags"])
Reader = Annotated[Caller, Depends(Need(Permission.TAGS_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.TAGS_WRITE))]


@router.post("/{name}/run", status_code=status.HTTP_202_ACCEPTED)
def run_tag(name: TagName, body: TagRunRequest, who: Writer, ws: Workspace, time: Time) -> Job:
    """Compute a tag for all customers at an instant and keep the result. Answers the job that does it."""
    tagging.tag_item(ws, name)
    at = body.as_of or time.now()
    if at > time.now():
        raise Invalid("an instant ahead can't be computed", where="as_of", code="tag-ahead")
    job = Jobs(ws.state, time).add("tag_run", name, [at], author=who.actor, why="run")
    audit.record(ws.state, time, who.actor, "tag.run", f"tag:{name}", {"as_of": at.isoformat()})
    return shown_job(job)


@router.post("/{name}/backfill", status_code=status.HTTP_202_ACCEPTED)
def backfill_tag(name: TagName, body: TagBackfillRequest, who: Writer, ws: Workspace, time: Time) -> Job:
    """Compute a tag at earlier instants, from the oldest on: the same computation as of then."""
    tagging.tag_item(ws, name)
    instants = instants_between(body.from_, min(body.to, time.now()), body.every, ws.settings.zone)
    if not instants:
        raise Invalid("there is no instant between these", where="from", code="tag-backfill")
    job = Jobs(ws.state, time).add("tag_backfill", name, instants, author=who.actor, why="backfill")
    detail: dict[str, JsonValue] = {
        "from": instants[0].isoformat(),
        "to": instants[-1].isoformat(),
        "instants": len(instants),
    }
    audit.record(ws.state, time, who.actor, "tag.backfill", f"tag:{name}", detail)
    return shown_job(job)


@router.get("/{name}/runs")
def list_tag_runs(
    name: TagName, _who: Reader, ws: Workspace, limit: Annotated[int, Query(ge=1, le=200)] = 100
) -> TagRuns:
    """The runs of a tag, the latest instant first."""
    if not ws.definitions.history("tag", name):
        raise NotFound("there is no such tag", where=name, code="tag-unknown")
    return TagRuns(items=[tagging.shown_run(run) for run in RunStore(ws.state).of(name, limit)])


@router.get("/{name}/explain")
def explain_tag(
    name: TagName,
    customer: Annotated[str, Query(max_length=200, description="customer_id, or an identifier as type:value.")],
    who: Annotated[Caller, Depends(Need(Permission.CUSTOMERS_READ))],
    ws: Workspace,
    time: Time,
    as_of: Instant | None = None,
) -> TagWhy:
    """Why a customer has this value: the rule that gave it, the figures, the events behind it."""
    with ws.pool.read() as session:
        customer_id = find_customer(session, customer, ws.standard(), ws.settings.country)
        if customer_id is None:
            raise NotFound("no customer is known by that", where="customer", code="customer-unknown")
        view = shown(who, ws.standard())
        return audience.why_tag(ws, session, customer_id, name, as_of or time.now(), view, past=as_of is not None)
