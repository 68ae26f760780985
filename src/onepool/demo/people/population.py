"""People: households with a shared surname line, a shared home and a landline, their names, and their namesakes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onepool.demo.people.arrays import F64, I64, U32, Bools, Chance, Texts, chance_of, spans, weighted
from onepool.demo.people.names import Names, tables
from onepool.demo.people.places import Cities, Homes, draw_cities, draw_homes
from onepool.demo.people.rates import Rates

DAY = 86_400
YEAR = 365.25 * DAY
NEVER = np.int64(1) << 40
"""A time (seconds from the start) that does not come."""

SIZES: F64 = np.array([0.22, 0.30, 0.26, 0.13, 0.06, 0.03])
"""Shares of households with 1 to 6 persons: 2.6 on average."""

HEAD, SPOUSE, CHILD, PARENT = 0, 1, 2, 3
_SAME_CITY = 0.8
_FATHERS = 0.85
"""Parents in the household who are the head's own father's line, so of one surname."""


@dataclass(slots=True)
class People:
    """The population, one entry per person; a household's persons stand side by side.

    ``name``: shape (n, 4), see names. ``born``: days since 1970. ``home`` until ``moved`` of the household (seconds
    from the start of the period), ``next_home`` from then on: places in ``homes``.
    """

    names: Names
    cities: Cities
    household: I64
    first: I64
    """The first person of each household, and one entry more."""
    role: I64
    male: Bools
    cohort: I64
    born: I64
    surname: I64
    name: U32
    homes: Homes
    home: I64
    next_home: I64
    moved: I64
    landline: I64
    """By household, eight digits without the area code."""
    twin: Bools
    """Whether the name was made equal to that of another person of the city."""

    @property
    def size(self) -> int:
        return int(self.household.size)

    def home_at(self, person: I64, time: I64) -> Homes:
        """Where these people live at these times."""
        return self.homes.taken(self.home_places(person, time))

    def home_places(self, person: I64, time: I64) -> I64:
        """The same as places in ``homes``."""
        household = self.household[person]
        return np.where(time < self.moved[household], self.home[household], self.next_home[household])

    def relative(self, chance: Chance, person: I64) -> I64:
        """Another person of the household; -1 for those who live alone."""
        household = self.household[person]
        count = self.first[household + 1] - self.first[household]
        step = 1 + (chance.random(person.size) * np.maximum(count - 1, 1)).astype(np.int64)
        other = self.first[household] + (person - self.first[household] + step) % count
        return np.where(count > 1, other, -1)


def draw_people(size: int, rates: Rates, seed: int, seconds: int) -> People:
    """A population of exactly ``size`` persons."""
    chance = chance_of(seed, 1)
    names = tables()
    counts = weighted(chance, SIZES, size) + 1  # more than enough
    counts = counts[: int(np.searchsorted(np.cumsum(counts), size)) + 1]
    counts[-1] -= counts.sum() - size
    household, number = spans(counts)
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    cities = draw_cities(chance, size)
    city = weighted(chance, cities.weight, counts.size)
    role = _roles(chance, household, number, counts)
    cohort, born, male = _ages(chance, names, household, number, role)
    province = cities.province[city]
    surname = _surnames(chance, names, province, household, role, male, first)
    given = names.draw_given(chance, cohort, male, province[household])
    for _ in range(3):  # nobody calls two children, or a child and a parent, by names of one sound
        again = _sounding_alike(names, household, surname, given)
        given[again] = names.draw_given(chance, cohort[again], male[again], province[household[again]])
    name = np.concatenate([names.surname_points[surname], given], axis=1)
    homes, moved = _homes(chance, rates, cities, city, seconds)
    people = People(
        names=names,
        cities=cities,
        household=household,
        first=first,
        role=role,
        male=male,
        cohort=cohort,
        born=born,
        surname=surname,
        name=name,
        homes=homes,
        home=np.arange(counts.size),
        next_home=np.arange(counts.size) + counts.size,
        moved=moved,
        landline=chance.integers(60_000_000, 69_000_000, counts.size),
        twin=np.zeros(size, np.bool_),
    )
    _twins(chance, rates, people, city)
    return people


def _roles(chance: Chance, household: I64, number: I64, counts: I64) -> I64:
    """Head; spouse in most households of two or more; then children, and in big ones a parent."""
    couple = chance.random(counts.size) < 0.85
    parent = (chance.random(household.size) < 0.35) & (counts[household] >= 4) & (number >= 3)
    role = np.where(number == 0, HEAD, np.where((number == 1) & couple[household], SPOUSE, CHILD))
    return np.where(parent, PARENT, role).astype(np.int64)


def _ages(chance: Chance, names: Names, household: I64, number: I64, role: I64) -> tuple[I64, I64, Bools]:
    """Cohort, birthday and sex: spouses of one age and (here) of two sexes, children and parents a generation away."""
    shares = np.array([cohort.share for cohort in names.cohorts])
    years = np.array([cohort.first_year for cohort in names.cohorts])
    households = int(household[-1]) + 1
    head = weighted(chance, shares, households)
    head_year = years[head] + chance.integers(0, 11, households)
    generation = np.where(role == CHILD, 27, np.where(role == PARENT, -27, 0))
    year = head_year[household] + generation + chance.integers(-3, 4, household.size) * (role != HEAD)
    year = np.clip(year, 1940, 2012)
    cohort = np.clip(np.searchsorted(years, year, side="right") - 1, 0, years.size - 1)
    born = ((year - 1970) * 365.25).astype(np.int64) + chance.integers(0, 365, household.size)
    head_male = chance.random(households) < 0.52
    male = chance.random(household.size) < 0.5
    male = np.where(role == HEAD, head_male[household], np.where(role == SPOUSE, ~head_male[household], male))
    return cohort.astype(np.int64), born, male


def _surnames(chance: Chance, names: Names, province: Texts, household: I64, role: I64, male: Bools, first: I64) -> I64:
    """One line shares a surname: the man of the couple, the children and most of the parents."""
    own = names.draw_surnames(chance, province[household])
    heads = first[:-1]
    spouse = np.full(heads.size, -1, np.int64)
    places = np.flatnonzero(role == SPOUSE)
    spouse[household[places]] = places
    # A household's line is its man's; without a couple that of the head.
    line = np.where(male[heads] | (spouse < 0), own[heads], own[np.maximum(spouse, 0)])
    follows = (role == CHILD) | ((role == PARENT) & (chance.random(own.size) < _FATHERS) & male)
    return np.where(follows, line[household], own)


def _sounding_alike(names: Names, household: I64, surname: I64, given: U32) -> I64:
    """Persons whose name sounds like that of somebody before them in the household."""
    sounds = np.sort(names.syllable(given), axis=1)
    order = np.lexsort((sounds[:, 1], sounds[:, 0], surname, household))
    keys = np.column_stack([household, surname, sounds])[order]
    found: I64 = np.sort(order[1:][(keys[1:] == keys[:-1]).all(axis=1)])
    return found


def _homes(chance: Chance, rates: Rates, cities: Cities, city: I64, seconds: int) -> tuple[Homes, I64]:
    """The home of each household and the one it may move to, and when it moves."""
    stays = chance.random(city.size) < _SAME_CITY
    then = np.where(stays, city, weighted(chance, cities.weight, city.size))
    moves = chance.random(city.size) < 1 - np.exp(-rates.moved * seconds / YEAR)
    moved = np.where(moves, (chance.random(city.size) * seconds).astype(np.int64), NEVER)
    return draw_homes(chance, cities, np.concatenate([city, then])), moved


def _twins(chance: Chance, rates: Rates, people: People, city: I64) -> None:
    """Gives as many persons as the rate says somebody of exactly their name in their city, of the same sex.

    The one whose name changes has nobody that shares the surname by line: a wife, or a person alone.
    """
    at = city[people.household]
    alone = np.diff(people.first)[people.household] == 1
    free = np.flatnonzero(alone | ((people.role == SPOUSE) & ~people.male) | ((people.role == HEAD) & ~people.male))
    free = chance.permutation(free)[: round(rates.twin * people.size / 2)]
    group = at * 2 + people.male
    order = np.argsort(group, kind="stable")
    start = np.searchsorted(group[order], group[free], side="left")
    count = np.searchsorted(group[order], group[free], side="right") - start
    model = order[start + (chance.random(free.size) * count).astype(np.int64)]
    # Of a chain of equals only the first link is made, and nobody is made equal to the own household.
    fits = (people.household[model] != people.household[free]) & ~np.isin(model, free)
    free, model = free[fits], model[fits]
    people.name[free] = people.name[model]
    people.surname[free] = people.surname[model]
    people.twin[free] = True
    people.twin[model] = True
