"""What changed between two versions, in words: every field that differs is shown, and both sides of it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from tests.journeys.brand import CART, cart

from onepool.audience.conditions.errors import ConditionError
from onepool.journeys import gallery
from onepool.journeys.diff import Difference, differences
from onepool.journeys.parse import parse_journey

PRODUCTS = [f"MY{number:04d}" for number in range(1, 9)]


def changed(**changes: Any) -> list[Difference]:
    """Differences of the cart's story when values at places (`nodes__send1__chain__1__unknown`) are others."""
    return differences(parse_journey(CART), parse_journey(cart(**changes)))


@pytest.mark.parametrize(
    ("change", "place", "zh", "en"),
    [
        ({"params": {**CART["params"], "coupon": "CPN_NEW"}}, "params.coupon",
         "参数 · coupon：CPN_CART_20 → CPN_NEW", "parameters · coupon: CPN_CART_20 → CPN_NEW"),
        ({"params": {**CART["params"], "wait": "3 days"}}, "params.wait",
         "参数 · wait：新增 3 天", "parameters · wait: new, 3 days"),
        ({"params": {"coupon": "CPN_CART_20", "products": ["MY0001"]}}, "params.products",
         "参数 · products：MY0001；MY0002 → MY0001", "parameters · products: MY0001; MY0002 → MY0001"),
        ({"entry__priority": 80}, "entry.priority", "进入 · 优先级：50 → 80", "entry · priority: 50 → 80"),
        ({"entry__reentry__cooldown": "14 days"}, "entry.reentry.cooldown",
         "进入 · 再次进入 · 冷却：7 天 → 14 天", "entry · again · cool-down: 7 days → 14 days"),
        ({"entry__rate__per_second": 5}, "entry.rate.per_second",
         "进入 · 放行速度 · 每秒：2000 → 5", "entry · let in at most · per second: 2000 → 5"),
        ({"experiment__holdout": 0.2}, "experiment.holdout",
         "实验 · 对照组：10% → 20%", "experiment · holdout: 10% → 20%"),
        ({"policy__quiet__on_hit": "skip"}, "policy.quiet", "触达策略 · 免打扰：22:00-09:00 顺延 → 22:00-09:00 跳过",
         "policy · quiet hours: 22:00-09:00 defer → 22:00-09:00 skip"),
        ({"policy__quiet__max_defer": "2 hours"}, "policy.quiet.max_defer",
         "触达策略 · 免打扰 · 最多延后：12 小时 → 2 小时",
         "policy · quiet hours · deferred at most: 12 hours → 2 hours"),
        ({"policy__caps__0__on_hit": "defer"}, "policy.caps[0].on_hit",
         "触达策略 · 频次上限 1 · 遇到时：跳过 → 顺延", "policy · caps 1 · when hit: skip → defer"),
        ({"goal__then": "continue"}, "goal.then", "目标 · 达成后：退出 → 继续", "goal · then: exit → continue"),
        ({"nodes__send1__chain__0__unknown": "drop"}, "nodes.send1.chain[0].unknown",
         "send1 · 渠道顺序 1 · 结果不明时：重发 → 放弃",
         "send1 · channels 1 · when the outcome is unknown: resend → drop"),
        ({"nodes__send1__retry": {"max": 2}}, "nodes.send1.retry",
         "send1 · 重试：平台限流、平台暂时不可用 × 5 → 平台限流、平台暂时不可用 × 2",
         "send1 · retries: rate_limited, transient × 5 → rate_limited, transient × 2"),
    ],
)  # fmt: skip
def test_field_by_field(change: dict[str, Any], place: str, zh: str, en: str) -> None:
    found = {one.place: one.sentence for one in changed(**change)}
    assert found[place] == {"zh": zh, "en": en}
    assert not any("{" in text or '"' in text for said in found.values() for text in said.values())


def test_nothing_that_differs_is_left_out() -> None:
    found = changed(nodes__send1__retry={"max": 2, "backoff": ["1m"]}, entry__did="cart_removed", entry__priority=80)
    assert [one.place for one in found] == ["entry", "entry.priority", "nodes.send1.retry", "nodes.send1.retry.backoff"]
    for one in found:
        assert one.before != one.after


def test_a_long_list_says_what_came_and_what_went() -> None:
    before = parse_journey({**CART, "params": {**CART["params"], "products": PRODUCTS}})
    after = parse_journey({**CART, "params": {**CART["params"], "products": [*PRODUCTS[1:], "MY0100"]}})
    (one,) = [one for one in differences(before, after) if one.place == "params.products"]
    assert one.sentence == {
        "zh": "参数 · products：加入 MY0100，去掉 MY0001", "en": "parameters · products: with MY0100, without MY0001",
    }  # fmt: skip


def test_of_long_sentences_what_differs() -> None:
    many = [f"MY{number:04d}" for number in range(1, 60)]
    before = parse_journey({**CART, "params": {**CART["params"], "products": many}})
    after = parse_journey({**CART, "params": {**CART["params"], "products": [*many[:-1], "MY0077"]}})
    (one,) = [one for one in differences(before, after) if one.place == "entry"]
    was, now = one.sentence["zh"].split(" → ")
    assert was.startswith("进入：…") and was.endswith("…") and now.startswith("…") and now.endswith("…")
    assert "MY0059" in was and "MY0077" in now and len(one.sentence["zh"]) < 160
    assert one.before is not None and "MY0001" in one.before["zh"], "the whole of it is there all the same"


def test_every_field_of_a_template_is_seen() -> None:
    """Whatever is taken out of a shipped journey, or is another number or text, shows up, without any raw notation."""
    body = gallery.template("cart_recall").journey
    before, seen = parse_journey(body), 0
    for place, made in _mutants(body, ()):
        try:
            after = parse_journey(made)
        except ConditionError:
            continue
        if before == after or place == ("journey",):
            continue
        seen += 1
        found = differences(before, after)
        assert found, place
        for one in found:
            assert one.before != one.after, (place, one)
            assert not {"{'", '{"'} & {one.sentence["en"][number : number + 2] for number in range(999)}, one
    assert seen > 100


def _mutants(body: Any, place: tuple[Any, ...], root: Any = None) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """(place, definition) with one thing less or other."""
    root = body if root is None else root
    for key, value in body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ():
        others: list[Any] = [None] if isinstance(body, dict) else []
        if isinstance(value, bool):
            others.append(not value)
        elif isinstance(value, int | float):
            others.append(value + 1)
        elif isinstance(value, str):
            others += ["7 days", "skip", "other"]
        for other in others:
            made = copy.deepcopy(root)
            inside: Any = made
            for step in place:
                inside = inside[step]
            if other is None:
                del inside[key]
            else:
                inside[key] = other
            yield (*place, key), made
        yield from _mutants(value, (*place, key), root)
