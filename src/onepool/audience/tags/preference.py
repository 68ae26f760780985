"""Preferences as steps: events with their values and weights, scores, shares, the best ones."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from onepool.audience.conditions.compiler.behaviour import oldest_leaves, standing_turns
from onepool.audience.conditions.compiler.plan import Compiler
from onepool.audience.conditions.compiler.predicates import member
from onepool.audience.conditions.compiler.scope import table, union
from onepool.audience.conditions.compiler.sql import (
    E,
    both,
    col,
    double,
    every,
    fn,
    instant,
    micros,
    named,
    number,
    paren,
)
from onepool.audience.conditions.model import Window
from onepool.audience.conditions.names import find_field
from onepool.audience.conditions.windows import resolve
from onepool.audience.tags.model import EventSource, PreferenceTag
from onepool.audience.tags.population import POPULATION

# Shares are ranked to nine decimals: what floating point adds in another order of rows lies far below.
_DIGITS = 9


@dataclass
class Preference:
    """Its steps; then `population` gives (tag, key, number) of all customers, and `best` (customer_id, list)."""

    steps: list[tuple[str, exp.Query]]
    best: tuple[str, exp.Query]
    population: exp.Query | None
    turns: list[E] = field(default_factory=list)


def preference(compiler: Compiler, name: str, tag: PreferenceTag) -> Preference:
    rows = union([_rows(compiler, tag, event) for event in dict.fromkeys(tag.source.did)])
    turns: list[E] = []
    for event in dict.fromkeys(tag.source.did):
        matching = compiler.events.match(event, tag.source.behaviour(tag.within))
        turns += standing_turns(compiler.events, matching) + oldest_leaves(compiler.events, matching)
    liked, scored, shares, best = (f"{name} {step}" for step in ("liked", "scored", "shares", "best"))
    steps = [(liked, rows), (scored, _scores(liked, tag)), (shares, _shares(scored))]
    lift = tag.score == "lift"
    ranked = (best, _best(shares, name if lift else None, tag))
    return Preference(steps, ranked, _population(shares, name) if lift else None, turns)


def _rows(compiler: Compiler, tag: PreferenceTag, event: str) -> exp.Query:
    """(customer_id, time, seq, value, score) of each matching event in the window, one for each value it has."""
    reader, names, source = compiler.reader, compiler.ctx.names, tag.source
    here = find_field(source.field, names)
    of = None if source.of is None else find_field(source.of, names)
    score: E = double(tag.weight(event))
    value: E
    if here.source == "item":
        items = reader.items(source.where or {})
        if of is None:
            one = exp.to_identifier("item")
            listed = fn("list_transform", items, exp.Lambda(this=member(one, here.name), expressions=[one]))
            value = fn("unnest", fn("list_distinct", listed))
        else:
            value = _inner(fn("unnest", items), here.name)
            score = exp.Mul(this=exp.cast(_inner(fn("unnest", items.copy()), of.name), "DOUBLE"), expression=score)
    else:
        value = reader.json_value(here, "VARCHAR") if here.source == "json" else col(here.name)
        if of is not None:
            amount = reader.json_value(of, "DOUBLE") if of.source == "json" else exp.cast(col(of.name), "DOUBLE")
            score = exp.Mul(this=amount, expression=score)
    wanted = [named(value, "value"), named(score, "score")]
    picked = matching_rows(compiler, source, event, tag.within).select(*wanted, copy=False)
    if of is not None and of.kind == "money":
        picked = picked.where(reader.currency(None), copy=False)
    columns = [col(name) for name in ("customer_id", "time", "seq", "value", "score")]
    found = exp.select(*columns, copy=False).from_(picked.subquery("picked", copy=False), copy=False)
    return found.where(_known(col("value")), _known(col("score")), copy=False)


def matching_rows(compiler: Compiler, source: EventSource, event: str, within: Window | None) -> exp.Select:
    """(customer_id, event_id, time, seq) of the events of one name that a source means, before the instant."""
    reader, text = compiler.reader, compiler.params.text
    window = resolve(within, reader.at, compiler.ctx.tz)
    conditions: list[E] = [exp.EQ(this=col("event"), expression=text(event))]
    compiler.events.reads(event, window.start)
    if window.start is not None:
        conditions.append(exp.GTE(this=col("time"), expression=instant(window.start)))
    assert window.end is not None
    conditions.append(exp.LT(this=col("time"), expression=instant(window.end)))
    conditions.append(reader.where(source.where or {}))
    if source.at is not None:
        for column, words in (("channel", source.at.channel), ("touchpoint", source.at.touchpoint)):
            if words is not None:
                conditions.append(exp.In(this=col(column), expressions=[text(word) for word in words]))
    columns = [col(name) for name in ("customer_id", "event_id", "time", "seq")]
    owned = exp.select(*columns, copy=False).from_(table("events"), copy=False)
    owned = owned.join(table(compiler.scope.owners), using=["identifier_id"], copy=False)
    return owned.where(every(conditions), copy=False)


def _inner(entry: E, name: str) -> E:
    return exp.Dot(this=paren(entry), expression=exp.to_identifier(name, quoted=True))


def _scores(liked: str, tag: PreferenceTag) -> exp.Query:
    """(customer_id, value, score, events, latest): decayed to the customer's latest event: time changes no share."""
    score: E = col("score")
    source: exp.Query = exp.select(exp.Star()).from_(table(liked))
    if tag.half_life is not None:
        newest = exp.select(col("customer_id"), named(exp.Max(this=micros(col("time"))), "newest"))
        newest = newest.from_(table(liked)).group_by(col("customer_id"))
        source = exp.select(exp.Star()).from_(table(liked)).join(newest.subquery("newest_of"), using=["customer_id"])
        age = exp.cast(paren(exp.Sub(this=micros(col("time")), expression=col("newest"))), "DOUBLE")
        assert tag.half_life.micros is not None
        halves = exp.Div(this=age, expression=double(tag.half_life.micros))
        score = exp.Mul(this=score, expression=fn("pow", double(2), halves))
    total = exp.Sum(this=score)
    found = exp.select(
        col("customer_id"),
        col("value"),
        named(total, "score"),
        named(exp.Count(this=exp.Distinct(expressions=[col("seq")]), big_int=True), "events"),
        named(exp.Max(this=col("time")), "latest"),
    ).from_(source.subquery("rows", copy=False), copy=False)
    grouped = found.group_by(col("customer_id"), col("value"), copy=False)
    return (
        exp.select(exp.Star())
        .from_(grouped.subquery("totals", copy=False), copy=False)
        .where(exp.GT(this=col("score"), expression=number(0)), copy=False)
    )


