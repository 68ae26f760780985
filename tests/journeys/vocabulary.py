"""What the journeys that are drawn at random may name: events, attributes, messages, coupons, channels."""

from __future__ import annotations

from onepool.audience.conditions.names import Context, EventNames, Names, TagNames
from onepool.audience.conditions.parse import parse_condition
from onepool.channels import registry
from onepool.journeys.known import Known
from onepool.reach.messages.model import Message

COLUMNS = {
    "amount": "DECIMAL(18,4)",
    "currency": "VARCHAR",
    "product_id": "VARCHAR",
    "cart_id": "VARCHAR",
    "coupon_code": "VARCHAR",
    "order_id": "VARCHAR",
    "category": "VARCHAR",
}
ATTRIBUTES = {"city": "VARCHAR", "time_zone": "VARCHAR", "birthday": "DATE", "renewal": "TIMESTAMPTZ"}
EVENTS: dict[str, set[str]] = {
    "cart_added": {"cart_id", "product_id", "amount", "currency"},
    "order_paid": {"cart_id", "amount", "currency", "order_id"},
    "coupon_redeemed": {"coupon_code", "order_id"},
    "app_opened": set(),
    "customer_erased": set(),
}
SEGMENTS = {"buyers": parse_condition({"did": "order_paid"})}
NAMES = Names(
    events={name: EventNames(frozenset(fields)) for name, fields in EVENTS.items()},
    columns=COLUMNS,
    items={"category": "VARCHAR"},
    attributes=ATTRIBUTES,
    tags={"level": TagNames()},
    segments=SEGMENTS,
    channels=frozenset({"web", "wechat_mini"}),
    touchpoints=frozenset({"shop", "mini"}),
)
CHANNELS = {"sms": "marketing", "wechat_oa": "template", "wecom": "associate_task"}
"""Channel -> the kind of message that is sent over it."""

MESSAGE = Message.model_validate(
    {
        "message": "recall",
        "title": {"zh": "召回", "en": "Recall"},
        "category": "promotion",
        "contents": [
            {
                "template": "SMS", "channel": "sms", "kind": "marketing",
                "content": {"text": "【OnePool】您的购物车还在，回T退订"},
            },
            {
                "template": "OA", "channel": "wechat_oa", "kind": "template",
                "content": {"template_id": "tpl", "data": {"thing1": {"value": "Cart"}}},
            },
            {"template": "WECOM", "channel": "wecom", "kind": "associate_task", "content": {"text": "Hello"}},
        ],
    }
)  # fmt: skip
TOUCHPOINTS = {"shop": "web", "mini": "wechat_mini", "sms1": "sms", "oa": "wechat_oa", "qw": "wecom", "hook": "webhook"}
KNOWN = Known(
    names=NAMES,
    messages={"recall": MESSAGE},
    coupons=frozenset({"PLENTY", "SCARCE"}),
    channels={one.name: registry.channel(one.name) for one in registry.manifests()},
    touchpoints=TOUCHPOINTS,
    imported=frozenset({"level"}),
)


def context(zone: str) -> Context:
    return Context(NAMES, zone, "CNY")
