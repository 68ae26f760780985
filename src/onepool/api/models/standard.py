"""The data standard."""

from __future__ import annotations

from pydantic import Field

from onepool.api.models.common import Model, Titles


class StandardField(Model):
    """One field of an event or an object, or one attribute."""

    name: str
    title: Titles
    type: str = Field(examples=["money"])
    required: bool
    personal: str | None = Field(description="Class of personal data; null when none.", examples=["contact"])
    values: list[str]


class StandardEvent(Model):
    """One event type."""

    name: str
    title: Titles
    group: str | None
    fields: list[StandardField]


class StandardObject(Model):
    """One kind of business object."""

    name: str
    title: Titles
    fields: list[StandardField]


class StandardIdentifier(Model):
    """One identifier type."""

    name: str
    title: Titles
    strength: str | None = Field(examples=["strong"])
    personal: str | None


class StandardDocument(Model):
    """The dictionary that the pool admits."""

    version: str
    events: list[StandardEvent]
    attributes: list[StandardField]
    objects: list[StandardObject]
    identifiers: list[StandardIdentifier]
    item_fields: list[StandardField] = Field(description="Fields of the lines of an order.")
