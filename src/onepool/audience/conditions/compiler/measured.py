"""Measures of event families over the behaviour index: which of them arrays answer, and how.

A measure counts, sums, takes the first or the last of some events. Its condition is taken apart: what bounds the time
becomes a range of the customer's rows, the rest chooses rows; measures that choose the same rows share one selection.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from sqlglot import exp

from onepool.audience.conditions.compiler.counted import tally_of
from onepool.audience.conditions.compiler.events import EventPass, Family
from onepool.audience.conditions.compiler.reader import Reader
from onepool.audience.conditions.compiler.sql import E, col, is_true, order_key, some, wall
from onepool.audience.conditions.compiler.vectors import (
    INSTANT,
    TRUTH,
    WHOLE,
    Columns,
    Run,
    Type,
    Unread,
)
from onepool.clock import to_micros
from onepool.pool.behaviour.kinds import CORE

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Truth: TypeAlias = Callable[[Columns], Any]
Kind: TypeAlias = Literal["count", "sum", "min", "max", "first", "last", "distinct", "days"]

_KEY = order_key(col("time"), col("seq"))
_TIME = col("time")
_LARGEST = 1 << 62
_TYPES: Mapping[str, Type] = {
    "VARCHAR": Type("words"),
    "BIGINT": WHOLE,
    "DOUBLE": Type("double"),
    "DECIMAL(18,4)": Type("decimal", 4),
    "TIMESTAMPTZ": INSTANT,
    "DATE": Type("date"),
    "BOOLEAN": TRUTH,
}
"""SQL types of columns that lie in the index as arrays."""


@dataclass(frozen=True)
class Measure:
    """`value`: None for counts, times and rows themselves. `first`, `last`: places of the instants that bound it."""

    name: str
    kind: Kind
    type: Type
    value: Run | None
    first: int | None
    last: int | None


@dataclass
class Selection:
    """Rows that some measures share. `keep`: which of the family's (None: all); `since`: older ones matter to none."""

    keep: Truth | None
    since: int | None
    instants: I64
    measures: list[Measure]


@dataclass
class Measuring:
    """What arrays answer of one family. `keep`: which of its rows any measure wants (None: all)."""

    event: str
    since: int | None
    keep: Truth | None
    selections: list[Selection]
    columns: frozenset[str]
    """The columns of events that it needs."""


@dataclass
class _Draft:
    """A measure on the way."""

    name: str
    kind: Kind
    value: E | None
    low: int | None = None
    high: int | None = None
    rest: dict[E, None] = field(default_factory=dict)
    """What else has to hold of rows, in order."""


def columns_of(events: EventPass) -> dict[str, str]:
    """The columns of events that arrays may have, with their SQL types."""
    return {**events.reader.ctx.names.columns, **CORE}


def measuring_of(events: EventPass, family: Family, there: Collection[str]) -> Measuring | None:
    """What arrays with these columns answer of a family; None where that is nothing."""
    kinds = columns_of(events)
    needed: set[str] = set()

    def type_of(name: str) -> Type | None:
        found = _TYPES.get(kinds.get(name, ""))
        if found is None or name not in there:
            return None
        needed.add(name)
        return Type("words", column=name) if found.kind == "words" else found

    inlined = dict(family.columns.values())
    reader = Reader(type_of, events.reader.params.values, inlined)
    keep: Truth | None = None
    if family.start not in family.whole and not any(is_true(rows) for rows in family.rows):
        try:
            keep = reader.truth(some(list(dict.fromkeys(family.rows))))
        except Unread:
            return None
    grouped: dict[frozenset[E], tuple[Collection[E], list[tuple[_Draft, Type, Run | None]]]] = {}
    for name, aggregate in family.measures.values():
        before = set(needed)
        try:
            draft = _draft(name, aggregate, inlined, events.reader.ctx.zone)
            if draft is None:
                continue
            kind, value = _typed(draft, reader)
            key = frozenset(draft.rest)
            if key not in grouped:
                for one in draft.rest:
                    reader.truth(one)
                grouped[key] = (draft.rest, [])
            grouped[key][1].append((draft, kind, value))
        except Unread:
            needed.clear()
            needed.update(before)
    if not grouped:
        return None
    selections = [_selection(reader, rest, measures) for rest, measures in grouped.values()]
    return Measuring(family.event, family.start, keep, selections, frozenset(needed))


def _selection(reader: Reader, rest: Collection[E], measures: list[tuple[_Draft, Type, Run | None]]) -> Selection:
    truths = [reader.truth(one) for one in rest]
    bounds = sorted({edge for draft, _, _ in measures for edge in (draft.low, draft.high) if edge is not None})

    def keep(at: Columns) -> Any:
        found = truths[0](at)
        for truth in truths[1:]:
            found = found & truth(at)
        return found

    def place(edge: int | None) -> int | None:
        return None if edge is None else bounds.index(edge)

    made = [
        Measure(draft.name, draft.kind, kind, value, place(draft.low), place(draft.high))
        for draft, kind, value in measures
    ]
    lows = [draft.low for draft, _, _ in measures]
    since = None if None in lows else min(low for low in lows if low is not None)
    return Selection(keep if truths else None, since, np.array(bounds, np.int64), made)


