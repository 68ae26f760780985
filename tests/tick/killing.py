"""Kills a worker between statements while it takes up links, names, consent and people's decisions, and looks what is
left. A process of its own, since it forks.

A child is killed before the n-th statement of state or pool and another one goes on; what is left then is what is left
when nobody is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from tests.tick.conftest import START, World, make_world
from tests.tick.test_identity import bought, known, side

from onepool.clock import FakeClock
from onepool.identity import decisions
from onepool.pool.duckdb import DuckDBSession
from onepool.tick import Worker
from onepool.verify import verify
from onepool.workspace import open_workspace

KILLS = 8
"""Of all the places between two statements so many are tried, spread evenly."""
STATE = {
    "identifiers": "id, type, scope, value, base, generation, valid_from, witness",
    "links": "id, a, b, rule, touchpoint, first_time, last_time, count, trust, status, reason",
    "decisions": "id, kind, a, b",
    "consents": "*",
}
POOL = {
    "customers": "SELECT identifier_id, customer_id FROM customer_of",
    "orders": "SELECT order_id, c.customer_id FROM orders o JOIN customer_of c USING (identifier_id)",
    "events": "SELECT event_id, c.customer_id FROM events e JOIN customer_of c USING (identifier_id)",
}


def begin(world: World) -> None:
    """Six people with orders, whom the tick knows; then what it has to take up next."""
    users = ("anna", "bert", "cora", "dora", "emil", "fred")
    world.send(*(bought(user, f"{user}-1") for user in users))
    world.send(known("emil", phone="13916234871", name="王小明"), known("fred", phone="13916234872"))
    world.settle()
    one = {user: side(world, user) for user in users}
    state, clock = world.workspace.state, world.clock
    decisions.merge(state, clock, one["anna"], one["bert"], author="test")
    decisions.never(state, clock, one["cora"], one["dora"], author="test")
    part, rest = one["emil"].identifiers[:1], one["emil"].identifiers[1:]
    decisions.split(
        state,
        clock,
        decisions.Side(part[0], part),
        decisions.Side(rest[0], rest),
        [(min(a, b), max(a, b)) for a in part for b in rest],
        author="test",
    )
    world.send(
        known("cora", phone="13916234873", name="李雷"),
        known("dora", phone="13916234873"),
        known("anna", phone="13916234874"),
        {"event": "consent_granted", "userId": "fred", "properties": {"purpose": "identity"}},
        bought("gina", "gina-1"),
        bought("anna", "anna-2"),
    )
    world.close()


def live(root: Path, strike: Callable[..., None]) -> None:
    """A worker takes up all there is, an hour after the start; `strike` is called before each statement."""
    event.listen(Engine, "before_cursor_execute", strike)
    event.listen(Engine, "commit", strike)
    for name in ("query", "execute", "append"):
        deed = getattr(DuckDBSession, name)
        setattr(DuckDBSession, name, _before(deed, strike))
    workspace = open_workspace(root, FakeClock(START + timedelta(hours=1)))
    worker = Worker(workspace)
    worker.drain()
    worker.close()
    workspace.close()


def _before(deed: Callable[..., Any], strike: Callable[..., None]) -> Callable[..., Any]:
    def struck(*arguments: Any, **more: Any) -> Any:
        strike()
        return deed(*arguments, **more)

    return struck


def life(root: Path, fatal: int) -> int | None:
    """A child's life, which ends before statement number `fatal` (0: never). Returns how many statements there were,
    None if it was killed."""
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        status, count = 1, [0]

        def strike(*_: Any) -> None:
            count[0] += 1
            if count[0] == fatal:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            live(root, strike)
            os.write(tell, str(count[0]).encode())
            status = 0
        except BaseException:  # noqa: BLE001 told, and then the process ends here
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(tell)
    _, status = os.waitpid(pid, 0)
    with os.fdopen(told) as reader:
        said = reader.read()
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return None
    assert os.waitstatus_to_exitcode(status) == 0
    return int(said)


def left(root: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What the stores say."""
    found = {}
    workspace = open_workspace(root, FakeClock(START + timedelta(hours=1)))
    try:
        for name, sql in POOL.items():
            found[name] = sorted(tuple(row.values()) for row in workspace.pool.query(sql).to_pylist())
    finally:
        workspace.close()
    with contextlib.closing(sqlite3.connect(root / "data" / "state.sqlite")) as connection:
        for name, columns in STATE.items():
            found[name] = sorted(connection.execute(f"SELECT {columns} FROM {name}"), key=repr)
    return found


def main(folder: Path) -> None:
    """Prints how many kills there were, and before which statements one left something else."""
    template, root = folder / "template", folder / "ws"
    begin(make_world(template))
    shutil.copytree(template, root)
    statements = life(root, 0)
    assert statements is not None
    wanted = left(root)
    # Else there would be little to lose.
    assert {row[-2] for row in wanted["links"]} == {"joined", "cut", "conflict"}
    assert wanted["consents"]
    with contextlib.closing(open_workspace(root, FakeClock(START + timedelta(hours=1)))) as workspace:
        assert [one.check for one in verify(workspace) if one.difference] == []
    kills, faults = 0, []
    for fatal in sorted({1 + statements * place // KILLS for place in range(KILLS)}):
        shutil.rmtree(root)
        shutil.copytree(template, root)
        kills += life(root, fatal) is None
        life(root, 0)
        if left(root) != wanted:
            faults.append(fatal)
    print(json.dumps({"statements": statements, "kills": kills, "faults": faults}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
