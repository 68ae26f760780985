"""Warnings of values that were never seen, and sentences that read as people speak."""

from __future__ import annotations

from dataclasses import replace

import pytest

from onepool.audience.conditions import TagNames, check, names_of, parse_condition, sentence
from onepool.audience.conditions.reference import Event, Fact, History, TagValue
from onepool.audience.conditions.unseen import MOST, seen_values, unseen
from onepool.audience.tags.chinese import both
from onepool.clock import to_micros
from onepool.standards import load_standard

from . import world

STANDARD = load_standard([])
NAMES = replace(
    names_of(STANDARD, tags={"stage": TagNames("text", None)}),
    titles={
        **names_of(STANDARD).titles,
        "value:tag:stage:dormant": {"zh": "沉睡", "en": "Dormant"},
    },
)
SEEN = {"field:items.category": {"纸尿裤", "婴儿奶粉"}, "tag:stage": {"dormant", "active"}}


def warned(condition: object) -> list[tuple[str, str, str | None]]:
    parsed = parse_condition(condition)
    assert check(parsed, NAMES) == []
    return [(one.place, one.message.rsplit(" ", 1)[-1], one.suggestion) for one in unseen(parsed, NAMES, SEEN)]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"attribute": "city", "is": "上海市"}, [("is", "上海市", "上海")]),
        ({"attribute": "city", "is": "上海"}, []),
        ({"attribute": "city", "in": ["杭州", "杭州市", "杭洲"]}, [("in", "杭州市", "杭州"), ("in", "杭洲", None)]),
        ({"attribute": "province", "is_not": "浙江省"}, [("is_not", "浙江省", "浙江")]),
        ({"attribute": "city", "is": "仙桃"}, []),
        ({"attribute": "city", "contains": "上海市"}, []),
        ({"attribute": "city", "region": ["上海市"]}, []),
        ({"attribute": "gender", "is": "女"}, [("is", "女", "female")]),
        ({"attribute": "gender", "in": ["female", "femail"]}, [("in", "femail", "female")]),
        ({"tag": "stage", "is": "沉睡"}, [("is", "沉睡", "dormant")]),
        ({"tag": "stage", "is": "active"}, []),
        ({"attribute": "nickname", "is": "nobody"}, []),
        ({"consent": {"purpose": "marketing", "category": "promotion"}}, []),
        (
            {"consent": {"purpose": "marketting", "category": "promotoin"}},
            [("consent.purpose", "marketting", "marketing"), ("consent.category", "promotoin", "promotion")],
        ),
        ({"not": {"consent": {"purpose": "营销"}}}, [("not.consent.purpose", "营销", "marketing")]),
        (
            {"not": {"did": "order_paid", "where": {"items.category": {"in": ["纸尿裤", "婴儿奶份"]}}}},
            [("not.where.items.category.in", "婴儿奶份", "婴儿奶粉")],
        ),
        (
            {"sequence": [{"did": "cart_added"}, {"did": "order_paid", "where": {"items.category": "nappies"}}]},
            [("sequence[1].where.items.category.is", "nappies", None)],
        ),
    ],
)
def test_a_value_that_was_never_seen_is_warned_of_with_what_was_meant(condition, expected):
    assert warned(condition) == expected


def test_the_warning_is_said_in_both_languages():
    [one] = unseen(parse_condition({"attribute": "city", "is": "上海市"}), NAMES)
    assert both(one.message) == "属性 city 从来没有过取值 上海市 / the attribute city has never been 上海市"


def test_what_was_seen_is_read_from_the_pool_where_it_is_little():
    pool = world.engine("Asia/Shanghai")
    at = world.INSTANTS[0]
    when = to_micros(at) - world.DAY
    lines = [{"category": "纸尿裤", "quantity": 1, "price": None, "weight": None}]
    events = [
        Event(n, "order_paid", when, when, "tmall", "tmall", {"product_id": f"P{n}"}, lines) for n in range(MOST + 1)
    ]
    facts = [Fact("city", "上海", when, 1), Fact("nickname", "豆豆", when, 2)]
    world.fill(pool, {1: History(events=events, facts=facts, tags={"stage": TagValue("dormant", None, None)})}, at)
    asked = {
        "all": [
            {"attribute": "city", "is": "上海"},
            {"attribute": "nickname", "is": "x"},
            {"tag": "stage", "is": "x"},
            {
                "did": "order_paid",
                "where": {"items.category": "x", "product_id": "x", "channel": "x", "amount": {"above": 1}},
            },
        ]
    }
    there = {
        "all": [
            {"tag": "stage", "is": "dormant"},
            {
                "did": "order_paid",
                "where": {"items.category": "纸尿裤", "product_id": "P7", "channel": {"in": ["tmall"]}},
            },
            {"did": "order_paid", "where": {"channel": "tmall"}},
        ]
    }
    with pool.read() as session:
        found = seen_values(session, parse_condition(asked), NAMES, private={"attribute:nickname"})
        seen = seen_values(session, parse_condition(there), NAMES)
        assert unseen(parse_condition(there), NAMES, seen) == []
        assert [one.place for one in unseen(parse_condition(asked), NAMES, found)]
    # Of what was seen nothing else is read.
    assert seen == {
        "tag:stage": {"dormant"},
        "field:items.category": {"纸尿裤"},
        "field:product_id": {"P7"},
        "field:channel": {"tmall"},
    }
    # Regions are known without asking, what is private is not read, and much is as good as anything.
    assert found == {
        "tag:stage": {"dormant"},
        "field:items.category": {"纸尿裤"},
        "field:channel": {"tmall"},
    }


def test_a_currency_is_one_of_iso_4217():
    asked = {"did": "order_paid", "sum": {"of": "amount", "at_least": 1, "currency": "CNX"}}
    (found,) = check(parse_condition(asked), NAMES)
    assert (found.place, found.suggestion) == ("sum.currency", "CNY")
    asked = {"did": "order_paid", "where": {"amount": {"above": 1, "currency": "XXY"}}}
    assert [one.place for one in check(parse_condition(asked), NAMES)] == ["where.amount.currency"]


def _words(condition: object) -> tuple[str, str]:
    parsed = parse_condition(condition)
    return sentence(parsed, "zh", NAMES), sentence(parsed, "en", NAMES)


@pytest.mark.parametrize(
    ("condition", "zh", "en"),
    [
        (
            {"did": "order_paid", "first": True, "within": {"last": "90 days"}},
            "首次「支付订单」发生在最近 90 天内",
            "the first “Order paid” was in the last 90 days",
        ),
        (
            {"did": "order_paid", "last": True, "where": {"amount": {"above": 50}}},
            "最近一次「支付订单」金额 大于 50",
            "the latest “Order paid” Amount is above 50",
        ),
        (
            {"did": "order_paid", "within": {"between": ["2026-09-01", "2026-10-01"]}},
            "自 2026-09-01 起、2026-10-01 之前做过「支付订单」",
            "did “Order paid” from 2026-09-01 up to but not including 2026-10-01",
        ),
        (
            {"did": "order_paid", "where": {"time": {"hour_of_day": {"from": 22, "to": 6}}}},
            "做过「支付订单」（发生时间 在 22:00 到次日 06:00 之间）",
            "did “Order paid” (time is from 22:00 to 06:00)",
        ),
        (
            {"did": "order_paid", "where": {"time": {"hour_of_day": [9, 12]}}},
            "做过「支付订单」（发生时间 在 9、12 点）",
            "did “Order paid” (time is at hour 9, 12)",
        ),
    ],
)
def test_sentences_read_as_people_speak(condition, zh, en):
    assert _words(condition) == (zh, en)
