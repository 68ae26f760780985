"""The welcome: at once, once, by whichever process, and never after its time."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.channels.platform import Platform, running_platform
from tests.clients.server import running_collector

from onepool.channels.base import Account, Mark, Message, Receipt, Request
from onepool.channels.base.wechat_crypto import encrypt, read_key, signature
from onepool.clock import Clock, FakeClock, SystemClock
from onepool.collect import hooked, receipts
from onepool.collect.accounts import Accounts
from onepool.collect.connections import Connections
from onepool.collect.inbound import decode
from onepool.collect.log import NewRecord, Record, SqliteLog
from onepool.collect.prompts import Prompts
from onepool.collect.touchpoint import CachedTouchpoints, Touchpoint
from onepool.state import State

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CORP, KEY = "wx49f0ab532d5d035a", "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
PERSON = "wmEJiCwAAA9KG2qlSvyBzRmi0mACH72x"


def plain(code: str = "CODE", change: str = "add_external_contact") -> str:
    return (
        "<xml><ToUserName>c</ToUserName><FromUserName>sys</FromUserName><CreateTime>1767323045</CreateTime>"
        f"<MsgType>event</MsgType><Event>change_external_contact</Event><ChangeType>{change}</ChangeType>"
        f"<UserID>zhangsan</UserID><ExternalUserID>{PERSON}</ExternalUserID><State>s1</State>"
        f"<WelcomeCode>{code}</WelcomeCode></xml>"
    )


def account_at(url: str) -> Account:
    settings = {"corpid": CORP, "secret": "s", "welcome_text": "欢迎"}
    return Account("contacts", "wecom", settings, {}, {"api": f"{url}/wecom/api"})


@dataclass
class Desk:
    """One process's prompts, with what is behind them."""

    prompts: Prompts
    log: SqliteLog
    account: Account

    def push(self, content: str) -> None:
        self.prompts.kept(hooked.pushed(Request("POST", "", "", {}, b"x"), self.account, NOW, content), self.account)

    def settled(self) -> list[Any]:
        self.prompts.drain()
        return [item for record in self.log.read(0, 100, 1 << 20) for item in decode(record).items]


@contextmanager
def desk(folder: Path, url: str, clock: Clock | None = None) -> Iterator[Desk]:
    clock = clock or FakeClock(NOW + timedelta(seconds=1))
    log, state = SqliteLog(folder / "log.sqlite"), State.at(folder / "state.sqlite")
    prompts = Prompts(log, lambda: state, Connections(clock), clock, pause=0.01)
    try:
        yield Desk(prompts, log, account_at(url))
    finally:
        prompts.close()
        log.close()
        state.close()


@pytest.fixture
def platform() -> Iterator[Platform]:
    answers = {
        "/gettoken": {"errcode": 0, "access_token": "T", "expires_in": 7200},
        "/send_welcome_msg": {"errcode": 0, "errmsg": "ok"},
    }
    with running_platform(answers) as running:
        yield running


def test_a_new_contact_is_welcomed_and_the_receipt_is_an_event(tmp_path: Path, platform: Platform) -> None:
    with desk(tmp_path, platform.url) as one:
        one.push(plain())
        (item,) = one.settled()
    (call,) = platform.calls("/send_welcome_msg")
    assert call.body == {"welcome_code": "CODE", "text": {"content": "欢迎"}}
    assert call.query == {"access_token": "T"}
    assert (item.kind, item.name, item.ids) == ("event", "message_sent", [("external_userid", CORP, PERSON)])
    assert item.fields["message_type"] == "welcome"
    assert item.fields["message_channel"] == "wecom"
    assert item.fields["staff_id"] == "zhangsan"
    assert item.message_id == f"{item.fields['message_id']}.sent"


