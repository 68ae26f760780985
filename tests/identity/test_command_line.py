"""onepool identity, over the brand with two customers."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.identity.brand import LI, LI_IS, WEI, WEI_IS, answer, make_brand, numbers, run

import onepool
from onepool.errors import OnePoolError, UsageError
from onepool.identity import RulesError, decisions
from onepool.identity.matching import splink_engine
from onepool.workspace import open_workspace

VIP = {
    "segment": "vip",
    "title": {"zh": "贵宾", "en": "VIP"},
    "condition": {"did": "order_paid", "sum": "amount", "gte": 100},
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_brand(tmp_path_factory.mktemp("identity") / "brand")


@pytest.fixture
def folder(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ONEPOOL_AUTHOR", "mei")
    root = tmp_path / "brand"
    shutil.copytree(template, root)
    return root


def refused(folder: Path, *words: str, kind: type[OnePoolError] = UsageError) -> OnePoolError:
    with pytest.raises(kind) as error:
        run(folder, *words)
    return error.value


def ids_of(folder: Path) -> dict[str, int]:
    ws = open_workspace(folder)
    found = numbers(ws)
    ws.close()
    return found


def customers(folder: Path) -> list[list[str]]:
    """The values of each customer."""
    ws = open_workspace(folder)
    found = ws.pool.query(
        """SELECT list(value ORDER BY value) AS ids FROM identifiers JOIN customer_of USING (identifier_id)
        GROUP BY customer_id ORDER BY 1"""
    )
    ws.close()
    ids: list[list[str]] = found["ids"].to_pylist()
    return ids


def test_explain_one(folder: Path) -> None:
    text = run(folder, "explain", WEI_IS, "unionid:uA")
    assert f"phone:137****2222 与 unionid@wx-open:uA 是同一位客户：{ids_of(folder)[WEI]}" in text
    assert "same_event 2026-11-01T04:00:00+00:00，事件 " in text
    assert "授权：free" in text
    body = answer(folder, "explain", "unionid@wx-open:uA", f"identifier:{ids_of(folder)['d-1']}")
    assert (body["together"], [step["to"] for step in body["path"]]) == (True, ["phone:137****2222", "device@app:d-1"])


def test_explain_two(folder: Path) -> None:
    text = run(folder, "explain", WEI_IS, LI_IS)
    assert "是两位客户" in text
    assert "limit: " in text
    body = answer(folder, "explain", WEI_IS, LI_IS)
    assert [one["code"] for one in body["reasons"]] == ["limit", "candidate"]
    assert WEI not in json.dumps(body)


@pytest.mark.parametrize("who", ["phone:13799999999", "nonsense", "customer:99", "customer:anna"])
def test_nobody_is_wrong_use(folder: Path, who: str) -> None:
    refused(folder, "explain", who, WEI_IS)


@pytest.mark.parametrize(
    ("who", "near"), [("phome:13711112222", "phone"), ("union_ids@wx-open:uA", "unionid"), ("qqq:1", "phone")]
)
def test_a_type_that_there_is_not(folder: Path, who: str, near: str) -> None:
    error = refused(folder, "explain", who, WEI_IS)
    assert f"there is no identifier type {who.partition(':')[0].partition('@')[0]!r}" in str(error)
    assert near in str(error)


def test_headings_in_the_language_of_the_workspace(folder: Path) -> None:
    assert {"客户: 2", "按类型统计的子ID"} <= {line.strip() for line in run(folder, "overview").splitlines()}
    assert "身份规则，版本 " in run(folder, "rules")
    assert "0 个决定：无" in run(folder, "decisions")
    settings = folder / "onepool.yaml"
    settings.write_text(settings.read_text().replace("language: zh-CN", "language: en"))
    assert {"customers: 2", "identifiers by type"} <= {line.strip() for line in run(folder, "overview").splitlines()}
    assert "0 decisions: none" in run(folder, "decisions")


def test_merge_never_and_undo(folder: Path) -> None:
    assert "决定 1：合并，已生效" in run(folder, "merge", WEI_IS, LI_IS, "--reason", "twin accounts")
    assert customers(folder) == [[WEI, LI, "d-1", "uA", "uB"]]
    path = answer(folder, "explain", WEI_IS, LI_IS)["path"]
    assert [step["rule"] for step in path] == ["decision"]
    # The number of the customer that went up in the other one still stands for its identifier.
    numbers_of = [str(ids_of(folder)[value]) for value in (WEI, LI)]
    assert [step["rule"] for step in answer(folder, "explain", *numbers_of)["path"]] == ["decision"]
    refused(folder, "merge", WEI_IS, LI_IS)
    assert answer(folder, "undo", "1", "--reason", "mistake")["applied"]
    assert customers(folder) == [[WEI, "d-1", "uA"], [LI, "uB"]]
    run(folder, "never", WEI_IS, LI_IS)
    error = refused(folder, "merge", WEI_IS, LI_IS, kind=decisions.Decided)
    assert "cli:mei said that they are never to be one" in str(error)
    run(folder, "merge", WEI_IS, LI_IS, "--override")
    assert len(customers(folder)) == 1
    found = answer(folder, "decisions", "--about", LI_IS)
    assert [(one["id"], one["kind"], one["undone_by"]) for one in found["decisions"]] == [
        (4, "merge", None),
        (3, "never", None),
        (2, "undo", None),
        (1, "merge", 2),
    ]
    assert "4 个决定" in run(folder, "decisions")
    refused(folder, "undo", "77")


def test_split_and_its_undoing(folder: Path) -> None:
    made = answer(folder, "split", LI_IS, "unionid:uB", "--reason", "his wife's")
    assert made["applied"]
    assert customers(folder) == [[WEI, "d-1", "uA"], [LI], ["uB"]]
    assert answer(folder, "explain", LI_IS, "unionid:uB")["reasons"][0]["code"] == "never"
    run(folder, "undo", str(made["id"]))
    assert customers(folder) == [[WEI, "d-1", "uA"], [LI, "uB"]]
    refused(folder, "split", WEI_IS, "unionid:uB")
    refused(folder, "split", WEI_IS, WEI_IS, "unionid:uA", "device:d-1")


def test_block(folder: Path) -> None:
    run(folder, "block", "device@app:d-1", "--reason", "tablet in the shop")
    assert customers(folder) == [[WEI, "uA"], [LI, "uB"], ["d-1"]]
    refused(folder, "block", "device@app:d-1", kind=decisions.Decided)


def test_review(folder: Path) -> None:
    assert "2 个待审核" in run(folder, "review", "list")
    found = answer(folder, "review", "list", "--limit", "1")
    assert (found["total"], found["items"][0]["item"], found["items"][0]["value"]) == (2, "candidate:1", "150.50")
    (conflict,) = answer(folder, "conflicts")["items"]
    made = answer(folder, "review", "decide", conflict["item"], "never")
    assert made["applied"]
    assert answer(folder, "review", "list")["total"] == 0
    assert len(answer(folder, "conflicts", "--reason", "never")["items"]) == 1
    refused(folder, "review", "decide", "candidate:1", "merge", kind=decisions.Decided)
    refused(folder, "review", "decide", "conflict:77", "merge")
    refused(folder, "review", "decide", "what", "merge")
    refused(folder, "review", "decide", conflict["item"], "perhaps")
    refused(folder, "conflicts", "--reason", "weather")


def test_a_pair_is_put_off_and_brought_back(folder: Path) -> None:
    assert "candidate:1 推迟到 " in run(folder, "review", "decide", "candidate:1", "later", "--days", "3")
    assert answer(folder, "review", "list")["total"] == 1
    (item,) = answer(folder, "review", "list", "--later")["items"]
    assert item["item"] == "candidate:1"
    assert item["until"]
    assert answer(folder, "review", "decide", "candidate:1", "resume") == {"item": "candidate:1", "until": None}
    assert answer(folder, "review", "list")["total"] == 2


def test_overview(folder: Path) -> None:
    body = answer(folder, "overview", "--days", "3")
    assert (body["customers"], body["identifiers"], body["open conflicts"], body["to review"]) == (2, 5, 1, 1)
    assert len(body["changes"]) == 3
    text = run(folder, "overview")
    assert "有多个子ID的客户: 2" in text
    assert "子ID最多的客户" in text


def test_rules(folder: Path) -> None:
    ws = open_workspace(folder)
    ws.save("touchpoint", "crm", {"channel": "offline", "joining": "consent"}, author="test")
    ws.close()
    text = run(folder, "rules")
    assert "身份规则，版本 1" in text
    assert "触点 crm：有授权才合并" in text
    rows = {row["type"]: row for row in answer(folder, "rules")["types"]}
    assert (rows["unionid"]["per customer"], rows["unionid"]["own"], rows["phone"]["own"]) == (1, "yes", "")


def test_previews_change_nothing(folder: Path, tmp_path: Path) -> None:
    ws = open_workspace(folder)
    ws.save("segment", "vip", VIP, author="test")
    ws.close()
    before = customers(folder)
    body = answer(folder, "preview", "merge", WEI_IS, LI_IS)
    assert (body["merged"], body["split"], len(body["before"]), len(body["after"])) == (1, 0, 2, 1)
    assert any("UnionID" in text for text in body["warnings"])
    body = answer(folder, "preview", "split", LI_IS, "unionid:uB")
    assert (body["merged"], body["split"], len(body["after"])) == (0, 1, 2)
    assert answer(folder, "preview", "block", "device:d-1")["split"] == 1
    assert answer(folder, "preview", "never", WEI_IS, LI_IS)["identifiers_moved"] == 0
    assert "合并 0，拆分 1，1 个子ID换了归属" in run(folder, "preview", "split", LI_IS, "unionid:uB")
    rules = tmp_path / "rules.yaml"
    rules.write_text("types: {unionid: {max_per_customer: 0}}\n")
    body = answer(folder, "preview", "rules", str(rules))
    assert (body["customers before"], body["customers after"], body["conflicts after"]) == (2, 1, 0)
    assert "之后的客户: 1" in run(folder, "preview", "rules", str(rules))
    assert answer(folder, "preview", "thresholds", "0.9", "0.5")["pairs joined"] == 1
    assert customers(folder) == before
    refused(folder, "preview", "thresholds", "0.6", "0.9")
    refused(folder, "preview", "undo", "9")
    rules.write_text("types: {horoscope: {priority: 1}}\n")
    refused(folder, "preview", "rules", str(rules), kind=RulesError)


def test_match_needs_records(folder: Path) -> None:
    refused(folder, "match", kind=OnePoolError)


def test_evaluate(folder: Path, tmp_path: Path) -> None:
    truth = tmp_path / "truth.csv"
    truth.write_text(
        "record_id,entity_id\n13711112222,p1\nunionid@wx-open:uA,p1\ndevice@app:d-1,p2\nphone:13733334444,p3\nuZ,p3\n"
    )
    body = answer(folder, "evaluate", "--truth", str(truth), "--over", "10")
    assert (body["records"], body["over_merged"], body["under_merged"], body["not_found"]) == (5, 2, 1, 1)
    assert body["price"] == {"over": 20.0, "under": 1.0, "total": 21.0, "per_10k": 70000.0}
    text = run(folder, "evaluate", "--truth", str(truth), "--as-of", "2026-11-01")
    assert "合错：2 个真人与他人归成同一位客户" in text
    refused(folder, "evaluate", "--truth", str(truth), "--as-of", "yesterday")


def test_from_python(folder: Path) -> None:
    with onepool.open(folder) as ws:
        why = ws.identity.explain(WEI_IS, "unionid:uA")
        assert (why.together, why.path["target"].to_pylist(), why.reasons.num_rows) == (True, ["unionid@wx-open:uA"], 0)
        assert WEI not in str(why.path.to_pylist())
        why = ws.identity.explain(WEI_IS, LI_IS)
        assert (why.together, why.reasons["code"].to_pylist()) == (False, ["limit", "candidate"])
        assert ws.identity.conflicts()["value"].to_pylist() == [Decimal("150.5")]
        truth = pa.table({"record_id": [WEI_IS, "uA", LI_IS], "entity_id": ["p", "p", "q"]})
        assert ws.identity.evaluate(truth).pairwise.f1 == 1.0
        made = ws.identity.merge(WEI_IS, LI_IS, author="notebook", reason="a try")
        with pytest.raises(decisions.Decided):
            ws.identity.never(WEI_IS, LI_IS, author="notebook")
        assert ws.identity.undo(made, author="notebook") == made + 1


def test_review_and_model_from_python(folder: Path) -> None:
    with onepool.open(folder) as ws:
        waiting = ws.identity.review()
        assert {one["item"].split(":")[0] for one in waiting.to_pylist()} == {"candidate", "conflict"}
        (candidate,) = [one for one in waiting.to_pylist() if one["item"].startswith("candidate")]
        assert (candidate["probability"], candidate["reason"], candidate["value"]) == (0.91, None, Decimal("150.5"))
        assert ws.identity.decide(candidate["item"], "never", author="notebook", reason="a try") == 1
        assert ws.identity.review().num_rows == 0
        for item in ("candidate:99", "horoscope:1"):
            with pytest.raises(UsageError):
                ws.identity.decide(item, "merge", author="notebook")
        assert ws.identity.models().num_rows == 0
        with pytest.raises(UsageError):
            ws.identity.model()
        level = {"name": "same", "m": 0.9, "u": 0.001, "weight": 9.8, "pairs": 3, "matches": 2.5}
        report = {"records": 4, "comparisons": [{"name": "phone", "levels": [level]}]}
        ws.workspace.save("model", "customers", {"model": "customers", "report": report}, author="onepool")
        assert ws.identity.models().to_pylist()[0]["cause"] == "learned"
        (row,) = ws.identity.model(1).to_pylist()
        assert (row["comparison"], row["level"], row["weight"], row["pairs"]) == ("phone", "same", 9.8, 3)


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
    ws = open_workspace(folder)
    saved = ws.definitions.get("model", "customers")
    ws.close()
    assert saved is not None
    assert saved.body["report"]["records"] == len(PEOPLE)


def test_fit_by_splink(folder: Path, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "clusters.csv"
    words = ("fit", str(people), "--columns", "联系=phone", "--entity", "whose", "--engine", "splink")
    told = answer(folder, *words, "--out", str(out))
    assert told["model"]["engine"] == "splink"
    # Whose a record is was not looked at.
    assert {one["name"] for one in told["model"]["comparisons"]} == {"姓名", "联系"}
    assert told["evaluation"]["pairwise"]["recall"] > 0.9
    assert out.read_text().startswith('"record_id","cluster"')
    assert "联系 masked" in run(folder, *words)
    refused(folder, *words, "--save")
    monkeypatch.setattr(splink_engine, "available", lambda: False)
    for refusing in (words, ("match", "--engine", "splink")):
        error = refused(folder, *refusing, kind=OnePoolError)
        assert "onepool[splink]" in f"{error} {error.hint}"
    refused(folder, "match", "--engine", "splink", "--kept")


def test_thresholds_of_fit_follow_the_costs(folder: Path, people: Path) -> None:
    def fitted(*more: str) -> tuple[dict[str, Any], dict[str, float]]:
        body = answer(folder, "fit", str(people), "--columns", "联系=phone", "--entity", "whose", "--save", *more)
        ws = open_workspace(folder)
        saved = ws.definitions.get("model", "customers")
        ws.close()
        assert saved is not None
        return body, {name: saved.body[name] for name in ("join", "review", "cluster")}

    body, thresholds = fitted("--over", "9", "--under", "1")
    assert thresholds == {"join": 0.9, "review": 0.5, "cluster": 0.9}
    for name in ("join", "review"):
        near = body["model"]["near"][name]
        away = [abs(one["probability"] - thresholds[name]) for one in near]
        assert near and away == sorted(away)
    dear, chosen = fitted("--over", "1000000", "--under", "1")
    assert chosen["join"] == 0.999
    assert dear["evaluation"]["over_merged"] <= body["evaluation"]["over_merged"]
    assert fitted("--over", "1", "--under", "3")[1] == {"join": 0.25, "review": 0.25, "cluster": 0.25}
    assert fitted("--join", "0.8", "--review", "0.3")[1] == {"join": 0.8, "review": 0.3, "cluster": 0.8}
    refused(folder, "fit", str(people), "--over", "0", "--under", "0", kind=OnePoolError)
    refused(folder, "fit", str(people), "--join", "0.4", "--review", "0.6", kind=OnePoolError)


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
