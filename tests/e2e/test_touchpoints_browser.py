"""Touchpoints in the browser: connected by their channel's form, tested, watched, mapped; what waited is replayed."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.conftest import Brand
from tests.e2e.console import AXE, Console, SignedIn, in_browser
from tests.e2e.server import PATIENCE, Commands, Server, admin_in, eventually, serving

from onepool.workspace import open_workspace

pytestmark = in_browser

SECRET = "a secret of the form's maker"
SIGNATURE = "X-Signature"


@pytest.fixture(scope="module")
def brand(tmp_path_factory: pytest.TempPathFactory, env: dict[str, str]) -> Brand:
    """A workspace with one site."""
    folder = tmp_path_factory.mktemp("touchpoints")
    commands = Commands(folder / "ws", env)
    email, password = admin_in(commands.run("init", str(commands.root), folder=False))
    workspace = open_workspace(commands.root)
    workspace.save("touchpoint", "site", {"channel": "web", "title": {"zh": "官网", "en": "Site"}}, author="test")
    workspace.close()
    return Brand(commands, email, password)


@pytest.fixture(scope="module")
def server(brand: Brand) -> Iterator[Server]:
    with serving(brand.commands, "--sandbox") as running:
        yield running


@pytest.fixture(scope="module")
def api(server: Server, brand: Brand) -> Iterator[tuple[Server, httpx.Client]]:
    """The server, and a client that is signed in as its admin."""
    with httpx.Client(base_url=server.url, headers={"X-OnePool": "1"}, timeout=PATIENCE) as client:
        answer = client.post("/api/v1/session", json={"email": brand.email, "password": brand.password})
        assert answer.status_code == 200, answer.text
        yield server, client


def _push(server: Server, name: str, payload: dict[str, Any], secret: str = SECRET) -> httpx.Response:
    body = json.dumps(payload, ensure_ascii=False).encode()
    signed = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"content-type": "application/json", SIGNATURE: signed}
    return httpx.post(f"{server.url}/hooks/{name}", content=body, headers=headers, timeout=PATIENCE)


def _use(page: Page, path: str, entry: str) -> None:
    """Use a place of the sample, by its menu."""
    page.locator(f"[data-path='{path}']").click()
    page.get_by_role("menuitem", name=entry).click()


def _forms(client: httpx.Client, name: str, rules: list[dict[str, Any]] | None = None) -> None:
    """A touchpoint for forms, as the API makes one."""
    kept = client.put(f"/api/v1/touchpoints/{name}/secrets/secret", json={"value": SECRET})
    settings = {"verify": "hmac_sha256", "secret": kept.json()["reference"], **({"rules": rules} if rules else {})}
    body = {"title": {"zh": "试用装", "en": "Samples"}, "channel": "webhook", "settings": settings}
    answer = client.put(f"/api/v1/touchpoints/{name}", json=body)
    assert answer.status_code == 200, answer.text


def _waiting(client: httpx.Client, touchpoint: str) -> int:
    total: int = client.get("/api/v1/quarantine", params={"touchpoint": touchpoint}).json()["total"]
    return total


def test_a_form_is_connected_seen_mapped_and_replayed(signed_in: SignedIn, api: tuple[Server, httpx.Client]) -> None:
    server, client = api
    with signed_in() as console:
        page = console.page
        console.go("/touchpoints")
        page.get_by_test_id("touchpoint-connect").click()
        page.get_by_test_id("channel-webhook").click()
        expect(page).to_have_url(re.compile("connect=webhook"))
        # What is missing is told at its field, before anything is sent.
        page.get_by_test_id("touchpoint-save").click()
        expect(page.get_by_role("dialog").get_by_role("alert").first).to_have_text("请填写")
        page.get_by_test_id("touchpoint-title").fill("试用装申请")
        page.get_by_test_id("touchpoint-name").fill("trials")
        console.choose(page.get_by_role("combobox", name="校验方式"), "HMAC-SHA256 签名")
        page.get_by_test_id("setting-secret").fill(SECRET)
        page.get_by_test_id("touchpoint-save").click()
        expect(page.get_by_test_id("callback")).to_have_text(f"{server.url}/hooks/trials")
        page.get_by_test_id("touchpoint-test").click()
        expect(page.get_by_test_id("test-result")).to_have_attribute("data-ok", "true")
        assert SECRET not in page.content()

        page.get_by_test_id("to-touchpoint").click()
        page.get_by_test_id("tab-arrivals").click()
        expect(page.get_by_test_id("arrivals")).to_contain_text("还没有收到数据")
        refused = _push(server, "trials", {"serial": 0}, secret="wrong")
        assert refused.status_code == 403
        one = {"serial": 7, "form": "trial_pack", "user": {"mobile": "13912345678", "realname": "王小明"}}
        assert eventually(lambda: _push(server, "trials", one).status_code == 200, "the new touchpoint takes pushes")
        arrival = page.get_by_test_id("arrival")
        expect(arrival).to_have_count(1)
        expect(arrival).to_contain_text("trial_pack")
        expect(arrival).not_to_contain_text("13912345678")
        expect(arrival.get_by_test_id("fault-row")).to_have_attribute("data-rule", "webhook.unmapped")
        eventually(lambda: _waiting(client, "trials") == 1, "what no rule fits waits")

        console.go("/quarantine?rule=webhook.unmapped&touchpoint=trials")
        expect(page.get_by_test_id("quarantine-todo")).to_contain_text("还没有规则适用")
        page.get_by_test_id("quarantine-mend").click()
        expect(page.get_by_test_id("json-tree")).to_contain_text("mobile")
        _write_the_rule(console)
        page.get_by_test_id("mapping-save").click()
        console.told("第 2 版已保存")

        page.get_by_test_id("replay-webhook.unmapped").click()
        page.get_by_test_id("replay-confirm").click()
        expect(page.get_by_test_id("replay-outcome")).to_have_attribute("data-accepted", "1")
        eventually(lambda: _waiting(client, "trials") == 0, "nothing waits any more")
        console.go("/customers?q=13912345678")
        expect(page.get_by_test_id("customers-total")).to_have_attribute("data-value", "1")
        page.get_by_test_id("customer-link").first.click()
        expect(page.get_by_test_id("timeline")).to_contain_text("提交表单")
        expect(page.get_by_role("heading", level=1)).to_contain_text("王小明")


def _write_the_rule(console: Console) -> None:
    """A rule by clicks in the sample; the preview follows."""
    page = console.page
    _use(page, "$.user.mobile", "用作子ID")
    rule = page.get_by_test_id("rule-1")
    expect(page.get_by_test_id("path-ids-phone")).to_have_value("$.user.mobile")
    _use(page, "$.serial", "用作唯一编号")
    _use(page, "$.form", "用作行为字段")
    console.choose(rule.get_by_test_id("section-fields").get_by_role("combobox"), "表单编号 form_id")
    # A control can wait for the next click in the sample as well.
    page.get_by_test_id("add-traits").click()
    traits = rule.get_by_test_id("section-traits")
    console.choose(traits.get_by_role("combobox"), "姓名 name")
    traits.get_by_role("button", name="在样本里点选").click()
    page.locator("[data-path='$.user.realname']").click()
    expect(page.get_by_test_id("path-traits-name")).to_have_value("$.user.realname")
    row = page.get_by_test_id("tried-pane").get_by_test_id("standard-row")
    expect(row).to_have_attribute("data-name", "form_submitted")
    expect(row).to_contain_text("trial_pack")
    expect(row).to_contain_text("phone:")
    page.get_by_role("tab", name="YAML").click()
    expect(page.get_by_test_id("mapping-yaml")).to_have_value(re.compile(r"phone: \$\.user\.mobile"))


def test_a_mapping_written_as_yaml_is_the_same_mapping(signed_in: SignedIn, api: tuple[Server, httpx.Client]) -> None:
    _, client = api
    _forms(client, "surveys")
    with signed_in() as console:
        page = console.page
        console.go("/touchpoints/surveys?tab=mapping")
        console.choose(page.get_by_role("combobox", name="样本来源"), "粘贴一段")
        page.get_by_test_id("sample-paste").fill('{"list": [{"id": 1, "tel": "13912345670"}, {"id": 2, "tel": ""}]}')
        page.get_by_role("tab", name="YAML").click()
        text = page.get_by_test_id("mapping-yaml")
        text.fill("each: $.list[*]\nrules:\n  - event: survey_answered\n    message_id: $.id\n    ids: {phone: $.tel")
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.get_by_test_id("mapping-save")).to_be_disabled()
        text.press("End")
        text.type("}")
        pane = page.get_by_test_id("tried-pane")
        expect(pane.get_by_test_id("standard-row")).to_have_attribute("data-name", "survey_answered")
        expect(pane.get_by_test_id("fault-row")).to_have_attribute("data-rule", "identifier.none")
        page.get_by_role("tab", name="规则").click()
        expect(page.get_by_test_id("mapping-each")).to_have_value("$.list[*]")
        expect(page.get_by_test_id("path-ids-phone")).to_have_value("$.tel")
        page.get_by_test_id("mapping-save").click()
        console.told("第 2 版已保存")
    saved = client.get("/api/v1/touchpoints/surveys").json()["settings"]
    rule = {"event": "survey_answered", "message_id": "$.id", "ids": {"phone": "$.tel"}}
    assert (saved["each"], saved["rules"]) == ("$.list[*]", [rule])


def test_an_account_that_can_not_work_says_why(signed_in: SignedIn, api: tuple[Server, httpx.Client]) -> None:
    with signed_in(theme="light", language="en") as console:
        page = console.page
        console.go("/touchpoints?connect=wechat_oa")
        page.get_by_test_id("touchpoint-name").fill("oa")
        page.get_by_test_id("setting-appid").fill("not an id")
        page.get_by_test_id("setting-token").fill("env:ONEPOOL_SECRET_NOT_SET")
        page.get_by_test_id("touchpoint-save").click()
        expect(page.get_by_role("alert")).to_have_text("This does not look right; compare it with the platform")
        page.get_by_test_id("setting-appid").fill("wx1234567890abcdef")
        page.get_by_test_id("touchpoint-save").click()
        expect(page.get_by_test_id("instructions")).to_contain_text("AppID")
        page.get_by_test_id("touchpoint-test").click()
        expect(page.get_by_test_id("test-result")).to_have_attribute("data-ok", "false")
        expect(page.get_by_test_id("step-settings")).to_have_attribute("data-ok", "true")
        step = page.get_by_test_id("step-secrets")
        expect(step).to_contain_text("A secret can't be read")
        expect(step).to_contain_text("ONEPOOL_SECRET_NOT_SET")


def test_an_account_is_connected_in_the_sandbox_and_its_event_seen(
    signed_in: SignedIn, api: tuple[Server, httpx.Client]
) -> None:
    """Nobody wrote an address of a sandbox anywhere: the server's own is found."""
    server, client = api
    assert "sandbox:" not in (server.root / "onepool.yaml").read_text(encoding="utf-8")
    with signed_in() as console:
        page = console.page
        console.go("/touchpoints?connect=wechat_oa")
        page.get_by_test_id("touchpoint-title").fill("旗舰店服务号")
        page.get_by_test_id("touchpoint-name").fill("flagship")
        page.get_by_test_id("setting-appid").fill("wx00000000000000aa")
        page.get_by_test_id("setting-token").fill("a token of the form's maker")
        page.get_by_test_id("setting-secret").fill("s" * 32)
        page.get_by_test_id("setting-encoding_aes_key").fill("kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR")
        page.get_by_test_id("connect-sandbox").click()
        page.get_by_test_id("touchpoint-save").click()
        page.get_by_test_id("touchpoint-test").click()
        expect(page.get_by_test_id("test-result")).to_have_attribute("data-ok", "true")

        page.get_by_test_id("to-touchpoint").click()
        expect(page.get_by_test_id("sandbox-banner")).to_be_visible()
        page.get_by_test_id("sandbox-person").fill("xiaoyu")
        page.get_by_test_id("sandbox-given").fill("code=store_01")
        _act(page, "关注")
        expect(page.get_by_test_id("sandbox-done")).to_contain_text("xiaoyu：关注，完成")
        assert console.faults() == []
        page.get_by_test_id("tab-arrivals").click()
        arrival = page.get_by_test_id("arrival").first
        expect(arrival.get_by_test_id("standard-row").first).to_have_attribute("data-name", "followed")
        expect(arrival).to_contain_text("<Event><![CDATA[subscribe]]></Event>")
        expect(arrival).to_contain_text("store_01")
        # The next push is seen too. One that was not answered in 5 seconds comes again, as from the platform itself.
        _act(page, "发消息")
        said = page.get_by_test_id("arrival").filter(has_text="<MsgType><![CDATA[text]]></MsgType>")
        expect(said.first).to_be_visible()
        expect(said.first.get_by_test_id("standard-row").first).to_have_attribute("data-name", "message_received")
    # Its follower is a customer, and however often it was delivered, it happened once.
    openid = eventually(lambda: _openid(client), "what the sandbox called the follower")
    eventually(lambda: _happened(client, openid).count("message_received") == 1, "the new customer")
    assert _happened(client, openid).count("followed") == 1


