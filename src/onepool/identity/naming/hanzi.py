"""Traditional characters and their simplified forms."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from onepool.identity.naming.syllables import HANZI_END, HANZI_FIRST

# Read otherwise in phrases, but in names these are the simplified forms.
_IN_NAMES: Final = {"乾": "乾", "於": "于", "瀋": "沈", "祇": "祇", "喆": "喆", "昇": "升", "堃": "堃", "淼": "淼"}


@cache
def simplified_table() -> npt.NDArray[np.int32]:
    """Of each code point from `HANZI_FIRST`: the code point of its simplified form (mostly itself)."""
    from opencc import OpenCC  # a library with large tables: not when the command line starts

    table = np.arange(HANZI_FIRST, HANZI_END, dtype=np.int32)
    # One character a line: alone none is taken for a part of a phrase.
    lines = OpenCC("t2s").convert("\n".join(map(chr, range(HANZI_FIRST, HANZI_END)))).split("\n")
    for place, line in enumerate(lines):
        if len(line) == 1 and HANZI_FIRST <= ord(line) < HANZI_END:
            table[place] = ord(line)
    for written, meant in _IN_NAMES.items():
        table[ord(written) - HANZI_FIRST] = ord(meant)
    return table


@cache
def _translation() -> dict[int, int]:
    table = simplified_table()
    return {point: int(to) for point, to in enumerate(table, HANZI_FIRST) if to != point}


def simplified(text: str) -> str:
    """The text with traditional characters replaced one by one by simplified ones."""
    return text if text.isascii() else text.translate(_translation())


def is_hanzi(text: str) -> bool:
    """Whether the text is not empty and every character of it is a Hanzi."""
    return bool(text) and all(HANZI_FIRST <= ord(one) < HANZI_END for one in text)
