"""Tags in the browser: made by form, tried, published, changed and brought back, explained, followed upstream."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import APIRequestContext, Page, expect
from tests.e2e.console import SignedIn, in_browser
from tests.e2e.server import Server, eventually
from tests.e2e.shop import HEROINE

pytestmark = in_browser

HEADERS = {"X-OnePool": "1"}


def _values(api: APIRequestContext, name: str) -> dict[str, int]:
    """How many customers have each value of a tag."""
    body = api.get(f"/api/v1/tags/{name}").json()
    return {one["value"]: one["count"] for one in body["distribution"]}


def _made(api: APIRequestContext, definition: dict[str, Any]) -> None:
    """A tag of a test alone, saved over the API."""
    answer = api.post("/api/v1/tags", data={"definition": definition, "reason": "test"}, headers=HEADERS)
    assert answer.status == 201, answer.text()


def _spending(name: str) -> dict[str, Any]:
    return {
        "tag": name,
        "title": {"zh": "全年消费", "en": "Spending of a year"},
        "says": "value",
        "kind": "metric",
        "from": {"did": "order_paid", "sum": "amount"},
        "within": {"last": "365 days"},
        "cut": {"by": "number", "at": [100], "labels": ["less", "more"]},
    }


def _heroine(page: Page, server: Server) -> int:
    """The number of the customer whom the tests know."""
    found = page.request.get(f"{server.url}/api/v1/customers", params={"q": HEROINE["phone"]}).json()
    number: int = found["items"][0]["customer_id"]
    return number


def test_a_metric_is_made_by_form_tried_published_and_kept_as_a_segment(
    signed_in: SignedIn, api: APIRequestContext
) -> None:
    with signed_in() as console:
        page = console.page
        console.go("/tags")
        page.get_by_test_id("tag-new").click()
        page.get_by_test_id("kind-metric").click()
        page.get_by_test_id("tag-title-zh").fill("季度消费")
        page.get_by_test_id("tag-name").fill("quarter_spend")
        page.get_by_test_id("layer-2").fill("很高")
        page.get_by_test_id("cut-2").fill("90")
        expect(page.get_by_test_id("tag-sentence")).to_contain_text("支付订单")
        page.get_by_test_id("dry-run").click()
        expect(page.get_by_test_id("dry-result")).to_have_attribute("data-current", "true")
        expect(page.get_by_test_id("dry-coverage")).to_have_attribute("data-value", re.compile(r"^[1-9]\d*$"))
        expect(page.get_by_test_id("dry-values")).to_contain_text("很高")

        # The text follows the form, and the form the text.
        page.get_by_text("YAML", exact=True).first.click()
        text = page.get_by_test_id("tag-yaml")
        expect(text).to_have_value(re.compile("很高"))
        text.fill(text.input_value().replace("180 days", "90 days"))
        expect(page.get_by_role("spinbutton", name="时间长度")).to_have_value("90")
        page.get_by_text("试算", exact=True).first.click()
        expect(page.get_by_test_id("dry-result")).to_have_attribute("data-current", "false")
        page.get_by_test_id("dry-run").click()
        expect(page.get_by_test_id("dry-result")).to_have_attribute("data-current", "true")
        covered = int(page.get_by_test_id("dry-coverage").get_attribute("data-value") or "0")

        page.get_by_test_id("tag-publish").click()
        page.get_by_test_id("publish-reason").fill("分层运营")
        page.get_by_test_id("publish-confirm").click()
        expect(page).to_have_url(re.compile("/tags/quarter_spend$"))
        expect(page.get_by_role("heading", level=1)).to_have_text("季度消费")
        # The page was there before the first tick of the new tag: it shows what that brings by itself.
        expect(page.get_by_test_id("tag-coverage")).to_have_attribute("data-value", str(covered))
        values = eventually(lambda: _values(api, "quarter_spend"), "values of the new tag")
        assert sum(values.values()) == covered
        expect(page.get_by_test_id("tag-value").filter(has_text="很高")).to_contain_text(str(values["很高"]))

        page.get_by_test_id("save-as-segment").click()
        dialog = page.get_by_role("dialog")
        console.choose(dialog.get_by_role("combobox", name="标签值"), "很高")
        page.keyboard.press("Escape")
        expect(dialog).to_contain_text(f"当前 {values['很高']} 人")
        page.get_by_test_id("segment-confirm").click()
        expect(page.get_by_test_id("segment-size")).to_have_attribute("data-value", str(values["很高"]))


def test_what_is_wrong_is_told_at_its_place(signed_in: SignedIn) -> None:
    with signed_in() as console:
        page = console.page
        console.go("/tags/new?kind=metric")
        page.get_by_test_id("cut-1").fill("95")
        expect(page.get_by_test_id("tag-form").get_by_role("alert").first).to_contain_text("分界要依次变大")
        # Names are looked at once the definition has its form.
        page.get_by_test_id("cut-1").fill("20")
        page.get_by_test_id("tag-publish").click()
        expect(page.get_by_text("请填写名称")).to_be_visible()
        page.get_by_text("YAML", exact=True).first.click()
        text = page.get_by_test_id("tag-yaml")
        text.fill(text.input_value().replace("did: order_paid", "did: order_paidd"))
        problem = page.get_by_test_id("tag-problem").filter(has_text="order_paidd")
        problem.get_by_role("button").click()
        expect(text).to_have_value(re.compile("did: order_paid\\n"))
        expect(problem).to_have_count(0)
        text.fill("tag: [")
        expect(page.get_by_role("alert").filter(has_text="第 1 行")).to_be_visible()


def test_a_version_is_compared_and_brought_back(signed_in: SignedIn, api: APIRequestContext) -> None:
    _made(api, _spending("year_spend"))
    with signed_in() as console:
        page = console.page
        console.go("/tags/year_spend/edit")
        page.get_by_test_id("cut-1").fill("300")
        page.get_by_test_id("tag-publish").click()
        page.get_by_test_id("publish-confirm").click()
        expect(page.get_by_text("请填写修改原因")).to_be_visible()
        page.get_by_test_id("publish-reason").fill("分界提高")
        page.get_by_test_id("publish-confirm").click()
        expect(page).to_have_url(re.compile("/tags/year_spend$"))
        page.get_by_test_id("tab-versions").click()
        expect(page.get_by_test_id("tag-versions")).to_contain_text("分界提高")
        difference = page.get_by_test_id("version-diff")
        expect(difference.locator("[data-op=removed]")).to_contain_text("100")
        expect(difference.locator("[data-op=added]")).to_contain_text("300")
        page.get_by_test_id("restore-1").click()
        page.get_by_test_id("restore-confirm").click()
        expect(page.get_by_test_id("restore-2")).to_be_visible()
        console.told("第 3 版")
        assert api.get("/api/v1/tags/year_spend").json()["definition"]["cut"]["at"] == [100]


def test_a_run_is_asked_for_and_shown(signed_in: SignedIn, api: APIRequestContext) -> None:
    _made(api, _spending("spend_runs"))
    with signed_in() as console:
        page = console.page
        console.go("/tags/spend_runs?tab=runs")
        page.get_by_test_id("tag-run").click()
        expect(page.get_by_test_id("job-done")).to_be_visible()
        runs = page.get_by_test_id("tag-runs").get_by_role("row").filter(has_text="手动")
        expect(runs).to_have_count(1)


def test_one_customer_is_explained(signed_in: SignedIn, server: Server) -> None:
    with signed_in() as console:
        page = console.page
        console.go(f"/tags/stage?tab=explain&customer={_heroine(page, server)}")
        expect(page.get_by_test_id("why-value")).to_have_text("active")
        expect(page.get_by_test_id("tag-why")).to_contain_text("支付订单")
        assert not console.faults()


def test_lineage_is_drawn_listed_and_tells_the_impact_of_a_field(signed_in: SignedIn) -> None:
    with signed_in() as console:
        page = console.page
        console.go("/lineage")
        expect(page.get_by_test_id("node-tag:power")).to_be_visible()
        assert not console.faults()
        page.get_by_test_id("node-event:order_paid").click()
        expect(page.get_by_test_id("lineage-impact")).to_contain_text("消费力")
        expect(page).to_have_url(re.compile("of="))
        console.go("/lineage?of=field:order_paid.amount&view=list")
        expect(page.get_by_test_id("lineage-impact")).to_contain_text("消费力")
        expect(page.get_by_test_id("lineage-impact")).not_to_contain_text("生命周期")
        expect(page.get_by_test_id("lineage-list")).to_contain_text("消费力")
        assert not console.faults()


def test_a_model_card_tells_what_was_learned_or_why_not(signed_in: SignedIn, api: APIRequestContext) -> None:
    definition = {
        "tag": "groups",
        "title": {"zh": "行为聚类", "en": "Clusters"},
        "says": "behaviour",
        "kind": "model",
        "model": "cluster",
        "within": {"last": "200 days"},
        "minimum": {"customers": 50},
    }
    _made(api, definition)
    with signed_in() as console:
        page = console.page
        console.go("/tags/groups?tab=model")
        # A new tag is computed once it is saved, or when somebody asks for it.
        eventually(lambda: api.get("/api/v1/tags/groups/model").ok, "the card of the first run", within=240)
        card = page.get_by_test_id("model-card")
        expect(card).to_be_visible()
        body = api.get("/api/v1/tags/groups/model").json()
        expect(card).to_contain_text(body["summary"]["zh"])
        for one in body["refusals"] + body["warnings"]:
            expect(card).to_contain_text(one["words"]["zh"])
        for one in body["clusters"]:
            expect(page.get_by_test_id("card-clusters")).to_contain_text(one["title"]["zh"])
        assert not console.faults()


PLACES = ["/tags", "/tags/new", "/tags/new?kind=state", "/tags/new?kind=rfm", "/tags/power/edit", "/tags/power"]


@pytest.mark.parametrize(("language", "theme"), [("zh-CN", "dark"), ("en", "light")])
def test_every_page_can_be_used_by_everybody(signed_in: SignedIn, language: str, theme: str) -> None:
    with signed_in(language=language, theme=theme) as console:
        for place in PLACES:
            console.go(place)
            assert not console.faults(), place


def test_the_catalogue_is_a_tree_that_is_searched_by_keyboard(signed_in: SignedIn) -> None:
    with signed_in() as console:
        page = console.page
        console.go("/tags")
        table = page.get_by_test_id("tags-table")
        expect(table).to_contain_text("消费力")
        page.keyboard.press("/")
        expect(page.get_by_test_id("tags-search")).to_be_focused()
        page.keyboard.type("power")
        expect(page.get_by_test_id("tag-power")).to_be_visible()
        expect(page.get_by_test_id("tag-stage")).to_have_count(0)
        expect(page).to_have_url(re.compile("q=power"))
        console.go("/tags?by=kind&unused=1")
        expect(table).to_contain_text("未使用")
