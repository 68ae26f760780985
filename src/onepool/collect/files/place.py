"""Where in which file a refused item stood, as its sample or its message says."""

from __future__ import annotations

import json
import re
from typing import Final

_ITEM: Final = re.compile(r'"import":\s*\{"file":\s*("(?:[^"\\]|\\.)*"),\s*"row":\s*(\d{1,18})\}')
_ROW: Final = re.compile(r"(.{1,255}), row (\d{1,18}): ")


def place_of(rule: str, message: str, sample: str | None) -> tuple[str, int] | None:
    """(file, row) of something refused; None where it came from no file.

    An item has it in its context; a row of which none could be made in its message (rules of files and of orders).
    """
    found = _ITEM.search(sample or "")
    if found is not None:
        try:
            return str(json.loads(found[1])), int(found[2])
        except ValueError:
            return None
    row = _ROW.match(message) if rule.startswith(("file.", "order.")) else None
    return (row[1], int(row[2])) if row is not None else None