def _shares(scored: str) -> exp.Query:
    whole = exp.select(col("customer_id"), named(exp.Sum(this=col("score")), "whole"))
    whole = whole.from_(table(scored)).group_by(col("customer_id"))
    share = exp.Div(this=col("score"), expression=col("whole"))
    return (
        exp.select(
            *(col(name) for name in ("customer_id", "value", "events", "latest")),
            named(share, "share"),
        )
        .from_(table(scored))
        .join(whole.subquery("wholes"), using=["customer_id"])
    )


def _population(shares: str, name: str) -> exp.Query:
    """The average share of each value over all customers who have any score."""
    everyone = exp.select(exp.Count(this=exp.Distinct(expressions=[col("customer_id")]), big_int=True)).from_(
        table(shares)
    )
    average = exp.Div(this=exp.Sum(this=col("share")), expression=exp.cast(everyone.subquery(), "DOUBLE"))
    return (
        exp.select(
            named(exp.Literal.string(name), "tag"),
            named(col("value"), "key"),
            named(average, "number"),
        )
        .from_(table(shares))
        .group_by(col("value"))
    )


def _best(shares: str, lifted: str | None, tag: PreferenceTag) -> exp.Query:
    """(customer_id, list): the first `top` values. With a lift, values that the population lacks take no part."""
    rank: E = col("share")
    source = exp.select(exp.Star()).from_(table(shares))
    if lifted is not None:
        same = both(
            exp.EQ(this=col("key"), expression=col("value")),
            exp.EQ(this=col("tag"), expression=exp.Literal.string(lifted)),
        )
        source = source.join(table(POPULATION), on=same)
        rank = exp.Div(this=rank, expression=col("number"))
    enough = exp.GTE(this=col("events"), expression=number(tag.min_events))
    rounded = exp.Round(this=rank, decimals=number(_DIGITS))
    order = exp.Order(
        expressions=[
            exp.Ordered(this=rounded, desc=True, nulls_first=False),
            exp.Ordered(this=col("latest"), desc=True, nulls_first=False),
            exp.Ordered(this=col("value")),
        ]
    )
    place = exp.Window(this=exp.RowNumber(), partition_by=[col("customer_id")], order=order)
    placed = source.where(enough, copy=False)
    placed = placed.select(col("customer_id"), col("value"), named(place, "place"), append=False, copy=False)
    kept = exp.LTE(this=col("place"), expression=number(tag.top))
    values = fn("list", exp.Order(this=col("value"), expressions=[exp.Ordered(this=col("place"))]))
    return (
        exp.select(col("customer_id"), named(values, "list"))
        .from_(placed.subquery("placed", copy=False), copy=False)
        .where(kept, copy=False)
        .group_by(col("customer_id"), copy=False)
    )


def _known(value: E) -> E:
    return exp.Not(this=exp.Is(this=value, expression=exp.null()))
