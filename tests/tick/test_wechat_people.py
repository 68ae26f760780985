"""One person at an Official Account, in a mini program and in WeCom becomes one customer by what each yields."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from onepool.channels.base import Account, Message, Receipt, Request
from onepool.collect import hooked, receipts

from .conftest import World

OA, MINI, CORP = "wx00000000000000aa", "wx00000000000000bb", "ww0000000000000001"
PERSON = "wmEJiCwAAA9KG2qlSvyBzRmi0mACH72x"
ACCOUNTS = {
    "oa": Account("oa", "wechat_oa", {"appid": OA, "open_platform": "main"}),
    "mini": Account("mini", "wechat_mini", {"appid": MINI, "open_platform": "main"}),
    "wecom": Account("wecom", "wecom", {"corpid": CORP, "open_platform": "main", "remark_phones": True}),
}


@pytest.fixture
def brand(world: World) -> World:
    for name, account in ACCOUNTS.items():
        given = {**account.settings, "token": "env:T"}
        world.define("touchpoint", name, title=name, channel=account.channel, settings=given)
    return world


def push(world: World, touchpoint: str, plain: str, rest: str = "") -> None:
    now = world.clock.now()
    request = Request("POST", rest, "", {}, b"sealed")
    world.workspace.log.append([hooked.pushed(request, ACCOUNTS[touchpoint], now, plain)])


def page(world: World, touchpoint: str, call: str, body: dict[str, Any]) -> None:
    record = hooked.pulled(ACCOUNTS[touchpoint], call, json.dumps(body).encode(), world.clock.now())
    world.workspace.log.append([record])


def event(world: World, sender: str, name: str, **parts: str) -> str:
    moment = int(world.clock.now().timestamp())
    given = {"FromUserName": sender, "CreateTime": moment, "MsgType": "event", "Event": name, **parts}
    return "<xml>" + "".join(f"<{tag}>{value}</{tag}>" for tag, value in given.items()) + "</xml>"


def added(world: World) -> str:
    return event(world, "sys", "change_external_contact", ChangeType="add_external_contact", UserID="rocky",
                 ExternalUserID=PERSON, State="store_021", WelcomeCode="W")  # fmt: skip


def contacts(**follow: Any) -> dict[str, Any]:
    person = {"external_userid": PERSON, "name": "李四", "type": 1, "gender": 2, "unionid": "uLI"}
    told = {"userid": "rocky", "createtime": 1_772_000_000, "add_way": 1, "tag_id": ["etA"], **follow}
    return {"errcode": 0, "external_contact_list": [{"external_contact": person, "follow_info": told}]}


def customers(world: World) -> int:
    found: int = world.value("SELECT count(DISTINCT customer_id) FROM analyst.events")
    return found


def test_the_unionid_joins_what_the_platforms_name_differently(brand: World) -> None:
    push(brand, "oa", event(brand, "oOA", "subscribe", EventKey="qrscene_store_021"))
    push(brand, "mini", json.dumps({"FromUserName": "oMINI", "CreateTime": 1_772_000_001, "MsgType": "event",
                                    "Event": "user_enter_tempsession", "SessionFrom": "home"}))  # fmt: skip
    push(brand, "wecom", added(brand))
    brand.drain()
    assert customers(brand) == 3
    user = {"openid": "oOA", "subscribe": 1, "subscribe_time": 1_772_000_000, "unionid": "uLI"}
    page(brand, "oa", "followers:2026-W09", {"user_info_list": [user]})
    push(brand, "mini", json.dumps({"call": "login", "code": "d1", "openid": "oMINI", "unionid": "uLI"}), "login")
    page(brand, "wecom", "contacts:2026-W09", contacts())
    brand.drain()
    assert customers(brand) == 1
    # That a later run lists them is no second beginning.
    names = brand.rows("SELECT event, count(*) AS n FROM analyst.events GROUP BY event ORDER BY event")
    assert {one["event"]: one["n"] for one in names} == {
        "contact_added": 1, "contact_listed": 1, "conversation_started": 1, "followed": 1, "follower_listed": 1,
    }  # fmt: skip
    (profile,) = brand.rows("SELECT nickname, gender, adviser, wecom_tags FROM analyst.customers")
    assert profile == {"nickname": "李**", "gender": "female", "adviser": "rocky", "wecom_tags": ["etA"]}


def test_a_proved_phone_and_a_typed_one_are_told_apart(brand: World) -> None:
    asked = {"call": "phone", "code": "d2", "openid": "oMINI", "phone": "+8613912345678"}
    push(brand, "mini", json.dumps(asked), "phone")
    page(brand, "wecom", "contacts:2026-W09", contacts(remark_mobiles=["13812345678"]))
    brand.drain()
    with brand.workspace.state.read() as connection:
        trust = connection.exec_driver_sql("SELECT touchpoint, max(trust) FROM links GROUP BY touchpoint").all()
    assert dict(map(tuple, trust)) == {"mini": 2, "wecom": 1}


def test_fetching_again_adds_nothing_and_a_repeated_push_neither(brand: World) -> None:
    for _ in range(2):
        page(brand, "wecom", "contacts_first:2026-W09", contacts(remark_mobiles=["13812345678"]))
        push(brand, "wecom", added(brand))
        brand.drain()
    counted = brand.rows("SELECT event, count(*)::INTEGER AS n FROM analyst.events GROUP BY event ORDER BY event")
    # What was fetched happened at another second than what was pushed: two contacts, once each.
    assert counted == [{"event": "contact_added", "n": 2}, {"event": "profile_updated", "n": 1}]


def test_a_push_and_a_page_of_the_same_second_are_one_event(brand: World) -> None:
    since = int(brand.clock.now().timestamp())
    push(brand, "wecom", added(brand))
    page(brand, "wecom", "contacts_first:2026-W09", contacts(createtime=since))
    user = {"openid": "oOA", "subscribe": 1, "subscribe_time": since, "qr_scene_str": "store_021"}
    page(brand, "oa", "followers_first:2026-W09", {"user_info_list": [user]})
    push(brand, "oa", event(brand, "oOA", "subscribe", EventKey="qrscene_store_021"))
    brand.drain()
    counted = brand.rows("SELECT event, count(*)::INTEGER AS n FROM analyst.events GROUP BY event ORDER BY event")
    assert counted == [{"event": "contact_added", "n": 1}, {"event": "followed", "n": 1}]


def test_permission_taken_back_ends_the_joining(brand: World) -> None:
    user = {"openid": "oOA", "subscribe": 1, "subscribe_time": 1_772_000_000, "unionid": "uLI"}
    page(brand, "oa", "followers_first:2026-W09", {"user_info_list": [user]})
    page(brand, "wecom", "contacts_first:2026-W09", contacts())
    brand.drain()
    assert customers(brand) == 1
    brand.clock.advance(timedelta(minutes=1))
    push(brand, "oa", event(brand, "platform", "user_authorization_revoke", OpenID="oOA", RevokeInfo="1"))
    brand.drain()
    found = brand.rows("SELECT DISTINCT customer_id, event FROM analyst.events ORDER BY customer_id, event")
    apart = {row["event"]: row["customer_id"] for row in found}
    assert apart["consent_withdrawn"] == apart["erasure_requested"]
    assert apart["contact_added"] != apart["consent_withdrawn"]


def test_what_came_of_a_message_is_an_event_of_the_same_customer(brand: World) -> None:
    push(brand, "wecom", added(brand))
    message = Message("welcome", {"external_userid": PERSON}, {"welcome_code": "W", "staff_id": "rocky"}, "welcome.W")
    receipt = Receipt("refused", "expired", code="41051")
    record = receipts.concluded(ACCOUNTS["wecom"], message, receipt, brand.clock.now())
    brand.workspace.log.append([record, record])
    brand.drain()
    rows = brand.rows(
        "SELECT customer_id, failure_code, failure_reason, staff_id FROM analyst.events WHERE event = 'message_failed'"
    )
    assert rows == [{"customer_id": 0, "failure_code": "41051", "failure_reason": "expired", "staff_id": "rocky"}]
    assert customers(brand) == 1


def test_tags_and_group_chats_are_objects_that_go_when_they_are_deleted(brand: World) -> None:
    tags = {
        "tag_group": [{"group_name": "会员等级", "tag": [{"id": "etA", "name": "金卡"}, {"id": "etB", "name": "银卡"}]}]
    }
    page(brand, "wecom", "tags:2026-W09", tags)
    brand.drain()
    brand.clock.advance(timedelta(minutes=1))
    push(brand, "wecom", event(brand, "sys", "change_external_tag", ChangeType="delete", Id="etA", TagType="tag"))
    brand.drain()
    found = brand.rows("SELECT object_id FROM objects WHERE kind = 'platform_tag' AND fields IS NOT NULL")
    assert [one["object_id"] for one in found] == ["etB"]
