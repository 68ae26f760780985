"""Rows as items: what columns become, which ids messages get, and what a broken row does (nothing to the others)."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.collect.files import FileError, MappingError
from onepool.collect.files import text as text_module

from .conftest import Import


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_events_without_a_map(tmp_path: Path, run: Import) -> None:
    path = written(
        tmp_path / "events.csv",
        "event,time,phone,unionid,openid@wx123,member_no,amount,colour\n"
        "cart_added,2026-01-02 03:04:05,13800000001,u1,o1,m1,12.50,red\n"
        "商品浏览,1767323045,,,o2,,,\n",
    )
    first, second = run("events", path).items
    assert (first.kind, first.name, first.time) == ("event", "cart_added", "2026-01-02 03:04:05")
    assert first.ids == [
        ("phone", "", "13800000001"),
        ("unionid", "shop", "u1"),
        ("openid", "wx123", "o1"),
        ("member_no", "club", "m1"),
    ]
    assert first.fields == {"amount": "12.50", "colour": "red"}
    assert (second.name, second.ids, second.fields) == ("商品浏览", [("openid", "wx123", "o2")], {})


def test_json_lines_keep_types_and_nesting(tmp_path: Path, run: Import) -> None:
    lines: list[dict[str, Any]] = [
        {"event": "a", "time": 1767323045123, "user_id": 7, "properties": {"n": 1.5, "ok": True, "list": ["x"]}},
        {"event": "b", "user_id": "8", "fields": {"n": "text", "deep": {"k": None}}, "big": 2**70},
    ]
    path = written(tmp_path / "e.jsonl", "\n".join(json.dumps(line) for line in lines) + "\n[1]\n{bad\n")
    found = run("events", path)
    first, second = found.items
    assert (first.time, first.ids) == (1767323045123, [("user_id", "shop", "7")])
    assert first.fields == {"n": 1.5, "ok": True, "list": ["x"]}
    assert second.ids == [("user_id", "shop", "8")]
    assert second.fields["n"] == "text"
    assert second.fields["deep"] == {"k": None}
    assert [(broken.rule, broken.message.split(":")[0]) for broken in found.broken] == [
        ("file.json", "e.jsonl, row 3"),
        ("file.json", "e.jsonl, row 4"),
    ]


@pytest.mark.parametrize(
    ("kind", "name", "header", "fields"),
    [
        (
            "products",
            "product",
            "商品编号,商品名称,品牌,吊牌价",
            {"product_id": "1", "name": "2", "brand": "3", "list_price": "4"},
        ),
        ("stores", "store", "store_id,store_name,city,x", {"store_id": "1", "name": "2", "city": "3", "x": "4"}),
        (
            "coupons",
            "coupon",
            "coupon_id,name,face_value,threshold",
            {"coupon_id": "1", "name": "2", "face_value": "3", "threshold": "4"},
        ),
        (
            "campaigns",
            "campaign",
            "campaign,name,start_date,budget",
            {"campaign": "1", "name": "2", "valid_from": "3", "budget": "4"},
        ),
    ],
)
def test_objects(tmp_path: Path, run: Import, kind: str, name: str, header: str, fields: dict[str, str]) -> None:
    (item,) = run(kind, written(tmp_path / "o.csv", f"{header}\n1,2,3,4\n")).items
    assert (item.kind, item.name, item.fields) == ("object", name, fields)


def test_links(tmp_path: Path, run: Import) -> None:
    (item,) = run("links", written(tmp_path / "l.csv", "phone,openid@wx1,time\n13800000001,o1,2026-01-01\n")).items
    assert (item.kind, item.time) == ("link", "2026-01-01")
    assert item.ids == [("phone", "", "13800000001"), ("openid", "wx1", "o1")]


def test_a_mapping_says_what_columns_mean(tmp_path: Path, run: Import) -> None:
    path = written(
        tmp_path / "m.csv", "who;when;sex;x;note\nK1;31/12/2025 23:30;男;N/A;secret\nK2;not a time;未知;5;s\n"
    )
    found = run(
        "events",
        path,
        mapping={
            "kind": "events",
            "time_zone": "Asia/Shanghai",
            "date_format": "%d/%m/%Y %H:%M",
            "missing": ["N/A"],
            "columns": {
                "who": {"identifier": "crm_id", "scope": "sap"},
                "when": "time",
                "sex": {"attribute": "gender", "values": {"男": "male", "女": "female"}},
                "x": "quantity",
                "note": None,
            },
            "constants": {"event": "signed_up", "store_id": "S1"},
        },
    )
    first, second = found.items
    assert (first.name, first.time) == ("signed_up", "2025-12-31T15:30:00.000000Z")
    assert (first.ids, first.traits, first.fields) == (
        [("crm_id", "sap", "K1")],
        {"gender": "male"},
        {"store_id": "S1"},
    )
    assert (second.time, second.traits) == ("not a time", {"gender": "未知"})
    assert second.fields == {"quantity": "5", "store_id": "S1"}
    assert found.report.files[0].columns["note"] == "ignored"


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"columns": {"nobody": "phone"}}, "not there: nobody"),
        ({"kind": "orders"}, "the mapping is for orders"),
        ({"columns": {"a": {"identifier": "shoe_size"}}}, "shoe_size"),
        ({"columns": {"a": {"field": "x", "item": "y"}}}, "only one of"),
        ({"colums": {}}, "colums"),
        ({"time_zone": "Mars/Base"}, "Mars/Base"),
    ],
)
def test_a_wrong_mapping_is_told(tmp_path: Path, run: Import, mapping: dict[str, Any], words: str) -> None:
    path = written(tmp_path / "m.csv", "a,phone\n1,13800000001\n")
    with pytest.raises(MappingError) as caught:
        run("events", path, mapping=mapping)
    assert words in str(caught.value)


def test_a_file_without_header_needs_places(tmp_path: Path, run: Import) -> None:
    path = written(tmp_path / "bare.csv", "13800000001,2026-01-01,3\n13800000002,2026-01-02,4\n")
    found = run(
        "events", path, mapping={"columns": {"column_1": "phone", "column_2": "time"}, "constants": {"event": "x"}}
    )
    assert [item.ids[0][2] for item in found.items] == ["13800000001", "13800000002"]
    assert found.items[0].context["import"]["row"] == 1


def test_spreadsheet_marks_are_taken_off(tmp_path: Path, run: Import) -> None:
    path = written(tmp_path / "wx.csv", '手机号,会员号,备注\n"=""00138""","`9001\t",\u3000老 客\u3000\n')
    (item,) = run("customers", path).items
    assert item.traits == {"phone": "00138", "remark": "老 客"}
    assert item.ids == [("member_no", "club", "9001")]


