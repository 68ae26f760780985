"""Kills with SIGKILL before the n-th SQL statement of the state, again and again, and then looks at what is left.

A warm process forks each child, so that a life costs what it does and not what it imports. A child lets the tick and
the senders do what is due at one virtual instant after the other, and is killed somewhere; the next one goes on at
that instant. The platform is a file beside the workspace: every call is a line, written before it is answered.
Virtual time stands still while a process is dead.

There are two kinds of stories. In a *whole* one each child is a worker that takes in the log too. In a *light* one all
events are in the pool before, which the process that forks holds open for reading; children have journeys and senders
only, so a life costs a tenth.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import event
from sqlalchemy.engine import Engine
from tests.reach.outbox import Outbox, make

from onepool.audience.conditions.names import Context
from onepool.channels.base import Account, Message, Receipt
from onepool.clock import FakeClock, from_micros, to_micros
from onepool.journeys import store
from onepool.journeys.guarding import JourneyGuard
from onepool.journeys.known import load_known
from onepool.pool import DuckDBEngine
from onepool.reach.senders import Senders
from onepool.state import State
from onepool.tick import Worker
from onepool.tick.journeying import Journeying
from onepool.workspace import Workspace, open_workspace

CALLS = "platform.jsonl"
PROGRESS = "instant"
PEOPLE = 10
START = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""Noon in Shanghai."""
INSTANTS = (0, 2, 12, 35, 90, 200, 420, 600, 720, 1290, 1300, 1500, 1900, 2200, 2800, 2900, 4400)
"""Minutes after the start at which something is done."""

FATAL = (20, 60, 240)
"""Children die before one of their first so many statements: what comes after a restart is tried most, and some live
long enough for the longest transaction to be gone through."""

QUIET = ("22:00", "09:00")
JOURNEY: dict[str, Any] = {
    "journey": "recall",
    "zone": {"default": "Asia/Shanghai"},
    "entry": {
        "did": "cart_added",
        "hold": {"for": "10 minutes", "unless": {"did": "order_paid"}},
        "key": "$trigger.cart_id",
        "reentry": {"when": "always", "parallel": 2},
    },
    "policy": {
        "category": "promotion",
        "quiet": {"from": QUIET[0], "to": QUIET[1], "on_hit": "defer"},
        "caps": [{"count": 1, "per": "local_day", "scope": "category", "on_hit": "defer"}],
        "expire_after": "40 hours",
    },
    "goal": {"did": "order_paid"},
    "max_life": "7 days",
    "start": "first",
    "nodes": {
        "first": {
            "do": "send", "message": "hello", "next": "rest", "else": "rest",
            "chain": [
                {
                    "channel": "wechat_oa", "kind": "template", "unknown": "resend",
                    "next_on": ["not_follower", "refused", "bad_address", "unknown"],
                },
                {"channel": "sms", "kind": "marketing", "unknown": "drop"},
            ],
        },
        "rest": {"do": "wait", "for": "3 hours", "next": "arm"},
        "arm": {
            "do": "split", "salt": "x",
            "arms": [{"name": "a", "weight": 3, "next": "again"}, {"name": "b", "weight": 1, "next": "done"}],
        },
        "again": {
            "do": "send", "message": "hello", "next": "done", "else": "lost",
            "guard": {"did_not": "order_paid", "since": "entry"},
            "chain": [{"channel": "sms", "kind": "marketing", "unknown": "drop"}],
        },
        "done": {"do": "end", "as": "completed"},
        "lost": {"do": "end", "as": "unreachable"},
    },
}  # fmt: skip


@dataclass
class File:
    """The platform: what it was asked to send, line by line. The same key again is answered as before."""

    path: Path
    clock: FakeClock

    def of(self, account: Account) -> _Line:
        return _Line(self, account.touchpoint)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class _Line:
    file: File
    touchpoint: str

    def send(self, message: Message) -> Receipt:
        receipt = _answer(message)
        said = {"key": message.key, "at": to_micros(self.file.clock.now()), "over": self.touchpoint,
                "to": dict(message.to), "state": receipt.state}  # fmt: skip
        line = (json.dumps(said) + "\n").encode()
        handle = os.open(self.file.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)
        return receipt

    def ask(self, message: Message, number: str) -> Receipt:
        return Receipt("task", provider_id=number)