def test_the_code_is_not_kept(tmp_path: Path, platform: Platform) -> None:
    with desk(tmp_path, platform.url) as one:
        one.push(plain("SECRETCODE"))
        one.settled()
        (record,) = one.log.read(0, 10, 1 << 20)
    assert b"SECRETCODE" not in record.body + record.headers


def test_other_pushes_and_channels_send_nothing(tmp_path: Path, platform: Platform) -> None:
    with desk(tmp_path, platform.url) as one:
        one.push(plain(change="del_follow_user"))
        one.push("not xml")
        oa = Account("oa", "wechat_oa", {"appid": "wx1"})
        one.prompts.kept(hooked.pushed(Request("POST", "", "", {}, b"x"), oa, NOW, plain()), oa)
        assert one.settled() == []
    assert platform.asked == []


def test_repetitions_to_several_processes_are_sent_once(tmp_path: Path, platform: Platform) -> None:
    with desk(tmp_path, platform.url) as one, desk(tmp_path, platform.url) as other:
        for _ in range(3):
            one.push(plain())
            other.push(plain())
        one.prompts.drain()
        items = other.settled()
    assert len(platform.calls("/send_welcome_msg")) == 1
    assert [item.name for item in items] == ["message_sent"]


def _desk_push(at: int = 1767323045) -> str:
    return (
        f"<xml><ToUserName>c</ToUserName><CreateTime>{at}</CreateTime><MsgType>event</MsgType>"
        "<Event>kf_msg_or_event</Event><Token>TT</Token><OpenKfId>wk1</OpenKfId></xml>"
    )


def _came(number: int, at: int) -> dict[str, Any]:
    event = {"event_type": "enter_session", "open_kfid": "wk1", "external_userid": PERSON, "welcome_code": f"W{number}"}
    return {"msgid": f"m{number}", "send_time": at, "origin": 4, "msgtype": "event", "event": event}


def test_who_comes_to_a_desk_is_welcomed_with_the_code_that_is_fetched(tmp_path: Path, platform: Platform) -> None:
    """Long ago and just now: only the latter is welcomed, once, and the next push goes on where this one ended."""
    came = [_came(1, 1767300000), _came(2, 1767323044)]

    def sync(asked: Any) -> dict[str, Any]:
        begin = int(asked.body["cursor"] or 0)
        page = came[begin : begin + 1]
        end = begin + len(page)
        return {"errcode": 0, "next_cursor": str(end), "has_more": int(end < len(came)), "msg_list": page}

    platform.answers |= {"/sync_msg": sync, "/send_msg_on_event": {"errcode": 0, "errmsg": "ok", "msgid": "x"}}
    with desk(tmp_path, platform.url) as one:
        one.push(_desk_push())
        assert one.settled() == [], "without words nothing is asked"
        assert platform.asked == []
        one.account = replace(one.account, settings={**one.account.settings, "service_welcome": "您好"})
        for _ in range(2):
            one.push(_desk_push())
            one.prompts.drain()
        (item,) = one.settled()
    (call,) = platform.calls("/send_msg_on_event")
    assert (call.body["code"], call.body["msgtype"], call.body["text"]) == ("W2", "text", {"content": "您好"})
    assert [one.body["cursor"] for one in platform.calls("/sync_msg")] == ["", "1", "2"]
    assert {one.body["token"] for one in platform.calls("/sync_msg")} == {"TT"}
    assert (item.name, item.fields["message_type"]) == ("message_sent", "service_event_text")


def test_a_desk_that_can_not_be_asked_stops_nothing(tmp_path: Path, platform: Platform) -> None:
    platform.answers["/sync_msg"] = {"errcode": 60030, "errmsg": "x"}
    with desk(tmp_path, platform.url) as one:
        one.account = replace(one.account, settings={**one.account.settings, "service_welcome": "您好"})
        one.push(_desk_push())
        one.push(plain())
        assert [item.name for item in one.settled()] == ["message_sent"]


