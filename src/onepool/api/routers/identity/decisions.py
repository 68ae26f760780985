"""Decisions of people: what one would change, making it, taking it back, all that were made."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query, status

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.desk import Desk
from onepool.api.dictionary import titles
from onepool.api.models.identity_decisions import (
    BlockChange,
    ChangePreview,
    ChangeRequest,
    Decision,
    DecisionRequest,
    Decisions,
    MergeChange,
    NeverChange,
    ShapedCustomer,
    SplitChange,
    UndoChange,
    UndoRequest,
    Warned,
)
from onepool.api.problems import NotFound
from onepool.api.routers.identity.showing import segment_effects, view
from onepool.api.whom import customer, side_of, sources
from onepool.clock import Clock
from onepool.identity import decisions, read
from onepool.identity.read import Sources, Words, preview_types
from onepool.pool import customers
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/identity", tags=["identity"])
Reader = Annotated[Caller, Depends(Need(Permission.IDENTITY_READ))]
Decider = Annotated[Caller, Depends(Need(Permission.IDENTITY_DECIDE))]
AnyChange = MergeChange | NeverChange | SplitChange | BlockChange | UndoChange


@router.post("/preview")
def preview_identity_decision(body: ChangeRequest, who: Reader, ws: Workspace, desk: Desk) -> ChangePreview:
    """What a decision would do to customers and segments, computed with all evidence; nothing is kept."""
    seen = decisions.latest(ws.state)
    with ws.pool.read() as session:
        src = sources(ws, session)
        found = desk.preview_decision(change_of(src, body.change), body.segments)
        known = read.nodes(src, {n for shape in (*found.before, *found.after) for n in shape.identifiers})
        named = read.briefs(src, {shape.customer_id for shape in found.before}, ws.settings.currency)
    show, words = view(who, src, ws.settings.currency), Words(src.standard, src.registry)

    def shaped(shape: preview_types.Shape) -> ShapedCustomer:
        row = named[shape.customer_id].row if shape.customer_id in named else None
        return ShapedCustomer(
            customer_id=shape.customer_id,
            name=show.shown.name(row.attributes) if row else None,
            identifiers=[show.identifier(known[number]) for number in shape.identifiers if number in known],
        )

    return ChangePreview(
        customers_before=[shaped(shape) for shape in found.before],
        customers_after=[shaped(shape) for shape in found.after],
        merged=found.merged,
        split=found.split,
        identifiers_moved=found.identifiers_moved,
        segments=segment_effects(ws, found.segments),
        warnings=[Warned(code=one.code, text=titles(words.warning(one), one.code)) for one in found.warnings],
        seen=seen,
    )


@router.post("/decisions", status_code=status.HTTP_201_CREATED)
def create_identity_decision(
    body: Annotated[DecisionRequest, Body()], who: Decider, ws: Workspace, time: Time
) -> Decision:
    """Merge, split, keep apart or block. Refused (409) when somebody decided the same meanwhile."""
    with ws.pool.read() as session:
        src = sources(ws, session)
        made = _decide(src, time, body, who.actor)
        return view(who, src, ws.settings.currency).decisions(src, [made])[0]


@router.get("/decisions")
def list_identity_decisions(
    who: Reader,
    ws: Workspace,
    customer_id: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    page: Annotated[int, Query(ge=1, le=20_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Decisions:
    """The decisions, of all customers or about one, the latest first."""
    with ws.pool.read() as session:
        src = sources(ws, session)
        about = None if customer_id is None else customers.identifier_ids(session, customer(src, customer_id))
        rows, total = decisions.history(ws.state, about, offset=(page - 1) * size, limit=size)
        items = view(who, src, ws.settings.currency).decisions(src, rows)
    return Decisions(items=items, total=total, page=page, size=size)


@router.post("/decisions/{id}/undo")
def undo_identity_decision(
    id: Annotated[int, Path(ge=1, le=2**53)], body: UndoRequest, who: Decider, ws: Workspace, time: Time
) -> Decision:
    """Take a decision back: evidence and the decisions left say who is one customer. Gives the row of the undoing."""
    made = decisions.undo(ws.state, time, id, author=who.actor, reason=body.reason)
    with ws.pool.read() as session:
        src = sources(ws, session)
        return view(who, src, ws.settings.currency).decisions(src, [made])[0]


def change_of(src: Sources, change: AnyChange) -> preview_types.Change:
    """A change in the terms of decisions. Raises NotFound, WhomError and DecisionError."""
    if isinstance(change, UndoChange):
        return preview_types.Change("undo", decision=change.decision)
    if isinstance(change, BlockChange):
        return preview_types.Change("block", a=_identifier(src, change.identifier))
    if isinstance(change, SplitChange):
        part, rest, pairs = read.split_sides(src, customer(src, change.customer_id), change.identifiers)
        return preview_types.Change("split", a=part.anchor, b=rest.anchor, part=part.identifiers, pairs=tuple(pairs))
    one, other = (side_of(src, number) for number in (change.a, change.b))
    further = read.merge_pairs(src, one, other) if isinstance(change, MergeChange) else []
    return preview_types.Change(change.kind, a=one.anchor, b=other.anchor, pairs=tuple(further))


def _decide(src: Sources, time: Clock, body: DecisionRequest, author: str) -> decisions.Decision:
    if isinstance(body, BlockChange):
        return decisions.block(src.state, time, _identifier(src, body.identifier), author=author, reason=body.reason)
    if isinstance(body, SplitChange):
        part, rest, pairs = read.split_sides(src, customer(src, body.customer_id), body.identifiers)
        return decisions.split(src.state, time, part, rest, pairs, author=author, reason=body.reason, seen=body.seen)
    one, other = (side_of(src, number) for number in (body.a, body.b))
    if isinstance(body, MergeChange):
        further = read.merge_pairs(src, one, other)
        return decisions.merge(src.state, time, one, other, further, author=author, reason=body.reason, seen=body.seen)
    return decisions.never(src.state, time, one, other, author=author, reason=body.reason, seen=body.seen)


def _identifier(src: Sources, number: int) -> int:
    """The identifier to be blocked: the value, whoever has it. Raises NotFound."""
    found = read.nodes(src, [number]).get(number)
    if found is None:
        raise NotFound("there is no such identifier", where=str(number), code="identifier-unknown")
    return found.base
