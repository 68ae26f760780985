"""The story before anything is sent: the same again by seed, in order of time, within the stated rates."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from tests.demo.brand.conftest import KEYS, PLAN, Told, tell

from onepool.demo.brand import campaigns
from onepool.demo.brand.customers import draw_customers
from onepool.demo.brand.life import Life
from onepool.demo.brand.orders import Orders, together
from onepool.demo.brand.places import CRM, MINI, OA, SHOPS, STORE, TMALL, WEB, WECOM
from onepool.demo.brand.plan import DAY, BrandPlan
from onepool.demo.brand.rates import RATES
from onepool.demo.brand.scene import make_scene
from onepool.demo.brand.secrets import made_up
from onepool.demo.brand.sending import Delivery, File, Page, receiver
from onepool.demo.people.population import NEVER
from onepool.errors import UsageError


def _digest(told: Told) -> str:
    digest = hashlib.blake2b()
    for one in told.sendings:
        digest.update(f"{one.at} {one.thing()!r}".encode())
    return digest.hexdigest()


def test_equal_plans_give_equal_bytes_and_other_seeds_others(told: Told) -> None:
    assert _digest(Told(*tell())) == _digest(told)
    assert _digest(Told(*tell(replace(PLAN, seed=PLAN.seed + 1)))) != _digest(told)


def test_everything_is_sent_in_order_of_time_and_within_the_period(told: Told) -> None:
    times = [one.at for one in told.sendings]
    assert times == sorted(times)
    assert times[0] >= PLAN.start * 1000
    assert times[-1] < (PLAN.start + PLAN.seconds) * 1000


def test_every_touchpoint_sends_in_its_own_way(told: Told) -> None:
    kinds: Counter[str] = Counter()
    for one in told.sendings:
        thing = one.thing()
        kinds[receiver(thing) or (thing.path if isinstance(thing, Delivery) else "")] += 1
    assert set(kinds) >= {
        "oa", "mini", "wecom", "douyin", "youzan", "xiaohongshu", "tmall", "jd", "store", "crm", "ads_ocean",
        "ads_tencent", "forms", "sms", "/sa", "/v1/b", "/v1/batch",
    }  # fmt: skip
    assert {type(one.thing()) for one in told.sendings} == {Delivery, Page, File}


def test_late_and_double_deliveries_come_at_their_rates(told: Told) -> None:
    sent = len(told.sendings)
    for count, rate in ((told.life.disturbed.late, RATES.late), (told.life.disturbed.double, RATES.double)):
        assert rate * sent / 2 < count < rate * sent * 2


def test_accounts_are_as_many_as_the_rates_say() -> None:
    customers = draw_customers(BrandPlan(20_000, 180, 3))
    size = customers.size
    for name, rate in ((TMALL, RATES.tmall), (OA, RATES.wechat * RATES.follows), (WECOM, RATES.wechat * RATES.friend)):
        share = (customers.opened[name] < NEVER).mean()
        # Some accounts would be opened only after the end.
        assert rate * 0.8 < share <= rate + 3 * np.sqrt(rate / size)
    assert (customers.member < NEVER).mean() > 0.3
    assert (customers.opened[MINI] >= customers.arrival).all()
    assert ((customers.quiet < NEVER).mean() - RATES.quiet) ** 2 < 9 * RATES.quiet / size
    with pytest.raises(UsageError):
        draw_customers(BrandPlan(1, 180, 3))


def test_nobody_buys_where_there_is_no_account(told: Told) -> None:
    customers = told.life.scene.customers
    for kind, shop in (("tmall", TMALL), ("jd", "jd"), ("youzan", "youzan"), ("mini", MINI)):
        shown = told.life.scene.shown.first[kind]
        seen = shown < NEVER
        assert seen.any()
        assert (customers.opened[shop][seen] <= shown[seen]).all()
    assert {STORE, WEB, MINI} <= set(SHOPS)
    assert CRM not in SHOPS


def test_an_effect_is_planted_for_the_treated_alone() -> None:
    customers = draw_customers(BrandPlan(4_000, 90, 5))
    plan = campaigns.calendar(90)
    effective = next(one for one in plan if one.effect > 0)
    group = campaigns.audience(effective, customers)
    share = 1 - group.treated.mean()
    assert abs(share - RATES.control) < 4 * np.sqrt(RATES.control * (1 - RATES.control) / group.person.size)
    factor = campaigns.uplift([group], effective.day, customers.size)
    assert (factor[group.person[group.treated]] == 1 + effective.effect).all()
    assert factor.sum() == pytest.approx(customers.size + group.treated.sum() * effective.effect)
    assert (campaigns.uplift([group], effective.day + campaigns.EFFECT_DAYS, customers.size) == 1).all()
    assert {0.0} < {one.effect for one in plan}


def test_the_treated_buy_more_than_the_control_group() -> None:
    bought: list[Orders] = []
    plan = BrandPlan(4_000, 40, 11, PLAN.last)
    life = Life(make_scene(draw_customers(plan), made_up(1), KEYS), bought.append)
    for day in range(plan.days):
        life.day(day)
    group = life.audiences[0]
    assert group.campaign.effect == 0.6
    orders = together(bought)
    within = (orders.time >= group.campaign.day * DAY) & (
        orders.time < (group.campaign.day + campaigns.EFFECT_DAYS) * DAY
    )
    count = np.bincount(orders.person[within], minlength=plan.customers)
    assert count[group.person[group.treated]].mean() > count[group.person[~group.treated]].mean() * 1.15
