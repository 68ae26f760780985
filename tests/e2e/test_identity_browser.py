"""OneID in the browser: explained, split, merged, reviewed, ruled and learned; effects come first, an undo after."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from playwright.sync_api import Page, expect
from tests.e2e.conftest import Brand
from tests.e2e.console import AXE, SignedIn, in_browser
from tests.e2e.server import PATIENCE, Commands, Server, admin_in, eventually, serving, write_key

from onepool.apply import apply
from onepool.imports import import_into
from onepool.workspace import open_workspace

pytestmark = in_browser

DEFINITIONS: dict[str, dict[str, Any]] = {
    "touchpoints/shop.yaml": {
        "touchpoint": "shop",
        "channel": "web",
        "title": {"zh": "商城", "en": "Web shop"},
        "scopes": {"member_no": "club"},
    },
    "touchpoints/store.yaml": {
        "touchpoint": "store",
        "channel": "store",
        "title": {"zh": "门店", "en": "Store"},
        "scopes": {"member_no": "club"},
    },
    "segments/with_email.yaml": {
        "segment": "with_email",
        "title": {"zh": "留了邮箱的人", "en": "With an e-mail address"},
        "condition": {"attribute": "email", "is_set": True},
    },
}

FAMILIES = ("explain", "split", "never", "merge", "apart")
"""Each test has people of its own: three accounts `<family>-1`, `-2` and `-3` on one phone, under one name. Two
accounts of a shop may be one customer; the third is a conflict, and has a phone of its own besides."""

ADULTS = 150
TWINS = 60
"""So many of the grown-ups are in the file a second time, with another member number and nothing else in common but
name, birthday and city: the model finds them."""

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
GIVEN = "伟芳娜敏静强磊洋艳杰娟涛明超兰霞平刚桂英华建文辉玲鹏飞红丽燕"
CITIES = ("上海", "北京", "杭州", "成都", "广州", "武汉", "南京", "西安")


def _phone(family: str, account: int) -> str:
    return f"137{FAMILIES.index(family):02d}00{account:04d}"


def _people(family: str, now: datetime) -> list[dict[str, Any]]:
    said = [
        (1, 40, {"phone": _phone(family, 1), "email": f"{family}@onepool.example"}),
        (2, 30, {"phone": _phone(family, 1)}),
        (3, 20, {"phone": _phone(family, 3)}),
        (3, 10, {"phone": _phone(family, 1)}),
    ]
    return [
        {
            "type": "identify",
            "userId": f"{family}-{account}",
            "messageId": f"{family}-{account}-{days}",
            "timestamp": (now - timedelta(days=days)).isoformat(timespec="seconds"),
            "traits": {"name": "李小满", **traits},
        }
        for account, days, traits in said
    ]


def _cards(now: datetime) -> list[dict[str, Any]]:
    """One account with three member numbers: one more than the rules allow."""
    return [
        {
            "type": "identify",
            "userId": "cards-1",
            "messageId": f"cards-{n}",
            "timestamp": (now - timedelta(days=9 - n)).isoformat(timespec="seconds"),
            "traits": {"member_no": f"CARD-{n}"},
        }
        for n in range(3)
    ]


def _store(path: Path) -> Path:
    """A file of the store's customers: grown-ups, and some of them again."""
    chance = random.Random(7)
    people = [
        {
            "name": chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=2)),
            "birthday": f"{chance.randint(1955, 2005)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}",
            "city": chance.choice(CITIES),
        }
        for _ in range(ADULTS)
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["member_no", "name", "birthday", "city"])
        writer.writeheader()
        writer.writerows({"member_no": f"S-{n:04d}", **one} for n, one in enumerate(people + people[:TWINS]))
    return path


