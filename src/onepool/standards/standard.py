"""The data standard in force, and how to find things in it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property

from onepool.standards.faults import Fault
from onepool.standards.model import Attribute, Channel, EventType, Field, FieldType, IdentifierType, ObjectType, SqlType
from onepool.standards.names import Names, loose
from onepool.standards.normalise import money, scalars


class Standard:
    """The data standard in force. Made by `load_standard`; equal content has an equal `version`."""

    def __init__(
        self,
        *,
        events: dict[str, EventType],
        fields: dict[str, Field],
        objects: dict[str, ObjectType],
        attributes: dict[str, Attribute],
        identifier_types: dict[str, IdentifierType],
        channels: dict[str, Channel],
        item_fields: tuple[str, ...],
        item_aliases: dict[str, str],
        blocked: tuple[str, ...],
        version: str,
    ) -> None:
        self.events = events
        self.fields = fields
        self.objects = objects
        self.attributes = attributes
        self.identifier_types = identifier_types
        self.channels = channels
        self.item_fields = item_fields
        self.item_aliases = item_aliases
        self.blocked = frozenset(value.casefold() for value in blocked)
        self.version = version

    @cached_property
    def common(self) -> tuple[str, ...]:
        """Fields that any event may carry."""
        return tuple(name for name, field in self.fields.items() if field.common)

    @cached_property
    def context_tops(self) -> frozenset[str]:
        """The parts of a sender's context from which fields are taken."""
        return frozenset(path.partition(".")[0] for name in self.common for path in self.fields[name].context)

    @cached_property
    def secret(self) -> tuple[str, ...]:
        """Fields that are read wherever they turn up, even in unknown events, since they may not stay in clear."""
        return tuple(name for name, field in self.fields.items() if field.type is FieldType.ID_CARD)

    @cached_property
    def columns(self) -> dict[str, SqlType]:
        """The typed columns of the pool's events: every scalar field of any event, in the order of the dictionary."""
        used = set(self.common).union(*(event.fields for event in self.events.values()))
        return {
            name: field.sql for name, field in self.fields.items() if name in used and field.type is not FieldType.ITEMS
        }

    @cached_property
    def item_columns(self) -> dict[str, SqlType]:
        """The members of one order line."""
        return {name: self.fields[name].sql for name in self.item_fields}

    def event_fields(self, event: str) -> tuple[str, ...]:
        """All fields the event may carry, its own first."""
        own = self.events[event].fields
        return own + tuple(name for name in self.common if name not in own)

    def event_named(self, name: str) -> EventType | None:
        """The event that a sender means by `name` ("Order Completed", "order_paid", "付款"), or None."""
        found = self.event_names.find(name)
        return None if found is None else self.events[found]

    def object_named(self, name: str) -> ObjectType | None:
        """The kind of object that a sender means by `name`, or None."""
        found = self.object_names.find(name)
        return None if found is None else self.objects[found]

    def attribute_named(self, name: str) -> Attribute | None:
        """The attribute that a sender means by `name`, or None."""
        found = self.attribute_names.find(name)
        return None if found is None else self.attributes[found]

    def identifier_named(self, name: str) -> IdentifierType | None:
        """The identifier type that a sender means by `name`, or None."""
        found = self.identifier_names.find(name)
        return None if found is None else self.identifier_types[found]

    def field_named(self, name: str, *, event: str | None = None, kind: str | None = None) -> Field | None:
        """The field that a sender means by `name`, in this event or kind of object where that matters, or None."""
        aliases: Mapping[str, str] = {}
        if event is not None and event in self.events:
            aliases = self.events[event].aliases
        elif kind is not None and kind in self.objects:
            aliases = self.objects[kind].aliases
        alias = self.alias(aliases, name)
        found = alias or self.field_names.find(name)
        return None if found is None else self.fields[found]

    @staticmethod
    def amount(written: str) -> tuple[Decimal | None, str] | None:
        """A written amount of money, and the sign or code of the currency that it names (empty: none).

        Without an amount where the text says that nothing is there; None where it is no amount.
        """
        try:
            found = money.money(written)
        except Fault:
            return None
        if found is None:
            return None, ""
        return found[0], "" if found[1] is None else money.sign(found[1], found[2])

    @staticmethod
    def number(written: str) -> float | None:
        """A written number; None where it is none or nothing is there."""
        try:
            return scalars.number(written)
        except Fault:
            return None

    @staticmethod
    def alias(aliases: Mapping[str, str], name: str) -> str | None:
        """The field that `name` stands for by these aliases, or None."""
        if name in aliases:
            return aliases[name]
        key = loose(name)
        return next((field for alias, field in aliases.items() if loose(alias) == key), None)

    @cached_property
    def field_names(self) -> Names:
        """Names of fields without regard to an event."""
        return Names({name: (field.synonyms, field.title) for name, field in self.fields.items()})

    @cached_property
    def attribute_names(self) -> Names:
        """Names of attributes."""
        return Names({name: (item.synonyms, item.title) for name, item in self.attributes.items()})

    @cached_property
    def event_names(self) -> Names:
        """Names of events."""
        return Names({name: (item.synonyms, item.title) for name, item in self.events.items()})

    @cached_property
    def object_names(self) -> Names:
        """Names of kinds of objects."""
        return Names({name: (item.synonyms, item.title) for name, item in self.objects.items()})

    @cached_property
    def identifier_names(self) -> Names:
        """Names of identifier types."""
        return Names({name: (item.synonyms, item.title) for name, item in self.identifier_types.items()})

    @cached_property
    def channel_names(self) -> Names:
        """Names of channels."""
        return Names({name: (item.synonyms, item.title) for name, item in self.channels.items()})
