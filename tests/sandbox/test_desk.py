"""A workspace that says nothing of a sandbox: touchpoints find the one that runs, and the console acts in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.api.conftest import World, empty
from tests.sandbox.loop import account, sandbox

from onepool.collect import doubles
from onepool.collect.accounts import AccountError, Accounts
from onepool.privacy.roles import Role
from onepool.sandbox import known, open_sandbox
from onepool.sandbox import running as serving
from onepool.sandbox.pushing import Outgoing
from onepool.sandbox.server import forget_ended
from onepool.workspace import SANDBOX_ADDRESS, Workspace

__all__ = ["empty"]


@contextmanager
def _running(ws: Workspace) -> Iterator[str]:
    with serving(open_sandbox(ws), "http://127.0.0.1:9") as url, known(ws.data, int(url.rpartition(":")[2])):
        yield url


def _connect(world: World, *, sandbox: bool = True) -> Any:
    browser = world.signed_in()
    kept = {
        name: browser.put(f"/api/v1/touchpoints/oa/secrets/{name}", {"value": value}).json()["reference"]
        for name, value in {"secret": "s" * 32, "token": "t1"}.items()
    }
    settings = {"appid": "wx00000000000000aa", **kept}
    body = {"title": {"zh": "号", "en": "OA"}, "channel": "wechat_oa", "settings": settings, "sandbox": sandbox}
    saved = browser.put("/api/v1/touchpoints/oa", body)
    assert saved.status_code == 200, saved.text
    return browser


def test_a_touchpoint_finds_the_sandbox_that_runs(empty: World) -> None:
    browser = _connect(empty)
    (touchpoint,) = empty.ws.touchpoints().values()
    accounts = Accounts(empty.ws.data, lambda: empty.ws.sandbox)
    with pytest.raises(AccountError, match="no sandbox runs"):
        accounts.of(touchpoint)
    with _running(empty.ws) as url:
        assert accounts.of(touchpoint).endpoints["api"].startswith(f"{url}/wechat_oa/")
        assert browser.post("/api/v1/touchpoints/oa/test").json()["ok"]
    with pytest.raises(AccountError, match="no sandbox runs"):
        accounts.of(touchpoint)


@pytest.mark.parametrize("address", [None, "http://127.0.0.1:9"])
def test_the_test_says_that_no_sandbox_runs(empty: World, address: str | None) -> None:
    empty.ws.settings = empty.ws.settings.model_copy(update={"sandbox": address})
    answer = _connect(empty).post("/api/v1/touchpoints/oa/test").json()
    assert [step["code"] for step in answer["steps"]] == ["settings", "sandbox"]
    assert not answer["ok"]
    step = answer["steps"][-1]
    assert step["message"] == "no sandbox runs"
    assert "onepool serve --sandbox" in step["hint"] and "onepool sandbox" in step["hint"]


def test_somebody_does_something_by_the_api(empty: World) -> None:
    browser = _connect(empty)
    place = "/api/v1/touchpoints/oa/sandbox"
    assert browser.get(place).json() == {"running": False, "acts": []}
    away = browser.post(f"{place}/acts", {"do": "follow"})
    assert (away.status_code, away.json()["code"]) == (503, "sandbox-away")
    with _running(empty.ws) as url:
        assert "follow" in browser.get(place).json()["acts"]
        done = browser.post(f"{place}/acts", {"do": "follow", "person": "xiaoyu"}).json()
        assert (done["do"], done["person"]) == ("follow", "xiaoyu")
        assert done["told"]["openid"].startswith("o")
        (line,) = doubles.ask(url, "GET", "/_/ledger", params={"direction": "out", "touchpoint": "oa"})
        assert line["what"] == "subscribe"
        refused = browser.post(f"{place}/acts", {"do": "fly"})
        assert (refused.status_code, refused.json()["code"]) == (422, "act")
        for role in (Role.MARKETER, Role.ANALYST):
            assert empty.signed_in(role).post(f"{place}/acts", {"do": "follow"}).status_code == 403
        noted = [one for one in browser.get("/api/v1/audit").json()["items"] if one["action"] == "sandbox.act"]
        assert [one["detail"] for one in noted] == [{"do": "follow"}]


def test_only_in_the_sandbox_and_only_on_this_machine(empty: World) -> None:
    browser = _connect(empty, sandbox=False)
    with _running(empty.ws):
        answer = browser.post("/api/v1/touchpoints/oa/sandbox/acts", {"do": "follow"})
        assert (answer.status_code, answer.json()["code"]) == (409, "sandbox-off")
        assert browser.get("/api/v1/touchpoints/oa/sandbox").json() == {"running": True, "acts": []}
    body = browser.get("/api/v1/touchpoints/oa").json()
    change = {key: body[key] for key in ("title", "channel", "settings", "version")} | {"sandbox": True}
    assert browser.put("/api/v1/touchpoints/oa", change).status_code == 200
    empty.ws.settings = empty.ws.settings.model_copy(update={"sandbox": "http://192.0.2.1:8100"})
    answer = browser.post("/api/v1/touchpoints/oa/sandbox/acts", {"do": "follow"})
    assert (answer.status_code, answer.json()["code"]) == (503, "sandbox-away")


def test_the_address_of_one_that_was_not_ended_well_is_forgotten(empty: World) -> None:
    path = empty.ws.data / SANDBOX_ADDRESS
    path.write_text("http://127.0.0.1:9", encoding="utf-8")
    forget_ended(empty.ws.data)
    assert not path.exists()
    with _running(empty.ws) as url:
        forget_ended(empty.ws.data)
        assert empty.ws.sandbox == url
        # Another one that was started meanwhile stays known when this one ends.
        path.write_text("http://127.0.0.1:10", encoding="utf-8")
    assert empty.ws.sandbox == "http://127.0.0.1:10"


@pytest.mark.parametrize(("key", "outcome"), [("", "403"), ("too short", "can't be signed")])
def test_an_account_whose_pushes_can_not_be_sealed_stops_nobody_else(key: str, outcome: str) -> None:
    box = sandbox(account("wechat_oa", "oa", encoding_aes_key=key), account("youzan"))
    box.act("follow", "oa")
    box.act("order", "youzan", given={"pay": True})
    seen = []

    def send(one: Outgoing) -> tuple[int, bytes]:
        seen.append(one.touchpoint)
        return (403, b"") if one.touchpoint == "oa" else (200, b'{"code":0,"msg":"success"}')

    box.deliver(send)
    assert "youzan" in seen
    (line,) = box.ledger.lines(direction="out", touchpoint="oa")
    assert line["outcome"].startswith(outcome)