@pytest.fixture(scope="module")
def brand(tmp_path_factory: pytest.TempPathFactory, env: dict[str, str]) -> Brand:
    """A workspace of one shop and one store, whose cards came in as a file."""
    folder = tmp_path_factory.mktemp("identity")
    commands = Commands(folder / "ws", env)
    email, password = admin_in(commands.run("init", str(commands.root), folder=False))
    for name, body in DEFINITIONS.items():
        (commands.root / name).parent.mkdir(parents=True, exist_ok=True)
        (commands.root / name).write_text(yaml.safe_dump(body, allow_unicode=True), encoding="utf-8")
    workspace = open_workspace(commands.root)
    apply(workspace, author="test")
    outcome = import_into(workspace, "customers", [_store(folder / "store.csv")], touchpoint="store", author="test")
    assert (outcome.quarantined, outcome.refused) == (0, {}), outcome
    workspace.close()
    return Brand(commands, email, password)


@pytest.fixture(scope="module")
def server(brand: Brand) -> Iterator[Server]:
    with serving(brand.commands) as running:
        yield running


@pytest.fixture(scope="module")
def api(server: Server, brand: Brand) -> Iterator[tuple[Server, httpx.Client]]:
    """The server with everybody in it, and a client that is signed in."""
    now = datetime.now(UTC)
    with httpx.Client(base_url=server.url, headers={"X-OnePool": "1"}, timeout=PATIENCE) as client:
        events = [event for family in FAMILIES for event in _people(family, now)] + _cards(now)
        assert server.send(write_key(brand.commands, "shop"), *events).status_code == 200
        credentials = {"email": brand.email, "password": brand.password}
        assert client.post("/api/v1/session", json=credentials).status_code == 200
        eventually(lambda: _open(client) >= len(FAMILIES) + 1, "the conflicts")
        yield server, client


@pytest.fixture(autouse=True)
def everybody(api: tuple[Server, httpx.Client]) -> None:
    """Each test finds everybody, also one that asks only for a browser."""


def _open(client: httpx.Client) -> int:
    found: int = client.get("/api/v1/identity/conflicts").json()["total"]
    return found


def _customer(client: httpx.Client, text: str) -> int:
    items = client.get("/api/v1/customers", params={"q": text}).json()["items"]
    assert len(items) == 1, (text, items)
    found: int = items[0]["customer_id"]
    return found


def _identifiers(client: httpx.Client, text: str) -> set[str]:
    """The values (masked) of the customer who has this identifier."""
    number = _customer(client, text)
    return {one["value"] for one in client.get(f"/api/v1/customers/{number}").json()["identifiers"]}


def _choose(page: Page, *values: str) -> None:
    """Choose identifiers in the list."""
    rows = page.get_by_test_id("identity-nodes").get_by_role("row")
    for value in values:
        rows.filter(has_text=value).get_by_role("checkbox").check()
    expect(page.get_by_test_id("chosen")).to_have_attribute("data-value", str(len(values)))


def test_why_two_identifiers_are_one_customer_is_shown_in_the_graph(
    signed_in: SignedIn, api: tuple[Server, httpx.Client]
) -> None:
    _, client = api
    with signed_in() as console:
        page = console.page
        console.go(f"/customers/{_customer(client, 'explain-1')}?tab=oneid")
        graph = page.get_by_test_id("identity-graph")
        for value in ("explain-1", "explain-2"):
            graph.locator(".op-node").filter(has_text=value).click()
        page.get_by_test_id("act-explain").click()
        explanation = page.get_by_test_id("explanation")
        expect(explanation).to_have_attribute("data-together", "true")
        expect(page.get_by_test_id("explain-path")).to_have_attribute("data-value", "2")
        expect(explanation).to_contain_text("手机号")
        expect(explanation).to_contain_text("商城")
        page.keyboard.press("Escape")
        expect(explanation).to_be_hidden()
        # The link that joins nothing says why; by keyboard, as everything else in the drawing.
        graph.get_by_role("button", name=re.compile("冲突")).press("Enter")
        expect(page.get_by_test_id("evidence")).to_contain_text("超出数量上限：user_id@shop")


