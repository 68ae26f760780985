"""Touchpoints: which there are, connecting one, testing it, what came in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, status

from onepool import connect
from onepool.api import channels as showing
from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.dictionary import event_titles
from onepool.api.edited import refuse_outdated
from onepool.api.models.common import Finding
from onepool.api.models.touchpoints import (
    Arrival,
    ArrivalList,
    ArrivedFault,
    ArrivedRow,
    MessageInput,
    MessageReceipt,
    SecretInput,
    SecretKept,
    SyncRequest,
    SyncResult,
    SyncRun,
    TestResult,
    TestStep,
    Touchpoint,
    TouchpointChange,
    TouchpointDetail,
    TouchpointDraft,
    TouchpointList,
    TouchpointVersions,
)
from onepool.api.problems import Conflict, Invalid, NotFound
from onepool.api.showing import Shown, shown
from onepool.api.workspace import WorkspaceLike
from onepool.apply import check_touchpoint
from onepool.channels.base import Message
from onepool.collect import pulls
from onepool.collect.accounts import check_settings, open_account
from onepool.collect.again import try_again
from onepool.definitions import Definition
from onepool.pool import home, waiting
from onepool.privacy import audit
from onepool.privacy.masking import mask_text
from onepool.privacy.roles import Permission
from onepool.workspace import touchpoint_of

router = APIRouter(prefix="/touchpoints", tags=["touchpoints"])
Reader = Annotated[Caller, Depends(Need(Permission.TOUCHPOINTS_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.TOUCHPOINTS_WRITE))]
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9_]{1,60}$")]


@router.get("")
def list_touchpoints(who: Reader, ws: Workspace, time: Time) -> TouchpointList:
    """All touchpoints with what came from them in the last 24 hours."""
    with ws.pool.read() as session:
        intake = home.touchpoints(session, time.now())
    failing = showing.failing(ws.state)
    definitions = ws.definitions.current("touchpoint")
    return TouchpointList(items=[Touchpoint(**showing.head(ws, one, intake, failing, who)) for one in definitions])


@router.get("/{name}")
def read_touchpoint(name: Name, who: Reader, ws: Workspace, time: Time) -> TouchpointDetail:
    """One touchpoint with its settings; secrets as references."""
    return _detail(ws, time, who, _get(ws, name))


@router.put("/{name}")
def save_touchpoint(name: Name, body: TouchpointChange, who: Writer, ws: Workspace, time: Time) -> TouchpointDetail:
    """Make or change a touchpoint. It takes effect within a second; secrets are references only."""
    before = ws.definitions.get("touchpoint", name)
    refuse_outdated(ws, before, body.version, "the touchpoint")
    if body.version is None and before is not None:
        raise Conflict("there is a touchpoint with this name", where="name", code="touchpoint-exists")
    wanted: dict[str, Any] = {"touchpoint": name, **body.model_dump(exclude={"version", "reason"})}
    wanted["joining"] = body.joining or (before.body.get("joining") if before is not None else None) or "free"
    wanted = {key: value for key, value in wanted.items() if value not in ({}, False)}
    manifest = connect.manifest_of(body.channel)
    for secret in manifest.secrets if manifest is not None else ():
        value = body.settings.get(secret)
        known = (before.body.get("settings") or {}).get(secret) if before is not None else None
        if value not in (None, "", known) and not connect.within(value, name):
            raise Invalid(
                f"a secret set here is env:{connect.ENVIRONMENT}NAME or one that was kept for this touchpoint",
                where=f"settings.{secret}",
                hint="PUT it to secrets/{setting} and use the reference in the answer",
            )
    moved = connect.exposed(before.body.get("settings") or {}, body.settings, manifest) if before and manifest else None
    if moved is not None:
        raise Invalid(
            f"{moved[1]} would be told to another address: enter it again",
            where=f"settings.{moved[1]}",
            hint="PUT it to secrets/{setting}?fresh=true and use the new reference",
            code="secret-again",
        )
    if manifest is not None and (faults := check_settings(body.settings, manifest)) and body.settings:
        raise Invalid(
            faults[0][1],
            where=f"settings.{faults[0][0]}",
            problems=[Finding(place=f"settings.{setting}", message=message) for setting, message in faults],
        )
    check_touchpoint(name, wanted, ws.standard(), name)
    saved = ws.save("touchpoint", name, wanted, author=who.actor, reason=body.reason, expected=body.version)
    audit.record(ws.state, time, who.actor, "definition.save", f"touchpoint:{name}", {"version": saved.version})
    return _detail(ws, time, who, saved)


@router.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT)
def delete_touchpoint(
    name: Name, who: Writer, ws: Workspace, time: Time, reason: Annotated[str, Query(max_length=500)] = ""
) -> None:
    """Retire a touchpoint: it takes nothing in any more; what came from it stays."""
    _get(ws, name)
    ws.definitions.delete("touchpoint", name, author=who.actor, reason=reason)
    ws.log_rules()
    audit.record(ws.state, time, who.actor, "definition.delete", f"touchpoint:{name}", {"reason": reason})


@router.get("/{name}/versions")
def list_touchpoint_versions(name: Name, _who: Writer, ws: Workspace) -> TouchpointVersions:
    """Every version of a touchpoint with who saved it, why, and what changed."""
    versions = ws.definitions.history("touchpoint", name)
    if not versions:
        raise NotFound("there is no such touchpoint", where=name, code="touchpoint-unknown")
    return TouchpointVersions(items=showing.versions(versions))


@router.put("/{name}/secrets/{setting}")
def keep_secret(
    name: Name,
    setting: Annotated[str, Path(pattern=r"^[A-Za-z0-9_]{1,60}$")],
    body: SecretInput,
    who: Writer,
    ws: Workspace,
    time: Time,
    fresh: Annotated[bool, Query(description="Give it a new reference, in force once that is saved.")] = False,
) -> SecretKept:
    """Keep a secret in a file that only the server's owner may read. It is never shown again."""
    reference = connect.put_secret(ws.data, name, setting, body.value, fresh=fresh)
    if not fresh:
        try_again(ws.state, name)
    audit.record(ws.state, time, who.actor, "secret.keep", f"touchpoint:{name}", {"setting": setting})
    return SecretKept(reference=reference)


