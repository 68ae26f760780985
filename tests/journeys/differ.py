"""The executor beside the naive interpreter: the same journeys, inputs, instants and provider."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from tests.journeys.drawing_logs import MINUTE, Case, Quantum
from tests.journeys.memory import FakeGate, MemoryWorld, associate, ledger_of
from tests.journeys.naive import DAY, Inputs, Naive, Standing, Version
from tests.journeys.naive_gate import NaiveGate
from tests.journeys.naive_times import zone_named
from tests.journeys.vocabulary import KNOWN, context

from onepool.audience.conditions.reference import Fact, History, attribute_at
from onepool.journeys.check import check
from onepool.journeys.executor import ports
from onepool.journeys.executor.book import Book
from onepool.journeys.executor.columns import COLUMNS, NONE
from onepool.journeys.executor.plan import Message as PlanMessage
from onepool.journeys.executor.plan import Plan
from onepool.journeys.model import Journey, OneOffEntry, SetProfile
from onepool.journeys.parse import parse_journey
from onepool.journeys.starts import next_start
from onepool.journeys.states import RunState
from onepool.journeys.store import Standing as StoreStanding
from onepool.reach.rules import ContactPolicy, Control
from onepool.reach.states import SendState

STATES = {
    "held": RunState.HELD, "ready": RunState.READY, "wait_time": RunState.WAIT_TIME, "wait_event": RunState.WAIT_EVENT,
    "wait_outcome": RunState.WAIT_OUTCOME, "ended": RunState.ENDED,
}  # fmt: skip
CONTROL = Control(0.05, "everybody")


def parsed(case: Case) -> list[Journey]:
    """The journeys of a case; they are such as the checker admits."""
    found: dict[str, Journey] = {}
    every: list[Journey] = []
    for body in [*case.bodies, *case.later]:
        journey = parse_journey(body)
        problems = check(journey, replace(KNOWN, journeys=found)).problems
        assert not problems, problems
        found[journey.journey] = journey
        every.append(journey)
    return every


def told_of(quantum: Quantum, live: Mapping[str, list[int]]) -> list[Any]:
    """The requests of a step; which run one of them is about is known by now: one of those that are `live`."""
    found = []
    for request in quantum.requests:
        if request[2] == "stop_run":
            runs = sorted(live.get(request[1], ()))
            if not runs:
                continue
            request = (*request[:5], {"run_id": runs[request[5]["pick"] % len(runs)]}, request[6])
        found.append(request)
    return found


def stock(batch: str, key: int, customer: int) -> str | None:
    """A code that the key decides; of the scarce batch there is none for many."""
    return None if batch == "SCARCE" and key % 3 == 0 else f"C{key % 10_000}"


# -------------------------------------------------------------------------------------------------------- provider


def outcome(send_id: int, channel: str) -> tuple[SendState, str | None, int | None]:
    """(state, reason, after how long); None: never."""
    place = send_id % 20
    if place < 8:
        return SendState.ACCEPTED, None, MINUTE
    if place == 8:
        return SendState.DELIVERED, None, 9 * 60 * MINUTE
    missing = {"wechat_oa": "not_follower", "wecom": "not_friend"}.get(channel, "bad_address")
    reasons = ["refused", "over_limit", missing, "transient", "refused"]
    if place < 14:
        return SendState.FAILED, reasons[place - 9], (1 + place % 3 * 200) * MINUTE
    if place < 16:
        return SendState.UNKNOWN, "unknown", 3 * MINUTE
    if place < 18:
        return SendState.BOUNCED, "bad_address", 30 * MINUTE
    return SendState.TASK, None, None


def claim(sends: Mapping[int, dict[str, Any]], since: int, until: int) -> list[tuple[int, Any, str | None, int]]:
    """Claims what is due before `until`, and tells the outcomes since `since`: (send, state, reason, when)."""
    found = []
    for send_id, send in sorted(sends.items()):
        state, reason, after = outcome(send_id, send["channel"])
        if send["state"] in (SendState.QUEUED, SendState.DEFERRED) and send["due"] < until:
            send["claimed"] = max(send["due"], since)
            send["state"] = SendState.TASK if after is None else SendState.CLAIMED
        if send["state"] == SendState.CLAIMED and after is not None:
            when = send["claimed"] + after
            if when < until:
                found.append((send_id, state, reason, when))
    return sorted(found, key=lambda one: (one[3], one[0]))


def acting(key: int, kind: str) -> tuple[bool, int | None]:
    """(whether it was done, after how long)."""
    if kind == "write":
        return True, MINUTE
    return (key % 4 != 1, [MINUTE, 300 * MINUTE, None, 40 * MINUTE][key % 4])


def answered(key: int, save: Iterable[str], *, done: bool) -> dict[str, str]:
    """What the answer of a call said."""
    return dict.fromkeys(save, f"S{key % 7}") if done else {}


def turned(standing: StoreStanding, status: Any, journey: Journey, at: int) -> StoreStanding:
    """As `journeys.store` pauses and resumes."""
    if status != "live":
        return replace(standing, status=status)
    next_at = standing.next_at
    if next_at is not None and next_at <= at and not isinstance(journey.entry, OneOffEntry):
        next_at = next_start(journey, at)
    return replace(standing, status=status, entries_from=at, next_at=next_at)


# ----------------------------------------------------------------------------------------------------- both of them


class Plain:
    """The naive interpreter with its outbox."""

    def __init__(self, case: Case, journeys: list[Journey], ctx: Any) -> None:
        gate = NaiveGate(CONTROL, self._zone, lambda: ledger_of(self.outbox()))
        self.naive = Naive(ctx, gate, stock, associate)
        self.later = [
            Version(len(case.bodies) + number + 1, journey.journey, journey)
            for number, journey in enumerate(journeys[len(case.bodies) :])
        ]
        for number, journey in enumerate(journeys[: len(case.bodies)]):
            self.naive.standing[journey.journey] = Standing(
                Version(number + 1, journey.journey, journey), "live", case.start, next_start(journey, case.start)
            )
        self.done: set[int] = set()

    def _zone(self, customer: int) -> ZoneInfo | None:
        name = attribute_at(self.naive.history(customer), "time_zone", self.naive.at)
        known = zone_named(name, "Etc/Unknown") if name else None
        return known

    def outbox(self) -> dict[int, dict[str, Any]]:
        return {
            one.send_id: {
                "customer_id": one.customer, "state": SendState[one.state], "due": one.due, "claimed": one.claimed,
                "category": one.category, "channel": one.channel, "journey": one.journey,
            }
            for one in self.naive.sends.values()
        }  # fmt: skip

    def step(self, quantum: Quantum, since: int) -> None:
        naive = self.naive
        rows = self.outbox()
        told = claim(rows, since, quantum.at)
        for send_id, row in rows.items():
            naive.sends[send_id].state = SendState(row["state"]).name
            naive.sends[send_id].claimed = row["claimed"]
        for send_id, state, why, _ in told:
            # What became of messages is known before anything is decided.
            naive.sends[send_id].state, naive.sends[send_id].reason = SendState(state).name, why
        outcomes: list[Any] = [(key, "send", SendState(state).name, why, when, {}) for key, state, why, when in told]
        facts = list(quantum.facts)
        for key, action in sorted(naive.actions.items()):
            done, after = acting(key, action.kind)
            if after is None or key in self.done or max(action.created, since) + after >= quantum.at:
                continue
            self.done.add(key)
            when = max(action.created, since) + after
            said = answered(key, action.node.save if action.kind == "webhook" else (), done=done)
            outcomes.append((key, action.kind, "done" if done else "failed", None, when, said))
            if isinstance(action.node, SetProfile):
                for name, value in action.node.set.items():
                    facts.append((action.run.customer, Fact(name, value, when, key)))
        for customer, fact in facts:
            naive.learn(customer, (), [fact])
        for name, number in quantum.published:
            naive.standing[name].version = self.later[number]
        live: dict[str, list[int]] = {}
        for run in naive.live():
            live.setdefault(run.version.name, []).append(run.run_id)
        naive.step(
            Inputs(
                quantum.events, quantum.segments, quantum.merges,
                sorted(outcomes, key=lambda one: (one[4], one[0])), told_of(quantum, live),
                [(customer, fact.attribute) for customer, fact in facts], quantum.statuses, quantum.people,
                quantum.inside, quantum.crowded,
            ),
            quantum.at,
        )  # fmt: skip

    def runs(self) -> dict[int, dict[str, Any]]:
        found = {}
        for run in self.naive.runs.values():
            state, due = STATES[run.state], run.due
            if run.state != "ended" and self.naive.frozen(run) and (due is None or due <= self.naive.at):
                # What would go on rests.
                state, due = RunState.PAUSED, run.now if due is None else due
            found[run.run_id] = {
                "version": run.version.version_id, "customer": run.customer, "key": run.key,
                "node": -1 if run.node is None else run.version.numbers[run.node], "visit": run.visit,
                "state": int(state), "entered": run.entered, "arrived": run.arrived, "ended": run.ended,
                "due": due, "goal_at": run.goal_at, "parent": run.parent, "seq": run.seq,
                "reason": run.reason if run.state == "ended" else None,
                "vars": run.vars,
            }  # fmt: skip
        return found

    def sends(self) -> dict[int, dict[str, Any]]:
        return {
            one.send_id: {
                "customer": one.customer, "node": one.node, "visit": one.visit, "hop": one.hop, "channel": one.channel,
                "state": one.state, "reason": one.reason, "planned": one.planned, "expires": one.expires,
                "due": one.due if one.state in ("QUEUED", "DEFERRED") else None,
            }
            for one in self.naive.sends.values()
        }  # fmt: skip

    def steps(self) -> list[tuple[Any, ...]]:
        return sorted((one.run_id, one.seq, one.node, one.visit, one.edge, one.at) for one in self.naive.steps)

    def tasks(self) -> dict[int, str]:
        """Whose each task was when it began."""
        return {key: one.staff for key, one in self.naive.actions.items() if one.staff is not None}


class Columnar:
    """The executor with its world, in memory."""

    def __init__(self, case: Case, journeys: list[Journey], ctx: Any, most: int = ports.MOST_DUE) -> None:
        from onepool.journeys.executor.executor import Executor

        self.most = most

        self.zones: dict[int, str | None] = {}
        gate = FakeGate(ContactPolicy(control=CONTROL), self.zones, lambda: ledger_of(self.world.sends))
        self.world = MemoryWorld(ctx, gate, stock)
        message = PlanMessage(1, KNOWN.messages["recall"].model_dump(mode="json", by_alias=True))
        plans, standings = {}, {}
        self.later: list[Plan] = []
        for number, journey in enumerate(journeys):
            body = [*case.bodies, *case.later][number]
            plan = Plan(number + 1, journey, body, {"recall": message})
            if number >= len(case.bodies):
                self.later.append(plan)
                continue
            plans[number + 1] = plan
            standings[journey.journey] = StoreStanding(
                journey.journey,
                "live",
                number + 1,
                case.start,
                0,
                "somebody",
                next_start(journey, case.start),
                "",
                None,
            )
        self.plans = plans
        self.executor = Executor
        self.book = Book(plans, standings)
        self.journeys = {journey.journey: journey for journey in journeys[: len(case.bodies)]}
        self._steps: list[tuple[Any, ...]] = []
        self.actions: dict[int, dict[str, Any]] = {}
        self.done: set[int] = set()
        self.edges: dict[tuple[int, int, str, int], int] = {}

    def acted(
        self, quantum: Quantum, since: int, customer: Callable[[int], int]
    ) -> tuple[list[tuple[Any, ...]], list[tuple[int, Fact]]]:
        """What became of tasks, calls and writes, and everything that was told of profiles."""
        told: list[tuple[Any, ...]] = []
        facts = list(quantum.facts)
        for key, action in sorted(self.actions.items()):
            done, after = acting(key, action["what"])
            if after is None or key in self.done or max(action["created"], since) + after >= quantum.at:
                continue
            self.done.add(key)
            when = max(action["created"], since) + after
            save = json.loads(action["payload"])["save"] if action["what"] == "webhook" else ()
            told.append((key, action["what"], int(done), None, when, answered(key, save, done=done)))
            if action.get("kind") == "set_profile":
                for name, value in json.loads(action["payload"])["set"].items():
                    facts.append((customer(action["run_id"]), Fact(name, value, when, key)))
        into = {loser: winner for loser, winner, _ in quantum.merges}
        return told, [(into.get(one, one), fact) for one, fact in facts]

    def step(self, quantum: Quantum, since: int) -> None:
        world = self.world
        world.at = quantum.at
        sent = [(key, "send", int(state), why, when) for key, state, why, when in claim(world.sends, since, quantum.at)]
        acted, facts = self.acted(quantum, since, lambda run_id: int(world.rows[run_id]["customer_id"]))
        for loser, winner, _ in quantum.merges:
            world.merge(loser, winner)
        world.learn(quantum.events, facts)
        for customer in world.histories:
            self.zones[customer] = self._zone(customer, quantum.at)
        rows = [self._outcome(*one) for one in sorted([*sent, *acted], key=lambda one: (one[4], one[0]))]
        for key, _, state, why, _ in sent:
            world.sends[key] |= {"state": state, "reason": why}
        live: dict[str, list[int]] = {}
        for row in world.rows.values():
            if row["state"] != RunState.ENDED:
                live.setdefault(self.plans[row["version_id"]].journey, []).append(row["run_id"])
        inputs = ports.Inputs(
            segments=_rows(quantum.segments, ports.SEGMENTS),
            merges=_rows(quantum.merges, ports.MERGES),
            outcomes=_rows(rows, ports.OUTCOMES),
            requests=_rows([self._request(*one) for one in told_of(quantum, live)], ports.REQUESTS),
        )
        world.people, world.inside, world.crowded = quantum.people, quantum.inside, quantum.crowded
        world.merges += quantum.merges
        self.turn(quantum)
        again = True
        while again:
            step = self.executor(self.book, world, most=self.most).step(inputs, quantum.at)
            world.save(step)
            self._note(step)
            again, inputs = step.more, ports.Inputs(requests=asked_again(step))
            world.learn((), ())

    def turn(self, quantum: Quantum) -> None:
        """Publish, pause and resume journeys."""
        for name, number in quantum.published:
            plan = self.later[number]
            self.plans[plan.version_id] = plan
            self.journeys[name] = plan.definition
            standing = replace(self.book.standings[name], version_id=plan.version_id)
            standings = {**self.book.standings, name: standing}
            self.book = replace(self.book, plans=dict(self.plans), standings=standings, _by_journey={})
        for name, status in quantum.statuses:
            made = turned(self.book.standings[name], status, self.journeys[name], quantum.at - 1)
            self.book = replace(self.book, standings={**self.book.standings, name: made}, _by_journey={})

    def _said(self, customer: int, name: str, at: int) -> str | None:
        return attribute_at(self.world.histories.get(customer, History()), name, at)

    def _zone(self, customer: int, at: int) -> str | None:
        return self._said(customer, "time_zone", at)

    @staticmethod
    def _request(
        number: int, journey: str, kind: str, customer: int, key: str, fields: Mapping[str, str], at: int
    ) -> tuple[Any, ...]:
        return number, journey, kind, customer, key, json.dumps(fields), at

    def _outcome(
        self, key: int, what: str, state: int, why: str | None, when: int, saved: Mapping[str, str] | None = None
    ) -> tuple[Any, ...]:
        row = self.world.sends[key] if what == "send" else self.actions[key]
        place = (row["run_id"], row["node"], row["visit"], row.get("hop", 0))
        return key, *place, what, state, why, when, json.dumps(saved or {})

    def _note(self, step: Any) -> None:
        for change in step.changes:
            values = {name: value for name, value in change.values.items() if name != "metering"}
            metering = dict(self.book.metering)
            if "metering" in change.values:
                metering[change.journey] = change.values["metering"]
            made = replace(self.book.standings[change.journey], **values)
            standings = {**self.book.standings, change.journey: made}
            self.book = replace(self.book, standings=standings, metering=metering, _by_journey={})
        steps = step.steps.to_pylist()
        self._steps += [(one["run_id"], one["seq"], one["node"], one["visit"], one["edge"], one["at"]) for one in steps]
        for one in steps:
            edge = (one["version_id"], one["node"], one["edge"], one["at"] // DAY)
            self.edges[edge] = self.edges.get(edge, 0) + 1
        for table, kind in ((step.effects, None), (step.tasks, "task")):
            for row in table.to_pylist():
                what = kind or ("webhook" if row["kind"] == "webhook" else "write")
                self.actions[row["key"]] = row | {"what": what}

    def runs(self) -> dict[int, dict[str, Any]]:
        return {row["run_id"]: self._run(row, _some) for row in self.world.rows.values()}

    @staticmethod
    def _run(row: Mapping[str, Any], some: Callable[[Any], Any]) -> dict[str, Any]:
        said = json.loads(row["vars"] or "{}")
        ended = row["state"] == RunState.ENDED
        return {
            "version": row["version_id"], "customer": row["customer_id"], "key": row["key"], "node": row["node"],
            "visit": row["visit"], "state": row["state"], "entered": row["entered"], "arrived": row["arrived"],
            "ended": some(row["ended"]), "due": some(row["due"]), "goal_at": some(row["goal_at"]),
            "parent": some(row["parent"]), "seq": row["seq"], "reason": row["reason"] if ended else None,
            "vars": {name: value for name, value in said.items() if not name.startswith("@")},
        }  # fmt: skip

    def sends(self) -> dict[int, dict[str, Any]]:
        return {one["send_id"]: self._send(one) for one in self.world.sends.values()}

    def _send(self, one: Mapping[str, Any]) -> dict[str, Any]:
        state = SendState(one["state"]).name
        return {
            "customer": one["customer_id"], "node": self.plans[one["version_id"]].names[one["node"]],
            "visit": one["visit"], "hop": one["hop"], "channel": one["channel"], "state": state,
            "reason": one["reason"], "planned": one["planned"], "expires": one["expires"],
            "due": one["due"] if state in ("QUEUED", "DEFERRED") else None,
        }  # fmt: skip

    def steps(self) -> list[tuple[Any, ...]]:
        return sorted(self._steps)

    def tasks(self) -> dict[int, str]:
        return {key: one["staff"] for key, one in self.actions.items() if one["what"] == "task"}


def asked_again(step: ports.Step) -> pa.Table:
    """The requests by which a step goes on, as the next one is given them."""
    return _rows([[one.get(name, 0) for name in ports.REQUESTS.names] for one in step.requests], ports.REQUESTS)


def _rows(rows: Any, schema: pa.Schema) -> pa.Table:
    columns = [pa.array([row[place] for row in rows], one.type) for place, one in enumerate(schema)]
    return pa.Table.from_arrays(columns, schema=schema)


def _some(value: int) -> int | None:
    return None if value == NONE else value


def differences(case: Case, columnar: Callable[..., Any] = Columnar) -> list[str]:
    """Where the executor and the naive interpreter part, after the first step in which they do; empty: nowhere."""
    journeys = parsed(case)
    ctx = context(case.zone)
    plain, columns = Plain(case, journeys, ctx), columnar(case, journeys, ctx)
    since = case.start
    for number, quantum in enumerate(case.quanta):
        plain.step(quantum, since)
        columns.step(quantum, since)
        since = quantum.at
        found = [
            *_differing("run", plain.runs(), columns.runs()),
            *_differing("send", plain.sends(), columns.sends()),
            *_differing("task", plain.tasks(), columns.tasks() if hasattr(columns, "tasks") else plain.tasks()),
            *_differing("step", dict.fromkeys(plain.steps(), 1), dict.fromkeys(columns.steps(), 1)),
        ]
        if found:
            return [f"step {number} at {quantum.at}:", *found]
    return []


def _differing(what: str, one: Mapping[Any, Any], other: Mapping[Any, Any]) -> list[str]:
    found = []
    for key in sorted({*one, *other}):
        a, b = one.get(key), other.get(key)
        if a == b:
            continue
        if isinstance(a, dict) and isinstance(b, dict):
            parts = {name: (a[name], b[name]) for name in a if a[name] != b[name]}
            found.append(f"{what} {key}: naive, executor differ in {parts}")
        else:
            found.append(f"{what} {key}: only {'the executor has it' if a is None else 'naive has it'} {b or a}")
    return found


__all__ = ["COLUMNS", "Columnar", "Plain", "differences", "np", "parsed"]
