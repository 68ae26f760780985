"""What wakes runs, and what each node does with those that came to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.journeys.differ import CONTROL
from tests.journeys.sql_executor.base import CAME_ON, DAY, Program
from tests.journeys.sql_executor.conditions import holding, matching, micros
from tests.journeys.sql_executor.doors import Doors

from onepool.journeys.model import Wait
from onepool.journeys.moments import LocalDays

WRITTEN, ANSWERED = DAY // 24, DAY
REACHED = "('ACCEPTED', 'DELIVERED', 'READ', 'CLICKED')"
_KINDS = {"task": "task", "webhook": "webhook", "set_profile": "write"}


class Nodes(Doors):
    """Waves: set after set, node after node, until nothing is ready and nothing is due."""

    # ------------------------------------------------------------------------------------------------------ waking

    def wake(self, program: Program) -> int:
        """Awaited events first, then timers. Returns how many runs went on."""
        count = self._held(program)
        for name, node in program.body["nodes"].items():
            here = f"version = {program.id} AND node = {program.numbers[name]}"
            if node["do"] == "wait" and "until" in node:
                came = (
                    "(SELECT min(e.time) FROM events e WHERE e.customer = r.customer AND e.time > r.arrived "
                    f"AND e.time <= r.due AND e.seq <> r.but AND {matching(node['until'], self.params)})"
                )
                if found := self.pick(f"{here} AND state = 'wait_event' AND {came} IS NOT NULL"):
                    self.run(f"UPDATE runs AS r SET now = {came} WHERE pick = 1")
                    self.go(program, CAME_ON if "on_event" in node else "next", node.get("on_event", node["next"]))
                    count += found
            over = f"{here} AND state LIKE 'wait_%' AND due <= :at"
            if found := self.pick(f"{over} AND due >= life"):
                self.run("UPDATE runs SET now = life WHERE pick = 1")
                self.end("'expired'")
                count += found
            if found := self.pick(over):
                self.run("UPDATE runs SET now = due WHERE pick = 1")
                count += found
                if node["do"] == "send":
                    self._give_up(program, name, node)
                elif node["do"] in ("task", "webhook"):
                    self.go(program, "else", node["else"])
                else:
                    self.go(program, "next", node["next"])
        return count

    def _held(self, program: Program) -> int:
        held = f"version = {program.id} AND state = 'held'"
        count = 0
        if found := self.pick(f"{held} AND due <= :at AND due >= life"):
            self.run("UPDATE runs SET now = life WHERE pick = 1")
            self.end("'expired'")
            count += found
        found = self.run(f"UPDATE runs SET now = due, due = NULL, state = 'entered' WHERE {held} AND due <= :at")
        if found:
            self.begin(program, f"version = {program.id} AND state = 'entered'")
        return count + found

    def _give_up(self, program: Program, name: str, node: Mapping[str, Any]) -> None:
        confirmed = ", ".join(str(place) for place, hop in enumerate(node["chain"]) if "accept_within" in hop) or "-1"
        mine = "send_id IN (SELECT action_key(run_id, :name, visit, hop) FROM runs WHERE pick = 1)"
        fails = f"state IN ('CLAIMED', 'TASK') AND hop IN ({confirmed})"
        for state, reason, which in (
            ("CANCELLED", "expired", "state IN ('QUEUED', 'DEFERRED', 'RETRY')"), ("FAILED", "staff_timeout", fails),
            ("UNKNOWN", "unknown", "told = 0"),
        ):  # fmt: skip
            self.run(
                f"UPDATE sends SET told = 1, state = '{state}', reason = '{reason}' "
                f"WHERE told = 0 AND {which} AND {mine}", name=name,
            )  # fmt: skip
        self.run(
            "UPDATE runs AS r SET why = (SELECT s.reason FROM sends s "
            "WHERE s.send_id = action_key(r.run_id, :name, r.visit, r.hop)) WHERE pick = 1", name=name,
        )  # fmt: skip
        self._after_hop(program, name, node)

    # ----------------------------------------------------------------------------------------------------- outcomes

    def outcomes(self) -> None:
        """What became of messages and actions lets the runs that wait for it go on."""
        for program in self.programs:
            for name, node in program.body["nodes"].items():
                here = f"r.version = {program.id} AND r.node = {program.numbers[name]} AND r.state = 'wait_outcome'"
                if node["do"] == "send":
                    self._told(program, name, node, f"{here} AND r.hop = t.hop AND o.what = 'send' AND t.told = 0")
                elif node["do"] in _KINDS:
                    for done in (1, 0):
                        self._acted(program, node, f"{here} AND o.what <> 'send' AND (o.state = 'done') = {done}", done)
        self.run("UPDATE sends SET told = 1 WHERE send_id IN (SELECT key FROM outcomes WHERE what = 'send')")

    def _concluded(self, table: str, where: str) -> str:
        """Pick the runs of which something is told. Returns SQL of what, with a place for the column."""
        asked = f"FROM outcomes o JOIN {table} t ON t.{'send_id' if table == 'sends' else 'key'} = o.key "
        asked += f"JOIN runs r ON r.run_id = t.run_id WHERE r.node = t.node AND r.visit = t.visit AND {where}"
        self.pick(f"run_id IN (SELECT r.run_id {asked})")
        said = f"(SELECT {{}} {asked} AND r.run_id = runs.run_id)"
        self.run(f"UPDATE runs SET now = max({said.format('o.at')}, arrived) WHERE pick = 1")
        return said

    def _told(self, program: Program, name: str, node: Mapping[str, Any], where: str) -> None:
        said = self._concluded("sends", where)
        why = f"CASE WHEN o.state IN {REACHED} THEN NULL WHEN o.state = 'UNKNOWN' THEN 'unknown' ELSE o.reason END"
        self.run(f"UPDATE runs SET why = {said.format(why)} WHERE pick = 1")
        self._after_hop(program, name, node)

    def _acted(self, program: Program, node: Mapping[str, Any], where: str, done: int) -> None:
        said = self._concluded("actions", where)
        if done or "else" not in node:
            self.run(f"UPDATE runs SET vars = json_patch(vars, {said.format('o.saved')}) WHERE pick = 1")
            self.go(program, "next", node["next"])
        else:
            self.go(program, "else", node["else"])

    def _after_hop(self, program: Program, name: str, node: Mapping[str, Any]) -> None:
        """The picked runs' hop came to its end; `why` is its reason, null where it was taken."""
        self.note("'hop'")
        self.run("UPDATE runs SET state = 'concluded' WHERE pick = 1")
        here = f"version = {program.id} AND node = {program.numbers[name]} AND state = 'concluded'"
        for hop, said in enumerate(node["chain"]):
            listed = f"why IN ({', '.join(map(self.params.of, said.get('next_on', ()))) or 'NULL'})"
            at_hop = f"{here} AND hop = {hop}"
            if self.pick(f"{at_hop} AND (why IS NULL OR (why = 'unknown' AND NOT coalesce({listed}, 0)))"):
                self.go(program, "next", node["next"])
            more = hop + 1 < len(node["chain"])
            if more and self.pick(f"{at_hop} AND {listed}"):
                self.run("UPDATE runs SET hop = hop + 1, state = 'to_send' WHERE pick = 1")
                self._hop(program, name, node, hop + 1)
            if self.pick(at_hop):
                self.go(program, "else", node["else"])

    # -------------------------------------------------------------------------------------------------------- nodes

    def wave(self, program: Program) -> int:
        """Everybody who is ready, node by node. Returns how many there were."""
        count = 0
        for name in program.order:
            here = f"version = {program.id} AND node = {program.numbers[name]} AND state = 'ready'"
            count += self.one(f"SELECT count(*) FROM runs WHERE {here}")
            if self.pick(here):
                getattr(self, "_" + program.body["nodes"][name]["do"])(program, name, program.body["nodes"][name], here)
        return count

    def _end(self, program: Program, name: str, node: Mapping[str, Any], here: str) -> None:
        del program, name, here
        self.end(self.params.of(node["as"]))

    def _wait(self, program: Program, name: str, node: Mapping[str, Any], here: str) -> None:
        del here
        parsed = program.plain.journey.nodes[name]
        assert isinstance(parsed, Wait)
        if "time" in node:
            days = ",".join(node.get("weekdays", ()))
            due = f"wall_time(now, '{node['time']}', '{days}', {self.zone_of()}, '{program.zone}')"
        elif isinstance(span := parsed.for_, LocalDays):
            clock = "NULL" if span.at is None else f"'{span.at}'"
            due = f"days_later(now, {span.days}, {clock}, {self.zone_of()}, '{program.zone}')"
        else:
            due = program.later("now", node["for"])
        state = "wait_event" if "until" in node else "wait_time"
        self.run(f"UPDATE runs AS r SET state = '{state}', due = min({due}, life) WHERE pick = 1")

    def _branch(self, program: Program, name: str, node: Mapping[str, Any], here: str) -> None:
        del name
        for number, case in enumerate(node["cases"]):
            if self.pick(f"{here} AND {holding(case['when'], self.params)}"):
                self.run("UPDATE runs SET why = 'gone' WHERE pick = 1")
                self.go(program, f"cases[{number}]", case["next"])
        if self.pick(here):
            self.go(program, "else", node["else"])

    def _split(self, program: Program, name: str, node: Mapping[str, Any], here: str) -> None:
        total, end = sum(arm["weight"] for arm in node["arms"]), 0
        salt = node.get("salt") or f"{program.name}.{name}"
        for number, arm in enumerate(node["arms"]):
            end += arm["weight"]
            if self.pick(f"{here} AND bucket(:salt, customer) * {total} < {end} * 10000", salt=salt):
                self.go(program, f"arms[{number}]", arm["next"])

    def _issue_coupon(self, program: Program, name: str, node: Mapping[str, Any], here: str) -> None:
        if "guard" in node and self.pick(f"{here} AND NOT {holding(node['guard'], self.params)}"):
            self.go(program, "else", node["else"])
        code = "stock(:batch, action_key(run_id, :name, visit, 0), customer)"
        if self.pick(f"{here} AND {code} IS NOT NULL", batch=node["batch"], name=name):
            self.run(
                f"UPDATE runs SET vars = json_set(vars, :path, {code}) WHERE pick = 1",
                path=f'$."{node["save"]}"', batch=node["batch"], name=name,
            )  # fmt: skip
            self.go(program, "next", node["next"])
        if self.pick(here):
            self.go(program, "else", node["else"])

    def _repeat(self, program: Program, name: str, node: Mapping[str, Any], here: str) -> None:
        done = f"coalesce(json_extract(back, '$.\"{name}\"'), 0)"
        again = f"{done} < {node['max']}" + (f" AND {holding(node['while'], self.params)}" if "while" in node else "")
        self.run(f"UPDATE runs AS r SET why = CASE WHEN {again} THEN 'back' END WHERE {here}")
        if self.pick(f"{here} AND why IS NULL"):
            self.run("UPDATE runs SET back = json_remove(back, :path) WHERE pick = 1", path=f'$."{name}"')
            self.go(program, "next", node["next"])
        if self.pick(f"{here} AND why = 'back'"):
            self.run(f"UPDATE runs SET back = json_set(back, :path, {done} + 1) WHERE pick = 1", path=f'$."{name}"')
            self.note("'back'")
            self.run("UPDATE runs SET visit = visit + 1 WHERE pick = 1")
            self.arrive(program, node["back"])

    def _act(self, program: Program, name: str, node: Mapping[str, Any], lasts: int) -> None:
        del program
        self.run(
            "INSERT INTO actions (key, run_id, node, visit, kind, created, said) SELECT "
            "action_key(run_id, :name, visit, 0), run_id, node, visit, :kind, now, :said FROM runs WHERE pick = 1",
            name=name, kind=_KINDS[node["do"]], said=self.json(node.get("save") or node.get("set") or {}),
        )  # fmt: skip
        self.run(f"UPDATE runs SET state = 'wait_outcome', due = min(max(now, :at) + {lasts}, life) WHERE pick = 1")

    def _task(self, program: Program, name: str, node: Mapping[str, Any], here: str) -> None:
        del here
        self._act(program, name, node, micros(node["within"]))

    def _set_profile(self, program: Program, name: str, node: Mapping[str, Any], here: str) -> None:
        del here
        self._act(program, name, node, WRITTEN)

    def _webhook(self, program: Program, name: str, node: Mapping[str, Any], here: str) -> None:
        del here
        self._act(program, name, node, ANSWERED)

    # --------------------------------------------------------------------------------------------------------- sends

    def _send(self, program: Program, name: str, node: Mapping[str, Any], here: str) -> None:
        self.run(f"UPDATE runs SET hop = 0, state = 'to_send' WHERE {here}")
        guard = (
            f"CASE WHEN {holding(node['guard'], self.params)} THEN NULL ELSE 'guard_false' END"
            if "guard" in node
            else "NULL"
        )
        self._hop(program, name, node, 0, guard)

    def _hop(self, program: Program, name: str, node: Mapping[str, Any], hop: int, guard: str = "NULL") -> None:
        """Plan a hop for those that are to send, and ask the gate: expiry, control, address, suppression, consent."""
        said, here = (
            node["chain"][hop],
            f"version = {program.id} AND node = {program.numbers[name]} AND state = 'to_send'",
        )
        lasts = node.get("expire_after") or program.body["policy"]["expire_after"]
        category = node.get("category") or program.body["policy"]["category"]
        control = (
            f"bucket(:salt, r.customer) < {round(CONTROL.fraction * 10_000)}" if category in CONTROL.categories else "0"
        )
        expires = program.later("r.now", lasts)
        reason = (
            f"coalesce({guard}, CASE WHEN {expires} <= :at THEN 'expired' WHEN {control} THEN 'control' END, "
            "missing(r.customer, :channel), suppressed(r.customer, :channel), "
            "CASE WHEN NOT consented(r.customer, :channel) THEN 'no_consent' END)"
        )
        self.run(
            "INSERT INTO sends (send_id, run_id, version, journey, customer, node, visit, hop, channel, category, "
            f"planned, expires, reason) SELECT action_key(r.run_id, :name, r.visit, {hop}), r.run_id, r.version, "
            f":journey, r.customer, r.node, r.visit, {hop}, :channel, :category, r.now, {expires}, {reason} "
            f"FROM runs r WHERE {here}",
            name=name, journey=program.name, channel=said["channel"], category=category, salt=CONTROL.salt,
        )  # fmt: skip
        new = f"state IS NULL AND version = {program.id} AND node = {program.numbers[name]}"
        self.run(
            "UPDATE sends SET state = CASE WHEN reason IS NULL THEN 'QUEUED' ELSE 'SUPPRESSED' END, "
            f"told = reason IS NOT NULL, due = CASE WHEN reason IS NULL THEN :at END WHERE {new}"
        )
        mine = "(SELECT {} FROM sends s WHERE s.send_id = action_key(r.run_id, :name, r.visit, r.hop))"
        self.run(f"UPDATE runs AS r SET why = {mine.format('s.reason')} WHERE {here}", name=name)
        if self.pick(f"{here} AND why IS NULL"):
            self.note("'hop'")
            within = (
                f"max(now, :at) + {micros(said['accept_within'])}"
                if "accept_within" in said
                else f"{program.later('now', lasts)} + {DAY}"
            )
            self.run(f"UPDATE runs SET state = 'wait_outcome', due = min({within}, life) WHERE pick = 1")
        if self.pick(here):
            self._after_hop(program, name, node)
