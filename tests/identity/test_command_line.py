"""onepool identity, over a workspace with two customers and what stands between them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.identity.written import Written
from typer.testing import CliRunner

from onepool.cli.app import app
from onepool.errors import OnePoolError, UsageError
from onepool.identity import decisions
from onepool.layout import columns_of
from onepool.pool.schema import create
from onepool.workspace import Workspace, init_workspace, open_workspace

WEI, LI = "+8613711112222", "+8613733334444"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Customer 1: phone 1, unionid 2, device 3. Customer 4: phone 4, unionid 5."""
    monkeypatch.setenv("ONEPOOL_AUTHOR", "mei")
    root = tmp_path / "brand"
    ws = init_workspace(root)
    pool = ws.open_pool()
    with pool.write() as session:
        create(session, columns_of(ws.standard()))
    made = Written(ws.state, pool)
    wei = made.identifier("phone", WEI)
    first = made.identifier("unionid", "uA", wei, scope="wx-open")
    device = made.identifier("device", "d-1", wei, scope="app")
    li = made.identifier("phone", LI)
    second = made.identifier("unionid", "uB", li, scope="wx-open")
    made.link(wei, first, day=1)
    made.link(wei, device, "follows", day=2)
    made.link(li, second)
    made.link(first, second, "conflict", "limit:unionid@wx-open")
    made.candidate(wei, li, 0.91)
    made.order(wei, "120.50")
    pool.close()
    ws.close()
    yield root


def run(folder: Path, *words: str, status: int = 0) -> str:
    result = CliRunner(env={"COLUMNS": "80"}).invoke(
        app, ["identity", *words, "--workspace", str(folder)], catch_exceptions=False
    )
    assert result.exit_code == status, result.output
    return result.output


def answer(folder: Path, *words: str) -> Any:
    return json.loads(run(folder, *words, "--json"))


def refused(folder: Path, *words: str, kind: type[OnePoolError] = UsageError) -> OnePoolError:
    with pytest.raises(kind) as error:
        run(folder, *words)
    return error.value


def opened(folder: Path) -> Workspace:
    return open_workspace(folder)


def test_explain_one(folder: Path) -> None:
    text = run(folder, "explain", "phone:13711112222", "unionid:uA")
    assert "phone:137****2222 and unionid@wx-open:uA are one customer: 1" in text
    assert "same_event 2026-11-02T04:00:00+00:00, event 00000000-" in text
    assert "consent: free" in text
    body = answer(folder, "explain", "1", "identifier:3")
    assert (body["together"], [step["to"] for step in body["path"]]) == (True, ["device@app:d-1"])


def test_explain_two(folder: Path) -> None:
    text = run(folder, "explain", "customer:1", "customer:4")
    assert "are two" in text
    assert "limit: " in text
    body = answer(folder, "explain", "customer:1", "customer:4")
    assert [one["code"] for one in body["reasons"]] == ["limit", "candidate"]
    assert body["reasons"][0]["link"] == 3
    assert WEI not in json.dumps(body)


@pytest.mark.parametrize("who", ["phone:13799999999", "nonsense", "customer:99"])
def test_nobody_is_wrong_use(folder: Path, who: str) -> None:
    refused(folder, "explain", who, "customer:1")


def test_merge_never_and_undo(folder: Path) -> None:
    assert "decision 1: merge" in run(folder, "merge", "1", "phone:13733334444", "--reason", "twin accounts")
    error = refused(folder, "never", "1", "4", kind=decisions.Decided)
    assert "cli:mei merged them" in str(error)
    assert "decision 2: never" in run(folder, "never", "1", "4", "--override")
    assert answer(folder, "undo", "2", "--reason", "mistake")["kind"] == "undo"
    found = answer(folder, "decisions", "--about", "customer:4")
    assert [(one["id"], one["kind"], one["undone_by"]) for one in found["decisions"]] == [
        (3, "undo", None),
        (2, "never", 3),
        (1, "merge", None),
    ]
    assert "3 decisions" in run(folder, "decisions")
    refused(folder, "undo", "77")
    refused(folder, "merge", "1", "1")


def test_split_and_block(folder: Path) -> None:
    run(folder, "split", "1", "unionid:uA", "--reason", "his wife's")
    run(folder, "block", "device@app:d-1")
    ws = opened(folder)
    rows, _ = decisions.history(ws.state)
    ws.close()
    assert [(one.kind, one.a, one.b, one.part, one.pairs) for one in rows] == [
        ("block", 3, None, (), ()),
        ("split", 2, 1, (2,), ((1, 2),)),
    ]
    refused(folder, "split", "1", "unionid:uB")
    refused(folder, "split", "1", "1", "2", "identifier:3", "unionid:uA")


def test_review(folder: Path) -> None:
    text = run(folder, "review", "list")
    assert "2 to review" in text
    found = answer(folder, "review", "list", "--limit", "1")
    assert (found["total"], found["items"][0]["item"], found["items"][0]["value"]) == (2, "candidate:1", "120.50")
    assert answer(folder, "conflicts")["items"][0]["item"] == "conflict:3"
    assert answer(folder, "review", "decide", "conflict:3", "never")["a"] == 2
    assert answer(folder, "review", "list")["total"] == 0
    refused(folder, "review", "decide", "candidate:1", "merge", kind=decisions.Decided)
    refused(folder, "review", "decide", "conflict:77", "merge")
    refused(folder, "review", "decide", "what", "merge")
    refused(folder, "review", "decide", "conflict:3", "perhaps")
    refused(folder, "conflicts", "--reason", "weather")


