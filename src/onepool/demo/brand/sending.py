"""What leaves the platforms: requests to the collector, pages that were pulled, files; each at its time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from onepool.demo.people.arrays import I64, Chance

Headers = tuple[tuple[bytes, bytes], ...]


class Delivery(NamedTuple):
    """One HTTP request, as a platform sends it."""

    method: str
    path: str
    query: bytes
    headers: Headers
    body: bytes


class Page(NamedTuple):
    """One answer of a platform that was asked, as the pull of a touchpoint keeps it. ``call`` is the call's name."""

    touchpoint: str
    call: str
    body: bytes


class File(NamedTuple):
    """A file of a touchpoint to be imported: its kind, its name, its content, and the meaning of its columns."""

    touchpoint: str
    kind: str
    name: str
    content: bytes
    mapping: dict[str, Any]


Thing = Delivery | Page | File


class Way(Protocol):
    """How one touchpoint sends: ``thing`` writes and signs what is said, at the moment at which it is sent."""

    def thing(self, said: Any, at: int) -> Thing:
        """``at``: milliseconds since 1970."""
        ...


class Sending(NamedTuple):
    """Something to be sent at a time (milliseconds since 1970). ``place`` keeps the order of equal times."""

    at: int
    place: int
    way: Way
    said: Any

    def thing(self) -> Thing:
        return self.way.thing(self.said, self.at)


def receiver(thing: Thing) -> str | None:
    """The touchpoint that a thing is for, as far as its address tells (an SDK's key does not)."""
    if isinstance(thing, Delivery):
        return thing.path.split("/")[2] if thing.path.startswith("/hooks/") else None
    return thing.touchpoint


class Made:
    """Collects what is to be sent."""

    def __init__(self) -> None:
        self.sendings: list[Sending] = []

    def add(self, way: Way, times: Iterable[int], said: Iterable[Any]) -> None:
        """One sending for each pair of a time and what is said."""
        place = len(self.sendings)
        self.sendings += [
            Sending(at, place + number, way, one) for number, (at, one) in enumerate(zip(times, said, strict=True))
        ]

    def one(self, way: Way, at: int, said: Any) -> None:
        """A single sending."""
        self.sendings.append(Sending(at, len(self.sendings), way, said))


@dataclass(slots=True)
class Disturbed:
    """How many deliveries were made late, and how many came twice."""

    late: int = 0
    double: int = 0


def disturb(chance: Chance, sendings: Sequence[Sending], late: float, double: float, told: Disturbed) -> list[Sending]:
    """Some deliveries minutes to two days late, some a second time after some seconds, as platforms retry."""
    drawn = chance.random(len(sendings))
    found = list(sendings)
    slow = np.flatnonzero(drawn < late)
    delay = np.exp(chance.uniform(np.log(60_000), np.log(172_800_000), slow.size)).astype(np.int64)
    for place, by in zip(slow.tolist(), delay.tolist(), strict=True):
        found[place] = found[place]._replace(at=found[place].at + by)
    twice = np.flatnonzero((drawn >= late) & (drawn < late + double))
    again = chance.integers(5_000, 15_000, twice.size)
    found += [
        found[place]._replace(at=found[place].at + by) for place, by in zip(twice.tolist(), again.tolist(), strict=True)
    ]
    told.late += slow.size
    told.double += twice.size
    return found


def in_order(days: Iterable[list[Sending]], day_ends: Callable[[int], int]) -> Iterator[Sending]:
    """The sendings of days in order of time; what belongs to a later day waits for it. ``day_ends``: ms by day."""
    waiting: list[Sending] = []
    for day, made in enumerate(days):
        waiting += made
        waiting.sort(key=_time)
        end = day_ends(day)
        cut = _first_from(waiting, end)
        yield from waiting[:cut]
        del waiting[:cut]
    yield from waiting


def _time(one: Sending) -> tuple[int, int]:
    return one.at, one.place


def _first_from(sendings: list[Sending], end: int) -> int:
    low, high = 0, len(sendings)
    while low < high:
        middle = (low + high) // 2
        if sendings[middle].at < end:
            low = middle + 1
        else:
            high = middle
    return low


def milliseconds(start: int, seconds: I64) -> list[int]:
    """Times of the world (seconds after ``start``) as milliseconds since 1970."""
    found: list[int] = ((start + seconds) * 1000).tolist()
    return found
