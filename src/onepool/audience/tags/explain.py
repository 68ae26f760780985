"""Why a customer has this value of a tag: the rule that gave it, the figures, the events behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from sqlglot import exp

from onepool.audience.conditions.compiler.needs import ALWAYS, GATHERED, columns_in
from onepool.audience.conditions.compiler.plan import Compiler
from onepool.audience.conditions.compiler.scope import Scope, union
from onepool.audience.conditions.compiler.sql import E, col, named, number
from onepool.audience.conditions.compiler.steps import bound, text_of
from onepool.audience.conditions.explain import explain_conditions, reason_of, state_of, with_event_ids
from onepool.audience.conditions.model import Condition, Window
from onepool.audience.conditions.names import Context, find_field
from onepool.audience.conditions.reason import Reason
from onepool.audience.tags.compiler import TagPlan, compile_tags
from onepool.audience.tags.computed import is_live
from onepool.audience.tags.further_explain import expression_found, given_found, quiet_found, rfm_found
from onepool.audience.tags.model import (
    AttributeTag,
    EventSource,
    ExpressionTag,
    FirstLastTag,
    ImportTag,
    LearnedTag,
    MetricTag,
    PreferenceTag,
    RfmTag,
    SequenceTag,
    SqlTag,
    StateTag,
    TagDefinition,
)
from onepool.audience.tags.population import load_populations
from onepool.audience.tags.preference import matching_rows
from onepool.audience.tags.sql import compute_sql
from onepool.audience.tags.uses import cut_of
from onepool.pool import Session
from onepool.pool.behaviour import BehaviourIndex
from onepool.pool.timeline import event_ids

EVIDENCE = 5


@dataclass(frozen=True)
class TagReason:
    """A tag's value for one customer (`values`: all of a preference) and what made it.

    `found`: figures by name (the attribute's text, cut points, shares of the population); `events`: up to five event
    ids, the deciding one first; `rules`: for a state, the rules up to the one that held, each with its reason.
    """

    tag: str
    value: str | None
    number: float | None
    values: list[str] | None
    found: dict[str, Any] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    rules: list[tuple[str, Reason]] = field(default_factory=list)


def explain_tag(
    tag: TagDefinition,
    customer_id: int,
    at: datetime,
    session: Session,
    ctx: Context,
    index: BehaviourIndex | None = None,
) -> TagReason:
    """The value at an instant, with what made it. Raises PoolError when the pool can't be read.

    A tag that is computed by a schedule is explained as of its latest run, unless the past is asked for. `index`: where
    the customer's events are found at once; without it the table is searched.
    """
    if not is_live(tag) and not ctx.past_tags:
        at = _latest_run(session, tag.tag) or at
    if isinstance(tag, LearnedTag):
        return _kept_value(session, tag.tag, customer_id)
    if isinstance(tag, SqlTag):
        kept = load_populations(session, [tag.tag]) or None
        values, _ = compute_sql(session, tag, at, customer=customer_id, populations=kept)
        row = values.to_pylist()[0] if values.num_rows else _NONE
        return TagReason(tag.tag, row["value"], row["number"], row["list"])
    scope, plan, gathered = _plan(tag, customer_id, at, session, ctx, index)
    measured = plan.keep_measured(session) if isinstance(tag, RfmTag | ExpressionTag | StateTag) else {}
    rows = [row for row in plan.run(session).to_pylist() if row["tag"] == tag.tag]
    row = rows[0] if rows else _NONE
    found: dict[str, Any] = {}
    events: list[str] = []
    rules: list[tuple[str, Reason]] = []
    look = Look(session, scope, at, ctx, index, customer_id, gathered)
    match tag:
        case AttributeTag():
            compiler = Compiler(at, scope, ctx)
            text = compiler.facts.value(tag.source.attribute)
            found[tag.source.attribute] = _one(session, compiler, [named(text, "text")])["text"]
        case FirstLastTag():
            events = look.events(tag.source, tag.within, tag.source.field, tag.take == "first")
        case MetricTag() | PreferenceTag():
            events = look.events(tag.source, tag.within)
        case RfmTag():
            events = look.events(tag.source, tag.within)
            found = rfm_found(measured, plan, tag)
        case ExpressionTag():
            found = expression_found(measured, tag)
            events = look.of_several([(figure, figure.within) for figure in tag.inputs.values()])
        case ImportTag():
            found = given_found(session, tag, customer_id, at)
        case SequenceTag():
            rules += [(tag.value, reason) for reason in look.reasons([tag.leaf()])]
        case StateTag():
            deciding: int | None = None
            giving = [place for place, rule in enumerate(tag.states) if rule.value == row["value"]]
            asked = tag.states[: giving[-1] + 1] if giving else tag.states
            for place, rule in enumerate(asked):
                if rule.when is not None:
                    reason = look.measured(rule.when, measured, plan)
                    rules.append((rule.value, reason))
                    if reason.holds:
                        break
                elif rule.quiet is not None:
                    deciding = place
                    if rule.value == row["value"]:
                        break
            if deciding is not None:
                events = [str(one) for one in measured.get(f"{tag.tag} events{deciding}") or ()]
                found = quiet_found(session, measured, plan, tag)
    kept_points = plan.populations.get(tag.tag, {})
    cut = cut_of(tag)
    if cut is not None:
        points = [kept_points.get(str(place)) for place in range(len(cut.at))] if cut.by != "number" else cut.at
        found["cuts"] = list(points)
    elif isinstance(tag, PreferenceTag) and kept_points:
        found["average shares"] = {value: kept_points[value] for value in row["list"] or () if value in kept_points}
    return TagReason(tag.tag, row["value"], row["number"], row["list"], found, look.named(events[:EVIDENCE]), rules)


_NONE: dict[str, Any] = {"value": None, "number": None, "list": None}


def _plan(
    tag: TagDefinition, customer_id: int, at: datetime, session: Session, ctx: Context, index: BehaviourIndex | None
) -> tuple[Scope, TagPlan, pa.Table | None]:
    """The plan for one customer, reading the events that the index has brought together where it can."""
    scope = Scope.one(customer_id)
    state = state_of(session, index)
    evidence = isinstance(tag, StateTag)
    if state is None:
        return scope, compile_tags({tag.tag: tag}, at, scope, ctx, evidence=evidence), None
    reading = scope.reading(GATHERED)
    plan = compile_tags({tag.tag: tag}, at, reading, ctx, evidence=evidence)
    made = plan.narrowed() if evidence and plan.narrowed is not None else []
    steps = [*plan.steps, *made, *(step for one in plan.before for step in one.steps())]
    columns = columns_in(steps, ctx.names.columns)
    if not state.has(columns):
        return scope, compile_tags({tag.tag: tag}, at, scope, ctx, evidence=evidence), None
    events = state.gather(np.array([customer_id]), sorted(ALWAYS | columns), plan.starts)
    gathered = events.drop_columns(["customer_id"])
    session.relation(GATHERED, gathered)
    return reading, plan, gathered


def _latest_run(session: Session, tag: str) -> datetime | None:
    found = session.query("SELECT max(as_of) AS at FROM tag_partitions WHERE tag = $tag", {"tag": tag})
    at: datetime | None = found.column("at")[0].as_py()
    return at


def _kept_value(session: Session, tag: str, customer_id: int) -> TagReason:
    query = "SELECT value, number, list FROM tag_values WHERE tag = $tag AND customer_id = $customer"
    rows = session.query(query, {"tag": tag, "customer": customer_id}).to_pylist()
    row = rows[0] if rows else _NONE
    return TagReason(tag, row["value"], row["number"], row["list"])


def _one(session: Session, compiler: Compiler, columns: list[E]) -> dict[str, Any]:
    text = text_of([*compiler.sources(), ("answer", compiler.joined(*columns))])
    answer: dict[str, Any] = session.query(text, bound(text, compiler.params.values)).to_pylist()[0]
    return answer


@dataclass(frozen=True)
class Look:
    """One customer's events and reasons at an instant."""

    session: Session
    scope: Scope
    at: datetime
    ctx: Context
    index: BehaviourIndex | None
    customer_id: int
    gathered: pa.Table | None

    def reasons(self, conditions: Sequence[Condition]) -> list[Reason]:
        """Why each of these conditions holds or not."""
        if not conditions:
            return []
        found = explain_conditions(conditions, self.customer_id, self.at, self.session, self.ctx, self.index)
        if self.gathered is not None:
            # It brought together the events that it needs, under the same name.
            self.session.relation(GATHERED, self.gathered)
        return found

    def measured(self, condition: Condition, row: Mapping[str, Any], plan: TagPlan) -> Reason:
        """Why a condition of the plan holds or not, from what was measured of the customer."""
        assert plan.compiler is not None
        found = reason_of(condition, "", row, plan.compiler)
        if self.scope.events is None:
            return found
        return with_event_ids(self.session, [found], self.customer_id, self.index)[0]

    def events(
        self, source: EventSource, within: Window | None, having: str | None = None, oldest: bool = False
    ) -> list[str]:
        """Matching events (that have the field), the latest first unless the oldest are asked for."""
        return self.of_several([(source, within)], having, oldest)

    def of_several(
        self, sources: Sequence[tuple[EventSource, Window | None]], having: str | None = None, oldest: bool = False
    ) -> list[str]:
        """The same of several sources together."""
        compiler = Compiler(self.at, self.scope, self.ctx)
        queries: list[exp.Query] = []
        for source, within in sources:
            for event in dict.fromkeys(source.did):
                rows = matching_rows(compiler, source, event, within)
                if having is not None:
                    here = find_field(having, self.ctx.names)
                    value = compiler.reader.json_value(here, "VARCHAR") if here.source == "json" else col(here.name)
                    rows = rows.where(exp.Not(this=exp.Is(this=value, expression=exp.null())), copy=False)
                queries.append(rows)
        if not queries:
            return []
        order = [exp.Ordered(this=col(name), desc=not oldest) for name in ("time", "seq")]
        picked = exp.select(col("event_id")).from_(union(queries).subquery("rows", copy=False), copy=False)
        picked = picked.order_by(*order, copy=False)
        text = text_of([*compiler.scope.steps(), ("picked", picked.limit(number(EVIDENCE), copy=False))])
        found = self.session.query(text, bound(text, compiler.params.values))
        return [str(one) for one in found.column("event_id").to_pylist()]

    def named(self, events: list[str]) -> list[str]:
        """Ids of events: the index names them by their seqs."""
        if self.scope.events is None or not events:
            return events
        ids = event_ids(self.session, [int(one) for one in events], customer=self.customer_id, index=self.index)
        return [ids[int(one)] for one in events]
