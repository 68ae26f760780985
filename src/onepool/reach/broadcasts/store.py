"""Broadcasts in the state, and what may be done with one: draft, asked, scheduled, planning, sending, paused, done,
cancelled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Row, and_, desc, func, insert, select, update

from onepool.clock import Clock, to_micros
from onepool.definitions import canonical
from onepool.privacy import approvals
from onepool.privacy.audit import record_in
from onepool.reach.broadcasts.checking import Known, problems
from onepool.reach.broadcasts.model import Broadcast, BroadcastError, instant_of, parse
from onepool.reach.messages import store as messages
from onepool.reach.messages.approval import unapproved
from onepool.reach.states import SendState
from onepool.settings import Settings
from onepool.state import State
from onepool.state.outbox import broadcast_messages as pins
from onepool.state.outbox import broadcasts, sends

KIND: Final = "broadcast"

_EDITABLE: Final = ("draft", "asked")
_GOING: Final = ("scheduled", "planning", "sending")


class Place(Protocol):
    """What this needs of a workspace."""

    @property
    def state(self) -> State: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def settings(self) -> Settings: ...


class Whole(Place, Known, Protocol):
    """The same, with what there is to name."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One broadcast. Instants in µs; `total`, `planned`: customers of the frozen audience, and seen so far."""

    id: int
    name: str
    version: int
    body: dict[str, Any]
    status: str
    author: str
    created: int
    start: int | None
    started: int | None
    ended: int | None
    total: int
    planned: int
    duplicates: int

    @property
    def broadcast(self) -> Broadcast:
        return parse(self.body)


def create(place: Place, body: Mapping[str, Any], author: str) -> Stored:
    """A new draft. Raises BroadcastError.

    Versions go on from those that were asked for under this name: nobody's word on a draft that was deleted is for this
    one.
    """
    named = parse(body).broadcast
    asked = approvals.last_version(place.state, KIND, named)
    with place.state.write() as connection:
        if connection.execute(select(broadcasts.c.id).where(broadcasts.c.name == named)).first() is not None:
            raise BroadcastError("there is a broadcast with this name", where="broadcast", code="broadcast-exists")
        connection.execute(
            insert(broadcasts).values(
                name=named, body=canonical(dict(body)), version=asked + 1, status="draft", author=author[:256],
                created=to_micros(place.clock.now()), total=0, planned=0, duplicates=0,
            )
        )  # fmt: skip
        return _find(connection, named)


def change(place: Place, name: str, body: Mapping[str, Any], author: str, *, expected: int | None = None) -> Stored:
    """Change a draft; what was asked of a second person has to be asked again. `expected`: the version that was edited.
    Raises BroadcastError."""
    if parse(body).broadcast != name:
        raise BroadcastError("a broadcast keeps its name", where="broadcast", hint=f"write `broadcast: {name}`")
    with place.state.write() as connection:
        known = _find(connection, name)
        _wanted(known, _EDITABLE, "changed")
        if expected is not None and expected != known.version:
            who = known.author.removeprefix("user:")
            raise BroadcastError(
                f"{who} 已保存了第 {known.version} 版 / {who} saved version {known.version} meanwhile", where="version",
                hint="load the broadcast anew", code="broadcast-changed",
            )  # fmt: skip
        text = canonical(dict(body))
        if text != canonical(known.body):
            values = {"body": text, "version": known.version + 1, "status": "draft", "author": author[:256]}
            connection.execute(update(broadcasts).where(broadcasts.c.id == known.id).values(**values))
        return _find(connection, name)


def remove(place: Place, name: str, actor: str) -> None:
    """Delete a draft. Raises BroadcastError."""
    with place.state.write() as connection:
        known = _find(connection, name)
        _wanted(known, _EDITABLE, "deleted")
        connection.execute(broadcasts.delete().where(broadcasts.c.id == known.id))
        connection.execute(pins.delete().where(pins.c.broadcast_id == known.id))
        record_in(connection, place.clock, actor, "broadcast.delete", f"broadcast:{name}", {"version": known.version})


def ask(place: Place, name: str, actor: str, note: str = "") -> Stored:
    """Ask a second person for their word, on the broadcast and the message as they are now. Raises BroadcastError,
    ApprovalError."""
    with place.state.write() as connection:
        known = _find(connection, name)
        _wanted(known, _EDITABLE, "shown to a second person")
        message = _message(connection, known)
        if _pinned(connection, known) not in (None, message):
            # Another text is another question, for a word that was given too.
            renewed = {"version": known.version + 1}
            connection.execute(update(broadcasts).where(broadcasts.c.id == known.id).values(**renewed))
            known = _find(connection, name)
        _pin(connection, known, message)
    approvals.ask(place.state, place.clock, KIND, name, known.version, actor=actor, note=note)
    return _move(place, known, "asked", _EDITABLE)


