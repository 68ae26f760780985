"""What waits in quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from onepool.pool.engine import Session


@dataclass(frozen=True, slots=True)
class Waiting:
    """One refused thing; its sample as sent (in clear)."""

    seq: int
    received_at: datetime
    touchpoint: str | None
    kind: str | None
    name: str | None
    rule: str
    field: str | None
    message: str
    attempts: int
    sample: str


@dataclass(frozen=True, slots=True)
class WaitingDetail:
    """One refused thing, and the version of the standard that refused it."""

    row: Waiting
    standard_version: str | None


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """How many wait for one reason."""

    rule: str
    field: str | None
    touchpoint: str | None
    count: int


_COLUMNS = """seq, received_at, touchpoint, kind, name, rule, field, message,
    coalesce(attempts, 1) AS attempts, coalesce(sample, '') AS sample"""


def page(
    session: Session,
    *,
    rule: str | None,
    field: str | None = None,
    touchpoint: str | None,
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[Waiting], int]:
    """A page of what waits, the latest first, and how many there are."""
    where, params = _where(rule, field, touchpoint)
    total = session.query(f"SELECT count(*) AS n FROM quarantine WHERE {where}", params)
    found = session.query(
        f"SELECT {_COLUMNS} FROM quarantine WHERE {where} ORDER BY seq DESC LIMIT $limit OFFSET $offset",
        {**params, "limit": limit, "offset": offset},
    )
    return [Waiting(**row) for row in found.to_pylist()], int(total["n"][0].as_py())


def by_rule(session: Session) -> list[RuleFigures]:
    """All reasons with their counts, the commonest first."""
    found = session.query(
        "SELECT rule, field, touchpoint, count(*) AS count FROM quarantine GROUP BY ALL ORDER BY count DESC, 1, 2, 3"
    )
    return [RuleFigures(**row) for row in found.to_pylist()]


def detail(session: Session, seq: int) -> WaitingDetail | None:
    """One refused thing; None when it does not wait (any more)."""
    found = session.query(
        f"SELECT {_COLUMNS}, standard_version FROM quarantine WHERE seq = $seq LIMIT 1",
        {"seq": seq},
    ).to_pylist()
    if not found:
        return None
    row = found[0]
    version = row.pop("standard_version")
    return WaitingDetail(Waiting(**row), version)


def places(
    session: Session, *, rule: str | None, field: str | None, touchpoint: str | None, limit: int = 1_000_000
) -> list[tuple[int, int]]:
    """(log offset, item) of everything that waits for this reason, the oldest first."""
    where, params = _where(rule, field, touchpoint)
    found = session.query(
        f"SELECT log_offset, item FROM quarantine WHERE {where} ORDER BY seq LIMIT $limit",
        {**params, "limit": limit},
    )
    return list(zip(found["log_offset"].to_pylist(), found["item"].to_pylist(), strict=True))


def places_of(session: Session, seqs: Sequence[int]) -> list[tuple[int, int]]:
    """(log offset, item) of those of these that wait, the oldest first."""
    if not seqs:
        return []
    found = session.query(
        "SELECT log_offset, item FROM quarantine WHERE seq IN (SELECT unnest($seqs)) ORDER BY seq",
        {"seqs": list(seqs)},
    )
    return list(zip(found["log_offset"].to_pylist(), found["item"].to_pylist(), strict=True))


def still(session: Session, tried: Sequence[tuple[int, int]]) -> list[RuleFigures]:
    """Those of these (log offset, item) that wait, by the reason of now, the commonest first."""
    offsets, items = [offset for offset, _ in tried], [item for _, item in tried]
    session.relation(
        "_places", pa.table({"log_offset": pa.array(offsets, pa.int64()), "item": pa.array(items, pa.int64())})
    )
    found = session.query(
        """SELECT rule, field, touchpoint, count(*) AS count FROM quarantine SEMI JOIN _places USING (log_offset, item)
        GROUP BY ALL ORDER BY count DESC, 1, 2, 3"""
    )
    return [RuleFigures(**row) for row in found.to_pylist()]


def _where(rule: str | None, field: str | None, touchpoint: str | None) -> tuple[str, dict[str, object]]:
    parts, params = ["true"], dict[str, object]()
    for column, value in (("rule", rule), ("field", field), ("touchpoint", touchpoint)):
        if value is not None:
            parts.append(f"{column} = ${column}")
            params[column] = value
    return " AND ".join(parts), params
