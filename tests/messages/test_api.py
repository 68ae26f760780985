"""Messages over HTTP: saved when they can be used, previewed without giving personal values away, tests limited."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.api.conftest import World, empty, quick_hashes, world  # noqa: F401

from onepool import connect
from onepool.channels.base import Message, Receipt
from onepool.privacy import audit
from onepool.privacy.roles import Role

from .brand import message, sms, wecom

PATH = "/api/v1/messages"
NAME = {"name": {"from": "attribute.name", "default": "亲"}, "code": {"type": "coupon", "from": "vars.code"}}
BODY = message(sms("${name}的券${code} 拒收请回复R", name="{{ name }}", code="{{ code }}"), variables=NAME)


@pytest.fixture
def ready(world: World) -> World:  # noqa: F811
    touchpoint = {"channel": "sms", "title": {"zh": "短信", "en": "SMS"}, "settings": {"signature": "棉屿母婴"}}
    world.ws.save("touchpoint", "sms", touchpoint, author="t")
    return world


def test_from_draft_to_retired(ready: World) -> None:
    browser = ready.signed_in(Role.MARKETER)
    made = browser.post(PATH, {"definition": BODY, "reason": "first"})
    assert made.status_code == 201, made.text
    assert made.json()["check"]["problems"] == [] and made.json()["check"]["run"] == ["vars.code"]
    assert made.json()["check"]["lengths"][0]["segments"] == 1
    assert browser.post(PATH, {"definition": BODY}).json()["code"] == "message-exists"
    wrong = browser.put(f"{PATH}/m", {"definition": {**BODY, "contents": [{**BODY["contents"][0], "kind": "promo"}]}})
    assert wrong.status_code == 422 and wrong.json()["problems"][0]["place"] == "contents[0].kind"
    changed = {**BODY, "note": "second"}
    assert browser.put(f"{PATH}/m", {"definition": changed, "version": 1}).json()["version"] == 2
    assert browser.put(f"{PATH}/m", {"definition": changed, "version": 1}).json()["code"] == "message-changed"
    assert [one["version"] for one in browser.get(f"{PATH}/m/versions").json()["items"]] == [2, 1]
    row = browser.get(PATH).json()["items"][0]
    assert (row["name"], row["channels"], row["problems"], row["approval"]) == ("m", ["sms"], 0, None)
    assert browser.delete(f"{PATH}/m").status_code == 204 and browser.get(f"{PATH}/m").status_code == 404
    assert browser.get(f"{PATH}/language").json()["sms_single"] == 70
    actions = [entry.action for _, entry in audit.trail(ready.ws.state)]
    assert actions.count("definition.save") == 2 and "definition.delete" in actions


def test_what_a_journey_uses_is_not_retired(ready: World) -> None:
    browser = ready.signed_in(Role.MARKETER)
    browser.post(PATH, {"definition": BODY})
    nodes = {"a": {"do": "send", "message": "m"}, "b": {"do": "issue_coupon", "batch": "$params.batch"}}
    ready.ws.definitions.save("journey", "j", {"journey": "j", "params": {"batch": "C"}, "nodes": nodes}, author="t")
    assert browser.delete(f"{PATH}/m").json()["code"] == "message-in-use"
    assert browser.get(PATH).json()["items"][0]["used_by"] == ["journey:j"]


def test_a_draft_is_checked_also_when_it_can_not_be_read(ready: World) -> None:
    browser = ready.signed_in(Role.ANALYST)
    found = browser.post(f"{PATH}/check", {"definition": {"message": "m", "contnts": []}}).json()
    assert [one["place"] for one in found["problems"]] == ["contents", "contnts"]
    assert browser.post(PATH, {"definition": BODY}).status_code == 403


def preview(browser: Any, **more: Any) -> dict[str, Any]:
    answer = browser.post(f"{PATH}/preview", {"definition": BODY, "values": {"vars.code": "ABC"}, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_preview_is_of_a_real_customer_and_shows_no_more_than_the_role_may_see(ready: World) -> None:
    marketer, analyst = ready.signed_in(Role.MARKETER), ready.signed_in(Role.ANALYST)
    clear = preview(marketer, customer_id="1")
    assert clear["text"] == "【棉屿母婴】张伟的券ABC 拒收请回复R", clear
    assert clear["values"][0]["origin"] == "customer" and not clear["masked"]
    hidden = preview(analyst, customer_id="1")
    assert hidden["text"] == "【棉屿母婴】张**的券ABC 拒收请回复R" and hidden["masked"]
    assert (hidden["characters"], hidden["segments"]) == (21, 1)
    assert preview(analyst)["values"][0]["origin"] == "default"
    assert (
        analyst.post(f"{PATH}/preview", {"definition": BODY, "customer_id": "99"}).json()["code"] == "customer-unknown"
    )
    without = {**BODY, "variables": {**NAME, "name": {"from": "attribute.nickname"}}}
    told = marketer.post(f"{PATH}/preview", {"definition": without, "customer_id": "1"}).json()
    assert told["content"] is None and told["problem"].endswith("/ variable name has no value and no default")
    wrong = marketer.post(f"{PATH}/preview", {"definition": message(wecom("{{ x }}"))})
    assert wrong.status_code == 422 and wrong.json()["problems"][0]["place"] == "contents[0].content.text"


def test_tests_are_noted_masked_and_counted(ready: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Message] = []

    def send(_ws: Any, _touchpoint: Any, one: Message) -> Receipt:
        sent.append(one)
        return Receipt("sent", code="OK")

    monkeypatch.setattr(connect, "send", send)
    ready.ws.settings.messages.tests_per_day = 2
    browser = ready.signed_in(Role.MARKETER)
    browser.post(PATH, {"definition": BODY})
    wanted = {"template": "SMS", "touchpoint": "sms", "to": {"phone": "+8613711112222"}}
    assert browser.post(f"{PATH}/m/test", {**wanted, "touchpoint": "shop"}).status_code == 422
    first = browser.post(f"{PATH}/m/test", wanted).json()
    assert (first["state"], first["left"]) == ("sent", 1)
    assert sent[0].key.startswith("test-") and sent[0].content["params"]["code"]
    assert browser.post(f"{PATH}/m/test", wanted).json()["left"] == 0
    third = browser.post(f"{PATH}/m/test", wanted)
    assert (third.status_code, third.json()["code"], len(sent)) == (429, "too-many-tests", 2)
    noted = [entry for _, entry in audit.trail(ready.ws.state) if entry.action == "message.test"]
    assert noted[0].detail["to"] == {"phone": "137****2222"} and "+8613711112222" not in str(noted)
    ready.clock.advance(timedelta(hours=25))
    assert ready.signed_in_again(Role.MARKETER).post(f"{PATH}/m/test", wanted).json()["left"] == 1


def test_approval_is_of_a_version(ready: World) -> None:
    from onepool.privacy import approvals
    from onepool.reach.messages.approval import unapproved
    from onepool.reach.messages.store import plannable

    ready.ws.settings.messages.approval = True
    browser = ready.signed_in(Role.MARKETER)
    browser.post(PATH, {"definition": BODY})
    ws = ready.ws
    assert unapproved(ws.state, ws.definitions, ws.settings, ["m"]) == ["m"]
    asked = browser.post(f"{PATH}/m/ask-approval", {"note": "please"}).json()
    assert asked["approval"] == "asked"
    approvals.decide(ws.state, ready.clock, asked["approval_id"], approve=True, actor="user:other@brand.test")
    assert browser.get(f"{PATH}/m").json()["approval"] == "approved"
    assert unapproved(ws.state, ws.definitions, ws.settings, ["m"]) == []
    browser.put(f"{PATH}/m", {"definition": {**BODY, "note": "other"}})
    assert browser.get(f"{PATH}/m").json()["approval"] is None
    with ws.state.read() as connection:
        assert plannable(connection)["m"][0] == 2
        assert plannable(connection, approved=True)["m"][0] == 1, "what goes out is what was approved"
    assert unapproved(ws.state, ws.definitions, ws.settings, ["m"]) == ["m"]
