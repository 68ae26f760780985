"""Looking into the database of a touchpoint before its tables are mapped."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.models.tables import TableColumn, TableNames, TablePreview
from onepool.api.problems import NotFound
from onepool.api.workspace import WorkspaceLike
from onepool.collect import tables
from onepool.collect.accounts import make_account
from onepool.collect.touchpoint import Touchpoint
from onepool.privacy import audit
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/touchpoints/{name}/tables", tags=["touchpoints"])
Writer = Annotated[Caller, Depends(Need(Permission.TOUCHPOINTS_WRITE))]
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9_]{1,60}$")]


@router.get("")
def list_tables(name: Name, _who: Writer, ws: Workspace) -> TableNames:
    """The tables of a touchpoint's database."""
    return TableNames(items=tables.names(make_account(_touchpoint(ws, name), ws.data, ws.sandbox)))


@router.get("/{table}")
def read_table(
    name: Name,
    table: Annotated[str, Path(max_length=128)],
    who: Writer,
    ws: Workspace,
    time: Time,
    kind: Annotated[str | None, Query(max_length=20)] = None,
) -> TablePreview:
    """One table: columns, a few masked rows, and a proposed mapping (of the kind given, or guessed)."""
    touchpoint = _touchpoint(ws, name)
    found = tables.look(make_account(touchpoint, ws.data, ws.sandbox), touchpoint, table, ws.standard(), kind)
    audit.record(ws.state, time, who.actor, "query.run", f"touchpoint:{name}", {"table": table[:128]})
    return TablePreview(
        table=found.table,
        columns=[
            TableColumn(name=one.name, type=one.type, nullable=one.nullable, key=one.key, indexed=one.indexed, use=use)
            for one, use in zip(found.columns, found.uses, strict=True)
        ],
        rows=found.rows,
        proposal=found.proposal,
    )


def _touchpoint(ws: WorkspaceLike, name: str) -> Touchpoint:
    found = ws.touchpoints().get(name)
    if found is None:
        raise NotFound("there is no such touchpoint", where=name, code="touchpoint-unknown")
    return found
