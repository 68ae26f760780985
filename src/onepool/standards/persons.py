"""Who a thing is about: identifiers brought into one form, and what is said of the person."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import msgspec

from onepool.channels.base.items import Change
from onepool.standards import columns
from onepool.standards.changes import operands
from onepool.standards.faults import Fault
from onepool.standards.fields import Faults, FieldReader, place
from onepool.standards.model import IdentifierType, Scope, Strength
from onepool.standards.names import loose
from onepool.standards.normalise import contact, digests, scalars
from onepool.standards.normalise.id_card import MASKED, MIN_KEY, check, digest, id_card
from onepool.standards.options import Options
from onepool.standards.settings import StandardSettings
from onepool.standards.standard import Standard
from onepool.standards.told import Told

_ATTRIBUTE_NAME: Final = 128
_ID_CARD_LENGTH: Final = 18
_encode = msgspec.json.Encoder(order="deterministic").encode


class Unusable(msgspec.Struct, frozen=True):
    """A value that is well formed but names nobody: masked, a privacy number, a landline, blocked."""

    text: str
    why: str


class Values(dict[str, "str | Unusable | Fault"]):
    """Values of one identifier type as sent -> as they identify, why they don't, or what is wrong. Filled on demand."""

    def __init__(self, kind: IdentifierType, standard: Standard, settings: StandardSettings) -> None:
        super().__init__()
        self.kind = kind
        self.joins = kind.strength is not Strength.NEVER
        self.scoped = kind.scope is not Scope.NONE
        self._blocked = standard.blocked | {value.casefold() for value in kind.blocked}
        self._never = [re.compile(pattern) for pattern in kind.never]
        self._normalise = _normaliser(kind, settings)
        self._key = settings.digest_key
        self._as_is = kind.normaliser == "opaque" and not self._never

    def __missing__(self, value: str) -> str | Unusable | Fault:
        if self._as_is and value.isascii() and value.isalnum() and len(value) <= scalars.MAX_ID:
            found: str | Unusable = value
        else:
            try:
                found = self._normalise(value)
            except Fault as fault:
                # Without the frames that it came through: one of them holds these values.
                self[value] = fault.with_traceback(None)
                return fault
        if isinstance(found, str) and (
            found.casefold() in self._blocked or any(pattern.search(value) for pattern in self._never)
        ):
            found = Unusable(found, "blocked")
        if isinstance(found, str) and len(found) == _ID_CARD_LENGTH and (number := check(found)) is not None:
            # Some systems use the identity card number as their own: it identifies just as well as its digest.
            found = digest(number, self._key) if len(self._key) >= MIN_KEY else Unusable(MASKED, "id_card")
        self[value] = found
        return found


def _normaliser(kind: IdentifierType, settings: StandardSettings) -> Callable[[str], str | Unusable]:
    if kind.normaliser == "phone":
        return lambda value: _contact(columns.phone(value, settings.country))
    if kind.normaliser == "email":
        return lambda value: _contact(columns.email(value))
    if kind.normaliser == "id_card":
        return lambda value: id_card(value, settings.digest_key) or Unusable("", "empty")
    if kind.normaliser in digests.LENGTHS:
        return lambda value: digests.digest(value, kind.normaliser) or Unusable("", "empty")
    change = {"lower": str.lower, "upper": str.upper}.get(kind.normaliser)
    return partial(_opaque, change=change)


def _opaque(value: str, change: Callable[[str], str] | None) -> str | Unusable:
    found = scalars.narrow(scalars.text(value) or "")
    if not found:
        return Unusable("", "empty")
    if len(found) > scalars.MAX_ID:
        raise Fault("identifier.length")
    if scalars.rounded(found):
        raise Fault("identifier.rounded", found)
    return change(found) if change else found


def _contact(found: contact.Contact | None) -> str | Unusable:
    if found is None:
        return Unusable("", "empty")
    return found.value if found.usable else Unusable(found.value, found.why)


@dataclass
class Persons:
    """Identifiers (position, type, scope, value) and facts (position, attribute, text, change) of things.

    A fact without text says that there is no value any more; `change` is None where the text is the value.
    """

    ids: list[tuple[int, str, str, str]] = field(default_factory=list)
    facts: list[tuple[int, str, str | None, str | None]] = field(default_factory=list)
    faults: Faults = field(default_factory=dict)


