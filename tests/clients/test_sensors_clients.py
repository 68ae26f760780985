from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import sync_playwright
from tests.clients.browse import chromium, shop
from tests.clients.drive import node_modules
from tests.clients.sensors import APP_ID, address, growing_story, mini_story, python_story
from tests.clients.server import TOUCHPOINT, WRITE_KEY, Running, running_collector

from onepool.collect.inbound import Item

SCOPE = TOUCHPOINT.name


def consumers(url: str) -> dict[str, Any]:
    from sensorsanalytics import sdk

    return {
        "default": lambda: sdk.DefaultConsumer(url),
        "batch": lambda: sdk.BatchConsumer(url, max_size=50),
        "async": lambda: sdk.AsyncBatchConsumer(url),
        "debug": lambda: sdk.DebugConsumer(url),
    }


def by_name(items: list[Item]) -> dict[str, Item]:
    return {item.name: item for item in items}


@pytest.mark.filterwarnings("ignore:.*isSet:DeprecationWarning")  # the client's thread asks the old way
@pytest.mark.parametrize("consumer", ["default", "batch", "async"])
def test_everything_that_the_python_client_sends_arrives(consumer: str, tmp_path: Path) -> None:
    with running_collector(tmp_path) as server:
        python_story(consumers(address(server.url, WRITE_KEY))[consumer](), "t")
        items, broken = server.items(), server.broken()
    assert [one.rule for one in broken] == ["sensors.not_done"] * 2
    assert [one.message.partition(":")[0] for one in broken] == ["track_id_unbind", "profile_delete"]
    assert [(item.kind, item.name, item.change) for item in items] == [
        ("event", "ViewProduct", "set"),
        ("event", "signed_in", "set"),
        *(("profile", "profile_updated", change) for change in ("set", "once", "add", "add", "append", "append")),
        ("profile", "profile_updated", "unset"),
        ("object", "book", "set"),
        ("object", "book", "set"),
        ("object", "book", "delete"),
        ("event", "$BindID", "set"),
        ("event", "AddCart", "set"),
    ]
    found = by_name(items)
    assert found["ViewProduct"].ids == [("anonymous_id", SCOPE, "t-anon-1")]
    assert found["ViewProduct"].fields["seen"] == "2024-01-02 03:04:05.007"
    assert found["signed_in"].ids == [("user_id", SCOPE, "t-u1"), ("anonymous_id", SCOPE, "t-anon-1")]
    assert found["$BindID"].ids == [("user_id", SCOPE, "t-u1"), ("phone", SCOPE, "13912345678")]
    assert found["AddCart"].ids == [("phone", SCOPE, "13912345678")]


def test_debugging_says_what_is_wrong_and_keeps_the_rest(tmp_path: Path) -> None:
    from sensorsanalytics import sdk

    with running_collector(tmp_path) as server:
        url = address(server.url, WRITE_KEY)
        client = sdk.SensorsAnalytics(sdk.DebugConsumer(url))
        client.track("anon", "ViewProduct", {"product_id": "p-1"})
        with pytest.raises(sdk.SensorsAnalyticsDebugException):
            client.profile_delete("u1", is_login_id=True)
        assert [item.name for item in server.items()] == ["ViewProduct"]
        dry = sdk.SensorsAnalytics(sdk.DebugConsumer(url, write_data=False))
        dry.track("anon", "AddCart", {})
        assert len(server.records()) == 1
        assert server.broken() == []


def test_a_mini_program_is_known_by_openid_and_unionid(tmp_path: Path) -> None:
    if not node_modules():
        pytest.skip("the Node clients are not installed: npm ci in tests/clients/node")
    with running_collector(tmp_path) as server:
        mini_story(server.url, WRITE_KEY, "t")
        items, broken = server.items(), server.broken()
    assert broken == []
    found = by_name(items)
    assert {"ViewProduct", "signed_in", "AddCart", "$BindID"} <= set(found)
    signed_in = {(kind, scope): value for kind, scope, value in found["signed_in"].ids}
    assert signed_in["openid", APP_ID] == "t-openid"
    assert signed_in["unionid", SCOPE] == "t-unionid"
    assert signed_in["user_id", SCOPE] == "t-u1"
    assert ("phone", SCOPE, "13912345678") in found["AddCart"].ids
    assert found["AddCart"].fields["first_seen"] == "2024-01-02 03:04:05.007"
    assert found["AddCart"].fields["$referrer"] is None
    changes = {item.change: item.traits for item in items if item.kind == "profile"}
    assert (changes["set"], changes["add"], changes["append"]) == (
        {"nickname": "张三"},
        {"visits": 2},
        {"favourites": ["x"]},
    )
    assert all(item.sent_at is not None and item.time is not None for item in items)


@pytest.mark.browser
@pytest.mark.parametrize("mode", ["image", "ajax", "beacon", "batch"])
def test_everything_that_the_web_client_sends_arrives(mode: str, tmp_path: Path) -> None:
    if chromium() is None:
        pytest.skip("no Chromium: install the package chromium, or name one in CHROMIUM")
    if not node_modules():
        pytest.skip("the Node clients are not installed: npm ci in tests/clients/node")
    with running_collector(tmp_path) as server:
        _visit(server, mode)
        items, broken = server.items(), server.broken()
    assert broken == []
    found = by_name(items)
    assert {"$pageview", "ViewProduct", "signed_in", "AddCart"} <= set(found)
    (visitor,) = {value for kind, _, value in found["ViewProduct"].ids if kind == "anonymous_id"}
    assert found["ViewProduct"].ids == [("anonymous_id", SCOPE, visitor)]
    assert set(found["AddCart"].ids) == {("user_id", SCOPE, "t-u1"), ("anonymous_id", SCOPE, visitor)}
    assert found["AddCart"].fields["seen"] == "2024-01-02 03:04:05.007"
    assert found["$pageview"].fields["$latest_search_keyword"] is None
    assert found["$pageview"].fields["$title"] == "Shop"
    assert {item.change for item in items if item.kind == "profile"} == {"set", "once", "add", "append"}
    marks = [item.message_id for item in items]
    assert None not in marks and len(set(marks)) == len(marks)


def _visit(server: Running, mode: str) -> None:
    query = urlencode({"endpoint": server.url, "key": WRITE_KEY, "prefix": "t", "mode": mode})
    with shop() as page_url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{page_url}/browser/sensors.html?{query}")
        patience = time.monotonic() + 60
        wanted = {"$pageview", "ViewProduct", "signed_in", "AddCart"}
        while time.monotonic() < patience:
            items = server.items()
            if wanted <= {item.name for item in items} and {"add", "append"} <= {item.change for item in items}:
                break
            page.wait_for_timeout(100)
        browser.close()
    assert complaints == []


def test_everything_that_growings_python_client_sends_arrives(tmp_path: Path) -> None:
    with running_collector(tmp_path) as server:
        growing_story(server.url, WRITE_KEY, "t")
        items, broken = server.items(), server.broken()
    assert broken == []
    assert [(item.kind, item.name) for item in items] == [
        ("event", "AddCart"),
        ("profile", "profile_updated"),
        ("event", "ViewProduct"),
    ]
    assert items[0].ids == [("user_id", SCOPE, "t-u1"), ("anonymous_id", SCOPE, "t-a1")]
    assert items[0].fields["product_id"] == "p-1"
    assert items[1].traits == {"nickname": "张三"}
    assert ("phone", SCOPE, "13912345678") in items[2].ids
