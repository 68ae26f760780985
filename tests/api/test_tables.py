"""Looking into a database over the API, mapping a table, and fetching it into the pool."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from onepool.tick import Worker

from .conftest import World


@pytest.fixture
def erp(tmp_path: Path) -> str:
    path = tmp_path / "erp" / "erp.db"
    path.parent.mkdir()
    with sqlite3.connect(path) as database:
        database.executescript(
            """CREATE TABLE sale_order (id INTEGER PRIMARY KEY, order_no TEXT, 手机号 TEXT, 收货人姓名 TEXT,
                pay_fen INTEGER, amount NUMERIC(12, 2), status TEXT,
                create_time DATETIME, pay_time DATETIME, update_time DATETIME);
            CREATE INDEX changed ON sale_order (update_time);
            CREATE TABLE member (id INTEGER PRIMARY KEY, mobile TEXT, member_no TEXT, 姓名 TEXT, city TEXT,
                gmt_modified DATETIME NOT NULL);"""
        )
        for number in range(1, 4):
            at = f"2026-11-0{number} 10:00:00"
            database.execute(
                "INSERT INTO sale_order VALUES (?, ?, ?, '王小芳', 1250, 12.5, '已付款', ?, ?, ?)",
                (number, f"N{number}", f"1391234567{number}", at, at, at),
            )
            database.execute(
                "INSERT INTO member VALUES (?, ?, ?, '王小芳', '杭州', ?)",
                (number, f"1391234567{number}", f"M{number}", at),
            )
    database.close()
    return f"sqlite:///{path}"


def test_from_an_address_to_orders_in_the_pool(empty: World, erp: str) -> None:
    browser = empty.signed_in()
    kept = browser.put("/api/v1/touchpoints/erp/secrets/url", {"value": erp}).json()["reference"]
    body = {"channel": "erp", "title": {"zh": "ERP", "en": "ERP"}, "settings": {"url": kept}}
    assert browser.put("/api/v1/touchpoints/erp", body).status_code == 200
    assert browser.post("/api/v1/touchpoints/erp/test").json()["ok"] is True
    assert browser.get("/api/v1/touchpoints/erp/tables").json()["items"] == ["member", "sale_order"]
    look = browser.get("/api/v1/touchpoints/erp/tables/sale_order").json()
    assert look["rows"][0][2:4] == ["139****5671", "王***"]
    proposal = look["proposal"]
    assert proposal["kind"] == "order" and proposal["key"] == "id"
    assert proposal["cursor"] == ["update_time", "create_time"]
    assert proposal["ids"] == {"phone": "手机号"}
    assert proposal["steps"] == {"placed": "create_time", "paid": "pay_time"}
    assert proposal["fields"]["order_id"] == "order_no" and proposal["fields"]["amount"] == "amount"
    members = browser.get("/api/v1/touchpoints/erp/tables/member").json()["proposal"]
    assert members["ids"] == {"phone": "mobile", "member_no": "member_no"}
    assert members["cursor"] == "gmt_modified" and members["traits"]["name"] == "姓名"

    saved = {**body, "settings": {**body["settings"], "tables": [proposal, members]}, "version": 1}
    answer = browser.put("/api/v1/touchpoints/erp", saved)
    assert answer.status_code == 200, answer.text
    assert [one["name"] for one in answer.json()["streams"]] == ["sale_order", "member"]
    runs = browser.post("/api/v1/touchpoints/erp/sync", {}).json()["runs"]
    assert [(run["stream"], run["pages"], run["error"]) for run in runs] == [("sale_order", 1, ""), ("member", 1, "")]
    worker = Worker(empty.ws)
    worker.drain()
    worker.close()
    found = empty.ws.pool.query("SELECT order_id, amount, status FROM orders ORDER BY order_id").to_pylist()
    assert [(one["order_id"], float(one["amount"]), one["status"]) for one in found] == [
        ("N1", 12.5, "paid"), ("N2", 12.5, "paid"), ("N3", 12.5, "paid"),
    ]  # fmt: skip
    people = empty.ws.pool.query("SELECT city, count(*) AS n FROM profiles GROUP BY city").to_pylist()
    assert people == [{"city": "杭州", "n": 3}]
    again = browser.post("/api/v1/touchpoints/erp/sync", {}).json()["runs"]
    assert [run["pages"] for run in again] == [0, 0]


def test_what_can_not_be_looked_into_is_told(empty: World, erp: str) -> None:
    browser = empty.signed_in()
    assert browser.get("/api/v1/touchpoints/nothing/tables").status_code == 404
    kept = browser.put("/api/v1/touchpoints/crm/secrets/url", {"value": erp}).json()["reference"]
    body = {"channel": "crm", "title": {"zh": "CRM", "en": "CRM"}, "settings": {"url": kept}}
    assert browser.put("/api/v1/touchpoints/crm", body).status_code == 200
    answer = browser.get("/api/v1/touchpoints/crm/tables/nothing")
    assert answer.status_code == 422 and "no table nothing" in answer.json()["title"] + str(answer.json())
    wrong = {**body, "settings": {**body["settings"], "tables": [{"name": "a", "table": "b"}]}, "version": 1}
    answer = browser.put("/api/v1/touchpoints/crm", wrong)
    assert answer.status_code == 422 and "settings.tables" in answer.text
