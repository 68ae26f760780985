"""Which features there are: decided once from what is in the pool, then the same at every instant."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from onepool.audience.conditions import Context
from onepool.audience.conditions.names import KINDS
from onepool.audience.tags.learned import Features
from onepool.pool import Session

MOST_EVENTS = 24
MOST_VALUES = 12
LEVELS = 20
WINDOWS = (7, 30, 90, 180)
RARE = 0.01
_NEVER = frozenset({"id_card", "income_band", "name", "first_name", "last_name", "nickname", "remark", "description"})
"""Attributes that say who somebody is, or that the law asks not to decide by."""

Kind = Literal["times", "days", "since", "first", "amount", "active", "channel", "category", "attribute", "tag"]


@dataclass(frozen=True, slots=True)
class Column:
    """One feature: `of` is an event, channel, category, attribute or tag (empty: all events); `window` in days.

    `levels`: the texts behind the codes of a category; none for numbers.
    """

    kind: Kind
    of: str
    window: int | None = None
    levels: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """Stable: `order_paid_times_30d`, `channel_wecom_90d`, `attribute_gender` …"""
        return self.topic if self.window is None else f"{self.topic}_{self.window}d"

    @property
    def topic(self) -> str:
        """The name without the window."""
        if self.kind in ("channel", "category", "attribute", "tag"):
            return f"{self.kind}_{self.of}"
        return f"{self.of or 'any'}_{self.kind}"


@dataclass(frozen=True)
class FeaturePlan:
    """`history`: days looked back, the same at every instant, so that features mean the same at all of them;
    `by_arrival`: events that arrived later than the instant do not count."""

    history: int
    columns: tuple[Column, ...]
    by_arrival: bool = False

    def text(self) -> str:
        """As JSON, for keeping."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> FeaturePlan:
        """What `text` gave."""
        plain: dict[str, Any] = json.loads(text)
        columns = tuple(
            Column(one["kind"], one["of"], one["window"], None if one["levels"] is None else tuple(one["levels"]))
            for one in plain["columns"]
        )
        return cls(plain["history"], columns, plain["by_arrival"])

    def named(self, kind: Kind) -> list[str]:
        """What the columns of a kind are of, each once."""
        return list(dict.fromkeys(column.of for column in self.columns if column.kind == kind))

    def taken(self, columns: Iterable[Column]) -> FeaturePlan:
        """With these columns only."""
        return FeaturePlan(self.history, tuple(columns), self.by_arrival)


def plan_features(
    session: Session,
    asked: Features,
    at: datetime,
    history: int,
    ctx: Context,
    *,
    facts: bool = True,
    by_arrival: bool = False,
    leave_out: Iterable[str] = (),
) -> FeaturePlan:
    """Features by what is commonest in the `history` days before the instant.

    `facts`: attributes and tags too; `leave_out`: more of what `Features.without` says.
    """
    since = {"start": at - timedelta(days=history), "end": at}
    people = session.query(_PEOPLE, since).column("customers")[0].as_py()
    least = max(int(people * RARE), 5)
    found = session.query(_EVENTS, {**since, "least": least}).to_pylist()
    wanted = None if asked.events is None else set(asked.events)
    events = [row["event"] for row in found if wanted is None or row["event"] in wanted][:MOST_EVENTS]
    money = {row["event"] for row in found if row["amounts"] > 0}
    windows = [days for days in WINDOWS if days < history] + [history]
    columns: list[Column] = [Column("active", "", days) for days in windows]
    columns += [Column("since", ""), Column("first", "")]
    for event in events:
        columns += [Column("times", event, days) for days in windows]
        columns += [Column("days", event, history), Column("since", event), Column("first", event)]
        if event in money:
            columns += [Column("amount", event, days) for days in windows[-2:]]
    values = {**since, "least": least, "most": MOST_VALUES}
    channels = session.query(_CHANNELS, values).column("value").to_pylist()
    categories = _categories(session, {**since, "events": events}, least)
    columns += [Column("channel", value, history) for value in channels]
    columns += [Column("category", value, history) for value in categories]
    if facts:
        columns += _attributes(session, at, ctx, least) + _tags(session, at, ctx, least)
    skipped = {*(asked.without or ()), *leave_out}
    kept = [column for column in columns if not skipped & {column.name, *_sources(column)}]
    return FeaturePlan(history, tuple(kept), by_arrival)


def _categories(session: Session, params: dict[str, object], least: int) -> list[str]:
    """The commonest of events and of their items. Asked apart, see `read`."""
    found: dict[str, int] = {}
    for query in (_CATEGORIES, _ITEM_CATEGORIES):
        for row in session.query(query, params).to_pylist():
            found[row["value"]] = found.get(row["value"], 0) + row["customers"]
    common = sorted((-count, value) for value, count in found.items() if count >= least)
    return [value for _, value in common[:MOST_VALUES]]


_PLURALS = {"channel": "channels", "category": "categories", "attribute": "attributes", "tag": "tags"}


