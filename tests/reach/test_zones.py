"""Whose wall clock counts: countries and phone numbers in all their forms."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

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


def test_main_zones_of_countries() -> None:
    assert zones._only_of_country("CN") == zones._of_country("CN") == "Asia/Shanghai"
    assert zones._only_of_country("FR") == "Europe/Paris"
    assert zones._only_of_country("US") is None and zones._of_country("US") == "America/New_York"
    for code, zone in zones._MAIN.items():
        assert zone in zones._zones_of(code) and ZoneInfo(zone).key == zone
    assert zones._of_phone("+") is None and zones._of_phone("+0") is None
