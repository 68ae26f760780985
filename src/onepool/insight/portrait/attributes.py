"""Attributes as dimensions of a portrait: which may be one, and how they are counted in one pass over the profiles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from onepool.clock import to_micros
from onepool.insight.portrait.types import Numbers
from onepool.pool import Session
from onepool.pool.engine import quote
from onepool.privacy.masking import HIDDEN_CLASSES, PERSON_NAMES
from onepool.standards import Attribute, FieldType, Personal, Standard

FREE_TEXT = frozenset({"avatar", "website", "remark", "description", "address"})
"""Attributes in which people write what they like."""

MOST_VALUES = 20
"""Listed of an attribute; the rest is counted together."""

TOO_MANY = 2_000
"""With more different values a text tells customers apart instead of describing them."""

_NUMBERS = (FieldType.INTEGER, FieldType.NUMBER, FieldType.MONEY)
_AGES = (18, 25, 30, 35, 40, 50, 60)
_DAY = 86_400_000_000
_TENURES = ((30, "30d"), (90, "90d"), (365, "1y"), (730, "2y"))

AGE_BAND = "age_band"


@dataclass(frozen=True, slots=True)
class Column:
    """A dimension made of the profiles' column `of`: `value` is SQL for its text, `number` for a number."""

    name: str
    of: str
    value: str | None = None
    number: str | None = None
    several: bool = False


def columns(standard: Standard, at: datetime, zone: str) -> tuple[list[Column], dict[str, str]]:
    """The dimensions that attributes give, and the attributes that are none with the reason (a stable word).

    What names a person, is an identifier or sensitive is never one; birthdays count as age bands, other dates as time
    gone by since.
    """
    found: list[Column] = []
    left_out: dict[str, str] = {}
    today = f"DATE '{at.astimezone(ZoneInfo(zone)).date().isoformat()}'"
    for name, attribute in standard.attributes.items():
        why = refused(name, attribute)
        if why is not None:
            left_out[name] = why
            continue
        column = f"p.{quote(name)}"
        kind = attribute.type
        if name == "age":
            continue
        if name == "birthday":
            age, age_of = f"date_part('year', age({today}, {column}))", column
            if "age" in standard.attributes:
                stated = f"p.{quote('age')}"
                age, age_of = f"coalesce({age}, {stated})", f"coalesce({column}::VARCHAR, {stated}::VARCHAR)"
            found.append(Column(AGE_BAND, age_of, value=_bands(age)))
        elif kind in _NUMBERS:
            found.append(Column(name, column, number=f"{column}::DOUBLE"))
        elif kind in (FieldType.DATE, FieldType.TIME):
            days = f"date_diff('day', {column}, {today})"
            if kind is FieldType.TIME:
                days = f"(({to_micros(at)} - epoch_us({column})) // {_DAY})"
            found.append(Column(name, column, value=_gone(days)))
        elif kind is FieldType.TEXT_LIST:
            found.append(Column(name, column, value=column, several=True))
        else:
            found.append(Column(name, column, value=f"nullif({column}::VARCHAR, '')"))
    return found, left_out


def refused(name: str, attribute: Attribute) -> str | None:
    """Why an attribute may not be a dimension: `personal`, `identifier`, `free_text`; None when it may."""
    if attribute.personal in HIDDEN_CLASSES or name in PERSON_NAMES:
        return "personal"
    if attribute.identifier is not None or attribute.type in (FieldType.PHONE, FieldType.EMAIL, FieldType.ID_CARD):
        return "identifier"
    if attribute.type is FieldType.ID and attribute.personal is not Personal.NONE:
        return "identifier"
    return "free_text" if name in FREE_TEXT else None


@dataclass(frozen=True, slots=True)
class Counted:
    """Of one dimension: value -> customers per group (1 segment only, 2 both, 3 base only); `known` the same of all
    with a value. `values`: how many different ones there are."""

    cells: dict[str | None, dict[int, int]]
    known: dict[int, int]
    values: int
    numbers: tuple[Numbers, Numbers] | None = None


def count(session: Session, wanted: list[Column], groups: str) -> dict[str, Counted]:
    """Count all dimensions over the profiles of the customers in the relation `groups` (customer_id, part).

    The profiles are read once for those that anybody has, and once for these: every dimension is a small aggregate
    over the columns kept from that.
    """
    used = _used(session, wanted)
    texts = [column for column in used if column.value is not None]
    cells: dict[str, dict[str | None, dict[int, int]]] = {column.name: {} for column in texts}
    known: dict[str, dict[int, int]] = {column.name: {} for column in texts}
    different = dict.fromkeys(cells, 0)
    for row in session.query(_texts(texts, groups)).to_pylist() if texts else []:
        name, part = row["dimension"], row["part"]
        if row["role"] == "known":
            known[name][part] = row["n"]
            continue
        cell = cells[name].setdefault(row["value"] if row["role"] == "value" else None, {})
        cell[part] = cell.get(part, 0) + row["n"]
        different[name] = row["different"]
    for column in texts:
        if not column.several:
            known[column.name] = {
                part: sum(cell.get(part, 0) for cell in cells[column.name].values()) for part in (1, 2, 3)
            }
    found = {name: Counted(cells[name], known[name], different[name]) for name in cells}
    return found | _numbers(session, [column for column in used if column.number is not None], groups)


