"""The story, day by day: what happens on each day and what is therefore sent, in order of time.

Only what is still to come of past orders is kept from one day to the next, so a year of a million customers needs no
more memory than its busiest day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from onepool.demo.brand import campaigns, chats, exports, mailing, markets, social
from onepool.demo.brand.browse_sensors import say_visits
from onepool.demo.brand.browse_web import say_web
from onepool.demo.brand.markets import Gathered
from onepool.demo.brand.orders import Orders, draw_orders, together
from onepool.demo.brand.own_shops import say_own_orders, say_own_refunds
from onepool.demo.brand.places import APP, JD, MINI, SHOPS, STORE, TMALL, WEB, XHS, YOUZAN
from onepool.demo.brand.plan import DAY
from onepool.demo.brand.scene import Made, Scene, day_chance
from onepool.demo.brand.season import busy
from onepool.demo.brand.sending import Disturbed, Sending, disturb, in_order
from onepool.demo.brand.telling import CLOSED, FINISHED, PAID, REFUNDED, days_later
from onepool.demo.brand.visits import draw_visits
from onepool.demo.people.arrays import F64, I64, Bools

_WEEK = 7
_OWN, _MARKETS = (MINI, APP, WEB), (TMALL, JD, XHS, YOUZAN)

Step = tuple[str, str, Orders, I64]
"""Shop, step, orders, times."""


class Life:
    """Runs through the days; ``campaigns`` and ``audiences`` say what was planted. ``watch`` sees all orders."""

    def __init__(self, scene: Scene, watch: Callable[[Orders], None] | None = None) -> None:
        self.scene = scene
        self._watch = watch
        self.campaigns = campaigns.calendar(scene.customers.plan.days)
        self.audiences: list[campaigns.Audience] = []
        self.disturbed = Disturbed()
        self.orders = 0
        self._coming: dict[int, list[Step]] = {}
        self._till: list[Orders] = []
        self._holds = np.full(scene.customers.size, -1, np.int64)

    def sendings(self, told: Callable[[int], None] | None = None) -> Iterator[Sending]:
        """Everything that is sent, in order of time. ``told``: called with the number of each day that begins."""
        start, days = self.scene.start, self.scene.customers.plan.days

        def each() -> Iterator[list[Sending]]:
            for day in range(days):
                if told is not None:
                    told(day)
                yield self.day(day)

        end = (start + days * DAY) * 1000
        for one in in_order(each(), lambda day: (start + (day + 1) * DAY) * 1000):
            # What is still on the way at the end comes in time all the same.
            yield one if one.at < end else one._replace(at=end - 1)

    def day(self, day: int) -> list[Sending]:
        """What is sent of what happens on one day. Days are asked for in order."""
        scene, customers, made = self.scene, self.scene.customers, Made()
        level = busy(customers.plan.day_of(day))
        active = customers.active(day * DAY)
        self._start_campaigns(day, made)
        factor = campaigns.uplift(self.audiences, day, customers.size)
        rate = np.where(active, customers.orders * level * factor, 0.0)
        chance = day_chance(scene, day, 0)
        orders = draw_orders(chance, scene, day, rate, self._holds)
        self.orders += orders.size
        if self._watch is not None:
            self._watch(orders)
        used = orders.coupon >= 0
        self._holds[orders.person[used]] = -1
        self._own_shops(day, made, orders, level, active, factor)
        self._schedule(day, orders)
        self._steps(day, made)
        chance = day_chance(scene, day, 2)
        social.say_ads(chance, scene, made, day, active)
        social.say_oa(chance, scene, made, day, active)
        social.say_mini_pushes(chance, scene, made, day, active)
        social.say_wecom(chance, scene, made, day)
        chats.say_chats(day_chance(scene, day, 7), scene, made, day, active)
        social.say_douyin(chance, scene, made, day, active)
        social.say_forms(chance, scene, made, day)
        social.say_withdrawals(scene, made, day)
        self._files(day, made, orders)
        rates = customers.rates
        return disturb(day_chance(scene, day, 9), made.sendings, rates.late, rates.double, self.disturbed)

    def _start_campaigns(self, day: int, made: Made) -> None:
        for campaign in self.campaigns:
            if campaign.day != day:
                continue
            group = campaigns.audience(campaign, self.scene.customers)
            self.audiences.append(group)
            self._holds[group.person[group.treated]] = campaign.number
            mailing.say_campaign(day_chance(self.scene, day, 1), self.scene, made, group)
            file = exports.audience_file(self.scene, group, f"audience_{campaign.code}.csv")
            made.one(self.scene.ways.files, (self.scene.start + day * DAY + 11 * 3600) * 1000, file)

    def _own_shops(self, day: int, made: Made, orders: Orders, level: float, active: Bools, factor: F64) -> None:
        for number, shop in enumerate(_OWN):
            chance = day_chance(self.scene, day, 20 + number)
            visits = draw_visits(chance, self.scene, shop, day, level, orders, active, factor)
            say = (
                say_web(chance, self.scene, made, visits)
                if shop == WEB
                else say_visits(chance, self.scene, made, visits, shop)
            )
            bought = np.flatnonzero(visits.order >= 0)
            mine = orders.taken(visits.order[bought])
            say_own_orders(chance, self.scene, made, shop, mine, say[bought], self.campaigns)

    def _schedule(self, day: int, orders: Orders) -> None:
        """What becomes of today's orders, on the days on which it does."""
        chance = day_chance(self.scene, day, 3)
        for shop in (*_OWN, *_MARKETS):
            mine = orders.taken(orders.shop == SHOPS.index(shop))
            if not mine.size:
                continue
            back = mine.taken(mine.refunded > 0)
            self._later(shop, REFUNDED, back, days_later(chance, back.time, 2, 12))
            if shop in _MARKETS:
                paid = mine.taken(mine.paid)
                lost = mine.taken(~mine.paid)
                self._later(shop, PAID, paid, paid.time + 45)
                self._later(shop, CLOSED, lost, lost.time + 86_400)
                kept = paid.taken(paid.refunded == 0)
                self._later(shop, FINISHED, kept, days_later(chance, kept.time, 5, 10))

    def _later(self, shop: str, step: str, orders: Orders, times: I64) -> None:
        days = times // DAY
        for day in np.unique(days).tolist():
            here = days == day
            self._coming.setdefault(day, []).append((shop, step, orders.taken(here), times[here]))

    def _steps(self, day: int, made: Made) -> None:
        gathered: Gathered = {}
        chance = day_chance(self.scene, day, 4)
        for shop, step, orders, times in self._coming.pop(day, ()):
            if shop in _OWN:
                say_own_refunds(chance, self.scene, made, shop, orders, times)
            else:
                markets.say_market_orders(chance, self.scene, made, gathered, shop, step, orders, times)
        markets.say_pages(self.scene, made, gathered)

    def _files(self, day: int, made: Made, orders: Orders) -> None:
        """Every week the tills and the CRM export; what is left at the end comes with the last day."""
        scene = self.scene
        if day == 0:
            known = exports.known_file(day_chance(scene, day, 6), scene, "customers_before.csv")
            if known is not None:
                made.one(scene.ways.files, (scene.start + 3600) * 1000, known)
        bought = orders.taken((orders.shop == SHOPS.index(STORE)) & orders.paid)
        if bought.size:
            self._till.append(bought)
        last = day == scene.customers.plan.days - 1
        if (day + 1) % _WEEK and not last:
            return
        at = (scene.start + (day + 1) * DAY - 900) * 1000
        chance = day_chance(scene, day, 5)
        today = f"{scene.customers.plan.day_of(day):%Y%m%d}"
        if self._till:
            made.one(
                scene.ways.files,
                at,
                exports.store_file(chance, scene, together(self._till), f"pos_{today}.csv", at // 1000),
            )
            self._till.clear()
        members = exports.crm_file(chance, scene, day, f"members_{today}.csv")
        if members is not None:
            made.one(scene.ways.files, at + 60_000, members)