def test_two_customers_say_why_they_are_two(signed_in: SignedIn) -> None:
    with signed_in() as console:
        page = console.page
        console.go("/identity/explain")
        page.get_by_test_id("explain-a").fill(f"phone:{_phone('apart', 1)}")
        page.get_by_test_id("explain-b").fill("user_id@shop:apart-3")
        page.get_by_test_id("explain-ask").click()
        expect(page.get_by_test_id("explanation")).to_have_attribute("data-together", "false")
        expect(page.get_by_test_id("explain-reasons")).to_contain_text("用户编号")
        expect(page).to_have_url(re.compile("apart-3"))


def test_a_part_of_a_customer_is_split_off_and_comes_back(
    signed_in: SignedIn, api: tuple[Server, httpx.Client]
) -> None:
    _, client = api
    whole = _identifiers(client, "split-1")
    with signed_in() as console:
        page = console.page
        console.go(f"/customers/{_customer(client, 'split-1')}?tab=oneid&view=list")
        _choose(page, "@onepool.example")
        page.get_by_test_id("act-split").click()
        expect(page.get_by_test_id("effects-before")).to_have_attribute("data-value", "1")
        expect(page.get_by_test_id("effects-after")).to_have_attribute("data-value", "2")
        page.get_by_test_id("decision-reason").fill("邮箱是同事的")
        page.get_by_test_id("decision-confirm").click()
        # Whoever looks at a toast keeps it.
        undo = page.get_by_test_id("undo-toast")
        undo.hover()
        eventually(lambda: len(_identifiers(client, "split-1")) == len(whole) - 1, "the split")
        expect(page.get_by_test_id("decisions")).to_contain_text("邮箱是同事的")
        undo.click()
        eventually(lambda: _identifiers(client, "split-1") == whole, "everything as it was")
        expect(page.get_by_test_id("decisions")).to_contain_text("已撤销")


def test_two_customers_are_merged_and_the_history_takes_it_back(
    signed_in: SignedIn, api: tuple[Server, httpx.Client]
) -> None:
    _, client = api
    apart = _identifiers(client, "merge-1")
    with signed_in() as console:
        page = console.page
        console.go(f"/customers/{_customer(client, 'merge-1')}?tab=oneid")
        page.get_by_test_id("act-merge").click()
        box = page.get_by_role("dialog").get_by_role("combobox")
        box.fill("merge-3")
        page.locator(".ant-select-item-option").first.click()
        expect(page.get_by_test_id("effects-before")).to_have_attribute("data-value", "2")
        expect(page.get_by_test_id("effects-after")).to_have_attribute("data-value", "1")
        page.get_by_test_id("decision-confirm").click()
        eventually(lambda: "merge-3" in _identifiers(client, "merge-1"), "the merge")
        console.go("/identity/decisions")
        row = page.get_by_test_id("decisions").get_by_role("row").filter(has_text="merge-")
        row.get_by_role("button", name=re.compile("撤销")).click()
        eventually(lambda: _identifiers(client, "merge-1") == apart, "two customers again")


def test_a_conflict_is_decided_by_keys_and_taken_back(signed_in: SignedIn, api: tuple[Server, httpx.Client]) -> None:
    _, client = api
    with signed_in() as console:
        page = console.page
        console.go("/identity/review?kind=conflict")
        queue = page.get_by_test_id("review-queue")
        mine = next(
            one["id"]
            for one in client.get("/api/v1/identity/review", params={"kind": "conflict", "size": 100}).json()["items"]
            if any(ref["value"] == "never-3" for side in (one["a"], one["b"]) for ref in side["identifiers"])
        )
        item = queue.locator(f"[data-item='{mine}']")
        item.focus()
        item.click()
        expect(page.get_by_test_id("sides")).to_contain_text("never-3")
        expect(page.get_by_test_id("why-proposed")).to_contain_text("用户编号")
        page.keyboard.press("n")
        expect(item).to_have_count(0)
        page.keyboard.press("Control+z")
        expect(item).to_have_count(1)


