"""Campaigns: an audience cut at random into treated and control, a coupon, and an effect that is planted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onepool.demo.brand.customers import Customers
from onepool.demo.brand.places import EMAIL, OA, SMS
from onepool.demo.brand.plan import DAY
from onepool.demo.people.arrays import F64, I64, Bools, chance_of

EFFECT_DAYS = 14
_EFFECTS = (0.6, 0.0, 1.0, 0.3, 0.0, 0.8)
"""By how much those who get the message buy more often for EFFECT_DAYS. Some campaigns do nothing."""
_CHANNELS = (SMS, OA, SMS, EMAIL, OA, SMS)
_NAMES = ("新客礼券", "会员日提醒", "囤货节满减", "新品试用邀请", "换季关怀", "沉睡唤醒")
_FIRST, _EVERY = 12, 26


@dataclass(frozen=True, slots=True)
class Campaign:
    """``effect``: how much more often the treated buy, 0.6 = 60 % more; 0 = nothing."""

    number: int
    code: str
    name: str
    channel: str
    day: int
    effect: float

    @property
    def coupon(self) -> str:
        """The id of its coupon."""
        return f"CP{self.number + 1:03d}"

    @property
    def card(self) -> str:
        """The same as a card of WeChat."""
        return f"pDEMO_card_{self.number + 1:03d}"


def calendar(days: int) -> list[Campaign]:
    """The campaigns of a period."""
    found = []
    for number, day in enumerate(range(min(_FIRST, days // 3), max(days - 10, 1), _EVERY)):
        place = number % len(_EFFECTS)
        name = f"{_NAMES[place]}{number // len(_NAMES) + 1 if number >= len(_NAMES) else ''}"
        found.append(Campaign(number, f"camp_{number + 1:02d}", name, _CHANNELS[place], day, _EFFECTS[place]))
    return found


@dataclass(slots=True)
class Audience:
    """Who was in a campaign. ``treated``: got the message; the others are the control group."""

    campaign: Campaign
    person: I64
    treated: Bools


def audience(campaign: Campaign, customers: Customers) -> Audience:
    """Members whom the channel reaches on the campaign's day; the control group is drawn at random among them."""
    at = campaign.day * DAY
    chance = chance_of(customers.seed, 60, campaign.number)
    reached = customers.member <= at
    reached &= (customers.consents <= at) & (customers.withdraws > at)
    if campaign.channel == OA:
        reached &= (customers.opened[OA] <= at) & (customers.closed[OA] > at)
    elif campaign.channel == EMAIL:
        reached &= customers.opened[EMAIL] <= at
    person = np.flatnonzero(reached)
    return Audience(campaign, person, chance.random(person.size) >= customers.rates.control)


def uplift(running: list[Audience], day: int, size: int) -> F64:
    """By person: the factor on how often they buy today."""
    factor = np.ones(size)
    for one in running:
        if one.campaign.day <= day < one.campaign.day + EFFECT_DAYS:
            factor[one.person[one.treated]] *= 1 + one.campaign.effect
    return factor


__all__ = ["EFFECT_DAYS", "Audience", "Campaign", "audience", "calendar", "uplift"]
