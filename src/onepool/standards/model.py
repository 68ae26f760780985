"""What a data standard is made of: events, objects, fields, attributes, identifier types and channels.

Everything here is immutable and made by `onepool.standards.load`; nothing reads files or the clock.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

Title = dict[Literal["zh", "en"], str]
"""A title for people, in both languages."""


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
    `lifetime_days`: after that long without a person, a weak one has no owner any more; `recycle_days`: after such a
    silence a strong one may have a new owner; `verified`: issued by a platform, not typed by people. `digest_of`: the
    type of which it is the digest (by its normaliser, `salted` with the salt that a workspace shares with others).
    """

    strength: Strength
    title: Title
    name: str = ""
    scope: Scope = Scope.NONE
    priority: int = 0
    normaliser: Literal["opaque", "lower", "upper", "phone", "email", "id_card", "md5", "sha256"] = "opaque"
    digest_of: str = ""
    salted: bool = False
    max_per_customer: int | None = None
    max_customers: int | None = None
    lifetime_days: int | None = None
    recycle_days: int | None = None
    verified: bool = False
    personal: Personal = Personal.PSEUDONYM
    synonyms: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
