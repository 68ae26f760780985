"""Tills of shops (POS), read from their database."""

from onepool.channels.base import Identifies, Signal
from onepool.channels.base.database_channel import make

CHANNEL = make(
    "store",
    {"zh": "门店收银数据库", "en": "Tills' database"},
    (
        Identifies(type="member_no", scope="touchpoint", of={"zh": "报了会员号的顾客", "en": "who shows a card"}),
        Identifies(type="phone", of={"zh": "报了手机号的顾客", "en": "who gives a phone"}),
        Identifies(type="order_no", scope="touchpoint", of={"zh": "每张小票", "en": "every receipt"}),
    ),
    (
        Signal(event="order_paid", fields=("order_id", "amount", "store_id", "items"), source="pull"),
        Signal(event="order_refunded", fields=("order_id", "amount", "store_id"), source="pull"),
        Signal(event="store", kind="object", fields=("store_id", "name", "city"), source="pull"),
    ),
)
