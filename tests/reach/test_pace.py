"""Buckets, fair shares and the breaker: bounds that hold whatever comes."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.channels import registry
from onepool.clock import from_micros
from onepool.reach.breaker import LONGEST, Breaker
from onepool.reach.buckets import SECOND, Buckets, Limit, limits_of
from onepool.reach.policy_model import Pace
from onepool.reach.shares import Waiting, allot

ZONE = ZoneInfo("Asia/Shanghai")
START = 1_772_424_000 * SECOND


@given(
    st.integers(1, 50), st.integers(1, 60), st.integers(1, 20),
    st.lists(st.tuples(st.integers(0, 5 * SECOND), st.integers(0, 30)), max_size=60),
)  # fmt: skip
@settings(max_examples=150)
def test_a_bucket_never_lets_through_more_than_its_rate(
    count: int, seconds: int, burst: int, asked: list[tuple[int, int]]
) -> None:
    limit = Limit("pace", count, seconds, burst)
    kept, now, sent = "{}", START, list[tuple[int, int]]()
    for wait, wanted in asked:
        now += wait
        bucket = Buckets([limit], kept, ZONE)
        left = bucket.left(now)
        assert left is not None and 0 <= left <= burst
        taken = min(left, wanted)
        bucket.take(taken, now, "any")
        kept = bucket.dump()  # as a process that starts anew finds it
        sent.append((now, taken))
    for first, (begin, _) in enumerate(sent):
        total = 0
        for at, taken in sent[first:]:
            total += taken
            assert total <= burst + (at - begin) // limit.interval + 1


@given(st.lists(st.tuples(st.integers(0, 40 * 3600 * SECOND), st.integers(0, 30)), max_size=40))
def test_a_daily_quota_holds_on_every_day(asked: list[tuple[int, int]]) -> None:
    limit = Limit("day", 20, None, period="day")
    kept, now, by_day = "{}", START, dict[str, int]()
    for wait, wanted in asked:
        now += wait
        bucket = Buckets([limit], kept, ZONE)
        taken = min(bucket.left(now) or 0, wanted)
        bucket.take(taken, now, "any")
        kept = bucket.dump()
        day = from_micros(now).astimezone(ZONE).date().isoformat()
        by_day[day] = by_day.get(day, 0) + taken
    assert all(count <= 20 for count in by_day.values())


def test_limits_are_the_platforms_and_the_policys() -> None:
    manifest = registry.channel("wechat_oa").manifest
    found = limits_of(manifest, [Pace(count=60, per="minute")])
    assert [(one.name, one.count, one.seconds, one.period) for one in found] == [
        ("template", 100_000, None, "day"), ("policy0", 60, 60, None),
    ]  # fmt: skip


SENDERS = st.lists(
    st.builds(Waiting, st.sampled_from("abcdefgh"), st.sampled_from([0, 1, 2]), st.integers(0, 50),
              st.sampled_from([1.0, 2.0, 5.0])),
    max_size=8, unique_by=lambda one: one.sender,
)  # fmt: skip


@given(st.integers(0, 120), SENDERS)
@settings(max_examples=300)
def test_all_that_may_go_out_does_and_nobody_gets_more_than_he_has(most: int, waiting: list[Waiting]) -> None:
    taken, _ = allot(most, waiting, {})
    assert sum(taken) == min(most, sum(one.count for one in waiting))
    assert all(0 <= count <= one.count for count, one in zip(taken, waiting, strict=True))


@given(st.integers(1, 40), st.lists(st.sampled_from([1.0, 2.0, 3.0]), min_size=2, max_size=6), st.booleans())
@settings(max_examples=60)
def test_in_the_long_run_everybody_gets_his_weight(most: int, weights: list[float], beside: bool) -> None:
    waiting = [Waiting(f"j{place}", 1, 10_000, weight) for place, weight in enumerate(weights)]
    waiting += [Waiting("broadcast:1", 2, 10_000)] if beside else []
    owed: dict[str, float] = {}
    total = [0] * len(waiting)
    for _ in range(200):
        taken, after = allot(most, waiting, owed)
        owed |= after
        total = [one + count for one, count in zip(total, taken, strict=True)]
    sent = 200 * most
    triggered = sent * (0.9 if beside else 1.0)
    for place, weight in enumerate(weights):
        assert abs(total[place] - triggered * weight / sum(weights)) <= most + len(waiting) + 1
    if beside:
        assert abs(total[-1] - sent * 0.1) <= most + 2


def test_transactional_messages_go_first() -> None:
    waiting = [Waiting("a", 1, 100), Waiting("receipt", 0, 30), Waiting("broadcast:1", 2, 100)]
    taken, _ = allot(40, waiting, {})
    assert taken == [9, 30, 1]


def test_a_breaker_opens_probes_and_closes() -> None:
    breaker = Breaker()
    for _ in range(4):
        breaker = breaker.failed(START, "busy", 5, 60 * SECOND, account=False)
    assert breaker.most(START) is None
    breaker = breaker.failed(START, "busy", 5, 60 * SECOND, account=False)
    assert (breaker.position, breaker.most(START + 59 * SECOND), breaker.most(START + 60 * SECOND)) == ("open", 0, 1)
    probing = breaker.probing(START + 60 * SECOND)
    assert (probing.position, probing.most(START + 61 * SECOND)) == ("half_open", 0)
    again = probing.failed(START + 62 * SECOND, "busy", 5, 60 * SECOND, account=False)
    assert again.until == START + 62 * SECOND + 120 * SECOND
    assert probing.succeeded() == Breaker()
    for _ in range(20):
        again = again.failed(START, "busy", 5, 60 * SECOND, account=False)
    assert again.until == START + LONGEST


def test_a_platform_that_speaks_of_the_account_opens_it_at_once() -> None:
    opened = Breaker().failed(START, "account_error", 5, 60 * SECOND, account=True, after=300 * SECOND)
    assert (opened.position, opened.until) == ("open", START + 300 * SECOND)
