"""What the kernels mean, plainly: all chains of events, one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from onepool.pool.kernels import Pattern

Event = tuple[int, int]
"""(time, mask)"""


def chains(events: Sequence[Event], pattern: Pattern) -> Iterator[tuple[int, ...]]:
    """Positions of every complete chain, whatever must not come after its last event."""
    known = [position for position, (time, _) in enumerate(events) if time < pattern.at]
    for chosen in combinations(known, len(pattern.steps)):
        if all(_fits(events, pattern, chosen, step) for step in range(len(chosen))):
            first, last = events[chosen[0]][0], events[chosen[-1]][0]
            if last - first <= pattern.span:
                yield chosen


def _fits(events: Sequence[Event], pattern: Pattern, chosen: Sequence[int], step: int) -> bool:
    time, mask = events[chosen[step]]
    if not mask & pattern.steps[step] or not pattern.start <= time < pattern.end:
        return False
    if step == 0:
        return True
    before = chosen[step - 1]
    passed = time - events[before][0]
    if pattern.least and passed < pattern.least[step]:
        return False
    if pattern.most and passed > pattern.most[step]:
        return False
    if pattern.between and any(events[p][1] & pattern.between[step] for p in range(before + 1, chosen[step])):
        return False
    for quiet in pattern.quiet:
        if quiet.after == step - 1 and (passed < quiet.span or broken(events, pattern, before, quiet.bits, quiet.span)):
            return False
    return True


def broken(events: Sequence[Event], pattern: Pattern, after: int, bits: int, span: int) -> bool:
    """Whether such an event comes within the span after the one at that position."""
    return any(
        mask & bits and time < events[after][0] + span and time < pattern.at for time, mask in events[after + 1 :]
    )


def ends(events: Sequence[Event], pattern: Pattern) -> tuple[list[int], list[int]]:
    """First times of chains that hold; instants at which further ones will when nothing else happens."""
    holding, waiting = [], []
    for chain in chains(events, pattern):
        last = chain[-1]
        if pattern.between and any(
            mask & pattern.between[-1] and time < pattern.at for time, mask in events[last + 1 :]
        ):
            continue
        final = [one for one in pattern.quiet if one.after == len(pattern.steps) - 1]
        if any(broken(events, pattern, last, one.bits, one.span) for one in final):
            continue
        over = max((events[last][0] + one.span for one in final), default=0)
        if over <= pattern.at:
            holding.append(events[chain[0]][0])
        else:
            waiting.append(over)
    return holding, waiting


def longest(events: Sequence[Event], steps: int, window: int) -> int:
    """The most steps of a funnel that any chain makes: a chain of n steps ends within the window from its first."""
    for level in range(steps, 0, -1):
        for chosen in combinations(range(len(events)), level):
            times = [events[p][0] for p in chosen]
            if times[-1] - times[0] <= window and all(events[p][1] >> i & 1 for i, p in enumerate(chosen)):
                return level
    return 0
