"""Arrow tables as JSON rows without loss: wide integers, decimals and times become text."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
from pydantic import JsonValue

_SAFE = 2**53


def plain_rows(table: pa.Table) -> list[list[JsonValue]]:
    """The rows of a table as JSON values, column order kept (column names may repeat)."""
    columns = [[plain(value) for value in column.to_pylist()] for column in table.columns]
    return [list(row) for row in zip(*columns, strict=True)] if columns else []


def plain(value: Any) -> JsonValue:
    """One value as JSON."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if -_SAFE <= value <= _SAFE else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    for kind, form in _FORMS:
        if isinstance(value, kind):
            return form(value)
    return str(value)


_FORMS: list[tuple[type, Callable[[Any], str]]] = [
    (Decimal, lambda value: format(value, "f")),
    (datetime, lambda value: value.isoformat()),
    (date, lambda value: value.isoformat()),
    (time, lambda value: value.isoformat()),
    (timedelta, lambda value: f"{value.total_seconds()} s"),
    (UUID, str),
    (bytes, lambda value: base64.b64encode(value).decode()),
]