def _answer(message: Message) -> Receipt:
    """By the key: mostly taken, sometimes refused for good."""
    place = int(str(message.key)[-4:], 16) % 10
    if place == 0:
        return Receipt("refused", "refused", code="43101")
    return Receipt("sent", provider_id=f"p{message.key}")


# --------------------------------------------------------------------------------------------------- the workspace


def prepare(root: Path, *, told: bool, state_url: str | None = None) -> None:
    """A workspace with people and a live journey. `told`: all that people do later is in the pool already."""
    made = make(root, state_url)
    made.clock.advance(START - timedelta(hours=1) - made.clock.now())
    for number in range(PEOPLE):
        ways = [("oa", "sms"), ("oa",), ("sms",)][number % 3]
        made.person(f"p{number}", *ways, consents=number % 7 != 5)
    made.settle()
    ws = made.workspace
    for number in range(len(INSTANTS) if told else 0):
        made.clock.advance(START + timedelta(minutes=INSTANTS[number]) - made.clock.now())
        happens(ws, made.clock, number)
        made.settle()
    made.clock.advance(START - timedelta(minutes=30) - made.clock.now())
    ws.definitions.save("journey", "recall", JOURNEY, author="somebody")
    store.publish(ws, made.clock, "recall", author="boss", may_approve=True)
    if not told:
        made.settle()
    made.close()


def happens(workspace: Workspace, clock: FakeClock, number: int) -> None:
    """What people do at an instant: told once, whoever is killed."""
    if number not in (1, 4, 7, 10):
        return
    made = Outbox(workspace, clock, None, _number=1000 * (number + 1))  # type: ignore[arg-type]
    for person in range(PEOPLE):
        mine = {"user_id": f"p{person}"}
        if number == 1 or (number == 7 and person % 2):
            made.event("shop", "cart_added", mine, cart_id=f"c{number}", product_id="P1")
        if number == 4 and person == 3:
            made.event("shop", "order_paid", mine, order_id="O1", amount=10)
        if number == 10 and person == 4:
            made.event("shop", "consent_withdrawn", mine, purpose="marketing")


@dataclass
class Held:
    """What the process that forks keeps for its children: an engine with compiled statements, an open pool."""

    state: State | None = None
    pool: DuckDBEngine | None = None
    context: Context | None = None


class _Nothing:
    """A log that keeps nothing: what platforms said reaches the tick of a light story by the state alone."""

    def append(self, records: Sequence[Any]) -> list[int]:
        return [0 for _ in records]


def child(root: Path, fatal: int, held: Held) -> None:
    """One life: from the instant that was reached to the last one, unless it ends before."""
    life = _light if held.pool is not None else _whole
    life(root, FakeClock(START), fatal, held)
    os._exit(0)


def warm(root: Path, held: Held) -> None:
    """Do everything once in this process and let go of it, so that children find it loaded and compiled."""
    life = _light if held.pool is not None else _whole
    ws, worker, senders = life(root, FakeClock(START), 0, held)
    held.state = ws.state
    senders.close()
    if isinstance(worker, Worker):
        worker.close()
    ws.close()


def _open(root: Path, clock: FakeClock, held: Held) -> Workspace:
    ws = open_workspace(root, clock)
    if held.state is not None:
        held.state.engine.dispose(close=False)
        ws.__dict__["state"] = held.state
    return ws


def _whole(root: Path, clock: FakeClock, fatal: int, held: Held) -> tuple[Workspace, Worker, Senders]:
    ws = _open(root, clock, held)
    _arm(fatal)
    worker: Worker | None = None
    senders: Senders | None = None
    number, told = _reached(root)
    while number < len(INSTANTS):
        clock.advance(START + timedelta(minutes=INSTANTS[number]) - clock.now())
        if not told:
            happens(ws, clock, number)
            _mark(root, number, told=True)
        worker = worker or Worker(ws)
        senders = senders or _senders(ws, worker, File(root / CALLS, clock))
        for _ in range(2):
            clock.advance(timedelta(seconds=1))
            worker.drain()
            senders.step()
        number, told = number + 1, False
        _mark(root, number, told=False)
    assert worker is not None and senders is not None
    return ws, worker, senders


