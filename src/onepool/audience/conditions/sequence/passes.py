"""Sequences in a plan: the events of all their steps are read once, the kernel answers, its answers join as columns.

Each kind of event that some step means has a bit; the query gives customer, time, arrival and bits of every event with
any of them, in any order. Sequences share bits, events and the sorting; each is one run of the kernel over them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from sqlglot import exp

from onepool.audience.conditions.compiler.behaviour import LeafSql
from onepool.audience.conditions.compiler.events import EventPass
from onepool.audience.conditions.compiler.predicates import is_relative
from onepool.audience.conditions.compiler.scope import union
from onepool.audience.conditions.compiler.sql import (
    E,
    certain,
    col,
    every,
    instant,
    is_true,
    named,
    null_bigint,
    number,
    some,
    when,
)
from onepool.audience.conditions.compiler.steps import Views, bound, text_of
from onepool.audience.conditions.parts import Behaviour, Slice, canonical_text
from onepool.audience.conditions.sequence.blockwise import Blockwise
from onepool.audience.conditions.sequence.indexed import Wanted, columns, read, worth
from onepool.audience.conditions.sequence.model import DidNotStep, DidStep, SequenceLeaf
from onepool.audience.conditions.sequence.patterns import next_instants, pattern_of
from onepool.audience.conditions.windows import Moving, moving
from onepool.pool import Session
from onepool.pool.kernels import NEVER, Marked, Pattern, Trace, before, ordered, sequence, trace
from onepool.pool.kernels.pattern import I64, Bools
from onepool.pool.kernels.threads import cores

_BITS = 62
_FEW = 100_000


@dataclass
class _Rows:
    """The events of one name that matter: each bit with what an event must be for it."""

    since: int | None
    bits: dict[int, E] = field(default_factory=dict)
    sliced: list[E] = field(default_factory=list)
    turns: list[E] = field(default_factory=list)


@dataclass(frozen=True)
class _Asked:
    """One sequence: its columns are `name` and `name_next`."""

    name: str
    pattern: Pattern
    moves: Moving


@dataclass(frozen=True)
class Traced:
    """What became of one customer's sequence: see `kernels.Trace`; events by id, with their times (microseconds)."""

    trace: Trace
    pattern: Pattern
    ids: list[str]
    times: list[int]


