"""How the index is doing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Status:
    """`serving`: whether reads use it; `due`: why a new build is called for; the rest is of the build that is read:
    its events and customers, events since (`tail`), identifiers that changed customers or were rewritten since."""

    serving: bool
    building: bool
    due: str | None
    events: int = 0
    customers: int = 0
    tail: int = 0
    moved: int = 0
    rewritten: int = 0
    columns: tuple[str, ...] = ()
    built_at: datetime | None = None
    seconds: float = 0.0
    bytes: int = 0
