"""Journeys in a real browser: drawn, undone, written as text, moved by keyboard, tried, published, reported."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import APIRequestContext, Page, expect
from tests.e2e.console import SignedIn, in_browser
from tests.e2e.server import eventually

pytestmark = in_browser

HEADERS = {"X-OnePool": "1"}
SAVED = re.compile("^saved$")


def _waiting(name: str) -> dict[str, Any]:
    """Who puts something into the cart waits a day; who has not paid by then ends as reminded."""
    return {
        "journey": name,
        "name": {"zh": f"加购等待 {name}", "en": f"Cart wait {name}"},
        "entry": {"did": "cart_added", "reentry": {"when": "after_exit", "cooldown": "7 days"}},
        "experiment": {"holdout": 0.1},
        "goal": {"did": "order_paid", "within": "7 days"},
        "max_life": "14 days",
        "start": "rest",
        "nodes": {
            "rest": {"do": "wait", "for": "1 day", "next": "paid"},
            "paid": {
                "do": "branch",
                "cases": [{"when": {"did": "order_paid", "since": "entry"}, "next": "end_paid"}],
                "else": "end_open",
            },
            "end_paid": {"do": "end", "as": "completed"},
            "end_open": {"do": "end", "as": "reminded"},
        },
    }


def _made(api: APIRequestContext, name: str) -> None:
    answer = api.post("/api/v1/journeys", data={"definition": _waiting(name)}, headers=HEADERS)
    assert answer.status == 201, answer.text()


def _draft(api: APIRequestContext, name: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/api/v1/journeys/{name}").json()["definition"]
    return found


def _saved(page: Page) -> None:
    expect(page.get_by_test_id("journey-kept")).to_have_attribute("data-state", SAVED)


def test_a_journey_is_drawn_from_nothing_undone_copied_and_kept(signed_in: SignedIn, api: APIRequestContext) -> None:
    with signed_in() as console:
        page = console.page
        console.go("/journeys")
        page.get_by_test_id("journey-new").first.click()
        page.get_by_test_id("journey-blank").click()
        page.wait_for_url(re.compile(r"/journeys/journey\w*\?panel=entry"))
        console.settled()
        name = re.findall(r"/journeys/(\w+)", page.url)[0]
        console.choose(page.get_by_test_id("entry-event").get_by_role("combobox"), "加入购物车")
        expect(page.get_by_test_id("step-entry")).to_contain_text("加入购物车")

        steps = page.locator(".op-step")
        page.get_by_test_id("add-$entry-start").click()
        page.get_by_test_id("add-kind-wait").click()
        expect(page.get_by_test_id("step-wait")).to_be_visible()
        page.get_by_test_id("palette-branch").click()
        expect(page.get_by_test_id("step-branch")).to_be_visible()
        page.get_by_test_id("palette-end").drag_to(page.get_by_test_id("add-branch-cases[0]"))
        expect(page.get_by_test_id("step-end")).to_be_visible()
        expect(steps).to_have_count(5)
        page.get_by_test_id("node-note").fill("已经付款")
        expect(page.get_by_test_id("step-end")).to_be_visible()

        # Undo and redo by key; what a branch alone led to goes with it, and comes back.
        page.locator('[data-id="branch"]').focus()
        page.keyboard.press("Delete")
        expect(steps).to_have_count(3)
        page.get_by_test_id("undo-remove").click()
        expect(steps).to_have_count(5)
        page.locator('[data-id="wait"]').focus()
        page.keyboard.press("Control+y")
        expect(steps).to_have_count(3)
        page.keyboard.press("Control+z")
        expect(steps).to_have_count(5)

        # A copy of a step, put behind the chosen one.
        page.locator('[data-id="wait"]').focus()
        page.keyboard.press("Control+c")
        page.keyboard.press("Control+v")
        expect(page.get_by_test_id("step-wait_2")).to_be_visible()
        eventually(lambda: "wait_2" in _draft(api, name)["nodes"], "the copy, saved")
        _saved(page)
        draft = _draft(api, name)
        assert draft["start"] == "wait" and draft["nodes"]["wait"]["next"] == "wait_2"
        assert draft["nodes"]["end"]["note"] == "已经付款"
        page.reload()
        console.settled()
        expect(steps).to_have_count(6)

        # The branch has no condition yet: publishing shows that first, and leads there.
        page.get_by_test_id("journey-publish").click()
        page.get_by_test_id("problem-jump").first.click()
        expect(page.get_by_test_id("journey-aside")).to_contain_text("条件分支")


def test_the_way_is_led_elsewhere_by_mouse_and_never_in_a_circle(signed_in: SignedIn, api: APIRequestContext) -> None:
    _made(api, "by_mouse")
    with signed_in() as console:
        page = console.page
        console.go("/journeys/by_mouse")

        def drag(source: str, target: str) -> None:
            start = console.still(page.locator(f'[data-id="{source}"] .react-flow__handle-bottom').first)
            end = console.still(page.locator(f'[data-id="{target}"] .react-flow__handle-top'))
            page.mouse.move(start["x"] + 4, start["y"] + 4)
            page.mouse.down()
            page.mouse.move(end["x"] + 30, end["y"] - 20, steps=6)
            page.mouse.move(end["x"] + 4, end["y"] + 4, steps=6)
            page.mouse.up()

        drag("rest", "end_open")
        eventually(lambda: _draft(api, "by_mouse")["nodes"]["rest"]["next"] == "end_open", "the other way, saved")
        _saved(page)
        page.get_by_test_id("undo").click()
        drag("paid", "rest")
        console.told("不能连成环")
        eventually(lambda: _draft(api, "by_mouse") == _waiting("by_mouse"), "the journey as it was")
        _saved(page)


def test_drawing_list_and_text_are_the_same_journey(signed_in: SignedIn, api: APIRequestContext) -> None:
    _made(api, "three_ways")
    with signed_in() as console:
        page = console.page
        console.go("/journeys/three_ways?view=yaml")
        text = page.get_by_test_id("journey-yaml")
        text.fill(text.input_value().replace("for: 1 day", "for: 2 days"))
        page.get_by_text("列表", exact=True).click()
        rows = page.get_by_role("treeitem")
        expect(page.get_by_test_id("outline-rest")).to_contain_text("2 天")
        expect(rows).to_have_count(4)

        # All of it by keyboard: a step is put behind the first, given a note, taken away again.
        page.get_by_test_id("outline-rest").focus()
        page.keyboard.press("Insert")
        page.get_by_role("menuitem", name="重复").click()
        expect(page.get_by_test_id("outline-repeat")).to_be_visible()
        page.get_by_test_id("outline-rest").focus()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_test_id("outline-repeat")).to_be_focused()
        page.keyboard.press("Delete")
        expect(page.get_by_test_id("outline-repeat")).to_have_count(0)
        page.get_by_test_id("outline-paid").focus()
        page.keyboard.press("ArrowLeft")
        expect(rows).to_have_count(2)
        page.keyboard.press("ArrowRight")
        expect(rows).to_have_count(4)
        page.get_by_test_id("outline-end_open").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("journey-aside")).to_contain_text("结束")

        # A text that can't be read changes nothing and says where.
        page.get_by_text("YAML", exact=True).click()
        text.fill(text.input_value() + "\n  : [")
        expect(page.locator(".op-yaml-notes")).to_contain_text("行")
        page.get_by_text("画布", exact=True).last.click()
        expect(page.get_by_test_id("step-rest")).to_contain_text("2 天")
        waits = {"do": "wait", "for": "2 days", "next": "paid"}
        eventually(lambda: _draft(api, "three_ways")["nodes"]["rest"] == waits, "the step as it was written")
        _saved(page)


def test_a_journey_is_tried_published_changed_compared_paused_and_stopped(
    signed_in: SignedIn, api: APIRequestContext
) -> None:
    _made(api, "whole_life")
    with signed_in() as console:
        page = console.page
        console.go("/journeys/whole_life?panel=simulate")
        page.get_by_text("人群抽样").click()
        console.choose(page.get_by_test_id("simulate-segment").get_by_role("combobox"), "加购未付款")
        page.get_by_test_id("simulate-run").click()
        expect(page.get_by_test_id("simulation")).to_be_visible()

        page.get_by_test_id("journey-publish").click()
        expect(page.get_by_test_id("plan-entrants")).to_be_visible()
        page.get_by_test_id("publish-confirm").click()
        expect(page.get_by_test_id("publish-confirm")).to_have_count(0)
        expect(page.get_by_test_id("journey-stop")).to_be_visible()
        assert api.get("/api/v1/journeys/whole_life").json()["status"] == "live"

        console.go("/journeys/whole_life?live=1&all=1")
        page.get_by_test_id("in-rest").click()
        expect(page).to_have_url(re.compile("/journeys/whole_life/runs.*reached=rest"))
        shown = page.get_by_test_id("runs-total").or_(page.get_by_text("没有符合的客户", exact=True))
        expect(shown).to_be_visible()
        console.go("/journeys/whole_life?sel=end_open")
        page.get_by_test_id("node-note").fill("改一改")
        eventually(lambda: _draft(api, "whole_life")["nodes"]["end_open"].get("note") == "改一改", "the note, saved")
        _saved(page)
        page.get_by_test_id("journey-nav-versions").click()
        expect(page.get_by_test_id("journey-diff")).to_be_visible()
        for place in ("runs", "report"):
            page.get_by_test_id(f"journey-nav-{place}").click()
            expect(page).to_have_url(re.compile(f"/journeys/whole_life/{place}"))
            console.settled()

        again = api.post("/api/v1/journeys/whole_life/publish", data={"reason": "a note"}, headers=HEADERS)
        assert again.ok, again.text()
        after, before = (one["version"] for one in api.get("/api/v1/journeys/whole_life/versions").json()["items"])
        console.go(f"/journeys/whole_life/compare?a={before}&b={after}")
        expect(page).to_have_url(re.compile(f"/journeys/whole_life/versions.*b={after}"))
        for figure in ("entered", "step-rest", "goals", "sends", "uplift-holdout"):
            expect(page.get_by_test_id(f"beside-{figure}")).to_be_visible()
        page.get_by_test_id("versions-backtest").click()
        expect(page.get_by_test_id("difference")).to_be_visible()

        page.get_by_test_id("journey-pause").click()
        expect(page.get_by_test_id("journey-resume")).to_be_visible()
        page.get_by_test_id("journey-resume").click()
        expect(page.get_by_test_id("journey-pause")).to_be_visible()
        page.get_by_test_id("journey-stop").click()
        expect(page.get_by_test_id("stop-confirm")).to_be_disabled()
        page.get_by_test_id("stop-name").fill("whole_life")
        page.get_by_test_id("stop-confirm").click()
        expect(page.get_by_test_id("journey-stop")).to_have_count(0)
        assert api.get("/api/v1/journeys/whole_life").json()["status"] in ("stopping", "stopped")


def _days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


def test_the_past_again_for_everybody_beside_what_is_published_and_as_a_case(
    signed_in: SignedIn, api: APIRequestContext
) -> None:
    _made(api, "over_the_past")
    published = api.post("/api/v1/journeys/over_the_past/publish", data={}, headers=HEADERS)
    assert published.status == 200, published.text()
    with signed_in() as console:
        page = console.page
        console.go("/journeys/over_the_past?panel=simulate")
        panel = page.get_by_test_id("journey-aside")
        page.get_by_text("人群抽样").click()
        console.choose(page.get_by_test_id("simulate-segment").get_by_role("combobox"), "加购未付款")
        page.get_by_test_id("simulate-run").click()
        expect(page.get_by_test_id("simulation")).to_be_visible()
        page.get_by_test_id("case-name").fill("cart_left")
        page.get_by_test_id("case-keep").click()
        expect(panel.get_by_text("已保存", exact=True)).to_be_visible()

        panel.get_by_role("tab", name="回测").click()
        page.get_by_test_id("backtest-run").click()
        found = panel.get_by_role("tabpanel", name="回测").get_by_test_id("simulated-entered")
        expect(found).to_have_attribute("data-value", re.compile(r"^[1-9]\d*$"))
        assert console.faults() == []

        panel.get_by_role("tab", name="用例").click()
        page.get_by_test_id("cases-run").click()
        expect(page.get_by_test_id("case")).to_have_attribute("data-passed", "true")

        # Whoever waits two hours instead of a day ends as reminded more often.
        draft = _waiting("over_the_past")
        draft["nodes"]["rest"]["for"] = "2 hours"
        saved = api.put("/api/v1/journeys/over_the_past", data={"definition": draft}, headers=HEADERS)
        assert saved.status == 200, saved.text()
        console.go("/journeys/over_the_past?panel=simulate")
        panel.get_by_role("tab", name="版本对比").click()
        page.get_by_test_id("compare-run").click()
        expect(page.get_by_test_id("difference")).to_contain_text("人走不同的路径")
        panel.get_by_role("tab", name="用例").click()
        page.get_by_test_id("cases-run").click()
        expect(page.get_by_test_id("case")).to_have_attribute("data-passed", re.compile("true|false"))
        assert console.faults() == []

        # Before it is published they are carried out too; one that differs wants to be seen first.
        asked = {"definition": _waiting("over_the_past"), "start": _days_ago(30), "days": 30, "name": "everybody"}
        assert api.post("/api/v1/journeys/cases", data=asked, headers=HEADERS).status == 201
        draft["experiment"] = {"holdout": 0.9, "salt": "most"}
        saved = api.put("/api/v1/journeys/over_the_past", data={"definition": draft}, headers=HEADERS)
        assert saved.status == 200, saved.text()
        console.go("/journeys/over_the_past")
        page.get_by_test_id("journey-publish").click()
        carried = page.get_by_test_id("publish-cases")
        expect(carried).to_have_attribute("data-done", "2")
        expect(carried.get_by_text("everybody", exact=True)).to_be_visible()
        page.get_by_test_id("publish-reason").fill("两小时")
        expect(page.get_by_test_id("publish-confirm")).to_be_disabled()
        page.get_by_test_id("publish-anyway").check()
        expect(page.get_by_test_id("publish-confirm")).to_be_enabled()
        assert console.faults() == []


def test_people_talk_about_a_step_and_nothing_of_the_journey_changes(
    signed_in: SignedIn, api: APIRequestContext
) -> None:
    _made(api, "talked_about")
    before = api.get("/api/v1/journeys/talked_about").json()
    with signed_in() as console:
        page = console.page
        console.go("/journeys/talked_about")
        page.get_by_test_id("step-paid").click()
        page.get_by_test_id("comment-text").fill("付款后还要发吗？")
        page.get_by_test_id("comment-add").click()
        expect(page.get_by_test_id("comment")).to_contain_text("付款后还要发吗？")
        expect(page.get_by_test_id("said-paid")).to_contain_text("1")
        expect(page.get_by_test_id("comment-text")).to_have_value("")
        # Of the journey and its steps in one place, with the keyboard too.
        page.get_by_test_id("part-comments").click()
        page.get_by_test_id("comment-text").fill("双十一后上线")
        page.get_by_test_id("comment-text").press("Control+Enter")
        expect(page.get_by_test_id("comment")).to_have_count(2)
        expect(page.get_by_test_id("part-comments")).to_contain_text("2")
        assert console.faults() == []
        page.get_by_test_id("comment").filter(has_text="付款后").get_by_test_id("comment-resolve").click()
        expect(page.get_by_test_id("comment")).to_have_count(1)
        expect(page.get_by_test_id("said-paid")).to_have_count(0)
        page.get_by_test_id("comments-resolved").click()
        page.get_by_test_id("comment").filter(has_text="付款后").get_by_test_id("comment-resolve").click()
        expect(page.get_by_test_id("said-paid")).to_be_visible()
    assert api.get("/api/v1/journeys/talked_about").json() == before


def test_an_address_that_is_no_journey_leads_to_the_gallery(signed_in: SignedIn) -> None:
    with signed_in() as console:
        console.go("/journeys/templates")
        console.page.wait_for_url("**/journeys/new")
        expect(console.page.get_by_role("heading", level=1)).to_be_visible()


@pytest.mark.parametrize(("language", "theme"), [("zh-CN", "light"), ("en", "dark")])
def test_nothing_of_it_keeps_anybody_out(
    signed_in: SignedIn, api: APIRequestContext, language: str, theme: str
) -> None:
    name = f"for_all_{theme}"
    _made(api, name)
    places = [
        "/journeys",
        "/journeys/new",
        "/journeys/new?template=birthday",
        f"/journeys/{name}",
        f"/journeys/{name}?sel=paid",
        f"/journeys/{name}?view=list",
        f"/journeys/{name}?view=yaml&panel=policy",
        f"/journeys/{name}?panel=entry",
        f"/journeys/{name}?panel=comments",
        f"/journeys/{name}/versions",
        f"/journeys/{name}/runs",
        f"/journeys/{name}/report",
    ]
    with signed_in(language=language, theme=theme) as console:
        for place in places:
            console.go(place)
            assert console.faults() == [], place
