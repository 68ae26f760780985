"""Simulations, plans and long back-tests: carried out, told, and in the shapes of the API."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import numpy as np

from onepool.api import audience, journey_figures
from onepool.api.dictionary import titles
from onepool.api.models.common import Titles
from onepool.api.models.journey_results import EdgeFigures, OutcomeCount
from onepool.api.models.journey_simulate import (
    ApprovalNeed,
    CountDifference,
    DayCount,
    HourCount,
    InFlight,
    JourneyOverlap,
    JourneyPlan,
    MessageDifference,
    Money,
    PlannedSends,
    SimulatedRun,
    SimulatedSend,
    SimulatedStep,
    Simulation,
    SimulationDifference,
    SimulationRequest,
)
from onepool.api.models.journeys import JourneyProblem
from onepool.api.showing import money
from onepool.api.workspace import WorkspaceLike
from onepool.clock import from_micros, to_micros
from onepool.journeys.backtest import told
from onepool.journeys.backtest.run import backtest
from onepool.journeys.backtest.types import DAY, I64, MINUTE, Asked, Assumed, Outcome, Progress
from onepool.journeys.graph import edges
from onepool.journeys.parse import parse_journey
from onepool.journeys.plan import plan as planning
from onepool.journeys.store import KIND
from onepool.pool import Session
from onepool.privacy.masking import mask_text
from onepool.reach.messages.around import wording_of
from onepool.reach.states import SendState

Names = Callable[[Session, list[int]], dict[int, str | None]]
"""What customers are called, as far as whoever asks may see it."""

_FAILED = (SendState.FAILED, SendState.BOUNCED, SendState.UNKNOWN)
_OUT = (SendState.SUPPRESSED, SendState.CANCELLED)
_WENT = tuple(range(SendState.ACCEPTED, SendState.SUPPRESSED))
_WHY = {
    "missing": Titles(zh="新版本没有这个节点", en="the new version has no such node"),
    "kind": Titles(zh="新版本里该节点类型不同", en="in the new version the node is of another kind"),
}
_TEXT = 2_000
_SHOWN = 50
"""Customers of whom a difference is shown."""


def asked_of(ws: WorkspaceLike, body: SimulationRequest, *, everybody: bool = False) -> tuple[Asked, int]:
    """(what the back-test is asked, how many customers it is about). `everybody`: without drawing a sample."""
    start = to_micros(body.start)
    end = min(start + body.days * DAY, max(to_micros(ws.clock.now()), start + MINUTE))
    customers = None
    ctx = audience.context(ws)
    if body.customers:
        customers = np.unique(np.array(body.customers, np.int64))
    elif body.segment is not None:
        with ws.pool.read() as session:
            rows = session.query(
                "SELECT customer_id FROM segment_members WHERE segment = $segment ORDER BY 1", {"segment": body.segment}
            )
        customers = rows.column("customer_id").to_numpy().astype(np.int64)
    elif not everybody:
        with ws.pool.read() as session:
            journey = parse_journey(body.definition)
            customers = planning.concerned_by(
                session, ws, ctx, body.definition, journey, start, end, to_micros(ws.clock.now())
            )
    total = 0 if customers is None else int(customers.size)
    if customers is not None and not everybody:
        customers = planning.drawn(customers, body.sample)
    assumed = {channel: Assumed(one.accepted, dict(one.reasons)) for channel, one in sorted(body.acceptance.items())}
    grid = None if body.step_minutes is None else body.step_minutes * MINUTE
    return Asked(body.definition, start, end, customers, grid, True, assumed), total


def scoped(asked: Asked, customers: I64 | None) -> Asked:
    """The same over these customers."""
    return replace(asked, customers=customers)


def simulated(
    ws: WorkspaceLike, asked: Asked, total: int, names: Names, *, most: int = told.PATHS,
    progress: Progress | None = None,
) -> tuple[Simulation, Outcome]:  # fmt: skip
    """Carry out a back-test and tell of it, of at most so many customers step by step."""
    started = time.perf_counter()
    ctx = audience.context(ws)
    outcome = backtest(ws, ctx, asked, progress)
    paths: list[told.Path] = []
    called: dict[int, str | None] = {}
    with ws.pool.read() as session, ws.state.read() as connection:
        if most and asked.paths:
            paths = told.paths(
                session, connection, ctx, outcome, asked, wording_of(ws.settings),
                base=ws.settings.messages.public_url or "", hosts=ws.settings.messages.link_hosts, most=most,
            )  # fmt: skip
            called = names(session, sorted({one.customer_id for one in paths}))
    ends = outcome.runs.column("ended").is_null().to_numpy()
    refused = {
        row["edge"].removeprefix("refused:"): row["count"]
        for row in outcome.edges.to_pylist()
        if row["node"] == -1 and (row["edge"].startswith("refused:") or row["edge"] == "not_qualified")
    }
    quiet = outcome.counts("sends", "reason").get("quiet_skipped", 0)
    put_off = int(np.sum(outcome.sends.column("put_off").to_numpy(zero_copy_only=False)))
    followed = outcome.people
    return (
        Simulation(
            start=from_micros(outcome.start),
            end=from_micros(outcome.end),
            step_seconds=outcome.grid / 1e6,
            seconds=time.perf_counter() - started,
            customers=followed,
            entered=outcome.entered,
            live=int(ends.sum()),
            ended=journey_figures.reasons(outcome.counts("runs", "reason", [9])),
            turned_away=journey_figures.reasons(refused),
            edges=_edges(outcome),
            runs=[_run(one, called) for one in paths],
            sends_per_hour=[
                HourCount(at=from_micros(at), channel=channel, count=count)
                for at, channel, count in told.per_hour(outcome)
            ],
            sent=journey_figures.reasons(outcome.counts("sends", "channel", _WENT)),
            suppressed=journey_figures.reasons(outcome.counts("sends", "reason", _OUT)),
            failed=journey_figures.reasons(outcome.counts("sends", "reason", _FAILED)),
            capped=outcome.counts("sends", "reason").get("capped", 0),
            quiet=quiet + put_off,
            cost=_cost(outcome, ws.settings.currency),
            notes=_notes(outcome, asked, total, followed),
        ),
        outcome,
    )


def _edges(outcome: Outcome) -> list[EdgeFigures]:
    targets = {
        (name, edge.label): edge.target for name, node in outcome.plan.definition.nodes.items() for edge in edges(node)
    }
    found = []
    for row in outcome.edges.to_pylist():
        if row["edge"] in ("hop", "goal"):
            continue
        node = outcome.node(row["node"])
        to = outcome.plan.definition.start if row["edge"] == "enter" else targets.get((node or "", row["edge"]))
        found.append(EdgeFigures(node=node, edge=row["edge"], to=to, count=row["count"]))
    return sorted(found, key=lambda one: (one.node or "", one.edge))


def _run(one: told.Path, names: dict[int, str | None]) -> SimulatedRun:
    return SimulatedRun(
        customer_id=one.customer_id,
        name=names.get(one.customer_id),
        entered=None if one.entered is None else from_micros(one.entered),
        not_entered=None if one.not_entered is None else Titles(**one.not_entered),
        ended=None if one.ended is None else from_micros(one.ended),
        reason=one.reason,
        steps=[
            SimulatedStep(
                at=from_micros(step.at),
                node=step.node,
                edge=step.edge,
                what=Titles(**step.what),
                send=None if step.send is None else _send(step.send),
            )
            for step in one.steps
        ],
    )


def _send(one: told.Sent) -> SimulatedSend:
    return SimulatedSend(
        channel=one.channel,
        state=one.state,
        reason=one.reason,
        # Texts are as the customer would have them; phone numbers and the like in them are hidden here.
        text=None if one.text is None else mask_text(one.text)[:_TEXT],
        title=None if one.title is None else mask_text(one.title)[:200],
        planned=from_micros(one.planned),
        due=None if one.due is None else from_micros(one.due),
    )


def _cost(outcome: Outcome, currency: str) -> Money | None:
    costs = outcome.sends.column("cost").drop_null().to_numpy()
    return (
        None if costs.size == 0 else Money(currency=currency, total=money(Decimal(str(round(float(costs.sum()), 4)))))
    )


def _notes(outcome: Outcome, asked: Asked, total: int, followed: int) -> list[Titles]:
    found = [
        Titles(
            zh="按今天的身份（谁与谁是同一人）、人群定义和消息内容推演；属性、标签、同意、触达地址与券量按当时的情况，"
            "旅程自己写入的属性和标签也会计入后续判断。",
            en="With today's identities (who is one with whom), definitions of segments and texts of messages; "
            "attributes, tags, consents, addresses and stocks of coupons are those of the time, and what the journey "
            "itself writes counts for its later conditions.",
        )
    ]
    if outcome.together:
        found.append(
            Titles(
                zh=f"旅程中的条件需逐步查询数据池，时间按 {outcome.grid / 60e6:g} 分钟一步推进，先后顺序可能略有出入。",
                en="A condition has to be asked of the pool step by step: time goes by "
                f"{outcome.grid / 60e6:g} minutes at a time, so that the order of things within a step may be another "
                "than it was.",
            )
        )
    if not asked.assumed:
        found.append(
            Titles(zh="假设有地址的消息都被渠道接收。", en="Every message that has an address is taken as accepted.")
        )
    if followed < total:
        found.append(
            Titles(zh=f"抽取 {total} 人中的 {followed} 人。", en=f"{followed} of {total} customers, drawn by lot.")
        )
    return found


def difference(ws: WorkspaceLike, before: Asked, after: Asked, total: int, names: Names) -> SimulationDifference:
    """Two definitions over the same customers and time."""
    (one, first), (other, second) = (simulated(ws, asked, total, names) for asked in (before, after))
    figures = []
    for name, was, will in (
        ("entered", {"": one.entered}, {"": other.entered}),
        ("ended", _by(one.ended), _by(other.ended)),
        ("sent", _by(one.sent), _by(other.sent)),
        ("suppressed", _by(one.suppressed), _by(other.suppressed)),
        ("failed", _by(one.failed), _by(other.failed)),
        ("turned_away", _by(one.turned_away), _by(other.turned_away)),
    ):
        for key in sorted({*was, *will}):
            said = f"{name}:{key}" if key else name
            figures.append(CountDifference(figure=said, before=was.get(key, 0), after=will.get(key, 0)))
    mine, yours = _way(first), _way(second)
    changed = sorted(one for one in {*mine, *yours} if mine.get(one) != yours.get(one))
    customers, old, new = _messages(first, second)
    more, fewer = new > old, new < old
    shown = np.argsort(-np.abs(new - old), kind="stable")[: min(int((new != old).sum()), _SHOWN)]
    with ws.pool.read() as session:
        called = names(session, customers[shown].tolist()) if shown.size else {}
    return SimulationDifference(
        before=one,
        after=other,
        figures=figures,
        other_path=len(changed),
        sample=changed[:_SHOWN],
        gets_more=int(more.sum()),
        gets_fewer=int(fewer.sum()),
        messages=[
            MessageDifference(
                customer_id=int(customers[row]),
                name=called.get(int(customers[row])),
                before=int(old[row]),
                after=int(new[row]),
            )
            for row in shown.tolist()
        ],
    )


def _messages(first: Outcome, second: Outcome) -> tuple[I64, I64, I64]:
    """(customers, messages that each gets by the one, by the other); each customer who gets any."""
    counts = []
    for outcome in (first, second):
        state = outcome.sends.column("state").to_numpy()
        went = (state >= SendState.ACCEPTED) & (state < SendState.SUPPRESSED)
        counts.append(np.unique(outcome.sends.column("customer_id").to_numpy()[went], return_counts=True))
    customers = np.union1d(counts[0][0], counts[1][0]).astype(np.int64)
    found = []
    for who, count in counts:
        each = np.zeros(customers.size, np.int64)
        each[np.searchsorted(customers, who)] = count
        found.append(each)
    return customers, found[0], found[1]


def _by(counts: list[OutcomeCount]) -> dict[str, int]:
    return {one.reason: one.count for one in counts}


def _way(outcome: Outcome) -> dict[int, list[tuple[int, str | None, str, str | None]]]:
    """What each customer did, in order, without times."""
    found: dict[int, list[tuple[int, str | None, str, str | None]]] = {}
    if outcome.steps is None:
        return found
    for row in outcome.steps.sort_by([("run_id", "ascending"), ("seq", "ascending")]).to_pylist():
        step = (row["run_id"], outcome.node(row["node"]), row["edge"], row["detail"])
        found.setdefault(row["customer_id"], []).append(step)
    return found


def planned(
    ws: WorkspaceLike,
    found: planning.Plan,
    problems: list[JourneyProblem],
    approval: ApprovalNeed,
    journey_titles: Callable[[str], Titles],
    days: int,
) -> JourneyPlan:
    """A plan in the shape of the API. `days`: over how many it looked."""
    currency = ws.settings.currency

    def amount(value: float | None) -> Decimal | None:
        return None if value is None else money(Decimal(str(round(value, 4))))

    total = amount(found.cost)
    notes = []
    if found.sample < found.population:
        notes.append(
            Titles(
                zh=f"按 {found.population} 人中抽取的 {found.sample} 人推算。",
                en=f"Scaled up from {found.sample} of {found.population} customers, drawn by lot.",
            )
        )
    if found.basis == "past":
        notes.append(
            Titles(
                zh=f"按过去 {days} 天的事件推算今后 {days} 天。",
                en=f"What the past {days} days would have brought stands for the {days} days to come.",
            )
        )
    return JourneyPlan(
        entrants_now=found.entrants_now,
        entrants_per_day=found.entrants_per_day,
        holdout=found.holdout,
        control=found.control,
        basis=found.basis,
        sample=found.sample,
        population=found.population,
        start=from_micros(found.start),
        end=from_micros(found.end),
        problems=problems,
        sends=[
            PlannedSends(
                node=one.node,
                channel=one.channel,
                per_day=[DayCount(day=day, count=count) for day, count in one.per_day.items()],
                total=one.total,
                cost=amount(one.cost),
            )
            for one in found.sends
        ],
        cost=None if total is None else Money(currency=currency, total=total),
        caps_hit=found.hit("capped"),
        quiet_hit=found.hit("quiet_skipped") + found.put_off,
        unreachable=found.hit("not_follower", "not_friend", "bad_address"),
        no_consent=found.hit("no_consent", "refused"),
        suppressed=journey_figures.reasons(found.suppressed),
        overlap=[
            JourneyOverlap(
                journey=one.journey, title=journey_titles(one.journey), customers=one.customers,
                inside=one.inside, capped_together=one.capped,
            )
            for one in found.overlap
        ],
        in_flight=[
            InFlight(
                version=one.version, node=one.node, runs=one.runs, fate=one.fate,
                why=None if one.why is None else _WHY[one.why],
            )
            for one in found.fates
        ],
        approval=approval,
        notes=notes,
        seconds=found.seconds,
    )  # fmt: skip


def title_of(ws: WorkspaceLike) -> Callable[[str], Titles]:
    """Titles of journeys by name."""
    bodies = {item.name: item.body.get("name") for item in ws.definitions.current(KIND)}
    return lambda name: titles(bodies.get(name), name)
