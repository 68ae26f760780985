"""What a mini program yields, carries, needs and limits."""

from __future__ import annotations

from typing import Final

from onepool.channels.base import Address, Identifies, Manifest, Quota, Setting, Signal, Window
from onepool.channels.base.wechat_api import API
from onepool.channels.base.wechat_push import KEYS, MODE, SKEW
from onepool.channels.base.wechat_reach import REPLY, SUBSCRIPTION
from onepool.channels.base.wechat_settings import APPID, OPEN_PLATFORM, SECRET
from onepool.channels.wechat_mini.reach import MESSAGES

_CONSENT: Final = ("message_channel", "template_id", "method")

MANIFEST: Final = Manifest(
    name="wechat_mini",
    title={"zh": "微信小程序", "en": "WeChat Mini Program"},
    identifiers=(
        Identifies(type="openid", scope="appid", of={"zh": "所有登录的用户", "en": "Everybody who logs in"}),
        Identifies(
            type="unionid",
            scope="open_platform",
            of={"zh": "小程序已绑定开放平台时", "en": "Everybody, once bound to an Open Platform account"},
        ),
        Identifies(type="phone", of={"zh": "点击授权手机号的用户", "en": "Those who tapped to give their number"}),
        Identifies(type="anonymous_id", scope="touchpoint", of={"zh": "SDK 采集的用户", "en": "Visitors"}),
    ),
    signals=(
        Signal(event="message_received", fields=("message_id", "message_type", "content"), optional=True),
        Signal(event="conversation_started", optional=True),
        Signal(event="opted_in", fields=(*_CONSENT, "scene")),
        Signal(event="opted_out", fields=(*_CONSENT, "reason", "scene")),
        Signal(event="message_delivered", fields=("message_id", "message_type", "message_channel", "template_id")),
        Signal(
            event="message_failed",
            fields=(
                "message_id", "message_type", "message_channel", "template_id", "failure_code", "failure_reason",
                "failure_text",
            ),
        ),
        Signal(event="profile_updated", fields=("method",), traits=("phone",)),
        Signal(event="profile_updated", kind="profile", traits=("nickname", "gender")),
        Signal(event="profile_updated", kind="profile", traits=("avatar", "province", "city"), optional=True),
        Signal(event="consent_withdrawn", optional=True),
        Signal(event="erasure_requested", fields=("reason",), optional=True),
        Signal(event="coupon_received", fields=("coupon_id", "coupon_code"), optional=True),
        Signal(event="coupon_redeemed", fields=("coupon_id", "coupon_code", "store_id"), optional=True),
        Signal(event="app_opened", fields=("scene",), source="sdk"),
        Signal(event="page_viewed", fields=("page_name", "duration", "scene"), source="sdk"),
        Signal(event="button_clicked", fields=("button",), source="sdk"),
        Signal(event="shared", fields=("share_to",), source="sdk", optional=True),
        Signal(event="product_viewed", fields=("product_id", "product_name", "price"), source="sdk"),
        Signal(event="cart_added", fields=("product_id", "sku_id", "quantity", "price"), source="sdk"),
        Signal(event="order_placed", fields=("order_id", "amount", "items"), source="sdk"),
        Signal(event="order_paid", fields=("order_id", "amount", "items"), source="sdk"),
    ),
    messages=MESSAGES,
    addresses=(Address(type="openid"),),
    settings=(
        APPID,
        *KEYS,
        MODE,
        SECRET,
        OPEN_PLATFORM,
        SKEW,
        Setting(
            name="server_secret",
            kind="secret",
            title={"zh": "服务端密钥（登录与手机号接口）", "en": "Server secret (login and phone)"},
            help={
                "zh": "品牌自己的服务端用它给 /login 与 /phone 请求签名。",
                "en": "The brand's own server signs its questions at /login and /phone with it.",
            },
        ),
        Setting(
            name="miniprogram_state",
            kind="choice",
            default="formal",
            noted=False,
            title={"zh": "订阅消息跳转的小程序版本", "en": "Edition that messages open"},
            options={
                "formal": {"zh": "正式版", "en": "Released"},
                "trial": {"zh": "体验版", "en": "Trial"},
                "developer": {"zh": "开发版", "en": "Development"},
            },
        ),
    ),
    windows=(
        Window(allowance=REPLY, event="message_received", messages=5, seconds=48 * 3600),
        Window(allowance=REPLY, event="conversation_started", messages=2, seconds=60),
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
        Quota(
            name="subscribe",
            title={"zh": "订阅消息每日上限（未开通支付）", "en": "Subscription messages a day (without payment)"},
            count=10_000_000,
            period="day",
            messages=("subscribe",),
        ),
    ),
    endpoints={"api": API},
    ways=("push", "sdk"),
    instructions={
        "zh": (
            "1. 登录微信公众平台（小程序），在“开发管理 → 开发设置”复制 AppID，重置并保存 AppSecret，"
            "把本服务器出口 IP 加入白名单。\n"
            "2. “消息推送”：URL 填写本触点的回调地址，自定义 Token，随机生成 EncodingAESKey，选择安全模式，"
            "数据格式 JSON 或 XML 均可。\n"
            "3. 登录：wx.login 得到的 code 由品牌自己的服务端 POST 到回调地址的 /login，返回 openid 与 unionid；\n"
            "   手机号：getPhoneNumber 得到的 code POST 到 /phone。两者用“服务端密钥”签名；session_key 不保存。\n"
            "4. 行为采集：使用神策或 Segment 兼容的小程序 SDK，服务器地址填写本触点。\n"
            "5. 在“功能 → 订阅消息”选用模板；用户每点一次允许，可发送一条。"
        ),
        "en": (
            "1. In the platform's Development settings copy the AppID, make an AppSecret, allow this server.\n"
            "2. Message push: enter this touchpoint's callback, a token, an EncodingAESKey, safe mode; JSON or XML.\n"
            "3. Login: your own server posts the code of wx.login to the callback's /login and gets openid and "
            "unionid; the code of a phone button goes to /phone. Both are signed with the server secret.\n"
            "4. Behaviour: an SDK that speaks the Sensors or Segment protocol, with this touchpoint as its server.\n"
            "5. Choose templates of subscription messages; each tap on allow lets one message out."
        ),
    },
)  # fmt: skip
