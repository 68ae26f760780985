"""A hundred segments and fifteen tags as a brand has them, each beside the same question in ClickHouse's words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from _behaviour import AT, DAY
from onepool.clock import to_micros

END = to_micros(AT)


@dataclass(frozen=True)
class Question:
    """A condition, or a tag's definition, and a ClickHouse query of the customers (and values) that it gives."""

    name: str
    asked: dict[str, Any]
    clickhouse: str


def ago(days: int) -> str:
    return f"fromUnixTimestamp64Micro({END - days * DAY})"


def single() -> Question:
    """Three paid orders over 100 in 30 days, and no visit in 7."""
    return Question(
        "frequent, now silent",
        {
            "all": [
                {
                    "did": "order_paid",
                    "where": {"amount": {"above": 100}},
                    "times": {"at_least": 3},
                    "within": {"last": "30 days"},
                },
                {"did_not": "app_opened", "within": {"last": "7 days"}},
            ]
        },
        f"""SELECT customer_id FROM events WHERE
        (event = 'order_paid' AND time >= {ago(30)} AND amount > 100) OR (event = 'app_opened' AND time >= {ago(7)})
        GROUP BY customer_id HAVING countIf(event = 'order_paid') >= 3 AND countIf(event = 'app_opened') = 0""",
    )


def segments() -> list[Question]:
    """A hundred of them."""
    found = [*_counted(), *_bought(), *_lapsed(), *_varied(), *_placed(), *_ordered()]
    assert len(found) == 100, len(found)
    return found


def _of(event: str, days: int | None = None, where: str = "") -> str:
    return f"event = '{event}'" + (f" AND time >= {ago(days)}" if days else "") + (f" AND {where}" if where else "")


def _grouped(where: str, having: str) -> str:
    return f"SELECT customer_id FROM events WHERE {where} GROUP BY customer_id HAVING {having}"


def _within(days: int | None) -> dict[str, Any]:
    return {"within": {"last": f"{days} days"}} if days else {}


def _counted() -> Iterator[Question]:
    names = ("page_viewed", "product_viewed", "app_opened", "cart_added", "searched", "live_watched", "signed_in")
    for event in names:
        for days, times in ((7, 2), (30, 3), (90, 5), (365, 10)):
            yield Question(
                f"{event} {times} in {days}",
                {"did": event, "times": {"at_least": times}, **_within(days)},
                _grouped(_of(event, days), f"count() >= {times}"),
            )


def _bought() -> Iterator[Question]:
    for amount in (100, 300):
        for days in (30, 90, 180):
            yield Question(
                f"paid {amount} in {days}",
                {"did": "order_paid", "where": {"amount": {"at_least": amount}}, **_within(days)},
                _grouped(_of("order_paid", days, f"amount >= {amount}"), "count() >= 1"),
            )
    for amount in (500, 1000, 2000):
        for days in (90, 365):
            yield Question(
                f"spent {amount} in {days}",
                {"did": "order_paid", "sum": {"of": "amount", "at_least": amount}, **_within(days)},
                _grouped(_of("order_paid", days), f"sum(amount) >= {amount}"),
            )
    for days in (30, 60, 90):
        yield Question(
            f"new buyer {days}",
            {"did": "order_paid", "first": True, **_within(days)},
            _grouped(_of("order_paid"), f"min(time) >= {ago(days)}"),
        )
    for amount in (200, 400):
        yield Question(
            f"last order {amount}",
            {"did": "order_paid", "last": True, "where": {"amount": {"at_least": amount}}},
            _grouped(_of("order_paid"), f"argMax(amount, (time, seq)) >= {amount}"),
        )
    yield Question(
        "average basket",
        {"did": "order_paid", "avg": {"of": "amount", "at_least": 250}, **_within(365)},
        _grouped(_of("order_paid", 365), "avg(amount) >= 250"),
    )


