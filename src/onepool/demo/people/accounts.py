"""Accounts: what each platform knows a person by, and since when.

One row is one account at one source. What belongs to the person across sources (unionid, OMID, member number, e-mail)
is derived from the person's number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onepool.demo.people.arrays import F64, I64, Bools, Chance, Texts, chance_of, codes, pick, weighted
from onepool.demo.people.population import People
from onepool.demo.people.rates import Rates
from onepool.demo.people.sources import CRM, DOUYIN, JD, SHOPS, SOURCES, WEB, WECHAT, WECOM, YOUZAN, place_of

OPENIDS = np.array([0.35, 0.35, 0.2, 0.1])
"""Shares of people on WeChat with 1 to 4 openids."""

SHOP_COUNTS = np.array([0.4, 0.25, 0.17, 0.1, 0.08])
"""Shares of people on Taobao who bought in 1 to 5 shops."""

_OPENED_UNTIL = 0.85
"""Accounts are opened evenly over this part of the period, so that there is time to use them."""

_DOMAINS = ("qq.com", "163.com", "126.com", "sina.com", "gmail.com", "outlook.com")


@dataclass(slots=True)
class Accounts:
    """One entry per account, in order of person. ``source``: place in SOURCES; ``opened``: seconds from the start."""

    person: I64
    source: I64
    opened: I64
    serial: I64
    store: I64
    """Of CRM records: the store; 0 elsewhere."""
    duplicate: Bools
    on_wechat: Bools
    """By person, as the next three."""
    omid: Bools
    member: Bools
    email: Bools
    first: I64
    """The first account of each person, and one entry more."""


def draw_accounts(people: People, rates: Rates, seed: int, seconds: int) -> Accounts:
    """The accounts of a population; everybody has at least one."""
    chance = chance_of(seed, 3)
    size = people.size
    owned = ("unionid", "taobao", JD, YOUZAN, DOUYIN, WEB)
    has = {name: chance.random(size) < getattr(rates, name) for name in owned}
    parts: list[tuple[I64, I64]] = []  # persons, source
    mini = _several(chance, np.flatnonzero(has["unionid"]), OPENIDS, np.array([0.3, 0.45, 0.1, 0.15]), WECHAT, parts)
    _several(chance, np.flatnonzero(has["taobao"]), SHOP_COUNTS, np.array([0.5, 0.2, 0.12, 0.1, 0.08]), SHOPS, parts)
    for name in (JD, YOUZAN, DOUYIN, WEB):  # the sources and their rates have one name
        _one(np.flatnonzero(has[name]), name, parts)
    _one(np.flatnonzero(has["unionid"] & (chance.random(size) < rates.wecom)), WECOM, parts)
    stores = chance.poisson(rates.crm, size)
    have = np.zeros(size, np.bool_)
    have[np.concatenate([persons for persons, _ in parts])] = True
    stores = np.where(have, stores, np.maximum(stores, 1))
    _one(np.repeat(np.arange(size), stores), CRM, parts)
    first_record = np.concatenate([persons for persons, _ in parts])
    source = np.concatenate([source for _, source in parts])
    again = np.flatnonzero((source == place_of(CRM)) & (chance.random(source.size) < rates.crm_duplicate))
    person = np.concatenate([first_record, first_record[again]])
    source = np.concatenate([source, source[again]])
    count = max(3, size // 2500)
    store = (people.homes.city[people.home[people.household[person]]] * 7 + chance.integers(0, 3, person.size)) % count
    store[first_record.size :] = store[again]
    store[source != place_of(CRM)] = 0
    duplicate = np.arange(person.size) >= first_record.size
    opened = (chance.random(person.size) * _OPENED_UNTIL * seconds).astype(np.int64)
    order = np.argsort(person, kind="stable")
    return Accounts(
        person=person[order],
        source=source[order],
        opened=opened[order],
        serial=np.arange(person.size),
        store=store[order],
        duplicate=duplicate[order],
        on_wechat=has["unionid"],
        omid=has["taobao"] & (chance.random(size) < rates.omid),
        member=_member(mini, size) & (chance.random(size) < rates.member_card),
        email=chance.random(size) < rates.email,
        first=np.searchsorted(person[order], np.arange(size + 1)).astype(np.int64),
    )


def _one(persons: I64, source: str, parts: list[tuple[I64, I64]]) -> None:
    parts.append((persons.astype(np.int64), np.full(persons.size, place_of(source), np.int64)))


def _several(
    chance: Chance,
    persons: I64,
    counts: F64,
    weights: F64,
    sources: tuple[str, ...],
    parts: list[tuple[I64, I64]],
) -> I64:
    """Accounts at several of these sources, each at most once. Gives back those of the second source."""
    count = weighted(chance, counts, persons.size) + 1
    keys = chance.random((persons.size, len(sources))) ** (1 / weights)
    rank = np.argsort(np.argsort(-keys, axis=1), axis=1)
    for number, source in enumerate(sources):
        _one(persons[rank[:, number] < count], source, parts)
    return persons[rank[:, 1] < count]


def _member(persons: I64, size: int) -> Bools:
    found = np.zeros(size, np.bool_)
    found[persons] = True
    return found


def account_ids(accounts: Accounts, rows: I64, seed: int) -> Texts:
    """The id of each account as its platform writes it."""
    source = accounts.source[rows]
    ids = np.empty(rows.size, object)
    for number, one in enumerate(SOURCES):
        here = np.flatnonzero(source == number)
        if not here.size:
            continue
        if one.name == CRM:
            store, serial = accounts.store[rows[here]].tolist(), accounts.serial[rows[here]].tolist()
            ids[here] = [f"S{s:04d}{n:09d}" for s, n in zip(store, serial, strict=True)]
        else:
            ids[here] = codes(one.prefix, accounts.serial[rows[here]], seed * 64 + number)
    return ids


def unionids(person: I64, seed: int) -> Texts:
    """The WeChat account of each person at the open platform."""
    return codes("oU", person, seed * 64 + 40)


def omids(person: I64, seed: int) -> Texts:
    """The membership id across shops."""
    return codes("OM", person, seed * 64 + 41)


def union_ids(person: I64, seed: int) -> Texts:
    """The Douyin union id."""
    return codes("dyU", person, seed * 64 + 42)


def member_numbers(person: I64) -> Texts:
    """The number of the programme's card."""
    return np.array([f"M{number:010d}" for number in (8_000_000_000 + person * 7).tolist()], object)


def emails(person: I64, seed: int) -> Texts:
    """The address of each person."""
    local = codes("u", person, seed * 64 + 43)
    domain = pick(_DOMAINS, (person * 7919) % len(_DOMAINS))
    found: Texts = local + np.full(person.size, "@", object) + domain
    return found


__all__ = ["Accounts", "account_ids", "draw_accounts", "emails", "member_numbers", "omids", "union_ids", "unionids"]
