"""Messages: the hops of a chain, planned and gated; what their outcomes mean for the run."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa

from onepool.journeys.executor.columns import FOREVER, I64, Texts, texts
from onepool.journeys.executor.plan import Plan, length
from onepool.journeys.executor.ports import DAY, LINGER, Question
from onepool.journeys.executor.turn import Turn
from onepool.journeys.keys import action_keys
from onepool.journeys.model import Hop, IssueCoupon, Send
from onepool.journeys.states import RunState
from onepool.reach.gate import DECIDED, PLANNED
from onepool.reach.states import WAITING, SendState

WITHOUT_EXPIRY = 7 * DAY
"""How long the outcome of a message that never expires is waited for."""

_AGAIN = 60_000_000
"""How long after finding identities stale a node looks again, in microseconds."""

_SCHEMA = pa.schema([*PLANNED, *DECIDED])

_encode = msgspec.json.Encoder(order="sorted").encode


def send(turn: Turn, plan: Plan, node: int, rows: I64) -> None:
    """Runs that came to a send: the first hop, and the next ones as far as the gate refuses."""
    said = plan.nodes[node]
    assert isinstance(said, Send)
    rows = fresh_enough(turn, plan, said, rows)
    holds = guarded(turn, said, rows)
    refused = rows[~holds]
    if refused.size:
        table = _planned(turn, plan, said, node, refused, 0)
        turn.keep(_refused(table, "guard_false"), plan.policy(said, said.chain[0]))
        turn.note(refused, "hop", turn.moment[refused], f"{said.chain[0].channel}:guard_false")
        conclude(turn, plan, node, refused, texts("guard_false", refused.size))
    plan_hop(turn, plan, node, rows[holds], 0)


def plan_hop(turn: Turn, plan: Plan, node: int, rows: I64, hop: int) -> None:
    """Plan a hop for runs at its node and pass it through the gate."""
    said = plan.nodes[node]
    assert isinstance(said, Send)
    if rows.size == 0:
        return
    rows = turn.ordered(rows)
    turn.runs.hop[rows] = hop
    channel = said.chain[hop].channel
    policy = plan.policy(said, said.chain[hop])
    decided = turn.world.gate(_planned(turn, plan, said, node, rows, hop), [policy], turn.at)
    turn.keep(decided, policy)
    state = decided.column("state").to_numpy()
    out = state == SendState.SUPPRESSED
    turn.note(rows[~out], "hop", turn.moment[rows[~out]], channel)
    going = rows[~out]
    turn.wait(going, RunState.WAIT_OUTCOME, _deadline(turn, plan, said, said.chain[hop], going), plan)
    if out.any():
        reasons = texts(decided.column("reason").filter(pa.array(out)).to_pylist(), int(out.sum()))
        why = np.array([f"{channel}:{one}" for one in reasons], object)
        turn.note(rows[out], "hop", turn.moment[rows[out]], why)
        conclude(turn, plan, node, rows[out], reasons)


def conclude(turn: Turn, plan: Plan, node: int, rows: I64, reasons: Texts) -> None:
    """Go on after the final outcome of the runs' present hop. `reasons`: None where it was accepted."""
    said = plan.nodes[node]
    assert isinstance(said, Send)
    good = np.array([one is None for one in reasons.tolist()], np.bool_)
    turn.go(rows[good], plan, "next")
    left, why = rows[~good], reasons[~good]
    hops = turn.runs.hop[left]
    for hop in np.unique(hops):
        here = hops == hop
        mine, said_why = left[here], why[here]
        listed = set(said.chain[int(hop)].next_on) if hop < len(said.chain) else set()
        more = np.array([one in listed for one in said_why.tolist()], np.bool_) & (hop + 1 < len(said.chain))
        maybe = ~more & (said_why == "unknown") & np.array([one not in listed for one in said_why.tolist()], np.bool_)
        lost = ~more & ~maybe
        turn.go(mine[maybe], plan, "next", "unknown")
        turn.go(mine[lost], plan, "else", said_why[lost], reason=said_why[lost])
        if more.any():
            turn.runs.reason[mine[more]] = said_why[more]
            plan_hop(turn, plan, node, mine[more], int(hop) + 1)


def give_up(turn: Turn, plan: Plan, node: int, rows: I64) -> None:
    """Decide about the messages of runs that have no outcome by their deadline: what each is from now on."""
    said = plan.nodes[node]
    assert isinstance(said, Send)
    ids = action_keys(turn.runs.run_id[rows], plan.names[node], turn.runs.visit[rows], turn.runs.hop[rows])
    open_ = turn.world.open_sends(ids)
    for run_id, hop, send_id in zip(turn.runs.run_id[rows].tolist(), turn.runs.hop[rows].tolist(), ids.tolist(),
                                    strict=True):  # fmt: skip
        state = open_.get(send_id)
        confirmed = hop < len(said.chain) and said.chain[hop].accept_within is not None
        reason: str | None = None
        if state is None or state in WAITING:
            reason = "expired"
            turn.gone.append((send_id, int(SendState.CANCELLED), reason))
        elif confirmed and state in (SendState.TASK, SendState.CLAIMED):
            reason = "staff_timeout"
            turn.gone.append((send_id, int(SendState.FAILED), reason))
        elif state in (SendState.TASK, SendState.CLAIMED, SendState.UNKNOWN):
            reason = "unknown"
            turn.gone.append((send_id, int(SendState.UNKNOWN), reason))
        elif state >= SendState.SUPPRESSED:
            reason = "unknown"
        turn.overdue[run_id] = reason


