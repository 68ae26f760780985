"""What the tests of file import share: a real log in a fresh folder, and the built-in data standard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from onepool.clock import FakeClock
from onepool.collect.files import ImportReport, Kind, import_files, load_mapping
from onepool.collect.inbound import Broken, Item, decode
from onepool.collect.log import SqliteLog
from onepool.collect.touchpoint import Touchpoint
from onepool.standards import Standard, load_standard

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SHOP = Touchpoint("shop", "store", scopes={"member_no": "club"})


@dataclass
class Imported:
    """One import read back from the log."""

    report: ImportReport
    items: list[Item]
    broken: list[Broken]


Import = Callable[..., Imported]


@pytest.fixture(scope="session")
def standard() -> Standard:
    return load_standard([])


@pytest.fixture
def run(tmp_path: Path, standard: Standard) -> Iterator[Import]:
    """Imports files and reads the new records back."""
    log = SqliteLog(tmp_path / "log.sqlite")

    def importing(
        kind: Kind, *paths: Path, mapping: dict[str, Any] | None = None, touchpoint: Touchpoint = SHOP
    ) -> Imported:
        plan = None if mapping is None else load_mapping(mapping)
        report = import_files(kind, paths, log, touchpoint, plan, standard, FakeClock(NOW), scratch=tmp_path)
        decoded = [decode(record) for record in log.get(report.offsets)]
        return Imported(
            report,
            [item for part in decoded for item in part.items],
            [broken for part in decoded for broken in part.broken],
        )

    yield importing
    log.close()
