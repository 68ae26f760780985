"""Customers: list, page, timeline, orders, reasons."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from onepool.api.models.common import Instant, JsonObject, Model, Titles

CustomerSort = Literal[
    "-last_seen", "last_seen", "-first_seen", "first_seen", "-spend", "spend", "-orders", "orders", "customer_id"
]


class CustomerRow(Model):
    """A customer in a list. Phone, e-mail and other personal values are masked."""

    customer_id: int
    name: str | None
    phone: str | None = Field(examples=["138****5678"])
    email: str | None
    first_seen: Instant | None
    last_seen: Instant | None
    orders: int
    spend: Decimal = Field(description="Paid minus refunded, in the workspace's currency only.")
    currency: str
    tags: dict[str, str]
    attributes: dict[str, str]


class CustomerList(Model):
    """A page of customers."""

    items: list[CustomerRow]
    total: int
    approximate: bool = Field(description="True when `total` is an estimate.")
    page: int
    size: int
    matched_by: Literal["all", "customer_id", "identifier", "name"] = Field(
        description="How `q` was understood: as a customer number, an identifier value, or a part of a name."
    )


class AttributeValue(Model):
    """What is known of one attribute, and from where."""

    attribute: str
    title: Titles
    value: str
    value_title: Titles | None = Field(description="Of an enumerated value.")
    masked: bool
    time: Instant
    touchpoint: str | None


class TagValue(Model):
    """A tag of the customer."""

    tag: str
    title: Titles
    value: str
    value_titles: dict[str, Titles] = Field(
        description="Of its values, where they are called otherwise than they are kept."
    )
    number: float | None
    list: list[str] | None
    as_of: Instant | None


class SegmentOfCustomer(Model):
    """A segment that the customer is in."""

    segment: str
    title: Titles
    since: Instant


class IdentifierValue(Model):
    """An identifier, masked unless it names a thing and not a person's contact."""

    type: str
    title: Titles
    scope: str
    value: str
    masked: bool
    first_seen: Instant | None
    last_seen: Instant | None
    touchpoints: list[str]


class CustomerSummary(Model):
    """Orders and events in numbers. Money in the workspace's currency."""

    orders: int
    spend: Decimal
    currency: str
    other_currencies: dict[str, Decimal] = Field(description="Spend in other currencies, by code; never added up.")
    first_order: Instant | None
    last_order: Instant | None
    events: int


class CustomerPage(Model):
    """Everything on the customer page but the timeline and the orders."""

    customer_id: int
    alias_of: int | None = Field(description="Set when the number asked for was merged into this customer.")
    name: str | None
    first_seen: Instant | None
    last_seen: Instant | None
    attributes: list[AttributeValue]
    tags: list[TagValue]
    segments: list[SegmentOfCustomer]
    identifiers: list[IdentifierValue]
    summary: CustomerSummary
    channels: list[str] = Field(description="The channels with events, for the timeline's filter.")
    events: list[str] = Field(description="The event names that occur, for the timeline's filter.")


class IdentifierRef(Model):
    """The identifier under which an event happened."""

    type: str
    scope: str
    value: str


class OrderLine(Model):
    """One line of an order or of an event with items."""

    product_id: str | None = None
    sku_id: str | None = None
    name: str | None = None
    category: str | None = None
    brand: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    amount: Decimal | None = None
    discount: Decimal | None = None


class TimelineItem(Model):
    """One event."""

    event_id: str
    event: str
    title: Titles
    time: Instant
    received_at: Instant | None
    channel: str | None
    touchpoint: str | None
    amount: Decimal | None
    currency: str | None
    order_id: str | None
    lines: list[OrderLine]
    fields: JsonObject
    identifier: IdentifierRef | None


class Timeline(Model):
    """Events from the latest to the earliest."""

    items: list[TimelineItem]
    next: str | None = Field(description="Give it as `before` to get the next page; null at the end.")


class Order(Model):
    """One order."""

    order_id: str
    touchpoint: str | None
    status: str | None
    placed_at: Instant | None
    paid_at: Instant | None
    refunded_at: Instant | None
    closed_at: Instant | None
    amount: Decimal | None
    discount: Decimal | None
    refunded_amount: Decimal | None
    currency: str | None
    store_id: str | None
    lines: list[OrderLine]


class OrderList(Model):
    """Orders from the latest to the earliest."""

    items: list[Order]
    total: int
    page: int
    size: int


class Reason(Model):
    """Why something holds or not: a tree that mirrors the definition."""

    kind: str = Field(description="all, any, not, or the kind of leaf.", examples=["did"])
    place: str = Field(description="Path inside the definition.", examples=["all[2]"])
    sentence: Titles
    holds: bool | None = Field(description="Null where truth is not the question (figures of a tag).")
    figure: str | None = Field(description="What was found.", examples=["3"])
    event_ids: list[str] = Field(description="Up to five events that made it so.")
    children: list[Reason]


class TagWhy(Model):
    """Why the customer has this value of the tag."""

    tag: str
    value: str | None
    value_title: Titles | None = Field(description="Where it is called otherwise than it is kept.")
    at: Instant
    reason: Reason


class SegmentWhy(Model):
    """Why the customer is, or is not, in the segment."""

    segment: str
    member: bool
    at: Instant
    reason: Reason


class RevealRequest(Model):
    """Asks for unmasked values. The reason goes into the audit trail."""

    reason: str = Field(min_length=3, max_length=500)


class CopyRequest(Model):
    """Asks for a customer's copy of their data. The reason goes into the audit trail."""

    reason: str = Field(min_length=3, max_length=500)
    format: Literal["json", "csv"] = Field(default="json", description="Of the files in the zip.")


class RevealedValue(Model):
    """One value in clear."""

    kind: Literal["attribute", "identifier"]
    name: str
    scope: str
    value: str


class Revealed(Model):
    """The customer's personal values in clear."""

    customer_id: int
    values: list[RevealedValue]


Reason.model_rebuild()
