"""Messages over WeCom: tasks that a member of staff confirms, welcome messages, tags back; answers of a desk are in
`service`.

https://developer.work.weixin.qq.com/document/path/92135 (group-send task), 93338 (its results), 97610 (reminding),
92137 (welcome), 92118 (tags).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from onepool.channels.base import (
    Account,
    Answer,
    Call,
    Content,
    Mark,
    Message,
    MessageKind,
    Reach,
    Receipt,
    Token,
    Unsendable,
)
from onepool.channels.base.wechat_api import (
    TOKEN_CODES,
    attach_token,
    code_of,
    conclude,
    provider_id,
    read_token,
    token_rejected,
)
from onepool.channels.base.wechat_reach import addressed
from onepool.channels.base.wechat_read import listed, text
from onepool.channels.wecom import service

_LATER: Final = 1800.0
"""Seconds until a task is asked after again."""

_TEXT: Final = Content(name="text", kind="long_text", limit=4000, title={"zh": "文本", "en": "Text"})
_ATTACHMENTS: Final = Content(
    name="attachments", kind="list", title={"zh": "附件（最多 9 个）", "en": "Attachments (9 at most)"}
)
_STAFF: Final = Content(name="staff_id", title={"zh": "员工", "en": "Member of staff"}, required=True)

MESSAGES: Final = (
    MessageKind(
        name="associate_task",
        title={"zh": "企业群发（员工确认后发出）", "en": "Group-send task (sent when the member of staff confirms)"},
        to=("external_userid",),
        also=("staff_id",),
        content=(_TEXT, _ATTACHMENTS, _STAFF),
        asynchronous=True,
    ),
    MessageKind(
        name="welcome",
        title={"zh": "新客户欢迎语（20 秒内）", "en": "Welcome message (within 20 seconds)"},
        to=("external_userid",),
        content=(
            Content(name="welcome_code", required=True, title={"zh": "欢迎语凭证", "en": "Welcome code"}),
            _TEXT,
            _ATTACHMENTS,
        ),
        marketing=False,
    ),
    MessageKind(
        name="tags",
        title={"zh": "企业标签（打标签、去标签）", "en": "Corporate tags (add and remove)"},
        to=("external_userid",),
        also=("staff_id",),
        content=(
            _STAFF,
            Content(name="add_tag", kind="list", title={"zh": "添加的标签编号", "en": "Tags to add, by ID"}),
            Content(name="remove_tag", kind="list", title={"zh": "移除的标签编号", "en": "Tags to remove, by ID"}),
        ),
        idempotent=True,
        marketing=False,
    ),
    *service.MESSAGES,
    *service.EVENT_MESSAGES,
)

_BY_DESK: Final = frozenset(one.name for one in (*service.MESSAGES, *service.EVENT_MESSAGES))


def _token_call(account: Account) -> Call:
    query = {"corpid": account.text("corpid"), "corpsecret": account.text("secret")}
    return Call("GET", account.url("api", "/cgi-bin/gettoken"), query=query, token=False, idempotent=True)


TOKEN: Final = Token(call=_token_call, read=read_token, attach=attach_token, rejected=token_rejected)


def request(message: Message, account: Account, now: datetime) -> Call:
    """The call of a message; see MESSAGES for what each kind's content holds. Raises Unsendable."""
    del now
    # A task without customers would go to all customers of the member of staff.
    external = addressed(message, "external_userid", (one.name for one in MESSAGES))
    if message.kind in _BY_DESK:
        return service.request(message, account, external)
    content = message.content
    staff = message.to.get("staff_id") or str(content.get("staff_id") or "")
    if not staff and message.kind != "welcome":
        raise Unsendable(Receipt("refused", "template_error", detail="the message names no member of staff"))
    body: dict[str, Any]
    if message.kind == "welcome":
        body = {"welcome_code": content.get("welcome_code", ""), **_written(content)}
        return Call("POST", account.url("api", "/cgi-bin/externalcontact/send_welcome_msg"), json=body)
    if message.kind == "tags":
        body = {"userid": staff, "external_userid": external}
        body |= {name: list(content[name]) for name in ("add_tag", "remove_tag") if content.get(name)}
        return Call("POST", account.url("api", "/cgi-bin/externalcontact/mark_tag"), json=body, idempotent=True)
    body = {"chat_type": "single", "external_userid": [external], "sender": staff, **_written(content)}
    return Call("POST", account.url("api", "/cgi-bin/externalcontact/add_msg_template"), json=body)


def _written(content: Mapping[str, Any]) -> dict[str, Any]:
    """Text and attachments as the platform wants them; text may be plain or its own object."""
    found: dict[str, Any] = {}
    words = content.get("text")
    if words:
        found["text"] = dict(words) if isinstance(words, Mapping) else {"content": str(words)}
    attachments = content.get("attachments")
    if isinstance(attachments, list) and attachments:
        found["attachments"] = attachments[:9]
    return found


