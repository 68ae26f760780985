"""What fetched pages of WeCom say: contacts, group chats, tags, conversations of customer service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from onepool.channels.base import Decoded, Gathering, Push, Reason
from onepool.channels.base.wechat_read import UNREADABLE, content_of, digest, listed, text, whole

CONTACTS, CONTACTS_FIRST, GROUPS, GROUPS_FIRST, TAGS, LINKS, SERVICE = (
    "contacts", "contacts_first", "groups", "groups_first", "tags", "links", "service",
)  # fmt: skip

ADDED_BY: Final = {
    "0": "unknown", "1": "qr_code", "2": "phone_search", "3": "card", "4": "group_chat", "5": "contacts",
    "6": "wechat_contact", "8": "app_installed", "9": "email", "10": "wechat_channels", "11": "schedule",
    "12": "meeting", "13": "app_message", "14": "customer_service", "16": "acquisition_link", "24": "assistant",
    "201": "shared_by_colleague", "202": "assigned",
}  # fmt: skip
"""Ways to add a contact. The numbers could not be checked: a touchpoint may say others (``add_ways``); what neither
knows stays as it is."""

JOINED_BY: Final = {"1": "invited", "2": "invite_link", "3": "qr_code"}
_GENDER: Final = {"1": "male", "2": "female"}

Ids = list[tuple[str, str, str]]


def read_page(push: Push) -> Decoded:
    """Items of a page, by the call that fetched it."""
    found = Gathering()
    content = content_of(push)
    if isinstance(content, str):
        found.refuse(UNREADABLE, content, push.body)
        return found.decoded()
    call, _, week = push.call.partition(":")
    reader = _READERS.get(call)
    if reader is not None:
        reader(found, push, content, week)
    return found.decoded()


def _ids(push: Push, external: str, union: str = "") -> Ids:
    return [
        ("external_userid", push.scope("external_userid", "corpid"), external),
        ("unionid", push.scope("unionid", "open_platform"), union),
    ]


def _contacts(found: Gathering, push: Push, content: Mapping[str, Any], week: str) -> None:
    for entry in listed(content.get("external_contact_list")):
        person, follow = entry.get("external_contact"), entry.get("follow_info")
        if isinstance(person, dict) and text(person.get("external_userid")):
            _contact(found, push, person, follow if isinstance(follow, dict) else {}, week)


def _contact(found: Gathering, push: Push, person: dict[str, Any], follow: dict[str, Any], week: str) -> None:
    external = text(person.get("external_userid"))
    ids = _ids(push, external, text(person.get("unionid")))
    staff = text(follow.get("userid"))
    way = text(follow.get("add_way"))
    said = push.settings.get("add_ways")
    source = text(said.get(way)) if isinstance(said, Mapping) else ""
    source = source or ADDED_BY.get(way, way)
    traits = {
        "nickname": text(person.get("name")),
        "avatar": text(person.get("avatar")),
        "gender": _GENDER.get(text(person.get("gender")), ""),
        "company": text(person.get("corp_full_name")) or text(person.get("corp_name")),
        "job_title": text(person.get("position")),
        "adviser": staff,
        "source": source,
        "remark": text(follow.get("remark")),
        "description": text(follow.get("description")),
        "wecom_tags": _tags(follow),
    }
    traits = {name: value for name, value in traits.items() if value}
    # The same of one week is one fact; what changed back is seen a week later at the latest.
    state = f"{staff}.{week}.{digest(repr(sorted(traits.items())) + ids[1][2])}"
    found.add("profile", "profile_updated", ids, message_id=f"{external}.{state}", traits=traits)
    phones = follow.get("remark_mobiles")
    for phone in dict.fromkeys(text(one) for one in phones) if isinstance(phones, list) else []:
        if phone and push.settings.get("remark_phones", True):
            # Typed by a member of staff: the method says that nobody proved it.
            found.add("event", "profile_updated", ids, message_id=f"{external}.{staff}.{digest(phone)}",
                      fields={"method": "staff", "staff_id": staff}, traits={"phone": phone})  # fmt: skip
    since = whole(follow.get("createtime"))
    fields = {"staff_id": staff, "qr_code_id": text(follow.get("state")), "method": source}
    if since and not push.call.startswith(CONTACTS_FIRST):
        # That they are there, once for each time they became contacts: one whose push was missed can be reached. It is
        # no second `contact_added`, which journeys begin with: its time need not be the push's to the second.
        found.add("event", "contact_listed", ids, time=since, message_id=f"listed.{since}.{staff}.{external}",
                  fields=fields)  # fmt: skip
    elif since:
        # The id that the push of the same second would have.
        made = f"sys.{since}.change_external_contact.add_external_contact.{staff}.{external}"
        found.add("event", "contact_added", ids, time=since, message_id=made, fields=fields)


def _tags(follow: Mapping[str, Any]) -> list[str]:
    """Names of tags; the batch call gives only ids."""
    named = [text(one.get("tag_name")) for one in listed(follow.get("tags"))]
    numbers = follow.get("tag_id")
    return [one for one in named if one] or ([text(one) for one in numbers] if isinstance(numbers, list) else [])


def _groups(found: Gathering, push: Push, content: Mapping[str, Any], week: str) -> None:
    chat = content.get("group_chat")
    if not isinstance(chat, dict) or not text(chat.get("chat_id")):
        return
    number, name = text(chat.get("chat_id")), text(chat.get("name"))
    members = listed(chat.get("member_list"))
    fields = {
        "group_chat_id": number,
        "name": name,
        "staff_id": text(chat.get("owner")),
        "description": text(chat.get("notice")),
        "status": "open",
        "members": len(members),
        "member_version": text(chat.get("member_version")),
    }
    state = digest(repr(sorted(fields.items())))
    found.add("object", "group_chat", [], message_id=f"{number}.{week}.{state}", fields=fields)
    for member in members:
        external, union = text(member.get("userid")), text(member.get("unionid"))
        if text(member.get("type")) != "2" or not external:
            continue
        ids = _ids(push, external, union)
        if union:
            found.add("link", "identity_linked", ids, message_id=f"{external}.{union}")
        since = whole(member.get("join_time"))
        if since and push.call.startswith(GROUPS_FIRST):
            inviter = member.get("invitor")
            scene = text(member.get("join_scene"))
            joined = {
                "group_chat_id": number,
                "group_chat_name": name,
                "scene": JOINED_BY.get(scene, scene),
                "staff_id": text(inviter.get("userid")) if isinstance(inviter, dict) else "",
                "qr_code_id": text(member.get("state")),
            }
            made = f"{number}.{external}.group_chat_joined.{since}"
            found.add("event", "group_chat_joined", ids, time=since, message_id=made, fields=joined)


def _corp_tags(found: Gathering, push: Push, content: Mapping[str, Any], week: str) -> None:
    del push
    for group in listed(content.get("tag_group")):
        for tag in listed(group.get("tag")):
            if text(tag.get("id")):
                fields = {"tag_id": text(tag.get("id")), "name": text(tag.get("name")),
                          "category": text(group.get("group_name"))}  # fmt: skip
                state = digest(repr(fields))
                found.add("object", "platform_tag", [], message_id=f"{fields['tag_id']}.{week}.{state}", fields=fields)


def _link(found: Gathering, push: Push, content: Mapping[str, Any], day: str) -> None:
    """An acquisition link with its name: the campaign that contacts come by."""
    del push
    link, range_ = content.get("link"), content.get("range")
    if not isinstance(link, dict) or not text(link.get("link_id")):
        return
    number = text(link.get("link_id"))
    staff = range_.get("user_list") if isinstance(range_, dict) else None
    fields = {
        "campaign": f"link.{number}",
        "name": text(link.get("link_name")),
        "campaign_type": "acquisition_link",
        "media": "wecom",
        "url": text(link.get("url")),
        "staff": [text(one) for one in staff] if isinstance(staff, list) else [],
    }
    fields = {name: value for name, value in fields.items() if value}
    made = f"link.{number}.{day}.{digest(repr(sorted(fields.items())))}"
    found.add("object", "campaign", [], message_id=made, fields=fields)


_CUSTOMER, _SYSTEM, _STAFF = "3", "4", "5"


def _service(found: Gathering, push: Push, content: Mapping[str, Any], week: str) -> None:
    """Messages of customer service: by the person, the system, or staff (origin 3, 4, 5)."""
    del week
    for message in listed(content.get("msg_list")):
        kind, origin = text(message.get("msgtype")), text(message.get("origin"))
        part = message.get(kind)
        body: dict[str, Any] = part if isinstance(part, dict) else {}
        external = text(message.get("external_userid")) or text(body.get("external_userid"))
        desk = text(message.get("open_kfid")) or text(body.get("open_kfid"))
        number = text(message.get("msgid"))
        fields: dict[str, Any]
        if kind == "event" or origin == _SYSTEM:
            name, fields = _service_event(body, desk)
        else:
            name = "message_received" if origin == _CUSTOMER else "message_sent"
            fields = {
                "message_id": number,
                "message_type": kind,
                "message_channel": "" if origin == _CUSTOMER else "wecom",
                "content": text(body.get("content")) or text(body.get("title")) or text(body.get("name")),
                "link_url": text(body.get("url")) if kind == "link" else "",
                "staff_id": text(message.get("servicer_userid")),
                "service_desk": desk,
            }
        found.add("event", name, _ids(push, external), time=whole(message.get("send_time")), message_id=number or None,
                  fields=fields)  # fmt: skip


_FAILED: Final[Mapping[str, Reason]] = {
    **dict.fromkeys(("1", "2", "7", "8", "9"), "account_error"),
    "4": "expired",
    "5": "expired",
    "6": "over_limit",
    "10": "refused",
}
"""`fail_type` of a service message that was taken and did not arrive: desk deleted, application closed, company not
verified; 48 hours over, conversation closed; five messages; turned down by the person. 0: the platform can't say."""


