"""Back-tests: what they say of the past is what really happened there, and nothing of it is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select
from tests.journeys.story import Story, open_story

from onepool.audience.catalog import load_catalog
from onepool.channels.base import Message, Receipt
from onepool.clock import to_micros
from onepool.journeys.backtest.outbox import Fates
from onepool.journeys.backtest.run import backtest
from onepool.journeys.backtest.told import paths
from onepool.journeys.backtest.types import HOUR, Asked, Assumed, Outcome, Stopped
from onepool.reach.messages.around import wording_of
from onepool.reach.states import SendState
from onepool.state.coupons import coupon_codes
from onepool.state.journeys import journey_requests, journey_ticks, runs
from onepool.state.outbox import sends

ITEM = [{"product_id": "MY0003", "quantity": 1, "price": 129}]
PEOPLE = {"ann": ("oa", "sms"), "bob": ("wecom",), "cat": ("sms",), "dan": ("oa",), "eve": (), "fay": ("oa", "sms")}
LATE = timedelta(hours=6, minutes=20)
"""Platforms answer when the story's clock gets to them, which it moves by six hours at most."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Story, datetime]]:
    """Ten days of the cart story."""
    story = open_story(tmp_path_factory.mktemp("lived") / "brand")
    story.publish("cart_recall")

    def answer(message: Message) -> Receipt:
        return Receipt("sent", provider_id=f"p{message.key}")

    story.platform.answer = answer
    for who, over in PEOPLE.items():
        story.person(who, *over)
    story.on(minutes=1)
    start = story.clock.now()
    for who in PEOPLE:
        story.cart(who)
    story.on(minutes=10)
    story.event("mini", "dan", "order_paid", order_id="O-1", amount=129, items=ITEM)
    story.on(minutes=25)
    story.on(hours=2)
    story.event("mini", "fay", "coupon_redeemed", coupon_code=story.code("fay"), order_id="O-2")
    story.on(minutes=5)
    # In the evening, so that the reminder meets the quiet hours three days later.
    story.on(hours=8)
    story.cart("ann")
    story.person("gil", "sms")
    story.on(minutes=1)
    story.cart("gil")
    for _ in range(16):
        story.on(hours=6)
    yield story, start
    story.close()


def asked(story: Story, start: datetime, **changes: Any) -> Asked:
    body = story.ws.definitions.get("journey", "cart_recall")
    assert body is not None
    given: dict[str, Any] = {
        "body": body.body, "start": to_micros(start), "end": to_micros(story.clock.now()), "paths": True,
    }  # fmt: skip
    return Asked(**(given | changes))


def run(story: Story, one: Asked) -> Outcome:
    return backtest(story.ws, load_catalog(story.ws).context, one)


def real_steps(story: Story) -> dict[int, list[tuple[Any, ...]]]:
    rows = story.ws.pool.query('SELECT run_id, seq, node, edge, "at", detail FROM journey_steps ORDER BY run_id, seq')
    return by_run(rows.to_pylist())


def by_run(rows: list[dict[str, Any]]) -> dict[int, list[tuple[Any, ...]]]:
    found: dict[int, list[tuple[Any, ...]]] = {}
    for row in sorted(rows, key=lambda one: (one["run_id"], one["seq"])):
        found.setdefault(row["run_id"], []).append((row["node"], row["edge"], row["detail"], row["at"]))
    return found


