"""Whole plans over everybody answered by arrays: the truths of conditions, and the values of tags.

What arrays can't answer is asked for in one query of only what it needs, and joins as columns; so a region in one
condition does not send the behaviour in all others to a query.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlglot import exp

from onepool.audience.conditions.compiler.columns import Answer, Customers
from onepool.audience.conditions.compiler.counted import LEAST_MEASURES, Places, distinct_customers
from onepool.audience.conditions.compiler.everyone import Given, Served, evaluate, given, served
from onepool.audience.conditions.compiler.latest import Facts, latest_facts, types_of
from onepool.audience.conditions.compiler.output import Output, truths
from onepool.audience.conditions.compiler.reader import Reader
from onepool.audience.conditions.compiler.sql import E, certain, col, named
from onepool.audience.conditions.compiler.steps import Views, bound, text_of
from onepool.audience.conditions.compiler.vectors import (
    TRUTH,
    Columns,
    Run,
    TooWide,
    Type,
    Unread,
    Vector,
    earliest,
)
from onepool.pool import Session
from onepool.pool.behaviour import View
from onepool.pool.kernels.measuring import LATEST

if TYPE_CHECKING:
    from onepool.audience.conditions.compiler.plan import Compiler

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_TURNS = "turns"
_EVERYBODY = "everybody"
_HOPE = "hope"
_INSTANT = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class _Answered:
    """Expressions that arrays answer, by name, and the columns that they are made of."""

    runs: Mapping[str, Answer]
    used: Collection[str]


@dataclass(frozen=True)
class _Whole:
    """What there is to answer with: everybody, what the index serves, and what sequences gave."""

    customers: I64
    found: Served
    given: Given

    def beside(self, facts: Facts) -> _Whole:
        """With these columns too."""
        columns = {**self.given.columns, **facts.columns}
        return _Whole(self.customers, self.found, Given(columns, {**self.given.words, **facts.words}))

    def read(self, wanted: Mapping[str, E], compiler: Compiler, *, truths: bool = False) -> _Answered:
        """What arrays answer of the expressions. `truths`: all of them are, and none is ever unknown."""
        types = self.found.types() | self.given.types()
        runs: dict[str, Answer] = {}
        used: set[str] = set()
        for name, expression in wanted.items():
            asked: set[str] = set()

            def type_of(column: str, asked: set[str] = asked) -> Type | None:
                asked.add(column)
                return types.get(column)

            try:
                reader = Reader(type_of, compiler.params.values, {})
                kind, run = (TRUTH, _known(reader.remembered(expression))) if truths else reader.read(expression)
            # A chain of hundreds of tests is deeper than functions may call each other: a query takes it.
            except (Unread, RecursionError):
                continue
            runs[name] = Answer(kind, run, frozenset(asked))
            used |= asked
        return _Answered(runs, used)


def _whole(compiler: Compiler, session: Session, views: Views) -> _Whole | None:
    """None where the index can't serve, or where so little is measured that a query starts sooner."""
    events = compiler.events
    if sum(len(family.measures) for family in events.families.values()) < LEAST_MEASURES:
        return None
    batches = [(batch, batch.blockwise()) for batch in compiler.sequences.batches]
    found = served(session, views, events, [one for _, one in batches if one is not None])
    if found is None:
        return None
    customers = distinct_customers(session)
    answers: dict[str, tuple[Type, object]] = {}
    for batch, in_blocks in batches:
        if in_blocks is None:
            answers |= given(batch.answer(session, views), customers).columns
    return _Whole(customers, found, Given(answers))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Conditions:
    """Conditions over everybody, each an expression of its leaves' columns. `sparse` as of `compile_conditions`; then
    `hope` says of whom any holds or may come to (None: of anybody)."""

    compiler: Compiler
    wanted: Mapping[str, E]
    sparse: bool
    hope: E | None = None

    def run(self, session: Session, views: Views) -> pa.Table | None:
        """As `Plan.run`; None where arrays can't serve, or don't hold the values."""
        whole = _whole(self.compiler, session, views)
        if whole is None:
            return None
        whole = self._with_facts(session, whole)
        leaves = {name: leaf.truth for name, leaf in self.compiler.leaves.values()}
        if self.hope is not None:
            leaves[_HOPE] = certain(self.hope)
        turns = _distinct(self.compiler.turns())
        known, waits = whole.read(leaves, self.compiler, truths=True), whole.read(turns, self.compiler)
        left = [named(truth, name) for name, truth in leaves.items() if name not in known.runs]
        late = [turn for name, turn in turns.items() if name not in waits.runs]
        columns = dict(whole.given.columns)
        if left or late:
            ask = [*left, *([named(_least(late), _TURNS)] if late else [])]
            _answer_for(ask, self.compiler, session, views)
            asked = _asked(self.compiler, session, whole.customers, ask)
            columns |= given(asked, whole.customers).columns
        reader = Reader(dict.fromkeys(leaves, TRUTH).get, {}, {})
        try:
            answers = [reader.truth(one) for one in self.wanted.values()]
        except RecursionError:
            return None
        holds = np.empty((len(answers), whole.customers.size), np.bool_)
        some = np.zeros(whole.customers.size, np.bool_)
        hope = np.ones(whole.customers.size, np.bool_)
        soonest = np.empty(whole.customers.size, np.int64)

        def into(at: Customers, places: slice | I64) -> None:
            any_ = np.zeros(at.count, np.bool_)
            for number, answer in enumerate(answers):
                found = answer(at)
                holds[number, places] = found
                any_ |= found
            some[places] = any_
            if self.hope is not None:
                hope[places] = at.column(_HOPE).values
            when = at.earliest(waits.runs.values())
            soonest[places] = earliest([Vector(when), at.column(_TURNS)]).values if late else when

        used = {*known.used, *waits.used}
        try:
            evaluate(
                whole.found.needing(used), whole.customers, Given(columns, whole.given.words), known.runs,
                self.compiler.ctx.zone, into,
            )  # fmt: skip
        except (TooWide, RecursionError):
            return None
        return self._table(whole.customers, holds, some, soonest, hope)

    def _with_facts(self, session: Session, whole: _Whole) -> _Whole:
        """With the latest values of attributes, if these are all that is asked of attributes and arrays can ask it."""
        facts = self.compiler.facts
        texts, asked = facts.texts(), facts.attributes()
        kinds = types_of(texts)
        if not kinds:
            return whole
        about = [leaf for _, leaf in self.compiler.leaves.values() if _names(leaf.truth) & {*asked}]
        try:
            for leaf in about:
                Reader(kinds.get, self.compiler.params.values, {}).truth(leaf.truth)
        except (Unread, RecursionError):
            return whole
        places = Places(session)
        return whole.beside(latest_facts(session, places, texts, asked.values(), self.compiler.reader.at))

    def _table(self, customers: I64, holds: Bools, in_some: Bools, soonest: I64, hope: Bools) -> pa.Table:
        never = soonest == LATEST
        some: slice | I64 = slice(None)
        if self.sparse:
            wanted = in_some | (~never & hope)
            if not wanted.all():
                some = np.flatnonzero(wanted)
                customers, soonest, never = customers[some], soonest[some], never[some]
        columns: dict[str, pa.Array] = {"customer_id": pa.array(customers)}
        columns |= {name: truths(holds[number][some]) for number, name in enumerate(self.wanted)}
        columns["next_at"] = pa.array(soonest, mask=never).view(_INSTANT)
        return pa.table(columns)


