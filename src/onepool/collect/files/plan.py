"""What each column of a file becomes: decided from its name, the data standard and the mapping, not from its values."""

from __future__ import annotations

import functools
import importlib.resources
import re
import unicodedata
from collections.abc import Collection, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

import yaml

from onepool.channels import registry
from onepool.collect.files.errors import MappingError
from onepool.collect.files.mapping import OBJECTS, Column, Kind, Mapping
from onepool.collect.touchpoint import Touchpoint

Role = Literal["control", "identifier", "field", "item", "attribute", "ignore"]

ORDER_STAGES = ("placed_at", "paid_at", "shipped_at", "completed_at", "cancelled_at", "refunded_at")
ORDER_CONTROLS = frozenset((*ORDER_STAGES, "status", "order_id", "amount", "discount", "refund_id", "refund_amount"))
ITEM_ONLY = frozenset(("product_id", "sku_id", "name", "category", "brand", "quantity", "price"))
"""Fields that in a file of orders speak of the line, not of the order, unless the file says otherwise."""


_ORDER_NO = "order_no"
"""Without a scope a column of this name is the order's number, not the identifier that follows its buyer."""


class Named(Protocol):
    """Something the standard has a name for."""

    @property
    def name(self) -> str: ...


class IdentifierLike(Named, Protocol):
    @property
    def scope(self) -> str: ...


class FieldLike(Named, Protocol):
    @property
    def type(self) -> str: ...


class AttributeLike(FieldLike, Protocol):
    @property
    def identifier(self) -> str | None: ...


class Dictionary(Protocol):
    """What the import asks the data standard (``onepool.standards.Standard`` answers it)."""

    def identifier_named(self, name: str) -> IdentifierLike | None: ...

    def field_named(self, name: str, *, event: str | None = None, kind: str | None = None) -> FieldLike | None: ...

    def attribute_named(self, name: str) -> AttributeLike | None: ...

    @property
    def item_fields(self) -> Collection[str]: ...

    def amount(self, written: str) -> tuple[Decimal | None, str] | None: ...

    def number(self, written: str) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Target:
    """What a column is. ``control`` columns steer the import (event, time, order_id, paid_at …)."""

    role: Role
    name: str = ""
    scope: str = ""
    is_time: bool = False

    def __str__(self) -> str:
        if self.role == "identifier":
            return f"identifier {self.name}" + (f"@{self.scope}" if self.scope else "")
        return "ignored" if self.role == "ignore" else f"{self.role} {self.name}"


IGNORED = Target("ignore")


@dataclass(frozen=True, slots=True)
class PlannedColumn:
    """One column of the file: its name there, its target, and how its values are read."""

    name: str
    target: Target
    spec: Column


@functools.cache
def _words() -> dict[str, dict[str, list[str]]]:
    text = importlib.resources.files("onepool.collect.files").joinpath("headers.yaml").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, list[str]]] = yaml.safe_load(text)
    return loaded


@functools.cache
def _controls(kind: str) -> Map[str, str]:
    section = _words().get("objects" if kind in OBJECTS else kind, {})
    return {_key(word): name for name, words in section.items() for word in (name, *words)}


def controls(kind: Kind) -> dict[str, str]:
    """What steers an import of this kind (time, event, paid_at …), with the first Chinese word for it."""
    section = _words().get("objects" if kind in OBJECTS else kind, {})
    return {
        name: next((word for word in words if not word.isascii()), name)
        for name, words in section.items()
        if "." not in name
    }


@functools.cache
def order_statuses() -> Map[str, str]:
    """Stage (``placed`` … ``refunded``) by the word for a status, in lower case."""
    return {word.casefold(): stage for stage, words in _words()["order_status"].items() for word in words}


def _key(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).casefold()
    text = re.sub(r"\(.*?\)|\[.*?\]|【.*?】", "", text) or text
    return re.sub(r"[\s_\-:*]+", "", text)


