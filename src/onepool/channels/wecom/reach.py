"""Messages over WeCom: tasks that a member of staff confirms, welcome messages, tags back; answers of a desk are in
`service`.

https://developer.work.weixin.qq.com/document/path/92135 (group-send task; what became of it is in `results`), 92137
(welcome), 92118 (tags).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from onepool.channels.base import (
    Account,
    Answer,
    Call,
    Content,
    Message,
    MessageKind,
    Reach,
    Receipt,
    Token,
    Unsendable,
)
from onepool.channels.base.wechat_api import attach_token, conclude, provider_id, read_token, token_rejected
from onepool.channels.base.wechat_reach import addressed
from onepool.channels.wecom import service
from onepool.channels.wecom.codes import OUTCOMES, marked, staff_of
from onepool.channels.wecom.results import LATER, inquire, remind, reminded

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
        together=10_000,
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
        carries="mark",
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
    staff = staff_of(message)
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
    return _task(account, [external], staff, content)


def alike(message: Message) -> str | None:
    """Tasks of one member of staff that say the same are one task, which is confirmed once."""
    staff = staff_of(message)
    if message.kind != "associate_task" or not staff or not message.to.get("external_userid"):
        return None
    return f"{staff}\n{json.dumps(_written(message.content), sort_keys=True)}"


def batch(messages: Sequence[Message], account: Account, now: datetime) -> Iterator[tuple[list[Message], Call]]:
    """One task for all customers of a member of staff who are told the same."""
    found: dict[str, list[Message]] = {}
    for message in messages:
        common = alike(message)
        if common is None:
            yield [message], request(message, account, now)
        else:
            found.setdefault(common, []).append(message)
    for mine in found.values():
        externals = [one.to["external_userid"] for one in mine]
        yield mine, _task(account, externals, staff_of(mine[0]), mine[0].content)


def _task(account: Account, externals: Sequence[str], staff: str, content: Mapping[str, Any]) -> Call:
    body = {"chat_type": "single", "external_userid": list(externals), "sender": staff, **_written(content)}
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


def outcome(message: Message, answer: Answer) -> Receipt:
    """A task is taken, not sent; of the others 0 means done."""
    if message.kind in _BY_DESK:
        return conclude(answer, {**OUTCOMES, **service.OUTCOMES})
    receipt = marked(message, conclude(answer, OUTCOMES))
    if message.kind != "associate_task" or receipt.state != "sent":
        return receipt
    body = answer.json()
    failed = body.get("fail_list") if isinstance(body, dict) else None
    if isinstance(failed, list) and message.to.get("external_userid") in failed:
        return Receipt("refused", "not_friend", code="fail_list", provider_id=provider_id(answer))
    return Receipt("task", provider_id=provider_id(answer), after=LATER)


REACH: Final = Reach(
    request=request, outcome=outcome, alike=alike, batch=batch, inquire=inquire, remind=remind, reminded=reminded
)