class Batch:
    """Sequences over up to 62 kinds of events, answered by one query and the kernel."""

    def __init__(self, name: str, events: EventPass, *, evidence: bool) -> None:
        self.name = name
        self.traced: dict[str, Traced] = {}
        self._events = events
        self._reader = events.reader
        self._evidence = evidence
        self._bits: dict[tuple[str, str], int] = {}
        self._rows: dict[str, _Rows] = {}
        self._asked: list[_Asked] = []
        self._plain: dict[int, Slice | None] = {}
        """Bits that need nothing but the event's name and place."""

    def fits(self, leaf: SequenceLeaf) -> bool:
        """Whether there are bits left for the leaf's steps."""
        return len(self._bits.keys() | {_kind(step, leaf) for step in leaf.sequence}) <= _BITS

    def add(self, leaf: SequenceLeaf, name: str) -> None:
        """Answer this leaf too, under this name."""
        moves = moving(leaf.within, self._reader.at, self._reader.ctx.tz)
        pattern = pattern_of(leaf, lambda step: self._bit(step, leaf, moves.since), moves.window, self._reader.at)
        self._asked.append(_Asked(name, pattern, moves))

    def steps(self) -> list[tuple[str, exp.Query]]:
        """The query of the events, in named steps."""
        rows = [self._select(event, rows) for event, rows in self._rows.items()]
        return [*self._events.before(), (f"events of {self.name}", union(rows))]

    def answers(self, name: str) -> bool:
        """Whether it has the column, of truths or of turns."""
        return any(name in (one.name, f"{one.name}_next") for one in self._asked)

    def starts(self) -> dict[str, int | None]:
        """The events that are read, each from which instant (microseconds; None: all of them)."""
        return {event: rows.since for event, rows in self._rows.items()}

    def text(self, dialect: str = "duckdb") -> str:
        """For reading: the query, then what the kernel does with its rows."""
        name, query = self.steps()[-1]
        asked = ", ".join(one.name for one in self._asked)
        return f"-- {name}\n{query.sql(dialect, pretty=True)}\n\n-- {self.name}: sorted, then the kernel gives {asked}"

    def run(self, session: Session, views: Views | None = None) -> None:
        """Answer, and have the answers in the session as a relation under the batch's name."""
        self.answer(session, views)

    def answer(self, session: Session, views: Views | None = None) -> pa.Table:
        """As `run`; returns the relation too."""
        parts = self._indexed(session, views)
        answers = [self._answers(*part) for part in parts] if parts is not None else [self._read(session)]
        found = pa.concat_tables(answers)
        session.relation(self.name, found)
        return found

    def _read(self, session: Session) -> pa.Table:
        """The answers from the events as the query gives them."""
        text = text_of(self.steps())
        rows = session.query(text, bound(text, self._reader.params.values))
        time = rows.column("time").cast(pa.int64()).to_numpy()
        customer, seq = rows.column(self._events.key).to_numpy(), rows.column("seq").to_numpy()
        masks = rows.column("mask").to_numpy().view(np.uint64)
        marked = ordered(customer, time, seq, masks, threads=_threads(time))
        if self._evidence:
            ids = [str(rows.column("event_id")[int(row)].as_py()) for row in marked.rows]
            for one in self._asked:
                found = trace(marked.time, marked.masks, one.pattern)
                self.traced[one.name] = Traced(found, one.pattern, ids, marked.time.tolist())
        return self._answers(marked, None, self._soonest(rows, marked))

    def _indexed(self, session: Session, views: Views | None) -> list[tuple[Marked, Bools | None]] | None:
        """The events from the behaviour index; None where it can't serve or the table is the shorter way."""
        wanted = self._wanted()
        if views is None or wanted is None:
            return None
        view = views(session, columns(wanted))
        if view is None or not worth(view, wanted, self._reader.at):
            return None
        return read(view, wanted, self._needs(), self._reader.at, threads=_threads(view.base.columns["time"]))

    def blockwise(self) -> Blockwise | None:
        """What answers the sequences of some customers after the other; None where names and places do not do."""
        wanted = self._wanted()
        if wanted is None:
            return None
        asked = [(one.name, one.pattern, one.moves) for one in self._asked]
        return Blockwise(wanted, self._needs(), asked, self._reader.at)

    def _wanted(self) -> list[Wanted] | None:
        """The kinds of events where the index can tell them, of everybody."""
        if self._evidence or not self._events.scope.everyone:
            return None
        wanted = [
            Wanted(event, bit, self._plain[bit], rows.since)
            for event, rows in self._rows.items()
            for bit in rows.bits
            if bit in self._plain
        ]
        return wanted if len(wanted) == len(self._bits) else None

    def _needs(self) -> set[int] | None:
        """The bits that customers need for one of the sequences, unless others matter too: where a window jumps, all
        who have any event of it are looked at again."""
        if any(one.moves.window.rolls_at is not None or one.moves.back for one in self._asked):
            return None
        return {one.pattern.every_step for one in self._asked}

    def _answers(self, marked: Marked, keep: Bools | None, turns: I64 | None = None) -> pa.Table:
        """One row per customer (of those to `keep`): each sequence's truth and when it may turn."""
        answers = {self._events.key: pa.array(marked.customers)}
        events = marked.offsets, marked.time, marked.masks
        known = before(*events, self._reader.at)
        for one in self._asked:
            found = sequence(*events, one.pattern, threads=_threads(marked.time), known=known)
            soonest = next_instants(found, one.moves, self._reader.at)
            if turns is not None:
                soonest = np.where((turns != NEVER) & ((soonest == NEVER) | (turns < soonest)), turns, soonest)
            answers[one.name] = pa.array(found.holds)
            answers[f"{one.name}_next"] = pa.array(soonest, mask=soonest == NEVER)
        table_ = pa.table(answers)
        return table_ if keep is None else table_.filter(pa.array(keep))

    def _bit(self, step: DidStep | DidNotStep, leaf: SequenceLeaf, since: int | None) -> int:
        behaviour = _behaviour(step, leaf)
        where = behaviour.where or {}
        rows = self._rows.get(step.event)
        if rows is None:
            rows = self._rows[step.event] = _Rows(since)
        elif rows.since is not None:
            rows.since = None if since is None else min(rows.since, since)
        bit = 1 << self._bits.setdefault(_kind(step, leaf), len(self._bits))
        if bit not in rows.bits:
            slice_ = self._events.slice_of(behaviour)
            rows.bits[bit] = every([slice_, self._reader.where(where)])
            if not where and behaviour.since is None:
                self._plain[bit] = behaviour.at
            if is_relative(where):
                rows.turns += self._reader.changes(where)
                rows.sliced.append(slice_)
        return bit

    def _select(self, event: str, rows: _Rows) -> exp.Query:
        conditions: list[E] = [exp.EQ(this=col("event"), expression=self._reader.params.text(event))]
        if rows.since is not None:
            conditions.append(exp.GTE(this=col("time"), expression=instant(rows.since)))
        certain_bits = sum(bit for bit, hit in rows.bits.items() if is_true(hit))
        if not certain_bits:
            conditions.append(some([*rows.bits.values(), *rows.sliced]))
        mask: E = exp.Literal.number(certain_bits)
        for bit, hit in rows.bits.items():
            if not is_true(hit):
                one = when((hit.copy(), exp.Literal.number(bit)), otherwise=number(0))
                mask = exp.Add(this=mask, expression=one)
        columns = [col(self._events.key), col("time"), col("seq"), named(exp.cast(mask, "BIGINT"), "mask")]
        if self._evidence:
            columns.append(col("event_id"))
        if any(each.turns for each in self._rows.values()):
            turns = rows.turns or [null_bigint()]
            columns.append(named(exp.func("LEAST", *turns) if len(turns) > 1 else turns[0], "turn"))
        return self._events.rows(columns, conditions)

    def _soonest(self, rows: pa.Table, marked: Marked) -> I64 | None:
        """Per customer when a test that moves with time may turn for one of the events, NEVER for none."""
        if "turn" not in rows.column_names:
            return None
        turns = rows.column("turn").fill_null(np.iinfo(np.int64).max).to_numpy()[marked.rows]
        if turns.size == 0:
            return np.empty(0, np.int64)
        soonest = np.minimum.reduceat(turns, marked.offsets[:-1])
        return np.where(soonest == np.iinfo(np.int64).max, NEVER, soonest)


