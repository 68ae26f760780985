"""What the data map takes for a refusal is what sending takes for one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from tests.tick.conftest import World

from onepool.insight.map.reach import refused
from onepool.privacy.consents import reading

CHANNELS = {"texts": "sms", "mails": "email"}
Word = tuple[str, dict[str, Any]]
YES, NO = "consent_granted", "consent_withdrawn"

CASES: list[tuple[str, list[Word], set[str], set[str]]] = [
    # What was said in turn; who may not be written to at all there; who may not for marketing.
    ("one channel", [(YES, {"purpose": "marketing"}), (NO, {"purpose": "marketing", "for_channel": "sms"})],
     set(), {"texts"}),
    ("another purpose", [(YES, {"purpose": "marketing"}), (NO, {"purpose": "survey"})], set(), set()),
    ("a yes to another", [(NO, {"purpose": "marketing"}), (YES, {"purpose": "survey"})], set(), {"texts", "mails"}),
    ("everything", [(NO, {})], {"texts", "mails"}, {"texts", "mails"}),
    ("all of one channel", [(NO, {"for_channel": "email"})], {"mails"}, {"mails"}),
    ("a list", [(NO, {"purpose": "service, marketing"})], set(), {"texts", "mails"}),
    ("and yes again", [(NO, {}), (YES, {"for_channel": "sms"})], {"mails"}, {"mails"}),
    ("a category", [(NO, {"category": "service"})], set(), set()),
]  # fmt: skip


@pytest.fixture
def told(world: World) -> dict[str, int]:
    """Customers by case."""
    for name, channel in CHANNELS.items():
        world.define("touchpoint", name, channel=channel, title=name)
    for name, words, _, _ in CASES:
        world.send({"type": "identify", "userId": name, "traits": {}})
        for event, fields in words:
            world.clock.advance(timedelta(seconds=1))
            world.send({"event": event, "userId": name, "properties": fields})
    world.settle()
    rows = world.rows("SELECT value, customer_id FROM identifiers JOIN customer_of USING (identifier_id)")
    return {row["value"]: row["customer_id"] for row in rows if row["value"] in {name for name, *_ in CASES}}


def test_a_word_refuses_what_it_names(world: World, told: dict[str, int]) -> None:
    with world.workspace.pool.read() as session:
        rows = refused(session, CHANNELS).to_pylist()
        bearers = session.query("SELECT customer_id, identifier_id FROM customer_of ORDER BY ALL")
    whole = {(row["customer"], row["touchpoint"]) for row in rows if not row["marketing"]}
    both = {(row["customer"], row["touchpoint"]) for row in rows}
    for name, _, nothing, marketing in CASES:
        assert {place for person, place in whole if person == told[name]} == nothing, name
        assert {place for person, place in both if person == told[name]} == marketing, name
    # The same people as where messages are sent.
    customers = np.array(sorted(told.values()), np.int64)
    with world.workspace.state.read() as connection:
        for touchpoint, channel in CHANNELS.items():
            there = reading.refused(connection, bearers, customers, channel, 1 << 60)
            assert {person for person, place in whole if place == touchpoint} == set(customers[there].tolist())
