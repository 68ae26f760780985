"""What waits in quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from onepool.pool.engine import Session


@dataclass(frozen=True, slots=True)
class Waiting:
    """One refused thing."""

    log_offset: int
    item: int
    received_at: datetime
    touchpoint: str | None
    kind: str | None
    name: str | None
    rule: str
    field: str | None
    message: str
    attempts: int


@dataclass(frozen=True, slots=True)
class WaitingDetail:
    """One refused thing with its sample as sent (in clear)."""

    row: Waiting
    sample: str
    standard_version: str | None


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """How many wait for one reason."""

    rule: str
    field: str | None
    touchpoint: str | None
    count: int


_COLUMNS = """log_offset, item, received_at, touchpoint, kind, name, rule, field, message,
    coalesce(attempts, 1) AS attempts"""


def page(
    session: Session, *, rule: str | None, touchpoint: str | None, offset: int = 0, limit: int = 50
) -> tuple[list[Waiting], int]:
    """A page of what waits, the latest first, and how many there are."""
    where, params = _where(rule, None, touchpoint)
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


def detail(session: Session, log_offset: int, item: int) -> WaitingDetail | None:
    """One refused thing; None when it does not wait (any more)."""
    found = session.query(
        f"""SELECT {_COLUMNS}, coalesce(sample, '') AS sample, standard_version FROM quarantine
        WHERE log_offset = $log_offset AND item = $item ORDER BY seq DESC LIMIT 1""",
        {"log_offset": log_offset, "item": item},
    ).to_pylist()
    if not found:
        return None
    row = found[0]
    sample, version = row.pop("sample"), row.pop("standard_version")
    return WaitingDetail(Waiting(**row), sample, version)


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


def still_waiting(session: Session, places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those of these (log offset, item) that wait."""
    if not places:
        return []
    found = session.query(
        """SELECT q.log_offset, q.item FROM quarantine q
        JOIN (SELECT unnest($offsets) AS log_offset, unnest($items) AS item) w USING (log_offset, item)
        ORDER BY q.seq""",
        {"offsets": [place[0] for place in places], "items": [place[1] for place in places]},
    )
    return list(zip(found["log_offset"].to_pylist(), found["item"].to_pylist(), strict=True))


def _where(rule: str | None, field: str | None, touchpoint: str | None) -> tuple[str, dict[str, object]]:
    parts, params = ["true"], dict[str, object]()
    for column, value in (("rule", rule), ("field", field), ("touchpoint", touchpoint)):
        if value is not None:
            parts.append(f"{column} = ${column}")
            params[column] = value
    return " AND ".join(parts), params
