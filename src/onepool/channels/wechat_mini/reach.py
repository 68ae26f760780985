"""Messages of a mini program: subscription messages, customer-service messages.

https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from onepool.channels.base import Account, Call, Content, Message, MessageKind, Reach
from onepool.channels.base import wechat_reach as wechat

_PARTS: Final = {
    "text": ("content",),
    "image": ("media_id",),
    "link": ("title", "description", "url", "thumb_url"),
    "miniprogrampage": ("title", "pagepath", "thumb_media_id"),
}
_LIMITS: Final = {"thing": 20, "number": 32, "letter": 32, "symbol": 5, "character_string": 32, "phrase": 5}
"""Longest values of template parameters by the kind in their name (thing1, number2 …)."""

MESSAGES: Final = (
    MessageKind(
        name="subscribe",
        title={"zh": "订阅消息", "en": "Subscription message"},
        to=("openid",),
        content=(*wechat.TEMPLATE_PARTS, Content(name="page", title={"zh": "小程序页面", "en": "Page"})),
        allowance=wechat.SUBSCRIPTION,
    ),
    wechat.TEXT,
    wechat.IMAGE,
    MessageKind(
        name="link",
        title={"zh": "客服消息：图文链接", "en": "Customer service: link with picture"},
        to=("openid",),
        content=(
            Content(name="title", required=True, title={"zh": "标题", "en": "Title"}),
            Content(name="description", title={"zh": "描述", "en": "Description"}),
            Content(name="url", kind="url", required=True, title={"zh": "链接", "en": "Link"}),
            Content(name="thumb_url", kind="url", title={"zh": "图片链接", "en": "Picture"}),
        ),
        allowance=wechat.REPLY,
    ),
    wechat.PAGE,
)


def request(message: Message, account: Account, now: datetime) -> Call:
    """The call of a message; see MESSAGES for what each kind's content holds. Raises Unsendable."""
    del now
    openid = wechat.addressed(message, "openid", (one.name for one in MESSAGES))
    content = message.content
    if message.kind != "subscribe":
        body = wechat.service_body(message.kind, content, _PARTS)
        return wechat.service_call(account, openid, message.kind, body)
    json: dict[str, Any] = {
        "touser": openid,
        "template_id": content.get("template_id", ""),
        "miniprogram_state": account.text("miniprogram_state") or "formal",
        "lang": "zh_CN",
        "data": _within_limits(wechat.template_data(content.get("data"))),
    }
    if content.get("page"):
        json["page"] = content["page"]
    return Call("POST", account.url("api", "/cgi-bin/message/subscribe/send"), json=json)


def _within_limits(data: dict[str, Any]) -> dict[str, Any]:
    """Values cut to what the platform takes: one letter too many and the whole message is refused (47003)."""
    found = {}
    for name, one in data.items():
        most = _LIMITS.get(name.rstrip("0123456789"))
        value = str(one.get("value", ""))
        if most is not None and len(value) > most:
            # Only free text may lose its end; a number without its last digits would be another one.
            value = value[: most - 1] + "…" if name.startswith("thing") else value
        found[name] = {**one, "value": value}
    return found


REACH: Final = Reach(request=request, outcome=wechat.concluding("wechat_mini"))
