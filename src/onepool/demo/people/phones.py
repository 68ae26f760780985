"""Phone numbers through time: who has which when, which are re-issued to somebody else, which are shared or staff's.

Times are seconds from the start of the period. A slot is a line of a person (most have one, some two); a tenure is one
number in one slot for a while.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from onepool.demo.people.arrays import I64, Chance, chance_of, spans
from onepool.demo.people.noise import PREFIXES
from onepool.demo.people.population import DAY, NEVER, YEAR, People
from onepool.demo.people.rates import Rates

SILENCE = (90 * DAY, 400 * DAY)
"""A number given back rests so long before somebody else gets it."""

BEFORE = -10 * 365 * DAY
"""When everything that is there at the start began."""


@dataclass(slots=True)
class Chains:
    """Slots and their tenures, in order of slot and time: those of slot s are ``first[s] .. first[s + 1]``."""

    owner: I64
    """The person of each slot."""
    slot_of_person: I64
    """The first slot of each person, and one entry more."""
    first: I64
    slot: I64
    start: I64
    end: I64
    _key: I64 = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._key = self.slot * NEVER + (self.start - BEFORE)

    def at(self, slot: I64, time: I64) -> I64:
        """The tenure of each slot at each time, from BEFORE on."""
        wanted = slot * NEVER + np.minimum(time - BEFORE, NEVER - 1)
        found: I64 = np.searchsorted(self._key, wanted, side="right") - 1
        return found


@dataclass(slots=True)
class Phones:
    """All numbers. ``number``: by tenure. ``previous``: the tenure that had the number before, -1 for a new one."""

    chains: Chains
    number: I64
    previous: I64
    borrowed: I64
    """By person: the slot of a relative's phone that this person gives as the own; -1 for none."""
    staff: I64
    """Numbers of staff that stand in for members'."""
    staff_of: I64
    """By person: the place in ``staff`` of who registered them under the own number; -1 for none."""


def draw_chains(chance: Chance, counts: I64, yearly: float, seconds: int, before: int = 0) -> Chains:
    """Slots for people who have so many, each changing at random ``yearly`` times a year.

    Changes begin ``before`` seconds before the period.
    """
    owner, _ = spans(counts)
    changes = chance.poisson(yearly * (before + seconds) / YEAR, owner.size).astype(np.int64)
    slot, number = spans(changes + 1)
    start = (chance.random(slot.size) * (before + seconds)).astype(np.int64) - before
    start[number == 0] = BEFORE
    start = start[np.lexsort((start, slot))]
    last = np.concatenate([slot[1:] != slot[:-1], [True]])
    end = np.where(last, NEVER, np.concatenate([start[1:], [NEVER]]))
    first = np.concatenate([[0], np.cumsum(changes + 1)]).astype(np.int64)
    of_person = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Chains(owner, of_person, first, slot, start, end)


def draw_phones(people: People, rates: Rates, seed: int, seconds: int, before: int = 0) -> Phones:
    """The numbers of a population, which began to change ``before`` seconds before the period.

    A number rests for months before it is given to somebody else: within a short period nearly none would be, if
    numbers had not been given back before it.
    """
    chance = chance_of(seed, 2)
    counts = 1 + (chance.random(people.size) < rates.second_phone).astype(np.int64)
    chains = draw_chains(chance, counts, rates.phone_change, seconds, before)
    previous = _reissued(chance, people, chains, rates, before)
    staff_count = int(chance.binomial(chains.owner.size, rates.staff_phone))
    staff_count = max(staff_count, int(rates.staff_phone > 0 and people.size >= 400))
    numbers = _numbers(chance, chains.slot.size + staff_count)
    number = numbers[: chains.slot.size]
    # A number may be handed on twice: in order of time each takes what the one before had by then.
    taken = np.flatnonzero(previous >= 0)
    for tenure in taken[np.argsort(chains.start[taken], kind="stable")].tolist():
        number[tenure] = number[previous[tenure]]
    return Phones(
        chains,
        number,
        previous,
        _borrowed(chance, people, chains, rates),
        numbers[chains.slot.size :],
        _staffed(chance, people, rates, staff_count),
    )


def _numbers(chance: Chance, size: int) -> I64:
    """Distinct numbers; the prefixes are not equally frequent."""
    weights = 1 / (np.arange(PREFIXES.size) % 7 + 2.0)
    found = np.empty(0, np.int64)
    while found.size < size:
        prefix = chance.choice(PREFIXES, size + 100, p=weights / weights.sum())
        found = np.unique(np.concatenate([found, prefix * 100_000_000 + chance.integers(0, 100_000_000, size + 100)]))
    return chance.permutation(found)[:size]


def _reissued(chance: Chance, people: People, chains: Chains, rates: Rates, before: int) -> I64:
    """Gives abandoned numbers, after their rest, to people of other households who get a new number just then."""
    previous = np.full(chains.slot.size, -1, np.int64)
    given_back = np.flatnonzero(chains.end < NEVER)
    given_back = given_back[chance.random(given_back.size) < rates.phone_reissued]
    due = chains.end[given_back] + chance.integers(*SILENCE, given_back.size)
    order = np.argsort(due, kind="stable")
    given_back, due = given_back[order], due[order]
    takers = np.flatnonzero(chains.start > -before)
    takers = takers[np.argsort(chains.start[takers], kind="stable")]
    household = people.household[chains.owner[chains.slot]]
    place, free = np.searchsorted(chains.start[takers], due), np.ones(takers.size, np.bool_)
    for tenure, at in zip(given_back.tolist(), place.tolist(), strict=True):
        latest = chains.end[tenure] + SILENCE[1]
        while at < takers.size and chains.start[takers[at]] <= latest:
            if free[at] and household[takers[at]] != household[tenure]:
                free[at] = False
                previous[takers[at]] = tenure
                break
            at += 1
    return previous


def _borrowed(chance: Chance, people: People, chains: Chains, rates: Rates) -> I64:
    """Which relative's phone a person gives as the own. The rate is of all phones; people alone share with nobody."""
    size = np.diff(people.first)[people.household[chains.owner]]
    shared = chance.random(chains.owner.size) < min(1.0, rates.family_phone / max((size > 1).mean(), 1e-9))
    slots = np.flatnonzero(shared & (size > 1))
    borrowed = np.full(people.size, -1, np.int64)
    borrowed[people.relative(chance, chains.owner[slots])] = slots
    return borrowed


def _staffed(chance: Chance, people: People, rates: Rates, staff: int) -> I64:
    """The members behind each staff phone."""
    found = np.full(people.size, -1, np.int64)
    most = max(5, people.size // 50)
    for number in range(staff):
        members = int(np.clip(chance.exponential(rates.staff_members), 5, most))
        found[chance.integers(0, people.size, members)] = number
    return found
