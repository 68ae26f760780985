"""What watchers are told of a tick."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from onepool.audience.outcomes import Outcome

SHOWN_CHANGES = 20_000
"""How many changes of one tick are told to watchers one by one."""


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """What a tick did, for those who watch: the offset reached, and who entered and left which segment."""

    at: datetime
    offset: int
    changes: Sequence[tuple[int, str, str]]  # customer_id, segment, "enter" | "exit"


Publish = Callable[[LiveEvent], None]


def tell(publish: Publish | None, now: datetime, offset: int, outcome: Outcome | None) -> None:
    """Tell whoever listens that a tick reached `offset`."""
    if publish is None:
        return
    changes = [] if outcome is None else outcome.shown(SHOWN_CHANGES)
    # The instant of the decision, as the history of changes has it.
    publish(LiveEvent(now if outcome is None else outcome.at, offset, changes))
