"""Importing files over the API: sending, looking, trying, importing, and finding the bad rows again."""

from __future__ import annotations

import gzip
import threading
import time
from typing import Any
from urllib.parse import quote

import pytest

from onepool.api import app as api_app
from onepool.api.import_files import file_name
from onepool.privacy import audit
from onepool.privacy.roles import Role
from onepool.tick import Worker

from .conftest import Browser, World
from .test_through_worker import running as running

ORDERS = """订单编号,下单时间,手机号,实付金额,商品名称
S001,2026-11-01 10:00:00,13812345678,128.50,面霜
S002,2026-11-02 11:00:00,13987654321,面议,面霜
S003,2026-11-03 12:00:00,13700001111,66,纸尿裤
"""
EVENTS = "event,time,phone,amount,order_id\norder_paid,2026-11-01T10:00:00Z,13812345678,{amount},E1\n"

Running = tuple[World, Worker, list[Any]]


def send(browser: Browser, content: bytes, name: str = "orders.csv") -> str:
    answer = browser.request("POST", f"/api/v1/imports/files?filename={quote(name)}", content=content)
    assert answer.status_code == 201, answer.text
    assert answer.json()["size"] == len(content)
    return str(answer.json()["id"])


def in_sql(world: World) -> list[tuple[str | None, int | None]]:
    """Where what waits stood, for whoever asks in SQL."""
    found = world.ws.pool.query('SELECT file, "row" FROM analyst.quarantine ORDER BY id').to_pylist()
    return [(one["file"], one["row"]) for one in found]


def ended(browser: Browser, job: dict[str, Any], worker: Worker | None = None) -> dict[str, Any]:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if worker is not None:
            worker.drain()
        found: dict[str, Any] = browser.get(f"/api/v1/imports/{job['id']}").json()
        if found["status"] not in ("waiting", "running"):
            return found
        time.sleep(0.02)
    raise AssertionError(f"it did not end: {found}")


def begin(browser: Browser, file: str, kind: str = "orders", **more: Any) -> dict[str, Any]:
    answer = browser.post("/api/v1/imports", {"file": file, "kind": kind, **more})
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def test_a_file_is_looked_into_tried_imported_and_its_bad_row_found(running: Running) -> None:
    world, worker, _ = running
    admin = world.signed_in()
    # As it comes from a Chinese spreadsheet, packed.
    file = send(admin, gzip.compress(ORDERS.encode("gb18030")), "十一月订单.csv.gz")
    sight = admin.post("/api/v1/imports/look", {"file": file, "kind": "orders"}).json()
    assert (sight["format"], sight["encoding"], sight["compression"], sight["header_row"]) == (
        "csv",
        "gb18030",
        "gzip",
        1,
    )
    columns = {one["name"]: one for one in sight["columns"]}
    assert columns["手机号"]["target"] == "phone" and columns["手机号"]["cells"][0] == "138****5678"
    assert columns["订单编号"]["target"] == "order_id" and columns["订单编号"]["cells"] == ["S001", "S002", "S003"]
    assert sight["rows"] == [2, 3, 4]
    offered = {one["target"]: one["title"] for one in sight["targets"]}
    assert {"order_id", "paid_at", "phone", "item.price", "store_id"} <= offered.keys()
    assert offered["placed_at"] == {"zh": "下单时间", "en": "Placed at"}

    before = world.ws.log.end()
    tried = ended(admin, begin(admin, file, dry_run=True))
    assert tried["status"] == "done" and tried["outcome"]["rows"] == 3
    (bad,) = tried["outcome"]["first"]
    assert (bad["row"], bad["id"]) == (3, None) and "13987654321" not in bad["sample"]
    assert world.ws.log.end() == before

    done = ended(admin, begin(admin, file), worker)
    outcome = done["outcome"]
    assert done["status"] == "done" and outcome["accepted"] == tried["outcome"]["accepted"] > 0
    assert outcome["refused"] == tried["outcome"]["refused"] and sum(one["count"] for one in outcome["refused"]) == 1
    (bad,) = outcome["first"]
    waiting = admin.get("/api/v1/quarantine").json()["items"]
    assert [(one["id"], one["file"], one["row"]) for one in waiting] == [(bad["id"], "十一月订单.csv.gz", 3)]
    assert admin.get(f"/api/v1/quarantine/{bad['id']}").json()["row"] == 3
    assert in_sql(world) == [("十一月订单.csv.gz", 3)]
    again = ended(admin, begin(admin, file), worker)["outcome"]
    # What was refused waits already: it is not put into quarantine a second time.
    assert again["accepted"] == again["quarantined"] == 0 and again["duplicates"] == outcome["accepted"] + 1
    listed = admin.get("/api/v1/imports").json()["items"]
    assert {one["id"]: one["status"] for one in listed}[done["id"]] == "done" and len(listed) == 3
    told = [one.detail for _, one in audit.trail(world.ws.state) if one.action == "file.import"]
    assert [one["file"] for one in told] == ["十一月订单.csv.gz"] * 2


def test_a_row_that_can_not_be_read_is_told_by_its_number(running: Running) -> None:
    world, worker, _ = running
    admin = world.signed_in()
    file = send(admin, b"event,time,phone\npage_viewed,2026-11-01,13812345678\npage_viewed,2026-11-01\n", "a.csv")
    outcome = ended(admin, begin(admin, file, "events"), worker)["outcome"]
    (bad,) = outcome["first"]
    assert (bad["row"], bad["rule"]) == (3, "file.columns") and not bad["message"].startswith("a.csv")
    (row,) = admin.get("/api/v1/quarantine").json()["items"]
    assert (row["file"], row["row"]) == ("a.csv", 3)
    assert in_sql(world) == [("a.csv", 3)]


