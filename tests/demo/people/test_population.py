"""The population keeps its rates: households, namesakes, numbers that rest before they are given to others."""

from __future__ import annotations

import numpy as np
import pytest

from onepool.demo.people import noise, places
from onepool.demo.people.arrays import chance_of, codes, packed
from onepool.demo.people.generate import draw_world
from onepool.demo.people.names import tables
from onepool.demo.people.phones import SILENCE, draw_phones
from onepool.demo.people.plan import Plan
from onepool.demo.people.population import CHILD, DAY, HEAD, NEVER, SPOUSE, draw_people
from onepool.demo.people.rates import Rates
from onepool.standards.normalise.contact import phone
from onepool.standards.normalise.region import resolve

SECONDS = 730 * DAY
MANY = 20_000


@pytest.fixture(scope="module")
def people():  # type: ignore[no-untyped-def]
    return draw_people(MANY, Rates(), 5, SECONDS)


def test_households_have_the_size_and_the_surname_line(people) -> None:  # type: ignore[no-untyped-def]
    sizes = np.diff(people.first)
    assert sizes.sum() == MANY
    assert sizes.mean() == pytest.approx(2.6, abs=0.05)
    heads = people.first[:-1][people.household]
    spouse = np.full(sizes.size, -1)
    spouse[people.household[people.role == SPOUSE]] = np.flatnonzero(people.role == SPOUSE)
    fathers = np.where(people.male[heads], heads, np.maximum(spouse[people.household], heads))
    children = np.flatnonzero((people.role == CHILD) & ~people.twin)
    shared = people.surname[children] == people.surname[fathers[children]]
    assert shared.mean() > 0.9
    assert (people.role[people.first[:-1]] == HEAD).all()


def test_namesakes_live_in_one_city(people) -> None:  # type: ignore[no-untyped-def]
    assert people.twin.mean() == pytest.approx(0.08, abs=0.012)
    city = people.homes.city[people.home[people.household]]
    keys = np.column_stack([people.name, city])
    _, inverse, count = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    assert (count[inverse.reshape(-1)][people.twin] >= 2).mean() > 0.97


def test_surnames_are_as_frequent_as_in_the_country(people) -> None:  # type: ignore[no-untyped-def]
    names = people.names
    shares = np.bincount(people.surname, minlength=len(names.surnames)) / MANY
    assert shares[names.surnames.index("王")] == pytest.approx(0.078, abs=0.02)
    assert 0.02 < (shares**2).sum() < 0.035  # two strangers share one in about 37 cases


def test_every_character_of_a_name_has_a_sound() -> None:
    names = tables()
    points = np.concatenate([names.surname_points.ravel(), *(c for one in names.cohorts for c in one.characters)])
    assert (names.sound(points[points != 0]) >= 0).all()


def test_places_are_those_of_the_standard(people) -> None:  # type: ignore[no-untyped-def]
    for home in range(0, 400, 7):
        province = people.cities.province[people.homes.city[home]]
        city = people.cities.name[people.homes.city[home]]
        district = people.cities.district[people.homes.district[home]]
        found = resolve(province, f"{city}市", district)
        assert (found.province, found.city, found.district, found.why) == (province, city, district, "")


def test_numbers_change_rest_and_are_given_to_strangers(people) -> None:  # type: ignore[no-untyped-def]
    phones = draw_phones(people, Rates(), 5, SECONDS)
    chains = phones.chains
    assert chains.owner.size / MANY == pytest.approx(1.15, abs=0.02)
    changes = (chains.start > 0).sum() / chains.owner.size / 2
    assert changes == pytest.approx(0.12, abs=0.01)
    later = np.flatnonzero(phones.previous >= 0)
    before = phones.previous[later]
    rest = chains.start[later] - chains.end[before]
    assert rest.min() >= SILENCE[0]
    assert rest.max() <= SILENCE[1]
    assert (phones.number[later] == phones.number[before]).all()
    household = people.household[chains.owner[chains.slot]]
    assert (household[later] != household[before]).all()
    # Apart from re-issued ones every number is new.
    assert np.unique(phones.number).size == phones.number.size - later.size
    due = (chains.end < NEVER) & (chains.end + SILENCE[1] < SECONDS)
    assert np.isin(np.flatnonzero(due), before).mean() == pytest.approx(0.4, abs=0.04)


