"""A kind of column in which equal values don't always agree fully: two records of `王女士` share a surname only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onepool.identity.matching.kinds import Levels, SimpleKind, Strings


@dataclass(frozen=True)
class ChineseKind(SimpleKind):
    """As `SimpleKind`; `itself` gives the level of each value against an equal one (None: always 0)."""

    itself: Callable[[Strings], Levels] | None = None
