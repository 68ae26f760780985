"""What was bought and when, as evidence: cleaning, levels, guessing, and what it finds."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from onepool.identity.matching import Settings, fit, guess_columns
from onepool.identity.matching.comparing import Spec, compare_codes
from onepool.identity.matching.contradictions import contradicts
from onepool.identity.matching.kinds import kind_of
from onepool.identity.matching.prepare import prepare
from onepool.identity.matching.purchases import MOMENT_LEVELS, clean_moment


@pytest.mark.parametrize(
    ("told", "cleaned"),
    [
        ("2026-03-01 10:11:12", "2026-03-01T10:11"),
        ("2026/3/1 9:05", "2026-03-01T09:05"),
        ("2026年3月1日 9时05分", "2026-03-01T09:05"),
        ("2026-03-01T10:11:12.123+08:00", "2026-03-01T02:11"),
        ("2026-03-01T10:11:12-0530", "2026-03-01T15:41"),
        ("2026-03-01T23:30:00Z", "2026-03-01T23:30"),
        ("2026-03-01", "2026-03-01"),
        ("2026-02-30 10:00", None),
        ("2026-03-01 25:00", None),
        ("0001-01-01 00:30:00+08:00", None),
        ("昨天", None),
        ("", None),
    ],
)
def test_times_are_read_in_the_forms_of_exports(told: str, cleaned: str | None) -> None:
    assert clean_moment([told]) == [cleaned]


def level(one: str, other: str) -> str:
    records = pa.table({"record_id": ["a", "b"], "at": [one, other]})
    column = prepare(records, {"at": "moment"}).columns["at"]
    at = np.array([0], np.int64)
    return MOMENT_LEVELS[int(compare_codes(column, column.codes[at], column.codes[at + 1])[0])]


def test_levels_of_times() -> None:
    assert level("2026-03-01 10:11:02", "2026-03-01 10:11:58") == "same minute"
    assert level("2026-03-01 10:11", "2026-03-01 10:21") == "within ten minutes"
    assert level("2026-03-01 23:58", "2026-03-02 00:03") == "within ten minutes"
    assert level("2026-03-01 10:11", "2026-03-01 10:22") == "same day"
    assert level("2026-03-01 10:11", "2026-03-08 09:00") == "within a week"
    assert level("2026-03-01 10:11", "2026-03-09 09:00") == "different"
    # Of a day alone no minute is known, of two that are equal neither.
    assert level("2026-03-01", "2026-03-01") == level("2026-03-01", "2026-03-01 00:00") == "same day"


def test_instants_keep_their_time_of_day_whatever_their_zone() -> None:
    at = datetime(2026, 3, 1, 2, 11, 30, tzinfo=UTC)
    for kind in (pa.timestamp("us"), pa.timestamp("ms", "UTC"), pa.timestamp("us", "Asia/Shanghai")):
        records = pa.table({"record_id": [1], "at": pa.array([at.replace(tzinfo=None)]).cast(pa.timestamp("us"))})
        column = records.column("at").cast(kind) if kind.tz is None else pa.chunked_array([pa.array([at], kind)])
        prepared = prepare(records.set_column(1, "at", column), {"at": "moment"})
        assert prepared.columns["at"].values.tolist() == ["2026-03-01T02:11"]


def test_columns_of_purchases_are_recognised_and_contradict_nobody() -> None:
    records = pa.table(
        {
            "record_id": [1, 2, 3],
            "姓名": ["王小明", "李雷", "韩梅梅"],
            "下单时间": ["2026-03-01 10:11", "2026-03-02 10:11", "2026-03-03 10:11"],
            "购买日期": ["2026-03-01", "2026-03-02", "2026-03-03"],
            "paid_at": ["2026-03-01 10:11", "2026-03-02 10:11", "2026-03-03 10:11"],
            "created_at": ["2026-03-01 10:11", "2026-03-02 10:11", "2026-03-03 10:11"],
            "product_id": ["P-1", "P-1", "P-2"],
            "商品编号": ["1", "1", "2"],
        }
    )
    kinds = guess_columns(records)
    assert [kinds[name] for name in ("下单时间", "购买日期", "paid_at")] == ["moment"] * 3
    assert kinds["created_at"] == "ignore", "when a row was written says nothing of a purchase"
    assert kinds["product_id"] == kinds["商品编号"] == "product"
    spec = Spec("购买日期", "moment", True, MOMENT_LEVELS)
    assert not contradicts(spec, np.arange(len(MOMENT_LEVELS), dtype=np.int8)).any()


def test_products_that_look_alike_are_other_products() -> None:
    records = pa.table({"record_id": [1, 2, 3], "p": [["P-1001", "P-7"], ["P-1002"], ["P-7"]]})
    column = prepare(records, {"p": "product"}).columns["p"]
    codes = {value: code for code, value in enumerate(column.values.tolist())}
    one, other = (np.array([codes[value]], np.int64) for value in ("p 1001", "p 1002"))
    assert compare_codes(column, one, other).tolist() == [1] and compare_codes(column, one, one).tolist() == [0]
    assert kind_of("product").levels == ("same", "different")


def test_an_order_that_two_systems_told_tells_namesakes_apart() -> None:
    """1,500 people of 30 names, each told by a shop and by the books: only what was bought when tells them apart.
    Without these columns nobody could; with them nearly all pairs are found, and hardly a wrong one."""
    rng = np.random.default_rng(7)
    people = 1_500
    names = [f"王{sign}" for sign in "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉萍红鑫鹏飞"]
    name = [names[at] for at in rng.integers(0, len(names), people)]
    product = rng.integers(0, 40, people)
    at = np.datetime64("2026-03-01T00:00", "m") + rng.integers(0, 60 * 24 * 60, people)
    late = rng.integers(0, 3, people)
    records = pa.table(
        {
            "record_id": [f"shop-{n}" for n in range(people)] + [f"books-{n}" for n in range(people)],
            "name": name + name,
            "product_id": [f"P{one}" for one in product] * 2,
            "order_time": [str(one) for one in at] + [str(one) for one in at + late],
        }
    )
    found = fit(records, settings=Settings(seed=3))
    cluster = dict(
        zip(found.clusters.column("record_id").to_pylist(), found.clusters.column("cluster").to_pylist(), strict=True)
    )
    right = sum(cluster[f"shop-{n}"] == cluster[f"books-{n}"] for n in range(people))
    assert right >= 0.9 * people
    sizes = np.bincount(np.unique(list(cluster.values()), return_inverse=True)[1])
    assert (sizes > 2).sum() <= people // 50
