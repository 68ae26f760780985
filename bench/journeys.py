"""Journeys at size: a one-off to everybody, millions of customers waiting, a million timers in one minute.

    script/bench journeys [--customers 1000000] [--waiting 10000000] [--timers 1000000] [--workflows 2000]
                          [--only one_off waiting] [--kept FOLDER]

The same work as in the server (steps of the executor with the pool and the state on disk, fsync on). Beside it in the
same run, at the size it can do: a durable workflow for each customer (DBOS on SQLite), with one step before and one
after a wait, which is what one customer costs there.

`wall` is the clock's time, `cpu` the process's, `own` that of the thread that takes the steps (what it hands to others
runs beside it where there is a second processor), `written` megabytes handed to the system. `--kept`: workspaces are
prepared there once, and copied for each run; `--only`: parts, without the workflows.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from onepool.audience.catalog import load_catalog  # noqa: E402
from onepool.clock import FakeClock, to_micros  # noqa: E402
from onepool.journeys import store  # noqa: E402
from onepool.journeys.states import RunState  # noqa: E402
from onepool.journeys.world.watch import conserved  # noqa: E402
from onepool.state.bulk import insert_alike  # noqa: E402
from onepool.state.journeys import DUE_SLOT, SLOT, runs  # noqa: E402
from onepool.tick import marks  # noqa: E402
from onepool.tick.journeying import Journeying  # noqa: E402
from onepool.workspace import Workspace, init_workspace, open_workspace  # noqa: E402

START = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
MINUTE, DAY = 60_000_000, 86_400_000_000
PLAN_SECONDS, DRAIN_SECONDS, RESTART_SECONDS, P99_MILLISECONDS, MEGABYTES = 10, 15, 15, 50, 600

ONE_OFF: dict[str, Any] = {
    "journey": "everybody",
    "entry": {"one_off": {}},
    "policy": {"category": "transactional", "expire_after": "1 day"},
    "max_life": "7 days",
    "start": "send",
    "nodes": {
        "send": {"do": "send", "message": "hello", "chain": [{"channel": "sms"}], "next": "done", "else": "lost"},
        "done": {"do": "end", "as": "completed"},
        "lost": {"do": "end", "as": "unreachable"},
    },
}
WAITING: dict[str, Any] = {
    "journey": "patience",
    "entry": {"api": True},
    "goal": {"did": "order_paid"},
    "max_life": "300 days",
    "start": "first",
    "nodes": {
        "first": {"do": "wait", "for": "3 days", "next": "second"},
        "second": {"do": "wait", "for": "30 days", "next": "done"},
        "done": {"do": "end", "as": "completed"},
    },
}
MESSAGE = {
    "message": "hello",
    "title": "Hello",
    "category": "transactional",
    "contents": [{"channel": "sms", "kind": "notice", "content": {"text": "hello"}}],
}


def workspace_in(folder: Path, journey: dict[str, Any], customers: int) -> None:
    """A workspace with a published journey and so many customers, each known by a phone number."""
    workspace = init_workspace(folder, clock=FakeClock(START))
    workspace.save("touchpoint", "sms", {"touchpoint": "sms", "channel": "sms", "title": "sms"}, author="bench")
    workspace.definitions.save("message", "hello", MESSAGE, author="bench")
    workspace.definitions.save("journey", journey["journey"], journey, author="bench")
    pool = workspace.pool
    with pool.write() as session:  # type: ignore[attr-defined]
        marks.make(session)
        params = {"n": customers, "at": START - timedelta(days=30)}
        session.execute("INSERT INTO customer_of SELECT range, range FROM range(1, $n + 1)", {"n": customers})
        session.execute(
            """INSERT INTO identifiers BY NAME SELECT range AS identifier_id, 'phone' AS type, '' AS scope,
            '+86' || (13000000000 + range)::VARCHAR AS value, $at AS first_seen, $at AS last_seen, 0 AS generation
            FROM range(1, $n + 1)""",
            params,
        )
        session.execute(
            """INSERT INTO profiles BY NAME SELECT range AS customer_id, $at AS first_seen, $at AS last_seen
            FROM range(1, $n + 1)""",
            params,
        )
    store.publish(workspace, workspace.clock, journey["journey"], author="bench", may_approve=True)
    workspace.close()


def fill(folder: Path, waiting: int, timers: int) -> None:
    """So many runs that wait, `timers` of them for the same minute, the others over the next weeks."""
    workspace = open_workspace(folder, FakeClock(START))
    rng = np.random.default_rng(7)
    with workspace.state.read() as connection:
        version = store.states(connection)["patience"].version_id
    ids = np.unique(rng.integers(1, 2**62, waiting + waiting // 100, dtype=np.int64))[:waiting]
    due = to_micros(START) + 2 * DAY + rng.integers(0, 28 * DAY, waiting)
    due[rng.permutation(waiting)[:timers]] = to_micros(START) + 10 * MINUTE + rng.integers(0, MINUTE, timers)
    customers = rng.integers(1, max(waiting // 2, 2), waiting)
    with workspace.state.engine.connect() as raw:
        # Rows in the order of their key, indexes after them: filling is not what is measured.
        raw.exec_driver_sql("PRAGMA synchronous = OFF")
        raw.exec_driver_sql("PRAGMA cache_size = -500000")
        raw.exec_driver_sql("PRAGMA temp_store = MEMORY")
        raw.exec_driver_sql("BEGIN")
        for index in runs.indexes:
            index.drop(raw)
        for first in range(0, waiting, 500_000):
            part = slice(first, first + 500_000)
            then = due[part] - 3 * DAY
            columns = {
                "run_id": ids[part],
                "customer_id": customers[part],
                "due": due[part],
                "entered": then,
                "arrived": then,
            }
            same = {"version_id": version, "node": 1, "visit": 0, "hop": 0, "state": int(RunState.WAIT_TIME), "key": "",
                    "depth": 0, "seq": 1}  # fmt: skip
            insert_alike(raw, runs, {name: values.tolist() for name, values in columns.items()}, same)
        for index in runs.indexes:
            index.create(raw)
        raw.commit()
        raw.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    workspace.close()


def journeying(workspace: Workspace) -> Journeying:
    """Journeys of a worker over a workspace's stores."""
    catalog = load_catalog(workspace)
    return Journeying(workspace, workspace.pool, lambda: catalog.context)  # type: ignore[arg-type]


