"""kill -9 of collector and worker, again and again: all that was acknowledged is there, nothing twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.crash.harness import HARNESS_FILE, count, prepare

EXPLORING = os.environ.get("HYPOTHESIS_PROFILE") == "explore"
KILLS = 200 if EXPLORING else 40


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3] if EXPLORING else [1])
def test_nothing_acknowledged_is_lost_and_nothing_counts_twice(tmp_path: Path, seed: int) -> None:
    root = tmp_path / "ws"
    prepare(root)
    ran = subprocess.run(
        [sys.executable, str(HARNESS_FILE), str(root), str(KILLS), str(seed)],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    score = json.loads(ran.stdout.splitlines()[-1])
    assert score["collector_kills"] + score["worker_kills"] == KILLS
    assert len(score["acknowledged"]) > 5 * KILLS, "the client got through too seldom for this to prove anything"
    found = count(root, score["acknowledged"])
    assert found["missing"] == 0
    assert found["twice"] == 0
    assert found["differences"] == []
