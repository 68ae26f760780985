"""From scores to a tag's values: text and number by customer, cut into layers where the tag says so."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.audience.tags.base import Cut
from onepool.pool import Session

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

SCHEMA = pa.schema(
    [("customer_id", pa.int64()), ("value", pa.string()), ("number", pa.float64()), ("list", pa.list_(pa.string()))]
)
_SCORES = "_scores"


def nothing() -> pa.Table:
    """No values: of a run that was refused."""
    return SCHEMA.empty_table()


def scored(session: Session, customers: I64, numbers: F64, cut: Cut | None) -> pa.Table:
    """Values of a tag with a score, by customer_id. Scores are kept to four decimals."""
    rounded = np.round(numbers, 4) + 0.0
    if cut is None:
        session.relation(_SCORES, pa.table({"number": rounded}))
        texts = session.query(
            """SELECT rtrim(rtrim(CAST(CAST(number AS DECIMAL(38, 4)) AS VARCHAR), '0'), '.') AS value FROM _scores"""
        ).column("value")
    else:
        texts = pa.array(np.array(cut.labels, dtype=object)[_places(rounded, cut)], pa.string())
    return _table(customers, texts, pa.array(rounded))


def named(customers: I64, values: npt.NDArray[np.str_], numbers: F64 | None = None) -> pa.Table:
    """Values of a tag with texts, by customer_id."""
    figures = pa.nulls(customers.size, pa.float64()) if numbers is None else pa.array(np.round(numbers, 4))
    return _table(customers, pa.array(values.tolist(), pa.string()), figures)


def _table(customers: I64, values: pa.Array, numbers: pa.Array) -> pa.Table:
    empty = pa.nulls(customers.size, SCHEMA.field("list").type)
    found = pa.table({"customer_id": customers, "value": values, "number": numbers, "list": empty}, schema=SCHEMA)
    return found.sort_by("customer_id")


def _places(numbers: F64, cut: Cut) -> npt.NDArray[np.int64]:
    """Which label each number gets; cut points as metrics have them."""
    points = np.array([_point(np.sort(numbers), cut, float(point)) for point in cut.at])
    if cut.by == "rank":
        # Labels from the top, cuts falling: the first that is reached.
        reached = numbers[:, None] >= points
        return np.where(reached.any(axis=1), reached.argmax(axis=1), len(cut.labels) - 1)
    return np.asarray((numbers[:, None] >= points).sum(axis=1), dtype=np.int64)


def _point(ordered: F64, cut: Cut, point: float) -> float:
    if cut.by == "number":
        return point
    if not ordered.size:
        return np.inf
    if cut.by == "rank":
        return float(ordered[-int(point)] if point <= ordered.size else ordered[0])
    # The least value such that at least that share of all values is not above it.
    share = int(Decimal(str(point)) * 10_000)
    place = -(-ordered.size * share // 1_000_000)
    return float(ordered[max(place, 1) - 1])
