"""What each node does with one run, plainly (see naive.py)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import accumulate
from typing import Any

from tests.journeys.naive import Naive
from tests.journeys.naive_runs import (
    DAY,
    EVENT,
    HELD,
    OUTCOME,
    READY,
    TIME,
    Action,
    Run,
    canonical,
    holdout,
    key_of,
    single,
    until,
)
from tests.journeys.naive_sends import given_up, send
from tests.journeys.naive_starts import MINUTE, crowded
from tests.journeys.naive_times import dated, later, next_wall, zone_named

from onepool.audience.conditions.texts import read_text
from onepool.journeys.keys import bucket, child_keys
from onepool.journeys.model import (
    Branch,
    CallJourney,
    DateOf,
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
from onepool.journeys.moments import LocalDays

GIVEN_UP = {"write": DAY // 24, "webhook": DAY}


def wake(naive: Naive, run: Run, changed: set[tuple[int, str]]) -> bool:
    """An awaited event or a timer lets a run go on. Returns whether it did."""
    if run.state not in (HELD, TIME, EVENT, OUTCOME) or run.due is None:
        return False
    rests = naive.frozen(run)
    if run.state == HELD:
        return _held(naive, run, rests)
    node = None if run.node is None else run.version.journey.nodes[run.node]
    if run.state == EVENT:
        assert isinstance(node, Wait) and node.until is not None
        event = naive.first(node.until, run, run.arrived + 1, run.due)
        if event is not None:
            run.now = event.time
            naive.move(run, "next" if node.on_event is None else "on_event", node.on_event or node.next)
            return True
    if rests:
        return False
    # Whose time is over anyhow is looked at by his timer.
    told = (
        run.due > naive.at
        and isinstance(node, Wait)
        and node.date is not None
        and (run.customer, node.date.attribute) in changed
    )
    if run.state == TIME and isinstance(node, Wait) and told:
        _date(naive, run, node, again=True)
        if run.state != TIME:
            return True
    if run.due > naive.at:
        return False
    if run.due >= run.life:
        naive.end(run, "expired", max(run.life, run.arrived))
        return True
    run.now = run.due
    match node:
        case Wait() if node.date is not None:
            return _date_due(naive, run, node)
        case Wait():
            naive.move(run, "next", node.next)
        case Send():
            given_up(naive, run, node)
        case Task():
            naive.move(run, "else", node.else_)
        case Webhook():
            naive.move(run, "else", node.else_)
        case SetProfile() | TagNode():
            naive.move(run, "next", node.next)
        case _:
            raise AssertionError(f"nothing to wait for at {run.node}")
    return True


def _held(naive: Naive, run: Run, rests: bool) -> bool:
    """Held: by the entry's `hold`, and until there is room for it."""
    assert run.due is not None
    run.parked = run.parked or (rests and run.due <= naive.at)
    if rests or run.due > naive.at:
        return False
    if run.due >= run.life:
        naive.end(run, "expired", max(run.life, run.arrived))
        return True
    standing = naive.standing[run.version.name]
    # It is looked once a minute, for everybody of the journey at one instant.
    again = standing.again
    looks = again is None or again <= naive.at or again == naive.at + MINUTE
    if not looks or crowded(run.version.journey, naive.crowded):
        if not run.full:
            run.full, run.arrived = True, max(run.arrived, run.due)
        zone, lasts = zone_named(None, run.version.journey.zone.default), run.version.journey.policy.expire_after
        if lasts is not None and later(run.arrived, lasts, zone) <= naive.at:
            naive.end(run, "expired", max(run.due, run.arrived))
            return True
        run.due = standing.again = naive.at + MINUTE if again is None or looks else again
        return False
    run.full = False
    run.now, run.state, run.due = run.due, READY, None
    return True


def begin(naive: Naive, run: Run) -> None:
    """To the first node, or into the hold-out."""
    if run.parent is None and holdout(run):
        naive.end(run, "holdout", run.now, edge="holdout")
    else:
        naive.log(run, "enter")
        naive.arrive(run, run.version.journey.start)


def carry_on(naive: Naive, run: Run) -> bool:
    """Take a run that is ready over its node. Returns whether it was."""
    if run.state != READY:
        return False
    if run.node is None:
        begin(naive, run)
        return True
    node = run.version.journey.nodes[run.node]
    match node:
        case End():
            naive.end(run, node.as_, run.now, normal=True)
        case Wait():
            _wait(naive, run, node)
        case Branch():
            for number, case in enumerate(node.cases):
                if naive.holds(case.when, run):
                    naive.move(run, f"cases[{number}]", case.next)
                    break
            else:
                naive.move(run, "else", node.else_)
        case Split():
            number = _arm(run, node)
            naive.move(run, f"arms[{number}]", node.arms[number].next)
        case Send():
            send(naive, run, node)
        case IssueCoupon():
            _issue(naive, run, node)
        case Repeat():
            done = run.back.get(run.node, 0)
            if done < node.max and (node.while_ is None or naive.holds(node.while_, run)):
                run.back[run.node] = done + 1
                naive.log(run, "back")
                run.visit += 1
                naive.arrive(run, node.back)
            else:
                run.back.pop(run.node, None)
                naive.move(run, "next", node.next)
        case Task():
            _act(naive, run, "task", later(max(run.now, naive.at), node.within, naive.zone(run)))
        case SetProfile() | TagNode():
            _act(naive, run, "write", max(run.now, naive.at) + GIVEN_UP["write"])
        case Webhook():
            _act(naive, run, "webhook", max(run.now, naive.at) + GIVEN_UP["webhook"])
        case CallJourney():
            _call(naive, run, node)
    return True


# ----------------------------------------------------------------------------------------------------------- waits


