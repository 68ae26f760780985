"""What a profile does with values that are there already: takes them back, adds to them, appends to them.

The outcome depends on what else is known of the person by then, so a fact carries what is done; the pool works out the
value (`onepool.tick.folding`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import msgspec

from onepool.standards.faults import Fault
from onepool.standards.fields import FieldReader
from onepool.standards.model import Attribute, FieldType
from onepool.standards.normalise import scalars

MOST: Final = 9_000_000_000_000_000
"""The largest number that may be added at once, either way."""

_PLACES: Final = Decimal("1e-9")
_NUMBERS: Final = frozenset({FieldType.INTEGER, FieldType.NUMBER, FieldType.MONEY})

_encode = msgspec.json.Encoder().encode


def operands(
    change: str, attribute: Attribute | None, values: Sequence[Any], fields: FieldReader
) -> tuple[list[str | None], Mapping[int, Fault]]:
    """What is to be added or appended, as text, per value; and what can't be.

    `attribute`: None for one that the standard doesn't know. Numbers have nine decimal places at most.
    """
    faults: dict[int, Fault] = {}
    rule = f"change.{change}"
    if attribute is not None:
        fits = attribute.type in _NUMBERS if change == "add" else attribute.type is FieldType.TEXT_LIST
        if not fits:
            faults = {at: Fault(rule, value) for at, value in enumerate(values) if value is not None}
            return [None] * len(values), faults
        column = fields.column(attribute, values)
        values, faults = column.json, dict(column.faults)
    found: list[str | None] = []
    for at, value in enumerate(values):
        try:
            found.append(None if value is None else _number(value) if change == "add" else _list(value))
        except Fault as fault:
            found.append(None)
            faults.setdefault(at, fault)
    return found, faults


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not -MOST <= value <= MOST:
        raise Fault("change.add", value)
    written = f"{Decimal(str(value)).quantize(_PLACES, ROUND_HALF_UP):f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written


def _list(value: Any) -> str | None:
    if not isinstance(value, str | list):
        raise Fault("change.append", value)
    try:
        texts = scalars.text_list(value if isinstance(value, list) else [value])
    except Fault:
        raise Fault("change.append", value) from None
    return None if texts is None else _encode(texts).decode()
