"""Invariants of journeys at the gate and at the claim: P1, P4, P5, P7, P9, P16. See test_properties.py for all."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journeys.drawing_logs import ZONES
from tests.journeys.memory import FakeGate
from tests.journeys.naive_gate import closed, first_open
from tests.postgres import postgres_server as postgres_server
from tests.reach.outbox import Outbox, calls_done, make

from onepool.channels.base import Receipt
from onepool.clock import from_micros, to_micros
from onepool.identity import decisions
from onepool.journeys import model, store
from onepool.reach.gate import PLANNED, gate
from onepool.reach.rules import Cap, ContactPolicy, Quiet, SendPolicy
from onepool.reach.senders import Senders
from onepool.reach.states import SendState

MINUTE = 60_000_000
HOUR = 60 * MINUTE
CUSTOMER = 1008
"""One who can be reached and agrees (see tests/journeys/memory.py)."""


@pytest.fixture(params=["sqlite", "postgres"])
def outbox(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outbox]:
    monkeypatch.setenv("S", "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR")
    url = None
    if request.param == "postgres":
        fresh: Callable[[], str] = request.getfixturevalue("postgres_server")
        url = fresh()
    made = make(tmp_path / "ws", url)
    yield made
    made.close()


def together(outbox: Outbox, count: int) -> None:
    """So many senders at once, each with its own claims, until nothing is left."""
    senders = [Senders(outbox.workspace, connections=outbox.platform, threads=1) for _ in range(count)]  # type: ignore[arg-type]
    faults: list[BaseException] = []

    def work(one: Senders) -> None:
        try:
            for _ in range(3):
                one.step()
        except BaseException as error:  # noqa: BLE001 told below
            faults.append(error)

    threads = [threading.Thread(target=work, args=(one,)) for one in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in senders:
        one.close()
    assert faults == []


def test_p1_p4_one_call_a_key_and_no_cap_broken_by_eight_senders(outbox: Outbox) -> None:
    """Three messages to each of eight people, of which a day and category take one; over two channels."""
    people = [f"p{number}" for number in range(8)]
    for one in people:
        outbox.person(one, "oa", "sms")
    outbox.settle()
    policy = SendPolicy(caps=(Cap(1, None, "category", "skip"), Cap(2, 7 * 24 * HOUR, "all", "skip")))
    numbers = [
        number
        for visit, over in enumerate(("oa", "sms", "oa"))
        for number in outbox.plan(people, over, policy, visit=visit, journey=f"j{visit}")
    ]
    together(outbox, 8)
    assert max(Counter(message.key for _, message in outbox.platform.calls).values()) == 1
    reached = Counter(outbox.row(number).customer_id for number in numbers if outbox.state(number)[0] == "ACCEPTED")
    assert len(reached) == len(people)
    assert set(reached.values()) == {1}
    assert {outbox.state(number) for number in numbers} == {("ACCEPTED", None), ("SUPPRESSED", "capped")}


@pytest.mark.parametrize("seed", range(3))
def test_p4_caps_add_when_people_turn_out_to_be_one(outbox: Outbox, seed: int) -> None:
    """Drawn: who of eight people was sent something before, who is one with whom, what waits while they are merged.
    Then eight senders at once: after the merge nobody gets more than the cap, what he got as another one included."""
    chance = random.Random(seed)
    people = [f"p{number}" for number in range(8)]
    nodes = {"n": {"do": "wait", "for": "1 day", "next": "z"}, "z": {"do": "end", "as": "completed"}}
    body = {"journey": "live", "entry": {"did": "app_opened"}, "max_life": "2 days", "start": "n", "nodes": nodes}
    outbox.workspace.save("journey", "live", body, author="test")
    store.publish(outbox.workspace, outbox.workspace.clock, "live", author="test", may_approve=True)
    for one in people:
        outbox.person(one, "oa", "sms")
    outbox.settle()
    policy = SendPolicy(caps=(Cap(2, 7 * 24 * HOUR, "category", "skip"),))
    before = [name for name in people if chance.random() < 0.6]
    numbers = outbox.plan(before, "oa", policy, visit=0)
    outbox.senders.step()
    calls_done(outbox.senders)
    sent = {outbox.row(number).send_id for number in numbers if outbox.state(number)[0] == "ACCEPTED"}
    assert len(sent) == len(before)
    waiting = [number for visit in (1, 2) for number in outbox.plan(people, "sms", policy, visit=visit)]
    sides = {}
    for name in people:
        found = outbox.workspace.pool.query(
            "SELECT identifier_id FROM customer_of WHERE customer_id = $who", {"who": outbox.customer(name)}
        )
        ids = tuple(found.column("identifier_id").to_pylist())
        sides[name] = decisions.Side(outbox.customer(name), ids)
    chance.shuffle(people)
    state, clock = outbox.workspace.state, outbox.workspace.clock
    for one, other in ((people[0], people[1]), (people[2], people[3]), (people[4], people[5])):
        decisions.merge(state, clock, sides[one], sides[other], author="test")
    outbox.settle()
    assert len({outbox.customer(name) for name in people}) == 5
    together(outbox, 8)
    assert max(Counter(message.key for _, message in outbox.platform.calls).values()) == 1
    reached = Counter(
        outbox.row(number).customer_id for number in [*numbers, *waiting] if outbox.state(number)[0] == "ACCEPTED"
    )
    assert set(reached) == {outbox.customer(name) for name in people}
    assert set(reached.values()) == {2}, reached
    refused = [number for number in waiting if outbox.state(number) == ("SUPPRESSED", "capped")]
    assert len(refused) == len(numbers) + len(waiting) - 2 * len(reached)


def test_p4_what_may_be_out_already_counts_until_it_is_called_again(outbox: Outbox) -> None:
    """The sender dies with the call; before the resend is due, another message of the day must not pass the cap."""
    outbox.person("an", "oa", "sms")
    outbox.settle()
    policy = SendPolicy(caps=(Cap(1, None, "category", "skip"),), unknown="resend")
    (first,) = outbox.plan(["an"], "oa", policy)
    outbox.platform.answer = lambda message: Receipt("unknown", "unknown")
    outbox.senders.step()
    assert outbox.state(first) == ("RETRY", "unknown")
    outbox.platform.answer = lambda message: Receipt("sent", provider_id="p")
    (other,) = outbox.plan(["an"], "sms", policy, journey="other")
    outbox.senders.step()
    assert outbox.state(other) == ("SUPPRESSED", "capped")
    outbox.clock.advance(timedelta(minutes=2))
    outbox.senders.step()
    assert outbox.state(first) == ("ACCEPTED", None)
    assert [touchpoint for touchpoint, _ in outbox.platform.calls] == ["oa", "oa"]


def test_p1_a_resend_that_has_to_wait_is_none(outbox: Outbox) -> None:
    """Platforms know a message again for minutes: what may be out in the evening does not go out again at nine."""
    outbox.person("an", "oa")
    outbox.settle()
    outbox.clock.advance(timedelta(hours=9, minutes=59, seconds=30))
    policy = SendPolicy(quiet=Quiet(22 * 60, 9 * 60), unknown="resend")
    (number,) = outbox.plan(["an"], "oa", policy, expires=outbox.now + 40 * HOUR)
    outbox.platform.answer = lambda message: Receipt("unknown", "unknown")
    outbox.senders.step()
    outbox.clock.advance(timedelta(minutes=5))
    for _ in range(30):
        outbox.senders.step()
        outbox.clock.advance(timedelta(minutes=30))
    assert outbox.state(number) == ("UNKNOWN", "unknown")
    assert len(outbox.platform.calls) == 1


# ------------------------------------------------------------------------------------------------------------ P5, P7

clocks = st.integers(0, 1439)
instants = st.one_of(
    st.integers(to_micros(datetime(2025, 1, 1, tzinfo=UTC)), to_micros(datetime(2027, 12, 31, tzinfo=UTC))),
    # Around changes of clocks, to the minute.
    st.builds(
        lambda day, minute: to_micros(datetime(*day, tzinfo=UTC)) + minute * MINUTE,
        st.sampled_from([(2026, 3, 8), (2026, 3, 29), (2026, 10, 25), (2026, 11, 1), (2026, 4, 5), (2026, 10, 4)]),
        st.integers(-600, 1500),
    ),
)


def decided(at: int, zone: str, quiet: Quiet, *, send: int = 7, planned: int | None = None, expires: int) -> Any:
    given: dict[str, Any] = {
        "send_id": send, "customer_id": CUSTOMER, "channel": "wechat_oa", "kind": "template", "journey": "j",
        "category": "promotion", "policy": 0, "planned": at if planned is None else planned, "expires": expires,
    }  # fmt: skip
    table = pa.table([pa.array([given.get(one.name)], one.type) for one in PLANNED], schema=PLANNED)
    world = FakeGate(ContactPolicy(), {CUSTOMER: zone}, list)
    [row] = gate(table, [SendPolicy(quiet=quiet)], world, at).to_pylist()
    return row


@settings(max_examples=300, deadline=None)
@given(instants, st.sampled_from(ZONES), clocks, clocks, st.integers(1, 96), st.integers(0, 2**62))
def test_p5_p7_nothing_in_quiet_hours_and_what_waits_goes_at_the_first_open_minute_or_never(
    at: int, zone: str, start: int, end: int, hours: int, send: int
) -> None:
    """Zones of the whole world, over changes of clocks and midnight; beside a search minute by minute."""
    quiet = Quiet(start, end)
    said = model.Quiet.model_validate({"from": _clock(start), "to": _clock(end)})
    expires = at + hours * HOUR
    row = decided(at, zone, quiet, send=send, expires=expires)
    first = first_open(at, said, ZoneInfo(zone))
    if first > expires:
        assert (row["state"], row["reason"]) == (SendState.SUPPRESSED, "expired")
        return
    assert row["state"] == (SendState.QUEUED if first == at else SendState.DEFERRED)
    due = row["due"]
    assert not closed(due, said, ZoneInfo(zone))
    # Spread over ten minutes where these are open, else at the very minute.
    assert first <= due < first + 10 * MINUTE if due != first else due == first
    assert due <= expires
    # When its time has come it goes, and when its time is over it does not.
    assert decided(due, zone, quiet, send=send, planned=at, expires=expires)["state"] in (
        (SendState.QUEUED,) if due < expires else (SendState.SUPPRESSED,)
    )
    late = decided(expires, zone, quiet, send=send, planned=at, expires=expires)
    assert (late["state"], late["reason"]) == (SendState.SUPPRESSED, "expired")


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def test_p7_a_deferred_message_goes_once_when_the_hours_open(outbox: Outbox) -> None:
    """By the clock of the claim: at night nothing, from nine on everything, and once."""
    outbox.person("an", "oa")
    outbox.settle()
    outbox.clock.advance(timedelta(hours=11))
    policy = SendPolicy(quiet=Quiet(22 * 60, 9 * 60))
    (number,) = outbox.plan(["an"], "oa", policy, expires=outbox.now + 20 * HOUR)
    (short,) = outbox.plan(["an"], "oa", policy, journey="short", expires=outbox.now + HOUR)
    assert outbox.state(number)[0] == "DEFERRED"
    assert outbox.state(short) == ("SUPPRESSED", "expired")
    sent = []
    for _ in range(26):
        outbox.clock.advance(timedelta(minutes=30))
        outbox.senders.step()
        if outbox.platform.calls and not sent:
            sent.append(from_micros(outbox.now).astimezone(ZoneInfo("Asia/Shanghai")))
    assert len(outbox.platform.calls) == 1
    assert (sent[0].hour, sent[0].minute) in ((9, 0), (9, 30))


# ---------------------------------------------------------------------------------------------------------------- P9


def test_p9_no_claim_after_a_withdrawal_in_any_order(outbox: Outbox) -> None:
    """Plans, withdrawals and senders in a random order; whose word came first gets nothing, whose came later got it."""
    people = [f"p{number}" for number in range(9)]
    for one in people:
        outbox.person(one, "oa")
    outbox.settle()
    chance = random.Random(5)
    withdrawn: dict[int, int] = {}
    numbers: dict[int, int] = {}
    for _ in range(14):
        who = chance.choice(people)
        customer = outbox.customer(who)
        match chance.randint(0, 2):
            case 0:
                (number,) = outbox.plan([who], "oa", visit=len(numbers), journey=f"j{len(numbers)}")
                numbers[number] = customer
            case 1:
                outbox.event("shop", "consent_withdrawn", {"user_id": who}, purpose="marketing")
                withdrawn.setdefault(customer, outbox.now)
                outbox.settle()
            case _:
                outbox.senders.step()
        outbox.clock.advance(timedelta(seconds=30))
    outbox.senders.step()
    assert withdrawn and numbers
    for number, customer in numbers.items():
        row = outbox.row(number)
        if row.claimed is not None:
            assert row.claimed < withdrawn.get(customer, 2**62)
        else:
            assert outbox.state(number) == ("SUPPRESSED", "no_consent")


# --------------------------------------------------------------------------------------------------------------- P16


def test_p16_no_claim_for_who_was_erased_and_no_address_in_the_outbox(outbox: Outbox) -> None:
    outbox.person("an", "sms")
    outbox.settle()
    (number,) = outbox.plan(["an"], "sms")
    outbox.event("shop", "customer_erased", {"user_id": "an"})
    outbox.settle()
    outbox.senders.step()
    assert outbox.platform.calls == []
    assert outbox.state(number)[0] in ("SUPPRESSED", "CANCELLED")
    kept = [str(value) for value in outbox.row(number)]
    assert not [value for value in kept if "+86138" in value]
