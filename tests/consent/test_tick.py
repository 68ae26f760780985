"""Consent through the worker: folded with the tick, once, whatever crashes, merges, splits or is built again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from tests.clients.server import running_collector

from onepool.clock import to_micros
from onepool.collect.accounts import Accounts
from onepool.collect.log import SqliteLog
from onepool.collect.preference_words import Choice, stated
from onepool.privacy.consents import ledger, stops
from onepool.privacy.consents.stops import Stop
from onepool.reach import suppression
from onepool.reach.withdrawals import Withdrawals
from onepool.rebuild import build, content_hashes
from onepool.state.consents import consent_ledger, consent_states
from onepool.state.outbox import suppressions
from onepool.verify import verify

from .conftest import EMAIL, PHONE, Brand


def word(name: str, who: str = "u1", **properties: Any) -> dict[str, Any]:
    return {"event": name, "userId": who, "properties": properties}


def rows(brand: Brand, table: Any) -> list[Any]:
    with brand.world.workspace.state.read() as connection:
        assert ledger.differences(connection) == 0
        return [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]


def member(brand: Brand, segment: str) -> bool:
    found = brand.world.rows("SELECT 1 FROM segment_members WHERE segment = $s AND customer_id = $c", s=segment,
                             c=brand.customer())  # fmt: skip
    return bool(found)


def test_segments_and_the_claim_say_the_same_with_every_word(brand: Brand) -> None:
    world = brand.world
    asked = {"may_sms": {"purpose": "marketing", "channel": "sms"},
             "may_promote": {"purpose": "marketing", "channel": "sms", "category": "promotion"}}  # fmt: skip
    for name, consent in asked.items():
        world.define("segment", name, title=name, condition={"consent": consent})
    steps = [
        word("consent_withdrawn", purpose="marketing", category="promotion", for_channel="sms"),
        word("consent_granted", purpose="marketing", category="promotion"),
        word("opted_out", message_channel="短信", method="reply", reason="TD"),
        word("opted_in", message_channel="sms"),
        word("consent_withdrawn"),
        word("consent_granted", purpose="service, marketing"),
        word("consent_withdrawn", purpose="marketing", category="service"),
        word("opted_out", message_channel="sms", template_id="T1"),
    ]
    seen = set()
    for step in steps:
        world.send(step)
        world.settle()
        here = brand.told("marketing", "sms", category="")[0], brand.told("marketing", "sms")[0]
        assert here == (member(brand, "may_sms"), member(brand, "may_promote")), step
        seen.add(here)
    assert len(seen) == 3
    world.restart()
    found = {one.check: one for one in verify(world.workspace)}
    assert [one.difference for one in found.values() if one.difference] == []
    assert found["consent"].compared == "9 words"
    with world.workspace.state.write() as connection:
        connection.execute(consent_states.delete().where(consent_states.c.purpose == "service"))
    found = {one.check: one for one in verify(world.workspace)}
    assert found["consent"].difference == "states that are not what the ledger says: 1"


def test_a_late_word_and_a_repeated_one_change_nothing(brand: Brand) -> None:
    world = brand.world
    now = world.clock.now()
    late = word("consent_withdrawn", purpose="marketing") | {"timestamp": (now - timedelta(days=1)).isoformat()}
    world.send(late)
    world.send(word("consent_granted", purpose="marketing") | {"messageId": "m2"})  # an id that was there before
    before = len(rows(brand, consent_ledger))
    world.settle()
    assert brand.told("marketing", "sms")[0], "the yes is later, though the no came after it"
    assert len(rows(brand, consent_ledger)) == before + 1


def test_one_word_holds_for_the_person_after_a_merge_and_a_split(brand: Brand) -> None:
    world = brand.world
    assert not brand.told("marketing", "sms", who="u2")[0]
    world.send({"event": "signed_in", "userId": "u1", "properties": {"phone": "13912340002"}})
    world.settle()
    same = brand.customer("u1") == brand.customer("u2")
    assert brand.told("marketing", "sms", who="u2")[0] == same


def test_crashes_and_rebuilds_fold_each_word_once(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    world = brand.world
    world.send(word("consent_withdrawn", purpose="marketing", for_channel="sms"), word("opted_out", "u2",
               message_channel="sms"))  # fmt: skip
    real = world.worker.__class__._commit

    class Crash(Exception):
        """The process ends between the commit of the state and that of the pool."""

    def cut(*given: Any, **named: Any) -> None:
        real(*given, **named)
        raise Crash

    monkeypatch.setattr(world.worker.__class__, "_commit", cut)
    with pytest.raises(Crash):
        world.worker._step()
    monkeypatch.setattr(world.worker.__class__, "_commit", real)
    kept = rows(brand, consent_ledger)
    world.restart()
    world.settle()
    assert rows(brand, consent_ledger) == kept and brand.told("marketing", "sms") == (False, "")
    states = rows(brand, consent_states)
    path = world.root / "again.duckdb"
    hashes = content_hashes(world.workspace.pool)
    build(world.workspace, path)
    fresh = world.workspace.open_pool(path)
    try:
        assert content_hashes(fresh) == hashes
    finally:
        fresh.close()
    assert rows(brand, consent_ledger) == kept and rows(brand, consent_states) == states


def test_a_stop_is_lifted_by_its_own_record_only(brand: Brand) -> None:
    world = brand.world
    ws, node = world.workspace, brand.node(PHONE)
    choices = [Choice(False, "marketing", "sms")]
    (offset,) = ws.log.append([stated(("phone", "", f"+86{PHONE}"), choices, world.clock.now(), method="api")])
    at = to_micros(world.clock.now())
    with ws.state.write() as connection:
        stops.stop(connection, [Stop(node, "marketing", "", "sms")], offset=offset, source="test", at=at)
        stops.stop(connection, [Stop(node, "service", "", "sms")], offset=offset + 1_000, source="test", at=at)
    world.settle()
    assert brand.told("marketing", "sms") == (False, "") and brand.told("service", "sms") == (True, "opted_out")
    with ws.state.write() as connection:  # a stop that comes after its record was taken in is none
        stops.stop(connection, [Stop(node, "marketing", "", "sms")], offset=offset, source="test", at=at)
        assert len(suppression.entries(connection, nodes=[node], live_at=at)) == 1


def test_a_withdrawal_dated_ahead_holds_at_once(brand: Brand) -> None:
    """By a sender's clock that is fast: conditions wait for its time, messages do not go out meanwhile."""
    world = brand.world
    when = (world.clock.now() + timedelta(minutes=5)).isoformat()
    world.send(word("consent_withdrawn", purpose="marketing", for_channel="sms") | {"timestamp": when})
    world.settle()
    assert brand.told("marketing", "sms") == (True, "opted_out") and brand.told("service", "sms") == (True, "")
    world.clock.advance(timedelta(minutes=6))
    assert brand.told("marketing", "sms") == (False, "")


