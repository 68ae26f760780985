"""Kills a worker, and the people who rule beside it, between statements, and looks what is left. A process of its own,
since it forks.

There are four acts: the tick takes up links, names, consent and rulings; people merge, keep apart, split, block and
take back; rules are published; a model is learned, and what it proposes is judged. In each a child is killed before the
n-th statement of state or pool and another one goes on, which may be killed as well; what is left in the end is what is
left when nobody is killed. Who was told that something is done does not do it again; who was not told, tries again.

python -m tests.tick.killing FOLDER SEED ACT=STORIES ...: so many stories of each act; without a number, one for each
place.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import pickle
import random
import shutil
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, select
from tests.tick.conftest import START, World, make_world
from tests.tick.test_identity import bought, known, side

from onepool.clock import FakeClock
from onepool.demo.people import Plan
from onepool.demo.people.make import make_people
from onepool.identity import decisions
from onepool.identity.decisions import Decided, Side
from onepool.pool.duckdb import DuckDBSession
from onepool.state.schema import candidates
from onepool.tick import Desk
from onepool.verify import verify
from onepool.workspace import open_workspace

PEOPLE = 60
"""In the act of judging: few, so that learning costs little."""
AGAIN = 0.4
"""How often the one who goes on is killed too."""
DONE = "done"
"""A file beside the workspace: how many deeds were acknowledged."""
STATE = {
    "identifiers": "id, type, scope, value, base, generation, valid_from, witness",
    "links": "id, a, b, rule, touchpoint, first_time, last_time, count, trust, status, reason",
    "decisions": "id, kind, a, b, payload, author, undoes",
    "consents": "*",
    "candidates": "a, b, status",
    "customer_changes": "kind, customer_id, other_id",
}
POOL = {
    "customers": "SELECT identifier_id, customer_id FROM customer_of",
    "orders": "SELECT order_id, c.customer_id FROM orders o JOIN customer_of c USING (identifier_id)",
    "events": "SELECT event_id, c.customer_id FROM events e JOIN customer_of c USING (identifier_id)",
}
Left = dict[str, list[tuple[Any, ...]]]
Deed = Callable[[World], object]


# ---------------------------------------------------------------------------------------------------------- the acts


def six_people(root: Path) -> None:
    """Six people with orders, whom the tick knows; then what it has to take up next."""
    world = make_world(root)
    users = ("anna", "bert", "cora", "dora", "emil", "fred")
    world.send(*(bought(user, f"{user}-1") for user in users))
    world.send(known("emil", phone="13916234871", name="王小明"), known("fred", phone="13916234872"))
    world.settle()
    one = {user: side(world, user) for user in users}
    state, clock = world.workspace.state, world.clock
    decisions.merge(state, clock, one["anna"], one["bert"], author="test")
    decisions.never(state, clock, one["cora"], one["dora"], author="test")
    split(one["emil"].identifiers[:1], one["emil"].identifiers[1:], world)
    world.send(
        known("cora", phone="13916234873", name="李雷"),
        known("dora", phone="13916234873"),
        known("anna", phone="13916234874"),
        {"event": "consent_granted", "userId": "fred", "properties": {"purpose": "identity"}},
        bought("gina", "gina-1"),
        bought("anna", "anna-2"),
    )
    world.close()


def split(part: Sequence[int], rest: Sequence[int], world: World) -> None:
    pairs = [(min(a, b), max(a, b)) for a in part for b in rest]
    sides = Side(part[0], tuple(part)), Side(rest[0], tuple(rest))
    decisions.split(world.workspace.state, world.clock, *sides, pairs, author="test")


def tick(world: World) -> None:
    world.drain()


def ruled(ruling: Callable[[World], object]) -> Deed:
    """A ruling whose author, where nobody said that it is made, makes it again, and hears that it is."""

    def deed(world: World) -> None:
        with contextlib.suppress(Decided):
            ruling(world)

    return deed


def merging(one: str, other: str) -> Deed:
    def merge(world: World) -> None:
        sides = side(world, one), side(world, other)
        decisions.merge(world.workspace.state, world.clock, *sides, author="ann", reason="one person")

    return ruled(merge)


def parting(one: str, other: str) -> Deed:
    def never(world: World) -> None:
        decisions.never(world.workspace.state, world.clock, side(world, one), side(world, other), author="bob")

    return ruled(never)


def taking_out(user: str) -> Deed:
    def take(world: World) -> None:
        whole = side(world, user).identifiers
        split(whole[:1], whole[1:], world)

    return ruled(take)


def blocking(user: str) -> Deed:
    return ruled(
        lambda world: decisions.block(
            world.workspace.state, world.clock, side(world, user).identifiers[0], author="bob"
        )
    )


def taking_back(number: int) -> Deed:
    return ruled(lambda world: decisions.undo(world.workspace.state, world.clock, number, author="ann"))


def publishing(**rules: Any) -> Deed:
    return lambda world: world.define("identity", "rules", **rules)


def unclear_people(root: Path) -> None:
    """Generated people, of whom some are there twice; the tick knows them."""
    made = make_people(root.with_name(f"{root.name}-made"), Plan(people=PEOPLE, seed=4), FakeClock(START))
    shutil.move(made.root, root)
    with contextlib.closing(World(root, FakeClock(START), open_workspace(root, FakeClock(START)))) as world:
        world.drain()


def learn(world: World) -> None:
    assert Desk(world.workspace, world.worker).match().problem is None


def judging(number: int, ruling: str) -> Deed:
    """Answer one of the proposals, of which a run after a kill finds the same."""

    def judge(world: World) -> None:
        state = world.workspace.state
        with state.read() as connection:
            proposed = connection.execute(select(candidates).order_by(candidates.c.a, candidates.c.b)).all()[number]
        sides = []
        for end in (proposed.a, proposed.b):
            customer = world.value("SELECT customer_id FROM customer_of WHERE identifier_id = $i", i=end)
            rows = world.rows("SELECT identifier_id FROM customer_of WHERE customer_id = $c ORDER BY 1", c=customer)
            sides.append(Side(customer, tuple(row["identifier_id"] for row in rows)))
        rule = decisions.merge if ruling == "merge" else decisions.never
        rule(state, world.clock, *sides, author="ann", candidate=proposed.id)

    return ruled(judge)


@dataclass(frozen=True)
class Act:
    """What is there in the beginning (where the act before ends, if nothing is said) and what is done then."""

    deeds: Sequence[Deed]
    begin: Callable[[Path], None] | None = None


ACTS = {
    "tick": Act([tick], six_people),
    "rulings": Act(
        [
            *(merging("fred", "gina"), tick, parting("anna", "cora"), tick, merging("dora", "emil"), tick),
            *(taking_back(4), taking_out("dora"), tick, blocking("cora"), taking_back(1), tick),
        ]
    ),
    "rules": Act(
        [
            *(publishing(types={"phone": {"max_customers": 1}}, contacts="proved"), tick),
            *(publishing(types={"phone": {"class": "weak"}}, names="ignore"), tick, publishing(), tick),
        ]
    ),
    "judging": Act(
        [learn, judging(0, "merge"), tick, judging(1, "never"), tick, taking_back(1), tick, learn, tick],
        unclear_people,
    ),
}


# ------------------------------------------------------------------------------------------------------ lives and ends


def life(root: Path, act: Act, fatal: int) -> tuple[int, Left] | None:
    """A child's life, which ends before statement number `fatal` (0: never). Returns how many statements there were
    and what is left, None if it was killed."""
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(told)
            found = pickle.dumps(live(root, act, fatal))
            with os.fdopen(tell, "wb") as writer:
                writer.write(found)
            status = 0
        except BaseException:  # noqa: BLE001 told, and then the process ends here
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    os.close(tell)
    with os.fdopen(told, "rb") as reader:
        said = reader.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return None
    assert os.waitstatus_to_exitcode(status) == 0
    found: tuple[int, Left] = pickle.loads(said)
    return found


def live(root: Path, act: Act, fatal: int) -> tuple[int, Left]:
    """Do what nobody acknowledged yet."""
    count, armed = 0, True

    def strike(*_: Any) -> None:
        nonlocal count
        count += armed
        if armed and count == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def struck(deed: Callable[..., Any]) -> Callable[..., Any]:
        def done(*arguments: Any, **more: Any) -> Any:
            strike()
            return deed(*arguments, **more)

        return done

    event.listen(Engine, "before_cursor_execute", strike)
    event.listen(Engine, "commit", strike)
    for name in ("query", "execute", "append"):
        setattr(DuckDBSession, name, struck(getattr(DuckDBSession, name)))
    clock = FakeClock(START + timedelta(hours=1))
    world = World(root, clock, open_workspace(root, clock))
    acknowledged = root / DONE
    done = len(acknowledged.read_text()) if acknowledged.exists() else 0
    for deed in act.deeds[done:]:
        deed(world)
        with acknowledged.open("a") as file:
            file.write("x")
    armed = False
    found = left(world)
    world.close()
    return count, found


def left(world: World) -> Left:
    """What the stores say."""
    found = {name: sorted(tuple(row.values()) for row in world.rows(sql)) for name, sql in POOL.items()}
    with contextlib.closing(sqlite3.connect(world.root / "data" / "state.sqlite")) as connection:
        for name, columns in STATE.items():
            found[name] = sorted(connection.execute(f"SELECT {columns} FROM {name}"), key=repr)
    rules = world.workspace.definitions.get("identity", "rules")
    found["rules"] = [(json.dumps(rules.body, sort_keys=True) if rules else "",)]
    return found


@dataclass
class Told:
    """What came of it. `places`: statements of each act when nobody is killed."""

    seed: int
    places: dict[str, int] = field(default_factory=dict)
    kills: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class Stage:
    """A folder in which acts are played."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.root = folder, folder / "ws"
        self.told = Told(seed)
        self.chance = random.Random(seed)

    def play(self, name: str, stories: int) -> None:
        """Stories of one act: as many, in which the places are drawn; 0: one for each place, there killed once."""
        act, template = ACTS[name], self.folder / name
        self._begin(name)
        self._set(template)
        first = life(self.root, act, 0)
        assert first is not None
        places, wanted = first
        assert self._verified() == []
        shutil.copytree(self.root, self.folder / f"{name}-end")
        self.told.places[name], self.told.kills[name] = places, 0
        for number in range(stories or places):
            fatal = [self.chance.randint(1, places) if stories else number + 1]
            while stories and self.chance.random() < AGAIN:
                fatal.append(self.chance.randint(1, places))
            self._set(template)
            found = None
            for place in (*fatal, 0):
                found = life(self.root, act, place)
                if found is not None:
                    break
                self.told.kills[name] += 1
            if found is None or found[1] != wanted:
                differing = [] if found is None else [key for key in wanted if wanted[key] != found[1][key]]
                self.told.faults.append(f"{name}, killed before {fatal}: {differing}")

    def _begin(self, name: str) -> None:
        template = self.folder / name
        begin = ACTS[name].begin
        if begin is not None:
            begin(template)
            return
        before = list(ACTS)[list(ACTS).index(name) - 1]
        end = self.folder / f"{before}-end"
        if not end.exists():
            self._begin(before)
            self._set(self.folder / before)
            assert life(self.root, ACTS[before], 0) is not None
            shutil.copytree(self.root, end)
        shutil.copytree(end, template)
        (template / DONE).unlink()

    def _set(self, template: Path) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(template, self.root)

    def _verified(self) -> list[str]:
        with contextlib.closing(open_workspace(self.root, FakeClock(START + timedelta(hours=1)))) as workspace:
            return [one.check for one in verify(workspace) if one.difference]


def main(folder: Path, seed: int, acts: Sequence[str]) -> None:
    """Prints, after each act, how many places and kills there were, and after which kills something else was left."""
    stage = Stage(folder, seed)
    gc.freeze()
    for name, _, stories in (one.partition("=") for one in acts):
        stage.play(name, int(stories or 0))
        print(json.dumps(vars(stage.told)), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
