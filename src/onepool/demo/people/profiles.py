"""What each source holds of the person behind an account: names as typed, phones of every kind, places, dates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from onepool.demo.people import noise
from onepool.demo.people.accounts import Accounts, emails
from onepool.demo.people.arrays import F64, I64, Bools, Chance, Texts, only, packed, pick
from onepool.demo.people.phones import Phones
from onepool.demo.people.population import People
from onepool.demo.people.rates import Rates
from onepool.demo.people.sources import CRM, SHOPS, SOURCES, place_of

NONE, VERIFIED, TYPED, TYPO, BORROWED, STAFF, PLACEHOLDER, MASKED, VIRTUAL, LANDLINE = range(10)
"""How an account's record speaks of a phone. VERIFIED: proved by the platform or by SMS, so always the own."""

PLAIN_OWN = (VERIFIED, TYPED)
LEVELS = ("普通会员", "银卡", "金卡", "钻石卡")

_SECOND_LINE = 0.2
"""How often a person with two phones gives the second."""
_SHOP_MEMBER_PHONE = 0.3
"""Of the members across shops whose shop knows no masked phone: those who let the brand have the plain one."""
_CAPITALS = 0.02
_LEVEL_WEIGHTS = (0.6, 0.85, 0.96)


@dataclass(slots=True)
class Profiles:
    """The opening records of some accounts; one entry per account, None where a source does not have it.

    ``mode``: how the phone is known; ``slot``: whose line, -1 for none; ``fixed``: the number where it does not follow
    the line's owner (wrong digits, staff); ``name_kind``: what was done to the name (noise.*), -1 for none or masked.
    """

    rows: I64
    person: I64
    source: I64
    opened: I64
    quick: Bools
    name: Texts
    name_kind: I64
    nickname: Texts
    gender: Texts
    birthday: Texts
    province: Texts
    city: Texts
    district: Texts
    address: Texts
    city_place: I64
    """The city that the record tells, -1 where it tells none; for the oracle, as ``home``."""
    home: I64
    """The home behind a full address, -1 where there is none or its end is masked."""
    level: Texts
    email: Texts
    email_own: Bools
    mode: I64
    slot: I64
    fixed: I64
    phone: Texts
    """As the opening record has it."""
    number: I64
    """Behind ``phone``: the plain number, 0 where there is none."""

    def number_at(self, phones: Phones, places: I64, time: I64) -> tuple[I64, I64]:
        """The plain number that these accounts hold at these times (0 for none), and its tenure (-1 unless the own)."""
        slot = np.maximum(self.slot[places], 0)
        tenure = phones.chains.at(slot, time)
        follows = np.isin(self.mode[places], (VERIFIED, TYPED, BORROWED))
        number = np.where(follows, phones.number[tenure], self.fixed[places])
        return number, np.where(np.isin(self.mode[places], PLAIN_OWN), tenure, -1)


