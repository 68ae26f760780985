"""What a tag's value is, plainly: one customer's history, one instant, and what all customers look like.

The compiler must agree with this; tests hold it to that. Nothing else uses it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from math import inf, isfinite
from typing import Any

from onepool.audience.conditions.model import Figure, Window
from onepool.audience.conditions.names import Context, find_field
from onepool.audience.conditions.reference import (
    Event,
    History,
    TagValue,
    attribute_at,
    column,
    figure,
    in_currency,
    in_slice,
    json_at,
    matches,
    matching_items,
)
from onepool.audience.conditions.texts import json_number, json_text, read_text
from onepool.audience.conditions.windows import local, resolve
from onepool.audience.tags import further_reference as further
from onepool.audience.tags.model import (
    AttributeTag,
    Cut,
    EventSource,
    ExpressionTag,
    FigureSource,
    FirstLastTag,
    ImportTag,
    MetricTag,
    PreferenceTag,
    RfmTag,
    SequenceTag,
    StateTag,
    TagDefinition,
)
from onepool.clock import to_micros

NUMERIC = ("BIGINT", "DOUBLE", "DECIMAL(18,4)")


def value_of(
    tag: TagDefinition, history: History, at: datetime, ctx: Context, population: Mapping[str, float]
) -> TagValue | None:
    """The tag's value for this customer (None: none)."""
    found = _value_of(tag, history, at, ctx, population)
    if found is None and tag.when_missing == "keep_last":
        return history.tags.get(tag.tag)
    return found


def population_of(tag: TagDefinition, histories: Sequence[History], at: datetime, ctx: Context) -> dict[str, float]:
    """What the tag compares one customer with: cut points, or the average share of each value."""
    if isinstance(tag, MetricTag) and tag.cut is not None and tag.cut.by != "number":
        values = sorted(value for one in histories if (value := metric(tag, one, at, ctx)) is not None)
        return (
            {str(index): _cut_point(tag.cut, point, values) for index, point in enumerate(tag.cut.at)} if values else {}
        )
    if isinstance(tag, PreferenceTag) and tag.score == "lift":
        found = [shares for one in histories if (shares := _shares(tag, one, at, ctx))]
        keys = sorted({value for shares in found for value in shares})
        return {key: sum(shares[key][0] for shares in found if key in shares) / len(found) for key in keys}
    if isinstance(tag, StateTag):
        return {
            f"quiet{place}": float(further.percentile(spans, rule.quiet.percentile))
            for place, rule in enumerate(tag.states)
            if rule.quiet is not None
            and (spans := [gap for one in histories for gap in further.gaps(rule.quiet, one, at, ctx, _events)])
        }
    if isinstance(tag, RfmTag):
        bought = [further.rfm_figures(tag, one, at, ctx, _events, _figure) for one in histories]
        return further.rfm_population(tag, [one for one in bought if one is not None])
    if isinstance(tag, ExpressionTag):
        return _expression_population(tag, histories, at, ctx)
    return {}


def _expression_population(
    tag: ExpressionTag, histories: Sequence[History], at: datetime, ctx: Context
) -> dict[str, float]:
    every = [further.Evaluator(tag, one, at, ctx, _figure, {}) for one in histories]
    found = further.expression_population(every)
    if tag.cut is None or tag.cut.by == "number":
        return found
    values = sorted(value for one in histories if (value := _scored_number(tag, one, at, ctx, found)) is not None)
    points = (
        {str(index): _cut_point(tag.cut, point, values) for index, point in enumerate(tag.cut.at)} if values else {}
    )
    return found | points


def _scored_number(
    tag: ExpressionTag, history: History, at: datetime, ctx: Context, population: Mapping[str, float]
) -> float | None:
    value = further.Evaluator(tag, history, at, ctx, _figure, population).value()
    return value if isinstance(value, float) and isfinite(value) else None


def _cut_point(cut: Cut, point: float, values: list[float]) -> float:
    if cut.by == "rank":
        return values[-int(point)] if point <= len(values) else values[0]
    share = int(Decimal(str(point)) * 10_000)
    return next(value for place, value in enumerate(values, 1) if place * 1_000_000 >= len(values) * share)


