"""A small brand: touchpoints, tags, segments, and two hundred people, their orders, and some visits of the web shop."""

from __future__ import annotations

import csv
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from onepool.apply import apply
from onepool.collect.files import Kind
from onepool.imports import import_into
from onepool.workspace import open_workspace

PEOPLE = 200
HEROINE = {"member_no": "M-0001", "phone": "13800001111", "name": "李小满", "city": "杭州"}
"""Bought coffee three times in the last three weeks, for 60 each time, and saw a product in the web shop."""

CARTS = 12
"""So many people after the heroine put coffee into the cart in the last two days: the first five live in 杭州 and have
bought before, the next three live in 上海 and never did, the others live in 上海 and bought in the last 30 days."""

HANGZHOU_OR_PROSPECT = 8

SURNAMES = "王李张刘陈杨黄赵吴周"
GIVEN = ["伟", "芳", "娜", "敏", "静", "强", "磊", "洋", "艳", "杰", "一诺", "子涵"]
CITIES = ["上海", "北京", "杭州", "成都", "广州"]
CATEGORIES = {"咖啡": 30, "茶": 45, "面包": 18, "牛奶": 12}

DEFINITIONS: dict[str, dict[str, Any]] = {
    "touchpoints/store.yaml": {
        "touchpoint": "store",
        "channel": "store",
        "title": {"zh": "南京路门店", "en": "Nanjing Road store"},
        "scopes": {"member_no": "club"},
    },
    "touchpoints/shop.yaml": {
        "touchpoint": "shop",
        "channel": "web",
        "title": {"zh": "商城", "en": "Web shop"},
        "scopes": {"member_no": "club"},
    },
    "touchpoints/kiosk.yaml": {
        "touchpoint": "kiosk",
        "channel": "app",
        "title": {"zh": "自助机", "en": "Kiosk"},
    },
    "tags/stage.yaml": {
        "tag": "stage",
        "title": {"zh": "生命周期", "en": "Lifecycle"},
        "says": "behaviour",
        "kind": "state",
        "states": [
            {"value": "active", "when": {"did": "order_paid", "within": {"last": "30 days"}}},
            {"value": "dormant", "when": {"did": "order_paid"}},
        ],
        "otherwise": "prospect",
        "values": ["active", "dormant", "prospect"],
    },
    "tags/power.yaml": {
        "tag": "power",
        "title": {"zh": "消费力", "en": "Buying power"},
        "says": "value",
        "kind": "metric",
        "from": {"did": "order_paid", "sum": "amount"},
        "within": {"last": "365 days"},
        "cut": {"by": "number", "at": [100, 400], "labels": ["low", "middle", "high"]},
        "values": ["low", "middle", "high"],
    },
    "tags/home_city.yaml": {
        "tag": "home_city",
        "title": {"zh": "城市", "en": "City"},
        "says": "attribute",
        "kind": "attribute",
        "from": {"attribute": "city"},
    },
    "segments/active_buyers.yaml": {
        "segment": "active_buyers",
        "title": {"zh": "活跃买家", "en": "Active buyers"},
        "condition": {"did": "order_paid", "times": {"at_least": 2}, "within": {"last": "60 days"}},
    },
    "segments/cart_waiting.yaml": {
        "segment": "cart_waiting",
        "title": {"zh": "加购未付款", "en": "In the cart, not paid"},
        "condition": {
            "all": [
                {"did": "cart_added", "within": {"last": "3 days"}},
                {"did_not": "order_paid", "within": {"last": "3 days"}},
            ]
        },
    },
}


def write_definitions(root: Path) -> None:
    """Put the definition files into a workspace folder."""
    for name, body in DEFINITIONS.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(yaml.safe_dump(body, allow_unicode=True, sort_keys=False), encoding="utf-8")


def open_shop(root: Path, folder: Path) -> None:
    """Definitions and people into a new workspace, as `apply` and `import` do it; the files stay in `folder`."""
    write_definitions(root)
    workspace = open_workspace(root)
    apply(workspace, author="test")
    for kind, path in write_people(folder).items():
        touchpoint = "shop" if kind == "events" else "store"
        outcome = import_into(workspace, kind, [path], touchpoint=touchpoint, author="test")
        assert (outcome.quarantined, outcome.refused) == (0, {}), outcome
    workspace.close()


def write_people(folder: Path, now: datetime | None = None) -> dict[Kind, Path]:
    """Files to import by kind: customers, orders and events; times are counted back from now."""
    chance = random.Random(11)
    now = now or datetime.now(UTC)
    people = [HEROINE] + [
        {
            "member_no": f"M-{n + 1:04d}",
            "phone": f"139{10_000_000 + n * 7919:08d}",
            "name": chance.choice(SURNAMES) + chance.choice(GIVEN),
            "city": _city(n) or chance.choice(CITIES),
        }
        for n in range(1, PEOPLE)
    ]
    orders = [
        _order(f"H-{n}", HEROINE["member_no"], "咖啡", 2, now - timedelta(days=days, minutes=5))
        for n, days in enumerate((2, 9, 19))
    ]
    for n, person in enumerate(people[1:], 1):
        for m in range(_orders(n) if n <= CARTS else chance.choice((0, 0, 1, 1, 2, 3, 5))):
            days = chance.uniform(4, 28) if n <= CARTS or chance.random() < 0.5 else chance.uniform(31, 200)
            category = chance.choice(list(CATEGORIES))
            at = now - timedelta(days)
            orders.append(_order(f"O-{n}-{m}", person["member_no"], category, chance.randint(1, 4), at))
    events = [_visit("product_viewed", HEROINE["member_no"], now - timedelta(hours=20))]
    events += [_visit("cart_added", people[n]["member_no"], now - timedelta(hours=n)) for n in range(1, CARTS + 1)]
    lines = folder / "events.jsonl"
    lines.write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events), encoding="utf-8")
    return {
        "customers": _csv(folder / "customers.csv", people),
        "orders": _csv(folder / "orders.csv", orders),
        "events": lines,
    }


def _city(n: int) -> str | None:
    return None if n > CARTS else "杭州" if n <= 5 else "上海"


def _orders(n: int) -> int:
    return 0 if 5 < n <= HANGZHOU_OR_PROSPECT else 2


def _visit(event: str, member: str, at: datetime) -> dict[str, object]:
    return {
        "event": event,
        "time": at.isoformat(timespec="seconds"),
        "member_no": member,
        "properties": {"product_id": "P-30", "product_name": "咖啡经典", "category": "咖啡", "price": "30"},
    }


def _order(number: str, member: str, category: str, quantity: int, at: datetime) -> dict[str, str]:
    price = CATEGORIES[category]
    return {
        "order_id": number,
        "member_no": member,
        "paid_at": at.isoformat(timespec="seconds"),
        "item.product_id": f"P-{price}",
        "item.name": f"{category}经典",
        "item.category": category,
        "item.price": str(price),
        "item.quantity": str(quantity),
        "amount": str(price * quantity),
    }


def _csv(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
