"""One population for the tests that only look at it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from onepool.demo.people.generate import Generated, draw_world, generate
from onepool.demo.people.plan import Plan
from onepool.demo.people.world import World

PLAN = Plan(people=1_500, seed=11)


@dataclass(frozen=True)
class Sample:
    """What was generated, with the world it came from."""

    world: World
    generated: Generated
    truth: Path

    def records(self, source: str) -> pa.Table:
        return pa.concat_tables([pq.ParquetFile(path).read() for path in self.generated.files[source]])


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("people")
    generated = generate(PLAN, folder / "records", folder / "truth")
    return Sample(draw_world(PLAN), generated, folder / "truth")
