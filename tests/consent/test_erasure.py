"""After an erasure reach keeps no address and can send nothing; figures and proof stay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select

from onepool.clock import to_micros
from onepool.collect.links import NewLink, make
from onepool.privacy.consents import ledger
from onepool.reach.erasure import forget_addresses
from onepool.reach.states import SendState
from onepool.state.outbox import send_attempts, sends
from onepool.state.schema import short_links

from .conftest import PHONE, Brand


def send(number: int, customer: int, node: int, state: SendState) -> dict[str, Any]:
    return {
        "send_id": number, "customer_id": customer, "identifier_id": node, "channel": "sms", "touchpoint": "texts",
        "kind": "text", "message": "hello", "message_version": 1, "category": "promotion", "priority": 1,
        "state": int(state), "planned": 1, "changed": 1, "vars": '{"name": "王"}', "provider_id": "p1", "due": 5,
        "journey": "j", "purpose": "marketing", "policy": 1,
    }  # fmt: skip


def test_no_row_holds_an_address_and_nothing_can_be_claimed(brand: Brand) -> None:
    ws, now = brand.world.workspace, brand.world.clock.now()
    customer, node = brand.customer(), brand.node(PHONE)
    nodes, at = brand.bearers(customer), to_micros(now)
    token = brand.token(PHONE)
    other = brand.node("13912340002")
    known = {column.name for column in sends.columns}
    rows = [send(1, customer, node, SendState.QUEUED), send(2, customer, node, SendState.DELIVERED),
            send(3, brand.customer("u2"), other, SendState.QUEUED),
            # Nobody can tell whether this one went out: that stays so.
            {**send(4, customer, node, SendState.RETRY), "reason": "unknown"},
            {**send(5, customer, node, SendState.RETRY), "reason": "transient"}]  # fmt: skip
    with ws.state.write() as connection:
        for row in rows:
            connection.execute(insert(sends).values(**{name: one for name, one in row.items() if name in known}))
        tried = {"send_id": 2, "number": 1, "at": 1, "state": "sent", "provider_id": "p1", "detail": f"to {PHONE}"}
        connection.execute(insert(send_attempts).values(**tried))
        link = NewLink("https://brand.example/a", "texts", "sms", ("phone", "", f"+86{PHONE}"))
        make(connection, [link], now, lifetime=timedelta(days=1))
        gone = forget_addresses(connection, nodes, at)
        again = forget_addresses(connection, nodes, at)
    assert (gone.sends, gone.cancelled, gone.pages) == (4, 2, 1) and (again.cancelled, again.pages) == (0, 0)
    with ws.state.read() as connection:
        kept = {row.send_id: row for row in connection.execute(select(sends))}
        assert {number: row.state for number, row in kept.items()} == {
            1: SendState.CANCELLED, 2: SendState.DELIVERED, 3: SendState.QUEUED, 4: SendState.UNKNOWN,
            5: SendState.CANCELLED,
        }  # fmt: skip
        assert [(kept[one].reason, kept[one].due, kept[one].concluded) for one in (4, 5)] == [
            ("unknown", None, at), ("erased", None, at),
        ]  # fmt: skip
        assert kept[1].reason == "erased" and kept[2].vars is None and kept[2].provider_id is None
        assert kept[1].identifier_id is None and kept[3].identifier_id == other and kept[3].vars
        assert connection.execute(select(send_attempts.c.detail)).scalar_one() == ""
        assert connection.execute(select(short_links)).all() == []
        assert ledger.history(connection, nodes), "what was said stays as proof"
    assert brand.told("service", "sms", category="transactional") == (True, "erased")
    assert brand.desk.view(token) is None and brand.told("service", "sms", who="u2")[1] == ""