def _happened(client: httpx.Client, openid: str) -> list[str]:
    """The names of the events of the only customer with an openid; none before there is such a customer."""
    (found,) = client.get("/api/v1/customers", params={"q": openid}).json()["items"] or [None]
    if found is None:
        return []
    timeline = client.get(f"/api/v1/customers/{found['customer_id']}/timeline").json()
    return [event["event"] for event in timeline["items"]]


def _act(page: Page, title: str) -> None:
    """Let somebody do something, by the menu."""
    page.get_by_test_id("sandbox-act").click()
    page.get_by_role("menuitem", name=title, exact=True).click()


def _openid(client: httpx.Client) -> str:
    done = client.post("/api/v1/touchpoints/flagship/sandbox/acts", json={"do": "menu", "person": "xiaoyu"})
    found: str = done.json()["told"]["openid"]
    return found


def test_a_touchpoint_is_paused_put_into_the_sandbox_changed_and_deleted(
    signed_in: SignedIn, api: tuple[Server, httpx.Client]
) -> None:
    _, client = api
    _forms(client, "short_lived")

    def detail() -> dict[str, Any]:
        found: dict[str, Any] = client.get("/api/v1/touchpoints/short_lived").json()
        return found

    with signed_in() as console:
        page = console.page
        console.go("/touchpoints/short_lived?tab=settings")
        page.get_by_test_id("touchpoint-pause").click()
        expect(page.get_by_test_id("touchpoint-pause")).to_contain_text("恢复")
        page.get_by_test_id("sandbox-switch").click()
        expect(page.get_by_test_id("sandbox-banner")).to_be_visible()
        found = eventually(lambda: detail() if detail()["version"] == 3 else {}, "both changes")
        assert (found["paused"], found["sandbox"]) == (True, True)
        page.get_by_test_id("touchpoint-edit").click()
        drawer = page.get_by_role("dialog")
        expect(drawer.get_by_test_id("kept-secret")).to_contain_text("已保存")
        drawer.get_by_test_id("touchpoint-title").fill("短期活动")
        drawer.get_by_test_id("touchpoint-save").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("短期活动")
        assert detail()["secrets"][0]["found"]
        versions = page.get_by_test_id("touchpoint-versions")
        expect(versions).to_contain_text("sandbox")
        page.get_by_test_id("touchpoint-remove").click()
        page.get_by_test_id("typed-name").fill("another")
        expect(page.get_by_test_id("typed-confirm")).to_be_disabled()
        page.get_by_test_id("typed-name").fill("short_lived")
        page.get_by_test_id("typed-confirm").click()
        expect(page).to_have_url(re.compile(r"/touchpoints$"))
        expect(page.get_by_test_id("touchpoints-table")).not_to_contain_text("short_lived")
    assert client.get("/api/v1/touchpoints/short_lived").status_code == 404


