"""Shops and marketplaces: the verified signatures, and what must never be taken for a phone or an amount."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onepool.channels import registry
from onepool.channels.base import Account, Call, Push, Refused, Request, top
from onepool.channels.base.commerce import clear_phone, fen, hidden_phone, masked_phone, text, yuan
from onepool.channels.base.paging import windows
from onepool.channels.jd import pull as jd
from onepool.channels.xiaohongshu import pull as xiaohongshu
from onepool.channels.youzan.receive import decrypt
from onepool.collect.hooked import pulled
from onepool.collect.log import Record
from onepool.collect.touchpoint import Touchpoint
from onepool.connect import arrivals
from onepool.standards import StandardSettings, load_standard

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_taobao_signatures() -> None:
    params = {
        "app_key": "test", "method": "taobao.user.seller.get", "fields": "nick", "format": "xml", "session": "test",
        "timestamp": "2013-05-06 13:52:03", "v": "2.0",
    }  # fmt: skip
    with_md5 = {**params, "sign_method": "md5"}
    assert top.sign_text(with_md5, "test", "md5") == "72CB4D809B375A54502C09360D879C64"
    assert top.sign_text(with_md5, "test", "hmac") == "F5289B497551C70E9ADD3ABCBE421FCD"


def test_jd_signature() -> None:
    params = {
        "app_key": "AK", "access_token": "AT", "method": "jingdong.seller.vender.info.get",
        "timestamp": "2024-01-02 03:04:05", "v": "2.0", "360buy_param_json": "{}",
    }  # fmt: skip
    assert jd.sign_text(params, "SEC") == "4AAE3622D61CF6FB7C58066089E16872"


def test_xiaohongshu_signature() -> None:
    signed = xiaohongshu.signature("product.createItem", "APPID", "1612518379", "APPSECRET")
    assert signed == "b246ca90b263a8670c0256e33f3064ed"


def test_a_signed_call_says_beijing_time() -> None:
    account = Account("tp", "tmall", {"app_key": "k", "app_secret": "s", "session": "x", "sign_method": "md5"})
    call = top.sign(Call("POST", "https://x.test", form={"method": "m"}), account, datetime(2026, 1, 1, 20, tzinfo=UTC))
    assert call.form is not None and call.form["timestamp"] == "2026-01-02 04:00:00"


def test_an_encrypted_youzan_message_needs_the_right_secret() -> None:
    with pytest.raises(Exception, match="secret"):
        decrypt("AAAA", "0123456789abcdef")


@pytest.mark.parametrize(
    ("value", "clear", "masked"),
    [
        ("13912345678", "13912345678", None),
        ("+86 139 1234 5678", "+8613912345678", None),
        ("139****5678", None, "139****5678"),
        ("*******1234", None, "*******1234"),
        ("$MzFhY2Q5Y2Y0N2Y5YWYzMTk=$1$", None, None),
        ("95013123456789-1234", None, None),
        ("12345", None, None),
        ("", None, None),
        (None, None, None),
        (13912345678, None, None),
    ],
)
def test_what_is_a_phone(value: object, clear: str | None, masked: str | None) -> None:
    assert (clear_phone(value), masked_phone(value)) == (clear, masked)


@pytest.mark.parametrize(
    ("value", "hidden"),
    [
        ("17012345678-4321", "17012345678-4321"),
        ("17012345678转4321", "17012345678转4321"),
        ("+86 17012345678 4321", "+86 17012345678 4321"),
        ("95013123456789-1234", "95013123456789-1234"),
        ("139****5678", "139****5678"),
        ("13912345678", None),
        ("010-12345678", None),
        ("$MzFhY2Q5Y2Y0N2Y5YWYzMTk=$1$", None),
        (None, None),
    ],
)
def test_what_hides_a_phone_is_kept_as_it_is(value: object, hidden: str | None) -> None:
    assert hidden_phone(value) == hidden
    assert hidden is None or clear_phone(value) is None


def _tmall(phone: str) -> bytes:
    trade = {"tid": "A1", "payment": "10.00", "created": "2026-02-20 10:00:00", "buyer_open_uid": "B",
             "receiver_mobile": phone}  # fmt: skip
    return json.dumps({"trades_sold_increment_get_response": {"trades": {"trade": [trade]}}}).encode()


def _jd(phone: str) -> bytes:
    order = {"orderId": "A1", "orderPayment": "10.00", "orderStartTime": "2026-02-20 10:00:00", "open_id_buyer": "B",
             "consigneeInfo": {"mobile": phone}}  # fmt: skip
    result = {"apiResult": {"success": True}, "orderTotal": 1, "orderInfoList": [order]}
    return json.dumps({"jingdong_pop_order_search_responce": {"code": "0", "searchorderinfo_result": result}}).encode()


def _youzan(phone: str) -> bytes:
    whole = {"full_order_info": {"order_info": {"tid": "A1", "created": "2026-02-20 10:00:00"},
             "buyer_info": {"yz_open_id": "B"}, "address_info": {"receiver_tel": phone}}}  # fmt: skip
    return json.dumps({"success": True, "data": {"full_order_info_list": [whole], "total_results": 1}}).encode()


@pytest.mark.parametrize(
    ("channel", "call", "page"), [("tmall", "trades", _tmall), ("jd", "orders", _jd), ("youzan", "orders", _youzan)]
)
def test_a_privacy_number_is_a_fact_of_its_order_and_names_nobody(channel: str, call: str, page: Any) -> None:
    record = pulled(Account("tp", channel, {}), call, page("17012345678-4321"), NOW)
    kept = Record(record.received_at, "tp", record.protocol, record.headers, record.body, 1)
    (arrival,) = arrivals([kept], load_standard(), StandardSettings(), Touchpoint("tp", channel))
    placed = arrival.standard[0]
    assert (placed["name"], placed["fields"]["receiver_phone"]) == ("order_placed", "17012345678-4321")
    assert not any(one.startswith(("phone", "privacy_number")) for one in placed["ids"]) and arrival.refused == []


@pytest.mark.parametrize(
    ("value", "in_yuan", "in_fen"),
    [
        ("12.3", "12.30", None),
        ("12", "12.00", "0.12"),
        (1250, "1250.00", "12.50"),
        ("null", None, None),
        ("", None, None),
        (True, None, None),
        ("nan", None, None),
        ("1e999999999", None, None),
        (None, None, None),
    ],
)
def test_amounts(value: object, in_yuan: str | None, in_fen: str | None) -> None:
    assert (yuan(value), fen(value)) == (in_yuan, in_fen)


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2))
def test_anything_may_stand_where_an_amount_or_an_id_should(value: object) -> None:
    for read in (yuan, fen, text, clear_phone, masked_phone, hidden_phone):
        found = read(value)
        assert found is None or isinstance(found, str)
    json.dumps([yuan(value), fen(value), text(value)])


@given(st.integers(0, 10_000), st.integers(1, 5000), st.integers(0, 600), st.integers(0, 5000), st.integers(0, 600))
def test_windows_cover_everything_once_but_for_the_overlap(
    ago: int, size: int, lag: int, first: int, overlap: int
) -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)

    def seconds(value: int) -> timedelta:
        return timedelta(seconds=value)

    for cursor in ({}, {"since": (now - seconds(ago)).isoformat()}):
        begin = now - seconds(ago) - seconds(overlap) if cursor else now - seconds(first)
        found = list(
            windows(cursor, now, size=seconds(size), lag=seconds(lag), first=seconds(first), overlap=seconds(overlap))
        )
        end = now - seconds(lag)
        if begin >= end:
            assert found == []
            continue
        assert found[0][0] == begin and found[-1][1] == end
        assert all(one[1] == other[0] for one, other in pairwise(found))
        assert all(seconds(0) < until - since <= seconds(size) for since, until in found)


@pytest.mark.parametrize("name", ["youzan", "xiaohongshu"])
def test_a_push_is_refused_while_there_is_no_secret(name: str) -> None:
    """Without one, anybody can make the signature."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    account = Account("tp", name, {"client_id": "cid", "app_id": "APP"})
    if name == "youzan":
        sign = hashlib.md5(b"cid%7B%7D").hexdigest()
        body = json.dumps({"client_id": "cid", "msg": "%7B%7D", "sign": sign, "type": "trade_TradePaid"})
        request = Request("POST", "", "", {}, body.encode())
    else:
        stamp = str(int(now.timestamp()))
        sign = hashlib.md5(f"/hooks/tp?app-key=APP&timestamp={stamp}".encode()).hexdigest()
        request = Request("POST", "", "", {"timestamp": stamp, "sign": sign}, b"[]")
    check = registry.channel(name).check
    assert check is not None
    with pytest.raises(Refused) as refused:
        check(request, account, now)
    assert (refused.value.status, refused.value.code) == (403, "not-configured")


