"""Destinations in the browser: made by the form, previewed, run, changed, paused, taken away."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import APIRequestContext, expect
from tests.e2e.conftest import Brand
from tests.e2e.console import SignedIn, in_browser
from tests.e2e.shop import PEOPLE

pytestmark = in_browser
HEADERS = {"X-OnePool": "1"}


def test_customers_go_to_a_folder_by_clicks(signed_in: SignedIn, brand: Brand, api: APIRequestContext) -> None:
    with signed_in() as console:
        page = console.page
        console.go("/destinations")
        assert console.faults() == []
        page.get_by_test_id("destination-new").first.click()
        page.get_by_test_id("destination-name").fill("crm_people")
        page.get_by_test_id("destination-path").fill("crm/people")
        console.choose(page.get_by_role("combobox", name="文件格式"), "CSV")
        console.choose(page.get_by_role("combobox", name="频率"), "只手动运行")
        page.get_by_test_id("destination-add-column").click()
        page.get_by_role("combobox", name="取自").last.fill("attribute.name")
        page.get_by_role("textbox", name="对方的列名").last.fill("full_name")
        assert console.faults() == []
        page.get_by_test_id("destination-purpose").fill("会员服务")
        page.get_by_test_id("destination-save").click()
        expect(page).to_have_url(re.compile("/destinations/crm_people"))
        console.settled()
        expect(page.get_by_test_id("destination-runs")).to_contain_text("还没有运行过")
        assert console.faults() == []

        # Other tests of the same server may have brought customers of their own.
        people: int = api.get("/api/v1/customers").json()["total"]
        assert people >= PEOPLE
        page.get_by_test_id("destination-preview").click()
        expect(page.get_by_test_id("destination-would")).to_contain_text(f"将写入 {people} 行")
        expect(page.get_by_role("dialog")).to_contain_text("full_name")
        expect(page.get_by_role("dialog")).not_to_contain_text("李小满")
        assert console.faults() == []
        page.get_by_test_id("destination-run").click()
        expect(page.get_by_test_id("destination-ran")).to_contain_text(f"写入 {people} 行")
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("destination-total")).to_have_attribute("data-value", str(people))
        expect(page.get_by_test_id("destination-runs")).to_contain_text("完成")
    written = list(brand.commands.root.rglob("exports/crm/people/**/*.csv"))
    assert any("李小满" in file.read_text("utf-8-sig") for file in written), written

    saved: dict[str, Any] = api.get("/api/v1/destinations/crm_people").json()["body"]
    assert (saved["every"], saved["to"]["format"], saved["purpose"]) == (0, "csv", "会员服务")
    assert saved["columns"][-1] == {"full_name": "attribute.name"}

    with signed_in(language="en", theme="dark") as console:
        page = console.page
        console.go("/destinations/crm_people")
        page.get_by_test_id("destination-pause").click()
        expect(page.get_by_role("button", name="Resume")).to_be_visible()
        assert api.get("/api/v1/destinations/crm_people").json()["body"]["paused"] is True
        assert console.faults() == []
        page.get_by_test_id("destination-remove").click()
        page.get_by_test_id("typed-name").fill("crm_people")
        page.get_by_test_id("typed-confirm").click()
        expect(page).to_have_url(re.compile("/destinations$"))
    assert api.get("/api/v1/destinations/crm_people").status == 404


def test_what_fails_says_why_and_secrets_are_kept_apart(signed_in: SignedIn, api: APIRequestContext) -> None:
    with signed_in() as console:
        page = console.page
        console.go("/destinations?act=new")
        page.get_by_test_id("destination-name").fill("crm_table")
        console.choose(page.get_by_role("combobox", name="写到哪里"), "数据库表")
        page.get_by_test_id("destination-url").fill("postgresql://crm:not shown@127.0.0.1:9/crm")
        page.get_by_test_id("destination-table").fill("people")
        # By hand alone: else the server may be at its first run while the test asks for one.
        console.choose(page.get_by_role("combobox", name="频率"), "只手动运行")
        page.get_by_test_id("destination-save").click()
        expect(page).to_have_url(re.compile("/destinations/crm_table"))
        saved = api.get("/api/v1/destinations/crm_table").json()["body"]
        assert saved["to"]["url"].startswith("file:")
        ran = api.post("/api/v1/destinations/crm_table/run", data={}, headers=HEADERS)
        assert ran.ok and ran.json()["error"] != ""
        console.go("/destinations/crm_table")
        expect(page.get_by_test_id("destination-runs")).to_contain_text("失败")
        assert "not shown" not in page.content()

        page.get_by_test_id("destination-edit").click()
        page.get_by_role("tab", name="YAML").click()
        page.get_by_test_id("yaml").fill("what: [")
        expect(page.get_by_test_id("destination-save")).to_be_disabled()
    assert api.delete("/api/v1/destinations/crm_table", headers=HEADERS).ok


def test_a_segment_becomes_an_audience_for_advertisements(
    signed_in: SignedIn, brand: Brand, api: APIRequestContext
) -> None:
    point = {"channel": "ads", "title": {"zh": "巨量引擎", "en": "Ocean Engine"}, "settings": {}}
    answer = api.put("/api/v1/touchpoints/ocean", data=point, headers=HEADERS)
    assert answer.ok or answer.json()["code"] == "touchpoint-exists", answer.text()
    segment = api.get("/api/v1/segments").json()["items"][0]
    with signed_in() as console:
        page = console.page
        console.go("/destinations?act=new")
        page.get_by_test_id("destination-name").fill("seeds")
        console.choose(page.get_by_role("combobox", name="写到哪里"), "广告人群包")
        expect(page.get_by_test_id("destination-columns")).to_have_count(0)
        console.choose(page.get_by_role("combobox", name="广告触点"), "巨量引擎")
        console.choose(page.get_by_role("combobox", name="人群"), segment["title"]["zh"])
        page.keyboard.press("Escape")
        console.choose(page.get_by_role("combobox", name="频率"), "只手动运行")
        page.get_by_test_id("destination-purpose").fill("投放种子人群")
        assert console.faults() == []
        page.get_by_test_id("destination-save").click()
        expect(page).to_have_url(re.compile("/destinations/seeds"))
        page.get_by_test_id("destination-preview").click()
        page.get_by_test_id("destination-run").click()
        expect(page.get_by_test_id("destination-ran")).to_be_visible()
        assert console.faults() == []
    saved: dict[str, Any] = api.get("/api/v1/destinations/seeds").json()
    assert (saved["body"]["to"], saved["personal"]) == ({"kind": "ads", "touchpoint": "ocean", "path": ""}, ["hash"])
    assert "columns" not in saved["body"]
    assert api.delete("/api/v1/destinations/seeds", headers=HEADERS).ok
