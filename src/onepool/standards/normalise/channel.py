"""Names of channels: one canonical name for the many that people and systems use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from onepool.standards.faults import Fault
from onepool.standards.normalise.scalars import text


def channel(value: Any, named: Mapping[str, str]) -> str | None:
    """The channel that `value` means. A name the standard doesn't know stays, in lower case with `_` for blanks.

    `named`: every known spelling in loose form (see `model.loose`) -> canonical name.
    """
    if isinstance(value, bool | int | float | list | dict):
        raise Fault("type.text", value)
    found = text(value)
    if found is None:
        return None
    return named.get(re.sub(r"[\s_\-.]+", "", found).casefold()) or re.sub(r"[\s\-.]+", "_", found.lower())
