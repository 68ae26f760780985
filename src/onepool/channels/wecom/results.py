"""What became of group-send tasks: asked for by task and member of staff, page by page, for all its customers at once.

https://developer.work.weixin.qq.com/document/path/93338 (list of tasks, results), 97610 (reminding).
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from onepool.channels.base import Account, Answer, Call, Inquiring, Message, Receipt
from onepool.channels.base.wechat_api import code_of, conclude
from onepool.channels.base.wechat_read import listed, text, whole
from onepool.channels.wecom.codes import NOT_FRIEND, OUTCOMES, marked, staff_of

LATER: Final = 1800.0
"""Seconds until a task is asked after again."""

_RESULTS: Final = 1000
_TASKS: Final = 100
"""Entries of one page, as many as the platform gives."""

_PAGES: Final = 200
"""Pages of one list at most: what a platform that never ends gets."""

_BEFORE: Final = 120
_AFTER: Final = 900
"""Seconds around a call within which a task that it made was made, by the platform's clock."""

_RECEIPTS: Final[Mapping[str, Receipt]] = {
    "waiting": Receipt("task", after=LATER),
    "sent": Receipt("sent"),
    "not_friend": NOT_FRIEND,
    "over_limit": Receipt("refused", "over_limit"),
}
STATES: Final = {"0": "waiting", "1": "sent", "2": "not_friend", "3": "over_limit"}
"""Not confirmed yet, sent, no contact any more, the customer got another one already. The numbers could not be checked:
a touchpoint may say others (``send_states``)."""

_States = dict[str, str]
"""State by external id, of one task and member of staff."""


def inquire(messages: Sequence[Message], provider_id: str, account: Account, now: datetime) -> Inquiring:
    """What became of messages of one task and member of staff.

    Without a number (the call had no answer) the tasks that were made then are looked through: one that has the
    customer, and is of no other message (content ``known``), is the message's. A list that has none leaves it open.
    """
    staff = staff_of(messages[0])
    if provider_id:
        found = yield from _states(account, provider_id, staff)
        if isinstance(found, Receipt):
            return [found] * len(messages)
        return [_said(one, found, account) for one in messages]
    tasks = yield from _made(messages, account, now)
    if isinstance(tasks, Receipt):
        return [tasks] * len(messages)
    receipts: dict[int, Receipt] = {}
    for number in tasks:
        wanted = [one for one in messages if id(one) not in receipts and number not in _known(one)]
        if not wanted:
            continue
        found = yield from _states(account, number, staff)
        if isinstance(found, Receipt):
            continue  # a task of other members of staff, say
        for one in wanted:
            if one.to.get("external_userid") in found:
                receipts[id(one)] = replace(_said(one, found, account), provider_id=number)
    return [receipts.get(id(one), Receipt("task", after=LATER)) for one in messages]


def _known(message: Message) -> Collection[str]:
    found = message.content.get("known")
    return found if isinstance(found, list | tuple) else ()


def _said(message: Message, states: _States, account: Account) -> Receipt:
    state = states.get(message.to.get("external_userid", ""))
    if state is None:
        return _RECEIPTS["waiting"]
    meaning = {**STATES, **account.get("send_states", {})}.get(state, "")
    found = _RECEIPTS.get(meaning, Receipt("unknown", "unknown"))
    return replace(marked(message, found), code="" if meaning in ("waiting", "sent") else f"status {state}")


def _states(account: Account, number: str, staff: str) -> Generator[Call, Answer, _States | Receipt]:
    """How the task stands for each customer; a receipt where asking failed."""
    body = {"msgid": number, "userid": staff, "limit": _RESULTS}
    entries = yield from _listed(account, "get_groupmsg_send_result", body, "send_list")
    if isinstance(entries, Receipt):
        return entries
    return {text(one.get("external_userid")): text(one.get("status")) for one in entries}


def _made(messages: Sequence[Message], account: Account, now: datetime) -> Generator[Call, Answer, list[str] | Receipt]:
    """Numbers of the tasks that were made about when these messages were called."""
    times = [when for one in messages if (when := whole(one.content.get("sent_at"))) is not None]
    if not times:
        return []
    end = min(max(times) + _AFTER, int(now.timestamp()))
    body = {"chat_type": "single", "start_time": min(times) - _BEFORE, "end_time": end, "filter_type": 0,
            "limit": _TASKS}  # fmt: skip
    entries = yield from _listed(account, "get_groupmsg_list_v2", body, "group_msg_list")
    if isinstance(entries, Receipt):
        return entries
    return [number for one in entries if (number := text(one.get("msgid")))]


def _listed(
    account: Account, path: str, body: Mapping[str, Any], name: str
) -> Generator[Call, Answer, list[dict[str, Any]] | Receipt]:
    """All entries of a list in pages; a receipt where one of them could not be had."""
    url = account.url("api", f"/cgi-bin/externalcontact/{path}")
    found: list[dict[str, Any]] = []
    cursor = ""
    for _ in range(_PAGES):
        asked = {**body, "cursor": cursor} if cursor else dict(body)
        answer = yield Call("POST", url, json=asked, idempotent=True)
        page = answer.json()
        if code_of(answer) != 0 or not isinstance(page, dict):
            receipt = conclude(answer, OUTCOMES)
            # Asking failed: that says nothing about the task.
            return Receipt("task", after=receipt.after or LATER, code=receipt.code, detail=receipt.detail)
        found += listed(page.get(name))
        following = text(page.get("next_cursor"))
        if not following or following == cursor:
            break
        cursor = following
    return found


def remind(provider_id: str, account: Account, now: datetime) -> Call:
    """Remind whoever has not confirmed a task yet; the platform allows three reminders in 24 hours."""
    del now
    url = account.url("api", "/cgi-bin/externalcontact/remind_groupmsg_send")
    return Call("POST", url, json={"msgid": provider_id})


def reminded(answer: Answer) -> Receipt:
    """Whether staff was reminded."""
    return conclude(answer, OUTCOMES)
