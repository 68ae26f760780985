"""What journeys do, plainly: one run after the other, in Python, written from the meaning of the nodes alone.

The executor must agree with this for all journeys, histories and instants; tests hold it to that. What both share has
tests of its own: the definitions, the reference meaning of conditions, the hashes that decide.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from tests.journeys.naive_runs import READY, Action, Arrival, Inputs, Message, Run, Standing, Taken, Version
from tests.journeys.naive_starts import Audience, arrivals, crowded, slot
from tests.journeys.naive_times import EPOCH, MICROSECOND, earlier, instant, later, wall, zone_named

from onepool.audience.conditions.anchors.reference import Run as Lent
from onepool.audience.conditions.anchors.reference import run_holds
from onepool.audience.conditions.model import Condition
from onepool.audience.conditions.names import Context
from onepool.audience.conditions.reference import Event, History, attribute_at
from onepool.journeys.inside import leaf_of
from onepool.journeys.keys import bucket, event_origin, run_keys
from onepool.journeys.model import (
    ApiEntry,
    CallJourney,
    EventEntry,
    EventExit,
    EventMatch,
    Journey,
    OneOffEntry,
    SegmentEntry,
    SegmentExit,
    SegmentLeaveEntry,
)
from onepool.journeys.starts import next_start

DAY = 86_400_000_000
LATENESS = 3 * DAY
FOREVER = 2**62
HELD, TIME, EVENT, OUTCOME, ENDED = "held", "wait_time", "wait_event", "wait_outcome", "ended"
ERASED_EVENT = "customer_erased"
NOT_QUALIFIED = "not_qualified"


class Naive:
    """All runs of some journeys, and what was sent for them."""

    def __init__(
        self,
        ctx: Context,
        gate: Callable[[Message, Run, int], None],
        issue: Callable[[str, int, int], str | None],
        associate: Callable[[int], str] = lambda _: "",
    ) -> None:
        self.ctx = ctx
        self.gate = gate
        """Sets state, reason and due of a message that is planned."""
        self.issue = issue
        """(batch, key, customer) -> code."""
        self.associate = associate
        """Whose contact a customer is; empty: nobody's."""
        self.histories: dict[int, History] = {}
        self.standing: dict[str, Standing] = {}
        self.runs: dict[int, Run] = {}
        self.sends: dict[int, Message] = {}
        self.steps: list[Taken] = []
        self.actions: dict[int, Action] = {}
        """Tasks, writes and calls, by key."""
        self.at = 0
        self.audiences: list[Audience] = []
        """Those made, the last ones of which may be waiting."""
        self.people: frozenset[int] = frozenset()
        self.inside: frozenset[int] = frozenset()
        self.crowded: frozenset[str] = frozenset()
        self.inputs = Inputs()
        self.more = False
        """Another day's audience is due."""
        self._begun: list[Run] = []
        self._called: list[tuple[Run, int]] | None = None
        """Those who ended, with their instants, while it is not yet known who else does; None: who called goes on."""

    # ------------------------------------------------------------------------------------------------ the world

    def history(self, customer: int) -> History:
        return self.histories.get(customer, History())

    def learn(self, customer: int, events: Sequence[Event] = (), facts: Sequence[Any] = ()) -> None:
        old = self.history(customer)
        self.histories[customer] = replace(old, events=[*old.events, *events], facts=[*old.facts, *facts])

    def holds(self, condition: Condition, run: Run) -> bool:
        """Whether a condition is true of a run at the step's instant."""
        lent = Lent(run.entered, run.nodes, self._carries(run))
        return run_holds(condition, self.history(run.customer), lent, EPOCH + self.at * MICROSECOND, self.ctx)

    @staticmethod
    def _carries(run: Run) -> dict[str, str]:
        return {f"$trigger.{name}": value for name, value in run.trigger.items()} | {
            f"$vars.{name}": value for name, value in run.vars.items()
        }

    def fits(self, match: EventMatch, event: Event, run: Run | None) -> bool:
        """Whether an event is what is looked out for."""
        if event.event != match.did:
            return False
        lent = Lent(0) if run is None else Lent(run.entered, run.nodes, self._carries(run))
        moment = EPOCH + (event.time + 1) * MICROSECOND
        return run_holds(leaf_of(match), History([event]), lent, moment, self.ctx)

    def first(self, match: EventMatch, run: Run, start: int, end: int) -> Event | None:
        """The earliest matching event with start <= time <= end, without the one that started the run."""
        found = [
            event
            for event in self.history(run.customer).events
            if start <= event.time <= end
            and event.seq != run.but
            and event.seq not in run.doubtful
            and self.fits(match, event, run)
        ]
        return min(found, key=lambda event: (event.time, event.seq), default=None)

    def attribute(self, customer: int, name: str) -> str | None:
        return attribute_at(self.history(customer), name, self.at)

    def zone(self, run: Run) -> Any:
        return self.zone_of(run.customer, run.version.journey)

    def zone_of(self, customer: int, journey: Journey) -> Any:
        """Whose wall clock: the customer's attribute, else the journey's default."""
        zone = journey.zone
        name = self.attribute(customer, zone.from_.removeprefix("attribute.")) if zone.from_ else None
        return zone_named(name, zone.default)

    def is_one(self, customer: int, who: Condition) -> bool:
        """Whether a condition is true of a customer at the step's instant."""
        return run_holds(who, self.history(customer), Lent(0), EPOCH + self.at * MICROSECOND, self.ctx)

    # ------------------------------------------------------------------------------------------------- one step

    def step(self, inputs: Inputs, at: int) -> None:
        """Everything that one instant brings."""
        self.at = at
        for name, status in inputs.statuses:
            self._turn(self.standing[name], status)
        if inputs.people is not None:
            self.people, self.inside, self.crowded = inputs.people, inputs.inside, inputs.crowded
        self.more = True
        while self.more:
            self.more = False
            self._once(inputs)
            inputs = Inputs()

    def _turn(self, standing: Standing, status: str) -> None:
        """Paused; going on, what happened meanwhile starts nothing."""
        standing.status = status
        if status != "live":
            return
        standing.entries_from = self.at - 1
        journey = standing.version.journey
        if standing.next_at is not None and standing.next_at < self.at and not isinstance(journey.entry, OneOffEntry):
            standing.next_at = next_start(journey, self.at - 1)

    def _once(self, inputs: Inputs) -> None:
        self.inputs = inputs
        for loser, winner, when in inputs.merges:
            self._merge(loser, winner, when)
        # Whoever called a run that is stopped goes on when everybody is stopped: he may be among them.
        self._called = []
        for _, name, kind, _, _, said, when in inputs.requests:
            self._asked(name, kind, said, when)
        for standing in self.standing.values():
            if standing.status == "stopping":
                self._stop(standing)
        self._answer_all()
        for customer, event, _ in inputs.events:
            self.learn(customer, [event])
        for arrival in sorted(self._arrivals(inputs), key=lambda one: (one.time, one.order, one.version.version_id)):
            self._enter(arrival)
        from tests.journeys.naive_nodes import begin

        # Those who come in one step are let in against each other before anybody begins.
        for run in self._begun:
            begin(self, run)
        self._begun = []
        self._forget(inputs)
        self._finish_all()
        for outcome in inputs.outcomes:
            self._outcome(*outcome)
        self._go(inputs)
        self._forget(inputs)

    def _stop(self, standing: Standing) -> None:
        """End all runs of a journey for good."""
        self._stop_all([run for run in self.live() if run.version.name == standing.version.name], self.at)
        standing.status = "stopped"

    def _stop_all(self, mine: Sequence[Run], at: int) -> None:
        for run in sorted(mine, key=lambda one: -one.depth):
            if run.state != ENDED:
                self.end(run, "stopped", max(at, run.arrived))

    def _asked(self, name: str, kind: str, said: Mapping[str, Any], at: int) -> None:
        """Runs are stopped, taken along to another version, or go on after a pause. Who was merged before does not."""
        mine = [run for run in self.live() if run.version.name == name]
        if kind == "stop_run":
            self._stop_all([run for run in mine if run.run_id == said["run_id"]], at)
        elif kind == "stop_versions":
            self._stop_all([run for run in mine if run.version.version_id != said["except"]], at)
        elif kind == "resume":
            for run in mine:
                if run.parked:
                    # No message gets too old by a pause before it begins.
                    run.parked, run.arrived = False, max(run.arrived, self.at)
        elif kind == "move":
            version = self.standing[name].version
            for run in mine:
                old, new = (one.journey.nodes.get(run.node or "") for one in (run.version, version))
                if run.version.version_id == version.version_id or (
                    run.node is not None and type(old) is not type(new)
                ):
                    continue
                self.log(run, "moved", at=at)
                run.version = version
                self.log(run, "arrived", at=at)

    def live(self) -> list[Run]:
        return [run for run in self.runs.values() if run.state != ENDED]

    def frozen(self, run: Run) -> bool:
        """Whether its journey rests: it takes no step, but goals, exits, outcomes and awaited events count."""
        return self.standing[run.version.name].status == "paused"

    def log(self, run: Run, edge: str, node: str | None = None, at: int | None = None) -> None:
        place = run.node if node is None else node
        number = -1 if place is None else run.version.numbers[place]
        self.steps.append(Taken(run.run_id, run.seq, number, run.visit, edge, run.now if at is None else at))
        run.seq += 1

    # ------------------------------------------------------------------------------------------------- 1 merges

    def _merge(self, loser: int, winner: int, when: int) -> None:
        gone = self.histories.pop(loser, None)
        if gone is not None:
            self.learn(winner, gone.events, gone.facts)
        for run in self.runs.values():
            if run.customer == loser:
                run.customer = winner
            if run.customer == winner:
                # Which event of this name began it at that instant is not known any more.
                entry = run.version.journey.entry
                known = [*self.history(winner).events, *(one for who, one, _ in self.inputs.events if who == winner)]
                run.doubtful |= {
                    event.seq
                    for event in known
                    if event.time == run.entered
                    and (run.parent is not None or (isinstance(entry, EventEntry) and event.event == entry.did))
                }
        for send in self.sends.values():
            if send.customer == loser:
                send.customer = winner
        for audience in self.audiences:
            audience.customers = [winner if one == loser else one for one in audience.customers]
        del when
        scopes: dict[tuple[str, str], int] = {}
        for standing in self.standing.values():
            journey = standing.version.journey
            rule = journey.entry.reentry
            scopes["journey", journey.journey] = rule.parallel if rule.when == "always" else 1
            if journey.group is not None:
                scopes["group", journey.group] = 1
        for (kind, name), most in sorted(scopes.items()):
            runs = [
                run
                for run in self.live()
                if run.customer == winner
                and run.parent is None
                and name == (run.version.name if kind == "journey" else run.version.journey.group)
            ]
            runs.sort(key=lambda run: (-run.seq, run.entered, run.run_id))
            for run in runs[most:]:
                self.end(run, "merged", max(self.at, run.arrived))

    # ------------------------------------------------------------------------------------------------ 2 entries

    def _arrivals(self, inputs: Inputs) -> Iterable[Arrival]:
        yield from arrivals(self, inputs)
        for standing in self.standing.values():
            if standing.status != "live":
                continue
            version, entry = standing.version, standing.version.journey.entry
            if isinstance(entry, EventEntry):
                for customer, event, event_id in inputs.events:
                    if (
                        event.time >= standing.entries_from
                        and event.received_at - event.time <= LATENESS
                        and self.fits(entry, event, None)
                    ):
                        trigger = _trigger(event, event_id)
                        key = trigger.get(entry.key.removeprefix("$trigger."), "") if entry.key else ""
                        origin = int(event_origin([event_id])[0])
                        kept = {name: trigger[name] for name in _named(version.journey) if name in trigger}
                        yield Arrival(event.time, event.seq, customer, version, key, origin, kept, event.seq)
            elif isinstance(entry, SegmentEntry | SegmentLeaveEntry):
                enters = isinstance(entry, SegmentEntry)
                wanted = entry.segment_enter if isinstance(entry, SegmentEntry) else entry.segment_leave
                for place, (customer, segment, entered, when) in enumerate(inputs.segments):
                    if segment == wanted and entered == enters and when >= standing.entries_from:
                        yield Arrival(when, place, customer, version, "", when, {})
            elif isinstance(entry, ApiEntry):
                for number, journey, kind, customer, key, fields, when in inputs.requests:
                    if journey == version.name and kind == "enter":
                        own = entry.key
                        said = fields.get(own.removeprefix("$trigger."), "") if own else key
                        yield Arrival(when, number, customer, version, said, number, dict(fields))

    def _enter(self, arrival: Arrival) -> None:
        version = arrival.version
        entry = version.journey.entry
        run_id = int(run_keys(version.name, _one(arrival.customer), [arrival.key], _one(arrival.origin))[0])
        if run_id in self.runs:
            return
        run = Run(
            run_id, version, arrival.customer, arrival.key, arrival.time, arrival.time, arrival.trigger, arrival.but,
            arrived=arrival.time,
        )  # fmt: skip
        why = self._refusal(run)
        if why is not None:
            self.log(run, f"refused:{why}")
            return
        self.runs[run_id] = run
        hold = entry.hold if isinstance(entry, EventEntry) else None
        due = run.entered
        if hold is not None:
            due = later(due, hold.for_, zone_named(None, version.journey.zone.default))
        if entry.rate is not None and not arrival.metered:
            due = slot(self.standing[version.name], due)
        if hold is None and due <= self.at:
            # While no account has room, and while others wait for that, nobody begins at once.
            waits = self.standing[version.name].again
            if arrival.invited or (waits is None and not crowded(version.journey, self.crowded)):
                run.now = due
                self._begun.append(run)
                return
            run.full, run.arrived = True, due
            due = max(self.at, waits or 0)
        run.state, run.due = HELD, due
        self.log(run, "held")

    def _refusal(self, run: Run) -> str | None:
        """Why a customer may not enter: the first reason in the order of the rules."""
        entry = run.version.journey.entry
        rule, zone = entry.reentry, zone_named(None, run.version.journey.zone.default)
        if entry.eligible is not None and not self.holds(entry.eligible, run):
            return "eligible"
        of_customer = [one for one in self.runs.values() if one.customer == run.customer and one.parent is None]
        before = [one for one in of_customer if one.version.name == run.version.name]
        live = [one for one in before if one.state != ENDED]
        if rule.when == "never" and before:
            return "reentry"
        if rule.when == "after_exit" and live:
            return "reentry"
        if rule.when == "always" and run.key and any(one.key == run.key for one in live):
            return "reentry"
        if rule.when == "always" and len(live) >= rule.parallel:
            return "parallel"
        if rule.when != "never" and before:
            latest = max(one.entered for one in before)
            if rule.cooldown is not None and run.entered < later(latest, rule.cooldown, zone):
                return "cooldown"
            if rule.max is not None:
                since = earlier(run.entered, rule.max.per, zone)
                if sum(one.entered > since for one in before) >= rule.max.runs:
                    return "max"
        group = run.version.journey.group
        if group is not None and any(
            one.state != ENDED and one.version.journey.group == group and one.version.name != run.version.name
            for one in of_customer
        ):
            return "group"
        return None

    # ------------------------------------------------------------------------------------- 3 goals and exits

    def _forget(self, inputs: Inputs) -> None:
        """What the runs of erased customers carry goes with them."""
        erased = {customer for customer, event, _ in inputs.events if event.event == ERASED_EVENT}
        for run in self.runs.values():
            if run.customer in erased:
                run.trigger, run.vars, run.nodes, run.back = {}, {}, {}, {}

    def _finish_all(self) -> None:
        """End everybody who is erased, at a goal or at an exit; what somebody called ends with him, if not before."""
        over: dict[int, int] = {}
        for run in sorted(self.live(), key=lambda one: one.depth):
            mine = self._over(run)
            caller = None if run.parent is None else over.get(run.parent)
            times = [one for one in (mine, None if caller is None else max(caller, run.arrived)) if one is not None]
            if times:
                over[run.run_id] = min(times)
        # Whoever called a run that ends here goes on when everybody was asked: his own goal comes before that step.
        self._called = []
        for run in sorted(self.live(), key=lambda one: -one.depth):
            self.finish(run, over.get(run.run_id, FOREVER))
        self._answer_all()

    def _over(self, run: Run) -> int | None:
        found = [max(time, run.arrived) for time, _, _, reason in self._endings(run, self.inputs) if reason != "goal?"]
        return min(found, default=None)

    def finish(self, run: Run, until: int = FOREVER) -> None:
        """End a run that is erased, at its goal or at an exit by then; take away one that is held for nothing."""
        found = [] if run.state == ENDED else self._endings(run, self.inputs)
        found = [one for one in found if max(one[0], run.arrived) <= until]
        if not found:
            return
        time, _, _, reason = min(found, key=lambda one: one[:3])
        when = max(time, run.arrived)
        if reason == "goal?":
            run.goal_at = time
            self.log(run, "goal", at=when)
            others = [one for one in found if one[3] != "goal?"]
            if not others:
                return
            time, _, _, reason = min(others, key=lambda one: one[:3])
            when = max(time, run.arrived)
        if reason == NOT_QUALIFIED:
            self.log(run, reason, at=time)
            del self.runs[run.run_id]
            run.state = ENDED
            return
        if reason == "goal":
            run.goal_at = time
        self.end(run, reason, when)

    def _endings(self, run: Run, inputs: Inputs) -> list[tuple[int, int, int, str]]:
        """What would end the run: (time, rank, seq, reason)."""
        journey, found = run.version.journey, []
        erased = self.first(EventMatch(did=ERASED_EVENT), run, run.entered, FOREVER)
        if erased is not None:
            found.append((erased.time, 0, erased.seq, "erased"))
        hold = journey.entry.hold if isinstance(journey.entry, EventEntry) else None
        if hold is not None and hold.unless is not None and run.state == HELD:
            last = later(run.entered, hold.for_, zone_named(None, journey.zone.default))
            came = self.first(hold.unless, run, run.entered, last)
            if came is not None:
                found.append((came.time, 1, came.seq, NOT_QUALIFIED))
        goal = journey.goal
        if goal is not None and run.goal_at is None:
            until = FOREVER
            if goal.within is not None:
                until = later(run.entered, goal.within, zone_named(None, journey.zone.default))
            met = self.first(goal, run, run.entered, until)
            if met is not None:
                found.append((met.time, 2, met.seq, "goal" if goal.then == "exit" else "goal?"))
        for place, way in enumerate(journey.exit):
            past = way.before is not None and run.node is not None and run.node in run.version.behind[way.before]
            if past:
                continue
            if isinstance(way, EventExit):
                event = self.first(way, run, run.entered, FOREVER)
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

    def end(self, run: Run, reason: str, at: int, *, edge: str | None = None, normal: bool = False) -> None:
        """A run ends: what nobody claimed is cancelled, runs that it called end too, who called it goes on."""
        run.now = at
        if edge is None:
            edge = f"end:{reason}"
        self.log(run, edge)
        run.state, run.due, run.ended, run.reason = ENDED, None, at, reason
        for send in self.sends.values():
            if send.run_id == run.run_id and send.state in ("QUEUED", "DEFERRED", "RETRY"):
                send.state, send.reason = "CANCELLED", {"goal": "goal_reached", "erased": "erased"}.get(reason, "ended")
                send.told = True
        for child in self.live():
            if child.parent == run.run_id and not normal:
                self.end(child, "stopped", max(at, child.arrived))
        if self._called is not None:
            self._called.append((run, at))
        else:
            self._answer(run, at)

    def _answer_all(self) -> None:
        """Who called those that ended meanwhile goes on, unless he ended too."""
        called, self._called = self._called or [], None
        for run, at in called:
            self._answer(run, at)

    def _answer(self, run: Run, at: int) -> None:
        """Who called a run that ended goes on."""
        parent = self.runs.get(run.parent) if run.parent is not None else None
        if parent is not None and parent.state == OUTCOME and parent.node is not None:
            node = parent.version.journey.nodes[parent.node]
            if parent.child == run.run_id and isinstance(node, CallJourney):
                parent.now = max(at, parent.arrived)
                self.move(parent, "next", node.next)

    # ------------------------------------------------------------------------------------------ 5, 6 time goes on

    def move(self, run: Run, edge: str, target: str) -> None:
        """Over an edge to the next node, at the run's own time."""
        self.log(run, edge)
        self.arrive(run, target)

    def arrive(self, run: Run, node: str) -> None:
        run.node, run.state, run.due, run.hop = node, READY, None, 0
        run.arrived = run.now
        run.nodes[node] = run.now

    def _go(self, inputs: Inputs) -> None:
        """On and on, until nothing is due and nothing is ready."""
        from tests.journeys.naive_nodes import carry_on, give_up, wake

        changed = {(customer, name) for customer, name in inputs.changed}
        for run in self.live():
            if not self.frozen(run):
                give_up(self, run)
        for run in sorted(self.live(), key=lambda one: one.depth):
            # Callers first: whose life is over by now ends those he called, before they take a step that is due too.
            wake(self, run, changed)
        moved = True
        while moved:
            moved = False
            for run in self.live():
                if self.frozen(run):
                    continue
                moved |= carry_on(self, run) or (run.state != OUTCOME and wake(self, run, set()))
            if not moved:
                # Whose life is over already waits for nothing; what he called went as far as it could before.
                over = [run for run in self.live() if run.state == OUTCOME and run.due == run.life <= self.at]
                moved = sum(wake(self, run, set()) for run in over if not self.frozen(run) and run.state == OUTCOME) > 0
        for standing in self.standing.values():
            # Nobody is left who waits for accounts to have room.
            if standing.again is not None and standing.again <= self.at and standing.status != "paused":
                standing.again = None

    def _outcome(self, key: int, what: str, state: str, reason: str | None, at: int, saved: Mapping[str, str]) -> None:
        from tests.journeys.naive_nodes import acted, concluded

        if what == "send":
            concluded(self, self.sends[key], state, reason, at)
        else:
            acted(self, key, state == "done", at, saved)


