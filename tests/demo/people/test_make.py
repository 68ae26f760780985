"""The workspace of generated people: imported the ordinary way, nothing refused but what must be."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from onepool.clock import FakeClock
from onepool.demo.people.make import make_people, write_people
from onepool.demo.people.plan import Plan
from onepool.errors import WorkspaceError
from onepool.tick import Worker
from onepool.workspace import open_workspace

CLOCK = FakeClock(datetime(2026, 3, 1, tzinfo=UTC))


def test_a_small_population_is_imported_whole(tmp_path: Path) -> None:
    made = make_people(tmp_path / "w", Plan(people=80, seed=6, overrides={"placeholder": 0.3, "landline": 0.2}), CLOCK)
    assert made.counts["quarantined"] == made.counts["records to refuse"] > 0
    assert made.counts["events"] + made.counts["quarantined"] == made.counts["records"]
    assert not (tmp_path / "w" / "records").exists()
    workspace = open_workspace(tmp_path / "w", CLOCK)
    try:
        assert set(workspace.touchpoints()) >= {"tmall_flagship", "jd", "wechat_oa", "wechat_mini", "wecom", "store"}
        worker = Worker(workspace)
        worker.drain()
        worker.close()
        found = workspace.pool.query("SELECT DISTINCT rule FROM quarantine").column("rule").to_pylist()
        assert found == ["type.phone"]
        masked = workspace.pool.query(
            "SELECT count(*) AS n FROM identifiers WHERE type = 'phone' AND (value LIKE '%*%' OR value LIKE '%-%')"
        )
        assert masked.column("n")[0].as_py() == 0
        blocked = workspace.pool.query("SELECT count(*) AS n FROM identifiers WHERE value = '+8613800138000'")
        assert blocked.column("n")[0].as_py() == 0
    finally:
        workspace.close()
    with pytest.raises(WorkspaceError):
        make_people(tmp_path / "w", Plan(people=80), CLOCK)


def test_files_alone_need_no_workspace(tmp_path: Path) -> None:
    made = write_people(tmp_path / "f", Plan(people=50), CLOCK)
    assert made.counts["people"] == 50
    assert sorted(path.name for path in (tmp_path / "f").iterdir()) == ["records", "truth"]
