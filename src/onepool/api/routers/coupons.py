"""Coupons: batches, their codes, stock, redemption."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path as File
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Query, status
from fastapi.responses import StreamingResponse
from pydantic import JsonValue
from sqlalchemy import Connection

from onepool.api import messaging
from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.called import called
from onepool.api.csv_file import Cell, csv_file
from onepool.api.dictionary import titles
from onepool.api.edited import refuse_outdated
from onepool.api.models.common import JsonObject
from onepool.api.models.coupons import (
    CodesUploaded,
    CouponChange,
    CouponCheck,
    CouponCheckRequest,
    CouponCode,
    CouponCodes,
    CouponDetail,
    CouponFace,
    CouponFigures,
    CouponInput,
    CouponList,
    CouponRow,
    CouponVersion,
    CouponVersions,
    GenerateRequest,
    GenerateResult,
    Status,
    VoidRequest,
    VoidResult,
)
from onepool.api.problems import Conflict, Invalid, NotFound
from onepool.api.routers.lists import received
from onepool.api.workspace import WorkspaceLike
from onepool.audience.conditions.errors import Problem, closest
from onepool.audience.conditions.parse import plain_data
from onepool.clock import Clock, from_micros, to_micros
from onepool.definitions import Definition
from onepool.privacy import audit
from onepool.privacy.roles import Permission
from onepool.reach import coupons
from onepool.reach.coupons.listing import every, masked, page
from onepool.reach.coupons.reading import read_codes
from onepool.reach.coupons.store import KIND

router = APIRouter(prefix="/coupons", tags=["coupons"])
Reader = Annotated[Caller, Depends(Need(Permission.MESSAGES_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.MESSAGES_WRITE))]
Keeper = Annotated[Caller, Depends(Need(Permission.COUPONS_CODES))]
CouponName = Annotated[str, Path(max_length=200)]


@router.get("")
def list_coupons(_who: Reader, ws: Workspace, time: Time) -> CouponList:
    """All batches with their stock and what became of their codes."""
    with ws.state.read() as connection:
        figures = coupons.all_figures(connection)
    users = messaging.users_of(ws, "coupon")
    items = []
    for item in ws.definitions.current(KIND):
        coupon = coupons.parse_coupon(item.body)
        items.append(_row(ws, item, coupon, figures.get(item.name, coupons.Figures()), users, time))
    return CouponList(items=items)


@router.post("/check")
def check_coupon(body: CouponCheckRequest, _who: Reader, ws: Workspace) -> CouponCheck:
    """What is wrong with a definition. Nothing is saved."""
    try:
        coupon = coupons.parse_coupon(body.definition)
    except coupons.CouponError as error:
        return CouponCheck(problems=[messaging.finding(one) for one in error.problems], warnings=[])
    problems, warnings = _findings(ws, coupon)
    return CouponCheck(
        problems=[messaging.finding(one) for one in problems], warnings=[messaging.finding(one) for one in warnings]
    )


@router.post("", status_code=status.HTTP_201_CREATED)
def create_coupon(body: CouponInput, who: Writer, ws: Workspace, time: Time) -> CouponDetail:
    """Save a new batch."""
    name = body.definition.get("coupon")
    if isinstance(name, str) and ws.definitions.get(KIND, name) is not None:
        raise Conflict("there is a batch with this name", where="definition.coupon", code="coupon-exists")
    return _save(ws, time, who, body, None, 0)


@router.get("/{name}")
def read_coupon(name: CouponName, who: Reader, ws: Workspace, time: Time) -> CouponDetail:
    """One batch."""
    return _detail(ws, time, who, _item(ws, name))


@router.put("/{name}")
def replace_coupon(name: CouponName, body: CouponChange, who: Writer, ws: Workspace, time: Time) -> CouponDetail:
    """Save a new version. Codes that were given out keep what they were given with."""
    item = _item(ws, name)
    refuse_outdated(ws, item, body.version, "the batch", code="coupon-changed")
    return _save(ws, time, who, body, item, body.version)


@router.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT)
def delete_coupon(
    name: CouponName, who: Writer, ws: Workspace, time: Time, reason: Annotated[str, Query(max_length=500)] = ""
) -> None:
    """Retire a batch: nothing is given out any more, redemptions still count. Refused while a journey names it."""
    _item(ws, name)
    users = messaging.users_of(ws, "coupon").get(name, [])
    if users:
        raise Conflict(f"it is used by {', '.join(users)}", where=name, code="coupon-in-use")
    ws.definitions.delete(KIND, name, author=who.actor, reason=reason)
    audit.record(ws.state, time, who.actor, "definition.delete", f"coupon:{name}", {"reason": reason})


@router.get("/{name}/versions")
def list_coupon_versions(name: CouponName, _who: Reader, ws: Workspace) -> CouponVersions:
    """Every version of a batch, the newest first."""
    found = ws.definitions.history(KIND, name)
    if not found:
        raise NotFound("there is no such batch", where=name, code="coupon-unknown")
    return CouponVersions(
        items=[
            CouponVersion(
                version=item.version, author=item.author, reason=item.reason, at=item.created_at,
                definition=None if item.deleted else cast(JsonObject, item.body),
            )
            for item in found
        ]
    )  # fmt: skip


@router.post("/{name}/generate")
def generate_codes(name: CouponName, body: GenerateRequest, who: Writer, ws: Workspace, time: Time) -> GenerateResult:
    """Make codes ahead, so that the shop can be told of them; never more than the stock."""
    coupon = coupons.parse_coupon(_item(ws, name).body)
    with ws.state.write() as connection:
        made = coupons.generate(connection, coupon, body.count, to_micros(time.now()))
        audit.record_in(connection, time, who.actor, "coupon.generate", f"coupon:{name}", {"made": made})
        figures = coupons.figures_of(connection, name)
    return GenerateResult(made=made, figures=_figures(coupon, figures, time))


@router.post(
    "/{name}/codes",
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "Codes, one to a line, or CSV with the code in the first column (UTF-8 or GB18030).",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def upload_codes(
    name: CouponName, who: Writer, ws: Workspace, time: Time, file: Annotated[File, Depends(received)]
) -> CodesUploaded:
    """Take in a list of codes that the shop made. The body is the file."""
    coupon = coupons.parse_coupon(_item(ws, name).body)

    def note(connection: Connection, told: coupons.Loaded) -> None:
        detail = {"added": told.added, "duplicates": told.duplicates, "refused": told.refused}
        audit.record_in(connection, time, who.actor, "coupon.load", f"coupon:{name}", detail)

    found = coupons.load(ws.state, coupon, read_codes(file), to_micros(time.now()), note)
    with ws.state.read() as connection:
        figures = coupons.figures_of(connection, name)
    return CodesUploaded(
        added=found.added, duplicates=found.duplicates, refused=found.refused, samples=list(found.samples),
        figures=_figures(coupon, figures, time),
    )  # fmt: skip


@router.get("/{name}/codes")
def list_codes(
    name: CouponName,
    who: Reader,
    ws: Workspace,
    status: Annotated[Status | None, Query()] = None,
    customer_id: Annotated[str | None, Query(pattern=r"^[0-9]{1,18}$")] = None,
    code: Annotated[str | None, Query(max_length=64, description="Exactly this one.")] = None,
    after: Annotated[str, Query(pattern=r"^[0-9]{1,18}$")] = "0",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> CouponCodes:
    """Codes, a page at a time. Their middle is hidden from roles that may not use them."""
    _item(ws, name)
    clear = who.may(Permission.COUPONS_CODES)
    with ws.state.read() as connection:
        found = page(
            connection, name, status=status, customer_id=None if customer_id is None else int(customer_id), code=code,
            after=int(after), limit=limit,
        )  # fmt: skip
    names = called(ws, who, (one.customer_id for one in found))
    return CouponCodes(
        items=[
            CouponCode(
                id=str(one.id), code=one.code if clear else masked(one.code), status=cast(Status, one.status),
                customer_id=_text(one.customer_id), name=names.get(one.customer_id), run_id=_text(one.run_id),
                issued_at=_instant(one.issued), valid_until=_instant(one.valid_until),
                redeemed_at=_instant(one.redeemed), order_id=one.order_id,
            )
            for one in found
        ],
        masked=not clear,
        next=str(found[-1].id) if len(found) == limit else None,
    )  # fmt: skip


@router.get("/{name}/codes.csv", response_class=StreamingResponse)
def export_codes(
    name: CouponName, who: Keeper, ws: Workspace, time: Time, status: Annotated[Status | None, Query()] = None
) -> StreamingResponse:
    """All codes as CSV, in clear. Noted in the audit trail."""
    _item(ws, name)
    audit.record(ws.state, time, who.actor, "export", f"coupon:{name}", {"status": status or "all"})

    def portions() -> Iterator[list[list[Cell]]]:
        for codes in every(ws.state, name, status):
            yield [
                [
                    one.code, one.status, one.customer_id, _instant(one.issued), _instant(one.valid_until),
                    _instant(one.redeemed), one.order_id,
                ]
                for one in codes
            ]  # fmt: skip

    columns = ("code", "status", "customer_id", "issued_at", "valid_until", "redeemed_at", "order_id")
    return csv_file(name, columns, portions())


@router.post("/{name}/void")
def void_codes(name: CouponName, body: VoidRequest, who: Writer, ws: Workspace, time: Time) -> VoidResult:
    """Take codes out of use: those named, or all that nobody has yet."""
    if body.free == (body.codes is not None):
        raise Invalid("name codes, or say free: true for all that nobody has yet", where="codes")
    coupon = coupons.parse_coupon(_item(ws, name).body)
    with ws.state.write() as connection:
        count = coupons.void(connection, name, body.codes, to_micros(time.now()))
        detail: dict[str, JsonValue] = {"voided": count, "reason": body.reason}
        audit.record_in(connection, time, who.actor, "coupon.void", f"coupon:{name}", detail)
        figures = coupons.figures_of(connection, name)
    return VoidResult(voided=count, figures=_figures(coupon, figures, time))


def _save(
    ws: WorkspaceLike, time: Clock, who: Caller, body: CouponInput, before: Definition | None, expected: int | None
) -> CouponDetail:
    written = plain_data(body.definition)
    try:
        coupon = coupons.parse_coupon(written)
    except coupons.CouponError as error:
        raise messaging.refused(error, "coupon") from error
    if before is not None and coupon.coupon != before.name:
        raise Invalid("a batch keeps its name; make another one instead", where="definition.coupon")
    problems, _ = _findings(ws, coupon)
    if problems:
        raise messaging.refused(coupons.CouponError(problems, where=f"coupon {coupon.coupon}"), "coupon")
    if before is not None and coupon.kind != coupons.parse_coupon(before.body).kind:
        with ws.state.read() as connection:
            there = coupons.figures_of(connection, before.name)
        if there != coupons.Figures():
            raise Conflict("this batch has codes already; make another one instead", where="definition.codes")
    item = ws.save(KIND, coupon.coupon, written, author=who.actor, reason=body.reason, expected=expected)
    audit.record(ws.state, time, who.actor, "definition.save", f"coupon:{item.name}", {"version": item.version})
    return _detail(ws, time, who, item)


def _findings(ws: WorkspaceLike, coupon: coupons.Coupon) -> tuple[list[Problem], list[Problem]]:
    known = ws.touchpoints()
    problems = [
        Problem(f"touchpoints[{number}]", f"there is no touchpoint {name}", closest(name, known))
        for number, name in enumerate(coupon.touchpoints)
        if name not in known
    ]
    warnings = []
    if not coupon.touchpoints:
        warnings.append(Problem("touchpoints", "redemptions count wherever they happen"))
    if coupon.stock is None and coupon.kind != "uploaded":
        warnings.append(Problem("stock", "there is no end to what can be given out"))
    if coupon.valid.for_ is None and coupon.valid.until is None:
        warnings.append(Problem("valid", "codes hold for ever"))
    return problems, warnings


def _item(ws: WorkspaceLike, name: str) -> Definition:
    item = ws.definitions.get(KIND, name)
    if item is None:
        raise NotFound("there is no such batch of coupons", where=name, code="coupon-unknown")
    return item


def _row(
    ws: WorkspaceLike, item: Definition, coupon: coupons.Coupon, figures: coupons.Figures, users: dict[str, list[str]],
    time: Clock,
) -> CouponRow:  # fmt: skip
    face, valid = coupon.face, coupon.valid
    start, end = valid.window
    made = coupon.codes.generated
    return CouponRow(
        name=item.name,
        title=titles(item.body.get("title"), item.name),
        face=CouponFace(
            amount=face.amount, percent=face.percent, min_spend=face.min_spend,
            currency=face.currency or ws.settings.currency,
        ),
        codes=coupon.kind,
        on_demand=coupon.kind == "shared" or (made is not None and made.on_demand),
        stock=coupon.stock,
        per_customer=coupon.per_customer,
        valid_for=None if valid.for_ is None else str(valid.for_),
        valid_from=_instant(start),
        valid_until=_instant(end),
        touchpoints=list(coupon.touchpoints),
        paused=coupon.paused,
        figures=_figures(coupon, figures, time),
        version=item.version,
        changed_at=item.created_at,
        used_by=users.get(item.name, []),
    )  # fmt: skip


def _detail(ws: WorkspaceLike, time: Clock, who: Caller, item: Definition) -> CouponDetail:
    coupon = coupons.parse_coupon(item.body)
    with ws.state.read() as connection:
        figures = coupons.figures_of(connection, item.name)
    row = _row(ws, item, coupon, figures, messaging.users_of(ws, "coupon"), time)
    return CouponDetail(
        **row.model_dump(),
        definition=cast(JsonObject, item.body),
        author=item.author,
        reason=item.reason,
        codes_in_clear=who.may(Permission.COUPONS_CODES),
    )


def _figures(coupon: coupons.Coupon, figures: coupons.Figures, time: Clock) -> CouponFigures:
    left = figures.left(coupon, to_micros(time.now()))
    return CouponFigures(
        free=figures.free, issued=figures.issued, redeemed=figures.redeemed, expired=figures.expired,
        void=figures.void, strays=figures.strays, given=figures.given, left=left,
        low=left is not None and left < coupon.warns_below,
    )  # fmt: skip


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
