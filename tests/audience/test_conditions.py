"""The language: what is accepted, what is refused and how it is said, what it means at the edges."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
import yaml

from onepool.audience.conditions import (
    ConditionError,
    Scope,
    check,
    compile_conditions,
    condition_hash,
    condition_schema,
    explain_condition,
    names_of,
    parse_condition,
    sentence,
)
from onepool.audience.conditions.reference import Event, Fact, History, TagValue, holds
from onepool.clock import to_micros
from onepool.standards import load_standard

from . import world

STANDARD = load_standard([])
AT = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def said(text: str) -> list[str]:
    with pytest.raises(ConditionError) as caught:
        parse_condition(yaml.safe_load(text))
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("did: x\nwher: {a: 1}", "wher: `wher` is not known here"),
        ("all: [{did: x}, {did: x, where: {a: {at_leest: 1}}}]", "did you mean at_least?"),
        ("all: [{not: {did: x, within: {last: 3 dayz}}}]", "all[0].not.within.last: a span such as `30 days`"),
        ("did: x\nattribute: y\nis: 1", "can't stand beside"),
        ("attribute: city\nwithin_region: 浙江", "within_region: `within_region` is not known here; known are is,"),
        ("any: []", "any: at least one part"),
        ("attribute: y", "a test is missing"),
        ("did: x\ntimes: 3\ndays: 2", "only one of times, days"),
        ("did: x\nfirst: true\ntimes: 3", "ask about one event"),
        ("did: x\nsum: {at_least: 3}", "sum.of: this is missing"),
        ("attribute: a\nin: []", "`in` wants one to 10,000 values"),
        ("dit: x", "did you mean did?"),
        ("- did: x", "a condition is wanted"),
        ("attribute: a\nat_least: .nan", "numbers must be smaller"),
        ("did: x\nwithin: tomorrow", "a window such as"),
    ],
)
def test_faults_are_said_with_their_place(text, expected):
    assert expected in "; ".join(said(text))


def test_depth_is_limited_to_eight():
    condition = {"did": "order_paid"}
    for _ in range(8):
        condition = {"not": condition}
    parse_condition(condition)
    assert "nested 9 deep" in said(yaml.safe_dump({"not": condition}))[0]
    deep: object = {"did": "x"}
    for _ in range(5000):
        deep = {"not": deep}
    with pytest.raises(ConditionError):
        parse_condition(deep)


def test_equal_conditions_have_equal_hashes():
    one = parse_condition(
        yaml.safe_load("did: order_paid\nwithin: today\nwhere: {category: 母婴, amount: {at_least: 100}}")
    )
    other = parse_condition(
        {
            "where": {"amount": {"at_least": 100.0}, "category": {"is": "母婴"}},
            "within": {"this": "day"},
            "did": "order_paid",
        }
    )
    assert condition_hash(one) == condition_hash(other)
    assert parse_condition(one.canonical()) == one


def test_yaml_surprises_are_undone():
    condition = parse_condition(yaml.safe_load("attribute: birthday\non: 2026-01-02"))
    assert condition.canonical() == {"attribute": "birthday", "on": "2026-01-02"}


def test_the_schema_describes_every_head():
    text = str(condition_schema())
    assert all(f"'{head}'" in text for head in ("all", "any", "not", "attribute", "tag", "segment", "did", "did_not"))


NAMES = names_of(
    STANDARD,
    segments={"a": parse_condition({"segment": "b"}), "b": parse_condition({"did": "order_paid"})},
    touchpoints={"shop": "tmall"},
    kept_events=["kept"],
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "all: [{did: order_paid}, {did: order_paid, where: {amuont: {at_least: 1}}}]",
            "all[1].where.amuont: the event order_paid has no such field; did you mean amount?",
        ),
        ("did: order_payd", "did: there is no event order_payd; did you mean order_paid?"),
        ("attribute: ctiy\nis: x", "attribute: there is no attribute ctiy; did you mean city?"),
        ("attribute: city\nat_least: 3", "at_least: the attribute city is text"),
        ("did: order_paid\nwhere: {order_id: {matches: '(('}}", "not an RE2 pattern"),
        ("did: order_paid\nwhere: {order_id: {matches: '(a)\\1'}}", "not an RE2 pattern"),
        ("did: order_paid\nwhere: {items.categry: 母婴}", "did you mean category?"),
        ("did: app_opened\nwhere: {items.category: 母婴}", "the event app_opened has no items"),
        ("did: order_paid\nat: {channel: tmal}", "at.channel: there is no channel tmal; did you mean tmall?"),
        ("did: order_paid\ntimes: 0", "ask for never with did_not"),
        ("did: order_paid\nsum: {of: order_id, at_least: 1}", "sum wants a number"),
        ("did: kept\nwhere: {'a\"b': x}", "names joined by points"),
        ("did: order_paid\nwhere: {fields.: x}", "names joined by points"),
        ("tag: x\nis: y", "tag: there is no tag x"),
        ("segment: c", "segment: there is no segment c"),
        ("attribute: birthday\nbetween: [2026-02-01, 2026-01-01]", "the first moment is after the second"),
        ("did: order_paid\nwhere: {amount: {between: [5, 1]}}", "the first number is above the second"),
        ("did: order_paid\nwhere: {order_id: {is: x, currency: USD}}", "order_id is no money"),
    ],
)
def test_names_and_types_are_checked(text, expected):
    found = [str(problem) for problem in check(parse_condition(yaml.safe_load(text)), NAMES)]
    assert any(expected in one for one in found), found


def test_circles_of_segments_are_found():
    through = parse_condition({"all": [{"did": "order_paid"}, {"segment": "a"}]})
    assert check(through, NAMES, "c") == []
    assert "b -> a -> b" in str(check(through, NAMES, "b")[0])
    assert "circle" in str(check(parse_condition({"segment": "me"}), NAMES, "me")[0])


def test_sentences_say_it_in_both_languages():
    condition = parse_condition(
        yaml.safe_load(
            """
            all:
              - {attribute: gender, is: female}
              - did: order_paid
                where: {items.category: [母婴, 童装], amount: {at_least: 100}}
                times: {at_least: 3}
                within: {last: 30 days}
              - not: {did: app_opened, within: {last: 7 days}}
            """
        )
    )
    assert sentence(condition, "zh-CN", NAMES) == (
        "性别 是 女，并且最近 30 天内做过「支付订单」"
        "（某件商品的类目 是 母婴、童装 之一且金额 不少于 100），至少 3 次，并且不满足（最近 7 天内做过「打开应用」）"
    )
    assert sentence(condition, "en", NAMES) == (
        "Gender is Female, and did “Order paid” (Category of an item is one of 母婴, 童装 and Amount is at least 100) "
        "in the last 30 days, at least 3 times, and not (did “App opened” in the last 7 days)"
    )


@pytest.fixture
def pool():
    engine = world.engine("Asia/Shanghai")
    yield engine
    engine.close()


def paid(seq: int, hours_ago: float, **values) -> Event:
    return Event(seq, "order_paid", to_micros(AT) - int(hours_ago * world.HOUR), values=values)


def test_explain_gives_truth_figure_and_events(pool):
    history = History(
        [paid(index, 24 * index + 1, amount=index * 50, currency="CNY") for index in range(1, 8)],
        [Fact("city", "上海", to_micros(AT) - 5, 1)],
        {"level": TagValue("gold")},
    )
    world.fill(pool, {1: history, 2: History()}, AT)
    condition = parse_condition(
        {
            "all": [
                {"attribute": "city", "is": "上海"},
                {"any": [{"tag": "level", "is": "silver"}, {"segment": "buyers"}]},
                {
                    "did": "order_paid",
                    "where": {"amount": {"at_least": 100}},
                    "sum": {"of": "amount", "at_least": 100},
                },
                {"did_not": "app_opened"},
            ]
        }
    )
    ctx = world.context("Asia/Shanghai")
    with pool.read() as session:
        tree = explain_condition(condition, 1, AT, session, ctx)
        nobody = explain_condition(condition, 2, AT, session, ctx)
    assert tree.holds and [part.holds for part in tree.parts] == [True] * 4
    assert tree.parts[0].figure == "上海"
    tag, segment = tree.parts[1].parts
    assert (tag.place, tag.holds, tag.figure) == ("all[1].any[0]", False, "gold")
    assert segment.holds and segment.parts[0].figure == 7
    assert tree.parts[2].figure == sum(index * 50 for index in range(2, 8))
    assert tree.parts[2].events == [world.event_id(1, index) for index in range(1, 6)]
    assert not nobody.holds and nobody.parts[0].figure is None and nobody.parts[3].holds


def test_explain_agrees_with_membership_on_first_and_last(pool):
    history = History([paid(1, 50, product_id="A"), paid(2, 10, product_id="B")])
    world.fill(pool, {1: history}, AT)
    condition = parse_condition(
        {
            "all": [
                {"did": "order_paid", "first": True, "where": {"product_id": "A"}},
                {"not": {"did": "order_paid", "last": True, "where": {"product_id": "A"}}},
            ]
        }
    )
    with pool.read() as session:
        tree = explain_condition(condition, 1, AT, session, world.context("Asia/Shanghai"))
    first, last = tree.parts[0], tree.parts[1].parts[0]
    assert tree.holds and (first.events, last.events) == ([world.event_id(1, 0)], [world.event_id(1, 1)])
    assert to_micros(first.figure) == history.events[0].time


def test_the_plan_can_be_read_and_shares_leaves():
    ctx = world.context("Asia/Shanghai")
    leaf = {"did": "order_paid", "within": {"last": "30 days"}}
    conditions = {
        "a": parse_condition({"all": [leaf, {"tag": "level", "is": "x'; DROP TABLE events --"}]}),
        "b": parse_condition({"not": leaf}),
        "c": parse_condition({**leaf, "times": {"at_least": 3}}),
    }
    plan = compile_conditions(conditions, AT, Scope.all(), ctx)
    assert [name for name, _ in plan.steps] == ["customers", "did order_paid", "tags", "leaves", "result"]
    text = plan.text()
    assert text.count("COUNT(*)") == 1 and "-- did order_paid" in text
    assert "DROP TABLE" not in plan.query.sql("duckdb") and "x'; DROP TABLE events --" in plan.params.values()


def test_tags_as_of_come_from_their_dated_changes(pool):
    world.fill(pool, {1: History(tags={"level": TagValue("now")})}, AT)
    with pool.write() as session:
        for change, (value, day) in enumerate([("old", 1), ("newer", 10), (None, 20)]):
            session.execute(
                """INSERT INTO tag_changes BY NAME
                SELECT $id AS change_id, 1 AS customer_id, 'level' AS tag, $value AS value, $at AS as_of""",
                {"id": change, "value": value, "at": datetime(2026, 11, day, tzinfo=UTC)},
            )
    ctx = world.context("Asia/Shanghai")
    past = type(ctx)(ctx.names, ctx.zone, ctx.currency, past_tags=True)
    asked = {name: parse_condition({"tag": "level", "is": name}) for name in ("old", "newer", "now")}
    asked["unset"] = parse_condition({"tag": "level", "is_unset": True})

    def at(day: int, ctx) -> set[str]:
        with pool.read() as session:
            moment = datetime(2026, 11, day, 12, tzinfo=UTC)
            row = compile_conditions(asked, moment, Scope.all(), ctx).run(session).to_pylist()[0]
        return {name for name in asked if row[name]}

    assert [at(day, past) for day in (1, 10, 20)] == [{"old"}, {"newer"}, {"unset"}]
    assert at(10, ctx) == {"now"}


@pytest.mark.parametrize(
    ("condition", "amounts", "expected"),
    [
        ({"where": {"amount": {"below": 100}}}, [None], False),
        ({"where": {"amount": {"is_unset": True}}}, [None], True),
        ({"where": {"product_id": {"is_not": "P"}}}, [1], False),
        ({"sum": {"of": "amount", "below": 100}}, [], False),
        ({"times": {"at_most": 2}}, [], False),
        ({"times": {"at_most": 2}}, [1, 2], True),
    ],
)
def test_missing_is_not_false(condition, amounts, expected):
    history = History([paid(index, 5, amount=amount) for index, amount in enumerate(amounts)])
    ctx = world.context("Asia/Shanghai")
    assert holds(parse_condition({"did": "order_paid", **condition}), history, AT, ctx) is expected


def test_months_end_where_the_calendar_says():
    ctx = world.context("Asia/Shanghai")
    condition = parse_condition({"did": "order_paid", "within": {"last": "1 month"}})
    bought = History([Event(1, "order_paid", to_micros(datetime(2026, 1, 31, 2, tzinfo=UTC)))])
    inside = [datetime(2026, 2, 28, 1, tzinfo=UTC), datetime(2026, 2, 28, 15, 59, tzinfo=UTC)]
    outside = [datetime(2026, 2, 28, 16, 0, 0, 1, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)]
    assert [holds(condition, bought, at, ctx) for at in inside] == [True, True]
    assert [holds(condition, bought, at, ctx) for at in outside] == [False, False]


def evaluated(pool, history: History, data: dict) -> dict:
    """The compiled answer, after making sure that the reference says the same."""
    ctx = world.context("Asia/Shanghai")
    world.fill(pool, {1: history}, AT)
    condition = parse_condition(data)
    with pool.read() as session:
        row = compile_conditions({"c": condition}, AT, Scope.all(), ctx).run(session).to_pylist()[0]
    assert row["c"] == holds(condition, history, AT, ctx)
    return row


def test_ties_go_by_arrival(pool):
    same = [paid(seq, 5, product_id=product) for seq, product in ((9, "C"), (1, "A"), (4, "B"))]
    for product, first, last in (("A", True, False), ("B", False, False), ("C", False, True)):
        asked = {"did": "order_paid", "where": {"product_id": product}}
        assert evaluated(pool, History(same), {**asked, "first": True})["c"] is first
        assert evaluated(pool, History(same), {**asked, "last": True})["c"] is last
    facts = [Fact("city", value, to_micros(AT) - 5, seq) for seq, value in ((3, "B"), (7, None), (1, "A"))]
    assert evaluated(pool, History(facts=facts), {"attribute": "city", "is_unset": True})["c"]
    assert evaluated(pool, History(facts=facts[::2]), {"attribute": "city", "is": "B"})["c"]


def test_sums_of_floating_point_are_exact(pool):
    thrice = History([paid(seq, seq, score=0.1) for seq in (1, 2, 3)])
    assert evaluated(pool, thrice, {"did": "order_paid", "sum": {"of": "score", "is": 0.3}})["c"]


@pytest.mark.parametrize(
    ("figure", "hours"),
    [
        ({}, 2),
        ({"times": {"at_least": 1}}, 2),
        ({"times": {"at_least": 2}}, 100),
        ({"times": {"above": 1}}, 100),
        ({"times": {"is": 3}}, 100),
        ({"times": {"at_least": 4}}, None),
        ({"times": {"at_most": 2}}, 100),
        ({"days": {"at_least": 2}}, 100),
        ({"sum": {"of": "quantity", "at_least": 1}}, 100),
        ({"last": True}, 2),
        ({"first": True}, 100),
    ],
)
def test_the_next_turn_is_when_the_deciding_event_leaves(pool, figure, hours):
    """Events 2, 50 and 100 hours ago in a window of 7 days: which one decides, and when it leaves."""
    history = History([paid(seq, ago, quantity=1) for seq, ago in enumerate((2, 50, 100))])
    row = evaluated(pool, history, {"did": "order_paid", "within": {"last": "7 days"}, **figure})
    if hours is None:
        assert row["next_at"] is None
    else:
        assert to_micros(row["next_at"]) == to_micros(AT) - hours * world.HOUR + 7 * world.DAY + 1


def test_calendar_windows_turn_with_the_calendar(pool):
    bought = History([paid(1, 2)])
    for word, day in (("today", 21), ({"this": "month"}, 30)):
        row = evaluated(pool, bought, {"did": "order_paid", "within": word})
        assert (row["c"], row["next_at"]) == (True, datetime(2026, 11, day, 16, tzinfo=UTC))
    row = evaluated(pool, bought, {"did": "order_paid", "within": "yesterday"})
    assert (row["c"], row["next_at"]) == (False, datetime(2026, 11, 21, 16, tzinfo=UTC))


def test_money_is_compared_in_one_currency(pool):
    mixed = History(
        [
            paid(1, 5, amount=Decimal(60), currency="CNY"),
            paid(2, 4, amount=Decimal(50)),
            paid(3, 3, amount=Decimal(500), currency="USD"),
        ]
    )
    total = {"did": "order_paid", "sum": {"of": "amount", "is": 110}}
    assert evaluated(pool, mixed, total)["c"]
    assert evaluated(pool, mixed, {"did": "order_paid", "sum": {"of": "amount", "is": 500, "currency": "USD"}})["c"]
    above = {"did": "order_paid", "where": {"amount": {"above": 60}}}
    assert not evaluated(pool, mixed, above)["c"]
    assert evaluated(pool, mixed, {"did": "order_paid", "where": {"amount": {"above": 60, "currency": "USD"}}})["c"]


def test_one_and_the_same_item_passes_all_tests(pool):
    item = {"category": None, "quantity": None, "price": None, "weight": None}
    basket = [{**item, "category": "A", "quantity": 1}, {**item, "category": "B", "quantity": 5}]
    history = History([Event(1, "order_paid", to_micros(AT) - world.HOUR, items=basket)])
    where = {"items.category": {"is": "A"}, "items.quantity": {"at_least": 2}}
    assert not evaluated(pool, history, {"did": "order_paid", "where": where})["c"]
    assert evaluated(pool, history, {"did": "order_paid", "where": {**where, "items.category": "B"}})["c"]
    of_b = {"where": {"items.category": "B"}, "sum": {"of": "items.quantity", "is": 5}}
    assert evaluated(pool, history, {"did": "order_paid", **of_b})["c"]
