"""kill -9 between any two statements while the tick takes up links, names, consent and decisions: nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.tick.killing import KILLS

ROOT = Path(__file__).parents[2]


def test_a_kill_between_any_two_statements_changes_nothing(tmp_path: Path) -> None:
    """P12."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.tick.killing", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=1800, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-4000:]
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["kills"] == KILLS, "statements were not as many as in the life that was counted"
    assert told["faults"] == [], told
