"""Customers: search, page, timeline, orders, reasons, and values in clear for those who may."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import StreamingResponse

from onepool.api import audience
from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.copying import copy_customer
from onepool.api.cursor import from_cursor, to_cursor
from onepool.api.dictionary import titles, value_titles
from onepool.api.lookup import LONGEST, spellings, understand
from onepool.api.models.customers import (
    CopyRequest,
    CustomerList,
    CustomerPage,
    CustomerSort,
    CustomerSummary,
    OrderList,
    Revealed,
    RevealedValue,
    RevealRequest,
    SegmentOfCustomer,
    SegmentWhy,
    TagValue,
    TagWhy,
    Timeline,
)
from onepool.api.problems import NotFound
from onepool.api.showing import money, order, shown
from onepool.pool import customers, timeline
from onepool.pool.engine import Session
from onepool.privacy import audit
from onepool.privacy.roles import Permission
from onepool.standards.personal import hidden_of

router = APIRouter(prefix="/customers", tags=["customers"])
_IN_MEMORY = 4 << 20
Reader = Annotated[Caller, Depends(Need(Permission.CUSTOMERS_READ))]
CustomerId = Annotated[int, Path(ge=0, le=2**53)]
PageNumber = Annotated[int, Query(ge=1, le=20_000)]
PageSize = Annotated[int, Query(ge=1, le=200)]
NameText = Annotated[str | None, Query(max_length=200)]


@router.get("")
def search_customers(
    who: Reader,
    ws: Workspace,
    q: Annotated[str, Query(max_length=LONGEST)] = "",
    segment: NameText = None,
    tag: NameText = None,
    tag_value: NameText = None,
    sort: CustomerSort = "-last_seen",
    page: PageNumber = 1,
    size: PageSize = 50,
) -> CustomerList:
    """Find customers. `q`: a phone number, e-mail address or any other identifier, a customer number, or a name."""
    standard, currency = ws.standard(), ws.settings.currency
    with ws.pool.read() as session:
        meaning = understand(session, q, spellings(q, ws.settings.country))
        rows, total = customers.search(
            session,
            customers.Search(meaning.customers, meaning.name, segment, tag, tag_value),
            attributes=list(standard.attributes),
            currency=currency,
            order=sort,
            offset=(page - 1) * size,
            limit=size,
        )
    view = shown(who, standard)
    return CustomerList(
        items=[view.row(row, currency) for row in rows],
        total=total,
        approximate=False,
        page=page,
        size=size,
        matched_by=meaning.kind,
    )


@router.get("/{customer_id}")
def read_customer(customer_id: CustomerId, who: Reader, ws: Workspace) -> CustomerPage:
    """One customer: attributes, tags, segments, identifiers and a summary. Merged numbers still resolve."""
    standard, currency = ws.standard(), ws.settings.currency
    with ws.pool.read() as session:
        present = _present(session, customer_id)
        page = customers.page(session, present, currency=currency)
    view = shown(who, standard)
    tag_titles = {item.name: item.body.get("title") for item in ws.definitions.current("tag")}
    segment_titles = {item.name: item.body.get("title") for item in ws.definitions.current("segment")}
    names = audience.context(ws).names
    return CustomerPage(
        customer_id=present,
        alias_of=present if present != customer_id else None,
        name=view.name({fact.attribute: fact.value for fact in page.facts}),
        first_seen=page.first_seen,
        last_seen=page.last_seen,
        attributes=[view.fact(fact) for fact in page.facts],
        tags=[
            TagValue(
                tag=tag.tag,
                title=titles(tag_titles.get(tag.tag), tag.tag),
                value=tag.value,
                value_titles=value_titles(names, f"tag:{tag.tag}", tag.list or [tag.value]),
                number=tag.number,
                list=tag.list,
                as_of=tag.as_of,
            )
            for tag in page.tags
        ],
        segments=[
            SegmentOfCustomer(segment=name, title=titles(segment_titles.get(name), name), since=since)
            for name, since in page.segments
        ],
        identifiers=[view.identifier(identifier) for identifier in page.identifiers],
        summary=CustomerSummary(
            orders=page.orders,
            spend=money(page.spend),
            currency=currency,
            other_currencies={code: money(spend) for code, spend in page.other_currencies.items()},
            first_order=page.first_order,
            last_order=page.last_order,
            events=page.events,
        ),
        channels=page.channels,
        events=page.event_names,
    )


@router.get("/{customer_id}/timeline")
def read_timeline(
    customer_id: CustomerId,
    who: Reader,
    ws: Workspace,
    before: Annotated[str | None, Query(max_length=60, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    event: NameText = None,
    channel: NameText = None,
) -> Timeline:
    """The customer's events over all channels, the latest first."""
    standard = ws.standard()
    with ws.pool.read() as session:
        present = _present(session, customer_id)
        events, following = timeline.events(
            session,
            None,
            columns=standard.columns,
            before=from_cursor(before) if before else None,
            limit=limit,
            event=event,
            channel=channel,
            customer=present,
            index=ws.behaviour,
        )
    view = shown(who, standard)
    return Timeline(items=[view.event(item) for item in events], next=to_cursor(following) if following else None)