@dataclass(frozen=True)
class Measured:
    """What arrays measured of everybody. `soonest`: when anything may turn (microseconds, LATEST: never), but for the
    turns in `late`, which are left to a query."""

    asked: Values
    customers: I64
    view: View
    outputs: Mapping[str, Output]
    soonest: I64
    late: Sequence[E]

    @property
    def changes(self) -> Bools:
        """Of whom anything may turn."""
        found: Bools = self.soonest != LATEST
        return found

    def steps(self, session: Session, relation: str, needed: Collection[str]) -> list[tuple[str, exp.Query]]:
        """Have it in a relation. Returns the steps that make of it, in the last one, the columns that are `needed`;
        `next_us` is one of them or not."""
        wanted = {name: value for name, value in self.asked.wanted.items() if name in needed}
        columns = {"customer_id": pa.array(self.customers)}
        columns |= {name: one.array(self.view) for name, one in self.outputs.items() if name in wanted}
        values = [named(col(name) if name in self.outputs else value, name) for name, value in wanted.items()]
        if "next_us" in needed:
            columns[_TURNS] = pa.array(self.soonest, mask=~self.changes)
            values.append(named(_least([col(_TURNS), *self.late]), "next_us"))
        session.relation(relation, pa.table(columns))
        return self.asked.compiler.narrowed(values, first=relation)


@dataclass(frozen=True)
class Values:
    """Columns over everybody."""

    compiler: Compiler
    wanted: Mapping[str, E]
    turns: Sequence[E]

    def run(self, session: Session, views: Views) -> Measured | None:
        """Measure; None as of `Conditions`."""
        whole = _whole(self.compiler, session, views)
        if whole is None:
            return None
        turns = _distinct(self.turns)
        answered, waits = whole.read(self.wanted, self.compiler), whole.read(turns, self.compiler)
        late = [turn for name, turn in turns.items() if name not in waits.runs]
        left = [value for name, value in self.wanted.items() if name not in answered.runs]
        _answer_for([*left, *late], self.compiler, session, views)
        outputs = {name: Output(one.kind, whole.customers.size) for name, one in answered.runs.items()}
        soonest = np.empty(whole.customers.size, np.int64)

        def into(at: Customers, places: slice | I64) -> None:
            for name, one in answered.runs.items():
                outputs[name].put(places, at.answer(one))
            soonest[places] = at.earliest(waits.runs.values())

        used = {*answered.used, *waits.used}
        try:
            evaluate(whole.found.needing(used), whole.customers, whole.given, {}, self.compiler.ctx.zone, into)
        except (TooWide, RecursionError):
            return None
        return Measured(self, whole.customers, whole.found.view, outputs, soonest, late)


def _answer_for(columns: Iterable[E], compiler: Compiler, session: Session, views: Views) -> None:
    """Have the sequences that a query of these columns names in the session."""
    names = {name for one in columns for name in _names(one)}
    for batch in compiler.sequences.batches:
        if any(batch.answers(name) for name in names):
            batch.run(session, views)


def _asked(compiler: Compiler, session: Session, customers: I64, columns: Sequence[E]) -> pa.Table:
    """What a query says of everybody, who are known already."""
    session.relation(_EVERYBODY, pa.table({"customer_id": pa.array(customers)}))
    text = text_of(compiler.narrowed(columns, first=_EVERYBODY))
    return session.query(text, bound(text, compiler.params.values))


def _known(holds: Callable[[Columns], Any]) -> Run:
    return lambda at: Vector(holds(at))


def _names(node: E) -> set[str]:
    return {column.name for column in node.find_all(exp.Column)}


def _distinct(turns: Iterable[E]) -> dict[str, E]:
    """Each turn once, under its number."""
    return {str(number): turn for number, turn in enumerate(dict.fromkeys(turns))}


def _least(turns: Sequence[E]) -> E:
    return turns[0] if len(turns) == 1 else exp.func("LEAST", *turns)