BROKEN = (
    b"event,phone,note\n"
    b"a,1,fine\n"
    b"b,2\n"
    b"c,3,too,many\n"
    b'd,4,"never closed\n'
    b'e,5,"over\ntwo lines"\n'
    b"f,6,\xff\xfe broken bytes\n"
    b"\n"
    b'g,7,"quote" behind\n'
    b"h,8,last\n"
)


def test_broken_rows_are_told_and_the_rest_goes_in(tmp_path: Path, run: Import) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(BROKEN)
    found = run("events", path)
    assert [(item.name, item.fields["note"]) for item in found.items] == [
        ("a", "fine"),
        ("e", "over\ntwo lines"),
        ("h", "last"),
    ]
    rules = sorted((int(broken.message.split("row ")[1].split(":")[0]), broken.rule) for broken in found.broken)
    assert rules == [
        (3, "file.columns"),
        (4, "file.columns"),
        (5, "file.quote"),
        (7, "file.encoding"),
        (9, "file.quote"),
    ]
    assert all(broken.sample for broken in found.broken)
    assert found.report.refused == 5
    assert [broken.item for broken in found.broken] == [0, 1, 2, 3, 4]


def test_a_quote_in_the_middle_of_a_value_is_just_a_sign(tmp_path: Path, run: Import) -> None:
    path = written(tmp_path / "inch.csv", 'event,phone,size\na,1,5" screen\nb,2,plain\n')
    assert [item.fields["size"] for item in run("events", path).items] == ['5" screen', "plain"]


def test_twice_imported_has_the_same_ids_and_equal_rows_stay_apart(tmp_path: Path, run: Import) -> None:
    row = "page_viewed,2026-01-01 10:00:00,13800000001\n"
    path = written(tmp_path / "e.csv", "event,time,phone\n" + row * 3 + "page_viewed,2026-01-01 10:00:01,13800000001\n")
    first, second = run("events", path), run("events", path)
    ids = [item.message_id for item in first.items]
    assert ids == [item.message_id for item in second.items]
    assert len(set(ids)) == 4
    # The same rows packed, renamed and in another order are still the same rows.
    other = tmp_path / "again.tsv.gz"
    other.write_bytes(gzip.compress(b"phone\ttime\tevent\n" + b"13800000001\t2026-01-01 10:00:00\tpage_viewed\n" * 2))
    assert [item.message_id for item in run("events", other).items] == ids[:2]


