"""The executor's world in plain Python: events, profiles, runs and messages in memory, answered by the reference.

With it the executor is tried alone, without a database; that the world over the pool answers alike is tried apart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from tests.journeys.naive_entries import trigger_of
from tests.journeys.naive_times import EPOCH, MICROSECOND, next_return

from onepool.audience.conditions.anchors.reference import Run as Lent
from onepool.audience.conditions.anchors.reference import run_holds
from onepool.audience.conditions.model import Condition
from onepool.audience.conditions.names import Context
from onepool.audience.conditions.reference import Event, History, attribute_at
from onepool.audience.conditions.texts import read_text
from onepool.journeys.executor.columns import COLUMNS, INTS, NONE, Runs
from onepool.journeys.executor.ports import ENTRANTS, FOUND, PERSONS, Audience, Entering, Question, Sought, Step
from onepool.journeys.inside import leaf_of
from onepool.journeys.model import EventMatch
from onepool.journeys.states import RunState
from onepool.reach.gate import ADDRESSES, LEDGER, GateWorld, gate
from onepool.reach.keys import I64
from onepool.reach.rules import Door
from onepool.reach.states import COUNTED, SendState

_LIVE = tuple(int(one) for one in RunState if one is not RunState.ENDED)


class MemoryWorld:
    """One workspace's worth of it. `now` is set before each step; `learn` and `save` change it."""

    def __init__(self, ctx: Context, gate_world: GateWorld, issue: Callable[[str, int, int], str | None]) -> None:
        self.ctx = ctx
        self.at = 0
        self.histories: dict[int, History] = {}
        self.events: list[tuple[int, Event, str]] = []
        self.changed: list[tuple[int, str]] = []
        self.rows: dict[int, dict[str, Any]] = {}
        self.sends: dict[int, dict[str, Any]] = {}
        self.gate_world = gate_world
        self._issue = issue
        self.people: frozenset[int] = frozenset()
        self.inside: frozenset[int] = frozenset()
        """Who there is, and who of them is in the segment."""
        self.merges: list[tuple[int, int, int]] = []
        self.crowded: frozenset[str] = frozenset()
        """Channels of which the accounts are full."""
        self.kept_audiences: dict[tuple[str, int], Audience] = {}

    # ------------------------------------------------------------------------------------------------ what came in

    def learn(self, events: Sequence[tuple[int, Event, str]], facts: Sequence[tuple[int, Any]]) -> None:
        self.events = list(events)
        self.changed = [(customer, fact.attribute) for customer, fact in facts]
        for customer, event, _ in events:
            old = self.histories.get(customer, History())
            self.histories[customer] = History([*old.events, event], old.facts)
        for customer, fact in facts:
            old = self.histories.get(customer, History())
            self.histories[customer] = History(old.events, [*old.facts, fact])

    def merge(self, loser: int, winner: int) -> None:
        gone, kept = self.histories.pop(loser, History()), self.histories.get(winner, History())
        self.histories[winner] = History([*kept.events, *gone.events], [*kept.facts, *gone.facts])
        for row in self.sends.values():
            if row["customer_id"] == loser:
                row["customer_id"] = winner

    # --------------------------------------------------------------------------------------------------- questions

    def event_names(self) -> frozenset[str]:
        return frozenset(event.event for _, event, _ in self.events)

    def who_did(self, names: frozenset[str]) -> I64:
        return _ids(customer for customer, event, _ in self.events if event.event in names)

    def who_changed(self, attributes: frozenset[str]) -> I64:
        return _ids(customer for customer, attribute in self.changed if attribute in attributes)

    def entrants(self, asked: Sequence[Entering]) -> pa.Table:
        found = []
        for place, one in enumerate(asked):
            for customer, event, event_id in self.events:
                if self._fits(one.match, event, {}):
                    carried = trigger_of(event, event_id)
                    trigger = {name: carried[name] for name in one.fields if name in carried}
                    key = carried.get(one.key) if one.key is not None else None
                    found.append((place, customer, event.time, event.seq, event.received_at, event_id, key,
                                  json.dumps(trigger)))  # fmt: skip
        found.sort(key=lambda row: (row[0], row[2], row[3]))
        return _table(found, ENTRANTS)

    def find(self, sought: Sequence[Sought]) -> pa.Table:
        found = []
        for place, one in enumerate(sought):
            for row in one.window.to_pylist():
                customer = row["customer_id"]
                known = self.histories.get(customer, History()).events if one.whole else [
                    event for who, event, _ in self.events if who == customer
                ]  # fmt: skip
                carries = _carries(row)
                fits = [
                    event
                    for event in known
                    if row["first"] <= event.time <= row["last"]
                    and event.seq != row["but"]
                    and self._fits(one.match, event, carries)
                ]
                if fits:
                    first = min(fits, key=lambda event: (event.time, event.seq))
                    found.append((place, row["run_id"], first.time, first.seq))
        found.sort()
        return _table(found, FOUND)

    def answers(self, question: Question, at: int) -> dict[str, Any]:
        answers: dict[str, list[bool]] = {name: [] for name in question.conditions}
        moment = EPOCH + at * MICROSECOND
        for row in question.runs.to_pylist():
            said = json.loads(row["vars"] or "{}")
            nodes = {name[1:]: value for name, value in said.items() if name.startswith("@") and isinstance(value, int)}
            lent = Lent(row["entered"], nodes, _carries(row))
            history = self.histories.get(row["customer_id"], History())
            for name, condition in question.conditions.items():
                answers[name].append(run_holds(condition, history, lent, moment, self.ctx))
        return {name: np.array(values, np.bool_) for name, values in answers.items()}

    def _fits(self, match: EventMatch, event: Event, carries: dict[str, Any]) -> bool:
        if event.event != match.did:
            return False
        moment = EPOCH + (event.time + 1) * MICROSECOND
        return run_holds(leaf_of(match), History([event]), Lent(0, {}, carries), moment, self.ctx)

    def attributes(self, customers: I64, names: Sequence[str]) -> pa.Table:
        columns: dict[str, Any] = {"customer_id": pa.array(customers)}
        for name in names:
            values = [attribute_at(self.histories.get(int(one), History()), name, self.at) for one in customers]
            columns[name] = pa.array(values, pa.string())
        return pa.table(columns)

    def members(self, segment: str | None, who: Condition | None, at: int) -> I64:
        some = self.people if segment is None else self.inside
        moment = EPOCH + at * MICROSECOND
        return _ids(
            one
            for one in some
            if who is None or run_holds(who, self.histories.get(one, History()), Lent(0), moment, self.ctx)
        )

    def dated(self, attribute: str, day: int, yearly: bool) -> I64:
        zone = ZoneInfo(self.ctx.zone)
        wanted = date(1970, 1, 1) + timedelta(days=day)
        found = []
        for one in self.people:
            text = attribute_at(self.histories.get(one, History()), attribute, self.at)
            value = None if text is None else read_text(text, str(self.ctx.names.attributes[attribute]), zone)
            if value is None:
                continue
            held = value if isinstance(value, date) else (EPOCH + value * MICROSECOND).astimezone(zone).date()
            if held == wanted or (yearly and next_return(held, wanted) == wanted):
                found.append(one)
        return _ids(found)

    def give_up(self, gone: Sequence[tuple[int, int, str]]) -> None:
        for send_id, state, reason in gone:
            self.sends[send_id] |= {"state": int(state), "reason": reason}

    def fresh_as_of(self) -> int:
        return self.at

    def issue(self, batch: str, keys: I64, customers: I64, runs: I64, at: int) -> list[str | None]:
        return [self._issue(batch, int(key), int(customer)) for key, customer in zip(keys, customers, strict=True)]

    def gate(self, planned: pa.Table, policies: Any, at: int) -> pa.Table:
        return gate(planned, policies, self.gate_world, at)

    def associates(self, customers: I64, at: int) -> list[str]:
        return [associate(int(one)) for one in customers]

    # -------------------------------------------------------------------------------------------------------- runs

    def _runs(self, wanted: Callable[[dict[str, Any]], bool]) -> Runs:
        rows = [row for row in self.rows.values() if wanted(row)]
        rows.sort(key=lambda row: row["run_id"])
        return Runs.of_rows([tuple(row[name] for name in COLUMNS) for row in rows])

    def due(self, at: int, most: int, priorities: Mapping[int, int], scarce: Collection[int]) -> Runs:
        waiting = (RunState.HELD, RunState.READY, RunState.WAIT_TIME, RunState.WAIT_EVENT, RunState.WAIT_OUTCOME)
        rows = [row for row in self.rows.values() if row["state"] in waiting and NONE < row["due"] <= at]
        rows.sort(key=lambda row: (row["due"], row["run_id"]))
        oldest = most - most * 9 // 10
        first = sorted(rows[oldest:], key=lambda row: -priorities[row["version_id"]])[: most - oldest]
        rows = sorted([*rows[:oldest], *first], key=lambda row: (row["due"], row["run_id"]))
        return Runs.of_rows([tuple(row[name] for name in COLUMNS) for row in rows])

    def runs_of(self, customers: I64, *, live: bool) -> Runs:
        some = set(customers.tolist())
        return self._runs(lambda row: row["customer_id"] in some and (not live or row["state"] in _LIVE))

    def runs(self, run_ids: I64) -> Runs:
        some = set(run_ids.tolist())
        return self._runs(lambda row: row["run_id"] in some)

    def children(self, parents: I64) -> Runs:
        some = set(parents.tolist())
        return self._runs(lambda row: row["parent"] in some and row["state"] in _LIVE)

    def runs_in(self, version: int, state: int, most: int, after: int = -1) -> Runs:
        found = self._runs(lambda row: row["version_id"] == version and row["state"] == state and row["run_id"] > after)
        return found.take(np.arange(min(len(found), most)))

    def audiences(self, but: Collection[str]) -> list[Audience]:
        return [one for _, one in sorted(self.kept_audiences.items()) if not one.done and one.journey not in but]

    def started(self) -> frozenset[str]:
        return frozenset(journey for journey, _ in self.kept_audiences)

    def room(self, door: Door) -> int | None:
        return 0 if door.channel in self.crowded else None

    def let_in(self, doors: Sequence[Door], count: int) -> None:
        raise AssertionError("channels have room for nobody or for everybody")

    def persons(self, customers: I64, since: int) -> pa.Table:
        into: dict[int, int] = {}
        for loser, winner, when in self.merges:
            if when >= since:
                into = {one: winner if other == loser else other for one, other in into.items()} | {loser: winner}
        return _table(sorted(into.items()), PERSONS)

    def any_runs(self, versions: Sequence[int]) -> bool:
        return any(row["version_id"] in versions for row in self.rows.values())

    def open_sends(self, send_ids: I64) -> dict[int, int]:
        return {one: self.sends[one]["state"] for one in send_ids.tolist() if one in self.sends}

    # ----------------------------------------------------------------------------------------------------- writing

    def save(self, step: Step) -> None:
        """What one step decided."""
        for row in step.runs.rows():
            self.rows[row[0]] = dict(zip(COLUMNS, row, strict=True))
        for row in self.rows.values():
            if row["customer_id"] in step.erased:
                row |= {"trigger": None, "vars": None}
        for one in step.audiences:
            old = self.kept_audiences.get((one.journey, one.at))
            customers = one.customers if one.customers is not None or old is None else old.customers
            self.kept_audiences[one.journey, one.at] = replace(one, customers=customers)
        for run_id in step.removed.tolist():
            self.rows.pop(run_id, None)
        for row in step.sends.to_pylist():
            assert row["send_id"] not in self.sends, "a message is planned once"
            self.sends[row["send_id"]] = row | {"claimed": None}
        ended = {row["run_id"]: row["reason"] for row in step.cancelled.to_pylist()}
        waiting = (SendState.DEFERRED, SendState.QUEUED, SendState.RETRY)
        for send in self.sends.values():
            if send["run_id"] in ended and send["state"] in waiting:
                send |= {"state": int(SendState.CANCELLED), "reason": ended[send["run_id"]]}
        for send_id, state, reason in step.gone:
            self.sends[send_id] |= {"state": int(state), "reason": reason}


