"""What watchers are told of a tick."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from onepool.audience.outcomes import Outcome

SHOWN_CHANGES = 1_000
"""How many changes of one tick are told to watchers one by one, of each segment: as many as a watcher's buffer holds,
and a busy segment does not push a quiet one's out."""


@dataclass(frozen=True)
class LiveEvent:
    """What a tick did, for those who watch: the offset reached, and who entered and left which segment."""

    at: datetime
    offset: int
    outcome: Outcome | None = None

    @cached_property
    def changes(self) -> Sequence[tuple[int, str, str]]:
        """customer_id, segment, "enter" | "exit"; put together when somebody asks."""
        return [] if self.outcome is None else self.outcome.shown(SHOWN_CHANGES)

    @cached_property
    def untold(self) -> Mapping[str, int]:
        """Of segments with more changes than are told one by one: how many more."""
        if self.outcome is None or self.outcome.segments.num_rows <= SHOWN_CHANGES:
            return {}
        counts = self.outcome.segments.column("segment").value_counts().to_pylist()
        told = Counter(segment for _, segment, _ in self.changes)
        more = {one["values"]: one["counts"] - told[one["values"]] for one in counts}
        return {segment: count for segment, count in more.items() if count}


Publish = Callable[[LiveEvent], None]


def tell(publish: Publish | None, now: datetime, offset: int, outcome: Outcome | None) -> None:
    """Tell whoever listens that a tick reached `offset`."""
    if publish is not None:
        # The instant of the decision, as the history of changes has it.
        publish(LiveEvent(now if outcome is None else outcome.at, offset, outcome))
