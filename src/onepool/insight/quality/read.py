"""What the pool counts, by day: events with their filled fields, refusals, doubles, lags, agreeing attributes.

Every answer has as many rows as there are days, touchpoints and events, however many events there were.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from onepool.pool import Session, quote
from onepool.standards import FieldType, Standard

LATE_SECONDS: Final = 3_600
"""What is received later than this after it happened is late."""

OWN_WORDS: Final = frozenset(
    {"nickname", "source", "remark", "adviser", "language", "home_store", "member_since", "wechat_tags", "wecom_tags"}
)
"""Attributes that each touchpoint has of its own: they need not agree."""
_COMPARED = frozenset(
    {
        *(FieldType.TEXT, FieldType.DATE, FieldType.GENDER, FieldType.PROVINCE, FieldType.CITY, FieldType.DISTRICT),
        *(FieldType.PHONE, FieldType.EMAIL, FieldType.ID_CARD),
    }
)

Rows = list[dict[str, Any]]
_DAY = "timezone($zone, {at})::DATE"


def intake(session: Session, since: datetime, zone: str) -> Rows:
    """day, touchpoint, event, accepted, quarantined, duplicates, unknown, mended (of the quarantined)."""
    return _rows(
        session,
        f"""SELECT {_DAY.format(at="hour")} AS day, touchpoint, event,
            coalesce(sum(accepted), 0)::BIGINT AS accepted, coalesce(sum(quarantined), 0)::BIGINT AS quarantined,
            coalesce(sum(duplicates), 0)::BIGINT AS duplicates, coalesce(sum(unknown), 0)::BIGINT AS unknown,
            coalesce(sum(mended), 0)::BIGINT AS mended
        FROM intake WHERE touchpoint IS NOT NULL AND hour >= $since GROUP BY ALL""",
        {"since": since, "zone": zone},
    )


def refusals(session: Session, since: datetime, zone: str) -> Rows:
    """day, touchpoint, kind, event, rule, field, refused: what was refused and not mended since."""
    return _rows(
        session,
        f"""SELECT {_DAY.format(at="hour")} AS day, touchpoint, kind, event, rule, field,
            (sum(refused) - coalesce(sum(mended), 0))::BIGINT AS refused
        FROM refusals WHERE touchpoint IS NOT NULL AND hour >= $since GROUP BY ALL""",
        {"since": since, "zone": zone},
    )


def filled(session: Session, since: datetime, zone: str, columns: Sequence[str]) -> Rows:
    """day, touchpoint, event, n, and n_FIELD: how many of those events have the field."""
    counted = "".join(f", count({quote(name)}) AS {quote('n_' + name)}" for name in columns)
    return _rows(
        session,
        f"""SELECT {_DAY.format(at="received_at")} AS day, touchpoint, event, count(*) AS n{counted}
        FROM events WHERE touchpoint <> '' AND received_at >= $since GROUP BY ALL""",
        {"since": since, "zone": zone},
    )


def lags(session: Session, since: datetime, zone: str) -> tuple[Rows, Rows]:
    """By day and touchpoint: n, in_time; by touchpoint: median and 95th percentile of the lag, in seconds."""
    params = {"since": since, "late": LATE_SECONDS}
    days = _rows(
        session,
        f"""SELECT {_DAY.format(at="received_at")} AS day, touchpoint, count(*) AS n,
            count(*) FILTER (epoch(received_at) - epoch(time) <= $late) AS in_time
        FROM events WHERE touchpoint <> '' AND received_at >= $since GROUP BY ALL""",
        {**params, "zone": zone},
    )
    whole = _rows(
        session,
        """SELECT touchpoint, median(lag) AS median, quantile_cont(lag, 0.95) AS p95 FROM (
            SELECT touchpoint, greatest(0, epoch(received_at) - epoch(time)) AS lag FROM events
            WHERE touchpoint <> '' AND received_at >= $since) GROUP BY 1""",
        {"since": since},
    )
    return days, whole


def agreement(session: Session, standard: Standard, since: datetime, zone: str) -> Rows:
    """day, touchpoint, attribute, n, agree: what a touchpoint said last of a customer, where another said it too."""
    names = [name for name, one in standard.attributes.items() if one.type in _COMPARED and name not in OWN_WORDS]
    return _rows(
        session,
        f"""WITH latest AS (
            SELECT c.customer_id, f.attribute, f.touchpoint, arg_max(f.value, (f.time, f.seq)) AS value,
                max(f.time) AS time
            FROM attribute_facts f JOIN customer_of c USING (identifier_id)
            WHERE f.touchpoint <> '' AND f.value IS NOT NULL AND f.attribute IN (SELECT unnest($names))
            GROUP BY ALL
        ), compared AS (
            SELECT *, count(*) OVER (PARTITION BY customer_id, attribute) AS places,
                count(*) OVER (PARTITION BY customer_id, attribute, value) AS alike FROM latest
        )
        SELECT {_DAY.format(at="time")} AS day, touchpoint, attribute, count(*) AS n,
            count(*) FILTER (alike > 1) AS agree
        FROM compared WHERE places > 1 AND time >= $since GROUP BY ALL""",
        {"since": since, "zone": zone, "names": names},
    )


def facts(session: Session, since: datetime) -> Rows:
    """touchpoint, attribute, n: customers' facts of the period."""
    return _rows(
        session,
        """SELECT touchpoint, attribute, count(*) AS n FROM attribute_facts
        WHERE touchpoint <> '' AND time >= $since AND value IS NOT NULL GROUP BY ALL""",
        {"since": since},
    )


def waiting(session: Session) -> Rows:
    """touchpoint, kind, event, rule, field, n, seq: what waits in quarantine now, and the latest of it."""
    return _rows(
        session,
        """SELECT touchpoint, kind, name AS event, rule, coalesce(field, '') AS field, count(*) AS n, max(seq) AS seq
        FROM quarantine WHERE touchpoint IS NOT NULL GROUP BY ALL""",
    )


def sample_of(session: Session, seq: int) -> str | None:
    """The refused thing as it was sent."""
    found = session.query("SELECT sample FROM quarantine WHERE seq = $seq LIMIT 1", {"seq": seq}).to_pylist()
    return found[0]["sample"] if found else None


def event_without(session: Session, touchpoint: str, event: str, field: str, since: datetime) -> str | None:
    """The latest event of that kind that lacks a field, as JSON."""
    return _one(
        session,
        f"""SELECT fields::VARCHAR AS fields FROM events WHERE touchpoint = $touchpoint AND event = $event
            AND received_at >= $since AND {quote(field)} IS NULL ORDER BY seq DESC LIMIT 1""",
        {"touchpoint": touchpoint, "event": event, "since": since},
    )


def late_event(session: Session, touchpoint: str, since: datetime) -> str | None:
    """The latest late event, as JSON with its times."""
    return _one(
        session,
        """SELECT json_object('event', event, 'time', time, 'received_at', received_at)::VARCHAR AS fields FROM events
        WHERE touchpoint = $touchpoint AND received_at >= $since AND epoch(received_at) - epoch(time) > $late
        ORDER BY seq DESC LIMIT 1""",
        {"touchpoint": touchpoint, "since": since, "late": LATE_SECONDS},
    )


def _rows(session: Session, sql: str, params: dict[str, object] | None = None) -> Rows:
    rows: Rows = session.query(sql, params).to_pylist()
    return rows


def _one(session: Session, sql: str, params: dict[str, object]) -> str | None:
    found = session.query(sql, params).to_pylist()
    return found[0]["fields"] if found else None
