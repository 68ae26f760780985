"""What happened at the doubles: every call with its outcome, every push with its attempts, what reached whom."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

_KEPT: Final = 100_000

Direction = Literal["in", "out"]


@dataclass(slots=True)
class Entry:
    """One line. ``direction``: in (a call to the platform) or out (a push to the touchpoint's hook).

    ``outcome``: the platform's code, or the HTTP status that our side answered a push with (``no answer`` for none);
    ``fault``: what the double did on purpose (busy, error, lost). ``attempts``: of a push.
    """

    number: int
    at: datetime
    direction: Direction
    channel: str
    touchpoint: str
    what: str
    outcome: str = ""
    to: tuple[str, ...] = ()
    key: str = ""
    accepted: bool = False
    fault: str = ""
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message that reached somebody. ``person``: of the world; ``digest``: of its content."""

    number: int
    at: datetime
    channel: str
    touchpoint: str
    person: str
    address: str
    kind: str
    key: str
    content: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""


class Ledger:
    """The latest 100,000 lines, and what reached people."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=_KEPT)
        self.arrived: deque[Arrived] = deque(maxlen=_KEPT)
        self._number = 0

    def write(self, at: datetime, direction: Direction, channel: str, touchpoint: str, what: str) -> Entry:
        """A new line; the caller fills in the rest."""
        self._number += 1
        entry = Entry(self._number, at, direction, channel, touchpoint, what)
        self.entries.append(entry)
        return entry

    def reached(
        self, at: datetime, channel: str, touchpoint: str, person: str, address: str, kind: str, key: str, content: Any
    ) -> None:
        """A message is with its person."""
        self._number += 1
        whole = content if isinstance(content, Mapping) else {"content": content}
        digest = hashlib.blake2b(repr((kind, whole)).encode(), digest_size=8).hexdigest()
        self.arrived.append(Arrived(self._number, at, channel, touchpoint, person, address, kind, key, whole, digest))

    def lines(self, **wanted: str | None) -> list[dict[str, Any]]:
        """Lines whose values are those wanted (None: any), the oldest first."""
        return _chosen(self.entries, wanted)

    def inbox(self, **wanted: str | None) -> list[dict[str, Any]]:
        """Messages that reached somebody, the oldest first."""
        return _chosen(self.arrived, wanted)

    def twice(self) -> list[dict[str, Any]]:
        """Messages of the same content that one person got more than once over one touchpoint."""
        seen: dict[tuple[str, str, str], int] = {}
        for one in self.arrived:
            mark = (one.touchpoint, one.person, one.digest)
            seen[mark] = seen.get(mark, 0) + 1
        return [
            {"touchpoint": touchpoint, "person": person, "digest": digest, "times": times}
            for (touchpoint, person, digest), times in seen.items()
            if times > 1
        ]


def _chosen(rows: Iterable[Any], wanted: Mapping[str, str | None]) -> list[dict[str, Any]]:
    asked = {name: value for name, value in wanted.items() if value is not None}
    return [asdict(one) for one in rows if all(str(getattr(one, name)) == value for name, value in asked.items())]
