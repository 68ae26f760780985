"""Official Account and mini program against a third-party library: it encrypts what we open, and the reverse; its
parser finds the same in the events."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.channels import cases
from tests.channels.platform import Asked, running_platform
from tests.clients.server import running_collector
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException
from wechatpy.utils import check_signature, to_text

from onepool.channels import registry
from onepool.channels.base import Account, Answer, Cursor, Message, Page, Refused, Request, parse_xml
from onepool.channels.base.wechat_crypto import CryptoError, decrypt, encrypt, read_key, signature
from onepool.channels.connection import Connection
from onepool.clock import FakeClock
from onepool.collect import hooked
from onepool.collect.accounts import Accounts
from onepool.collect.touchpoint import CachedTouchpoints, Touchpoint

TOKEN, APPID = "123456", "wx1234567890abcdef"
KEYS = ("kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MOMENT = str(int(NOW.timestamp()))


def _account(channel: str = "wechat_oa", **settings: Any) -> Account:
    given = {"appid": APPID, "token": TOKEN, "encoding_aes_key": KEYS[0], "mode": "safe", **settings}
    return cases.Table(channel, {"account": given}).account({})


def _pushed(body: bytes, query: dict[str, str], account: Account) -> tuple[Any, Any]:
    check = registry.channel(account.channel).check
    assert check is not None
    request = Request("POST", "", urlencode(query), {"content-type": "text/xml"}, body)
    reply = check(request, account, NOW)
    assert reply.keep is not None
    return reply, cases.items_of(hooked.pushed(request, account, NOW, reply.keep.plain))


@pytest.mark.parametrize("key", KEYS)
def test_what_the_library_encrypts_is_opened(key: str) -> None:
    message = (
        "<xml><ToUserName>gh</ToUserName><FromUserName>oABC</FromUserName><CreateTime>1767323045</CreateTime>"
        "<MsgType>text</MsgType><Content>有现货吗 🍼</Content><MsgId>9007199254740993</MsgId></xml>"
    )
    sealed = WeChatCrypto(TOKEN, key, APPID).encrypt_message(message, "n1", MOMENT)
    content = parse_xml(sealed)
    query = {"timestamp": MOMENT, "nonce": "n1", "encrypt_type": "aes", "msg_signature": content["MsgSignature"]}
    reply, (items, broken) = _pushed(to_text(sealed).encode(), query, _account(encoding_aes_key=key))
    assert reply.body == b"success"
    assert not broken
    assert items[0]["fields"]["content"] == "有现货吗 🍼"
    assert items[0]["message_id"] == "9007199254740993", "a number above 2**53 keeps its last digit"


@pytest.mark.parametrize("key", KEYS)
def test_the_library_opens_what_we_encrypt(key: str) -> None:
    message = "<xml><a>早上好</a></xml>"
    sealed = encrypt(message, read_key(key), APPID)
    body = f"<xml><ToUserName>gh</ToUserName><Encrypt>{sealed}</Encrypt></xml>"
    crypto = WeChatCrypto(TOKEN, key, APPID)
    given = signature(TOKEN, "1", "n", sealed)
    assert to_text(crypto.decrypt_message(body, given, "1", "n")) == message
    with pytest.raises(InvalidSignatureException):
        crypto.decrypt_message(body, signature("other", "1", "n", sealed), "1", "n")
    with pytest.raises(InvalidAppIdException):
        WeChatCrypto(TOKEN, key, "wx0000000000000000").decrypt_message(body, given, "1", "n")


def test_both_check_signatures_alike() -> None:
    check_signature(TOKEN, signature(TOKEN, MOMENT, "nonce"), MOMENT, "nonce")
    with pytest.raises(InvalidSignatureException):
        check_signature(TOKEN, signature("another", MOMENT, "nonce"), MOMENT, "nonce")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.binary(min_size=16, max_size=16))
def test_anything_comes_back_as_it_was(message: str, random: bytes) -> None:
    key = read_key(KEYS[1])
    sealed = encrypt(message, key, APPID, random)
    assert decrypt(sealed, key, APPID) == message
    with pytest.raises(CryptoError):
        decrypt(sealed, key, APPID + "x")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_flipped_bit_is_noticed_or_refused(data: st.DataObject) -> None:
    """CBC gives no proof of the content, the signature does: whatever was changed, the push is refused."""
    sealed = encrypt("<xml><a>1</a></xml>", read_key(KEYS[0]), APPID, bytes(range(16)))
    given_signature = signature(TOKEN, MOMENT, "n", sealed)
    at = data.draw(st.integers(0, len(sealed) - 1))
    letter = data.draw(st.sampled_from("ABCDEFGHabcdefgh0123456789+/=").filter(lambda one: one != sealed[at]))
    changed = sealed[:at] + letter + sealed[at + 1 :]
    query = {"timestamp": MOMENT, "nonce": "n", "encrypt_type": "aes", "msg_signature": given_signature}
    with pytest.raises(Refused):
        _pushed(f"<xml><Encrypt>{changed}</Encrypt></xml>".encode(), query, _account())


_SAME = {
    # the library's word for an event -> ours, and an attribute of its that must equal a field of ours
    "subscribe": ("followed", {}),
    "subscribe_scan": ("followed", {"scene_id": "qr_code_id"}),
    "scan": ("qr_scanned", {"scene_id": "qr_code_id"}),
    "unsubscribe": ("unfollowed", {}),
    "click": ("menu_clicked", {"key": "menu_key"}),
    "view": ("menu_clicked", {"url": "link_url"}),
    "location": ("location_reported", {"latitude": "latitude", "longitude": "longitude", "precision": "accuracy"}),
    "templatesendjobfinish": (None, {"id": "message_id"}),
    "user_get_card": ("coupon_received", {"card_id": "coupon_id", "code": "coupon_code"}),
    "user_consume_card": ("coupon_redeemed", {"card_id": "coupon_id", "code": "coupon_code"}),
    "scancode_push": ("menu_clicked", {"scan_type": "scan_type", "scan_result": "scan_result"}),
    "scancode_waitmsg": ("menu_clicked", {"scan_type": "scan_type", "scan_result": "scan_result"}),
    "kf_create_session": ("service_requested", {"account": "staff_id"}),
    "kf_close_session": ("service_closed", {"account": "staff_id"}),
    "kf_switch_session": (
        "service_transferred",
        {"from_account": "previous_staff_id", "to_account": "staff_id"},
    ),
}


def _plain_cases() -> list[Any]:
    table = next(one for one in cases.tables() if one.name == "wechat_oa")
    chosen = []
    for case in table.cases("receive"):
        body = case["request"].get("body", "")
        if case.get("items") and not case.get("account") and body.startswith("<xml"):
            chosen.append(pytest.param(case, id=case["name"]))
    return chosen


@pytest.mark.parametrize("case", _plain_cases())
def test_its_parser_finds_the_same(case: dict[str, Any]) -> None:
    theirs = parse_message(case["request"]["body"].encode())
    ours = case["items"][0]
    assert theirs is not None
    if ours.get("ids") and "OpenID" not in case["request"]["body"]:
        assert ours["ids"][0][2] == theirs.source
    assert ours["time"] == theirs.create_time.replace(tzinfo=timezone(timedelta(hours=8))).timestamp()
    if theirs.type != "event" and theirs.id:
        assert str(theirs.id) == ours["message_id"]
        if theirs.type == "text":
            assert theirs.content == ours["fields"]["content"]
        return
    if getattr(theirs, "event", None) not in _SAME:
        return
    name, equal = _SAME[theirs.event]
    assert name is None or ours["name"] == name
    for attribute, field in equal.items():
        assert str(getattr(theirs, attribute)) == str(ours["fields"][field])


def test_every_event_of_the_library_that_we_name_is_covered() -> None:
    parsed = [parse_message(case.values[0]["request"]["body"].encode()) for case in _plain_cases()]
    assert set(_SAME) <= {getattr(one, "event", None) for one in parsed}


def test_a_plain_signature_serves_one_body_only(tmp_path: Path) -> None:
    """The plain signature does not cover the body: whoever saw one may not send something else with it."""
    (tmp_path / "token").write_text(TOKEN)
    shop = Touchpoint("oa", "wechat_oa", settings={"appid": APPID, "token": "file:token", "mode": "plain"})
    moment = str(int(time.time()))
    query = urlencode({"signature": signature(TOKEN, moment, "n"), "timestamp": moment, "nonce": "n"})
    source = CachedTouchpoints(lambda: [shop])
    with running_collector(tmp_path, source=source, accounts=Accounts(tmp_path)) as server:
        address = f"{server.url}/hooks/oa?{query}"
        first, other = b"<xml><MsgId>1</MsgId></xml>", b"<xml><MsgId>2</MsgId></xml>"
        assert httpx.post(address, content=first).text == "success"
        assert httpx.post(address, content=first).text == "success", "the platform repeats itself"
        refused = httpx.post(address, content=other)
        assert (refused.status_code, refused.json()["code"]) == (403, "replayed")
        assert [record.body for record in server.records()] == [first, first]


def test_a_rejected_token_is_fetched_anew_once() -> None:
    tokens, used = iter(["OLD", "NEW", "NEWER"]), []

    def send(asked: Asked) -> dict[str, int]:
        used.append(asked.query["access_token"])
        return {"errcode": 0} if used[-1] == "NEW" else {"errcode": 40001}

    answers = {
        "/cgi-bin/stable_token": lambda asked: {"access_token": next(tokens), "expires_in": 7200},
        "/cgi-bin/message/custom/send": send,
    }
    with running_platform(answers) as platform:
        account = replace(_account(secret="s3cret"), endpoints={"api": platform.url})
        connection = Connection(registry.channel("wechat_oa"), account, FakeClock(NOW))
        receipt = connection.send(Message("text", {"openid": "oA"}, {"content": "您好"}, "k"))
        assert receipt.state == "sent"
        connection.send(Message("text", {"openid": "oA"}, {"content": "您好"}, "k2"))
        connection.close()
    assert used == ["OLD", "NEW", "NEW"]
    asked = platform.calls("/cgi-bin/stable_token")[0].body
    assert asked == {
        "grant_type": "client_credential", "appid": APPID, "secret": "s3cret", "force_refresh": False,
    }  # fmt: skip


@pytest.mark.parametrize(("gone", "again"), [("o5", 100), ("o99", 0)])
def test_followers_who_move_up_while_a_first_run_rests_are_not_left_out(gone: str, again: int) -> None:
    """The first hundred are done; then somebody of them unfollows, once the very last one."""
    start = registry.channel("wechat_oa").streams["followers"].start
    assert start is not None
    table = next(one for one in cases.tables() if one.name == "wechat_oa")
    listed = [f"o{number}" for number in range(250)]

    def run(cursor: Cursor, most: int) -> tuple[list[str], Cursor]:
        steps = start(table.account({}), cursor, datetime(2026, 1, 2, tzinfo=UTC))
        told: list[str] = []
        step = next(steps)
        while True:
            answer: Answer | None = None
            if isinstance(step, Page):
                cursor = step.cursor or cursor
                if len(told) >= most:
                    return told, cursor
            elif step.url.endswith("/user/get"):
                answer = Answer(200, json.dumps({"data": {"openid": listed}, "next_openid": ""}).encode())
            else:
                told += [one["openid"] for one in step.json["user_list"]]
                answer = Answer(200, b'{"user_info_list": []}')
            try:
                step = steps.send(answer)
            except StopIteration:
                return told, cursor

    first, cursor = run({}, 100)
    assert (len(first), cursor["last"]) == (100, "o99")
    listed.remove(gone)
    second, _ = run(cursor, 1000)
    assert second[0] == f"o{again}" and set(first) | set(second) >= set(listed)