def _value_of(
    tag: TagDefinition, history: History, at: datetime, ctx: Context, population: Mapping[str, float]
) -> TagValue | None:
    match tag:
        case AttributeTag():
            return _attribute(tag, history, to_micros(at), ctx)
        case FirstLastTag():
            return _first_last(tag, history, to_micros(at), ctx)
        case MetricTag():
            number = metric(tag, history, at, ctx)
            if number is None:
                return None
            return TagValue(number_text(number) if tag.cut is None else _label(tag.cut, number, population), number)
        case PreferenceTag():
            return _preference(tag, history, at, ctx, population)
        case StateTag():
            return _text_value(further.state(tag, history, at, ctx, population, _events))
        case SequenceTag():
            return _text_value(further.sequence(tag, history, at, ctx))
        case ImportTag():
            text = further.imported(tag, history, at)
            return None if text is None else TagValue(text, float(text) if tag.type == "number" else None)
        case RfmTag():
            figures = further.rfm_figures(tag, history, at, ctx, _events, _figure)
            return _text_value(further.rfm(tag, figures, population))
        case ExpressionTag():
            return _expression(tag, history, at, ctx, population)
    raise TypeError(f"{tag.kind} is computed as a whole")


def _text_value(value: str | None) -> TagValue | None:
    return None if value is None else TagValue(value)


def _expression(
    tag: ExpressionTag, history: History, at: datetime, ctx: Context, population: Mapping[str, float]
) -> TagValue | None:
    value = further.Evaluator(tag, history, at, ctx, _figure, population).value()
    if isinstance(value, str):
        return TagValue(value)
    if value is None or not isfinite(value):
        return None
    return TagValue(number_text(value) if tag.cut is None else _label(tag.cut, value, population), value)


def _attribute(tag: AttributeTag, history: History, at: int, ctx: Context) -> TagValue | None:
    text = attribute_at(history, tag.source.attribute, at)
    if text is None:
        return None
    if tag.map is not None:
        value = tag.map.get(text, tag.otherwise)
        return None if value is None else TagValue(value)
    sql_type = str(ctx.names.attributes[tag.source.attribute])
    number = read_text(text, sql_type, ctx.tz) if sql_type in NUMERIC else None
    return TagValue(text, None if number is None else float(number))


def _events(source: EventSource, within: Window | None, history: History, at: int, ctx: Context) -> list[Event]:
    """The events that a source means, in order."""
    behaviour = source.behaviour(within)
    window = resolve(within, at, ctx.tz)
    found = [
        event
        for event in history.events
        if event.event in source.did
        and event.time < at
        and window.holds(event.time)
        and in_slice(event, behaviour)
        and matches(event, behaviour, at, ctx)
    ]
    return sorted(found, key=lambda event: (event.time, event.seq))


def _first_last(tag: FirstLastTag, history: History, at: int, ctx: Context) -> TagValue | None:
    here = find_field(tag.source.field, ctx.names)
    events = _events(tag.source, tag.within, history, at, ctx)
    for event in events if tag.take == "first" else reversed(events):
        value = json_text(json_at(event, here.path)) if here.source == "json" else column(event, here.name)
        if value is not None:
            sql_type = "VARCHAR" if here.source == "json" else here.type
            return TagValue(_text(value, sql_type, ctx), float(value) if sql_type in NUMERIC else None)
    return None


def metric(tag: MetricTag, history: History, at: datetime, ctx: Context) -> float | None:
    """The number before it is cut."""
    value = _figure(tag.source, tag.within, history, to_micros(at), ctx)
    if tag.over is None or value is None:
        return value
    below = _figure(tag.over, tag.within, history, to_micros(at), ctx)
    return None if not below else value / below


