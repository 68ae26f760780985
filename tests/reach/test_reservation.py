"""Caps are reserved when messages are claimed: they hold however many claim at once, on both engines of the state."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from onepool.channels.base import Receipt
from onepool.reach.claim import Claimer
from onepool.reach.contents import Contents
from onepool.reach.policies import Policies
from onepool.reach.rules import DAY, Cap, SendPolicy
from onepool.reach.states import COUNTED, SendState
from onepool.reach.world import Worlds
from onepool.state.outbox import sends

from .outbox import Outbox, make

PEOPLE = [f"p{number}" for number in range(12)]


@pytest.fixture
def crowd(tmp_path: Path, state_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outbox]:
    monkeypatch.setenv("S", "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR")
    made = make(tmp_path / "ws", state_url)
    for name in PEOPLE:
        made.person(name, "oa", "sms")
    made.settle()
    yield made
    made.close()


def claim_all(crowd: Outbox, seed: int) -> list[int]:
    """Eight claimers at once, each taking a few at a time over both accounts. Returns what was claimed."""
    ws = crowd.workspace
    policy = Policies(ws).now()[0]
    touchpoints = ws.touchpoints()
    found: list[int] = []
    faults: list[BaseException] = []
    start = threading.Barrier(8)

    def work(number: int) -> None:
        rng = random.Random(seed * 100 + number)
        claimer = Claimer(f"c{number}", Contents(ws), None, ws.settings.zone)
        worlds = Worlds(ws)
        start.wait()
        try:
            for _ in range(6):
                over = touchpoints[rng.choice(("oa", "sms"))]
                with ws.pool.read() as session, ws.state.read() as connection:
                    world = worlds.over(session, connection)
                    claimed = claimer.claim(session, world, ws.state, over, policy, crowd.now, rng.randint(1, 9))
                found.extend(one.send_id for one in claimed)
        except BaseException as error:  # noqa: BLE001 told by the test
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert faults == []
    return found


@pytest.mark.parametrize("scope", ["all", "category", "channel", "journey"])
def test_no_customer_gets_more_than_the_cap(crowd: Outbox, scope: str) -> None:
    policy = SendPolicy(caps=(Cap(2, 7 * DAY, scope, "skip"),))  # type: ignore[arg-type]
    for visit in range(3):
        for over, journey in (("oa", "a"), ("oa", "b"), ("sms", "a")):
            crowd.plan(PEOPLE, over, policy, journey=journey, visit=visit)
    claimed = claim_all(crowd, len(scope))
    assert len(claimed) == len(set(claimed))
    with crowd.workspace.state.read() as connection:
        rows = connection.execute(select(sends)).all()
    counted = [row for row in rows if row.state in COUNTED]
    assert {row.send_id for row in counted} == set(claimed)
    groups = {
        "all": lambda row: row.customer_id,
        "category": lambda row: (row.customer_id, row.category),
        "channel": lambda row: (row.customer_id, row.channel),
        "journey": lambda row: (row.customer_id, row.journey),
    }
    most = Counter(map(groups[scope], counted))
    assert most and max(most.values()) <= 2
    refused = {row.reason for row in rows if row.state == SendState.SUPPRESSED}
    assert refused <= {"capped"}


def test_a_message_that_failed_gives_its_place_back(crowd: Outbox) -> None:
    policy = SendPolicy(caps=(Cap(1, 7 * DAY, "all", "skip"),))
    (first,) = crowd.plan(["p0"], "oa", policy, visit=0)
    crowd.platform.answer = lambda message: Receipt("refused", "not_follower")
    crowd.senders.step()
    assert crowd.state(first) == ("FAILED", "not_follower")
    crowd.platform.answer = lambda message: Receipt("sent", provider_id=message.key)
    (second,) = crowd.plan(["p0"], "sms", policy, visit=1)
    (third,) = crowd.plan(["p0"], "oa", policy, visit=2)
    crowd.senders.step()
    assert sorted(crowd.state(one) for one in (second, third)) == [("ACCEPTED", None), ("SUPPRESSED", "capped")]
