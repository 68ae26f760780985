"""What to generate: how many customers, how many days, up to when. Equal plans give equal traffic, byte for byte."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

from onepool.clock import to_micros
from onepool.errors import UsageError

CUSTOMERS = 20_000
DAYS = 180
MOST_CUSTOMERS = 5_000_000

ZONE = timezone(timedelta(hours=8))
"""All of the brand's platforms write the time of Beijing."""

DAY = 86_400


@dataclass(frozen=True, slots=True)
class BrandPlan:
    """``last`` is the last whole day of the traffic, in the time of Beijing."""

    customers: int = CUSTOMERS
    days: int = DAYS
    seed: int = 1
    last: date = date(2026, 6, 30)

    def checked(self) -> BrandPlan:
        """Itself. Raises UsageError for what can't be generated."""
        if not 20 <= self.customers <= MOST_CUSTOMERS:
            raise UsageError(f"{self.customers} customers can't be generated", hint=f"20 to {MOST_CUSTOMERS:,}")
        if not 14 <= self.days <= 1500:
            raise UsageError(f"{self.days} days can't be generated", hint="14 to 1500")
        if self.seed < 0:
            raise UsageError("the seed is negative")
        return self

    @property
    def first(self) -> date:
        """The first day."""
        return self.last - timedelta(days=self.days - 1)

    @property
    def start(self) -> int:
        """The first instant, in seconds since 1970."""
        return to_micros(datetime.combine(self.first, time(), ZONE).astimezone(UTC)) // 1_000_000

    @property
    def seconds(self) -> int:
        """How long the traffic lasts."""
        return self.days * DAY

    def day_of(self, number: int) -> date:
        """The date of a day, counted from 0."""
        return self.first + timedelta(days=number)
