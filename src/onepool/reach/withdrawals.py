"""Opt-outs that come as a push (a reply to a text message, a click on unsubscribe) keep messages back at once.

The push is on disk by then and the tick reads it as it reads everything; this only bridges the time until it does, with
a stop of whoever bears the identifiers that the push names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from sqlalchemy import select

from onepool.clock import Clock, to_micros
from onepool.collect.hooked import read
from onepool.collect.log import NewRecord, Record
from onepool.identity.keys import key_of
from onepool.privacy.consents import stops
from onepool.privacy.consents.stops import Stop
from onepool.standards.faults import Fault
from onepool.standards.normalise import contact
from onepool.state import State
from onepool.state.schema import identifiers

_TELLING: Final = {
    "sms": (b'"content"', b'"text"'),
    "email": (b"nsubscri", b"ompl", b"feedback-type", b"Feedback-Type"),
}
"""By channel, what stands in a push that can hold an opt-out: the many others are not read here."""

_SAYS_NO: Final = frozenset({"opted_out", "consent_withdrawn"})


class Withdrawals:
    """Told of each push that is on disk. ``channel_of``: of a touchpoint. ``country``: of phone numbers without one."""

    def __init__(
        self, state: Callable[[], State], clock: Clock, channel_of: Callable[[str], str | None], country: str = "CN"
    ) -> None:
        self._state = state
        self._clock = clock
        self._channel_of = channel_of
        self._country = country

    def concerns(self, record: NewRecord) -> bool:
        """Whether a push may hold an opt-out; quick, for every push."""
        telling = _TELLING.get(self._channel_of(record.touchpoint) or "", ())
        return any(word in record.body or word in record.headers for word in telling)

    def kept(self, record: NewRecord, offset: int) -> None:
        """Keep messages back until the tick has taken in the log's record `offset`. Blocks on the state."""
        wanted = self._stops(record, offset)
        if wanted:
            with self._state().write() as connection:
                at = to_micros(self._clock.now())
                stops.stop(connection, wanted, offset=offset, source=f"push:{record.touchpoint}", at=at)

    def _stops(self, record: NewRecord, offset: int) -> list[Stop]:
        own = self._channel_of(record.touchpoint) or ""
        whole = Record(
            record.received_at, record.touchpoint, record.protocol, record.headers, record.body, offset=offset
        )
        found: list[Stop] = []
        for item in read(whole).items:
            if item.kind != "event" or item.name not in _SAYS_NO or item.fields.get("template_id"):
                continue
            channel = str(item.fields.get("message_channel") or item.fields.get("for_channel") or own)
            purposes = [one.strip() for one in str(item.fields.get("purpose") or "").split(",")]
            for node in self._nodes(item.ids):
                found += [Stop(node, purpose, str(item.fields.get("category") or ""), channel) for purpose in purposes]
        return found

    def _nodes(self, ids: Iterable[tuple[str, str, str]]) -> list[int]:
        """The identifiers as the state knows them; unknown ones can't have agreed to anything."""
        keys = [key_of(kind, scope, self._plain(kind, value)) for kind, scope, value in ids]
        with self._state().read() as connection:
            rows = connection.execute(
                select(identifiers.c.id).where(
                    identifiers.c.key.in_(keys)
                    | identifiers.c.base.in_(select(identifiers.c.id).where(identifiers.c.key.in_(keys)))
                )
            )
            return [row.id for row in rows]

    def _plain(self, kind: str, value: str) -> str:
        if kind not in ("phone", "email"):
            return value
        try:
            understood = contact.phone(value, self._country) if kind == "phone" else contact.email(value)
        except Fault:
            return value
        return understood.value if understood is not None else value
