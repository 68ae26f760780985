"""Leaves about how a customer stands, as they are written."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from onepool.audience.conditions.parts import Part
from onepool.audience.conditions.values import Name


class Consent(Part):
    """A purpose, and the channel and category of messages that it is for."""

    purpose: Name
    channel: Name | None = None
    category: Name | None = None


class ConsentLeaf(Part):
    """The latest word of the customer on this purpose (and channel, and category of messages) is yes."""

    consent: Consent


def _bare_channel(value: Any) -> Any:
    return {"channel": value} if isinstance(value, str) else value


class Reachable(Part):
    """A channel, or one touchpoint of it."""

    channel: Name
    touchpoint: Name | None = None


class ReachableLeaf(Part):
    """The customer has a live, permitted address on the channel."""

    reachable: Annotated[Reachable, BeforeValidator(_bare_channel)]


class ListLeaf(Part):
    """The customer is on a list."""

    list: Name
