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
from wechatpy.crypto import WeChatWxaCrypto

from onepool.channels import registry
from onepool.channels.base import Answer, Call, Refused, Reply, Request
from onepool.channels.wechat_mini.sealed import unseal
from onepool.collect import hooked
from onepool.collect.accounts import Accounts
from onepool.collect.inbound import decode
from onepool.collect.touchpoint import CachedTouchpoints, Touchpoint
from onepool.sandbox.doubles.wechat_seal import seal_data

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
APP = "wx4f4bc4dec97d474b"
SECRET = "s3rv3r"


def _request(path: str, body: Any, *, now: datetime = NOW, secret: str = SECRET, method: str = "POST") -> Request:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    moment = str(int(now.timestamp()))
    given = hmac.new(secret.encode(), moment.encode() + b"." + raw, hashlib.sha256).hexdigest()
    return Request(method, path, "", {"x-onepool-timestamp": moment, "x-onepool-signature": given}, raw)


def _run(
    request: Request, answer: Any, *, now: datetime = NOW, **settings: Any
) -> tuple[Call, Reply, list[dict[str, Any]]]:
    given = {"appid": APP, "token": "t", "secret": "s3cret", "server_secret": SECRET, **settings}
    account = cases.Table("wechat_mini", {"account": given}).account({})
    steps = registry.channel("wechat_mini").exchange[request.rest](request, account, now)
    call = next(steps)
    try:
        steps.send(Answer(200, json.dumps(answer).encode()))
    except StopIteration as ended:
        reply: Reply = ended.value
    else:
        raise AssertionError("one call was expected")
    if reply.keep is None:
        return call, reply, []
    items, broken = cases.items_of(hooked.pushed(request, account, now, reply.keep.plain))
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


# The example of the platform's own pages: session key, vector, data; what is in it.
SESSION, VECTOR = "tiihtNczf5v6AKRyjwEUhQ==", "r7BXXKkLb8qrSNn05n0qiA=="
SEALED = (
    "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz"
    "6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz"
    "/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1p"
    "JAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO"
    "0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew=="
)
OPENID, UNIONID = "oGZUI0egBJY1zhBYw2KhdUfwVJJE", "ocMvos6NjeKLIBqg5Mr9QjxrP1FA"
THEN = datetime(2016, 10, 24, 14, 0, tzinfo=UTC)
"""When the example was made."""

MADE = int(THEN.timestamp())

SESSION_OF: dict[str, Any] = {"openid": OPENID, "session_key": SESSION}


def test_what_the_mini_program_encrypted_under_a_login_is_opened() -> None:
    body = {"code": "c", "encrypted_data": SEALED, "iv": VECTOR, "anonymous_id": "a-1"}
    _, reply, items = _run(_request("login", body, now=THEN), SESSION_OF, now=THEN)
    found = json.loads(reply.body)
    assert (found["openid"], found["unionid"], found["nickname"]) == (OPENID, UNIONID, "Band")
    assert reply.keep is not None and SESSION not in (reply.keep.plain or "")
    shown, link = items
    assert (shown["kind"], shown["traits"]["nickname"], shown["traits"]["gender"]) == ("profile", "Band", "male")
    assert link["kind"] == "link"
    assert link["ids"] == [["openid", APP, OPENID], ["unionid", "main", UNIONID], ["anonymous_id", "", "a-1"]]


def test_a_third_partys_client_opens_the_same() -> None:
    wanted = WeChatWxaCrypto(SESSION, VECTOR, APP).decrypt_message(SEALED)
    assert unseal(SEALED, VECTOR, SESSION, APP, THEN) == wanted


def test_a_phone_that_was_encrypted_is_a_proved_contact() -> None:
    content = {"phoneNumber": "13580006666", "purePhoneNumber": "13580006666", "countryCode": "86"}
    sealed = seal_data({**content, "watermark": {"timestamp": int(NOW.timestamp()), "appid": APP}}, SESSION)
    _, reply, (phone, profile) = _run(_request("login", {"code": "c", **sealed}), SESSION_OF)
    assert json.loads(reply.body) == {"openid": OPENID, "phone": "+8613580006666"}
    assert (phone["name"], phone["fields"], phone["traits"]) == (
        "profile_updated", {"method": "wechat"}, {"phone": "+8613580006666"},
    )  # fmt: skip
    assert phone["message_id"] != profile["message_id"]


def test_raw_data_is_taken_with_its_signature_only() -> None:
    raw = '{"nickName":"微信用户","city":"广州"}'
    given = hashlib.sha1((raw + SESSION).encode()).hexdigest()
    _, reply, _ = _run(_request("login", {"code": "c", "raw_data": raw, "signature": given}), SESSION_OF)
    assert json.loads(reply.body) == {"openid": OPENID, "city": "广州"}, "a name that everybody has is none"
    assert hashlib.sha1(('{"a":1}' + SESSION).encode()).hexdigest() == "2e44307c6e1e307a03dd5e37a45b5e78c8d1fb36"


@pytest.mark.parametrize(
    ("body", "session"),
    [
        ({"encrypted_data": SEALED, "iv": VECTOR}, {"openid": OPENID, "session_key": "AAAAAAAAAAAAAAAAAAAAAA=="}),
        ({"encrypted_data": SEALED, "iv": VECTOR}, {"openid": "oSomebodyElse", "session_key": SESSION}),
        ({"encrypted_data": SEALED, "iv": VECTOR}, {"openid": OPENID}),
        ({"encrypted_data": SEALED[:-24], "iv": VECTOR}, SESSION_OF),
        ({"encrypted_data": SEALED}, SESSION_OF),
        ({"encrypted_data": "?", "iv": VECTOR}, SESSION_OF),
        (seal_data({"openId": OPENID, "watermark": {"timestamp": MADE, "appid": "wxother"}}, SESSION), SESSION_OF),
        (seal_data({"openId": OPENID, "watermark": {"timestamp": MADE - 300_000, "appid": APP}}, SESSION), SESSION_OF),
        (seal_data({"openId": OPENID, "watermark": {"appid": APP}}, SESSION), SESSION_OF),
        (seal_data({"openId": OPENID}, SESSION), SESSION_OF),
        ({"raw_data": "{}", "signature": "0" * 40}, SESSION_OF),
    ],
)
def test_data_of_another_login_person_or_program_is_refused(body: dict[str, str], session: dict[str, str]) -> None:
    asked = _request("login", {"code": "c", "anonymous_id": "a-1", **body}, now=THEN)
    _, reply, (item,) = _run(asked, session, now=THEN)
    told = json.loads(reply.body)
    assert (reply.status, told.pop("sealed")) == (200, "refused") and told.pop("sealed_reason")
    assert told == {"openid": session["openid"]}, "the login stands, with nothing of what was refused"
    assert reply.keep is not None and "sealed" not in (reply.keep.plain or "")
    assert item["ids"] == [["openid", APP, session["openid"]], ["anonymous_id", "", "a-1"]]


@pytest.mark.parametrize("name", ["raw_data", "encrypted_data", "iv", "signature"])
def test_data_that_is_no_text_is_refused_before_the_code_is_used_up(name: str) -> None:
    with pytest.raises(Refused) as refused:
        _run(_request("login", {"code": "c", name: {"nickName": "x"}}), SESSION_OF)
    assert refused.value.status == 400 and f"{name} is a text" in refused.value.message


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
        (_request("login", {"code": "c", "encrypted_data": "A" * 40_000, "iv": "x"}), {}, "malformed"),
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
