"""What all statements share: the database, the definitions as data, moving a set of runs over an edge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.journeys.naive_runs import Version
from tests.journeys.sql_executor.conditions import Params, micros
from tests.journeys.sql_executor.schema import opened

from onepool.audience.conditions.values import read_span
from onepool.journeys.graph import order
from onepool.journeys.model import Journey

DAY = 86_400_000_000
LATENESS = 3 * DAY
ENTERED, CAME_ON = "enter", "on_event"


class Program:
    """One version, read for statements: its body as data, node numbers, nodes in topological order."""

    def __init__(self, number: int, journey: Journey, body: Mapping[str, Any]) -> None:
        self.id = number
        self.name = journey.journey
        self.body = body
        self.plain = Version(number, journey.journey, journey)
        self.numbers = self.plain.numbers
        self.order = order(journey)
        self.zone = body["zone"]["default"]

    def later(self, at: str, text: str) -> str:
        """SQL of the instant a span after another, on the journey's clock."""
        span = read_span(text)
        if span.micros is not None:
            return f"({at} + {span.micros})"
        return f"months_later({at}, {span.count}, '{self.zone}')"

    def earlier(self, at: str, text: str) -> str:
        return f"({at} - {micros(text)})"


class Base:
    """Runs statements; `picked` runs are those that the last `pick` chose."""

    def __init__(self, programs: list[Program], stock: Any) -> None:
        self.programs = programs
        self.db = opened(stock)
        self.at = 0
        self.params = Params()
        self._statements: dict[tuple[Any, ...], str] = {}

    def run(self, statement: str, **more: Any) -> int:
        """Execute one statement. Returns how many rows it changed."""
        return self.db.execute(statement, {"at": self.at, **self.params, **more}).rowcount

    def one(self, query: str, **more: Any) -> Any:
        return self.db.execute(query, {"at": self.at, **self.params, **more}).fetchone()[0]

    def pick(self, where: str, **more: Any) -> int:
        """Choose runs `r`."""
        self.run("UPDATE runs SET pick = NULL WHERE pick IS NOT NULL")
        return self.run(f"UPDATE runs AS r SET pick = 1 WHERE {where}", **more)

    def note(self, edge: str, at: str = "now", picked: str = "pick = 1") -> None:
        """Record a step of the picked runs. `edge`, `at`: SQL."""
        self.run(
            f"INSERT INTO steps SELECT run_id, seq, coalesce(node, -1), visit, {edge}, {at} FROM runs WHERE {picked}"
        )
        self.run(f"UPDATE runs SET seq = seq + 1 WHERE {picked}")

    def arrive(self, program: Program, target: str, picked: str = "pick = 1") -> None:
        self.run(
            "UPDATE runs SET node = :number, arrived = now, state = 'ready', due = NULL, hop = 0, why = NULL, "
            f"nodes = json_set(nodes, :path, now) WHERE {picked}",
            number=program.numbers[target], path=f'$."{target}"',
        )  # fmt: skip

    def go(self, program: Program, label: str, target: str, picked: str = "pick = 1") -> None:
        """The picked runs take an edge of their (one) node."""
        self.note(":label" if ":" in label else f"'{label}'", picked=picked)
        self.arrive(program, target, picked)

    def end(self, reason: str, at: str = "now", edge: str | None = None, picked: str = "pick = 1") -> None:
        """The picked runs end. `reason`, `at`, `edge`: SQL."""
        self.note(f"'end:' || {reason}" if edge is None else edge, at, picked)
        self.run(
            f"UPDATE sends SET state = 'CANCELLED', told = 1, reason = (SELECT CASE {reason} WHEN 'goal' THEN "
            "'goal_reached' WHEN 'erased' THEN 'erased' ELSE 'ended' END FROM runs WHERE runs.run_id = sends.run_id) "
            f"WHERE state IN ('QUEUED', 'DEFERRED', 'RETRY') AND run_id IN (SELECT run_id FROM runs WHERE {picked})"
        )
        self.run(f"UPDATE runs SET ended = {at}, reason = {reason}, state = 'ended', due = NULL WHERE {picked}")

    def begin(self, program: Program, picked: str) -> None:
        """To the first node, or into the hold-out."""
        experiment = program.body.get("experiment", {})
        held_out = (
            f"{picked} AND bucket(:salt, customer) < :share"
            if experiment.get("holdout")
            else "0"
        )  # fmt: skip
        more = {"salt": experiment.get("salt") or program.name, "share": round(experiment.get("holdout", 0) * 10_000)}
        if self.pick(held_out, **more):
            self.end("'holdout'", edge="'holdout'")
        if self.pick(f"{picked} AND r.state <> 'ended'"):
            self.note(f"'{ENTERED}'")
            self.arrive(program, program.body["start"])

    def zone_of(self) -> str:
        """SQL of the name of the zone of a run's customer; null where none was told."""
        return (
            "(SELECT f.value FROM facts f WHERE f.customer = r.customer AND f.attribute = 'time_zone' "
            "AND f.time <= :at ORDER BY f.time DESC, f.seq DESC LIMIT 1)"
        )

    @staticmethod
    def json(value: Any) -> str:
        return json.dumps(value)
