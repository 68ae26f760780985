"""An ERP or order system, read from its database."""

from onepool.channels.base import Identifies, Signal
from onepool.channels.base.database_channel import make

CHANNEL = make(
    "erp",
    {"zh": "ERP 数据库", "en": "ERP database"},
    (
        Identifies(type="phone", of={"zh": "订单上的手机号（未脱敏时）", "en": "phones of orders, where not masked"}),
        Identifies(type="crm_id", scope="touchpoint"),
        Identifies(type="order_no", scope="touchpoint", of={"zh": "每个订单", "en": "every order"}),
    ),
    (
        Signal(event="order_placed", fields=("order_id", "amount", "items"), source="pull"),
        Signal(event="order_paid", fields=("order_id", "amount", "items"), source="pull"),
        Signal(event="order_shipped", fields=("order_id", "items"), source="pull"),
        Signal(event="order_completed", fields=("order_id", "amount"), source="pull"),
        Signal(event="order_cancelled", fields=("order_id", "amount"), source="pull"),
        Signal(event="order_refunded", fields=("order_id", "refund_id", "amount"), source="pull"),
        Signal(event="product", kind="object", fields=("product_id", "name", "price", "category"), source="pull"),
    ),
)