def test_a_long_item_keeps_its_row_in_the_sample(running: Running) -> None:
    world, worker, _ = running
    admin = world.signed_in()
    header = "event,time,phone,amount,content\n"
    long = f"order_paid,2026-11-01T10:00:00Z,13812345678,面议,{'长' * 3000}\n"
    outcome = ended(admin, begin(admin, send(admin, (header + long).encode(), "long.csv"), "events"), worker)["outcome"]
    assert [one["row"] for one in outcome["first"]] == [2]
    assert admin.get("/api/v1/quarantine").json()["items"][0]["row"] == 2


def test_a_map_says_what_columns_mean(running: Running) -> None:
    world, worker, _ = running
    admin = world.signed_in()
    file = send(admin, b"no,when,who,sum\nX1,2026-11-01,13812345678,12\n", "odd.csv")
    map_ = "columns: {no: order_id, when: paid_at, who: phone, sum: amount, gone: null}\n"
    asked = {"file": file, "kind": "orders", "touchpoint": "shop", "map": map_}
    sight = admin.post("/api/v1/imports/look", asked).json()
    assert [one["target"] for one in sight["columns"]] == ["order_id", "paid_at", "phone", "amount"]
    assert sight["missing_columns"] == ["gone"]
    map_ = map_.replace(", gone: null", "")
    outcome = ended(admin, begin(admin, file, touchpoint="shop", map=map_), worker)["outcome"]
    assert outcome["accepted"] >= 1 and outcome["quarantined"] == 0
    assert world.ws.pool.query("SELECT DISTINCT touchpoint FROM events")["touchpoint"].to_pylist() == ["shop"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "orders", "map": "columns: ["}, 400, "import-mapping"),
        ({"kind": "orders", "map": "kind: events"}, 400, "import-mapping"),
        ({"kind": "orders", "map": "nonsense: 1"}, 400, "import-mapping"),
        ({"kind": "orders", "touchpoint": "nowhere"}, 400, "usage"),
        ({"kind": "people"}, 422, "invalid-request"),
        ({"kind": "orders", "file": "../../../etc"}, 422, "invalid-request"),
        ({"kind": "orders", "file": "0123456789abcdef"}, 404, "file-unknown"),
    ],
)
def test_what_can_not_be_imported_is_said(empty: World, body: dict[str, Any], status: int, code: str) -> None:
    admin = empty.signed_in()
    asked = {"file": send(admin, ORDERS.encode()), **body}
    for path in ("/api/v1/imports/look", "/api/v1/imports"):
        answer = admin.post(path, asked)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_a_file_of_another_kind_fails_in_words_without_telling_where_it_lies(empty: World) -> None:
    admin = empty.signed_in()
    file = send(admin, b"\xd0\xcf\x11\xe0 old excel", "old.xls")
    look = admin.post("/api/v1/imports/look", {"file": file, "kind": "orders"})
    assert look.status_code == 400 and str(empty.ws.data) not in look.text
    job = ended(admin, begin(admin, file))
    assert job["status"] == "failed" and "xls" in job["problem"] and str(empty.ws.data) not in job["problem"]


def test_files_may_be_large_but_not_endless(empty: World) -> None:
    admin = empty.signed_in()
    assert send(admin, b"a,b\n" + b"1,2\n" * 800_000)
    said = {"Content-Length": str(api_app.MAX_FILE + 1)}
    answer = admin.request("POST", "/api/v1/imports/files?filename=a.csv", content=b"x", headers=said)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert len(list((empty.ws.data / "imports" / "files").glob("*/*"))) == 1


def test_an_import_can_be_stopped_and_one_of_a_server_that_is_gone_says_so(running: Running) -> None:
    world, worker, _ = running
    admin = world.signed_in()
    file = send(admin, EVENTS.format(amount="5").encode(), "e.csv")
    # Nobody applies it: it waits for the worker until it is stopped.
    job = begin(admin, file, "events")
    assert admin.delete(f"/api/v1/imports/{job['id']}").status_code == 200
    assert ended(admin, job)["status"] == "cancelled"
    job = begin(admin, file, "events")
    world.app.state.imports._open.clear()
    assert admin.get(f"/api/v1/imports/{job['id']}").json()["status"] == "interrupted"
    worker.drain()
    for thread in threading.enumerate():
        if thread.name == "import":
            thread.join(60)


def test_who_may_import_and_who_may_look(empty: World) -> None:
    engineer, analyst, marketer = (empty.signed_in(role) for role in (Role.ENGINEER, Role.ANALYST, Role.MARKETER))
    assert send(engineer, b"a,b\n1,2\n")
    assert analyst.get("/api/v1/imports").status_code == 200
    assert marketer.get("/api/v1/imports").status_code == 403
    answer = analyst.request("POST", "/api/v1/imports/files?filename=a.csv", content=b"a")
    assert answer.json()["code"] == "no-permission"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("orders.csv", "orders.csv"),
        ("../../etc/passwd", "passwd"),
        (r"C:\temp\十一月.xlsx", "十一月.xlsx"),
        ("a\x00b\n.csv", "a_b_.csv"),
        ("..", "file"),
        ("", "file"),
    ],
)
def test_names_of_files_lead_nowhere(given: str, kept: str) -> None:
    assert file_name(given) == kept
    assert len(file_name("长" * 300 + ".csv.gz").encode()) <= 120 and file_name("长" * 300 + ".csv").endswith(".csv")