def test_the_past_again(lived: tuple[Story, datetime]) -> None:
    story, start = lived
    outcome = run(story, asked(story, start))
    assert outcome.steps is not None
    mine, real = by_run(outcome.steps.to_pylist()), real_steps(story)
    assert set(mine) == set(real) and len(real) >= 8, "the same runs, under the same numbers, and the same refusals"
    for run_id, steps in real.items():
        assert [one[:3] for one in mine[run_id]] == [one[:3] for one in steps]
        for ours, theirs in zip(mine[run_id], steps, strict=True):
            assert abs(ours[3] - theirs[3]) <= LATE / timedelta(microseconds=1), (ours, theirs)
    with story.ws.state.read() as connection:
        rows = connection.execute(select(sends)).all()
        kept = {row.run_id: (row.state, row.reason) for row in connection.execute(select(runs))}
    ours = {row["send_id"]: row for row in outcome.sends.to_pylist()}
    assert set(ours) == {row.send_id for row in rows}
    for row in rows:
        accepted = SendState.ACCEPTED <= row.state <= SendState.CLICKED
        assert (ours[row.send_id]["state"] == SendState.ACCEPTED) == accepted, (row, ours[row.send_id])
        assert ours[row.send_id]["reason"] == row.reason
    assert {row["run_id"]: (row["state"], row["reason"]) for row in outcome.runs.to_pylist()} == kept
    # Some of all kinds, so that the comparison says something.
    assert {"goal", "completed", "unreachable"} <= {one[1] for one in kept.values()}
    assert "not_qualified" in {step[1] for steps in mine.values() for step in steps}
    assert {row["reason"] for row in ours.values()} >= {"not_follower", "not_friend", "bad_address", None}


def test_nothing_is_written(lived: tuple[Story, datetime]) -> None:
    story, start = lived

    def counts() -> list[int]:
        with story.ws.state.read() as connection:
            tables = (runs, sends, coupon_codes, journey_ticks, journey_requests)
            return [connection.execute(select(func.count()).select_from(one)).scalar_one() for one in tables]

    before, log = counts(), story.ws.log.end()
    run(story, asked(story, start))
    assert counts() == before and story.ws.log.end() == log


def test_only_some_customers(lived: tuple[Story, datetime]) -> None:
    story, start = lived
    ann, eve = story.customer("ann"), story.customer("eve")
    whole = run(story, asked(story, start))
    some = run(story, asked(story, start, customers=np.array([ann, eve], np.int64)))
    pick = ["run_id", "customer_id", "node", "state", "entered", "reason"]  # the rate's slots are others
    keep = [row for row in whole.runs.select(pick).to_pylist() if row["customer_id"] in (ann, eve)]
    assert some.runs.select(pick).to_pylist() == keep


def test_longer_steps_come_to_the_same(lived: tuple[Story, datetime]) -> None:
    story, start = lived
    exact, hourly = (run(story, asked(story, start, grid=grid)) for grid in (250_000, HOUR))
    assert exact.steps_taken > hourly.steps_taken

    def ends(outcome: Outcome) -> list[tuple[int, int, str | None]]:
        return [(row["run_id"], row["node"], row["reason"]) for row in outcome.runs.to_pylist()]

    assert ends(exact) == ends(hourly)
    pick = ["send_id", "state", "reason"]
    assert exact.sends.select(pick).sort_by("send_id") == hourly.sends.select(pick).sort_by("send_id")


def test_what_is_assumed_of_calls(lived: tuple[Story, datetime]) -> None:
    story, start = lived
    refused = {"wechat_oa": Assumed(0.0, {"refused": 1.0})}
    outcome = run(story, asked(story, start, assumed=refused))
    assert outcome.counts("sends", "reason", [SendState.FAILED]).keys() == {"refused"}
    # They fall back to the next channel that reaches them.
    went = [row for row in outcome.sends.to_pylist() if row["state"] == SendState.ACCEPTED]
    assert story.customer("ann") in {row["customer_id"] for row in went if row["channel"] == "sms" and row["hop"] == 2}
    never = {"wecom": Assumed(0.0, {"staff_timeout": 1.0})}
    outcome = run(story, asked(story, start, assumed=never))
    assert outcome.counts("sends", "reason", [SendState.FAILED]).get("staff_timeout", 0) >= 1


