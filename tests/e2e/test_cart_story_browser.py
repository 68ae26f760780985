"""The story of a cart in a browser, from publishing to the report, over the platforms' doubles.

Somebody puts a product into the cart and does not pay; the official account and WeCom can't reach them, the text
message does; the coupon is redeemed, and the report says so.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect
from tests.e2e.conftest import Brand
from tests.e2e.console import SignedIn, in_browser
from tests.e2e.server import PATIENCE, Commands, Server, admin_in, eventually, serving

from onepool.state.coupons import coupon_codes
from onepool.workspace import open_workspace

pytestmark = in_browser

HEADERS = {"X-OnePool": "1"}
PHONES = ("13800138101", "13800138102")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, env: dict[str, str]) -> Iterator[Server]:
    """A small demonstration brand, served with the doubles of its platforms."""
    commands = Commands(tmp_path_factory.mktemp("cart") / "ws", env)
    commands.run("demo", "--customers", "20", "--days", "14", str(commands.root), folder=False)
    with serving(commands, "--sandbox") as running:
        yield running


@pytest.fixture(scope="module")
def brand(server: Server) -> Brand:
    said = eventually(lambda: server.said() if "password:" in server.said() else "", "the admin")
    return Brand(server.commands, *admin_in(said))


@pytest.fixture(scope="module")
def api(server: Server, brand: Brand) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers=HEADERS, timeout=PATIENCE) as client:
        client.post("/api/v1/session", json={"email": brand.email, "password": brand.password}).raise_for_status()
        yield client


def _told(server: Server, folder: Path, event: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Events of the mini program, imported beside the running server."""
    path = folder / f"{event}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["event", "time", *rows[0]])
        writer.writeheader()
        now = datetime.now(UTC).isoformat()
        writer.writerows({"event": event, "time": now, **row} for row in rows)
    server.commands.run("import", "events", str(path), "--touchpoint", "mini")


def _ready(api: httpx.Client) -> None:
    """The shipped journey at any hour of the day: nobody held out, nothing held back, no hours of rest."""
    found = api.get("/api/v1/journeys/cart_recall").raise_for_status().json()
    story = found["definition"]
    story["entry"].pop("hold")
    story["params"].pop("hold")
    story["experiment"]["holdout"] = 0.0
    story["policy"].pop("quiet")
    body = {"definition": story, "reason": "at any hour"}
    answer = api.put("/api/v1/journeys/cart_recall", json=body)
    assert answer.is_success, answer.text
    policy = api.get("/api/v1/policies").raise_for_status().json()["definition"]
    kept = {key: value for key, value in policy.items() if key not in ("control", "holidays")}
    kept |= {"quiet": {}, "windows": {}}
    answer = api.put("/api/v1/policies", json={"definition": kept, "reason": "at any hour"})
    assert answer.is_success, answer.text


def _codes(server: Server) -> list[str]:
    workspace = open_workspace(server.root)
    try:
        with workspace.state.read() as connection:
            rows = connection.execute(coupon_codes.select().where(coupon_codes.c.status == "issued"))
            return [row.code for row in rows]
    finally:
        workspace.close()


def test_from_publishing_to_the_report(server: Server, api: httpx.Client, signed_in: SignedIn, tmp_path: Path) -> None:
    _ready(api)
    with signed_in() as console:
        page = console.page
        console.go("/journeys/cart_recall")
        page.get_by_test_id("journey-publish").click()
        page.get_by_test_id("publish-reason").fill("任何时候")
        page.get_by_test_id("publish-confirm").click()
        expect(page.get_by_test_id("publish-confirm")).to_have_count(0)

        _told(server, tmp_path, "consent_granted", [{"phone": one, "purpose": "marketing"} for one in PHONES])
        product = {"product_id": "MY0001", "product_name": "棉柔巾"}
        _told(server, tmp_path, "cart_added", [{"phone": one, **product} for one in PHONES])

        def sent() -> list[dict[str, Any]]:
            found = api.get("/api/v1/deliveries", params={"journey": "cart_recall", "channel": "sms"}).json()
            return [one for one in found["items"] if one["state"] in ("accepted", "delivered")]

        eventually(lambda: len(sent()) == len(PHONES), "the text messages")
        tried = api.get("/api/v1/deliveries", params={"journey": "cart_recall"}).json()["items"]
        reasons = {(one["channel"], one["reason"]) for one in tried if one["state"] == "suppressed"}
        assert reasons == {("wechat_oa", "not_follower"), ("wecom", "not_friend")}

        codes = _codes(server)
        assert len(codes) == len(PHONES)
        _told(server, tmp_path, "coupon_redeemed", [{"phone": PHONES[0], "coupon_code": one} for one in codes])

        def reached() -> bool:
            found = api.get("/api/v1/journeys/cart_recall/results").raise_for_status().json()
            return {one["reason"]: one["count"] for one in found["ended"]}.get("goal") == 1

        eventually(reached, "the goal")
        console.go("/journeys/cart_recall/report")
        expect(page.get_by_test_id("report-entered")).to_have_text(str(len(PHONES)))
        fallback = page.get_by_test_id("report-fallback")
        expect(fallback).to_contain_text("短信")
        expect(page.get_by_test_id("report-ends")).to_contain_text("1")
        # What stands behind a figure is as many as it says: runs, and messages.
        page.get_by_test_id("ended-goal").click()
        expect(page.get_by_test_id("runs-total")).to_have_attribute("data-value", "1")
        console.go("/journeys/cart_recall/report?all=1")
        for hop in range(3):
            tried = page.get_by_test_id(f"tried-send1-{hop}")
            said = int(tried.get_attribute("data-value") or "0")
            assert said == len(PHONES)
            tried.click()
            expect(page.get_by_test_id("deliveries").locator("tbody tr[data-row-key]")).to_have_count(said)
            page.go_back()
        console.go("/journeys/cart_recall?live=1&all=1")
        expect(page.get_by_test_id("sent-send1")).to_have_attribute("data-value", str(len(PHONES)))
        page.get_by_test_id("suppressed-send1").click()
        expect(page.get_by_test_id("deliveries").locator("tbody tr[data-row-key]")).to_have_count(2 * len(PHONES))
        console.go("/deliveries?journey=cart_recall&channel=sms")
        expect(page.get_by_test_id("deliveries").locator("tbody tr[data-row-key]")).to_have_count(len(PHONES))
