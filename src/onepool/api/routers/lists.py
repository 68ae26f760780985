"""Lists: uploads, members, entries that nobody is known by."""

from __future__ import annotations

import tempfile
import time as clock_time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import anyio
from fastapi import APIRouter, Depends, Query, Request, status
from fastapi import Path as InPath

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.dictionary import titles
from onepool.api.models.lists import (
    CustomerList,
    CustomerListDetail,
    CustomerLists,
    ListChangeRow,
    ListInput,
    ListMember,
    ListMembers,
    ListRefusal,
    ListUpload,
    PastListMember,
    PastListMembers,
    UnmatchedEntries,
    UnmatchedEntry,
)
from onepool.api.problems import Conflict, Invalid, NotFound
from onepool.api.showing import shown
from onepool.api.usage import users_of
from onepool.api.workspace import WorkspaceLike
from onepool.audience import lists
from onepool.audience.lists import LISTS, ListError, ListSize
from onepool.audience.lists.log import history
from onepool.definitions import Definition
from onepool.pool import customers
from onepool.privacy import audit
from onepool.privacy.roles import Permission
from onepool.standards.personal import hidden_of

router = APIRouter(prefix="/lists", tags=["lists"])
Reader = Annotated[Caller, Depends(Need(Permission.SEGMENTS_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.SEGMENTS_WRITE))]
Member = Annotated[Caller, Depends(Need(Permission.CUSTOMERS_READ))]
ListName = Annotated[str, InPath(max_length=200)]
Page = Annotated[int, Query(ge=1, le=1_000_000)]
Size = Annotated[int, Query(ge=1, le=200)]

_LEFT_BEHIND = 3600
"""Seconds after which a received file belongs to nobody any more."""


async def received(request: Request, ws: Workspace) -> AsyncIterator[Path]:
    """The body as a file of its own while the request is answered."""
    folder = ws.data / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in folder.iterdir():
        # Another upload may just have ended, its file with it.
        with suppress(FileNotFoundError):
            if clock_time.time() - old.stat().st_mtime > _LEFT_BEHIND:
                old.unlink()
    with tempfile.NamedTemporaryFile(dir=folder, prefix="list-") as file:
        async with await anyio.open_file(file.name, "wb") as out:
            async for chunk in request.stream():
                await out.write(chunk)
        yield Path(file.name)


@router.get("")
def list_lists(_who: Reader, ws: Workspace) -> CustomerLists:
    """All lists with their sizes."""
    with ws.pool.read() as session:
        sizes = lists.sizes(session)
    users = users_of(ws.definitions, "list")
    return CustomerLists(
        items=[
            _list(item, sizes.get(item.name, ListSize()), users.get(item.name, []))
            for item in ws.definitions.current(LISTS)
        ]
    )


@router.post("", status_code=status.HTTP_201_CREATED)
def create_list(body: ListInput, who: Writer, ws: Workspace, time: Time) -> CustomerListDetail:
    """Make an empty list."""
    if ws.definitions.get(LISTS, body.name) is not None:
        raise Conflict("there is a list with this name", where="name", code="list-exists")
    written: dict[str, Any] = {"list": body.name, "title": body.title.model_dump()}
    written |= {"description": body.description} if body.description else {}
    item = ws.save(LISTS, body.name, written, author=who.actor, reason=body.reason)
    audit.record(ws.state, time, who.actor, "definition.save", f"list:{body.name}", {"version": item.version})
    return detail(ws, item)


@router.get("/{name}")
def read_list(name: ListName, _who: Reader, ws: Workspace) -> CustomerListDetail:
    """One list with its latest uploads."""
    return detail(ws, _get(ws, name))


@router.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT)
def delete_list(name: ListName, who: Writer, ws: Workspace, reason: Annotated[str, Query(max_length=500)] = "") -> None:
    """Retire a list and forget its entries. Refused while a definition asks for it."""
    _get(ws, name)
    users = users_of(ws.definitions, "list").get(name, [])
    if users:
        raise Conflict(f"it is used by {', '.join(users)}", where=name, code="list-in-use")
    lists.delete_list(ws, name, author=who.actor, reason=reason)