class FakeGate:
    """Addresses, consent and control by arithmetic on the customer's number; the ledger is what was sent."""

    def __init__(self, policy: Any, zones: dict[int, str | None], ledger: Callable[[], Any]) -> None:
        self.policy = policy
        self._zones = zones
        self._ledger = ledger

    def addresses(self, wanted: pa.Table, at: int) -> pa.Table:
        rows = [address(row["customer_id"], row["channel"]) for row in wanted.to_pylist()]
        return _table(rows, ADDRESSES)

    def suppressed(self, asked: pa.Table, at: int) -> pa.Array:
        return pa.array([suppressed(row["customer_id"], row["channel"]) for row in asked.to_pylist()], pa.string())

    def consented(self, asked: pa.Table, at: int) -> Any:
        return np.array([consented(row["customer_id"], row["channel"]) for row in asked.to_pylist()], np.bool_)

    def zones(self, customers: I64, attribute: str | None) -> tuple[list[str], I64]:
        names = sorted({zone for zone in self._zones.values() if zone})
        return names, np.array(
            [names.index(zone) if (zone := self._zones.get(int(one))) else -1 for one in customers], np.int64
        )

    def ledger(self, customers: I64, since: int) -> pa.Table:
        some = set(customers.tolist())
        return _table([row for row in self._ledger() if row[0] in some and row[1] >= since], LEDGER)


