"""kill -9 before SQL statements of tick and senders, 500 times: nobody is lost, nothing is doubled, limits hold.

`bench/crash_journeys.py` does ten thousand.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.journeys import crashing

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "kills", "seed"), [("light", 470, 1), ("whole", 30, 3)])
def test_nothing_is_lost_doubled_or_sent_when_it_may_not_be(kind: str, kills: int, seed: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.journeys.crashing", str(kills), str(seed), kind],
        cwd=ROOT, capture_output=True, text=True, timeout=1800, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-4000:]
    tally = json.loads(ran.stdout.splitlines()[-1])
    assert tally["kills"] >= kills
    assert tally["calls"] >= 15, "too few messages go out for this to prove anything"
    assert tally["faults"] == []


def test_what_must_not_be_is_seen(tmp_path: Path) -> None:
    """Of a workspace in which two messages of a day went to one customer, one of them at night and one twice."""
    import sqlite3

    (tmp_path / "data").mkdir()
    with sqlite3.connect(tmp_path / "data" / "state.sqlite") as connection:
        connection.execute("CREATE TABLE sends (send_id, customer_id, channel, state, reason)")
        connection.execute("CREATE TABLE runs (run_id, ended, due, node, state, reason)")
        connection.executemany("INSERT INTO sends VALUES (?, 7, 'sms', ?, NULL)", [(1, 10), (2, 10), (3, 21)])
        connection.execute("INSERT INTO runs VALUES (5, NULL, NULL, 0, 2, NULL)")
    noon = 1_772_424_000_000_000
    lines = [(1, noon), (2, noon), (2, noon + 11 * 3_600_000_000)]
    (tmp_path / crashing.CALLS).write_text(
        "".join(
            json.dumps({"key": f"{key:016x}", "at": at, "over": "sms", "to": {}, "state": "sent"}) + "\n"
            for key, at in lines
        )
    )
    found = " | ".join(crashing.faults(tmp_path, frozenset({5, 6})))
    for part in ("called 2 times", "went out at 23:00", "7 got 2", "1 are missing", "waits for nothing", "no reason"):
        assert part in found
