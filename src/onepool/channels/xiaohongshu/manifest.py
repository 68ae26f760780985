"""What a shop on Xiaohongshu yields: orders, but hardly ever who bought."""

from __future__ import annotations

from onepool.channels.base import Identifies, Manifest, Quota, Setting, Signal, adjustable

_ORDER = ("order_id", "amount", "shipping", "items", "order_status", "province", "city", "district")

_QUOTAS = (Quota(name="calls", title={"zh": "接口调用频率", "en": "Calls"}, count=10, seconds=1, unverified=True),)

MANIFEST = Manifest(
    name="xiaohongshu",
    title={"zh": "小红书", "en": "Xiaohongshu"},
    ways=("pull", "push"),
    endpoints={"api": "https://ark.xiaohongshu.com"},
    identifiers=(
        Identifies(
            type="xhs_open_id", scope="app_id", of={"zh": "绑定了会员的买家", "en": "buyers who bound a membership"}
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
        Setting(name="app_id", kind="text", title={"zh": "AppId", "en": "AppId"}, required=True),
        Setting(name="app_secret", kind="secret", title={"zh": "AppSecret", "en": "AppSecret"}, required=True),
        Setting(name="access_token", kind="secret", title={"zh": "店铺授权 accessToken", "en": "Token of the shop"}),
        Setting(
            name="push_path",
            kind="text",
            title={"zh": "消息推送地址的路径（验签用）", "en": "Path of the callback (for its signature)"},
            help={"zh": "默认为 /hooks/触点名", "en": "/hooks/NAME by default"},
            unverified=True,
        ),
        Setting(
            name="push_sign",
            kind="choice",
            title={"zh": "推送验签", "en": "Signature of messages"},
            default="md5",
            options={
                "md5": {"zh": "按平台签名校验", "en": "as the platform signs"},
                "off": {"zh": "不校验（只作为拉取提示，不入库）", "en": "not checked (only a hint to fetch, not kept)"},
            },
            unverified=True,
        ),
        Setting(
            name="timestamp_skew",
            kind="integer",
            default=900,
            title={"zh": "推送时间最大偏差（秒）", "en": "Largest difference of a message's time (seconds)"},
            help={
                "zh": "签名不覆盖正文，所以时间相差更多的消息会被拒绝；0 表示不检查。",
                "en": "The signature does not cover the body, so older messages are refused; 0: not looked at.",
            },
            unverified=True,
        ),
        Setting(
            name="window_unit",
            kind="choice",
            title={"zh": "查询时间单位", "en": "Unit of the times asked for"},
            default="s",
            options={"s": {"zh": "秒", "en": "seconds"}, "ms": {"zh": "毫秒", "en": "milliseconds"}},
            unverified=True,
        ),
        Setting(
            name="first_days", kind="integer", title={"zh": "首次拉取天数", "en": "Days of the first fetch"}, default=7
        ),
        Setting(
            name="lag_seconds", kind="integer", title={"zh": "拉取滞后（秒）", "en": "Seconds lists lag"}, default=60
        ),
        *adjustable(quotas=_QUOTAS),
    ),
    quotas=_QUOTAS,
    instructions={
        "zh": "在小红书开放平台（ark）创建应用并授权店铺。平台不给出买家手机号；要认出买家，请让其绑定会员。",
        "en": "Make an application on the open platform (ark) and let the shop authorise it. The platform gives no "
        "phone numbers of buyers; to recognise them, let them bind a membership.",
    },
)