def test_other_rules_are_previewed_and_then_published(signed_in: SignedIn, api: tuple[Server, httpx.Client]) -> None:
    _, client = api
    assert "CARD-2" not in _identifiers(client, "cards-1")
    with signed_in() as console:
        page = console.page
        console.go("/identity/rules")
        limit = page.get_by_test_id("rule-member_no-max_per_customer")
        limit.fill("3")
        limit.press("Tab")
        page.get_by_test_id("rules-open").click()
        expect(page.get_by_test_id("rules-changes")).to_contain_text("会员号：每客户最多：2 → 3")
        publish = page.get_by_test_id("rules-publish")
        page.get_by_test_id("rules-reason").fill("旧卡换新卡")
        expect(publish).to_be_disabled()
        page.get_by_test_id("rules-preview").click()
        expect(page.get_by_test_id("rules-outcome")).to_contain_text("合并 1 位客户")
        expect(page.get_by_test_id("rules-samples")).to_contain_text("CARD-2")
        publish.click()
        console.told("第 1 版规则已发布")
    eventually(lambda: "CARD-2" in _identifiers(client, "cards-1"), "the third card")


def test_a_model_is_trained_its_thresholds_tried_and_its_pairs_decided(
    signed_in: SignedIn, api: tuple[Server, httpx.Client]
) -> None:
    _, client = api
    with signed_in() as console:
        page = console.page
        console.go("/identity/model")
        page.get_by_test_id("model-fit").click()
        expect(page.get_by_test_id("model-comparisons")).to_contain_text("生日", timeout=300_000)
        expect(page.get_by_test_id("model-comparisons")).to_contain_text("同一天")
        expect(page.get_by_test_id("model-blocking")).to_be_visible()
        join = page.get_by_test_id("threshold-join")
        join.fill("0.98")
        join.press("Tab")
        page.get_by_test_id("threshold-preview").click()
        expect(page.get_by_test_id("threshold-outcome")).to_contain_text("自动合并的配对")
        console.go("/identity/review?kind=candidate")
        expect(page.get_by_test_id("weights")).to_contain_text("姓名")
        waiting = client.get("/api/v1/identity/review", params={"kind": "candidate"}).json()["total"]
        assert waiting >= TWINS // 2
        for n in range(2):
            page.get_by_test_id("review-queue").get_by_role("checkbox").nth(n).check()
        page.get_by_test_id("verdict-merge").click()
        console.told("已合并 2 对")
        eventually(
            lambda: client.get("/api/v1/identity/review", params={"kind": "candidate"}).json()["total"] <= waiting - 2,
            "two pairs fewer",
        )


@pytest.mark.parametrize(("theme", "language"), [("light", "zh-CN"), ("dark", "en")])
def test_nothing_keeps_people_with_disabilities_from_using_oneid(
    signed_in: SignedIn, api: tuple[Server, httpx.Client], theme: str, language: str
) -> None:
    if not AXE.exists():
        pytest.skip("axe is not installed: npm ci in console")
    number = _customer(api[1], "explain-1")
    faults: dict[str, list[str]] = {}
    with signed_in(theme=theme, language=language) as console:
        for path in (
            "/identity",
            "/identity/review",
            "/identity/conflicts",
            f"/identity/explain?a={number}&b=user_id@shop:explain-3",
            "/identity/decisions",
            "/identity/rules",
            "/identity/model",
            f"/customers/{number}?tab=oneid",
            f"/customers/{number}?tab=oneid&view=list",
            f"/customers/{number}?tab=oneid&act=merge",
        ):
            console.go(path)
            faults[path] = console.faults()
    listed = [f"{path}: {fault}" for path, found in faults.items() for fault in found]
    assert not listed, "\n".join(listed)
