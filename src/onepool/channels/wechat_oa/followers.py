"""Followers as the platform lists them: who, since when, by which way, and their unionid.

https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/ . Since 2021-12-27 without name and picture.
"""

from __future__ import annotations

from typing import Any, Final

from onepool.channels.base import Decoded, Gathering, Push
from onepool.channels.base.wechat_read import UNREADABLE, content_of, digest, listed, text, whole

FIRST, AGAIN = "followers_first", "followers"
"""Names of the pages: of the first run over all followers, and of later ones."""

SCENES: Final = {
    "ADD_SCENE_SEARCH": "search",
    "ADD_SCENE_ACCOUNT_MIGRATION": "account_migration",
    "ADD_SCENE_PROFILE_CARD": "profile_card",
    "ADD_SCENE_QR_CODE": "qr_code",
    "ADD_SCENE_PROFILE_LINK": "profile_link",
    "ADD_SCENE_PROFILE_ITEM": "profile_item",
    "ADD_SCENE_PAID": "paid",
    "ADD_SCENE_WECHAT_ADVERTISEMENT": "advertisement",
    "ADD_SCENE_REPRINT": "reprint",
    "ADD_SCENE_LIVESTREAM": "live_stream",
    "ADD_SCENE_CHANNELS": "channels",
    "ADD_SCENE_OTHERS": "others",
}
"""Ways to follow, in our words."""


def read_page(push: Push) -> Decoded:
    """A profile per follower (with the link to the unionid); of the first run also when each one followed, of later
    ones that they are listed."""
    found = Gathering()
    content = content_of(push)
    if isinstance(content, str):
        found.refuse(UNREADABLE, content, push.body)
        return found.decoded()
    call, _, week = push.call.partition(":")
    for user in listed(content.get("user_info_list")):
        openid = text(user.get("openid"))
        if openid and text(user.get("subscribe")) != "0":
            _follower(found, push, user, openid, first=call == FIRST, week=week)
    return found.decoded()


def _follower(found: Gathering, push: Push, user: dict[str, Any], openid: str, *, first: bool, week: str) -> None:
    ids = [
        ("openid", push.scope("openid", "appid"), openid),
        ("unionid", push.scope("unionid", "open_platform"), text(user.get("unionid"))),
    ]
    since = whole(user.get("subscribe_time"))
    scene = text(user.get("subscribe_scene"))
    code = text(user.get("qr_scene_str")) or text(user.get("qr_scene")).removeprefix("0")
    tags = user.get("tagid_list")
    traits = {
        "language": text(user.get("language")),
        "remark": text(user.get("remark")),
        "source": SCENES.get(scene, scene),
        "wechat_tags": [str(tag) for tag in tags if isinstance(tag, int | str)] if isinstance(tags, list) else None,
    }
    traits = {name: value for name, value in traits.items() if value}
    # The same of one week is one fact; what changed back is seen a week later at the latest.
    state = ".".join(f"{name}={value}" for name, value in traits.items())
    found.add("profile", "profile_updated", ids, message_id=f"{openid}.{week}.{digest(state)}", traits=traits)
    fields = {"qr_code_id": code, "scene": SCENES.get(scene, scene)}
    if since and not first:
        # That they are there, once for each time they followed: one whose push was missed can be reached. It is no
        # second `followed`, which journeys begin with: its time need not be the push's to the second.
        found.add("event", "follower_listed", ids, time=since, message_id=f"{openid}.{since}.listed", fields=fields)
    elif since:
        # The id that the push of the same moment would have.
        key = f".qrscene_{code}" if code else ""
        found.add("event", "followed", ids, time=since, message_id=f"{openid}.{since}.subscribe{key}", fields=fields)
