"""Destinations: where the pool's rows go, trying and running them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Path, Query, status

from onepool import connect
from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.edited import refuse_outdated
from onepool.api.models.common import JsonObject
from onepool.api.models.destinations import (
    DestinationChange,
    DestinationDetail,
    DestinationList,
    DestinationPreview,
    DestinationRun,
    DestinationRunRequest,
    DestinationSecret,
    DestinationSecretKept,
    DestinationSummary,
)
from onepool.api.problems import Conflict, Invalid, NotFound
from onepool.api.workspace import WorkspaceLike
from onepool.clock import from_micros
from onepool.definitions import Definition
from onepool.privacy import audit
from onepool.privacy.masking import mask_plain, mask_text
from onepool.privacy.roles import Permission
from onepool.reach import Destination, DestinationError, Outcome, check, latest, parse, preview, run
from onepool.reach.definition import personal_columns

router = APIRouter(prefix="/destinations", tags=["destinations"])
Reader = Annotated[Caller, Depends(Need(Permission.DESTINATIONS_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.DESTINATIONS_WRITE))]
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9_]{1,60}$")]


@router.get("")
def list_destinations(_who: Reader, ws: Workspace) -> DestinationList:
    """All destinations with their last runs."""
    return DestinationList(items=[_summary(ws, one) for one in ws.definitions.current("destination")])


@router.get("/{name}")
def read_destination(name: Name, _who: Reader, ws: Workspace) -> DestinationDetail:
    """One destination; secrets as references."""
    return _detail(ws, _get(ws, name))


@router.put("/{name}")
def save_destination(name: Name, body: DestinationChange, who: Writer, ws: Workspace, time: Time) -> DestinationDetail:
    """Make or change a destination. What it would take out of other systems is shown by its preview."""
    before = ws.definitions.get("destination", name)
    refuse_outdated(ws, before, body.version, "the destination")
    if body.version is None and before is not None:
        raise Conflict("there is a destination with this name", where="name", code="destination-exists")
    wanted: dict[str, Any] = {**body.body, "destination": name}
    found = _checked(ws, wanted, name)
    former = ws.definitions.history("destination", name)
    known = _references(parse(before.body)) if before is not None and _usable(before) else {}
    for setting, reference in _references(found).items():
        if known.get(setting) != reference and not connect.within(reference, _folder(name), setting):
            raise Invalid(
                "a secret set here is one that was kept here before",
                where=f"to.{setting}",
                hint="PUT it to secrets/{setting} and use the reference in the answer",
            )
        if any(_told(one.body, reference) not in (None, _address(wanted)) for one in former):
            raise Invalid(
                f"{setting} would be told to another address: enter it again",
                where=f"to.{setting}",
                hint="PUT it to secrets/{setting} and use the reference in the answer",
                code="secret-again",
            )
    saved = ws.save("destination", name, wanted, author=who.actor, reason=body.reason, expected=body.version)
    audit.record(ws.state, time, who.actor, "definition.save", f"destination:{name}", {"version": saved.version})
    return _detail(ws, saved)


@router.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT)
def delete_destination(
    name: Name, who: Writer, ws: Workspace, time: Time, reason: Annotated[str, Query(max_length=500)] = ""
) -> None:
    """Retire a destination; what it wrote stays where it is."""
    _get(ws, name)
    ws.definitions.delete("destination", name, author=who.actor, reason=reason)
    audit.record(ws.state, time, who.actor, "definition.delete", f"destination:{name}", {"reason": reason})


@router.put("/{name}/secrets/{setting}")
def keep_destination_secret(
    name: Name,
    setting: Annotated[str, Path(pattern=r"^[A-Za-z0-9_]{1,60}$")],
    body: DestinationSecret,
    who: Writer,
    ws: Workspace,
    time: Time,
) -> DestinationSecretKept:
    """Keep a secret in a file that only the server's owner may read."""
    # A reference of its own, in force once it is saved: so it can be told from what was told elsewhere before.
    reference = connect.put_secret(ws.data, _folder(name), setting, body.value, fresh=True)
    audit.record(ws.state, time, who.actor, "secret.keep", f"destination:{name}", {"setting": setting})
    return DestinationSecretKept(reference=reference)


