"""The events of a back-test, read once: which of them match what, by customer and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from onepool.audience.conditions.anchors.model import references
from onepool.audience.conditions.compiler.predicates import Reader, is_relative, member
from onepool.audience.conditions.compiler.scope import table
from onepool.audience.conditions.compiler.sql import E, Params, col, every, fn, instant, micros, named
from onepool.audience.conditions.compiler.steps import bound
from onepool.audience.conditions.names import Context, find_field
from onepool.audience.conditions.parts import Predicate, Slice
from onepool.journeys.backtest.lines import MISSING, Codes, Line, People, ints
from onepool.journeys.backtest.types import I64
from onepool.journeys.executor.ports import ENTRANTS, Entering
from onepool.journeys.model import EventMatch
from onepool.journeys.world.events import STEP, Happened
from onepool.pool import Session

SCOPE: Final = "_backtest_customers"
"""The relation with the customers that a back-test is about."""

_CODES: Final = 1 << 31
"""More than there are codes of texts."""


@dataclass(frozen=True)
class Matched:
    """The events that match, but for what each run carries. `asks`: field by field the reference (`$vars.code`) that
    its text has to equal; `pairs[field]`: (event, code of its text) as one number, ascending."""

    line: Line
    asks: Sequence[tuple[str, str]]
    pairs: Sequence[I64]


def borrowed(where: Mapping[str, Predicate] | None) -> list[tuple[str, str]] | None:
    """(field, reference) of the tests that compare with what a run carries; None: they can't be answered from memory.

    These are `is` of texts; others need the types of both sides.
    """
    found = []
    for name, predicate in (where or {}).items():
        for test, operand in predicate.tests():
            if references(operand):
                if test != "is" or isinstance(operand, list):
                    return None
                found.append((name, str(operand)))
    # Of several tests of items one and the same item has to pass all.
    return None if sum(name.startswith("items.") for name, _ in found) > 1 else found


def answerable(where: Mapping[str, Predicate] | None, ctx: Context) -> bool:
    """Whether `Events` can tell the events that pass."""
    if is_relative(where or {}):
        return False
    asks = borrowed(where)
    if asks is None:
        return False
    return all(find_field(name, ctx.names).type in ("VARCHAR", "JSON") for name, _ in asks)


class Past(Happened):
    """The events of a stretch of time (after, until], of some names, as rows of the pool."""

    def __init__(self, session: Session, ctx: Context, after: int, until: int, names: Sequence[str]) -> None:
        super().__init__(session, ctx, 0, 0, (), until)
        self._after, self._until, self._wanted = after, until, list(names)

    def names(self) -> frozenset[str]:
        return frozenset(self._wanted)

    def _make(self) -> None:
        if self._made:
            return
        found = self._session.query(
            f"""SELECT e.*, c.customer_id FROM events e JOIN customer_of c USING (identifier_id)
            SEMI JOIN {SCOPE} s USING (customer_id) WHERE e.event IN (SELECT unnest($names::VARCHAR[]))
                AND e.time > make_timestamptz($low) AND e.time <= make_timestamptz($high)""",
            {"names": self._wanted, "low": self._after, "high": self._until},
        )
        self._session.relation(STEP, found)
        self._made = True


def who_did(session: Session, ctx: Context, match: EventMatch, start: int, end: int) -> I64:
    """The customers of the events that match in a span (both ends included), ascending."""
    reader = Reader(ctx, end, Params())
    condition = Past(session, ctx, start - 1, end, [match.did])._matches(match, reader)
    span = [exp.GTE(this=col("time"), expression=instant(start)), exp.LTE(this=col("time"), expression=instant(end))]
    query = (
        exp.select(col("customer_id")).distinct()
        .from_(table("events")).join(table("customer_of"), using=["identifier_id"])
        .where(every([*span, condition])).order_by(col("customer_id"))
    )  # fmt: skip
    text = query.sql("duckdb")
    return ints(session.query(text, bound(text, reader.params.values)), "customer_id")


class Events(Happened):
    """Reads events of the customers in the relation SCOPE."""

    def __init__(self, session: Session, ctx: Context, people: People, start: int, end: int) -> None:
        """`start`, `end`: of the span, both included."""
        super().__init__(session, ctx, 0, 0, (), end)
        self._people = people
        self._start, self._end = start, end
        self.codes = Codes()
        self._matched: dict[str, Matched] = {}

    def named_ones(self, names: Sequence[str]) -> tuple[Line, list[str]]:
        """All events of these names in the span; their codes are places in the list."""
        listed = sorted(names)
        reader = Reader(self._ctx, self._at, Params())
        among: E = exp.In(this=col("event"), expressions=[reader.params.text(one) for one in listed])
        code = fn("list_position", exp.Array(expressions=[reader.params.text(one) for one in listed]), col("event"))
        found = self._read([named(exp.cast(code, "BIGINT"), "code")], among, reader, whole=False)
        return self._line(found, ints(found, "code") - 1), listed

    def entering(self, one: Entering) -> tuple[Line, pa.Table]:
        """ENTRANTS of the whole span and their line: codes are rows of the table."""
        params = Params()
        reader = Reader(self._ctx, self._at, params)
        query = self._entering(0, one, reader)
        assert isinstance(query, exp.Select)
        query = query.from_(self._happening(whole=False))
        text = query.sql("duckdb")
        found = self._session.query(text, bound(text, params.values)).select(ENTRANTS.names).cast(ENTRANTS)
        # Events of the past come in when they happen.
        place = ENTRANTS.get_field_index("received_at")
        found = found.set_column(place, "received_at", found.column("time")).combine_chunks()
        return self._line(found, np.arange(found.num_rows)), found

    def matched(self, event: str, at: Slice | None, where: Mapping[str, Predicate] | None, *, whole: bool) -> Matched:
        """Those that match, in the span or (`whole`) in all of the past up to its end."""
        match = EventMatch(did=event, at=at, where=dict(where) if where else None)
        key = f"{whole} {match.model_dump_json()}"
        if key not in self._matched:
            self._matched[key] = self._match(match, whole=whole)
        return self._matched[key]

    def _match(self, match: EventMatch, *, whole: bool) -> Matched:
        asks = borrowed(match.where)
        assert asks is not None
        reader = Reader(self._ctx, self._at, Params())
        lent = {name for name, _ in asks}
        plain = {name: one for name, one in (match.where or {}).items() if name not in lent}
        for name in lent:
            rest = {test: value for test, value in (match.where or {})[name].tests() if not references(value)}
            if rest:
                plain[name] = Predicate.model_validate(rest)
        condition = self._matches(EventMatch(did=match.did, at=match.at, where=plain or None), reader)
        columns = [named(self._text(name, plain, reader), f"c{number}") for number, (name, _) in enumerate(asks)]
        found = self._read(columns, condition, reader, whole=whole)
        line = self._line(found, np.arange(found.num_rows))
        texts = [found.column(f"c{number}").take(pa.array(line.code)) for number in range(len(asks))]
        return Matched(line, asks, [self._pairs(column) for column in texts])

    def _text(self, name: str, plain: Mapping[str, Predicate], reader: Reader) -> E:
        """A field as text; of order lines the texts of those that pass the other tests."""
        here = find_field(name, self._ctx.names)
        if here.source == "item":
            one = exp.to_identifier("one")
            return fn("list_transform", reader.items(plain), exp.Lambda(this=member(one, here.name), expressions=[one]))
        return col(name) if here.source == "column" else reader.json_value(here, "VARCHAR")

    def _pairs(self, texts: pa.ChunkedArray) -> I64:
        """(event, code of a text that it has), as one number each, ascending."""
        texts = texts.combine_chunks()
        if isinstance(texts, pa.ChunkedArray):
            texts = pa.concat_arrays(texts.chunks)
        event = np.arange(len(texts))
        if pa.types.is_list(texts.type):
            event = pc.list_parent_indices(texts).to_numpy(zero_copy_only=False).astype(np.int64)
            texts = pc.list_flatten(texts)
        codes = self.codes.column(pa.chunked_array([texts]))
        return np.unique((event * _CODES + codes)[codes != MISSING])

    def _read(self, columns: Sequence[E], condition: E, reader: Reader, *, whole: bool) -> pa.Table:
        query = (
            exp.select(col("customer_id"), named(micros(col("time")), "time"), col("seq"), *columns)
            .from_(self._happening(whole=whole))
            .where(condition)
        )
        text = query.sql("duckdb")
        return self._session.query(text, bound(text, reader.params.values)).combine_chunks()

    def _happening(self, *, whole: bool) -> exp.Subquery:
        """Events of the customers, each with whose it is."""
        time = exp.column("time", "e", quoted=True)
        bounds: list[E] = [exp.LTE(this=time, expression=instant(self._end))]
        if not whole:
            bounds.append(exp.GTE(this=time.copy(), expression=instant(self._start)))
        scope = exp.select(col("customer_id")).from_(table(SCOPE)).subquery()
        return (
            exp.select(exp.Column(this=exp.Star(), table=exp.to_identifier("e")), exp.column("customer_id", "c"))
            .from_(exp.alias_(table("events"), "e", table=True))
            .join(exp.alias_(table("customer_of"), "c", table=True), using=["identifier_id"])
            .where(every([*bounds, exp.In(this=exp.column("customer_id", "c"), query=scope)]))
            .subquery("happened")
        )

    def _line(self, found: pa.Table, code: I64) -> Line:
        return Line.of(self._people, ints(found, "customer_id"), ints(found, "time"), ints(found, "seq"), code)


def among(matched: Matched, rows: I64, numbers: I64, carried: Sequence[I64]) -> I64:
    """Which of the pairs (row, number of an event) pass what rows carry: `carried[field]` code by row."""
    passed = np.ones(rows.size, np.bool_)
    for pairs, wanted in zip(matched.pairs, carried, strict=True):
        if pairs.size == 0:
            return np.empty(0, np.int64)
        pair = numbers * _CODES + wanted[rows]
        found = pairs[np.minimum(np.searchsorted(pairs, pair), pairs.size - 1)]
        passed &= (found == pair) & (wanted[rows] != MISSING)
    return np.flatnonzero(passed)