def start(place: Whole, name: str, *, approval: bool) -> Stored:
    """Start it now, or at its time. ``approval``: it needs a second person's word.

    It goes out with the message as it is now, whatever is changed later. Raises BroadcastError: among others when what
    it names has changed so that it can't be sent any more.
    """
    known = find(place.state, name)
    _wanted(known, _EDITABLE, "started")
    if found := problems(place, known.broadcast):
        raise BroadcastError("; ".join(str(one) for one in found), found, where=f"broadcast {name}")
    if approval and not approvals.approved(place.state, KIND, name, known.version):
        raise BroadcastError(
            "a second person has to approve it first", where=f"broadcast {name}", code="approval-needed",
            hint="ask for it; whoever may approve journeys finds it among the approvals",
        )  # fmt: skip
    if unapproved(place.state, place.definitions, place.settings, [known.broadcast.message]):
        raise BroadcastError(
            f"nobody has approved the message {known.broadcast.message}", where=f"broadcast {name}",
            code="approval-missing", hint="ask a second person to approve the message that it sends",
        )  # fmt: skip
    now = to_micros(place.clock.now())
    wanted = instant_of(known.broadcast.start, place.settings.zone)
    with place.state.write() as connection:
        fresh = _same(connection, known)
        _wanted(fresh, _EDITABLE, "started")
        message = _message(connection, known)
        if approval and _pinned(connection, known) != message:
            raise BroadcastError(
                f"the message {known.broadcast.message} was changed since a second person was asked",
                where=f"broadcast {name}", code="approval-needed", hint="ask again: what was approved is what goes out",
            )  # fmt: skip
        _pin(connection, known, message)
        values = {"status": "scheduled", "start": now if wanted is None else max(wanted, now)}
        connection.execute(update(broadcasts).where(broadcasts.c.id == known.id).values(**values))
        return _find(connection, name)


def pause(place: Place, name: str) -> Stored:
    """Nothing more is planned or sent until it goes on. Raises BroadcastError."""
    return _move(place, find(place.state, name), "paused", _GOING)


def resume(place: Place, name: str) -> Stored:
    """Go on. What expired meanwhile is not sent. Raises BroadcastError."""
    known = find(place.state, name)
    status = "scheduled" if known.started is None else "planning" if known.planned < known.total else "sending"
    return _move(place, known, status, ("paused",))


def cancel(place: Place, name: str) -> Stored:
    """Nothing more goes out from now on; what has gone out stays. Raises BroadcastError."""
    known = find(place.state, name)
    return _move(place, known, "cancelled", (*_EDITABLE, *_GOING, "paused"), ended=to_micros(place.clock.now()))


def find(state: State, name: str) -> Stored:
    """One by name. Raises BroadcastError."""
    with state.read() as connection:
        return _find(connection, name)


def every(state: State, *, before: int | None = None, limit: int = 100) -> list[Stored]:
    """All, the newest first."""
    query = select(broadcasts).order_by(desc(broadcasts.c.id)).limit(limit)
    if before is not None:
        query = query.where(broadcasts.c.id < before)
    with state.read() as connection:
        return [_stored(row) for row in connection.execute(query)]


def counts(state: State, numbers: list[int]) -> dict[int, list[tuple[str, str | None, int]]]:
    """Messages of broadcasts by state and reason."""
    t = sends.c
    query = select(t.broadcast_id, t.state, t.reason, func.count()).where(t.broadcast_id.in_(numbers))
    found: dict[int, list[tuple[str, str | None, int]]] = {}
    with state.read() as connection:
        for number, code, reason, count in connection.execute(query.group_by(t.broadcast_id, t.state, t.reason)):
            found.setdefault(number, []).append((SendState(code).name.lower(), reason, count))
    return found


def _find(connection: Connection, name: str) -> Stored:
    row = connection.execute(select(broadcasts).where(broadcasts.c.name == name)).one_or_none()
    if row is None:
        raise BroadcastError(f"there is no broadcast {name}", code="broadcast-unknown", where=name)
    return _stored(row)


def message_version(connection: Connection, one: Stored) -> int | None:
    """The version of its message that it goes out with; None for one that was started before versions were kept."""
    return _pinned(connection, one)


def _message(connection: Connection, one: Stored) -> int:
    return messages.loaded(connection, one.broadcast.message)[0]


def _pinned(connection: Connection, one: Stored) -> int | None:
    mine = and_(pins.c.broadcast_id == one.id, pins.c.version == one.version)
    return connection.execute(select(pins.c.message_version).where(mine)).scalar_one_or_none()


def _pin(connection: Connection, one: Stored, message: int) -> None:
    connection.execute(pins.delete().where(pins.c.broadcast_id == one.id))
    connection.execute(insert(pins).values(broadcast_id=one.id, version=one.version, message_version=message))


def _same(connection: Connection, known: Stored) -> Stored:
    """It as it is now, the same version. Raises BroadcastError."""
    fresh = _find(connection, known.name)
    if (fresh.id, fresh.version) != (known.id, known.version):
        raise BroadcastError(
            "it was changed meanwhile",
            where=f"broadcast {known.name}",
            hint="look at it first",
            code="broadcast-status",
        )
    return fresh


def _move(place: Place, known: Stored, status: str, before: tuple[str, ...], **values: Any) -> Stored:
    """Change the status, if it still is one of these."""
    what = {"asked": "shown to a second person", "paused": "paused", "cancelled": "cancelled"}.get(status, "resumed")
    _wanted(known, before, what)
    with place.state.write() as connection:
        _wanted(_same(connection, known), before, what)
        same = broadcasts.c.id == known.id
        connection.execute(update(broadcasts).where(same).values(status=status, **values))
        return _find(connection, known.name)


def _wanted(known: Stored, before: tuple[str, ...], what: str) -> None:
    if known.status not in before:
        raise BroadcastError(
            f"it is {known.status} and can't be {what}", where=f"broadcast {known.name}", code="broadcast-status"
        )


def _stored(row: Row[Any]) -> Stored:
    return Stored(
        row.id, row.name, row.version, json.loads(row.body), row.status, row.author, row.created, row.start,
        row.started, row.ended, row.total, row.planned, row.duplicates,
    )  # fmt: skip