def memory() -> float:
    """Megabytes that this process has in use."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Spent:
    """What was used since it was made."""

    def __init__(self) -> None:
        self._from = self._now()

    def __call__(self) -> dict[str, float]:
        return {name: value - self._from[name] for name, value in self._now().items()}

    @staticmethod
    def _now() -> dict[str, float]:
        told = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
        return {"wall": time.perf_counter(), "cpu": time.process_time(), "own": time.thread_time(),
                "written": int(told["wchar"]) / 1e6}  # fmt: skip


def plan_one_off(folder: Path, customers: int) -> dict[str, Any]:
    """From the start of a one-off to the last message in the outbox, and until analysts see all of it."""
    workspace = open_workspace(folder, FakeClock(START + timedelta(seconds=10)))
    journeys = journeying(workspace)
    spent = Spent()
    found: dict[str, Any] = {}
    while journeys.tick(workspace.log.end()):
        if not found:
            with workspace.state.read() as connection:
                done = connection.exec_driver_sql("SELECT count(*) FROM journey_audiences WHERE done").scalar_one()
            if done:
                found = spent()
    found["with_pool"] = spent()
    with workspace.state.read() as connection:
        queued = connection.exec_driver_sql("SELECT count(*) FROM sends WHERE state = 2").scalar_one()
        assert queued == customers, f"{queued} messages are queued"
        assert [wrong for _, _, wrong in conserved(connection) if wrong] == []
    workspace.close()
    return {**found, "customers": customers, "messages_per_cpu_second": customers / found["cpu"]}


def waiting(folder: Path, customers: int, timers: int) -> dict[str, Any]:
    """Memory, restart, ticks beside millions of waiting runs, and the minute in which a million timers are due."""
    before = memory()
    started, worked = time.perf_counter(), time.process_time()
    clock = FakeClock(START + timedelta(minutes=1))
    workspace = open_workspace(folder, clock)
    journeys = journeying(workspace)
    journeys.tick(workspace.log.end())
    restart, restart_cpu = time.perf_counter() - started, time.process_time() - worked
    rng = np.random.default_rng(3)
    seconds, processor = [], []
    with workspace.state.read() as connection:
        ids = [row[0] for row in connection.exec_driver_sql("SELECT run_id FROM runs LIMIT 100000")]
    for number in range(100):
        # What a tick has to do in a quiet moment: some hundred timers. As far apart as in a server: once a second the
        # tick brings over to the pool what it did since, which would otherwise be that of many seconds.
        rested = time.perf_counter()
        some = [ids[place] for place in rng.integers(0, len(ids), 200)]
        at = to_micros(clock.now()) + 100_000
        with workspace.state.write() as connection:
            connection.exec_driver_sql(
                f"UPDATE runs SET due = {at} WHERE run_id IN (SELECT value FROM json_each(?)) AND node = 1",
                (json.dumps(some),),
            )
        clock.advance(timedelta(milliseconds=250))
        ticks: list[tuple[float, float]] = []
        while True:
            # Like a worker, which ticks again until nothing is left to do.
            begun, used = time.perf_counter(), time.process_time()
            if not journeys.tick(workspace.log.end()):
                break
            ticks.append((time.perf_counter() - begun, time.process_time() - used))
        assert ticks, "timers are due, and the tick does nothing"
        if number >= 5:
            # The longest of them: short ones that follow must not make the others look better.
            seconds.append(max(one for one, _ in ticks))
            processor.append(max(one for _, one in ticks))
        time.sleep(max(0.25 - (time.perf_counter() - rested), 0.0))
    peak = memory()
    clock.set(START + timedelta(minutes=11, seconds=1))
    spent = Spent()
    asked = (
        f"SELECT 1 FROM runs WHERE due IS NOT NULL AND state <> 5 AND {DUE_SLOT} <= {to_micros(clock.now()) // SLOT}"
    )
    drained: dict[str, Any] = {}
    left: Any = True
    while journeys.tick(workspace.log.end()):
        if left:
            with workspace.state.read() as connection:
                left = connection.exec_driver_sql(f"{asked} LIMIT 1").first()
            if not left:
                drained = spent()
    drained["with_pool"] = spent()
    with workspace.state.read() as connection:
        moved = connection.exec_driver_sql("SELECT count(*), sum(due - arrived) FROM runs WHERE node = 2").one()
    assert not left and moved[0] >= timers and moved[1] == moved[0] * 30 * DAY, "late timers, or clocks that drift"
    workspace.close()
    return {
        "waiting": customers, "memory_mb": peak - before, "restart_seconds": restart, "restart_cpu": restart_cpu,
        "timers": timers,
        "tick_p50_ms": float(np.percentile(seconds, 50)) * 1000,
        "tick_p99_ms": float(np.percentile(seconds, 99)) * 1000,
        "tick_cpu_p50_ms": float(np.percentile(processor, 50)) * 1000,
        "tick_cpu_p99_ms": float(np.percentile(processor, 99)) * 1000,
        "drain": drained, "timers_per_cpu_second": timers / drained["cpu"],
    }  # fmt: skip


_WORKFLOWS = """
import json, sys, time, logging, tempfile, os
logging.disable(logging.CRITICAL)
from dbos import DBOS
count = int(sys.argv[1])
folder = tempfile.mkdtemp()
DBOS(config={"name": "bench", "system_database_url": f"sqlite:///{folder}/dbos.sqlite", "run_admin_server": False})

