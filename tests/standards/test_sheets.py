"""What lies in the log as columns is read as if it lay there as items."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.collect.inbound import decode
from onepool.collect.log import Record
from onepool.collect.sheets import FIELD, SCHEMA, pack
from onepool.collect.touchpoint import Touchpoint
from onepool.standards.faults import MOST_IDENTIFIERS

from .given import TEXTS, json_values, scalars
from .test_properties import EVENTS, NAMES, by_thing
from .things import NOW, TOUCHPOINTS, events, file, refused, run, segment, track

Entry = Mapping[str, Any]


def sheet(entries: Sequence[Entry], *, offset: int = 1, touchpoint: str = "oa", fields: Sequence[str] = ()) -> Record:
    """A record of events as columns."""
    names = sorted({*fields, *(name for entry in entries for name in entry["fields"])})
    columns: dict[str, list[Any]] = {
        "row": list(range(2, len(entries) + 2)),
        "name": [entry["name"] for entry in entries],
        "message_id": [entry.get("message_id") for entry in entries],
        "time": [entry.get("time") for entry in entries],
        "ids": [json.dumps(entry["ids"]) for entry in entries],
    }
    for name in names:
        columns[FIELD + name] = [_text(entry["fields"], name) for entry in entries]
    schema = pa.schema([*SCHEMA, *((FIELD + name, pa.string()) for name in names)])
    headers = json.dumps({"file": "f.csv", "form": "sheet", "item": "event"}).encode()
    return Record(NOW, touchpoint, "file", headers, pack(pa.table(columns, schema=schema)), offset)


def _text(fields: Entry, name: str) -> str | None:
    return None if fields.get(name) is None else json.dumps(fields[name], ensure_ascii=False)


def entries() -> st.SearchStrategy[dict[str, Any]]:
    one = st.tuples(
        st.sampled_from(["phone", "openid", "member_no", "手机", "email", "id_card", "badge", "order_no"]),
        st.sampled_from(["", "s1"]),
        st.sampled_from([*TEXTS, "x1"]),
    )
    lines = st.lists(
        st.dictionaries(st.sampled_from(["product_id", "price", "quantity", "colour"]), scalars()), max_size=2
    )
    fields = st.dictionaries(
        st.sampled_from([*NAMES, "Price", "金额", "unheard_of", "items"]),
        st.one_of(scalars(), json_values(), lines).filter(lambda value: value is not None),
        max_size=6,
    ).map(lambda found: dict(sorted(found.items())))  # samples show fields in the order in which they came
    return st.fixed_dictionaries(
        {
            "kind": st.just("event"),
            "name": st.sampled_from([*EVENTS, "Order Completed", "x" * 200]),
            "message_id": st.sampled_from(["m1", "m2"]) | st.none(),
            "time": st.sampled_from(["2026-02-28T10:00:00.5Z", "2026-02-01 10:00", "soon", "2027-01-01", "1970-01-01"])
            | st.none(),
            "ids": st.lists(one, max_size=3),
            "fields": fields,
        }
    )


MAPPED = {
    **TOUCHPOINTS,
    "mapped": Touchpoint("mapped", "store", mapping={"fields": {"price": "amount"}, "currency": "CNY", "money": "fen"}),
    "named": Touchpoint("named", "store", mapping={"identifiers": {"keyword": "member_no"}}),
    "wrong": Touchpoint("wrong", "store", mapping={"fields": {"price": "no such field"}}),
}


@settings(deadline=None, max_examples=120)
@given(
    st.lists(st.lists(entries(), max_size=8), min_size=1, max_size=4),
    st.lists(st.sampled_from(["oa", "web", "gone", "mapped", "named", "wrong"]), min_size=4, max_size=4),
)
def test_columns_and_items_read_alike(records: list[list[dict[str, Any]]], touchpoints: list[str]) -> None:
    rooms = list(enumerate(zip(records, touchpoints, strict=False), 1))
    between = segment([track("page_viewed")], offset=100)
    as_columns = [*(sheet(part, offset=n, touchpoint=where) for n, (part, where) in rooms), between]
    as_items = [*(file(part, offset=n, touchpoint=where) for n, (part, where) in rooms), between]

    for columns, items in zip(as_columns, as_items, strict=True):
        assert decode(columns).items == decode(items).items
    found, wanted = run(*as_columns, touchpoints=MAPPED), run(*as_items, touchpoints=MAPPED)
    assert by_thing(found) == by_thing(wanted)
    assert found.rows == wanted.rows
    assert found.counts == wanted.counts
    assert found.quarantine == wanted.quarantine


def test_a_fault_of_a_repeated_value_is_told_of_every_row_that_has_it() -> None:
    good = {
        "name": "order_paid",
        "ids": [["phone", "", "13812345678"]],
        "message_id": "a",
        "time": "2026-02-01T10:00:00Z",
    }
    rows = [
        {**good, "fields": {"order_id": "1", "amount": "12.50"}},
        {**good, "message_id": "b", "fields": {"order_id": "2", "amount": "plenty"}},
        {**good, "message_id": "c", "fields": {"order_id": "3", "amount": "plenty"}},
    ]
    found = run(sheet(rows))
    assert refused(found) == [("type.money", "amount")] * 2
    assert [event["order_id"] for event in events(found)] == ["1"]


def test_what_is_no_sheet_waits_as_a_whole() -> None:
    whole = sheet([{"name": "order_paid", "ids": [], "fields": {"order_id": "1"}}])
    cut = Record(NOW, "oa", "file", whole.headers, whole.body[:40], 1)
    assert refused(run(cut)) == [("file.chunk", "")]
    other = Record(NOW, "oa", "file", whole.headers, pack(pa.table({"row": [1], FIELD + "order_id": ["1"]})), 1)
    assert refused(run(other)) == [("file.chunk", "")]
    cell = sheet([{"name": "order_paid", "ids": [], "fields": {}}], fields=["amount"])
    table = pa.table({**dict.fromkeys(SCHEMA.names, pa.nulls(1)), FIELD + "amount": ["{"]})
    bad = Record(
        NOW, "oa", "file", cell.headers, pack(table.cast(pa.schema([*SCHEMA, (FIELD + "amount", pa.string())]))), 1
    )
    assert refused(run(bad)) == [("file.chunk", "")]


def test_a_row_with_very_many_identifiers_waits() -> None:
    many = [["member_no", "", f"m{number}"] for number in range(MOST_IDENTIFIERS + 1)]
    batch = run(sheet([{"name": "petted", "ids": ids, "fields": {}} for ids in (many, many[1:], many)]))
    assert refused(batch) == [("identifier.many", "ids")] * 2
    assert batch.ids.num_rows == MOST_IDENTIFIERS
