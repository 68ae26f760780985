"""Who enters, and what ends runs from outside: erasure, goals, exits."""

from __future__ import annotations

from typing import Any

from tests.journeys.drawing_logs import Quantum
from tests.journeys.sql_executor.base import LATENESS, Base, Program
from tests.journeys.sql_executor.conditions import holding, matching


class Doors(Base):
    """Entries and endings, one statement for all customers."""

    start = 0

    # ------------------------------------------------------------------------------------------------------ entries

    def enter(self, quantum: Quantum) -> None:
        for program in self.programs:
            self.run("DELETE FROM arrivals")
            self._arrivals(program, quantum)
            self.run("UPDATE arrivals SET run_id = run_key(:name, customer, key, origin)", name=program.name)
            ranked = "row_number() OVER (PARTITION BY customer ORDER BY time, ord)"
            self.run(
                f"UPDATE arrivals SET place = p FROM (SELECT number AS i, {ranked} AS p FROM arrivals) WHERE number = i"
            )
            for place in range(1, (self.one("SELECT max(place) FROM arrivals") or 0) + 1):
                self._admit(program, place)
        for program in self.programs:
            self.begin(program, f"version = {program.id} AND state = 'entered'")

    def _arrivals(self, program: Program, quantum: Quantum) -> None:
        entry = program.body["entry"]
        if "did" in entry:
            key = entry.get("key", "").removeprefix("$trigger.")
            found = matching(entry, self.params)
            asked = f"coalesce(json_extract(trigger, '$.\"{key}\"'), '')" if key else "''"
            self.run(
                "INSERT INTO arrivals (time, ord, customer, origin, trigger, but) SELECT e.time, e.seq, e.customer, "
                "event_origin(e.event_id), json_object('cart_id', e.cart_id), e.seq FROM events e "
                f"WHERE e.fresh = :at AND e.time >= :start AND e.received - e.time <= {LATENESS} AND {found}",
                start=self.start,
            )  # fmt: skip
            self.run(f"UPDATE arrivals SET key = {asked}")
            return
        if "api" in entry:
            rows = [
                (
                    when,
                    number,
                    customer,
                    fields.get("cart_id", "") if "key" in entry else key,
                    number,
                    self.json(fields),
                )
                for number, journey, _, customer, key, fields, when in quantum.requests
                if journey == program.name
            ]
        else:
            enters = "segment_enter" in entry
            rows = [
                (when, place, customer, "", when, "{}")
                for place, (customer, _, entered, when) in enumerate(quantum.segments)
                if entered == enters
            ]
        self.db.executemany(
            "INSERT INTO arrivals (time, ord, customer, key, origin, trigger, but) VALUES (?, ?, ?, ?, ?, ?, -1)", rows
        )

    def _admit(self, program: Program, place: int) -> None:
        """The first ones of all customers, then the second ones: who was let in before counts for these."""
        entry = program.body["entry"]
        self.run("DELETE FROM arrivals WHERE place = :place AND run_id IN (SELECT run_id FROM runs)", place=place)
        for why, refused in self._rules(program, entry):
            self.run(
                f"UPDATE arrivals AS a SET why = '{why}' WHERE a.why IS NULL AND a.place = :place AND {refused}",
                place=place,
            )
        self.run(
            "INSERT INTO steps SELECT run_id, 0, -1, 0, 'refused:' || why, time FROM arrivals "
            "WHERE place = :place AND why IS NOT NULL", place=place,
        )  # fmt: skip
        hold = entry.get("hold")
        due = program.later("time", hold["for"]) if hold else "NULL"
        self.run(
            "INSERT INTO runs (run_id, version, journey, customer, key, entered, arrived, now, but, trigger, state, "
            f"due, life) SELECT run_id, {program.id}, :name, customer, key, time, time, time, but, trigger, :state, "
            f"{due}, {program.later('time', program.body['max_life'])} "
            "FROM arrivals WHERE place = :place AND why IS NULL",
            place=place, name=program.name, state="held" if hold else "entered",
        )  # fmt: skip
        if hold and self.pick(f"version = {program.id} AND state = 'held' AND seq = 0"):
            self.note("'held'")

    def _rules(self, program: Program, entry: Any) -> list[tuple[str, str]]:
        """(why, SQL over an arrival `a`), the first reason first."""
        rule = entry.get("reentry", {})
        when = rule.get("when", "never")
        before = f"FROM runs b WHERE b.customer = a.customer AND b.version = {program.id}"
        live = f"{before} AND b.state <> 'ended'"
        found: list[tuple[str, str]] = []
        if "eligible" in entry:
            asked = holding(entry["eligible"], self.params)
            found.append(("eligible", f"(SELECT NOT {asked} FROM (SELECT a.customer AS customer, '{{}}' AS nodes) r)"))
        if when == "never":
            found.append(("reentry", f"EXISTS (SELECT 1 {before})"))
        elif when == "after_exit":
            found.append(("reentry", f"EXISTS (SELECT 1 {live})"))
        else:
            found.append(("reentry", f"a.key <> '' AND EXISTS (SELECT 1 {live} AND b.key = a.key)"))
            found.append(("parallel", f"(SELECT count(*) {live}) >= {rule.get('parallel', 1)}"))
        if when != "never" and "cooldown" in rule:
            over = program.later(f"(SELECT max(b.entered) {before})", rule["cooldown"])
            found.append(("cooldown", f"EXISTS (SELECT 1 {before}) AND a.time < {over}"))
        if when != "never" and "max" in rule:
            since = program.earlier("a.time", rule["max"]["per"])
            found.append(("max", f"(SELECT count(*) {before} AND b.entered > {since}) >= {rule['max']['runs']}"))
        return found

    # ------------------------------------------------------------------------------------------------------ endings

    def finish(self) -> None:
        """Everybody at once: all that would end a run, the first of them by (time, kind, seq)."""
        self.forget()
        self.run("DELETE FROM endings")
        for program in self.programs:
            self._endings(program)
        first = (
            "SELECT run_id, time, reason FROM (SELECT *, "
            "row_number() OVER (PARTITION BY run_id ORDER BY time, rank, seq) AS p FROM endings) WHERE p = 1"
        )
        going = f"run_id IN (SELECT run_id FROM ({first}) WHERE reason = 'goal?')"
        time = f"(SELECT f.time FROM ({first}) f WHERE f.run_id = runs.run_id)"
        if self.pick(going):
            self.run(f"UPDATE runs SET goal_at = {time} WHERE pick = 1")
            self.note("'goal'", "max(goal_at, arrived)")
        self.run("DELETE FROM endings WHERE reason = 'goal?'")
        if self.pick(f"run_id IN (SELECT run_id FROM ({first}))"):
            self.run(
                f"UPDATE runs SET now = max({time}, arrived), "
                f"why = (SELECT reason FROM ({first}) f WHERE f.run_id = runs.run_id) WHERE pick = 1"
            )
            self.run(f"UPDATE runs SET goal_at = {time} WHERE pick = 1 AND why = 'goal'")
            gone = "pick = 1 AND why = 'not_qualified'"
            self.note("why", time, picked=gone)
            self.run(f"DELETE FROM runs WHERE {gone}")
            self.end("why")

    def _endings(self, program: Program) -> None:
        body = program.body
        self._by_event(program, {"did": "customer_erased"}, 0, "erased")
        hold = body["entry"].get("hold", {})
        if "unless" in hold:
            held = f"r.state = 'held' AND e.time <= {program.later('r.entered', hold['for'])}"
            self._by_event(program, hold["unless"], 1, "not_qualified", held)
        goal = body.get("goal")
        if goal is not None:
            within = f"e.time <= {program.later('r.entered', goal['within'])}" if "within" in goal else "1"
            reason = "goal?" if goal.get("then") == "continue" else "goal"
            self._by_event(program, goal, 2, reason, f"r.goal_at IS NULL AND {within}")
        for place, way in enumerate(body.get("exit", ())):
            open_ = "1"
            if "before" in way:
                past = ", ".join(str(program.numbers[one]) for one in program.plain.behind[way["before"]])
                open_ = f"(r.node IS NULL OR r.node NOT IN ({past}))"
            if "did" in way:
                self._by_event(program, way, 3 + place, f"exit:{way['as']}", open_)
                continue
            started = body["entry"].get("segment_leave") == way["segment_leave"]
            self.run(
                "INSERT INTO endings SELECT r.run_id, l.at, :rank, 0, :reason FROM runs r JOIN leaving l "
                f"ON l.customer = r.customer WHERE r.version = {program.id} AND r.state <> 'ended' "
                f"AND l.segment = :segment AND l.at {'>' if started else '>='} r.entered AND {open_}",
                rank=3 + place, reason=f"exit:{way['as']}", segment=way["segment_leave"],
            )  # fmt: skip

    def _by_event(self, program: Program, match: Any, rank: int, reason: str, also: str = "1") -> None:
        self.run(
            "INSERT INTO endings SELECT r.run_id, e.time, :rank, e.seq, :reason FROM runs r JOIN events e "
            f"ON e.customer = r.customer WHERE r.version = {program.id} AND r.state <> 'ended' AND e.time >= r.entered "
            f"AND e.seq <> r.but AND {matching(match, self.params)} AND {also}",
            rank=rank, reason=reason,
        )  # fmt: skip

    def forget(self) -> None:
        """What the runs of erased customers carry goes with them."""
        gone = "SELECT customer FROM events WHERE fresh = :at AND name = 'customer_erased'"
        self.run(
            f"UPDATE runs SET trigger = '{{}}', vars = '{{}}', nodes = '{{}}', back = '{{}}' WHERE customer IN ({gone})"
        )


__all__ = ["Doors"]
