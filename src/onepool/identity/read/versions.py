"""What two versions of a definition say differently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Settings that differ, by path (`types.phone.max_customers`): (path, before, after); None where one says nothing.

    Lists are compared as a whole: their order may matter.
    """
    old, new = _flat(before), _flat(after)
    paths = sorted(old.keys() | new.keys())
    return [(path, old.get(path), new.get(path)) for path in paths if old.get(path) != new.get(path)]


def _flat(body: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in body.items():
        path = f"{above}{name}"
        if isinstance(value, Mapping) and value:
            found |= _flat(value, f"{path}.")
        else:
            found[path] = value
    return found
