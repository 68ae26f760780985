"""Sending to the doubles with the real connection: what platforms refuse, when, and that nothing goes out twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from onepool.channels import registry
from onepool.channels.base import Call, Message, Receipt
from onepool.clock import FakeClock
from onepool.sandbox import Sandbox
from onepool.sandbox.doubles.wecom import Wecom

from .loop import NOW, account, connect, pushes, sandbox, send

OA, WECOM = account("wechat_oa"), account("wecom")


def _clock(box: Sandbox) -> FakeClock:
    assert isinstance(box.clock, FakeClock)
    return box.clock


def _text(box: Sandbox, openid: str, content: str = "您好") -> Receipt:
    return send(box, OA, "text", {"openid": openid}, {"content": content}, "k")


def _template(box: Sandbox, openid: str, key: str = "k1") -> Receipt:
    return send(box, OA, "template", {"openid": openid}, {"template_id": "T1", "data": {"thing1": "到货"}}, key)


def _what(receipt: Receipt) -> tuple[str, str | None, str]:
    return receipt.state, receipt.reason, receipt.code


def test_a_token_that_ends_in_the_middle_is_fetched_anew_once() -> None:
    box = sandbox(OA)
    openid = box.act("follow", person="p1")["openid"]
    connection = connect(box, OA)
    message = Message("text", {"openid": openid}, {"content": "1"}, "k")
    assert connection.send(message).state == "sent"
    box.act("end_tokens")
    assert connection.send(message).state == "sent"
    said = [(one["what"], one["outcome"]) for one in box.ledger.lines(direction="in")]
    tokens, sends = "cgi-bin/stable_token", "custom/send"
    assert said == [(tokens, "0"), (sends, "0"), ("cgi-bin/message/custom/send", "42001"), (tokens, "0"), (sends, "0")]


def test_the_stable_token_stays_the_same_and_another_system_does_not_end_it() -> None:
    box, api = sandbox(OA), "http://127.0.0.1:8100/wechat_oa/api"
    connection = connect(box, OA)

    def ask(path: str, **more: Any) -> Any:
        asked = {"grant_type": "client_credential", "appid": OA.text("appid"), "secret": OA.text("secret"), **more}
        if path == "token":
            return connection.call(Call("GET", f"{api}/cgi-bin/token", query=asked, token=False)).json()
        return connection.call(Call("POST", f"{api}/cgi-bin/stable_token", json=asked, token=False)).json()

    first = ask("stable_token")
    assert first["expires_in"] == 7200
    _clock(box).advance(timedelta(minutes=10))
    again = ask("stable_token")
    assert (again["access_token"], again["expires_in"]) == (first["access_token"], 6600)
    old = ask("token")["access_token"]
    assert ask("token")["access_token"] != old, "the old interface gives another one each time"
    assert ask("stable_token")["access_token"] == first["access_token"]
    forced = ask("stable_token", force_refresh=True)
    assert forced["access_token"] != first["access_token"]
    assert ask("stable_token", force_refresh=True)["errcode"] == 45009, "30 seconds must lie between"
    assert ask("stable_token", secret="wrong")["errcode"] == 40125
    assert ask("stable_token", appid="wx99")["errcode"] == 40013
    # Five minutes before its end there is a new one, and the old one is still good.
    _clock(box).advance(timedelta(seconds=7200 - 299))
    renewed = ask("stable_token")
    assert renewed["access_token"] != forced["access_token"]
    listed = Call("GET", f"{api}/cgi-bin/user/get", query={"access_token": forced["access_token"]}, token=False)
    assert "errcode" not in connection.call(listed).json()
    _clock(box).advance(timedelta(seconds=300))
    assert connection.call(listed).json()["errcode"] == 42001


def test_the_reply_window_opens_counts_and_closes() -> None:
    box = sandbox(OA)
    openid = box.act("follow", person="p1")["openid"]
    assert [_text(box, openid).code for _ in range(4)] == ["", "", "", "45047"]
    _clock(box).advance(timedelta(seconds=61))
    assert _what(_text(box, openid)) == ("refused", "over_limit", "45015")
    box.act("message", person="p1")
    assert [_text(box, openid).code for _ in range(6)] == [""] * 5 + ["45047"]
    box.act("message", person="p1")
    _clock(box).advance(timedelta(hours=48, seconds=1))
    assert _text(box, openid).code == "45015"
    assert len(box.ledger.inbox(person="p1")) == 8


def test_refusals_of_people() -> None:
    box = sandbox(OA)
    ids = {name: box.act("follow", person=name)["openid"] for name in ("gone", "out", "black", "off", "fine")}
    box.act("unfollow", person="gone")
    box.act("refuse_template", person="out", given={"template_id": "T1"})
    box.act("blacklist", person="black")
    box.act("switch_off", person="off")
    assert _what(_template(box, ids["gone"])) == ("refused", "not_follower", "43004")
    assert [mark.event for mark in _template(box, ids["gone"]).marks] == ["unfollowed"]
    refused = _template(box, ids["out"])
    assert _what(refused) == ("refused", "refused", "43101")
    assert dict(refused.marks[0].fields)["template_id"] == "T1"
    assert _what(_text(box, ids["black"])) == ("refused", "refused", "43019")
    assert _what(_text(box, ids["off"])) == ("refused", "refused", "48002")
    assert _what(_text(box, ids["gone"])) == ("refused", "over_limit", "45015")
    assert _what(_text(box, "oNobody")) == ("refused", "bad_address", "40003")
    assert _template(box, ids["fine"]).state == "sent"


def test_a_subscription_is_used_up_by_one_message() -> None:
    mini = account("wechat_mini")
    box = sandbox(mini)
    content = {"template_id": "T9", "data": {"thing1": "到货提醒"}}
    openid = box.act("subscribe", person="p1", given={"template_id": "T9"})["openid"]
    codes = [send(box, mini, "subscribe", {"openid": openid}, content, f"k{n}").code for n in range(2)]
    assert codes == ["", "43101"]
    box.act("subscribe", person="p1", given={"template_id": "T9", "accept": False})
    assert send(box, mini, "subscribe", {"openid": openid}, content, "k3").code == "43101"
    pushes(box)
    _clock(box).advance(timedelta(seconds=10))
    box.turn()
    events = [one["what"] for one in box.ledger.lines(direction="out")]
    assert events == ["subscribe_msg_popup_event", "subscribe_msg_popup_event", "subscribe_msg_sent_event"]


def test_a_template_message_of_the_same_key_goes_out_once() -> None:
    box = sandbox(OA)
    openid = box.act("follow", person="p1")["openid"]
    first, second = _template(box, openid), _template(box, openid)
    assert (first.state, second.state, second.code) == ("sent", "sent", "45065")
    assert first.provider_id == second.provider_id
    _clock(box).advance(timedelta(minutes=1))
    box.turn()
    assert len(box.ledger.inbox()) == 1
    assert box.ledger.twice() == []


def test_an_answer_that_is_lost_is_not_sent_again_unless_the_platform_suppresses_it() -> None:
    box = sandbox(OA, platforms={"wechat_oa": {"lost": 1.0}})
    openid = box.act("follow", person="p1")["openid"]
    connection = connect(box, OA)
    connection._token = (box.doubles["wechat_oa"].stable.lasting()[0], NOW.timestamp() + 7200)  # type: ignore[attr-defined]
    message = Message("text", {"openid": openid}, {"content": "1"}, "k")
    assert connection.send(message).state == "unknown", "it may have gone out, and it has"
    template = Message("template", {"openid": openid}, {"template_id": "T", "data": {"a": "b"}}, "k")
    assert connection.send(template).state == "retry", "the platform knows the key, so it may be tried again"
    assert connection.send(template).state == "retry"
    _clock(box).advance(timedelta(minutes=1))
    box.turn()
    assert [one["kind"] for one in box.ledger.inbox()] == ["text", "template"]
    assert box.ledger.twice() == []


@pytest.mark.parametrize(
    ("behaviour", "state", "reason", "code"),
    [
        ({"busy": 1.0}, "retry", "transient", "-1"),
        ({"error": 1.0}, "unknown", "unknown", "502"),
        ({"calls_a_minute": 1}, "retry", "rate_limited", "45011"),
        ({"calls_a_day": 1}, "retry", "rate_limited", "45009"),
    ],
)
def test_a_platform_that_is_busy_or_limits(behaviour: dict[str, Any], state: str, reason: str, code: str) -> None:
    box = sandbox(OA, platforms={"default": behaviour})
    openid = box.act("follow", person="p1")["openid"]
    connection = connect(box, OA)
    if "calls" in next(iter(behaviour)):
        query = {"appid": OA.text("appid")}
        connection.call(Call("GET", OA.url("api", "/cgi-bin/token"), query=query, token=False))
    connection._token = (box.doubles["wechat_oa"].stable.lasting()[0], NOW.timestamp() + 7200)  # type: ignore[attr-defined]
    receipt = connection.send(Message("text", {"openid": openid}, {"content": "1"}, "k"))
    assert _what(receipt) == (state, reason, code)
    assert box.ledger.inbox() == []


STAFF = [
    {"id": "yes", "confirms": 1.0, "after": [600, 600]},
    {"id": "never", "confirms": 0.0},
    {"id": "other", "confirms": 1.0, "after": [1, 1]},
]


def _task(box: Sandbox, person: str, staff: str, text: str) -> tuple[Message, Receipt]:
    external = box.act("add", person=person, given={"staff": staff})["external_userid"]
    message = Message("associate_task", {"external_userid": external, "staff_id": staff}, {"text": text}, text)
    return message, connect(box, WECOM).send(message)


def test_staff_who_confirm_and_staff_who_do_not() -> None:
    box = sandbox(WECOM, staff=STAFF)
    told = [_task(box, f"p{number}", staff, "会员日") for number, staff in enumerate(("yes", "never"))]
    assert [receipt.state for _, receipt in told] == ["task", "task"]
    assert box.ledger.inbox() == []
    _clock(box).advance(timedelta(minutes=11))
    asked = [connect(box, WECOM).ask(message, receipt.provider_id) for message, receipt in told]
    assert [one.state for one in asked] == ["sent", "task"]
    assert [one["person"] for one in box.ledger.inbox()] == ["p0"]
    assert box.act("confirm", given={"staff": "never"})["confirmed"] == 1
    assert connect(box, WECOM).ask(told[1][0], told[1][1].provider_id).state == "sent"


def test_a_customer_gets_four_tasks_a_month_one_a_day_from_each_and_none_once_they_left() -> None:
    box = sandbox(WECOM, staff=STAFF)
    states = []
    for day in range(6):
        message, receipt = _task(box, "p1", "other", f"第{day}天")
        _clock(box).advance(timedelta(minutes=1))
        states.append(_what(connect(box, WECOM).ask(message, receipt.provider_id)))
        if day == 0:
            message, receipt = _task(box, "p1", "other", "又来")
            _clock(box).advance(timedelta(minutes=1))
            again = connect(box, WECOM).ask(message, receipt.provider_id)
            assert _what(again) == ("refused", "over_limit", "status 3")
        _clock(box).advance(timedelta(days=1))
    assert [one[0] for one in states] == ["sent"] * 4 + ["refused"] * 2
    box.act("delete_staff", person="p1", given={"staff": "other"})
    external = next(iter(box.doubles["wecom"].contacts))  # type: ignore[attr-defined]
    message = Message("associate_task", {"external_userid": external, "staff_id": "other"}, {"text": "x"}, "x")
    assert _what(connect(box, WECOM).send(message)) == ("refused", "not_friend", "fail_list")


def test_staff_who_are_reminded_are_asked_again_three_times_a_day() -> None:
    box = sandbox(WECOM, staff=STAFF)
    _, receipt = _task(box, "p1", "never", "会员日")
    connection = connect(box, WECOM)
    said = [connection.remind(receipt.provider_id) for _ in range(4)]
    assert [one and one.state for one in said] == ["sent", "sent", "sent", "retry"]
    assert said[-1] is not None and said[-1].code == "45009"
    _clock(box).advance(timedelta(days=1, seconds=1))
    again = connection.remind(receipt.provider_id)
    assert again is not None and again.state == "sent"
    assert connect(sandbox(OA), OA).remind("1") is None, "an Official Account has no tasks"


def test_a_desk_answers_five_times_within_two_days() -> None:
    box = sandbox(WECOM)
    double = box.doubles["wecom"]
    assert isinstance(double, Wecom)
    external = box.act("add", person="p1")["external_userid"]

    def answer() -> str:
        content = {"content": "您好", "service_desk": double.service.desk}
        receipt = send(box, WECOM, "service_text", {"external_userid": external}, content, "k")
        return receipt.code or receipt.state

    assert answer() == "95018", "nobody has written"
    box.act("message", person="p1")
    assert [answer() for _ in range(6)] == ["sent"] * 5 + ["95001"]
    box.act("message", person="p1")
    _clock(box).advance(timedelta(hours=49))
    assert answer() == "95002"
    box.act("message", person="p1")
    box.act("service", person="p1", given={"what": "close"})
    assert answer() == "95018"
    box.act("service", person="p1", given={"what": "link"})
    assert answer() == "sent", "a link that a customer sends is a message, which opens the window"
    box.act("service", person="p1", given={"what": "reply"})
    assert [answer() for _ in range(5)] == ["sent"] * 4 + ["95001"], "what staff say does not"
    assert {one["kind"] for one in box.ledger.inbox()} == {"service_text"}


def test_a_welcome_code_works_once_and_for_twenty_seconds() -> None:
    box = sandbox(WECOM)

    def welcome(added: dict[str, str]) -> Receipt:
        to, content = {"external_userid": added["external_userid"]}, {"welcome_code": added["welcome_code"]}
        return send(box, WECOM, "welcome", to, content | {"text": "欢迎"}, "k")

    added = box.act("add", person="p1")
    assert [welcome(added).code for _ in range(2)] == ["", "41051"]
    late = box.act("add", person="p2")
    _clock(box).advance(timedelta(seconds=21))
    assert welcome(late).code == "41050"
    box.act("refuse_address")
    assert welcome(late).state == "retry", "60020 gives no token at all"


SMS = account(
    "sms", provider="aliyun", path_secret="p4th", access_key="LTAI", access_secret="s", signature="棉屿"
)  # fmt: skip
TENCENT = account(
    "sms", "sms2", provider="tencent", path_secret="p4th", access_key="AKID", access_secret="s", signature="棉屿",
    sdk_app_id="1400006666",
)  # fmt: skip


@pytest.mark.parametrize("sms", [SMS, TENCENT], ids=["aliyun", "tencent"])
def test_whoever_replies_r_gets_nothing_more(sms: Any) -> None:
    box = sandbox(sms)
    content = {"template_id": "SMS_1", "params": {"name": "王"}}
    to = {"phone": f"+86{box.world.somebody('p1').phone}"}
    assert send(box, sms, "notice", to, content, "k1").state == "sent"
    _clock(box).advance(timedelta(minutes=5))
    box.turn()
    assert len(box.ledger.inbox(person="p1")) == 1
    assert box.act("reply", account=sms.touchpoint, person="p1", given={"content": "r"})["opted_out"]
    receipt = send(box, sms, "notice", to, content, "k2")
    _clock(box).advance(timedelta(minutes=5))
    box.turn()
    if receipt.state == "sent":  # Alibaba Cloud tells it later
        asked = connect(box, sms).ask(Message("notice", to, content, "k2"), receipt.provider_id)
        receipt = asked
    assert (receipt.state, receipt.reason) == ("refused", "refused")
    assert len(box.ledger.inbox(person="p1")) == 1


def test_text_messages_have_limits_and_signatures() -> None:
    box = sandbox(SMS)
    content = {"template_id": "SMS_1", "params": {"code": "1234"}}
    codes = [send(box, SMS, "notice", {"phone": "13811110000"}, content, f"k{n}").code for n in range(2)]
    assert codes == ["OK", "isv.BUSINESS_LIMIT_CONTROL"]
    wrong = account("sms", **{**SMS.settings, "access_secret": "another"})
    assert _what(send(box, wrong, "notice", {"phone": "13811110001"}, content, "k")) == (
        "refused", "account_error", "SignatureDoesNotMatch",
    )  # fmt: skip
    unknown = account("sms", **{**SMS.settings, "access_key": "LTAI2"})
    assert send(box, unknown, "notice", {"phone": "13811110001"}, content, "k").code == "InvalidAccessKeyId.NotFound"


def test_douyin_answers_what_was_asked_and_whom_it_may() -> None:
    douyin = account("douyin", client_key="awr8bfr64vxgk036", client_secret="s", open_id="brand", refresh_token="rft")
    box = sandbox(douyin)
    asked = box.act("message", person="p1")
    to = {"douyin_open_id": asked["open_id"]}
    reply = {"text": "在的", "msg_id": asked["msg_id"], "conversation_id": asked["conversation_id"]}
    assert [send(box, douyin, "text", to, reply, "k").state for _ in range(6)] == ["sent"] * 5 + ["refused"]
    assert send(box, douyin, "proactive", to, {"text": "新品"}, "k").state == "refused"
    box.act("allow", person="p1")
    assert [send(box, douyin, "proactive", to, {"text": "新品"}, f"{n}").state for n in range(4)] == [
        "sent", "sent", "sent", "refused",
    ]  # fmt: skip
    _clock(box).advance(timedelta(days=1))
    assert send(box, douyin, "proactive", to, {"text": "新品"}, "k").state == "sent"
    assert send(box, douyin, "text", to, reply, "k").code == "28003070"


def test_the_webhooks_receiver_takes_a_key_once_and_no_foreign_signature() -> None:
    webhook = account("webhook")
    box = sandbox(webhook)
    assert [send(box, webhook, "webhook", {"phone": "13911112222"}, {"text": "x"}, "k1").state for _ in range(2)] == [
        "sent", "sent",
    ]  # fmt: skip
    assert len(box.ledger.inbox()) == 1
    wrong = account("webhook", secret="other")
    assert _what(send(box, wrong, "webhook", {"phone": "13911112222"}, {}, "k2")) == ("refused", "account_error", "401")


def test_every_message_kind_of_every_channel_is_known_to_its_double() -> None:
    """No kind of message that a double would take for a mistake of ours."""
    from onepool.sandbox.doubles import DOUBLES
    from onepool.sandbox.doubles.wechat import Wechat

    for name, kind in DOUBLES.items():
        if issubclass(kind, Wechat):
            ours = {one.name for one in registry.channel(name).manifest.messages}
            assert ours - {"template", "subscribe"} <= kind.kinds, name
