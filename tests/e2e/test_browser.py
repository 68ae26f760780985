"""People at the console: real Chromium, the real server, the real Segment SDK."""

from __future__ import annotations

import re

import pytest
import yaml
from playwright.sync_api import Browser, Locator, expect
from segment.analytics.client import Client
from tests.e2e.conftest import Brand
from tests.e2e.console import AXE, Console, SignedIn, in_browser, opened
from tests.e2e.server import Server, eventually, write_key
from tests.e2e.shop import DEFINITIONS, HANGZHOU_OR_PROSPECT, HEROINE

pytestmark = in_browser


def test_someone_signs_in_and_lands_where_they_wanted_to_go(browser: Browser, server: Server, brand: Brand) -> None:
    with opened(browser, server.url) as console:
        page = console.page
        console.go("/segments")
        expect(page).to_have_url(re.compile(r"/login\?next="))
        console.sign_in(brand.email, brand.password)
        expect(page.get_by_test_id("nav-home")).to_be_visible()
        expect(page).to_have_url(f"{server.url}/segments")
        expect(page.get_by_test_id("segments-table")).to_contain_text("活跃买家")
        page.get_by_test_id("user-menu").click()
        page.get_by_test_id("sign-out").click()
        expect(page.get_by_test_id("login-email")).to_be_visible()
        assert page.request.get(f"{server.url}/api/v1/session").status == 401


def test_a_wrong_password_is_told(browser: Browser, server: Server, brand: Brand) -> None:
    with opened(browser, server.url) as console:
        console.go("/login")
        console.sign_in("nobody@onepool.local", "not the password")
        expect(console.page.get_by_role("alert")).to_contain_text("邮箱或密码不正确")
        console.sign_in(brand.email, brand.password)
        expect(console.page.get_by_test_id("nav-home")).to_be_visible()


@pytest.mark.parametrize("typed", [HEROINE["phone"], "138 0000 1111", HEROINE["member_no"]])
def test_a_customer_is_found_by_phone_and_by_member_number(signed_in: SignedIn, typed: str) -> None:
    with signed_in() as console:
        page = console.page
        console.go("/customers")
        page.get_by_test_id("customer-search").fill(typed)
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("customers-total")).to_have_attribute("data-value", "1")
        row = page.get_by_test_id("customers-table").get_by_role("row").filter(has_text=HEROINE["name"])
        expect(row).to_contain_text("138****1111")
        row.get_by_test_id("customer-link").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(HEROINE["name"])


def test_the_page_of_a_customer_tells_all_and_why(signed_in: SignedIn) -> None:
    with signed_in() as console:
        page = console.page
        _open_heroine(console)
        tags = page.get_by_test_id("customer-tags")
        expect(tags).to_contain_text("active")
        expect(tags).to_contain_text("杭州")
        page.get_by_test_id("why-tag-stage").click()
        drawer = page.get_by_role("dialog")
        expect(drawer).to_contain_text("支付订单")
        expect(drawer).to_contain_text("成立")
        page.keyboard.press("Escape")
        expect(drawer).to_be_hidden()
        page.get_by_test_id("why-segment-active_buyers").click()
        expect(drawer).to_contain_text("在此人群中")
        expect(drawer).to_contain_text("3 条行为依据")
        page.keyboard.press("Escape")
        expect(drawer).to_be_hidden()
        timeline = page.get_by_test_id("timeline")
        expect(timeline).to_contain_text("支付订单")
        expect(timeline).to_contain_text("浏览商品")
        expect(timeline).to_contain_text("南京路门店")
        expect(timeline).to_contain_text("商城")
        page.get_by_role("tab", name=re.compile("订单")).click()
        orders = page.get_by_role("tabpanel")
        for number in ("H-0", "H-1", "H-2"):
            expect(orders).to_contain_text(number)
        page.get_by_role("tab", name=re.compile("子ID")).click()
        expect(page.get_by_role("tabpanel")).to_contain_text(HEROINE["member_no"])