@router.post("/{name}/test")
def test_touchpoint(name: Name, _who: Writer, ws: Workspace) -> TestResult:
    """Try the settings, up to one harmless call to the platform."""
    item = _get(ws, name)
    steps = connect.test(ws, touchpoint_of(name, item.body))
    return TestResult(
        ok=all(step.ok for step in steps),
        steps=[TestStep(code=step.code, ok=step.ok, message=step.message, hint=step.hint) for step in steps],
    )


@router.post("/{name}/sync")
def sync_touchpoint(name: Name, body: SyncRequest, _who: Writer, ws: Workspace) -> SyncResult:
    """Fetch from the platform now. The events show after the next tick."""
    _get(ws, name)
    puller = ws.puller()
    try:
        if body.from_start:
            for state in pulls.states(ws.state, name):
                if body.stream in (None, state.stream):
                    pulls.begin_again(ws.state, name, state.stream)
        runs = list(puller.sync(name, body.stream))
    finally:
        puller.close()
    return SyncResult(
        runs=[SyncRun(stream=run.stream, pages=run.pages, bytes=run.bytes, error=run.error) for run in runs]
    )


@router.post("/{name}/messages")
def send_test_message(name: Name, body: MessageInput, who: Writer, ws: Workspace, time: Time) -> MessageReceipt:
    """Send one message by hand, to see whether it arrives."""
    item = _get(ws, name)
    message = Message(body.kind, body.to, body.content, key=f"test-{time.now().timestamp():.6f}"[:32])
    receipt = connect.send(ws, touchpoint_of(name, item.body), message)
    audit.record(ws.state, time, who.actor, "message.test", f"touchpoint:{name}", {"kind": body.kind})
    return MessageReceipt(
        state=receipt.state,
        reason=receipt.reason,
        code=receipt.code,
        provider_id=receipt.provider_id,
        after=receipt.after,
        detail=mask_text(receipt.detail),
    )


