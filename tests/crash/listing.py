"""Kills uploads of lists, and the worker that takes them in, with SIGKILL at random moments, and says what is left.

A process of its own, which imports everything once and forks each child: python -m tests.crash.listing FOLDER SEED.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from onepool.audience.lists import log, upload_list
from onepool.tick import Worker
from onepool.verify import verify
from onepool.workspace import init_workspace, open_workspace

ENTRIES = 30_000
ROUNDS = 8


def killed(work: Callable[[], None], after: float) -> bool:
    """Run it in a child and kill that after so many seconds; whether it was still at it."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    time.sleep(after)
    done, _ = os.waitpid(child, os.WNOHANG)
    if done:
        return False
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def main(root: Path, seed: int) -> None:
    chance = random.Random(seed)
    workspace = init_workspace(root)
    workspace.save("list", "many", {"list": "many", "title": "many"}, author="test")
    workspace.save("segment", "on_it", {"segment": "on_it", "title": "x", "condition": {"list": "many"}}, author="test")
    workspace.close()
    files = []
    for number in range(2):
        files.append(root / f"{number}.txt")
        files[-1].write_text("\n".join(str(13_000_001_000 + number + step * 2) for step in range(ENTRIES)))

    def put(number: int) -> None:
        opened = open_workspace(root)
        upload_list(
            opened, "many", files[number % 2], author="test", type="phone", mode=["add", "replace"][number % 3 == 2]
        )

    def apply() -> None:
        worker = Worker(open_workspace(root))
        worker.drain()

    started = time.monotonic()
    put(0)
    once = time.monotonic() - started
    kills = 0
    for number in range(1, ROUNDS):
        kills += killed(lambda: put(number), chance.uniform(0, once * 1.2))  # noqa: B023 runs before the next
        kills += killed(apply, chance.uniform(0, once))
    workspace = open_workspace(root)
    expected: set[str] = set()
    for change, told in log.after(workspace.state, 0):
        values = set(told.column("value").to_pylist())
        assert change.mode == "add" or not expected or change.mode == "replace"
        expected = values if change.mode == "replace" else expected | values
    apply_now = Worker(workspace)
    apply_now.drain()
    apply_now.close()
    found = set(workspace.pool.query("SELECT value FROM list_entries").column("value").to_pylist())
    twice = (
        workspace.pool.query("SELECT count(*) - count(DISTINCT value) AS n FROM list_entries").column("n")[0].as_py()
    )
    changes = log.history(workspace.state, "many", 1000)
    workspace.close()
    differences = [f"{one.check}: {one.difference}" for one in verify(open_workspace(root)) if one.difference]
    print(
        json.dumps(
            {
                "kills": kills,
                "changes": len(changes),
                "whole": all(one.entries == ENTRIES for one in changes),
                "same": found == expected,
                "twice": twice,
                "differences": differences,
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
