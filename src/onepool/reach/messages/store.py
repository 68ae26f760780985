"""Messages of a workspace by name and version, parsed once."""

from __future__ import annotations

import json
from collections import OrderedDict
from threading import Lock

from sqlalchemy import Connection, and_, select

from onepool.errors import OnePoolError
from onepool.reach.messages.model import Message
from onepool.reach.messages.parse import parse_message
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