def _light(root: Path, clock: FakeClock, fatal: int, held: Held) -> tuple[Workspace, Journeying, Senders]:
    assert held.pool is not None and held.context is not None
    ws = _open(root, clock, held)
    context, pool = held.context, held.pool
    offset = _offset(pool)
    guard = JourneyGuard(ws.state, lambda: context)
    place = SimpleNamespace(
        data=ws.data, state=ws.state, pool=pool, log=_Nothing(), clock=clock, sandbox=None, settings=ws.settings,
        definitions=ws.definitions, touchpoints=ws.touchpoints,
    )  # fmt: skip
    _arm(fatal)
    journeys = Journeying(ws, pool, lambda: context)
    journeys._folding.fold = lambda *, now: False  # type: ignore[method-assign]  # the pool is only read
    senders = Senders(place, guard=guard, connections=File(root / CALLS, clock), threads=1)  # type: ignore[arg-type]
    number, _ = _reached(root)
    while number < len(INSTANTS):
        clock.advance(START + timedelta(minutes=INSTANTS[number], seconds=-2) - clock.now())
        for _ in range(2):
            clock.advance(timedelta(seconds=2))
            while journeys.tick(offset):
                pass
            senders.step()
        number += 1
        _mark(root, number, told=False)
    return ws, journeys, senders


def _offset(pool: DuckDBEngine) -> int:
    return int(pool.query("SELECT value FROM meta WHERE key = 'log_offset'").column("value")[0].as_py())


def _reached(root: Path) -> tuple[int, bool]:
    """The instant that is to be lived through, and whether people did there what they do."""
    path = root / PROGRESS
    number, told = json.loads(path.read_text()) if path.exists() else (0, False)
    return number, told


def _senders(ws: Workspace, worker: Worker, platform: File) -> Senders:
    guard = JourneyGuard(ws.state, lambda: worker._live.catalog.context)
    return Senders(ws, guard=guard, connections=platform, threads=1)  # type: ignore[arg-type]


def _mark(root: Path, number: int, *, told: bool) -> None:
    part = root / f"{PROGRESS}.part"
    part.write_text(json.dumps([number, told]))
    part.replace(root / PROGRESS)


def _arm(fatal: int) -> None:
    """Die before the statement of that number (0: never). Commits count too."""
    if fatal == 0:
        return
    left = [fatal]

    def strike(*_: Any) -> None:
        left[0] -= 1
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", strike)
    event.listen(Engine, "commit", strike)


