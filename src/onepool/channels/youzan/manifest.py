"""What Youzan yields and carries."""

from __future__ import annotations

from onepool.channels.base import Content, Identifies, Manifest, MessageKind, Quota, Setting, Signal, adjustable

_ORDER = (
    "order_id", "amount", "discount", "shipping", "items", "payment_method", "order_status", "receiver_name",
    "receiver_phone", "province", "city", "district", "address", "phone",
)  # fmt: skip

_QUOTAS = (
    Quota(
        name="calls",
        title={"zh": "接口调用频率", "en": "Calls"},
        count=100,
        seconds=1,
        unverified=True,
    ),
)

MANIFEST = Manifest(
    name="youzan",
    title={"zh": "有赞", "en": "Youzan"},
    ways=("push", "pull"),
    endpoints={"api": "https://open.youzanyun.com"},
    identifiers=(
        Identifies(type="yz_open_id", of={"zh": "有赞买家", "en": "Youzan buyers"}),
        Identifies(
            type="openid", scope="appid", of={"zh": "从自有公众号进店的买家", "en": "buyers from one's own account"}
        ),
        Identifies(type="order_no", scope="touchpoint", of={"zh": "每个订单", "en": "every order"}),
        Identifies(
            type="phone", of={"zh": "手机号为明文的买家", "en": "buyers whose number the platform gives in clear"}
        ),
    ),
    signals=(
        Signal(event="order_placed", fields=_ORDER),
        Signal(event="order_paid", fields=_ORDER),
        Signal(event="order_shipped", fields=("order_id", "items")),
        Signal(event="order_completed", fields=("order_id", "amount")),
        Signal(event="order_cancelled", fields=("order_id", "amount", "reason")),
        Signal(event="return_requested", fields=("order_id", "refund_id", "amount", "reason")),
        Signal(event="order_refunded", fields=("order_id", "refund_id", "amount", "reason")),
        Signal(event="profile_updated", kind="profile", traits=("nickname", "gender", "points_balance"), source="pull"),
    ),
    settings=(
        Setting(name="client_id", kind="text", title={"zh": "应用 client_id", "en": "client_id"}, required=True),
        Setting(
            name="client_secret",
            kind="secret",
            title={"zh": "应用 client_secret", "en": "client_secret"},
            required=True,
        ),
        Setting(
            name="kdt_id",
            kind="text",
            title={"zh": "店铺 kdt_id", "en": "Shop (kdt_id)"},
            required=True,
            pattern=r"\d{1,20}",
        ),
        Setting(
            name="appid",
            kind="text",
            title={"zh": "绑定的公众号 appid", "en": "appid of the bound Official Account"},
            help={
                "zh": "填写后，自有粉丝（fans_type=1）的 outer_user_id 记为该公众号的 openid",
                "en": "With it, outer_user_id of own fans (fans_type 1) is their openid of that account",
            },
        ),
        Setting(
            name="encrypted_push",
            kind="boolean",
            title={"zh": "消息体加密", "en": "Messages are encrypted"},
            default=False,
        ),
        Setting(
            name="orders_api",
            kind="text",
            title={"zh": "订单接口及版本", "en": "Orders interface and version"},
            default="youzan.trades.sold.get/4.0.4",
            pattern=r"[a-z.]+/\d+\.\d+\.\d+",
            unverified=True,
        ),
        Setting(
            name="customers_api",
            kind="text",
            title={"zh": "客户接口及版本", "en": "Customers interface and version"},
            default="youzan.scrm.customer.list/1.0.0",
            pattern=r"[a-z.]+/\d+\.\d+\.\d+",
            unverified=True,
        ),
        Setting(
            name="tag_add_api",
            kind="text",
            title={"zh": "打标签接口", "en": "Interface that adds tags"},
            default="youzan.scrm.tag.relation.add/4.0.0",
            pattern=r"[a-zA-Z.]+/\d+\.\d+\.\d+",
            unverified=True,
        ),
        Setting(
            name="tag_remove_api",
            kind="text",
            title={"zh": "去标签接口", "en": "Interface that removes tags"},
            default="youzan.scrm.tag.relation.delete/4.0.0",
            pattern=r"[a-zA-Z.]+/\d+\.\d+\.\d+",
            unverified=True,
        ),
        Setting(
            name="coupon_api",
            kind="text",
            title={"zh": "发券接口", "en": "Interface that gives coupons"},
            default="youzan.ump.coupon.take/3.0.0",
            pattern=r"[a-zA-Z.]+/\d+\.\d+\.\d+",
            unverified=True,
        ),
        Setting(
            name="token_codes",
            kind="texts",
            title={"zh": "表示令牌失效的返回码", "en": "Answers that say the token does not hold"},
            default=["4202", "4203"],
            noted=False,
            unverified=True,
        ),
        Setting(
            name="first_days",
            kind="integer",
            title={"zh": "首次拉取天数", "en": "Days of the first fetch"},
            default=30,
        ),
        Setting(
            name="lag_seconds",
            kind="integer",
            title={"zh": "拉取滞后（秒）", "en": "Seconds that lists lag behind"},
            default=60,
        ),
        *adjustable(quotas=_QUOTAS),
    ),
    messages=(
        MessageKind(
            name="tag",
            title={"zh": "打会员标签", "en": "Tags of a member"},
            to=("yz_open_id",),
            content=(
                Content(name="add", title={"zh": "添加", "en": "Add"}, kind="list"),
                Content(name="remove", title={"zh": "移除", "en": "Remove"}, kind="list"),
            ),
            idempotent=True,
            marketing=False,
            carries="mark",
        ),
        MessageKind(
            name="coupon",
            title={"zh": "发放优惠券", "en": "Give a coupon"},
            to=("yz_open_id",),
            content=(
                Content(
                    name="coupon_id", title={"zh": "优惠券活动", "en": "Coupon activity"}, kind="text", required=True
                ),
            ),
            carries="benefit",
        ),
    ),
    quotas=_QUOTAS,
    instructions={
        "zh": "在有赞云控制台创建自用型应用，记下 client_id 与 client_secret；"
        "在“消息订阅”填写本页的回调地址并订阅交易、退款、客户消息。",
        "en": "Make an application for own use in the Youzan cloud console, note its client_id and client_secret, and "
        "enter the callback address of this page under message subscription for trades, refunds and customers.",
    },
)
