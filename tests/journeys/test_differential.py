"""The executor does for whole columns what the naive interpreter does for one run after the other."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from tests.journeys.differ import differences, parsed
from tests.journeys.drawing_logs import Case, Seeded, case, cases

SEEDS = 240
CUSTOMERS = 8
PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_many_customers_of_drawn_journeys_fare_alike(part: int) -> None:
    """Eight customers, eight steps a case; together with the other parts 1,920 customers."""
    for seed in range(part, SEEDS, PARTS):
        found = differences(case(Seeded(seed), CUSTOMERS, 8))
        assert not found, (seed, found[:6])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases(customers=3, steps=5))
def test_a_case_that_differs_is_made_small(made: Case) -> None:
    assert differences(made) == []


def test_what_is_drawn_is_worth_it() -> None:
    """Every kind of node and of entry comes up, customers are merged, and something comes late."""
    kinds: set[str] = set()
    entries: set[str] = set()
    merges = late = erased = 0
    for seed in range(80):
        made = case(Seeded(seed), CUSTOMERS, 8)
        for journey in parsed(made):
            kinds |= {node.do for node in journey.nodes.values()}
            entries.add(type(journey.entry).__name__)
        merges += sum(len(quantum.merges) for quantum in made.quanta)
        late += sum(event.received_at > event.time for quantum in made.quanta for _, event, _ in quantum.events)
        erased += sum(event.event == "customer_erased" for quantum in made.quanta for _, event, _ in quantum.events)
    wanted = {"send", "wait", "branch", "split", "issue_coupon", "set_profile", "task", "call_journey", "repeat", "end"}
    assert wanted <= kinds
    assert {"EventEntry", "SegmentEntry", "SegmentLeaveEntry", "ApiEntry"} <= entries
    assert min(merges, late, erased) > 20
