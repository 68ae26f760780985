"""Lines of totals that stand among the rows of an export: they are no orders and nobody's."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from onepool.collect.files.blocks import Block

_WORDS: Final = r"^\s*(合\s*计|总\s*计|小\s*计|共\s*计|汇\s*总|总\s*共|grand total|totals?)\s*[:：]?\s*$"


def without_totals(block: Block) -> tuple[Block, list[int]]:
    """The block without lines of totals, and the numbers of those.

    Such a line begins with a word for it and leaves at least half of its cells empty: a customer may be called so.
    """
    table = block.table
    if table.num_rows == 0 or table.num_columns < 2 or not pa.types.is_string(table.schema.types[0]):
        return block, []
    named = pc.match_substring_regex(table.column(0), _WORDS, ignore_case=True)
    places = pc.indices_nonzero(named.combine_chunks().fill_null(False)).to_pylist()
    found = [place for place in places if _mostly_empty(table, place)]
    if not found:
        return block, []
    kept = pa.array([place for place in range(table.num_rows) if place not in set(found)], pa.int64())
    totals: list[int] = block.rows.take(pa.array(found, pa.int64())).to_pylist()
    return replace(block, table=table.take(kept), rows=block.rows.take(kept)), totals


def _mostly_empty(table: pa.Table, place: int) -> bool:
    cells = [column[place].as_py() for column in table.columns]
    empty = sum(1 for cell in cells if cell is None or not str(cell).strip())
    return empty * 2 >= len(cells)
