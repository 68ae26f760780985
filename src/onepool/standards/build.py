"""Merges the parts of a data standard and makes it whole: the rules of extension live here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from onepool.standards.check import check, nearest
from onepool.standards.errors import StandardError
from onepool.standards.model import Attribute, Channel, EventType, Field, FieldType, IdentifierType, ObjectType
from onepool.standards.standard import Standard

KINDS: dict[str, type[Channel | Field | EventType | ObjectType | Attribute | IdentifierType]] = {
    "fields": Field,
    "events": EventType,
    "objects": ObjectType,
    "attributes": Attribute,
    "identifier_types": IdentifierType,
    "channels": Channel,
}
_SECTIONS = (*KINDS, "item_fields", "item_aliases", "blocked")
_ADDED = frozenset({"synonyms", "fields", "required", "aliases", "values", "blocked", "never", "context"})
_FREE = frozenset({"title", "group", "common", "priority", "max_per_customer", "max_customers", "lifetime_days"})
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Builder:
    """Merges the sections of all sources as plain mappings, then makes the typed objects."""

    def __init__(self) -> None:
        self.raw: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}
        self.origin: dict[tuple[str, str], str] = {}
        self.touched: dict[tuple[str, str], str] = {}
        self.item_fields: list[str] = []
        self.item_aliases: dict[str, str] = {}
        self.blocked: list[str] = []
        self.problems: list[str] = []

    def add(self, where: str, data: Mapping[str, Any]) -> None:
        for section, content in data.items():
            if section not in _SECTIONS:
                self.problems.append(f"{where}: {section}: there is no such section{nearest(section, _SECTIONS)}")
            elif section in ("item_fields", "blocked"):
                if _texts(content):
                    target = self.item_fields if section == "item_fields" else self.blocked
                    target.extend(value for value in content if value not in target)
                else:
                    self.problems.append(f"{where}: {section}: write a list of texts, as in [a, b]")
            elif not isinstance(content, Mapping):
                self.problems.append(f"{where}: {section}: write a mapping of names, as in `{section}: {{name: …}}`")
            elif section == "item_aliases":
                self.item_aliases.update({str(key): str(value) for key, value in content.items()})
            else:
                for name, entry in content.items():
                    self._entry(where, section, name, entry)

    def _entry(self, where: str, section: str, name: object, entry: object) -> None:
        place = f"{where}: {section}.{name}"
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            self.problems.append(
                f"{place}: write the name in lower case letters, digits and `_`, beginning with a letter, as in "
                f"`{re.sub(r'[^a-z0-9_]+', '_', str(name).lower()).strip('_') or 'my_name'}`"
            )
            return
        if not isinstance(entry, Mapping):
            self.problems.append(f"{place}: write a mapping, as in {{title: {{zh: …, en: …}}}}")
            return
        allowed = {field.encode_name for field in msgspec.structs.fields(KINDS[section])} - {"name"}
        unknown = [str(key) for key in entry if key not in allowed]
        for key in unknown:
            self.problems.append(f"{place}.{key}: there is no such setting{nearest(key, sorted(allowed))}")
        if unknown:
            return
        old = self.raw[section].get(name)
        if old is None:
            self.raw[section][name] = dict(entry)
            self.origin[section, name] = self.touched[section, name] = where
        else:
            self.touched[section, name] = where
            self._extend(place, self.origin[section, name], old, entry)

    def _extend(self, place: str, origin: str, old: dict[str, Any], entry: Mapping[str, Any]) -> None:
        for key, value in entry.items():
            present = old.get(key)
            if key in _FREE or present == value:
                old[key] = value
            elif key not in _ADDED:
                self.problems.append(
                    f"{place}.{key}: {origin} has {present!r} here and data of that meaning is in the pool; "
                    f"it can't become {value!r}. Define a new name beside it"
                )
            elif isinstance(value, Mapping) and isinstance(present, Mapping | None):
                self._extend_mapping(place, key, origin, old, value)
            elif _texts(value) and (present is None or isinstance(present, list)):
                old[key] = [*(present or ()), *(item for item in value if item not in (present or ()))]
            else:
                self.problems.append(f"{place}.{key}: write it in the form it has in {origin}")

    def _extend_mapping(self, place: str, key: str, origin: str, old: dict[str, Any], value: Mapping[str, Any]) -> None:
        present = dict(old.get(key) or {})
        for name, target in value.items():
            if key == "aliases" and present.get(name, target) != target:
                self.problems.append(f"{place}.{key}.{name}: {origin} says {present[name]}; leave it out")
            present[name] = target
        old[key] = present

    def finish(self) -> Standard:
        made: dict[str, dict[str, Any]] = {
            section: {
                name: item
                for name, entry in entries.items()
                if (item := self._convert(section, name, entry)) is not None
            }
            for section, entries in self.raw.items()
        }
        if not self.problems:
            self.problems += check(made, self.item_fields, self.item_aliases, self.touched)
        if self.problems:
            raise StandardError(self.problems)
        content = {
            **self.raw,
            "item_fields": self.item_fields,
            "item_aliases": self.item_aliases,
            "blocked": self.blocked,
        }
        return Standard(
            events=made["events"],
            fields=made["fields"],
            objects=made["objects"],
            attributes=made["attributes"],
            identifier_types=made["identifier_types"],
            channels=made["channels"],
            item_fields=tuple(self.item_fields),
            item_aliases=self.item_aliases,
            blocked=tuple(self.blocked),
            version=hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest(),
        )

    def _convert(self, section: str, name: str, entry: Mapping[str, Any]) -> Any:
        try:
            return msgspec.convert({**entry, "name": name}, KINDS[section])
        except msgspec.ValidationError as error:
            place = f"{self.touched[section, name]}: {section}.{name}"
            self.problems.append(f"{place}: {_plain(str(error), entry)}")
            return None


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _plain(text: str, entry: Mapping[str, Any]) -> str:
    """The converter's message in the words of the file: the place first, and the nearest right word."""
    message, _, path = text.partition(" - at `$")
    place = path.rstrip("`").lstrip(".")
    if message.startswith("Object missing required field"):
        return f"`{message.split('`')[1]}` is missing; add it"
    if message.startswith("Invalid enum value") and place in entry:
        kinds: dict[str, Sequence[str]] = {"type": [str(kind) for kind in FieldType]}
        written = str(entry[place])
        return f"{place}: {written!r} is not one of the known words{nearest(written, kinds.get(place, ()))}"
    for word, plain in (("object", "a mapping"), ("array", "a list"), ("str", "a text"), ("int", "a whole number")):
        message = message.replace(f"`{word}`", plain)
    return f"{place}: {message}" if place else message
