"""Tags by a person's own SELECT: parsed and checked, the instant bound, limits of time and size.

It reads the analysts' views and nothing else (pool/guard.py), and of events, orders and histories only what lies before
the instant, so that a run for an earlier one can't look ahead.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol, runtime_checkable

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from onepool.audience.conditions.compiler.scope import table, union
from onepool.audience.conditions.compiler.sql import E, col, fn, named
from onepool.audience.conditions.compiler.steps import with_steps
from onepool.audience.conditions.errors import Problem
from onepool.audience.tags.base import Cut
from onepool.audience.tags.further import SqlTag
from onepool.audience.tags.measures import number_text
from onepool.audience.tags.population import POPULATION, Populations, cut_points, labelled, population_table
from onepool.errors import OnePoolError
from onepool.pool import PoolError, Session
from onepool.pool.guard import QueryRefused, Select, check
from onepool.pool.views import SCHEMA

SECONDS = 120.0
MAX_BYTES = 1 << 30
_DIALECT = "duckdb"
_BOUND = frozenset({"as_of"})
_CLOCKS = (
    exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.CurrentDatetime, exp.Localtime, exp.Localtimestamp,
)  # fmt: skip
_CLOCK_NAMES = frozenset(
    {
        "now", "today", "get_current_timestamp", "get_current_time", "transaction_timestamp", "current_localtimestamp",
        "current_localtime", "localtime", "localtimestamp", "current_date", "current_time", "current_timestamp",
    }
)  # fmt: skip

# View -> the column by which it is held before the instant, and whether the instant itself is out.
_DATED = {
    "events": ("time", True),
    "orders": ("placed_at", True),
    "tag_history": ("as_of", False),
    "segment_changes": ("at", False),
}
_TYPES = {"text": "VARCHAR", "number": "DOUBLE", "list": "VARCHAR[]"}


class SqlTagFailed(OnePoolError):
    """The query of a tag could not be run, or its answer is no tag."""

    code = "tag-sql"


@runtime_checkable
class _Interruptible(Protocol):
    def interrupt(self) -> None: ...


def _reads_clock(node: object) -> bool:
    if isinstance(node, _CLOCKS):
        return True
    if not isinstance(node, exp.Anonymous):
        return False
    # With one argument, age() counts up to today.
    name = node.name.lower()
    return name in _CLOCK_NAMES or (name == "age" and len(node.expressions) == 1)


def check_sql(tag: SqlTag) -> list[Problem]:
    """Every fault that can be seen without running it."""
    try:
        tree = check(tag.sql, _DIALECT, _BOUND).tree
    except QueryRefused as error:
        text = error.message if error.where is None else f"{error.message}: {error.where}"
        return [Problem("sql", text if error.hint is None else f"{text} ({error.hint})")]
    problems = []
    for node in tree.walk():
        if _reads_clock(node):
            problems.append(Problem("sql", "the instant is :as_of, so that a run for an earlier one is the same"))
            break
    columns = [name.lower() for name in tree.named_selects]
    if "*" not in columns:
        problems += [
            Problem("sql", f"a column called {name} is wanted: SELECT customer_id AS id, … AS value")
            for name in ("id", "value")
            if columns.count(name) != 1
        ]
    return problems


def compute_sql(
    session: Session,
    tag: SqlTag,
    at: datetime,
    *,
    customer: int | None = None,
    populations: Populations | None = None,
    seconds: float = SECONDS,
) -> tuple[pa.Table, Populations]:
    """(customer_id, value, number, list) for all customers, or one, at an instant; and the cut points.

    `populations`: cut points to use in place of measuring them. Raises SqlTagFailed.
    """
    tree = _held(check(tag.sql, _DIALECT, _BOUND).tree)
    answer = exp.select(named(exp.cast(col("id"), "BIGINT"), "customer_id"), col("value")).from_(
        tree.subquery("answer")
    )
    answer = answer.where(exp.Not(this=exp.Is(this=col("value"), expression=exp.null())))
    if customer is not None:
        answer = answer.where(exp.EQ(this=col("id"), expression=exp.Literal.number(customer)))
    with _limited(session, seconds):
        found = _asked(session, answer, {"as_of": at})
    if found.nbytes > MAX_BYTES:
        raise SqlTagFailed(f"the answer is larger than {MAX_BYTES} bytes", hint="return less per customer")
    several = found.num_rows - len(pc.unique(found.column("customer_id")))
    if several:
        raise SqlTagFailed(
            f"{several} rows are for a customer who has one already", hint="return one row per id: GROUP BY 1"
        )
    session.relation("_answered", found)
    return _shaped(session, tag, populations)


def _shaped(session: Session, tag: SqlTag, populations: Populations | None) -> tuple[pa.Table, Populations]:
    """The answer as values of the tag's type, of customers that there are."""
    present = exp.select(col("customer_id")).from_(table("customer_of")).subquery()
    typed = exp.TryCast(this=col("value"), to=exp.DataType.build(_TYPES[tag.type], dialect=_DIALECT))
    rows = exp.select(col("customer_id"), named(typed, "value")).from_(table("_answered"))
    rows = rows.where(exp.In(this=col("customer_id"), query=present))
    kept = exp.select(col("customer_id"), col("value")).from_(table("typed"))
    kept = kept.where(exp.Not(this=exp.Is(this=col("value"), expression=exp.null())))
    if tag.type == "number":
        kept = kept.where(fn("isfinite", col("value")))
    steps: list[tuple[str, exp.Query]] = [("typed", rows), ("kept", kept)]
    cut = tag.cut
    params: dict[str, E] = {"text": exp.null(), "number": exp.null(), "list": exp.null()}
    learned: Populations = {}
    if tag.type == "list":
        params |= {"list": col("value"), "text": fn("list_extract", col("value"), exp.Literal.number(1))}
    elif tag.type == "number":
        params |= {"number": col("value"), "text": number_text(col("value"))}
    else:
        params |= {"text": col("value")}
    if cut is not None and cut.by != "number":
        learned = populations if populations is not None else _measured(session, tag.tag, cut, steps)
        session.relation(POPULATION, population_table(learned))
    if cut is not None:
        params["text"] = labelled(tag.tag, cut, col("value"))
    columns = [
        named(exp.cast(params[name], exp.DataType.build(kind, dialect=_DIALECT)), column)
        for name, kind, column in (
            ("text", "VARCHAR", "value"),
            ("number", "DOUBLE", "number"),
            ("list", "VARCHAR[]", "list"),
        )
    ]
    last = exp.select(col("customer_id"), *columns).from_(table("kept"))
    return session.query(with_steps([*steps, ("values", last)]).sql(_DIALECT)), learned


