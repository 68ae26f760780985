"""Finding the header of a table: exports often carry a title or notes above it, and some have none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

LOOK_AT = 20
"""A header is looked for in this many rows from the top."""

_VALUE = re.compile(r"^[+-]?[\d.,/:\-\s¥$€£%]*\d[\d.,/:\-\s%]*$|^\S+@\S+\.\w+$")

Knows = Callable[[str], bool]


def find_header(rows: Sequence[Sequence[object]], knows: Knows) -> int | None:
    """The index of the header among the first rows, or None when the table seems to have none.

    A row with names that the data standard knows is the header. Else the first row that is as wide as the table and
    has only texts that look like no value (no number, date, e-mail) and don't repeat.
    """
    if not rows:
        return None
    width = max(len([cell for cell in row if not _blank(cell)]) for row in rows[:LOOK_AT])
    best, best_known = None, 0
    for index, row in enumerate(rows[:LOOK_AT]):
        known = sum(1 for cell in row if isinstance(cell, str) and cell.strip() and knows(cell))
        if known > best_known and not _mostly_values(row):
            best, best_known = index, known
    if best is not None and (best_known >= 2 or best == 0 or width == 1):
        return best
    for index, row in enumerate(rows[:LOOK_AT]):
        cells = [cell for cell in row if not _blank(cell)]
        if len(cells) < max(1, width * 0.8):
            continue
        texts = [str(cell).strip() for cell in cells]
        if len(set(texts)) == len(texts) and all(isinstance(cell, str) for cell in cells) and not _any_value(texts):
            return index
        return None
    return None


def _blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _any_value(texts: Sequence[str]) -> bool:
    return any(_VALUE.match(text) for text in texts)


def _mostly_values(row: Sequence[object]) -> bool:
    cells = [cell for cell in row if not _blank(cell)]
    values = sum(1 for cell in cells if not isinstance(cell, str) or _VALUE.match(cell.strip()))
    return values * 2 > len(cells)
