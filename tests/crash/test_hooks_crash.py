"""kill -9 while platforms push: every push answered 200 is in the log as it was sent, and counts once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.crash.hooks import MAKERS, count, prepare

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_push_that_was_answered_is_kept_and_counts_once(tmp_path: Path) -> None:
    root = tmp_path / "ws"
    prepare(root)
    command = [sys.executable, "-m", "tests.crash.hooks", str(root), "9", "1"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr[-4000:]
    score = json.loads(ran.stdout.splitlines()[-1])
    assert score["kills"] == {"collector": 6, "worker": 3}
    assert score["refused"] == {}
    acknowledged = [(str(a), str(b), str(c)) for a, b, c in score["acknowledged"]]
    assert {one[0] for one in acknowledged} == set(MAKERS)
    assert len(acknowledged) > 40, "too few got through for this to prove anything"
    assert score["sent"] > len(acknowledged), "no push was cut off or repeated"
    found = count(root, acknowledged)
    assert found["not_logged"] == 0
    assert found["quarantined"] == []
    assert found["missing"] == 0
    assert found["twice"] == 0
    assert found["differences"] == []