def test_overview(folder: Path) -> None:
    body = answer(folder, "overview", "--days", "3")
    assert (body["customers"], body["identifiers"], body["open conflicts"], body["to review"]) == (2, 5, 1, 1)
    assert len(body["changes"]) == 3
    text = run(folder, "overview")
    assert "with several identifiers: 2" in text
    assert "largest customers" in text


def test_rules(folder: Path) -> None:
    assert answer(folder, "rules")["version"] == 0
    ws = opened(folder)
    ws.save("touchpoint", "crm", {"channel": "offline", "joining": "consent"}, author="test")
    ws.save("identity", "rules", {"identity": "rules", "types": {"phone": {"max_customers": 7}}}, author="test")
    ws.close()
    text = run(folder, "rules")
    assert "version 1" in text
    assert "touchpoint crm: joining consent" in text
    rows = {row["type"]: row for row in answer(folder, "rules")["types"]}
    assert (rows["phone"]["customers"], rows["phone"]["own"]) == (7, "yes")


def test_evaluate(folder: Path, tmp_path: Path) -> None:
    truth = tmp_path / "truth.csv"
    truth.write_text(
        "record_id,entity_id\n13711112222,p1\nunionid@wx-open:uA,p1\ndevice@app:d-1,p2\nphone:13733334444,p3\nuZ,p3\n"
    )
    body = answer(folder, "evaluate", "--truth", str(truth), "--over", "10")
    assert (body["records"], body["over_merged"], body["under_merged"], body["not_found"]) == (5, 2, 1, 1)
    assert body["price"] == {"over": 20.0, "under": 1.0, "total": 21.0, "per_10k": 70000.0}
    text = run(folder, "evaluate", "--truth", str(truth), "--as-of", "2026-11-01")
    assert "over-merged: 2 persons share a customer with a stranger" in text
    refused(folder, "evaluate", "--truth", str(truth), "--as-of", "yesterday")


PEOPLE = [
    (f"r{number}", name, phone, city)
    for number, (name, phone, city) in enumerate(
        (name, f"1380000{person:04}", city)
        for person in range(150)
        for name, city in [(f"张{'伟芳娜敏静丽强磊军洋'[person % 10]}{'一二三四五六七八九十'[person // 15]}", "上海")]
        for _ in range(1 + person % 2)
    )
]


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """150 persons, half of them twice."""
    path = tmp_path / "people.csv"
    rows = "\n".join(",".join(row) + f",{row[2]}" for row in PEOPLE)
    path.write_text(f"rec_id,姓名,联系,city,whose\n{rows}\n", encoding="gb18030")
    return path


def test_fit(folder: Path, people: Path, tmp_path: Path) -> None:
    out = tmp_path / "clusters.parquet"
    words = ["fit", str(people), "--columns", "联系=phone", "--entity", "whose", "--out", str(out), "--save"]
    body = answer(folder, *words)
    assert body["columns"]["姓名"] == "name"
    assert body["columns"]["联系"] == "phone"
    assert body["columns"]["whose"] == "ignore"
    assert body["evaluation"]["persons"] == 150
    assert (body["records"], body["saved_as_version"]) == (len(PEOPLE), 1)
    clusters = pq.read_table(out)
    assert clusters.num_rows == len(PEOPLE)
    assert set(clusters["record_id"].to_pylist()) == {row[0] for row in PEOPLE}
    ws = opened(folder)
    saved = ws.definitions.get("model", "customers")
    ws.close()
    assert saved is not None
    assert saved.body["report"]["records"] == len(PEOPLE)


def test_fit_used_wrongly(folder: Path, people: Path, tmp_path: Path) -> None:
    for columns in ("联系", "nowhere=phone", "联系=horoscope"):
        refused(folder, "fit", str(people), "--columns", columns)
    refused(folder, "fit", str(people), "--entity", "nobody")
    refused(folder, "fit", str(people), "--out", "clusters.docx")
    refused(folder, "fit", str(people), str(people), str(people))
    empty = tmp_path / "empty.csv"
    empty.write_text("name,phone\n")
    refused(folder, "fit", str(empty), kind=OnePoolError)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"no parquet")
    refused(folder, "fit", str(broken), kind=OnePoolError)


def test_two_files_are_linked(folder: Path, tmp_path: Path) -> None:
    for name, step in (("a", 0), ("b", 1)):
        rows = [{"name": row[1], "phone": row[2], "record_id": row[0]} for row in PEOPLE[step::2]]
        pq.write_table(
            pa.Table.from_pylist([{**row, "record_id": str(n)} for n, row in enumerate(rows)]),
            tmp_path / f"{name}.parquet",
        )
    out = tmp_path / "clusters.csv"
    run(folder, "fit", str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet"), "--out", str(out))
    lines = out.read_text().splitlines()
    assert len(lines) == len(PEOPLE) + 1
    assert any(line.startswith('"left:') for line in lines)