def _one(value: int) -> Any:
    return np.array([value], np.int64)


def _trigger(event: Event, event_id: str) -> dict[str, str]:
    """An event's fields as canonical text."""
    found = {name: text for name, value in event.values.items() if (text := canonical(value)) is not None}
    for name, value in event.fields.items():
        if isinstance(value, str):
            found[f"fields.{name}"] = value
    return found | {
        "event_id": event_id,
        "time": canonical(EPOCH + event.time * MICROSECOND) or "",
        "channel": event.channel,
        "touchpoint": event.touchpoint,
    }


def canonical(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value)


def _named(journey: Journey) -> set[str]:
    """The fields of the trigger that a journey asks for."""
    import re

    text = json.dumps(journey.model_dump(mode="json", by_alias=True))
    return set(re.findall(r"\$?trigger\.((?:fields\.)?\w+)", text))


def holdout(run: Run) -> bool:
    """Whether a run is one of those that get nothing."""
    experiment = run.version.journey.experiment
    if experiment.holdout <= 0:
        return False
    salt = experiment.salt or run.version.name
    return int(bucket(salt, _one(run.customer))[0]) < round(experiment.holdout * 10_000)


__all__ = [
    "Inputs",
    "Message",
    "Naive",
    "Run",
    "Standing",
    "Taken",
    "Version",
    "holdout",
    "instant",
    "timedelta",
    "wall",
]
