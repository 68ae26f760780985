"""What a preference page needs of the state: whose it is, what holds now, and keeping messages back at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import Connection, Row, and_, select

from onepool.clock import Clock, to_micros
from onepool.collect.preference_words import Choice, stops_of
from onepool.privacy.consents import links, notices, stops
from onepool.privacy.consents.notices import Notice
from onepool.privacy.consents.reading import ASKED, BEARERS, consented
from onepool.privacy.masking import mask_identifier, mask_plain
from onepool.state import State
from onepool.state.schema import identifiers

NOTICE: Final = "preference_page"
"""The notice whose latest version the page shows; without one it shows its own text."""

MESSAGES: Final = ("marketing", "service")
"""Purposes that are switched by channel."""

WHOLE: Final = ("profiling",)
"""Purposes that have one switch."""

CHANNEL_OF: Final = {"email": "email", "phone": "sms"}
"""The channel that a message to this identifier came over, where the type says it."""

Cell = tuple[str, str]
"""Purpose and channel (empty: every one)."""


@dataclass(frozen=True, slots=True)
class View:
    """A page: whose it is (in clear, for the log alone), the address as it is shown, and each switch."""

    identifier_id: int
    send_id: int | None
    id: tuple[str, str, str]
    masked: str
    cells: dict[Cell, bool]
    notice: Notice | None


class PreferenceDesk:
    """Blocking calls; the server makes them in threads.

    ``channels``: those that carry messages to people here. ``bearers``: all identifiers of whoever bears one, as the
    pool knows; where it can't be asked, what the one identifier said is all that is known.
    """

    def __init__(
        self,
        state: Callable[[], State],
        clock: Clock,
        channels: Callable[[], Sequence[str]],
        bearers: Callable[[int], Sequence[int]] | None = None,
    ) -> None:
        self._state = state
        self._clock = clock
        self._channels = channels
        self._bearers = bearers

    def view(self, token: str) -> View | None:
        """The page that a token opens; None for one that is unknown or has ended, or whose address somebody else has
        by now: what is said of it would be said for them."""
        now = self._clock.now()
        state = self._state()
        with state.read() as connection:
            link = links.find(connection, token, now)
            if link is None:
                return None
            row = connection.execute(select(identifiers).where(identifiers.c.id == link.identifier_id)).one_or_none()
            if row is None or _handed_on(connection, row, to_micros(now)):
                return None
        nodes = {link.identifier_id, *(self._bearers(link.identifier_id) if self._bearers is not None else ())}
        cells = [
            *((purpose, channel) for purpose in MESSAGES for channel in self._channels()),
            *((purpose, "") for purpose in WHOLE),
        ]
        asked = pa.table(
            [
                [link.identifier_id] * len(cells),
                [purpose for purpose, _ in cells],
                [""] * len(cells),
                [channel for _, channel in cells],
            ],
            schema=ASKED,
        )
        owned = pa.table([[link.identifier_id] * len(nodes), sorted(nodes)], schema=BEARERS)
        with state.read() as connection:
            held = consented(connection, owned, asked, to_micros(now) + 1).granted.tolist()
            withdrawn = stops.on_their_way(connection, sorted(nodes))
            notice = notices.latest(connection, NOTICE)
        said = {
            (purpose, channel): yes and not any(_concerns(one, purpose, channel) for one in withdrawn)
            for (purpose, channel), yes in zip(cells, held, strict=True)
        }
        masked, hidden = mask_identifier(row.type, row.value)
        return View(
            link.identifier_id,
            link.send_id,
            (row.type, row.scope, row.value),
            masked if hidden else mask_plain(row.value),
            said,
            notice,
        )

    def stop(self, view: View, choices: Sequence[Choice], offset: int, source: str) -> None:
        """Keep back what was withdrawn, from now on, until the ledger has the log's record `offset`."""
        wanted = stops_of(view.identifier_id, choices)
        if wanted:
            with self._state().write() as connection:
                at = to_micros(self._clock.now())
                stops.stop(connection, wanted, offset=offset, source=source, at=at)


def _handed_on(connection: Connection, row: Row[Any], now: int) -> bool:
    """Whether an identifier's value has a later owner."""
    t = identifiers.c
    of_value = t.base == (row.id if row.base is None else row.base)
    later = select(t.id).where(and_(of_value, t.generation > row.generation, t.valid_from <= now)).limit(1)
    return connection.execute(later).first() is not None


def _concerns(stop: stops.Stop, purpose: str, channel: str) -> bool:
    return stop.purpose in ("", purpose) and stop.channel in ("", channel) and not stop.category
