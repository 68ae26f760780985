"""Tags and segments in figures: coverage, distribution, members, changes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

import pyarrow as pa

from onepool.pool.engine import Session, quote


@dataclass(frozen=True, slots=True)
class TagFigures:
    """Coverage of one tag."""

    coverage: int
    values: int
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Spread:
    """Quantiles of the numbers of a tag."""

    minimum: float
    p25: float
    median: float
    p75: float
    maximum: float
    mean: float


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a segment, in clear."""

    customer_id: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """A customer entering or leaving a segment."""

    customer_id: int
    change: Literal["enter", "exit"]
    at: datetime


_PAST = """(
    WITH began AS (SELECT tag, max(as_of) AS began FROM tag_partitions WHERE as_of <= $at GROUP BY tag),
    told AS (
        SELECT customer_id, tag, value, number, list, as_of, change_id FROM tag_changes WHERE as_of <= $at
        UNION ALL SELECT customer_id, tag, value, number, list, as_of, -1 FROM tag_partitions WHERE as_of <= $at
    )
    SELECT * FROM (
        SELECT t.* EXCLUDE (change_id) FROM told t LEFT JOIN began USING (tag)
        WHERE as_of >= coalesce(began, as_of) AND ($tag IS NULL OR tag = $tag)
        QUALIFY row_number() OVER (PARTITION BY customer_id, tag ORDER BY as_of DESC, change_id DESC) = 1
    ) WHERE value IS NOT NULL OR number IS NOT NULL OR list IS NOT NULL
)"""
"""Values of tags as they were at `$at`: of a tag that was computed for all before, that run is the beginning."""


def _values(at: datetime | None) -> tuple[str, dict[str, datetime]]:
    """Where values of tags are read, and its parameters: now, or as they were then."""
    return ("tag_values", {}) if at is None else (_PAST, {"at": at})


def tag_rows(session: Session, tag: str, at: datetime | None = None) -> pa.Table:
    """Who has which value: customer_id, value, number, list, as_of. `at`: as it was then."""
    source, params = _values(at)
    return session.query(
        f"SELECT customer_id, value, number, list, as_of FROM {source} WHERE tag = $tag ORDER BY customer_id",
        {"tag": tag, **params},
    )


def tag_figures(session: Session, tag: str | None = None, at: datetime | None = None) -> dict[str, TagFigures]:
    """Coverage of every tag that has a value, or of one. `at`: as it was then."""
    source, params = _values(at)
    found = session.query(
        f"""SELECT tag, sum(n)::BIGINT AS coverage, count(*) AS values, max(as_of) AS as_of FROM (
            SELECT tag, value, count(*) AS n, max(as_of) AS as_of FROM {source}
            WHERE $tag IS NULL OR tag = $tag GROUP BY tag, value
        ) GROUP BY tag""",
        {"tag": tag, **params},
    )
    return {row["tag"]: TagFigures(row["coverage"], row["values"], row["as_of"]) for row in found.to_pylist()}


def spread_of(session: Session, tag: str, at: datetime | None = None) -> pa.Table:
    """How a tag's values are spread: value, customers; the commonest first. `at`: as it was then."""
    source, params = _values(at)
    return session.query(
        f"""SELECT value, count(*) AS customers FROM {source} WHERE tag = $tag GROUP BY value
        ORDER BY customers DESC, value""",
        {"tag": tag, **params},
    )


def tag_distribution(session: Session, tag: str, limit: int = 100, at: datetime | None = None) -> list[tuple[str, int]]:
    """The commonest values with their counts. A tag with several values counts a customer under each. `at`: as it was
    then."""
    source, params = _values(at)
    found = session.query(
        f"""SELECT v, count(*) AS n FROM (
            SELECT unnest(CASE WHEN list IS NULL THEN [coalesce(value, number::VARCHAR)] ELSE list END) AS v
            FROM {source} WHERE tag = $tag
        ) WHERE v IS NOT NULL GROUP BY v ORDER BY n DESC, v LIMIT $limit""",
        {"tag": tag, "limit": limit, **params},
    )
    return [(row["v"], row["n"]) for row in found.to_pylist()]


def tag_values(session: Session, limit: int = 50, tags: Collection[str] | None = None) -> dict[str, list[str]]:
    """For every tag, or each of these, its commonest values; what a menu offers."""
    which = "" if tags is None else "WHERE tag IN (SELECT unnest($tags))"
    found = session.query(
        f"""SELECT tag, v FROM (
            SELECT tag, v, count(*) AS n FROM (
                SELECT tag, unnest(CASE WHEN list IS NULL THEN [value] ELSE list END) AS v FROM tag_values {which}
            ) WHERE v IS NOT NULL GROUP BY ALL
        ) QUALIFY row_number() OVER (PARTITION BY tag ORDER BY n DESC, v) <= $limit ORDER BY tag, n DESC, v""",
        {"limit": limit} | ({} if tags is None else {"tags": list(tags)}),
    )
    values: dict[str, list[str]] = {}
    for row in found.to_pylist():
        values.setdefault(row["tag"], []).append(row["v"])
    return values


