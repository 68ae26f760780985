"""Results of journeys, runs and reasons in the shapes of the API."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from onepool.api.dictionary import titles
from onepool.api.models.common import JsonObject, Titles
from onepool.api.models.journey_results import (
    CountedSend,
    DayFigures,
    EdgeFigures,
    FallbackHop,
    FunnelStep,
    GoalFigures,
    Incremental,
    JourneyResults,
    JourneyWhy,
    NodeFigures,
    NotStarted,
    OutcomeCount,
    Quantile,
    RevenueFigures,
    RunDetail,
    SegmentFigures,
    TimeBucket,
    Told,
    Uplift,
)
from onepool.api.showing import Shown, money
from onepool.api.workspace import WorkspaceLike
from onepool.clock import from_micros
from onepool.journeys.explain.path import Told as PathTold
from onepool.journeys.explain.why import RunTold, Why
from onepool.journeys.results import types
from onepool.privacy.masking import mask_json
from onepool.reach.coupons.listing import masked as masked_code

_BUCKETS = (3600, 6 * 3600, 86_400, 3 * 86_400, 7 * 86_400, 14 * 86_400, 30 * 86_400)
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def results(ws: WorkspaceLike, found: types.Results, as_of: int | None) -> JourneyResults:
    """All figures of one journey."""
    flow, effect, cohort = found.flow, found.effect, found.cohort
    segment_titles = {item.name: item.body.get("title") for item in ws.definitions.current("segment")}
    return JourneyResults.model_validate(
        {
            "from": from_micros(cohort.since),
            "to": from_micros(cohort.until),
            "version": cohort.version,
            "versions": found.versions,
            "as_of": None if as_of is None else from_micros(as_of),
            "entered": flow.entered,
            "live": flow.live,
            "held": flow.held,
            "holdout": effect.holdout,
            "control": effect.control,
            "ended": reasons(flow.ended),
            "turned_away": reasons(flow.turned_away),
            "nodes": [_node(one, effect.credited.get(one.node)) for one in flow.nodes],
            "edges": [edge(one) for one in flow.edges],
            "funnel": [FunnelStep.model_validate({"step": k, "count": n}) for k, n in effect.funnel.items()],
            "goal": GoalFigures(
                measure=effect.measure,
                treated=effect.treated.size,
                goals=effect.treated.goals,
                rate=effect.treated.rate if effect.measure else None,
                running=effect.running,
                window_seconds=None if effect.window is None else effect.window // 1_000_000,
            ),
            "uplift": [_uplift(one) for one in effect.uplift],
            "time_to_goal": _buckets(effect.seconds),
            "median_seconds": _quantile(effect.seconds, 0.5),
            "quantiles": [
                Quantile(share=share, seconds=seconds)
                for share in _QUANTILES
                if (seconds := _quantile(effect.seconds, share)) is not None
            ],
            "fallback": [
                FallbackHop(
                    node=one.node, hop=one.hop, channel=one.channel, tried=one.tried, accepted=one.accepted,
                    underway=one.underway, reasons=reasons(one.reasons),
                )
                for one in flow.fallback
            ],
            "revenue": None if effect.revenue is None else _revenue(effect.revenue, ws.settings.currency),
            "segments": [
                SegmentFigures(
                    segment=one.segment, title=titles(segment_titles.get(one.segment), one.segment),
                    entered=one.treated.size, goals=one.treated.goals, rate=one.treated.rate,
                    control=one.control.size, control_rate=one.control.rate,
                )
                for one in effect.segments
            ],
            "days": [
                DayFigures(
                    day=day, entered=found.days.get(day, (0, 0))[0], goals=effect.goals_by_day.get(day, 0),
                    sends=found.days.get(day, (0, 0))[1],
                )
                for day in sorted({*found.days, *effect.goals_by_day})
            ],
        }
    )  # fmt: skip


def reasons(counts: Mapping[str, int]) -> list[OutcomeCount]:
    """Counts by reason, the largest first."""
    return [OutcomeCount(reason=k, count=n) for k, n in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]


def edge(one: types.Edge) -> EdgeFigures:
    """How many took one way."""
    return EdgeFigures(node=one.node, edge=one.edge, to=one.to, count=one.count)


def _node(one: types.Node, credit: types.Credited | None) -> NodeFigures:
    amount = None if one.sent == 0 else credit.amount if credit is not None else Decimal(0)
    return NodeFigures.model_validate(
        {
            "node": one.node, "in": one.into, "out": one.out, "waiting": one.waiting, "ended": one.ended,
            "suppressed": reasons(one.suppressed), "sent": one.sent, "delivered": one.delivered, "read": one.read,
            "clicked": one.clicked, "failed": one.failed, "underway": one.underway,
            "goals": 0 if credit is None else credit.goals,
            "revenue": None if amount is None else money(amount),
            "per_send": None if amount is None else money(round(amount / one.sent, 4)),
        }
    )  # fmt: skip


def _uplift(one: types.Uplift) -> Uplift:
    difference, ratio = one.difference, one.ratio
    return Uplift(
        against=one.against,
        treated=one.treated.size,
        treated_goals=one.treated.goals,
        treated_rate=one.treated.rate,
        control=one.control.size,
        control_goals=one.control.goals,
        rate=one.control.rate,
        value=None if difference is None else difference.value,
        low=None if difference is None else difference.low,
        high=None if difference is None else difference.high,
        relative=None if ratio is None else ratio.value - 1,
        relative_low=None if ratio is None else ratio.low - 1,
        relative_high=None if ratio is None else ratio.high - 1,
        p=one.p,
        split_p=one.split_p,
        enough=one.enough,
    )


def _buckets(seconds: Sequence[float]) -> list[TimeBucket]:
    if not seconds:
        return []
    found, before = [], 0
    for bound in _BUCKETS:
        until = bisect_right(seconds, bound)
        found.append(TimeBucket(upto_seconds=bound, count=until - before))
        before = until
    return [*found, TimeBucket(upto_seconds=None, count=len(seconds) - before)]


def _quantile(seconds: Sequence[float], share: float) -> float | None:
    """With linear interpolation between the order statistics (Hyndman and Fan's type 7)."""
    if not seconds:
        return None
    place = share * (len(seconds) - 1)
    low = int(place)
    high = min(low + 1, len(seconds) - 1)
    return seconds[low] + (place - low) * (seconds[high] - seconds[low])


def _revenue(one: types.Revenue, currency: str) -> RevenueFigures:
    more = one.incremental
    return RevenueFigures(
        currency=currency,
        amount=money(one.amount),
        orders=one.orders,
        sends=one.sends,
        per_send=money(round(one.amount / one.sends, 4)) if one.sends else None,
        per_customer=money(round(one.amount / one.customers, 4)) if one.customers else None,
        cost=None if one.cost is None else money(Decimal(one.cost)),
        incremental=None
        if more is None
        else Incremental(
            treated_per_customer=more.treated, holdout_per_customer=more.holdout, total=more.total, low=more.low,
            high=more.high, enough=more.enough,
        ),
    )  # fmt: skip


def told(one: PathTold) -> Told:
    """One decision."""
    return Told(
        at=from_micros(one.at),
        kind=one.kind,
        node=one.node,
        edge=one.edge,
        what=Titles(**one.what),
        reason=one.reason,
        send_id=None if one.send_id is None else str(one.send_id),
        channel=one.channel,
        counted=[
            CountedSend(
                send_id=str(other.send_id), at=from_micros(other.at), journey=other.journey, channel=other.channel,
                category=other.category,
            )
            for other in one.counted
        ],
    )  # fmt: skip


def run_detail(one: RunTold, name: str | None, view: Shown) -> RunDetail:
    """A run with its path; what it carries is masked."""

    def instant(at: int | None) -> Any:
        return None if at is None else from_micros(at)

    def masked(values: Mapping[str, Any]) -> JsonObject:
        return view.fields(values)

    def code(name: str, value: Any) -> Any:
        hide = name in one.codes and not view.with_codes and isinstance(value, str)
        return masked_code(value) if hide else value

    return RunDetail(
        run_id=str(one.run_id),
        customer_id=one.customer_id,
        name=name,
        journey=one.journey,
        version=one.version,
        node=one.node,
        state=one.state,
        due=instant(one.due),
        entered=from_micros(one.entered),
        ended=instant(one.ended),
        reason=one.reason,
        goal_at=instant(one.goal_at),
        key=str(mask_json(one.key)),
        steps=[told(step) for step in one.steps],
        vars=masked({name: code(name, value) for name, value in one.vars.items()}),
        trigger=masked(one.trigger),
    )


def why(one: Why, title: Titles, name: str | None, view: Shown) -> JourneyWhy:
    """A journey and a customer."""
    return JourneyWhy(
        journey=one.journey,
        title=title,
        status=one.status,
        answer=Titles(**one.answer),
        now=None if one.now is None else Titles(**one.now),
        runs=[run_detail(run, name, view) for run in one.runs],
        not_started=[
            NotStarted(at=from_micros(other.at), what=Titles(**other.what), reason=other.reason)
            for other in one.not_started
        ],
    )