def test_a_segment_is_built_saved_and_a_member_arrives_while_one_watches(
    signed_in: SignedIn, server: Server, brand: Brand
) -> None:
    with signed_in() as console:
        page = console.page
        console.go("/segments/new")
        root = page.get_by_test_id("condition-root")
        page.get_by_test_id("add-behaviour").click()
        leaf = root.get_by_test_id("condition-leaf-behaviour")
        console.choose(leaf.get_by_role("combobox", name="行为"), "加入购物车")
        leaf.get_by_role("button", name="筛选").click()
        console.choose(leaf.get_by_role("combobox", name="字段"), "类目")
        _type(leaf.get_by_role("combobox", name="类目", exact=True), "咖啡")
        leaf.get_by_role("spinbutton", name="时间长度").fill("7")
        size = page.get_by_test_id("preview-size")
        expect(size).to_have_attribute("data-value", "12")

        root.get_by_test_id("add-group").last.click()
        group = page.get_by_test_id("condition-group")
        _add(console, group, "属性")
        attribute = group.get_by_test_id("condition-leaf-attribute")
        console.choose(attribute.get_by_role("combobox", name="属性"), "城市")
        console.choose(attribute.get_by_role("combobox", name="城市 运算"), "是其中之一")
        _type(attribute.get_by_role("combobox", name="城市", exact=True), "杭州")
        _add(console, group, "标签")
        tag = group.get_by_test_id("condition-leaf-tag")
        console.choose(tag.get_by_role("combobox", name="标签"), "生命周期")
        console.choose(tag.get_by_role("combobox", name="生命周期", exact=True), "prospect")
        page.keyboard.press("Escape")
        expect(size).to_have_attribute("data-value", str(HANGZHOU_OR_PROSPECT))
        expect(size).to_have_attribute("data-current", "true")
        sentence = page.get_by_test_id("preview-sentence")
        for words in ("7 天", "加入购物车", "咖啡", "杭州", "生命周期"):
            expect(sentence).to_contain_text(words)

        page.get_by_test_id("segment-title").fill("想喝咖啡的人")
        page.get_by_test_id("segment-name").fill("coffee_soon")
        page.get_by_test_id("segment-save").click()
        expect(page.get_by_test_id("plan-after")).to_have_attribute("data-value", str(HANGZHOU_OR_PROSPECT))
        page.get_by_test_id("plan-publish").click()
        expect(page).to_have_url(f"{server.url}/segments/coffee_soon")
        expect(page.get_by_role("heading", level=1)).to_have_text("想喝咖啡的人")
        expect(page.get_by_test_id("segment-size")).to_have_text(str(HANGZHOU_OR_PROSPECT))
        page.get_by_test_id("nav-segments").click()
        row = page.get_by_test_id("segments-table").get_by_role("row").filter(has_text="想喝咖啡的人")
        expect(row).to_contain_text(str(HANGZHOU_OR_PROSPECT))
        row.get_by_role("link", name="想喝咖啡的人").click()

        live = page.get_by_test_id("segment-live")
        expect(live).to_contain_text("实时")
        expect(page.get_by_test_id("segment-members").get_by_role("link").first).to_be_visible()
        expect(page.get_by_test_id("segment-members")).not_to_contain_text(HEROINE["name"])
        page.evaluate("() => { window.stayed = true }")
        sdk = Client(write_key(brand.commands, "shop"), host=server.url, max_retries=5, on_error=_refused)
        sdk.identify("u-hero", {"phone": HEROINE["phone"]})
        sdk.track("u-hero", "Product Added", {"product_id": "P-30", "category": "咖啡", "price": 30, "currency": "CNY"})
        sdk.shutdown()
        arrived = page.get_by_test_id("segment-members").get_by_role("row").filter(has_text=HEROINE["name"])
        expect(arrived).to_contain_text("刚刚进入")
        expect(page.get_by_test_id("segment-size")).to_have_text(str(HANGZHOU_OR_PROSPECT + 1))
        expect(live).to_contain_text("进入")
        assert page.evaluate("() => window.stayed") is True
        arrived.get_by_role("button", name=re.compile("为什么")).click()
        expect(page.get_by_role("dialog")).to_contain_text("在此人群中")
        expect(page.get_by_role("dialog")).to_contain_text("加入购物车")


