"""Which numbers a customer proved: masks of marketplaces and numbers that an event says were verified."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from onepool.channels.base import Account
from onepool.collect import hooked
from onepool.imports import import_into
from onepool.tick.proving import both_proved, proved_numbers

from .conftest import World

KEY = 139_4871
"""What a mask shows of 13916234871."""


def test_masks_and_verified_numbers_are_proved_and_typed_ones_are_not(world: World, tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    rows = (
        "verified,13916234871,SMS",
        "typed,13916234871,form",
        "unsaid,13916234871,",
        "masked,139****4871,form",
        # What stands for no number is kept as a mask too, and proves nothing.
        "placeholder,13800138000,form",
    )
    told = (f"signed_in,2026-02-01T08:00:00Z,{row}" for row in rows)
    path.write_text("\n".join(["event,time,user_id,attribute.phone,method", *told]), encoding="utf-8")
    import_into(world.workspace, "events", [path], touchpoint="shop")
    size = int(world.value("SELECT max(identifier_id) + 1 FROM identifiers"))
    alone = np.arange(size, dtype=np.int64)
    names = {
        row["value"]: row["identifier_id"]
        for row in world.rows("SELECT value, identifier_id FROM identifiers WHERE type = 'user_id'")
    }
    with world.workspace.pool.read() as session:
        found = proved_numbers(session, alone)
        some = proved_numbers(session, alone, np.array([names["masked"]]))
    assert found.to_pylist() == [
        {"record_id": record, "number": KEY} for record in sorted((names["verified"], names["masked"]))
    ]
    assert some.column("record_id").to_pylist() == [names["masked"]]


@pytest.mark.parametrize("channel", ["tmall", "jd", "youzan"])
def test_the_number_that_a_parcel_goes_to_is_proved_by_nobody(world: World, channel: str) -> None:
    """A present: what the platform masks is the receiver's number, and the buyer is somebody else."""
    settings = {"app_key": "k", "client_id": "k", "kdt_id": "5", "buyer_field": "open_id_buyer"}
    world.define("touchpoint", "market", channel=channel, title="market", settings=settings)
    account = Account("market", channel, settings)
    for number, receiver, buyer in (("1", "139****4871", ""), ("2", "139****4871", "137****0002")):
        page, call = _page(channel, number, receiver, buyer)
        world.workspace.log.append([hooked.pulled(account, call, json.dumps(page).encode(), world.clock.now())])
    world.settle()
    assert world.value("SELECT count(*) FROM events WHERE receiver_phone = '139****4871'") == 2
    size = int(world.value("SELECT max(identifier_id) + 1 FROM identifiers"))
    with world.workspace.pool.read() as session:
        found = proved_numbers(session, np.arange(size, dtype=np.int64)).column("number").to_pylist()
    # Youzan says whose number is the buyer's own.
    assert found == ([137_0002] if channel == "youzan" else [])


def _page(channel: str, number: str, receiver: str, buyer: str) -> tuple[dict[str, Any], str]:
    """An order of somebody: where its parcel goes, and the buyer's own number where the platform shows one."""
    at = "2026-02-20 10:00:00"
    if channel == "tmall":
        trade = {"tid": number, "created": at, "buyer_open_uid": number, "receiver_name": "王**",
                 "receiver_mobile": receiver, "buyer_nick": "王**"}  # fmt: skip
        return {"trades_sold_increment_get_response": {"total_results": 1, "trades": {"trade": [trade]}}}, "trades"
    if channel == "jd":
        order = {"orderId": number, "orderStartTime": at, "open_id_buyer": number,
                 "consigneeInfo": {"fullname": "王*", "mobile": receiver}}  # fmt: skip
        found = {"orderTotal": 1, "orderInfoList": [order]}
        return {"jingdong_pop_order_search_responce": {"code": "0", "searchorderinfo_result": found}}, "orders"
    full = {"order_info": {"tid": number, "created": at}, "address_info": {"receiver_tel": receiver},
            "buyer_info": {"yz_open_id": number, "buyer_phone": buyer}}  # fmt: skip
    return {"success": True, "data": {"full_order_info_list": [{"full_order_info": full}]}}, "orders"


def test_a_pair_proved_a_number_where_both_sides_did() -> None:
    numbers = pa.table({"record_id": [1, 1, 2, 4], "number": [KEY, 138_0001, 138_0001, KEY]})
    left, right = np.array([1, 2, 1, 2, 3, 1]), np.array([2, 1, 4, 4, 1, 3])
    assert both_proved(left, right, numbers).tolist() == [True, True, True, False, False, False]
    assert both_proved(left, right, numbers.slice(0, 0)).tolist() == [False] * 6
    assert both_proved(left[:0], right[:0], numbers).tolist() == []