@pytest.mark.parametrize("odd", [[3], {"a": 1}, [[]], None, True, "x"])
def test_one_odd_part_of_a_page_holds_up_no_other(odd: object) -> None:
    """Lists where numbers stand: what is about the others is read all the same."""

    def read(name: str, call: str, body: object) -> list[str]:
        reader = registry.channel(name).read
        assert reader is not None
        decoded = reader(Push("pull", "tp", {}, {}, json.dumps(body).encode(), call=call))
        return [item.message_id or "" for item in decoded.items]

    refunds = [{"id": 1, "orderId": "A", "status": odd}, {"id": 2, "orderId": "B", "status": 3}]
    page = {"x_responce": {"code": "0", "queryResult": {"totalCount": 2, "result": refunds}}}
    assert read("jd", "refunds", page) == ["1:requested", "2:refunded"]
    order = {"orderId": "A", "orderStatus": odd, "createdTime": 1767232800000}
    assert read("xiaohongshu", "order_detail", {"success": True, "data": order}) == ["A:order_placed"]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({"kdt_id": 55}, True), ({"kdt_id": "55"}, True), ({}, True), ({"kdt_id": 77, "root_kdt_id": 55}, True),
        ({"kdt_id": 77}, False), ({"kdt_id": 77, "root_kdt_id": 88}, False),
    ],
)  # fmt: skip
def test_a_push_of_another_shop_of_the_same_app_is_answered_and_not_booked(told: dict[str, object], kept: bool) -> None:
    account = Account("tp", "youzan", {"client_id": "cid", "client_secret": "csecret", "kdt_id": "55"})
    sign = "c32e7828de9e2b9a5afb491d0d8d831c"
    message = {"client_id": "cid", "msg": "%7B%22tid%22%3A%22E1%22%7D", "sign": sign, "type": "trade_TradePaid"}
    check = registry.channel("youzan").check
    assert check is not None
    request = Request("POST", "", "", {}, json.dumps({**message, **told}).encode())
    reply = check(request, account, datetime(2026, 1, 2, tzinfo=UTC))
    assert (reply.status, json.loads(reply.body)["code"], reply.keep is not None) == (200, 0, kept)
