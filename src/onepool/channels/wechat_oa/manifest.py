"""What an Official Account yields, carries, needs and limits."""

from __future__ import annotations

from typing import Final

from onepool.channels.base import Address, Identifies, Life, Manifest, Quota, Setting, Signal, Window
from onepool.channels.base.wechat_api import API
from onepool.channels.base.wechat_push import KEYS, MODE, SKEW
from onepool.channels.base.wechat_reach import REPLY, SUBSCRIPTION
from onepool.channels.base.wechat_settings import APPID, OPEN_PLATFORM, SECRET
from onepool.channels.wechat_oa.reach import MESSAGES

_HOURS: Final = 3600
_COUPON: Final = ("coupon_id", "coupon_code", "store_id")

INSTRUCTIONS: Final = {
    "zh": (
        "1. 登录微信公众平台，进入“设置与开发 → 开发接口管理 → 基本配置”（新版为“开发者平台”）。\n"
        "2. 复制开发者 ID（AppID）；重置并保存开发者密码（AppSecret），在 IP 白名单加入本服务器的出口 IP。\n"
        "3. “服务器配置”：服务器地址（URL）填写本触点的回调地址，自定义令牌（Token），随机生成 "
        "EncodingAESKey，消息加解密方式选“安全模式”，提交并启用。\n"
        "4. 绑定在同一微信开放平台账号下的触点，“开放平台账号”填写相同的名称，用户即可通过 UnionID 打通。\n"
        "5. 需要推送的事件由平台自动发送；订阅通知和模板消息请先在平台选用模板。"
    ),
    "en": (
        "1. In the Official Accounts platform open Settings and development > Basic configuration.\n"
        "2. Copy the AppID; make an AppSecret and put this server's outgoing address on the list of allowed IPs.\n"
        "3. Server configuration: enter this touchpoint's callback as URL, a token of your own, a random "
        "EncodingAESKey and the safe mode; submit and enable it.\n"
        "4. Touchpoints bound to one Open Platform account get the same word in Open Platform account: their people "
        "are joined by unionid.\n"
        "5. Events come by themselves; choose templates on the platform before sending notices."
    ),
}

MANIFEST: Final = Manifest(
    name="wechat_oa",
    title={"zh": "微信公众号", "en": "WeChat Official Account"},
    identifiers=(
        Identifies(type="openid", scope="appid", of={"zh": "所有关注者和发消息的人", "en": "Everybody"}),
        Identifies(
            type="unionid",
            scope="open_platform",
            of={"zh": "公众号已绑定开放平台时", "en": "Everybody, once bound to an Open Platform account"},
        ),
    ),
    signals=(
        Signal(event="followed", fields=("qr_code_id", "scene")),
        Signal(event="followed", fields=("qr_code_id", "scene"), source="pull"),
        Signal(event="follower_listed", fields=("qr_code_id", "scene"), source="pull"),
        Signal(event="unfollowed"),
        Signal(event="qr_scanned", fields=("qr_code_id",)),
        Signal(event="menu_clicked", fields=("menu_key", "menu_type", "link_url", "page_path")),
        Signal(
            event="message_received",
            fields=("message_id", "message_type", "content", "link_url", "latitude", "longitude"),
        ),
        Signal(event="location_reported", fields=("latitude", "longitude", "accuracy"), optional=True),
        Signal(event="message_delivered", fields=("message_id", "message_type", "message_channel", "template_id")),
        Signal(
            event="message_failed",
            fields=(
                "message_id", "message_type", "message_channel", "template_id", "failure_code", "failure_reason",
                "failure_text",
            ),
        ),
        Signal(event="opted_in", fields=("message_channel", "template_id", "method", "scene")),
        Signal(event="opted_out", fields=("message_channel", "template_id", "method", "reason", "scene")),
        Signal(event="service_requested", fields=("staff_id", "service_type"), optional=True),
        Signal(event="service_transferred", fields=("staff_id", "previous_staff_id", "service_type"), optional=True),
        Signal(event="service_closed", fields=("staff_id", "service_type"), optional=True),
        Signal(event="conversation_started", optional=True),
        Signal(event="coupon_received", fields=_COUPON, optional=True),
        Signal(event="coupon_redeemed", fields=_COUPON, optional=True),
        Signal(event="coupon_viewed", fields=_COUPON, optional=True),
        Signal(event="coupon_given", fields=_COUPON, optional=True),
        Signal(event="coupon_deleted", fields=_COUPON, optional=True),
        Signal(event="membership_joined", optional=True),
        Signal(event="points_earned", fields=("points",), optional=True),
        Signal(event="points_spent", fields=("points",), optional=True),
        Signal(
            event="order_paid",
            fields=("order_id", "amount", "discount", "currency", "payment_method", "store_id"),
            optional=True,
        ),
        Signal(event="profile_updated", optional=True),
        Signal(event="consent_withdrawn", optional=True),
        Signal(event="erasure_requested", fields=("reason",), optional=True),
        Signal(event="profile_updated", kind="profile", source="pull",
               traits=("language", "remark", "source", "wechat_tags"), optional=True),
        Signal(event="campaign", kind="object", fields=("campaign", "campaign_type", "media"), optional=True),
        Signal(event="coupon", kind="object", fields=("coupon_id",), optional=True),
    ),
    messages=MESSAGES,
    addresses=(
        Address(
            type="openid",
            known=False,
            # Only followers can write, tap the menu and have a scan told: they followed, though nobody told us.
            begins=tuple(
                Life(event=event)
                for event in ("followed", "follower_listed", "message_received", "menu_clicked", "qr_scanned")
            ),
            ends=(Life(event="unfollowed"),),
        ),
    ),
    settings=(
        APPID,
        *KEYS,
        MODE,
        SECRET,
        OPEN_PLATFORM,
        SKEW,
        Setting(
            name="kf_account",
            kind="text",
            noted=False,
            title={"zh": "客服账号", "en": "Customer-service account"},
            help={"zh": "客服消息以该客服的名义发送，如 kf2001@gh_xxx。", "en": "Messages are sent in its name."},
        ),
    ),
    windows=(
        Window(allowance=REPLY, event="message_received", messages=5, seconds=48 * _HOURS),
        Window(
            allowance=REPLY,
            event="menu_clicked",
            messages=3,
            seconds=60,
            where={"menu_type": ("click", "scancode_push", "scancode_waitmsg", "msgmenu")},
        ),
        Window(allowance=REPLY, event="followed", messages=3, seconds=60),
        Window(allowance=REPLY, event="qr_scanned", messages=3, seconds=60),
        Window(
            allowance=SUBSCRIPTION,
            event="opted_in",
            messages=1,
            where={"method": ("popup",)},
            per="template_id",
            adds=True,
        ),
    ),
    quotas=(
        Quota(name="template", title={"zh": "模板消息每日上限", "en": "Template messages a day"}, count=100_000,
              period="day", messages=("template",)),
        Quota(name="token", title={"zh": "获取令牌每分钟", "en": "Tokens a minute"}, count=10_000, seconds=60),
    ),
    endpoints={"api": API},
    ways=("push", "pull"),
    instructions={"zh": INSTRUCTIONS["zh"], "en": INSTRUCTIONS["en"]},
)  # fmt: skip
