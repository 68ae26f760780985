"""What the API asks of messages and coupons: checks in its shapes, and who uses them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import select

from onepool.api.dictionary import channel_titles, titles
from onepool.api.models.common import Finding, JsonObject, Titles
from onepool.api.models.messages import Approval, MessageCheck, MessageContent, MessageDetail, MessageRow, TextLength
from onepool.api.problems import Invalid, NotFound
from onepool.api.workspace import WorkspaceLike
from onepool.audience.conditions.errors import ConditionError, Problem
from onepool.channels import registry
from onepool.definitions import Definition
from onepool.journeys import store
from onepool.journeys.chinese import both as of_definitions
from onepool.privacy import approvals
from onepool.reach import coupons, messages
from onepool.reach.messages.chinese import both, chinese
from onepool.reach.messages.store import KIND
from onepool.standards import Standard
from onepool.state.outbox import broadcasts

_OVER = ("done", "cancelled")
EMPTY = MessageCheck(problems=[], warnings=[], lengths=[], contents=[], run=[])


def around(ws: WorkspaceLike) -> messages.Surroundings:
    """What messages of the workspace are checked beside."""
    with ws.state.read() as connection:
        batches = coupons.all_batches(connection)
    tags = [item.name for item in ws.definitions.current("tag")]
    return messages.surroundings(ws.settings, ws.standard(), tags, ws.touchpoints(), list(batches.values()))


def message_item(ws: WorkspaceLike, name: str, version: int | None = None) -> Definition:
    """A version of a message (the current one). Raises NotFound."""
    found = (
        ws.definitions.get(KIND, name)
        if version is None
        else next((one for one in ws.definitions.history(KIND, name) if one.version == version), None)
    )
    if found is None:
        raise NotFound("there is no such message", where=name, code="message-unknown")
    return found


def checked(
    body: Mapping[str, Any], beside: messages.Surroundings
) -> tuple[messages.Message | None, MessageCheck]:  # fmt: skip
    """A definition, parsed where it can be, and what is to be said of it."""
    try:
        message = messages.parse_message(body)
    except messages.MessageError as error:
        return None, EMPTY.model_copy(update={"problems": [finding(one) for one in error.problems]})
    found = messages.check_message(message, beside)
    return message, MessageCheck(
        problems=[finding(one) for one in found.problems],
        warnings=[finding(one) for one in found.warnings],
        lengths=[
            TextLength(template=name, least=one.least, most=one.most, segments=one.segments,
                       most_segments=one.most_segments)
            for name, one in found.lengths.items()
        ],
        contents=[_content(message, one, beside.standard) for one in message.contents],
        run=list(messages.needs(message).run) if not found.problems else [],
    )  # fmt: skip


def message_row(ws: WorkspaceLike, item: Definition, beside: messages.Surroundings, users: list[str]) -> MessageRow:
    """A message in the list."""
    message, check = checked(item.body, beside)
    return MessageRow(
        name=item.name,
        title=titles(item.body.get("title"), item.name),
        category="" if message is None else message.category,
        channels=[] if message is None else list(dict.fromkeys(one.channel for one in message.contents)),
        contents=0 if message is None else len(message.contents),
        version=item.version,
        author=item.author,
        changed_at=item.created_at,
        problems=len(check.problems),
        warnings=len(check.warnings),
        approval=approval_of(ws, item),
        used_by=users,
    )


def message_detail(ws: WorkspaceLike, item: Definition) -> MessageDetail:
    """One message with everything that is to be said of it."""
    message, check = checked(item.body, around(ws))
    asked = approvals.latest(ws.state, KIND, item.name, item.version)
    return MessageDetail(
        name=item.name,
        title=titles(item.body.get("title"), item.name),
        category="" if message is None else message.category,
        purpose=None if message is None else message.purpose,
        definition=cast(JsonObject, item.body),
        version=item.version,
        author=item.author,
        reason=item.reason,
        changed_at=item.created_at,
        approval=None if asked is None else asked.status,
        approval_id=None if asked is None else asked.id,
        approval_note="" if asked is None else asked.note,
        approval_required=ws.settings.messages.approval,
        used_by=users_of(ws, "message").get(item.name, []),
        check=check,
    )


def approval_of(ws: WorkspaceLike, item: Definition) -> Approval | None:
    """How a version stands with the second person."""
    found = approvals.latest(ws.state, item.kind, item.name, item.version)
    return None if found is None else found.status


def users_of(ws: WorkspaceLike, kind: str) -> dict[str, list[str]]:
    """For messages or coupons that journeys and broadcasts name: which (`journey:cart_recall`)."""
    place = {"message": ("send", "message"), "coupon": ("issue_coupon", "batch")}[kind]
    found: dict[str, set[str]] = {}
    bodies = [(item.name, item.body) for item in ws.definitions.current("journey")]
    # What is published goes on as it was, whatever became of its draft.
    with ws.state.read() as connection:
        bodies += [(one.journey, dict(one.body)) for one in store.going(connection)]
    for journey, body in bodies:
        params = body.get("params") or {}
        nodes = body.get("nodes") or {}
        for node in nodes.values() if isinstance(nodes, Mapping) else ():
            if isinstance(node, Mapping) and node.get("do") == place[0] and isinstance(node.get(place[1]), str):
                name = str(node[place[1]])
                if name.startswith("$params."):
                    name = str(params.get(name.removeprefix("$params."), ""))
                found.setdefault(name, set()).add(f"journey:{journey}")
    if kind == "message":
        with ws.state.read() as connection:
            going = select(broadcasts.c.name, broadcasts.c.body).where(broadcasts.c.status.not_in(_OVER))
            for row in connection.execute(going):
                found.setdefault(str(json.loads(row.body).get("message")), set()).add(f"broadcast:{row.name}")
    return {name: sorted(users) for name, users in found.items()}


def finding(problem: Problem) -> Finding:
    """A fault in both languages."""
    return Finding(place=problem.place, message=in_both(problem.message), suggestion=problem.suggestion)


def in_both(message: str) -> str:
    """A sentence of the checks in Chinese and English; what is said of definitions in general, journeys know."""
    return both(message) if chinese(message) is not None else of_definitions(message)


def refused(error: ConditionError, what: str) -> Invalid:
    """Faults of a definition as an answer, in both languages."""
    found = [finding(one) for one in error.problems]
    return Invalid(f"the {what} has faults", code=what, where=error.where, problems=found)


def _content(message: messages.Message, one: messages.Content, standard: Standard) -> MessageContent:
    kind = messages.kind_of(one.channel, one.kind, message.category) if registry.find(one.channel) else None
    given = one.title if one.title is None or isinstance(one.title, str) else {str(k): v for k, v in one.title.items()}
    return MessageContent(
        template=one.template,
        title=titles(given, one.template),
        channel=one.channel,
        channel_title=channel_titles(standard, one.channel),
        kind=one.kind if kind is None else kind.name,
        kind_title=None if kind is None else Titles(**kind.title),
        marketing=None if kind is None else kind.marketing,
        touchpoint=one.touchpoint,
    )