def tag_spread(session: Session, tag: str) -> Spread | None:
    """Quantiles of the tag's numbers; None when it has none."""
    row = session.query(
        """SELECT min(number) AS minimum, quantile_cont(number, 0.25) AS p25, median(number) AS median,
            quantile_cont(number, 0.75) AS p75, max(number) AS maximum,
            CASE WHEN isfinite(avg(number)) THEN avg(number) ELSE avg(number / 1e9) * 1e9 END AS mean
        FROM tag_values WHERE tag = $tag AND number IS NOT NULL AND isfinite(number)""",
        {"tag": tag},
    ).to_pylist()[0]
    return Spread(**row) if row["minimum"] is not None else None


def event_names(session: Session) -> list[str]:
    """The names of all events that ever came in."""
    found = session.query("SELECT DISTINCT event FROM intake WHERE kind = 'event' AND accepted > 0 ORDER BY 1")
    names: list[str] = found["event"].to_pylist()
    return names


def members(session: Session, segment: str, *, offset: int = 0, limit: int = 50) -> tuple[list[Member], int]:
    """A page of members, the latest entry first, and how many there are."""
    total = session.query("SELECT count(*) AS n FROM segment_members WHERE segment = $segment", {"segment": segment})
    found = session.query(
        """SELECT customer_id, since FROM segment_members WHERE segment = $segment
        ORDER BY since DESC, customer_id LIMIT $limit OFFSET $offset""",
        {"segment": segment, "limit": limit, "offset": offset},
    )
    return [Member(**row) for row in found.to_pylist()], int(total["n"][0].as_py())


def all_members(session: Session, segment: str) -> pa.Table:
    """(customer_id, since) of every member, the latest entry first."""
    return session.query(
        "SELECT customer_id, since FROM segment_members WHERE segment = $segment ORDER BY since DESC, customer_id",
        {"segment": segment},
    )


def changes(session: Session, segment: str, limit: int = 100) -> list[Change]:
    """The latest entries and exits, the latest first."""
    found = session.query(
        """SELECT customer_id, change, "at" FROM segment_changes WHERE segment = $segment
        ORDER BY "at" DESC, change_id DESC LIMIT $limit""",
        {"segment": segment, "limit": limit},
    )
    return [Change(**row) for row in found.to_pylist()]


Source: TypeAlias = Literal["tag", "attribute", "column", "item"]
"""A tag, an attribute, a column of the events, or a field of their items."""


def ever(session: Session, kind: Source, name: str, values: Collection[str]) -> bool:
    """Whether there ever was each of these texts, see `distinct_values`: each is looked for until it is found."""
    which = {"name": name}
    match kind:
        case "tag":
            where = "tag_values WHERE tag = $name AND (value = $value OR list_contains(list, $value))"
        case "attribute":
            where = "attribute_facts WHERE attribute = $name AND value = $value"
        case "column":
            where, which = f"events WHERE {quote(name)} = $value", {}
        case "item":
            fields = f"list_transform(items, lambda item: item.{quote(name)})"
            where, which = f"events WHERE list_contains({fields}, $value)", {}
    return all(
        session.query(f"SELECT 1 AS one FROM {where} LIMIT 1", {**which, "value": value}).num_rows > 0
        for value in values
    )


def distinct_values(session: Session, kind: Source, name: str, limit: int) -> frozenset[str]:
    """The different texts that a tag, an attribute, a column of the events or a field of their items ever had."""
    which = {"name": name, "limit": limit}
    if kind == "tag":
        sql = """SELECT DISTINCT unnest(CASE WHEN list IS NULL THEN [value] ELSE list END) AS v FROM tag_values
            WHERE tag = $name LIMIT $limit"""
    elif kind == "attribute":
        sql = "SELECT DISTINCT value AS v FROM attribute_facts WHERE attribute = $name LIMIT $limit"
    else:
        value = quote(name) if kind == "column" else f"unnest(items).{quote(name)}"
        sql, which = f"SELECT DISTINCT {value} AS v FROM events LIMIT $limit", {"limit": limit}
    return frozenset(str(value) for value in session.query(sql, which).column("v").to_pylist() if value is not None)
