"""What of a data standard is shown masked, and how: one rule for pages, commands, explanations, views and tags."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from weakref import WeakKeyDictionary

from pydantic import JsonValue

from onepool.privacy.masking import (
    HIDDEN_CLASSES,
    PERSON_NAMES,
    mask_attribute,
    mask_identifier,
    mask_json,
    mask_loose,
    mask_name,
)
from onepool.standards.model import Attribute, Field, FieldType, Personal
from onepool.standards.standard import Standard

_KNOWN: WeakKeyDictionary[Standard, Hidden] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Hidden:
    """The names of what is masked.

    `attributes` and `fields` (event fields, by every name they may be sent under) for everybody; `attribute_names` and
    `field_names` are people's names, masked from who may not see them. `name` alone is a person's among the attributes
    and a product's among the fields. `ids`: fields that name things and not people. `identifiers`: type -> class.
    """

    attributes: frozenset[str]
    attribute_names: frozenset[str]
    fields: frozenset[str]
    field_names: frozenset[str]
    person_names: frozenset[str]
    ids: frozenset[str]
    identifiers: Mapping[str, str]

    def attribute(self, name: str, value: str, with_names: bool) -> tuple[str, bool]:
        """The attribute's value as shown, and whether it is masked."""
        if name in self.attribute_names and not with_names:
            return mask_name(value), True
        if name in self.attributes:
            return mask_attribute(name, value), True
        return value, False

    def identifier(self, kind: str, value: str) -> tuple[str, bool]:
        """The identifier's value as shown, and whether it is masked."""
        return mask_identifier(kind, value, self.identifiers.get(kind))

    def event(self, fields: JsonValue, with_names: bool) -> JsonValue:
        """Fields of an event as shown."""
        return mask_json(fields, self._fields(with_names), self.ids)

    def person(self, attributes: JsonValue, with_names: bool) -> JsonValue:
        """What was sent of a person (traits) as shown."""
        return mask_json(attributes, self._fields(with_names) | self._people(with_names), self.ids)

    def sample(self, text: str, with_names: bool, *, of_thing: bool = False) -> str:
        """What was sent, as shown: JSON laid out; what is none (or was cut) is searched for names of hidden fields.

        `of_thing`: it describes a product, a store …: `name` is not a person's.
        """
        hidden = self._fields(with_names) | (frozenset() if of_thing else self._people(with_names))
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return mask_loose(text, hidden)
        return json.dumps(mask_json(data, hidden, self.ids), ensure_ascii=False, indent=2)

    def may_stand(self, source: Literal["attribute", "field"], name: str, with_names: bool = False) -> bool:
        """Whether values of this attribute or event field may stand in clear."""
        if source == "attribute":
            return name not in self.attributes and (with_names or name not in self.attribute_names)
        return name not in self._fields(with_names)

    def in_views(self) -> frozenset[str]:
        """Attributes and event fields that analysts see masked, with the other names that they may be sent under.
        `name` is here: a column of that name among the customers is a person's, and no event has one."""
        return self.attributes | self.attribute_names | self.fields | self.field_names

    def qualified(self) -> frozenset[str]:
        """`attribute:phone`, `field:receiver_name`: what may stand in clear for nobody or not for everybody."""
        return frozenset(
            [f"attribute:{name}" for name in self.attributes | self.attribute_names]
            + [f"field:{name}" for name in self.fields | self.field_names]
        )

    def masked_types(self) -> dict[str, str]:
        """Identifier types whose values are masked -> class."""
        return {name: kind for name, kind in self.identifiers.items() if mask_identifier(name, "", kind)[1]}

    def _fields(self, with_names: bool) -> frozenset[str]:
        return self.fields if with_names else self.fields | self.field_names

    def _people(self, with_names: bool) -> frozenset[str]:
        return frozenset() if with_names else self.person_names


def hidden_of(standard: Standard) -> Hidden:
    """What the standard hides."""
    found = _KNOWN.get(standard)
    if found is None:
        found = _KNOWN[standard] = _hidden_of(standard)
    return found


def _hidden_of(standard: Standard) -> Hidden:
    types = {name: kind.personal.value for name, kind in standard.identifier_types.items()}
    attributes, fields = standard.attributes, standard.fields

    def masked(one: Field | Attribute) -> bool:
        return one.personal in HIDDEN_CLASSES or types.get(str(one.identifier)) in HIDDEN_CLASSES

    names = [one for one in attributes.values() if one.name in PERSON_NAMES]
    of_things = set(standard.item_fields)
    called = {name for one in names for name in (one.name, *one.synonyms)}
    of_people = PERSON_NAMES - of_things
    called |= {name for one in of_people & fields.keys() for name in (one, *fields[one].synonyms)} | of_people
    # What a thing's field may be called under is not taken for a person.
    things = {name for item in of_things if item in fields for name in (item, *fields[item].synonyms)}
    known: list[Field | Attribute] = [*fields.values(), *attributes.values()]
    hidden = [one for one in known if masked(one)]
    return Hidden(
        attributes=frozenset(name for name, one in attributes.items() if masked(one)),
        attribute_names=PERSON_NAMES,
        fields=frozenset(name for one in hidden for name in (one.name, *one.synonyms)),
        field_names=frozenset(called - things),
        person_names=frozenset(called | PERSON_NAMES),
        ids=frozenset(
            name
            for name, field in fields.items()
            if field.type is FieldType.ID and field.personal is Personal.NONE and field.identifier is None
        ),
        identifiers=types,
    )