@router.post(
    "/{name}/entries",
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The file as it is: CSV, TSV, plain text, Excel (.xlsx), JSON lines or Parquet.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def upload_entries(
    name: ListName,
    who: Writer,
    ws: Workspace,
    file: Annotated[Path, Depends(received)],
    type: Annotated[
        str,
        Query(
            max_length=200, description="phone, openid@SCOPE, member_no …, customer; empty: as the column's name says."
        ),
    ] = "",
    mode: Literal["add", "replace", "remove"] = "add",
    column: Annotated[str, Query(max_length=200, description="Name or number of the column; empty: found out.")] = "",
    header: Annotated[bool | None, Query(description="Whether the first row has names; left out: found out.")] = None,
    filename: Annotated[str, Query(max_length=200)] = "",
    check: Annotated[bool, Query(description="Only say what would happen.")] = False,
) -> ListUpload:
    """Put the identifiers of a file on a list, in place of what is on it, or take them off. The body is the file."""
    _get(ws, name)
    try:
        done = lists.upload_list(
            ws, name, file, author=who.actor, type=type or None, mode=mode, column=column or None, header=header,
            source=filename or "upload", check=check,
        )  # fmt: skip
    except ListError as error:
        raise Invalid(error.message, code=error.code, where=error.where, hint=error.hint) from error
    return ListUpload(
        mode=mode,
        type=done.type,
        column=done.column,
        read=done.read,
        entries=done.entries,
        matched=done.matched,
        unmatched=done.unmatched,
        duplicates=done.duplicates,
        refused=done.refused,
        refusals=[ListRefusal(row=one.row, why=one.why, value=one.value) for one in done.refusals],
    )


@router.get("/{name}/members")
def list_members(name: ListName, who: Member, ws: Workspace, page: Page = 1, size: Size = 50) -> ListMembers:
    """Who is on the list now, the latest first."""
    _get(ws, name)
    standard, currency = ws.standard(), ws.settings.currency
    with ws.pool.read() as session:
        found = lists.members(session, name, offset=(page - 1) * size, limit=size).to_pylist()
        total = lists.sizes(session, [name]).get(name, ListSize()).customers
        ids = [row["customer_id"] for row in found]
        rows = customers.rows(session, ids, attributes=list(standard.attributes), currency=currency)
    view = shown(who, standard)
    known = {row.customer_id: view.row(row, currency) for row in rows}
    items = [_member(row, known.get(row["customer_id"])) for row in found]
    return ListMembers(items=items, total=total, page=page, size=size)


@router.get("/{name}/past")
def list_past_members(name: ListName, who: Member, ws: Workspace, page: Page = 1, size: Size = 50) -> PastListMembers:
    """Who was on the list and is no more, from when until when; kept for 400 days."""
    _get(ws, name)
    standard, currency = ws.standard(), ws.settings.currency
    with ws.pool.read() as session:
        found = lists.past(session, name, offset=(page - 1) * size, limit=size).to_pylist()
        ids = [row["customer_id"] for row in found]
        rows = customers.rows(session, ids, attributes=list(standard.attributes), currency=currency)
    view = shown(who, standard)
    known = {row.customer_id: view.row(row, currency) for row in rows}
    items = [
        PastListMember(**_member(row, known.get(row["customer_id"])).model_dump(), until=row["until"]) for row in found
    ]
    return PastListMembers(items=items, total=found[0]["total"] if found else 0, page=page, size=size)


@router.get("/{name}/unmatched")
def list_unmatched(name: ListName, _who: Member, ws: Workspace, page: Page = 1, size: Size = 50) -> UnmatchedEntries:
    """Entries that nobody is known by yet, masked."""
    _get(ws, name)
    with ws.pool.read() as session:
        found = lists.unmatched(session, name, offset=(page - 1) * size, limit=size).to_pylist()
        total = lists.sizes(session, [name]).get(name, ListSize()).unmatched
    hidden = hidden_of(ws.standard())
    items = [
        UnmatchedEntry(
            type=row["type"], scope=row["scope"], value=hidden.identifier(row["type"], row["value"])[0],
            since=row["time"],
        )
        for row in found
    ]  # fmt: skip
    return UnmatchedEntries(items=items, total=total, page=page, size=size)


def _get(ws: WorkspaceLike, name: str) -> Definition:
    found = ws.definitions.get(LISTS, name)
    if found is None:
        raise NotFound("there is no such list", where=name, code="list-unknown")
    return found


def _member(row: Mapping[str, Any], known: Any) -> ListMember:
    return ListMember(
        customer_id=row["customer_id"],
        name=known.name if known else None,
        phone=known.phone if known else None,
        email=known.email if known else None,
        since=row["since"],
        last_seen=known.last_seen if known else None,
    )


def detail(ws: WorkspaceLike, item: Definition) -> CustomerListDetail:
    with ws.pool.read() as session:
        size = lists.sizes(session, [item.name]).get(item.name, ListSize())
    users = users_of(ws.definitions, "list").get(item.name, [])
    changes = [
        ListChangeRow(
            at=one.at, mode=one.mode, author=one.author, source=one.source, read=one.read, entries=one.entries,
            duplicates=one.duplicates, refused=one.refused,
        )
        for one in history(ws.state, item.name)
        if one.mode != "erase"
    ]  # fmt: skip
    return CustomerListDetail(**_list(item, size, users).model_dump(), changes=changes)


def _list(item: Definition, size: ListSize, users: list[str]) -> CustomerList:
    segment = item.body.get("segment")
    return CustomerList(
        name=item.name,
        title=titles(item.body.get("title"), item.name),
        description=str(item.body.get("description") or ""),
        kind="snapshot" if item.body.get("source") == "snapshot" else "upload",
        segment=str(segment) if segment else None,
        size=size.customers,
        entries=size.entries,
        unmatched=size.unmatched,
        author=item.author,
        changed_at=item.created_at,
        used_by=users,
    )
