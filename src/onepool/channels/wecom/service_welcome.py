"""The welcome of customer service: the callback says that there is something, `sync_msg` that somebody came and with
which code; the code works once, and for 20 seconds (unverified).

https://developer.work.weixin.qq.com/document/path/94670 , 95122
"""

from __future__ import annotations

from typing import Any, Final

from onepool.channels.base import Account, Call, Cursor, Message, Prompted, Prompting, PullFailed, Push
from onepool.channels.base.wechat_api import body_of
from onepool.channels.base.wechat_read import content_of, listed, text, whole
from onepool.channels.wecom.service import EVENT_TEXT

_SECONDS: Final = 20
_PAGES: Final = 50
"""Of one push: without a cursor the platform begins three days ago."""


def about(push: Push, account: Account) -> str:
    """The desk that somebody may have come to; empty where nobody is welcomed.

    Without its time a push is left alone: codes of the last three days would all be tried.
    """
    content = content_of(push)
    if not account.text("service_welcome") or isinstance(content, str) or not whole(content.get("CreateTime")):
        return ""
    return text(content.get("OpenKfId")) if text(content.get("Event")) == "kf_msg_or_event" else ""


def ask(push: Push, account: Account, cursor: Cursor) -> Prompting:
    """The welcome of everybody who came to the desk since the cursor, in the last seconds before the push.

    The cursor: `place`, the platform's own for the desk. The stream of messages has another one: a page is kept by it.
    """
    welcome, content = account.text("service_welcome"), content_of(push)
    if isinstance(content, str):
        return
    desk, since = text(content.get("OpenKfId")), (whole(content.get("CreateTime")) or 0) - _SECONDS
    place = kept = text(cursor.get("place"))
    for _ in range(_PAGES):
        asked = {"cursor": place, "token": text(content.get("Token")), "open_kfid": desk, "limit": 1000}
        answer = yield Call("POST", account.url("api", "/cgi-bin/kf/sync_msg"), json=asked, idempotent=True)
        assert answer is not None
        try:
            body = body_of(answer)
        except PullFailed as error:
            if error.retry or not kept:
                raise
            # A place that the platform does not know any more: as after a start.
            place = kept = ""
            continue
        kept = ""
        found: list[Message] = []
        for message in listed(body.get("msg_list")):
            if (whole(message.get("send_time")) or 0) >= since:
                found += _welcome(message.get("event"), welcome)
        following = text(body.get("next_cursor"))
        place = following or place
        yield Prompted(found, {"place": place})
        if not body.get("has_more") or not following:
            return


def _welcome(event: Any, words: str) -> list[Message]:
    if not isinstance(event, dict) or text(event.get("event_type")) != "enter_session":
        return []
    code, external = text(event.get("welcome_code")), text(event.get("external_userid"))
    if not code or not external:
        return []  # a welcome is set up on the platform, or somebody wrote within 48 hours
    given = {"code": code, "content": words}
    return [Message(EVENT_TEXT, {"external_userid": external}, given, key=f"service_welcome.{code}")]
