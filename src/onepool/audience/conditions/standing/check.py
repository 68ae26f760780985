"""Names in the leaves about how a customer stands."""

from __future__ import annotations

from onepool.audience.conditions.errors import Problem, closest
from onepool.audience.conditions.names import Names
from onepool.audience.conditions.standing.model import ConsentLeaf, ListLeaf, ReachableLeaf


def check_standing(
    leaf: ConsentLeaf | ReachableLeaf | ListLeaf, names: Names, place: str, problems: list[Problem]
) -> None:
    """Add what is wrong with the leaf. Purposes are free words: people name new ones before an event does."""
    at = f"{place}." if place else ""
    match leaf:
        case ListLeaf():
            if leaf.list not in names.lists:
                problems.append(_unknown(f"{at}list", "list", leaf.list, names.lists))
        case ConsentLeaf():
            channel = leaf.consent.channel
            if channel is not None and names.consent_channels and channel not in names.consent_channels:
                problems.append(_unknown(f"{at}consent.channel", "channel", channel, names.consent_channels))
        case ReachableLeaf():
            channel, touchpoint = leaf.reachable.channel, leaf.reachable.touchpoint
            ways = names.ways.get(channel)
            if ways is None:
                known = ", ".join(sorted(names.ways)) or "none yet"
                message = (
                    f"no touchpoint carries messages to people on {channel}; channels that can be asked for: {known}"
                )
                problems.append(Problem(f"{at}reachable.channel", message, closest(channel, names.ways)))
                return
            there = {one for way in ways for one in way.touchpoints}
            if touchpoint is not None and touchpoint not in there:
                what = f"touchpoint of {channel}"
                problems.append(_unknown(f"{at}reachable.touchpoint", what, touchpoint, there))


def _unknown(place: str, what: str, word: str, known: frozenset[str] | set[str]) -> Problem:
    return Problem(place, f"there is no {what} {word}", closest(word, known))