def test_what_breaks_the_standard_is_shown_and_enters_once_the_mapping_is_mended(
    signed_in: SignedIn, server: Server, brand: Brand
) -> None:
    fields = {"product_id": "P-9", "product_name": "暖杯", "quantity": "two boxes"}
    event = {"type": "track", "event": "Product Added", "userId": "k-1", "messageId": "k-1-1", "properties": fields}
    assert server.send(write_key(brand.commands, "kiosk"), event).status_code == 200
    with signed_in() as console:
        page = console.page

        def shown() -> bool:
            console.go("/quarantine")
            return page.get_by_text("type.integer").or_(page.get_by_text("type.number")).count() > 0

        eventually(shown, "the broken event in quarantine")
        rules = page.get_by_test_id("quarantine-rules")
        expect(rules).to_contain_text("自助机")
        expect(rules).to_contain_text("quantity")
        items = page.get_by_test_id("quarantine-items")
        row = items.get_by_role("row").filter(has_text="two boxes").first
        expect(row).to_contain_text("自助机")
        row.get_by_role("button").first.click()
        expect(items.locator("pre")).to_contain_text("暖杯")

        # Mended as an operator does it: in the file, then `onepool apply` beside the running server.
        mended = {**DEFINITIONS["touchpoints/kiosk.yaml"], "mapping": {"ignore": ["quantity"]}}
        path = brand.commands.root / "touchpoints" / "kiosk.yaml"
        path.write_text(yaml.safe_dump(mended, allow_unicode=True), encoding="utf-8")
        brand.commands.run("apply", "--reason", "the kiosk writes words")
        row.get_by_role("checkbox").check()
        page.get_by_test_id("replay-selected").click()
        page.get_by_test_id("replay-confirm").click()
        expect(page.get_by_test_id("replay-outcome")).to_have_attribute("data-accepted", "1")

        def gone() -> bool:
            console.go("/quarantine")
            return page.get_by_text("two boxes").count() == 0

        eventually(gone, "the mended event out of quarantine")
        console.go("/customers?q=k-1")
        page.get_by_test_id("customer-link").first.click()
        expect(page.get_by_test_id("timeline")).to_contain_text("加入购物车")


def test_language_and_theme_are_switched_and_kept(signed_in: SignedIn) -> None:
    with signed_in() as console:
        page = console.page
        console.go("/")
        html = page.locator("html")
        expect(html).to_have_attribute("lang", "zh-CN")
        expect(page.get_by_role("navigation")).to_contain_text("人群")
        console.menu("language", "English")
        expect(html).to_have_attribute("lang", "en")
        expect(page.get_by_role("navigation")).to_contain_text("Segments")
        expect(page.get_by_role("main")).to_contain_text("Received today")
        expect(page.get_by_role("main")).to_contain_text("Nanjing Road store")
        assert not re.search("今日|客户|行为", page.get_by_role("main").inner_text())
        assert not console.dark()
        console.menu("theme", "Dark")
        eventually(console.dark, "the dark theme", within=20)
        console.go("/segments")
        expect(html).to_have_attribute("lang", "en")
        assert console.dark()
        console.menu("language", "简体中文")
        expect(html).to_have_attribute("lang", "zh-CN")
        expect(page.get_by_role("heading", level=1)).to_have_text("人群")


@pytest.mark.parametrize(("theme", "language"), [("light", "zh-CN"), ("dark", "en")])
def test_nothing_keeps_people_with_disabilities_from_using_the_pages(
    browser: Browser, server: Server, signed_in: SignedIn, theme: str, language: str
) -> None:
    if not AXE.exists():
        pytest.skip("axe is not installed: npm ci in console")
    faults: dict[str, list[str]] = {}
    with opened(browser, server.url, theme=theme, language=language) as console:
        console.go("/login")
        faults["/login"] = console.faults()
    with signed_in(theme=theme, language=language) as console:
        console.go("/")
        answer = console.page.request.get(f"{server.url}/api/v1/customers", params={"q": HEROINE["phone"]}).json()
        heroine = f"/customers/{answer['items'][0]['customer_id']}"
        for path in (
            "/",
            "/customers",
            heroine,
            f"{heroine}?tab=orders",
            f"{heroine}?tab=identifiers",
            f"{heroine}?why=tag:stage",
            "/segments",
            "/segments/new",
            "/segments/active_buyers",
            "/segments/cart_waiting/edit",
            "/tags",
            "/tags/power",
            "/quarantine",
        ):
            console.go(path)
            assert console.dark() is (theme == "dark"), path
            faults[path] = console.faults()
    listed = [f"{path}: {fault}" for path, found in faults.items() for fault in found]
    assert not listed, "\n".join(listed)


def _open_heroine(console: Console) -> None:
    console.go(f"/customers?q={HEROINE['phone']}")
    console.page.get_by_test_id("customer-link").click()
    expect(console.page.get_by_role("heading", level=1)).to_contain_text(HEROINE["name"])


def _type(box: Locator, text: str) -> None:
    """Write into a list that takes what is not in it."""
    box.fill(text)
    box.press("Enter")
    box.press("Escape")


def _add(console: Console, group: Locator, kind: str) -> None:
    group.get_by_test_id("add-condition").click()
    console.page.get_by_role("menuitem", name=kind).click()


def _refused(error: Exception, items: object) -> None:
    raise AssertionError(f"the SDK could not deliver {items}: {error}")