def _welcoming(one: Desk, touchpoint: str = "contacts") -> Account:
    return replace(one.account, touchpoint=touchpoint, settings={**one.account.settings, "service_welcome": "您好"})


def test_slow_desks_hold_up_no_welcome(tmp_path: Path, platform: Platform) -> None:
    """Desks of as many touchpoints as there are threads answer slowly; a contact is welcomed meanwhile."""
    release, welcomed = threading.Event(), threading.Event()

    def slow(asked: object) -> dict[str, Any]:
        release.wait(30)
        return {"errcode": 0, "msg_list": []}

    def welcome(asked: object) -> dict[str, Any]:
        welcomed.set()
        return {"errcode": 0}

    platform.answers |= {"/sync_msg": slow, "/send_welcome_msg": welcome}
    with desk(tmp_path, platform.url) as one:
        plainly = one.account
        for name in ("contacts", "contacts", "a", "b", "c", "d"):
            one.account = _welcoming(one, name)
            one.push(_desk_push())
        one.account = plainly
        one.push(plain())
        in_time = welcomed.wait(10)
        release.set()
        one.settled()
    assert in_time


def test_pushes_that_wait_for_a_desk_share_one_fetch(tmp_path: Path, platform: Platform) -> None:
    asked, release = threading.Event(), threading.Event()

    def sync(call: Any) -> dict[str, Any]:
        asked.set()
        release.wait(30)
        came = [] if call.body["cursor"] else [_came(2, 1767323044)]
        return {"errcode": 0, "next_cursor": "1", "has_more": 0, "msg_list": came}

    platform.answers |= {"/sync_msg": sync, "/send_msg_on_event": {"errcode": 0, "msgid": "x"}}
    with desk(tmp_path, platform.url) as one:
        one.account = _welcoming(one)
        one.push(_desk_push())
        assert asked.wait(10)
        for _ in range(5):
            one.push(_desk_push())
        one.prompts._sending.drain()
        release.set()
        assert [item.name for item in one.settled()] == ["message_sent"]
    assert [call.body["cursor"] for call in platform.calls("/sync_msg")] == ["", "1"]


def test_a_page_that_fails_takes_no_welcome_of_an_earlier_one_away(tmp_path: Path, platform: Platform) -> None:
    pages = {"": {"errcode": 0, "next_cursor": "1", "has_more": 1, "msg_list": [_came(2, 1767323044)]}}
    platform.answers |= {
        "/sync_msg": lambda asked: pages.get(asked.body["cursor"], {"errcode": -1}),
        "/send_msg_on_event": {"errcode": 0, "msgid": "x"},
    }
    with desk(tmp_path, platform.url) as one:
        one.account = _welcoming(one)
        one.push(_desk_push())
        assert [item.name for item in one.settled()] == ["message_sent"]
        pages["1"] = {"errcode": 0, "next_cursor": "2", "has_more": 0, "msg_list": [_came(3, 1767323044)]}
        one.push(_desk_push())
        assert [item.name for item in one.settled()] == ["message_sent"] * 2
    assert [call.body["cursor"] for call in platform.calls("/sync_msg")] == ["", "1", "1"]


def test_a_place_that_is_no_longer_accepted_is_given_up(tmp_path: Path, platform: Platform) -> None:
    def sync(asked: Any) -> dict[str, Any]:
        if asked.body["cursor"]:
            return {"errcode": 40097, "errmsg": "invalid cursor"}
        return {"errcode": 0, "next_cursor": "1", "has_more": 0, "msg_list": came}

    came = [_came(2, 1767323044)]
    platform.answers |= {"/sync_msg": sync, "/send_msg_on_event": {"errcode": 0, "msgid": "x"}}
    with desk(tmp_path, platform.url) as one:
        one.account = _welcoming(one)
        one.push(_desk_push())
        one.settled()
        came.append(_came(3, 1767323044))
        one.push(_desk_push())
        one.settled()
    assert [call.body["code"] for call in platform.calls("/send_msg_on_event")] == ["W2", "W3"]
    assert [call.body["cursor"] for call in platform.calls("/sync_msg")] == ["", "1", ""]


