"""Customers at past cut-offs: what was known of them then, and what came true afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from onepool.audience.conditions import Condition, Context, Scope, compile_conditions
from onepool.audience.conditions.model import All, AnyOf, DidLeaf, DidNotLeaf, Not
from onepool.audience.conditions.parts import Window
from onepool.audience.conditions.values import Span
from onepool.audience.mining.features import FeaturePlan, drawn, read_features
from onepool.pool import Session

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ENOUGH = 60_000
LEAST_HISTORY = 14
MOST_HISTORY = 180
ARRIVED = 0.9


@dataclass(frozen=True)
class Cut:
    """Customers at one instant, by customer_id; `positive`: of whom the target came true within the span after it."""

    at: datetime
    customers: I64
    rows: F32
    positive: Bools


def windowed(target: Condition, ahead: Span) -> Condition:
    """The target asked of the span before an instant: evaluated `ahead` after a cut-off, it asks what came after it."""
    window = Window.model_construct(last=ahead, this=None, previous=None, between=None, after=None, before=None)
    match target:
        case All():
            return target.model_copy(update={"all": [windowed(part, ahead) for part in target.all]})
        case AnyOf():
            return target.model_copy(update={"any": [windowed(part, ahead) for part in target.any]})
        case Not():
            return target.model_copy(update={"not_": windowed(target.not_, ahead)})
        case DidLeaf() | DidNotLeaf():
            return target.model_copy(update={"within": window})
    raise TypeError(f"{type(target).__name__} can't be asked of what is to come")


def cut_offs(at: datetime, ahead: timedelta, count: int, first: datetime) -> list[datetime]:
    """The instants, oldest first: the last one tests and has just had its span, the one before it calibrates; those
    that teach go back from there to `count` spans before now, three to a span (a week apart at least), as far as there
    is history before them. No span of one use reaches into that of another."""
    step = max(min(ahead, timedelta(days=7)), ahead / 3)
    teaching = [at - ahead * 3]
    while teaching[-1] - step >= at - ahead * count:
        teaching.append(teaching[-1] - step)
    least = timedelta(days=LEAST_HISTORY) if ahead < timedelta(days=LEAST_HISTORY) else ahead * 1.5
    return [one for one in [*reversed(teaching), at - ahead * 2, at - ahead] if one - first >= least]


def history_of(first: datetime, earliest: datetime) -> int:
    """Days to look back: what the earliest cut-off has."""
    return max(LEAST_HISTORY, min(MOST_HISTORY, (earliest - first).days))


def first_event(session: Session, at: datetime) -> datetime | None:
    """When the pool's history begins: the first day that counts. A few stray early events do not make a history."""
    found = session.query(_FIRST, {"at": at}).column("first")[0].as_py()
    return found if isinstance(found, datetime) else None


_FIRST = "SELECT quantile_disc(time, 0.001) AS first FROM events WHERE time < $at"


def arrived_share(session: Session, at: datetime) -> float:
    """Of the events before an instant, the share that had arrived by then (within a day)."""
    found = session.query(_ARRIVED, {"at": at, "slack": at + timedelta(days=1)}).column("share")[0].as_py()
    return 1.0 if found is None else float(found)


_ARRIVED = "SELECT avg((received_at <= $slack)::INTEGER) AS share FROM events WHERE time < $at"


def share_of(session: Session) -> float:
    """How many of the customers to learn from at each cut-off: more than `ENOUGH` teach no more."""
    customers = int(session.query(_CUSTOMERS).column("customers")[0].as_py())
    return min(1.0, ENOUGH / max(customers, 1))


_CUSTOMERS = "SELECT count(DISTINCT customer_id) AS customers FROM customer_of"


def holding(session: Session, condition: Condition | None, at: datetime, ctx: Context) -> I64 | None:
    """Customers known by an instant for whom it holds then, tags as they were; None: everybody."""
    if condition is None:
        return None
    past = replace(ctx, past_tags=True)
    found: Any = compile_conditions({"holds": condition}, at, Scope.all(), past, sparse=True).run(session)
    held = np.sort(found.column("customer_id").filter(found.column("holds")).to_numpy())
    # Who came later has done nothing by then either: "did not" holds, but nobody could have asked.
    known = np.unique(session.query(_KNOWN, {"at": at}).column("customer_id").to_numpy())
    return np.intersect1d(held, known, assume_unique=True)


def asked_of(session: Session, among: Condition | None, customer_id: int, at: datetime, ctx: Context) -> bool:
    """Whether one customer is among those whom a tag is asked of."""
    if among is None:
        return True
    past = replace(ctx, past_tags=True)
    found: Any = compile_conditions({"holds": among}, at, Scope.one(customer_id), past).run(session)
    return bool(found.num_rows and found.column("holds")[0].as_py())


_KNOWN = """
SELECT DISTINCT customer_id FROM customer_of SEMI JOIN (
    SELECT identifier_id FROM events WHERE time < $at UNION ALL
    SELECT identifier_id FROM attribute_facts WHERE time <= $at
) USING (identifier_id)"""


def read_cut(
    session: Session,
    plan: FeaturePlan,
    at: datetime,
    ctx: Context,
    among: Condition | None,
    target: Condition,
    ahead: timedelta,
    share: float,
) -> Cut:
    """One cut-off, with that share of the customers."""
    asked = holding(session, among, at, ctx)
    asked = None if asked is None else drawn(asked, share)
    frame = read_features(session, plan, at, ctx, besides=asked, share=share)
    customers = frame.customers if asked is None else asked
    came = holding(session, target, at + ahead, ctx)
    assert came is not None
    return Cut(at, customers, frame.of(customers), np.isin(customers, came, assume_unique=True))
