"""The brand's customers: who they are, where they have accounts and since when, how much they buy, when they go quiet.

People, households, phones and devices are those of ``demo.people``. Times are seconds from the start of the period
(midnight in Beijing), ``NEVER`` for what does not come.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from onepool.demo.brand.places import (
    APP,
    CRM,
    DOUYIN,
    EMAIL,
    FORMS,
    JD,
    MINI,
    OA,
    SHOPS,
    STORE,
    TMALL,
    WEB,
    WECOM,
    XHS,
    YOUZAN,
)  # fmt: skip
from onepool.demo.brand.plan import DAY, BrandPlan
from onepool.demo.brand.rates import RATES, BrandRates
from onepool.demo.people.arrays import F64, I64, Bools, Chance, chance_of
from onepool.demo.people.devices import Devices, draw_devices
from onepool.demo.people.phones import Phones, draw_phones
from onepool.demo.people.population import NEVER, YEAR, People, draw_people
from onepool.demo.people.rates import Rates, rates_for

_MONTH = 30.4
_NO_CHILD = np.int64(1) << 40

PAST = int(2 * YEAR)
"""So long before the period numbers change hands, and the CRM took down its first customers."""

ACCOUNTS = (OA, MINI, WECOM, DOUYIN, YOUZAN, XHS, TMALL, JD, STORE, WEB, APP, EMAIL, FORMS)


@dataclass(slots=True)
class Customers:
    """One entry per person in every array. ``opened`` and ``closed``: by touchpoint."""

    plan: BrandPlan
    rates: BrandRates
    noise: Rates
    """How often things that are typed go wrong."""
    people: People
    phones: Phones
    devices: Devices
    arrival: I64
    quiet: I64
    """From when on nothing is heard, until ``back``."""
    back: I64
    opened: dict[str, I64]
    closed: dict[str, I64]
    member: I64
    """When the person joined the programme: in the mini program (``in_store`` false) or in a store."""
    in_store: Bools
    omid: Bools
    hidden: Bools
    """Whether the unionid of this follower is never told by the official account."""
    again: I64
    """When the CRM got a second record of this member."""
    known: I64
    """When the CRM took this customer down before the period: before 0, or NEVER."""
    orders: F64
    """Orders a day while active."""
    visits: F64
    shops: F64
    """Shape (n, shops): how much each shop is preferred."""
    child: I64
    """Day (since 1970) on which the youngest child of the household is born."""
    consents: I64
    """When the person agreed to marketing, and (``withdraws``) took it back."""
    withdraws: I64

    @property
    def size(self) -> int:
        return self.people.size

    @property
    def seed(self) -> int:
        return self.plan.seed

    def active(self, second: int) -> Bools:
        """Who is not quiet at a time."""
        found: Bools = (self.arrival <= second) & ((second < self.quiet) | (second >= self.back))
        return found

    def stage(self, person: I64, second: int) -> I64:
        """Places in STAGES, by the age of the household's youngest child."""
        today = (self.plan.start + second) // DAY
        born = self.child[person]
        months = (today - born) / _MONTH
        stage = np.searchsorted(np.array([0.0, 6.0, 18.0]), months, side="right") + 1
        return np.where((born == _NO_CHILD) | (months < -9), 0, stage).astype(np.int64)

    def tenure(self, chance: Chance, person: I64, time: I64) -> I64:
        """The phone each person gives at a time: mostly the own, in some families a relative's."""
        borrowed = self.phones.borrowed[person]
        shared = (borrowed >= 0) & (chance.random(person.size) < self.noise.family_phone_used)
        slot = np.where(shared, borrowed, self.phones.chains.slot_of_person[person])
        return self.phones.chains.at(slot, time)

    def own(self, person: I64, tenure: I64) -> Bools:
        """Whether these numbers are the persons' own, and no relative's."""
        chains = self.phones.chains
        found: Bools = chains.owner[chains.slot[tenure]] == person
        return found

    def device(self, person: I64, time: I64) -> I64:
        """The device (a tenure) that each person uses: the own first one, or one that was handed on."""
        own = self.devices.chains.at(self.devices.chains.slot_of_person[person], np.maximum(time, 0))
        given = self.devices.inherited[person]
        handed = (given >= 0) & (self.devices.chains.end[np.maximum(given, 0)] <= time)
        return np.where(handed, given, own)


