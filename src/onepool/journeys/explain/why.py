"""Why did, or did not, this customer get it: all journeys of a customer, or one, in every step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from onepool.audience.conditions.names import Context
from onepool.clock import to_micros
from onepool.journeys import store
from onepool.journeys.explain.entry import NotStarted, present, refusals, unmatched
from onepool.journeys.explain.path import Told, loaded, paths
from onepool.journeys.explain.words import Title, channel_words, end_words, reason_words, title
from onepool.journeys.model import IssueCoupon
from onepool.journeys.results.report import Place, control_of
from onepool.journeys.states import RunState
from onepool.journeys.store import Published, Standing
from onepool.pool import Session
from onepool.reach.policies import Policies
from onepool.reach.states import SendState
from onepool.state.journeys import runs
from onepool.state.outbox import sends

DAYS: Final = 90
DAY: Final = 86_400_000_000
MOST_RUNS: Final = 50


@dataclass(frozen=True, slots=True)
class RunTold:
    """A run with all that was decided about it. Instants are microseconds."""

    run_id: int
    customer_id: int
    journey: str
    version: int
    node: str | None
    state: str
    due: int | None
    entered: int
    ended: int | None
    reason: str | None
    goal_at: int | None
    key: str
    steps: list[Told]
    vars: Mapping[str, Any]
    trigger: Mapping[str, Any]
    codes: frozenset[str]
    """Names among `vars` whose values are codes of coupons."""


@dataclass(frozen=True, slots=True)
class Why:
    """One journey and one customer. `now`: how an entry would fare at present."""

    journey: str
    status: str
    answer: Title
    now: Title | None
    runs: list[RunTold]
    not_started: list[NotStarted]


def why(
    session: Session, connection: Connection, place: Place, ctx: Context, customer: int, journey: str | None = None
) -> list[Why]:
    """Everything about a customer and the journeys that were ever published (or one of them)."""
    states = store.states(connection)
    wanted = sorted(states) if journey is None else [journey]
    versions = {one.version_id: one for name in wanted for one in store.versions(connection, name)}
    if journey is not None and not versions:
        raise store.JourneyError("it was never published", where=journey, hint="publish it, or simulate its draft")
    rows = _runs(connection, customer, list(versions))
    told = paths(session, connection, [row.run_id for row in rows], versions, Policies(place).now()[1])
    at = to_micros(place.clock.now())
    since = at - DAYS * DAY
    found = []
    for name in wanted:
        mine = [one for one in versions.values() if one.journey == name]
        if not mine:
            continue
        state = states.get(name)
        current = next((one for one in mine if state is not None and one.version_id == state.version_id), mine[0])
        said = current.definition
        of = [run_told(row, versions[row.version_id], told[row.run_id]) for row in rows
              if versions[row.version_id].journey == name]  # fmt: skip
        refused = refusals(session, customer, mine, since)
        missed = unmatched(session, ctx, customer, said, state, at, since)
        control = control_of(place, said.experiment.respect_global_control, said.policy.category)
        live = any(one.ended is None for one in of)
        now = None if live else present(session, ctx, customer, said, state, control, at)
        nothing = sorted([*refused, *missed], key=lambda one: -one.at)
        answer = _answer(connection, of, nothing, state)
        found.append(Why(name, "draft" if state is None else state.status, answer, now, of, nothing))
    return found


def one_run(session: Session, connection: Connection, place: Place, run_id: int) -> RunTold | None:
    """A run with all that was decided about it; None when there is none."""
    row = connection.execute(select(runs).where(runs.c.run_id == run_id)).one_or_none()
    if row is None:
        return None
    version = store.published(connection, row.version_id)
    versions = {one.version_id: one for one in store.versions(connection, version.journey)}
    told = paths(session, connection, [run_id], versions, Policies(place).now()[1])
    return run_told(row, version, told[run_id])


def run_told(row: Row[Any], version: Published, steps: list[Told]) -> RunTold:
    """A row of the state with its steps."""
    return RunTold(
        row.run_id, row.customer_id, version.journey, version.version,
        version.nodes[row.node] if 0 <= row.node < len(version.nodes) else None, RunState(row.state).name.lower(),
        row.due, row.entered, row.ended, row.reason, row.goal_at, row.key, steps, loaded(row.vars), loaded(row.trigger),
        frozenset(one.save for one in version.definition.nodes.values() if isinstance(one, IssueCoupon)),
    )  # fmt: skip


def _runs(connection: Connection, customer: int, versions: Sequence[int]) -> Sequence[Row[Any]]:
    return connection.execute(
        select(runs)
        .where(runs.c.customer_id == customer, runs.c.version_id.in_(list(versions)))
        .order_by(runs.c.entered.desc(), runs.c.run_id)
        .limit(MOST_RUNS)
    ).all()


def _answer(connection: Connection, of: list[RunTold], nothing: list[NotStarted], state: Standing | None) -> Title:
    if not of:
        if nothing:
            last = nothing[0].what
            return title(f"没有进入：{last['zh']}", f"did not enter: {last['en']}")
        if state is None or state.status != "live":
            return title("没有进入：旅程未在运行", "did not enter: the journey is not live")
        return title("没有进入：没有发生进入条件", "did not enter: nothing happened that starts it")
    run = of[0]
    rows = connection.execute(
        select(sends.c.state, sends.c.reason, sends.c.channel)
        .where(sends.c.customer_id == run.customer_id, sends.c.run_id == run.run_id)
        .order_by(sends.c.planned, sends.c.hop)
    ).all()
    got = [row for row in rows if SendState.ACCEPTED <= row.state <= SendState.CLICKED]
    if got:
        over = [channel_words(channel) for channel in dict.fromkeys(row.channel for row in got)]
        zh, en = "、".join(one["zh"] for one in over), ", ".join(one["en"] for one in over)
        return title(f"收到了，通过{zh}", f"got it over {en}")
    open_ = [row for row in rows if row.state < SendState.UNKNOWN]
    if open_:
        over_ = channel_words(open_[-1].channel)
        return title(f"正在发送，通过{over_['zh']}", f"on its way over {over_['en']}")
    if rows:
        said = reason_words(rows[-1].reason)
        return title(f"没有收到：{said['zh']}", f"did not get it: {said['en']}")
    if run.reason is not None and run.ended is not None:
        said = end_words(run.reason)
        return title(f"没有收到：{said['zh']}", f"did not get it: {said['en']}")
    return title("在旅程中，还没有发送", "is in the journey, nothing was sent yet")
