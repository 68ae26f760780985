"""Messages: writing, checking, previewing, testing, asking for approval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast, get_args

from fastapi import APIRouter, Depends, Path, Query, status

from onepool import connect
from onepool.api import messaging
from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.edited import refuse_outdated
from onepool.api.models.common import JsonObject, Titles
from onepool.api.models.messages import (
    MessageApprovalRequest,
    MessageChange,
    MessageCheck,
    MessageCheckRequest,
    MessageDetail,
    MessageList,
    MessagePreview,
    MessagePreviewRequest,
    MessageTestRequest,
    MessageTestResult,
    MessageVersion,
    MessageVersions,
    NewMessage,
    PreviewValue,
    TemplateField,
    TemplateFilter,
    TemplateLanguage,
)
from onepool.api.problems import Conflict, Invalid, NotFound
from onepool.api.showing import shown
from onepool.api.workspace import WorkspaceLike
from onepool.audience.conditions.parse import plain_data
from onepool.channels.base import Message as Outgoing
from onepool.channels.base.sms_text import SEGMENT, SINGLE
from onepool.clock import Clock, to_micros
from onepool.pool import customers
from onepool.privacy import approvals, audit
from onepool.privacy.masking import mask_text
from onepool.privacy.roles import Permission
from onepool.reach import messages
from onepool.reach.messages.language import FILTERS
from onepool.reach.messages.model import SOURCES, VariableType
from onepool.reach.messages.parse import message_schema
from onepool.reach.messages.preview import Preview, as_test, preview
from onepool.reach.messages.store import KIND
from onepool.reach.messages.testing import ACTION, tests_left
from onepool.reach.messages.wechat_fields import FIELDS
from onepool.standards.personal import hidden_of

router = APIRouter(prefix="/messages", tags=["messages"])
Reader = Annotated[Caller, Depends(Need(Permission.MESSAGES_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.MESSAGES_WRITE))]
MessageName = Annotated[str, Path(max_length=200)]
_RESERVED = frozenset({"check", "preview", "language"})


@router.get("")
def list_messages(_who: Reader, ws: Workspace) -> MessageList:
    """All messages with their channels, faults and approvals."""
    beside, users = messaging.around(ws), messaging.users_of(ws, "message")
    return MessageList(
        items=[
            messaging.message_row(ws, item, beside, users.get(item.name, [])) for item in ws.definitions.current(KIND)
        ],
        approval=ws.settings.messages.approval,
    )


@router.get("/language")
def read_template_language(_who: Reader) -> TemplateLanguage:
    """What templates may be written with: filters, types, sources, fields of WeChat's templates; the JSON Schema."""
    return TemplateLanguage(
        filters=[
            TemplateFilter(name=name, title=Titles(zh=zh, en=en), example=example)
            for name, (_, zh, en, example) in FILTERS.items()
        ],
        types=list(get_args(VariableType)),
        sources=list(SOURCES),
        wechat_fields=[
            TemplateField(name=name, limit=one.limit, title=Titles(zh=one.zh, en=one.en))
            for name, one in FIELDS.items()
        ],
        sms_single=SINGLE,
        sms_segment=SEGMENT,
        json_schema=cast(JsonObject, message_schema()),
    )


@router.post("/check")
def check_message(body: MessageCheckRequest, _who: Reader, ws: Workspace) -> MessageCheck:
    """What is wrong with a definition, also one that can't be parsed. Nothing is saved."""
    return messaging.checked(body.definition, messaging.around(ws))[1]


@router.post("/preview")
def preview_message(body: MessagePreviewRequest, who: Reader, ws: Workspace, time: Time) -> MessagePreview:
    """One content as a customer would get it, or with sample values. Personal values are hidden by role."""
    if (body.definition is None) == (body.name is None):
        raise Invalid("give a definition, or the name of a message", where="definition")
    given = body.definition if body.name is None else messaging.message_item(ws, body.name, body.version).body
    message, check, found, masked = _previewed(ws, time, who, given or {}, body)
    del message
    return MessagePreview(
        template=found.template,
        channel=found.channel,
        kind=found.kind,
        content=cast(JsonObject | None, found.content),
        problem=None if found.problem is None else messaging.in_both(found.problem),
        text=found.text,
        characters=found.characters,
        segments=found.segments,
        values=[
            PreviewValue(name=one.name, source=one.source, value=one.value, origin=one.origin)  # type: ignore[arg-type]
            for one in found.values
        ],
        masked=masked,
        check=check,
    )


@router.post("", status_code=status.HTTP_201_CREATED)
def create_message(body: NewMessage, who: Writer, ws: Workspace, time: Time) -> MessageDetail:
    """Save a new message."""
    name = body.definition.get("message")
    if isinstance(name, str) and ws.definitions.get(KIND, name) is not None:
        raise Conflict("there is a message with this name", where="definition.message", code="message-exists")
    return _save(ws, time, who, body, None, 0)


@router.get("/{name}")
def read_message(name: MessageName, _who: Reader, ws: Workspace) -> MessageDetail:
    """One message: its definition and what is to be said of it."""
    return messaging.message_detail(ws, messaging.message_item(ws, name))


@router.put("/{name}")
def replace_message(name: MessageName, body: MessageChange, who: Writer, ws: Workspace, time: Time) -> MessageDetail:
    """Save a new version. What is already planned goes out as it was planned."""
    item = messaging.message_item(ws, name)
    refuse_outdated(ws, item, body.version, "the message", code="message-changed")
    return _save(ws, time, who, body, name, body.version)