def test_the_list_keeps_its_filters_in_the_address(signed_in: SignedIn, api: tuple[Server, httpx.Client]) -> None:
    _, client = api
    _forms(client, "filtered")
    with signed_in() as console:
        page = console.page
        console.go("/touchpoints")
        table = page.get_by_test_id("touchpoints-table")
        expect(table).to_contain_text("官网")
        console.choose(page.get_by_role("combobox", name="按渠道筛选"), "表单与第三方")
        expect(page).to_have_url(re.compile("channel=webhook"))
        expect(table).not_to_contain_text("官网")
        page.reload()
        console.settled()
        expect(table).to_contain_text("filtered")
        expect(table).not_to_contain_text("官网")


@pytest.mark.parametrize(("theme", "language"), [("light", "zh-CN"), ("dark", "en")])
def test_nothing_keeps_people_with_disabilities_from_using_touchpoints(
    signed_in: SignedIn, api: tuple[Server, httpx.Client], theme: str, language: str
) -> None:
    if not AXE.exists():
        pytest.skip("axe is not installed: npm ci in console")
    server, client = api
    name = f"reached_{theme}"
    _forms(client, name, [{"event": "form_submitted", "when": {"$.a": [1, "x"]}, "ids": {"phone": "$.b"}}])
    eventually(lambda: _push(server, name, {"a": 2, "b": "13912345679"}).status_code == 200, "it takes pushes")
    eventually(lambda: _waiting(client, name) == 1, "what no rule fits waits")
    account = client.put("/api/v1/touchpoints/" + f"oa_{theme}", json=_account())
    assert account.status_code == 200, account.text
    faults: dict[str, list[str]] = {}
    with signed_in(theme=theme, language=language) as console:
        for path in (
            "/touchpoints",
            "/touchpoints?connect=gallery",
            "/touchpoints?connect=wechat_oa",
            "/touchpoints/site?tab=settings",
            f"/touchpoints/oa_{theme}",
            f"/touchpoints/oa_{theme}?tab=message",
            f"/touchpoints/{name}?tab=arrivals",
            f"/touchpoints/{name}?tab=mapping",
            f"/touchpoints/{name}?tab=settings",
            "/touchpoints/site?tab=mapping",
            f"/quarantine?rule=webhook.unmapped&touchpoint={name}",
        ):
            console.go(path)
            faults[path] = console.faults()
            _fits(console.page)
    listed = [f"{path}: {fault}" for path, found in faults.items() for fault in found]
    assert not listed, "\n".join(listed)


