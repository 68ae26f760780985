"""What is meant by moves between segments, customer by customer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from onepool.audience.conditions.model import DidLeaf, DidNotLeaf
from onepool.audience.conditions.moves.model import segments_moved


@dataclass(frozen=True)
class Move:
    """That the customer entered a segment or left it. `event`: `segment_entered`, `segment_left`; `time` in
    microseconds."""

    event: str
    segment: str
    time: int
    seq: int = 0


def moves_meant(leaf: DidLeaf | DidNotLeaf, moves: Iterable[Move], at: int) -> list[Move]:
    """Those before the instant that are of the event and of a segment that the leaf names."""
    wanted = segments_moved(leaf.event, leaf)
    return [one for one in moves if one.event == leaf.event and one.segment in wanted and one.time < at]