@router.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT)
def delete_message(
    name: MessageName, who: Writer, ws: Workspace, time: Time, reason: Annotated[str, Query(max_length=500)] = ""
) -> None:
    """Retire a message. Refused while a journey names it; its versions stay."""
    messaging.message_item(ws, name)
    users = messaging.users_of(ws, "message").get(name, [])
    if users:
        raise Conflict(f"it is used by {', '.join(users)}", where=name, code="message-in-use")
    ws.definitions.delete(KIND, name, author=who.actor, reason=reason)
    audit.record(ws.state, time, who.actor, "definition.delete", f"message:{name}", {"reason": reason})


@router.get("/{name}/versions")
def list_message_versions(name: MessageName, _who: Reader, ws: Workspace) -> MessageVersions:
    """Every version of a message, the newest first."""
    found = ws.definitions.history(KIND, name)
    if not found:
        raise NotFound("there is no such message", where=name, code="message-unknown")
    return MessageVersions(
        items=[
            MessageVersion(
                version=item.version,
                author=item.author,
                reason=item.reason,
                at=item.created_at,
                approval=messaging.approval_of(ws, item),
                definition=None if item.deleted else cast(JsonObject, item.body),
            )
            for item in found
        ]
    )


@router.post("/{name}/test")
def send_message_test(
    name: MessageName, body: MessageTestRequest, who: Writer, ws: Workspace, time: Time
) -> MessageTestResult:
    """Send a content with sample values to an address of one's own. So many a day; everyone is noted."""
    item = messaging.message_item(ws, name)
    wanted = MessagePreviewRequest(name=name, template=body.template, values=body.values)
    _, _, found, _ = _previewed(ws, time, who, item.body, wanted)
    touchpoint = ws.touchpoints().get(body.touchpoint)
    if touchpoint is None or touchpoint.channel != found.channel:
        raise Invalid(f"there is no touchpoint {body.touchpoint} of {found.channel}", where="touchpoint")
    if found.content is None or found.kind is None:
        raise Invalid(found.problem or "this content can't be sent", where="template", code="message-unsendable")
    left = tests_left(ws.state, time.now(), ws.settings.messages.tests_per_day)
    content = as_test(found.channel, found.content)
    hidden = hidden_of(ws.standard())
    shown_to = {kind: hidden.identifier(kind, value)[0] for kind, value in body.to.items()}
    # Noted before it goes out: what was sent is always in the trail.
    audit.record(
        ws.state, time, who.actor, ACTION, f"message:{name}",
        {"touchpoint": body.touchpoint, "template": body.template, "version": item.version, "to": dict(shown_to)},
    )  # fmt: skip
    # The time first: what is cut off a long name at the end tells no two tests apart.
    key = f"test-{to_micros(time.now()):x}-{name}"[:32]
    receipt = connect.send(ws, touchpoint, Outgoing(found.kind, body.to, content, key=key))
    return MessageTestResult(
        state=receipt.state,
        reason=receipt.reason,
        code=receipt.code,
        detail=mask_text(receipt.detail),
        left=left - 1,
        content=cast(JsonObject, content),
    )


@router.post("/{name}/ask-approval")
def ask_message_approval(
    name: MessageName, body: MessageApprovalRequest, who: Writer, ws: Workspace, time: Time
) -> MessageDetail:
    """Ask a second person to approve the current version."""
    item = messaging.message_item(ws, name)
    _usable(ws, item.body)
    approvals.ask(ws.state, time, KIND, name, item.version, actor=who.actor, note=body.note)
    return messaging.message_detail(ws, item)


def _save(
    ws: WorkspaceLike, time: Clock, who: Caller, body: NewMessage, name: str | None, expected: int | None
) -> MessageDetail:
    written = plain_data(body.definition)
    message = _usable(ws, written)
    if name is not None and message.message != name:
        raise Invalid("a message keeps its name; make another one instead", where="definition.message")
    if message.message in _RESERVED:
        raise Invalid(f"{message.message} is a page of its own; call it otherwise", where="definition.message")
    item = ws.save(KIND, message.message, written, author=who.actor, reason=body.reason, expected=expected)
    audit.record(ws.state, time, who.actor, "definition.save", f"message:{item.name}", {"version": item.version})
    return messaging.message_detail(ws, item)


def _usable(ws: WorkspaceLike, body: Mapping[str, Any]) -> messages.Message:
    try:
        return messages.usable_message(body, messaging.around(ws))
    except messages.MessageError as error:
        raise messaging.refused(error, "message") from error


def _previewed(
    ws: WorkspaceLike, time: Clock, who: Caller, definition: JsonObject, body: MessagePreviewRequest
) -> tuple[messages.Message, MessageCheck, Preview, bool]:
    beside = messaging.around(ws)
    message, check = messaging.checked(definition, beside)
    if message is None or check.problems:
        raise Invalid("the message can't be written as it is", where="definition", problems=check.problems)
    content = message.contents[0] if body.template is None else message.content(body.template)
    if content is None:
        raise NotFound(f"there is no content {body.template}", where="template", code="content-unknown")
    view = shown(who, beside.standard)
    with ws.pool.read() as session:
        customer = None
        if body.customer_id is not None:
            customer = customers.resolve(session, int(body.customer_id))
            if customer is None:
                raise NotFound("there is no such customer", where="customer_id", code="customer-unknown")
        found = preview(
            message, content, beside, time, session=session, customer=customer, values=body.values,
            mask=lambda name, value: view.attribute(name, value)[0],
        )  # fmt: skip
    hidden = messages.needs(message, content).attributes
    return message, check, found, customer is not None and any(view.attribute(one, "x")[1] for one in hidden)
