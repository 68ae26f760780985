"""Messages of WeChat customer service (微信客服): answers to whoever wrote to a desk within the last 48 hours, and
those of an event (somebody comes to the desk, the conversation ends), whose code works once.

https://developer.work.weixin.qq.com/document/path/94677 (sending), 95122 (on events), 90313 (codes). None of this could
be verified against the platform's pages here: not the window, the codes, the longest texts (given in bytes), whether a
second message of the same msgid is refused and how long one may be, how long an event's code works, nor the paths.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from onepool.channels.base import Account, Call, Content, Message, MessageKind, Receipt, Unsendable
from onepool.channels.base.wechat_read import digest

WINDOW: Final = "service_reply"
"""The allowance that a customer's message to a desk gives."""

_DESK: Final = Content(
    name="service_desk",
    title={"zh": "客服账号（open_kfid，默认用触点设置）", "en": "Desk (open_kfid; else the setting)"},
)
_TEXT: Final = Content(
    name="content", kind="long_text", required=True, limit=2048, bytes=True, title={"zh": "内容", "en": "Text"}
)
_ABOVE: Final = Content(
    name="head_content", kind="long_text", limit=1024, bytes=True, title={"zh": "开头", "en": "Text above"}
)
_BELOW: Final = Content(
    name="tail_content", kind="long_text", limit=1024, bytes=True, title={"zh": "结尾", "en": "Text below"}
)
_COVER: Final = Content(name="thumb_media_id", kind="media", required=True, title={"zh": "封面", "en": "Cover"})
_TITLE: Final = Content(name="title", required=True, limit=128, bytes=True, title={"zh": "标题", "en": "Title"})


def _kind(name: str, title: dict[str, str], *content: Content) -> MessageKind:
    return MessageKind(
        name=name,
        title={"zh": f"微信客服：{title['zh']}", "en": f"Customer service: {title['en']}"},
        to=("external_userid",),
        content=(*content, _DESK),
        allowance=WINDOW,
    )


MESSAGES: Final = (
    _kind(
        "service_text",
        {"zh": "文本", "en": "text"},
        Content(
            name="content", kind="long_text", required=True, limit=2048, bytes=True, title={"zh": "内容", "en": "Text"}
        ),
    ),
    _kind(
        "service_image",
        {"zh": "图片", "en": "picture"},
        Content(name="media_id", kind="media", required=True, title={"zh": "素材", "en": "Media"}),
    ),
    _kind(
        "service_link",
        {"zh": "图文链接", "en": "link"},
        _TITLE,
        Content(name="desc", title={"zh": "描述", "en": "Description"}, limit=512, bytes=True),
        Content(name="url", kind="url", required=True, title={"zh": "链接", "en": "Address"}),
        _COVER,
    ),
    _kind(
        "service_miniprogram",
        {"zh": "小程序卡片", "en": "mini program card"},
        Content(name="appid", required=True, title={"zh": "小程序 AppID", "en": "App ID of the mini program"}),
        _TITLE,
        _COVER,
        Content(name="pagepath", required=True, title={"zh": "页面路径", "en": "Page"}),
    ),
    _kind(
        "service_menu",
        {"zh": "菜单消息", "en": "menu"},
        Content(
            name="head_content", kind="long_text", limit=1024, bytes=True, title={"zh": "开头", "en": "Text above"}
        ),
        Content(name="list", kind="list", required=True, title={"zh": "菜单项", "en": "Items"}),
        Content(
            name="tail_content", kind="long_text", limit=1024, bytes=True, title={"zh": "结尾", "en": "Text below"}
        ),
    ),
)

_CODE: Final = Content(
    name="code",
    required=True,
    title={"zh": "事件凭证（welcome_code 或 msg_code）", "en": "Code of the event (welcome_code, msg_code)"},
)

EVENT_TEXT: Final = "service_event_text"
EVENT_MESSAGES: Final = tuple(
    MessageKind(
        name=name,
        title={"zh": f"微信客服事件响应：{title['zh']}", "en": f"Customer service, on an event: {title['en']}"},
        to=("external_userid",),
        content=(_CODE, *content),
        marketing=False,
    )
    for name, title, content in (
        (EVENT_TEXT, {"zh": "文本", "en": "text"}, (_TEXT,)),
        (
            "service_event_menu",
            {"zh": "菜单消息", "en": "menu"},
            (
                _ABOVE,
                Content(name="list", kind="list", required=True, title={"zh": "菜单项", "en": "Items"}),
                _BELOW,
            ),
        ),
    )
)

_BODIES: Final[Mapping[str, tuple[str, str]]] = {
    "service_text": ("text", "content"),
    "service_image": ("image", "media_id"),
    "service_link": ("link", "title desc url thumb_media_id"),
    "service_miniprogram": ("miniprogram", "appid title thumb_media_id pagepath"),
    "service_menu": ("msgmenu", "head_content list tail_content"),
    EVENT_TEXT: ("text", "content"),
    "service_event_menu": ("msgmenu", "head_content list tail_content"),
}
"""The platform's type of each kind, and the parts that it has."""

ON_EVENT: Final = frozenset(one.name for one in EVENT_MESSAGES)
"""Kinds that go out with an event's code."""


def request(message: Message, account: Account, external: str) -> Call:
    """The call of a message to somebody who wrote to a desk. Raises Unsendable where no desk is named.

    Not repeated by itself. The number that goes along (32 bytes) is the same for every attempt; whether the platform
    tells a second one by it is not verified.
    """
    kind, parts = _BODIES[message.kind]
    content: dict[str, Any] = {
        name: message.content[name] for name in parts.split() if message.content.get(name) not in (None, "")
    }
    if message.kind in ON_EVENT:
        code = str(message.content.get("code") or "")
        if not code:
            raise Unsendable(Receipt("refused", "template_error", detail="the message has no code of an event"))
        body = {"code": code, "msgid": digest(message.key), "msgtype": kind, kind: content}
        return Call("POST", account.url("api", "/cgi-bin/kf/send_msg_on_event"), json=body)
    desk = str(message.content.get("service_desk") or account.text("service_desk"))
    if not desk:
        detail = "no desk is named; give the message a service_desk, or the touchpoint that setting"
        raise Unsendable(Receipt("refused", "template_error", detail=detail))
    body = {"touser": external, "open_kfid": desk, "msgid": digest(message.key), "msgtype": kind, kind: content}
    return Call("POST", account.url("api", "/cgi-bin/kf/send_msg"), json=body)


_OVER: Final = Receipt("refused", "over_limit")
_NO_DESK: Final = Receipt("refused", "account_error")
_WRONG: Final = Receipt("refused", "template_error")

OUTCOMES: Final[Mapping[int, Receipt]] = {
    40007: _WRONG,
    95000: _NO_DESK,
    95001: _OVER,
    95002: _OVER,
    95003: _OVER,
    95004: _NO_DESK,
    95007: Receipt("refused", "expired"),
    95008: _WRONG,
    95009: _WRONG,
    95011: _NO_DESK,
    95012: _NO_DESK,
    95013: _OVER,
    95015: _NO_DESK,
    95018: _OVER,
}
"""Codes of customer service: 95001 five messages were sent, 95002 48 hours are over, 95013 and 95018 the conversation
has ended or is with somebody else; 95000 and 95004 no such desk, 95011 and 95012 not the desk of this interface;
95007 an event's code was used or has ended, 95015 a welcome is set up on the platform, which goes first."""
