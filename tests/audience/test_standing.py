"""Consent, reach, lists, anniversaries, regions: every fast path agrees with the plain statement."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.audience.conditions import Context, Scope, check, compile_conditions, explain_condition, parse_condition
from onepool.audience.conditions.explain import explain_conditions
from onepool.audience.conditions.reference import History, holds
from onepool.clock import from_micros, to_micros
from onepool.standards.normalise.region import divisions

from . import standing_world as world

AT = datetime(2026, 11, 21, 4, 30, tzinfo=UTC)
ZONES = ["Asia/Shanghai", "America/New_York"]


@pytest.fixture(scope="module", params=ZONES)
def pool(request):
    engine = world.engine(request.param)
    yield request.param, engine
    engine.close()


def _agree(pool, people, conditions, at, moments):
    """All, some and the reference say the same at `at`, and nothing turns before the instant that is told."""
    zone, engine = pool
    ctx = world.context(zone)
    parsed = {f"c{number}": parse_condition(one) for number, one in enumerate(conditions)}
    for condition in parsed.values():
        assert check(condition, ctx.names) == []
    world.fill(engine, people)
    with engine.read() as session:
        rows = {
            row["customer_id"]: row for row in compile_conditions(parsed, at, Scope.all(), ctx).run(session).to_pylist()
        }
        some = sorted(people)[::2]
        session.relation("touched", pa.table({"customer_id": pa.array(some, pa.int64())}))
        few = compile_conditions(parsed, at, Scope.customers("touched"), ctx).run(session).to_pylist()
        assert sorted(few, key=lambda row: row["customer_id"]) == [rows[customer] for customer in some]
        for customer, history in people.items():
            for name, condition in parsed.items():
                assert rows[customer][name] == holds(condition, history, at, ctx), (name, customer)
        # One of them is enough each time: explaining compiles anew.
        customer, name = min(people), min(parsed)
        together = explain_conditions(list(parsed.values()), customer, at, session, ctx)
        assert [one.holds for one in together] == [rows[customer][each] for each in parsed]
        assert together[list(parsed).index(name)] == explain_condition(parsed[name], customer, at, session, ctx)
    start = to_micros(at)
    for customer, history in people.items():
        next_at = rows[customer]["next_at"]
        limit = None if next_at is None else to_micros(next_at)
        assert limit is None or limit > start
        for moment in sorted(m for m in moments(history) if m > start and (limit is None or m < limit)):
            for name, condition in parsed.items():
                then = holds(condition, history, from_micros(moment), ctx)
                assert then == rows[customer][name], (name, from_micros(moment), next_at)


def _marks(history: History) -> set[int]:
    times = [event.time for event in history.events]
    for one in history.identifiers:
        times += [one.seen, *([one.until] if one.until is not None else [])]
    times += [moment for span in history.lists.values() for moment in span if moment is not None]
    return {time + step for time in times for step in (-1, 0, 1, world.DAY)}


@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_words_addresses_and_lists_mean_what_the_reference_says(pool, data):
    people = dict(enumerate(data.draw(st.lists(world.histories(to_micros(AT)), min_size=1, max_size=5)), 1))
    drawn = data.draw(st.lists(world.conditions, min_size=1, max_size=6))
    _agree(pool, people, drawn, AT, _marks)


days = st.one_of(
    st.dates(date(1950, 1, 1), date(2027, 3, 1)),
    st.sampled_from([date(2000, 2, 29), date(2000, 2, 28), date(2000, 3, 1), date(1999, 12, 31), date(2026, 11, 21)]),
)
near = st.one_of(
    st.sampled_from(["today", "this month", "next month"]),
    st.tuples(st.sampled_from(["next", "last"]), st.integers(1, 40)).map(lambda p: f"{p[0]} {p[1]} days"),
    st.sampled_from(
        ["next 1 month", "last 1 month", "next 2 weeks", "next 3 months", "last 11 months", "next 366 days"]
    ),
)
instants = st.sampled_from(
    [
        AT,
        datetime(2026, 11, 21, 16, 0, tzinfo=UTC),
        datetime(2027, 2, 27, 18, 0, tzinfo=UTC),
        datetime(2028, 2, 28, 4, 0, tzinfo=UTC),
        datetime(2028, 2, 29, 4, 0, tzinfo=UTC),
        datetime(2026, 12, 31, 15, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 3, 8, 7, 30, tzinfo=UTC),
        datetime(2026, 10, 31, 16, 0, tzinfo=UTC),
    ]
)


@given(data=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_anniversaries_agree_day_by_day(pool, data):
    at = data.draw(instants)
    start = to_micros(at)
    people = {}
    for number in range(1, 1 + data.draw(st.integers(1, 5))):
        facts = [world.fact("birthday", data.draw(days).isoformat(), start - world.DAY)]
        since = data.draw(days)
        facts.append(world.fact("member_since", f"{since}T{data.draw(st.integers(0, 23)):02d}:30:00+00:00", start - 5))
        event = world.Event(
            number, "followed", start - data.draw(st.integers(0, 9)) * world.DAY - 1, channel="wechat_oa",
            touchpoint="oa", values={"opened_on": data.draw(days), "valid_until": to_micros(_noon(data.draw(days)))},
        )  # fmt: skip
        people[number] = History([event], facts)
    spans = data.draw(st.lists(near, min_size=1, max_size=3))
    asked = [
        one
        for span in spans
        for one in (
            {"attribute": "birthday", "anniversary": {"in": span}},
            {"attribute": "member_since", "anniversary": {"in": span}},
            {"did": "followed", "where": {"opened_on": {"anniversary": {"in": span}}}},
            {"did": "followed", "where": {"valid_until": {"anniversary": {"in": span}}}},
        )
    ]
    local = [start + day * world.DAY + data.draw(st.integers(0, world.DAY)) for day in range(0, 400, 7)]
    _agree(pool, people, asked, at, lambda _: set(local))


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


PLACES = sorted({name for one in divisions() for name in (one.short if one.level < 3 else one.name, one.code)})
values = st.one_of(
    st.sampled_from(PLACES),
    st.sampled_from(["海南", "吉林", "西湖区", "鼓楼区", "上海", "330106", "33", "3", "11010", "火星", ""]),
)
WRITTEN = [
    "浙江",
    "浙江省",
    "杭州",
    "330100",
    "杭州西湖区",
    "310115",
    "北京",
    "海南",
    "吉林",
    "吉林市",
    "台北市",
    "仙桃",
    "香港",
]


@given(data=st.data())
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_regions_agree(pool, data):
    start = to_micros(AT)
    people = {}
    for number in range(1, 8):
        facts = [
            world.fact(name, data.draw(values), start - 1) for name in ("province", "city", "district", "region_code")
        ]
        event = world.Event(number, "followed", start - 1, "", "", values={"city": data.draw(values)})
        people[number] = History([event], facts)
    regions = data.draw(st.lists(st.sampled_from(WRITTEN), min_size=1, max_size=3, unique=True))
    asked = [{"attribute": name, "region": regions} for name in ("province", "city", "district", "region_code")]
    _agree(pool, people, [*asked, {"did": "followed", "where": {"city": {"region": regions}}}], AT, lambda _: set())


def test_a_leap_day_is_kept_on_the_28th(pool):
    zone, engine = pool
    ctx = world.context(zone)
    world.fill(engine, {1: History(facts=[world.fact("birthday", "2000-02-29", 0)])})
    condition = {"c": parse_condition({"attribute": "birthday", "anniversary": {"in": "today"}})}
    found = {}
    with engine.read() as session:
        for day in (date(2027, 2, 28), date(2027, 3, 1), date(2028, 2, 28), date(2028, 2, 29)):
            at = datetime(day.year, day.month, day.day, 12, tzinfo=ctx.tz)
            row = compile_conditions(condition, at, Scope.all(), ctx).run(session).to_pylist()[0]
            found[day] = row["c"]
            if row["c"]:
                assert row["next_at"] == datetime(day.year, day.month, day.day, tzinfo=ctx.tz) + timedelta(days=1)
    assert list(found.values()) == [True, False, False, True]


def test_all_provinces_at_once_take_the_long_way(pool):
    """So many names that they are compared one by one."""
    zone, engine = pool
    event = world.Event(1, "followed", to_micros(AT) - 1, values={"city": "西湖区"})
    people = {1: History([event]), 2: History([world.Event(2, "followed", 0, values={"city": "火星"})])}
    world.fill(engine, people)
    every = [one.code for one in divisions() if one.level == 1]
    condition = {"c": parse_condition({"did": "followed", "where": {"city": {"region": every}}})}
    open_level = Context(replace(world.NAMES, levels={}), zone)
    with engine.read() as session:
        rows = compile_conditions(condition, AT, Scope.all(), open_level).run(session).to_pylist()
    assert {row["customer_id"]: row["c"] for row in rows} == {1: True, 2: False}
    assert [holds(condition["c"], people[n], AT, open_level) for n in (1, 2)] == [True, False]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ({"list": "vipp"}, "list: there is no list vipp; did you mean vip?"),
        ({"reachable": "emial"}, "reachable.channel: no touchpoint carries messages to people on emial"),
        (
            {"reachable": {"channel": "sms", "touchpoint": "oa"}},
            "reachable.touchpoint: there is no touchpoint of sms oa",
        ),
        ({"attribute": "city", "region": "西湖区"}, "浙江省杭州市西湖区 (330106), 江西省南昌市西湖区 (360103)"),
        (
            {"attribute": "city", "region": ["杭州", "浙洪省"]},
            "region: there is no region 浙洪省; did you mean 浙江省?",
        ),
        ({"attribute": "birthday", "region": "浙江"}, "the attribute birthday is date"),
        ({"attribute": "city", "anniversary": {"in": "today"}}, "the attribute city is text"),
    ],
)
def test_what_is_wrong_is_told(written, problem):
    assert problem in "; ".join(str(one) for one in check(parse_condition(written), world.NAMES))


def _told(number: int, event: str, touchpoint: str, staff: str | None = None) -> world.Event:
    time = to_micros(AT) - (20 - number) * world.DAY
    return world.Event(
        number, event, time, channel=world.CHANNELS[touchpoint], touchpoint=touchpoint, values={"staff_id": staff}
    )


WECOM = world.Identifier("external_userid", "c1", 0)
FIRST, SECOND = world.Identifier("openid", "wx1", 0), world.Identifier("openid", "wx2", 0)
BOTH = [_told(1, "contact_added", "qw", "anna"), _told(2, "contact_added", "qw", "bo")]
LEFT = [*BOTH, _told(3, "contact_removed", "qw", "anna")]


@pytest.mark.parametrize(
    ("asked", "identifiers", "events", "expected"),
    [
        ("wecom", [WECOM], [], False),
        ("wecom", [WECOM], LEFT, True),
        ("wecom", [WECOM], [*LEFT, _told(4, "contact_removed", "qw", "bo")], False),
        (
            "wecom",
            [WECOM],
            [*LEFT, _told(4, "contact_removed", "qw", "bo"), _told(5, "contact_added", "qw", "bo")],
            True,
        ),
        ("wecom", [FIRST], LEFT, False),
        ("wecom", [WECOM], [*LEFT, _told(4, "opted_out", "qw")], False),
        ("wechat_oa", [FIRST], [_told(1, "followed", "oa")], True),
        ("wechat_oa", [SECOND], [_told(1, "followed", "oa")], False),
        ("wechat_oa", [FIRST, SECOND], [_told(1, "followed", "oa"), _told(2, "unfollowed", "oa2")], True),
        ({"channel": "wechat_oa", "touchpoint": "oa2"}, [FIRST, SECOND], [_told(1, "followed", "oa")], False),
        ({"channel": "wechat_oa", "touchpoint": "oa2"}, [SECOND], [_told(1, "message_received", "oa2")], True),
    ],
)
def test_reach_of_accounts(pool, asked, identifiers, events, expected):
    zone, engine = pool
    ctx = world.context(zone)
    history = History(events, identifiers=identifiers)
    world.fill(engine, {1: history})
    condition = {"c": parse_condition({"reachable": asked})}
    with engine.read() as session:
        (row,) = compile_conditions(condition, AT, Scope.all(), ctx).run(session).to_pylist()
    assert row["c"] == holds(condition["c"], history, AT, ctx) == expected