def _lapsed() -> Iterator[Question]:
    pairs = (
        *(("cart_added", 14, "order_paid", 14), ("product_viewed", 30, "cart_added", 30)),
        *(("coupon_received", 30, "coupon_redeemed", 30), ("checkout_started", 30, "order_paid", 30)),
        *(("followed", 90, "order_paid", 90), ("signed_up", 180, "order_paid", 180)),
        *(("order_paid", 365, "order_paid", 90), ("app_opened", 90, "app_opened", 14)),
        *(("live_watched", 60, "order_paid", 60), ("searched", 30, "order_paid", 30)),
    )
    for did, days, did_not, silent in pairs:
        yield Question(
            f"{did} {days}, no {did_not} {silent}",
            {"all": [{"did": did, **_within(days)}, {"did_not": did_not, **_within(silent)}]},
            f"""SELECT DISTINCT customer_id FROM events WHERE {_of(did, days)} AND customer_id NOT IN (
                SELECT customer_id FROM events WHERE {_of(did_not, silent)})""",
        )
    for event in ("order_paid", "app_opened", "page_viewed", "signed_in"):
        for days in (30, 60):
            yield Question(
                f"was here, no {event} {days}",
                {"all": [{"did": event}, {"did_not": event, **_within(days)}]},
                _grouped(_of(event), f"max(time) < {ago(days)}"),
            )


def _varied() -> Iterator[Question]:
    for event in ("product_viewed", "cart_added"):
        for different in (3, 5, 8):
            yield Question(
                f"{different} products {event}",
                {"did": event, "distinct": {"of": "product_id", "at_least": different}, **_within(60)},
                _grouped(_of(event, 60), f"uniqExact(product_id) >= {different}"),
            )
    for event in ("signed_in", "app_opened"):
        for days in (3, 5, 8):
            yield Question(
                f"{days} days {event}",
                {"did": event, "days": {"at_least": days}, **_within(60)},
                _grouped(_of(event, 60), f"uniqExact(toDate(time, 'Asia/Shanghai')) >= {days}"),
            )


def _placed() -> Iterator[Question]:
    for channel in ("wechat_mini", "tmall", "store", "web", "douyin"):
        for event in ("order_paid", "page_viewed"):
            yield Question(
                f"{event} on {channel}",
                {"did": event, "at": {"channel": channel}, "times": {"at_least": 2}, **_within(90)},
                _grouped(_of(event, 90, f"channel = '{channel}'"), "count() >= 2"),
            )
    for city in ("上海", "杭州", "北京", "成都"):
        yield Question(
            f"buyers in {city}",
            {"all": [{"attribute": "city", "is": city}, {"did": "order_paid", **_within(180)}]},
            f"""SELECT DISTINCT customer_id FROM events WHERE {_of("order_paid", 180)} AND customer_id IN (
                SELECT customer_id FROM facts WHERE attribute = 'city' GROUP BY customer_id
                HAVING argMax(value, (time, seq)) = '{city}')""",
        )


def _ordered() -> Iterator[Question]:
    pairs = (
        *(("cart_added", "order_paid", 1, None), ("cart_added", "order_paid", 3, 30)),
        *(("checkout_started", "order_paid", 1, 30), ("coupon_received", "coupon_redeemed", 7, 60)),
        *(("followed", "order_paid", 30, None), ("order_paid", "order_paid", 60, None)),
    )
    for did, did_not, days, window in pairs:
        span, since = days * DAY, END - window * DAY if window else 0
        yield Question(
            f"{did} then no {did_not} for {days} in {window}",
            {"sequence": [{"did": did}, {"did_not": did_not, "for": f"{days} days"}], **_within(window)},
            f"""SELECT customer_id, groupArrayIf(t, event = '{did}' AND t >= {since}) AS a,
                groupArrayIf(t, event = '{did_not}') AS b
            FROM (SELECT customer_id, event, toUnixTimestamp64Micro(time) AS t FROM events
                WHERE event IN ('{did}', '{did_not}') {f"AND time >= {ago(window)}" if window else ""})
            GROUP BY customer_id
            HAVING arrayExists(x -> x <= {END - span} AND NOT arrayExists(y -> y > x AND y < x + {span}, b), a)""",
        )
    for first, second, days in (
        *(("product_viewed", "cart_added", 1), ("cart_added", "checkout_started", 1)),
        *(("checkout_started", "order_paid", 1), ("searched", "product_viewed", 1)),
    ):
        yield Question(
            f"{first} then {second} in {days}",
            {"sequence": [{"did": first}, {"did": second, "gap": f"{days} days"}], **_within(90)},
            f"""SELECT customer_id, groupArrayIf(t, event = '{first}') AS a, groupArrayIf(t, event = '{second}') AS b
            FROM (SELECT customer_id, event, toUnixTimestamp64Micro(time) AS t FROM events
                WHERE event IN ('{first}', '{second}') AND time >= {ago(90)})
            GROUP BY customer_id HAVING arrayExists(x -> arrayExists(y -> y > x AND y <= x + {days * DAY}, b), a)""",
        )


