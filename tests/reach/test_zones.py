"""Whose wall clock counts: countries and phone numbers in all their forms."""

from __future__ import annotations

from contextlib import closing
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from onepool.pool import Columns, DuckDBEngine
from onepool.pool.schema import create
from onepool.reach import zones


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("+8613800138000", "Asia/Shanghai"), ("+862112345678", "Asia/Shanghai"), ("+85291234567", "Asia/Hong_Kong"),
        ("+886912345678", "Asia/Taipei"), ("+819012345678", "Asia/Tokyo"), ("+6581234567", "Asia/Singapore"),
        ("+61255501234", "Australia/Sydney"), ("+61412345678", "Australia/Sydney"),
        ("+12135551234", "America/Los_Angeles"), ("+12125551234", "America/New_York"),
        ("+13125551234", "America/Chicago"), ("+18085551234", "Pacific/Honolulu"), ("+14165551234", "America/Toronto"),
        ("+16045551234", "America/Vancouver"), ("+74951234567", "Europe/Moscow"), ("+79161234567", "Europe/Moscow"),
        ("+447911123456", "Europe/London"), ("+33612345678", "Europe/Paris"), ("+34612345678", "Europe/Madrid"),
        ("+351912345678", "Europe/Lisbon"), ("+493012345678", "Europe/Berlin"), ("+6421123456", "Pacific/Auckland"),
        ("+5511987654321", "America/Sao_Paulo"), ("+6281234567890", "Asia/Jakarta"), ("+971501234567", "Asia/Dubai"),
    ],
)  # fmt: skip
def test_zones_of_numbers(number: str, zone: str) -> None:
    assert zones._of_phone(number[: zones._PREFIX]) == zone


@pytest.mark.parametrize(
    ("country", "number", "zone"),
    [
        ("US", "+12135551234", "America/Los_Angeles"),
        ("\u7f8e\u56fd", "+12135551234", "America/Los_Angeles"),
        ("US", "+8613800138000", None),
        ("", "+12135551234", "America/Los_Angeles"),
        ("Australia", "+61255501234", "Australia/Sydney"),
    ],
)
def test_a_number_counts_where_it_is_in_the_country(country: str, number: str, zone: str | None) -> None:
    assert zones._of_both(f"{country}|{number[: zones._PREFIX]}") == zone


@pytest.mark.parametrize(
    ("country", "province", "city", "zone"),
    [
        ("US", "", "Chicago", "America/Chicago"),
        ("\u7f8e\u56fd", "California", "los  angeles", "America/Los_Angeles"),
        ("US", "", "London", None),
        ("US", "", "Springfield", None),
        ("Australia", "", "Perth", "Australia/Perth"),
        ("", "", "Tokyo", "Asia/Tokyo"),
        ("", "Ontario", "London", None),
        ("", "\u6d59\u6c5f", "\u676d\u5dde", "Asia/Shanghai"),
        ("", "", "\u676d\u5dde\u5e02", "Asia/Shanghai"),
        ("", "\u9999\u6e2f", "", "Asia/Hong_Kong"),
        ("", "\u53f0\u6e7e", "\u53f0\u5317", "Asia/Taipei"),
        ("", "", "nowhere", None),
    ],
)
def test_cities_tell_it_where_there_is_no_doubt(country: str, province: str, city: str, zone: str | None) -> None:
    said = f"{country}|{province}|{city}"
    assert (zones._of_city(said) if country else zones._of_place(said)) == zone


def test_main_zones_of_countries() -> None:
    assert zones._only_of_country("CN") == zones._of_country("CN") == "Asia/Shanghai"
    assert zones._only_of_country("FR") == "Europe/Paris"
    assert zones._only_of_country("US") is None and zones._of_country("US") == "America/New_York"
    for code, zone in zones._MAIN.items():
        assert zone in zones._zones_of(code) and ZoneInfo(zone).key == zone
    assert zones._of_phone("+") is None and zones._of_phone("+0") is None


def test_what_profiles_say_of_many_at_once() -> None:
    """The city within its country before the number, the number before the country's main zone, a city alone last."""
    said = {
        1: ("US", None, "Chicago"), 2: ("US", None, "Nowhere"), 3: ("US", None, "Nowhere"), 4: (None, None, "Tokyo"),
        5: (None, None, "Tokyo"), 6: (None, "\u6d59\u6c5f", None), 7: (None, None, None), 8: ("CN", None, "Tokyo"),
    }  # fmt: skip
    phones = {1: "+12135551234", 3: "+12135551234", 5: "+8613800138000"}
    with closing(DuckDBEngine(":memory:", "Asia/Shanghai", threads=1)) as pool, pool.write() as session:
        texts = dict.fromkeys(("country", "province", "city"), "VARCHAR")
        create(session, Columns(events={}, items={"category": "VARCHAR"}, attributes=texts))
        columns = {name: pa.array([one[place] for one in said.values()]) for place, name in enumerate(texts)}
        session.append("profiles", pa.table({"customer_id": pa.array(list(said), pa.int64()), **columns}))
        ids = pa.array(list(phones), pa.int64())
        session.append("customer_of", pa.table({"identifier_id": ids, "customer_id": ids}))
        for number, value in phones.items():
            session.execute(
                f"INSERT INTO identifiers (identifier_id, type, value) VALUES ({number}, 'phone', '{value}')"
            )
        names, found = zones.zones(session, np.array(sorted(said), np.int64), None)
    assert [names[one] if one >= 0 else None for one in found.tolist()] == [
        "America/Chicago", "America/New_York", "America/Los_Angeles", "Asia/Tokyo", "Asia/Shanghai", "Asia/Shanghai",
        None, "Asia/Shanghai",
    ]  # fmt: skip
