"""WeCom's side: contacts by member of staff, tags, group chats, callbacks; messages are in wecom_tasks.

https://developer.work.weixin.qq.com/document/path/90313 (codes). Numbers that could not be verified are marked so in
the channel's manifest, and are the same here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from onepool.channels.base import Account
from onepool.sandbox.doubles.base import Double, chosen, text_of
from onepool.sandbox.doubles.wechat import taken
from onepool.sandbox.doubles.wechat_seal import Lock, xml
from onepool.sandbox.doubles.wecom_links import Links
from onepool.sandbox.doubles.wecom_people import Chat, Contact, Follow, about, followed
from onepool.sandbox.doubles.wecom_service import STEPS, Service
from onepool.sandbox.doubles.wecom_tasks import Tasks
from onepool.sandbox.doubles.wecom_words import say
from onepool.sandbox.errors import ActError
from onepool.sandbox.pushing import Outgoing
from onepool.sandbox.scenario import Staff
from onepool.sandbox.stage import Stage
from onepool.sandbox.tokens import Tokens
from onepool.sandbox.wire import Asked, Told, paged, told, words
from onepool.sandbox.world import Person

_LIST: Final = 100
_TAGS: Final = (("会员等级", (("金卡", "gold"), ("银卡", "silver"))), ("来源", (("门店", "store"), ("直播", "live"))))
_STAFF: Final = (Staff("lisa", "导购 丽莎"), Staff("amy", "导购 小艾"))


class Wecom(Double):
    channel: ClassVar[str] = "wecom"

    def __init__(self, account: Account, stage: Stage) -> None:
        super().__init__(account, stage)
        self.corp = account.text("corpid")
        self.tokens = Tokens(self.corp, self.behaviour.token_seconds, stage.clock, stage.chance)
        self.staff = {one.id: one for one in (stage.scenario.staff or _STAFF)}
        self.contacts: dict[str, Contact] = {}
        self.chats: dict[str, Chat] = {}
        self.tags = {
            f"et{stage.chance.text(20, 'tag', self.corp, word)}": (group, name)
            for group, names in _TAGS for name, word in names
        }  # fmt: skip
        self.address_refused = False
        self.lock = Lock(
            account.touchpoint, account.text("token"), account.text("encoding_aes_key"), self.corp, self.corp, "safe",
            "",
        )  # fmt: skip
        self.tasks = Tasks(self)
        self.service = Service(self)
        self.links = Links(self)

    def begin(self) -> None:
        names, now = list(self.staff), self.stage.seconds
        for person in self.world.of(self.account.touchpoint, self.channel):
            key = (self.account.touchpoint, person.key)
            follow = self._follow(
                self.of(person),
                self.stage.chance.pick(names, "staff", *key),
                now - self.stage.chance.whole(3600, 86_400 * 200, "since", *key),
                self.stage.chance.pick(("", "store_01", "store_02", "live"), "state", *key),
            )
            if self.stage.chance.happens(0.3, "noted", *key):
                follow.phones.append(person.phone)
        owner = names[0]
        chat = Chat(f"wr{self.stage.chance.text(22, 'chat', self.corp)}", "会员福利群", owner)
        for contact in list(self.contacts.values())[:200:3]:
            chat.members[contact.external] = (now - 86_400, 3, owner)
        self.chats[chat.number] = chat

    def claims(self, asked: Asked) -> bool:
        args = asked.args
        return args.get("corpid") == self.corp or self.tokens.knows(args.get("access_token", ""))

    @classmethod
    def stranger(cls, asked: Asked) -> Told:
        if asked.path.strip("/") == "cgi-bin/gettoken":
            return say(40013, asked.path)
        return say(40014 if asked.args.get("access_token") else 41001, asked.path)

    def busy(self) -> Told:
        return say(-1, "busy")

    def limited(self, what: str) -> Told | None:
        return say(45009 if what == "minute" else 45033, what)

    def answer(self, asked: Asked) -> Told:
        what = asked.path.strip("/").removeprefix("cgi-bin/").removeprefix("externalcontact/")
        if self.address_refused:
            return say(60020, what)
        args = asked.args
        if what == "gettoken":
            if not self.account.text("secret") or args.get("corpsecret") != self.account.text("secret"):
                return say(40001, what)
            token, seconds = self.tokens.lasting()
            return told({"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": seconds}, what=what)
        if self.tokens.standing(args.get("access_token", "")) != "good":
            return say(42001, what)
        call = self._calls().get(what)
        if call is None:
            return super().answer(asked)
        method, take = call
        if asked.method != method:
            return say(43002 if method == "POST" else 43001, what)
        if method == "POST" and not isinstance(asked.json, dict):
            return say(40058, what)
        return take(asked)

    def _calls(self) -> dict[str, tuple[str, Callable[[Asked], Told]]]:
        return {
            "get_follow_user_list": ("GET", self._staff_list),
            "list": ("GET", self._list),
            "get": ("GET", self._get),
            "batch/get_by_user": ("POST", self._batch),
            "groupchat/list": ("POST", self._chats),
            "groupchat/get": ("POST", self._chat),
            "get_corp_tag_list": ("POST", self._tag_list),
            "mark_tag": ("POST", self._mark),
            **self.tasks.calls(),
            **self.service.calls(),
            **self.links.calls(),
        }

    def _staff_list(self, asked: Asked) -> Told:
        del asked
        return told({"errcode": 0, "errmsg": "ok", "follow_user": list(self.staff)}, what="get_follow_user_list")

    def _list(self, asked: Asked) -> Told:
        staff = asked.args.get("userid", "")
        found = [one.external for one in self.contacts.values() if staff in one.follows]
        if not found:
            return say(84061, "list")
        return told({"errcode": 0, "errmsg": "ok", "external_userid": found}, what="list")

    def _get(self, asked: Asked) -> Told:
        contact = self.contacts.get(asked.args.get("external_userid", ""))
        if contact is None or not contact.follows:
            return say(84061 if contact else 40096, "get")
        answer = {"errcode": 0, "errmsg": "ok", "external_contact": about(contact, contact.person.gender)}
        follow = [followed(contact, one) for one in contact.follows.values()]
        for one in follow:
            one["tags"] = [
                {"group_name": self.tags[tag][0], "tag_name": self.tags[tag][1], "tag_id": tag, "type": 1}
                for tag in one.pop("tag_id")
            ]
        return told({**answer, "follow_user": follow}, what="get")

    def _batch(self, asked: Asked) -> Told:
        what, body = "batch/get_by_user", asked.object
        people = words(body.get("userid_list"))
        if not 0 < len(people) <= _LIST:
            return say(40058, what)
        if any(one in self.staff and not self.staff[one].licensed for one in people):
            return say(84074, what)
        rows = [
            (contact, follow) for contact in self.contacts.values() for staff, follow in contact.follows.items()
            if staff in people
        ]  # fmt: skip
        if not rows:
            return say(84061, what)
        limit = body.get("limit", 50)
        size = self.behaviour.page or min(limit if isinstance(limit, int) and limit > 0 else 50, _LIST)
        page, following = paged(rows, body.get("cursor"), size)
        listed = [
            {"external_contact": about(one, one.person.gender), "follow_info": followed(one, how)} for one, how in page
        ]
        answer = {"errcode": 0, "errmsg": "ok", "external_contact_list": listed, "next_cursor": following}
        return told(answer, what=what)

    def _chats(self, asked: Asked) -> Told:
        body = asked.object
        limit = body.get("limit", 0)
        if not isinstance(limit, int) or not 1 <= limit <= 1000:
            return say(40058, "groupchat/list")
        only = body.get("owner_filter")
        owners = words(only.get("userid_list")) if isinstance(only, dict) else []
        if len(owners) > _LIST:
            return say(40058, "groupchat/list")
        rows = [one for one in self.chats.values() if not owners or one.owner in owners]
        page, following = paged(rows, body.get("cursor"), self.behaviour.page or limit)
        answer: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}
        answer["group_chat_list"] = [{"chat_id": one.number, "status": 0} for one in page]
        return told({**answer, "next_cursor": following}, what="groupchat/list")

    def _chat(self, asked: Asked) -> Told:
        chat = self.chats.get(str(asked.object.get("chat_id")))
        if chat is None:
            return say(40050, "groupchat/get")
        members: list[dict[str, Any]] = [{"userid": chat.owner, "type": 1, "join_time": 0, "join_scene": 1}]
        for external, (since, scene, inviter) in chat.members.items():
            contact = self.contacts[external]
            members.append(
                {"userid": external, "type": 2, "unionid": contact.unionid, "join_time": since, "join_scene": scene,
                 "invitor": {"userid": inviter}, "group_nickname": "", "name": contact.person.name, "state": chat.state}
            )  # fmt: skip
        found = {
            "chat_id": chat.number, "name": chat.name, "owner": chat.owner, "create_time": 0, "notice": "",
            "member_list": members, "admin_list": [], "member_version": f"v{chat.version}",
        }  # fmt: skip
        return told({"errcode": 0, "errmsg": "ok", "group_chat": found}, what="groupchat/get")

    def _tag_list(self, asked: Asked) -> Told:
        del asked
        groups: dict[str, list[dict[str, Any]]] = {}
        for number, (group, name) in self.tags.items():
            groups.setdefault(group, []).append({"id": number, "name": name, "create_time": 0, "order": 0})
        listed = [
            {"group_id": f"g{place}", "group_name": group, "create_time": 0, "order": 0, "tag": tags}
            for place, (group, tags) in enumerate(groups.items())
        ]
        return told({"errcode": 0, "errmsg": "ok", "tag_group": listed}, what="get_corp_tag_list")

    def _mark(self, asked: Asked) -> Told:
        what, body = "mark_tag", asked.object
        external = str(body.get("external_userid"))
        self.know([external], body.get("userid"))
        contact, to = self.contacts.get(external), (external,)
        if contact is None:
            return say(40096, what, to=to)
        follow = contact.follows.get(str(body.get("userid")))
        if follow is None:
            return say(84061, what, to=to)
        add, remove = words(body.get("add_tag")), words(body.get("remove_tag"))
        if not add and not remove:
            return say(40058, what, to=to)
        if any(tag not in self.tags for tag in (*add, *remove)):
            return say(40068, what, to=to)
        follow.tags = list(dict.fromkeys([one for one in follow.tags if one not in remove] + add))
        return say(0, what, to=to, accepted=True)

    # Pushes ---------------------------------------------------------------------------------------------------------

    def event(self, name: str, more: Mapping[str, Any]) -> None:
        """Push a notice of the platform's."""
        head = {"ToUserName": self.corp, "FromUserName": "sys", "CreateTime": self.stage.seconds, "MsgType": "event"}
        what = ".".join(one for one in (name, str(more.get("ChangeType", ""))) if one)
        self._send(xml({**head, "Event": name, **more}).encode(), what)

    def _send(self, message: bytes, what: str) -> None:
        def sign(wall: datetime) -> Outgoing:
            return self.lock.outgoing(message, int(wall.timestamp()))

        self.stage.push(self.account, what, sign, good=taken)

    def repeat(self, content: bytes, content_type: str) -> None:
        del content_type
        self._send(content, "repeated")

    # Acts -----------------------------------------------------------------------------------------------------------

    def act_add(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Adds a member of ``staff``; ``state``: the channel code. Gives the welcome code that was pushed."""
        contact, staff = self.of(person), self.member(given)
        state = text_of(given, "state")
        self._follow(contact, staff, self.stage.seconds, state)
        code = self.tasks.welcome(contact.external)
        more = {"State": state, "WelcomeCode": code} if state else {"WelcomeCode": code}
        self._contact("add_external_contact", staff, contact, more)
        return {"external_userid": contact.external, "staff": staff, "welcome_code": code}

    def act_delete_staff(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """The customer deletes (or blocks) the member of ``staff``."""
        return self._parted(person, given, "del_follow_user", {})

    def act_deleted_by_staff(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """The member of ``staff`` deletes the customer."""
        return self._parted(person, given, "del_external_contact", {})

    def act_edit(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """``staff`` notes a ``remark`` and a ``phone``."""
        contact, staff = self.of(person), self.member(given)
        follow = contact.follows.get(staff) or self._follow(contact, staff, self.stage.seconds, "")
        follow.remark = text_of(given, "remark", follow.remark)
        if text_of(given, "phone"):
            follow.phones = [text_of(given, "phone")]
        self._contact("edit_external_contact", staff, contact, {})
        return {"external_userid": contact.external}

    def act_join_chat(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Joins a group chat (the first, or ``chat``)."""
        contact, chat = self.of(person), self._chat_of(given)
        chat.members[contact.external] = (self.stage.seconds, 3, chat.owner)
        self._chat_changed(chat, contact, "add_member", 3, 0)
        return {"chat": chat.number, "external_userid": contact.external}

    def act_leave_chat(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Leaves it."""
        contact, chat = self.of(person), self._chat_of(given)
        chat.members.pop(contact.external, None)
        self._chat_changed(chat, contact, "del_member", 0, 1)
        return {"chat": chat.number, "external_userid": contact.external}

    def act_confirm(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """``staff`` confirms what waits (``task``: only that one)."""
        del person
        return {"confirmed": self.tasks.confirm(self.member(given), text_of(given, "task"))}

    def act_message(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Writes to customer service; the callback only says that there is something to fetch."""
        return self.service.written(self.of(person), text_of(given, "content", "你好"))

    def act_service(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Goes on at customer service: ``what`` is enter, link, reply, hand_over, close, fail, recall; ``staff``."""
        what = chosen(given, "what", STEPS, "reply")
        return self.service.step(self.of(person), what, self.member(given))

    def act_refuse_address(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """This server's address is not on the platform's list (60020), or again with ``on`` false."""
        del person
        self.address_refused = given.get("on", True) in (True, "true", "1", 1)
        return {"refused": self.address_refused}

    def act_end_tokens(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """All tokens end at once."""
        del person, given
        self.tokens.end()
        return {}

    def of(self, person: Person) -> Contact:
        """Somebody as an external contact; known from now on."""
        external = self.world.id_of(person, "external_userid", self.corp)
        if external not in self.contacts:
            union = self.world.id_of(person, "unionid", self.account.text("open_platform"))
            self.contacts[external] = Contact(person, external, union)
        return self.contacts[external]

    def know(self, externals: list[str], staff: Any) -> None:
        """Where everybody is somebody: members of staff and contacts that nobody has heard of yet."""
        if not self.world.everybody or not isinstance(staff, str) or not staff:
            return
        self.staff.setdefault(staff, Staff(staff))
        for external in externals:
            person = None if external in self.contacts else self.world.stranger("external_userid", self.corp, external)
            if person is not None:
                self._follow(self.of(person), staff, self.stage.seconds, "")

    def member(self, given: Mapping[str, Any]) -> str:
        """The member of staff that is meant: named, else the first. Raises ActError."""
        staff = text_of(given, "staff") or next(iter(self.staff))
        if staff not in self.staff:
            raise ActError(f"there is no member of staff {staff[:40]}", hint=f"there are {', '.join(self.staff)}")
        return staff

    def _follow(self, contact: Contact, staff: str, since: int, state: str) -> Follow:
        contact.follows[staff] = Follow(staff, since, state)
        return contact.follows[staff]

    def _parted(self, person: Person, given: Mapping[str, Any], kind: str, more: Mapping[str, Any]) -> dict[str, Any]:
        contact, staff = self.of(person), self.member(given)
        if not text_of(given, "staff") and contact.follows:
            staff = next(iter(contact.follows))
        contact.follows.pop(staff, None)
        self._contact(kind, staff, contact, more)
        return {"external_userid": contact.external, "staff": staff}

    def _contact(self, kind: str, staff: str, contact: Contact, more: Mapping[str, Any]) -> None:
        about = {"ChangeType": kind, "UserID": staff, "ExternalUserID": contact.external}
        self.event("change_external_contact", {**about, **more})

    def _chat_of(self, given: Mapping[str, Any]) -> Chat:
        number = text_of(given, "chat") or next(iter(self.chats))
        if number not in self.chats:
            raise ActError("there is no such group chat", hint=f"there are {', '.join(self.chats)}")
        return self.chats[number]

    def _chat_changed(self, chat: Chat, contact: Contact, detail: str, scene: int, quit_scene: int) -> None:
        before, chat.version = chat.version, chat.version + 1
        self.event(
            "change_external_chat",
            {
                "ChatId": chat.number, "ChangeType": "update", "UpdateDetail": detail, "JoinScene": scene,
                "QuitScene": quit_scene, "MemChangeCnt": 1, "MemChangeList": {"Item": contact.external},
                "LastMemVer": f"v{before}", "CurMemVer": f"v{chat.version}",
            },
        )  # fmt: skip
