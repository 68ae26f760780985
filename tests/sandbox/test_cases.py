"""Every channel's table of cases from the other side.

What our channel asks must be accepted by the platform's double, and what the double pushes must be what our channel
accepts and reads as the table says.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote_plus

import pytest
from tests.channels import cases
from tests.channels.cases import Table

from onepool.channels.base import Account, Keep, Message, PullFailed, Refused
from onepool.channels.base.channel import Channel
from onepool.clock import FakeClock
from onepool.collect import hooked
from onepool.sandbox import Sandbox
from onepool.sandbox.doubles import DOUBLES
from onepool.sandbox.doubles.ads import Ads
from onepool.sandbox.doubles.douyin import Douyin
from onepool.sandbox.doubles.wecom import Wecom
from onepool.sandbox.doubles.wecom_service import STEPS
from onepool.sandbox.doubles.youzan import Youzan

from .loop import KEY, client, connect, pointed, pushes, request_of, sandbox

# What the platforms share with us and a table leaves out, since its cases need it not.
MISSING = {"encoding_aes_key": KEY, "secret": "s3cret", "access_token": "t0ken"}


def _account(table: Table, case: dict[str, Any], **more: Any) -> Account:
    given = {**MISSING, **table.content.get("account", {}), **case.get("account", {}), **more}
    given.pop("allowed_ips", None)  # the doubles push from this machine
    known = {one.name for one in table.channel.manifest.settings}
    settings = {name: value for name, value in given.items() if name in known}
    return pointed(table.account({**case, "account": settings}))


def _params(kind: str, fits: Callable[[Table, dict[str, Any]], bool]) -> list[Any]:
    found = [(name, table, case) for name, table, case in cases.every(kind) if table.name in DOUBLES]
    return [pytest.param(table, case, id=name) for name, table, case in found if fits(table, case)]


SHARED = {"token", "client_secret", "app_secret", "path_secret", "webhook_secret", "inbound_secret"}


# Pushes -------------------------------------------------------------------------------------------------------------

# Contents that a platform can't send: they are in the table for the sake of hostile senders.
BROKEN = ("no XML", "entity", "nested", "broken", "no object", "not JSON", "neither JSON", "can't be followed")


def _pushable(table: Table, case: dict[str, Any]) -> bool:
    method = "GET" if table.name == "ads" else "POST"
    kept = "items" in case and "refused" not in case and case["request"].get("method", "POST") == method
    return kept and not any(word in case["name"] for word in BROKEN)


@pytest.mark.parametrize(("table", "case"), _params("receive", _pushable))
def test_what_the_double_pushes_is_accepted_and_read_as_the_table_says(table: Table, case: dict[str, Any]) -> None:
    """The content of the case, sealed and signed by the double in safe mode, and checked by the channel."""
    account, now = table.account(case), table.now(case)
    assert table.channel.check is not None
    reply = table.channel.check(cases.request_of(case), account, now)
    assert reply.keep is not None
    content = _content(reply.keep, case)
    sealed = _account(table, case, **({"mode": "safe"} if table.name.startswith("wechat") else {}))
    box = sandbox(sealed, clock=FakeClock(now))
    _repeat(box, sealed, content, case)
    (outgoing,) = pushes(box)
    request = request_of(outgoing)
    checked = table.channel.check(request, sealed, now)
    assert checked.status == 200
    assert checked.keep is not None
    items, broken = cases.items_of(hooked.pushed(request, sealed, now, checked.keep.plain))
    assert items == case.get("items", [])
    assert broken == case.get("broken", [])
    pushed = box.ledger.lines(direction="out")
    assert [one["attempts"] for one in pushed] == [1]


def _content(keep: Keep, case: dict[str, Any]) -> bytes:
    """What the platform said: in clear where it was encrypted. (Of a mail `plain` says what of it was proved.)"""
    body = cases.request_of(case).body
    return (
        keep.plain.encode()
        if keep.plain is not None and not case["request"].get("rest", "").startswith("inbound")
        else body
    )


def _repeat(box: Sandbox, account: Account, content: bytes, case: dict[str, Any]) -> None:
    double = box.doubles[account.touchpoint]
    if isinstance(double, Youzan) and isinstance(json.loads(content)["msg"], str):
        envelope = json.loads(content)
        plain = unquote_plus(envelope["msg"]) if "%" in envelope["msg"] else envelope["msg"]
        version = envelope.get("version", "")
        double.push_message(envelope["type"], envelope.get("id", ""), "", plain, version or envelope.get("msg_id", ""))
        return
    if isinstance(double, Ads):
        double.monitor(case["request"]["query"])
        return
    headers = {name.lower(): value for name, value in case["request"].get("headers", {}).items()}
    if account.channel == "douyin":
        box.repeat(account.touchpoint, content, f"application/json; msg-id={headers.get('msg-id', '')}")
        return
    kind = headers.get("content-type") or ("application/json" if content[:1] in b"[{" else "text/xml")
    box.repeat(account.touchpoint, content, kind)


@pytest.mark.parametrize(("table", "case"), _params("receive", _pushable))
def test_a_push_of_another_double_is_refused(table: Table, case: dict[str, Any]) -> None:
    """The same with a secret that the touchpoint does not have."""
    account, now = table.account(case), table.now(case)
    assert table.channel.check is not None
    reply = table.channel.check(cases.request_of(case), account, now)
    assert reply.keep is not None
    ours = _account(table, case, **({"mode": "safe"} if table.name.startswith("wechat") else {}))
    secret = SHARED & set(ours.settings) or {"secret"}
    theirs = _account(table, case, **{**ours.settings, **dict.fromkeys(secret, "another-secret-0000")})
    box = sandbox(theirs, clock=FakeClock(now))
    _repeat(box, theirs, _content(reply.keep, case), case)
    with pytest.raises(Refused) as refused:
        table.channel.check(request_of(pushes(box)[0]), ours, now)
    assert refused.value.code == "signature"


# Messages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("table", "case"), _params("reach", lambda table, case: "receipt" not in case))
def test_what_we_send_is_accepted_by_the_double(table: Table, case: dict[str, Any]) -> None:
    account = _account(table, case, **({"url": "http://127.0.0.1:8100/webhook/in"} if table.name == "webhook" else {}))
    clock = FakeClock(table.now(case))
    box = sandbox(account, clock=clock)
    message = cases.message_of(case["message"])
    _admit(box, account, message)
    receipt = connect(box, account).send(message)
    if len(str(message.content.get("data", {}).get("number2", ""))) > 32:
        # Too long for the platform, and a number can't be cut: that it says so is what we want to know.
        assert (receipt.state, receipt.code) == ("refused", "47003")
        return
    (entry,) = [one for one in box.ledger.lines(direction="in") if one["accepted"]]
    assert receipt.state in ("sent", "task"), receipt
    assert (set(message.to.values()) | _phones(message)) & set(entry["to"])
    clock.advance(timedelta(days=2))
    box.turn()
    if message.kind not in ("tags", "tag", "associate_task", "conversion"):
        assert len(box.ledger.inbox()) == 1
    assert box.ledger.twice() == []


def _phones(message: Message) -> set[str]:
    """Tencent Cloud wants the country, Alibaba Cloud none."""
    return {number, f"+86{number}"} if (number := message.to.get("phone", "").removeprefix("+86")) else set()


def _admit(box: Sandbox, account: Account, message: Message) -> None:
    """Let the receiver be somebody who may be written to."""
    person = box.world.somebody("receiver")
    double = box.doubles[account.touchpoint]
    scopes = {"openid": account.text("appid"), "external_userid": account.text("corpid")}
    for kind, value in message.to.items():
        box.world.give(person, kind, scopes.get(kind, ""), value)
        if kind == "phone":
            person.phone = value.removeprefix("+86")
    name = account.touchpoint
    if account.channel == "wechat_oa":
        box.act("follow", name, "receiver")
    if account.channel.startswith("wechat"):
        box.act("message", name, "receiver")
        if message.kind == "subscribe":
            box.act("subscribe", name, "receiver", {"template_id": message.content["template_id"]})
    if isinstance(double, Wecom):
        staff = message.to.get("staff_id") or message.content.get("staff_id") or "lisa"
        double.staff[staff] = double.staff["lisa"]
        for tag in ("etA", "etB"):
            double.tags[tag] = ("会员等级", tag)
        box.act("add", name, "receiver", {"staff": staff})
        if message.kind.startswith("service_"):
            double.service.desk = message.content.get("service_desk") or account.text("service_desk")
            box.act("message", name, "receiver")
        if message.content.get("code"):
            double.service.know_code(message.content["code"], message.to["external_userid"])
        if message.kind == "welcome":
            double.tasks.know_welcome(message.content["welcome_code"], message.to["external_userid"])
    if isinstance(double, Youzan):
        double.buyer(person)
    if isinstance(double, Douyin):
        box.world.give(person, "douyin_open_id", account.text("client_key"), message.to["douyin_open_id"])
        box.act("allow", name, "receiver")
        fan = double.of(person)
        if message.kind != "proactive":
            fan.conversation = message.content["conversation_id"]
            fan.asked[message.content["msg_id"]] = (box.clock.now().timestamp() + 60, 1)


# Streams ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "case"),
    _params("pull", lambda table, case: "failed" not in case and case["exchange"] and table.name != "databases"),
)
def test_what_a_stream_asks_is_accepted_by_the_double(table: Table, case: dict[str, Any]) -> None:
    """The whole stream against the double: every call is answered without a refusal, and every page can be read."""
    account, now = _account(table, case), table.now(case)
    box = sandbox(account, clock=FakeClock(now), people={"count": 40, "shares": {table.name: 1.0}})
    _staffed(box, account)
    cursor = {} if {"next", "at", "places"} & set(case.get("cursor", {})) else dict(case.get("cursor", {}))
    pages = list(connect(box, account).pull(table.channel.streams[case["stream"]], cursor))
    calls = box.ledger.lines(direction="in")
    assert calls, "nothing was asked"
    assert {one["outcome"] for one in calls} <= {"0", "200", "OK"}
    for page in pages:
        _, broken = cases.items_of(hooked.pulled(account, page.call, page.body, now))
        assert broken == []


@pytest.mark.parametrize(
    ("table", "case"), _params("pull", lambda table, case: "failed" not in case and bool(case["exchange"]))
)
def test_the_double_answers_with_what_the_table_has(table: Table, case: dict[str, Any]) -> None:
    """Every part that an answer of the table has is in the double's answer to the same call."""
    account, now = _account(table, case), table.now(case)
    box = sandbox(account, clock=FakeClock(now), people={"count": 30, "shares": {table.name: 1.0}})
    _staffed(box, account)
    wanted = {_steps(step["answer"].get("json")) for step in case["exchange"]}
    found = _answers(box, table.channel, account, case["stream"])
    names = frozenset().union(*wanted) - frozenset().union(*found)
    # Parts of the tables that an account may have or not: marked here, with the reason.
    assert names <= ALLOWED_TO_MISS.get((table.name, case["stream"]), frozenset())


