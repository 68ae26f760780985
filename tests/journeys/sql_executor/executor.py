"""A step of all journeys in SQL, and the same face as the other two for the comparison."""

from __future__ import annotations

import json
from typing import Any

from tests.journeys.differ import STATES, acting, answered, claim, stock
from tests.journeys.drawing_logs import Case, Quantum
from tests.journeys.sql_executor.base import Program
from tests.journeys.sql_executor.nodes import Nodes

from onepool.audience.conditions.reference import Fact
from onepool.journeys.model import Journey
from onepool.reach.states import SendState


class SqlExecutor(Nodes):
    """See the package. Takes what `differ.differences` gives it."""

    def __init__(self, case: Case, journeys: list[Journey], ctx: Any) -> None:
        del ctx
        programs = [Program(place + 1, one, case.bodies[place]) for place, one in enumerate(journeys)]
        super().__init__(programs, stock)
        self.start = case.start

    def step(self, quantum: Quantum, since: int) -> None:
        """Everything that one instant brings."""
        self.at = quantum.at
        self._provider(quantum, since)
        self.run("DELETE FROM leaving")
        left = [(customer, segment, when) for customer, segment, entered, when in quantum.segments if not entered]
        self.db.executemany("INSERT INTO leaving VALUES (?, ?, ?)", left)
        rows = [
            (customer, event.seq, event.event, event.time, event.received_at, event.channel, event.touchpoint, event_id,
             event.values.get("cart_id"), None if (amount := event.values.get("amount")) is None else float(amount),
             event.values.get("coupon_code"), quantum.at)
            for customer, event, event_id in quantum.events
        ]  # fmt: skip
        self.db.executemany(f"INSERT INTO events VALUES ({', '.join('?' * 12)})", rows)
        self.enter(quantum)
        self.finish()
        self.outcomes()
        while sum([self.wake(one) + self.wave(one) for one in self.programs]):
            pass
        self.forget()

    def _provider(self, quantum: Quantum, since: int) -> None:
        """What platforms and people did since the last step; attributes that were told."""
        self.run("DELETE FROM outcomes")
        sends = {row["send_id"]: {**row, "state": SendState[row["state"]]} for row in map(dict, self.db.execute(
            "SELECT send_id, state, due, claimed, channel FROM sends"
        ))}  # fmt: skip
        told = claim(sends, since, quantum.at)
        self.db.executemany(
            "UPDATE sends SET state = ?, claimed = ? WHERE send_id = ?",
            [(SendState(one["state"]).name, one["claimed"], key) for key, one in sends.items()],
        )
        final = [(key, "send", SendState(state).name, why, when, "{}") for key, state, why, when in told]
        self.db.executemany("UPDATE sends SET state = ?, reason = ? WHERE send_id = ?",
                            [(state, why, key) for key, _, state, why, _, _ in final])  # fmt: skip
        facts = list(quantum.facts)
        for row in self.db.execute(
            "SELECT a.*, r.customer FROM actions a JOIN runs r USING (run_id) WHERE NOT done"
        ).fetchall():
            done, after = acting(row["key"], row["kind"])
            if after is None or (when := max(row["created"], since) + after) >= quantum.at:
                continue
            self.db.execute("UPDATE actions SET done = 1 WHERE key = ?", (row["key"],))
            said = json.loads(row["said"])
            saved = answered(row["key"], said if row["kind"] == "webhook" else (), done=done)
            final.append((row["key"], row["kind"], "done" if done else "failed", None, when, json.dumps(saved)))
            if row["kind"] == "write":
                facts += [(row["customer"], Fact(name, value, when, row["key"])) for name, value in said.items()]
        self.db.executemany("INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?)", final)
        self.db.executemany(
            "INSERT INTO facts VALUES (?, ?, ?, ?, ?)",
            [(customer, one.attribute, one.value, one.time, one.seq) for customer, one in facts],
        )

    # ----------------------------------------------------------------------------------------------- what is compared

    def runs(self) -> dict[int, dict[str, Any]]:
        return {row["run_id"]: _run(row) for row in self.db.execute("SELECT * FROM runs")}

    def sends(self) -> dict[int, dict[str, Any]]:
        names = {(one.id, number): name for one in self.programs for name, number in one.numbers.items()}
        kept = ("customer", "visit", "hop", "channel", "state", "reason", "planned", "expires")
        return {
            row["send_id"]: {name: row[name] for name in kept}
            | {"node": names[row["version"], row["node"]], "due": row["due"] if row["state"] == "QUEUED" else None}
            for row in self.db.execute("SELECT * FROM sends")
        }

    def steps(self) -> list[tuple[Any, ...]]:
        return sorted(tuple(row) for row in self.db.execute("SELECT * FROM steps"))


def _run(row: Any) -> dict[str, Any]:
    kept = ("version", "customer", "key", "visit", "entered", "arrived", "ended", "due", "goal_at", "seq")
    return {name: row[name] for name in kept} | {
        "node": -1 if row["node"] is None else row["node"], "state": int(STATES[row["state"]]), "parent": None,
        "reason": row["reason"] if row["state"] == "ended" else None, "vars": json.loads(row["vars"]),
    }  # fmt: skip
