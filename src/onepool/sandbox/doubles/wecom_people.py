"""Contacts, group chats and tasks at WeCom, as the platform keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from onepool.sandbox.world import Person


@dataclass
class Follow:
    """A contact of one member of staff."""

    staff: str
    since: int
    state: str = ""
    way: int = 1
    remark: str = ""
    phones: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


@dataclass
class Contact:
    """An external contact. ``got``: (month, day, staff) of group-send messages that reached them."""

    person: Person
    external: str
    unionid: str
    follows: dict[str, Follow] = field(default_factory=dict)
    got: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass
class Chat:
    """A group chat. ``members``: external ids and when they joined."""

    number: str
    name: str
    owner: str
    members: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    version: int = 1
    state: str = "group_qr"
    """The channel code of its QR code."""


@dataclass
class Task:
    """A group-send task of one member of staff. ``states``: by external id, as in results (0 waits … 3 too many)."""

    number: str
    staff: str
    content: Mapping[str, Any]
    made: int
    states: dict[str, int] = field(default_factory=dict)
    sent_at: int = 0
    reminded: list[int] = field(default_factory=list)
    cancelled: bool = False


@dataclass
class Welcome:
    """A welcome code: works once, for 20 seconds."""

    external: str
    until: float
    used: bool = False


def about(contact: Contact, gender: int) -> dict[str, Any]:
    """The part ``external_contact`` of answers."""
    return {
        "external_userid": contact.external, "name": contact.person.name, "position": "", "avatar": "",
        "corp_name": "", "type": 1, "gender": gender, "unionid": contact.unionid,
    }  # fmt: skip


def followed(contact: Contact, follow: Follow) -> dict[str, Any]:
    """The part ``follow_info`` of the batch answer."""
    return {
        "userid": follow.staff, "remark": follow.remark, "description": "", "createtime": follow.since,
        "tag_id": list(follow.tags), "remark_corp_name": "", "remark_mobiles": list(follow.phones),
        "oper_userid": contact.external, "add_way": follow.way, "state": follow.state,
    }  # fmt: skip
