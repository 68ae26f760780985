"""A message as it is written: its variables, its links, and what it says on each channel."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from onepool.audience.conditions.parts import Part
from onepool.audience.conditions.values import Name, Text
from onepool.reach.naming import AddressableName

Category: TypeAlias = Literal["promotion", "service", "transactional"]
VariableType: TypeAlias = Literal["text", "number", "money", "date", "url", "coupon"]
Title: TypeAlias = dict[Literal["zh", "en"], str]

SOURCES: Final = ("trigger", "vars", "params", "attribute", "tag")
"""Where values come from: the event that started the run, what it saved, the journey's parameters, the customer."""

RUN_SOURCES: Final = frozenset({"trigger", "vars", "params"})

PREFERENCES: Final = "preferences"
"""The link that leads to the person's own preference page."""

UNSUBSCRIBE: Final = "unsubscribe_url"
"""In mails: the address that the mail's sender puts in (channels/email)."""

RESERVED: Final = frozenset(
    {"links", UNSUBSCRIBE, "true", "false", "nil", "null", "empty", "blank", "and", "or", "not", "contains", "in", "if",
     "else", "for", "with", "as"}
)  # fmt: skip

_SOURCE: Final = re.compile(r"\$?((?:trigger|vars|params|attribute|tag)\.[^\W\d]\w*(?:\.\w+)*)")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")


def _source(value: Any) -> str:
    found = _SOURCE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError(
            "value",
            "a source such as trigger.product_name, vars.coupon_code, params.x, attribute.city or tag.x is wanted",
        )
    return found[1]


def _identifier(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise PydanticCustomError("value", "a name of letters, digits and _ is wanted, at most 60 long")
    if value in RESERVED:
        raise PydanticCustomError("value", "this name has a meaning of its own in templates; take another one")
    return value


Source = Annotated[str, BeforeValidator(_source)]
Identifier = Annotated[str, BeforeValidator(_identifier)]


class Variable(Part):
    """A value that texts name. ``from``: where it comes from; ``default``: what stands where there is none.

    ``currency`` goes with money (by default the workspace's), ``format`` with dates (``%Y-%m-%d %H:%M``).
    """

    type: VariableType = "text"
    from_: Source | None = Field(default=None, alias="from")
    default: str | int | float | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    format: Text | None = None
    title: Title | Text | None = None


class Content(Part):
    """What is said on one channel. ``template``: its name, by which a journey's hop takes it."""

    template: Name
    channel: Name
    kind: Name | None = None
    touchpoint: Name | None = None
    title: Title | Text | None = None
    content: dict[str, Any] = Field(min_length=1, max_length=50)


class Message(Part):
    """One version of a message. ``purpose``: of the consent that is asked for (by default that of the category)."""

    message: AddressableName
    title: Title | Text | None = None
    note: Text | None = None
    category: Category = "promotion"
    purpose: Name | None = None
    campaign: Text | None = None
    variables: dict[Identifier, Variable] = Field(default_factory=dict, max_length=100)
    links: dict[Identifier, Text] = Field(default_factory=dict, max_length=20)
    contents: list[Content] = Field(min_length=1, max_length=20)

    def content(self, template: str | None, channel: str | None = None, kind: str | None = None) -> Content | None:
        """The content of that name; without a name the only one of the channel (and kind). None where there is none."""
        if template:
            return next((one for one in self.contents if one.template == template), None)
        found = [one for one in self.contents if one.channel == channel and (kind is None or one.kind in (None, kind))]
        return found[0] if len(found) == 1 else None
