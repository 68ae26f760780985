"""What WeCom pushes: contacts, group chats, tags, acquisition links, customer service.

https://developer.work.weixin.qq.com/document/path/92130 (customer contact events); a push is a notice only, details
are fetched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from onepool.channels.base import Decoded, Push
from onepool.channels.base.wechat_read import Post, read_post, text
from onepool.channels.wecom.pages import read_page

NAME: Final = "wecom"

_EXTERNAL: Final = re.compile(r"w[mo][A-Za-z0-9_-]{18,62}")
"""How ids of external contacts begin (wm: WeChat, wo: another WeCom); those of staff are the brand's own words."""

JOINED_BY: Final = {"1": "invited", "2": "invite_link", "3": "qr_code"}
LEFT_BY: Final = {"1": "left", "2": "removed"}

Taking = Callable[[Post], None]


def read(push: Push) -> Decoded:
    """Items of a push or of a kept page."""
    if push.kind == "pull":
        return read_page(push)
    return read_post(push, NAME, _take)


def _take(post: Post) -> None:
    kind = post.text("ChangeType")
    take = _EVENTS.get((post.event, kind)) or _EVENTS.get((post.event, "*"))
    if take is None:
        _unknown(post)
    else:
        take(post)


def _ids(post: Post, external: str = "") -> list[tuple[str, str, str]]:
    return [("external_userid", post.push.scope("external_userid", "corpid"), external or post.text("ExternalUserID"))]


def _id(post: Post, *parts: str) -> str:
    return post.id(post.text("ChangeType"), *parts)


def _contact(name: str, reason: Mapping[str, str] | str = "") -> Taking:
    """An event between a member of staff and a contact. ``reason``: by `Source`, or always the same."""

    def take(post: Post) -> None:
        staff, external = post.text("UserID"), post.text("ExternalUserID")
        if not external:
            _unknown(post)
            return
        why = reason if isinstance(reason, str) else reason.get(post.text("Source"), reason.get("", ""))
        fields = {
            "staff_id": staff,
            "qr_code_id": post.text("State") or post.text("LinkId"),
            "reason": post.text("FailReason") or why,
            # The welcome code works once and for 20 seconds: nobody needs it later.
            **_rest(post, "UserID", "ExternalUserID", "State", "LinkId", "FailReason", "WelcomeCode", "Source"),
        }
        post.found.add("event", name, _ids(post), time=post.time, message_id=_id(post, staff, external), fields=fields)

    return take


def _rest(post: Post, *known: str) -> dict[str, Any]:
    return post.rest("ChangeType", *known)


def _audit(post: Post) -> None:
    """The contact agreed that conversations are archived."""
    fields = {"purpose": "message_archive", **_rest(post, "ExternalUserID", "WelcomeCode")}
    if post.text("ExternalUserID"):
        found_id = _id(post, post.text("UserID"), post.text("ExternalUserID"))
        post.found.add("event", "consent_granted", _ids(post), time=post.time, message_id=found_id, fields=fields)


def _members(post: Post) -> list[str]:
    """Who joined or left, in each of the three shapes: missing, `id1,id2`, or `<Item>` children."""
    given = post.content.get("MemChangeList")
    if isinstance(given, dict):
        entries = given.get("Item")
        given = entries if isinstance(entries, list) else [entries]
    if isinstance(given, list):
        found = []
        for one in given:
            inner = one.get("UserID") or one.get("userid") if isinstance(one, dict) else one
            found.append(text(inner))
    else:
        found = text(given).split(",")
    return list(dict.fromkeys(one.strip() for one in found if one and one.strip()))


