"""Dirty real data: 541,909 invoice lines of a British shop (UCI Online Retail, CC BY 4.0; Chen, Sain, Guo 2012).

A third of the lines name no customer, cancellations are invoices with negative quantities, stock adjustments are free
of charge and negative, and two invoices adjust bad debt with a negative price.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from onepool.clock import FakeClock
from onepool.collect.files import import_files, load_mapping
from onepool.collect.log import SqliteLog
from onepool.collect.touchpoint import Touchpoint
from onepool.standards import Batch, Standard, StandardSettings, standardise

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = [os.environ.get("ONEPOOL_TEST_DATA", ""), str(ROOT.parent / "shared" / "data")]
FILE = next(
    (path for folder in FOLDERS if folder and (path := Path(folder) / "online_retail/online_retail.parquet").exists()),
    None,
)
MAPPING = {
    "kind": "orders",
    "time_zone": "Europe/London",
    "currency": "GBP",
    "columns": {
        "invoice_no": "order_id",
        "invoice_date": "paid_at",
        "customer_id": "member_no@online-retail",
        "stock_code": "item.product_id",
        "description": "item.name",
        "quantity": "item.quantity",
        "unit_price": "item.price",
    },
}
SHOP = Touchpoint("uk-shop", "web")
SETTINGS = StandardSettings(zone="Europe/London", country="GB", currency="GBP")


@pytest.mark.slow
@pytest.mark.skipif(FILE is None, reason="no online_retail data: set ONEPOOL_TEST_DATA to the folder that holds it")
def test_what_is_taken_and_what_is_quarantined(tmp_path: Path, standard: Standard) -> None:
    assert FILE is not None
    log = SqliteLog(tmp_path / "log.sqlite")
    clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))
    report = import_files("orders", [FILE], log, SHOP, load_mapping(MAPPING), standard, clock, scratch=tmp_path)
    batch = standardise(log.get(report.offsets), standard, SETTINGS, {SHOP.name: SHOP})
    log.close()

    # The numbers of the data itself.
    assert (report.rows, report.items, report.refused) == (541_909, 25_898, 2)
    assert dict(report.files[0].names) == {"order_paid": 20_726, "order_refunded": 5_172}
    assert Counter(batch.events["event"].to_pylist()) == {"order_paid": 18_536, "order_refunded": 3_654}
    reasons = Counter(zip(*(batch.quarantine[name].to_pylist() for name in ("rule", "field")), strict=True))
    assert reasons == {("identifier.none", "ids"): 3_708, ("order.negative_price", ""): 2}
    assert {item["sample"].split(" ")[0] for item in _refused(batch, "order.negative_price")} == {"A563186", "A563187"}
    assert len(set(batch.rows["event_id"].to_pylist())) == batch.rows.num_rows == 22_190
    assert sorted(set(zip(batch.ids["type"].to_pylist(), batch.ids["scope"].to_pylist(), strict=True))) == [
        ("member_no", "online-retail")
    ]

    # The same, by a plain reading of the file.
    plain = duckdb.connect()
    plain.from_parquet(str(FILE)).create_view("lines")
    orders = plain.sql(
        """SELECT invoice_no, CASE WHEN quantity < 0 THEN 'order_refunded' ELSE 'order_paid' END AS event,
            sum(CAST(unit_price * abs(quantity) AS DECIMAL(18, 4))) AS amount, count(*) AS lines,
            CAST(any_value(customer_id) AS VARCHAR) AS customer
        FROM lines GROUP BY ALL HAVING any_value(customer_id) IS NOT NULL ORDER BY 1"""
    ).to_arrow_table()
    taken = batch.events.append_column("lines", pc.list_value_length(batch.events["items"])).sort_by("order_id")
    assert taken["order_id"].to_pylist() == orders["invoice_no"].to_pylist()
    assert taken["event"].to_pylist() == orders["event"].to_pylist()
    assert taken["lines"].to_pylist() == orders["lines"].to_pylist()
    assert (
        taken["amount"].cast(pa.decimal128(18, 4)).to_pylist()
        == orders["amount"].cast(pa.decimal128(18, 4)).to_pylist()
    )
    assert pc.sum(taken.filter(pc.equal(taken["event"], "order_paid"))["amount"]).as_py() == Decimal("8911407.9040")
    assert pc.unique(taken["currency"]).to_pylist() == ["GBP"]
    assert set(batch.ids["value"].to_pylist()) == set(orders["customer"].to_pylist())
    assert len(set(orders["customer"].to_pylist())) == 4_372


def _refused(batch: Batch, rule: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = batch.quarantine.filter(pc.equal(batch.quarantine["rule"], rule)).to_pylist()
    return found
