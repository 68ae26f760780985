"""Tables that people bring: as programs write them, and told what is wrong with them where they can't be read."""

from __future__ import annotations

import codecs
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from onepool.identity.evaluate import TruthError
from onepool.identity.files import Doubt, FileError, read_table, read_truth, with_ids
from onepool.identity.matching.dates import clean_date

ROWS = [{"id": "01", "姓名": "张三", "phone": "13800000001"}, {"id": "02", "姓名": "李,四", "phone": None}]
WRITTEN = 'id,姓名,phone\n01, 张三 ,13800000001\n02,"李,四",\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(WRITTEN.encode(encoding))
    assert read_table(path).to_pylist() == ROWS


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_BE, b""])
def test_big_ends_and_what_is_no_text(tmp_path: Path, mark: bytes) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(mark + WRITTEN.encode("utf-16-be"))
    if mark:
        assert read_table(path).to_pylist() == ROWS
    else:
        path.write_bytes(b"id\n\xff\xff\xff")
        with pytest.raises(FileError, match="UTF-8"):
            read_table(path)


@pytest.mark.parametrize("mark", [";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_other_marks_between_cells(tmp_path: Path, mark: str, end: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(f'"a, b"{mark}c{end}1,5{mark}2{end}', newline="", encoding="utf-8")
    assert read_table(path).to_pylist() == [{"a, b": "1,5", "c": "2"}]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "can't be read"),
        ("a,b\n1,2,3\n", "can't be read"),
        ("a,b, a\n1,2,3\n", "'a' is there twice"),
    ],
)
def test_what_is_no_table(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=told) as caught:
        read_table(path)
    assert str(path) in str(caught.value)


def test_a_broken_line_is_told_in_short(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("a\n" + "1," * 5000 + "\n", encoding="utf-8")
    with pytest.raises(FileError) as caught:
        read_table(path)
    assert len(str(caught.value)) < 500


def test_which_column_names_the_records() -> None:
    path = Path("people.csv")
    table = pa.table({"phone": ["1", "2"], "id": ["a", "a"], "编号": ["7", "8"], "record_id": ["x", None]})
    found, column, doubt = with_ids(table, path, None)
    assert (found.column_names, column, doubt) == (["record_id", "phone", "id"], "编号", None)
    assert found["record_id"].to_pylist() == ["7", "8"]
    found, column, doubt = with_ids(table.drop_columns("编号"), path, None)
    assert (found["record_id"].to_pylist(), column, doubt) == (["row 1", "row 2"], None, Doubt("record_id", None))
    assert with_ids(table.select(["phone", "id"]), path, None)[2] == Doubt("id", "a")
    assert with_ids(table, path, "phone")[0]["record_id"].to_pylist() == ["1", "2"]
    for wanted, told in (("id", "several rows 'a'"), ("record_id", "1 rows without"), ("no", "there is no column no")):
        with pytest.raises(FileError, match=told):
            with_ids(table, path, wanted)
    with pytest.raises(FileError, match="no rows"):
        with_ids(table.slice(0, 0), path, None)


def test_truth_files(tmp_path: Path) -> None:
    csv = tmp_path / "truth.csv"
    csv.write_text("entity_id,note,record_id\n007,x,01\n007,y,02\n", encoding="utf-8")
    table = read_truth(csv)
    assert table.to_pydict() == {"record_id": ["01", "02"], "entity_id": ["007", "007"]}
    parquet = tmp_path / "truth.parquet"
    pa.parquet.write_table(pa.table({"record_id": [1, 2], "entity_id": [3, 3]}), parquet)
    assert read_truth(parquet).to_pydict() == {"record_id": ["1", "2"], "entity_id": ["3", "3"]}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("truth.txt", "record_id,entity_id\n", "neither CSV nor Parquet"),
        ("truth.csv", "record,entity_id\n1,2\n", "record_id"),
        ("truth.csv", "record_id,entity_id\n1,\n", "1 rows without entity_id"),
        ("truth.parquet", "nonsense", "can't be read"),
        ("truth.csv", "record_id,entity_id\n1,2\n1,3\n", "record 1 is there more than once"),
    ],
)
def test_bad_truth_files_are_told(tmp_path: Path, name: str, text: str, told: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(TruthError, match=told):
        read_truth(tmp_path / name)


def test_a_missing_truth_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(TruthError, match="can't be read"):
        read_truth(tmp_path / "none.csv")


def test_truth_under_other_usual_names(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    path.write_bytes("编号;人员编号\n1;甲\n".encode("gbk"))
    assert read_truth(path).to_pylist() == [{"record_id": "1", "entity_id": "甲"}]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("7 Sep 1841", "18410907"),
        ("7th of September, 1841", "18410907"),
        ("07-SEP-1841", "18410907"),
        ("Sept. 7, 1841", "18410907"),
        ("sep 1841", "18410901"),
        ("c. 1841", "18410101"),
        ("about 1841", "18410101"),
        ("约1841年", "18410101"),
        ("[1841?]", "18410101"),
        ("1841-09-07T00:00:00", "18410907"),
        ("7 Sextember 1841", None),
        ("40 Sep 1841", "18410940"),  # a slip of the pen still agrees with most of the day
    ],
)
def test_dates_in_words(written: str, meant: str | None) -> None:
    assert clean_date([written]) == [meant]