class Planner:
    """Finds the target of column names for one kind of file from one touchpoint."""

    def __init__(self, kind: Kind, standard: Dictionary, touchpoint: Touchpoint, mapping: Mapping) -> None:
        if mapping.kind not in (None, kind):
            raise MappingError(f"the mapping is for {mapping.kind}, the import is of {kind}")
        self.kind = kind
        self.mapping = mapping
        self.standard = standard
        self._touchpoint = touchpoint
        self._targets: dict[str, Target] = {}

    def knows(self, name: str) -> bool:
        """Whether a name is one a header would have; used to find the header."""
        if name in self.mapping.columns:
            return True
        target = self._meaning(name)
        return target is not None

    def repeats(self, name: str) -> bool:
        """Whether a merged cell of this column speaks of all its rows; what is a line's own is said of one."""
        return self._target_of(name).role != "item"

    def columns(self, names: Sequence[str]) -> list[PlannedColumn]:
        """The plan for a file's columns. Raises MappingError when a mapped column is not there."""
        wanted = self.mapping.columns
        return [PlannedColumn(name, self._target_of(name), wanted.get(name, Column())) for name in names]

    def missing(self, names: Collection[str]) -> list[str]:
        """Columns the mapping names that the file does not have."""
        return [name for name in self.mapping.columns if name not in names]

    def constants(self) -> list[tuple[Target, str]]:
        """Targets that have the same value in every row."""
        found = [(self.resolve(name), value) for name, value in self.mapping.constants.items()]
        if self.mapping.currency is not None:
            found.append((self.resolve("currency"), self.mapping.currency))
        return found

    def order_scope(self) -> str | None:
        """Scope of the number of an order as an identifier, where the touchpoint's channel identifies orders so; those
        are shops that hide their buyers. None elsewhere."""
        channel = registry.find(self._touchpoint.channel)
        if channel is None or all(one.type != _ORDER_NO for one in channel.manifest.identifiers):
            return None
        return self._touchpoint.scopes.get(_ORDER_NO, self._touchpoint.name)

    def _target_of(self, name: str) -> Target:
        spec = self.mapping.columns.get(name)
        if spec is None:
            return self.resolve(name) if self.mapping.others == "keep" else IGNORED
        if spec.ignore:
            return IGNORED
        if spec.identifier is not None:
            return self._identifier(spec.identifier, spec.scope)
        return self.resolve(spec.target() or name)

    def resolve(self, name: str) -> Target:
        """The target of a name; one that nobody knows becomes a field (an attribute in a file of customers)."""
        if name not in self._targets:
            unknown = Target("attribute" if self.kind == "customers" else "field", name)
            self._targets[name] = self._meaning(name) or unknown
        return self._targets[name]

    def _meaning(self, name: str) -> Target | None:
        head, dot, rest = name.partition(".")
        if dot and rest and head in ("item", "items") and self.kind == "orders":
            return self._item(rest)
        if dot and rest and head in ("attribute", "attributes", "trait", "traits"):
            known = self.standard.attribute_named(rest)
            return Target("attribute", known.name if known else rest)
        if "@" in name:
            kind, _, scope = name.partition("@")
            found = self.standard.identifier_named(kind)
            if found is not None:
                return Target("identifier", found.name, scope if found.scope == "required" else "")
        control = _controls(self.kind).get(_key(name))
        if control is not None:
            role, _, named = control.rpartition(".")
            if role == "item":
                return self._item(named)
            return Target("field", named) if role == "field" else Target("control", control, is_time=_is_time(control))
        if self.kind == "customers":
            return self._of_customer(name)
        if self.kind in OBJECTS:
            return self._field(name, kind=OBJECTS[self.kind])
        identifier = self.standard.identifier_named(name)
        if identifier is not None and identifier.name != _ORDER_NO:
            return self._identifier(identifier.name, None)
        if self.kind == "orders":
            return self._of_order(name)
        # What a name means depends on the event ("title" of a page, of a product): the standard decides row by row.
        field = self._field(name)
        return None if field is None else Target("field", name, is_time=field.is_time)

    def _of_customer(self, name: str) -> Target | None:
        attribute = self.standard.attribute_named(name)
        identifier = self.standard.identifier_named(name)
        if identifier is not None and (attribute is None or identifier.scope == "required"):
            return self._identifier(identifier.name, None)
        # A phone or e-mail goes in as the attribute, which is an identifier too: the standard then also knows what to
        # do with a masked one.
        return None if attribute is None else Target("attribute", attribute.name, is_time=attribute.type == "time")

    def _of_order(self, name: str) -> Target | None:
        field = self.standard.field_named(name, event="order_paid") or self.standard.field_named(name)
        if field is None:
            return None
        if field.name in ITEM_ONLY or field.name == "product_name":
            return self._item("name" if field.name == "product_name" else field.name)
        if field.name in ORDER_CONTROLS:
            return Target("control", field.name, is_time=_is_time(field.name))
        return Target("field", field.name, is_time=field.type == "time")

    def _field(self, name: str, kind: str | None = None) -> Target | None:
        field = self.standard.field_named(name, kind=kind)
        return None if field is None else Target("field", field.name, is_time=field.type == "time")

    def _item(self, name: str) -> Target:
        if name in self.standard.item_fields:
            return Target("item", name)
        field = self.standard.field_named(name)
        return Target("item", field.name if field is not None and field.name in self.standard.item_fields else name)

    def _identifier(self, name: str, scope: str | None) -> Target:
        kind, _, inline = name.partition("@")
        found = self.standard.identifier_named(kind)
        if found is None:
            raise MappingError(f"no identifier type {kind!r} in the data standard", where=f"columns: {name}")
        if found.scope != "required":
            return Target("identifier", found.name)
        own = self._touchpoint.scopes.get(found.name, self._touchpoint.name)
        return Target("identifier", found.name, scope or inline or own)


def _is_time(name: str) -> bool:
    return name == "time" or name in ORDER_STAGES
