"""WeCom against a third-party library, its welcome, and that nothing of a contact's code is kept as a fact."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.channels import cases
from wechatpy.enterprise import parse_message
from wechatpy.enterprise.crypto import WeChatCrypto
from wechatpy.utils import to_text

from onepool.channels import registry
from onepool.channels.base import Account, Answer, Call, Cursor, Message, Page, PullFailed, Push, Request, parse_xml
from onepool.channels.base.wechat_crypto import encrypt, read_key, signature
from onepool.collect import hooked

TOKEN, CORP = "123456", "wx49f0ab532d5d035a"
KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MOMENT = str(int(NOW.timestamp()))
ADDED = (
    "<xml><ToUserName>corp</ToUserName><FromUserName>sys</FromUserName><CreateTime>1767323045</CreateTime>"
    "<MsgType>event</MsgType><Event>change_external_contact</Event><ChangeType>{change}</ChangeType>"
    "<UserID>zhangsan</UserID><ExternalUserID>wmEJiCwAAA9KG2qlSvyBzRmi0mACH72x</ExternalUserID>"
    "<State>{state}</State><WelcomeCode>{code}</WelcomeCode></xml>"
)


def _account(**settings: Any) -> Account:
    given = {"corpid": CORP, "token": TOKEN, "encoding_aes_key": KEY, **settings}
    return cases.Table("wecom", {"account": given}).account({})


def test_what_the_library_encrypts_is_opened() -> None:
    message = ADDED.format(change="add_external_contact", state="南京路", code="CODE")
    sealed = to_text(WeChatCrypto(TOKEN, KEY, CORP).encrypt_message(message, "n1", MOMENT))
    query = {"timestamp": MOMENT, "nonce": "n1", "msg_signature": parse_xml(sealed)["MsgSignature"]}
    request = Request("POST", "", urlencode(query), {}, sealed.encode())
    check = registry.channel("wecom").check
    assert check is not None
    reply = check(request, _account(), NOW)
    assert reply.keep is not None
    items, broken = cases.items_of(hooked.pushed(request, _account(), NOW, reply.keep.plain))
    assert not broken
    assert items[0]["fields"] == {"staff_id": "zhangsan", "qr_code_id": "南京路"}


def test_the_library_opens_what_we_encrypt_and_checks_our_urls() -> None:
    crypto = WeChatCrypto(TOKEN, KEY, CORP)
    sealed = encrypt("<xml><a>1</a></xml>", read_key(KEY), CORP)
    body = f"<xml><Encrypt>{sealed}</Encrypt></xml>"
    assert to_text(crypto.decrypt_message(body, signature(TOKEN, "1", "n", sealed), "1", "n")) == "<xml><a>1</a></xml>"
    echo = encrypt("6543210", read_key(KEY), CORP)
    given = signature(TOKEN, MOMENT, "n", echo)
    assert to_text(crypto.check_signature(given, MOMENT, "n", echo)) == "6543210"
    query = {"msg_signature": given, "timestamp": MOMENT, "nonce": "n", "echostr": echo}
    check = registry.channel("wecom").check
    assert check is not None
    assert check(Request("GET", "", urlencode(query), {}, b""), _account(), NOW).body == b"6543210"


def test_its_parser_reads_the_same_message() -> None:
    case = next(one for one in _table().cases("receive") if one["name"].startswith("vector A: a message"))
    crypto = WeChatCrypto(TOKEN, KEY, CORP)
    args = cases.request_of(case).args
    plain = crypto.decrypt_message(case["request"]["body"], args["msg_signature"], args["timestamp"], args["nonce"])
    theirs = parse_message(plain)
    assert theirs is not None
    assert str(theirs.id) == case["items"][0]["message_id"]
    assert theirs.content == case["items"][0]["fields"]["content"]


def _table() -> cases.Table:
    return next(one for one in cases.tables() if one.name == "wecom")


_BY_STATE = {"store_021": {"text": "欢迎来到南京路店", "attachments": [{"msgtype": "image"}]}, "plain": "你好"}


@pytest.mark.parametrize(
    ("change", "state", "code", "wanted"),
    [
        ("add_external_contact", "", "CODE", {"text": "欢迎"}),
        ("add_half_external_contact", "unknown", "CODE", {"text": "欢迎"}),
        ("add_external_contact", "store_021", "CODE", _BY_STATE["store_021"]),
        ("add_external_contact", "plain", "CODE", {"text": "你好"}),
        ("add_external_contact", "", "", None),
        ("edit_external_contact", "", "CODE", None),
        ("del_follow_user", "", "CODE", None),
    ],
)
def test_the_welcome_for_a_new_contact(change: str, state: str, code: str, wanted: dict[str, Any] | None) -> None:
    messages = _prompted(
        ADDED.format(change=change, state=state, code=code), welcome_text="欢迎", welcome_by_state=_BY_STATE
    )
    if wanted is None:
        assert messages == []
        return
    (message,) = messages
    assert message.kind == "welcome"
    assert message.to == {"external_userid": "wmEJiCwAAA9KG2qlSvyBzRmi0mACH72x"}
    assert message.content == {"welcome_code": "CODE", "staff_id": "zhangsan", **wanted}


def test_without_words_nothing_is_sent() -> None:
    assert _prompted(ADDED.format(change="add_external_contact", state="", code="CODE")) == []
    assert _prompted("not xml", welcome_text="x") == []


def _prompted(plain: str, **settings: Any) -> list[Message]:
    prompt = registry.channel("wecom").prompt
    assert prompt is not None
    push = Push("hook", "tp", {}, {}, b"", plain=plain)
    return prompt(push, _account(**settings))


def test_texts_to_send_are_not_copied_beside_every_push() -> None:
    account = _account(welcome_text="欢迎", welcome_by_state=_BY_STATE, staff=["a"])
    record = hooked.pushed(Request("POST", "", "", {}, b"x"), account, NOW, "<xml/>")
    noted = json.loads(record.headers)["settings"]
    assert set(noted) == {"corpid", "open_platform", "timestamp_skew", "remark_phones", "add_ways"}


def test_a_token_is_got_with_the_corp_and_used_in_the_query() -> None:
    token = registry.channel("wecom").token
    assert token is not None
    call = token.call(_account(secret="s3cret"))
    assert call.url == "https://qyapi.weixin.qq.com/cgi-bin/gettoken"
    assert call.query == {"corpid": CORP, "corpsecret": "s3cret"}
    attached = token.attach(Call("POST", "https://x", query={"a": "1"}), "T")
    assert attached.query == {"a": "1", "access_token": "T"}


def test_the_outcome_of_a_task_is_asked_for_by_its_number_and_member_of_staff() -> None:
    reach = registry.channel("wecom").reach
    assert reach is not None and reach.inquire is not None
    message = Message("associate_task", {"external_userid": "wmA", "staff_id": "zhangsan"}, {}, "k")
    call = next(reach.inquire([message], "msg1", _account(), NOW))
    assert call.url == "https://qyapi.weixin.qq.com/cgi-bin/externalcontact/get_groupmsg_send_result"
    assert call.json == {"msgid": "msg1", "userid": "zhangsan", "limit": 1000}
    assert call.idempotent


def _fetched(
    stream: str, answers: Mapping[str, Any], cursor: Cursor, now: datetime = NOW
) -> tuple[list[Page], list[str]]:
    """The pages of a stream, and the cursors that were asked with. Any cursor of a list is refused."""
    start = registry.channel("wecom").streams[stream].start
    assert start is not None
    steps, pages, cursors = (
        start(_account(acquisition_links=True, customer_service=True, staff=["a"]), cursor, now),
        [],
        [],
    )
    answer: Answer | None = None
    while True:
        try:
            step = steps.send(answer)
        except StopIteration:
            return pages, cursors
        answer = None
        if isinstance(step, Page):
            pages.append(step)
            continue
        asked = step.json if isinstance(step.json, dict) else {}
        cursors += [asked["cursor"]] if "cursor" in asked else []
        body = next(one for end, one in answers.items() if step.url.endswith(end))
        refused = asked.get("cursor") and "next_cursor" in body
        answer = Answer(200, json.dumps({"errcode": 40097, "errmsg": "cursor"} if refused else body).encode())


_LISTS = {
    "links": ({"/list_link": {"link_id_list": ["L1"], "next_cursor": ""}, "/get": {"link": {}}}, {"next": "OLD"}),
    "groups": ({"/list": {"group_chat_list": [{"chat_id": "G"}], "next_cursor": ""}, "/get": {}}, {"next": "OLD"}),
    "contacts": ({"/get_by_user": {"next_cursor": ""}}, {"at": "a", "next": "OLD"}),
    "service": (
        {"/account/list": {"account_list": [{"open_kfid": "wk1"}]}, "/sync_msg": {"msg_list": [{}], "next_cursor": ""}},
        {"places": {"wk1": "OLD"}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("stream", sorted(_LISTS))
def test_a_cursor_of_another_day_that_is_refused_begins_the_list_anew(stream: str) -> None:
    answers, cursor = _LISTS[stream]
    pages, cursors = _fetched(stream, answers, cursor)
    assert cursors == ["OLD", ""]
    assert len(pages) >= 1


def test_a_list_that_refuses_its_own_next_cursor_is_not_begun_again_and_again() -> None:
    answers = {"/list_link": {"link_id_list": [], "next_cursor": "OWN"}}
    with pytest.raises(PullFailed):
        _fetched("links", answers, {"next": "OLD"})


@pytest.mark.parametrize("day", [datetime(2027, 1, 1, tzinfo=UTC), datetime(2024, 12, 31, tzinfo=UTC)])
def test_links_are_told_day_by_day_about_the_turn_of_the_year(day: datetime) -> None:
    pages, _ = _fetched("links", _LISTS["links"][0], {}, day)
    assert pages[0].call.endswith(f":{day.date().isoformat()}")


def _read(
    stream: str, platform: Callable[[str, dict[str, Any]], dict[str, Any]], cursor: Cursor, **settings: Any
) -> list[Page]:
    """The pages of a stream that a platform (the end of the address, what is asked) answers; at most 500 calls."""
    start = registry.channel("wecom").streams[stream].start
    assert start is not None
    steps = start(_account(**settings), cursor, NOW)
    pages: list[Page] = []
    answer: Answer | None = None
    for _ in range(500):
        try:
            step = steps.send(answer)
        except StopIteration:
            return pages
        answer = None
        if isinstance(step, Page):
            pages.append(step)
        else:
            asked = step.json if isinstance(step.json, dict) else {}
            answer = Answer(200, json.dumps(platform(step.url.rpartition("/")[2], asked)).encode())
    raise AssertionError("it does not end")


def _desk(lists: Mapping[str, tuple[list[dict[str, Any]], str, int]]) -> Callable[..., dict[str, Any]]:
    def platform(call: str, asked: dict[str, Any]) -> dict[str, Any]:
        if call == "list":
            return {"account_list": [{"open_kfid": "wk1"}]}
        messages, following, more = lists[asked["cursor"]]
        return {"msg_list": messages, "next_cursor": following, "has_more": more}

    return platform


def test_more_messages_may_lie_behind_a_page_without_any() -> None:
    message = {"msgid": "m1"}
    pages = _read("service", _desk({"": ([], "a", 1), "a": ([], "b", 1), "b": ([message], "c", 0)}), {},
                  customer_service=True)  # fmt: skip
    assert [page.cursor for page in pages] == [{"places": {"wk1": place}} for place in "abc"]
    assert json.loads(pages[-1].body)["msg_list"] == [message]


def test_a_list_that_does_not_move_on_ends() -> None:
    for lists in ({"": ([], "a", 1), "a": ([], "a", 1)}, {"": ([], "", 1)}, {"": ([{"msgid": "m"}], "", 1)}):
        assert len(_read("service", _desk(lists), {}, customer_service=True)) <= 1


def test_all_desks_are_read() -> None:
    def platform(call: str, asked: dict[str, Any]) -> dict[str, Any]:
        if call == "list":
            numbers = range(asked["offset"], min(asked["offset"] + asked["limit"], 230))
            return {"account_list": [{"open_kfid": f"wk{number}"} for number in numbers]}
        return {"msg_list": [{"msgid": asked["open_kfid"]}], "next_cursor": "x", "has_more": 0}

    pages = _read("service", platform, {}, customer_service=True)
    assert len({json.loads(page.body)["msg_list"][0]["msgid"] for page in pages}) == 230


def _staffed(denied: Sequence[str] = ()) -> Callable[..., dict[str, Any]]:
    def platform(call: str, asked: dict[str, Any]) -> dict[str, Any]:
        if call == "get_follow_user_list":
            return {"follow_user": ["d", "b", "a", "c"]}
        (person,) = asked["userid_list"]
        return {"errcode": 84074} if person in denied else {"external_contact_list": [], "next_cursor": ""}

    return platform


def test_contacts_go_on_with_the_next_member_of_staff() -> None:
    pages = _read("contacts", _staffed(), {})
    assert [page.cursor for page in pages] == [
        {"filled": False, "at": "b", "next": ""}, {"filled": False, "at": "c", "next": ""},
        {"filled": False, "at": "d", "next": ""}, None, {"filled": True},
    ]  # fmt: skip
    assert pages[1].cursor is not None
    assert [page.cursor for page in _read("contacts", _staffed(), pages[1].cursor)] == [*(p.cursor for p in pages[2:])]


def test_where_nobody_may_be_read_yet_the_first_run_is_still_to_come() -> None:
    assert [page.cursor for page in _read("contacts", _staffed("abcd"), {})] == [{"filled": False}]
    assert [page.cursor for page in _read("contacts", _staffed("abd"), {})][-1] == {"filled": True}
    assert [page.cursor for page in _read("contacts", _staffed("abcd"), {"filled": True})] == [{"filled": True}]


def test_groups_of_many_owners_are_listed_by_hundreds() -> None:
    asked_for: list[list[str]] = []

    def platform(call: str, asked: dict[str, Any]) -> dict[str, Any]:
        if call == "get_follow_user_list":
            return {"follow_user": [f"s{number:03}" for number in range(250)]}
        if "owner_filter" not in asked:
            return {"errcode": 81017, "errmsg": "result set too large"}
        asked_for.append(asked["owner_filter"]["userid_list"])
        return {"group_chat_list": [], "next_cursor": ""}

    pages = _read("groups", platform, {})
    assert [len(owners) for owners in asked_for] == [100, 100, 50]
    assert [page.cursor for page in pages][-1] == {"filled": True}
    asked_for.clear()
    assert pages[0].cursor == {"filled": False, "at": "s100"}
    _read("groups", platform, pages[0].cursor)
    assert [owners[0] for owners in asked_for] == ["s100", "s200"]
    asked_for.clear()
    _read("groups", platform, {}, staff=[f"s{number:03}" for number in range(120)])
    assert [len(owners) for owners in asked_for] == [100, 20]