@router.get("/{customer_id}/orders")
def list_customer_orders(
    customer_id: CustomerId, _who: Reader, ws: Workspace, page: PageNumber = 1, size: PageSize = 50
) -> OrderList:
    """The customer's orders, the latest first."""
    with ws.pool.read() as session:
        ids = customers.identifier_ids(session, _present(session, customer_id))
        rows, total = timeline.orders(session, ids, offset=(page - 1) * size, limit=size)
    return OrderList(items=[order(row) for row in rows], total=total, page=page, size=size)


@router.get("/{customer_id}/tags/{tag}/why")
def explain_customer_tag(customer_id: CustomerId, tag: str, who: Reader, ws: Workspace, time: Time) -> TagWhy:
    """Why the customer has this value of the tag, or none."""
    with ws.pool.read() as session:
        present = _present(session, customer_id)
        return audience.why_tag(ws, session, present, tag, time.now(), shown(who, ws.standard()))


@router.get("/{customer_id}/segments/{segment}/why")
def explain_customer_segment(
    customer_id: CustomerId, segment: str, who: Reader, ws: Workspace, time: Time
) -> SegmentWhy:
    """Why the customer is in the segment, or not."""
    with ws.pool.read() as session:
        present = _present(session, customer_id)
        return audience.why_segment(ws, session, present, segment, time.now(), shown(who, ws.standard()))


@router.post("/{customer_id}/reveal")
def reveal_customer(
    customer_id: CustomerId,
    body: RevealRequest,
    who: Annotated[Caller, Depends(Need(Permission.CUSTOMERS_REVEAL))],
    ws: Workspace,
    time: Time,
) -> Revealed:
    """The customer's masked values in clear. Who asked, when and why is kept before the answer is given."""
    hidden = hidden_of(ws.standard())
    with ws.pool.read() as session:
        present = _present(session, customer_id)
        page = customers.page(session, present, currency=ws.settings.currency)
    audit.record(ws.state, time, who.actor, "customer.reveal", f"customer:{present}", {"reason": body.reason})
    values = [
        RevealedValue(kind="attribute", name=fact.attribute, scope="", value=fact.value)
        for fact in page.facts
        if hidden.attribute(fact.attribute, fact.value, with_names=False)[1]
    ]
    values += [
        RevealedValue(kind="identifier", name=identifier.type, scope=identifier.scope, value=identifier.value)
        for identifier in page.identifiers
        if hidden.identifier(identifier.type, identifier.value)[1]
    ]
    return Revealed(customer_id=present, values=values)


@router.post("/{customer_id}/copy", response_class=StreamingResponse)
def take_customer_copy(
    customer_id: CustomerId,
    body: CopyRequest,
    who: Annotated[Caller, Depends(Need(Permission.CUSTOMERS_REVEAL))],
    ws: Workspace,
    time: Time,
) -> StreamingResponse:
    """All that is kept about the customer, in clear, as a zip for them. Who asked, when and why is kept first."""
    with ws.pool.read() as session:
        present = _present(session, customer_id)
    # Made before it is sent: it is of one instant, holds no snapshot while it travels, and a fault is an answer.
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 (closed when it has been sent)
    try:
        copy_customer(ws, time, present, file, form=body.format, actor=who.actor, reason=body.reason)
    except BaseException:
        file.close()
        raise
    headers = {"Content-Disposition": f'attachment; filename="customer-{present}.zip"', "Cache-Control": "no-store"}
    return StreamingResponse(_portions(file), media_type="application/zip", headers=headers)


def _portions(file: IO[bytes]) -> Iterator[bytes]:
    """A file from its beginning, a portion at a time; closed behind it."""
    with file:
        file.seek(0)
        while portion := file.read(1 << 16):
            yield portion


def _present(session: Session, customer_id: int) -> int:
    """The present customer of a number, which may be an old one."""
    present = customers.resolve(session, customer_id)
    if present is None:
        raise NotFound("there is no customer with this number", where=str(customer_id), code="customer-unknown")
    return present