def _figure(source: FigureSource, within: Window | None, history: History, at: int, ctx: Context) -> float | None:
    events = _events(source, within, history, at, ctx)
    if not events:
        return None
    name, of = source.figure()
    test = Figure.model_validate({"of": of or "x", "currency": source.currency, "is": 0})
    value = figure(name, test, events, source.behaviour(within), at, ctx)
    return None if value is None else float(value)


def _label(cut: Cut, number: float, population: Mapping[str, float]) -> str:
    points = [
        float(point) if cut.by == "number" else population.get(str(index), inf) for index, point in enumerate(cut.at)
    ]
    if cut.by == "rank":
        return next(
            (label for point, label in zip(points, cut.labels, strict=False) if number >= point), cut.labels[-1]
        )
    reached = [index for index, point in enumerate(points) if number >= point]
    return cut.labels[reached[-1] + 1] if reached else cut.labels[0]


def _preference(
    tag: PreferenceTag, history: History, at: datetime, ctx: Context, population: Mapping[str, float]
) -> TagValue | None:
    ranked = []
    for value, (share, events, latest) in _shares(tag, history, at, ctx).items():
        if events >= tag.min_events and (tag.score != "lift" or value in population):
            rank = share / population[value] if tag.score == "lift" else share
            ranked.append((-round(rank, 9), -latest, value))
    best = [value for _, _, value in sorted(ranked)][: tag.top]
    return TagValue(best[0], None, best) if best else None


def _shares(tag: PreferenceTag, history: History, at: datetime, ctx: Context) -> dict[str, tuple[float, int, int]]:
    """value -> (share of the customer's score, events, time of the latest)."""
    micros = to_micros(at)
    rows = [
        (event, value, score)
        for event in _events(tag.source, tag.within, history, micros, ctx)
        for value, score in _scored(tag, event, micros, ctx)
    ]
    newest = max((event.time for event, _, _ in rows), default=0)
    totals: dict[str, tuple[float, set[int], int]] = {}
    for event, value, score in rows:
        if tag.half_life is not None:
            score *= 2.0 ** ((event.time - newest) / tag.half_life.micros)
        total, seqs, latest = totals.get(value, (0.0, set(), event.time))
        totals[value] = (total + score, seqs | {event.seq}, max(latest, event.time))
    positive = {value: one for value, one in totals.items() if one[0] > 0}
    whole = sum(total for total, _, _ in positive.values())
    return {value: (total / whole, len(seqs), latest) for value, (total, seqs, latest) in positive.items()}


def _scored(tag: PreferenceTag, event: Event, at: int, ctx: Context) -> list[tuple[str, float]]:
    """The values that an event speaks for, each with its score."""
    source, weight = tag.source, tag.weight(event.event)
    here = find_field(source.field, ctx.names)
    of = None if source.of is None else find_field(source.of, ctx.names)
    if of is not None and of.kind == "money" and not in_currency(event, None, ctx):
        return []
    if here.source == "item":
        items = matching_items(event, source.behaviour(None), at, ctx)
        if of is None:
            return [(value, weight) for value in {item.get(here.name) for item in items} if value is not None]
        pairs = [(item.get(here.name), item.get(of.name)) for item in items]
    else:
        value = json_text(json_at(event, here.path)) if here.source == "json" else column(event, here.name)
        if of is None:
            return [] if value is None else [(value, weight)]
        pairs = [(value, json_number(json_at(event, of.path)) if of.source == "json" else column(event, of.name))]
    return [(value, float(amount) * weight) for value, amount in pairs if value is not None and amount is not None]


def number_text(value: Any) -> str:
    """A number as people write it: up to four decimals, no idle zeros."""
    exact = Decimal(value * 1e4) / 10_000 if isinstance(value, float) else Decimal(value)
    fixed = f"{exact.quantize(Decimal('0.0001'), ROUND_HALF_UP):f}"
    return fixed.rstrip("0").rstrip(".")


def _text(value: Any, sql_type: str, ctx: Context) -> str:
    if sql_type in NUMERIC:
        return number_text(value)
    if sql_type == "TIMESTAMPTZ":
        return local(value, ctx.tz).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value.isoformat() if isinstance(value, date) else str(value)
