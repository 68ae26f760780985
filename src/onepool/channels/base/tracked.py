"""Sites and apps that speak to us with the SDKs they have already: the Segment and Sensors families, GrowingIO.

Their requests are taken in and read in `collect` (`/v1/...`, `/sa`, `/v3/projects/...`), alike for every channel, by
the write key of the touchpoint; a channel says which identifiers and signals such a place gives, and how to set it up.
"""

from __future__ import annotations

from typing import Final

from onepool.channels.base.channel import Channel
from onepool.channels.base.manifest import Identifies, Manifest, Signal, Title

_PRODUCT: Final = ("product_id", "product_name", "price")
_ORDER: Final = ("order_id", "amount", "items")
_TRAITS: Final = ("name", "gender", "birthday", "city", "phone", "email")

_IDENTIFIERS: Final = (
    Identifies(type="user_id", scope="touchpoint", of={"zh": "登录的用户", "en": "who signs in"}),
    Identifies(type="anonymous_id", scope="touchpoint", of={"zh": "每个访客", "en": "every visitor"}),
    Identifies(type="phone", of={"zh": "留下手机号的用户", "en": "who gives a phone"}, optional=True),
    Identifies(type="email", of={"zh": "留下邮箱的用户", "en": "who gives an address"}, optional=True),
)

WECHAT: Final = (
    Identifies(
        type="openid",
        scope="touchpoint",
        of={"zh": "在微信内打开的用户", "en": "who opens it in WeChat"},
        optional=True,
    ),
    Identifies(
        type="unionid",
        scope="touchpoint",
        of={"zh": "在微信内打开的用户", "en": "who opens it in WeChat"},
        optional=True,
    ),
)
"""What a page inside WeChat can tell, where it asks the platform and hands it on (`$identity_mp_openid`)."""

DEVICES: Final = (
    *(
        Identifies(type=one, of={"zh": "安卓设备", "en": "Android devices"}, optional=True)
        for one in ("android_id", "oaid", "imei")
    ),
    Identifies(type="idfa", of={"zh": "允许追踪的苹果设备", "en": "iPhones that allow it"}, optional=True),
    Identifies(type="device", scope="touchpoint", of={"zh": "苹果设备", "en": "iPhones"}, optional=True),
)

_SIGNALS: Final = (
    Signal(event="button_clicked", fields=("button",), source="sdk"),
    Signal(event="product_viewed", fields=_PRODUCT, source="sdk"),
    Signal(event="product_list_viewed", fields=("category",), source="sdk", optional=True),
    Signal(event="searched", fields=("keyword",), source="sdk", optional=True),
    Signal(event="cart_added", fields=(*_PRODUCT, "quantity"), source="sdk"),
    Signal(event="cart_removed", fields=("product_id",), source="sdk", optional=True),
    Signal(event="checkout_started", fields=("amount",), source="sdk", optional=True),
    Signal(event="order_placed", fields=_ORDER, source="sdk"),
    Signal(event="order_paid", fields=_ORDER, source="sdk"),
    Signal(event="shared", fields=("share_to",), source="sdk", optional=True),
    Signal(event="form_submitted", fields=("form_id", "form_name"), source="sdk", optional=True),
    Signal(event="signed_up", fields=("method",), source="sdk", optional=True),
    Signal(event="signed_in", fields=("method",), source="sdk"),
    Signal(event="profile_updated", kind="profile", traits=_TRAITS, source="sdk"),
)

_INSTRUCTIONS: Final[Title] = {
    "zh": "1. 沿用现有的 SDK：Segment、RudderStack、神策或 GrowingIO 的客户端都不用修改。\n"
    "2. 把 SDK 的服务器地址改为本系统，并填写下面的写入密钥（示例代码可以直接复制）。\n"
    "3. 用户登录后调用 identify（神策：login），访客的浏览才能归到客户名下。\n"
    "4. 打开页面操作一次，然后在“实时数据”里查看收到的事件。",
    "en": "1. Keep the SDK that is there: clients of Segment, RudderStack, Sensors and GrowingIO are used unmodified.\n"
    "2. Let it send to this server, with the write key below (the code can be copied).\n"
    "3. Call identify (Sensors: login) once somebody signs in, so that visits become a customer's.\n"
    "4. Do something there, and look at what arrived.",
}


def make(name: str, title: Title, identifiers: tuple[Identifies, ...], signals: tuple[Signal, ...]) -> Channel:
    """A channel of that name; ``identifiers`` and ``signals`` are those beside what all such places give."""
    return Channel(
        manifest=Manifest(
            name=name,
            title=title,
            ways=("sdk", "file"),
            identifiers=(*_IDENTIFIERS, *identifiers),
            signals=(*signals, *_SIGNALS),
            instructions=_INSTRUCTIONS,
        )
    )
