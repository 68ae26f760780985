"""What a definition reads: events and their fields, attributes, tags, segments, lists.

Read from the definition itself, so that it can't go out of date. The language says the same thing with the same key
wherever it is said (`did`, `where`, `attribute`, `tag` …), in segments, tags of every kind and destinations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from onepool.audience.conditions.moves.model import MOVES, moves_named
from onepool.reach.definition import split

_FIGURES: Final = ("sum", "avg", "min", "max", "distinct")
_NAMED: Final = {"attribute": "attribute", "tag": "tag", "segment": "segment", "list": "list"}
# Of journeys: who comes into a segment, or leaves it.
_MOVES: Final = ("segment_enter", "segment_leave")
# Of a definition these say what it is, not what it reads.
_OWN: Final = frozenset(
    {"title", "says", "owner", "purpose", "kind", "values", "group", "schedule", "labels", "version", "map", "reason"}
)


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """Something that is read. `kind`: event, field (named `event.field`), attribute, tag, segment, list, identifier."""

    kind: str
    name: str

    @property
    def id(self) -> str:
        return f"{self.kind}:{self.name}"


EVERY_EVENT: Final = Ref("event", "*")
"""Read by what looks at all that customers do."""

# Models whose features are made of all events where none are named.
_BY_FEATURES: Final = frozenset({"classifier", "lookalike", "cluster"})


def reads(kind: str, body: Mapping[str, Any], known: Mapping[str, frozenset[str]] | None = None) -> frozenset[Ref]:
    """What the definition `body` of a kind (segment, tag, destination, list, journey, broadcast) reads, but for itself.

    `known`: the names there are, by kind (event, field, attribute, tag, segment), for what is written as SQL or as an
    expression, where a word may also be something else.
    """
    rest = {key: value for key, value in body.items() if key != kind and key not in _OWN}
    if kind == "destination":
        return frozenset(_destination(rest))
    found = set(_walk(rest))
    for key in ("sql", "query"):
        if isinstance(body.get(key), str):
            found |= set(_sql(body[key], known or {}))
    if isinstance(body.get("expression"), str):
        found |= set(_expression(body["expression"], known or {}))
    if body.get("kind") == "model" and body.get("model") in _BY_FEATURES:
        features = body.get("features")
        if not (isinstance(features, Mapping) and features.get("events")):
            found.add(EVERY_EVENT)
    own = Ref(kind, str(body.get(kind, "")))
    return frozenset(found - {own})


def _walk(part: Any) -> Iterator[Ref]:
    if isinstance(part, list | tuple):
        for one in part:
            yield from _walk(one)
    if not isinstance(part, Mapping):
        return
    events = [name for key in ("did", "did_not") for name in _names(part.get(key))]
    if any(event in MOVES for event in events):
        # Of who came into a segment, or left it, the segments are what is read.
        yield from (Ref("segment", name) for name in moves_named(part))
        return
    for event in events:
        yield Ref("event", event)
        for field in _fields(part):
            yield Ref("field", f"{event}.{field}")
    features = part.get("features")
    if isinstance(features, Mapping):
        yield from (Ref("event", name) for name in _names(features.get("events")))
    for key, value in part.items():
        if key in _NAMED:
            # What begins with a dollar is filled in where a journey is made of a template.
            yield from (Ref(_NAMED[key], name) for name in _names(value) if not name.startswith("$"))
        if key in _MOVES:
            yield from (Ref("segment", name) for name in _names(value) if not name.startswith("$"))
        if key == "where" and events:
            # Fields named there are counted with their event; what is asked of them names nothing.
            continue
        if key not in _OWN and not isinstance(value, str):
            yield from _walk(value)


def _fields(part: Mapping[str, Any]) -> list[str]:
    """The fields that a behaviour (or the source of a tag) asks about."""
    found = list(part["where"]) if isinstance(part.get("where"), Mapping) else []
    for key in _FIGURES:
        asked = part.get(key)
        if isinstance(asked, str):
            found.append(asked)
        elif isinstance(asked, Mapping) and isinstance(asked.get("of"), str):
            found.append(asked["of"])
    # Of a quiet time (a rule of a state) `of` says whose intervals are meant.
    single = ("field",) if "percentile" in part else ("field", "of")
    found += [part[key] for key in single if isinstance(part.get(key), str)]
    return [name for name in dict.fromkeys(found) if not name.startswith("$")]


def _names(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else []


def _destination(body: Mapping[str, Any]) -> Iterator[Ref]:
    for key, kind in (("segments", "segment"), ("lists", "list"), ("tags", "tag")):
        yield from (Ref(kind, name) for name in _names(body.get(key)))
    columns = body.get("columns")
    pairs = [columns] if isinstance(columns, Mapping) else columns if isinstance(columns, list) else []
    for pair in pairs:
        for source in pair.values() if isinstance(pair, Mapping) else ():
            kind, name, _ = split(str(source))
            if name:
                yield Ref(kind, name)
    filters = body.get("where") or body.get("condition")
    yield from _walk(filters)


def _sql(text: str, known: Mapping[str, frozenset[str]]) -> Iterator[Ref]:
    """What a query over the analysts' views reads: their columns, and the names that it compares with."""
    try:
        tree = sqlglot.parse_one(text, read="duckdb")
    except SqlglotError:
        return
    tables = {table.name for table in tree.find_all(exp.Table)}
    words = {literal.name for literal in tree.find_all(exp.Literal) if literal.is_string}
    columns = {column.name for column in tree.find_all(exp.Column)}
    events = words & known.get("event", frozenset()) if "events" in tables else set()
    for event in events:
        yield Ref("event", event)
        yield from (Ref("field", f"{event}.{name}") for name in columns & known.get("field", frozenset()))
    if tables & {"orders", "order_items"}:
        yield Ref("event", "order_paid")
    if "customers" in tables:
        yield from (Ref("attribute", name) for name in columns & known.get("attribute", frozenset()))
    if tables & {"tags", "tag_history"}:
        yield from (Ref("tag", name) for name in words & known.get("tag", frozenset()))
    if tables & {"segment_members", "segment_changes"}:
        yield from (Ref("segment", name) for name in words & known.get("segment", frozenset()))


def _expression(text: str, known: Mapping[str, frozenset[str]]) -> Iterator[Ref]:
    """What an expression names: words of it that are tags, attributes or events, `tag.x` and `attribute.x` surely."""
    try:
        tree = sqlglot.parse_one(text, read="duckdb")
    except SqlglotError:
        return
    for column in tree.find_all(exp.Column):
        if column.table in _NAMED:
            yield Ref(_NAMED[column.table], column.name)
        elif not column.table:
            kinds = ("tag", "attribute", "event")
            yield from (Ref(kind, column.name) for kind in kinds if column.name in known.get(kind, frozenset()))
