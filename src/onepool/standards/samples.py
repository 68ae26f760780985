"""Samples of what was refused: as sent, without identity card numbers, of bounded length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from onepool.collect.inbound import SAMPLE_BYTES, Item
from onepool.standards.model import FieldType
from onepool.standards.normalise.id_card import MASKED, hide
from onepool.standards.standard import Standard

_encode = msgspec.json.encode


class Samples:
    """Makes samples. A value in a field of class id_card is masked even where it is no valid number."""

    def __init__(self, standard: Standard) -> None:
        self._standard = standard
        self._types = {
            name for name, kind in standard.identifier_types.items() if kind.normaliser == FieldType.ID_CARD.value
        }

    def of(self, item: Item) -> str:
        """The item as JSON text; the context is left out if it would not fit, but for the row of a file."""
        sent: dict[str, Any] = {
            "name": item.name,
            "message_id": item.message_id,
            "time": item.time,
            "ids": [(kind, scope, MASKED if self._is_id_card(kind) else value) for kind, scope, value in item.ids],
            "fields": self._mask(item.fields),
            "traits": self._mask(item.traits),
        }
        shown = {name: value for name, value in sent.items() if value not in (None, [], {})}
        try:
            text = _encode({**shown, "context": item.context} if item.context else shown)
            if len(text) > SAMPLE_BYTES and item.context:
                place = {name: value for name, value in item.context.items() if name == "import"}
                text = _encode({"context": place, **shown} if place else shown)
        except RecursionError:  # the item is refused for just that
            text = _encode({name: value for name, value in shown.items() if name not in ("fields", "traits")})
        return self.text(text.decode())

    def text(self, text: str) -> str:
        """Any text as a sample."""
        return hide(text).encode()[:SAMPLE_BYTES].decode("utf-8", "ignore").replace("\0", "\N{REPLACEMENT CHARACTER}")

    def _is_id_card(self, kind: str) -> bool:
        found = self._standard.identifier_named(kind)
        return found is not None and found.name in self._types

    def _mask(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {name: MASKED if value is not None and self._secret(name) else value for name, value in fields.items()}

    def _secret(self, name: str) -> bool:
        field = self._standard.field_names.find(name)
        attribute = self._standard.attribute_names.find(name)
        return (field is not None and self._standard.fields[field].type is FieldType.ID_CARD) or (
            attribute is not None and self._standard.attributes[attribute].type is FieldType.ID_CARD
        )
