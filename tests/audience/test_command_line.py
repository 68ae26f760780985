"""onepool tag and onepool segment, over a workspace with three customers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from onepool.cli.app import app
from onepool.errors import UsageError
from onepool.layout import columns_of
from onepool.pool.schema import create
from onepool.workspace import init_workspace

SEGMENT = {
    "segment": "buyers",
    "title": {"zh": "买家", "en": "Buyers"},
    "condition": {"all": [{"did": "order_paid", "within": {"last": "30 days"}}, {"tag": "stage", "is": "active"}]},
}
TAG = {
    "tag": "stage",
    "title": {"zh": "阶段", "en": "Stage"},
    "says": "behaviour",
    "kind": "state",
    "states": [{"value": "active", "when": {"did": "order_paid"}}],
    "otherwise": "prospect",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return made(tmp_path_factory.mktemp("brand"))


def made(root):
    ws = init_workspace(root)
    ws.save("tag", "stage", TAG, author="test")
    ws.save("segment", "buyers", SEGMENT, author="test")
    now = datetime.now(UTC)
    pool = ws.open_pool()
    with pool.write() as session:
        create(session, columns_of(ws.standard()))
        for number in (1, 2, 3):
            session.execute("INSERT INTO customer_of VALUES ($id, $id)", {"id": number})
        session.execute(
            """INSERT INTO identifiers BY NAME SELECT 1 AS identifier_id, 'phone' AS type, '' AS scope,
            '+8613800000000' AS value, $at AS first_seen, $at AS last_seen""",
            {"at": now},
        )
        for number, days in ((1, 2), (2, 60)):
            session.execute(
                """INSERT INTO events BY NAME SELECT $id AS seq, uuid() AS event_id, $id AS identifier_id,
                'order_paid' AS event, $at AS time, $at AS received_at, 'store' AS channel, 'shop' AS touchpoint""",
                {"id": number, "at": now - timedelta(days=days)},
            )
        for number, stage in ((1, "active"), (2, "active"), (3, "prospect")):
            session.execute(
                """INSERT INTO tag_values BY NAME
                SELECT $id AS customer_id, 'stage' AS tag, $value AS value, $at AS as_of""",
                {"id": number, "value": stage, "at": now},
            )
    pool.close()
    ws.close()
    return root


def asked(folder, *words: str):
    done = CliRunner().invoke(app, [*words, "--workspace", str(folder)])
    assert done.exit_code == 0, done.output
    return done.output


def answer(folder, *words: str):
    return json.loads(asked(folder, *words, "--json"))


def test_tags(folder):
    row = {"tag": "stage", "kind": "state", "computed": "live", "title": "阶段", "customers": 3}
    assert answer(folder, "tag", "list") == [row]
    shown = answer(folder, "tag", "show", "stage")
    assert "active：做过「支付订单」" in shown["sentence"] and shown["values"][0] == {"value": "active", "customers": 2}
    run = answer(folder, "tag", "run", "stage", "--no-save")
    assert run["values"] == [{"value": "active", "customers": 2}, {"value": "prospect", "customers": 1}]
    before = (datetime.now(UTC) - timedelta(days=30)).date().isoformat()
    past = answer(folder, "tag", "run", "stage", "--as-of", before, "--no-save")
    assert past["values"] == [{"value": "prospect", "customers": 2}, {"value": "active", "customers": 1}]
    why = answer(folder, "tag", "explain", "stage", "phone:13800000000")
    assert (why["customer_id"], why["value"], why["rules"][0]["reason"]["holds"]) == (1, "active", True)


def test_runs_of_tags_are_kept(tmp_path):
    folder = made(tmp_path / "brand")
    before = (datetime.now(UTC) - timedelta(days=30)).date().isoformat()
    run = answer(folder, "tag", "run", "stage")
    assert run["values"] == [{"value": "active", "customers": 2}, {"value": "prospect", "customers": 1}]
    week = [before, (datetime.now(UTC) - timedelta(days=16)).date().isoformat()]
    answer(folder, "tag", "backfill", "stage", "--from", week[0], "--to", week[1], "--every", "week")
    runs = answer(folder, "tag", "runs", "stage")
    assert [one["why"] for one in runs] == ["run", "backfill", "backfill", "backfill"]
    assert [job["status"] for job in answer(folder, "job", "list")] == ["done"] * 2
    tried = answer(folder, "tag", "plan", "stage")
    assert (tried["coverage"], tried["changed"]) == (3, 0)


def test_segments(folder):
    assert answer(folder, "segment", "list") == [{"segment": "buyers", "title": "买家", "customers": 0}]
    assert answer(folder, "segment", "size", "buyers")["size"] == 1
    assert answer(folder, "segment", "members", "buyers")["members"] == [1]
    # A day begins where the workspace is, and is told as it was written.
    assert "截至 2026-11-01T00:00:00+08:00" in asked(folder, "segment", "size", "buyers", "--as-of", "2026-11-01")
    shown = asked(folder, "tag", "run", "stage", "--as-of", "2026-11-01", "--no-save")
    assert "2026-11-01T00:00:00+08:00" in "".join(line.strip() for line in shown.splitlines())
    why = answer(folder, "segment", "explain", "buyers", "2")
    assert not why["member"] and [part["holds"] for part in why["reason"]["parts"]] == [False, True]
    text = asked(folder, "segment", "explain", "buyers", "1")
    assert "客户 1 在人群 buyers 中" in text and "✓ 最近 30 天内做过「支付订单」" in text


def test_how_a_segment_is_evaluated(folder):
    said = CliRunner().invoke(app, ["segment", "steps", "buyers", "-w", str(folder)]).stdout
    assert "in arrival order: a window over recent time" in said
    assert "-- did order_paid" in said


def test_wrong_use_is_said(folder):
    for words in (
        ("segment", "size", "none"),
        ("tag", "explain", "stage", "9"),
        ("tag", "run", "stage", "--as-of", "x"),
    ):
        done = CliRunner().invoke(app, [*words, "--workspace", str(folder)])
        assert isinstance(done.exception, UsageError), done.output
