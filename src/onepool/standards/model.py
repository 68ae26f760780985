"""The data standard as typed objects: what events, objects, attributes and identifiers the pool admits.

Everything here is immutable and made by `onepool.standards.load`; nothing reads files or the clock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Literal

import msgspec

Title = dict[Literal["zh", "en"], str]
"""A title for people, in both languages."""

_LOOSE = re.compile(r"[\s_\-.]+")


def loose(name: str) -> str:
    """The form in which names are compared: without case, blanks, `_`, `-` and `.`."""
    return _LOOSE.sub("", name).casefold()


class SqlType(StrEnum):
    """Type of a column of the pool."""

    TEXT = "VARCHAR"
    INTEGER = "BIGINT"
    MONEY = "DECIMAL(18,4)"
    NUMBER = "DOUBLE"
    BOOLEAN = "BOOLEAN"
    TIME = "TIMESTAMPTZ"
    DATE = "DATE"
    TEXT_LIST = "VARCHAR[]"


class FieldType(StrEnum):
    """What a value means; each has one normaliser and, but for `items`, one column type."""

    TEXT = "text"
    ID = "id"
    INTEGER = "integer"
    NUMBER = "number"
    MONEY = "money"
    BOOLEAN = "boolean"
    TIME = "time"
    DATE = "date"
    TEXT_LIST = "text_list"
    ITEMS = "items"
    CURRENCY = "currency"
    CHANNEL = "channel"
    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"
    PHONE = "phone"
    EMAIL = "email"
    GENDER = "gender"
    ID_CARD = "id_card"


_SQL = {
    FieldType.INTEGER: SqlType.INTEGER,
    FieldType.NUMBER: SqlType.NUMBER,
    FieldType.MONEY: SqlType.MONEY,
    FieldType.BOOLEAN: SqlType.BOOLEAN,
    FieldType.TIME: SqlType.TIME,
    FieldType.DATE: SqlType.DATE,
    FieldType.TEXT_LIST: SqlType.TEXT_LIST,
}


class Personal(StrEnum):
    """How closely a value touches a person; decides masking, export and deletion."""

    NONE = "none"
    PSEUDONYM = "pseudonym"
    PERSONAL = "personal"
    CONTACT = "contact"
    SENSITIVE = "sensitive"
    ID_CARD = "id_card"


class Strength(StrEnum):
    """What an identifier may do: join two sets, follow one, or neither."""

    STRONG = "strong"
    WEAK = "weak"
    NEVER = "never"


class Scope(StrEnum):
    """Whether the same text under two scopes names two persons."""

    NONE = "none"
    REQUIRED = "required"


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One allowed value of a field, and other spellings of it."""

    title: Title
    synonyms: tuple[str, ...] = ()


class Channel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A kind of platform on which a brand meets people."""

    title: Title
    name: str = ""
    synonyms: tuple[str, ...] = ()


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A field of events and objects. One name has one type wherever it is used."""

    type: FieldType
    title: Title
    name: str = ""
    personal: Personal = Personal.NONE
    synonyms: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    identifier: str | None = None
    values: dict[str, Value] | None = None
    common: bool = False

    @property
    def sql(self) -> SqlType:
        """Its column type (`items` have a column of structs of their own)."""
        return _SQL.get(self.type, SqlType.TEXT)


class Attribute(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something known of a customer.

    `identifier`: the value is an identifier of this type too.
    `unusable_as`: the attribute that keeps a value which may never be one (masked, privacy number).
    """

    type: FieldType
    title: Title
    name: str = ""
    personal: Personal = Personal.NONE
    synonyms: tuple[str, ...] = ()
    identifier: str | None = None
    unusable_as: str | None = None
    values: dict[str, Value] | None = None

    @property
    def sql(self) -> SqlType:
        """Type of its column in `profiles`."""
        return _SQL.get(self.type, SqlType.TEXT)


class EventType(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A kind of event. `aliases`: names of fields that hold in this event only."""

    title: Title
    name: str = ""
    group: str = "custom"
    fields: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    aliases: dict[str, str] = {}


class ObjectType(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A kind of business object; `id` is the field that names one."""

    title: Title
    id: str
    name: str = ""
    fields: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    aliases: dict[str, str] = {}


class IdentifierType(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"strength": "class"}
):
    """A way of naming a person. Limits are for the rules of identity; `None` means no limit.

    `max_per_customer`: values one customer may have (of one scope); `max_customers`: customers one value may name;
    `lifetime_days`: a link unseen so long no longer holds.
    """

    strength: Strength
    title: Title
    name: str = ""
    scope: Scope = Scope.NONE
    priority: int = 0
    normaliser: Literal["opaque", "lower", "upper", "phone", "email", "id_card"] = "opaque"
    max_per_customer: int | None = None
    max_customers: int | None = None
    lifetime_days: int | None = None
    personal: Personal = Personal.PSEUDONYM
    synonyms: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


class Names:
    """Finds a name by itself, by its synonyms, by its titles, in that order of trust.

    A synonym beats the loose spelling of another name: "Order Completed" is Segment's word for a paid order although
    `order_completed` is an event of its own. Titles count only where they are not ambiguous.
    """

    def __init__(self, declared: Mapping[str, tuple[tuple[str, ...], Title]]) -> None:
        titles: dict[str, str | None] = {}
        self._exact = set(declared)
        self._loose: dict[str, str] = {}
        self.rank: dict[str, int] = {}
        for name, (synonyms, _) in declared.items():
            for rank, synonym in enumerate(synonyms, 1):
                self._loose[loose(synonym)] = name
                self.rank.setdefault(loose(synonym), rank)
        for name, (_, title) in declared.items():
            self._loose.setdefault(loose(name), name)
            for text in title.values():
                key = loose(text)
                titles[key] = name if titles.get(key, name) == name else None
        for key, named in titles.items():
            if named is not None:
                self._loose.setdefault(key, named)
                self.rank.setdefault(key, 10_000)

    @property
    def spellings(self) -> Mapping[str, str]:
        """Every known spelling in loose form -> name."""
        return self._loose

    def find(self, name: str) -> str | None:
        """The standard's name for `name`, or None."""
        return name if name in self._exact else self._loose.get(loose(name))

    def order(self, name: str) -> int:
        """How direct a spelling is (0 = the name itself); of two spellings of one field the lower one is taken."""
        return 0 if name in self._exact else self.rank.get(loose(name), 1)


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
