"""What could not be checked against platforms' pages is a setting, and what a touchpoint says of it holds."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.channels.platform import Asked, running_platform

from onepool.channels import registry
from onepool.channels.base import Account, Answer, Message, PullFailed, Push, Request
from onepool.channels.base.sms_text import Parts, measure
from onepool.channels.connection import Connection
from onepool.clock import FakeClock

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PAGE = Path(__file__).parents[2] / "docs/reference/unverified.md"


def _defaults(channel: str, **given: Any) -> dict[str, Any]:
    return {one.name: one.default for one in registry.channel(channel).manifest.settings} | given


def test_the_page_names_every_such_setting_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    declared = {
        (manifest.name, one.name) for manifest in registry.manifests() for one in manifest.settings if one.unverified
    }
    assert len(rows) == len(set(rows))
    assert set(rows) == declared


@pytest.mark.parametrize(("characters", "messages"), [(70, 1), (71, 2), (134, 2), (135, 3)])
def test_text_messages_are_cut_as_the_touchpoint_says(characters: int, messages: int) -> None:
    assert measure("中" * characters).segments == messages
    assert measure("中" * characters, Parts.of({"single_characters": 500, "segment_characters": 400})).segments == 1
    assert measure("中" * characters, Parts.of({"single_characters": 35, "segment_characters": 33})).segments == (
        -(-characters // 33)
    )
    assert Parts.of(_defaults("sms")) == Parts.of({}) == Parts(70, 67)


def test_a_click_of_tencent_ads_is_answered_as_the_touchpoint_says() -> None:
    check = registry.channel("ads").check
    assert check is not None

    def answer(platform: str, **given: Any) -> bytes:
        account = Account("ads", "ads", _defaults("ads", platform=platform, path_secret="s", **given))
        reply = check(Request("GET", "s", "click_id=1", {}, b"", ""), account, NOW)
        assert (reply.status, reply.content_type) == (200, "application/json")
        assert reply.keep is not None
        return reply.body

    assert answer("tencent") == b'{"ret":0,"msg":"OK"}'
    assert answer("tencent", click_answer='{"code":0}') == b'{"code":0}'
    assert json.loads(answer("ocean_engine", click_answer='{"code":9}')) == {"code": 0, "message": "success"}


@pytest.mark.parametrize(
    ("given", "code", "renewed"),
    [({}, 4203, True), ({}, 4999, False), ({"token_codes": ["4999"]}, 4999, True), ({"token_codes": []}, 4203, False)],
)
def test_which_answers_of_youzan_renew_the_token(given: dict[str, Any], code: int, renewed: bool) -> None:
    tokens = iter(["OLD", "NEW", "NEWER"])

    def tag(asked: Asked) -> dict[str, Any]:
        return {"gw_err_resp": {"err_code": code}} if asked.query["access_token"] == "OLD" else {"success": True}

    answers = {"auth/token": lambda asked: {"data": {"access_token": next(tokens)}}, "relation.add/4.0.0": tag}
    with running_platform(answers) as platform:
        account = Account("yz", "youzan", _defaults("youzan", **given), endpoints={"api": platform.url})
        connection = Connection(registry.channel("youzan"), account, FakeClock(NOW))
        receipt = connection.send(Message("tag", {"yz_open_id": "o"}, {"add": ["VIP"]}, "k"))
        connection.close()
    assert receipt.state == "sent" if renewed else receipt.state != "sent"


def test_a_token_that_never_holds_is_the_accounts_fault() -> None:
    answers = {
        "auth/token": {"data": {"access_token": "T"}}, "relation.add/4.0.0": {"gw_err_resp": {"err_code": 4999}},
    }  # fmt: skip
    with running_platform(answers) as platform:
        settings = _defaults("youzan", token_codes=["4999"])
        account = Account("yz", "youzan", settings, endpoints={"api": platform.url})
        connection = Connection(registry.channel("youzan"), account, FakeClock(NOW))
        receipt = connection.send(Message("tag", {"yz_open_id": "o"}, {"add": ["VIP"]}, "k"))
        connection.close()
    assert (receipt.state, receipt.reason, receipt.account) == ("retry", "account_error", True)


@pytest.mark.parametrize("channel", ["taobao", "tmall"])
@pytest.mark.parametrize(
    ("given", "code", "ended"), [({}, 27, True), ({}, 7, False), ({"session_codes": ["26", "53"]}, 53, True)]
)
def test_which_answers_of_the_marketplace_end_the_session(
    channel: str, given: dict[str, Any], code: int, ended: bool
) -> None:
    account = Account("tm", channel, _defaults(channel, **given), endpoints={"api": "https://x.test"})
    start = registry.channel(channel).streams["trades"].start
    assert start is not None
    steps = start(account, {}, NOW)
    next(steps)
    with pytest.raises(PullFailed) as failed:
        steps.send(Answer(200, json.dumps({"error_response": {"code": code}}).encode()))
    assert failed.value.retry is not ended


def test_ways_of_adding_a_contact_are_named_as_the_touchpoint_says() -> None:
    read = registry.channel("wecom").read
    assert read is not None
    page = {
        "external_contact_list": [
            {
                "external_contact": {"external_userid": "wm1", "type": 1},
                "follow_info": {"userid": "li", "createtime": 1_700_000_000, "add_way": way},
            }
            for way in (1, 16, 77)
        ]
    }

    def methods(**given: Any) -> list[Any]:
        body = json.dumps(page).encode()
        push = Push(kind="pull", touchpoint="wc", settings=given, scopes={}, body=body, call="contacts:2026W9")
        return [one.fields["method"] for one in read(push).items if one.name == "contact_listed"]

    assert methods() == ["qr_code", "acquisition_link", "77"]
    assert methods(add_ways={"16": "mini_program", "77": "radar"}) == ["qr_code", "mini_program", "radar"]


@pytest.mark.parametrize(
    ("given", "states"),
    [({}, ["task", "sent", "refused", "refused", "unknown"]),
     ({"send_states": {"1": "waiting", "4": "sent"}}, ["task", "task", "refused", "refused", "sent"])],
)  # fmt: skip
def test_states_of_a_group_send_mean_what_the_touchpoint_says(given: dict[str, Any], states: list[str]) -> None:
    reach = registry.channel("wecom").reach
    assert reach is not None and reach.inquire is not None
    account = Account("wc", "wecom", _defaults("wecom", **given), endpoints={"api": "https://x.test"})
    people = [
        Message("associate_task", {"external_userid": f"wm{n}", "staff_id": "li"}, {}, f"k{n}")
        for n in range(len(states))
    ]
    steps = reach.inquire(people, "msg1", account, NOW)
    next(steps)
    listed = [{"external_userid": f"wm{n}", "status": n} for n in range(len(states))]
    with pytest.raises(StopIteration) as ended:
        steps.send(Answer(200, json.dumps({"errcode": 0, "send_list": listed}).encode()))
    assert [one.state for one in ended.value.value] == states