def fork(root: Path, fatal: int, held: Held) -> bool:
    """A life. Returns whether it came to the end."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            child(root, fatal, held)
            status = 0
        except BaseException:  # noqa: BLE001 told, and then the process ends here
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return False
    if os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError(f"a child ended with {status}")
    return True


@dataclass
class Tally:
    """Kills done, and what is wrong."""

    kills: int = 0
    calls: int = 0
    """Of the platform, when nobody is killed."""
    stories: int = 0
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0
    """Of the processor, of children too."""


def crash(folder: Path, kills: int, seed: int, *, light: bool, told: Callable[[Tally], None] | None = None) -> Tally:
    """Stories with kills until there were enough of them; each is looked at when it has come to its end, and `told`.

    `folder`: has a template. All stories happen in one and the same place.
    """
    chance = random.Random(seed)
    tally = Tally()
    template, root = folder / "template", folder / "ws"
    held = Held()
    if light:
        held.pool = DuckDBEngine(template / "data" / "pool.duckdb", "Asia/Shanghai", threads=1)
        held.context = _context(template)
    shutil.copytree(template, root)
    warm(root, held)
    entered = frozenset(run_ids(root))
    tally.faults += [f"without a kill: {fault}" for fault in faults(root)]
    tally.calls = len(calls(root))
    # Children share what is there already, instead of copying it when its rubbish is looked for.
    gc.collect()
    gc.freeze()
    while tally.kills < kills:
        shutil.rmtree(root)
        shutil.copytree(template, root)
        while not fork(root, chance.randint(1, chance.choice(FATAL)) if tally.kills < kills else 0, held):
            tally.kills += 1
        tally.stories += 1
        tally.faults += [f"story {tally.stories}: {fault}" for fault in faults(root, entered)]
        tally.seconds = round(sum(os.times()[:4]), 1)
        if told is not None:
            told(tally)
    gc.unfreeze()
    if held.pool is not None:
        held.pool.close()
    return tally


def _context(root: Path) -> Context:
    """What journeys may name in that workspace."""
    ws = open_workspace(root, FakeClock(START))
    names = load_known(ws).names
    context = Context(names, ws.settings.time_zone, ws.settings.currency)
    ws.close()
    return context


# ------------------------------------------------------------------------------------------------------ what is left


def faults(root: Path, entered: frozenset[int] | None = None) -> list[str]:
    """Everything that must not be. `entered`: the runs that there are when nobody is killed."""
    return list(_faults(root, entered))


def run_ids(root: Path) -> list[int]:
    with contextlib.closing(sqlite3.connect(root / "data" / "state.sqlite")) as connection:
        return [row[0] for row in connection.execute("SELECT run_id FROM runs")]


def calls(root: Path) -> list[dict[str, Any]]:
    path = root / CALLS
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _faults(root: Path, entered: frozenset[int] | None) -> Iterator[str]:
    zone = ZoneInfo("Asia/Shanghai")
    made = calls(root)
    connection = sqlite3.connect(root / "data" / "state.sqlite")
    connection.row_factory = sqlite3.Row
    sends = {f"{row['send_id']:016x}": row for row in connection.execute("SELECT * FROM sends")}
    runs = list(connection.execute("SELECT * FROM runs"))
    by_key: dict[str, list[dict[str, Any]]] = {}
    for one in made:
        by_key.setdefault(one["key"], []).append(one)
    for key, some in by_key.items():
        row = sends.get(key)
        if row is None:
            yield f"{key} was sent and nobody planned it"
        elif row["channel"] == "sms" and len(some) > 1:
            yield f"{key} was called {len(some)} times over a channel that can't tell doubles"
        if len({json.dumps(one["to"]) for one in some}) > 1:
            yield f"{key} went to two addresses"
    days: dict[tuple[int, Any], set[str]] = {}
    for key, some in by_key.items():
        for one in some:
            moment = from_micros(one["at"]).astimezone(zone)
            if moment.strftime("%H:%M") >= QUIET[0] or moment.strftime("%H:%M") < QUIET[1]:
                yield f"{key} went out at {moment:%H:%M}"
            if key in sends and one["state"] == "sent":
                days.setdefault((sends[key]["customer_id"], moment.date()), set()).add(key)
    yield from (f"{who} got {len(keys)} on {day}" for (who, day), keys in days.items() if len(keys) > 1)
    found = {row["run_id"] for row in runs}
    if entered is not None and found != entered:
        yield f"of those who entered {len(entered - found)} are missing, {len(found - entered)} are too many"
    for row in runs:
        if row["ended"] is None and row["due"] is None:
            yield f"run {row['run_id']} waits for nothing"
        if row["ended"] is None:
            yield f"run {row['run_id']} at {row['node']} is not at its end: state {row['state']} reason {row['reason']}"
    for row in sends.values():
        if row["state"] >= 20 and row["reason"] is None:
            yield f"send {row['send_id']} has no reason"
    connection.close()


def main() -> None:
    """`crashing.py KILLS SEED light|whole`: prints the tally as a line of JSON after every story."""
    kills, seed, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    os.environ["S"] = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
    # Memory outlives a kill as a disk does, and syncing it costs nothing.
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=shared) as place:
        folder = Path(place)
        pid = os.fork()
        if pid == 0:
            prepare(folder / "template", told=kind == "light")
            os._exit(0)
        if os.waitpid(pid, 0)[1] != 0:
            raise RuntimeError("the workspace could not be made")
        crash(
            folder, kills, seed, light=kind == "light", told=lambda tally: print(json.dumps(asdict(tally)), flush=True)
        )


if __name__ == "__main__":
    main()
