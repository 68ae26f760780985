"""In which order a plan reads the events of each name, and why that costs least.

The table lies in order of arrival: a window over recent time passes the rest over, row group by row group, and counting
or summing needs no order, so one scan serves every measure. Where the order of a customer's events counts, they
would have to be sorted; the behaviour index lies in their order. The events of a few customers are scattered over the
whole table, and together in the index (docs/decisions has the measurements).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from onepool.audience.conditions.compiler.needs import Starts
from onepool.audience.conditions.compiler.scope import Scope
from onepool.clock import from_micros

Order = Literal["arrival", "customer"]


@dataclass(frozen=True, slots=True)
class Access:
    """How events of one name are read: in which order, from which instant (microseconds; None: the first one), why."""

    event: str
    order: Order
    since: int | None
    why: str

    def text(self) -> str:
        """One line for reading."""
        since = "" if self.since is None else f" from {from_micros(self.since):%Y-%m-%d %H:%M} UTC"
        return f"-- reads {self.event}{since} in {self.order} order: {self.why}"


def access(scope: Scope, counted: Starts, ordered: Iterable[Starts]) -> list[Access]:
    """How the events that are counted, and those whose order counts, are read for a scope."""
    found = [_counted(scope, event, since) for event, since in counted.items()]
    for starts in ordered:
        found += [_ordered(scope, event, since) for event, since in starts.items()]
    return found


def _counted(scope: Scope, event: str, since: int | None) -> Access:
    if scope.events is not None:
        return Access(event, "customer", since, "a few customers, whose events lie together in the behaviour index")
    if since is not None:
        return Access(event, "arrival", since, "a window over recent time, so older rows are passed over")
    why = "all of history in one scan: what is counted needs no order"
    return Access(event, "arrival", None, why if scope.everyone else f"{why} (no behaviour index to find them in)")


def _ordered(scope: Scope, event: str, since: int | None) -> Access:
    if scope.everyone:
        return Access(event, "customer", since, "order counts: by the behaviour index, or sorted where there is none")
    return _counted(scope, event, since)
