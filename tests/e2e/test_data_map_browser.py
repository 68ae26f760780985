"""The data map and data quality in a real browser: drawn, listed, led to customers, computed, usable by everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from tests.e2e.console import Console, SignedIn, in_browser

pytestmark = in_browser


@pytest.fixture
def console(signed_in: SignedIn) -> Iterator[Console]:
    with signed_in() as found:
        yield found


def test_the_map_is_drawn_and_listed_and_leads_to_customers(console: Console) -> None:
    page = console.page
    console.go("/")
    page.get_by_test_id("nav-map").click()
    expect(page).to_have_url(re.compile("/map$"))
    console.settled()
    expect(page.get_by_test_id("map-canvas")).to_be_visible()
    assert not console.faults()
    with page.expect_download() as saved:
        page.get_by_test_id("save-svg").click()
    assert saved.value.suggested_filename == "data-map.svg"
    assert "<svg" in saved.value.path().read_text(encoding="utf-8")
    with page.expect_download() as saved:
        page.get_by_test_id("save-png").click()
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")
    # Read without zooming; one touchpoint is looked at with its neighbours, and leads to its customers.
    assert float(page.get_by_test_id("map-canvas").get_attribute("data-zoom") or 0) >= 0.85
    box = page.locator(".op-map-box[data-kind=touchpoint]").first
    box.click()
    expect(page).to_have_url(re.compile("at="))
    expect(page.locator(".op-map-box[data-centre=true]")).to_have_count(1)
    assert not console.faults()
    page.get_by_test_id("focus-customers").click()
    expect(page.get_by_test_id("map-customers-total")).to_have_attribute("data-value", re.compile(r"^[1-9]\d*$"))
    console.go("/map?view=identifiers&list=1")
    expect(page.get_by_test_id("map-list").get_by_role("button").first).to_be_visible()
    assert not console.faults()
    page.get_by_test_id("map-list").get_by_role("button").first.click()
    expect(page).to_have_url(re.compile("cell="))
    expect(page.get_by_test_id("map-customers-total")).to_have_attribute("data-value", re.compile(r"^[1-9]\d*$"))


@pytest.mark.parametrize("tab", ["matrix", "linkage", "flows", "reach", "gaps"])
def test_every_tab_can_be_used_by_everybody(console: Console, tab: str) -> None:
    console.go(f"/map?tab={tab}")
    assert not console.faults()


def test_quality_is_shown_with_its_counts(console: Console) -> None:
    console.go("/quality")
    expect(console.page.get_by_test_id("quality-sources")).to_be_visible()
    expect(console.page.get_by_test_id("quality-score")).to_be_visible()
    assert not console.faults()


def test_what_if_is_computed_and_tables_are_saved(console: Console) -> None:
    page = console.page
    console.go("/map?tab=whatif")
    page.get_by_test_id("what-if-run").click()
    expect(page.get_by_test_id("what-if-answer")).to_be_visible()
    assert not console.faults()
    console.go("/map")
    with page.expect_download() as saved:
        page.get_by_test_id("map-places").get_by_test_id("csv-touchpoints").click()
    rows = saved.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert "touchpoint" in rows[0] and any(row.startswith("store") for row in rows[1:])


def test_a_gap_leads_to_the_customers_whom_it_concerns(console: Console) -> None:
    page = console.page
    console.go("/map?tab=gaps")
    gaps = page.get_by_test_id("map-gaps")
    figure = gaps.locator("[data-testid^=gap-]").first
    expect(figure).to_be_visible()
    count = int((figure.text_content() or "").replace(",", ""))
    figure.click()
    expect(page).to_have_url(re.compile("cell="))
    expect(page.get_by_test_id("map-customers-total")).to_have_attribute("data-value", str(count))
