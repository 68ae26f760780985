"""Every kind of file in every encoding and compression reads as the same items."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from onepool.collect.files import FileError

from .conftest import Import

HEADER = ["手机号", "姓名", "城市", "备注"]
ROWS = [
    ["13800000001", "王芳", "上海", "老客户，喜欢红色"],
    ["13800000002", "李雷", "杭州", ""],
    ["13800000003", "韩梅梅", "广州", '说"好"'],
]
EXPECTED = [
    {"phone": "13800000001", "name": "王芳", "city": "上海", "remark": "老客户，喜欢红色"},
    {"phone": "13800000002", "name": "李雷", "city": "杭州"},
    {"phone": "13800000003", "name": "韩梅梅", "city": "广州", "remark": '说"好"'},
]


def delimited(delimiter: str, newline: str = "\n") -> str:
    def cell(value: str) -> str:
        quoted = value.replace('"', '""')
        return f'"{quoted}"' if delimiter in value or '"' in value else value

    return "".join(delimiter.join(cell(value) for value in row) + newline for row in [HEADER, *ROWS])


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [HEADER, *ROWS]:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(dict(zip(HEADER, map(list, zip(*ROWS, strict=True)), strict=True))), out)
    return out.getvalue()


def jsonl() -> str:
    import json

    return "".join(json.dumps(dict(zip(HEADER, row, strict=True)), ensure_ascii=False) + "\n" for row in ROWS)


ENCODINGS = {"utf-8": "utf-8", "utf-8-sig": "utf-8", "gb18030": "gb18030", "utf-16": "utf-16"}
PACKERS = {
    "none": lambda data: data,
    "gzip": gzip.compress,
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
}
TEXTS = {
    "comma": delimited(","),
    "tab": delimited("\t"),
    "semicolon": delimited(";"),
    "bar": delimited("|"),
    "windows": delimited(",", "\r\n"),
    "old mac": delimited(",", "\r"),
    "sep line": "sep=;\n" + delimited(";"),
    "title above": "会员导出表\n\n" + delimited(","),
    "jsonl": jsonl(),
}


@pytest.mark.parametrize("compression", PACKERS)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", TEXTS)
def test_text_files(tmp_path: Path, run: Import, text: str, encoding: str, compression: str) -> None:
    path = tmp_path / "customers.dat"
    path.write_bytes(PACKERS[compression](TEXTS[text].encode(encoding)))
    found = run("customers", path)
    assert [item.traits for item in found.items] == EXPECTED
    assert not found.broken
    file = found.report.files[0]
    assert (file.encoding, file.compression) == (ENCODINGS[encoding], compression)


@pytest.mark.parametrize("compression", PACKERS)
@pytest.mark.parametrize("make", [workbook, parquet])
def test_binary_files(tmp_path: Path, run: Import, make: object, compression: str) -> None:
    path = tmp_path / "customers.bin"
    path.write_bytes(PACKERS[compression](make()))  # type: ignore[operator]
    found = run("customers", path)
    assert [item.traits for item in found.items] == EXPECTED
    assert found.report.files[0].compression == compression


def test_ascii_start_does_not_decide_the_encoding(tmp_path: Path, run: Import) -> None:
    lines = ["phone,name"] + [f"138{n:08d},Customer {n}" for n in range(40_000)] + ["13900000000,王芳"]
    path = tmp_path / "long.csv"
    path.write_bytes("\n".join(lines).encode("gb18030"))
    found = run("customers", path)
    assert found.items[-1].traits == {"phone": "13900000000", "name": "王芳"}
    assert found.report.files[0].encoding == "gb18030"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "empty"),
        ("old.xls", b"\xd0\xcf\x11\xe0 old excel", "old kind"),
        ("list.json", b'[{"phone": "138"}]', "JSON list"),
        ("cut.csv.gz", gzip.compress(b"phone\n" + b"138\n" * 1000)[:-20], "not readable"),
        ("cut.parquet", b"PAR1 and then nothing", "Parquet"),
        ("cut.xlsx", b"PK\x03\x04 and then nothing", "workbook"),
    ],
    ids=["empty", "old excel", "one list", "cut gzip", "cut parquet", "cut workbook"],
)
def test_a_file_that_is_none_says_so(tmp_path: Path, run: Import, name: str, content: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileError, match=words):
        run("customers", path)


def test_a_workbook_cell_is_read_as_people_see_it(tmp_path: Path, run: Import) -> None:
    from datetime import date, datetime

    book = openpyxl.Workbook()
    book.create_sheet("other").append(["nothing"])
    sheet = book.create_sheet("会员")
    sheet.append(["会员名单"])
    sheet.append(["会员号", "生日", "注册时间", "积分", "内部员工"])
    sheet.append([100200300.0, date(1990, 5, 1), datetime(2024, 1, 2, 3, 4, 5), 12.5, True])  # noqa: DTZ001 cells have no zone
    sheet.append([None, None, None, None, None])
    sheet.append(["A-7", None, None, 3, False, "beyond"])
    path = tmp_path / "members.xlsx"
    book.save(path)
    found = run("customers", path, mapping={"sheet": "会员"})
    assert found.items[0].ids == [("member_no", "club", "100200300")]
    assert found.items[0].traits == {
        "birthday": "1990-05-01 00:00:00",
        "registered_at": "2024-01-02 03:04:05",
        "points_balance": "12.5",
        "is_employee": "true",
    }
    assert found.items[0].context == {"import": {"file": "members.xlsx", "row": 3}}
    assert [(broken.rule, broken.message) for broken in found.broken] == [
        ("file.columns", "members.xlsx, row 5: cells beyond the header's 5 columns")
    ]
