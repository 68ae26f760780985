"""Why nothing was started: events that did not match, rules that refused, and how an entry would fare now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from sqlglot import exp

from onepool.audience.conditions.compiler.predicates import Reader
from onepool.audience.conditions.compiler.scope import table
from onepool.audience.conditions.compiler.sql import Params, col, fn, micros, named
from onepool.audience.conditions.compiler.steps import bound
from onepool.audience.conditions.names import Context
from onepool.journeys.executor.ports import LATENESS, Question
from onepool.journeys.explain.words import Title, end_words, named_words, refused_words, title
from onepool.journeys.keys import bucket
from onepool.journeys.model import EventEntry, Journey, SegmentEntry, SegmentLeaveEntry
from onepool.journeys.store import Published, Standing
from onepool.journeys.world.asking import answers
from onepool.pool import Session
from onepool.reach.rules import Control

MOST: Final = 50
"""Events that are looked at, the latest."""


@dataclass(frozen=True, slots=True)
class NotStarted:
    """Something that might have started a run and did not. `at`: microseconds; `reason`: of words.REFUSED."""

    at: int
    what: Title
    reason: str


def refusals(
    session: Session, customer: int, versions: Sequence[Published], since: int, until: int | None = None
) -> list[NotStarted]:
    """What the executor refused, as its steps say."""
    found = session.query(
        """SELECT edge, "at" FROM journey_steps WHERE customer_id = $customer AND node = -1
            AND (edge LIKE 'refused:%' OR edge = 'not_qualified') AND list_contains($versions::BIGINT[], version_id)
            AND "at" >= $since AND "at" <= $until ORDER BY "at" DESC LIMIT 50""",
        {
            "customer": customer, "versions": [one.version_id for one in versions], "since": since,
            "until": (1 << 62) if until is None else until,
        },
    )  # fmt: skip
    rows = [(row["at"], row["edge"].removeprefix("refused:")) for row in found.to_pylist()]
    return [NotStarted(at, refused_words(why), why) for at, why in rows]


def unmatched(
    session: Session, ctx: Context, customer: int, journey: Journey, standing: Standing | None, at: int, since: int
) -> list[NotStarted]:
    """Events of the entry's name that started nothing, and by which part they failed. Matching ones are left out,
    unless they came before the journey took entries or too late."""
    entry = journey.entry
    if not isinstance(entry, EventEntry):
        return []
    params = Params()
    reader = Reader(ctx, at, params)
    columns = [named(micros(col("time")), "time"), named(micros(col("received_at")), "received")]
    parts: list[tuple[str, str]] = []
    if entry.at is not None:
        for name, words in (("channel", entry.at.channel), ("touchpoint", entry.at.touchpoint)):
            if words is not None:
                parts.append(("place", name))
                test = exp.In(this=col(name), expressions=[params.text(word) for word in words])
                columns.append(named(fn("coalesce", test, exp.false()), f"p{len(parts)}"))
    for name, predicate in (entry.where or {}).items():
        parts.append(("where", name))
        columns.append(named(fn("coalesce", reader.where({name: predicate}), exp.false()), f"p{len(parts)}"))
    owners = exp.select(col("identifier_id")).from_(table("customer_of")).where(
        exp.EQ(this=col("customer_id"), expression=exp.Literal.number(customer))
    )  # fmt: skip
    query = (
        exp.select(*columns)
        .from_(table("events"))
        .where(exp.EQ(this=col("event"), expression=params.text(entry.did)))
        .where(exp.In(this=col("identifier_id"), query=owners.subquery()))
        .where(exp.GTE(this=micros(col("time")), expression=exp.Literal.number(since)))
        .order_by(exp.Ordered(this=col("time"), desc=True))
        .limit(MOST)
    )
    text = query.sql("duckdb")
    rows = session.query(text, bound(text, params.values) or None).to_pylist()
    found = []
    for row in rows:
        failed = [(why, name) for number, (why, name) in enumerate(parts) if not row[f"p{number + 1}"]]
        if failed:
            why, name = failed[0]
            said = refused_words(why)
            called = [named_words(ctx, f"field:{one}") for _, one in failed]
            zh, en = ("、".join(one["zh"] for one in called), ", ".join(one["en"] for one in called))
            found.append(NotStarted(row["time"], title(f"{said['zh']}：{zh}", f"{said['en']}: {en}"), why))
        elif standing is None or row["time"] < standing.entries_from:
            found.append(NotStarted(row["time"], refused_words("before"), "before"))
        elif row["received"] - row["time"] > LATENESS:
            found.append(NotStarted(row["time"], refused_words("late"), "late"))
    return found


def present(
    session: Session,
    ctx: Context,
    customer: int,
    journey: Journey,
    standing: Standing | None,
    control: Control | None,
    at: int,
) -> Title:
    """How an entry would fare at this moment, as far as it does not depend on the event."""
    if standing is None or standing.status != "live":
        return title("旅程未在运行，不接收进入", "the journey is not live: nobody enters")
    who = np.array([customer], np.int64)
    entry = journey.entry
    if entry.eligible is not None:
        asked = pa.table(
            {
                "run_id": pa.array([0], pa.int64()), "customer_id": who, "entered": pa.array([at], pa.int64()),
                "trigger": pa.nulls(1, pa.string()), "vars": pa.nulls(1, pa.string()),
            }
        )  # fmt: skip
        if not answers(session, ctx, Question({"eligible": entry.eligible}, asked), at)["eligible"][0]:
            said = refused_words("eligible")
            return title(f"现在不会进入：{said['zh']}", f"would not enter now: {said['en']}")
    share = round(journey.experiment.holdout * 10_000)
    if share and int(bucket(journey.experiment.salt or journey.journey, who)[0]) < share:
        said = end_words("holdout")
        return title(f"若进入：{said['zh']}", f"if entered: {said['en']}")
    if control is not None and int(bucket(control.salt, who)[0]) < round(control.fraction * 10_000):
        return title("若进入：属于全局对照组，不发送", "if entered: in the global control group, gets nothing")
    if isinstance(entry, SegmentEntry | SegmentLeaveEntry):
        name = entry.segment_enter if isinstance(entry, SegmentEntry) else entry.segment_leave
        inside = session.query(
            "SELECT 1 FROM segment_members WHERE customer_id = $customer AND segment = $segment",
            {"customer": customer, "segment": name},
        ).num_rows
        if isinstance(entry, SegmentEntry):
            return (
                title("已在人群中：要先离开再进入", "is in the segment already: has to leave it first")
                if inside
                else title("不在人群中：进入人群时开始", "is not in the segment: starts on coming into it")
            )
        return (
            title("在人群中：离开时开始", "is in the segment: starts on leaving it")
            if inside
            else title("不在人群中", "is not in the segment")
        )
    return title("符合资格，等待触发", "may enter: waits for what starts it")