def observe(
    chance: Chance, people: People, phones: Phones, accounts: Accounts, rates: Rates, rows: I64, seed: int
) -> Profiles:
    """The opening records of the accounts ``rows``."""
    person, source, opened = accounts.person[rows], accounts.source[rows], accounts.opened[rows]
    size = rows.size

    def given(field: str, missing: float = rates.missing) -> Bools:
        share: F64 = np.array([getattr(one, field) for one in SOURCES])[source] * (1 - missing)
        return chance.random(size) < share

    typed = np.array([one.typed for one in SOURCES])[source]
    market = np.array([one.market for one in SOURCES])[source]
    quick = typed & (chance.random(size) < rates.quick)
    homes = people.home_at(person, opened)
    hidden = chance.random(size)
    masked = market & (hidden < rates.masked)
    virtual = market & ~masked & (hidden < rates.masked + rates.virtual_number)
    mode, slot, fixed = _phones(
        chance, people, phones, accounts, rates, rows, typed & ~quick, quick, masked, virtual, given
    )
    male = people.male[person]
    name, kind = noise.typed_names(chance, people.names, rates, people.name[person], male)
    named = ~quick & given("name_given", 0.0)
    name = only(np.where(masked, noise.masked_names(people.name[person]), name), named)
    province, city, district = noise.region_texts(chance, rates, people.cities, homes)
    placed = given("region")
    told = placed & given("address")
    address, cut = noise.addresses(chance, rates, homes)
    profiles = Profiles(
        rows=rows,
        person=person,
        source=source,
        opened=opened,
        quick=quick,
        name=name,
        name_kind=np.where(named & ~masked, kind, -1),
        nickname=only(_nicknames(chance, people, person), given("nickname")),
        gender=only(np.where(male, "男", "女").astype(object), given("gender") & ~quick),
        birthday=only(_dates(people.born[person]), given("birthday") & ~quick),
        province=only(province, placed),
        city=only(city, placed),
        district=only(district, placed),
        address=only(np.where(masked, cut, address), told),
        city_place=np.where(placed, homes.city, -1),
        home=np.where(told & ~masked, people.home_places(person, opened), -1),
        level=only(_levels(chance, person), source == place_of(CRM)),
        email=np.full(size, None, object),
        email_own=np.zeros(size, np.bool_),
        mode=mode,
        slot=slot,
        fixed=fixed,
        phone=np.full(size, None, object),
        number=np.zeros(size, np.int64),
    )
    _emails(chance, accounts, rates, profiles, given("email"), seed)
    _phone_texts(chance, people, phones, profiles, typed)
    return profiles


def _phones(
    chance: Chance,
    people: People,
    phones: Phones,
    accounts: Accounts,
    rates: Rates,
    rows: I64,
    typed: Bools,
    quick: Bools,
    masked: Bools,
    virtual: Bools,
    given: Callable[[str, float], Bools],
) -> tuple[I64, I64, I64]:
    """Mode, slot and fixed number of each account's phone."""
    person, source = accounts.person[rows], accounts.source[rows]
    size = rows.size
    chains = phones.chains
    own = chains.slot_of_person[person]
    second = (chains.slot_of_person[person + 1] - own > 1) & (chance.random(size) < _SECOND_LINE)
    slot = own + second
    has = given("phone_given", 0.0) | quick
    mode = np.where(has, VERIFIED, NONE)
    drawn = chance.random(size)
    number = phones.number[chains.at(slot, accounts.opened[rows])]
    wrong, typo = noise.mistyped(chance, rates, number)
    borrowed = (phones.borrowed[person] >= 0) & (chance.random(size) < rates.family_phone_used)
    staffed = (phones.staff_of[person] >= 0) & (source == place_of(CRM))
    on_form = has & typed
    mode = np.where(on_form, np.where(typo > 0, TYPO, TYPED), mode)
    mode = np.where(on_form & borrowed, BORROWED, mode)
    mode = np.where(on_form & staffed, STAFF, mode)
    mode = np.where(on_form & (drawn < rates.placeholder), PLACEHOLDER, mode)
    mode = np.where(on_form & (drawn > 1 - rates.landline), LANDLINE, mode)
    shops = np.isin(source, [place_of(one) for one in SHOPS])
    told = shops & accounts.omid[person] & (chance.random(size) < _SHOP_MEMBER_PHONE)
    market = np.array([one.market for one in SOURCES])[source]
    mode = np.where(market, np.where(masked, MASKED, np.where(virtual, VIRTUAL, np.where(told, VERIFIED, NONE))), mode)
    slot = np.where(
        mode == BORROWED,
        phones.borrowed[person],
        np.where(np.isin(mode, (NONE, PLACEHOLDER, VIRTUAL, LANDLINE)), -1, slot),
    )
    staff = phones.staff[np.maximum(phones.staff_of[person], 0)] if phones.staff.size else np.zeros(size, np.int64)
    fixed = np.where(mode == TYPO, wrong, np.where(mode == STAFF, staff, 0))
    return mode.astype(np.int64), slot.astype(np.int64), fixed


