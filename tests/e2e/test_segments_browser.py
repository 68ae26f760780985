"""Segments in a real browser: built with sequences, planned, published, restored; portraits, overlaps, lists."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect
from tests.e2e.console import AXE, Console, SignedIn, in_browser
from tests.e2e.shop import HEROINE

pytestmark = in_browser


BOUGHT_THEN_CART: dict[str, Any] = {
    "sequence": [{"did": "order_paid"}, {"did": "cart_added", "gap": {"at_most": "20 days"}}],
    "within": {"last": "30 days"},
}


def test_a_nested_condition_with_a_sequence_is_built_planned_published_compared_and_restored(
    signed_in: SignedIn,
) -> None:
    with signed_in() as console:
        page = console.page
        console.go("/segments/new")
        root = page.get_by_test_id("condition-root")
        page.get_by_test_id("add-sequence").click()
        sequence = root.get_by_test_id("condition-leaf-sequence")
        first, second = sequence.get_by_test_id("step-0"), sequence.get_by_test_id("step-1")
        console.choose(first.get_by_role("combobox", name="行为"), "支付订单")
        console.choose(second.get_by_test_id("step-did-1").get_by_role("combobox"), "然后做过")
        console.choose(second.get_by_role("combobox", name="行为"), "加入购物车")

        # By keyboard alone: the second step up and down again, a third one added and taken away, a gap.
        page.get_by_test_id("step-handle-1").focus()
        page.keyboard.press("ArrowUp")
        expect(first).to_contain_text("加入购物车")
        expect(page.get_by_test_id("step-handle-0")).to_be_focused()
        page.keyboard.press("ArrowDown")
        expect(first).to_contain_text("支付订单")
        expect(page.get_by_test_id("step-handle-1")).to_be_focused()
        page.get_by_test_id("add-step-did-not").press("Enter")
        expect(sequence.get_by_role("listitem")).to_have_count(3)
        page.get_by_test_id("step-handle-2").press("Delete")
        expect(sequence.get_by_role("listitem")).to_have_count(2)
        page.get_by_test_id("step-gap-1").press("Enter")
        second.get_by_role("spinbutton", name="距上一步 不超过").fill("20")

        bought = _size(console, BOUGHT_THEN_CART)
        assert bought > 0
        size = page.get_by_test_id("preview-size")
        expect(size).to_have_attribute("data-value", str(bought))

        root.get_by_test_id("add-group").last.click()
        group = page.get_by_test_id("condition-group")
        _add(console, group, "属性")
        attribute = group.get_by_test_id("condition-leaf-attribute")
        console.choose(attribute.get_by_role("combobox", name="属性"), "城市")
        regions = attribute.get_by_role("combobox", name="城市", exact=True)
        regions.fill("杭州")
        page.locator(".ant-select-tree-title").filter(has_text="杭州市").first.click()
        page.keyboard.press("Escape")
        nested = {"all": [BOUGHT_THEN_CART, {"any": [{"attribute": "city", "region": ["330100"]}]}]}
        both = _size(console, nested)
        assert 0 < both < bought
        expect(size).to_have_attribute("data-value", str(both))
        expect(size).to_have_attribute("data-current", "true")
        expect(sequence.get_by_test_id("part-size").first).to_have_attribute("data-value", str(bought))
        sentence = page.get_by_test_id("preview-sentence")
        for words in ("支付订单", "加入购物车", "20 天", "杭州", "Order paid"):
            expect(sentence).to_contain_text(words)

        page.get_by_test_id("segment-title").fill("买过又加购的杭州人")
        page.get_by_test_id("segment-name").fill("hangzhou_again")
        page.get_by_test_id("segment-save").click()
        expect(page.get_by_test_id("plan-after")).to_have_attribute("data-value", str(both))
        expect(page.get_by_test_id("plan-entered")).to_have_attribute("data-value", str(both))
        page.get_by_test_id("plan-publish").click()
        expect(page).to_have_url(re.compile("/segments/hangzhou_again$"))
        expect(page.get_by_role("heading", level=1)).to_have_text("买过又加购的杭州人")
        expect(page.get_by_test_id("segment-size")).to_have_text(str(both))

        # A wider condition: the plan says who would enter, and asks for a reason.
        page.get_by_test_id("segment-edit").click()
        page.get_by_test_id("condition-group").get_by_role("button", name="删除条件组").click()
        expect(size).to_have_attribute("data-value", str(bought))
        expect(page.get_by_test_id("preview-change")).to_contain_text(f"+{bought - both}")
        page.get_by_test_id("segment-save").click()
        for name, count in (("before", both), ("after", bought), ("entered", bought - both), ("left", 0)):
            expect(page.get_by_test_id(f"plan-{name}")).to_have_attribute("data-value", str(count))
        expect(page.get_by_test_id("changes")).to_contain_text("删除")
        expect(page.get_by_test_id("plan-publish")).to_be_disabled()
        page.get_by_test_id("plan-reason").fill("不限城市")
        page.get_by_test_id("plan-publish").click()
        expect(page).to_have_url(re.compile("/segments/hangzhou_again$"))
        expect(page.get_by_test_id("segment-size")).to_have_text(str(bought))

        page.get_by_test_id("segment-nav-versions").click()
        table = page.get_by_test_id("versions-table")
        expect(table).to_contain_text("不限城市")
        diff = page.get_by_test_id("version-diff")
        expect(diff).to_contain_text("第 1 版")
        expect(diff).to_contain_text("第 2 版")
        expect(diff.get_by_test_id("changes")).to_contain_text("城市")
        page.get_by_test_id("restore-1").click()
        expect(page.get_by_test_id("plan-after")).to_have_attribute("data-value", str(both))
        expect(page.get_by_test_id("plan-left")).to_have_attribute("data-value", str(bought - both))
        page.get_by_test_id("plan-reason").fill("还是只看杭州")
        page.get_by_test_id("plan-publish").click()
        expect(table.get_by_role("row").filter(has_text="v3")).to_contain_text("还是只看杭州")
        page.get_by_test_id("segment-nav-overview").click()
        expect(page.get_by_test_id("segment-size")).to_have_text(str(both))


def test_a_draft_keeps_itself_until_it_is_thrown_away(signed_in: SignedIn) -> None:
    with signed_in() as console:
        page = console.page
        console.go("/segments/active_buyers/edit")
        expect(page.get_by_test_id("preview-size")).to_have_attribute("data-value", re.compile(r"^\d+$"))
        page.get_by_role("spinbutton", name="次数").fill("1")
        expect(page.get_by_test_id("draft-kept")).to_be_visible()
        page.get_by_test_id("undo").click()
        expect(page.get_by_role("spinbutton", name="次数")).to_have_value("2")
        page.get_by_test_id("redo").click()
        expect(page.get_by_role("spinbutton", name="次数")).to_have_value("1")
        expect(page.get_by_test_id("draft-kept")).to_be_visible()
        console.go("/segments/active_buyers/edit")
        expect(page.get_by_test_id("draft-restored")).to_be_visible()
        expect(page.get_by_role("spinbutton", name="次数")).to_have_value("1")
        page.get_by_test_id("draft-discard").click()
        expect(page.get_by_role("spinbutton", name="次数")).to_have_value("2")
        expect(page.get_by_test_id("segment-save")).to_be_disabled()
        console.go("/segments/active_buyers/edit")
        expect(page.get_by_test_id("preview-size")).to_have_attribute("data-value", re.compile(r"^\d+$"))
        expect(page.get_by_test_id("draft-restored")).to_have_count(0)


def test_yaml_and_builder_say_the_same_and_a_misspelt_name_is_mended_by_a_click(signed_in: SignedIn) -> None:
    with signed_in() as console:
        page = console.page
        console.go("/segments/new?tab=yaml")
        page.get_by_test_id("segment-yaml").fill(
            "sequence:\n  - did: order_paid\n  - did_not: cart_addded\n    for: 2 days\nwithin: {last: 60 days}\n"
        )
        page.get_by_role("tab", name="可视化").click()
        page.get_by_test_id("step-1").get_by_test_id("use-suggestion").click()
        condition = {
            "sequence": [{"did": "order_paid"}, {"did_not": "cart_added", "for": "2 days"}],
            "within": {"last": "60 days"},
        }
        expect(page.get_by_test_id("preview-size")).to_have_attribute("data-value", str(_size(console, condition)))
        page.get_by_role("tab", name="YAML").click()
        expect(page.get_by_test_id("segment-yaml")).to_have_value(re.compile("did_not: cart_added\n"))


def test_a_portrait_tells_what_sets_a_segment_apart_and_a_cell_becomes_a_segment(signed_in: SignedIn) -> None:
    with signed_in() as console:
        page = console.page
        console.go("/segments/active_buyers/portrait")
        asked = page.request.get(f"{console.url}/api/v1/segments/active_buyers/portrait").json()
        expect(page.get_by_test_id("portrait-size")).to_have_attribute("data-value", str(asked["sizes"]["segment"]))
        expect(page.get_by_test_id("portrait-base-size")).to_have_attribute("data-value", str(asked["sizes"]["base"]))
        stage = page.get_by_test_id("dimension-stage")
        told = next(one for one in asked["dimensions"] if one["name"] == "stage")
        active = next(one for one in told["cells"] if one["value"] == "active")
        row = stage.get_by_test_id("portrait-cell").filter(has_text="active")
        expect(row).to_contain_text(f"{active['in_segment']}")
        expect(row.get_by_role("img", name=re.compile("TGI"))).to_be_visible()
        stage.get_by_text("表格").click()
        expect(stage.get_by_role("table").first).to_contain_text("95% 区间")
        stage.get_by_text("图表").click()
        row.get_by_role("link").click()
        expect(page).to_have_url(re.compile(r"/customers\?segment=active_buyers&tag=stage&value=active"))
        page.go_back()
        page.get_by_test_id("dimension-stage").get_by_test_id("portrait-cell").filter(has_text="active").get_by_test_id(
            "save-cell"
        ).click()
        expect(page.get_by_test_id("preview-size")).to_have_attribute("data-value", str(active["in_segment"]))
        console.go("/segments/active_buyers/portrait?base=cart_waiting&kind=tag")
        other = {"base": "cart_waiting"}
        waiting = page.request.get(f"{console.url}/api/v1/segments/active_buyers/portrait", params=other).json()
        assert waiting["sizes"]["base"] != asked["sizes"]["base"]
        base = page.get_by_test_id("portrait-base-size")
        expect(base).to_have_attribute("data-value", str(waiting["sizes"]["base"]))


def test_overlaps_are_drawn_chosen_by_keyboard_listed_and_saved(signed_in: SignedIn) -> None:
    with signed_in() as console:
        page = console.page
        console.go("/overlap?segments=active_buyers,cart_waiting")
        told = page.request.post(
            f"{console.url}/api/v1/segments/overlap",
            data={"segments": ["active_buyers", "cart_waiting"]},
            headers={"X-OnePool": "1"},
        ).json()
        columns = page.get_by_test_id("upset-column")
        expect(columns).to_have_count(len(told["intersections"]))
        assert len(told["intersections"]) > 1
        columns.first.focus()
        page.keyboard.press("ArrowRight")
        second = told["intersections"][1]["count"]
        expect(page.get_by_test_id("overlap-count")).to_have_attribute("data-value", str(second))
        expect(columns.nth(1)).to_be_focused()
        page.get_by_text("表格").first.click()
        expect(page.get_by_test_id("overlap-table").get_by_role("row")).to_have_count(len(told["intersections"]) + 1)
        page.get_by_test_id("overlap-save").click()
        expect(page.get_by_test_id("preview-size")).to_have_attribute("data-value", str(second))


def test_a_list_is_checked_uploaded_used_in_a_condition_and_deleted(signed_in: SignedIn) -> None:
    with signed_in() as console:
        page = console.page
        console.go("/lists")
        page.get_by_test_id("list-new").first.click()
        page.get_by_test_id("list-title").fill("到场嘉宾")
        page.get_by_test_id("list-name").fill("guests_here")
        page.get_by_test_id("list-create").click()
        drawer = page.get_by_role("dialog")
        drawer.get_by_text("粘贴").click()
        page.get_by_test_id("list-paste").fill(f"{HEROINE['phone']}\n13900009999\n{HEROINE['phone']}\n12\n")
        console.choose(drawer.get_by_role("combobox", name="标识类型"), "手机号")
        page.get_by_test_id("list-check").click()
        report = page.get_by_test_id("list-report")
        expect(report).to_have_attribute("data-done", "false")
        told = {"read": 4, "entries": 2, "matched": 1, "unmatched": 1, "duplicates": 1, "refused": 1}
        for name, count in told.items():
            expect(page.get_by_test_id(f"report-{name}")).to_have_attribute("data-value", str(count))
        assert page.request.get(f"{console.url}/api/v1/lists/guests_here").json()["entries"] == 0
        page.get_by_test_id("list-send").click()
        expect(report).to_have_attribute("data-done", "true")
        page.get_by_test_id("list-close").click()
        console.go("/lists/guests_here")
        expect(page.get_by_test_id("list-size")).to_have_attribute("data-value", "1")
        expect(page.get_by_test_id("list-members")).to_contain_text(HEROINE["name"])
        page.get_by_role("tab", name="未匹配").click()
        expect(page.get_by_test_id("list-unmatched")).to_contain_text("139****9999")
        page.get_by_test_id("list-use").click()
        expect(page.get_by_test_id("preview-size")).to_have_attribute("data-value", "1")
        expect(page.get_by_test_id("condition-leaf-list")).to_contain_text("到场嘉宾")
        console.go("/lists/guests_here")
        page.get_by_test_id("list-remove").click()
        page.get_by_test_id("typed-name").fill("guests_here")
        page.get_by_test_id("typed-confirm").click()
        expect(page).to_have_url(f"{console.url}/lists")


@pytest.mark.parametrize(("theme", "language"), [("light", "zh-CN"), ("dark", "en")])
def test_the_pages_of_segments_can_be_used_by_everybody(signed_in: SignedIn, theme: str, language: str) -> None:
    if not AXE.exists():
        pytest.skip("axe is not installed: npm ci in console")
    faults: list[str] = []
    with signed_in(theme=theme, language=language) as console:
        page = console.page
        for path in (
            "/segments",
            "/segments/active_buyers",
            "/segments/active_buyers?days=7",
            "/segments/active_buyers/edit?tab=yaml",
            "/segments/active_buyers/versions",
            "/segments/active_buyers/portrait",
            "/overlap",
            "/overlap?segments=active_buyers,cart_waiting",
            "/lists",
            "/lists?act=new",
        ):
            console.go(path)
            faults += [f"{path}: {fault}" for fault in console.faults()]
        every = {
            "all": [
                BOUGHT_THEN_CART,
                {"any": [{"attribute": "city", "region": ["330000"]}, {"tag": "stage", "is": "active"}]},
                {"attribute": "birthday", "anniversary": {"in": {"next": "7 days"}}},
                {"not": {"segment": "cart_waiting"}},
                {"consent": {"purpose": "marketing", "channel": "sms"}},
                {"reachable": {"channel": "sms"}},
                {"list": "nobody_made_it"},
                {"did": "order_paid", "where": {"amount": {"at_least": 10}}, "times": {"at_least": 2}},
            ]
        }
        console.go(f"/segments/new?condition={quote(json.dumps(every))}")
        expect(page.get_by_role("alert").first).to_be_visible()
        for kind in ("sequence", "attribute", "tag", "segment", "list", "consent", "reachable", "behaviour"):
            expect(page.get_by_test_id(f"condition-leaf-{kind}").first).to_be_visible()
        faults += [f"every kind of leaf: {fault}" for fault in console.faults()]
        console.go("/segments/cart_waiting/edit")
        page.get_by_test_id("segment-title").fill("Waiting")
        page.get_by_test_id("segment-save").click()
        expect(page.get_by_test_id("plan-effect")).to_be_visible()
        faults += [f"plan: {fault}" for fault in console.faults()]
    assert not faults, "\n".join(faults)


def _size(console: Console, condition: dict[str, Any]) -> int:
    """How many customers a condition selects, by the server."""
    answer = console.page.request.post(
        f"{console.url}/api/v1/conditions/preview", data={"condition": condition}, headers={"X-OnePool": "1"}
    )
    assert answer.ok, answer.text()
    found = answer.json()
    assert not found["problems"], found["problems"]
    return int(found["size"])


def _add(console: Console, group: Any, kind: str) -> None:
    group.get_by_test_id("add-condition").click()
    console.page.get_by_role("menuitem", name=kind).click()


def test_who_came_into_a_segment_is_asked_for_like_an_event(signed_in: SignedIn) -> None:
    """By the builder: the segments alone are chosen, then how often and when."""
    with signed_in() as console:
        page = console.page
        console.go("/segments/new")
        page.get_by_test_id("add-behaviour").click()
        leaf = page.get_by_test_id("condition-root").get_by_test_id("condition-leaf-behaviour")
        console.choose(leaf.get_by_role("combobox", name="行为"), "进入人群")
        segments = leaf.get_by_role("combobox", name="人群", exact=True)
        segments.click()
        page.locator(".ant-select-item-option").filter(has_text="活跃").first.click()
        page.keyboard.press("Escape")
        asked = {"segment": {"in": ["active_buyers"]}}
        came = {"did": "segment_entered", "where": asked, "within": {"last": "30 days"}}
        count = _size(console, came)
        assert count > 0
        size = page.get_by_test_id("preview-size")
        expect(size).to_have_attribute("data-value", str(count))
        expect(page.get_by_test_id("preview-sentence")).to_contain_text("最近 30 天内进入过人群")
        expect(leaf.get_by_role("button", name="渠道")).to_have_count(0)