def _sources(column: Column) -> tuple[str, str]:
    """What a column is of, and its sort: `tag:vip`, `tags`."""
    kind = column.kind if column.kind in _PLURALS else "event"
    return f"{kind}:{column.of}", _PLURALS.get(column.kind, "events")


def _attributes(session: Session, at: datetime, ctx: Context, least: int) -> list[Column]:
    found: list[Column] = []
    texts: list[str] = []
    rows = session.query(_ATTRIBUTES, {"end": at, "least": least}).to_pylist()
    for row in rows:
        name = row["attribute"]
        kind = KINDS.get(str(ctx.names.attributes.get(name)), "any")
        if name in _NEVER or name not in ctx.names.attributes:
            continue
        if kind in ("number", "money", "boolean", "time", "date"):
            found.append(Column("attribute", name))
        elif kind == "text" and row["different"] <= max(LEVELS * 5, row["customers"] // 20):
            texts.append(name)
    levels = session.query(_LEVELS, {"end": at, "names": texts, "least": least, "most": LEVELS}).to_pylist()
    return found + _leveled("attribute", levels)


def _tags(session: Session, at: datetime, ctx: Context, least: int) -> list[Column]:
    numbers = [name for name, tag in ctx.names.tags.items() if tag.type == "number"]
    texts = [name for name, tag in ctx.names.tags.items() if tag.type == "text"]
    known = session.query(_TAGS, {"end": at, "names": numbers, "least": least}).column("tag").to_pylist()
    levels = session.query(_TAG_LEVELS, {"end": at, "names": texts, "least": least, "most": LEVELS}).to_pylist()
    return [Column("tag", name) for name in known] + _leveled("tag", levels)


def _leveled(kind: Kind, rows: list[dict[str, Any]]) -> list[Column]:
    levels: dict[str, list[str]] = {}
    for row in rows:
        levels.setdefault(row["name"], []).append(row["value"])
    return [Column(kind, name, None, tuple(values)) for name, values in levels.items() if len(values) > 1]


_PEOPLE = """
SELECT count(DISTINCT customer_id) AS customers FROM events JOIN customer_of USING (identifier_id)
WHERE time >= $start AND time < $end"""
_EVENTS = """
SELECT event, count(DISTINCT customer_id) AS customers, count(amount) AS amounts
FROM events JOIN customer_of USING (identifier_id)
WHERE time >= $start AND time < $end GROUP BY event HAVING customers >= $least ORDER BY customers DESC, event"""
_CHANNELS = """
SELECT channel AS value, count(DISTINCT customer_id) AS customers FROM events JOIN customer_of USING (identifier_id)
WHERE time >= $start AND time < $end AND channel IS NOT NULL
GROUP BY channel HAVING customers >= $least ORDER BY customers DESC, channel LIMIT $most"""
_CATEGORIES = """
SELECT category AS value, count(DISTINCT customer_id) AS customers FROM events JOIN customer_of USING (identifier_id)
WHERE time >= $start AND time < $end AND category <> '' AND list_contains($events, event) GROUP BY category"""
_ITEM_CATEGORIES = """
SELECT category AS value, count(DISTINCT customer_id) AS customers FROM (
    SELECT customer_id, unnest(list_transform(items, lambda item: item.category)) AS category
    FROM events JOIN customer_of USING (identifier_id)
    WHERE time >= $start AND time < $end AND items IS NOT NULL AND list_contains($events, event)
) WHERE category <> '' GROUP BY category"""
_ATTRIBUTES = """
SELECT attribute, count(DISTINCT customer_id) AS customers, count(DISTINCT value) AS different
FROM attribute_facts JOIN customer_of USING (identifier_id)
WHERE time <= $end AND value IS NOT NULL GROUP BY attribute HAVING customers >= $least ORDER BY attribute"""
_LEVELS = """
SELECT attribute AS name, value, count(DISTINCT customer_id) AS customers
FROM attribute_facts JOIN customer_of USING (identifier_id)
WHERE time <= $end AND value IS NOT NULL AND list_contains($names, attribute)
GROUP BY attribute, value HAVING customers >= $least
QUALIFY row_number() OVER (PARTITION BY attribute ORDER BY customers DESC, value) <= $most
ORDER BY name, customers DESC, value"""
_TAGS = """
SELECT tag FROM tag_changes WHERE as_of <= $end AND number IS NOT NULL AND list_contains($names, tag)
GROUP BY tag HAVING count(DISTINCT customer_id) >= $least ORDER BY tag"""
_TAG_LEVELS = """
SELECT tag AS name, value, count(DISTINCT customer_id) AS customers FROM tag_changes
WHERE as_of <= $end AND value IS NOT NULL AND list_contains($names, tag)
GROUP BY tag, value HAVING customers >= $least
QUALIFY row_number() OVER (PARTITION BY tag ORDER BY customers DESC, value) <= $most
ORDER BY name, customers DESC, value"""
