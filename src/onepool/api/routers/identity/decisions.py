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
from onepool.api.problems import Conflict, Invalid, NotFound
from onepool.api.routers.identity.showing import segment_effects, view
from onepool.api.whom import sources
from onepool.clock import Clock
from onepool.identity import decisions, read
from onepool.identity.decisions import Side
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
        found = desk.preview_decision(change_of(src, body.change))
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
        try:
            made = _decide(src, time, body, who.actor)
        except decisions.Decided as error:
            raise Conflict(error.message, where=error.where, hint=error.hint, code=error.code) from error
        except decisions.DecisionError as error:
            raise Invalid(error.message, where=error.where, hint=error.hint, code=error.code) from error
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
        about = None if customer_id is None else customers.identifier_ids(session, _present(src, customer_id))
        rows, total = decisions.history(ws.state, about, offset=(page - 1) * size, limit=size)
        items = view(who, src, ws.settings.currency).decisions(src, rows)
    return Decisions(items=items, total=total, page=page, size=size)


@router.post("/decisions/{id}/undo")
def undo_identity_decision(
    id: Annotated[int, Path(ge=1, le=2**53)], body: UndoRequest, who: Decider, ws: Workspace, time: Time
) -> Decision:
    """Take a decision back: evidence and the decisions left say who is one customer. Gives the row of the undoing."""
    try:
        made = decisions.undo(ws.state, time, id, author=who.actor, reason=body.reason)
    except decisions.Decided as error:
        raise Conflict(error.message, where=error.where, code=error.code) from error
    except decisions.DecisionError as error:
        raise NotFound(error.message, where=error.where, code=error.code) from error
    with ws.pool.read() as session:
        src = sources(ws, session)
        return view(who, src, ws.settings.currency).decisions(src, [made])[0]


def change_of(src: Sources, change: AnyChange) -> preview_types.Change:
    """A change in the terms of decisions. Raises NotFound and Invalid."""
    if isinstance(change, UndoChange):
        return preview_types.Change("undo", decision=change.decision)
    if isinstance(change, BlockChange):
        return preview_types.Change("block", a=_identifier(src, change.identifier))
    if isinstance(change, SplitChange):
        part, rest, pairs = _split(src, change)
        return preview_types.Change("split", a=part.anchor, b=rest.anchor, part=part.identifiers, pairs=tuple(pairs))
    one, other = (_side(src, number) for number in (change.a, change.b))
    return preview_types.Change(change.kind, a=one.anchor, b=other.anchor)


def _decide(src: Sources, time: Clock, body: DecisionRequest, author: str) -> decisions.Decision:
    if isinstance(body, BlockChange):
        return decisions.block(src.state, time, _identifier(src, body.identifier), author=author, reason=body.reason)
    if isinstance(body, SplitChange):
        part, rest, pairs = _split(src, body)
        return decisions.split(src.state, time, part, rest, pairs, author=author, reason=body.reason, seen=body.seen)
    rule = decisions.merge if isinstance(body, MergeChange) else decisions.never
    one, other = (_side(src, number) for number in (body.a, body.b))
    return rule(src.state, time, one, other, author=author, reason=body.reason, seen=body.seen)


def _split(src: Sources, change: SplitChange) -> tuple[Side, Side, list[tuple[int, int]]]:
    """Both sides of a split and the pairs to be cut."""
    customer = _present(src, change.customer_id)
    found = read.graph(src, customer)
    own, part = set(found.members), set(change.identifiers)
    if not part <= own:
        raise Invalid(
            f"identifier {min(part - own)} is not this customer's (any more)", where="identifiers", hint="load it anew"
        )
    if part == own:
        raise Invalid("a split leaves something behind", where="identifiers", hint="name some identifiers, not all")
    pairs = read.pairs_between(found, part)
    return read.side(src, customer, sorted(part)), read.side(src, customer, sorted(own - part)), pairs


def _side(src: Sources, customer_id: int) -> Side:
    return read.side(src, _present(src, customer_id))


def _identifier(src: Sources, number: int) -> int:
    if number not in read.nodes(src, [number]):
        raise NotFound("there is no such identifier", where=str(number), code="identifier-unknown")
    return number


def _present(src: Sources, customer_id: int) -> int:
    present = customers.resolve(src.session, customer_id)
    if present is None:
        raise NotFound("there is no customer with this number", where=str(customer_id), code="customer-unknown")
    return present
