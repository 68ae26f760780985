"""Connecting a touchpoint over the API: form, secret, test, what came in, preview of a mapping."""

from __future__ import annotations

import json
from typing import Any

from onepool.channels.base import Request
from onepool.collect import hooked
from onepool.collect.accounts import Accounts, make_account
from onepool.privacy.roles import Role

from .conftest import NOW, World

RULE = {"event": "form_submitted", "message_id": "$.id", "ids": {"phone": "$.tel"}, "traits": {"name": "$.who"}}
BODY: dict[str, Any] = {
    "title": {"zh": "试用装表单", "en": "Sample form"},
    "channel": "webhook",
    "settings": {"verify": "path", "secret": "file:secrets/forms.secret", "rules": [RULE]},
}


def test_the_channels_say_what_they_ask_for(empty: World) -> None:
    items = empty.signed_in().get("/api/v1/channels").json()["items"]
    webhook = next(item for item in items if item["name"] == "webhook")
    assert webhook["installed"] and webhook["hook"]
    secret = next(one for one in webhook["settings"] if one["name"] == "secret")
    assert (secret["kind"], secret["required"], secret["default"]) == ("secret", True, None)
    assert {one["event"] for one in webhook["signals"]} >= {"form_submitted"}
    assert not next(item for item in items if item["name"] == "kuaishou")["settings"]


def test_connecting_keeps_secrets_out_of_sight(empty: World) -> None:
    browser = empty.signed_in()
    kept = browser.put("/api/v1/touchpoints/forms/secrets/secret", {"value": "s3cret"})
    assert kept.json() == {"reference": "file:secrets/forms.secret"}
    made = browser.put("/api/v1/touchpoints/forms", BODY)
    assert made.status_code == 200, made.text
    detail = made.json()
    assert (detail["state"], detail["hook_path"], detail["version"]) == ("silent", "/hooks/forms", 1)
    assert detail["secrets"] == [{"setting": "secret", "reference": "file:secrets/forms.secret", "found": True}]
    assert "s3cret" not in browser.get("/api/v1/touchpoints/forms").text + browser.get("/api/v1/audit").text
    path = empty.ws.data / "secrets" / "forms.secret"
    assert (path.read_text(), oct(path.stat().st_mode & 0o777)) == ("s3cret", "0o600")
    assert browser.post("/api/v1/touchpoints/forms/test").json()["ok"]


def test_a_secret_in_clear_or_from_elsewhere_is_refused(empty: World) -> None:
    browser = empty.signed_in()
    for wrong in (
        "s3cret", "file:/etc/passwd", "file:secrets/../digest.key", "file:secrets/..", "file:secrets/forms.a/../b",
        "file:secrets/other.secret", "env:PATH", "env:STATE_URL", "env:",
        "file:secrets/forms.secret\n", "file:digest.key",
    ):  # fmt: skip
        answer = browser.put("/api/v1/touchpoints/forms", {**BODY, "settings": {**BODY["settings"], "secret": wrong}})
        assert answer.status_code == 422, wrong
    answer = browser.put("/api/v1/touchpoints/forms", {**BODY, "settings": {"verify": "guess"}})
    assert answer.status_code == 422 and "settings." in answer.json()["where"]


def test_a_test_stops_where_it_fails(empty: World) -> None:
    browser = empty.signed_in()
    body = {**BODY, "settings": {**BODY["settings"], "secret": "env:ONEPOOL_SECRET_NOT_SET"}}
    assert browser.put("/api/v1/touchpoints/forms", body).status_code == 200
    result = browser.post("/api/v1/touchpoints/forms/test").json()
    assert not result["ok"]
    assert [(step["code"], step["ok"]) for step in result["steps"]] == [("settings", True), ("secrets", False)]


def test_of_two_who_save_at_once_the_later_is_told(empty: World) -> None:
    browser = empty.signed_in()
    browser.put("/api/v1/touchpoints/forms", BODY)
    assert browser.put("/api/v1/touchpoints/forms", BODY).json()["code"] == "touchpoint-exists"
    assert browser.put("/api/v1/touchpoints/forms", {**BODY, "version": 1, "paused": True}).json()["state"] == "paused"
    assert browser.put("/api/v1/touchpoints/forms", {**BODY, "version": 1}).json()["code"] == "conflict"
    assert browser.delete("/api/v1/touchpoints/forms").status_code == 204
    assert browser.get("/api/v1/touchpoints/forms").json()["code"] == "touchpoint-unknown"