@router.get("/{name}/arrivals")
def list_arrivals(
    name: Name,
    who: Annotated[Caller, Depends(Need(Permission.QUARANTINE_READ))],
    ws: Workspace,
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
    after: Annotated[int, Query(ge=0, description="Only what came after this offset of the log.")] = 0,
) -> ArrivalList:
    """The latest requests and pages of a touchpoint: raw beside what became of them. Personal data is masked."""
    item = _get(ws, name)
    touchpoint = touchpoint_of(name, item.body)
    records = connect.records_of(ws.log, name, limit, after)
    found = connect.arrivals(records, ws.standard(), ws.standard_settings, touchpoint)
    with ws.pool.read() as session:
        repeated = connect.repeats(session, found)
    return ArrivalList(items=[_arrival(one, shown(who, ws.standard()), repeated) for one in found])


@router.post("/{name}/preview")
def preview_touchpoint(
    name: Name,
    body: TouchpointDraft,
    who: Annotated[Caller, Depends(Need(Permission.QUARANTINE_READ))],
    ws: Workspace,
    time: Time,
) -> ArrivalList:
    """How the latest arrivals, or a sample, would be read under changed settings and mapping. Nothing is stored."""
    wanted = {"touchpoint": name, **body.model_dump(exclude={"sample", "content_type", "quarantined"})}
    check_touchpoint(name, {**wanted, "settings": {}}, ws.standard(), name)
    touchpoint = touchpoint_of(name, wanted)
    account = open_account(touchpoint) if connect.manifest_of(touchpoint.channel) is not None else None
    item = None
    if body.sample is not None:
        records = [connect.sampled(body.sample, body.content_type, account, name, time.now())]
    elif body.quarantined is not None:
        with ws.pool.read() as session:
            places = waiting.places_of(session, [int(body.quarantined)])
        records = [one for one in ws.log.get([offset for offset, _ in places]) if one.touchpoint == name]
        if not records:
            raise NotFound("this does not wait in quarantine (any more)", where=body.quarantined)
        item = places[0][1]
    else:
        records = connect.records_of(ws.log, name, 10)
    found = connect.arrivals(records, ws.standard(), ws.standard_settings, touchpoint, account, item)
    return ArrivalList(items=[_arrival(one, shown(who, ws.standard())) for one in found])


def _get(ws: WorkspaceLike, name: str) -> Definition:
    item = ws.definitions.get("touchpoint", name)
    if item is None:
        raise NotFound("there is no such touchpoint", where=name, code="touchpoint-unknown")
    return item


def _detail(ws: WorkspaceLike, time: Time, who: Caller, item: Definition) -> TouchpointDetail:
    with ws.pool.read() as session:
        intake = home.touchpoints(session, time.now())
    return TouchpointDetail(
        **showing.head(ws, item, intake, showing.failing(ws.state), who),
        **showing.rest(ws, item),
        version=item.version,
        author=item.author,
        changed_at=item.created_at,
    )


_KINDS = frozenset({"event", "profile", "object", "link"})


def _read(item: Any, view: Shown) -> Any:
    """A thing as the channel read it. Its `name` is what the event or object is called, no person's."""
    masked = view.traits(item)
    if not isinstance(item, dict) or not isinstance(masked, dict) or item.get("kind") not in _KINDS:
        return masked
    return masked | {key: item[key] for key in ("kind", "name", "change") if key in item}


def _arrival(found: connect.Arrival, view: Shown, repeated: frozenset[int] = frozenset()) -> Arrival:
    return Arrival(
        offset=found.offset,
        received_at=found.received_at,
        protocol=found.protocol,
        raw=view.sample(found.raw),
        items=[_read(item, view) for item in found.items],
        rows=[
            ArrivedRow(
                kind=row["kind"],
                name=row["name"],
                title=event_titles(view.standard, row["name"]),
                known=row["known"],
                time=row["time"],
                ids=[mask_text(one) for one in row["ids"]],
                fields=view.fields(row["fields"]),
                attributes=view.traits(row["attributes"]),
            )
            for row in found.standard
        ],
        refused=[
            ArrivedFault(rule=rule, field=field, message=mask_text(text), sample=view.sample(sample))
            for rule, field, text, sample in found.refused
        ],
        left_out=found.left_out,
        repeated=found.offset in repeated,
    )
