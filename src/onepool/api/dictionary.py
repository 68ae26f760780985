"""The data standard, channels and titles in the shapes of the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from onepool.api.models.common import Titles
from onepool.api.models.segments import EventName, FieldName
from onepool.api.models.standard import (
    StandardDocument,
    StandardEvent,
    StandardField,
    StandardIdentifier,
    StandardObject,
)
from onepool.audience.conditions import Names
from onepool.audience.tags.value_titles import group_title, titled
from onepool.standards import Attribute, Field, FieldType, Personal, Standard


def titles(title: Mapping[Any, str] | str | None, name: str) -> Titles:
    """A title in both languages; where one is missing the other stands in, else the name."""
    if isinstance(title, str):
        return Titles(zh=title, en=title)
    given = dict(title or {})
    zh = given.get("zh") or given.get("en") or name
    return Titles(zh=zh, en=given.get("en") or zh)


def channel_titles(standard: Standard, channel: str) -> Titles:
    """The title of a channel; an unknown channel is called by its name."""
    known = standard.channels.get(channel)
    return titles(known.title if known else None, channel)


def event_titles(standard: Standard, event: str) -> Titles:
    """The title of an event; an unknown event is called by its name."""
    known = standard.events.get(event)
    return titles(known.title if known else None, event)


def document(standard: Standard) -> StandardDocument:
    """All of the standard."""
    return StandardDocument(
        version=standard.version,
        events=[
            StandardEvent(
                name=name,
                title=titles(event.title, name),
                group=event.group,
                fields=_fields(standard, standard.event_fields(name), event.required),
            )
            for name, event in standard.events.items()
        ],
        attributes=[_field(name, attribute, False) for name, attribute in standard.attributes.items()],
        objects=[
            StandardObject(
                name=name,
                title=titles(kind.title, name),
                fields=_fields(
                    standard, (kind.id, *(f for f in kind.fields if f != kind.id)), (kind.id, *kind.required)
                ),
            )
            for name, kind in standard.objects.items()
        ],
        identifiers=[
            StandardIdentifier(
                name=name,
                title=titles(kind.title, name),
                strength=kind.strength.value,
                personal=_personal(kind.personal),
            )
            for name, kind in standard.identifier_types.items()
        ],
        item_fields=_fields(standard, standard.item_fields, ()),
    )


def condition_events(standard: Standard, kept: Iterable[str]) -> list[EventName]:
    """The events with the fields that a condition may ask about; those of order lines as `items.NAME`.

    `kept`: events that came in though the standard does not know them; their fields are open.
    """
    lines = [_condition_field(f"items.{name}", standard.fields[name]) for name in standard.item_fields]
    events = []
    for name, event in standard.events.items():
        fields = [standard.fields[field] for field in standard.event_fields(name) if field in standard.fields]
        plain = [_condition_field(field.name, field) for field in fields if field.type is not FieldType.ITEMS]
        has_lines = any(field.type is FieldType.ITEMS for field in fields)
        events.append(
            EventName(
                name=name,
                title=titles(event.title, name),
                group=event.group,
                fields=plain + lines if has_lines else plain,
            )
        )
    events += [EventName(name=name, title=titles(None, name), group=None, fields=[]) for name in kept]
    return events


def condition_attributes(standard: Standard) -> list[FieldName]:
    """The attributes that a condition may ask about."""
    return [_condition_field(name, attribute) for name, attribute in standard.attributes.items()]


def value_titles(names: Names, of: str, some: Iterable[str] | None = None) -> dict[str, Titles]:
    """The titles of values, by value. `of`: what they are values of (`tag:x`, `attribute:x`, `field:x`); `some`: only
    these."""
    head = f"value:{of}:"
    if some is None:
        return {value: titles(words, value) for value, words in titled(names.titles, head).items()}
    tag = names.tags.get(of.removeprefix("tag:")) if of.startswith("tag:") else None
    found: dict[str, Titles] = {}
    for value in some:
        words = names.titles.get(head + value)
        if words is None and tag is not None and tag.groups:
            words = group_title(value, names.titles)
        if words is not None:
            found[value] = titles(words, value)
    return found


def _condition_field(name: str, field: Field | Attribute) -> FieldName:
    known = field.values or {}
    return FieldName(
        name=name,
        title=titles(field.title, name),
        type=field.type.value,
        values=list(known),
        value_titles={value: titles(one.title, value) for value, one in known.items()},
    )


def _fields(standard: Standard, names: Iterable[str], required: Iterable[str]) -> list[StandardField]:
    wanted = set(required)
    return [_field(name, standard.fields[name], name in wanted) for name in names if name in standard.fields]


def _field(name: str, field: Field | Attribute, required: bool) -> StandardField:
    return StandardField(
        name=name,
        title=titles(field.title, name),
        type=field.type.value,
        required=required,
        personal=_personal(field.personal),
        values=list(field.values or ()),
    )


def _personal(personal: Personal) -> str | None:
    return None if personal is Personal.NONE else personal.value