def test_fates_follow_the_shares() -> None:
    ids = np.arange(1, 100_001, dtype=np.int64)
    why = Fates({"sms": Assumed(0.7, {"bad_address": 0.2, "unknown": 0.05})}).of("sms", ids)
    counted = {reason: int((why == reason).sum()) / ids.size for reason in ("bad_address", "unknown", "refused")}
    assert counted == {
        "bad_address": pytest.approx(0.2, abs=0.01), "unknown": pytest.approx(0.05, abs=0.01),
        "refused": pytest.approx(0.05, abs=0.01),
    }  # fmt: skip
    assert (Fates({}).of("sms", ids) == None).all()  # noqa: E711 elementwise


def test_paths_in_words(lived: tuple[Story, datetime]) -> None:
    story, start = lived
    customers = np.unique(np.array([story.customer(who) for who in ("ann", "dan", "eve")], np.int64))
    one = asked(story, start, customers=customers)
    ctx = load_catalog(story.ws).context
    outcome = backtest(story.ws, ctx, one)
    with story.ws.pool.read() as session, story.ws.state.read() as connection:
        found = paths(session, connection, ctx, outcome, one, wording_of(story.ws.settings), base="https://p.example")
    of = {path.customer_id: path for path in found if path.run_id is not None}
    sent = [step.send for step in of[story.customer("ann")].steps if step.send is not None]
    assert sent[0].channel == "wechat_oa" and sent[0].state == "accepted"
    assert sent[0].text is not None and "云柔纸尿裤" in sent[0].text
    assert story.code("ann") in sent[0].text, "codes that were given out are the same"
    [dan] = [path for path in found if path.customer_id == story.customer("dan")]
    assert dan.run_id is None and dan.not_entered is not None
    assert dan.not_entered["en"] == "what it was held for happened in time"
    reasons = [step.send.reason for step in of[story.customer("eve")].steps if step.send is not None]
    assert reasons == ["not_follower", "not_friend", "bad_address"]
    again = [path for path in found if path.customer_id == story.customer("ann")]
    assert len(again) == 1, "the second cart was refused"


def test_who_did_not_enter_is_told_why(lived: tuple[Story, datetime]) -> None:
    story, start = lived
    body = asked(story, start).body
    entry = {**body["entry"], "where": {"product_id": {"is": "MY0001"}}}
    nobody = asked(story, start, body={**body, "entry": entry}, customers=np.array([story.customer("ann")], np.int64))
    entry = {**body["entry"], "did": "coupon_received"}
    never = asked(story, start, body={**body, "entry": entry}, customers=np.array([story.customer("ann")], np.int64))
    ctx = load_catalog(story.ws).context
    for one, zh in ((nobody, "事件不符合条件：商品编号"), (never, "期间没有发生「领取优惠券」")):
        outcome = backtest(story.ws, ctx, one)
        with story.ws.pool.read() as session, story.ws.state.read() as connection:
            (path,) = paths(session, connection, ctx, outcome, one, wording_of(story.ws.settings))
        assert path.entered is None and path.not_entered is not None
        assert path.not_entered["zh"] == zh


def test_stopping(lived: tuple[Story, datetime]) -> None:
    story, start = lived
    seen: list[int] = []

    def progress(at: int) -> None:
        seen.append(at)
        if len(seen) == 2:
            raise Stopped

    with pytest.raises(Stopped):
        backtest(story.ws, load_catalog(story.ws).context, asked(story, start), progress)
    assert len(seen) == 2 and seen == sorted(seen)


def test_quiet_hours_as_of_each_message(tmp_path: Path) -> None:
    """A step of a day does not put all its messages at its end: each is judged when its run came to it."""
    story = open_story(tmp_path / "brand")
    story.person("ann", "oa")
    story.on(minutes=1)
    start = story.clock.now()
    story.cart("ann")
    story.on(hours=11)
    story.person("bea", "oa")
    story.on(minutes=1)
    story.cart("bea")  # at eleven in the evening
    story.on(hours=30)
    day = asked(story, start, grid=24 * HOUR)
    outcome = run(story, day)
    put_off = {row["customer_id"]: row["put_off"] for row in outcome.sends.to_pylist() if row["hop"] == 0}
    assert put_off == {story.customer("ann"): False, story.customer("bea"): True}
    story.close()