def test_only_those_who_connect_sources_may(empty: World) -> None:
    for role in (Role.MARKETER, Role.ANALYST, Role.APPROVER):
        browser = empty.signed_in(role)
        assert browser.put("/api/v1/touchpoints/forms", BODY).status_code == 403
        assert browser.put("/api/v1/touchpoints/forms/secrets/secret", {"value": "x"}).status_code == 403
        if role is not Role.ANALYST:
            assert browser.get("/api/v1/touchpoints/forms/arrivals").status_code == 403


def test_what_came_in_is_shown_raw_beside_standard_and_a_mapping_can_be_tried(empty: World) -> None:
    browser = empty.signed_in()
    browser.put("/api/v1/touchpoints/forms/secrets/secret", {"value": "s3cret"})
    browser.put("/api/v1/touchpoints/forms", BODY)
    touchpoint = empty.ws.touchpoints()["forms"]
    account = make_account(touchpoint, empty.ws.data)
    for number in range(3):
        payload = {"id": number, "tel": "13912345678", "who": "王小明", "colour": "red"}
        request = Request("POST", "s3cret", "", {"content-type": "application/json"}, json.dumps(payload).encode())
        empty.ws.log.append([hooked.pushed(request, account, NOW, None)])
    items = browser.get("/api/v1/touchpoints/forms/arrivals").json()["items"]
    assert len(items) == 3
    first = items[0]
    assert "13912345678" not in json.dumps(items) and '"id": 2' in first["raw"]
    assert [row["name"] for row in first["rows"]] == ["form_submitted"]
    assert first["rows"][0]["title"]["zh"] == "提交表单"
    # Whoever may not see people's names sees what the event is called.
    other = empty.signed_in(Role.ENGINEER).get("/api/v1/touchpoints/forms/arrivals").json()["items"][0]
    assert other["items"][0]["name"] == "form_submitted" and other["items"][0]["traits"]["name"] == "王**"
    draft = {key: value for key, value in BODY.items() if key != "title"}
    rule = {**RULE, "fields": {"content": "$.colour"}}
    draft["settings"] = {**draft["settings"], "rules": [rule]}
    found = browser.post("/api/v1/touchpoints/forms/preview", draft).json()["items"]
    assert found[0]["rows"][0]["fields"]["content"] == "red"
    sample = browser.post(
        "/api/v1/touchpoints/forms/preview", {**draft, "sample": '{"id": 9, "colour": "blue"}'}
    ).json()
    assert [fault["rule"] for fault in sample["items"][0]["refused"]] == ["identifier.none"]
    draft["settings"]["rules"] = [{**RULE, "ids": {"phone": "$.a["}}]
    broken = browser.post("/api/v1/touchpoints/forms/preview", draft).json()["items"]
    assert [fault["rule"] for fault in broken[0]["refused"]] == ["webhook.mapping"]


def test_all_that_is_wrong_with_the_settings_is_told_at_once(empty: World) -> None:
    body = {**BODY, "channel": "wechat_oa", "settings": {"appid": "nonsense", "colour": "red"}}
    answer = empty.signed_in().put("/api/v1/touchpoints/oa", body)
    assert answer.status_code == 422
    places = {one["place"] for one in answer.json()["problems"]}
    assert places == {"settings.appid", "settings.colour", "settings.token"}


def test_versions_say_what_changed_and_can_be_saved_again(empty: World) -> None:
    browser = empty.signed_in()
    browser.put("/api/v1/touchpoints/forms", {**BODY, "reason": "first"})
    changed = {**BODY, "settings": {**BODY["settings"], "each": "$.entries[*]"}, "paused": True, "version": 1}
    browser.put("/api/v1/touchpoints/forms", changed)
    items = browser.get("/api/v1/touchpoints/forms/versions").json()["items"]
    assert [(one["version"], one["reason"]) for one in items] == [(2, ""), (1, "first")]
    assert items[0]["changes"] == ["paused", "settings.each"]
    assert "write_key" not in items[1]["body"]
    again = browser.put("/api/v1/touchpoints/forms", {**items[1]["body"], "version": 2})
    assert again.status_code == 200, again.text
    assert (again.json()["paused"], again.json()["version"]) == (False, 3)


