"""Shops of the mainland in a workspace that is somewhere else: their clocks and numbers stay those of the mainland."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.channels import cases

from onepool.channels.base.commerce import beijing, mainland_phone
from onepool.collect import hooked
from onepool.collect.log import NewRecord, Record
from onepool.collect.touchpoint import Touchpoint
from onepool.standards import Batch, StandardSettings, load_standard, standardise

HOME = StandardSettings(digest_key=b"0123456789abcdef")
ABROAD = StandardSettings(digest_key=b"0123456789abcdef", zone="Europe/London", country="GB")


@pytest.mark.parametrize("name", ["taobao", "tmall", "jd", "youzan"])
def test_times_and_phones_are_those_of_the_mainland(name: str) -> None:
    table = next(one for one in cases.tables() if one.name == name)
    records: list[NewRecord] = []
    for case in table.cases("pull"):
        _, pages, _ = cases.run_pull(table, case)
        records += [
            hooked.pulled(table.account(case), page.call, page.body, table.now(case)) for page in pages if page.body
        ]

    def batch(settings: StandardSettings) -> Batch:
        read = [
            Record(one.received_at, one.touchpoint, one.protocol, one.headers, one.body, offset)
            for offset, one in enumerate(records, 1)
        ]
        return standardise(read, load_standard(), settings, {"tp": Touchpoint("tp", name)})

    home, abroad = batch(HOME), batch(ABROAD)
    assert home.events.num_rows > 2
    assert abroad.events.column("time").to_pylist() == home.events.column("time").to_pylist()
    assert abroad.ids.to_pylist() == home.ids.to_pylist()
    assert name != "youzan" or "phone" in set(home.ids.column("type").to_pylist())


def test_a_wall_clock_of_beijing() -> None:
    assert datetime.fromisoformat(beijing("2026-01-02 04:00:00")) == datetime(2026, 1, 1, 20, tzinfo=UTC)
    assert [beijing(one) for one in ("", None, "null", "soon", 1767232800000, "2026-01-02T04:00:00Z")] == [
        "", "", "", "soon", "1767232800000", "2026-01-02T04:00:00Z",
    ]  # fmt: skip
    numbers = ("13912345678", "+86 139 1234 5678", "008613912345678", "139****5678")
    assert [mainland_phone(one) for one in numbers] == ["+8613912345678"] * 3 + [None]