def _phone_texts(chance: Chance, people: People, phones: Phones, profiles: Profiles, typed: Bools) -> None:
    """Writes the phone of each opening record: plain, masked, virtual, a placeholder or the household's line."""
    everyone = np.arange(profiles.rows.size)
    number, _ = profiles.number_at(phones, everyone, profiles.opened)
    mode = profiles.mode
    plain = number > 0
    profiles.number = np.where(plain, number, 0)
    profiles.phone[plain] = written(chance, number[plain], typed[plain])
    masked = np.flatnonzero(mode == MASKED)
    profiles.phone[masked] = noise.masked_phones(
        phones.number[phones.chains.at(profiles.slot[masked], profiles.opened[masked])]
    )
    virtual = np.flatnonzero(mode == VIRTUAL)
    profiles.phone[virtual] = noise.virtual_numbers(chance, virtual.size)
    line = np.flatnonzero(mode == LANDLINE)
    person = profiles.person[line]
    city = people.homes.city[people.home_places(person, profiles.opened[line])]
    landline = people.landline[people.household[person]]
    profiles.phone[line] = noise.landlines(people.cities.province[city], landline)
    held = np.flatnonzero(mode == PLACEHOLDER)
    profiles.phone[held] = pick(noise.PLACEHOLDERS, chance.integers(0, len(noise.PLACEHOLDERS), held.size))


def written(chance: Chance, number: I64, typed: Bools) -> Texts:
    """Plain numbers as they arrive: a few of the typed ones with a country code or blanks."""
    texts = noise.phone_texts(number)
    drawn = chance.random(number.size)
    for low, high, form in ((0.0, 0.02, "+86 {}"), (0.02, 0.03, "86{}")):
        for row in np.flatnonzero(typed & (drawn >= low) & (drawn < high)).tolist():
            texts[row] = form.format(texts[row])
    for row in np.flatnonzero(typed & (drawn > 0.98)).tolist():
        texts[row] = f"{texts[row][:3]} {texts[row][3:7]} {texts[row][7:]}"
    return texts


def _emails(chance: Chance, accounts: Accounts, rates: Rates, profiles: Profiles, given: Bools, seed: int) -> None:
    has = given & accounts.email[profiles.person]
    texts = only(emails(profiles.person, seed), has)
    held = given & (chance.random(given.size) < rates.placeholder)
    names = noise.EMAIL_PLACEHOLDERS
    texts = np.where(held, pick(names, chance.integers(0, len(names), given.size)), texts)
    upper = np.flatnonzero(has & ~held & (chance.random(given.size) < _CAPITALS))
    for row in upper.tolist():
        texts[row] = str(texts[row]).upper()
    profiles.email = texts
    profiles.email_own = has & ~held


def _nicknames(chance: Chance, people: People, person: I64) -> Texts:
    """Nicknames: the given name doubled or with a prefix, the name in pinyin, or words that say nothing."""
    size = person.size
    name = people.name[person]
    way = chance.integers(0, 5, size)
    last = np.where(name[:, 3] != 0, name[:, 3], name[:, 2])
    texts = packed(np.stack([last, last], axis=1))
    small = np.full((size, 1), ord("小"), np.uint32)
    texts = np.where(way == 1, packed(np.concatenate([small, last[:, None]], axis=1)), texts)
    latin = np.flatnonzero(way == 2)
    texts[latin] = [f"{given}{number}" for (_, given), number in zip(
        people.names.pinyin(name[latin]), (people.born[person[latin]] % 100).tolist(), strict=True
    )]  # fmt: skip
    words = (
        "阳光",
        "岁月静好",
        "一叶知秋",
        "快乐每一天",
        "Sunny",
        "奋斗",
        "平安是福",
        "海阔天空",
        "晴天",
        "Lily",
        "云淡风轻",
    )
    return np.where(way >= 3, pick(words, chance.integers(0, len(words), size)), texts)


def _levels(chance: Chance, person: I64) -> Texts:
    """The member level: mostly the person's own, sometimes that of another record."""
    own = ((person * 2_654_435_761) % 1000) / 1000
    drawn = np.where(chance.random(person.size) < 0.15, chance.random(person.size), own)
    return pick(LEVELS, np.searchsorted(np.array(_LEVEL_WEIGHTS), drawn).astype(np.int64))


def _dates(days: I64) -> Texts:
    texts: Texts = np.datetime_as_string(days.astype("datetime64[D]")).astype(object)
    return texts
