"""Planning broadcasts: the audience is frozen, then its messages go through the gate into the outbox, a batch in each
transaction together with how far it has come. After a crash it goes on from there."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import structlog
from sqlalchemy import Connection, and_, case, select, text, update

from onepool.audience.bitmaps import Members, ids_of, members_of
from onepool.channels import registry
from onepool.clock import Clock, to_micros
from onepool.collect.touchpoint import Touchpoint
from onepool.definitions import Definitions
from onepool.errors import OnePoolError
from onepool.pool import Engine
from onepool.privacy.masking import mask_text
from onepool.reach import keys, planning, pressure
from onepool.reach.broadcasts.audience import members
from onepool.reach.broadcasts.model import Broadcast
from onepool.reach.broadcasts.store import Stored, every, message_version
from onepool.reach.claim import BROADCAST
from onepool.reach.gate import PLANNED, gate
from onepool.reach.messages import store as messages
from onepool.reach.messages.model import Message
from onepool.reach.policies import micros
from onepool.reach.states import PERHAPS_OUT, SendState
from onepool.reach.world import Worlds
from onepool.settings import Settings
from onepool.state import State
from onepool.state.outbox import broadcasts, sends
from onepool.state.schema import identifiers

_logger = structlog.get_logger(__name__)

I64 = npt.NDArray[np.int64]

BATCH: Final = 20_000
_LOOK: Final = 0.5
_CHUNK: Final = 500
_CANCELLED_AT_ONCE: Final = 20_000
_SCHEDULED_CLASS: Final = 2


class Place(Protocol):
    """What this needs of a workspace."""

    @property
    def data(self) -> Path: ...
    @property
    def state(self) -> State: ...
    @property
    def pool(self) -> Engine: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def definitions(self) -> Definitions: ...
    def touchpoints(self) -> dict[str, Touchpoint]: ...


class Broadcaster:
    """Plans what is due; one for a workspace runs at a time."""

    def __init__(self, place: Any, batch: int = BATCH) -> None:
        self._place: Place = place
        self._workspace = place
        self._batch = batch
        self._worlds = Worlds(place)
        self.problem: str | None = None

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        while not stop.is_set():
            try:
                busy = self.step()
                self.problem = None
            # One broadcast that fails must not end the others; it is tried again.
            except Exception as error:  # noqa: BLE001
                self.problem = mask_text(str(error) or repr(error))
                _logger.error("planning broadcasts failed", error=self.problem, kind=type(error).__name__)
                busy = False
            if not busy:
                stop.wait(_LOOK)

    def step(self) -> bool:
        """A batch of each broadcast that is due. Returns whether anything was done."""
        busy = False
        now = to_micros(self._place.clock.now())
        for one in every(self._place.state):
            if one.status == "scheduled" and one.start is not None and one.start <= now:
                self._freeze(one, now)
                busy = True
            elif one.status == "planning":
                busy |= self._plan(one, now)
            elif one.status == "sending":
                busy |= self._close(one, now)
            elif one.status == "cancelled":
                busy |= self._cancel(one, now)
        return busy

    def _freeze(self, one: Stored, now: int) -> None:
        """Keep who is in the audience now."""
        with self._place.pool.read() as session:
            found = members(self._workspace, session, one.broadcast.audience, now)
        customers = members_of(found).serialize()
        with self._place.state.write() as connection:
            same = and_(broadcasts.c.id == one.id, broadcasts.c.status == "scheduled")
            values = {"status": "planning", "started": now, "audience": customers, "total": int(found.size)}
            connection.execute(update(broadcasts).where(same).values(**values))

    def _plan(self, one: Stored, now: int) -> bool:
        """The next batch, as far as pace and queue allow."""
        broadcast = one.broadcast
        room = self._batch
        if broadcast.pace is not None:
            seconds = (now - (one.started or now)) / 1e6
            room = min(room, int(seconds * broadcast.pace.count / broadcast.pace.seconds) + 1 - one.planned)
        if room <= 0 or self._full(broadcast, now):
            return False
        with self._place.state.read() as connection:
            row = connection.execute(select(broadcasts.c.audience).where(broadcasts.c.id == one.id)).one()
            try:
                version, message = messages.loaded(connection, broadcast.message, message_version(connection, one))
            except OnePoolError as error:
                self.problem = str(error)
                return False
        audience = ids_of(Members.deserialize(row.audience)) if row.audience else pa.array([], pa.int64())
        part = audience.slice(one.planned, room).to_numpy()
        policy = broadcast.policy()
        planned = messages_of(one, broadcast, message, version, part, now)
        with self._place.pool.read() as session:
            with self._place.state.read() as connection:
                world = self._worlds.over(session, connection)
                gated = gate(planned, [policy], world, now)
            with self._place.state.write() as connection:
                fresh = connection.execute(select(broadcasts).where(broadcasts.c.id == one.id)).one()
                if fresh.status != "planning" or fresh.planned != one.planned:
                    return True
                kept = distinct(connection, one.id, gated)
                planning.store(connection, kept, [policy], now)
                seen = one.planned + part.size
                values = {"planned": int(seen), "duplicates": fresh.duplicates + gated.num_rows - kept.num_rows}
                if seen >= one.total:
                    values |= {"status": "sending"}
                connection.execute(update(broadcasts).where(broadcasts.c.id == one.id).values(**values))
        return True

    def _full(self, broadcast: Broadcast, now: int) -> bool:
        policy = self._worlds.policies.now()[0]
        mine = [one for one in self._place.touchpoints().values()
                if one.channel == broadcast.channel and broadcast.touchpoint in (None, one.name)]  # fmt: skip
        with self._place.state.read() as connection:
            settings, kind = self._place.settings, broadcast.kind
            return bool(mine) and all(pressure.full(connection, one, policy, settings, now, kind=kind) for one in mine)

    def _close(self, one: Stored, now: int) -> bool:
        """Done when nothing of it is open any more; tasks that nobody confirmed in time are given up."""
        t = sends.c
        with self._place.state.write() as connection:
            task = and_(t.broadcast_id == one.id, t.state == int(SendState.TASK), t.deadline <= now)
            gone = {"state": int(SendState.FAILED), "reason": "staff_timeout", "concluded": now, "changed": now}
            connection.execute(update(sends).where(task).values(**gone))
            open_ = select(t.send_id).where(t.broadcast_id == one.id, t.concluded.is_(None)).limit(1)
            if connection.execute(open_).first() is not None:
                return False
            same = and_(broadcasts.c.id == one.id, broadcasts.c.status == "sending")
            connection.execute(update(broadcasts).where(same).values(status="done", ended=now))
        return True

    def _cancel(self, one: Stored, now: int) -> bool:
        """Take what waits out of the outbox; nothing of it is claimed since the status says cancelled."""
        t = sends.c
        waiting = (SendState.DEFERRED, SendState.QUEUED, SendState.RETRY)
        mine = and_(t.broadcast_id == one.id, t.state.in_([int(state) for state in waiting]))
        with self._place.state.read() as connection:
            if connection.execute(select(t.send_id).where(mine).limit(1)).first() is None:
                return False
        with self._place.state.write() as connection:
            some = select(t.send_id).where(mine).limit(_CANCELLED_AT_ONCE)
            perhaps = text(PERHAPS_OUT)  # goes on counting for caps
            values = {
                "state": case((perhaps, int(SendState.UNKNOWN)), else_=int(SendState.CANCELLED)),
                "reason": case((perhaps, "unknown"), else_="ended"),
                "due": None,
                "concluded": now,
                "changed": now,
            }
            connection.execute(update(sends).where(t.send_id.in_(some)).values(**values))
        return True


def messages_of(
    one: Stored, broadcast: Broadcast, message: Message, version: int, customers: I64, now: int
) -> pa.Table:
    """`PLANNED` messages of a broadcast to these customers."""
    content = message.content(broadcast.template, broadcast.channel, broadcast.kind)
    kind = broadcast.kind or (content.kind if content is not None else None)
    if kind is None:
        channel = registry.channel(broadcast.channel)
        fit = [each.name for each in channel.manifest.messages if each.marketing or message.category != "promotion"]
        kind = fit[0] if fit else ""
    values: Mapping[str, Any] = {
        "broadcast_id": one.id, "journey": f"{BROADCAST}{one.id}", "node": 0, "visit": 0, "hop": 0,
        "channel": broadcast.channel, "touchpoint": broadcast.touchpoint, "kind": kind,
        "template": content.template if content is not None else broadcast.template, "message": broadcast.message,
        "message_version": version, "category": message.category, "purpose": message.purpose,
        "priority": _SCHEDULED_CLASS * 1000 + 999 - broadcast.priority, "planned": now, "staff": broadcast.staff,
        "expires": (one.started or now) + (micros(broadcast.expire_after) or 0), "policy": 0,
    }  # fmt: skip
    columns: dict[str, pa.Array] = {
        "send_id": pa.array(keys.key("broadcast", one.id, customers) if customers.size else [], pa.int64()),
        "customer_id": pa.array(customers, pa.int64()),
    }
    for field in PLANNED:
        if field.name not in columns:
            columns[field.name] = pa.repeat(pa.scalar(values.get(field.name), field.type), customers.size)
    return pa.table({field.name: columns[field.name] for field in PLANNED}, schema=PLANNED)


def distinct(connection: Connection, broadcast_id: int, gated: pa.Table) -> pa.Table:
    """Without messages whose address has one of this broadcast already, in this batch or before it.

    A value that was handed on counts as one address, whoever bears it; and so does that of customers who became one
    while the broadcast was planned.
    """
    address = pc.fill_null(gated.column("identifier_id"), -1).to_numpy()
    wanted = np.unique(address[address >= 0])
    base: dict[int, int] = {}
    taken: set[int] = set()
    t, s = identifiers.c, sends.c
    for start in range(0, wanted.size, _CHUNK):
        some = wanted[start : start + _CHUNK].tolist()
        handed = connection.execute(select(t.id, t.base).where(t.id.in_(some), t.base.is_not(None)))
        base |= {row.id: row.base for row in handed}
        had = select(s.identifier_id).where(s.broadcast_id == broadcast_id, s.identifier_id.in_(some))
        taken |= set(connection.execute(had).scalars())
    if base:
        known, value = np.array(list(base), np.int64), np.array(list(base.values()), np.int64)
        order = np.argsort(known)
        place = np.minimum(np.searchsorted(known[order], address), known.size - 1)
        address = np.where(known[order][place] == address, value[order][place], address)
    first = np.zeros(address.size, np.bool_)
    first[np.unique(address, return_index=True)[1]] = True
    kept = (address < 0) | (first & ~np.isin(address, np.fromiter(taken, np.int64, len(taken))))
    return gated.filter(pa.array(kept))
