"""Messages of an Official Account.

https://developers.weixin.qq.com/doc/service/api/customer/message/ , .../api/notify/template/ , .../api/notify/notify/
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Final

from onepool.channels.base import Account, Call, Content, Message, MessageKind, Reach
from onepool.channels.base import wechat_reach as wechat

_PARTS: Final = {
    "text": ("content",),
    "image": ("media_id",),
    "voice": ("media_id",),
    "video": ("media_id", "thumb_media_id", "title", "description"),
    "music": ("title", "description", "musicurl", "hqmusicurl", "thumb_media_id"),
    "mpnews": ("media_id",),
    "mpnewsarticle": ("article_id",),
    "miniprogrampage": ("title", "appid", "pagepath", "thumb_media_id"),
    "msgmenu": ("head_content", "list", "tail_content"),
    "wxcard": ("card_id",),
}
_ARTICLE: Final = ("title", "description", "url", "picurl")


def _one(name: str, zh: str, en: str, *content: Content) -> MessageKind:
    return MessageKind(
        name=name, title={"zh": f"客服消息：{zh}", "en": f"Customer service: {en}"}, to=("openid",),
        content=content, allowance=wechat.REPLY,
    )  # fmt: skip


def _part(name: str, zh: str, en: str, **more: Any) -> Content:
    return Content(name=name, title={"zh": zh, "en": en}, **more)


_MEDIA: Final = _part("media_id", "素材", "Media", kind="media", required=True)
_PROGRAM: Final = _part("miniprogram", "跳转小程序（appid、pagepath）", "Mini program (appid, pagepath)", kind="object")
_URL: Final = _part("url", "跳转链接", "Link", kind="url")

MESSAGES: Final = (
    wechat.TEXT,
    wechat.IMAGE,
    _one("voice", "语音", "voice", _MEDIA),
    _one(
        "video", "视频", "video", _MEDIA,
        _part("thumb_media_id", "封面", "Cover", kind="media"),
        _part("title", "标题", "Title"),
        _part("description", "描述", "Description"),
    ),
    _one(
        "music", "音乐", "music",
        _part("title", "标题", "Title"),
        _part("description", "描述", "Description"),
        _part("musicurl", "音乐链接", "Link to the music", kind="url", required=True),
        _part("hqmusicurl", "高品质音乐链接", "Link in high quality", kind="url", required=True),
        _part("thumb_media_id", "封面", "Cover", kind="media", required=True),
    ),
    _one(
        "news", "图文链接", "link with picture",
        _part("title", "标题", "Title", required=True),
        _part("description", "描述", "Description"),
        _part("url", "链接", "Link", kind="url", required=True),
        _part("picurl", "图片链接", "Picture", kind="url"),
    ),
    _one("mpnews", "图文素材", "article by media ID", _MEDIA),
    _one("mpnewsarticle", "已发布图文", "published article", _part("article_id", "文章编号", "Article", required=True)),
    wechat.PAGE,
    _one(
        "msgmenu", "菜单", "menu",
        _part("head_content", "开头", "Head", required=True),
        _part("list", "选项（id、content）", "Choices (id, content)", kind="list", required=True),
        _part("tail_content", "结尾", "Tail"),
    ),
    _one("wxcard", "卡券", "card", _part("card_id", "卡券编号", "Card ID", required=True)),
    MessageKind(
        name="template",
        title={"zh": "模板消息（仅服务号；不得用于营销）", "en": "Template message (not for marketing)"},
        to=("openid",),
        content=(*wechat.TEMPLATE_PARTS, _URL, _PROGRAM),
        idempotent=True,
        marketing=False,
    ),
    MessageKind(
        name="subscribe",
        title={"zh": "订阅通知", "en": "Subscription notice"},
        to=("openid",),
        content=(*wechat.TEMPLATE_PARTS, _part("page", "跳转网页", "Web page", kind="url"), _PROGRAM),
        allowance=wechat.SUBSCRIPTION,
    ),
)  # fmt: skip


def request(message: Message, account: Account, now: datetime) -> Call:
    """The call of a message; see MESSAGES for what each kind's content holds. Raises Unsendable."""
    del now
    openid = wechat.addressed(message, "openid", (one.name for one in MESSAGES))
    content, kind = message.content, message.kind
    if kind == "template":
        return _template(message, account, openid)
    if kind == "subscribe":
        body = _notice(message, openid) | ({"page": content["page"]} if content.get("page") else {})
        return Call("POST", account.url("api", "/cgi-bin/message/subscribe/bizsend"), json=body)
    if kind == "news":
        articles = content.get("articles") or [content]
        body = {"articles": [{name: one[name] for name in _ARTICLE if one.get(name)} for one in articles]}
    else:
        body = wechat.service_body(kind, content, _PARTS)
    clerk = str(content.get("kf_account") or account.text("kf_account"))
    return wechat.service_call(account, openid, kind, body, clerk)


def _notice(message: Message, openid: str) -> dict[str, Any]:
    content = message.content
    body: dict[str, Any] = {"touser": openid, "template_id": content.get("template_id", "")}
    program = content.get("miniprogram")
    if isinstance(program, dict) and program.get("appid"):
        body["miniprogram"] = {name: program[name] for name in ("appid", "pagepath", "path") if program.get(name)}
    return body | {"data": wechat.template_data(content.get("data"))}


def _template(message: Message, account: Account, openid: str) -> Call:
    body = _notice(message, openid) | {"client_msg_id": _client_id(message.key)}
    if message.content.get("url"):
        body["url"] = message.content["url"]
    return Call("POST", account.url("api", "/cgi-bin/message/template/send"), json=body, idempotent=True)


def _client_id(key: str) -> str:
    """By which the platform suppresses a second one: at most 32 characters."""
    if len(key) <= 32 and key.isascii():
        return key
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()


REACH: Final = Reach(request=request, outcome=wechat.concluding("wechat_oa"))
