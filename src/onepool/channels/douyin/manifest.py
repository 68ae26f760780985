"""What a Douyin account yields and carries."""

from __future__ import annotations

from typing import Any, Final

from onepool.channels.base import (
    Address,
    Content,
    Identifies,
    Manifest,
    MessageKind,
    Quota,
    Setting,
    Signal,
    Window,
    adjustable,
)

REPLY, PROACTIVE = "reply", "proactive"
_MESSAGE: Final = ("message_id", "message_type", "content")


def _part(name: str, zh: str, en: str, **more: Any) -> Content:
    return Content(name=name, title={"zh": zh, "en": en}, **more)


_EVENT: Final = (
    _part("msg_id", "所回复的消息（server_message_id）", "Message answered (server_message_id)", required=True),
    _part("conversation_id", "会话（conversation_short_id）", "Conversation (conversation_short_id)", required=True),
    _part("scene", "场景", "Scene"),
)


def _reply(name: str, zh: str, en: str, *content: Content) -> MessageKind:
    return MessageKind(
        name=name, title={"zh": f"私信回复：{zh}", "en": f"Reply: {en}"}, to=("douyin_open_id",),
        content=(*content, *_EVENT), allowance=REPLY,
    )  # fmt: skip


_WINDOWS: Final = (
    Window(allowance=REPLY, event="message_received", messages=5, seconds=24 * 3600, unverified=True),
    Window(allowance=REPLY, event="form_submitted", messages=5, seconds=24 * 3600, unverified=True),
    # Allowed until it is taken back; how many a day stands in the quota.
    Window(allowance=PROACTIVE, event="opted_in", where={"method": ("im_authorize",)}, messages=1_000_000),
)

MANIFEST = Manifest(
    name="douyin",
    title={"zh": "抖音企业号", "en": "Douyin business account"},
    ways=("push", "file"),
    endpoints={"api": "https://open.douyin.com"},
    headers=("msg-id",),
    identifiers=(
        Identifies(type="douyin_open_id", scope="client_key", of={"zh": "互动的用户", "en": "everybody who acts"}),
        Identifies(type="douyin_union_id", scope="developer", of={"zh": "平台给出时", "en": "where it is told"}),
        Identifies(type="phone", of={"zh": "留资的用户", "en": "people who fill in a lead card"}),
    ),
    signals=(
        Signal(event="message_received", fields=(*_MESSAGE, "group_chat_id"), traits=("nickname", "avatar")),
        Signal(event="message_sent", fields=(*_MESSAGE, "message_channel")),
        Signal(event="message_delivered", fields=(*_MESSAGE, "message_channel")),
        Signal(event="message_read", fields=("message_channel",)),
        Signal(event="conversation_started", fields=("scene",), optional=True),
        Signal(event="followed"),
        Signal(event="form_submitted", fields=("form_id", "form_name", "content", "phone", "city"), traits=("name",)),
        Signal(event="opted_in", fields=("message_channel", "method"), optional=True),
        Signal(event="opted_out", fields=("message_channel", "method"), optional=True),
        Signal(event="consent_granted", fields=("purpose",), optional=True),
        Signal(event="consent_withdrawn", fields=("purpose",), optional=True),
    ),
    settings=(
        Setting(
            name="client_key", kind="text", title={"zh": "应用 client_key", "en": "client_key"}, required=True,
            pattern=r"[0-9A-Za-z]{6,40}",
        ),
        Setting(name="client_secret", kind="secret", title={"zh": "应用 client_secret", "en": "client_secret"},
                required=True),
        Setting(
            name="open_id",
            kind="text",
            title={"zh": "企业号的 open_id", "en": "open_id of the business account"},
            help={"zh": "区分客户与企业号自己；发送时需要", "en": "Tells customers from the account; needed to send"},
        ),
        Setting(
            name="developer",
            kind="text",
            title={"zh": "开发者主体", "en": "Developer"},
            help={
                "zh": "UnionID 的作用域：同一开发者的应用填写相同的名称",
                "en": "The scope of union ids: the same word for all applications of one developer",
            },
            default="main",
        ),
        Setting(
            name="refresh_token",
            kind="secret",
            title={"zh": "授权 refresh_token（发送私信时需要）", "en": "refresh_token of the authorisation (to send)"},
            help={
                "zh": "请用 file: 引用：续期后新的值会写回该文件，最多续期 5 次，之后需重新授权",
                "en": "As file: a renewed one is written back to it; after five renewals the owner must agree again",
            },
        ),
        Setting(
            name="status_path",
            kind="text",
            title={"zh": "每日查询接口（保持授权）", "en": "Interface asked once a day (keeps the authorisation)"},
            default="/im/authorize/status/",
            pattern=r"/[a-z0-9_/]{1,80}",
            unverified=True,
            noted=False,
        ),
        Setting(
            name="proactive_scene",
            kind="text",
            title={"zh": "主动私信的 scene", "en": "scene of proactive messages"},
            default="im_authorize_message",
            unverified=True,
            noted=False,
        ),
        *adjustable(_WINDOWS),
    ),
    messages=(
        _reply("text", "文本", "text", _part("text", "内容", "Text", kind="long_text", required=True, limit=1000)),
        _reply("image", "图片", "picture", _part("media_id", "素材", "Media", kind="media", required=True)),
        _reply("video", "视频", "video", _part("item_id", "视频编号", "Video", required=True)),
        _reply("lead_card", "留资卡片", "lead card", _part("card_id", "卡片编号", "Card", required=True)),
        MessageKind(
            name="proactive",
            title={"zh": "主动私信（用户已授权）", "en": "Proactive message (the person allowed it)"},
            to=("douyin_open_id",),
            content=(_part("text", "内容", "Text", kind="long_text", required=True, limit=1000),),
            allowance=PROACTIVE,
        ),
    ),
    addresses=(Address(type="douyin_open_id"),),
    windows=_WINDOWS,
    quotas=(
        Quota(
            name="proactive",
            title={"zh": "主动私信：每人每天一次，至多 3 条", "en": "Proactive: once a day and person, three messages"},
            count=3,
            period="day",
            scope="person",
            messages=("proactive",),
        ),
    ),
    instructions={
        "zh": "在抖音开放平台的应用里把 Webhook 地址填为本页回调地址，订阅私信、关注与授权事件，"
        "填写 client_key 和 client_secret。"
        "私信能力目前不再开放新增准入；没有权限时，请导出线索文件用 onepool import 导入。",
        "en": "In the application on Douyin's open platform enter the callback address of this page as Webhook, "
        "subscribe to the events, and give client_key and client_secret. The platform admits nobody new to private "
        "messages at present: without the right, export the leads and import the file with onepool import.",
    },
)  # fmt: skip
