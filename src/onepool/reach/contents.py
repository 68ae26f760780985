"""The texts of messages that are about to go out, written for many at once: what they need of customers is read from
the pool as it is now, short links are made, templates are rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

import pyarrow as pa
from sqlalchemy import Connection, Row, select

from onepool.clock import Clock
from onepool.collect.touchpoint import Touchpoint
from onepool.errors import OnePoolError
from onepool.pool import Session
from onepool.reach.messages import store
from onepool.reach.messages.columns import Wording
from onepool.reach.messages.gather import gather
from onepool.reach.messages.linking import Linking
from onepool.reach.messages.model import PREFERENCES, Message
from onepool.reach.messages.model import Content as Written
from onepool.reach.messages.parse import leaves, names_of, needs
from onepool.reach.messages.pieces import LINK
from onepool.reach.messages.sends import render_table
from onepool.settings import Settings
from onepool.state import State
from onepool.state.schema import identifiers

_CHUNK: Final = 500

Pages = Callable[[Connection, Sequence[int], Sequence[int], datetime], Sequence[str | None]]
"""Addresses of preference pages for identifiers, in the messages of these numbers."""


class Place(Protocol):
    """What this needs of a workspace."""

    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says, as its channel takes it; or why that can't be written."""

    content: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None


class Contents:
    """Writes messages. `pages`: makes links to preference pages; `zone`: the attribute with the customer's zone."""

    def __init__(self, place: Place, *, pages: Pages | None = None, zone: str | None = "time_zone") -> None:
        self._place = place
        self._pages = pages
        self._zone = zone
        settings = place.settings
        self._wording = Wording(settings.language, settings.time_zone, settings.currency)

    def of(
        self, session: Session, state: State, touchpoint: Touchpoint, rows: Sequence[Row[Any]]
    ) -> dict[int, Content]:
        """The content of each message (row of `sends`), by its number."""
        alike: dict[tuple[str, int, str | None, str], list[Row[Any]]] = {}
        for row in rows:
            alike.setdefault((row.message, row.message_version, row.template, row.kind), []).append(row)
        found: dict[int, Content] = {}
        for (name, version, template, kind), mine in alike.items():
            try:
                with state.read() as connection:
                    message = store.load(connection, name, version)
            except OnePoolError as error:
                found |= _wrong(mine, str(error))
                continue
            content = message.content(template, touchpoint.channel, kind)
            if content is None:
                named = f"no content {template}" if template else f"not exactly one content for {touchpoint.channel}"
                found |= _wrong(mine, f"message {name} has {named}")
                continue
            found |= self._rendered(session, state, touchpoint, message, content, mine)
        return found

    def _rendered(
        self, session: Session, state: State, touchpoint: Touchpoint, message: Message, content: Written,
        rows: Sequence[Row[Any]],
    ) -> dict[int, Content]:  # fmt: skip
        customers = pa.array([row.customer_id for row in rows], pa.int64())
        run = pa.array([row.vars for row in rows], pa.string())
        table = gather(session, needs(message, content), customers, run, self._zone)
        hosts = self._place.settings.messages.link_hosts
        base = self._place.settings.messages.public_url or ""
        used = names_of(message, [(leaf.source, leaf.html) for leaf in leaves(content)], self._wording.tongue)
        linked = [name for name in used if name.startswith(LINK)]
        if linked and not base:
            return _wrong(rows, "the message holds links, and settings.messages.public_url is not set")
        if not linked:
            made = render_table(message, content, table, self._wording, hosts=hosts)
        else:
            with state.write() as connection:
                linking = self._linking(connection, touchpoint, message, rows, base, f"{LINK}{PREFERENCES}" in linked)
                made = render_table(message, content, table, self._wording, linking=linking, hosts=hosts, base=base)
        return {
            row.send_id: Content(said or {}, problem if said is None else None)
            for row, said, problem in zip(rows, made.contents(), made.problems, strict=True)
        }

    def _linking(
        self, connection: Connection, touchpoint: Touchpoint, message: Message, rows: Sequence[Row[Any]], base: str,
        preferences: bool,
    ) -> Linking:  # fmt: skip
        now = self._place.clock.now()
        known = _identifiers(connection, (row.identifier_id for row in rows if row.identifier_id is not None))
        pages = self._pages

        def addresses(within: Connection, places: Sequence[int]) -> Sequence[str | None]:
            assert pages is not None
            mine = [rows[place] for place in places]
            return pages(within, [row.identifier_id for row in mine], [row.send_id for row in mine], now)

        return Linking(
            connection, base, touchpoint.name, touchpoint.channel, now, [row.send_id for row in rows],
            [known.get(row.identifier_id, ("", "", "")) for row in rows], message.campaign or rows[0].journey,
            again=True,
            preferences=addresses if preferences and pages is not None else None,
        )  # fmt: skip


def _wrong(rows: Iterable[Row[Any]], problem: str) -> dict[int, Content]:
    return {row.send_id: Content(problem=problem) for row in rows}


def _identifiers(connection: Connection, numbers: Iterable[int]) -> dict[int, tuple[str, str, str]]:
    found: dict[int, tuple[str, str, str]] = {}
    wanted = sorted(set(numbers))
    for start in range(0, len(wanted), _CHUNK):
        t = identifiers.c
        rows = connection.execute(
            select(t.id, t.type, t.scope, t.value).where(t.id.in_(wanted[start : start + _CHUNK]))
        )
        found |= {row.id: (row.type, row.scope, row.value) for row in rows}
    return found