def _service_event(body: Mapping[str, Any], desk: str) -> tuple[str, dict[str, Any]]:
    kind = text(body.get("event_type"))
    staff = text(body.get("new_servicer_userid")) or text(body.get("servicer_userid"))
    fields: dict[str, Any] = {
        "service_type": "kf",
        "staff_id": staff,
        "previous_staff_id": text(body.get("old_servicer_userid")),
        "service_desk": desk,
        "scene": text(body.get("scene")),
        "qr_code_id": text(body.get("scene_param")),
        # A journey may answer with it (send_msg_on_event); that of a welcome is used at once or never.
        "msg_code": text(body.get("msg_code")),
    }
    if kind == "enter_session":
        return "conversation_started", fields
    if kind == "session_status_change":
        change = text(body.get("change_type"))  # 1 taken over, 2 handed on, 3 ended, 4 taken over again
        names = {"1": "service_requested", "2": "service_transferred", "3": "service_closed", "4": "service_requested"}
        if change in names:
            return names[change], fields
    if kind == "msg_send_fail":
        code = text(body.get("fail_type"))
        failed = {"message_id": text(body.get("fail_msgid")), "message_channel": "wecom",
                  "failure_code": code, "failure_reason": _FAILED.get(code, "transient")}  # fmt: skip
        return "message_failed", failed
    return f"wecom.kf.{kind or 'event'}"[:120], {**fields, **{k: v for k, v in body.items() if k not in fields}}


_READERS: Final[Mapping[str, Callable[[Gathering, Push, Mapping[str, Any], str], None]]] = {
    CONTACTS: _contacts,
    CONTACTS_FIRST: _contacts,
    GROUPS: _groups,
    GROUPS_FIRST: _groups,
    TAGS: _corp_tags,
    LINKS: _link,
    SERVICE: _service,
}
