"""Messages that Official Accounts and mini programs carry alike: customer-service and subscription messages.

https://developers.weixin.qq.com/doc/service/api/customer/message/ and
https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message/sendMessage.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from onepool.channels.base.account import Account
from onepool.channels.base.channel import Concluding
from onepool.channels.base.http import Answer, Call
from onepool.channels.base.manifest import Content, MessageKind
from onepool.channels.base.receipts import Mark, Message, Receipt, Unsendable
from onepool.channels.base.wechat_api import ACCOUNT_OUTCOMES, conclude

REPLY, SUBSCRIPTION = "reply", "subscription"
"""Allowances: the window in which customer-service messages may be sent; one message per agreed subscription."""

_MEDIA: Final = Content(name="media_id", kind="media", required=True, title={"zh": "素材", "en": "Media"})
_DATA: Final = Content(name="data", kind="mapping", required=True, title={"zh": "模板参数", "en": "Template data"})
_TEMPLATE: Final = Content(name="template_id", required=True, title={"zh": "模板编号", "en": "Template ID"})
TEMPLATE_PARTS: Final = (_TEMPLATE, _DATA)


def _service(name: str, title: dict[str, str], *content: Content) -> MessageKind:
    return MessageKind(
        name=name,
        title={"zh": title["zh"], "en": title["en"]},
        to=("openid",),
        content=content,
        allowance=REPLY,
    )


TEXT: Final = _service(
    "text",
    {"zh": "客服消息：文本", "en": "Customer service: text"},
    Content(name="content", kind="long_text", required=True, limit=2048, title={"zh": "内容", "en": "Text"}),
)
IMAGE: Final = _service("image", {"zh": "客服消息：图片", "en": "Customer service: picture"}, _MEDIA)
PAGE: Final = _service(
    "miniprogrampage",
    {"zh": "客服消息：小程序卡片", "en": "Customer service: mini program card"},
    Content(name="title", required=True, title={"zh": "标题", "en": "Title"}, limit=64),
    Content(name="appid", title={"zh": "小程序 AppID", "en": "App ID of the mini program"}),
    Content(name="pagepath", required=True, title={"zh": "页面路径", "en": "Page"}),
    Content(name="thumb_media_id", kind="media", required=True, title={"zh": "封面", "en": "Cover"}),
)


def addressed(message: Message, kind: str, kinds: Iterable[str]) -> str:
    """The address of a message. Raises Unsendable where the person has none, or the channel no such kind."""
    if message.kind not in kinds:
        raise Unsendable(Receipt("refused", "template_error", detail=f"this channel carries no {message.kind}"))
    found = message.to.get(kind, "")
    if not found:
        raise Unsendable(Receipt("refused", "bad_address", detail=f"the person has no {kind} here"))
    return found


def service_body(kind: str, content: Mapping[str, Any], names: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """The part of a customer-service message named after its kind, with the parts that the kind has."""
    return {name: content[name] for name in names[kind] if content.get(name) not in (None, "")}


def service_call(account: Account, openid: str, kind: str, body: Mapping[str, Any], clerk: str = "") -> Call:
    """Send a customer-service message; it is not repeated by itself, since nothing suppresses a second one."""
    json: dict[str, Any] = {"touser": openid, "msgtype": kind, kind: dict(body)}
    if clerk:
        json["customservice"] = {"kf_account": clerk}
    return Call("POST", account.url("api", "/cgi-bin/message/custom/send"), json=json)


def template_data(data: Any) -> dict[str, Any]:
    """`{"thing1": "text"}` or `{"thing1": {"value": "text"}}` as the platform wants it."""
    if not isinstance(data, Mapping):
        return {}
    return {
        str(name): dict(one) if isinstance(one, Mapping) else {"value": "" if one is None else str(one)}
        for name, one in data.items()
    }


_NOT_FOLLOWER: Final = Receipt("refused", "not_follower", marks=(Mark("unfollowed"),))
_TEMPLATE_WRONG: Final = Receipt("refused", "template_error")
_OPTED_OUT: Final = Receipt("refused", "refused", marks=(Mark("opted_out"),))

OUTCOMES: Final[Mapping[int, Receipt]] = {
    **ACCOUNT_OUTCOMES,
    40003: Receipt("refused", "bad_address"),
    40007: _TEMPLATE_WRONG,
    40008: _TEMPLATE_WRONG,
    40037: _TEMPLATE_WRONG,
    41030: _TEMPLATE_WRONG,
    43004: _NOT_FOLLOWER,
    43019: Receipt("refused", "refused"),
    43101: _OPTED_OUT,
    45002: _TEMPLATE_WRONG,
    45015: Receipt("refused", "over_limit"),
    45047: Receipt("refused", "over_limit"),
    45065: Receipt("sent"),
    45066: Receipt("retry", "rate_limited", after=60.0),
    47001: _TEMPLATE_WRONG,
    47003: _TEMPLATE_WRONG,
    48002: _OPTED_OUT,
    50005: _NOT_FOLLOWER,
}
"""Every code of the platform's list for sending, as what it means here."""


def concluding(channel: str) -> Concluding:
    """The conclusion from an answer, with marks that name the channel and the template that was refused."""

    def outcome(message: Message, answer: Answer) -> Receipt:
        receipt = conclude(answer, OUTCOMES)
        marks = []
        for mark in receipt.marks:
            fields = dict(mark.fields)
            if mark.event == "opted_out":
                fields |= {"message_channel": channel, "reason": receipt.code}
                # 43101 is about one template only; 48002 about everything from this account.
                if receipt.code == "43101" and message.content.get("template_id"):
                    fields["template_id"] = message.content["template_id"]
            marks.append(Mark(mark.event, fields))
        return replace(receipt, marks=tuple(marks))

    return outcome