# The second envelope, which only some of the interfaces put around the first.
_TWICE = {"code", "success.success", "data.data", "data.success", "data.data.orderList", "data.data.orderList.orderId"}
ALLOWED_TO_MISS: dict[tuple[str, str], frozenset[str]] = {
    ("xiaohongshu", "orders"): frozenset(_TWICE),
    # Asked for by corps of more than 1,000 members of staff only; the double has a handful.
    ("wecom", "groups"): frozenset({"follow_user"}),
}


def _staffed(box: Sandbox, account: Account) -> None:
    """The members of staff whom a table names have contacts at the double too, and there is something to fetch."""
    double = box.doubles[account.touchpoint]
    if isinstance(double, Wecom):
        for staff in account.get("staff") or []:
            double.staff[staff] = double.staff["lisa"]
            box.act("add", account.touchpoint, "p1", {"staff": staff})
        if account.get("customer_service"):
            for what in STEPS:
                box.act("service", account.touchpoint, "p1", {"what": what})
            box.act("message", account.touchpoint, "p1")
        for chat in double.chats.values():
            chat.owner = next(iter(account.get("staff") or [chat.owner]))


def _answers(box: Sandbox, channel: Channel, account: Account, stream: str) -> list[frozenset[str]]:
    found: list[frozenset[str]] = []
    with client(box) as http:
        http.event_hooks["response"].append(lambda answer: found.append(_steps(json.loads(answer.read()))))
        connection = type(connect(box, account))(channel, account, box.clock, http)
        for _ in connection.pull(channel.streams[stream], {}):
            pass
    return found


def _steps(value: Any, path: str = "") -> frozenset[str]:
    """The paths of all parts of an answer; those of a list's elements together."""
    if isinstance(value, dict):
        found = set()
        for name, one in value.items():
            found |= {f"{path}{name}"} | _steps(one, f"{path}{name}.")
        return frozenset(found)
    if isinstance(value, list):
        return frozenset().union(*(_steps(one, path) for one in value))
    return frozenset()


def test_every_channel_with_an_interface_has_a_double() -> None:
    tabled = {table.name for table in cases.tables()}
    assert set(DOUBLES) <= tabled
    assert all(kind.channel == name for name, kind in DOUBLES.items())


def test_a_stream_that_is_refused_names_the_platforms_code() -> None:
    table = next(one for one in cases.tables() if one.name == "tmall")
    account = _account(table, {})
    wrong = _account(table, {"account": {"session": "another"}})
    box = sandbox(account, clock=FakeClock(table.now({})))
    with pytest.raises(PullFailed) as failed:
        list(connect(box, wrong).pull(table.channel.streams["trades"], {}))
    assert failed.value.code == "27"
