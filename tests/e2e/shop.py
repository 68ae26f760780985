"""A small brand: touchpoints, tags, segments, and two hundred people with their orders."""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

PEOPLE = 200
HEROINE = {"member_no": "M-0001", "phone": "13800001111", "name": "李小满", "city": "杭州"}
"""Bought coffee three times in the last three weeks, for 60 each time, and saw a product in the web shop."""

SURNAMES = "王李张刘陈杨黄赵吴周"
GIVEN = ["伟", "芳", "娜", "敏", "静", "强", "磊", "洋", "艳", "杰", "一诺", "子涵"]
CITIES = ["上海", "北京", "杭州", "成都", "广州"]
CATEGORIES = {"咖啡": 30, "茶": 45, "面包": 18, "牛奶": 12}

DEFINITIONS = {
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
        "scopes": {"member_no": "club", "user_id": "club"},
        "mapping": {"attributes": {}, "identifiers": {"card": "member_no@club"}},
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


def write_people(folder: Path, now: datetime | None = None) -> tuple[Path, Path]:
    """customers.csv and orders.csv of two hundred people; times are counted back from now."""
    chance = random.Random(11)
    now = now or datetime.now(UTC)
    people = [HEROINE] + [
        {
            "member_no": f"M-{n + 1:04d}",
            "phone": f"139{10_000_000 + n * 7919:08d}",
            "name": chance.choice(SURNAMES) + chance.choice(GIVEN),
            "city": chance.choice(CITIES),
        }
        for n in range(1, PEOPLE)
    ]
    orders = [
        _order(f"H-{n}", HEROINE["member_no"], "咖啡", 2, now - timedelta(days=days, minutes=5))
        for n, days in enumerate((2, 9, 19))
    ]
    for n, person in enumerate(people[1:], 1):
        for m in range(chance.choice((0, 0, 1, 1, 2, 3, 5))):
            days = chance.choice((chance.uniform(1, 28), chance.uniform(31, 200)))
            category = chance.choice(list(CATEGORIES))
            orders.append(_order(f"O-{n}-{m}", person["member_no"], category, chance.randint(1, 4), now - timedelta(days)))
    return _csv(folder / "customers.csv", people), _csv(folder / "orders.csv", orders)


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
