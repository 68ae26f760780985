"""What Official Accounts and mini programs push alike: messages, subscriptions, service, permissions taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from onepool.channels.base.wechat_reach import OUTCOMES
from onepool.channels.base.wechat_read import Post, listed, number, text

Taking = Callable[[Post], None]


def message(post: Post) -> None:
    """A message of the person; a click in a menu message comes as a text with `bizmsgmenuid`."""
    menu = post.text("bizmsgmenuid")
    if menu:
        fields = {"menu_key": menu, "menu_type": "msgmenu", "content": post.text("Content")}
        post.event_of("menu_clicked", fields)
        return
    known = ["MsgId", "Content", "Recognition", "Title", "Url", "Location_X", "Location_Y", "Label"]
    said = post.text("Content") or post.text("Recognition") or post.text("Title") or post.text("Label")
    post.event_of(
        "message_received",
        {
            "message_id": post.text("MsgId"),
            "message_type": post.kind,
            "content": said,
            "link_url": post.text("Url"),
            "latitude": number(post.content.get("Location_X")),
            "longitude": number(post.content.get("Location_Y")),
            **post.rest(*known),
        },
    )


def _subscribed(part: str, method: str) -> Taking:
    def take(post: Post) -> None:
        entries = _entries(post, part)
        for entry in entries:
            template, status = text(entry.get("TemplateId")), text(entry.get("SubscribeStatusString"))
            granted = status.lower() == "accept"
            fields: dict[str, Any] = {
                "template_id": template,
                "method": method,
                "scene": text(entry.get("PopupScene")),
            }
            if not granted:
                fields["reason"] = status
            post.event_of("opted_in" if granted else "opted_out", _own(post, fields), key=template)
        if not entries:
            unknown(post)

    return take


def _subscription_sent(post: Post) -> None:
    entries = _entries(post, "SubscribeMsgSentEvent")
    for entry in entries:
        code = text(entry.get("ErrorCode"))
        fields: dict[str, Any] = {
            "message_id": text(entry.get("MsgID")),
            "message_type": "subscribe",
            "template_id": text(entry.get("TemplateId")),
        }
        if code not in ("", "0"):
            fields |= {
                "failure_code": code,
                "failure_reason": _why(code),
                "failure_text": text(entry.get("ErrorStatus")),
            }
        name = "message_delivered" if code in ("", "0") else "message_failed"
        post.event_of(name, _own(post, fields), key=text(entry.get("MsgID")) or text(entry.get("TemplateId")))
    if not entries:
        unknown(post)


def _why(code: str) -> str:
    """What a code of a receipt means, as for the answer to sending; nobody's refusal where the list lacks it."""
    known = OUTCOMES.get(int(code)) if code.isascii() and code.isdigit() and len(code) < 12 else None
    return (known.reason if known is not None else None) or "transient"


def _entries(post: Post, part: str) -> list[dict[str, Any]]:
    """Entries of a subscription event: `Part/List` in XML; in JSON also the event's own `List`."""
    found = listed(post.within(part).get("List")) or listed(post.content.get(part)) or listed(post.content.get("List"))
    return [entry for entry in found if text(entry.get("TemplateId"))]


def _own(post: Post, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {**fields, "message_channel": post.channel}


def _service(name: str) -> Taking:
    def take(post: Post) -> None:
        staff = post.text("KfAccount") or post.text("ToKfAccount")
        fields = {"staff_id": staff, "service_type": "kf", "previous_staff_id": post.text("FromKfAccount")}
        rest = post.rest("KfAccount", "FromKfAccount", "ToKfAccount")
        post.event_of(name, {**fields, **rest}, key=staff)

    return take


def _revoked(post: Post) -> None:
    """The person took back the permission, or left WeChat: joining ends, and the account must delete what it got."""
    fields = {"reason": post.event, **_meant(post)}
    post.event_of("consent_withdrawn", fields, key="consent")
    post.event_of("erasure_requested", fields, key="erasure")


def _modified(post: Post) -> None:
    post.event_of("profile_updated", _meant(post))


def _meant(post: Post) -> dict[str, Any]:
    """These pushes come from the platform's own account and name the person in `OpenID`."""
    post.sender = post.text("OpenID") or post.sender
    return post.rest("OpenID")


SHARED: Final[Mapping[str, Taking]] = {
    "subscribe_msg_popup_event": _subscribed("SubscribeMsgPopupEvent", "popup"),
    "subscribe_msg_change_event": _subscribed("SubscribeMsgChangeEvent", "settings"),
    "subscribe_msg_sent_event": _subscription_sent,
    "kf_create_session": _service("service_requested"),
    "kf_close_session": _service("service_closed"),
    "kf_switch_session": _service("service_transferred"),
    "user_authorization_revoke": _revoked,
    "user_authorization_cancellation": _revoked,
    "user_info_modified": _modified,
}
"""Events by their name in lower case."""


def unknown(post: Post, *, person: bool = True) -> None:
    """What this edition does not understand: kept with all its parts, as an event of the platform's name."""
    name = f"{post.channel}.{post.event or post.kind or 'push'}"
    post.found.add(
        "event",
        name[:120],
        post.wechat_ids(person=person),
        time=post.time,
        message_id=post.id(post.text("EventKey")) if post.sender else None,
        fields=post.rest(),
    )
