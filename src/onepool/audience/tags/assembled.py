"""The rows of tags whose values arrays measured: put together without a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.audience.conditions.compiler.answering import Measured as Arrays
from onepool.audience.conditions.compiler.output import Output
from onepool.audience.tags.measures import Measured
from onepool.audience.tags.model import MetricTag, TagDefinition
from onepool.pool.kernels.texts import decimal_texts, ten_thousandths

ROW = pa.schema(
    [
        ("customer_id", pa.int64()),
        ("tag", pa.string()),
        ("value", pa.string()),
        ("number", pa.float64()),
        ("list", pa.list_(pa.string())),
        ("next_at", pa.timestamp("us", tz="UTC")),
    ]
)
I64 = npt.NDArray[np.int64]

_LARGEST = 1 << 62
_MOST_BYTES = (1 << 31) - 1
"""That Arrow's texts hold."""
_ROWS_OF_TEXT = 95_000_000
"""More need more than 2 GB, which Arrow's texts do not hold."""


@dataclass(frozen=True)
class _Parts:
    value: Output | None
    number: Output | None


def plain(tags: Mapping[str, TagDefinition], measured: Mapping[str, Measured], found: Arrays) -> dict[str, _Parts]:
    """The tags whose rows can be put together from what arrays measured: texts as they are, and numbers."""
    kept: dict[str, _Parts] = {}
    for name, one in measured.items():
        tag = tags[name]
        wanted = {part for part in ("value", "number") if getattr(one, part) is not None}
        outputs = {part: found.outputs.get(f"{name} {part}") for part in wanted}
        if None in outputs.values() or tag.when_missing == "keep_last" or found.customers.size > _ROWS_OF_TEXT:
            continue
        if isinstance(tag, MetricTag) and tag.cut is not None:
            continue
        value, number = outputs.get("value"), outputs.get("number")
        kinds = (value.kind.kind if value is not None else "", number.kind.kind if number is not None else "")
        # Other kinds of values have texts of their own.
        if kinds in (("words", ""), ("", "double")) or (kinds[1] == "double" and kinds[0] in ("whole", "decimal")):
            kept[name] = _Parts(value, number)
    return kept


def rows(name: str, parts: _Parts, found: Arrays, nothing: Nothing) -> pa.Table | None:
    """The rows (customer, tag, value, number) of those who have a value; None where a number is too large for it."""
    chosen = parts.value if parts.value is not None else parts.number
    assert chosen is not None
    # Nothing is copied of who has it where all have.
    there: slice | I64 = np.flatnonzero(~chosen.missing) if chosen.missing.any() else slice(None)
    if chosen.kind.kind == "words":
        values: pa.Array = chosen.texts(found.view, there)
    else:
        texts = texts_of(chosen, there)
        if texts is None:
            return None
        values = texts
    size = len(values)
    numbers: Any = nothing.of("number", size)
    if parts.number is not None:
        missing = parts.number.missing[there]
        numbers = pa.array(parts.number.values[there], mask=missing if missing.any() else None)
    columns = [
        pa.array(found.customers[there]),
        _always(name, size),
        values,
        numbers,
        nothing.of("list", size),
        nothing.of("next_at", size),
    ]
    return pa.table(columns, schema=ROW)


class Nothing:
    """Columns without a value, which all tables share."""

    def __init__(self, size: int) -> None:
        """`size`: of the largest table."""
        self._size = size
        self._known: dict[str, pa.Array] = {}

    def of(self, name: str, size: int) -> pa.Array:
        """So many rows of a column."""
        if name not in self._known:
            self._known[name] = pa.nulls(self._size, ROW.field(name).type)
        return self._known[name].slice(0, size)


def _always(text: str, size: int) -> pa.Array:
    """The same text for so many rows."""
    coded = text.encode()
    if len(coded) * size > _MOST_BYTES:
        return pa.repeat(pa.scalar(text), size)
    ends = np.arange(size + 1, dtype=np.int32) * np.int32(len(coded))
    return pa.Array.from_buffers(pa.string(), size, [None, pa.py_buffer(ends), pa.py_buffer(coded * size)])


def alarms(found: Arrays, nothing: Nothing) -> pa.Table:
    """One row without a tag for each customer whose values may change by time alone."""
    changes = found.changes
    there: slice | I64 = slice(None) if changes.all() else np.flatnonzero(changes)
    customers = pa.array(found.customers[there])
    when = pa.array(found.soonest[there]).view(ROW.field("next_at").type)
    none = [nothing.of(name, len(customers)) for name in ("tag", "value", "number", "list")]
    return pa.table([customers, *none, when], schema=ROW)


def texts_of(chosen: Output, there: slice | I64) -> pa.Array | None:
    """As `measures.number_text`: up to four decimals."""
    values = chosen.values[there]
    if chosen.kind.kind == "double":
        # Away from zero where it lies in the middle, as the engine's cast does.
        unscaled = np.empty(values.size, np.int64)
        if not ten_thousandths(values, _LARGEST, unscaled):
            return None
    else:
        power = 10 ** (4 - chosen.kind.scale) if chosen.kind.scale <= 4 else 0
        if not power or (values.size and int(np.abs(values).max()) > _LARGEST // power):
            return None
        unscaled = values * power
    starts, text = decimal_texts(unscaled)
    return pa.Array.from_buffers(pa.string(), unscaled.size, [None, pa.py_buffer(starts), pa.py_buffer(text)])