def _wait(naive: Naive, run: Run, node: Wait) -> None:
    zone = naive.zone(run)
    if node.until is not None:
        assert node.for_ is not None
        until(run, EVENT, _later(naive, run, node.for_))
    elif node.date is not None:
        _date(naive, run, node)
    elif node.time is not None:
        until(run, TIME, next_wall(run.now, node.time, node.weekdays, zone))
    else:
        until(run, TIME, _later(naive, run, node.for_))


def _later(naive: Naive, run: Run, span: Any) -> int:
    """Local days on the customer's clock, everything else on the journey's; never back in time."""
    zone = naive.zone(run) if isinstance(span, LocalDays) else zone_named(None, run.version.journey.zone.default)
    return max(run.now, later(run.now, span, zone))


def _date(naive: Naive, run: Run, node: Wait, *, again: bool = False) -> None:
    """Until a date that is read now; `again`: it was waiting for it, and the profile changed."""
    when = _when(naive, run, node)
    assert node.else_ is not None
    if when is None:
        run.now = max(naive.at, run.arrived) if again else run.now
        naive.move(run, "else", node.else_)
    elif when <= (max(naive.at, run.arrived) if again else run.arrived):
        run.now = max(naive.at, run.arrived) if again else run.now
        naive.move(run, "next", node.next)
    else:
        until(run, TIME, min(when, _bound(naive, run, node)))


def _date_due(naive: Naive, run: Run, node: Wait) -> bool:
    """The date, or the bound, has come: it is read again, and may be another one. Returns whether the run went on."""
    when, bound = _when(naive, run, node), _bound(naive, run, node)
    assert node.else_ is not None and run.due is not None
    if when is None:
        naive.move(run, "else", node.else_)
    elif when > bound and bound <= naive.at:
        run.now = max(bound, run.due)
        naive.move(run, "else", node.else_)
    elif when <= naive.at:
        run.now = max(when, run.due)
        naive.move(run, "next", node.next)
    else:
        until(run, TIME, min(when, bound))
        return False
    return True


def _when(naive: Naive, run: Run, node: Wait) -> int | None:
    assert node.date is not None
    return dated(node.date, _value(naive, run, node.date), run.arrived, naive.zone(run))


def _bound(naive: Naive, run: Run, node: Wait) -> int:
    assert node.max is not None
    return later(run.arrived, node.max, naive.zone(run))


def _value(naive: Naive, run: Run, spec: DateOf) -> date | int | None:
    if spec.attribute is not None:
        text = naive.attribute(run.customer, spec.attribute)
        kind = str(naive.ctx.names.attributes[spec.attribute])
    else:
        text, kind = run.vars.get(spec.var or ""), "TIMESTAMPTZ"
    return None if text is None else read_text(text, kind, naive.zone(run))


# ------------------------------------------------------------------------------------------------ splits, coupons


def _arm(run: Run, node: Split) -> int:
    """Buckets 0 to 9,999 are shared out by weight, the arms in their order."""
    total = sum(arm.weight for arm in node.arms)
    place = int(bucket(node.salt or f"{run.version.name}.{run.node}", single(run.customer))[0])
    ends = accumulate(arm.weight for arm in node.arms)
    return next(number for number, end in enumerate(ends) if place * total < end * 10_000)


def _issue(naive: Naive, run: Run, node: IssueCoupon) -> None:
    if node.guard is not None and not naive.holds(node.guard, run):
        naive.move(run, "else", node.else_)
        return
    code = naive.issue(node.batch, key_of(run), run.customer)
    if code is None:
        run.reason = "no_stock"
        naive.move(run, "else", node.else_)
    else:
        run.vars[node.save] = code
        naive.move(run, "next", node.next)


# --------------------------------------------------------------------------------- tasks, writes, calls, children


def _act(naive: Naive, run: Run, kind: str, due: int) -> None:
    assert run.node is not None
    node = run.version.journey.nodes[run.node]
    staff = naive.associate(run.customer) if isinstance(node, Task) and node.staff == "owner" else None
    named = node.staff if isinstance(node, Task) and staff is None else staff
    naive.actions[key_of(run)] = Action(run, node, run.node, kind, run.visit, run.now, named)
    until(run, OUTCOME, due)


def acted(naive: Naive, key: int, done: bool, at: int, saved: Mapping[str, Any]) -> None:
    """A task was done, a write applied, a call answered."""
    action = naive.actions[key]
    run = action.run
    if run.state != OUTCOME or (run.node, run.visit) != (action.name, action.visit):
        return
    # It may have moved to another version since.
    node: Any = run.version.journey.nodes[action.name]
    run.now = max(at, run.arrived)
    if not done and hasattr(node, "else_"):
        naive.move(run, "else", node.else_)
        return
    run.vars |= {name: text for name, value in saved.items() if (text := canonical(value)) is not None}
    naive.move(run, "next", node.next)


def _call(naive: Naive, run: Run, node: CallJourney) -> None:
    assert run.node is not None
    version = naive.standing[node.journey].version
    if naive.standing[node.journey].status != "live":
        naive.move(run, "next", node.next)
        return
    run_id = int(child_keys(node.journey, single(run.customer), single(run.run_id), run.node, single(run.visit))[0])
    assert run_id not in naive.runs
    child = Run(
        run_id, version, run.customer, f"{run.node}:{run.visit}", run.now, run.now, dict(run.trigger), run.but,
        arrived=run.now, parent=run.run_id, depth=run.depth + 1,
    )  # fmt: skip
    naive.runs[run_id] = child
    begin(naive, child)
    if node.wait:
        run.child = run_id
        until(run, OUTCOME, run.life)
    else:
        naive.move(run, "next", node.next)
    # It does nothing before its goal and its exits are looked for.
    naive.finish(child)