_TOKEN_BAD: Final = Receipt("retry", "account_error", after=300.0, account=True)
_NO_RIGHT: Final = Receipt("refused", "account_error", account=True)
_NOT_FRIEND: Final = Receipt("refused", "not_friend", marks=(Mark("contact_removed"),))
_WRONG: Final = Receipt("refused", "template_error")

OUTCOMES: Final[Mapping[int, Receipt]] = {
    -1: Receipt("retry", "transient", after=10.0),
    **dict.fromkeys(sorted(TOKEN_CODES), _TOKEN_BAD),
    40003: Receipt("refused", "account_error"),  # the member of staff is unknown, or has left
    40007: _WRONG,
    40058: _WRONG,
    40068: _WRONG,
    40096: Receipt("refused", "bad_address"),
    41050: Receipt("refused", "expired"),
    41051: Receipt("refused", "expired"),
    45009: Receipt("retry", "rate_limited", after=60.0, account=True),
    45033: Receipt("retry", "rate_limited", after=10.0, account=True),
    48002: _NO_RIGHT,
    60011: _NO_RIGHT,
    60020: _NO_RIGHT,
    84061: _NOT_FRIEND,
    84074: Receipt("refused", "account_error"),
}
"""Every code of the platform's list, as what it means here. 60020: this server's address is not on its list."""


def outcome(message: Message, answer: Answer) -> Receipt:
    """A task is taken, not sent; of the others 0 means done."""
    if message.kind in _BY_DESK:
        return conclude(answer, {**OUTCOMES, **service.OUTCOMES})
    receipt = _marked(message, conclude(answer, OUTCOMES))
    if message.kind != "associate_task" or receipt.state != "sent":
        return receipt
    body = answer.json()
    failed = body.get("fail_list") if isinstance(body, dict) else None
    if isinstance(failed, list) and message.to.get("external_userid") in failed:
        return Receipt("refused", "not_friend", code="fail_list", provider_id=provider_id(answer))
    return Receipt("task", provider_id=provider_id(answer), after=_LATER)


def ask(message: Message, provider_id: str, account: Account, now: datetime) -> Call:
    """What became of a task: has the member of staff confirmed, has it gone out."""
    del now
    staff = message.to.get("staff_id") or str(message.content.get("staff_id") or "")
    body = {"msgid": provider_id, "userid": staff, "limit": 1000}
    url = account.url("api", "/cgi-bin/externalcontact/get_groupmsg_send_result")
    return Call("POST", url, json=body, idempotent=True)


_STATES: Final = {
    "0": Receipt("task", after=_LATER),
    "1": Receipt("sent"),
    "2": _NOT_FRIEND,
    "3": Receipt("refused", "over_limit"),
}
"""0 not confirmed yet, 1 sent, 2 no contact any more, 3 the customer got another one already (numbers unverified)."""


def told(message: Message, answer: Answer) -> Receipt:
    """The state of the task for this person; one that is not listed yet waits."""
    body = answer.json()
    if code_of(answer) != 0 or not isinstance(body, dict):
        receipt = conclude(answer, OUTCOMES)
        # Asking failed: that says nothing about the task.
        return Receipt("task", after=receipt.after or _LATER, code=receipt.code, detail=receipt.detail)
    for entry in listed(body.get("send_list")):
        if text(entry.get("external_userid")) == message.to.get("external_userid"):
            state = text(entry.get("status"))
            found = _STATES.get(state, Receipt("unknown", "unknown"))
            return replace(_marked(message, found), code="" if state in ("0", "1") else f"status {state}")
    return Receipt("task", after=_LATER)


def remind(provider_id: str, account: Account, now: datetime) -> Call:
    """Remind whoever has not confirmed a task yet; the platform allows three reminders in 24 hours."""
    del now
    url = account.url("api", "/cgi-bin/externalcontact/remind_groupmsg_send")
    return Call("POST", url, json={"msgid": provider_id})


def reminded(answer: Answer) -> Receipt:
    """Whether staff was reminded."""
    return conclude(answer, OUTCOMES)


def _marked(message: Message, receipt: Receipt) -> Receipt:
    """With the member of staff in the marks."""
    staff = message.to.get("staff_id") or message.content.get("staff_id")
    fields = {"reason": "not_friend", **({"staff_id": staff} if staff else {})}
    marks = tuple(Mark(one.event, {**one.fields, **fields}) for one in receipt.marks)
    return replace(receipt, marks=marks)


REACH: Final = Reach(request=request, outcome=outcome, ask=ask, told=told, remind=remind, reminded=reminded)
