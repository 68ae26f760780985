"""Login and phone number by code: asked of the platform, told to the brand's server, kept without the session key."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.channels import cases
from tests.channels.platform import Platform, running_platform
from tests.clients.server import Running, running_collector

from onepool.channels import registry
from onepool.channels.base import Answer, Call, Refused, Reply, Request
from onepool.collect import hooked
from onepool.collect.accounts import Accounts
from onepool.collect.inbound import decode
from onepool.collect.touchpoint import CachedTouchpoints, Touchpoint

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
APP = "wx4f4bc4dec97d474b"
SECRET = "s3rv3r"


def _request(path: str, body: Any, *, now: datetime = NOW, secret: str = SECRET, method: str = "POST") -> Request:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    moment = str(int(now.timestamp()))
    given = hmac.new(secret.encode(), moment.encode() + b"." + raw, hashlib.sha256).hexdigest()
    return Request(method, path, "", {"x-onepool-timestamp": moment, "x-onepool-signature": given}, raw)


def _run(request: Request, answer: Any, **settings: Any) -> tuple[Call, Reply, list[dict[str, Any]]]:
    given = {"appid": APP, "token": "t", "secret": "s3cret", "server_secret": SECRET, **settings}
    account = cases.Table("wechat_mini", {"account": given}).account({})
    steps = registry.channel("wechat_mini").exchange[request.rest](request, account, NOW)
    call = next(steps)
    try:
        steps.send(Answer(200, json.dumps(answer).encode()))
    except StopIteration as ended:
        reply: Reply = ended.value
    else:
        raise AssertionError("one call was expected")
    if reply.keep is None:
        return call, reply, []
    items, broken = cases.items_of(hooked.pushed(request, account, NOW, reply.keep.plain))
    assert not broken
    return call, reply, items


def test_a_login_links_what_is_known_of_the_person_and_keeps_the_session_key_out() -> None:
    answer = {"openid": "oA", "unionid": "uA", "session_key": "tiihtNczf5v6AKRyjwEUhQ=="}
    body = {"code": "081LXytJ1Xq1Y40sg3uJ1FWntJ1LXyth", "anonymous_id": "a-1", "user_id": "m-9"}
    call, reply, (item,) = _run(_request("login", body), answer)
    assert call.url == "https://api.weixin.qq.com/sns/jscode2session"
    assert call.query == {
        "appid": APP, "secret": "s3cret", "js_code": body["code"], "grant_type": "authorization_code",
    }  # fmt: skip
    assert not call.token
    assert json.loads(reply.body) == {"openid": "oA", "unionid": "uA"}
    assert reply.keep is not None and reply.keep.plain is not None
    assert "tiiht" not in reply.keep.plain and body["code"] not in reply.keep.plain
    assert item["kind"] == "link"
    assert item["ids"] == [
        ["openid", APP, "oA"], ["unionid", "main", "uA"], ["anonymous_id", "", "a-1"], ["user_id", "", "m-9"],
    ]  # fmt: skip


def test_a_login_of_somebody_with_one_id_only() -> None:
    _, reply, (item,) = _run(_request("login", {"code": "c"}), {"openid": "oA", "session_key": "k"})
    assert json.loads(reply.body) == {"openid": "oA"}
    assert (item["kind"], item["ids"]) == ("profile", [["openid", APP, "oA"]])


def _phone(**more: Any) -> dict[str, Any]:
    info = {"phoneNumber": "13580006666", "purePhoneNumber": "13580006666", "countryCode": 86,
            "watermark": {"timestamp": 1637744274, "appid": APP}}  # fmt: skip
    return {"errcode": 0, "errmsg": "ok", "phone_info": {**info, **more}}


@pytest.mark.parametrize(
    ("answer", "phone"),
    [
        (_phone(), "+8613580006666"),
        (_phone(countryCode="86"), "+8613580006666"),
        (_phone(countryCode="+852", purePhoneNumber="51234567"), "+85251234567"),
        (_phone(countryCode=""), "13580006666"),
    ],
)
def test_a_phone_number_is_a_proved_contact(answer: dict[str, Any], phone: str) -> None:
    call, reply, (item,) = _run(_request("phone", {"code": "c1", "openid": "oA"}), answer)
    assert call.url == "https://api.weixin.qq.com/wxa/business/getuserphonenumber"
    assert call.json == {"code": "c1", "openid": "oA"}
    assert call.token
    assert json.loads(reply.body) == {"phone": phone}
    assert item["ids"] == [["openid", APP, "oA"]]
    assert item["fields"] == {"method": "wechat"}
    assert item["traits"] == {"phone": phone}


@pytest.mark.parametrize(
    ("path", "answer", "status", "code"),
    [
        ("login", {"errcode": 40029, "errmsg": "invalid code"}, 422, "wechat-40029"),
        ("login", {"errcode": 40163, "errmsg": "code been used"}, 422, "wechat-40163"),
        ("login", {"errcode": 45011, "errmsg": "too often"}, 503, "busy"),
        ("login", {"errcode": -1}, 503, "busy"),
        ("login", {"session_key": "k"}, 503, "busy"),
        ("login", ["x"], 503, "busy"),
        ("phone", {"errcode": 40029, "errmsg": "invalid code"}, 422, "wechat-40029"),
        ("phone", {"errcode": 0, "phone_info": None}, 503, "busy"),
        ("phone", _phone(watermark={"appid": "wxother"}), 502, "another-app"),
    ],
)
def test_what_the_platform_refuses_is_told_and_nothing_is_kept(path: str, answer: Any, status: int, code: str) -> None:
    _, reply, items = _run(_request(path, {"code": "c"}), answer)
    assert (reply.status, json.loads(reply.body)["code"]) == (status, code)
    assert reply.keep is None and items == []


@pytest.mark.parametrize(
    ("request_", "settings", "code"),
    [
        (_request("login", {"code": "c"}, secret="other"), {}, "signature"),
        (_request("login", {"code": "c"}, now=datetime(2026, 1, 2, 3, 20, tzinfo=UTC)), {}, "stale"),
        (_request("login", {"code": "c"}), {"server_secret": ""}, "not-configured"),
        (_request("login", {"code": ""}), {}, "malformed"),
        (_request("login", {"code": "c" * 600}), {}, "malformed"),
        (_request("login", [1]), {}, "malformed"),
        (_request("login", b"{"), {}, "malformed"),
        (_request("phone", {"code": "c"}, method="GET"), {}, "method"),
    ],
)
def test_questions_of_anybody_else_are_refused_before_the_platform_is_asked(
    request_: Request, settings: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refused) as refused:
        _run(request_, {}, **settings)
    assert refused.value.code == code


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(["login", "phone"]), st.binary(max_size=100), st.dictionaries(st.text(), st.text()))
def test_any_question_of_the_brands_server_is_answered(path: str, body: bytes, answer: dict[str, str]) -> None:
    """Whatever is signed, and whatever the platform says to it: a refusal or an answer, never an error."""
    try:
        _run(_request(path, body), answer)
    except Refused as refused:
        assert refused.code == "malformed"
    _, reply, _ = _run(_request(path, {"code": "c"}), answer)
    assert reply.status in (200, 422, 502, 503)


SHOP = Touchpoint(
    "mini",
    "wechat_mini",
    settings={"appid": APP, "token": "file:token", "secret": "file:secret", "server_secret": "file:server"},
    sandbox=True,
)


@pytest.fixture
def platform() -> Iterator[Platform]:
    answers = {
        "/sns/jscode2session": {"openid": "oA", "unionid": "uA", "session_key": "SESSIONKEY"},
        "/cgi-bin/stable_token": {"access_token": "T1", "expires_in": 7200},
        "/getuserphonenumber": lambda asked: _phone() if asked.query["access_token"] == "T1" else {"errcode": 40001},
    }
    with running_platform(answers) as running:
        yield running


@pytest.fixture
def server(tmp_path: Path, platform: Platform) -> Iterator[Running]:
    for name, value in (("token", "t"), ("secret", "s3cret"), ("server", SECRET)):
        (tmp_path / name).write_text(value)
    source = CachedTouchpoints(lambda: [SHOP])
    with running_collector(tmp_path, source=source, accounts=Accounts(tmp_path, platform.url)) as running:
        yield running


def test_the_brands_server_hands_over_codes_through_the_collector(server: Running, platform: Platform) -> None:
    now = datetime.fromtimestamp(time.time(), UTC)
    for path, body, wanted in (
        ("login", {"code": "c1"}, {"openid": "oA", "unionid": "uA"}),
        ("phone", {"code": "c2", "openid": "oA"}, {"phone": "+8613580006666"}),
    ):
        asked = _request(path, body, now=now)
        answer = httpx.post(f"{server.url}/hooks/mini/{path}", content=asked.body, headers=dict(asked.headers))
        assert (answer.status_code, answer.json()) == (200, wanted)
    login, phone = server.records()
    assert b"SESSIONKEY" not in login.headers + login.body
    assert decode(login).items[0].ids == [("openid", APP, "oA"), ("unionid", "main", "uA")]
    assert decode(phone).items[0].traits == {"phone": "+8613580006666"}
    assert len(platform.calls("stable_token")) == 1


def test_a_platform_that_is_away_is_said_so(server: Running, platform: Platform) -> None:
    asked = _request("login", {"code": "c1"}, now=datetime.fromtimestamp(time.time(), UTC))
    platform.answers.clear()
    answer = httpx.post(f"{server.url}/hooks/mini/login", content=asked.body, headers=dict(asked.headers))
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    answer = httpx.post(f"{server.url}/hooks/mini/login", content=b"{}", headers=dict(asked.headers))
    assert (answer.status_code, answer.json()["code"]) == (403, "signature")
    assert server.records() == []
