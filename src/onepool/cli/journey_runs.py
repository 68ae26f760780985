"""journey backtest, plan, results, why: before and after a journey is published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onepool.audience.catalog import load_catalog
from onepool.cli.journey_cohorts import Days, OfVersion, Since, Until, cohort_of, commands
from onepool.cli.journeys import Name, chinese, draft_of
from onepool.cli.output import HERE, Json, WorkspaceDir, opened, say, show_json, show_table, worded
from onepool.clock import from_micros, to_micros
from onepool.errors import UsageError
from onepool.workspace import Workspace

if TYPE_CHECKING:
    from onepool.journeys.backtest.types import Asked, Outcome

# What carries journeys out is loaded by the command that needs it: the others start without it.


@commands.command("backtest")
def backtest_journey(
    name: Name,
    folder: WorkspaceDir = HERE,
    days: Annotated[int, typer.Option(min=1, max=366, help="How many of the last days.")] = 30,
    customer: Annotated[list[int] | None, typer.Option(help="Only these customers, told step by step.")] = None,
    step: Annotated[int | None, typer.Option(min=1, max=1440, help="Minutes of a step; chosen when left out.")] = None,
    as_json: Json = False,
) -> None:
    """What a draft would have done over the last days: entries, paths, messages, what held them back, cost. Nothing is
    written or sent.

    Example: onepool journey backtest cart_recall --days 30
    """
    import numpy as np

    from onepool.journeys.backtest.run import backtest
    from onepool.journeys.backtest.types import DAY, MINUTE, Asked
    from onepool.journeys.explain.words import end_words, reason_words, refused_words

    ws = opened(folder)
    now = to_micros(ws.clock.now())
    customers = None if not customer else np.unique(np.array(customer, np.int64))
    grid = None if step is None else step * MINUTE
    asked = Asked(draft_of(ws, name).body, now - days * DAY, now, customers, grid, paths=customers is not None)
    outcome = backtest(ws, load_catalog(ws).context, asked)
    found = _figures(outcome)
    if as_json:
        show_json(found | ({"paths": _paths(ws, outcome, asked)} if customers is not None else {}))
        return
    told = "{entered:,} would have entered, {live:,} of them would still be under way"
    say(worded(told, entered=found["entered"], live=found["live"]))
    said = (("ended", end_words), ("sent", None), ("suppressed", reason_words), ("turned away", refused_words))
    for title, words in said:
        counts = found[title]
        if counts:
            _say_titled(title, _listed(counts) if words is None else _reasons(ws, counts, words))
    if found["cost"] is not None:
        _say_titled("cost", f"{found['cost']:.2f} {ws.settings.currency}")
    if customers is not None:
        for path in _paths(ws, outcome, asked):
            what = path["not entered"] or path["ended as"] or worded("under way")
            say(worded("customer {customer}: {what}", customer=path["customer"], what=what))
            show_table(path["steps"])


def _listed(counts: Mapping[str, int]) -> str:
    return worded(", ").join(f"{worded(key)} {count:,}" for key, count in counts.items())


def _reasons(ws: Workspace, counts: Mapping[str, int], words: Callable[[str], Mapping[str, str]]) -> str:
    """Counts by reason: in Chinese by its words, in English by its name."""
    named = {(words(key)["zh"] if chinese(ws) else key): count for key, count in counts.items()}
    return _listed(named)


def _say_titled(title: str, value: object) -> None:
    say(worded("{title}: {value}", title=worded(title), value=value))


def _figures(outcome: Outcome) -> dict[str, Any]:
    from onepool.journeys.backtest.told import per_hour
    from onepool.reach.states import SendState

    went = [int(one) for one in SendState if SendState.ACCEPTED <= one < SendState.SUPPRESSED]
    costs = outcome.sends.column("cost").drop_null().to_numpy()
    refused = {
        row["edge"].removeprefix("refused:"): row["count"]
        for row in outcome.edges.to_pylist()
        if row["node"] == -1 and (row["edge"].startswith("refused:") or row["edge"] == "not_qualified")
    }
    return {
        "from": from_micros(outcome.start),
        "to": from_micros(outcome.end),
        "step seconds": outcome.grid / 1e6,
        "entered": outcome.entered,
        "live": int(outcome.runs.column("ended").null_count),
        "ended": outcome.counts("runs", "reason", [9]),
        "sent": outcome.counts("sends", "channel", went),
        "suppressed": outcome.counts("sends", "reason", [SendState.SUPPRESSED, SendState.CANCELLED]),
        "turned away": refused,
        "cost": float(costs.sum()) if costs.size else None,
        "nodes": [
            {"node": outcome.node(row["node"]), "edge": row["edge"], "count": row["count"]}
            for row in outcome.edges.to_pylist()
        ],
        "per hour": [
            {"at": from_micros(at), "channel": channel, "count": count} for at, channel, count in per_hour(outcome)
        ],
    }


def _paths(ws: Workspace, outcome: Outcome, asked: Asked) -> list[dict[str, Any]]:
    from onepool.journeys.backtest.told import paths
    from onepool.reach.messages.around import wording_of

    language = "zh" if chinese(ws) else "en"
    with ws.pool.read() as session, ws.state.read() as connection:
        found = paths(session, connection, load_catalog(ws).context, outcome, asked, wording_of(ws.settings))
    return [
        {
            "customer": path.customer_id,
            "entered": None if path.entered is None else from_micros(path.entered),
            "not entered": None if path.not_entered is None else path.not_entered[language],
            "ended as": path.reason if path.ended is not None else None,
            "steps": [
                {
                    "at": from_micros(one.at).isoformat(timespec="seconds"),
                    "node": one.node or "",
                    "what": one.what[language],
                    "message": "" if one.send is None else (one.send.text or ""),
                }
                for one in path.steps
            ],
        }
        for path in found
    ]


@commands.command("plan")
def plan_journey(
    name: Name,
    folder: WorkspaceDir = HERE,
    days: Annotated[int, typer.Option(min=1, max=90, help="How far ahead, and over how much of the past.")] = 30,
    as_json: Json = False,
) -> None:
    """What publishing a draft would do: who enters, messages per channel, what holds them back, cost, overlap, what
    becomes of runs under way. Nothing is written.

    Example: onepool journey plan cart_recall
    """
    from onepool.journeys.explain.words import reason_words
    from onepool.journeys.plan.plan import plan

    ws = opened(folder)
    found = plan(ws, load_catalog(ws).context, draft_of(ws, name).body, days=days)
    spoken, fate = str.format if as_json else worded, "version {version}, {node}: {runs:,} {fate}"
    told = {
        "basis": found.basis,
        "entrants now": found.entrants_now,
        "entrants per day": None if found.entrants_per_day is None else round(found.entrants_per_day, 4),
        "holdout": found.holdout,
        "global control": found.control,
        "followed": spoken("{sample} of {population}", sample=found.sample, population=found.population),
        "put off by quiet hours": found.put_off,
        "not sent": dict(found.suppressed),
        "cost": None if found.cost is None else round(found.cost, 4),
        "overlap": {one.journey: one.customers for one in found.overlap},
        "under way": [
            spoken(
                fate, version=one.version, node=one.node or spoken("not begun"), runs=one.runs, fate=spoken(one.fate)
            )
            for one in found.fates
        ],
    }
    sends = [
        {"node": one.node, "channel": one.channel, "messages": one.total,
         "cost": None if one.cost is None else round(one.cost, 4)}
        for one in found.sends
    ]  # fmt: skip
    if as_json:
        show_json(told | {"sends": sends})
        return
    for key, value in told.items():
        if isinstance(value, Mapping):
            value = _reasons(ws, value, reason_words) if key == "not sent" else _listed(value)
        elif isinstance(value, list):
            value = worded("; ").join(value)
        if value not in (None, ""):
            _say_titled(key, value)
    show_table(sends)


@commands.command("results")
def show_results(
    name: Name,
    folder: WorkspaceDir = HERE,
    days: Days = 90,
    since: Since = None,
    until: Until = None,
    version: OfVersion = None,
    as_json: Json = False,
) -> None:
    """Counts of runs and messages, the funnel, uplift against the holdout with its interval, money.

    Example: onepool journey results cart_recall --days 30
             onepool journey results cart_recall --from 2026-11-01 --to 2026-11-11
    """
    from onepool.journeys.explain.words import end_words
    from onepool.journeys.results.report import results

    ws = opened(folder)
    cohort = cohort_of(ws, name, days, since, until, version)
    with ws.pool.read() as session, ws.state.read() as connection:
        found = results(session, connection, ws, load_catalog(ws).context, cohort)
    flow, effect = found.flow, found.effect
    spoken, of = str.format if as_json else worded, "{goals} of {size}"
    uplifts = [
        {
            "against": one.against, "treated": spoken(of, goals=one.treated.goals, size=one.treated.size),
            "others": spoken(of, goals=one.control.goals, size=one.control.size),
            "difference": None if one.difference is None else round(one.difference.value, 5),
            "low": None if one.difference is None else round(one.difference.low, 5),
            "high": None if one.difference is None else round(one.difference.high, 5),
            "p": None if one.p is None else round(one.p, 5), "enough": one.enough,
        }
        for one in effect.uplift
    ]  # fmt: skip
    nodes = [
        {"node": one.node, "in": one.into, "out": one.out, "waiting": one.waiting, "ended": one.ended, "sent": one.sent,
         "not sent": sum(one.suppressed.values()), "failed": one.failed}
        for one in flow.nodes
    ]  # fmt: skip
    if as_json:
        show_json(
            {"entered": flow.entered, "live": flow.live, "ended": dict(flow.ended), "funnel": dict(effect.funnel),
             "measure": effect.measure, "uplift": uplifts, "nodes": nodes}
        )  # fmt: skip
        return
    told = "entered {entered:,}, live {live:,}; {ended}"
    say(worded(told, entered=flow.entered, live=flow.live, ended=_reasons(ws, flow.ended, end_words)))
    # Where only treated customers can reach the goal, what is compared are payments.
    paid = effect.measure == "order_paid"
    steps = {"paid" if paid and step == "goal" else step: count for step, count in effect.funnel.items()}
    say(worded("funnel: {steps}", steps=_listed(steps)))
    # Of stock `low` is a warning: here it is the interval's end.
    ends = {"low": "at least", "high": "at most"}
    show_table([{ends.get(key, key): value for key, value in one.items()} for one in uplifts])
    show_table(nodes)


@commands.command("why")
def explain_customer(
    customer: Annotated[int, typer.Argument(min=0, help="The customer's number.")],
    name: Annotated[str | None, typer.Argument(help="A journey; all when left out.")] = None,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Why a customer did or did not get what a journey sends: every decision in order.

    Example: onepool journey why 17 cart_recall
    """
    from onepool.journeys.explain.why import why

    ws = opened(folder)
    language = "zh" if chinese(ws) else "en"
    with ws.pool.read() as session, ws.state.read() as connection:
        if session.query("SELECT 1 FROM customer_of WHERE customer_id = $id LIMIT 1", {"id": customer}).num_rows == 0:
            raise UsageError(f"there is no customer {customer}", hint="look for one: onepool customer")
        found = why(session, connection, ws, load_catalog(ws).context, customer, name)
    told: list[dict[str, Any]] = [
        {
            "journey": one.journey,
            "answer": one.answer[language],
            "now": None if one.now is None else one.now[language],
            "runs": [
                [
                    {"at": from_micros(step.at).isoformat(timespec="seconds"), "node": step.node or "",
                     "what": step.what[language]}
                    for step in run.steps
                ]
                for run in one.runs
            ],
            "not started": [
                {"at": from_micros(other.at).isoformat(timespec="seconds"), "why": other.what[language]}
                for other in one.not_started
            ],
        }
        for one in found
    ]  # fmt: skip
    if as_json:
        show_json(told)
        return
    for row in told:
        say(f"{row['journey']}: {row['answer']}" + (f" ({row['now']})" if row["now"] else ""))
        for steps in row["runs"]:
            show_table(steps)
        if row["not started"]:
            show_table(row["not started"])


__all__ = ["commands"]
