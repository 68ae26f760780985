"""kill -9 of collector and worker, again and again: all that was acknowledged is there, nothing twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from onepool.tick import Worker
from onepool.verify import verify
from onepool.workspace import init_workspace, open_workspace

HARNESS = Path(__file__).parent / "harness.py"
SEGMENT = {
    "segment": "in_cart",
    "title": {"zh": "加购", "en": "In the cart"},
    "when": {"did": "cart_added", "within": {"last": "7 days"}},
}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_acknowledged_is_lost_and_nothing_counts_twice(tmp_path: Path, seed: int) -> None:
    root = tmp_path / "ws"
    workspace = init_workspace(root)
    touchpoint = {"touchpoint": "shop", "channel": "web", "title": "shop", "write_key": "wk_crash"}
    workspace.save("touchpoint", "shop", touchpoint, author="test")
    workspace.save("segment", "in_cart", SEGMENT, author="test")
    workspace.close()
    result = subprocess.run(
        [sys.executable, str(HARNESS), str(root), "100", str(seed)], capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, result.stderr[-4000:]
    score = json.loads(result.stdout.splitlines()[-1])
    assert score["collector_kills"] + score["worker_kills"] == 100
    assert len(score["acknowledged"]) > 500, "the client got through too seldom for this to prove anything"

    workspace = open_workspace(root)
    worker = Worker(workspace)
    worker.drain()
    found = workspace.pool.query("SELECT fields->>'$.message_id' AS id, event_id FROM events")
    worker.close()
    per_id = workspace.pool.query("SELECT event_id FROM events GROUP BY event_id HAVING count(*) > 1")
    assert per_id.num_rows == 0
    held = workspace.pool.query("SELECT count(*) AS n FROM quarantine").column("n")[0].as_py()
    assert held == 0
    promised = set(score["acknowledged"])
    stored = set(found.column("id").to_pylist()) - {None}
    assert promised <= stored if stored else found.num_rows >= len(promised)
    workspace.close()
    differences = [finding for finding in verify(open_workspace(root)) if finding.difference]
    assert differences == []
