"""Standardising: events per second of one core from log records to typed tables, beside its limit.

The limit is decoding the same records and nothing else (msgspec, as the tick does it). Three kinds of input: simple
events (page and product views), a shop's mixture (a quarter are orders with lines), and profiles with phones. Figures
are of processor time, so that neighbours on the machine disturb less; the best of some runs.

    python bench/standardise.py [--events 20000] [--runs 5]
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from onepool.collect.inbound import decode
from onepool.collect.log import Record
from onepool.collect.touchpoint import Touchpoint
from onepool.standards import StandardSettings, load_standard, standardise

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SETTINGS = StandardSettings(digest_key=b"a key for benchmarks only")
TOUCHPOINTS = {"shop": Touchpoint("shop", "web", scopes={"user_id": "crm"})}
RESULTS = Path(__file__).parent / "results"
REQUEST = 100

Call = Callable[[random.Random, int], Mapping[str, Any]]


def _call(rng: random.Random, number: int, **more: Any) -> dict[str, Any]:
    stamp = f"2026-03-01T11:{rng.randrange(60):02}:{rng.randrange(60):02}.{rng.randrange(1000):03}Z"
    who = {"userId": f"u{rng.randrange(100_000)}", "anonymousId": f"a{number % 5000}"}
    page = {"url": f"https://shop.example/p/{number % 500}", "path": f"/p/{number % 500}", "title": "商品"}
    context = {"library": {"name": "analytics.js"}, "locale": "zh-CN", "page": page}
    return {"type": "track", "messageId": f"m-{number}", "timestamp": stamp, "context": context, **who, **more}


def view(rng: random.Random, number: int) -> dict[str, Any]:
    """A product or page view."""
    if number % 2:
        return _call(rng, number, event="page_viewed", properties={"title": "首页"})
    product = rng.randrange(900)
    properties = {
        "product_id": f"P{product}",
        "name": f"商品{product}",
        "category": "母婴",
        "currency": "CNY",
        "quantity": 1,
    }
    return _call(
        rng, number, event="Product Viewed", properties={**properties, "price": rng.randrange(1, 99_999) / 100}
    )


def mixed(rng: random.Random, number: int) -> dict[str, Any]:
    """Three views, then an order of two lines."""
    if number % 4:
        return view(rng, number)
    lines = [{"product_id": f"P{rng.randrange(900)}", "price": 9.9, "quantity": 1} for _ in range(2)]
    order = {"order_id": f"O{number}", "total": rng.randrange(1, 99_999) / 100, "currency": "CNY", "products": lines}
    return _call(rng, number, event="Order Completed", properties=order)


def profile(rng: random.Random, number: int) -> dict[str, Any]:
    """An identify call."""
    traits = {
        "phone": f"138{rng.randrange(10**8):08}",
        "name": "张三",
        "gender": rng.choice("男女"),
        "birthday": f"19{rng.randrange(60, 100)}/{rng.randrange(1, 13)}/{rng.randrange(1, 29)}",
        "city": rng.choice(["上海市", "杭州", "北京市", "广州市"]),
    }
    return {**_call(rng, number), "type": "identify", "traits": traits}


def records(call: Call, events: int) -> list[Record]:
    """Requests of 100 events."""
    rng = random.Random(1)
    made = []
    for offset, start in enumerate(range(0, events, REQUEST), 1):
        batch = [call(rng, number) for number in range(start, start + REQUEST)]
        body = json.dumps({"batch": batch, "sentAt": "2026-03-01T12:00:00.000Z"}, ensure_ascii=False).encode()
        made.append(Record(NOW, "shop", "segment", b'{"scopes":{"user_id":"crm"}}', body, offset))
    return made


def best(work: Callable[[], object], runs: int) -> float:
    """Seconds of processor time of the fastest run."""

    def timed() -> Iterator[float]:
        for _ in range(runs):
            gc.collect()
            start = time.process_time()
            work()
            yield time.process_time() - start

    return min(timed())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    standard = load_standard()
    results: dict[str, dict[str, float]] = {}
    print(f"{'input':<10}{'decode only':>16}{'standardise':>16}{'share of limit':>16}   (events/s, one core)")
    for name, call in (("simple", view), ("mixed", mixed), ("profiles", profile)):
        made = records(call, given.events)
        batch = standardise(made, standard, SETTINGS, TOUCHPOINTS)
        if batch.rows.num_rows + batch.quarantine.num_rows != given.events:
            raise SystemExit(f"{name}: things were lost")
        limit = given.events / best(lambda made=made: [decode(record) for record in made], given.runs)  # type: ignore[misc]
        full = given.events / best(lambda made=made: standardise(made, standard, SETTINGS, TOUCHPOINTS), given.runs)  # type: ignore[misc]
        results[name] = {"decode_only": round(limit), "standardise": round(full)}
        print(f"{name:<10}{limit:>16,.0f}{full:>16,.0f}{full / limit:>16.0%}")
    one = records(view, REQUEST)
    milliseconds = best(lambda: standardise(one, standard, SETTINGS, TOUCHPOINTS), given.runs) * 1000
    results["one_request"] = {"events": REQUEST, "milliseconds": round(milliseconds, 2)}
    print(f"one request of {REQUEST} events: {milliseconds:.1f} ms")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "standardise.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
