"""The figures of the home page: what came in, by day, hour and touchpoint, and how large the pool is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from onepool.pool.engine import Session

HOURS = 48


@dataclass(frozen=True, slots=True)
class HourFigures:
    """Intake of one hour."""

    hour: datetime
    accepted: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class TouchpointIntake:
    """Intake of one touchpoint over the last 24 hours, and when it last gave anything (to the hour)."""

    accepted: int
    quarantined: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class HomeFigures:
    """All figures of the home page that come from the pool."""

    today: int
    yesterday: int
    total_events: int
    customers: int
    identifiers: int
    orders: int
    quarantine_open: int
    series: list[HourFigures]
    touchpoints: Mapping[str, TouchpointIntake]
    segments: Mapping[str, int]


def figures(session: Session, now: datetime, zone: ZoneInfo) -> HomeFigures:
    """The figures at `now`; days are calendar days of `zone`."""
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    # Back from noon: the day before may have 23 or 25 hours.
    yesterday = (midnight - timedelta(hours=12)).replace(hour=0)
    days = session.query(
        """SELECT coalesce(sum(accepted) FILTER (hour >= $today AND kind = 'event'), 0)::BIGINT AS today,
            coalesce(sum(accepted) FILTER (hour < $today AND kind = 'event'), 0)::BIGINT AS yesterday
        FROM intake WHERE hour >= $yesterday""",
        {"today": midnight, "yesterday": yesterday},
    ).to_pylist()[0]
    sizes = session.query(
        """SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM profiles) AS customers,
            (SELECT count(*) FROM identifiers) AS identifiers, (SELECT count(*) FROM orders) AS orders,
            (SELECT count(*) FROM quarantine) AS quarantine"""
    ).to_pylist()[0]
    return HomeFigures(
        today=days["today"],
        yesterday=days["yesterday"],
        total_events=sizes["events"],
        customers=sizes["customers"],
        identifiers=sizes["identifiers"],
        orders=sizes["orders"],
        quarantine_open=sizes["quarantine"],
        series=_series(session, now),
        touchpoints=touchpoints(session, now),
        segments=segment_sizes(session),
    )


def touchpoints(session: Session, now: datetime) -> dict[str, TouchpointIntake]:
    """Per touchpoint: accepted and quarantined in the last 24 hours (by full hours), and the last arrival."""
    found = session.query(
        """SELECT touchpoint, coalesce(sum(accepted) FILTER (hour > $since AND kind = 'event'), 0)::BIGINT AS accepted,
            coalesce(sum(quarantined) FILTER (hour > $since), 0)::BIGINT AS quarantined, max(hour) AS last_hour
        FROM intake WHERE touchpoint IS NOT NULL GROUP BY 1""",
        {"since": now - timedelta(hours=24)},
    ).to_pylist()
    exact = session.query(
        "SELECT touchpoint, max(received_at) AS last_at FROM events WHERE received_at > $since GROUP BY 1",
        {"since": now - timedelta(hours=24)},
    ).to_pylist()
    last = {row["touchpoint"]: row["last_at"] for row in exact}
    return {
        row["touchpoint"]: TouchpointIntake(
            row["accepted"], row["quarantined"], last.get(row["touchpoint"]) or row["last_hour"]
        )
        for row in found
    }


def segment_sizes(session: Session) -> dict[str, int]:
    """How many customers each segment has now; segments without any are not in the answer."""
    found = session.query("SELECT segment, count(*) AS size FROM segment_members GROUP BY 1")
    return {row["segment"]: row["size"] for row in found.to_pylist()}


def customer_count(session: Session) -> int:
    """All customers."""
    return int(session.query("SELECT count(*) AS n FROM profiles")["n"][0].as_py())


def _series(session: Session, now: datetime) -> list[HourFigures]:
    latest = now.replace(minute=0, second=0, microsecond=0)
    hours = [latest - timedelta(hours=back) for back in range(HOURS - 1, -1, -1)]
    found = session.query(
        """SELECT hour, (sum(accepted) FILTER (kind = 'event'))::BIGINT AS accepted,
            sum(quarantined)::BIGINT AS quarantined
        FROM intake WHERE hour >= $since GROUP BY 1""",
        {"since": hours[0]},
    ).to_pylist()
    by_hour = {row["hour"]: row for row in found}
    return [
        HourFigures(hour, by_hour[hour]["accepted"] or 0, by_hour[hour]["quarantined"] or 0)
        if hour in by_hour
        else HourFigures(hour, 0, 0)
        for hour in hours
    ]