def tags() -> list[Question]:
    """Fifteen of them: what was bought and how often, the first and last of fields, stages by rules."""
    found = [*_metrics(), *_first_last(), *_stages()]
    assert len(found) == 15, len(found)
    return found


def _tag(kind: str, name: str, **parts: Any) -> dict[str, Any]:
    return {"tag": name, "title": name, "says": "value", "kind": kind, **parts}


def _metrics() -> Iterator[Question]:
    for number, (event, figure, days) in enumerate(
        (
            *(("order_paid", "sum", 180), ("order_paid", "avg", 365), ("order_paid", "max", 365)),
            *(("cart_added", "sum", 90), ("live_watched", "sum", 60)),
        )
    ):
        of = "duration" if event == "live_watched" else "amount"
        yield Question(
            f"m{number}",
            _tag("metric", f"m{number}", **{"from": {"did": event, figure: of}}, within={"last": f"{days} days"}),
            f"SELECT customer_id, {figure}({of}) AS v FROM events WHERE {_of(event, days)} GROUP BY customer_id",
        )
    for number, (event, days) in enumerate((("page_viewed", 30), ("app_opened", 90), ("order_paid", 365)), 5):
        yield Question(
            f"m{number}",
            _tag("metric", f"m{number}", **{"from": {"did": event, "times": True}}, within={"last": f"{days} days"}),
            f"SELECT customer_id, count() AS v FROM events WHERE {_of(event, days)} GROUP BY customer_id",
        )


def _first_last() -> Iterator[Question]:
    for number, (event, take, name) in enumerate(
        (
            *(
                ("order_paid", "first", "channel"),
                ("order_paid", "last", "channel"),
                ("page_viewed", "last", "channel"),
            ),
            *(("cart_added", "last", "product_id"), ("order_paid", "last", "category")),
        )
    ):
        pick = "argMin" if take == "first" else "argMax"
        yield Question(
            f"f{number}",
            _tag("first_last", f"f{number}", take=take, **{"from": {"did": [event], "field": name}}),
            f"SELECT customer_id, {pick}({name}, (time, seq)) AS v FROM events WHERE {_of(event)} GROUP BY customer_id",
        )


def _stages() -> Iterator[Question]:
    for number, (many, days) in enumerate(((2, 90), (5, 365))):
        yield Question(
            f"s{number}",
            _tag(
                "state",
                f"s{number}",
                states=[
                    {"value": "loyal", "when": {"did": "order_paid", "times": {"at_least": many}, **_within(days)}},
                    {"value": "bought", "when": {"did": "order_paid"}},
                    {"value": "looked", "when": {"did": "product_viewed"}},
                ],
            ),
            f"""SELECT customer_id, multiIf(countIf({_of("order_paid", days)}) >= {many}, 'loyal',
                countIf({_of("order_paid")}) > 0, 'bought', 'looked') AS v
            FROM events WHERE event IN ('order_paid', 'product_viewed') GROUP BY customer_id""",
        )
