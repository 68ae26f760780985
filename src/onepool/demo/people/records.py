"""The records of a block of accounts, as each touchpoint would send them, and which identifiers were seen when.

Every table has the columns ``event`` and ``time`` (UTC) and any of: identifiers as ``type`` or ``type@scope``,
attributes as ``attribute.name``, fields of the event by name. What a source does not tell is not there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from onepool.demo.people import noise
from onepool.demo.people.accounts import account_ids, member_numbers, omids, union_ids, unionids
from onepool.demo.people.arrays import I64, Bools, Chance, Texts, codes, digits, only, packed, pick
from onepool.demo.people.devices import cookie_ids, device_ids, kiosk_ids
from onepool.demo.people.population import NEVER, YEAR
from onepool.demo.people.profiles import LANDLINE, NONE, PLACEHOLDER, TYPED, VERIFIED, Profiles
from onepool.demo.people.sources import CRM, DOUYIN, SOURCES, WEB, WECHAT, WECOM, YOUZAN, Source, place_of
from onepool.demo.people.world import KEYS, Seen, World

IDENTITY, MARKETING = "identity", "marketing"
"""Purposes of consents: that records of several touchpoints may be joined to one customer; and to be written to. Only
the first decides who is who."""

_BOUND = (0.6, 0.9, 1.2, 1.3)
"""When each WeChat account was bound to the open platform: share of the period times the rate of missing unionids."""

# How the phone became known, by mode: proved by the platform or an SMS, or typed into a form.
_METHODS = tuple("verified" if mode == VERIFIED else "form" for mode in range(LANDLINE + 1))
_STAFF = tuple(f"E{number:03d}" for number in range(40))
_TOLD = ("name", "nickname", "gender", "birthday", "province", "city", "district", "address", "email", "phone")
_OPENING = {CRM: "membership_joined", WECOM: "contact_added", WEB: "signed_up", YOUZAN: "signed_up"}
_OPENING |= {name: "followed" if "_oa" in name else "signed_in" for name in WECHAT}

# By channel; what stands twice happens twice as often.
_ACTIVITY = {
    "wechat_oa": ("message_received", "menu_clicked"),
    "wechat_mini": ("signed_in", "product_viewed", "order_paid"),
    "wecom": ("message_received", "group_chat_joined"),
    "youzan": ("order_paid", "coupon_received"),
    "store": ("order_paid", "order_paid", "coupon_redeemed", "service_requested", "points_spent"),
    "web": ("signed_in", "page_viewed", "product_viewed"),
}


@dataclass(slots=True)
class Written:
    """Tables by touchpoint, and the uses of plain phones (account, number, second, mode) as evidence for the oracle.

    A phone that was proved is VERIFIED only where its record says so, else TYPED."""

    tables: dict[str, list[pa.Table]] = field(default_factory=dict)
    uses: list[tuple[I64, I64, I64, I64]] = field(default_factory=list)

    def add(self, source: str, table: pa.Table) -> None:
        if table.num_rows:
            self.tables.setdefault(source, []).append(table)


class Writer:
    """Writes the records of one block of accounts."""

    def __init__(self, world: World, seen: Seen, profiles: Profiles, chance: Chance) -> None:
        self.world = world
        self.seen = seen
        self.profiles = profiles
        self.chance = chance
        self.ids = account_ids(world.accounts, profiles.rows, world.seed)
        self.done = Written()
        # A record with a phone that is none is refused as a whole.
        self.refused = profiles.phone == noise.PLACEHOLDERS[-1]

    def write(self) -> Written:
        """All records of the block."""
        for number, source in enumerate(SOURCES):
            here = np.flatnonzero(self.profiles.source == number)
            if source.name in (CRM, WEB, YOUZAN, "wechat_mini"):
                self._consents(source, here)
            self._opening(source, here)
            counts = self.chance.poisson(self.world.rates.activity, here.size)
            places = np.repeat(here, counts)
            time = self._later(places)
            if source.market:
                self._market_orders(source, places, time)
            else:
                self._activity(source, places, time)
        self._kiosks()
        self._devices()
        return self.done

    # -- the opening records ------------------------------------------------------------------------------------

    def _opening(self, source: Source, here: I64) -> None:
        given, time = self.profiles, self.profiles.opened[here]
        taken = ~self.refused[here]
        columns = self._ids(source, here, time, taken)
        for name in _TOLD:
            columns[f"attribute.{name}"] = getattr(given, name)[here]
        event = _OPENING.get(source.name, "profile_updated")
        if not source.market:
            columns["method"] = only(pick(_METHODS, given.mode[here]), given.mode[here] != NONE)
        if source.name == CRM:
            columns["attribute.member_level"] = given.level[here]
            columns["store_id"] = self._stores(here)
            columns["staff_id"] = pick(_STAFF, self.chance.integers(0, len(_STAFF), here.size))
        self._phone_use(here, time, taken, proof_told=not source.market)
        _first(self.seen.email, given.person[here][taken & given.email_own[here]], time[taken & given.email_own[here]])
        self._show("email", here[taken & given.email_own[here]])
        self.seen.refused += int((~taken).sum())
        self._add(source, np.full(here.size, event, object), time, columns)

    def _ids(self, source: Source, places: I64, time: I64, taken: Bools) -> dict[str, Texts]:
        """The platform's identifiers of these records; those that are accepted count as seen."""
        world, person = self.world, self.profiles.person[places]
        columns = {source.key: self.ids[places]}
        _first(self.seen.account, self.profiles.rows[places][taken], time[taken])

        def also(key: str, texts: Texts, has: Bools, seen: I64) -> None:
            columns[key] = only(texts, has)
            _first(seen, person[has & taken], time[has & taken])
            self._show(key, places[has & taken])

        if source.name in WECHAT:
            bound = _BOUND[WECHAT.index(source.name)] * world.rates.unionid_missing * world.seconds
            also("unionid@wx_open", unionids(person, world.seed), time >= bound, self.seen.unionid)
            if source.name == "wechat_mini":
                also("member_no@brand", member_numbers(person), world.accounts.member[person], self.seen.member)
        elif source.name in (WECOM, YOUZAN):
            share = 0.85 if source.name == WECOM else 0.5
            # Steady for an account: the platform has the unionid or it has not.
            known = (self.profiles.rows[places] * 2_654_435_761 % 1000) < share * 1000
            known &= world.accounts.on_wechat[person]
            also("unionid@wx_open", unionids(person, world.seed), known, self.seen.unionid)
        elif source.identifier == "ouid":
            also("omid@brand", omids(person, world.seed), world.accounts.omid[person], self.seen.omid)
        elif source.name == DOUYIN:
            also("douyin_union_id@douyin_open", union_ids(person, world.seed), person >= 0, self.seen.union_id)
        elif source.name == CRM:
            card = world.accounts.member[person] & ((self.profiles.rows[places] * 40_503 % 1000) < 300)
            also("member_no@brand", member_numbers(person), card, self.seen.member)
        return columns

    def _show(self, key: str, places: I64) -> None:
        self.seen.shown[self.profiles.rows[places]] |= 1 << KEYS.index(key)

    def _phone_use(self, places: I64, time: I64, taken: Bools, *, proof_told: bool = False) -> Texts:
        """Notes that these accounts' records carry their phone at these times; gives back its text.

        ``proof_told``: the records say which phones were proved. Of others nobody knows, and the oracle neither.
        """
        given = self.profiles
        number, tenure = given.number_at(self.world.phones, places, time)
        used = taken & (number > 0)
        rows = np.flatnonzero(used)
        mode = given.mode[places[rows]]
        mode = mode if proof_told else np.where(mode == VERIFIED, TYPED, mode)
        self.done.uses.append((given.rows[places[rows]], number[rows], time[rows], mode))
        # What only an account told that may not be joined any more is not known to be anybody's.
        own = used & (tenure >= 0) & (self.seen.withdrawn[given.rows[places]] == NEVER)
        _first(self.seen.tenure, tenure[own], time[own])
        np.maximum.at(self.seen.tenure_last, tenure[own], time[own])
        texts = np.full(places.size, None, object)
        texts[rows] = noise.phone_texts(number[rows])
        return texts

    # -- what comes after ---------------------------------------------------------------------------------------

    def _activity(self, source: Source, places: I64, time: I64) -> None:
        """Orders, visits, coupons and tickets; some carry the phone again."""
        accepted = np.ones(places.size, np.bool_)
        columns = self._ids(source, places, time, accepted)
        kinds = _ACTIVITY[source.channel]
        event = pick(kinds, self.chance.integers(0, len(kinds), places.size))
        again = (self.chance.random(places.size) < source.phone_again) & ~np.isin(
            self.profiles.mode[places], (PLACEHOLDER, LANDLINE)
        )
        columns["attribute.phone"] = self._phone_use(places, time, again)
        ordered = event == "order_paid"
        self._order_columns(columns, source, ordered, places)
        points = self.chance.integers(1, 50, places.size).astype(str).astype(object)
        columns["points"] = only(points, event == "points_spent")
        if source.name == CRM:
            columns["store_id"] = self._stores(places)
        if source.name == WEB:
            columns |= self._on_device(places, time)
        self._add(source, event, time, columns)

    def _market_orders(self, source: Source, places: I64, time: I64) -> None:
        """Orders of a marketplace: the receiver may be another person, and is masked or behind a virtual number."""
        world, chance, size = self.world, self.chance, places.size
        columns = self._ids(source, places, time, np.ones(size, np.bool_))
        self._order_columns(columns, source, np.ones(size, np.bool_), places)
        person = self.profiles.person[places]
        relative = world.people.relative(chance, person)
        stranger = chance.integers(0, world.people.size, size)
        other = np.where((relative >= 0) & (chance.random(size) < 0.6), relative, stranger)
        receiver = np.where(chance.random(size) < world.rates.receiver_other, other, person)
        number = world.phones.number[world.phones.chains.at(world.phones.chains.slot_of_person[receiver], time)]
        homes = world.people.home_at(receiver, time)
        address, cut = noise.addresses(chance, world.rates, homes)
        drawn = chance.random(size)
        masked = drawn < world.rates.masked
        virtual = ~masked & (drawn < world.rates.masked + world.rates.virtual_number)
        people = world.people
        name, _ = noise.typed_names(chance, people.names, world.rates, people.name[receiver], people.male[receiver])
        phone = np.where(masked, noise.masked_phones(number), noise.phone_texts(number))
        columns["receiver_phone"] = np.where(virtual, noise.virtual_numbers(chance, size), phone)
        columns["receiver_name"] = np.where(masked, noise.masked_names(people.name[receiver]), name)
        columns["address"] = np.where(masked, cut, address)
        region = noise.region_texts(chance, world.rates, people.cities, homes)
        columns["province"], columns["city"], columns["district"] = region
        if source.identifier == "ouid":
            columns[f"taobao_oaid@{source.name}"] = codes("oaid", chance.integers(0, 1 << 60, size), 1)
        self._add(source, np.full(size, "order_paid", object), time, columns)

    def _order_columns(self, columns: dict[str, Texts], source: Source, ordered: Bools, places: I64) -> None:
        size = places.size
        number = digits(self.chance.integers(0, 1 << 50, size), 16)
        columns["order_id"] = only(np.full(size, source.name[:1].upper(), object) + packed(number), ordered)
        amount = np.round(np.exp(self.chance.normal(5, 0.8, size)), 2)
        columns["amount"] = only(np.char.mod("%.2f", amount).astype(object), ordered)

    def _stores(self, places: I64) -> Texts:
        store: I64 = self.world.accounts.store[self.profiles.rows[places]]
        return np.array([f"S{number:04d}" for number in store.tolist()], object)

    def _consents(self, source: Source, here: I64) -> None:
        """Consents, by purpose: given with the account by some, taken back by few of them later."""
        rates, chance = self.world.rates, self.chance
        for purpose in (IDENTITY, MARKETING):
            gives = here[chance.random(here.size) < rates.consent]
            opened = self.profiles.opened[gives]
            after = (chance.exponential(YEAR / max(rates.consent_withdrawn, 1e-9), gives.size)).astype(np.int64)
            leaves = opened + 120 + after < self.world.seconds
            back, when = gives[leaves], (opened + 120 + after)[leaves]
            if purpose == IDENTITY:
                self.seen.withdrawn[self.profiles.rows[back]] = when
            _first(self.seen.account, self.profiles.rows[gives], opened + 60)
            for event, places, time in (("consent_granted", gives, opened + 60), ("consent_withdrawn", back, when)):
                columns = {source.key: self.ids[places], "purpose": np.full(places.size, purpose, object)}
                self._add(source, np.full(places.size, event, object), time, columns)

    # -- devices ------------------------------------------------------------------------------------------------

    def _on_device(self, places: I64, time: I64) -> dict[str, Texts]:
        """The device or cookie of each record of the site: the person's own at the time, or one that was inherited."""
        devices, person = self.world.devices, self.profiles.person[places]
        chains = devices.chains
        count = chains.slot_of_person[person + 1] - chains.slot_of_person[person]
        slot = chains.slot_of_person[person] + (self.chance.random(person.size) * count).astype(np.int64)
        tenure = chains.at(slot, time)
        inherited = devices.inherited[person]
        fits = (inherited >= 0) & (time > chains.end[np.maximum(inherited, 0)])
        fits &= self.chance.random(person.size) < 0.5
        tenure = np.where(fits, inherited, tenure)
        app = self.chance.random(person.size) < 0.6
        return {
            "device@app": only(device_ids(tenure, self.world.seed), app),
            "anonymous_id@web": only(cookie_ids(tenure, self.world.seed), ~app),
        }

    def _devices(self) -> None:
        """Visits without signing in, and relatives who sign in on the same device."""
        source = SOURCES[place_of(WEB)]
        here = np.flatnonzero(self.profiles.source == place_of(WEB))
        visits = np.repeat(here, self.chance.poisson(1.0, here.size))
        time = (self.chance.random(visits.size) * (self.world.seconds - 120)).astype(np.int64)
        columns = self._on_device(visits, time)
        on_app = np.array([device is not None for device in columns["device@app"].tolist()], np.int64)
        event = pick(("page_viewed", "app_opened"), on_app)
        self._add(source, event, time, columns)
        devices = self.world.devices
        account = np.full(self.world.people.size, -1, np.int64)
        account[self.profiles.person[here]] = here
        second = devices.second
        slots = np.flatnonzero(second >= 0)
        slots = slots[account[second[slots]] >= 0]
        places = account[second[slots]]
        time = self._later(places)
        columns = self._ids(source, places, time, np.ones(places.size, np.bool_))
        columns["device@app"] = device_ids(devices.chains.at(slots, time), self.world.seed)
        self._add(source, np.full(places.size, "signed_in", object), time, columns)

    def _kiosks(self) -> None:
        """Members who sign in at a store's kiosk."""
        kiosk = self.world.devices.kiosk
        person = self.profiles.person
        here = np.flatnonzero((self.profiles.source == place_of(CRM)) & (kiosk[person] >= 0))
        time = self._later(here)
        source = SOURCES[place_of(CRM)]
        columns = self._ids(source, here, time, np.ones(here.size, np.bool_))
        columns["device@kiosk"] = kiosk_ids(kiosk[person[here]], self.world.seed)
        self._add(source, np.full(here.size, "signed_in", object), time, columns)

    def _later(self, places: I64) -> I64:
        """A time after the opening of each account."""
        opened = self.profiles.opened[places]
        left = self.world.seconds - opened - 120
        return opened + 60 + (self.chance.random(places.size) * left).astype(np.int64)

    def _add(self, source: Source, event: Texts, time: I64, columns: dict[str, Texts]) -> None:
        micros = self.world.start + time * 1_000_000
        table: dict[str, Any] = {
            "event": pa.array(event, pa.string()),
            "time": pa.array(micros).cast(pa.timestamp("us", tz="UTC")),
        }
        for name, texts in columns.items():
            column = pa.array(texts.tolist(), pa.string())
            if column.null_count < len(column):
                table[name] = column
        self.done.add(source.name, pa.table(table))


def _first(seen: I64, places: I64, time: I64) -> None:
    np.minimum.at(seen, places, time)
