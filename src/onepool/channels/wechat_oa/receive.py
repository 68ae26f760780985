"""What an Official Account pushes, and what its pulled pages say.

https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_event_pushes.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from onepool.channels.base import Decoded, Push
from onepool.channels.base.wechat_cards import CARDS
from onepool.channels.base.wechat_parts import SHARED, Taking, message, unknown
from onepool.channels.base.wechat_read import Post, listed, number, read_post, text, whole
from onepool.channels.wechat_oa.followers import read_page

NAME: Final = "wechat_oa"
_QR: Final = "qrscene_"
_MESSAGES: Final = frozenset({"text", "image", "voice", "video", "shortvideo", "location", "link", "file"})


def read(push: Push) -> Decoded:
    """Items of a push or of a page of followers."""
    if push.kind == "pull":
        return read_page(push)
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


def _followed(post: Post) -> None:
    key = post.text("EventKey")
    fields = {"qr_code_id": key[len(_QR) :]} if key.startswith(_QR) else {"event_key": key}
    post.event_of("followed", {**fields, **post.rest("EventKey")}, key=key)


def _unfollowed(post: Post) -> None:
    post.event_of("unfollowed", post.rest("EventKey"))


def _scanned(post: Post) -> None:
    key = post.text("EventKey")
    post.event_of("qr_scanned", {"qr_code_id": key.removeprefix(_QR), **post.rest("EventKey")}, key=key)


def _menu(post: Post) -> None:
    key, kind = post.text("EventKey"), post.event.lower()
    fields: dict[str, Any] = {"menu_key": post.text("MenuId") or key, "menu_type": kind}
    if kind == "view":
        fields["link_url"] = key
    elif kind == "view_miniprogram":
        fields["page_path"] = key
    rest = post.rest("EventKey", "MenuId", "ScanCodeInfo", "SendPicsInfo", "SendLocationInfo")
    scan = post.within("ScanCodeInfo")
    place = post.within("SendLocationInfo")
    fields |= {
        "scan_type": text(scan.get("ScanType")),
        "scan_result": text(scan.get("ScanResult")),
        "pictures": whole(post.within("SendPicsInfo").get("Count")),
        "latitude": number(place.get("Location_X")),
        "longitude": number(place.get("Location_Y")),
        "address": text(place.get("Label")),
    }
    post.event_of("menu_clicked", {**fields, **rest}, key=key)


def _located(post: Post) -> None:
    fields = {
        "latitude": number(post.content.get("Latitude")),
        "longitude": number(post.content.get("Longitude")),
        "accuracy": number(post.content.get("Precision")),
    }
    post.event_of("location_reported", {**fields, **post.rest("Latitude", "Longitude", "Precision")})


def _template_done(post: Post) -> None:
    """`success`, `failed:user block`, `failed: system failed`."""
    status = post.text("Status")
    fields = {"message_id": post.text("MsgID"), "message_type": "template", "message_channel": NAME}
    if status == "success":
        post.event_of("message_delivered", fields, key=post.text("MsgID"))
        return
    reason = status.partition(":")[2].strip() or status
    code = reason.replace(" ", "_").lower()
    blocked = "user block" in reason.lower()
    failed = {"failure_code": code, "failure_reason": "refused" if blocked else "transient", "failure_text": status}
    post.event_of("message_failed", {**fields, **failed}, key=post.text("MsgID"))
    if blocked:
        post.event_of("opted_out", {"message_channel": NAME, "reason": reason}, key=f"{post.text('MsgID')}.out")


def _mass_done(post: Post) -> None:
    """About the message as a whole; its sender is the platform's helper and nobody's customer."""
    job = post.text("MsgID") or post.text("MsgId")
    fields = {
        "campaign": f"mass.{job}",
        "campaign_type": "mass_message",
        "media": NAME,
        "status": post.text("Status"),
        "total_count": whole(post.content.get("TotalCount")),
        "filter_count": whole(post.content.get("FilterCount")),
        "sent_count": whole(post.content.get("SentCount")),
        "error_count": whole(post.content.get("ErrorCount")),
    }
    if not job:
        unknown(post, person=False)
        return
    post.found.add("object", "campaign", [], time=post.time, message_id=post.id(job), fields=fields)
    for entry in listed(post.within("ArticleUrlResult", "ResultList").get("item")):
        number, url = text(entry.get("ArticleIdx")), text(entry.get("ArticleUrl"))
        if number and url:
            article = {
                "campaign": f"mass.{job}.{number}",
                "campaign_type": "mass_article",
                "media": NAME,
                "link_url": url,
            }
            post.found.add("object", "campaign", [], time=post.time, message_id=post.id(job, number), fields=article)


_MENU: Final = (
    "click", "view", "view_miniprogram", "scancode_push", "scancode_waitmsg", "pic_sysphoto",
    "pic_photo_or_album", "pic_weixin", "location_select",
)  # fmt: skip

_EVENTS: Final[Mapping[str, Taking]] = {
    **SHARED,
    **CARDS,
    **dict.fromkeys(_MENU, _menu),
    "subscribe": _followed,
    "unsubscribe": _unfollowed,
    "scan": _scanned,
    "location": _located,
    "templatesendjobfinish": _template_done,
    "masssendjobfinish": _mass_done,
}
