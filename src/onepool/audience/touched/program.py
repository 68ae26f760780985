"""Definitions made ready once for all ticks: leaves about what customers did as questions, the others as a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from onepool.audience.conditions.compiler.needs import ALWAYS, together
from onepool.audience.conditions.compiler.plan import Plan, compile_conditions
from onepool.audience.conditions.compiler.scope import Scope
from onepool.audience.conditions.model import (
    All,
    AnyOf,
    Condition,
    DidLeaf,
    DidNotLeaf,
    Not,
    SegmentLeaf,
    canonical_text,
)
from onepool.audience.conditions.names import Context
from onepool.audience.touched.leaves import NEVER, Question, Reading, question_of
from onepool.audience.touched.rows import I64, Mask, Rows
from onepool.clock import to_micros

Truths = Mapping[str, Mask]
"""Leaf -> whether it holds, for each customer asked for."""


@dataclass(frozen=True)
class Found:
    """The answer for `customers` (ascending): who fulfils which condition, and when each has to be looked at again."""

    customers: I64
    holds: Mapping[str, Mask]
    turns: I64

    def alarms(self) -> pa.Table:
        """(customer_id, at) of those of whom something may turn by time alone."""
        some = np.flatnonzero(self.turns != NEVER)
        at = pa.array(self.turns[some]).cast(pa.timestamp("us", tz="UTC"))
        return pa.table({"customer_id": pa.array(self.customers[some]), "at": at})


class Program:
    """Conditions under one context. Costs what compiling costs once; `run` as often as one likes."""

    def __init__(self, conditions: Mapping[str, Condition], ctx: Context) -> None:
        self.names = list(conditions)
        self._ctx = ctx
        self._questions: dict[str, Question] = {}
        self._others: dict[str, Condition] = {}
        self._keys: dict[str, str] = {}
        self._open: list[str] = []
        self._read = {name: self._reader(condition) for name, condition in conditions.items()}
        self.reads = frozenset[str]().union(*(one.columns for one in self._questions.values()))
        """The columns of `events` that its questions read."""
        self.further = self.reads - ALWAYS
        """Those of them that not every behaviour index has."""

    def starts(self, at: datetime) -> dict[str, int | None]:
        """The events that its questions read, each from which instant (microseconds; None: all of them)."""
        now = to_micros(at)
        return together({one.event: one.start(now, self._ctx)} for one in self._questions.values())

    def rest(self, at: datetime, scope: Scope) -> Plan:
        """A plan of the leaves that only a query can answer: a column for each. Without steps where there are none."""
        return compile_conditions(self._others, at, scope, self._ctx) if self._others else Plan(list)

    def run(self, customers: I64, at: datetime, rows: Rows, rest: pa.Table | None) -> Found:
        """The answer for customers (ascending). `rows`: theirs, of the events and from the instants of `starts`;
        `rest`: what the plan of `rest` found for the same customers, if it has steps."""
        reading = Reading(self._ctx, to_micros(at), customers.size, rows)
        turns = np.full(customers.size, NEVER, np.int64)
        truths: dict[str, Mask] = {}
        for key, question in self._questions.items():
            truths[key], turn = reading.answer(question)
            np.minimum(turns, turn, out=turns)
        if rest is not None:
            place = np.searchsorted(customers, rest.column("customer_id").to_numpy())
            for key in self._others:
                truths[key] = np.zeros(customers.size, np.bool_)
                truths[key][place] = rest.column(key).to_numpy()
            again = rest.column("next_at").cast(pa.int64()).fill_null(NEVER).to_numpy()
            turns[place] = np.minimum(turns[place], again)
        return Found(customers, {name: read(truths) for name, read in self._read.items()}, turns)

    def _reader(self, condition: Condition) -> Callable[[Truths], Mask]:
        """How a condition follows from its leaves."""
        match condition:
            case All() | AnyOf():
                parts = condition.all if isinstance(condition, All) else condition.any
                join = np.logical_and if isinstance(condition, All) else np.logical_or
                readers = [self._reader(part) for part in parts]
                return lambda truths: np.asarray(join.reduce([read(truths) for read in readers]), np.bool_)
            case Not():
                inner = self._reader(condition.not_)
                return lambda truths: ~inner(truths)
            case SegmentLeaf() if condition.segment in self._ctx.names.segments and condition.segment not in self._open:
                self._open.append(condition.segment)
                found = self._reader(self._ctx.names.segments[condition.segment])
                self._open.pop()
                return found
        key = self._key(condition)
        return lambda truths: truths[key]

    def _key(self, leaf: Condition) -> str:
        """The leaf's name among the answers; equal leaves are answered once."""
        text = canonical_text(leaf)
        if text not in self._keys:
            key = self._keys[text] = f"leaf {len(self._keys) + 1}"
            question = question_of(leaf, self._ctx) if isinstance(leaf, DidLeaf | DidNotLeaf) else None
            if question is not None:
                self._questions[key] = question
            else:
                self._others[key] = leaf
        return self._keys[text]
