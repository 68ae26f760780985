"""The ways in of the protocols whose write key stands in the address or in the records."""

from __future__ import annotations

from typing import Final

from starlette.types import Receive, Scope, Send

from onepool.clock import Clock
from onepool.collect import answers
from onepool.collect.doorway import Door, IntakeFigures, Limits, LogWriter, Parcel, Refused, read_body, refuse
from onepool.collect.group_commit import Overloaded
from onepool.collect.growingio.door import GrowingDoor
from onepool.collect.inbound import decode
from onepool.collect.log import LogUnavailable, NewRecord, Record
from onepool.collect.sensors.door import SensorsDoor
from onepool.collect.touchpoint import Refreshing, Touchpoint, TouchpointSource, TouchpointsUnavailable

_ALL: Final[tuple[Door, ...]] = (SensorsDoor(), GrowingDoor())
_TOLD: Final = 20

_Share = tuple[Touchpoint, list[int] | None]


class Doors:
    """Takes requests of these protocols in: finds the owner of each record, logs, answers."""

    def __init__(
        self, writer: LogWriter, touchpoints: TouchpointSource, clock: Clock, limits: Limits, figures: IntakeFigures
    ) -> None:
        self._writer = writer
        self._touchpoints = touchpoints
        self._clock = clock
        self._limits = limits
        self._figures = figures

    @staticmethod
    def behind(path: str) -> Door | None:
        """The way in that a path leads to."""
        return next((door for door in _ALL if door.leads(path)), None)

    async def through(self, door: Door, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, from its body to its answer."""
        if scope["method"] == "OPTIONS":
            await answers.preflight(scope, send)
            return
        if scope["method"] not in door.methods:
            told = f"events are sent with {' or '.join(sorted(door.methods))}"
            await answers.refuse(scope, send, 405, "method", told)
            return
        limit = self._limits.form_bytes
        body = await read_body(receive, limit)
        if body is None:
            return
        try:
            if len(body) > limit:
                message = f"a request may have {limit:,} bytes at most"
                raise Refused(413, "too-large", message, hint="send smaller batches")
            parcel = door.parcel(scope, body)
            received_at = self._clock.now()
            records = [
                NewRecord(received_at, owner.name, door.protocol, parcel.headers(owner, only), parcel.body)
                for owner, only in await self._owners(parcel)
            ]
            if parcel.check:
                _check(records)
            if parcel.keep:
                for record in records:
                    await self._writer.append(record)
        except (Refused, LogUnavailable, Overloaded, TouchpointsUnavailable) as error:
            await refuse(scope, send, error, self._figures)
        else:
            self._figures.accepted += 1
            self._figures.accepted_bytes += len(parcel.body)
            await door.accepted(scope, send)

    async def _owners(self, parcel: Parcel) -> list[_Share]:
        """Whose the records of a parcel are: all of one touchpoint, or each by the key that it carries itself.

        A record without a known key goes with the first that has one. Raises Refused or TouchpointsUnavailable.
        """
        known = await self._known(parcel.keys)
        if known:
            return [(next(known[key] for key in parcel.keys if key in known), None)]
        inside = parcel.inside()
        known = await self._known([key for keys in inside for key in keys])
        if not known:
            if parcel.keys or any(inside):
                hint = "copy the write key of a touchpoint; keys that were replaced stop working"
                raise Refused(401, "write-key-unknown", "no key of the request belongs to a touchpoint", hint=hint)
            hint = "put the write key of a touchpoint into the address that the client sends to"
            raise Refused(401, "write-key-missing", "no write key was sent", hint=hint)
        each = [next((known[key] for key in keys if key in known), None) for keys in inside]
        first = next(owner for owner in each if owner is not None)
        shares: dict[str, tuple[Touchpoint, list[int]]] = {}
        for number, owner in enumerate(each):
            chosen = owner or first
            shares.setdefault(chosen.name, (chosen, []))[1].append(number)
        return [(first, None)] if len(shares) == 1 else list(shares.values())

    async def _known(self, keys: list[str]) -> dict[str, Touchpoint]:
        """The touchpoints of those keys that belong to one."""
        asked = dict.fromkeys(keys)
        if not asked:
            return {}
        found = self._look_up(asked)
        if not found and isinstance(self._touchpoints, Refreshing):
            await self._touchpoints.refresh()  # a key made a moment ago must not be refused
            found = self._look_up(asked)
        return found

    def _look_up(self, keys: dict[str, None]) -> dict[str, Touchpoint]:
        each = ((key, self._touchpoints.by_write_key(key)) for key in keys)
        return {key: touchpoint for key, touchpoint in each if touchpoint is not None}


def _check(records: list[NewRecord]) -> None:
    """For whoever tries a client out: what of it would be quarantined. Raises Refused."""
    found = []
    for record in records:
        known = (record.received_at, record.touchpoint, record.protocol, record.headers, record.body)
        found += decode(Record(*known, offset=0)).broken
    if found:
        told = "; ".join(f"record {one.item}: {one.message} ({one.rule})" for one in found[:_TOLD])
        raise Refused(400, "invalid", told, where="data")
