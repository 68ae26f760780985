"""One small brand for the tests that only look at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.csv as pcsv
import pytest
from tests.brands import brand_once

from onepool.clock import FakeClock
from onepool.demo.brand.customers import draw_customers
from onepool.demo.brand.life import Life
from onepool.demo.brand.make import MadeBrand
from onepool.demo.brand.places import APP, MINI, WEB
from onepool.demo.brand.plan import BrandPlan
from onepool.demo.brand.scene import make_scene
from onepool.demo.brand.secrets import made_up
from onepool.demo.brand.sending import Sending
from onepool.identity.evaluate import Evaluation, evaluate
from onepool.identity.files import read_truth
from onepool.identity.read.sources import sources_of
from onepool.identity.read.truth import find_records
from onepool.workspace import Workspace, open_workspace

PLAN = BrandPlan(300, 40, 7, date(2026, 6, 20))
CLOCK = FakeClock(datetime(2026, 6, 21, tzinfo=UTC))
KEYS = {MINI: "wk_mini", APP: "wk_app", WEB: "wk_web"}


def tell(plan: BrandPlan = PLAN) -> tuple[Life, list[Sending]]:
    """The story of a plan, with made-up secrets."""
    life = Life(make_scene(draw_customers(plan), made_up(1), KEYS))
    return life, list(life.sendings())


@dataclass(frozen=True)
class Told:
    life: Life
    sendings: list[Sending]


@pytest.fixture(scope="session")
def told() -> Told:
    return Told(*tell())


@dataclass(frozen=True)
class Brand:
    made: MadeBrand
    workspace: Workspace
    truth: Path

    def evaluation(self) -> Evaluation:
        """OneID beside the truth, as `onepool identity evaluate` has it."""
        file = self.truth / "records.csv"
        with self.workspace.pool.read() as session:
            sources = sources_of(self.workspace.state, session, self.workspace.standard(), self.workspace.definitions)
            found = find_records(sources, pcsv.read_csv(file).column("record_id"))
        assert found.ambiguous == 0
        return evaluate(read_truth(file), found.clusters)


@pytest.fixture(scope="session")
def brand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brand]:
    root, made = brand_once(tmp_path_factory, PLAN, CLOCK)
    workspace = open_workspace(root, CLOCK)
    yield Brand(made, workspace, root / "truth")
    workspace.close()