def test_a_desk_is_not_asked_without_a_time_nor_after_it(tmp_path: Path, platform: Platform) -> None:
    clock = FakeClock(NOW + timedelta(seconds=1))
    with desk(tmp_path, platform.url, clock) as one:
        one.account = _welcoming(one)
        one.push(_desk_push().replace("<CreateTime>1767323045</CreateTime>", ""))
        one.settled()
        clock.advance(timedelta(seconds=19))
        one.push(_desk_push())
        assert one.settled() == []
    assert platform.asked == []


def test_somebody_else_was_first(tmp_path: Path, platform: Platform) -> None:
    platform.answers["/send_welcome_msg"] = {"errcode": 41051, "errmsg": "externaluser has started chatting"}
    with desk(tmp_path, platform.url) as one:
        one.push(plain())
        one.push(plain())
        (item,) = one.settled()
    assert (item.name, item.fields["failure_code"], item.fields["failure_reason"]) == (
        "message_failed", "41051", "expired",
    )  # fmt: skip
    assert len(platform.calls("/send_welcome_msg")) == 1


def test_a_busy_platform_is_asked_again(tmp_path: Path, platform: Platform) -> None:
    answers = iter([{"errcode": -1}, {"errcode": -1}, {"errcode": 0}])
    platform.answers["/send_welcome_msg"] = lambda asked: next(answers)
    with desk(tmp_path, platform.url) as one:
        one.push(plain())
        assert [item.name for item in one.settled()] == ["message_sent"]
    assert len(platform.calls("/send_welcome_msg")) == 3


def test_a_token_that_ended_is_fetched_anew(tmp_path: Path, platform: Platform) -> None:
    tokens = iter(["OLD", "NEW"])
    platform.answers["/gettoken"] = lambda asked: {"access_token": next(tokens), "expires_in": 7200}
    platform.answers["/send_welcome_msg"] = lambda asked: (
        {"errcode": 0 if asked.query["access_token"] == "NEW" else 42001}
    )
    with desk(tmp_path, platform.url) as one:
        one.push(plain())
        assert [item.name for item in one.settled()] == ["message_sent"]


def test_after_its_time_nothing_is_sent(tmp_path: Path, platform: Platform) -> None:
    with desk(tmp_path, platform.url, FakeClock(NOW + timedelta(seconds=20))) as one:
        one.push(plain())
        assert one.settled() == []
    assert platform.asked == []


def test_a_platform_that_is_away_is_given_up_when_the_time_is_over(tmp_path: Path) -> None:
    class Passing(FakeClock):
        def now(self) -> datetime:
            self.advance(timedelta(seconds=1))
            return super().now()

    with desk(tmp_path, "http://127.0.0.1:9", Passing(NOW)) as one:
        one.push(plain())
        (item,) = one.settled()
    assert (item.name, item.fields["failure_reason"]) == ("message_failed", "transient")


_CHILD = """
import sys
from pathlib import Path
from tests.collect.test_prompts import desk, plain
with desk(Path(sys.argv[1]), sys.argv[2]) as one:
    one.push(plain())
    one.settled()
"""


def test_killed_while_sending_it_is_never_sent_twice(tmp_path: Path, platform: Platform) -> None:
    arrived, release = threading.Event(), threading.Event()

    def slow(asked: object) -> dict[str, int]:
        arrived.set()
        release.wait(30)
        return {"errcode": 0}

    platform.answers["/send_welcome_msg"] = slow
    child = subprocess.Popen([sys.executable, "-c", _CHILD, str(tmp_path), platform.url], cwd=Path(__file__).parents[2])
    try:
        assert arrived.wait(60)
    finally:
        child.kill()
        child.wait()
    release.set()
    platform.answers["/send_welcome_msg"] = {"errcode": 0}
    with desk(tmp_path, platform.url) as one:
        one.push(plain())  # the platform repeats its push
        assert one.settled() == []
        one.push(plain("ANOTHER"))
        assert [item.name for item in one.settled()] == ["message_sent"]
    assert [call.body["welcome_code"] for call in platform.calls("/send_welcome_msg")] == ["CODE", "ANOTHER"]


