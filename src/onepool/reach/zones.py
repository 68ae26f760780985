"""Whose wall clock: what is known of customers' time zones, for whole columns.

A customer's zone is the attribute's, where it names one; else that of the country, where it has but one; else that of
the city, if the zone database names a zone of the country after it; else that of the phone number's area, if it is in
the country; else the main one of the country (`_MAIN`, for countries whose first row in the zone database's table is
another one). A number whose area tells nothing (a mobile one of a country with several zones) means the main zone of
its country. Where neither country nor number is known, province and city tell it alone: names of GB/T 2260, and cities
after which one zone is named and no other.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from phonenumbers import timezone

from onepool.pool import Session
from onepool.pool.engine import quote
from onepool.reach.keys import I64
from onepool.standards.normalise.region import resolve

_PREFIX: Final = 8
"""Characters of a number in international form that tell its country."""


def zones(session: Session, customers: I64, attribute: str | None) -> tuple[list[str], I64]:
    """Names of zones, and each customer's as an index (-1: not known)."""
    names: dict[str, int] = {}
    found = np.full(customers.size, -1, np.int64)
    wanted, place = np.unique(customers, return_inverse=True)
    session.relation("_zoned", pa.table({"customer_id": wanted}))
    columns = _attributes(session)
    own = np.full(wanted.size, -1, np.int64)
    for column, reader in ((attribute, _zone), ("country", _only_of_country)):
        if column is None or column not in columns:
            continue
        rows = session.query(
            f"""SELECT z.customer_id, p.{quote(column)}::VARCHAR AS said
            FROM _zoned z JOIN profiles p USING (customer_id) WHERE p.{quote(column)} IS NOT NULL"""
        )
        _take(own, wanted, rows, reader, names)
    if (own < 0).any() and {"country", "city"} <= columns:
        _take(own, wanted, _places(session, columns, "p.country IS NOT NULL"), _of_city, names)
    if (own < 0).any():
        country = "any_value(p.country::VARCHAR)" if "country" in columns else "''"
        rows = session.query(
            f"""SELECT c.customer_id, concat(coalesce({country}, ''), '|', left(max(i.value), {_PREFIX})) AS said
            FROM identifiers i JOIN customer_of c USING (identifier_id) JOIN _zoned z USING (customer_id)
            LEFT JOIN profiles p USING (customer_id)
            WHERE i.type = 'phone' AND i.value LIKE '+%' GROUP BY c.customer_id"""
        )
        _take(own, wanted, rows, _of_both, names)
    if (own < 0).any() and "country" in columns:
        rows = session.query(
            """SELECT z.customer_id, p.country::VARCHAR AS said
            FROM _zoned z JOIN profiles p USING (customer_id) WHERE p.country IS NOT NULL"""
        )
        _take(own, wanted, rows, _of_country, names)
    if (own < 0).any() and columns & {"province", "city"}:
        unsaid = "p.country IS NULL" if "country" in columns else "true"
        _take(own, wanted, _places(session, columns, unsaid), _of_place, names)
    found[:] = own[place]
    return list(names), found


def _places(session: Session, columns: frozenset[str], where: str) -> pa.Table:
    """`country|province|city` of the customers whose profile says something of it."""
    parts = [f"coalesce(p.{one}::VARCHAR, '')" if one in columns else "''" for one in ("country", "province", "city")]
    rows = session.query(
        f"""SELECT z.customer_id, concat_ws('|', {", ".join(parts)}) AS said
        FROM _zoned z JOIN profiles p USING (customer_id) WHERE {where}"""
    )
    return rows.filter(pc.not_equal(rows.column("said"), "||"))


def _take(own: I64, wanted: I64, rows: pa.Table, reader: object, names: dict[str, int]) -> None:
    """Note the zones of rows (customer_id, said) of customers who have none yet. Each text is read once."""
    assert callable(reader)
    coded = rows.column("said").combine_chunks().dictionary_encode()
    read = [reader(said) for said in coded.dictionary.to_pylist()]
    codes = np.array([-1 if one is None else names.setdefault(one, len(names)) for one in read], np.int64)
    where = np.searchsorted(wanted, rows.column("customer_id").to_numpy())
    value = codes[coded.indices.to_numpy()] if len(coded) else codes
    fresh = own[where] < 0
    own[where[fresh]] = value[fresh]


def _attributes(session: Session) -> frozenset[str]:
    found = session.query(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'main' AND table_name = 'profiles'"
    )
    return frozenset(found.column("column_name").to_pylist())


@lru_cache(maxsize=4096)
def _zone(text: str) -> str | None:
    try:
        return ZoneInfo(text.strip()).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=4096)
def _code(text: str) -> str | None:
    """An ISO 3166 code, of itself or of a country's name in Chinese or English."""
    said = text.strip()
    if len(said) == 2 and said.isascii():
        return said.upper()
    return _CHINESE.get(said) or _table("iso3166.tab", 1, 0).get(said.casefold())


