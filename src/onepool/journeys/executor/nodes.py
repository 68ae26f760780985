"""What nodes do with the runs that came to them, one function for each kind (sends and waits are elsewhere)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import msgspec
import numpy as np

from onepool.journeys.executor import sends, waits
from onepool.journeys.executor.columns import I64, Runs
from onepool.journeys.executor.ends import at_once
from onepool.journeys.executor.plan import Plan, length
from onepool.journeys.executor.ports import DAY, HOUR, Question
from onepool.journeys.executor.turn import Turn, called_key, resolved
from onepool.journeys.keys import BUCKETS, action_keys, bucket, child_keys
from onepool.journeys.model import (
    Branch,
    CallJourney,
    End,
    IssueCoupon,
    Repeat,
    Send,
    SetProfile,
    Split,
    TagNode,
    Task,
    Wait,
    Webhook,
)
from onepool.journeys.states import RunState
from onepool.reach.associates import OWNER

WRITE_WITHIN: Final = HOUR
"""How long a run waits for what it wrote to be taken in; then it goes on."""

CALL_WITHIN: Final = DAY
"""How long a run waits for the answer of a webhook."""

DEEPEST: Final = 3
"""Journeys that call each other: the one that customers entered is at depth 0."""

_encode = msgspec.json.Encoder(order="sorted").encode

Handler: TypeAlias = Callable[[Turn, Plan, int, I64], None]


def branch(turn: Turn, plan: Plan, node: int, rows: I64) -> None:
    said = plan.nodes[node]
    assert isinstance(said, Branch)
    conditions = {f"c{number}": case.when for number, case in enumerate(said.cases)}
    answers = turn.world.answers(Question(conditions, turn.asked(rows)), turn.at)
    left = np.ones(rows.size, np.bool_)
    for number in range(len(said.cases)):
        taken = left & answers[f"c{number}"]
        turn.go(rows[taken], plan, f"cases[{number}]")
        left &= ~taken
    turn.go(rows[left], plan, "else")


def split(turn: Turn, plan: Plan, node: int, rows: I64) -> None:
    said = plan.nodes[node]
    assert isinstance(said, Split)
    at = bucket(said.salt or f"{plan.journey}.{plan.names[node]}", turn.runs.customer_id[rows])
    weights = np.cumsum([arm.weight for arm in said.arms])
    arm = np.searchsorted(weights * BUCKETS, at * weights[-1], side="right")
    for number, one in enumerate(said.arms):
        turn.go(rows[arm == number], plan, f"arms[{number}]", one.name)


def issue_coupon(turn: Turn, plan: Plan, node: int, rows: I64) -> None:
    said = plan.nodes[node]
    assert isinstance(said, IssueCoupon)
    rows = turn.drawn(sends.fresh_enough(turn, plan, said, rows))
    holds = sends.guarded(turn, said, rows)
    turn.go(rows[~holds], plan, "else", "guard_false")
    rows = rows[holds]
    if rows.size == 0:
        return
    runs = turn.runs
    keys = action_keys(runs.run_id[rows], plan.names[node], runs.visit[rows])
    codes = turn.world.issue(said.batch, keys, runs.customer_id[rows], runs.run_id[rows], turn.at)
    given = np.array([code is not None for code in codes], np.bool_)
    turn.put_vars(rows[given], said.save, [code for code in codes if code is not None])
    turn.go(rows[given], plan, "next")
    turn.go(rows[~given], plan, "else", "no_stock")


def write(turn: Turn, plan: Plan, node: int, rows: I64) -> None:
    """Attributes and tags: written to the log, so that the pool has them before the run goes on."""
    said = plan.nodes[node]
    assert isinstance(said, SetProfile | TagNode)
    kind = "set_profile" if isinstance(said, SetProfile) else "tag"
    payloads = [_encode({"set": resolved(said.set, carried)}).decode() for carried in _carried(turn, rows)]
    _effects(turn, plan, node, rows, kind, payloads, WRITE_WITHIN)


def webhook(turn: Turn, plan: Plan, node: int, rows: I64) -> None:
    said = plan.nodes[node]
    assert isinstance(said, Webhook)
    payloads = [
        _encode({"touchpoint": said.touchpoint, "body": resolved(said.body, carried), "save": said.save}).decode()
        for carried in _carried(turn, rows)
    ]
    _effects(turn, plan, node, rows, "webhook", payloads, CALL_WITHIN)


def _effects(turn: Turn, plan: Plan, node: int, rows: I64, kind: str, payloads: list[str], within: int) -> None:
    runs, moment = turn.runs, turn.moment[rows]
    due = np.maximum(moment, turn.now(rows)) + within
    keys = action_keys(runs.run_id[rows], plan.names[node], runs.visit[rows])
    turn.effects += zip(
        keys.tolist(), runs.run_id[rows].tolist(), runs.customer_id[rows].tolist(), [node] * rows.size,
        runs.visit[rows].tolist(), [kind] * rows.size, payloads, moment.tolist(), due.tolist(),
        strict=True,
    )  # fmt: skip
    turn.wait(rows, RunState.WAIT_OUTCOME, due, plan)


def task(turn: Turn, plan: Plan, node: int, rows: I64) -> None:
    said = plan.nodes[node]
    assert isinstance(said, Task)
    runs, moment = turn.runs, turn.moment[rows]
    due = np.maximum(moment, turn.now(rows)) + (length(said.within) or 0)
    keys = action_keys(runs.run_id[rows], plan.names[node], runs.visit[rows])
    count = rows.size
    # Nobody's task waits for whoever takes it.
    own = said.staff == OWNER
    staff = turn.world.associates(runs.customer_id[rows], turn.at) if own else [said.staff] * count
    turn.tasks += zip(
        keys.tolist(), runs.run_id[rows].tolist(), runs.customer_id[rows].tolist(), [node] * count,
        runs.visit[rows].tolist(), [plan.journey] * count, [said.title] * count, [said.body or ""] * count,
        staff, moment.tolist(), due.tolist(), strict=True,
    )  # fmt: skip
    turn.wait(rows, RunState.WAIT_OUTCOME, due, plan)


def call(turn: Turn, plan: Plan, node: int, rows: I64) -> None:
    """Start the called journey's live version for each run. What its entry asks (eligible, re-entry, hold-out, rate) is
    for those who come by themselves."""
    said = plan.nodes[node]
    assert isinstance(said, CallJourney)
    standing = turn.book.standings.get(said.journey)
    other = None if standing is None or standing.status != "live" else turn.book.plans.get(standing.version_id)
    deep = turn.runs.depth[rows] >= DEEPEST
    if other is None:
        turn.go(rows, plan, "next", "not_live")
        return
    turn.go(rows[deep], plan, "next", "too_deep")
    rows = turn.ordered(rows[~deep])
    if rows.size == 0:
        return
    runs, moment = turn.runs, turn.moment[rows]
    ids = child_keys(other.journey, runs.customer_id[rows], runs.run_id[rows], plan.names[node], runs.visit[rows])
    children = Runs.new(
        rows.size, run_id=ids, version_id=other.version_id, customer_id=runs.customer_id[rows], state=RunState.READY,
        due=moment, entered=moment, arrived=moment, trigger=runs.trigger[rows], parent=runs.run_id[rows],
        depth=runs.depth[rows] + 1, key=[called_key(plan.names[node], one) for one in runs.visit[rows].tolist()],
    )  # fmt: skip
    places = turn.hold(children, new=True, moment=moment, but=turn.but[rows])
    # Of callers that entered earlier the number of the event that started them is forgotten: its instant tells it.
    turn.fresh[places] = turn.fresh[rows] | (moment > turn.runs.entered[rows])
    turn.note(places, "enter", moment)
    turn.runs.node[places] = other.start
    turn.arrive(places, other, other.start)
    if said.wait:
        turn.wait(rows, RunState.WAIT_OUTCOME, turn.life_end(rows, plan), plan)
    else:
        turn.go(rows, plan, "next")
    at_once(turn, places)


def repeat(turn: Turn, plan: Plan, node: int, rows: I64) -> None:
    said = plan.nodes[node]
    assert isinstance(said, Repeat)
    name = "@@" + plan.names[node]
    counts = np.array([_number(one.get(name)) for one in turn.vars_of(rows)], np.int64)
    again = counts < said.max
    if said.while_ is not None and again.any():
        some = rows[again]
        again[again] = turn.world.answers(Question({"while": said.while_}, turn.asked(some)), turn.at)["while"]
    back, on = rows[again], rows[~again]
    turn.put_vars(back, name, (counts[again] + 1).tolist())
    turn.put_vars(on, name, [None] * on.size)
    turn.go(on, plan, "next")
    turn.note(back, "back", turn.moment[back])
    turn.runs.visit[back] += 1
    turn.runs.node[back] = plan.target(node, "back")
    turn.runs.hop[back] = 0
    turn.runs.reason[back] = None
    turn.arrive(back, plan, plan.target(node, "back"))


def end(turn: Turn, plan: Plan, node: int, rows: I64) -> None:
    said = plan.nodes[node]
    assert isinstance(said, End)
    turn.finish(rows, said.as_)


HANDLERS: Mapping[type[object], Handler] = {
    Send: sends.send,
    Wait: waits.wait,
    Branch: branch,
    Split: split,
    IssueCoupon: issue_coupon,
    SetProfile: write,
    TagNode: write,
    Task: task,
    Webhook: webhook,
    CallJourney: call,
    Repeat: repeat,
    End: end,
}


def _carried(turn: Turn, rows: I64) -> list[dict[str, object]]:
    found = []
    for trigger, kept in zip(turn.trigger_of(rows), turn.vars_of(rows), strict=True):
        one = {f"trigger.{name}": value for name, value in trigger.items()}
        found.append(one | {f"vars.{name}": value for name, value in kept.items()})
    return found


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
