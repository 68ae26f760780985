"""Made-up historical persons with heavy noise. Every record is generated; no real person is meant.

A person has given names, surname, title, aliases, a birthday, a birth place with postcodes nearby and occupations;
families share surname and place; some namesakes share even the year. Each person has a handful to some twenty records:
typing errors, nicknames, alternative names, titles instead of surnames, given name and surname swapped, missing values,
dates shifted or known by year only, other postcodes of the area, another of several occupations. ``Noise`` holds the
rates; ``make`` gives the table and the truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from _historical_words import FEMALE, GRAINS, HEAD, LETTERS, MALE, NICK, PLACE_TAIL, SURNAMES, TAIL, TONGUES, WORK


@dataclass(frozen=True)
class Noise:
    """Rates per record (0 to 1) and shape of the population."""

    persons: int = 5_000
    records: float = 10.0
    alias: float = 0.32
    nick: float = 0.2
    title: float = 0.35
    swap: float = 0.04
    typo: float = 0.15
    missing: float = 0.16
    date_year: float = 0.16
    date_shift: float = 0.12
    date_wrong: float = 0.08
    postcode: float = 0.65
    postcode_far: float = 0.1
    place: float = 0.08
    work: float = 0.5
    family: float = 0.3
    namesake: float = 0.06
    #: a word of the whole name left out; first name and surname are then its first and last word
    lost: float = 0.0
    #: a typing error in each of date, place, postcode and occupation
    slips: float = 0.0
    #: persons with one of few names
    common: float = 0.0
    #: families (``family``) that also stay in one place, and name children after parents
    kin: float = 0.0
    #: records with a postcode of another home of the person
    homes: float = 0.0
    #: records that tell the county (or town and county) for the place
    county: float = 0.0
    #: records with a finer or coarser occupation
    grain: float = 0.0
    #: records with the given name in another language
    tongues: float = 0.0
    #: records with the surname before the given names in the whole name
    order: float = 0.0


SETTINGS = {
    "hard": Noise(),
    "aliases": Noise(alias=0.45, nick=0.25, swap=0.06, date_year=0.10, missing=0.12),
    "gaps": Noise(missing=0.26, date_year=0.22, postcode=0.75, alias=0.25),
    "families": Noise(family=0.6, namesake=0.12, date_shift=0.18, date_wrong=0.1, alias=0.25, missing=0.12),
    "light": Noise(records=4.0, alias=0.15, nick=0.1, typo=0.1, missing=0.1, date_year=0.1, date_shift=0.06),
    "typos": Noise(typo=0.4, slips=0.15, alias=0.2),
    "common": Noise(common=0.5, namesake=0.12),
    "kin": Noise(family=0.7, kin=0.6, namesake=0.1),
    "moved": Noise(homes=0.5, postcode_far=0.15, place=0.15),
    "grains": Noise(county=0.45, grain=0.5),
    "tongues": Noise(tongues=0.4, order=0.3, swap=0.1),
    "lost": Noise(lost=0.25, alias=0.4, title=0.5),
    "mixed": Noise(
        missing=0.2,
        lost=0.12,
        slips=0.05,
        common=0.15,
        kin=0.3,
        homes=0.2,
        county=0.2,
        grain=0.2,
        tongues=0.1,
        order=0.05,
        date_year=0.2,
    ),
}


class _World:
    def __init__(self, random: np.random.Generator):
        self.random = random
        self.surnames = SURNAMES + sorted({h + t for h in HEAD for t in TAIL})
        weight = 1.0 / (np.arange(len(self.surnames)) + 12.0) ** 0.85
        order = np.concatenate(
            [np.arange(len(SURNAMES)), len(SURNAMES) + random.permutation(len(self.surnames) - len(SURNAMES))]
        )
        self.surnames = [self.surnames[i] for i in order]
        self.surname_weight = weight / weight.sum()
        places = [
            "london",
            "edinburgh",
            "dublin",
            "glasgow",
            "manchester",
            "liverpool",
            "bristol",
            "leeds",
            "oxford",
            "cambridge",
        ]
        places += [str(random.choice(HEAD)) + str(random.choice(PLACE_TAIL)) for _ in range(900)]
        self.places = list(dict.fromkeys(places))
        place_weight = 1.0 / (np.arange(len(self.places)) + 4.0) ** 0.9
        self.place_weight = place_weight / place_weight.sum()
        self.county = [str(self.places[number % 40 * 7]) + "shire" for number in range(len(self.places))]
        self.area = ["".join(random.choice(list(LETTERS), 2)) + str(random.integers(1, 30)) for _ in self.places]
        work_weight = 1.0 / (np.arange(len(WORK)) + 3.0)
        self.work_weight = work_weight / work_weight.sum()

    def pick(self, items: list[str], weight: np.ndarray | None = None) -> str:
        return items[int(self.random.choice(len(items), p=weight))]

    def given(self, male: bool) -> str:
        names = MALE if male else FEMALE
        weight = 1.0 / (np.arange(len(names)) + 2.0) ** 1.1
        return self.pick(names, weight / weight.sum())

    def postcode(self, area: str) -> str:
        return f"{area} {self.random.integers(1, 10)}{''.join(self.random.choice(list('abdefghjlnpqrstuwxyz'), 2))}"


def _typo(text: str, random: np.random.Generator) -> str:
    if len(text) < 3:
        return text
    at = int(random.integers(1, len(text)))
    kind = random.integers(4)
    letter = LETTERS[int(random.integers(26))]
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + letter + text[at:]
    if kind == 2:
        return text[:at] + letter + text[at + 1 :]
    return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]


@dataclass
class _Person:
    male: bool
    given: list[str]
    surname: str
    title: str
    aliases: list[tuple[str, str, str]]
    born: np.datetime64
    place: int
    postcodes: list[str]
    work: list[str]
    homes: list[str]


def _person(world: _World, noise: Noise, before: _Person | None) -> _Person:
    random = world.random
    male = bool(random.random() < 0.82)
    given = [world.given(male)]
    while random.random() < 0.3 and len(given) < 4:
        given.append(world.given(male) if random.random() < 0.6 else world.pick(world.surnames, world.surname_weight))
    surname = world.pick(world.surnames, world.surname_weight)
    place = int(random.choice(len(world.places), p=world.place_weight))
    born = np.datetime64("1600-01-01") + int(365.25 * (390 * random.beta(3.5, 1.6)))
    if noise.common and random.random() < noise.common:
        names = (MALE if male else FEMALE)[:6]
        given[0], surname = names[int(random.integers(6))], SURNAMES[int(random.integers(12))]
    if before is not None:
        chance = random.random()
        if chance < noise.family:
            surname = before.surname
            place = before.place if random.random() < max(0.6, noise.kin * 1.5) else place
            born = before.born + int(random.integers(-12_000, 12_000))
            if random.random() < max(0.3, noise.kin) and before.male == male:
                given[0] = before.given[0]
        elif chance < noise.family + noise.namesake:
            surname, male, given = before.surname, before.male, [before.given[0], *given[1:]]
            born = np.datetime64(str(before.born)[:4] + "-01-01") + int(random.integers(0, 365))
    title = ""
    if random.random() < 0.3:
        rank = world.pick(
            [
                "1st baron",
                "2nd baron",
                "3rd earl of",
                "sir",
                "2nd baronet",
                "4th viscount",
                "1st duke of",
                "lord",
                "5th earl of",
            ]
        )
        seat = surname if random.random() < 0.4 else world.pick(world.places)
        title = "sir" if rank == "sir" else rank if "baronet" in rank else f"{rank} {seat}"
    aliases: list[tuple[str, str, str]] = []
    while random.random() < 0.6 and len(aliases) < 4:
        kind = random.random()
        if kind < 0.3 and len(given) > 1:
            aliases.append((f"{given[1]} {surname}", given[1], surname))
        elif kind < 0.5:
            initials = " ".join(name[0] for name in given)
            aliases.append((f"{initials} {surname}", given[0][0], surname))
        elif kind < 0.7 and title:
            seat = title.split()[-1]
            aliases.append(
                (f"{given[0]} of {seat}" if random.random() < 0.5 else f"{title} {given[0]}", given[0], seat)
            )
        elif kind < 0.85:
            other = world.pick(world.surnames, world.surname_weight)
            aliases.append((f"{given[0]} {other}", given[0], other))
        elif kind < 0.93:
            mine, other = world.given(male), world.pick(world.surnames, world.surname_weight)
            aliases.append((f"{mine} {other}", mine, other))
        else:
            aliases.append((f"{surname} {given[0]}", surname, given[0]))
    near = [world.postcode(world.area[place]) for _ in range(int(random.integers(2, 7)))]
    work = [
        world.pick(WORK, world.work_weight) for _ in range(1 + int(random.random() < 0.45) + int(random.random() < 0.2))
    ]
    homes = []
    if noise.homes:
        elsewhere = random.choice(len(world.places), 2, p=world.place_weight)
        homes = [world.postcode(world.area[int(one)]) for one in elsewhere]
    return _Person(male, given, surname, title, aliases, born, place, near, work, homes)


def _without(full: str, share: float, random: np.random.Generator) -> tuple[str, str, str]:
    """A whole name of which words are lost, and its first and last word."""
    words = full.replace(",", "").split()
    kept = [word for word in words if random.random() >= share]
    kept = kept if len(kept) > 1 else words
    return " ".join(kept), kept[0], kept[-1]


def _record(person: _Person, world: _World, noise: Noise, plain: bool) -> dict[str, str | None]:
    random = world.random
    rate = 0.0 if plain else 1.0
    given, surname = person.given[0], person.surname
    full = " ".join([*person.given, surname])
    if person.title and random.random() < noise.title:
        full = f"{person.title} {full}" if person.title == "sir" else f"{full}, {person.title}"
    if person.aliases and random.random() < noise.alias * 2 * rate:
        full, given, surname = person.aliases[int(random.integers(len(person.aliases)))]
    if given in NICK and random.random() < noise.nick * rate:
        nick = world.pick(NICK[given].split())
        full, given = full.replace(given, nick, 1), nick
    if noise.lost and random.random() < min(1.0, 3 * noise.lost) * rate:
        full, given, surname = _without(full, noise.lost, random)
    if given in TONGUES and noise.tongues and random.random() < noise.tongues * rate:
        other = world.pick(TONGUES[given].split())
        full, given = full.replace(given, other, 1), other
    if random.random() < noise.typo * rate:
        wrong = _typo(given, random)
        full, given = full.replace(given, wrong, 1), wrong
    if random.random() < noise.typo * rate:
        wrong = _typo(surname, random)
        full, surname = full.replace(surname, wrong, 1), wrong
    if random.random() < noise.swap * rate:
        given, surname = surname, given
        full = f"{given} {surname}"
    if noise.order and random.random() < noise.order * rate:
        full = f"{surname}, {given} {' '.join(person.given[1:])}".strip()
    born = person.born
    date: str | None = str(born)
    chance = random.random()
    if chance < noise.date_year * rate:
        date = f"{str(born)[:4]}-01-01"
    elif chance < (noise.date_year + noise.date_shift) * rate:
        spread = 20 if random.random() < 0.5 else 400
        date = str(born + int(random.integers(-spread, spread)))
    elif chance < (noise.date_year + noise.date_shift + noise.date_wrong) * rate:
        digits = list(str(born))
        at = int(random.choice([3, 5, 6, 8, 9]))
        digits[at] = str(random.integers(0, 10) if at in (3, 9) else random.integers(0, 2))
        date = "".join(digits)
    postcode = person.postcodes[0]
    if random.random() < noise.postcode * rate:
        postcode = person.postcodes[int(random.integers(len(person.postcodes)))]
    if random.random() < noise.postcode_far * rate:
        postcode = world.postcode(world.area[int(random.choice(len(world.places), p=world.place_weight))])
    place = world.places[person.place]
    if random.random() < noise.place * rate:
        place = _typo(place, random) if random.random() < 0.4 else world.pick(world.places, world.place_weight)
    if noise.homes and random.random() < noise.homes * rate:
        postcode = person.homes[int(random.integers(len(person.homes)))]
    if noise.county and random.random() < noise.county * rate:
        county = world.county[person.place]
        place = county if random.random() < 0.6 else f"{place}, {county}"
    work = person.work[0] if random.random() > noise.work else person.work[int(random.integers(len(person.work)))]
    if work in GRAINS and noise.grain and random.random() < noise.grain * rate:
        work = world.pick([one.strip() for one in GRAINS[work].split(";")])
    row: dict[str, str | None] = {
        "full_name": full,
        "first_and_surname": f"{given} {surname}",
        "first_name": given,
        "surname": surname,
        "dob": date,
        "birth_place": place,
        "postcode_fake": postcode,
        "gender": "male" if person.male else "female",
        "occupation": work,
    }
    if noise.slips:
        for name in ("dob", "birth_place", "postcode_fake", "occupation"):
            if random.random() < noise.slips * rate:
                row[name] = _typo(str(row[name]), random) if name != "dob" else _slipped(str(row[name]), random)
    gone = noise.missing * rate
    if random.random() < gone * 0.4:
        row["full_name"] = row["first_and_surname"] = row["first_name"] = row["surname"] = None
    elif random.random() < gone * 0.3:
        row["first_name"], row["first_and_surname"] = None, surname
    for name, times in (
        ("dob", 1.0),
        ("birth_place", 1.2),
        ("postcode_fake", 1.2),
        ("gender", 1.5),
        ("occupation", 2.0),
    ):
        if random.random() < gone * times:
            row[name] = None
    return row


def _slipped(date: str, random: np.random.Generator) -> str:
    """A date with one digit of its month, day or last place of the year changed."""
    at = int(random.choice([3, 6, 9]))
    return date[:at] + str(random.integers(0, 10)) + date[at + 1 :]


def make(noise: Noise, seed: int) -> tuple[pa.Table, pa.Table]:
    """Records (record_id and nine columns) and truth (record_id, entity_id), in random order."""
    random = np.random.default_rng(seed)
    world = _World(random)
    rows: list[dict[str, str | None]] = []
    entities: list[int] = []
    before: _Person | None = None
    for number in range(noise.persons):
        person = _person(world, noise, before)
        before = person
        times = max(1, int(random.gamma(3.0, noise.records / 3.0) + 0.5))
        for which in range(min(times, 30)):
            rows.append(_record(person, world, noise, which == 0))
            entities.append(number)
    order = random.permutation(len(rows))
    ids = [f"r{number:07}" for number in range(len(rows))]
    table = pa.Table.from_pylist([rows[i] for i in order]).add_column(0, "record_id", pa.array(ids))
    return table, pa.table({"record_id": ids, "entity_id": [entities[i] for i in order]})