def draw_customers(plan: BrandPlan, rates: BrandRates = RATES) -> Customers:
    """The customers of a plan. Raises UsageError."""
    plan.checked()
    noise = replace(rates_for("easy"), phone_change=rates.number_change, phone_reissued=rates.number_reissued)
    seed, size, seconds = plan.seed * 8 + 3, plan.customers, plan.seconds
    people = draw_people(size, noise, seed, seconds)
    phones = draw_phones(people, noise, seed, seconds, PAST)
    devices = draw_devices(people, noise, seed, seconds)
    chance = chance_of(seed, 20)
    early = chance.random(size) < 0.45
    arrival = (np.where(early, 0.2, 0.92) * seconds * chance.random(size)).astype(np.int64)
    quiet, back = _silences(chance, rates, arrival, seconds)
    opened = _accounts(chance, rates, arrival, seconds)
    member, in_store = _memberships(chance, rates, opened, seconds)
    opened[CRM] = np.where(member < NEVER, member, NEVER)
    closed = {
        name: np.where(chance.random(size) < rates.unfollows, opened[name] + _later(chance, size, 45), NEVER)
        for name in (OA, WECOM)
    }
    level = np.exp(chance.normal(-0.35, 0.84, size))  # mean 1
    known = np.minimum(np.where(member < NEVER, member, NEVER), opened[MINI])
    consents = np.where(chance.random(size) < rates.consent, known, NEVER)
    withdrawn = (consents < NEVER) & (chance.random(size) < rates.consent_withdrawn)
    tastes = chance.gamma(0.8, 1.0, (size, len(SHOPS))) * _POPULAR
    return Customers(
        plan=plan,
        rates=rates,
        noise=noise,
        people=people,
        phones=phones,
        devices=devices,
        arrival=arrival,
        quiet=quiet,
        back=back,
        opened=opened,
        closed=closed,
        member=member,
        in_store=in_store,
        omid=(opened[TMALL] < NEVER) & (chance.random(size) < rates.omid),
        hidden=chance.random(size) < rates.unionid_hidden,
        again=np.where((member < NEVER) & (chance.random(size) < rates.second_record), member, NEVER)
        + _later(chance, size, 40),
        known=_known_before(chance_of(seed, 21), rates, size),
        orders=rates.orders * level,
        visits=rates.visits * np.sqrt(level) * np.exp(chance.normal(0, 0.5, size)),
        shops=tastes,
        child=_children(chance, plan, people),
        consents=consents,
        withdraws=np.where(withdrawn, consents + _later(chance, size, 60), NEVER),
    )


_POPULAR = np.array([1.6, 1.4, 1.0, 0.8, 0.6, 1.1, 0.7, 0.9])
"""Of SHOPS."""


def _later(chance: Chance, size: int, days: float) -> I64:
    return (chance.exponential(days * DAY, size)).astype(np.int64) + 3600


def _known_before(chance: Chance, rates: BrandRates, size: int) -> I64:
    """When the CRM took down those whom it knew before the period."""
    at = -(chance.random(size) * (PAST - 30 * DAY)).astype(np.int64) - 30 * DAY
    return np.where(chance.random(size) < rates.known_before, at, NEVER)


def _silences(chance: Chance, rates: BrandRates, arrival: I64, seconds: int) -> tuple[I64, I64]:
    size = arrival.size
    quiet = np.where(
        chance.random(size) < rates.quiet, arrival + 14 * DAY + _later(chance, size, seconds / DAY / 3), NEVER
    )
    returns = (quiet < NEVER) & (chance.random(size) < rates.back)
    back = np.where(returns, quiet + 30 * DAY + (chance.random(size) * 60 * DAY).astype(np.int64), NEVER)
    return quiet, back


def _accounts(chance: Chance, rates: BrandRates, arrival: I64, seconds: int) -> dict[str, I64]:
    """When each account was opened: one at the arrival, the others by and by."""
    size = arrival.size
    wechat = chance.random(size) < rates.wechat
    has = {
        OA: wechat & (chance.random(size) < rates.follows),
        MINI: wechat & (chance.random(size) < rates.mini),
        WECOM: wechat & (chance.random(size) < rates.friend),
    }
    owned = {
        DOUYIN: rates.douyin, YOUZAN: rates.youzan, XHS: rates.xiaohongshu, TMALL: rates.tmall, JD: rates.jd,
        STORE: rates.store, WEB: rates.web, APP: rates.app, EMAIL: rates.email, FORMS: rates.form,
    }  # fmt: skip
    for name, rate in owned.items():
        has[name] = chance.random(size) < rate
    nowhere = ~np.logical_or.reduce([has[name] for name in (OA, MINI, TMALL, JD, STORE, WEB, APP, YOUZAN)])
    has[MINI] |= nowhere
    delay = {name: _later(chance, size, 30) for name in ACCOUNTS}
    keys = np.stack([np.where(has[name], delay[name], NEVER) for name in ACCOUNTS])
    first = np.argmin(keys, axis=0)
    opened = {}
    for number, name in enumerate(ACCOUNTS):
        at = arrival + np.where(first == number, 0, delay[name])
        opened[name] = np.where(has[name] & (at < seconds), at, NEVER)
    return opened


def _memberships(chance: Chance, rates: BrandRates, opened: dict[str, I64], seconds: int) -> tuple[I64, Bools]:
    size = opened[MINI].size
    here = (opened[MINI] < NEVER) & (chance.random(size) < rates.member)
    there = (opened[STORE] < NEVER) & (chance.random(size) < rates.store_member)
    # Registered in a first or a later visit.
    wait = np.where(chance.random(size) < 0.6, 240, _later(chance, size, 10))
    mini = np.where(here, opened[MINI] + wait, NEVER)
    store = np.where(there, opened[STORE] + 600, NEVER)
    member = np.minimum(mini, store)
    return np.where(member < seconds, member, NEVER), store < mini


def _children(chance: Chance, plan: BrandPlan, people: People) -> I64:
    households = people.first.size - 1
    start = plan.start // DAY
    born = start + chance.integers(-40 * 30, plan.days + 240, households)
    return np.where(chance.random(households) < 0.68, born, _NO_CHILD)[people.household]