@router.post("/{name}/preview")
def preview_destination(name: Name, _who: Writer, ws: Workspace) -> DestinationPreview:
    """What a run would write and take out, with the first rows masked."""
    destination = parse(_get(ws, name).body, name)
    found = preview(ws, destination)
    personal = set(personal_columns(destination, ws.standard()))
    columns = found.sample.column_names
    return DestinationPreview(
        rows=found.rows,
        gone=found.gone,
        total=found.total,
        left_out=found.left_out,
        columns=columns,
        sample=[[_shown(row[one], one in personal) for one in columns] for row in found.sample.to_pylist()],
    )


@router.post("/{name}/run")
def run_destination(name: Name, body: DestinationRunRequest, who: Writer, ws: Workspace) -> DestinationRun:
    """Run it now and wait for its end; a failure is in the answer's `error`."""
    _get(ws, name)
    return _run(run(ws, name, actor=who.actor, force=body.force))


def _get(ws: WorkspaceLike, name: str) -> Definition:
    found = ws.definitions.get("destination", name)
    if found is None:
        raise NotFound("there is no such destination", where=name, code="destination-unknown")
    return found


def _checked(ws: WorkspaceLike, body: dict[str, Any], name: str) -> Destination:
    found = parse(body, name)
    tags = {one.name for one in ws.definitions.current("tag")}
    segments = {one.name for one in ws.definitions.current("segment")}
    channels = {one.name: one.channel for one in ws.touchpoints().values()}
    lists = {one.name for one in ws.definitions.current("list")}
    check(found, ws.standard(), tags, segments, channels, name, lists)
    return found


def _usable(item: Definition) -> bool:
    try:
        parse(item.body)
    except DestinationError:
        return False
    return True


def _references(destination: Destination) -> dict[str, str]:
    """The secrets of a destination by their places in ``to``."""
    target = destination.to
    if target.kind == "database":
        return {"url": target.url}
    return {"access_key": target.access_key, "secret_key": target.secret_key} if target.kind == "s3" else {}


def _address(body: Mapping[str, Any]) -> tuple[str, str]:
    """Where a definition's secrets are told; a database's address is in its secret."""
    to = body.get("to") or {}
    return str(to.get("kind")), str(to.get("endpoint") or "")


def _told(body: Mapping[str, Any], reference: str) -> tuple[str, str] | None:
    """Where a former definition told this secret, None if it did not."""
    return _address(body) if reference in (body.get("to") or {}).values() else None


def _folder(name: str) -> str:
    """The name under which a destination's secrets are kept; no touchpoint can have it."""
    return f"{connect.DESTINATION}{name}"


def _summary(ws: WorkspaceLike, item: Definition) -> DestinationSummary:
    last = latest(ws.state, item.name, 1)
    body = item.body
    return DestinationSummary(
        name=item.name,
        what=str(body.get("what")),
        to=str((body.get("to") or {}).get("kind")),
        mode=str(body.get("mode", "changes")),
        every=int(body.get("every", 3600)),
        paused=bool(body.get("paused")),
        purpose=str(body.get("purpose") or ""),
        last=_run(last[0]) if last else None,
    )


def _detail(ws: WorkspaceLike, item: Definition) -> DestinationDetail:
    personal = personal_columns(parse(item.body), ws.standard()) if _usable(item) else []
    return DestinationDetail(
        name=item.name,
        version=item.version,
        body=cast(JsonObject, item.body),
        personal=personal,
        runs=[_run(one) for one in latest(ws.state, item.name)],
    )


def _run(found: Outcome) -> DestinationRun:
    return DestinationRun(
        run=found.run,
        started_at=from_micros(found.started_at),
        finished_at=None if found.finished_at is None else from_micros(found.finished_at),
        rows=found.rows,
        gone=found.gone,
        total=found.total,
        left_out=found.left_out,
        where=found.where,
        error=mask_text(found.error),
    )


def _shown(value: object, personal: bool) -> str | None:
    if value is None:
        return None
    text = str(value)
    shown = mask_text(text)
    return mask_plain(text) if personal and shown == text else shown