def test_only_what_is_new_is_asked_for(empty: World) -> None:
    browser = empty.signed_in()
    browser.put("/api/v1/touchpoints/forms/secrets/secret", {"value": "s3cret"})
    browser.put("/api/v1/touchpoints/forms", BODY)
    account = make_account(empty.ws.touchpoints()["forms"], empty.ws.data)
    for number in range(3):
        request = Request("POST", "s3cret", "", {}, json.dumps({"id": number, "tel": "13912345678"}).encode())
        empty.ws.log.append([hooked.pushed(request, account, NOW, None)])
    items = browser.get("/api/v1/touchpoints/forms/arrivals", limit=2).json()["items"]
    assert ['"id": 2' in items[0]["raw"], len(items)] == [True, 2]
    newer = browser.get("/api/v1/touchpoints/forms/arrivals", after=items[1]["offset"]).json()["items"]
    assert [one["offset"] for one in newer] == [items[0]["offset"]]
    # The platform got no answer in time and sends the last one again.
    empty.ws.log.append([hooked.pushed(request, account, NOW, None)])
    items = browser.get("/api/v1/touchpoints/forms/arrivals").json()["items"]
    assert [one["repeated"] for one in items] == [True, False, False, False]


def test_a_replaced_secret_is_in_force_at_once(empty: World) -> None:
    browser = empty.signed_in()
    browser.put("/api/v1/touchpoints/forms/secrets/secret", {"value": "old"})
    browser.put("/api/v1/touchpoints/forms", BODY)
    accounts = Accounts(empty.ws.data)
    touchpoint = empty.ws.touchpoints()["forms"]
    assert accounts.of(touchpoint).text("secret") == "old"
    assert accounts.of(touchpoint) is accounts.of(touchpoint)
    browser.put("/api/v1/touchpoints/forms/secrets/secret", {"value": "new"})
    assert accounts.of(touchpoint).text("secret") == "new"


def test_an_sdk_call_can_be_tried(empty: World) -> None:
    browser = empty.signed_in()
    site = {"channel": "web", "mapping": {"events": {"Bought": "order_paid"}, "identifiers": {"card": "member_no"}}}
    call = {"type": "track", "event": "Bought", "messageId": "m1", "properties": {"card": "M-1", "order_id": "7"}}
    answer = browser.post("/api/v1/touchpoints/site/preview", {**site, "sample": json.dumps(call)})
    (row,) = answer.json()["items"][0]["rows"]
    assert (row["name"], row["ids"]) == ("order_paid", ["member_no@site:M-1"])


def test_a_password_does_not_follow_a_changed_server(empty: World) -> None:
    """Whoever may change the server's address must not so learn the password that somebody else entered."""
    browser = empty.signed_in()
    address = "/api/v1/touchpoints/mail"

    def kept() -> str:
        return str(browser.put(f"{address}/secrets/password?fresh=true", {"value": "opensesame"}).json()["reference"])

    settings = {"smtp_host": "mail.brand.test", "username": "brand", "password": kept(), "sender": "a@brand.test"}
    body: dict[str, Any] = {"title": {"zh": "邮件", "en": "Mail"}, "channel": "email", "settings": settings}
    made = browser.put(address, body)
    assert made.status_code == 200, made.text
    moved = {**body, "version": 1, "settings": {**settings, "smtp_host": "mail.thief.test"}}
    answer = browser.put(address, moved)
    assert (answer.status_code, answer.json()["code"]) == (422, "secret-again")
    assert browser.put(address, {**moved, "settings": {**moved["settings"], "password": kept()}}).status_code == 200
    quiet = {**moved["settings"], "password": ""}
    assert browser.put(address, {**moved, "version": 2, "settings": {**quiet, "smtp_host": "x.test"}}).status_code < 500


def test_what_is_not_said_of_joining_stays(world: World) -> None:
    browser = world.signed_in(Role.ENGINEER)
    version = browser.get("/api/v1/touchpoints/shop").json()["version"]
    asked = {"joining": "consent", "version": version, "reason": "they have to agree"}
    assert browser.put("/api/v1/identity/touchpoints/shop/joining", asked).status_code == 200
    change = {"title": {"zh": "旗舰店2", "en": "Flagship 2"}, "channel": "tmall", "version": version + 1}
    assert browser.put("/api/v1/touchpoints/shop", change).json()["joining"] == "consent"
    change |= {"joining": "free", "version": version + 2}
    assert browser.put("/api/v1/touchpoints/shop", change).json()["joining"] == "free"
