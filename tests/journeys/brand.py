"""A small brand to hold journeys against, and the cart story written for it."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import yaml

from onepool.demo.brand.workspace import files
from onepool.journeys.known import Known, known_of
from onepool.standards import load_standard
from onepool.workspace import touchpoint_of

TOUCHPOINTS: dict[str, dict[str, Any]] = {
    file.name.removesuffix(".yaml"): yaml.safe_load(file.read_text(encoding="utf-8"))
    for file in files("touchpoints")
    if file.name in ("mini.yaml", "oa.yaml", "wecom.yaml", "sms.yaml", "forms.yaml")
}
"""Those of the demonstration brand; `forms` is a webhook."""

MESSAGE = {
    "message": "cart_coupon",
    "title": {"zh": "加购召回券", "en": "Cart coupon"},
    "category": "promotion",
    "variables": {
        "product": {"from": "trigger.product_name", "default": "您选的商品"},
        "code": {"type": "coupon", "from": "vars.coupon_code"},
    },
    "contents": [
        {
            "template": "CART_COUPON",
            "channel": "wechat_oa",
            "kind": "template",
            "content": {"template_id": "T1", "data": {"thing1": "{{ product }}", "character_string2": "{{ code }}"}},
        },
        {
            "template": "CART_WECOM",
            "channel": "wecom",
            "kind": "associate_task",
            "content": {"text": "{{ product }} {{ code }}"},
        },
        {
            "template": "CART_SMS",
            "channel": "sms",
            "kind": "marketing",
            "content": {"template_id": "SMS_1", "params": {"code": "{{ code }}"}, "text": "您的券${code} 拒收请回复R"},
        },
    ],
}

COUPON = {
    "coupon": "CPN_CART_20",
    "title": {"zh": "满 199 减 20", "en": "20 off 199"},
    "face": {"amount": 20, "min_spend": 199},
    "codes": {"generated": {"prefix": "CT"}},
    "stock": 1000,
}
STAFF = {
    "segment": "staff",
    "title": {"zh": "员工", "en": "Staff"},
    "condition": {"attribute": "is_employee", "is": True},
}
GRADE = {
    "tag": "grade",
    "title": {"zh": "等级", "en": "Grade"},
    "says": "attribute",
    "kind": "import",
    "values": ["A", "B"],
}
CITY = {
    "tag": "home", "title": {"zh": "城市", "en": "City"}, "says": "attribute", "kind": "attribute",
    "from": {"attribute": "city"},
}  # fmt: skip

REDEEMED = {"did": "coupon_redeemed", "where": {"coupon_code": {"is": "$vars.coupon_code"}}}
STILL_OPEN = {"did_not": "coupon_redeemed", "where": REDEEMED["where"], "since": "entry"}

CART: dict[str, Any] = {
    "journey": "cart_recall",
    "name": {"zh": "加购未支付召回", "en": "Cart recall"},
    "params": {"products": ["MY0001", "MY0002"], "coupon": "CPN_CART_20"},
    "entry": {
        "did": "cart_added",
        "at": {"channel": "wechat_mini"},
        "where": {"product_id": {"in": "$params.products"}},
        "hold": {
            "for": "30 minutes",
            "unless": {"did": "order_paid", "where": {"items.product_id": {"is": "$trigger.product_id"}}},
        },
        "key": "$trigger.product_id",
        "eligible": {"not": {"segment": "staff"}},
        "reentry": {"when": "after_exit", "cooldown": "7 days", "max": {"runs": 3, "per": "30 days"}},
        "rate": {"per_second": 2000},
    },
    "experiment": {"holdout": 0.1, "salt": "cart_recall"},
    "policy": {
        "category": "promotion",
        "quiet": {"from": "22:00", "to": "09:00", "on_hit": "defer", "max_defer": "12 hours"},
        "caps": [{"count": 1, "per": "local_day", "scope": "journey"}],
        "expire_after": "24 hours",
    },
    "goal": {**REDEEMED, "within": "7 days", "then": "exit"},
    "exit": [
        {"did": "consent_withdrawn", "as": "withdrawn"},
        {
            "did": "order_paid",
            "where": {"items.product_id": {"is": "$trigger.product_id"}},
            "before": "give",
            "as": "paid",
        },
    ],
    "max_life": "14 days",
    "start": "give",
    "nodes": {
        "give": {
            "do": "issue_coupon",
            "batch": "$params.coupon",
            "save": "coupon_code",
            "next": "send1",
            "else": "end_no_stock",
        },
        "send1": {
            "do": "send",
            "message": "cart_coupon",
            "guard": STILL_OPEN,
            "chain": [
                {
                    "channel": "wechat_oa",
                    "kind": "template",
                    "template": "CART_COUPON",
                    "unknown": "resend",
                    "next_on": ["not_follower", "refused"],
                },
                {
                    "channel": "wecom",
                    "kind": "associate_task",
                    "staff": "owner",
                    "template": "CART_WECOM",
                    "accept_within": "24 hours",
                    "unknown": "query",
                    "next_on": ["not_friend", "staff_timeout"],
                },
                {"channel": "sms", "template": "CART_SMS", "unknown": "drop"},
            ],
            "next": "wait3",
            "else": "end_unreachable",
        },
        "wait3": {"do": "wait", "for": "3 days", "until": REDEEMED, "next": "check"},
        "check": {
            "do": "branch",
            "cases": [{"when": {**REDEEMED, "since": "entry"}, "next": "end_goal"}],
            "else": "remind",
        },
        "remind": {
            "do": "send",
            "message": "cart_coupon",
            "chain": [{"channel": "sms", "next_on": ["refused"]}, {"channel": "wechat_oa"}],
            "next": "end_done",
            "else": "end_done",
        },
        "end_goal": {"do": "end", "as": "goal"},
        "end_done": {"do": "end", "as": "completed"},
        "end_no_stock": {"do": "end", "as": "coupon_unavailable"},
        "end_unreachable": {"do": "end", "as": "unreachable"},
    },
}


def cart(**changes: Any) -> dict[str, Any]:
    """The cart story, with other values at paths such as `nodes__wait3__for` (None takes a key away)."""
    body = copy.deepcopy(CART)
    for path, value in changes.items():
        at: Any = body
        *steps, last = path.split("__")
        for step in steps:
            at = at[int(step)] if step.isdigit() else at[step]
        if value is None:
            del at[last]
        elif isinstance(at, list):
            at[int(last)] = value
        else:
            at[last] = value
    return body


@cache
def known(*journeys: str) -> Known:
    """What the brand has; `journeys`: names of journeys beside, each calling the next one."""
    others = {}
    for number, name in enumerate(journeys):
        called = journeys[number + 1] if number + 1 < len(journeys) else None
        first = (
            {"do": "call_journey", "journey": called, "next": "done"} if called else {"do": "end", "as": "completed"}
        )
        nodes = {"one": first, "done": {"do": "end", "as": "completed"}} if called else {"one": first}
        others[name] = {"journey": name, "entry": {"api": True}, "max_life": "1 day", "start": "one", "nodes": nodes}
    return known_of(
        load_standard(),
        {
            "tag": {"grade": GRADE, "home": CITY},
            "segment": {"staff": STAFF},
            "message": {"cart_coupon": MESSAGE},
            "coupon": {"CPN_CART_20": COUPON},
            "journey": others,
        },
        [touchpoint_of(name, body) for name, body in TOUCHPOINTS.items()],
    )
