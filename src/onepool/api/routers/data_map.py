"""The data map: one answer for the page, the customers behind a number, and what-if."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.dictionary import channel_titles, event_titles, titles
from onepool.api.insight_kept import KeptMap, kept_map
from onepool.api.models.common import Titles
from onepool.api.models.data_map import (
    DataMapView,
    MapCell,
    MapCustomers,
    MapGap,
    MapPlace,
    MapReach,
    WhatIfAnswer,
    WhatIfRequest,
)
from onepool.api.showing import shown
from onepool.insight.map import Cell, DataMap, cell_customers, what_if
from onepool.insight.map.types import Gap
from onepool.pool import customers
from onepool.privacy.roles import Permission
from onepool.standards import Standard

router = APIRouter(prefix="/data-map", tags=["insight"])
Reader = Annotated[Caller, Depends(Need(Permission.TOUCHPOINTS_READ))]
Kept = Annotated[KeptMap, Depends(kept_map)]


@router.get("")
def read_data_map(_who: Reader, ws: Workspace, time: Time, kept: Kept) -> DataMapView:
    """Touchpoints against identifiers and signals, what joins them, flows, whom they reach, and gaps."""
    with kept.of(ws, time.now()) as (_, _, found):
        return _view(found, ws.standard())


@router.get("/customers")
def list_map_customers(
    who: Annotated[Caller, Depends(Need(Permission.CUSTOMERS_READ))],
    ws: Workspace,
    time: Time,
    kept: Kept,
    kind: MapCell,
    touchpoint: Annotated[str, Query(min_length=1, max_length=128)],
    name: Annotated[str | None, Query(max_length=128)] = None,
    other: Annotated[str | None, Query(max_length=128)] = None,
    page: Annotated[int, Query(ge=1, le=20_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> MapCustomers:
    """The customers behind a number. `name`: the identifier type, event, attribute or message kind; `other`: the second
    touchpoint of a pair or flow."""
    standard, currency = ws.standard(), ws.settings.currency
    now = time.now()
    with kept.of(ws, now) as (src, gathered, _):
        cell = Cell(kind, touchpoint, name, other)
        offset = (page - 1) * size
        ids, total = cell_customers(src, gathered, ws.touchpoints(), cell, now, offset=offset, limit=size)
        rows = customers.rows(src.session, ids, attributes=list(standard.attributes), currency=currency)
    view = shown(who, standard)
    return MapCustomers(items=[view.row(row, currency) for row in rows], total=total, page=page, size=size)


@router.post("/what-if")
def compute_what_if(body: WhatIfRequest, _who: Reader, ws: Workspace, time: Time, kept: Kept) -> WhatIfAnswer:
    """What it would bring if more customers of a touchpoint gave an identifier. Nothing is changed."""
    with kept.of(ws, time.now()) as (src, gathered, _):
        found = what_if(src, gathered, body.touchpoint, body.share, gives=body.gives, level=body.level)
    return WhatIfAnswer.model_validate(asdict(found))


def _view(found: DataMap, standard: Standard) -> DataMapView:
    plain = asdict(found)
    kinds = {cell.type for cell in found.identifier_cells} | {kind for one in found.reach for kind in one.to}
    return DataMapView.model_validate(
        {
            **plain,
            "places": [_place(row, standard) for row in plain["places"]],
            "reach": [MapReach(**{**row, "title": titles(row["title"], row["message"])}) for row in plain["reach"]],
            "gaps": [_gap(one, standard) for one in found.gaps],
            "explained": [_gap(one, standard) for one in found.explained],
            "identifier_titles": {kind: _identifier(standard, kind) for kind in sorted(kinds)},
            "signal_titles": {
                f"{cell.kind}:{cell.name}": _signal(standard, cell.kind, cell.name) for cell in found.signal_cells
            },
            "field_titles": {
                one.field: _field(standard, one.field) for cell in found.signal_cells for one in cell.fields
            },
        }
    )


def _place(row: dict[str, Any], standard: Standard) -> MapPlace:
    title = titles(row.pop("title"), row["touchpoint"])
    channel = row["channel"]
    return MapPlace(**row, title=title, channel_title=channel_titles(standard, channel or row["touchpoint"]))


def _gap(one: Gap, standard: Standard) -> MapGap:
    titles_of = [_subject(one, name, standard) for name in one.subjects]
    return MapGap.model_validate({**asdict(one), "subject_titles": titles_of})


def _subject(one: Gap, name: str, standard: Standard) -> Titles:
    if one.kind == "field-empty":
        event, _, field = name.partition(".")
        left, right = event_titles(standard, event), _field(standard, field)
        return Titles(zh=f"{left.zh} · {right.zh}", en=f"{left.en} · {right.en}")
    if one.kind == "signal-unseen":
        kind, _, signal = name.partition(":")
        return _signal(standard, kind, signal)
    return _identifier(standard, name)


def _identifier(standard: Standard, kind: str) -> Titles:
    known = standard.identifier_types.get(kind)
    return titles(known.title if known else None, kind)


def _field(standard: Standard, name: str) -> Titles:
    known = standard.fields.get(name)
    return titles(known.title if known else None, name)


def _signal(standard: Standard, kind: str, name: str) -> Titles:
    if kind == "event":
        return event_titles(standard, name)
    known = standard.attributes.get(name) if kind == "profile" else standard.objects.get(name)
    return titles(known.title if known else None, name)
