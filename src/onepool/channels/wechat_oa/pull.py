"""Fetching followers: the list page by page, what is known of them by hundreds.

https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_getfans.html (10,000 per page, unverified).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from onepool.channels.base import Account, Call, Cursor, Page, Pulling, Stream
from onepool.channels.base.wechat_api import body_of
from onepool.channels.wechat_oa.followers import AGAIN, FIRST

_BATCH: Final = 100
_DAY: Final = 86_400


def _followers(account: Account, cursor: Cursor, now: datetime) -> Pulling:
    """The cursor: `next` openid of the list, `done` of its page's batches and their `last` openid, since the list moves
    up when somebody before unfollows; `filled` after the first whole run."""
    name = AGAIN if cursor.get("filled") else FIRST
    page = f"{name}:{now:%G-W%V}"
    following = str(cursor.get("next", ""))
    done, last = int(cursor.get("done", 0)), str(cursor.get("last", ""))
    while True:
        answer = yield Call(
            "GET",
            account.url("api", "/cgi-bin/user/get"),
            query={"next_openid": following} if following else {},
            idempotent=True,
        )
        assert answer is not None
        listed = body_of(answer)
        data = listed.get("data")
        openids = data.get("openid") if isinstance(data, dict) else None
        openids = [one for one in openids if isinstance(one, str)] if isinstance(openids, list) else []
        begin = done * _BATCH
        if last:  # who was the last one then, or, where even they are gone, all of the page again
            begin = openids.index(last) + 1 if last in openids else 0
        for start in range(begin, len(openids), _BATCH):
            users = [{"openid": one, "lang": "zh_CN"} for one in openids[start : start + _BATCH]]
            answer = yield Call(
                "POST",
                account.url("api", "/cgi-bin/user/info/batchget"),
                json={"user_list": users},
                idempotent=True,
            )
            assert answer is not None
            body_of(answer)
            done, reached = start // _BATCH + 1, users[-1]["openid"]
            yield Page(page, answer.body, {**cursor, "next": following, "done": done, "last": reached})
        following, done, last = str(listed.get("next_openid") or ""), 0, ""
        if not following or not openids:
            yield Page("end", b"{}", {"filled": True})
            return


STREAMS: Final = {
    "followers": Stream("followers", {"zh": "关注者", "en": "Followers"}, _followers, every=_DAY),
}