def _draft(name: str, aggregate: E, inlined: Mapping[str, E], zone: str) -> _Draft | None:
    """The measure taken apart; None where it is none that arrays know."""
    keep: E | None = None
    bare = aggregate
    if isinstance(bare, exp.Filter):
        bare, keep = bare.this, bare.expression.this
    if isinstance(bare, exp.Anonymous):
        if str(bare.this) not in ("arg_min", "arg_max") or len(bare.expressions) != 2:
            return None
        value, key = (_resolved(one, inlined) for one in bare.expressions)
        if key != _KEY:
            return None
        draft = _Draft(name, "first" if str(bare.this) == "arg_min" else "last", value)
    else:
        tally = tally_of(name, aggregate)
        if tally is None:
            return None
        value_ = None if tally.value is None else _resolved(tally.value, inlined)
        draft = _Draft(name, tally.kind, value_)
        keep = tally.keep
        if value_ is not None:
            if tally.kind == "distinct" and _is_day(value_, zone):
                draft.kind, draft.value = "days", None
            elif tally.kind in ("min", "max") and value_ in (_KEY, _TIME):
                # Rows lie in that order already.
                draft.kind = "first" if tally.kind == "min" else "last"
    for one in _parts(keep, inlined) if keep is not None else ():
        _bound(one, draft)
    ordered = draft.value in (_KEY, _TIME)
    if draft.value is not None and not ordered:
        present = exp.Not(this=exp.Is(this=draft.value, expression=exp.null()))
        draft.rest[present] = None
    return draft


def _typed(draft: _Draft, reader: Reader) -> tuple[Type, Run | None]:
    """The type of the measure and the function of its values. Raises Unread."""
    value = draft.value
    if draft.kind == "days" or (draft.kind == "count" and value is None):
        return WHOLE, None
    assert value is not None
    if value in (_KEY, _TIME):
        if draft.kind not in ("first", "last"):
            raise Unread(draft.kind)
        return (INSTANT if value == _TIME else Type("event")), None
    kind, run = reader.read(value)
    if draft.kind in ("count", "distinct"):
        if draft.kind == "distinct" and kind.kind in ("truth", "nothing", "event"):
            raise Unread(draft.kind)
        return WHOLE, run
    if draft.kind == "sum":
        if kind.kind not in ("whole", "decimal"):
            raise Unread(draft.kind)
        return (kind if kind.kind == "decimal" else Type("decimal")), run
    if kind.kind in ("nothing", "event", "truth") or (draft.kind in ("min", "max") and kind.kind == "words"):
        raise Unread(draft.kind)
    return kind, run


def _resolved(value: E, inlined: Mapping[str, E]) -> E:
    while isinstance(value, exp.Paren) or (isinstance(value, exp.Column) and value.name in inlined):
        value = value.this if isinstance(value, exp.Paren) else inlined[value.name]
    return value


def _parts(node: E, inlined: Mapping[str, E]) -> Iterable[E]:
    """What all has to hold."""
    node = _resolved(node, inlined)
    if isinstance(node, exp.And):
        yield from _parts(node.this, inlined)
        yield from _parts(node.expression, inlined)
    elif not is_true(node):
        yield node


def _bound(part: E, draft: _Draft) -> None:
    """Narrow the measure's range, or leave it as a choice of rows."""
    edge = _edge(part)
    if edge is None:
        draft.rest[part] = None
    elif isinstance(part, exp.GTE):
        draft.low = edge if draft.low is None else max(draft.low, edge)
    else:
        draft.high = edge if draft.high is None else min(draft.high, edge)


def _edge(part: E) -> int | None:
    """The instant that the time is compared with."""
    if not isinstance(part, exp.GTE | exp.LT):
        return None
    here, bound = part.this, part.expression
    if isinstance(here, exp.Column) and here.name == "time" and isinstance(bound, exp.Cast):
        if isinstance(bound.this, exp.Literal) and bound.this.is_string:
            return to_micros(datetime.fromisoformat(str(bound.this.this)))
    elif isinstance(here, exp.Anonymous) and str(here.this) == "epoch_us":
        (inner,) = here.expressions
        if isinstance(inner, exp.Column) and inner.name == "time" and isinstance(bound, exp.Literal):
            return int(bound.this)
    return None


def _is_day(value: E, zone: str) -> bool:
    """Whether it is the local day of the event."""
    return bool(value == exp.cast(wall(col("time"), zone), "DATE"))
