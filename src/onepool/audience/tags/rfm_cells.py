"""The cells of RFM and their names."""

from __future__ import annotations

from itertools import product

from onepool.audience.tags.further import RfmTag

# By (recency, frequency, money), 2 being the good half: bought lately, often, much. The names are those of the field.
LABELS = {
    "222": "重要价值客户",
    "212": "重要发展客户",
    "122": "重要保持客户",
    "112": "重要挽留客户",
    "221": "一般价值客户",
    "211": "一般发展客户",
    "121": "一般保持客户",
    "111": "一般挽留客户",
}


def cell_labels(tag: RfmTag) -> dict[str, str]:
    """The label of every cell, the best first. Two cells may share a label of the tag's own."""
    if tag.cells == 8:
        return {**LABELS, **(tag.labels or {})}
    cells = ("".join(three) for three in product("54321", repeat=3))
    return {cell: (tag.labels or {}).get(cell, cell) for cell in cells}
