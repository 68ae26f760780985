"""Importing a file in the browser: looked into, its columns named by form and text alike, tried, imported, mended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.e2e.console import Console, SignedIn, in_browser

from onepool.standards import load_standard

pytestmark = in_browser

ORDER_NUMBER = load_standard().fields["order_id"].title["zh"]
ROWS = """单号,成交时间,手机号,实付金额,备注
I-1,2026-11-01 10:00:00,13912340001,88.00,礼盒
I-2,2026-11-02 11:00:00,13912340002,面议,
I-3,2026-11-03 12:00:00,13912340003,66.00,
"""


@pytest.fixture
def console(signed_in: SignedIn) -> Iterator[Console]:
    with signed_in() as found:
        yield found


def test_a_file_is_imported_and_its_bad_row_is_found(console: Console, tmp_path: Path) -> None:
    page = console.page
    file = tmp_path / "十一月.csv"
    file.write_bytes(ROWS.encode("gb18030"))
    console.go("/touchpoints")
    page.get_by_test_id("touchpoint-import").click()
    expect(page).to_have_url(re.compile("/imports$"))
    console.settled()
    assert not console.faults()
    page.get_by_test_id("import-file").set_input_files(file)
    # What was found out: the encoding, the header, and what each column is taken for; people's numbers are masked.
    expect(page.get_by_test_id("import-facts")).to_contain_text("GB18030")
    columns = page.get_by_test_id("import-columns")
    expect(columns).to_contain_text("139****0001")
    expect(columns).not_to_contain_text("13912340001")
    text = page.get_by_test_id("import-map")
    # The form writes the text, and the text the form.
    console.choose(page.get_by_label("列「单号」的含义"), ORDER_NUMBER)
    expect(text).to_have_value(re.compile(r"columns:\s+单号: order_id"))
    text.fill("columns:\n  单号: order_id\n  成交时间: paid_at\n  备注: null\n")
    expect(page.get_by_test_id("column-备注")).to_contain_text("不导入")
    text.fill("columns: [")
    expect(columns.get_by_role("alert")).to_be_visible()
    expect(page.get_by_test_id("import-start")).to_be_disabled()
    text.fill("columns:\n  单号: order_id\n  成交时间: paid_at\n")
    page.get_by_test_id("import-try").click()
    status = page.get_by_test_id("import-status")
    expect(status).to_have_attribute("data-status", "done")
    expect(page.get_by_test_id("import-refused")).to_have_attribute("data-value", "1")
    expect(page.get_by_test_id("import-first")).to_contain_text("面议")
    tried = page.get_by_test_id("import-accepted").get_attribute("data-value")
    page.get_by_test_id("import-start").click()
    expect(page.get_by_test_id("import-duplicates")).to_have_attribute("data-value", "0")
    expect(page.get_by_test_id("import-accepted")).to_have_attribute("data-value", tried or "")
    assert not console.faults()
    page.get_by_test_id("import-quarantine").click()
    expect(page.get_by_test_id("quarantine-place").first).to_have_text("十一月.csv 第 3 行")
    assert not console.faults()
    # Whoever opens it later sees what became of it.
    console.go("/imports")
    page.get_by_test_id("import-past").get_by_role("button", name="十一月.csv").first.click()
    expect(page.get_by_test_id("import-accepted")).to_have_attribute("data-value", tried or "")
