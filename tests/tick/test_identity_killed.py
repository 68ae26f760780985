"""kill -9 between any two statements while the tick takes up what was told, people rule and rules are published:
nothing is lost, and nothing is done twice.

Each run draws other places (KILLING_SEED repeats one). `script/bench crash_identity` tries all of them, and those of
learning a model and judging what it proposes, where a life costs too much for here.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STORIES = {"tick": 8, "rulings": 8, "rules": 6}
"""Of each act; in some of them more than one process is killed."""


def test_a_kill_between_any_two_statements_changes_nothing(tmp_path: Path) -> None:
    """P12."""
    seed = os.environ.get("KILLING_SEED") or str(secrets.randbelow(2**32))
    acts = [f"{name}={number}" for name, number in STORIES.items()]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.tick.killing", str(tmp_path), seed, *acts],
        cwd=ROOT, capture_output=True, text=True, timeout=1800, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ran.returncode == 0, f"seed {seed}: {ran.stderr[-4000:]}"
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["faults"] == [], told
    for name, number in STORIES.items():
        assert told["kills"][name] >= number, f"fewer statements than in the life that was counted: {told}"
