"""onepool segment portrait, overlap, plan, versions, diff, restore, snapshot; onepool plan; the same in Python."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from typer.testing import CliRunner

import onepool
from onepool.audience.conditions import ConditionError
from onepool.audience.lists import ListError, log
from onepool.cli.app import app
from onepool.errors import OnePoolError
from onepool.handle import NotFound
from onepool.insight.portrait.tables import NoSuchSegment
from onepool.layout import install
from onepool.workspace import init_workspace, open_workspace

BOUGHT = {"did": "order_paid", "within": {"last": "30 days"}}
EVER = {"did": "order_paid"}
LEVEL = {
    "tag": "level",
    "title": {"zh": "等级", "en": "Level"},
    "says": "value",
    "kind": "first_last",
    "take": "last",
    "from": {"did": "order_paid", "field": "channel"},
}


def body(name: str, condition: Any) -> dict[str, Any]:
    return {"segment": name, "title": {"zh": f"人群{name}", "en": name}, "condition": condition}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty customers: 1-30 bought within 30 days, 31-35 long ago; members as the tick would have them."""
    ws = init_workspace(tmp_path / "brand")
    ws.save("tag", "level", LEVEL, author="test")
    ws.save("segment", "buyers", body("buyers", BOUGHT), author="anna", reason="first")
    ws.save(
        "segment",
        "far",
        body("far", {"all": [{"segment": "buyers"}, {"attribute": "city", "is": "北京市"}]}),
        author="a",
    )
    now = datetime.now(UTC)
    pool = ws.open_pool()
    with pool.write() as session:
        install(session, ws.standard())
        ids = list(range(1, 41))
        session.append("customer_of", pa.table({"identifier_id": ids, "customer_id": ids}))
        cities = ["北京市" if number % 2 else "上海市" for number in ids]
        session.append("profiles", pa.table({"customer_id": ids, "city": cities}))
        session.append(
            "attribute_facts",
            pa.table(
                {"seq": ids, "identifier_id": ids, "attribute": ["city"] * 40, "value": cities, "time": [now] * 40}
            ),
        )
        paid = ids[:35]
        times = [now - timedelta(days=2 if number <= 30 else 90) for number in paid]
        columns = {
            "seq": paid,
            "identifier_id": paid,
            "event": ["order_paid"] * 35,
            "time": times,
            "channel": ["store"] * 35,
        }
        session.append("events", pa.table(columns))
        for name, members in (("buyers", ids[:30]), ("far", [n for n in ids[:30] if n % 2])):
            session.append(
                "segment_members",
                pa.table({"customer_id": members, "segment": [name] * len(members), "since": [now] * len(members)}),
            )
    pool.close()
    ws.close()
    return tmp_path / "brand"


def asked(folder: Path, *words: str) -> str:
    done = CliRunner().invoke(app, [*words, "--workspace", str(folder)])
    assert done.exit_code == 0, f"{done.output} {done.exception!r}"
    return done.output


def answer(folder: Path, *words: str) -> Any:
    return json.loads(asked(folder, *words, "--json"))


def refused(folder: Path, *words: str) -> OnePoolError:
    done = CliRunner().invoke(app, [*words, "--workspace", str(folder)])
    assert isinstance(done.exception, OnePoolError), done.output
    return done.exception


def test_portrait_and_overlap(folder: Path) -> None:
    found = answer(folder, "segment", "portrait", "buyers")
    assert found["sizes"] == {"segment": 30, "base": 40, "common": 30}
    cities = {row["value"]: row for row in found["values"] if row["dimension"] == "city"}
    assert (cities["北京市"]["in_segment"], cities["北京市"]["in_base"], cities["北京市"]["tgi"]) == (15, 20, 100)
    assert cities["北京市"]["small"] and cities["北京市"]["low"] < 100 < cities["北京市"]["high"]
    words = asked(folder, "segment", "portrait", "far", "--min-cell", "10")
    assert "far：15 位客户；对比 all：40 位" in words and "city = 北京市: TGI 200" in words
    assert answer(folder, "segment", "overlap", "buyers", "far") == [
        {"inside": ["buyers", "far"], "outside": [], "customers": 15},
        {"inside": ["buyers"], "outside": ["far"], "customers": 15},
    ]
    assert "buyers & far" in asked(folder, "segment", "overlap", "buyers", "far")
    assert "two to six" in str(refused(folder, "segment", "overlap", "buyers", "buyers"))
    assert isinstance(refused(folder, "segment", "portrait", "none"), NoSuchSegment)


