"""Which definitions refer to which: read from their bodies, so that it can't go out of date."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from onepool.definitions import Definitions


def users_of(definitions: Definitions, kind: Literal["tag", "segment"]) -> dict[str, list[str]]:
    """For every tag (or segment) that is named in a condition: the definitions that do so, as `segment:vip`."""
    found: dict[str, set[str]] = {}
    for user_kind in ("segment", "tag"):
        for item in definitions.current(user_kind):
            for name in _named(item.body, kind, top=True):
                if (user_kind, item.name) != (kind, name):
                    found.setdefault(name, set()).add(f"{user_kind}:{item.name}")
    return {name: sorted(users) for name, users in found.items()}


def _named(body: Any, kind: str, *, top: bool = False) -> Iterator[str]:
    """Values of the key `tag` or `segment` at any depth; at the top that key is the definition's own name."""
    if isinstance(body, dict):
        for key, value in body.items():
            if key == kind and isinstance(value, str) and not top:
                yield value
            else:
                yield from _named(value, kind)
    elif isinstance(body, list):
        for value in body:
            yield from _named(value, kind)