def _used(session: Session, wanted: list[Column]) -> list[Column]:
    """The dimensions that anybody has a value of."""
    if not wanted:
        return []
    counts = ", ".join(f"count({column.of}) AS c{number}" for number, column in enumerate(wanted))
    row = session.query(f"SELECT {counts} FROM profiles p").to_pylist()[0]
    return [column for number, column in enumerate(wanted) if row[f"c{number}"]]


def _texts(texts: list[Column], groups: str) -> str:
    kept = ", ".join(f"{column.value} AS c{number}" for number, column in enumerate(texts))
    branches = []
    for number, column in enumerate(texts):
        source = f"SELECT part, c{number} AS value FROM people WHERE c{number} IS NOT NULL"
        name = "'" + column.name.replace("'", "''") + "'"
        if column.several:
            # A customer counts under each value, once.
            source = f"SELECT part, unnest(list_distinct(c{number})) AS value FROM people WHERE len(c{number}) > 0"
            branches.append(
                f"""SELECT {name} AS dimension, 'known' AS role, NULL::VARCHAR AS value, part, count(*) AS n,
                    0 AS different FROM people WHERE len(c{number}) > 0 GROUP BY part"""
            )
        branches.append(
            f"""SELECT {name} AS dimension, CASE WHEN place <= {MOST_VALUES} THEN 'value' ELSE 'rest' END AS role,
                CASE WHEN place <= {MOST_VALUES} THEN value END AS value, part, n,
                max(place) OVER () AS different FROM (
                SELECT value, part, n, dense_rank() OVER (ORDER BY total DESC, value) AS place FROM (
                    SELECT value, part, n, sum(n) OVER (PARTITION BY value) AS total FROM (
                        SELECT value::VARCHAR AS value, part, count(*) AS n FROM ({source}) GROUP BY 1, 2)))"""
        )
    body = "\nUNION ALL\n".join(branches)
    return f"""WITH people AS MATERIALIZED (
            SELECT g.part, {kept} FROM {groups} g JOIN profiles p USING (customer_id))
        SELECT dimension, role, value, part, sum(n)::BIGINT AS n, max(different)::BIGINT AS different FROM ({body})
        GROUP BY ALL"""


def _numbers(session: Session, wanted: list[Column], groups: str) -> dict[str, Counted]:
    if not wanted:
        return {}
    kept = ", ".join(f"{column.number} AS c{number}" for number, column in enumerate(wanted))
    parts = []
    for number in range(len(wanted)):
        for name, inside in (("s", "part <= 2"), ("b", "part >= 2")):
            chosen = f"FILTER ({inside} AND isfinite(c{number}))"
            parts.append(
                f"""{{'n': count(c{number}) {chosen}, 'mean': avg(c{number}) {chosen},
                'q': quantile_cont(c{number}, [0.25, 0.5, 0.75]) {chosen}}} AS {name}{number}"""
            )
    row = session.query(
        f"""SELECT {", ".join(parts)} FROM (
            SELECT g.part, {kept} FROM {groups} g JOIN profiles p USING (customer_id))"""
    ).to_pylist()[0]
    return {
        column.name: Counted({}, {}, 0, (numbers_of(row[f"s{number}"]), numbers_of(row[f"b{number}"])))
        for number, column in enumerate(wanted)
    }


def numbers_of(found: dict[str, object]) -> Numbers:
    """From {n, mean, q: [p25, median, p75]}."""
    quartiles = found["q"] if isinstance(found["q"], list) else [None, None, None]
    count_, mean = found["n"], found["mean"]
    assert isinstance(count_, int) and (mean is None or isinstance(mean, float))
    return Numbers(count_, mean, *quartiles)


def _bands(age: str) -> str:
    """Age bands: 0-17, 18-24, … 60+; ages beyond 120 or below 0 are mistakes and count as not known."""
    cases = [f"WHEN {age} < {_AGES[0]} THEN '0-{_AGES[0] - 1}'"]
    cases += [f"WHEN {age} < {high} THEN '{low}-{high - 1}'" for low, high in pairwise(_AGES)]
    cases += [f"WHEN {age} <= 120 THEN '{_AGES[-1]}+'"]
    return f"CASE WHEN {age} < 0 THEN NULL {' '.join(cases)} END"


def _gone(days: str) -> str:
    """Days gone by in bands: `<30d`, `<90d`, `<1y`, `<2y`, `2y+`; days in the future count as not known."""
    cases = " ".join(f"WHEN {days} < {high} THEN '<{name}'" for high, name in _TENURES)
    return f"CASE WHEN {days} < 0 THEN NULL {cases} WHEN {days} >= {_TENURES[-1][0]} THEN '{_TENURES[-1][1]}+' END"
