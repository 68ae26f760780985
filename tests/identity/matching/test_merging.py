"""A phone given plain or masked is one column, and so is a region told level by level."""

from __future__ import annotations

import pyarrow as pa

from onepool.identity.matching.merging import merged
from onepool.identity.matching.prepare import prepare

KINDS = {"province": "region", "city": "region", "phone": "phone", "masked": "masked_phone"}
TABLE = pa.table(
    {
        "record_id": ["a", "b", "c"],
        "province": ["浙江省", None, None],
        "city": ["杭州市", "上海市", None],
        "phone": ["13912345678", None, None],
        "masked": [None, "139****5678", None],
    }
)


def test_parts_become_one() -> None:
    table, kinds = merged(TABLE, KINDS)
    assert kinds == {"province": "region", "phone": "phone"}
    assert table["province"].to_pylist() == ["浙江省杭州市", "上海市", None]
    assert table["phone"].to_pylist() == ["13912345678", "139****5678", None]


def test_columns_cut_at_different_rows() -> None:
    chunked = TABLE.set_column(2, "city", pa.chunked_array([["杭州市"], ["上海市", None]]))
    assert merged(chunked, KINDS)[0]["province"].to_pylist() == ["浙江省杭州市", "上海市", None]


def test_mask_is_compared_with_a_number() -> None:
    phone = prepare(TABLE, KINDS).columns["phone"]
    level = phone.kind.compare(phone.values, phone.codes[:1], phone.codes[1:2])
    assert phone.kind.levels[int(level[0])] == "what a mask shows is the same"


def test_english_regions_stay_apart() -> None:
    table = pa.table({"record_id": ["a"], "state": ["nsw"], "city": ["sydney"]})
    assert merged(table, {"state": "region", "city": "region"})[1] == {"state": "region", "city": "region"}


def test_the_order_of_the_table_holds_not_that_of_the_kinds() -> None:
    table = pa.table({"province": ["浙江"], "city": ["杭州"], "district": ["西湖区"]})
    whole, kinds = merged(table, {"city": "region", "district": "region", "province": "region"})
    assert kinds == {"province": "region"}
    assert whole.column("province").to_pylist() == ["浙江杭州西湖区"]
