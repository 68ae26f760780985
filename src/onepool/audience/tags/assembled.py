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
_LARGEST = 1 << 62
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


def rows(name: str, parts: _Parts, found: Arrays) -> pa.Table | None:
    """The rows (customer, tag, value, number) of those who have a value; None where a number is too large for it."""
    chosen = parts.value if parts.value is not None else parts.number
    assert chosen is not None
    there = np.flatnonzero(~chosen.missing)
    if chosen.kind.kind == "words":
        values: pa.Array = chosen.texts(found.view, there)
    else:
        texts = texts_of(chosen, there)
        if texts is None:
            return None
        values = texts
    numbers: Any = pa.nulls(there.size, pa.float64())
    if parts.number is not None:
        missing = parts.number.missing[there]
        numbers = pa.array(parts.number.values[there], mask=missing if missing.any() else None)
    columns = [
        pa.array(found.customers[there]),
        pa.repeat(pa.scalar(name), there.size),
        values,
        numbers,
        pa.nulls(there.size, ROW.field("list").type),
        pa.nulls(there.size, ROW.field("next_at").type),
    ]
    return pa.table(columns, schema=ROW)


def alarms(found: Arrays) -> pa.Table:
    """One row without a tag for each customer whose values may change by time alone."""
    there = np.flatnonzero(found.changes)
    nothing = {name: pa.nulls(there.size, ROW.field(name).type) for name in ("tag", "value", "number", "list")}
    when = pa.array(found.soonest[there]).view(ROW.field("next_at").type)
    return pa.table({"customer_id": pa.array(found.customers[there]), **nothing, "next_at": when}).select(ROW.names)


def texts_of(chosen: Output, there: npt.NDArray[np.int64]) -> pa.Array | None:
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
