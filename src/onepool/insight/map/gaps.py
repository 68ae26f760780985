"""What is missing, and the figures that show it. What to do about each kind is said where it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from onepool.insight.map.declared import NOTHING, Declared
from onepool.insight.map.matrix import FEW, LATE_SECONDS
from onepool.insight.map.types import Gap, IdentifierCell, Place, Severity, SignalCell
from onepool.pool import Session

_ORDER = {"error": 0, "warning": 1, "info": 2}
_ENOUGH = 20
"""Events from which on an empty field or a lag says something."""
_LATE_SHARE = 0.2
_BEHIND_SECONDS = 300.0


def gaps(
    session: Session,
    places: Sequence[Place],
    identifiers: Sequence[IdentifierCell],
    signals: Sequence[SignalCell],
    given: Mapping[str, Declared],
    now: datetime,
) -> list[Gap]:
    """All gaps, the gravest first."""
    alive = {one.touchpoint for one in places if one.events or one.customers}
    found = [
        *_silence(session, places, now),
        *_lag(session, places, now),
        *_islands(places),
        *_identifiers(identifiers, alive),
        *_signals(signals, alive, given),
    ]
    return sorted(found, key=lambda one: (_ORDER[one.severity], one.touchpoint, one.kind, one.subject or ""))


def _gap(kind: Any, severity: Severity, touchpoint: str, subject: str | None = None, **figures: Any) -> Gap:
    return Gap(kind, severity, touchpoint, subject, figures)


def _silence(session: Session, places: Sequence[Place], now: datetime) -> list[Gap]:
    """Nothing ever came, or nothing for three times as long as the longest usual pause (and at least a day)."""
    hours = session.query(
        """SELECT touchpoint, quantile_cont(gap, 0.95) AS usual, max(hour) AS last FROM (
            SELECT touchpoint, hour, epoch(hour) - epoch(lag(hour) OVER (PARTITION BY touchpoint ORDER BY hour)) AS gap
            FROM (SELECT DISTINCT touchpoint, hour FROM intake WHERE touchpoint IS NOT NULL AND accepted > 0)
        ) GROUP BY 1"""
    ).to_pylist()
    usual = {row["touchpoint"]: row for row in hours}
    found = []
    for one in places:
        row = usual.get(one.touchpoint)
        if one.paused or one.channel is None:
            continue
        if row is None:
            if not one.events and not one.customers:
                found.append(_gap("silent", "warning", one.touchpoint))
            continue
        pause = (now - row["last"]).total_seconds() - 3_600
        longest = max(3 * (row["usual"] or 0.0), 86_400.0)
        if pause > longest:
            figures = {"seconds": round(pause), "usual": round(row["usual"] or 0.0)}
            found.append(_gap("stopped", "error", one.touchpoint, **figures))
    return found


def _lag(session: Session, places: Sequence[Place], now: datetime) -> list[Gap]:
    """The last hour's events come later than usual; or many of the last 30 days came late."""
    found_rows = session.query(
        """SELECT touchpoint, count(*) FILTER (lately) AS n, median(lag) FILTER (lately) AS now_lag,
            quantile_cont(lag, 0.95) FILTER (NOT lately) AS usual_lag, count(*) FILTER (NOT lately) AS before
        FROM (SELECT touchpoint, received_at > $hour AS lately, greatest(0, epoch(received_at) - epoch(time)) AS lag
            FROM events WHERE received_at > $week AND received_at <= $now) GROUP BY 1""",
        {"hour": now - timedelta(hours=1), "week": now - timedelta(days=7), "now": now},
    ).to_pylist()
    found = []
    for row in found_rows:
        usual = row["usual_lag"] if row["before"] else 0.0
        if row["n"] >= _ENOUGH and row["now_lag"] > max(_BEHIND_SECONDS, usual):
            figures = {"seconds": round(row["now_lag"]), "usual": round(usual), "events": row["n"]}
            found.append(_gap("behind", "error", row["touchpoint"], **figures))
    for one in places:
        if one.events_30d >= _ENOUGH and (one.late_share or 0.0) > _LATE_SHARE:
            figures = {"share": one.late_share, "over": LATE_SECONDS, "events": one.events_30d}
            found.append(_gap("late", "info", one.touchpoint, **figures))
    return found


def _islands(places: Sequence[Place]) -> list[Gap]:
    return [
        _gap("island", "warning", one.touchpoint, customers=one.customers, joined=one.joined)
        for one in places
        if one.island
    ]


def _identifiers(cells: Sequence[IdentifierCell], alive: set[str]) -> list[Gap]:
    found = []
    for cell in cells:
        if cell.touchpoint not in alive:
            continue
        if cell.declared and not cell.identifiers:
            found.append(_gap("identifier-unseen", "warning", cell.touchpoint, cell.type))
        elif cell.strength == "strong" and cell.customers >= FEW and not cell.joining:
            figures = {"customers": cell.customers, "identifiers": cell.identifiers}
            found.append(_gap("identifier-joins-nothing", "info", cell.touchpoint, cell.type, **figures))
    return found


def _signals(cells: Sequence[SignalCell], alive: set[str], given: Mapping[str, Declared]) -> list[Gap]:
    found = []
    for cell in cells:
        if cell.touchpoint not in alive or not given.get(cell.touchpoint, NOTHING).known:
            continue
        if cell.declared and not cell.count:
            found.append(_gap("signal-unseen", "info", cell.touchpoint, cell.name, signal=cell.kind))
        elif cell.count >= _ENOUGH:
            empty = [one.field for one in cell.fields if one.declared and not one.filled]
            found += [
                _gap("field-empty", "info", cell.touchpoint, f"{cell.name}.{name}", events=cell.count) for name in empty
            ]
    return found
