"""What a shop on JD yields."""

from __future__ import annotations

from onepool.channels.base import Identifies, Manifest, Quota, Setting, Signal, adjustable

_ORDER = (
    "order_id", "amount", "discount", "shipping", "items", "payment_method", "order_status", "receiver_name",
    "receiver_phone", "province", "city", "district", "address",
)  # fmt: skip

_QUOTAS = (Quota(name="calls", title={"zh": "接口调用频率", "en": "Calls"}, count=30, seconds=1, unverified=True),)

MANIFEST = Manifest(
    name="jd",
    title={"zh": "京东", "en": "JD"},
    ways=("pull", "file"),
    endpoints={"api": "https://api.jd.com/routerjson"},
    identifiers=(
        Identifies(
            type="jd_open_id", scope="app_key", of={"zh": "每个买家（同一应用）", "en": "every buyer, of one app"}
        ),
        Identifies(type="order_no", scope="touchpoint", of={"zh": "每个订单", "en": "every order"}),
    ),
    signals=(
        Signal(event="order_placed", fields=_ORDER, source="pull"),
        Signal(event="order_paid", fields=_ORDER, source="pull"),
        Signal(event="order_completed", fields=("order_id", "amount"), source="pull"),
        Signal(event="order_cancelled", fields=("order_id", "amount"), source="pull"),
        Signal(event="return_requested", fields=("order_id", "refund_id", "amount", "reason"), source="pull"),
        Signal(event="order_refunded", fields=("order_id", "refund_id", "amount", "reason"), source="pull"),
    ),
    settings=(
        Setting(name="app_key", kind="text", title={"zh": "App Key", "en": "App key"}, required=True),
        Setting(name="app_secret", kind="secret", title={"zh": "App Secret", "en": "App secret"}, required=True),
        Setting(
            name="access_token", kind="secret", title={"zh": "店铺授权 access_token", "en": "Token"}, required=True
        ),
        Setting(
            name="buyer_field",
            kind="choice",
            title={"zh": "买家编号字段", "en": "Field of the buyer's id"},
            default="open_id_buyer",
            options={
                "open_id_buyer": {"zh": "open_id_buyer", "en": "open_id_buyer"},
                "xid_buyer": {"zh": "xid_buyer", "en": "xid_buyer"},
            },
            unverified=True,
        ),
        Setting(
            name="refunds_method",
            kind="text",
            title={"zh": "退款接口", "en": "Method of refunds"},
            default="jingdong.pop.afs.soa.refundapply.queryPageList",
            unverified=True,
        ),
        Setting(
            name="first_days", kind="integer", title={"zh": "首次拉取天数", "en": "Days of the first fetch"}, default=30
        ),
        Setting(
            name="lag_seconds", kind="integer", title={"zh": "拉取滞后（秒）", "en": "Seconds lists lag"}, default=60
        ),
        *adjustable(quotas=_QUOTAS),
    ),
    quotas=_QUOTAS,
    instructions={
        "zh": "在京东宙斯开放平台创建应用并由店铺授权；收货信息为加密或脱敏，不会作为手机号使用；也可以导入订单 CSV。",
        "en": "Make an application on JD's open platform and let the shop authorise it. Receivers are encrypted or "
        "masked and never taken for phone numbers. Exported order files can be imported as well.",
    },
)