def test_through_the_collector(tmp_path: Path, platform: Platform) -> None:
    for name in ("token", "secret"):
        (tmp_path / name).write_text("123456")
    (tmp_path / "key").write_text(KEY)
    settings = {"corpid": CORP, "token": "file:token", "encoding_aes_key": "file:key", "secret": "file:secret",
                "welcome_by_state": {"s1": {"text": "南京路店欢迎您"}}}  # fmt: skip
    touchpoint = Touchpoint("contacts", "wecom", settings=settings, sandbox=True)
    clock = SystemClock()
    moment, sealed = str(int(clock.now().timestamp())), encrypt(plain(), read_key(KEY), CORP)
    query = {"msg_signature": signature("123456", moment, "n", sealed), "timestamp": moment, "nonce": "n"}
    body = f"<xml><Encrypt>{sealed}</Encrypt></xml>"
    with closing(State.at(tmp_path / "state.sqlite")) as state, closing(SqliteLog(tmp_path / "log.sqlite")) as log:
        prompts = Prompts(log, lambda: state, Connections(clock), clock)
        source = CachedTouchpoints(lambda: [touchpoint])
        accounts = Accounts(tmp_path, platform.url)
        with running_collector(tmp_path, source=source, accounts=accounts, kept=prompts.kept) as server:
            for _ in range(2):
                answer = httpx.post(f"{server.url}/hooks/contacts?{urlencode(query)}", content=body)
                assert (answer.status_code, answer.text) == (200, "success")
            prompts.drain()
            names = sorted(item.name for item in server.items())
        prompts.close()
    assert names == ["contact_added", "contact_added", "message_sent"]
    (call,) = platform.calls("/send_welcome_msg")
    assert call.body["text"] == {"content": "南京路店欢迎您"}


# receipts


def _read(record: NewRecord) -> list[Any]:
    found = decode(Record(record.received_at, record.touchpoint, record.protocol, record.headers, record.body, 1))
    assert not found.broken
    return found.items


def test_marks_are_events_of_the_person() -> None:
    account = Account("oa", "wechat_oa", {"appid": "wx1"}, {"openid": "brand"})
    message = Message("template", {"openid": "oA", "staff_id": "x"}, {"template_id": "T", "data": {"a": "secret"}}, "k")
    receipt = Receipt("refused", "refused", code="43101", marks=(Mark("opted_out", {"template_id": "T"}),))
    record = receipts.concluded(account, message, receipt, NOW)
    assert b"secret" not in record.body
    failed, out = _read(record)
    assert (failed.name, failed.ids, failed.fields["template_id"]) == (
        "message_failed",
        [("openid", "brand", "oA")],
        "T",
    )
    assert (out.name, out.fields) == ("opted_out", {"template_id": "T"})
    assert len({failed.message_id, out.message_id}) == 2


def test_a_task_is_not_sent_yet() -> None:
    account = Account("contacts", "wecom", {"corpid": CORP})
    message = Message("associate_task", {"external_userid": PERSON}, {}, "k")
    assert _read(receipts.concluded(account, message, Receipt("task", provider_id="m1"), NOW)) == []
    (sent,) = _read(receipts.concluded(account, message, Receipt("sent", provider_id="m1"), NOW))
    assert (sent.name, sent.fields["message_id"]) == ("message_sent", "m1")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_wait(body: bytes) -> None:
    found = decode(Record(NOW, "tp", "receipt", b"{}", body, 1))
    assert found.items or found.broken or body.startswith(b"{")