@DBOS.step()
def before(customer: int) -> int:
    return customer

@DBOS.step()
def after(customer: int) -> int:
    return customer

@DBOS.workflow()
def journey(customer: int) -> int:
    before(customer)
    DBOS.sleep(0.001)
    return after(customer)

DBOS.launch()
journey(0)
wall, cpu = time.perf_counter(), time.process_time()
for customer in range(count):
    journey(customer)
print(json.dumps({"workflows": count, "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}))
sys.stdout.flush()
os._exit(0)
"""


def workflows(count: int) -> dict[str, Any]:
    """The same for each customer as a durable workflow of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _WORKFLOWS, str(count)], capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**found, "per_cpu_second": count / found["cpu"]}


def _apart(*arguments: object) -> None:
    """Prepare in a process of its own: what it needs of memory is not ours."""
    subprocess.run([sys.executable, __file__, *(str(one) for one in arguments)], check=True)


def _prepared(kind: str, folder: Path, kept: Path | None, *arguments: object) -> None:
    """A workspace of a kind: made there, or where such are kept and copied."""
    if kept is None:
        _apart("--prepare", kind, "--folder", folder, *arguments)
        return
    source = kept / f"{kind}-{'-'.join(str(one) for one in arguments[1::2])}"
    if not source.exists():
        _apart("--prepare", kind, "--folder", source, *arguments)
    shutil.copytree(source, folder)


def main() -> int:
    """Exit status 1 when a target is missed at its full size."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--customers", type=int, default=1_000_000)
    options.add_argument("--waiting", type=int, default=10_000_000)
    options.add_argument("--timers", type=int, default=1_000_000)
    options.add_argument("--workflows", type=int, default=2_000)
    options.add_argument("--prepare", choices=("one_off", "waiting"))
    options.add_argument("--folder", type=Path)
    options.add_argument("--only", nargs="+", choices=("one_off", "waiting"), default=())
    options.add_argument("--kept", type=Path)
    chosen = options.parse_args()
    if chosen.prepare == "one_off":
        workspace_in(chosen.folder, ONE_OFF, chosen.customers)
        return 0
    if chosen.prepare == "waiting":
        workspace_in(chosen.folder, WAITING, 1_000)
        fill(chosen.folder, chosen.waiting, chosen.timers)
        return 0
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="journeys-") as folder:
        one, many = Path(folder) / "one", Path(folder) / "many"
        if not chosen.only or "waiting" in chosen.only:
            given = ("--waiting", chosen.waiting, "--timers", chosen.timers)
            _prepared("waiting", many, chosen.kept, *given)
            result["waiting"] = waiting(many, chosen.waiting, chosen.timers)
        if not chosen.only or "one_off" in chosen.only:
            _prepared("one_off", one, chosen.kept, "--customers", chosen.customers)
            result["one_off"] = plan_one_off(one, chosen.customers)
    if chosen.only:
        print(json.dumps(result, indent=2))
        return 0
    result["workflow_each"] = workflows(chosen.workflows)
    result["times_a_workflow_each"] = {
        "one_off": result["one_off"]["messages_per_cpu_second"] / result["workflow_each"]["per_cpu_second"],
        "timers": result["waiting"]["timers_per_cpu_second"] / result["workflow_each"]["per_cpu_second"],
    }
    target = ROOT / "bench" / "results" / "journeys.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    late = (
        (chosen.customers >= 1_000_000 and result["one_off"]["cpu"] > PLAN_SECONDS)
        or (chosen.timers >= 1_000_000 and result["waiting"]["drain"]["cpu"] > DRAIN_SECONDS)
        or result["waiting"]["tick_p99_ms"] > P99_MILLISECONDS
        or result["waiting"]["restart_seconds"] > RESTART_SECONDS
        or result["waiting"]["memory_mb"] > MEGABYTES
    )
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
