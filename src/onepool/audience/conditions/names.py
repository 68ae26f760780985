"""The names that a condition may use, and what each is: from the data standard, the tags and the segments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from zoneinfo import ZoneInfo

from onepool.audience.conditions.anchors.model import Anchors
from onepool.audience.conditions.model import Condition
from onepool.audience.conditions.moves.model import TITLES
from onepool.audience.conditions.standing.ways import Ways
from onepool.standards import Standard
from onepool.standards.personal import hidden_of

Kind = Literal["text", "number", "money", "boolean", "time", "date", "list", "any"]

# SQL types of the data standard -> what kind of tests fit.
KINDS: dict[str, Kind] = {
    "VARCHAR": "text",
    "BIGINT": "number",
    "DOUBLE": "number",
    "DECIMAL(18,4)": "money",
    "BOOLEAN": "boolean",
    "TIMESTAMPTZ": "time",
    "DATE": "date",
    "VARCHAR[]": "list",
}

# Columns of every event that conditions may ask about, beside the fields of the standard.
CORE_FIELDS = {"time": "TIMESTAMPTZ", "received_at": "TIMESTAMPTZ", "channel": "VARCHAR", "touchpoint": "VARCHAR"}

CORE_TITLES: Mapping[str, Mapping[str, str]] = {
    "time": {"zh": "发生时间", "en": "time"},
    "received_at": {"zh": "接收时间", "en": "time received"},
    "channel": {"zh": "渠道", "en": "channel"},
    "touchpoint": {"zh": "触点", "en": "touchpoint"},
}


@dataclass(frozen=True, slots=True)
class EventNames:
    """An event's own fields. `open`: kept though the standard does not know it, so any field may be asked for."""

    fields: frozenset[str] = frozenset()
    open: bool = False


@dataclass(frozen=True, slots=True)
class TagNames:
    """What a tag's value is, and its possible values where they are known. `groups`: they are called by what a run
    found that sets groups apart."""

    type: Literal["text", "number", "list"] = "text"
    values: tuple[str, ...] | None = None
    groups: bool = False


@dataclass(frozen=True)
class Names:
    """Everything that can be named. Types are those of the data standard (`VARCHAR`, `DECIMAL(18,4)` …)."""

    events: Mapping[str, EventNames] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, TagNames] = field(default_factory=dict)
    segments: Mapping[str, Condition] = field(default_factory=dict)
    channels: frozenset[str] = frozenset()
    touchpoints: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    ways: Ways = field(default_factory=dict)
    consent_channels: frozenset[str] = frozenset()
    """Every channel that the data standard knows: consent may be given for one before there is a touchpoint."""
    levels: Mapping[str, int] = field(default_factory=dict)
    """`attribute:city`, `field:district` -> 1 province, 2 city, 3 district: what kind of region its names are."""
    personal: frozenset[str] = frozenset()
    """`attribute:phone`, `field:receiver_name`: what is shown masked and may not become the value of a tag."""
    titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """`event:order_paid`, `field:amount`, `attribute:city`, `tag:…`, `segment:…` -> {zh, en}; of values of an
    enumeration `value:attribute:gender:male`, `value:field:…`, `value:tag:…`."""


@dataclass(frozen=True)
class Context:
    """What evaluation needs beside a condition: names, the workspace's zone and currency.

    `past_tags`: read tags as they were at the instant (from their dated changes) and not as they are now.
    `anchored`: the journey whose conditions these are (`anchors.compile_runs` evaluates them).
    """

    names: Names
    zone: str = "Asia/Shanghai"
    currency: str = "CNY"
    past_tags: bool = False
    anchored: Anchors | None = None

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


@dataclass(frozen=True, slots=True)
class Field:
    """Where a field of an event is found: a typed column, a member of its items, or the JSON of further fields."""

    source: Literal["column", "item", "json"]
    name: str
    type: str

    @property
    def kind(self) -> Kind:
        return KINDS.get(self.type, "any")

    @property
    def path(self) -> tuple[str, ...]:
        """Steps into the JSON (`fields.shipping.method` is two)."""
        return tuple(self.name.split("."))


def names_of(
    standard: Standard,
    *,
    tags: Mapping[str, TagNames] | None = None,
    segments: Mapping[str, Condition] | None = None,
    touchpoints: Mapping[str, str] | None = None,
    kept_events: Iterable[str] = (),
    titles: Mapping[str, Mapping[str, str]] | None = None,
    lists: Iterable[str] = (),
    ways: Ways | None = None,
) -> Names:
    """The names of a data standard and of what a workspace defines on it.

    `touchpoints`: name -> channel; `ways`: see `standing.ways`; `kept_events`: events found in the pool that the
    standard does not know; `titles`: those of tags, segments and lists, keyed as in `Names.titles`.
    """
    events = {name: EventNames(frozenset(standard.event_fields(name))) for name in standard.events}
    for name in kept_events:
        events.setdefault(name, EventNames(open=True))
    found: dict[str, Mapping[str, str]] = {
        f"event:{name}": _title(item.title) for name, item in standard.events.items()
    }
    found |= {f"field:{name}": _title(item.title) for name, item in standard.fields.items()}
    found |= {f"attribute:{name}": _title(item.title) for name, item in standard.attributes.items()}
    found |= {f"channel:{name}": _title(item.title) for name, item in standard.channels.items()}
    found |= {
        f"value:{what}:{name}:{value}": _title(one.title)
        for what, items in (("attribute", standard.attributes), ("field", standard.fields))
        for name, item in items.items()
        for value, one in (item.values or {}).items()
    }
    own = {f"field:{name}": words for name, words in CORE_TITLES.items()}
    found = {**own, **TITLES, **found}
    return Names(
        events=events,
        columns={name: str(sql_type) for name, sql_type in standard.columns.items()},
        items={name: str(sql_type) for name, sql_type in standard.item_columns.items()},
        attributes={name: str(item.sql) for name, item in standard.attributes.items()},
        tags=tags or {},
        segments=segments or {},
        channels=frozenset((touchpoints or {}).values()),
        touchpoints=frozenset(touchpoints or {}),
        lists=frozenset(lists),
        ways=ways or {},
        consent_channels=frozenset(standard.channels),
        levels={
            f"{what}:{name}": _LEVELS[item.type.value]
            for what, items in (("attribute", standard.attributes), ("field", standard.fields))
            for name, item in items.items()
            if item.type.value in _LEVELS
        },
        personal=hidden_of(standard).qualified(),
        titles=found | dict(titles or {}),
    )


_LEVELS = {"province": 1, "city": 2, "district": 3}


def _title(title: Mapping[Any, str]) -> dict[str, str]:
    return {str(language): text for language, text in title.items()}


def find_field(name: str, names: Names) -> Field:
    """The field of that name: `items.x` of order lines, `fields.x` in the JSON, else a typed column, else in JSON."""
    if name.startswith("items."):
        member = name.removeprefix("items.")
        return Field("item", member, names.items.get(member, "VARCHAR"))
    if name.startswith("fields."):
        return Field("json", name.removeprefix("fields."), "JSON")
    sql_type = CORE_FIELDS.get(name) or names.columns.get(name)
    return Field("column", name, str(sql_type)) if sql_type is not None else Field("json", name, "JSON")
