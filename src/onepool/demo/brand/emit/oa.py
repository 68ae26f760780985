"""The official account: follows, menus, messages, cards, results of template messages; and pages of user/info."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from onepool.demo.brand.places import OA_ORIGINAL

USER_INFO = "followers"
"""The name of the call whose answers are kept."""

SCENES = ("ADD_SCENE_QR_CODE", "ADD_SCENE_SEARCH", "ADD_SCENE_PROFILE_CARD", "ADD_SCENE_WECHAT_ADVERTISEMENT",
          "ADD_SCENE_CHANNELS", "ADD_SCENE_PAID")  # fmt: skip

Said = tuple[str, str]


def event(openid: str, second: int, name: str, more: str = "") -> Said:
    """An event of a follower."""
    return openid, (
        f"<xml><ToUserName><![CDATA[{OA_ORIGINAL}]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
        f"<CreateTime>{second}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{name}]]></Event>"
        f"{more}</xml>"
    )


def key(value: str, ticket: str = "") -> str:
    """What was clicked or scanned."""
    more = f"<Ticket><![CDATA[{ticket}]]></Ticket>" if ticket else ""
    return f"<EventKey><![CDATA[{value}]]></EventKey>{more}"


def follow(openid: str, second: int, scene: str) -> Said:
    """Follows; by a QR code with a parameter where ``scene`` is one."""
    more = key(f"qrscene_{scene}", f"gQH{openid[-10:]}") if scene else key("")
    return event(openid, second, "subscribe", more)


def text(openid: str, second: int, content: str, message: int) -> Said:
    """A message of the follower."""
    return openid, (
        f"<xml><ToUserName><![CDATA[{OA_ORIGINAL}]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
        f"<CreateTime>{second}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{content}]]></Content>"
        f"<MsgId>{message}</MsgId></xml>"
    )


def got_card(openid: str, second: int, card: str, code: str, unionid: str) -> Said:
    """A coupon was put into the card pack."""
    return event(
        openid,
        second,
        "user_get_card",
        f"<CardId><![CDATA[{card}]]></CardId><IsGiveByFriend>0</IsGiveByFriend><UserCardCode><![CDATA[{code}]]>"
        "</UserCardCode><FriendUserName><![CDATA[]]></FriendUserName><OuterId>0</OuterId><OldUserCardCode><![CDATA[]]>"
        "</OldUserCardCode><IsRestoreMemberCard>0</IsRestoreMemberCard><IsRecommendByFriend>0</IsRecommendByFriend>"
        f"<SourceScene><![CDATA[SOURCE_SCENE_APPMSG_JSAPI]]></SourceScene><UnionId><![CDATA[{unionid}]]></UnionId>",
    )


def used_card(openid: str, second: int, card: str, code: str, order: str) -> Said:
    """A coupon was redeemed."""
    return event(
        openid,
        second,
        "user_consume_card",
        f"<CardId><![CDATA[{card}]]></CardId><UserCardCode><![CDATA[{code}]]></UserCardCode>"
        "<ConsumeSource><![CDATA[FROM_API]]></ConsumeSource><LocationName><![CDATA[]]></LocationName>"
        f"<StaffOpenId><![CDATA[]]></StaffOpenId><VerifyCode><![CDATA[]]></VerifyCode><RemarkAmount><![CDATA[]]>"
        f"</RemarkAmount><OuterStr><![CDATA[{order}]]></OuterStr>",
    )


def template_result(openid: str, second: int, message: int, status: str) -> Said:
    """What became of a template message."""
    return event(
        openid, second, "TEMPLATESENDJOBFINISH", f"<MsgID>{message}</MsgID><Status><![CDATA[{status}]]></Status>"
    )


def user_info(rows: Iterable[tuple[str, int, str | None, str, str]]) -> bytes:
    """An answer of user/info/batchget. Rows: openid, second of the follow, unionid, scene, QR parameter."""
    listed = []
    for openid, second, unionid, scene, parameter in rows:
        one: dict[str, object] = {
            "subscribe": 1, "openid": openid, "nickname": "", "sex": 0, "language": "zh_CN", "city": "", "province": "",
            "country": "", "headimgurl": "", "subscribe_time": second, "remark": "", "groupid": 0, "tagid_list": [],
            "subscribe_scene": scene, "qr_scene": 0, "qr_scene_str": parameter,
        }  # fmt: skip
        if unionid is not None:
            one["unionid"] = unionid
        listed.append(one)
    return json.dumps({"user_info_list": listed}, ensure_ascii=False, separators=(",", ":")).encode()


def hundreds(rows: Sequence[object]) -> Iterable[slice]:
    """Batches of at most 100, which the platform allows."""
    return (slice(first, first + 100) for first in range(0, len(rows), 100))