def test_a_row_with_an_id_of_its_own_keeps_it(tmp_path: Path, run: Import) -> None:
    path = written(tmp_path / "e.csv", "event_id,event,phone\nE1,a,1\nE1,a,1\n,a,1\n")
    ids = [item.message_id for item in run("events", path).items]
    assert ids[:2] == ["E1", "E1"]
    assert ids[2] not in (None, "E1")


def test_a_state_told_again_later_counts_again(tmp_path: Path, run: Import) -> None:
    first = written(tmp_path / "1.csv", "phone,city\n13800000001,上海\n")
    second = written(tmp_path / "2.csv", "phone,city\n13800000001,杭州\n")
    third = written(tmp_path / "3.csv", "phone,city\n13800000001,上海\n13800000002,上海\n")
    ids = {run("customers", path).items[0].message_id for path in (first, second, third)}
    assert len(ids) == 3
    assert run("customers", first).items[0].message_id in ids
    dated = [
        written(tmp_path / name, "phone,city,updated_at\n13800000001,上海,2026-01-01\n" + more)
        for name, more in (("4.csv", ""), ("5.csv", "13800000002,上海,2026-01-01\n"))
    ]
    assert len({run("customers", path).items[0].message_id for path in dated}) == 1


def test_a_large_file_is_read_in_blocks_of_bounded_size(
    tmp_path: Path, run: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_module, "BLOCK_BYTES", 50_000)
    monkeypatch.setattr("onepool.collect.files.formats.CHUNK_BYTES", 16_384)
    monkeypatch.setattr(text_module, "SAMPLE_BYTES", 16_384)
    sizes: list[int] = []
    original = text_module.TextSource._parse

    def spy(self: Any, data: bytes, names: Any, first: int) -> Any:
        sizes.append(len(data))
        return original(self, data, names, first)

    monkeypatch.setattr(text_module.TextSource, "_parse", spy)
    path = tmp_path / "big.csv.gz"
    rows = "".join(f'page_viewed,13800{n:06d},"line one\nof {n}"\n' for n in range(30_000))
    path.write_bytes(gzip.compress(("event,phone,note\n" + rows).encode()))
    found = run("events", path)
    assert len(found.items) == 30_000
    assert found.items[-1].context["import"]["row"] == 30_001
    assert len(sizes) >= 15
    assert max(sizes) < 100_000
    assert found.report.records >= 15
    assert max(Counter(found.report.offsets).values()) == 1


@pytest.mark.parametrize("content", ["", "\n\n", "phone\n"])
def test_a_file_with_nothing_in_it(tmp_path: Path, run: Import, content: str) -> None:
    path = written(tmp_path / "none.csv", content)
    if content.strip():
        assert run("customers", path).items == []
    else:
        with pytest.raises(FileError):
            run("customers", path)


CELL = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cn", "Cc"], include_characters="\n\t"), max_size=12
).map(lambda text: text.strip().lstrip("=`").strip())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(CELL, CELL, st.integers(0, 99)), min_size=1, max_size=20),
    delimiter=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "gb18030"]),
)
def test_what_is_written_is_read(
    tmp_path: Path, run: Import, rows: list[tuple[str, str, int]], delimiter: str, encoding: str
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(["event", "事件说明", "内容", "quantity"])
    writer.writerows(["清单", *row] for row in rows)
    path = written(tmp_path / "any.csv", out.getvalue(), encoding)
    found = run("events", path)
    assert not found.broken
    assert [item.name for item in found.items] == ["清单"] * len(rows)
    expected = [
        {
            name: value
            for name, value in (("事件说明", first), ("内容", second), ("quantity", str(number)))
            if value not in ("", "\\N")
        }
        for first, second, number in rows
    ]
    assert [item.fields for item in found.items] == expected


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.lists(
        st.sampled_from([b"a", b"7", b",", b'"', b"\n", b"\r\n", b"\xff", "中".encode(), b" ", b"\\", b";"]),
        max_size=60,
    ).map(b"".join)
)
def test_no_bytes_stop_a_file_and_no_row_is_lost(tmp_path: Path, run: Import, body: bytes) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(b"event,phone\n" + body + b"\nlast,1\n")
    found = run("events", path, mapping={"delimiter": ","})
    assert found.report.rows == len(found.items) + len(found.broken)
    if b'"' not in body:
        lines = [
            line for line in (b"event,phone\n" + body).replace(b"\r\n", b"\n").split(b"\n")[1:] if line.strip(b", ")
        ]
        assert found.report.rows == len(lines) + 1
        assert found.items[-1].name == "last"