def _of_country(text: str) -> str | None:
    """The main zone of a country."""
    code = _code(text)
    return None if code is None else _MAIN.get(code) or _table("zone.tab", 0, 2).get(code.casefold())


def _only_of_country(text: str) -> str | None:
    """The zone of a country that has no other: there a phone's area says nothing more."""
    code = _code(text)
    return _of_country(text) if code in _SAME or (code is not None and len(_zones_of(code)) == 1) else None


def _of_both(text: str) -> str | None:
    """Of `country|number`: the number's, if it is in the country."""
    country, _, prefix = text.partition("|")
    zone, code = _of_phone(prefix), _code(country) if country else None
    return zone if code is None or zone in _zones_of(code) else None


def _of_city(text: str) -> str | None:
    """Of `country|province|city`: the one zone of the country that is named after the city."""
    country, _, city = text.split("|", 2)
    code = _code(country)
    found = [] if code is None else [one for one in _named_after(city) if one in _zones_of(code)]
    return found[0] if len(found) == 1 else None


def _of_place(text: str) -> str | None:
    """Of `country|province|city` whose country nobody told."""
    _, province, city = text.split("|", 2)
    known = resolve(province or None, city or None, None).code
    if known is not None:
        return _OWN_CLOCK.get(known[:2], "Asia/Shanghai")
    found = _named_after(city)
    return found[0] if len(found) == 1 and not province else None


@cache
def _cities() -> dict[str, list[str]]:
    """City -> zones named after it, of those that countries have (Los Angeles: America/Los_Angeles)."""
    found: dict[str, list[str]] = {}
    for line in files("tzdata").joinpath("zoneinfo/zone.tab").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            zone = line.split("\t")[2]
            found.setdefault(zone.rpartition("/")[2].replace("_", " ").casefold(), []).append(zone)
    return found


def _named_after(city: str) -> list[str]:
    return _cities().get(" ".join(city.replace("_", " ").split()).casefold(), [])


@cache
def _zones_of(code: str) -> frozenset[str]:
    rows = files("tzdata").joinpath("zoneinfo/zone.tab").read_text(encoding="utf-8").splitlines()
    parts = [line.split("\t") for line in rows if line and not line.startswith("#")]
    return frozenset(part[2] for part in parts if part[0] == code)


@cache
def _table(name: str, key: int, value: int) -> dict[str, str]:
    """A table of the zone database, by the first row of each key (casefolded)."""
    found: dict[str, str] = {}
    for line in files("tzdata").joinpath(f"zoneinfo/{name}").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            parts = line.split("\t")
            found.setdefault(parts[key].casefold(), parts[value])
    return found


_CHINESE: Final = {
    "中国": "CN", "中国大陆": "CN", "香港": "HK", "中国香港": "HK", "澳门": "MO", "中国澳门": "MO", "台湾": "TW",
    "中国台湾": "TW", "日本": "JP", "韩国": "KR", "新加坡": "SG", "马来西亚": "MY", "泰国": "TH", "美国": "US",
    "加拿大": "CA", "英国": "GB", "法国": "FR", "德国": "DE", "澳大利亚": "AU", "新西兰": "NZ",
}  # fmt: skip


_OWN_CLOCK: Final = {"71": "Asia/Taipei", "81": "Asia/Hong_Kong", "82": "Asia/Macau"}
"""Divisions of GB/T 2260, by the first two digits of their code."""

_SAME: Final = frozenset({"CN", "DE"})
"""Countries with one clock, though the table has several rows of them."""

_MAIN: Final = {
    "AU": "Australia/Sydney", "BR": "America/Sao_Paulo", "CA": "America/Toronto", "FM": "Pacific/Pohnpei",
    "RU": "Europe/Moscow", "UA": "Europe/Kyiv", "US": "America/New_York", "UZ": "Asia/Tashkent",
}  # fmt: skip
"""Where most people of a country live, if the table begins with another zone."""


@lru_cache(maxsize=4096)
def _of_phone(prefix: str) -> str | None:
    """By the area of a number (its first digits do), else the main zone of its country."""
    try:
        number = phonenumbers.parse(prefix)
    except phonenumbers.NumberParseException:
        return _of_calling_code(prefix)
    found = [one for one in timezone.time_zones_for_geographical_number(number) if _zone(one) is not None]
    if len(found) == 1:
        return found[0]
    main = _of_calling_code(prefix)
    if main in found or not found:
        return main
    # Several that share an area, and the country's main one is not among them.
    return found[0]


def _of_calling_code(prefix: str) -> str | None:
    for length in (1, 2, 3):
        code = prefix[1 : 1 + length]
        if code.isdigit() and (region := phonenumbers.region_code_for_country_code(int(code))) not in ("ZZ", "001"):
            return _of_country(region)
    return None
