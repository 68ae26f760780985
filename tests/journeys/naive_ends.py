"""What ends runs, plainly: erasure, holds, goals, exits, and the end of whoever called them (see naive.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.journeys.naive_runs import ENDED, ERASED_EVENT, FOREVER, HELD, NOT_QUALIFIED, OUTCOME, Inputs, Run
from tests.journeys.naive_times import later, zone_named

from onepool.journeys.model import CallJourney, EventEntry, EventExit, EventMatch, SegmentExit, SegmentLeaveEntry

if TYPE_CHECKING:
    from tests.journeys.naive import Naive


def forget(naive: Naive, inputs: Inputs) -> None:
    """What the runs of erased customers carry goes with them."""
    erased = {customer for customer, event, _ in inputs.events if event.event == ERASED_EVENT}
    for run in naive.runs.values():
        if run.customer in erased:
            run.trigger, run.vars, run.nodes, run.back = {}, {}, {}, {}


def finish_all(naive: Naive) -> None:
    """End everybody who is erased, at a goal or at an exit; what somebody called ends with him, if not before."""
    over: dict[int, int] = {}
    for run in sorted(naive.live(), key=lambda one: one.depth):
        mine = ended_by(naive, run)
        caller = None if run.parent is None else over.get(run.parent)
        times = [one for one in (mine, None if caller is None else max(caller, run.arrived)) if one is not None]
        if times:
            over[run.run_id] = min(times)
    # Whoever called a run that ends here goes on when everybody was asked: his own goal comes before that step.
    naive._called = []
    for run in sorted(naive.live(), key=lambda one: -one.depth):
        finish(naive, run, over.get(run.run_id, FOREVER))
    answer_all(naive)


def ended_by(naive: Naive, run: Run) -> int | None:
    found = [max(time, run.arrived) for time, _, _, reason in endings(naive, run, naive.inputs) if reason != "goal?"]
    return min(found, default=None)


def finish(naive: Naive, run: Run, until: int = FOREVER) -> None:
    """End a run that is erased, at its goal or at an exit by then; take away one that is held for nothing."""
    found = [] if run.state == ENDED else endings(naive, run, naive.inputs)
    found = [one for one in found if max(one[0], run.arrived) <= until]
    if not found:
        return
    time, _, _, reason = min(found, key=lambda one: one[:3])
    when = max(time, run.arrived)
    if reason == "goal?":
        run.goal_at = time
        naive.log(run, "goal", at=when)
        others = [one for one in found if one[3] != "goal?"]
        if not others:
            return
        time, _, _, reason = min(others, key=lambda one: one[:3])
        when = max(time, run.arrived)
    if reason == NOT_QUALIFIED:
        naive.log(run, reason, at=time)
        del naive.runs[run.run_id]
        run.state = ENDED
        return
    if reason == "goal":
        run.goal_at = time
    end(naive, run, reason, when)


def endings(naive: Naive, run: Run, inputs: Inputs) -> list[tuple[int, int, int, str]]:
    """What would end the run: (time, rank, seq, reason)."""
    journey, found = run.version.journey, []
    erased = naive.first(EventMatch(did=ERASED_EVENT), run, run.entered, FOREVER)
    if erased is not None:
        found.append((erased.time, 0, erased.seq, "erased"))
    hold = journey.entry.hold if isinstance(journey.entry, EventEntry) else None
    if hold is not None and hold.unless is not None and run.state == HELD:
        last = later(run.entered, hold.for_, zone_named(None, journey.zone.default))
        came = naive.first(hold.unless, run, run.entered, last)
        if came is not None:
            found.append((came.time, 1, came.seq, NOT_QUALIFIED))
    goal = journey.goal
    if goal is not None and run.goal_at is None:
        until = FOREVER
        if goal.within is not None:
            until = later(run.entered, goal.within, zone_named(None, journey.zone.default))
        met = naive.first(goal, run, run.entered, until)
        if met is not None:
            found.append((met.time, 2, met.seq, "goal" if goal.then == "exit" else "goal?"))
    for place, way in enumerate(journey.exit):
        past = way.before is not None and run.node is not None and run.node in run.version.behind[way.before]
        if past:
            continue
        if isinstance(way, EventExit):
            event = naive.first(way, run, run.entered, FOREVER)
            if event is not None:
                found.append((event.time, 3 + place, event.seq, f"exit:{way.as_}"))
        elif isinstance(way, SegmentExit):
            for customer, segment, entered, when in inputs.segments:
                if customer == run.customer and segment == way.segment_leave and not entered:
                    # What started the run does not end it.
                    entry = journey.entry
                    started = isinstance(entry, SegmentLeaveEntry) and entry.segment_leave == segment
                    if when > run.entered or (when == run.entered and not started):
                        found.append((when, 3 + place, 0, f"exit:{way.as_}"))
    return found


def end(naive: Naive, run: Run, reason: str, at: int, *, edge: str | None = None, normal: bool = False) -> None:
    """A run ends: what nobody claimed is cancelled, runs that it called end too, who called it goes on."""
    run.now = at
    if edge is None:
        edge = f"end:{reason}"
    naive.log(run, edge)
    run.state, run.due, run.ended, run.reason = ENDED, None, at, reason
    for send in naive.sends.values():
        if send.run_id == run.run_id and send.state in ("QUEUED", "DEFERRED", "RETRY"):
            send.state, send.reason = "CANCELLED", {"goal": "goal_reached", "erased": "erased"}.get(reason, "ended")
            send.told = True
    for child in naive.live():
        if child.parent == run.run_id and not normal:
            end(naive, child, "stopped", max(at, child.arrived))
    if naive._called is not None:
        naive._called.append((run, at))
    else:
        answer(naive, run, at)


def answer_all(naive: Naive) -> None:
    """Who called those that ended meanwhile goes on, unless he ended too."""
    called, naive._called = naive._called or [], None
    for run, at in called:
        answer(naive, run, at)


def answer(naive: Naive, run: Run, at: int) -> None:
    """Who called a run that ended goes on."""
    parent = naive.runs.get(run.parent) if run.parent is not None else None
    if parent is not None and parent.state == OUTCOME and parent.node is not None:
        node = parent.version.journey.nodes[parent.node]
        if parent.child == run.run_id and isinstance(node, CallJourney):
            parent.now = max(at, parent.arrived)
            naive.move(parent, "next", node.next)
