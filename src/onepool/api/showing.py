"""From the read models, which hold values in clear, to what this caller may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from onepool.api.dictionary import event_titles, titles
from onepool.api.models.common import JsonObject, Titles
from onepool.api.models.customers import (
    AttributeValue,
    CustomerRow,
    IdentifierRef,
    IdentifierValue,
    Order,
    OrderLine,
    TimelineItem,
)
from onepool.pool.customers import Fact, Identifier, Row
from onepool.pool.timeline import Event, OrderRow
from onepool.privacy.masking import mask_email, mask_name, mask_phone
from onepool.privacy.roles import Permission
from onepool.standards import Standard
from onepool.standards.personal import Hidden, hidden_of

if TYPE_CHECKING:
    from onepool.api.access import Caller


@dataclass(frozen=True, slots=True)
class Shown:
    """Turns clear values into shown ones, for one caller under one standard."""

    standard: Standard
    hidden: Hidden
    with_names: bool
    with_codes: bool = False
    """Whether codes of coupons are shown whole."""

    def attribute(self, name: str, value: str) -> tuple[str, bool]:
        """The attribute's value as shown, and whether it is masked."""
        return self.hidden.attribute(name, value, self.with_names)

    def fields(self, fields: Mapping[str, Any]) -> JsonObject:
        """Fields of an event."""
        return cast(JsonObject, self.hidden.event(dict(fields), self.with_names))

    def traits(self, traits: Mapping[str, Any]) -> JsonObject:
        """What was said of a person."""
        return cast(JsonObject, self.hidden.person(dict(traits), self.with_names))

    def sample(self, text: str, *, of_thing: bool = False) -> str:
        """What was sent, whole or cut. `of_thing`: it describes a product, a store …"""
        return self.hidden.sample(text, self.with_names, of_thing=of_thing)

    def name(self, attributes: Mapping[str, str]) -> str | None:
        """What the customer is called: name, else first and last name, else nickname."""
        parts = [attributes[key] for key in ("first_name", "last_name") if attributes.get(key)]
        name = attributes.get("name") or " ".join(parts) or attributes.get("nickname")
        if not name:
            return None
        return name if self.with_names else mask_name(name)

    def row(self, row: Row, currency: str) -> CustomerRow:
        """A customer in a list."""
        return CustomerRow(
            customer_id=row.customer_id,
            name=self.name(row.attributes),
            phone=mask_phone(row.phone) if row.phone else None,
            email=mask_email(row.email) if row.email else None,
            first_seen=row.first_seen,
            last_seen=row.last_seen,
            orders=row.orders,
            spend=money(row.spend),
            currency=currency,
            tags=dict(row.tags),
            attributes={name: self.attribute(name, value)[0] for name, value in row.attributes.items()},
        )

    def fact(self, fact: Fact) -> AttributeValue:
        """An attribute on the customer page."""
        known = self.standard.attributes.get(fact.attribute)
        value, masked = self.attribute(fact.attribute, fact.value)
        meaning = (known.values or {}).get(fact.value) if known else None
        return AttributeValue(
            attribute=fact.attribute,
            title=titles(known.title if known else None, fact.attribute),
            value=value,
            value_title=None if meaning is None or masked else titles(meaning.title, value),
            masked=masked,
            time=fact.time,
            touchpoint=fact.touchpoint,
        )

    def identifier(self, identifier: Identifier) -> IdentifierValue:
        """An identifier on the customer page."""
        value, masked = self.hidden.identifier(identifier.type, identifier.value)
        return IdentifierValue(
            type=identifier.type,
            title=self.identifier_title(identifier.type),
            scope=identifier.scope,
            value=value,
            masked=masked,
            first_seen=identifier.first_seen,
            last_seen=identifier.last_seen,
            touchpoints=identifier.touchpoints,
        )

    def identifier_title(self, kind: str) -> Titles:
        """The title of an identifier type."""
        known = self.standard.identifier_types.get(kind)
        return titles(known.title if known else None, kind)

    def event(self, event: Event) -> TimelineItem:
        """An event in the timeline."""
        fields = self.fields({name: value for name, value in event.fields.items() if name != "items"})
        reference = None
        if event.identifier is not None:
            kind, scope, value = event.identifier
            reference = IdentifierRef(type=kind, scope=scope, value=self.hidden.identifier(kind, value)[0])
        return TimelineItem(
            event_id=str(event.event_id),
            event=event.event,
            title=event_titles(self.standard, event.event),
            time=event.time,
            received_at=event.received_at,
            channel=event.channel,
            touchpoint=event.touchpoint,
            amount=None if event.amount is None else money(event.amount),
            currency=event.currency,
            order_id=event.order_id,
            lines=[line(item) for item in event.items],
            fields=fields,
            identifier=reference,
        )


def shown(who: Caller, standard: Standard) -> Shown:
    """The view of this caller."""
    return Shown(standard, hidden_of(standard), who.may(Permission.CUSTOMERS_NAMES), who.may(Permission.COUPONS_CODES))


def shown_to_nobody(standard: Standard) -> Shown:
    """The view of one who may see nothing in clear: what commands print."""
    return Shown(standard, hidden_of(standard), with_names=False)


def order(row: OrderRow) -> Order:
    """An order; nothing personal is in it."""
    return Order(
        order_id=row.order_id,
        touchpoint=row.touchpoint,
        status=row.status,
        placed_at=row.placed_at,
        paid_at=row.paid_at,
        refunded_at=row.refunded_at,
        closed_at=row.closed_at,
        amount=None if row.amount is None else money(row.amount),
        discount=None if row.discount is None else money(row.discount),
        refunded_amount=None if row.refunded_amount is None else money(row.refunded_amount),
        currency=row.currency,
        store_id=row.store_id,
        lines=[line(item) for item in row.items],
    )


def line(item: Mapping[str, Any]) -> OrderLine:
    """A line of an order; members that a workspace added are left to SQL."""
    known = {name: item[name] for name in OrderLine.model_fields if item.get(name) is not None}
    return OrderLine.model_validate({k: money(v) if isinstance(v, Decimal) else v for k, v in known.items()})


def money(value: Decimal) -> Decimal:
    """An amount without the zeros that only the column's scale adds: 12.50, not 12.5000; at least two places."""
    exact = value.normalize()
    exponent = exact.as_tuple().exponent
    return exact if isinstance(exponent, int) and exponent < -2 else value.quantize(Decimal("0.01"))
