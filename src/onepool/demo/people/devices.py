"""Devices through time: reset, used by two of a family, handed on, and kiosks in stores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onepool.demo.people.arrays import I64, Bools, Texts, chance_of, codes
from onepool.demo.people.phones import Chains, draw_chains
from onepool.demo.people.population import NEVER, People
from onepool.demo.people.rates import Rates

KIOSK_PERSONS = (50, 5000)


@dataclass(slots=True)
class Devices:
    """A tenure is one device between two resets.

    ``second``: by slot, the relative who uses it too, -1 for none. ``heir``: by tenure, who uses the device from its
    ``end`` on, -1 for nobody. ``kiosk``: by person, the kiosk at which the person signs in, -1 for none.
    """

    chains: Chains
    second: I64
    heir: I64
    inherited: I64
    """By person: the tenure that was handed on to this person, -1 for none."""
    kiosk: I64
    kiosks: int

    def shared(self) -> Bools:
        """By tenure: whether more than one person uses the device."""
        return (self.second[self.chains.slot] >= 0) | (self.heir >= 0)


def draw_devices(people: People, rates: Rates, seed: int, seconds: int) -> Devices:
    """The devices of a population."""
    chance = chance_of(seed, 5)
    counts = 1 + chance.poisson(max(rates.devices - 1, 0), people.size).astype(np.int64)
    chains = draw_chains(chance, counts, rates.device_reset, seconds)
    size = np.diff(people.first)[people.household[chains.owner]]
    shared = chance.random(chains.owner.size) < min(1.0, rates.family_device / max((size > 1).mean(), 1e-9))
    second = np.where(shared & (size > 1), people.relative(chance, chains.owner), -1)
    heir = np.full(chains.slot.size, -1, np.int64)
    passed = np.flatnonzero((chains.end < NEVER) & (chance.random(heir.size) < rates.device_handed_on))
    to = chance.integers(0, people.size, passed.size)
    family = people.relative(chance, chains.owner[chains.slot[passed]])
    to = np.where((family >= 0) & (chance.random(passed.size) < 0.5), family, to)
    other = to != chains.owner[chains.slot[passed]]
    heir[passed[other]] = to[other]
    inherited = np.full(people.size, -1, np.int64)
    inherited[to[other]] = passed[other]
    heir[passed[other]] = np.where(inherited[to[other]] == passed[other], to[other], -1)  # one each
    kiosks = int(chance.binomial(chains.owner.size, rates.kiosk_device))
    kiosks = max(kiosks, int(rates.kiosk_device > 0 and people.size >= 400))
    kiosk = np.full(people.size, -1, np.int64)
    for number in range(kiosks):
        persons = int(np.exp(chance.uniform(*np.log(KIOSK_PERSONS))))
        kiosk[chance.integers(0, people.size, min(persons, people.size // 4))] = number
    return Devices(chains, second, heir, inherited, kiosk, kiosks)


def device_ids(tenure: I64, seed: int) -> Texts:
    """The app's id of a device."""
    return codes("d", tenure, seed * 64 + 44)


def cookie_ids(tenure: I64, seed: int) -> Texts:
    """The site's anonymous id on a device."""
    return codes("c", tenure, seed * 64 + 45)


def kiosk_ids(kiosk: I64, seed: int) -> Texts:
    """The id of a kiosk."""
    return codes("kiosk", kiosk, seed * 64 + 46)