def _account() -> dict[str, Any]:
    settings = {"appid": "wx1234567890abcdef", "token": "env:ONEPOOL_SECRET_NOT_SET"}
    return {
        "title": {"zh": "服务号", "en": "Official Account"},
        "channel": "wechat_oa",
        "settings": settings,
        "sandbox": True,
    }


def _fits(page: Page) -> None:
    """Nothing of the page runs out at its right side."""
    wide: int = page.evaluate(
        "() => { const main = document.querySelector('main'); return main.scrollWidth - main.clientWidth }"
    )
    assert wide <= 0, (page.url, wide)


def test_the_catalogue_of_channels_has_every_channel(signed_in: SignedIn, api: tuple[Server, httpx.Client]) -> None:
    _, client = api
    names = [one["name"] for one in client.get("/api/v1/channels").json()["items"]]
    with signed_in() as console:
        page = console.page
        console.go("/touchpoints?connect=gallery")
        gallery: Locator = page.get_by_test_id("gallery")
        for name in names:
            expect(gallery.get_by_test_id(f"channel-{name}")).to_have_count(1)
        expect(gallery).not_to_contain_text("其他")


def test_a_table_of_a_database_is_looked_at_mapped_and_read(
    signed_in: SignedIn, api: tuple[Server, httpx.Client], tmp_path: Path
) -> None:
    _, client = api
    database = tmp_path / "erp.sqlite"
    with closing(sqlite3.connect(database)) as connection:
        columns = "id INTEGER PRIMARY KEY, mobile TEXT, updated_at DATETIME, extra_1 TEXT"
        connection.execute(f"CREATE TABLE member ({columns})")
        connection.execute("INSERT INTO member VALUES (1, '13800000001', '2026-01-02 10:00:00', 'vip')")
        connection.commit()
    kept = client.put("/api/v1/touchpoints/till/secrets/url", json={"value": f"sqlite:///{database}"}).json()
    body = {"title": {"zh": "会员库", "en": "Members"}, "channel": "crm", "settings": {"url": kept["reference"]}}
    assert client.put("/api/v1/touchpoints/till", json=body).status_code == 200
    with signed_in() as console:
        page = console.page
        console.go("/databases")
        expect(page.get_by_test_id("tables-till")).to_contain_text("还没有读取任何表")
        page.get_by_test_id("table-add-till").click()
        console.choose(page.get_by_role("combobox", name="表", exact=True), "member")
        shown = page.get_by_test_id("table-columns")
        expect(shown).to_contain_text("mobile")
        expect(shown).not_to_contain_text("13800000001")
        console.choose(page.get_by_role("combobox", name="extra_1 的含义"), "客户属性 · 备注 remark")
        assert console.faults() == []
        page.get_by_test_id("table-save").click()
        page.get_by_test_id("table-fetch-member").click()
        expect(page.get_by_test_id("tables-till")).to_contain_text("已拉到最新")
        assert console.faults() == []
    (saved,) = client.get("/api/v1/touchpoints/till").json()["settings"]["tables"]
    assert (saved["key"], saved["cursor"], saved["ids"]) == ("id", "updated_at", {"phone": "mobile"})
    assert saved["traits"]["remark"] == "extra_1"


