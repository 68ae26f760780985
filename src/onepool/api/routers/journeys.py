"""Journeys: drafts, checks, versions, publishing, pausing, stopping; the gallery."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Query, status
from sqlalchemy import Connection

from onepool.api import programmes
from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.dictionary import titles
from onepool.api.edited import refuse_outdated
from onepool.api.models.common import JsonObject, Titles
from onepool.api.models.journeys import (
    AskApproval,
    Because,
    Decide,
    Entered,
    EnterRequest,
    JourneyChange,
    JourneyCheck,
    JourneyCheckRequest,
    JourneyDetail,
    JourneyDiff,
    JourneyInput,
    JourneyList,
    JourneyTemplate,
    JourneyTemplates,
    JourneyVersionDetail,
    JourneyVersions,
    PublishRequest,
    TemplateCreates,
    TemplateParam,
    TemplateUse,
)
from onepool.api.problems import Conflict, Invalid, NotFound
from onepool.api.workspace import WorkspaceLike
from onepool.clock import Clock
from onepool.definitions import Definition
from onepool.journeys import gallery, store
from onepool.journeys.check import check_body
from onepool.journeys.diff import differences
from onepool.journeys.known import load_known
from onepool.journeys.model import Journey
from onepool.journeys.parse import JOURNEY_NAME, parse_journey
from onepool.privacy import approvals, audit
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/journeys", tags=["journeys"])
Reader = Annotated[Caller, Depends(Need(Permission.JOURNEYS_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.JOURNEYS_WRITE))]
Approver = Annotated[Caller, Depends(Need(Permission.JOURNEYS_APPROVE))]
_OTHERS = frozenset({"backtest", "check", "compare", "new", "plan", "results", "simulate", "templates"})
"""What stands beside journeys under the same path."""

JourneyName = Annotated[str, Path(max_length=63)]


@router.get("")
def list_journeys(_who: Reader, ws: Workspace) -> JourneyList:
    """All journeys with what they are doing."""
    return JourneyList(items=programmes.rows(ws))


@router.post("", status_code=status.HTTP_201_CREATED)
def create_journey(body: JourneyInput, who: Writer, ws: Workspace, time: Time) -> JourneyDetail:
    """Save the draft of a new journey. It may be unfinished; nothing happens before it is published."""
    name = body.definition.get("journey")
    if not isinstance(name, str) or not JOURNEY_NAME.fullmatch(name):
        raise Invalid("small letters, digits and _ are wanted, a letter first", where="definition.journey")
    if name in _OTHERS:
        raise Invalid(f"{name} is a page of its own; call the journey otherwise", where="definition.journey")
    if ws.definitions.get(store.KIND, name) is not None:
        raise Conflict("there is a journey with this name", where="definition.journey", code="journey-exists")
    return _save(ws, time, who, name, body, 0)


@router.get("/templates")
def list_journey_templates(_who: Reader, ws: Workspace) -> JourneyTemplates:
    """The gallery: programmes to start from, with what each would make beside the journey."""
    every = gallery.gallery()
    known = gallery.known_with(ws, every)
    items = []
    for one in every:
        definition = one.filled({})
        items.append(
            JourneyTemplate(
                name=one.name,
                title=Titles(**one.title),
                summary=Titles(**one.summary),
                category=one.category,
                definition=cast(JsonObject, definition),
                params=[
                    TemplateParam(
                        name=param.name, title=Titles(**param.title), kind=param.kind,
                        default=definition["params"][param.name],
                        help=None if param.help is None else Titles(**param.help),
                    )
                    for param in one.params
                ]
                + _shop(ws, one),
                creates=[
                    TemplateCreates(
                        kind=kind, name=name, title=titles(body.get("title"), name),
                        exists=ws.definitions.get(kind, name) is not None,
                    )
                    for kind, name, body in one.needed({})
                ],
                problems=programmes.problems(check_body(definition, known)[1]),
            )
        )  # fmt: skip
    return JourneyTemplates(items=items)


def _shop(ws: WorkspaceLike, one: gallery.Template) -> list[TemplateParam]:
    """Where links of the messages that it would make are to lead: the first allowed host, else nothing yet."""
    made = (name for kind, name, _ in one.needed({}) if kind == "message")
    if not one.links_to_shop or all(ws.definitions.get("message", name) is not None for name in made):
        return []
    hosts = ws.settings.messages.link_hosts
    return [
        TemplateParam(
            name="shop", title=Titles(zh="商城网址", en="Address of the shop"), kind="address",
            default=f"https://{hosts[0]}" if hosts else "",
            help=Titles(zh="消息里的链接指向这里，例如 https://shop.brand.cn", en="Links of the messages lead there"),
        )
    ]  # fmt: skip


@router.post("/templates/{template}", status_code=status.HTTP_201_CREATED)
def use_journey_template(
    template: Annotated[str, Path(max_length=63)], body: TemplateUse, who: Writer, ws: Workspace, time: Time
) -> JourneyDetail:
    """Make a draft of a template, and the segments, coupons and messages that it needs and are not there."""
    title = None if body.title is None else body.title.model_dump()
    gallery.instantiate(ws, time, template, body.journey, author=who.actor, title=title, params=body.params)
    return programmes.detail(ws, programmes.draft(ws, body.journey), who)


@router.post("/check")
def check_journey(body: JourneyCheckRequest, _who: Reader, ws: Workspace) -> JourneyCheck:
    """What is wrong with a definition, also one that can't be parsed; and what it says in words."""
    return programmes.check_shown(ws, body.definition)


