"""One small brand, made once, with its worker; and a map written by hand where single numbers matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.brands import brand_once

from onepool.clock import FakeClock
from onepool.demo.brand.plan import BrandPlan
from onepool.identity.read import sources_of
from onepool.identity.read.sources import Sources
from onepool.insight.map import DataMap, Gathered, data_map, gather
from onepool.pool import Session
from onepool.workspace import Workspace, open_workspace

PLAN = BrandPlan(600, 60, 7, date(2026, 6, 20))
NOW = datetime(2026, 6, 20, 16, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Brand:
    """The brand's workspace, read over one session."""

    workspace: Workspace
    truth: Path
    session: Session
    sources: Sources
    gathered: Gathered
    map: DataMap


@pytest.fixture(scope="session")
def brand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brand]:
    root, _ = brand_once(tmp_path_factory, PLAN, FakeClock(NOW))
    workspace = open_workspace(root, FakeClock(NOW))
    with workspace.pool.read() as session:
        sources = sources_of(workspace.state, session, workspace.standard(), workspace.definitions)
        gathered = gather(sources, workspace.touchpoints(), NOW)
        found = data_map(sources, gathered, workspace.touchpoints(), NOW, workspace.settings.zone)
        yield Brand(workspace, root / "truth", session, sources, gathered, found)
        gathered.close()
    workspace.close()
