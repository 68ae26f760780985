"""What all parts of the story share: customers, catalogue, ways to send, and what was shown so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onepool.demo.brand import ids
from onepool.demo.brand.catalogue import Catalogue, catalogue
from onepool.demo.brand.customers import Customers
from onepool.demo.brand.places import APP, MINI, WEB
from onepool.demo.brand.plan import DAY
from onepool.demo.brand.season import seconds_of_day
from onepool.demo.brand.secrets import Secrets
from onepool.demo.brand.sending import Made
from onepool.demo.brand.shown import Shown
from onepool.demo.brand.ways import Ways
from onepool.demo.people import noise
from onepool.demo.people.arrays import I64, Chance, Texts, chance_of, packed


@dataclass
class Scene:
    """``start``: of the world's seconds, since 1970."""

    customers: Customers
    goods: Catalogue
    ways: Ways
    shown: Shown
    start: int
    stores: int
    lent: I64
    """By person: the slot of a relative's device that this person uses too, -1 for none."""
    window: tuple[int, int] | None = None
    """When things happen that have no time of their own: from this second of the world, so many seconds long."""

    @property
    def seed(self) -> int:
        return self.customers.seed

    def ids(self, kind: str, number: I64) -> Texts:
        """Platforms' ids of persons or devices."""
        return ids.made(kind, number, self.seed)

    def moments(self, chance: Chance, day: int, size: int) -> I64:
        """Times for things that happen on a day: seconds of the world."""
        if self.window is not None:
            return self.window[0] + (chance.random(size) * self.window[1]).astype(np.int64)
        return day * DAY + seconds_of_day(chance, size)

    def store_of(self, person: I64) -> I64:
        """The store near the household."""
        people = self.customers.people
        return (
            people.homes.city[people.home[people.household[person]]] * 5 + people.household[person] % 3
        ) % self.stores

    def staff_of(self, person: I64) -> Texts:
        """The associate who looks after each person."""
        return np.array(
            [
                f"guide_{store:03d}_{number}"
                for store, number in zip(self.store_of(person).tolist(), (person % 4).tolist(), strict=True)
            ],
            object,
        )

    def nicknames(self, person: I64) -> Texts:
        """What people call themselves."""
        names = packed(self.customers.people.name[person])
        found = [
            (f"{name[-1]}{_CALLED[number % len(_CALLED)]}", name, f"{_WORDS[number % len(_WORDS)]}{number % 97}")[
                number % 3
            ]
            for name, number in zip(names.tolist(), person.tolist(), strict=True)
        ]
        return np.array(found, object)

    def typed_phones(self, chance: Chance, person: I64, time: I64) -> tuple[Texts, I64]:
        """Phones as typed, and the tenure that each shows; -1 for one that was mistyped, and for a relative's: whose
        that is, only its owner can show."""
        tenure = self.customers.tenure(chance, person, time)
        numbers, kind = noise.mistyped(chance, self.customers.noise, self.customers.phones.number[tenure])
        return noise.phone_texts(numbers), np.where((kind == 0) & self.customers.own(person, tenure), tenure, -1)

    def typed_names(self, chance: Chance, person: I64) -> Texts:
        """Names as typed."""
        people = self.customers.people
        texts, _ = noise.typed_names(
            chance, people.names, self.customers.noise, people.name[person], people.male[person]
        )
        return texts

    def device_used(self, chance: Chance, person: I64, time: I64) -> I64:
        """The devices of visits: the own one, in some families a relative's."""
        customers = self.customers
        lent = self.lent[person]
        tenure = customers.device(person, time)
        shared = (lent >= 0) & (chance.random(person.size) < 0.4)
        return np.where(shared, customers.devices.chains.at(np.maximum(lent, 0), np.maximum(time, 0)), tenure)

    def regions(self, person: I64, time: I64) -> tuple[Texts, Texts, Texts]:
        """Province, city and district of the homes."""
        cities = self.customers.people.cities
        homes = self.customers.people.home_at(person, time)
        return cities.province[homes.city], cities.name[homes.city], cities.district[homes.district]

    def see_phones(self, tenure: I64, time: I64) -> None:
        """Phones were shown; -1 is nobody's."""
        self.shown.saw_phone(tenure, time, tenure >= 0)


_CALLED = ("妈妈", "宝", "姐", "爸爸", "妞妞妈", "同学")
_WORDS = ("小鹿", "向日葵", "慢慢", "糖果", "云朵", "豆豆", "阿花", "momo", "Coco", "晴天")


def make_scene(customers: Customers, secrets: Secrets, write_keys: dict[str, str]) -> Scene:
    """A scene before the first day. ``write_keys``: of the touchpoints mini, app and web."""
    chains = customers.phones.chains
    shown = Shown.nothing(customers.size, chains.slot.size, customers.devices.chains.slot.size)
    ways = Ways.made(secrets, write_keys[MINI], write_keys[APP], write_keys[WEB])
    lent = np.full(customers.size, -1, np.int64)
    slots = np.flatnonzero(customers.devices.second >= 0)
    lent[customers.devices.second[slots]] = slots
    stores = max(3, min(300, customers.size // 1500))
    return Scene(customers, catalogue(), ways, shown, customers.plan.start, stores, lent)


def day_chance(scene: Scene, day: int, part: int) -> Chance:
    """The random source of one part of a day."""
    return chance_of(scene.seed, 100 + part, day)


__all__ = ["Made", "Scene", "day_chance", "make_scene"]
