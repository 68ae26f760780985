"""The list of those who get nothing: look, add, lift. Nothing is ever deleted from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, status
from sqlalchemy import Connection, and_, select

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.lookup import spellings
from onepool.api.models.consents import (
    SuppressionAdded,
    SuppressionInput,
    SuppressionLift,
    SuppressionList,
    SuppressionRow,
)
from onepool.api.problems import NotFound
from onepool.api.workspace import WorkspaceLike
from onepool.clock import to_micros
from onepool.identity.keys import key_of
from onepool.pool import customers
from onepool.privacy.audit import record_in
from onepool.privacy.masking import mask_text
from onepool.privacy.roles import Permission
from onepool.reach import suppression
from onepool.reach.spelling import ALL, channels_of, check_spelling
from onepool.reach.suppression import Suppression, SuppressionError
from onepool.standards.personal import hidden_of
from onepool.state.schema import identifiers

router = APIRouter(prefix="/suppressions", tags=["suppressions"])
Reader = Annotated[Caller, Depends(Need(Permission.CONSENTS_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.CONSENTS_WRITE))]
Number = Annotated[int, Path(ge=1, le=2**53)]
Text = Annotated[str | None, Query(max_length=64)]

_OF_ONE = 200


@router.get("")
def list_suppressions(
    _who: Reader,
    ws: Workspace,
    customer: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    channel: Text = None,
    reason: Text = None,
    live: Annotated[bool, Query(description="Only entries that hold now.")] = True,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> SuppressionList:
    """Entries, the latest first."""
    nodes = None if customer is None else _nodes(ws, customer)
    at = to_micros(ws.clock.now()) if live else None
    with ws.state.read() as connection:
        found = suppression.entries(
            connection, nodes=nodes, channel=channel, reason=reason, live_at=at, before=before, limit=limit + 1
        )
        total = suppression.count(connection, channel=channel, reason=reason, live_at=at)
    shown = found[:limit]
    return SuppressionList(items=rows(ws, shown), total=total, next=shown[-1].id if len(found) > limit else None)


@router.post("", status_code=status.HTTP_201_CREATED)
def add_suppression(body: SuppressionInput, who: Writer, ws: Workspace, time: Time) -> SuppressionAdded:
    """Put a customer, or addresses, on the list."""
    if (body.customer_id is None) == (not body.addresses) or (body.addresses and body.type is None):
        raise SuppressionError(
            "name a customer, or addresses and their type",
            hint='{"customer_id": 7} or {"type": "phone", "addresses": []}',
        )
    channels = channels_of(ws.standard(), (one.channel for one in ws.touchpoints().values()))
    check_spelling(body.channel, ALL, body.category, channels=channels)
    now = time.now()
    note = mask_text(body.note)
    until = None if body.until is None else to_micros(body.until)
    ids: list[int] = []
    known = unknown = 0
    if body.customer_id is not None:
        _nodes(ws, body.customer_id)
    with ws.state.write() as connection:
        people: list[int | None] = [body.customer_id]
        addresses: list[int | None] = [None]
        if body.customer_id is None:
            addresses, unknown = _addresses(ws, connection, body)
            people = [None] * len(addresses)
        for person, address in zip(people, addresses, strict=True):
            made = suppression.add(
                connection, at=to_micros(now), reason="manual", source="api", customer_id=person, identifier_id=address,
                channel=body.channel, category=body.category, until=until, author=who.actor, note=note,
            )  # fmt: skip
            known += made is None
            ids += [made] if made is not None else []
        subject = f"customer:{body.customer_id}" if body.customer_id is not None else f"addresses:{len(addresses)}"
        detail = {"added": len(ids), "channel": body.channel, "category": body.category, "note": note}
        record_in(connection, time, who.actor, "suppression.add", subject, detail)  # type: ignore[arg-type]
    return SuppressionAdded(ids=ids, known=known, unknown=unknown)


@router.post("/{id}/lift")
def lift_suppression(id: Number, body: SuppressionLift, who: Writer, ws: Workspace, time: Time) -> SuppressionRow:
    """Take an entry off the list; it stays readable with who did so."""
    with ws.state.write() as connection:
        found = suppression.find(connection, id)
        if found is None:
            raise NotFound("there is no such entry", where=str(id), code="suppression-unknown")
        if found.reason == "erased" or (found.reason == "opted_out" and found.lifted is None):
            raise SuppressionError(
                "what a person asked for is not for others to lift", where=str(id),
                hint="the person can give consent again on their preference page",
            )  # fmt: skip
        suppression.lift(connection, [id], to_micros(time.now()), who.actor)
        record_in(
            connection, time, who.actor, "suppression.lift", f"suppression:{id}", {"reason": mask_text(body.reason)}
        )
        found = suppression.find(connection, id)
    assert found is not None
    return rows(ws, [found])[0]


def of_nodes(ws: WorkspaceLike, nodes: Sequence[int]) -> list[SuppressionRow]:
    """Entries about any of these identifiers, or of whoever bears them, lifted ones too."""
    with ws.state.read() as connection:
        return rows(ws, suppression.entries(connection, nodes=nodes, limit=_OF_ONE))


def rows(ws: WorkspaceLike, found: Sequence[Suppression]) -> list[SuppressionRow]:
    """Entries as they are shown: with the customer of now, and the address masked."""
    now = ws.clock.now()
    addresses: dict[int, str] = {}
    hidden = hidden_of(ws.standard())
    with ws.state.read() as connection:
        wanted = sorted({one.identifier_id for one in found if one.identifier_id is not None})
        query = select(identifiers.c.id, identifiers.c.type, identifiers.c.value).where(identifiers.c.id.in_(wanted))
        for row in connection.execute(query):
            addresses[row.id] = f"{row.type}:{hidden.identifier(row.type, row.value)[0]}"
    numbers = sorted({number for one in found for number in (one.customer_id, one.identifier_id) if number is not None})
    present: dict[int, int] = {}
    if numbers:
        table = ws.pool.query(
            "SELECT identifier_id, customer_id FROM customer_of WHERE identifier_id IN (SELECT unnest($ids))",
            {"ids": numbers},
        )
        present = {row["identifier_id"]: row["customer_id"] for row in table.to_pylist()}
    return [
        SuppressionRow(
            id=one.id,
            customer_id=present.get(one.customer_id if one.customer_id is not None else one.identifier_id or -1),
            address=addresses.get(one.identifier_id) if one.identifier_id is not None else None,
            channel=one.channel,
            category=one.category,
            purpose=one.purpose,
            reason=one.reason,
            source=one.source,
            at=one.at,
            until=one.until,
            lifted=one.lifted,
            lifted_by=one.lifted_by,
            author=one.author,
            note=one.note,
            live=one.live(now),
        )
        for one in found
    ]


def _nodes(ws: WorkspaceLike, customer: int) -> list[int]:
    with ws.pool.read() as session:
        present = customers.resolve(session, customer)
        if present is None:
            raise NotFound("there is no customer with this number", where=str(customer), code="customer-unknown")
        return customers.identifier_ids(session, present)


def _addresses(ws: WorkspaceLike, connection: Connection, body: SuppressionInput) -> tuple[list[int | None], int]:
    """The identifiers of addresses as they are typed, of a number that was handed on its present owner's; how many
    nobody has."""
    assert body.type is not None
    keys = {
        address: [key_of(body.type, "", form) for form in spellings(address, ws.settings.country)]
        for address in dict.fromkeys(body.addresses)
    }
    flat = [key for forms in keys.values() for key in forms]
    known: dict[bytes, int] = {}
    for start in range(0, len(flat), 500):
        query = select(identifiers.c.key, identifiers.c.id).where(identifiers.c.key.in_(flat[start : start + 500]))
        known |= {bytes(row.key): row.id for row in connection.execute(query)}
    nodes = [next((known[key] for key in forms if key in known), None) for forms in keys.values()]
    found = sorted({node for node in nodes if node is not None})
    owners, now = dict(zip(found, found, strict=True)), to_micros(ws.clock.now())
    for start in range(0, len(found), 500):
        tenure = and_(identifiers.c.base.in_(found[start : start + 500]), identifiers.c.valid_from <= now)
        handed = select(identifiers.c.base, identifiers.c.id).where(tenure).order_by(identifiers.c.valid_from)
        owners |= {row.base: row.id for row in connection.execute(handed)}
    return [*sorted(owners.values())], sum(node is None for node in nodes)
