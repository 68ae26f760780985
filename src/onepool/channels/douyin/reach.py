"""Private messages: answers to an event, and messages to people who allowed them.

https://developer.open-douyin.com/docs/resource/zh-CN/dop/develop/openapi/search-management/private-message/send-msg
(codes: .../openapi/status-code)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from onepool.channels.base import Account, Answer, Call, Message, Reach, Receipt, Unsendable
from onepool.channels.base.commerce import part, text
from onepool.channels.douyin.authorise import REJECTED, code_of

PROACTIVE: Final = "proactive"
_TYPES: Final[Mapping[str, tuple[int, str, str, str]]] = {
    "text": (1, "text", "text", "text"),
    PROACTIVE: (1, "text", "text", "text"),
    "image": (2, "image", "media_id", "media_id"),
    "video": (3, "video", "item_id", "item_id"),
    "lead_card": (8, "retain_consult_card", "card_id", "card_id"),
}
"""Kind -> (msg_type, its part of the content, the member there, the part of our content)."""

_ACCOUNT: Final = Receipt("refused", "account_error", account=True)
_GONE: Final = Receipt("refused", "bad_address")
_BUSY: Final = Receipt("retry", "transient", after=30.0)
_TEMPLATE: Final = Receipt("refused", "template_error")
_QUOTA: Final = Receipt("retry", "rate_limited", after=3600.0, account=True)

_FORBIDDEN: Final = (
    "28001012", "28001014", "28001015", "28001016", "28001017", "28001018", "28001019", "28001020", "28001021",
    "28001042", "28001056", "28004020", "2100007", "2190003", "2190004", "10004", "10010",
)  # fmt: skip
"""The application or the owner's consent does not allow it."""

OUTCOMES: Final[Mapping[str, Receipt]] = {
    "28001005": _BUSY,
    "28001006": _BUSY,
    "2100004": _BUSY,
    "28001007": _TEMPLATE,
    "2100005": _TEMPLATE,
    **dict.fromkeys(REJECTED, Receipt("retry", "account_error", after=300.0, account=True)),
    **dict.fromkeys(_FORBIDDEN, _ACCOUNT),
    "28001045": _GONE,
    "28001046": _GONE,
    "28001047": _GONE,
    "2100009": _GONE,
    "28001052": Receipt("retry", "rate_limited", after=600.0, account=True),
    "28003017": _QUOTA,
    "2190001": _QUOTA,
    "28003018": Receipt("retry", "rate_limited", after=60.0, account=True),
    "28003070": Receipt("refused", "over_limit"),
}
"""The platform's codes, as what they mean here."""


def request(message: Message, account: Account, now: datetime) -> Call:
    """POST /im/send/msg/. An answer names the event's message and conversation. Raises Unsendable without them."""
    del now
    kind, content = message.kind, message.content
    number, part_name, member, source = _TYPES[kind]
    value = content.get(source)
    if value in (None, ""):
        raise _wrong(f"a message of kind {kind} needs {source}")
    body: dict[str, Any] = {
        "to_user_id": message.to.get("douyin_open_id", ""),
        "content": {"msg_type": number, part_name: {member: value}},
    }
    if not body["to_user_id"]:
        raise Unsendable(Receipt("refused", "bad_address", "open_id", detail="the person has no open_id here"))
    if kind == PROACTIVE:
        body["scene"] = account.text("proactive_scene")
    else:
        reply = {"msg_id": text(content.get("msg_id")), "conversation_id": text(content.get("conversation_id"))}
        if not all(reply.values()):
            raise _wrong("an answer needs msg_id and conversation_id of the message that it answers")
        body |= reply
        if scene := text(content.get("scene")):
            body["scene"] = scene
    url = account.url("api", "/im/send/msg/")
    return Call("POST", url, query={"open_id": account.text("open_id")}, json=body)


def outcome(message: Message, answer: Answer) -> Receipt:
    """By the code; an answer that is not the platform's leaves open whether the message went out."""
    del message
    if answer.status == 429:
        return Receipt("retry", "rate_limited", "429", after=60.0, account=True)
    code = code_of(answer)
    if not code:
        return Receipt("unknown", "unknown", str(answer.status))
    body = answer.json()
    if code == "0":
        return Receipt(
            "sent", code=code, provider_id=text(part(body, "data").get("msg_id")) or text(body.get("msg_id"))
        )
    words = text(body.get("err_msg")) or text(part(body, "data").get("description"))
    known = OUTCOMES.get(code)
    if known is None and "频" in words:
        known = Receipt("refused", "over_limit")
    return replace(known or Receipt("refused", "unknown"), code=code, detail=words[:200])


def _wrong(words: str) -> Unsendable:
    return Unsendable(Receipt("refused", "template_error", "content", detail=words))


REACH: Final = Reach(request=request, outcome=outcome)
