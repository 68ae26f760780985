"""Messages of a workspace by name and version, parsed once."""

from __future__ import annotations

import json
from collections import OrderedDict
from threading import Lock
from typing import Any

from sqlalchemy import Connection, and_, func, select

from onepool.errors import OnePoolError
from onepool.reach.messages.model import Message
from onepool.reach.messages.parse import parse_message
from onepool.state.journeys import approvals
from onepool.state.schema import definitions

KIND = "message"
_MOST = 2000


class UnknownMessage(OnePoolError):
    """There is no such message, or no such version of it."""

    code = "message-unknown"


_lock = Lock()
_parsed: OrderedDict[str, Message] = OrderedDict()


def load(connection: Connection, name: str, version: int | None = None) -> Message:
    """A version of a message (by default the current one). Raises UnknownMessage, MessageError."""
    return loaded(connection, name, version)[1]


def plannable(connection: Connection, *, approved: bool = False) -> dict[str, tuple[int, dict[str, Any]]]:
    """What new messages are planned with, by name: version and body of the current one. ``approved``: of the latest
    version that a second person approved; a message without one is not in it."""
    table = definitions.c
    current = select(table.name, table.version, table.body).where(table.kind == KIND, table.current, ~table.deleted)
    found = {row.name: (row.version, json.loads(row.body)) for row in connection.execute(current)}
    if not approved:
        return found
    asked = approvals.c
    latest = (
        select(asked.name, func.max(asked.version).label("version"))
        .where(asked.kind == KIND, asked.status == "approved")
        .group_by(asked.name)
        .subquery()
    )
    rows = connection.execute(
        select(table.name, table.version, table.body)
        .join(latest, and_(latest.c.name == table.name, latest.c.version == table.version))
        .where(table.kind == KIND)
    )
    return {row.name: (row.version, json.loads(row.body)) for row in rows if row.name in found}


def loaded(connection: Connection, name: str, version: int | None = None) -> tuple[int, Message]:
    """The same with its version's number. A version stays readable after the message was deleted."""
    table = definitions.c
    which = and_(table.current, ~table.deleted) if version is None else table.version == version
    row = connection.execute(
        select(table.version, table.hash, table.body).where(and_(table.kind == KIND, table.name == name, which))
    ).one_or_none()
    if row is None:
        of = "" if version is None else f" of version {version}"
        raise UnknownMessage(f"there is no message {name}{of}", where=name)
    with _lock:
        found = _parsed.get(row.hash)
        if found is not None:
            _parsed.move_to_end(row.hash)
            return row.version, found
    found = parse_message(json.loads(row.body))
    with _lock:
        _parsed[row.hash] = found
        if len(_parsed) > _MOST:
            _parsed.popitem(last=False)
    return row.version, found
