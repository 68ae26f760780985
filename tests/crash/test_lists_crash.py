"""An upload that is killed has happened as a whole or not at all, and the pool follows exactly once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LISTING = Path(__file__).with_name("listing.py")


def test_killed_uploads_leave_whole_lists(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(LISTING), str(tmp_path / "ws"), "7"],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["kills"] >= 3 and found["changes"] >= 1
    assert found["whole"] and found["same"] and found["twice"] == 0
    assert found["differences"] == []
