"""WeCom: contacts added and lost, customer groups; and pages of contacts, which carry the unionid."""

from __future__ import annotations

import json
from collections.abc import Iterable

from onepool.demo.brand.places import CORP

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
