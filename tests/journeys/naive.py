"""What journeys do, plainly: one run after the other, in Python, written from the meaning of the nodes alone.

The executor must agree with this for all journeys, histories and instants; tests hold it to that. What both share has
tests of its own: the definitions, the reference meaning of conditions, the hashes that decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.journeys.naive_ends import answer_all, end, finish, finish_all, forget
from tests.journeys.naive_entries import arrived, enter
from tests.journeys.naive_runs import (
    DAY,
    ENDED,
    OUTCOME,
    READY,
    Action,
    Inputs,
    Message,
    Run,
    Standing,
    Taken,
    Version,
)
from tests.journeys.naive_starts import Audience
from tests.journeys.naive_times import EPOCH, MICROSECOND, zone_named

from onepool.audience.conditions.anchors.reference import Run as Lent
from onepool.audience.conditions.anchors.reference import run_holds
from onepool.audience.conditions.model import Condition
from onepool.audience.conditions.names import Context
from onepool.audience.conditions.reference import Event, History, attribute_at
from onepool.journeys.inside import leaf_of
from onepool.journeys.model import (
    EventEntry,
    EventMatch,
    Journey,
    OneOffEntry,
)
from onepool.journeys.starts import next_start


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
        answer_all(self)
        for customer, event, _ in inputs.events:
            self.learn(customer, [event])
        for arrival in sorted(arrived(self, inputs), key=lambda one: (one.time, one.order, one.version.version_id)):
            enter(self, arrival)
        from tests.journeys.naive_nodes import begin

        # Those who come in one step are let in against each other before anybody begins.
        for run in self._begun:
            begin(self, run)
        self._begun = []
        forget(self, inputs)
        finish_all(self)
        for outcome in inputs.outcomes:
            self._outcome(*outcome)
        self._go(inputs)
        forget(self, inputs)

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

    # ----------------------------------------------------------------------------------- 3 goals and exits (naive_ends)

    end, finish = end, finish

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
        from tests.journeys.naive_nodes import carry_on, wake
        from tests.journeys.naive_sends import give_up

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
        from tests.journeys.naive_nodes import acted
        from tests.journeys.naive_sends import concluded

        if what == "send":
            concluded(self, self.sends[key], state, reason, at)
        else:
            acted(self, key, state == "done", at, saved)


__all__ = ["DAY", "Inputs", "Message", "Naive", "Run", "Standing", "Taken", "Version"]