def test_shared_phones_stay_in_the_family(people) -> None:  # type: ignore[no-untyped-def]
    phones = draw_phones(people, Rates(), 5, SECONDS)
    who = np.flatnonzero(phones.borrowed >= 0)
    owner = phones.chains.owner[phones.borrowed[who]]
    assert (people.household[who] == people.household[owner]).all()
    assert (who != owner).all()
    assert who.size / phones.chains.owner.size == pytest.approx(0.04, abs=0.006)
    assert phones.staff.size >= 1


def test_all_numbers_are_real_mobile_numbers(people) -> None:  # type: ignore[no-untyped-def]
    phones = draw_phones(people, Rates(), 5, SECONDS)
    texts = noise.phone_texts(phones.number[:3_000]).tolist()
    wrong, kind = noise.mistyped(chance_of(1), Rates(phone_digit=0.5, phone_swapped=0.4), phones.number[:3_000])
    for text in [*texts, *noise.phone_texts(wrong).tolist()]:
        found = phone(text)
        assert found is not None
        assert found.usable
    assert (wrong[kind > 0] != phones.number[:3_000][kind > 0]).all()
    assert (wrong[kind == 0] == phones.number[:3_000][kind == 0]).all()


def test_names_are_misspelt_as_often_as_the_rates_say(people) -> None:  # type: ignore[no-untyped-def]
    rates = Rates()
    typed, kind = noise.typed_names(chance_of(3), people.names, rates, people.name, people.male)
    true = packed(people.name)
    shares = np.bincount(kind, minlength=7) / MANY
    kept = 1 - rates.title - rates.pinyin
    for code, rate, slack in (
        (noise.TITLE, rates.title, 0.006),
        (noise.PINYIN, rates.pinyin, 0.005),
        (noise.HOMOPHONE, rates.homophone * kept, 0.004),
        (noise.SHAPE, rates.similar_shape * kept, 0.0035),
    ):
        assert shares[code] == pytest.approx(rate, abs=slack)
    assert shares[noise.DROPPED] > 0
    assert shares[noise.TRADITIONAL] > 0
    assert (typed[kind == noise.EXACT] == true[kind == noise.EXACT]).all()
    assert (typed[kind != noise.EXACT] != true[kind != noise.EXACT]).all()
    assert all(text.endswith(noise.TITLES) for text in typed[kind == noise.TITLE].tolist())
    assert all(text.isascii() for text in typed[kind == noise.PINYIN].tolist())


def test_masks_hide() -> None:
    assert noise.masked_phones(np.array([13812345678])).tolist() == ["138****5678"]
    name = np.array([[ord("王"), 0, ord("小"), ord("明")], [ord("欧"), ord("阳"), ord("锋"), 0]], np.uint32)
    assert noise.masked_names(name).tolist() == ["王**", "欧阳*"]


def test_ids_are_distinct() -> None:
    found = codes("o", np.arange(50_000), 3)
    assert np.unique(found.astype(str)).size == 50_000


def test_a_sealed_population_is_another_one() -> None:
    plan = Plan(people=500, seed=4)
    one, again, other = draw_world(plan), draw_world(plan), draw_world(Plan(people=500, seed=4, sealed=True))
    assert (one.people.name == again.people.name).all()
    assert (one.phones.number == again.phones.number).all()
    assert other.rates != one.rates
    assert (one.people.name != other.people.name).any()


def test_landlines_are_landlines() -> None:
    provinces = np.array(sorted(places.AREA_CODES), object)
    for text in noise.landlines(provinces, np.linspace(60_000_000, 68_999_999, provinces.size).astype(np.int64)):
        found = phone(text)
        assert found is not None
        assert found.why == "landline"