def out_of_time(turn: Turn, plan: Plan, node: int, rows: I64) -> None:
    """Runs whose message was given up: the chain goes on."""
    reasons = texts([turn.overdue[one] for one in turn.runs.run_id[rows].tolist()], rows.size)
    turn.note(rows, "hop", turn.moment[rows], np.array([f"deadline:{one}" for one in reasons], object))
    conclude(turn, plan, node, rows, reasons)


def guarded(turn: Turn, said: Send | IssueCoupon, rows: I64) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether the guard holds for each run."""
    if said.guard is None or rows.size == 0:
        return np.ones(rows.size, np.bool_)
    return turn.world.answers(Question({"guard": said.guard}, turn.asked(rows)), turn.at)["guard"]


def fresh_enough(turn: Turn, plan: Plan, said: Send | IssueCoupon, rows: I64) -> I64:
    """The runs that need not wait for identities to be complete; the others look again in a minute, or give up."""
    if said.fresh is None or rows.size == 0:
        return rows
    most = length(said.fresh.identity)
    assert most is not None
    if turn.at - turn.world.fresh_as_of() <= most:
        return rows
    bound = np.full(rows.size, FOREVER, np.int64)
    if said.fresh.max is not None:
        bound = turn.runs.arrived[rows] + (length(said.fresh.max) or 0)
    over = bound <= turn.at
    turn.moment[rows[over]] = np.maximum(bound[over], turn.moment[rows[over]])
    turn.go(rows[over], plan, "else", "stale")
    later_ = rows[~over]
    turn.wait(later_, RunState.WAIT_TIME, np.minimum(np.full(later_.size, turn.at + _AGAIN), bound[~over]), plan)
    return rows[:0]


def _deadline(turn: Turn, plan: Plan, said: Send, hop: Hop, rows: I64) -> I64:
    # Whoever has to do something has all of the time for it, also when the run comes late.
    now = np.maximum(turn.moment[rows], turn.now(rows))
    within = length(hop.accept_within)
    if within is not None:
        return now + within
    lasts = length(said.expire_after or plan.definition.policy.expire_after)
    return now + WITHOUT_EXPIRY if lasts is None else turn.moment[rows] + lasts + LINGER


def _planned(turn: Turn, plan: Plan, said: Send, node: int, rows: I64, hop: int) -> pa.Table:
    runs, count = turn.runs, rows.size
    step = said.chain[hop]
    message = plan.messages.get(said.message)
    category = said.category or plan.definition.policy.category
    lasts = length(said.expire_after or plan.definition.policy.expire_after)
    moment = turn.moment[rows]

    def same(value: object, kind: pa.DataType) -> pa.Array:
        return pa.repeat(pa.scalar(value, kind), count)

    columns = {
        "send_id": pa.array(action_keys(runs.run_id[rows], plan.names[node], runs.visit[rows], hop)),
        "run_id": pa.array(runs.run_id[rows]),
        "version_id": same(plan.version_id, pa.int64()),
        "journey": same(plan.journey, pa.string()),
        "customer_id": pa.array(runs.customer_id[rows]),
        "node": same(node, pa.int32()),
        "visit": pa.array(runs.visit[rows]).cast(pa.int32()),
        "hop": same(hop, pa.int32()),
        "channel": same(step.channel, pa.string()),
        "touchpoint": same(step.touchpoint, pa.string()),
        "kind": same(message.kind(step) if message is not None else (step.kind or ""), pa.string()),
        "template": same(step.template, pa.string()),
        "message": same(said.message, pa.string()),
        "message_version": same(message.version if message is not None else 0, pa.int32()),
        "category": same(category, pa.string()),
        "purpose": same(plan.definition.policy.purpose, pa.string()),
        "priority": same(plan.priority(category), pa.int32()),
        "planned": pa.array(moment),
        "expires": pa.nulls(count, pa.int64()) if lasts is None else pa.array(moment + lasts),
        "staff": same(step.staff, pa.string()),
        "vars": _vars(turn, plan, rows),
        "policy": same(0, pa.int32()),
    }
    return pa.Table.from_arrays([columns.get(one.name, pa.nulls(count, one.type)) for one in PLANNED], schema=PLANNED)


def _vars(turn: Turn, plan: Plan, rows: I64) -> pa.Array:
    """What the message may name of the run: flat, by path (`trigger.x`, `vars.y`, `params.z`)."""
    trigger, kept = turn.runs.trigger[rows], turn.runs.vars[rows]
    empty = (trigger == None) & (kept == None)  # noqa: E711 elementwise
    constant = _encode(plan.params).decode() if plan.params else None
    if empty.all():
        return pa.repeat(pa.scalar(constant, pa.string()), rows.size)
    found = []
    for said, saved in zip(turn.trigger_of(rows), turn.vars_of(rows), strict=True):
        one = dict(plan.params)
        one |= {f"trigger.{name}": value for name, value in said.items()}
        one |= {f"vars.{name}": value for name, value in saved.items() if not name.startswith("@")}
        found.append(_encode(one).decode())
    return pa.array(found, pa.string())


def _refused(planned: pa.Table, reason: str) -> pa.Table:
    count = planned.num_rows
    added = [
        pa.repeat(pa.scalar(int(SendState.SUPPRESSED), pa.int8()), count),
        pa.repeat(pa.scalar(reason, pa.string()), count),
        *(pa.nulls(count, one.type) for one in DECIDED if one.name not in ("state", "reason")),
    ]
    return pa.Table.from_arrays([*planned.columns, *added], schema=_SCHEMA)