class PersonReader:
    """Reads identifiers and traits by one standard, one workspace's settings and one touchpoint's options."""

    def __init__(self, standard: Standard, settings: StandardSettings, options: Options) -> None:
        self.standard = standard
        self.options = options
        self._fields = FieldReader(standard, settings, options)
        self._settings = settings
        self._known: dict[str, Values | None] = {}
        self._told = Told(standard, settings)
        self._keeps = {
            attribute.identifier: attribute.unusable_as
            for attribute in standard.attributes.values()
            if attribute.identifier and attribute.unusable_as
        }

    def values(self, name: str) -> Values | None:
        """Values of the identifier type that a sender means."""
        if name not in self._known:
            kind = self.standard.identifier_named(name)
            if kind is None:
                self._known[name] = None
            elif kind.name == name:
                self._known[name] = Values(kind, self.standard, self._settings)
            else:
                self._known[name] = self.values(kind.name)
        return self._known[name]

    def identify(
        self, persons: Persons, at: int, name: str, scope: str, value: str, scopes: Mapping[str, str], touchpoint: str
    ) -> Unusable | None:
        """Adds one identifier as sent. Gives back what can't identify; what is wrong becomes a fault."""
        known = self.values(name)
        if known is None:
            persons.faults.setdefault(at, (f"ids.{name}", Fault("identifier.unknown", name)))
            return None
        found = known[value]
        if isinstance(found, Fault):
            meant = self._told.meant(known.kind.name, value)
            if meant is not None:
                return self.identify(persons, at, meant, "", value, scopes, touchpoint)
            persons.faults.setdefault(at, (f"ids.{known.kind.name}", found))
            return None
        if isinstance(found, Unusable):
            return found
        if known.joins:
            name = known.kind.name
            scope = (scope or scopes.get(name, touchpoint)) if known.scoped else ""
            persons.ids.append((at, name, scope, found))
            persons.ids.extend((at, kind, "", text) for kind, text in self._told.of(name, found))
        return None

    def sent(
        self,
        persons: Persons,
        places: Sequence[int],
        ids: Sequence[Sequence[tuple[str, str, str]]],
        scopes: Mapping[str, Mapping[str, str]],
        touchpoints: Sequence[str],
    ) -> None:
        """The identifiers that the things carry. A masked phone or the like is kept as a fact, never as identifier.

        `ids`, `touchpoints`: by position; `scopes`: by touchpoint, type -> scope.
        """
        known = {name: self.values(name) for name in {one[0] for at in places for one in ids[at]}}
        add = persons.ids.append
        told = self._told
        for at in places:
            for name, scope, value in ids[at]:
                values = known[name]
                if values is not None and values.joins:
                    found = values[value]
                    if type(found) is str:
                        if not values.scoped:
                            scope = ""
                        elif not scope:
                            scope = scopes[touchpoints[at]].get(values.kind.name, touchpoints[at])
                        add((at, values.kind.name, scope, found))
                        if told.any:
                            persons.ids.extend((at, kind, "", text) for kind, text in told.of(values.kind.name, found))
                        continue
                unusable = self.identify(persons, at, name, scope, value, {}, "")
                if unusable is not None and unusable.text and values is not None:
                    keeper = self._keeps.get(values.kind.name)
                    if keeper is not None and unusable.why != "landline":
                        persons.facts.append((at, keeper, unusable.text, None))

    def traits(
        self,
        persons: Persons,
        places: Sequence[int],
        traits: Sequence[Mapping[str, Any]],
        scopes: Mapping[str, Mapping[str, str]],
        touchpoints: Sequence[str],
        change: Change = "set",
    ) -> int:
        """What is said of the persons; `places` are their positions. Traits that the standard doesn't know are kept.

        `change`: what is done with the values (see `collect.inbound.Item`).
        """
        if change not in ("set", "once"):
            return self._changed(persons, places, traits, change)
        mark = None if change == "set" else change
        flat = [self._flat(one) for one in traits]
        found: dict[str, list[Any]] = {}
        order: dict[str, list[tuple[int, str]]] = {}
        unknown: list[str] = []
        for key in sorted(set().union(*flat)):
            bare = loose(key)
            if bare in self.options.ignored:
                continue
            target = self._identifier_key(key)
            if target is not None:
                self._as_identifier(persons, key, target, places, flat, scopes, touchpoints)
            name = self.options.attribute_of.get(bare) or self.standard.attribute_names.find(key)
            if name is not None:
                rank = -1 if bare in self.options.attribute_of else self.standard.attribute_names.order(key)
                order.setdefault(name, []).append((rank, key))
            elif target is None:
                unknown.append(key)
        for name, keys in sorted(order.items()):
            values: list[Any] = [None] * len(flat)
            for _, key in sorted(keys):
                values = [one.get(key) if value is None else value for value, one in zip(values, flat, strict=True)]
            found[name] = values
        self._attributes(persons, places, found, scopes, touchpoints, mark)
        for key in unknown:
            for at, one in zip(places, flat, strict=True):
                if (value := one.get(key)) is not None:
                    persons.facts.append((at, key[:_ATTRIBUTE_NAME], fact_text(value), mark))
        return len(unknown)

    def _changed(
        self, persons: Persons, places: Sequence[int], traits: Sequence[Mapping[str, Any]], change: Change
    ) -> int:
        """Values that are taken back, added to or appended to."""
        unknown = 0
        for key in sorted(set().union(*traits)):
            bare = loose(key)
            if bare in self.options.ignored:
                continue
            name = self.options.attribute_of.get(bare) or self.standard.attribute_names.find(key)
            unknown += name is None
            attribute = None if name is None else self.standard.attributes[name]
            said = [number for number, one in enumerate(traits) if one.get(key) is not None]
            found: Sequence[str | None] = [None] * len(said)
            if change != "unset":
                values = [traits[number][key] for number in said]
                found, faults = operands(change, attribute, values, self._fields)
                for number, fault in faults.items():
                    persons.faults.setdefault(places[said[number]], (name or key, fault))
            for number, text in zip(said, found, strict=True):
                if change == "unset":
                    persons.facts.append((places[number], name or key[:_ATTRIBUTE_NAME], None, None))
                elif text is not None:
                    persons.facts.append((places[number], name or key[:_ATTRIBUTE_NAME], text, change))
        return unknown

    def _flat(self, traits: Mapping[str, Any]) -> Mapping[str, Any]:
        """Nested traits (`address: {city: …}`) whose parts the standard knows, as `address.city`."""
        if not any(type(value) is dict for value in traits.values()):
            return traits
        flat: dict[str, Any] = {}
        for key, value in traits.items():
            if type(value) is dict and any(self.standard.attribute_names.find(f"{key}.{part}") for part in value):
                flat.update({f"{key}.{part}": inner for part, inner in value.items()})
            else:
                flat[key] = value
        return flat

    def _identifier_key(self, key: str) -> tuple[str, str] | None:
        """A trait named like an identifier type that is no attribute: `unionid`, `openid@wx123`."""
        mapped = self.options.identifier_of.get(loose(key))
        if mapped is not None:
            return mapped
        name, _, scope = key.partition("@")
        if name in self.standard.identifier_types and name not in self.standard.attributes:
            return name, scope
        return None

    def _as_identifier(
        self,
        persons: Persons,
        key: str,
        target: tuple[str, str],
        places: Sequence[int],
        flat: Sequence[Mapping[str, Any]],
        scopes: Mapping[str, Mapping[str, str]],
        touchpoints: Sequence[str],
    ) -> None:
        for number, at in enumerate(places):
            value = flat[number].get(key)
            if value is None:
                continue
            try:
                written = scalars.identity(value)
            except Fault as fault:
                persons.faults.setdefault(at, (key, fault))
                continue
            if written is not None:
                self.identify(persons, at, *target, written, scopes[touchpoints[at]], touchpoints[at])

    def _attributes(
        self,
        persons: Persons,
        places: Sequence[int],
        found: Mapping[str, list[Any]],
        scopes: Mapping[str, Mapping[str, str]],
        touchpoints: Sequence[str],
        mark: str | None,
    ) -> None:
        done: dict[str, list[Any]] = {}
        for name, values in found.items():
            if self.standard.attributes[name].identifier in self._told.digests:
                values = self._digested(persons, name, places, values, scopes, touchpoints)
            column = self._fields.column(self.standard.attributes[name], values)
            done[name] = column.json
            for number, fault in column.faults.items():
                persons.faults.setdefault(places[number], (name, fault))
        self._places(done, len(places))
        for name, values in done.items():
            attribute = self.standard.attributes[name]
            for number, value in enumerate(values):
                if value is None:
                    continue
                at = places[number]
                text = fact_text(value)
                keeper: str | None = name
                if attribute.identifier is not None:
                    # An id card number is a digest by now; its identifier is read from what was sent.
                    raw = text if attribute.identifier != "id_card" else str(found[name][number])
                    unusable = self.identify(
                        persons, at, attribute.identifier, "", raw, scopes[touchpoints[at]], touchpoints[at]
                    )
                    if unusable is not None and unusable.why != "landline":
                        keeper = attribute.unusable_as
                if keeper is not None:
                    persons.facts.append((at, keeper, text, mark))

    def _digested(
        self,
        persons: Persons,
        name: str,
        places: Sequence[int],
        values: Sequence[Any],
        scopes: Mapping[str, Mapping[str, str]],
        touchpoints: Sequence[str],
    ) -> list[Any]:
        """The values of an attribute without those that are digests: these only say who it is."""
        kind = self.standard.attributes[name].identifier or ""
        meant = [self._told.meant(kind, value) for value in values]
        for at, value, wanted in zip(places, values, meant, strict=True):
            if wanted is not None:
                self.identify(persons, at, wanted, "", value, scopes[touchpoints[at]], touchpoints[at])
        return [value if wanted is None else None for value, wanted in zip(values, meant, strict=True)]

    def _places(self, done: dict[str, list[Any]], count: int) -> None:
        """Province, city and district to canonical names and the code of the place."""
        names = ("province", "city", "district")
        if not any(name in done for name in names):
            return
        sent = [done.get(name) or [None] * count for name in names]
        resolved = [place(*one) for one in zip(*sent, strict=True)]
        codes = done.get("region_code") or [None] * count
        done["province"] = [one.province for one in resolved]
        done["city"] = [one.city for one in resolved]
        done["district"] = [one.district for one in resolved]
        done["region_code"] = [one.code or code for one, code in zip(resolved, codes, strict=True)]


def fact_text(value: Any) -> str:
    """The canonical text of a fact: texts as they are, all else as JSON (`true`, `12.5`, `["a","b"]`)."""
    return value if isinstance(value, str) else _encode(value).decode()