@router.get("/{name}")
def read_journey(name: JourneyName, who: Reader, ws: Workspace) -> JourneyDetail:
    """One journey: its draft where there is one, and what is published."""
    return programmes.detail(ws, programmes.draft(ws, name), who)


@router.put("/{name}")
def replace_journey(name: JourneyName, body: JourneyChange, who: Writer, ws: Workspace, time: Time) -> JourneyDetail:
    """Save a draft. Faults don't keep it from being saved, only from being published."""
    item = programmes.draft(ws, name)
    refuse_outdated(ws, item, body.version, "the journey", code="journey-changed")
    if body.definition.get("journey") != name:
        raise Invalid("a journey keeps its name; make another one instead", where="definition.journey")
    return _save(ws, time, who, name, body, body.version)


@router.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT)
def delete_journey(
    name: JourneyName, who: Writer, ws: Workspace, time: Time, reason: Annotated[str, Query(max_length=500)] = ""
) -> None:
    """Retire a draft or a stopped journey. Its versions, runs and history stay."""
    store.remove(ws, time, name, author=who.actor, reason=reason)


@router.get("/{name}/versions")
def list_journey_versions(name: JourneyName, _who: Reader, ws: Workspace) -> JourneyVersions:
    """Everything that was published of a journey."""
    reasons = {item.version: item.reason for item in _history(ws, name)}
    with ws.state.read() as connection:
        state = store.standing(connection, name)
        made = store.versions(connection, name)
        why = _published_because(connection, name)
        live = store.live_runs(connection, [one.version_id for one in made])
    return JourneyVersions(
        items=[
            programmes.version(
                one, state, reasons.get(one.version, ""), why.get(one.version, ""), live.get(one.version_id, 0)
            )
            for one in made
        ]
    )


@router.get("/{name}/versions/{version}")
def read_journey_version(
    name: JourneyName, version: Annotated[int, Path(ge=1)], _who: Reader, ws: Workspace
) -> JourneyVersionDetail:
    """A published version with its definition. To go back to it, save the definition as a draft."""
    reasons = {item.version: item.reason for item in _history(ws, name)}
    with ws.state.read() as connection:
        state = store.standing(connection, name)
        why = _published_because(connection, name)
        found = next((one for one in store.versions(connection, name) if one.version == version), None)
        live = {} if found is None else store.live_runs(connection, [found.version_id])
    if found is None:
        raise NotFound("this version was never published", where=str(version), code="version-unknown")
    told, because = reasons.get(version, ""), why.get(version, "")
    shown = programmes.version(found, state, told, because, live.get(found.version_id, 0))
    return JourneyVersionDetail(**shown.model_dump(), definition=cast(JsonObject, dict(found.body)))


@router.get("/{name}/diff")
def compare_journey_versions(
    name: JourneyName,
    _who: Reader,
    ws: Workspace,
    before: Annotated[str, Query(description="A version, or `published`.", max_length=20)] = "published",
    after: Annotated[str, Query(description="A version, or `draft`.", max_length=20)] = "draft",
) -> JourneyDiff:
    """What changed between two versions, part by part, in words."""
    old, new = (_definition(ws, name, one) for one in (before, after))
    return JourneyDiff(items=[programmes.difference(one) for one in differences(old, new, load_known(ws).names)])


@router.post("/{name}/publish")
def publish_journey(name: JourneyName, body: PublishRequest, who: Writer, ws: Workspace, time: Time) -> JourneyDetail:
    """Make the draft the version that new entries get. Refused while it has faults or lacks an approval."""
    item = programmes.draft(ws, name)
    _, found = programmes.checked(ws, item.body)
    programmes.refuse(found, name)
    store.publish(
        ws,
        time,
        name,
        author=who.actor,
        may_approve=who.may(Permission.JOURNEYS_APPROVE),
        old_runs=body.old_runs,
        version=item.version if body.version is None else body.version,
        reason=body.reason,
    )
    return programmes.detail(ws, item, who)