def address(customer: int, channel: str) -> tuple[int | None, str | None, str | None, str | None]:
    """(identifier, touchpoint, associate, reason)."""
    if (customer // 7 + len(channel)) % 4 == 0:
        return None, None, None, {"wechat_oa": "not_follower", "wecom": "not_friend"}.get(channel, "bad_address")
    return customer * 10 + len(channel), f"{channel}1", "S1" if channel == "wecom" else None, None


def associate(customer: int) -> str:
    """Whose contact the customer is."""
    return address(customer, "wecom")[2] or ""


def suppressed(customer: int, channel: str) -> str | None:
    return "refused" if (customer // 7) % 11 == 3 and channel == "sms" else None


def consented(customer: int, channel: str) -> bool:
    return (customer // 7) % 9 != 4


def ledger_of(sends: dict[int, dict[str, Any]]) -> list[tuple[Any, ...]]:
    counted = {int(one) for one in COUNTED}
    return [
        (one["customer_id"], one["claimed"], one["category"], one["channel"], one["journey"])
        for one in sends.values()
        if one["state"] in counted and one["claimed"] is not None
    ]


def _carries(row: dict[str, Any]) -> dict[str, Any]:
    trigger, said = json.loads(row["trigger"] or "{}"), json.loads(row["vars"] or "{}")
    return {f"$trigger.{name}": value for name, value in trigger.items()} | {
        f"$vars.{name}": value for name, value in said.items() if not name.startswith("@")
    }


def _ids(customers: Any) -> I64:
    return np.array(sorted(set(customers)), np.int64)


def _table(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.Table:
    columns = [pa.array([row[place] for row in rows], one.type) for place, one in enumerate(schema)]
    return pa.Table.from_arrays(columns, schema=schema)


__all__ = ["INTS", "FakeGate", "MemoryWorld", "ledger_of"]
