"""What to generate."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from onepool.demo.people.rates import Tier
from onepool.errors import UsageError

START = date(2023, 1, 1)
DAYS = 730
PEOPLE = 10_000
MOST_PEOPLE = 5_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What to generate. Equal plans give equal files, byte for byte."""

    people: int = PEOPLE
    tier: Tier = "medium"
    seed: int = 1
    sealed: bool = False
    start: date = START
    days: int = DAYS
    overrides: dict[str, float] = field(default_factory=dict)

    def checked(self) -> Plan:
        """Itself. Raises UsageError for what can't be generated."""
        if not 10 <= self.people <= MOST_PEOPLE:
            raise UsageError(f"{self.people} people can't be generated", hint=f"10 to {MOST_PEOPLE:,}")
        if not 30 <= self.days <= 3650:
            raise UsageError(f"{self.days} days can't be generated", hint="30 to 3650")
        if self.seed < 0:
            raise UsageError("the seed is negative")
        return self
