"""One pass over the events that conditions and tags name.

Each event name is one family: read once, with only the columns asked for, from the earliest instant that any of its
measures needs; every measure is one filtered aggregate per customer, shared by all that ask for the same. Families are
separate scans because the pool prunes by time and name, so that they cost less than one scan with all filters on every
row (docs/decisions has the measurements).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlglot import exp

from onepool.audience.conditions.compiler.counted import COUNTED, LEAST_MEASURES, Counted, Counting, Tally, tally_of
from onepool.audience.conditions.compiler.needs import Starts, together
from onepool.audience.conditions.compiler.predicates import Reader, is_relative
from onepool.audience.conditions.compiler.scope import Scope, table
from onepool.audience.conditions.compiler.sql import (
    E,
    col,
    every,
    filtered,
    instant,
    is_true,
    micros,
    named,
    paren,
    some,
)
from onepool.audience.conditions.model import Behaviour
from onepool.audience.conditions.moves.model import MOVES
from onepool.audience.conditions.moves.passes import moved, moves_of
from onepool.audience.conditions.windows import Moving, Range, moving


@dataclass
class Family:
    """The events of one name, and what is measured over them per customer.

    `rows`: which events any measure wants; `whole`: instants from which some measure wants all of them.
    """

    event: str
    start: int | None
    rows: list[E] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    columns: dict[E, tuple[str, E]] = field(default_factory=dict)
    measures: dict[E, tuple[str, E]] = field(default_factory=dict)


@dataclass(frozen=True)
class Matching:
    """The events that a behaviour means: `hit` by where and slice, `inside` by the window too."""

    family: Family
    behaviour: Behaviour
    window: Range
    moves: Moving
    sliced: E
    hit: E
    inside: E


class EventPass:
    """Collects measures, then gives one step per family.

    `key`: the column by which events are brought together; `title`: what names of steps and columns begin with.
    """

    key = "customer_id"
    title = ""

    def __init__(self, reader: Reader, scope: Scope, *, kernels: bool = False) -> None:
        """`kernels`: measures may be answered by kernels, before the plan's query runs."""
        self._kernels = kernels
        self.reader = reader
        self.scope = scope
        self.families: dict[str, Family] = {}
        self._count = 0
        self._others: list[Starts] = []
        # Of so many names given out: see `_counted`.
        self._told: tuple[int, dict[str, dict[str, Tally]]] | None = None

    def match(self, event: str, behaviour: Behaviour, *, every_row: bool = False) -> Matching:
        """Take part in the family of the event. `every_row`: also events that do not match are needed (first, last)."""
        moves = moving(behaviour.within, self.reader.at, self.reader.ctx.tz)
        window = moves.window
        start = None if every_row else moves.since
        family = self.families.get(event)
        if family is None:
            family = self.families[event] = Family(event, start)
        elif family.start is not None:
            family.start = None if start is None else min(family.start, start)
        where = behaviour.where or {}
        slice_ = self.slice_of(behaviour)
        # Moves between segments are kept by customer, not among the events.
        asked = moved(event, behaviour, self.reader.params) if event in MOVES else self.reader.where(where)
        hit = every([slice_, asked])
        inside = every([hit, self._in_window(window)])
        needed = slice_ if every_row or is_relative(where) else hit
        bounded = needed if start is None else every([needed, exp.GTE(this=col("time"), expression=instant(start))])
        family.rows.append(bounded)
        if start is not None and is_true(needed):
            family.whole.append(start)
        return Matching(
            family,
            behaviour,
            window,
            moves,
            sliced=self.column(family, every([slice_, exp.LT(this=col("time"), expression=instant(self.reader.at))])),
            hit=self.column(family, hit),
            inside=self.column(family, inside),
        )

    def among(self, event: str, hit: E) -> tuple[Family, E]:
        """Take part in the family of the event with rows of all times that are chosen otherwise: (family, whether)."""
        family = self.families.setdefault(event, Family(event, None))
        family.start = None
        family.rows.append(hit)
        return family, self.column(family, hit)

    def column(self, family: Family, value: E) -> E:
        """A value per event, computed once for the family (constants and plain columns stay as they are)."""
        if is_true(value):
            return value
        # Equal expressions are one key: writing them as text costs more than all the rest of making a plan.
        if value not in family.columns:
            family.columns[value] = (self._name("e"), value)
        return col(family.columns[value][0])

    def measure(self, family: Family, aggregate: E) -> exp.Column:
        """A value per customer; equal aggregates are one. NULL for customers without such events."""
        if aggregate not in family.measures:
            family.measures[aggregate] = (self._name("m"), aggregate)
        return col(family.measures[aggregate][0])

    def coming(self, family: Family) -> E:
        """Microseconds at which the first event dated ahead begins to count, NULL if there is none."""
        ahead = exp.GTE(this=col("time"), expression=instant(self.reader.at))
        found = self.measure(family, filtered(exp.Min(this=col("time")), ahead))
        return exp.Add(this=micros(found), expression=exp.Literal.number(1))

    def steps(self) -> list[tuple[str, exp.Query]]:
        """One step per family: the key and its measures; kernels answer those of `counted`."""
        apart = self._counted()
        found = []
        for family in self.families.values():
            left = [name for name, _ in family.measures.values() if name not in apart.get(family.event, {})]
            if left or family.event not in apart:
                found.append((self.title + step_name(family.event), self._step(family, left)))
        return found

    def steps_of(self, measures: Collection[str]) -> list[tuple[str, exp.Query]]:
        """Steps that give these measures and no others."""
        found = []
        for family in self.families.values():
            names = [name for name, _ in family.measures.values() if name in measures]
            if names:
                found.append((self.title + step_name(family.event), self._step(family, names)))
        return found

    def counted(self) -> list[Counted]:
        """The measures that kernels answer, in one relation for all families."""
        found = []
        for event, tallies in self._counted().items():
            family = self.families[event]
            rows = partial(self._happened, family, owned=False)
            found.append(Counting(list(tallies.values()), rows, partial(self._step, family, list(tallies))))
        return [Counted(self.title + COUNTED, found, self.reader.params.values)] if found else []

    def step_of(self, event: str) -> str:
        """A step, or a relation that kernels make, with all customers who have events of the family."""
        return self.title + (COUNTED if event in self._counted() else step_name(event))

    def _counted(self) -> dict[str, dict[str, Tally]]:
        """Event -> the measures, by name, that kernels answer."""
        if not self._kernels or not self.scope.everyone:
            return {}
        size = self._count
        if self._told is None or self._told[0] != size:
            self._told = (size, self._sorted_out())
        return self._told[1]

    def _sorted_out(self) -> dict[str, dict[str, Tally]]:
        found: dict[str, dict[str, Tally]] = {}
        for event, family in self.families.items():
            if event in MOVES:
                continue
            wide = {name for name, value in family.columns.values() if "INT128" in value.sql("duckdb", copy=False)}
            tallies = [tally_of(name, aggregate) for name, aggregate in family.measures.values()]
            kept = {one.name: one for one in tallies if one is not None and not (one.value and one.value.name in wide)}
            if kept:
                found[event] = kept
        return found if sum(len(one) for one in found.values()) >= LEAST_MEASURES else {}

    def before(self) -> list[tuple[str, exp.Query]]:
        """The steps that `rows` reads."""
        return self.scope.steps()

    def rows(self, columns: Sequence[E], conditions: Sequence[E], event: str | None = None) -> exp.Select:
        """Events of those in scope, each with whose it is under `key`. `event`: the name that all of them have."""
        if event is not None and event in MOVES:
            found = moves_of(event, self.scope, self.reader.params)
            return exp.select(*columns, copy=False).from_(found, copy=False).where(*conditions, copy=False)
        return (
            exp.select(*columns, copy=False)
            .from_(table("events"), copy=False)
            .join(table(self.scope.owners), using=[exp.to_identifier("identifier_id", quoted=True)], copy=False)
            .where(*conditions, copy=False)
        )

    def starts(self) -> dict[str, int | None]:
        """The events that are read, each from which instant (microseconds; None: all of them)."""
        of_events = {name: family.start for name, family in self.families.items() if name not in MOVES}
        return together([of_events, *self._others])

    def reads(self, event: str, start: int | None) -> None:
        """Say that a step outside of the families reads an event too, from an instant on."""
        self._others.append({event: start})

    def names(self) -> list[str]:
        """Names of the steps, and of the relation that kernels make."""
        steps = [name for name, _ in self.steps()]
        return [self.title + COUNTED, *steps] if self._counted() else steps

    def _name(self, prefix: str) -> str:
        self._count += 1
        return f"{self.title}{prefix}{self._count}"

    def slice_of(self, behaviour: Behaviour) -> E:
        """Whether an event is of the channels and touchpoints."""
        if behaviour.at is None:
            return exp.true()
        text: Callable[[str], E] = self.reader.params.text
        return every(
            [
                exp.In(this=col(name), expressions=[text(word) for word in words])
                for name, words in (("channel", behaviour.at.channel), ("touchpoint", behaviour.at.touchpoint))
                if words is not None
            ]
        )

    def _in_window(self, window: Range) -> E:
        parts: list[E] = []
        if window.start is not None:
            parts.append(exp.GTE(this=col("time"), expression=instant(window.start)))
        if window.end is not None:
            parts.append(exp.LT(this=col("time"), expression=instant(window.end)))
        return every(parts)

    def _step(self, family: Family, wanted: Sequence[str]) -> exp.Query:
        rows = self._happened(family)
        measures = [named(value, name) for name, value in family.measures.values() if name in wanted]
        grouped = exp.select(col(self.key), *measures, copy=False).from_(
            rows.subquery("happened", copy=False), copy=False
        )
        return grouped.group_by(col(self.key), copy=False)

    def _happened(self, family: Family, *, owned: bool = True) -> exp.Select:
        """The events that any measure wants, with the values that measures share. `owned`: with whose they are."""
        same = exp.EQ(this=col("event"), expression=self.reader.params.text(family.event))
        conditions: list[E] = [same]
        if family.start is not None:
            conditions.append(exp.GTE(this=col("time"), expression=instant(family.start)))
        # Where one measure wants every row from the earliest instant on, there is nothing to choose.
        if family.start not in family.whole and not any(is_true(rows) for rows in family.rows):
            conditions.append(paren(some(list(dict.fromkeys(family.rows)))))
        used = [named(value, name) for name, value in family.columns.values()]
        if not owned:
            columns = [*(col(name) for name in ("identifier_id", "time")), *used]
            found = exp.select(*columns, copy=False).from_(table("events"), copy=False)
            return found.where(*conditions, copy=False)
        core = (col(name) for name in (self.key, "time", "seq", "event_id"))
        return self.rows([*core, *used], conditions, family.event)


def step_name(event: str) -> str:
    return f"did {event}"
