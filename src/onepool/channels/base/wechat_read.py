"""Reading pushes of WeChat's platforms: the envelope, ids of the person and of the message, times.

Sources: https://developers.weixin.qq.com/doc/service/guide/product/message/ (messages and events).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from onepool.channels.base.http import Push
from onepool.channels.base.items import Decoded, Gathering
from onepool.channels.base.xml import XmlError, parse_xml

UNREADABLE: Final = "wechat.unreadable"
"""Rule of a push that is neither XML nor JSON."""

_LONGEST_ID: Final = 200
_ENVELOPE: Final = frozenset({"ToUserName", "FromUserName", "CreateTime", "MsgType", "Event", "Encrypt", "AgentID"})
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Post:
    """One push: its content, who it is about, and the items that it gives."""

    def __init__(self, push: Push, content: Mapping[str, Any], channel: str) -> None:
        self.push = push
        self.channel = channel
        self.content = content
        self.found = Gathering()
        self.kind = text(content.get("MsgType"))
        self.event = text(content.get("Event"))
        self.sender = text(content.get("FromUserName"))
        self.time = whole(content.get("CreateTime"))

    def text(self, name: str) -> str:
        """A part as text; empty where it is not one."""
        return text(self.content.get(name))

    def within(self, *names: str) -> dict[str, Any]:
        """A part that has parts itself; empty where there is none."""
        found: Any = self.content
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def rest(self, *known: str) -> dict[str, Any]:
        """What else was said, under the names of the standard's spelling (`user_card_code`)."""
        hidden = {*_ENVELOPE, *known}
        return {snake(name): value for name, value in self.content.items() if name not in hidden}

    def id(self, *parts: object) -> str:
        """The message's id: the platform's `MsgId`, else who, when, what, and what tells two of a second apart."""
        number = self.text("MsgId") if self.kind != "event" else ""
        joined = ".".join(str(part) for part in (number, *parts) if part not in ("", None))
        if not number:
            joined = ".".join(
                str(part)
                for part in (self.sender, self.text("CreateTime"), self.event, *parts)
                if part not in ("", None)
            )
        if len(joined) > _LONGEST_ID:
            return f"{self.text('CreateTime')[:20]}.{digest(joined)}"
        return joined

    def wechat_ids(self, *, person: bool = True) -> list[tuple[str, str, str]]:
        """Ids of the sender: openid of this account, and unionid where the push has one."""
        if not person:
            return []
        union = self.text("UnionId") or self.text("unionid") or self.text("UnionID")
        return [
            ("openid", self.push.scope("openid", "appid"), self.sender),
            ("unionid", self.push.scope("unionid", "open_platform"), union),
        ]

    def event_of(self, name: str, fields: Mapping[str, Any] | None = None, *, key: object = "") -> None:
        """An event of the sender. ``key`` tells it from others of the same second."""
        self.found.add(
            "event",
            name,
            self.wechat_ids(),
            time=self.time,
            message_id=self.id(*([key] if key != "" else [])),
            fields=dict(fields or {}),
        )


def content_of(push: Push) -> dict[str, Any] | str:
    """The content of a push or page, decrypted; or, where it can't be read, what is wrong with it."""
    if push.plain is not None:
        raw: bytes | str = push.plain
        head = push.plain.lstrip()[:1]
    else:
        raw = push.body
        head = push.body.lstrip()[:1].decode("latin-1")
    try:
        found = msgspec.json.decode(raw) if head in ("{", "[") else parse_xml(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError, XmlError) as error:
        return f"neither XML nor JSON of the platform: {type(error).__name__}"
    return found if isinstance(found, dict) else "the push has no parts with names"


def read_post(push: Push, channel: str, take: Callable[[Post], None]) -> Decoded:
    """Read a push with ``take``; what is no XML or JSON waits in quarantine."""
    content = content_of(push)
    if isinstance(content, str):
        found = Gathering()
        found.refuse(UNREADABLE, content, push.plain if push.plain is not None else push.body)
        return found.decoded()
    post = Post(push, content, channel)
    take(post)
    return post.found.decoded()


def text(value: Any) -> str:
    """A scalar of XML or JSON as text; empty for anything else."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or value is None:
        return ""
    return str(value) if isinstance(value, int | float) else ""


def whole(value: Any) -> int | None:
    """Seconds since 1970 or a small number; None where it is none."""
    found = text(value)
    return int(found) if found.isascii() and found.isdigit() and len(found) <= 15 else None


def number(value: Any) -> float | None:
    """A number with a fraction; None where it is none."""
    try:
        found = float(text(value))
    except ValueError:
        return None
    return found if abs(found) < 1e15 else None


def listed(value: Any) -> list[dict[str, Any]]:
    """Parts of a repeated tag (one or many) or of a JSON list, those that have parts themselves."""
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, dict)]


def fen(value: Any) -> str | None:
    """An amount in fen as yuan with two decimals."""
    found = whole(value)
    return None if found is None else f"{found // 100}.{found % 100:02d}"


def snake(name: str) -> str:
    """`UserCardCode` as `user_card_code`."""
    return _WORD.sub("_", name).lower()


def digest(value: str) -> str:
    """A short name of a long text."""
    return hashlib.blake2b(value.encode("utf-8", "replace"), digest_size=16).hexdigest()
