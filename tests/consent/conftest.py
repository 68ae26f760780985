"""A workspace with two customers who may be texted and mailed, and what the claim of a message would be told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.tick.conftest import World, make_world

from onepool.audience.conditions.standing.ways import ways_of
from onepool.clock import to_micros
from onepool.collect.preference_desk import PreferenceDesk
from onepool.pool import customers
from onepool.privacy.consents import links, reading
from onepool.reach import suppression

PHONE, EMAIL = "13912340001", "anna@example.com"
SMS = {"provider": "aliyun", "path_secret": "env:SMS_SECRET"}


@dataclass
class Brand:
    """The workspace, and questions about one of its customers."""

    world: World

    def node(self, value: str) -> int:
        found: int = self.world.value(
            "SELECT identifier_id FROM identifiers WHERE value IN ($v, $e)", v=value, e=f"+86{value}"
        )
        return found

    def customer(self, value: str = "u1") -> int:
        found: int = self.world.value(
            "SELECT customer_id FROM customer_of JOIN identifiers USING (identifier_id) WHERE value = $v", v=value
        )
        return found

    def bearers(self, identifier: int) -> list[int]:
        with self.world.workspace.pool.read() as session:
            whose = customers.resolve(session, identifier)
            assert whose is not None
            return customers.identifier_ids(session, whose)

    def told(self, purpose: str, channel: str, *, category: str = "promotion", who: str = "u1") -> tuple[bool, str]:
        """Whether consent holds now, and why nothing may be sent all the same (empty: it may)."""
        whose = self.customer(who)
        own = pa.table(
            {"customer_id": [whose] * len(self.bearers(whose)), "identifier_id": self.bearers(whose)},
            schema=reading.BEARERS,
        )
        row = {"customer_id": whose, "purpose": purpose, "category": category, "channel": channel}
        at = to_micros(self.world.clock.now())
        with self.world.workspace.state.read() as connection:
            held = reading.consented(connection, own, pa.Table.from_pylist([row], reading.ASKED), at)
            asked = pa.Table.from_pylist([row | {"identifier_id": None}], suppression.ASKED)
            (why,) = suppression.suppressed(connection, own, asked, at)
        return bool(held.granted[0]), why or ""

    def token(self, value: str, **lifetime: Any) -> str:
        with self.world.workspace.state.write() as connection:
            return links.make(connection, [(self.node(value), None)], self.world.clock.now(), **lifetime)[0]

    @property
    def desk(self) -> PreferenceDesk:
        ws = self.world.workspace
        return PreferenceDesk(
            lambda: ws.state, self.world.clock, lambda: sorted(ways_of(ws.touchpoints().values())), self.bearers
        )


@pytest.fixture
def brand(tmp_path: Path) -> Iterator[Brand]:
    world = make_world(tmp_path / "ws")
    world.define("touchpoint", "texts", channel="sms", title="texts", settings=SMS)
    world.define("touchpoint", "mails", channel="email", title="mails")
    world.send({"event": "signed_in", "userId": "u1", "properties": {"phone": PHONE, "email": EMAIL}})
    world.send({"event": "consent_granted", "userId": "u1", "properties": {"purpose": "marketing, service"}})
    world.send({"event": "signed_in", "userId": "u2", "properties": {"phone": "13912340002"}})
    world.clock.advance(timedelta(seconds=1))
    world.drain()
    yield Brand(world)
    world.close()
