"""Messages over WeCom: tasks that staff confirm or don't, their results, and welcome messages.

A task is taken at once and sent when its member of staff confirms. A customer gets four a calendar month, and one a day
from one member of staff (unverified); what is over that ends with status 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from onepool.sandbox.doubles.wecom_people import Task, Welcome
from onepool.sandbox.doubles.wecom_words import say
from onepool.sandbox.wire import Asked, Told, paged, told, words

if TYPE_CHECKING:
    from onepool.sandbox.doubles.wecom import Wecom

_CHINA: Final = timezone(timedelta(hours=8))
_WAITS, _SENT, _NO_CONTACT, _TOO_MANY = 0, 1, 2, 3
_A_MONTH: Final = 4
_WELCOME_SECONDS: Final = 20.0
_ATTACHMENTS: Final = 9
_CUSTOMERS: Final = 10_000
_LISTED: Final = 100
_TEXT_BYTES: Final = 4000
_REMINDERS: Final = 3
_MONTH: Final = 31 * 86_400


class Tasks:
    """The tasks and welcome codes of one corp."""

    def __init__(self, corp: Wecom) -> None:
        self._corp = corp
        self._tasks: dict[str, Task] = {}
        self._welcomes: dict[str, Welcome] = {}

    def calls(self) -> dict[str, tuple[str, Callable[[Asked], Told]]]:
        """Who answers which call."""
        return {
            "add_msg_template": ("POST", self._add),
            "get_groupmsg_send_result": ("POST", self._result),
            "get_groupmsg_task": ("POST", self._staff_result),
            "get_groupmsg_list_v2": ("POST", self._list),
            "remind_groupmsg_send": ("POST", self._remind),
            "cancel_groupmsg_send": ("POST", self._cancel),
            "send_welcome_msg": ("POST", self._welcome_send),
        }

    # Tasks ----------------------------------------------------------------------------------------------------------

    def _add(self, asked: Asked) -> Told:
        what, body, corp = "add_msg_template", asked.object, self._corp
        externals, sender = words(body.get("external_userid")), body.get("sender")
        to = tuple(externals)
        if body.get("chat_type", "single") != "single" or not self._written(body):
            return say(40058, what, to=to)
        corp.know(externals, sender)
        if sender is not None and sender not in corp.staff:
            return say(40003, what, to=to)
        if (not externals and sender is None) or len(externals) > _CUSTOMERS:
            return say(40058, what, to=to)
        if any(not one.startswith(("wm", "wo")) for one in externals):
            return say(40096, what, to=to)
        members = [str(sender)] if sender is not None else list(corp.staff)
        if not externals:
            externals = [one.external for one in corp.contacts.values() if sender in one.follows]
        number = f"msg{corp.stage.chance.text(24, 'task', corp.corp, len(self._tasks))}"
        failed = []
        given: dict[str, list[str]] = {}
        for external in externals:
            contact = corp.contacts.get(external)
            member = next((one for one in members if contact is not None and one in contact.follows), None)
            if member is None:
                failed.append(external)
            else:
                given.setdefault(member, []).append(external)
        content: dict[str, Any] = {name: body[name] for name in ("text", "attachments") if name in body}
        for member, receivers in given.items():
            task = Task(number, member, content, corp.stage.seconds, dict.fromkeys(receivers, _WAITS))
            self._tasks[f"{number}.{member}"] = task
            self._expect(task)
        answer = {"errcode": 0, "errmsg": "ok", "fail_list": failed, "msgid": number}
        return told(answer, what=what, to=to, key=number, accepted=bool(given))

    def _written(self, body: Mapping[str, Any]) -> bool:
        """Whether there is something to send, of a size that is taken."""
        text, attachments = body.get("text"), body.get("attachments", [])
        words_of = text.get("content") if isinstance(text, dict) else None
        if not isinstance(attachments, list) or len(attachments) > _ATTACHMENTS:
            return False
        for one in attachments:
            kind = one.get("msgtype") if isinstance(one, dict) else None
            if not isinstance(kind, str) or not isinstance(one.get(kind), dict):
                return False
        if isinstance(words_of, str) and len(words_of.encode()) > _TEXT_BYTES:
            return False
        return bool(words_of or attachments)

    def _expect(self, task: Task) -> None:
        """The member of staff confirms after a while, or never does."""
        stage, staff = self._corp.stage, self._corp.staff[task.staff]
        name = (task.number, task.staff)
        if stage.chance.happens(staff.confirms, "confirms", *name):
            stage.agenda.later(stage.chance.between(staff.after, "after", *name), lambda: self._send(task))

    def confirm(self, staff: str, number: str) -> int:
        """Let a member of staff confirm now; how many tasks that were."""
        waiting = [
            one for one in self._tasks.values()
            if one.staff == staff and number in ("", one.number) and not one.cancelled and not one.sent_at
        ]  # fmt: skip
        for task in waiting:
            self._send(task)
        return len(waiting)

    def _send(self, task: Task) -> None:
        if task.cancelled or task.sent_at:
            return
        corp = self._corp
        task.sent_at = corp.stage.seconds
        local = datetime.fromtimestamp(task.sent_at, _CHINA)
        month, day = f"{local:%Y-%m}", f"{local:%Y-%m-%d}"
        for external in task.states:
            contact = corp.contacts[external]
            if task.staff not in contact.follows:
                task.states[external] = _NO_CONTACT
            elif sum(one[0] == month for one in contact.got) >= _A_MONTH or (month, day, task.staff) in contact.got:
                task.states[external] = _TOO_MANY
            else:
                contact.got.append((month, day, task.staff))
                task.states[external] = _SENT
                corp.stage.reach(
                    corp.account, contact.person, external, "associate_task", task.number, dict(task.content)
                )

    def _found(self, body: Mapping[str, Any]) -> Task | None:
        return self._tasks.get(f"{body.get('msgid')}.{body.get('userid')}")

    def _result(self, asked: Asked) -> Told:
        what, body = "get_groupmsg_send_result", asked.object
        task = self._found(body)
        if task is None:
            return say(40058, what)
        rows = [
            {"external_userid": external, "userid": task.staff, "status": state}
            | ({"send_time": task.sent_at} if state == _SENT else {})
            for external, state in task.states.items()
        ]
        limit = body.get("limit", 500)
        size = self._corp.behaviour.page or min(limit if isinstance(limit, int) and limit > 0 else 500, 1000)
        page, following = paged(rows, body.get("cursor"), size)
        answer = {"errcode": 0, "errmsg": "ok", "next_cursor": following, "send_list": page}
        return told(answer, what=what, key=task.number)

    def _staff_result(self, asked: Asked) -> Told:
        number = asked.object.get("msgid")
        rows = [
            {"userid": one.staff, "status": 2, "send_time": one.sent_at} if one.sent_at
            else {"userid": one.staff, "status": 0}
            for one in self._tasks.values() if one.number == number
        ]  # fmt: skip
        if not rows:
            return say(40058, "get_groupmsg_task")
        return told({"errcode": 0, "errmsg": "ok", "next_cursor": "", "task_list": rows}, what="get_groupmsg_task")

    def _list(self, asked: Asked) -> Told:
        """Tasks that were made over the API (or by hand: none are here) within a month, the newest first."""
        what, body = "get_groupmsg_list_v2", asked.object
        start, end = body.get("start_time"), body.get("end_time")
        if not isinstance(start, int) or not isinstance(end, int) or not 0 <= end - start <= _MONTH:
            return say(40058, what)
        found = {one.number: one for one in self._tasks.values() if start <= one.made <= end}
        if body.get("chat_type") != "single" or body.get("filter_type", 2) == 1:
            found = {}
        rows = [
            {"msgid": one.number, "create_time": str(one.made), "create_type": 0, **one.content}
            for one in reversed(found.values())
        ]
        limit = body.get("limit", 50)
        size = self._corp.behaviour.page or min(limit if isinstance(limit, int) and limit > 0 else 50, _LISTED)
        page, following = paged(rows, body.get("cursor"), size)
        return told({"errcode": 0, "errmsg": "ok", "next_cursor": following, "group_msg_list": page}, what=what)

    def _remind(self, asked: Asked) -> Told:
        """Three times within 24 hours at most; staff who were reminded are asked once more whether they confirm."""
        what, now = "remind_groupmsg_send", self._corp.stage.seconds
        tasks = [one for one in self._tasks.values() if one.number == asked.object.get("msgid")]
        if not tasks:
            return say(40058, what)
        for task in tasks:
            task.reminded = [at for at in task.reminded if now - at < 86_400]
            if len(task.reminded) >= _REMINDERS:
                return say(45009, what)
            task.reminded.append(now)
            stage, staff = self._corp.stage, self._corp.staff[task.staff]
            name = (task.number, task.staff, len(task.reminded))
            if stage.chance.happens(staff.confirms, "reminded", *name):
                stage.agenda.later(stage.chance.between(staff.after, "again", *name), partial(self._send, task))
        return say(0, what)

    def _cancel(self, asked: Asked) -> Told:
        for task in self._tasks.values():
            if task.number == asked.object.get("msgid") and not task.sent_at:
                task.cancelled = True
        return say(0, "cancel_groupmsg_send")

    # Welcome --------------------------------------------------------------------------------------------------------

    def welcome(self, external: str) -> str:
        """A new welcome code."""
        stage = self._corp.stage
        code = f"CALLBACKCODE_{stage.chance.text(24, 'welcome', external, len(self._welcomes))}"
        self._welcomes[code] = Welcome(external, stage.clock.now().timestamp() + _WELCOME_SECONDS)
        return code

    def know_welcome(self, code: str, external: str) -> None:
        """Take a code as given out now."""
        until = self._corp.stage.clock.now().timestamp() + _WELCOME_SECONDS
        self._welcomes[code] = Welcome(external, until)

    def _welcome_send(self, asked: Asked) -> Told:
        what, body, corp = "send_welcome_msg", asked.object, self._corp
        code = str(body.get("welcome_code"))
        welcome = self._welcomes.get(code)
        if welcome is None or corp.stage.clock.now().timestamp() > welcome.until:
            return say(41050, what, key=code)
        to = (welcome.external,)
        if welcome.used:
            return say(41051, what, to=to, key=code)
        if not self._written(body):
            return say(40058, what, to=to, key=code)
        welcome.used = True
        contact = corp.contacts[welcome.external]
        content: dict[str, Any] = {name: body[name] for name in ("text", "attachments") if name in body}
        corp.stage.reach(corp.account, contact.person, contact.external, "welcome", code, content)
        return say(0, what, to=to, key=code, accepted=True)
