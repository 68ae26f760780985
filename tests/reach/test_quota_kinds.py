"""A quota of one kind of message that is used up holds back that kind alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.reach.outbox import MESSAGE, Outbox
from tests.reach.test_pace import START, ZONE

from onepool.reach import accounts
from onepool.reach.buckets import Buckets, Limit
from onepool.reach.policies import Policies

CUSTOM = {"template": "KF", "channel": "wechat_oa", "kind": "text", "content": {"text": "hi"}}


def _with(outbox: Outbox, **settings: Any) -> dict[str, Any]:
    """The text message account with further settings."""
    account = outbox.workspace.definitions.get("touchpoint", "sms")
    assert account is not None
    return {**account.body, "settings": {**account.body["settings"], **settings}}


def use_up(outbox: Outbox, left: int) -> None:
    """So many template messages may still go out today."""
    ws = outbox.workspace
    with ws.state.write() as connection:
        account = ws.touchpoints()["oa"]
        standing = accounts.load(connection, account, Policies(ws).now()[0], ws.settings.zone)
        there = standing.buckets.left(outbox.now, "template")
        assert there is not None
        standing.buckets.take(there - left, outbox.now, "template")
        accounts.save(connection, standing, outbox.now)


def test_a_daily_quota_of_one_kind_stops_no_other(outbox: Outbox) -> None:
    body = {**MESSAGE, "contents": [*MESSAGE["contents"], CUSTOM]}
    outbox.workspace.save("message", "hello", body, author="test")
    for name in ("an", "bo", "cy"):
        outbox.person(name, "oa")
    outbox.settle()
    # Of one journey and priority, those of the full kind planned first.
    templates = outbox.plan(["an", "bo"], "oa", template="OA", message_version=2)
    customs = outbox.plan(["cy", "an"], "oa", visit=1, kind="text", template="KF", message_version=2)
    use_up(outbox, 1)
    outbox.senders.step()
    assert [outbox.state(one)[0] for one in customs] == ["ACCEPTED", "ACCEPTED"]
    assert sorted(outbox.state(one)[0] for one in templates) == ["ACCEPTED", "QUEUED"]
    outbox.clock.advance(timedelta(days=1))
    outbox.senders.step()
    assert {outbox.state(one)[0] for one in templates} == {"ACCEPTED"}


def test_the_last_ones_of_a_quota_go_by_class_and_not_by_name(outbox: Outbox) -> None:
    for name in ("an", "bo"):
        outbox.person(name, "oa")
    outbox.settle()
    wishes = outbox.plan(["an", "bo"], "oa", journey="birthday", priority=2500)
    orders = outbox.plan(["an", "bo"], "oa", journey="order_paid", priority=500, category="transactional")
    use_up(outbox, 2)
    outbox.senders.step()
    assert {outbox.state(one)[0] for one in orders} == {"ACCEPTED"}
    assert {outbox.state(one)[0] for one in wishes} == {"QUEUED"}


def test_the_last_one_of_a_quota_goes_to_each_in_turn(outbox: Outbox) -> None:
    for name in ("an", "bo"):
        outbox.person(name, "oa")
    outbox.settle()
    planned = {name: outbox.plan(["an", "bo"], "oa", journey=name) for name in ("abandoned", "wanted")}
    for _ in range(2):
        use_up(outbox, 1)
        outbox.senders.step()
        outbox.clock.advance(timedelta(days=1))
    for numbers in planned.values():
        assert sorted(outbox.state(one)[0] for one in numbers) == ["ACCEPTED", "QUEUED"]


def test_limits_count_their_own_kinds_and_those_of_all() -> None:
    limits = [
        Limit("a", 2, None, period="day", messages=("a",)),
        Limit("ab", 3, None, period="day", messages=("a", "b")),
        Limit("all", 5, None, period="day"),
    ]
    bucket = Buckets(limits, "{}", ZONE)
    assert [bucket.left(START, kind) for kind in ("a", "b", "c", None)] == [2, 3, 5, 5]
    assert bucket.conforming(list("aaabbcccc"), START) == [True, True, False, True, False, True, True, False, False]
    bucket.take(2, START, "a")
    assert [bucket.left(START, kind) for kind in ("a", "b", "c", None)] == [0, 1, 3, 3]
    bucket.take(1, START, "c")
    kept = Buckets(limits, bucket.dump(), ZONE)
    assert [kept.left(START, kind) for kind in ("a", "b", "c", None)] == [0, 1, 2, 2]


def test_a_limit_that_a_touchpoint_sets_holds_for_its_messages(outbox: Outbox) -> None:
    """The platform's daily number for one phone is believed, not known: whoever knows better says so."""
    outbox.workspace.save("touchpoint", "sms", _with(outbox, limit_day=1), author="test")
    outbox.person("an", "sms")
    outbox.settle()
    first = outbox.plan(["an"], "sms", template="SMS")
    outbox.senders.step()
    second = outbox.plan(["an"], "sms", template="SMS", visit=1)
    outbox.senders.step()
    assert [outbox.state(one)[0] for one in first] == ["ACCEPTED"]
    assert [outbox.state(one) for one in second] == [("FAILED", "over_limit")]
