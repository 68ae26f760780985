"""Three customers: 1 (two identifiers, orders), 3 (was merged from 4), 5 (anonymous)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from onepool.pool import Session
from onepool.workspace import Workspace

T0 = datetime(2026, 11, 19, 2, 0, tzinfo=UTC)
DAY = T0 + timedelta(hours=25)
PHONE = "+8613711112222"
EMAIL = "zhang.wei@example.com"
BUYER = {
    "tag": "buyer",
    "title": {"zh": "买家", "en": "Buyer"},
    "says": "value",
    "kind": "metric",
    "from": {"did": "order_paid", "sum": "amount"},
    "cut": {"by": "number", "at": [100], "labels": ["low", "high"]},
}


def fill_pool(session: Session) -> None:
    """Put the customers, their events and orders, tags, segments and quarantine into the pool."""
    _people(session)
    _events(session)
    _audience(session)
    _quarantine(session)


def define(ws: Workspace) -> None:
    """The definitions that they go with."""
    ws.save("touchpoint", "shop", {"channel": "tmall", "title": {"zh": "旗舰店", "en": "Flagship"}}, author="test")
    ws.save("tag", "buyer", BUYER, author="test")


def put(session: Session, table: str, *rows: dict[str, Any]) -> None:
    session.append(table, pa.Table.from_pylist(list(rows)))


def event(seq: int, identifier: int, name: str, at: datetime, **values: Any) -> dict[str, Any]:
    fields = {key: str(value) if isinstance(value, Decimal) else value for key, value in values.items()}
    return {
        "seq": seq,
        "event_id": f"00000000-0000-0000-0000-{seq:012d}",
        "identifier_id": identifier,
        "event": name,
        "time": at,
        "received_at": at,
        "channel": "tmall",
        "touchpoint": "shop",
        "order_id": values.get("order_id"),
        "amount": values.get("amount"),
        "currency": values.get("currency"),
        "receiver_phone": values.get("receiver_phone"),
        "fields": json.dumps(fields, ensure_ascii=False),
    }


def _people(session: Session) -> None:
    put(
        session,
        "identifiers",
        {"identifier_id": 1, "type": "phone", "scope": "", "value": PHONE, "first_seen": T0, "last_seen": T0},
        {"identifier_id": 2, "type": "email", "scope": "", "value": EMAIL, "first_seen": T0, "last_seen": T0},
        {"identifier_id": 3, "type": "openid", "scope": "wx1", "value": "oABC", "first_seen": T0, "last_seen": T0},
        {"identifier_id": 4, "type": "member_no", "scope": "club", "value": "M-4", "first_seen": T0, "last_seen": T0},
        {"identifier_id": 5, "type": "anonymous_id", "scope": "web", "value": "a-5", "first_seen": T0, "last_seen": T0},
    )
    put(
        session,
        "customer_of",
        *({"identifier_id": i, "customer_id": c} for i, c in ((1, 1), (2, 1), (3, 3), (4, 3), (5, 5))),
    )
    put(
        session,
        "profiles",
        {
            "customer_id": 1,
            "first_seen": T0,
            "last_seen": T0 + timedelta(hours=9),
            "name": "张伟",
            "phone": PHONE,
            "email": EMAIL,
            "city": "上海",
        },
        {"customer_id": 3, "first_seen": T0, "last_seen": T0 + timedelta(hours=5), "name": "张小丽", "city": "北京"},
        {"customer_id": 5, "first_seen": T0, "last_seen": T0 + timedelta(hours=1)},
    )
    later = T0 + timedelta(hours=1)
    facts = [(1, "name", "张三", T0), (1, "name", "张伟", later), (1, "phone", PHONE, T0), (2, "email", EMAIL, T0)]
    facts += [(1, "city", "上海", T0), (3, "city", "北京", T0)]
    put(
        session,
        "attribute_facts",
        *(
            {
                "seq": n,
                "identifier_id": i,
                "attribute": a,
                "value": v,
                "time": at,
                "touchpoint": "crm",
            }
            for n, (i, a, v, at) in enumerate(facts)
        ),
    )


def _events(session: Session) -> None:
    paid = {"order_id": "O-1", "amount": Decimal("120.5000"), "currency": "CNY"}
    put(
        session,
        "events",
        event(10, 1, "page_viewed", T0),
        event(11, 2, "order_paid", T0 + timedelta(hours=1), receiver_phone="13711112222", **paid),
        # Two at the same instant: the order of arrival decides.
        event(12, 1, "product_viewed", T0 + timedelta(hours=2)),
        event(13, 1, "product_viewed", T0 + timedelta(hours=2)),
        event(14, 3, "page_viewed", T0 + timedelta(hours=3), note="call 13711112222 or a.b@c.com"),
        event(15, 5, "my_own_event", T0 + timedelta(hours=4)),
    )
    put(
        session,
        "orders",
        {
            "touchpoint": "shop",
            "order_id": "O-1",
            "identifier_id": 2,
            "placed_at": T0,
            "paid_at": T0 + timedelta(hours=1),
            "status": "paid",
            "amount": Decimal("120.5000"),
            "refunded_amount": Decimal("20.0000"),
            "currency": "CNY",
        },
        {
            "touchpoint": "shop",
            "order_id": "O-2",
            "identifier_id": 1,
            "placed_at": T0 + timedelta(hours=2),
            "paid_at": T0 + timedelta(hours=2),
            "status": "paid",
            "amount": Decimal("9.9900"),
            "refunded_amount": None,
            "currency": "USD",
        },
        {
            "touchpoint": "shop",
            "order_id": "O-3",
            "identifier_id": 3,
            "placed_at": T0 + timedelta(hours=3),
            "paid_at": None,
            "status": "placed",
            "amount": Decimal("5.0000"),
            "refunded_amount": None,
            "currency": None,
        },
    )
    put(
        session,
        "intake",
        {"hour": T0, "touchpoint": "shop", "kind": "event", "event": "page_viewed", "accepted": 4, "quarantined": 1},
        {
            "hour": T0 + timedelta(hours=25),
            "touchpoint": "shop",
            "kind": "event",
            "event": "order_paid",
            "accepted": 2,
            "quarantined": 1,
        },
    )


def _audience(session: Session) -> None:
    put(
        session,
        "tag_values",
        {"customer_id": 1, "tag": "buyer", "value": "high", "number": 120.5, "as_of": T0},
        {"customer_id": 3, "tag": "buyer", "value": "low", "number": 5.0, "as_of": T0},
    )
    put(
        session,
        "tag_values",
        {"customer_id": 1, "tag": "likes", "value": "母婴", "list": ["母婴", "童装"], "as_of": T0},
    )
    put(session, "segment_members", {"customer_id": 1, "segment": "vip", "since": T0})
    put(
        session,
        "segment_changes",
        {"change_id": 1, "customer_id": 1, "segment": "vip", "change": "enter", "at": T0 - timedelta(days=2)},
        {"change_id": 2, "customer_id": 3, "segment": "vip", "change": "enter", "at": T0 - timedelta(days=1)},
        {"change_id": 3, "customer_id": 3, "segment": "vip", "change": "exit", "at": T0},
    )


def _quarantine(session: Session) -> None:
    for item, rule in ((0, "type.money"), (1, "type.money"), (2, "time.future")):
        put(
            session,
            "quarantine",
            {
                "seq": (7 << 20) + item,
                "log_offset": 7,
                "item": item,
                "received_at": T0,
                "touchpoint": "shop",
                "kind": "event",
                "name": "order_paid",
                "rule": rule,
                "field": "amount" if rule == "type.money" else "time",
                "message": "no amount: 'abc' of 13711112222",
                "sample": json.dumps({"phone": "13711112222", "note": "mail a.b@c.com", "amount": "abc"}),
                "standard_version": "v1",
                "attempts": 1,
            },
        )