def _group(post: Post) -> None:
    """Created, changed or dismissed; who joined or left as far as the push says so."""
    chat, kind, detail = post.text("ChatId"), post.text("ChangeType"), post.text("UpdateDetail")
    if not chat:
        _unknown(post)
        return
    moved = {"add_member": "group_chat_joined", "del_member": "group_chat_left"}.get(detail)
    people = [one for one in _members(post) if _EXTERNAL.fullmatch(one)]
    if moved is not None:
        fields = {
            "group_chat_id": chat,
            "scene": JOINED_BY.get(post.text("JoinScene"), post.text("JoinScene")) if detail == "add_member" else "",
            "reason": LEFT_BY.get(post.text("QuitScene"), "") if detail == "del_member" else "",
        }
        for person in people:
            post.found.add(
                "event",
                moved,
                _ids(post, person),
                time=post.time,
                message_id=f"{chat}.{person}.{moved}.{post.text('CreateTime')}",
                fields=fields,
            )
    if kind in ("create", "dismiss"):
        # Not at every change: an object is replaced as a whole, and the push has no name.
        state = {"group_chat_id": chat, "status": "dismissed" if kind == "dismiss" else "open"}
        post.found.add("object", "group_chat", [], time=post.time, message_id=_id(post, chat), fields=state)


def _tag(post: Post) -> None:
    """A tag was deleted; what one is called now says only the list of tags."""
    tag = post.text("Id")
    if tag and post.text("ChangeType") == "delete":
        fields = {"tag_id": tag}
        post.found.add("object", "platform_tag", [], time=post.time, message_id=_id(post, tag), fields=fields)
        post.found.items[-1].change = "delete"


def _link(post: Post) -> None:
    """An acquisition link's balance, or that it was deleted: about the link."""
    kind = post.text("ChangeType")
    link = post.text("LinkId") or "balance"
    fields = {
        "campaign": f"link.{link}",
        "campaign_type": "acquisition_link",
        "media": NAME,
        "status": kind,
        **_rest(post, "LinkId"),
    }
    post.found.add("object", "campaign", [], time=post.time, message_id=_id(post, link), fields=fields)


def _notice(post: Post) -> None:
    """Says only that there is something to fetch; the push itself stays in the log."""
    del post


def _unknown(post: Post) -> None:
    """Kept with all its parts as an event of the platform's name; without a person it waits in quarantine."""
    kind = post.text("ChangeType")
    name = ".".join(part for part in (NAME, post.event or post.kind or "push", kind) if part)
    external = post.text("ExternalUserID")
    # A message to an app comes from a member of staff, who is nobody's customer.
    found_id = _id(post, post.text("UserID"), external) if post.time is not None else None
    post.found.add(
        "event",
        name[:120],
        _ids(post) if external else [],
        time=post.time,
        message_id=found_id,
        fields=_rest(post, "ExternalUserID", "WelcomeCode"),
    )


_CONTACT, _CHAT, _TAG, _ACQUIRE = (
    "change_external_contact", "change_external_chat", "change_external_tag", "customer_acquisition",
)  # fmt: skip

_EVENTS: Final[Mapping[tuple[str, str], Taking]] = {
    (_CONTACT, "add_external_contact"): _contact("contact_added"),
    (_CONTACT, "add_half_external_contact"): _contact("contact_requested"),
    (_CONTACT, "edit_external_contact"): _contact("profile_updated"),
    (_CONTACT, "del_external_contact"): _contact(
        "contact_removed", {"": "staff_removed", "DELETE_BY_TRANSFER": "transferred"}
    ),
    (_CONTACT, "del_follow_user"): _contact("contact_removed", "customer_removed"),
    (_CONTACT, "transfer_fail"): _contact("contact_transfer_failed"),
    (_CONTACT, "msg_audit_approved"): _audit,
    (_CHAT, "create"): _group,
    (_CHAT, "update"): _group,
    (_CHAT, "dismiss"): _group,
    (_TAG, "*"): _tag,
    (_ACQUIRE, "customer_start_chat"): _contact("conversation_started"),
    (_ACQUIRE, "friend_request"): _contact("contact_requested"),
    (_ACQUIRE, "balance_low"): _link,
    (_ACQUIRE, "balance_exhausted"): _link,
    (_ACQUIRE, "link_unavailable"): _link,
    (_ACQUIRE, "delete_link"): _link,
    ("kf_msg_or_event", "*"): _notice,
    ("msgaudit_notify", "*"): _notice,
}
"""By `Event` and `ChangeType`; ``*``: any."""