def test_tables_are_joined_and_lines_taken_by_clicking(
    signed_in: SignedIn, api: tuple[Server, httpx.Client], tmp_path: Path
) -> None:
    _, client = api
    database = tmp_path / "erp.sqlite"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(
            """
            CREATE TABLE member (id INTEGER PRIMARY KEY, mobile TEXT, card_no TEXT);
            CREATE TABLE sale (id INTEGER PRIMARY KEY, order_no TEXT, member_id INTEGER, pay_time DATETIME,
                amount NUMERIC, updated_at DATETIME);
            CREATE TABLE sale_line (id INTEGER PRIMARY KEY, sale_id INTEGER, sku TEXT, qty INTEGER, price NUMERIC);
            INSERT INTO member VALUES (7, '13800000123', 'V-7');
            INSERT INTO sale VALUES (1, 'S-1', 7, '2026-01-02 10:00:00', 25, '2026-01-02 10:00:00');
            INSERT INTO sale_line VALUES (1, 1, 'K1', 2, 12.5);
            """
        )
        connection.commit()
    kept = client.put("/api/v1/touchpoints/joined/secrets/url", json={"value": f"sqlite:///{database}"}).json()
    body = {"title": {"zh": "订单库", "en": "Orders"}, "channel": "erp", "settings": {"url": kept["reference"]}}
    assert client.put("/api/v1/touchpoints/joined", json=body).status_code == 200
    with signed_in() as console:
        page = console.page
        console.go("/databases")
        page.get_by_test_id("table-add-joined").click()
        console.choose(page.get_by_role("combobox", name="表", exact=True), "sale")
        console.choose(page.get_by_role("combobox", name="内容"), "订单")
        console.choose(page.get_by_role("combobox", name="关联一张表"), "member")
        # The columns that are most likely equal are matched, and those of the joined table can be mapped.
        expect(page.get_by_test_id("join-0")).to_contain_text("member_id")
        expect(page.get_by_test_id("table-columns")).to_contain_text("member.mobile")
        expect(page.get_by_test_id("table-columns")).not_to_contain_text("13800000123")
        console.choose(page.get_by_role("combobox", name="member.mobile 的含义"), "身份标识 · 手机号 phone")
        console.choose(page.get_by_role("combobox", name="选择明细表"), "sale_line")
        expect(page.get_by_test_id("table-lines")).to_contain_text("sale_id")
        assert console.faults() == []
        page.get_by_test_id("table-save").click()
        page.get_by_test_id("table-fetch-sale").click()
        expect(page.get_by_test_id("tables-joined")).to_contain_text("已拉到最新")
    (saved,) = client.get("/api/v1/touchpoints/joined").json()["settings"]["tables"]
    assert saved["join"] == [{"table": "member", "name": "member", "on": {"member_id": "id"}}]
    assert saved["ids"]["phone"] == "member.mobile"
    lines = saved["lines"]
    assert (lines["table"], lines["on"]) == ("sale_line", {"id": "sale_id"})
    assert lines["fields"] == {"sku_id": "sku", "quantity": "qty", "price": "price"}