def test_plan_versions_diff_restore(folder: Path, tmp_path: Path) -> None:
    wider = tmp_path / "wider.yaml"
    wider.write_text(yaml.safe_dump({"condition": EVER}), encoding="utf-8")
    found = answer(folder, "segment", "plan", "buyers", "--condition", str(wider))
    assert (found["before"], found["after"], found["entered"], found["left"]) == (30, 35, 5, 0)
    assert found["sample_entered"] == [31, 32, 33, 34, 35]
    assert [(one["kind"], one["name"], one["before"], one["after"]) for one in found["used_by"]] == [
        ("segment", "far", 15, 18)
    ]
    words = asked(folder, "segment", "plan", "buyers", "--condition", str(wider))
    assert "buyers：30 -> 35，共 40 位客户（+5 -0）" in words and "用于 segment far" in words
    ws = open_workspace(folder)
    ws.save("segment", "buyers", body("buyers", EVER), author="bo", reason="all of them")
    ws.close()
    rows = answer(folder, "segment", "versions", "buyers")
    assert [(row["version"], row["author"], row["reason"]) for row in rows] == [
        (2, "bo", "all of them"),
        (1, "anna", "first"),
    ]
    [change] = answer(folder, "segment", "diff", "buyers", "1")
    assert change["op"] == "changed" and "近 30 天" in change["before"] and change["after"] == "做过「支付订单」"
    assert answer(folder, "segment", "plan", "buyers", "--version", "1")["left"] == 5
    asked(folder, "segment", "restore", "buyers", "1", "--reason", "too many")
    assert asked(folder, "segment", "diff", "buyers", "1", "3").strip() == "they say the same"
    rows = answer(folder, "segment", "versions", "buyers")
    assert (rows[0]["version"], rows[0]["reason"]) == (3, "too many")
    assert "no version 9" in str(refused(folder, "segment", "restore", "buyers", "9"))
    assert "--condition FILE" in str(refused(folder, "segment", "plan", "new"))


def test_plan_of_a_new_one_and_of_a_wrong_one(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"segment": "buyers"}), encoding="utf-8")
    found = answer(folder, "segment", "plan", "fresh", "--condition", str(path))
    assert (found["before"], found["after"], found["entered"], found["diff"]) == (None, 30, 30, [])
    path.write_text(json.dumps({"segment": "far"}), encoding="utf-8")
    assert "circle" in str(refused(folder, "segment", "plan", "buyers", "--condition", str(path)))
    path.write_text("[]", encoding="utf-8")
    assert "mapping" in str(refused(folder, "segment", "plan", "buyers", "--condition", str(path)))


def test_plan_of_files(folder: Path) -> None:
    (folder / "segments" / "buyers.yaml").write_text(yaml.safe_dump(body("buyers", EVER)), encoding="utf-8")
    (folder / "segments" / "new.yaml").write_text(
        yaml.safe_dump(body("new", {"all": [{"segment": "buyers"}, {"not": BOUGHT}]})), encoding="utf-8"
    )
    rows = {(row["action"], row["name"]): row for row in answer(folder, "plan")}
    assert set(rows) == {("change", "buyers"), ("add", "new"), ("moves", "far")}
    assert (rows["change", "buyers"]["plan"]["before"], rows["change", "buyers"]["plan"]["after"]) == (30, 35)
    # The new one as the files have the one that it uses, not as the workspace has.
    assert (rows["add", "new"]["plan"]["before"], rows["add", "new"]["plan"]["after"]) == (None, 5)
    assert (rows["moves", "far"]["plan"]["entered"], rows["moves", "far"]["plan"]["diff"]) == (3, [])
    words = asked(folder, "plan")
    assert "new：新建 -> 5，共 40 位客户（+5 -0）" in words and "- " in words
    assert "plan" not in answer(folder, "plan", "--no-sizes")[0]
    asked(folder, "apply")
    assert answer(folder, "plan") == []


def test_snapshot(folder: Path) -> None:
    assert answer(folder, "segment", "snapshot", "far", "far_now") == {
        "list": "far_now",
        "segment": "far",
        "customers": 15,
    }
    ws = open_workspace(folder)
    item = ws.definitions.get("list", "far_now")
    assert item is not None and item.body["segment"] == "far" and "人群far 20" in item.body["title"]
    change, entries = next(iter(log.after(ws.state, 0)))
    assert (change.list, entries.num_rows) == ("far_now", 15)
    ws.close()
    assert isinstance(refused(folder, "segment", "snapshot", "far", "far_now"), ListError)


@pytest.fixture
def handle(folder: Path) -> Iterator[Any]:
    with onepool.open(folder) as found:
        yield found


def test_in_python(handle: Any) -> None:
    segment = handle.segment("far")
    table = segment.portrait(min_cell=5)
    row = next(row for row in table.to_pylist() if row["value"] == "北京市")
    assert (row["in_segment"], row["known_in_segment"], row["tgi"], row["small"]) == (15, 15, 200, False)
    assert segment.portrait("buyers", tags=[]).num_rows == 0
    assert handle.overlap(["far", "buyers"]).column("customers").to_pylist() == [15, 15]
    plan = segment.plan({"attribute": "city", "is": "北京市"})
    assert (plan.before, plan.after, plan.entered, plan.left) == (15, 20, 5, 0)
    assert [(one.op, one.before_place) for one in plan.differences] == [("removed", "all[0]")]
    assert segment.versions().column("version").to_pylist() == [1]
    assert segment.snapshot("kept", author="test") == 15
    with pytest.raises(NotFound):
        handle.overlap(["far", "none"])
    with pytest.raises(ConditionError):
        segment.plan({"segment": "none"})