def _measured(session: Session, tag: str, cut: Cut, steps: list[tuple[str, exp.Query]]) -> Populations:
    points = cut_points(tag, cut, "kept", col("value"))
    rows = session.query(with_steps([*steps, ("points", union(points))]).sql(_DIALECT)).to_pylist()
    return {tag: {row["key"]: row["number"] for row in rows}}


def _held(tree: Select) -> Select:
    """The query over views that end at the instant."""
    tree = tree.copy()
    instant: E = exp.Placeholder(this="as_of")
    for found in list(tree.find_all(exp.Table)):
        if found.db != SCHEMA or found.name not in _DATED:
            continue
        column, before = _DATED[found.name]
        test = exp.LT if before else exp.LTE
        bare = exp.Table(this=found.this.copy(), db=exp.to_identifier(SCHEMA, quoted=True))
        inner = exp.select(exp.Star()).from_(bare).where(test(this=col(column), expression=instant.copy()))
        found.replace(inner.subquery(found.alias_or_name))
    return tree


def _asked(session: Session, query: exp.Select, params: dict[str, object]) -> pa.Table:
    used = params if any(query.find_all(exp.Placeholder)) else None
    try:
        return session.query(query.sql(_DIALECT), used)
    except PoolError as error:
        if "INTERRUPT" in error.message.upper():
            raise SqlTagFailed("the query was stopped", hint=f"it may take {SECONDS:g} seconds: narrow it") from error
        raise SqlTagFailed(error.message) from error


@contextmanager
def _limited(session: Session, seconds: float) -> Iterator[None]:
    """Interrupt what runs in the session after so many seconds."""
    timer = threading.Timer(seconds, lambda: session.interrupt() if isinstance(session, _Interruptible) else None)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
