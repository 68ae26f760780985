"""A look at the beginning of a file: how it is read, and what its columns would be taken for."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onepool.collect.files.blocks import Block, Facts
from onepool.collect.files.plan import Planner, Target
from onepool.collect.files.sources import open_source

_CELL_CHARS = 200


@dataclass(frozen=True, slots=True)
class SeenColumn:
    """A column under its name in the file, and its first cells as text."""

    name: str
    target: Target
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the first rows show. `missing`: columns that the mapping names and the file does not have."""

    facts: Facts
    columns: list[SeenColumn]
    rows: list[int]
    missing: list[str]


def peek(path: Path, planner: Planner, scratch: Path | None = None, *, rows: int = 5) -> Seen:
    """The first rows of a file. Raises FileError for one that can't be read, MappingError for a wrong mapping."""
    source = open_source(path, planner, scratch)
    block: Block | None = None
    with closing(iter(source.blocks())) as blocks:  # type: ignore[type-var]  # generators all
        for block in blocks:
            if block.table.num_rows:
                break
    if block is None:
        return Seen(source.facts, [], [], planner.missing(()))
    head = block.table.slice(0, rows)
    names = head.column_names
    columns = [
        SeenColumn(one.name, one.target, [_text(cell) for cell in head.column(place).to_pylist()])
        for place, one in enumerate(planner.columns(names))
    ]
    return Seen(source.facts, columns, block.rows.slice(0, rows).to_pylist(), planner.missing(names))


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell)[:_CELL_CHARS]
