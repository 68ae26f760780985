"""Whole columns of values as arrays, and what is done with them.

A vector has values (an array, or one value for all) and which are missing (None: none is). Missing truths are False.
Instants are microseconds, money is unscaled whole numbers, text is codes into words (code 0: none).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from sqlglot import exp

from onepool.clock import to_micros
from onepool.pool.kernels.measuring import LATEST, sooner
from onepool.pool.kernels.threads import lent

Array: TypeAlias = npt.NDArray[Any]
Bools: TypeAlias = npt.NDArray[np.bool_]

_EXACT = 1 << 53
_LARGEST = 1 << 62


class Unread(Exception):
    """An expression that arrays can't answer."""


class TooWide(Exception):
    """Values that arrays of 64 bits do not hold exactly."""


@dataclass(frozen=True, slots=True)
class Type:
    """What values are. `scale`: digits after the point; `column`: whose words the codes are; `labels`: the words of a
    choice between texts (codes from 1); `event`: the number of an event's row."""

    kind: Literal["truth", "whole", "decimal", "double", "instant", "date", "words", "event", "nothing"]
    scale: int = 0
    column: str = ""
    labels: tuple[str, ...] = ()


TRUTH, WHOLE, DOUBLE, INSTANT = Type("truth"), Type("whole"), Type("double"), Type("instant")
NUMBERS = ("whole", "decimal", "instant", "date")


class Vector(NamedTuple):
    values: Any
    missing: Any = None


class Columns(Protocol):
    """Where a function finds its columns."""

    def column(self, name: str) -> Vector:
        """The vector of a column."""

    def words(self, column: str) -> Mapping[str, int]:
        """The code of each word of a column of text."""

    def time_of(self, events: Array) -> Array:
        """When events happened, by the numbers of their rows."""

    def once(self, key: int, run: Callable[[Any], Any]) -> Any:
        """What a function of these columns gives; worked out at the first call with this key."""


Run: TypeAlias = Callable[[Columns], Vector]


def earliest(vectors: Sequence[Vector]) -> Vector:
    """The least of what is there."""
    found: Any = LATEST
    for values, missing in vectors:
        if np.ndim(values) and np.ndim(missing) and values.dtype == np.int64:
            if np.ndim(found) == 0:
                found = np.full(np.size(values), found, np.int64)
            sooner(found, lent(values), lent(missing))
        else:
            found = np.minimum(found, values if missing is None else np.where(missing, LATEST, values))
    return Vector(found, found == LATEST)


def always(value: Any, missing: Any = None) -> Run:
    vector = Vector(value, missing)
    return lambda at: vector


def on_values(run: Run, change: Callable[[Any], Any]) -> Run:
    def changed(at: Columns) -> Vector:
        values, missing = run(at)
        return Vector(change(values), missing)

    return changed


def scaled(run: Run, digits: int) -> Run:
    most = _LARGEST // 10**digits

    def changed(values: Any) -> Any:
        if np.size(values) and (np.max(values) > most or np.min(values) < -most):
            raise TooWide
        return values * 10**digits

    return on_values(run, changed) if digits else run


def doubled(run: Run, scale: int) -> Run:
    def changed(values: Any) -> Any:
        # Whole numbers above this have no exact double, and engines round differently on the way.
        if np.size(values) and (np.max(values) > _EXACT or np.min(values) < -_EXACT):
            raise TooWide
        return np.asarray(values, np.float64) / 10.0**scale

    return on_values(run, changed)


def alike(kind: Type, one: Run, other_kind: Type, other: Run) -> tuple[Run, Run]:
    """Two numbers so that they compare. Raises Unread."""
    pair = {kind.kind, other_kind.kind}
    if pair == {"double"} or (len(pair) == 1 and kind.kind in ("whole", "instant", "date")):
        return one, other
    if pair <= {"whole", "decimal"}:
        scale = max(kind.scale, other_kind.scale)
        return scaled(one, scale - kind.scale), scaled(other, scale - other_kind.scale)
    raise Unread(f"{kind.kind} with {other_kind.kind}")


def sql_type(to: exp.DataType) -> Type:
    text = to.sql("duckdb").replace(" ", "")
    if text.startswith("DECIMAL("):
        return Type("decimal", int(text.removesuffix(")").split(",")[1]))
    known = {"BIGINT": WHOLE, "DOUBLE": DOUBLE, "TIMESTAMPTZ": INSTANT, "DATE": Type("date"), "BOOLEAN": TRUTH}
    if text not in known:
        raise Unread(text)
    return known[text]


def constant(text: str, to: Type) -> tuple[Type, Run]:
    match to.kind:
        case "instant":
            return to, always(to_micros(datetime.fromisoformat(text)))
        case "date":
            return to, always((date.fromisoformat(text) - date(1970, 1, 1)).days)
        case "double":
            return to, always(float(text))
        case "decimal":
            value = int(Decimal(text).scaleb(to.scale))
            if abs(value) >= _LARGEST:
                raise Unread(text)
            return to, always(value)
    raise Unread(text)


def either(one: Any, other: Any) -> Any:
    """Which are missing in one or the other."""
    if one is None or other is None:
        return other if one is None else one
    return one | other


def mask(missing: Any) -> Any:
    return False if missing is None else missing
