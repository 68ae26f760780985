"""Whose wall clock: what is known of customers' time zones, for whole columns.

A customer's zone is the attribute's, where it names one; else that of the country; else that of the phone number's
country. Of a country with several zones the first of the zone database's table is taken, its most populous one.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import phonenumbers
import pyarrow as pa

from onepool.pool import Session
from onepool.pool.engine import quote
from onepool.reach.keys import I64

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
    for column, reader in ((attribute, _zone), ("country", _of_country)):
        if column is None or column not in columns:
            continue
        rows = session.query(
            f"""SELECT z.customer_id, p.{quote(column)}::VARCHAR AS said
            FROM _zoned z JOIN profiles p USING (customer_id) WHERE p.{quote(column)} IS NOT NULL"""
        )
        _take(own, wanted, rows, reader, names)
    if (own < 0).any():
        rows = session.query(
            f"""SELECT c.customer_id, left(max(i.value), {_PREFIX}) AS said FROM identifiers i
            JOIN customer_of c USING (identifier_id) JOIN _zoned z USING (customer_id)
            WHERE i.type = 'phone' AND i.value LIKE '+%' GROUP BY c.customer_id"""
        )
        _take(own, wanted, rows, _of_phone, names)
    found[:] = own[place]
    return list(names), found


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
def _of_country(text: str) -> str | None:
    """Of an ISO 3166 code, or of a country's name in Chinese or English."""
    said = text.strip()
    if len(said) == 2 and said.isascii():
        code: str | None = said
    else:
        code = _CHINESE.get(said) or _table("iso3166.tab", 1, 0).get(said.casefold())
    return _table("zone.tab", 0, 2).get(code.casefold()) if code else None


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


@lru_cache(maxsize=4096)
def _of_phone(prefix: str) -> str | None:
    for length in (1, 2, 3):
        code = prefix[1 : 1 + length]
        if code.isdigit() and (region := phonenumbers.region_code_for_country_code(int(code))) not in ("ZZ", "001"):
            return _of_country(region)
    return None
