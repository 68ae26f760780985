"""Identifiers by type and touchpoint; whose one was at an earlier time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from onepool.api.access import Caller, Need, Workspace
from onepool.api.models.identity_lists import CustomerThen, IdentifierList, ListedIdentifier
from onepool.api.problems import NotFound
from onepool.api.routers.identity.showing import view
from onepool.api.whom import sources, whom
from onepool.clock import from_micros, to_micros
from onepool.identity import read
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/identity", tags=["identity"])
Reader = Annotated[Caller, Depends(Need(Permission.IDENTITY_READ))]


@router.get("/identifiers")
def list_identifiers(
    who: Reader,
    ws: Workspace,
    type: Annotated[str, Query(max_length=64, description="A type of the standard, as `phone`.")],
    touchpoint: Annotated[str | None, Query(max_length=128, description="Only those that it named.")] = None,
    before: Annotated[int | None, Query(ge=0, description="`next` of the page before.")] = None,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> IdentifierList:
    """Identifiers of a type, the latest first; values are masked as on the customer page."""
    with ws.pool.read() as session:
        src = sources(ws, session)
        if type not in src.registry.types:
            raise NotFound("there is no such type of identifiers", where=type, hint="see /api/v1/identity/rules")
        found, following = read.identifiers(src, type, touchpoint, before=before, limit=size)
        known = read.briefs(src, {node.customer_id for node in found}, ws.settings.currency)
    show = view(who, src, ws.settings.currency)
    return IdentifierList(
        items=[
            ListedIdentifier(
                identifier=show.identifier(node),
                customer=show.brief(known[node.customer_id]).name if node.customer_id in known else None,
                first_seen=from_micros(node.first_seen),
                last_seen=from_micros(node.last_seen),
            )
            for node in found
        ],
        next=following,
    )


@router.get("/customer")
def read_customer_then(
    who: Reader,
    ws: Workspace,
    identifier: Annotated[str, Query(max_length=2_000, description='"identifier:12", or type@scope:value.')],
    at: Annotated[AwareDatetime, Query(description="An instant with its zone.")],
) -> CustomerThen:
    """Whose an identifier was, as the last tick at or before an instant left it."""
    with ws.pool.read() as session:
        src = sources(ws, session)
        instant = to_micros(at)
        # Of a value that was handed on: the owner whose turn it was.
        owners = whom(src, identifier, ws.settings.country)
        node = next((one for one in reversed(owners) if (one.valid_from or 0) <= instant), owners[0])
        then = read.customers_at(src, [node.identifier_id], instant)
    show = view(who, src, ws.settings.currency)
    return CustomerThen(
        identifier=show.identifier(node), at=at, customer_id=then.get(node.identifier_id, node.customer_id)
    )
