"""The whole population with what it owns, and what of it was seen when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onepool.demo.people.accounts import Accounts
from onepool.demo.people.arrays import I64
from onepool.demo.people.devices import Devices
from onepool.demo.people.phones import Phones
from onepool.demo.people.population import NEVER, People
from onepool.demo.people.rates import Rates

KEYS = ("unionid@wx_open", "omid@brand", "douyin_union_id@douyin_open", "member_no@brand", "email")
"""Identifiers of the person that come with an account's; the platform (for e-mails the owner) vouches for them."""


@dataclass(slots=True)
class World:
    """The whole population with everything it owns, and the period: ``start`` in µs since 1970, ``seconds`` long."""

    seed: int
    rates: Rates
    start: int
    seconds: int
    people: People
    phones: Phones
    accounts: Accounts
    devices: Devices


@dataclass(slots=True)
class Seen:
    """When each identifier was first seen with its owner, in seconds from the start; NEVER for not at all."""

    account: I64
    unionid: I64
    omid: I64
    union_id: I64
    member: I64
    email: I64
    tenure: I64
    """By tenure of a phone, as the next."""
    tenure_last: I64
    shown: I64
    """By account: which of the person's ids came with it, a bit for each of KEYS."""
    withdrawn: I64
    """By account: when the consent to joining was taken back."""
    refused: int = 0
    """Records that the data standard must refuse: their phone is none."""


def nothing_seen(world: World) -> Seen:
    """Before the first record."""
    people, accounts, tenures = world.people.size, world.accounts.person.size, world.phones.chains.slot.size

    def never(size: int) -> I64:
        return np.full(size, NEVER, np.int64)

    return Seen(
        account=never(accounts),
        unionid=never(people),
        omid=never(people),
        union_id=never(people),
        member=never(people),
        email=never(people),
        tenure=never(tenures),
        tenure_last=np.full(tenures, -1, np.int64),
        shown=np.zeros(accounts, np.int64),
        withdrawn=never(accounts),
    )