class SequencePass:
    """Collects sequences; equal ones are one column."""

    def __init__(self, events: EventPass, *, evidence: bool = False) -> None:
        self.batches: list[Batch] = []
        self._events = events
        self._evidence = evidence
        self._columns: dict[str, str] = {}

    def leaf(self, leaf: SequenceLeaf) -> LeafSql:
        """Its columns, false and never for customers without any such event."""
        if not self.batches or not self.batches[-1].fits(leaf):
            name = f"{self._events.title}sequences {len(self.batches) + 1}"
            self.batches.append(Batch(name, self._events, evidence=self._evidence))
        name = self._columns.setdefault(canonical_text(leaf), f"{self._events.title}s{len(self._columns) + 1}")
        self.batches[-1].add(leaf, name)
        return LeafSql(certain(col(name)), [col(f"{name}_next")])

    def traced(self, leaf: SequenceLeaf) -> Traced:
        """What became of a leaf's sequence for the one customer asked about, once its batch has run."""
        name = self._columns[canonical_text(leaf)]
        return next(batch.traced[name] for batch in self.batches if name in batch.traced)

    def name_of(self, leaf: SequenceLeaf) -> str:
        """The relation that has the leaf's answers."""
        column = self._columns[canonical_text(leaf)]
        return next(batch.name for batch in self.batches if batch.answers(column))

    def names(self) -> list[str]:
        """Names of the relations that the answers are in."""
        return [batch.name for batch in self.batches]


def _threads(events: I64) -> int:
    return cores() if events.size > _FEW else 1


def _behaviour(step: DidStep | DidNotStep, leaf: SequenceLeaf) -> Behaviour:
    """Which events of the name a step means, since when of the run included."""
    found = step.behaviour
    return found if leaf.since is None else found.model_copy(update={"since": leaf.since})


def _kind(step: DidStep | DidNotStep, leaf: SequenceLeaf) -> tuple[str, str]:
    return step.event, canonical_text(_behaviour(step, leaf))
