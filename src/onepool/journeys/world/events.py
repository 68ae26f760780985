"""Events of one step, and the past where a run asks for it, matched by queries over whole sets of runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from sqlglot import exp

from onepool.audience.conditions.anchors.model import references
from onepool.audience.conditions.compiler.predicates import Reader
from onepool.audience.conditions.compiler.scope import table, union
from onepool.audience.conditions.compiler.sql import E, Params, col, every, fn, instant, micros, named, number
from onepool.audience.conditions.compiler.steps import bound
from onepool.audience.conditions.names import Context
from onepool.journeys.executor.columns import I64
from onepool.journeys.executor.ports import ENTRANTS, FOUND, Entering, Sought
from onepool.journeys.model import EventMatch
from onepool.journeys.world.texts import field_text, member_text
from onepool.pool import Session, quote

SEQ_BITS: Final = 20
"""seq = offset << SEQ_BITS | item, as the tick numbers what it takes from the log."""

STEP: Final = "_journey_events"


class Happened:
    """The events of one step: those of some records of the log, and some tried again."""

    def __init__(self, session: Session, ctx: Context, first: int, last: int, again: Sequence[int], at: int) -> None:
        """`first`, `last`: log offsets, both included; `again`: seqs; `at`: the step's instant."""
        self._session = session
        self._ctx = ctx
        self._at = at
        self._again = list(again)
        self._span = (first << SEQ_BITS, (last + 1) << SEQ_BITS)
        # Without records there is nothing to be asked.
        self._names: frozenset[str] | None = None if last >= first or self._again else frozenset()
        self._made = False

    def names(self) -> frozenset[str]:
        if self._names is None:
            found = self._session.query(
                f"SELECT DISTINCT event FROM events WHERE {self._mine()}",
                self._params(),
            )
            self._names = frozenset(found.column("event").to_pylist())
        return self._names

    def who_did(self, names: frozenset[str]) -> I64:
        if not names & self.names():
            return np.empty(0, np.int64)
        self._make()
        found = self._session.query(
            f"SELECT DISTINCT customer_id FROM {STEP} WHERE event IN (SELECT unnest($names)) ORDER BY 1",
            {"names": sorted(names)},
        )
        return _ints(found, "customer_id")

    def who_changed(self, attributes: frozenset[str]) -> I64:
        if self._span[0] >= self._span[1] and not self._again:
            return np.empty(0, np.int64)
        found = self._session.query(
            f"""SELECT DISTINCT c.customer_id FROM attribute_facts f JOIN customer_of c USING (identifier_id)
            WHERE ({self._mine("f.")}) AND f.attribute IN (SELECT unnest($names)) ORDER BY 1""",
            {**self._params(), "names": sorted(attributes)},
        )
        return _ints(found, "customer_id")

    def rows(self, event: str, columns: Sequence[str]) -> pa.Table:
        """Columns (and `customer_id`) of the step's events of one name, by (time, seq)."""
        self._make()
        listed = ", ".join(quote(name) for name in columns)
        return self._session.query(
            f"SELECT {listed} FROM {STEP} WHERE event = $event ORDER BY time, seq", {"event": event}
        )

    def entrants(self, asked: Sequence[Entering]) -> pa.Table:
        """ENTRANTS of the step, by (asked, time, seq)."""
        params = Params()
        reader = Reader(self._ctx, self._at, params)
        queries = [self._entering(number_, one, reader) for number_, one in enumerate(asked)]
        self._make()
        text = union(queries).sql("duckdb")
        found = self._session.query(f"SELECT * FROM ({text}) ORDER BY asked, time, seq", bound(text, params.values))
        return found.select(ENTRANTS.names).cast(ENTRANTS)

    def find(self, sought: Sequence[Sought]) -> pa.Table:
        """FOUND: the earliest match of each run."""
        params = Params()
        reader = Reader(self._ctx, self._at, params)
        queries = []
        for place, one in enumerate(sought):
            if one.window.num_rows == 0 or (not one.whole and one.match.did not in self.names()):
                continue
            queries.append(self._seeking(place, one, reader))
        if not queries:
            return FOUND.empty_table()
        if not all(one.whole for one in sought):
            self._make()
        text = union(queries).sql("duckdb")
        found = self._session.query(f"SELECT * FROM ({text}) ORDER BY asked, run_id", bound(text, params.values))
        return found.select(FOUND.names).cast(FOUND)

    def _entering(self, place: int, one: Entering, reader: Reader) -> exp.Query:
        names = self._ctx.names
        pairs: list[E] = []
        for name in one.fields:
            pairs += [exp.Literal.string(name), field_text(name, names)]
        trigger = exp.cast(fn("json_object", *pairs), "VARCHAR") if pairs else exp.cast(exp.null(), "VARCHAR")
        key = exp.cast(exp.null(), "VARCHAR") if one.key is None else field_text(one.key, names)
        columns = [
            named(number(place), "asked"),
            col("customer_id"),
            named(micros(col("time")), "time"),
            col("seq"),
            named(micros(col("received_at")), "received_at"),
            named(exp.cast(col("event_id"), "VARCHAR"), "event_id"),
            named(key, "key"),
            named(trigger, "trigger"),
        ]
        return exp.select(*columns).from_(table(STEP), copy=False).where(self._matches(one.match, reader), copy=False)

    def _seeking(self, place: int, one: Sought, reader: Reader) -> exp.Query:
        """The first event of each run that matches, among those of the step or all that the pool has."""
        relation = f"_journey_runs_{place}"
        lent = sorted({ref for predicate in (one.match.where or {}).values() for _, operand in predicate.tests()
                       for ref in references(operand)})  # fmt: skip
        self._session.relation(relation, one.window)
        carried = []
        for ref in lent:
            source, _, name = ref.removeprefix("$").partition(".")
            carried.append(named(member_text(source, name), ref))
        windows = exp.select(
            named(col("run_id"), "$run"), col("customer_id"), named(col("first"), "$first"),
            named(col("last"), "$last"), named(col("but"), "$but"), *carried,
        ).from_(table(relation), copy=False)  # fmt: skip
        at = micros(col("time"))
        inside = [
            exp.GTE(this=at, expression=col("$first")),
            exp.LTE(this=at.copy(), expression=col("$last")),
            exp.NEQ(this=col("seq"), expression=col("$but")),
        ]
        shared: list[int | str | exp.Expr] = [exp.to_identifier("customer_id", quoted=True)]
        if one.whole:
            earliest = int(np.min(one.window.column("first").to_numpy()))
            owned = exp.select(col("identifier_id"), col("customer_id")).from_(table("customer_of"), copy=False).where(
                exp.In(this=col("customer_id"), query=exp.select(col("customer_id")).from_(table(relation)).subquery()),
                copy=False,
            )  # fmt: skip
            events = (
                exp.select(exp.Star()).from_(table("events"), copy=False)
                .join(owned.subquery("owned", copy=False), using=[exp.to_identifier("identifier_id", quoted=True)],
                      copy=False)
                .where(exp.GTE(this=col("time"), expression=instant(earliest)), copy=False)
                # What came in behind this step is the next one's.
                .where(exp.LT(this=col("seq"), expression=number(self._span[1])), copy=False)
            )  # fmt: skip
            happened = events.subquery("happened", copy=False)
        else:
            happened = exp.select(exp.Star()).from_(table(STEP)).subquery("happened")
        first = fn("min", fn("row", micros(col("time")), col("seq")))
        rows = (
            exp.select(named(col("$run"), "run_id"), named(first, "best"))
            .from_(happened, copy=False)
            .join(windows.subquery("windows", copy=False), using=shared, copy=False)
            .where(self._matches(one.match, reader), *inside, copy=False)
            .group_by(col("$run"), copy=False)
        )
        return exp.select(
            named(number(place), "asked"),
            col("run_id"),
            named(fn("struct_extract_at", col("best"), number(1)), "time"),
            named(fn("struct_extract_at", col("best"), number(2)), "seq"),
        ).from_(rows.subquery("found", copy=False), copy=False)

    def _matches(self, match: EventMatch, reader: Reader) -> E:
        text = reader.params.text
        parts: list[E] = [exp.EQ(this=col("event"), expression=text(match.did))]
        if match.at is not None:
            parts += [
                exp.In(this=col(name), expressions=[text(word) for word in words])
                for name, words in (("channel", match.at.channel), ("touchpoint", match.at.touchpoint))
                if words is not None
            ]
        if match.where:
            parts.append(reader.where(match.where))
        return every(parts)

    def _make(self) -> None:
        """The step's events with whose they are, as a table of their own: matched many times."""
        if self._made:
            return
        self._session.execute(
            f"""CREATE OR REPLACE TEMP TABLE {STEP} AS SELECT e.*, c.customer_id
            FROM events e JOIN customer_of c USING (identifier_id) WHERE {self._mine("e.")}""",
            self._params(),
        )
        self._made = True

    def _mine(self, prefix: str = "") -> str:
        more = f" OR {prefix}seq IN (SELECT unnest($again::BIGINT[]))" if self._again else ""
        return f"({prefix}seq >= $low AND {prefix}seq < $high{more})"

    def _params(self) -> dict[str, object]:
        found: dict[str, object] = {"low": self._span[0], "high": self._span[1]}
        return found | {"again": self._again} if self._again else found


def _ints(found: pa.Table, name: str) -> I64:
    numbers: I64 = found.column(name).to_numpy().astype(np.int64)
    return numbers
