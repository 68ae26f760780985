"""Whether a merged standard holds together: every name it mentions is there, nothing means two things."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from onepool.standards.model import Attribute, EventType, Field, FieldType, IdentifierType, ObjectType
from onepool.standards.names import loose

_EVENT_COLUMNS = frozenset(
    {
        "seq",
        "row",
        "event_id",
        "identifier_id",
        "customer_id",
        "event",
        "time",
        "received_at",
        "channel",
        "touchpoint",
        "items",
        "fields",
        "kind",
    }
)
_PROFILE_COLUMNS = frozenset({"customer_id", "first_seen", "last_seen"})


def nearest(name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    """The tail of an error message that names the nearest known word, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def check(
    made: Mapping[str, Mapping[str, Any]],
    item_fields: Sequence[str],
    item_aliases: Mapping[str, str],
    origin: Mapping[tuple[str, str], str],
) -> list[str]:
    """Every fault found, each with file, place and what to write instead."""
    checker = _Checker(origin)
    checker.run(made, item_fields, item_aliases)
    return checker.problems


class _Checker:
    def __init__(self, origin: Mapping[tuple[str, str], str]) -> None:
        self.origin = origin
        self.problems: list[str] = []

    def run(
        self, made: Mapping[str, Mapping[str, Any]], item_fields: Sequence[str], item_aliases: Mapping[str, str]
    ) -> None:
        fields: Mapping[str, Field] = made["fields"]
        identifiers: Mapping[str, IdentifierType] = made["identifier_types"]
        attributes: Mapping[str, Attribute] = made["attributes"]
        for section, items in made.items():
            self._check_titles(section, items)
            self._check_synonyms(section, items)
        for section in ("events", "objects"):
            for name, item in made[section].items():
                self._check_fields(section, name, item, fields)
        for name, field in fields.items():
            if (used := name in _EVENT_COLUMNS and field.type is not FieldType.ITEMS) or name.startswith("_"):
                self._say("fields", name, "this name is a column of its own; choose another" if used else "bad name")
        for name, attribute in attributes.items():
            if name in _PROFILE_COLUMNS:
                self._say("attributes", name, "this name is a column of its own; choose another")
            if attribute.type is FieldType.ITEMS:
                self._say("attributes", name, "an attribute can't be of type items; use text_list")
            if attribute.unusable_as is not None and attribute.unusable_as not in attributes:
                self._say(
                    "attributes",
                    name,
                    f"unusable_as: {attribute.unusable_as}: there is no such attribute"
                    + nearest(attribute.unusable_as, attributes),
                )
        for section, named in (("fields", fields), ("attributes", attributes)):
            for name, item in named.items():
                if item.identifier is not None and item.identifier not in identifiers:
                    self._say(
                        section,
                        name,
                        f"identifier: {item.identifier}: there is no such identifier type"
                        + nearest(item.identifier, identifiers),
                    )
        for name in item_fields:
            if name not in fields:
                self.problems.append(f"item_fields: {name}: there is no such field{nearest(name, fields)}")
        for alias, target in item_aliases.items():
            if target not in fields:
                self.problems.append(f"item_aliases.{alias}: {target}: there is no such field{nearest(target, fields)}")
        for name, kind in identifiers.items():
            if kind.digest_of and kind.digest_of not in identifiers:
                self._say("identifier_types", name, f"digest_of: there is no identifier type {kind.digest_of}")
            for pattern in kind.never:
                try:
                    re.compile(pattern)
                except re.error as error:
                    self._say("identifier_types", name, f"never: {pattern!r} is not a regular expression: {error}")

    def _check_titles(self, section: str, items: Mapping[str, Any]) -> None:
        for name, item in items.items():
            missing = [language for language in ("zh", "en") if not item.title.get(language, "").strip()]
            if missing:
                self._say(section, name, f"title: write it in both languages; {' and '.join(missing)} is missing")

    def _check_synonyms(self, section: str, items: Mapping[str, Any]) -> None:
        taken: dict[str, str] = {}
        for name, item in items.items():
            for synonym in item.synonyms:
                key = loose(synonym)
                if synonym in items and synonym != name:
                    self._say(section, name, f"synonyms: `{synonym}` is a name of the standard itself; leave it out")
                elif taken.setdefault(key, name) != name:
                    self._say(section, name, f"synonyms: `{synonym}` already means {taken[key]}; leave it out of one")

    def _check_fields(self, section: str, name: str, item: EventType | ObjectType, fields: Mapping[str, Field]) -> None:
        used = [*item.fields, *item.aliases.values(), *item.required]
        if isinstance(item, ObjectType):
            used.append(item.id)
        for field in used:
            if field not in fields:
                self._say(
                    section,
                    name,
                    f"{field}: there is no such field{nearest(field, fields)}, or define it in the section `fields`",
                )
        for field in item.required:
            if field in fields and field not in item.fields and not fields[field].common:
                self._say(section, name, f"required: {field} is not among its fields; add it to `fields`")

    def _say(self, section: str, name: str, text: str) -> None:
        self.problems.append(f"{self.origin[section, name]}: {section}.{name}: {text}")
