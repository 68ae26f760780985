"""Which numbers a customer proved: masks of marketplaces and numbers that an event says were verified."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

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


def test_a_pair_proved_a_number_where_both_sides_did() -> None:
    numbers = pa.table({"record_id": [1, 1, 2, 4], "number": [KEY, 138_0001, 138_0001, KEY]})
    left, right = np.array([1, 2, 1, 2, 3, 1]), np.array([2, 1, 4, 4, 1, 3])
    assert both_proved(left, right, numbers).tolist() == [True, True, True, False, False, False]
    assert both_proved(left, right, numbers.slice(0, 0)).tolist() == [False] * 6
    assert both_proved(left[:0], right[:0], numbers).tolist() == []
