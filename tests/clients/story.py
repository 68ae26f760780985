"""One small story that every client tells, and how it should arrive."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from onepool.collect.inbound import Item

PAST = datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


@dataclass(frozen=True)
class Sent:
    """One event as it should be found behind the collector; ids are (type, value) without the scope."""

    name: str
    ids: frozenset[tuple[str, str]]
    fields: dict[str, Any] = field(default_factory=dict)
    traits: dict[str, Any] = field(default_factory=dict)
    time: datetime | None = None


def user(value: str) -> tuple[str, str]:
    return ("user_id", value)


def anonymous(value: str) -> tuple[str, str]:
    return ("anonymous_id", value)


def server_story(prefix: str) -> list[Sent]:
    """What the Python and Node clients send: identify, two tracks, page, screen, group, alias, and 25 small events."""
    one, anon = f"{prefix}-u1", f"{prefix}-anon-1"
    return [
        Sent("profile_updated", frozenset({user(one)}), traits={"email": f"{prefix}@example.com", "name": "张三"}),
        Sent(
            "Order Completed",
            frozenset({user(one), anonymous(anon)}),
            {"order_id": f"{prefix}-o1", "revenue": 99.5, "currency": "CNY", "coupon": None},
            time=PAST,
        ),
        Sent("Product Viewed", frozenset({anonymous(f"{prefix}-anon-2")}), {"product_id": "p-1", "price": 12}),
        Sent("page_viewed", frozenset({user(one)}), {"name": "Python", "category": "Docs", "url": "http://x.example/"}),
        Sent("screen_viewed", frozenset({user(one)}), {"name": "Home"}),
        Sent("group_joined", frozenset({user(one)}), {"group_id": f"{prefix}-g1", "group_traits": {"plan": "vip"}}),
        Sent("identity_aliased", frozenset({user(one), user(f"{prefix}-anon-2"), anonymous(f"{prefix}-anon-2")})),
        *(Sent("Small Event", frozenset({user(f"{prefix}-u{n}")}), {"n": n}) for n in range(25)),
    ]


def browser_story(prefix: str) -> list[Sent]:
    """What the browser clients send; the anonymous id is made by the client and not known before."""
    one = f"{prefix}-u1"
    return [
        Sent("page_viewed", frozenset(), {"name": "Start"}),
        Sent("Product Viewed", frozenset(), {"product_id": "p-1", "price": 12}),
        Sent("identity_aliased", frozenset({user(one), user(f"{prefix}-old"), anonymous(f"{prefix}-old")})),
        Sent("profile_updated", frozenset({user(one)}), traits={"email": f"{prefix}@example.com", "name": "张三"}),
        Sent("Order Completed", frozenset({user(one)}), {"order_id": f"{prefix}-o1", "revenue": 99.5}),
        Sent("group_joined", frozenset({user(one)}), {"group_id": f"{prefix}-g1", "group_traits": {"plan": "vip"}}),
    ]


def missing(expected: list[Sent], items: list[Item], scope: str) -> list[str]:
    """What of the story did not arrive, in words; every item may stand for one expected event only."""
    left = list(items)
    complaints = []
    for sent in expected:
        found = next((item for item in left if _matches(sent, item, scope)), None)
        if found is None:
            alike = [item for item in items if item.name == sent.name]
            complaints.append(f"{sent} not among {alike}")
        else:
            left.remove(found)
    return complaints + [f"not expected: {item}" for item in left]


def _matches(sent: Sent, item: Item, scope: str) -> bool:
    ids = {(kind, value) for kind, at, value in item.ids if at == scope}
    return (
        item.name == sent.name
        and len(ids) == len(item.ids)
        and sent.ids <= ids
        and all(item.fields.get(key, ...) == value for key, value in sent.fields.items())
        and all(item.traits.get(key, ...) == value for key, value in sent.traits.items())
        and (sent.time is None or abs(datetime.fromisoformat(str(item.time)) - sent.time).total_seconds() < 0.001)
        and bool(item.message_id)
        and item.time is not None
        and item.sent_at is not None
    )
