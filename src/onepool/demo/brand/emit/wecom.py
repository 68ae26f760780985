"""WeCom: contacts added and lost, customer groups, customer service; and pages of contacts, which carry the unionid."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from onepool.demo.brand.places import CORP, DESK

CONTACTS = "contacts"
"""The name of the call whose answers are kept."""

ADD_WAYS = (1, 3, 16, 8)
"""QR code, card, acquisition link, installed app."""


def _event(second: int, name: str, change: str, more: str) -> tuple[str, str]:
    return "", (
        f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>"
        f"<CreateTime>{second}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{name}]]></Event>"
        f"<ChangeType><![CDATA[{change}]]></ChangeType>{more}</xml>"
    )


def added(contact: str, staff: str, second: int, state: str) -> tuple[str, str]:
    """A customer added a member of staff."""
    return _event(
        second,
        "change_external_contact",
        "add_external_contact",
        f"<UserID><![CDATA[{staff}]]></UserID><ExternalUserID><![CDATA[{contact}]]></ExternalUserID>"
        f"<State><![CDATA[{state}]]></State><WelcomeCode><![CDATA[CALLBACK{contact[-12:]}]]></WelcomeCode>",
    )


def lost(contact: str, staff: str, second: int) -> tuple[str, str]:
    """A customer deleted the member of staff."""
    return _event(
        second,
        "change_external_contact",
        "del_follow_user",
        f"<UserID><![CDATA[{staff}]]></UserID><ExternalUserID><![CDATA[{contact}]]></ExternalUserID>",
    )


def joined_group(chat: str, contacts: list[str], second: int, version: int) -> tuple[str, str]:
    """Customers came into a group."""
    items = "".join(f"<Item><![CDATA[{one}]]></Item>" for one in contacts)
    return _event(
        second,
        "change_external_chat",
        "update",
        f"<ChatId><![CDATA[{chat}]]></ChatId><UpdateDetail><![CDATA[add_member]]></UpdateDetail><JoinScene>3</JoinScene>"
        f"<QuitScene>0</QuitScene><MemChangeCnt>{len(contacts)}</MemChangeCnt><MemChangeList>{items}</MemChangeList>"
        f"<LastMemVer><![CDATA[v{version}]]></LastMemVer><CurMemVer><![CDATA[v{version + 1}]]></CurMemVer>",
    )


def contacts(rows: Iterable[tuple[str, str, str | None, int, str, int, str, str, int]]) -> bytes:
    """An answer of batch/get_by_user. Rows: contact, name, unionid, gender, staff, second, remark, phone, add_way."""
    listed = []
    for contact, name, unionid, gender, staff, second, remark, phone, way in rows:
        external: dict[str, object] = {
            "external_userid": contact, "name": name, "type": 1, "avatar": "", "gender": gender,
        }  # fmt: skip
        if unionid is not None:
            external["unionid"] = unionid
        follow = {
            "userid": staff, "remark": remark, "description": "", "createtime": second, "tag_id": [],
            "remark_corp_name": "", "remark_mobiles": [phone] if phone else [], "oper_userid": contact, "add_way": way,
            "state": "",
        }  # fmt: skip
        listed.append({"external_contact": external, "follow_info": follow})
    answer = {"errcode": 0, "errmsg": "ok", "external_contact_list": listed, "next_cursor": ""}
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


SERVICE = "service"
"""The name of the call whose answers are kept: messages of customer service."""

_CUSTOMER, _SYSTEM, _STAFF = 3, 4, 5
"""Who a message is from."""

TAKEN, ENDED = 1, 3
"""What became of a conversation: an associate took it over, it has ended."""


def noticed(second: int, token: str) -> tuple[str, str]:
    """Customer service has something; what it is, its messages say when they are asked for."""
    return "", (
        f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><CreateTime>{second}</CreateTime>"
        "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[kf_msg_or_event]]></Event>"
        f"<Token><![CDATA[{token}]]></Token><OpenKfId><![CDATA[{DESK}]]></OpenKfId></xml>"
    )


def came(message: str, contact: str, second: int, scene: str) -> dict[str, Any]:
    """Somebody opened the conversation."""
    event = {
        "event_type": "enter_session", "open_kfid": DESK, "external_userid": contact, "scene": scene,
        "scene_param": "", "welcome_code": f"W{message[-20:]}",
    }  # fmt: skip
    return {"msgid": message, "send_time": second, "origin": _SYSTEM, "msgtype": "event", "event": event}


def changed(message: str, contact: str, second: int, staff: str, change: int) -> dict[str, Any]:
    """An associate took the conversation over, or it has ended."""
    who = "new_servicer_userid" if change == TAKEN else "old_servicer_userid"
    event = {
        "event_type": "session_status_change", "open_kfid": DESK, "external_userid": contact, "change_type": change,
        who: staff, "msg_code": "",
    }  # fmt: skip
    return {"msgid": message, "send_time": second, "origin": _SYSTEM, "msgtype": "event", "event": event}


def wrote(message: str, contact: str, second: int, content: str, staff: str = "") -> dict[str, Any]:
    """A text: of the customer, or of the associate where one is named."""
    found: dict[str, Any] = {
        "msgid": message, "open_kfid": DESK, "external_userid": contact, "send_time": second,
        "origin": _STAFF if staff else _CUSTOMER, "msgtype": "text", "text": {"content": content},
    }  # fmt: skip
    if staff:
        found["servicer_userid"] = staff
    return found


def service(messages: list[dict[str, Any]], cursor: str) -> bytes:
    """An answer of kf/sync_msg."""
    answer = {"errcode": 0, "errmsg": "ok", "next_cursor": cursor, "has_more": 0, "msg_list": messages}
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
