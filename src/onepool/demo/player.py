"""Playing shoppers of the web shop into a running server, with the real Segment SDK.

Known households come to the web shop, look at products, put some into the cart, and some of them pay: so customers
enter and leave segments while one watches. The events carry Segment's own names ("Product Added"), the data standard
turns them into ours.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import duckdb

from onepool.demo.completejourney import Journey
from onepool.errors import OnePoolError

MOST_PER_SECOND = 200.0
AT_ONCE = 25
"""Shoppers who are in the shop at the same time."""


class PlayerError(OnePoolError):
    """The events can't be sent."""

    code = "demo-player"


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the catalogue with its usual price in USD."""

    product_id: str
    name: str
    category: str
    brand: str
    price: float

    def properties(self, quantity: int) -> dict[str, Any]:
        """The product as Segment's spec writes it."""
        return {
            "product_id": self.product_id,
            "name": self.name,
            "category": self.category,
            "brand": self.brand,
            "price": self.price,
            "quantity": quantity,
            "currency": "USD",
        }


@dataclass(frozen=True, slots=True)
class Action:
    """One call of the SDK: what a household does."""

    household: str
    call: str
    """identify, or the name of the tracked event"""
    properties: Mapping[str, Any]


class Tracker(Protocol):
    """The part of Segment's client that is used (``segment.analytics.client.Client``)."""

    def identify(self, user_id: str, traits: Mapping[str, Any]) -> object: ...

    def track(self, user_id: str, event: str, properties: Mapping[str, Any]) -> object: ...

    def flush(self) -> None: ...


@dataclass(slots=True)
class _Visit:
    household: str
    plan: Iterator[Action]


@dataclass(slots=True)
class Played:
    """What was played: calls by name, and how many households came."""

    calls: dict[str, int] = field(default_factory=dict)
    households: set[str] = field(default_factory=set)


def catalogue(journey: Journey, households: int = 200, products: int = 400) -> tuple[list[str], list[Product]]:
    """Households that shop often, and the products they buy most, with the median price paid."""
    connection = duckdb.connect(":memory:")
    for table in ("transactions", "products"):
        connection.from_parquet(str(journey.folder / f"{table}.parquet")).create_view(table)
    people = connection.sql(
        "SELECT household_id FROM transactions GROUP BY 1 ORDER BY count(DISTINCT basket_id) DESC, 1 LIMIT $n",
        params={"n": households},
    ).fetchall()
    goods = connection.sql(
        """SELECT product_id, any_value(product_type), any_value(product_category), any_value(brand),
               round(median(sales_value / quantity), 2)
           FROM transactions JOIN products USING (product_id)
           WHERE quantity BETWEEN 1 AND 20 AND sales_value > 0 AND product_type IS NOT NULL
               AND product_category NOT IN ('COUPON/MISC ITEMS', 'FUEL')
           GROUP BY product_id ORDER BY count(*) DESC, product_id LIMIT $n""",
        params={"n": products},
    ).fetchall()
    connection.close()
    return [str(row[0]) for row in people], [Product(str(r[0]), r[1], r[2], r[3], float(r[4])) for r in goods]


def script(households: Sequence[str], products: Sequence[Product], chance: random.Random, run: str) -> Iterator[Action]:
    """Endless shopping: visits of several households interleaved. ``run`` keeps order ids of different runs apart."""
    visits: list[_Visit] = []
    number = 0
    while True:
        if len(visits) < min(AT_ONCE, len(households)) and (not visits or chance.random() < 0.3):
            here = {visit.household for visit in visits}
            household = chance.choice([name for name in households if name not in here])
            number += 1
            visits.append(_Visit(household, _visit(household, products, chance, f"W{run}-{number:05d}")))
        visit = chance.choice(visits)
        action = next(visit.plan, None)
        if action is None:
            visits.remove(visit)
        else:
            yield action


def _visit(household: str, products: Sequence[Product], chance: random.Random, order_id: str) -> Iterator[Action]:
    """One household's visit: look, perhaps take, perhaps pay."""
    yield Action(household, "identify", {"member_no": household})
    cart: list[tuple[Product, int]] = []
    for _ in range(chance.randint(2, 6)):
        product = chance.choice(products)
        yield Action(household, "Product Viewed", product.properties(1))
        if chance.random() < 0.45:
            cart.append((product, chance.randint(1, 3)))
            yield Action(household, "Product Added", product.properties(cart[-1][1]))
    if cart and chance.random() < 0.5:
        yield Action(
            household,
            "Order Completed",
            {
                "order_id": order_id,
                "total": round(sum(product.price * quantity for product, quantity in cart), 2),
                "currency": "USD",
                "products": [product.properties(quantity) for product, quantity in cart],
            },
        )


def play(
    tracker: Tracker,
    actions: Iterator[Action],
    *,
    rate: float,
    seconds: float,
    sleep: Callable[[float], None] = time.sleep,
    elapsed: Callable[[], float] = time.monotonic,
    progress: Callable[[Played], None] | None = None,
) -> Played:
    """Sends actions at ``rate`` a second for ``seconds``, then flushes. Both are bounded by the caller's patience."""
    if not 0 < rate <= MOST_PER_SECOND:
        raise PlayerError(f"the rate must be over 0 and at most {MOST_PER_SECOND:g} events a second")
    played = Played()
    began = elapsed()
    for number in range(int(rate * seconds)):
        ahead = number / rate - (elapsed() - began)
        if ahead > 0:
            sleep(ahead)
        if elapsed() - began > seconds:
            break  # the server is slower than the rate: keep to the time
        action = next(actions)
        if action.call == "identify":
            tracker.identify(action.household, dict(action.properties))
        else:
            tracker.track(action.household, action.call, dict(action.properties))
        played.calls[action.call] = played.calls.get(action.call, 0) + 1
        played.households.add(action.household)
        if progress is not None:
            progress(played)
    tracker.flush()
    return played


def segment_tracker(url: str, write_key: str, on_error: Callable[[Exception, object], None]) -> Tracker:
    """Segment's own client for a server. Raises PlayerError when the SDK is not installed."""
    try:
        from segment.analytics.client import Client
    except ImportError as error:
        raise PlayerError(
            "the package segment-analytics-python is not installed", hint="pip install 'onepool[demo]'"
        ) from error
    # Small, early uploads: one wants to see what happens; and a server that is away ends the play, not the patience.
    tracker: Tracker = Client(
        write_key,
        host=url,
        upload_size=20,
        upload_interval=0.2,
        max_retries=3,
        max_total_backoff_duration=30,
        on_error=on_error,
    )
    return tracker