@router.post("/{name}/pause")
def pause_journey(name: JourneyName, body: Because, who: Writer, ws: Workspace, time: Time) -> JourneyDetail:
    """Freeze runs and messages; nobody enters. Nobody leaves because of a pause."""
    store.pause(ws, time, name, author=who.actor, reason=body.reason)
    return programmes.detail(ws, programmes.draft(ws, name), who)


@router.post("/{name}/resume")
def resume_journey(name: JourneyName, body: Because, who: Writer, ws: Workspace, time: Time) -> JourneyDetail:
    """Go on after a pause. What happened meanwhile starts no runs."""
    store.resume(ws, time, name, author=who.actor, reason=body.reason)
    return programmes.detail(ws, programmes.draft(ws, name), who)


@router.post("/{name}/stop")
def stop_journey(name: JourneyName, body: Because, who: Writer, ws: Workspace, time: Time) -> JourneyDetail:
    """End all runs and cancel their messages that were not sent yet."""
    store.stop(ws, time, name, author=who.actor, reason=body.reason)
    return programmes.detail(ws, programmes.draft(ws, name), who)


@router.post("/{name}/ask-approval")
def ask_journey_approval(name: JourneyName, body: AskApproval, who: Writer, ws: Workspace, time: Time) -> JourneyDetail:
    """Ask a second person to approve the draft."""
    item = programmes.draft(ws, name)
    _, found = programmes.checked(ws, item.body)
    programmes.refuse(found, name)
    approvals.ask(ws.state, time, store.KIND, name, item.version, actor=who.actor, note=body.note)
    return programmes.detail(ws, item, who)


@router.post("/{name}/approve")
def approve_journey(name: JourneyName, body: Decide, who: Approver, ws: Workspace, time: Time) -> JourneyDetail:
    """Approve or refuse the draft that somebody else asked about."""
    item = programmes.draft(ws, name)
    asked = approvals.latest(ws.state, store.KIND, name, item.version)
    if asked is None:
        raise NotFound("nobody asked for this draft to be approved", where=name, code="approval-unknown")
    approve = body.decision == "approved"
    approvals.decide(ws.state, time, asked.id, approve=approve, actor=who.actor, note=body.note)
    return programmes.detail(ws, item, who)


@router.post("/{name}/enter", status_code=status.HTTP_202_ACCEPTED)
def enter_journey(name: JourneyName, body: EnterRequest, who: Writer, ws: Workspace, time: Time) -> Entered:
    """Ask for a customer to enter a journey that takes them from here. Its own rules still decide."""
    with ws.pool.read() as session:
        there = session.query("SELECT 1 FROM customer_of WHERE customer_id = $id LIMIT 1", {"id": body.customer_id})
    if there.num_rows == 0:
        raise NotFound("there is no such customer", where=str(body.customer_id), code="customer-unknown")
    number = store.enter(ws, time, name, body.customer_id, author=who.actor, key=body.key, fields=body.fields)
    return Entered(request=number)


def _save(
    ws: WorkspaceLike, time: Clock, who: Caller, name: str, body: JourneyInput, expected: int | None
) -> JourneyDetail:
    item = ws.save(store.KIND, name, body.definition, author=who.actor, reason=body.reason, expected=expected)
    audit.record(ws.state, time, who.actor, "definition.save", f"journey:{name}", {"version": item.version})
    return programmes.detail(ws, item, who)


def _published_because(connection: Connection, name: str) -> dict[int, str]:
    """What was said when each version was published."""
    told = audit.details(connection, "journey.publish", f"journey:{name}")
    return {int(one["version"]): str(one.get("reason", "")) for one in told if "version" in one}


def _history(ws: WorkspaceLike, name: str) -> list[Definition]:
    found = ws.definitions.history(store.KIND, name)
    if not found:
        raise NotFound("there is no such journey", where=name, code="journey-unknown")
    return found


def _definition(ws: WorkspaceLike, name: str, asked: str) -> Journey:
    """The journey of `draft`, of `published` or of a version's number. Raises NotFound, ConditionError."""
    if asked == "draft":
        return parse_journey(programmes.draft(ws, name).body)
    if asked == "published":
        with ws.state.read() as connection:
            state = store.standing(connection, name)
            if state is None:
                raise NotFound("it was never published", where=name, code="version-unknown")
            return store.published(connection, state.version_id).definition
    item = next((one for one in _history(ws, name) if str(one.version) == asked), None)
    if item is None:
        raise NotFound("there is no such version", where=asked, code="version-unknown")
    return parse_journey(item.body)
