"""Channels, purposes and categories as people write them down: what would be about nothing is refused.

A withdrawal for a channel that no message has would be kept, called in force, and keep nothing back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from onepool.audience.conditions.errors import closest
from onepool.audience.conditions.standing.consents import CATEGORIES, PURPOSES
from onepool.errors import OnePoolError
from onepool.standards import Standard

ALL = "all"


class SpellingError(OnePoolError):
    """A name that means nothing as it is spelled."""

    code = "spelling"


def channels_of(standard: Standard, touchpoints: Iterable[str]) -> frozenset[str]:
    """Every channel that messages can have. `touchpoints`: the channels of those that there are."""
    return frozenset(standard.channels) | frozenset(touchpoints)


def check_spelling(
    channel: str, purpose: str, category: str, *, channels: Collection[str], purposes: Collection[str] = ()
) -> None:
    """Raise SpellingError, naming the closest, for a channel that there is none of, or a purpose or category that is a
    known one but for its spelling. New purposes may be named: they need no declaring. `purposes`: others in use."""
    if channel and channel not in channels:
        raise _refused("channel", channel, _near(channel, channels))
    known = {ALL, *PURPOSES, *purposes}
    for one in purpose.split(","):
        _known("purpose", one.strip(), known)
    if category:
        _known("category", category, CATEGORIES)


def _known(what: str, name: str, known: Collection[str]) -> None:
    if name in known:
        return
    near = _near(name, known)
    if near is not None or not name:
        raise _refused(what, name, near)


def _near(name: str, known: Collection[str]) -> str | None:
    return closest(name.strip().casefold(), sorted(known))


def _refused(what: str, name: str, near: str | None) -> SpellingError:
    hint = f"did you mean {near}?" if near is not None else None
    return SpellingError(f"there is no {what} {name!r}", where=what, hint=hint)
