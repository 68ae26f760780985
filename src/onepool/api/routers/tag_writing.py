"""Tags: trying out, saving, retiring, importing values."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, status
from fastapi.concurrency import run_in_threadpool

from onepool.api import doubts, tagging
from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.dictionary import titles
from onepool.api.edited import refuse_outdated
from onepool.api.models.tags import (
    PlannedValue,
    TagChange,
    TagDetail,
    TagInput,
    TagPlan,
    TagPlanRequest,
    TagValuesAnswer,
)
from onepool.api.problems import Conflict, Forbidden, Invalid
from onepool.api.routers.tags import TagName, shown_tag
from onepool.api.usage import users_of
from onepool.api.workspace import WorkspaceLike
from onepool.audience.tags import TagDefinition
from onepool.audience.tags.dry import dry_run
from onepool.audience.tags.inputs import import_values
from onepool.audience.tags.model import ImportTag
from onepool.audience.tags.value_titles import value_titles
from onepool.clock import Clock
from onepool.pool.home import customer_count
from onepool.privacy import audit
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/tags", tags=["tags"])
Writer = Annotated[Caller, Depends(Need(Permission.TAGS_WRITE))]


@router.post("/plan")
def plan_tag(body: TagPlanRequest, who: Writer, ws: Workspace, time: Time) -> TagPlan:
    """A dry run on all customers: counts per value beside the live ones. Nothing is saved."""
    tag, _, ctx, problems = tagging.checked(ws, body.definition)
    words = None if tag is None or problems else tagging.in_words(tag, ctx)
    with ws.pool.read() as session:
        total = customer_count(session)
        warnings = [] if tag is None or problems else doubts.tag_warnings(session, tag, ctx, ws.standard())
        if tag is None or problems or body.check:
            return TagPlan(
                coverage=None, total=total, different=None, values=[], changed=None, gained=None, lost=None,
                seconds=0.0, problems=problems, warnings=warnings, sentence=words,
                uses=[] if tag is None else tagging.reads(tag), used_by=_users(ws, tag),
            )  # fmt: skip
        _allowed(tag.kind, who)
        found = dry_run(session, tag, time.now(), ctx)
    called = {value: titles(given, value) for value, given in value_titles(tag, ctx.names.titles).items()}
    return TagPlan(
        coverage=found.figures.coverage,
        total=total,
        different=found.figures.different,
        values=[
            PlannedValue(value=value, title=called.get(value), count=count, live=live)
            for value, count, live in found.values
        ],
        changed=found.changed,
        gained=found.gained,
        lost=found.lost,
        seconds=round(found.seconds, 3),
        problems=[],
        warnings=warnings,
        sentence=words,
        uses=tagging.reads(tag),
        used_by=_users(ws, tag),
    )


@router.post("", status_code=status.HTTP_201_CREATED)
def create_tag(body: TagInput, who: Writer, ws: Workspace, time: Time) -> TagDetail:
    """Save a new tag. A live one has its values with the next tick, another one after its first run."""
    name = body.definition.get("tag")
    if isinstance(name, str) and ws.definitions.get("tag", name) is not None:
        raise Conflict("there is a tag with this name", where="definition.tag", code="tag-exists")
    return _save(ws, time, who, TagChange(definition=body.definition, version=0, reason=body.reason), None)


@router.put("/{name}")
def replace_tag(name: TagName, body: TagChange, who: Writer, ws: Workspace, time: Time) -> TagDetail:
    """Save a new version of a tag."""
    item = tagging.tag_item(ws, name)
    _allowed(item.body.get("kind"), who)
    refuse_outdated(ws, item, body.version, "the tag")
    return _save(ws, time, who, body, name)


@router.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT)
def delete_tag(
    name: TagName, who: Writer, ws: Workspace, time: Time, reason: Annotated[str, Query(max_length=500)] = ""
) -> None:
    """Retire a tag. Refused while another definition refers to it; its history stays. As saving it, one by SQL is for
    those who may run SQL."""
    _allowed(tagging.tag_item(ws, name).body.get("kind"), who)
    users = users_of(ws.definitions, "tag").get(name, [])
    if users:
        raise Conflict(f"it is used by {', '.join(users)}", where=name, code="tag-in-use")
    ws.definitions.delete("tag", name, author=who.actor, reason=reason)
    audit.record(ws.state, time, who.actor, "definition.delete", f"tag:{name}", {"reason": reason})


@router.post("/{name}/values")
async def import_tag_values(
    name: TagName,
    request: Request,
    who: Writer,
    ws: Workspace,
    time: Time,
    type: Annotated[
        str, Query(max_length=200, description="Of the identifiers: phone, member_no, openid@SCOPE … or customer_id.")
    ] = "customer_id",
) -> TagValuesAnswer:
    """Values of an imported tag: CSV with a header, identifier and value in the first two columns (UTF-8)."""
    tag = tagging.parsed(tagging.tag_item(ws, name))
    if not isinstance(tag, ImportTag):
        raise Invalid("only tags of kind import take values", where=name, code="tag-kind")
    raw = await request.body()
    found = await run_in_threadpool(import_values, ws, tag, raw, type, who.actor)
    detail = {"read": found.read, "matched": found.matched, "mode": tag.mode}
    audit.record(ws.state, time, who.actor, "tag.values", f"tag:{name}", detail)
    return TagValuesAnswer(
        read=found.read,
        matched=found.matched,
        unmatched=found.unmatched,
        refused=found.refused,
        duplicates=found.duplicates,
        samples=found.samples,
    )


def _save(ws: WorkspaceLike, time: Clock, who: Caller, change: TagChange, name: str | None) -> TagDetail:
    tag, body, _ = tagging.usable(ws, change.definition, name)
    _allowed(tag.kind, who)
    item = ws.save("tag", tag.tag, body, author=who.actor, reason=change.reason, expected=change.version)
    audit.record(ws.state, time, who.actor, "definition.save", f"tag:{tag.tag}", {"version": item.version})
    return shown_tag(ws, item, time.now())


def _allowed(kind: object, who: Caller) -> None:
    """A tag by SQL reads whatever a query reads."""
    if kind == "sql" and not who.may(Permission.QUERY_RUN):
        raise Forbidden(
            f"the role {who.role} may not run SQL", code="no-permission", where=Permission.QUERY_RUN,
            hint="ask an analyst to save or retire this tag",
        )  # fmt: skip


def _users(ws: WorkspaceLike, tag: TagDefinition | None) -> list[str]:
    return [] if tag is None else users_of(ws.definitions, "tag").get(tag.tag, [])