def receipt(brand: Brand, name: str, hours: float, **properties: Any) -> None:
    """A report about the customer's phone number."""
    when = (brand.world.clock.now() + timedelta(hours=hours)).isoformat()
    number = {"context": {"externalIds": [{"id": PHONE, "type": "phone", "collection": "users"}]}}
    told = {"event": name, "timestamp": when, "properties": {"message_channel": "sms", **properties}}
    brand.world.send(told | number)
    brand.world.settle()


def live(brand: Brand) -> list[tuple[str, str]]:
    with brand.world.workspace.state.read() as connection:
        at = to_micros(brand.world.clock.now())
        return [(one.reason, one.channel) for one in suppression.entries(connection, live_at=at)]


def test_dead_numbers_and_complaints_come_on_the_list_and_off_again(brand: Brand) -> None:
    receipt(brand, "message_failed", -5, failure_reason="transient")
    assert live(brand) == []
    for _ in range(2):
        receipt(brand, "message_failed", -4, failure_reason="bad_address")
    assert live(brand) == [("dead_number", "sms")]
    receipt(brand, "message_delivered", -6)
    assert live(brand) == [("dead_number", "sms")], "it arrived before that"
    receipt(brand, "message_delivered", -3)
    assert live(brand) == []
    receipt(brand, "opted_out", -2, method="complaint")
    assert live(brand) == [("complaint", "sms")]
    receipt(brand, "opted_in", -1)
    assert live(brand) == []
    with brand.world.workspace.state.read() as connection:
        assert len(connection.execute(select(suppressions)).all()) == 2, "nothing is deleted"


