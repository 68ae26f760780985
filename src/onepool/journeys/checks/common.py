"""What the checks of journeys share: the problems found, and the run's own names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from onepool.audience.conditions.anchors.model import Anchors
from onepool.audience.conditions.errors import Problem, closest
from onepool.audience.conditions.names import CORE_FIELDS, KINDS, Kind
from onepool.audience.conditions.values import Span
from onepool.journeys.model import Journey
from onepool.journeys.moments import LocalDays

DAY = 86_400_000_000


@dataclass
class Checked:
    """What is wrong with a journey, and what one might have overlooked. Only problems keep it from being published."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def wrong(self, place: str, message: str, suggestion: str | None = None) -> None:
        """Add a problem, once for each place and message."""
        found = Problem(place, message, suggestion)
        if found not in self.problems:
            self.problems.append(found)

    def unknown(self, place: str, what: str, word: str, known: Iterable[str]) -> None:
        """Add that there is no such thing, with the name that is most like it."""
        self.wrong(place, f"there is no {what} {word}", closest(word, known))

    def warn(self, place: str, message: str, suggestion: str | None = None) -> None:
        """Add something to think about."""
        self.warnings.append(Problem(place, message, suggestion))


@dataclass(frozen=True)
class Lent:
    """What the runs of a journey lend to conditions. `saved`: per node, what every way to it has saved."""

    anchors: Anchors
    saved: Mapping[str, frozenset[str]]


def micros(span: Span | LocalDays) -> int:
    """A length in microseconds; months count 31 days, a local day 24 hours."""
    if isinstance(span, LocalDays):
        return span.days * DAY
    return span.micros or span.count * 31 * DAY


def kind_of(sql_type: str) -> Kind:
    """What kind of values a type of the data standard has."""
    return KINDS.get(str(sql_type), "any")


def core_fields() -> frozenset[str]:
    """What every event has beside its own fields."""
    return frozenset((*CORE_FIELDS, "event_id"))


def parameters(journey: Journey) -> frozenset[str]:
    return frozenset(journey.params)
