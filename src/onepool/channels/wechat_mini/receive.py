"""What a mini program pushes (XML or JSON), and what logins and phone numbers say.

https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from onepool.channels.base import Decoded, Gathering, Push
from onepool.channels.base.wechat_cards import CARDS
from onepool.channels.base.wechat_parts import SHARED, Taking, message, unknown
from onepool.channels.base.wechat_read import UNREADABLE, Post, content_of, read_post, text
from onepool.channels.wechat_mini.exchange import ALSO, EXCHANGE, PHONE

NAME: Final = "wechat_mini"
_SHOWN: Final = ("nickname", "avatar", "gender", "province", "city")
"""What a person may show of themselves at a login."""

_MESSAGES: Final = frozenset({"text", "image", "voice", "video", "link", "location", "miniprogrampage", "file"})


def read(push: Push) -> Decoded:
    """Items of a push, or of what was exchanged for a code."""
    if push.kind == "hook" and push.rest in EXCHANGE:
        return _exchanged(push)
    return read_post(push, NAME, _take)


def _take(post: Post) -> None:
    if post.kind in _MESSAGES and post.sender:
        message(post)
        return
    take = _EVENTS.get(post.event.lower()) if post.kind == "event" else None
    if take is None or not post.sender:
        unknown(post)
        return
    take(post)


def _entered(post: Post) -> None:
    post.event_of("conversation_started", post.rest(), key=post.text("SessionFrom"))


_EVENTS: Final[Mapping[str, Taking]] = {**SHARED, **CARDS, "user_enter_tempsession": _entered}


def _exchanged(push: Push) -> Decoded:
    found = Gathering()
    content = content_of(push)
    if isinstance(content, str):
        found.refuse(UNREADABLE, content, push.plain or "")
        return found.decoded()
    ids = [
        ("openid", push.scope("openid", "appid"), text(content.get("openid"))),
        ("unionid", push.scope("unionid", "open_platform"), text(content.get("unionid"))),
        *((name, "", text(content.get(name))) for name in ALSO),
    ]
    number = f"{push.rest}.{text(content.get('code'))}"
    if text(content.get("phone")):
        # The person tapped a button, and the platform proved the number by SMS before: method says so.
        traits = {"phone": text(content.get("phone"))}
        made = number if push.rest == PHONE else f"{number}.phone"
        found.add("event", "profile_updated", ids, message_id=made, fields={"method": "wechat"}, traits=traits)
    shown = {name: text(content.get(name)) for name in _SHOWN if text(content.get(name))}
    if shown:
        found.add("profile", "profile_updated", ids, message_id=f"{number}.shown", traits=shown)
    if push.rest != PHONE:
        several = sum(1 for one in ids if one[2]) > 1
        found.add("link" if several else "profile", "identity_linked" if several else "profile_updated", ids,
                  message_id=number)  # fmt: skip
    return found.decoded()