def test_an_erased_customer_gets_nothing_at_all(brand: Brand) -> None:
    token = brand.token(EMAIL)
    brand.world.send(word("customer_erased"))
    brand.world.settle()
    assert brand.desk.view(token) is None, "by any identifier of theirs"
    for category in ("promotion", "transactional"):
        assert brand.told("service", "sms", category=category)[1] == "erased"
    assert brand.told("service", "sms", who="u2")[1] == ""


@contextlib.contextmanager
def collecting(brand: Brand) -> Iterator[httpx.Client]:
    ws = brand.world.workspace
    known = ws.touchpoints()
    told = Withdrawals(lambda: ws.state, brand.world.clock, lambda name: known[name].channel if name in known else None)
    with (
        running_collector(
            brand.world.root, log=SqliteLog(ws.data / "log.sqlite"), clock=brand.world.clock,
            touchpoints=list(known.values()), accounts=Accounts(ws.data, None), opt_outs=told,
        ) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
    ):  # fmt: skip
        yield client


@pytest.mark.parametrize("said", ["TD", " ｔ ", "退订", "R", "N"])
def test_a_reply_keeps_messages_back_before_it_is_answered(
    brand: Brand, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMS_SECRET", "a-secret-that-is-long-enough")
    reply = [{"phone_number": PHONE, "content": said, "send_time": "2026-03-01 12:00:00", "sequence_id": 7}]
    with collecting(brand) as client:
        answer = client.post("/hooks/texts/a-secret-that-is-long-enough", json=reply)
        assert answer.status_code == 200, answer.text
        assert brand.told("marketing", "sms") == (True, "opted_out") and brand.told("marketing", "email") == (True, "")
        talk = [reply[0] | {"content": "谢谢", "phone_number": "13912340002", "sequence_id": 8}]
        assert client.post("/hooks/texts/a-secret-that-is-long-enough", json=talk).status_code == 200
        assert brand.told("marketing", "sms", who="u2")[1] == ""
    brand.world.settle()
    assert brand.told("marketing", "sms") == (False, "") and brand.told("service", "email")[0]


def test_one_click_in_a_mail_keeps_mails_back_before_it_is_answered(
    brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onepool.channels.email.tokens import Token, seal

    monkeypatch.setenv("MAIL_SECRET", "another-secret-that-is-long-enough")
    settings = {"tracking_secret": "env:MAIL_SECRET", "public_url": "https://brand.example"}
    brand.world.define("touchpoint", "mails", channel="email", title="mails", settings=settings)
    brand.world.settle()
    token = seal(Token(EMAIL, "m1@x"), "unsubscribe", "another-secret-that-is-long-enough", 1)
    with collecting(brand) as client:
        assert client.get(f"/hooks/mails/unsubscribe/{token}").status_code == 200
        assert brand.told("marketing", "email")[1] == "", "asking is not doing"
        answer = client.post(f"/hooks/mails/unsubscribe/{token}", content="List-Unsubscribe=One-Click")
        assert answer.status_code == 200
        assert brand.told("marketing", "email")[1] == "opted_out" and brand.told("marketing", "sms")[1] == ""
    brand.world.settle()
    assert brand.told("marketing", "email") == (False, "")
