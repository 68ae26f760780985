"""What an import did, for the person who started it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from onepool.collect.log import Record

SAMPLES = 3
"""Samples kept for each rule."""

Progress = Callable[[str, int, int], None]
"""Told what is being done ("reading orders.csv"), how much is done and how much there is (bytes or rows)."""


@dataclass(slots=True)
class Refusals:
    """How many items broke one rule, and the first of them."""

    count: int = 0
    samples: list[str] = field(default_factory=list)

    def add(self, sample: str) -> None:
        self.count += 1
        if len(self.samples) < SAMPLES:
            self.samples.append(sample)


@dataclass(slots=True)
class Verdict:
    """What the data standard says to some items: how many it takes, and why it refuses the rest."""

    accepted: int = 0
    refused: dict[str, Refusals] = field(default_factory=dict)


class Check(Protocol):
    """Judges records without keeping them; a dry run asks it."""

    def __call__(self, records: Sequence[Record], verdict: Verdict) -> None: ...


@dataclass(slots=True)
class FileReport:
    """One file: how it was read and what was in it.

    ``columns`` maps each column to what it was taken for. ``refused`` counts rows or orders that could not become
    items, by rule; they are in the log too and end in quarantine.
    """

    name: str
    format: str = ""
    encoding: str = ""
    compression: str = "none"
    delimiter: str = ""
    header_row: int = 0
    sha256: str = ""
    rows: int = 0
    items: int = 0
    names: Counter[str] = field(default_factory=Counter)
    refused: dict[str, Refusals] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    missing_columns: list[str] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    """Rows that were left out as lines of totals."""


@dataclass(slots=True)
class ImportReport:
    """A whole import. ``offsets`` are those of its records in the log, ascending (none when nothing was written).

    ``verdict`` is there after a dry run only; after a real one the tick's own counts say what was accepted.
    """

    kind: str
    touchpoint: str
    dry_run: bool
    files: list[FileReport] = field(default_factory=list)
    records: int = 0
    offsets: list[int] = field(default_factory=list)
    verdict: Verdict | None = None

    @property
    def rows(self) -> int:
        """Rows read, the broken ones too."""
        return sum(file.rows for file in self.files)

    @property
    def items(self) -> int:
        """Items made of them."""
        return sum(file.items for file in self.files)

    @property
    def refused(self) -> int:
        """Rows and orders that could not become items."""
        return sum(refusals.count for file in self.files for refusals in file.refused.values())

    def as_dict(self) -> dict[str, Any]:
        """The report for machines."""
        verdict = None
        if self.verdict is not None:
            verdict = {"accepted": self.verdict.accepted, "refused": _refusals(self.verdict.refused)}
        return {
            "kind": self.kind,
            "touchpoint": self.touchpoint,
            "dry_run": self.dry_run,
            "rows": self.rows,
            "items": self.items,
            "refused": self.refused,
            "records": self.records,
            "first_offset": self.offsets[0] if self.offsets else None,
            "last_offset": self.offsets[-1] if self.offsets else None,
            "verdict": verdict,
            "files": [
                {
                    "file": file.name,
                    "format": file.format,
                    "encoding": file.encoding,
                    "compression": file.compression,
                    "delimiter": file.delimiter,
                    "header_row": file.header_row,
                    "sha256": file.sha256,
                    "rows": file.rows,
                    "items": file.items,
                    "by_name": dict(file.names),
                    "refused": _refusals(file.refused),
                    "columns": file.columns,
                    "missing_columns": file.missing_columns,
                    "totals": file.totals,
                }
                for file in self.files
            ],
        }


def _refusals(found: dict[str, Refusals]) -> dict[str, Any]:
    return {rule: {"count": refusals.count, "samples": refusals.samples} for rule, refusals in sorted(found.items())}
