"""Text messages: our signatures beside the clouds' own packages, lengths, opt-out words, operators' codes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from alibabacloud_openapi_util.client import Client as Alibaba
from alibabacloud_tea_util.client import Client as TeaUtil
from Tea.request import TeaRequest
from tencentcloud.common.abstract_client import AbstractClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.http.request import RequestInternal
from tencentcloud.sms.v20210111 import errorcodes, models
from tests.channels import cases

from onepool.channels import registry
from onepool.channels.base import Account, Answer, Call, Message, Refused, Request, Unsendable
from onepool.channels.base.sms_text import Measure, compose, faults, measure, opts_out
from onepool.channels.sms.codes import TENCENT, TENCENT_FAMILIES, receipt_reason
from onepool.channels.sms.reach import ask, request, sign, told
from onepool.channels.sms.signing import sign_aliyun

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def _account(**settings: Any) -> Account:
    given = {"access_key": "AKID", "access_secret": "s3cret/+", "signature": "棉屿", "sdk_app_id": "1400006666"}
    return cases.Table("sms", {"account": {**given, **settings}}).account({})


def _message(**content: Any) -> Message:
    return Message("notice", {"phone": "+8613811110000"}, {"template_id": "SMS_1", **content}, "k 1*~中")


@pytest.mark.parametrize("action", ["send", "ask"])
def test_alibabas_own_package_makes_the_same_signature(action: str) -> None:
    message = _message(params={"名 字": "王 +*~", "code": 1})
    call = request(message, _account(), NOW) if action == "send" else ask(message, "9^0", _account(), NOW)
    signed = sign_aliyun(call, "AKID", "s3cret/+", NOW, "nonce1")
    theirs = TeaRequest()
    theirs.method, theirs.pathname, theirs.query = "POST", "/", dict(call.query)
    theirs.headers = {name: value for name, value in signed.headers.items() if name != "authorization"}
    payload = Alibaba.hex_encode(Alibaba.hash(TeaUtil.to_bytes(""), "ACS3-HMAC-SHA256"))
    assert signed.headers["x-acs-content-sha256"] == payload
    wanted = Alibaba.get_authorization(theirs, "ACS3-HMAC-SHA256", payload, "AKID", "s3cret/+")
    assert signed.headers["authorization"] == wanted


def test_a_nonce_is_used_once() -> None:
    call = request(_message(), _account(), NOW)
    first, second = (sign(call, _account(), NOW).headers["x-acs-signature-nonce"] for _ in range(2))
    assert first != second and len(first) == 32


def test_tencents_own_package_makes_the_same_signature() -> None:
    account = _account(provider="tencent")
    signed = sign(request(_message(params=["王", 1]), account, NOW), account, NOW)
    client = AbstractClient(Credential("AKID", "s3cret/+"), "ap-guangzhou")
    client._service = "sms"
    asked = RequestInternal("sms.tencentcloudapi.com", "POST", "/")
    asked.header.update({"Content-Type": "application/json", "Host": "sms.tencentcloudapi.com"})
    asked.header["X-TC-Timestamp"] = signed.headers["x-tc-timestamp"]
    assert signed.body is not None
    asked.data = signed.body.decode()
    wanted = client._get_tc3_signature({}, asked, "2026-01-02", "sms", "s3cret/+")
    assert signed.headers["authorization"] == (
        "TC3-HMAC-SHA256 Credential=AKID/2026-01-02/sms/tc3_request, SignedHeaders=content-type;host, "
        f"Signature={wanted}"
    )
    # Their models know every name that we send.
    for model, body in (
        (models.SendSmsRequest(), json.loads(signed.body)),
        (models.PullSmsSendStatusByPhoneNumberRequest(), ask(_message(), "", account, NOW).json),
    ):
        model._deserialize(body)
        assert {name: value for name, value in model._serialize().items() if value is not None} == body


def test_every_code_of_sending_in_tencents_package_has_a_meaning() -> None:
    listed = [value for name, value in vars(errorcodes).items() if name.isupper()]
    assert len(listed) > 60
    for code in listed:
        assert code in TENCENT or code.partition(".")[0] in TENCENT_FAMILIES, code


def test_sending_is_not_repeated_by_itself_and_asking_may_be() -> None:
    for provider in ("aliyun", "tencent"):
        account = _account(provider=provider)
        assert not request(_message(), account, NOW).idempotent
        assert ask(_message(), "1", account, NOW).idempotent


def test_it_is_asked_for_the_day_of_china() -> None:
    late = datetime(2026, 1, 2, 17, 0, tzinfo=UTC)
    call: Call = ask(_message(), "9^0", _account(), late)
    assert (call.query["SendDate"], call.query["BizId"]) == ("20260103", "9^0")
    assert ask(_message(sent_on="20260102"), "", _account(), late).query["SendDate"] == "20260102"


@pytest.mark.parametrize(
    ("length", "segments"), [(0, 0), (1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4)]
)
def test_billed_messages(length: int, segments: int) -> None:
    assert measure("中" * length) == Measure(length, segments)


def test_an_emoji_counts_twice() -> None:
    assert measure("😀" * 35).segments == 1
    assert measure("😀" * 36).segments == 2


def test_the_text_as_it_arrives() -> None:
    text = compose("${name}您好，拒收请回复R", {"name": "王"}, "棉屿")
    assert text == "【棉屿】王您好，拒收请回复R"
    assert compose(text, {}, "棉屿") == text
    assert faults(text, marketing=True) == []
    assert compose("{2}{1}{3}", ["a", "b"], "") == "ba{3}"
    assert len(faults("hello {3}", marketing=True)) == 3
    for words in ("回T退订", "退订回T", "拒收请回复R", "回复TD退订", "退订回复TD"):
        assert faults(f"【棉屿】八折 {words}", marketing=True) == [], words


@pytest.mark.parametrize(
    ("reply", "out"),
    [("R", True), ("r.", True), ("ＴＤ", True), (" 退订！", True), ("t d", True), ("N", True), ("", False),
     ("！", False), ("好的", False), ("不退订", False), ("Rose", False), ("回复R", True), ("回TD", True),
     ("TD退订", True), ("退订，谢谢", True), ("我要退订！", True), ("别给我退订", False), ("取消退订", False),
     ("上次那条说退订后还有优惠券，请问是真的吗", False), ("回复", False)],
)  # fmt: skip
def test_opt_out_words(reply: str, out: bool) -> None:
    setting = registry.channel("sms").manifest.setting("opt_out_words")
    assert setting is not None
    assert opts_out(reply, setting.default) is out


def test_a_place_takes_the_value_of_its_number_whatever_order_they_are_written_in() -> None:
    tencent = _account(provider="tencent")
    eleven = {str(number): f"v{number}" for number in range(1, 12)}
    for params in (eleven, dict(sorted(eleven.items())), list(eleven.values())):
        body = request(_message(params=params), tencent, NOW).json
        assert body["TemplateParamSet"] == list(eleven.values())
        assert compose("【棉屿】{1}{10}{2}", params, "") == "【棉屿】v1v10v2"
    for params in ({"name": "王", "code": "8888"}, {"1": "a", "3": "c"}):
        with pytest.raises(Unsendable) as refused:
            request(_message(params=params), tencent, NOW)
        assert refused.value.receipt.reason == "template_error"
    assert compose("【棉屿】{1}", {"code": "8888"}, "") == "【棉屿】8888", "one value is for the one place"
    both = {"name": "王", "code": "8888"}
    assert compose("【棉屿】{1}", both, "") == "【棉屿】{1}", "names say nothing of places"


def test_what_another_system_sent_to_the_phone_is_not_ours() -> None:
    message = _message()
    entries = [{"OutId": "", "SendStatus": 3}, {"OutId": "erp-1", "SendStatus": 3}]
    answer = {"Code": "OK", "SmsSendDetailDTOs": {"SmsSendDetailDTO": entries}}
    assert told(message, Answer(200, json.dumps(answer).encode())).state == "unknown"
    entries.append({"OutId": message.key[:64], "SendStatus": 2, "ErrCode": "MK:0001"})
    assert told(message, Answer(200, json.dumps(answer).encode())).reason == "bad_address"


def test_a_caller_shown_in_the_form_of_both_families_is_on_the_list() -> None:
    account = _account(path_secret="s3cret", allowed_ips=["203.0.113.0/24"])
    check = registry.channel("sms").check
    assert check is not None
    for ip, taken in (("203.0.113.9", True), ("::ffff:203.0.113.9", True), ("::ffff:198.51.100.1", False)):
        asked = Request("POST", "s3cret", "", {}, b"[]", ip)
        if taken:
            assert check(asked, account, NOW).status == 200
        else:
            with pytest.raises(Refused):
                check(asked, account, NOW)


@pytest.mark.parametrize(
    ("code", "reason"),
    [("MOBILE_NOT_ON_SERVICE", "bad_address"), ("MK:0001", "bad_address"), ("MBBLACK", "refused"),
     ("IS_CLOSED", "transient"), ("UNDELIVERED", "transient"), ("EXPIRED", "transient"),
     ("CONTAINS_KEYWORD", "template_error"), ("NOSIGNAL", "transient"),
     ("SIGN_ERROR", "template_error"), ("CB:0001", "unknown"), ("", "unknown")],
)  # fmt: skip
def test_operators_codes(code: str, reason: str) -> None:
    assert receipt_reason(code) == reason
