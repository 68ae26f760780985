"""The common form in which every kind of file is read: blocks of columns, and the rows that could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

JSON_FIELD = {b"onepool": b"json"}
"""Arrow field metadata of a text column that holds JSON values."""

SAMPLE_CHARS = 2_000
"""How much of a broken row is kept."""


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that can't be read: its number in the file, the rule it broke, in words, and its text."""

    row: int
    rule: str
    message: str
    sample: str


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of a file, in order.

    ``table`` holds the columns under their names in the file; ``rows`` (int64) the number of each row as a reader of
    the file would count: in a table with a header the header's row is counted too.
    """

    table: pa.Table
    rows: pa.Array
    broken: Sequence[BrokenRow] = ()


@dataclass(slots=True)
class Facts:
    """What is known of a source; ``sha256`` and ``done`` are complete when all blocks have been read."""

    format: str
    encoding: str = ""
    compression: str = "none"
    delimiter: str = ""
    header_row: int = 0
    sha256: str = ""
    size: int = 0
    done: int = 0
    notes: list[str] = field(default_factory=list)


class Source(Protocol):
    """Something rows come from: a file, or a set of tables a loader made."""

    name: str
    facts: Facts

    def blocks(self) -> Iterator[Block]:
        """All rows, in blocks of bounded size. Raises FileError when the source as a whole is unreadable."""
        ...


def cut_sample(text: str) -> str:
    """The start of a broken row, fit to be stored."""
    return text[:SAMPLE_CHARS].replace("\0", "\N{REPLACEMENT CHARACTER}")


def column_names(header: Sequence[object]) -> list[str]:
    """Names for columns: trimmed, the empty ones ``column_<n>``, repeated ones numbered (``name``, ``name_2`` …)."""
    names: list[str] = []
    taken: set[str] = set()
    for number, cell in enumerate(header, start=1):
        base = str(cell).strip().strip("\ufeff") if cell is not None else ""
        base = base or f"column_{number}"
        name, again = base, 1
        while name in taken:
            again += 1
            name = f"{base}_{again}"
        taken.add(name)
        names.append(name)
    return names
