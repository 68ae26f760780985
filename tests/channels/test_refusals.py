"""Answers of platforms that refuse: never an empty page, never a step of the cursor, never a green test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.channels import cases

from onepool.channels.base import Account, Channel, Message, Page, PullFailed, Receipt
from onepool.channels.connection import Connection
from onepool.clock import FakeClock

NOW = datetime(2026, 1, 2, 4, 0, tzinfo=UTC)
SINCE = {"since": (NOW - timedelta(minutes=25)).isoformat()}


def account_of(name: str) -> tuple[Channel, Account]:
    table = next(one for one in cases.tables() if one.name == name)
    return table.channel, table.account({})


def pages(name: str, stream: str, status: int, body: Any) -> list[Page]:
    """What a stream gives when the platform answers everything so (but for tokens)."""

    def answer(request: httpx.Request) -> httpx.Response:
        if "token" in request.url.path:
            return httpx.Response(200, json={"data": {"access_token": "T"}})
        return httpx.Response(status, content=body if isinstance(body, bytes) else json.dumps(body).encode())

    channel, account = account_of(name)
    with httpx.Client(transport=httpx.MockTransport(answer), trust_env=False) as client:
        connection = Connection(channel, account, FakeClock(NOW), client)
        found: Iterator[Page] = connection.pull(channel.streams[stream], dict(SINCE))
        return list(found)


def jd(**inner: Any) -> dict[str, Any]:
    return {"jingdong_pop_order_search_responce": {"code": "0", "searchorderinfo_result": inner}}


def jd_refunds(**inner: Any) -> dict[str, Any]:
    return {"jingdong_pop_afs_soa_refundapply_queryPageList_responce": {"code": "0", "queryResult": inner}}


REFUSED: list[tuple[str, str, int, Any]] = [
    ("jd", "orders", 200, jd(apiResult={"success": False, "errorCode": "400"})),
    ("jd", "orders", 200, jd(apiResult={"success": True})),
    ("jd", "orders", 200, {"jingdong_pop_order_search_responce": {"code": "0"}}),
    ("jd", "refunds", 200, jd_refunds(success=False, errorCode=400)),
    ("jd", "refunds", 200, jd_refunds(success="false", totalCount=0, result=[])),
    ("xiaohongshu", "orders", 200, {"code": 40001, "msg": "token expired"}),
    ("xiaohongshu", "orders", 200, {"error_code": -1, "data": {}}),
    ("xiaohongshu", "orders", 200, {"success": True, "data": {"success": True, "code": 40001, "data": {}}}),
    ("xiaohongshu", "orders", 200, {"success": True, "error_code": 0, "data": {}}),
    ("xiaohongshu", "orders", 200, {"success": True, "data": None}),
    ("xiaohongshu", "orders", 403, {"message": "forbidden"}),
    ("xiaohongshu", "after_sales", 200, {"code": "40001", "msg": "token expired"}),
    ("xiaohongshu", "after_sales", 200, {"success": True, "data": {}}),
    ("youzan", "orders", 200, {"success": False, "code": 50001, "data": {}}),
    ("youzan", "orders", 200, {"success": True, "code": 50001, "data": {"full_order_info_list": []}}),
    ("youzan", "orders", 200, {"success": True, "code": 200, "data": {}}),
    ("youzan", "orders", 200, {"gw_err_resp": {"err_code": 4005, "err_msg": "no right"}, "data": {}}),
    ("youzan", "customers", 200, {"success": True, "code": 200, "data": {}}),
    ("tmall", "trades", 403, {"trades_sold_increment_get_response": {"total_results": 0}}),
    ("tmall", "trades", 200, {"message": "forbidden"}),
]


@pytest.mark.parametrize(("name", "stream", "status", "body"), REFUSED)
def test_a_refusal_is_no_empty_page(name: str, stream: str, status: int, body: Any) -> None:
    with pytest.raises(PullFailed):
        pages(name, stream, status, body)


EMPTY: list[tuple[str, str, Any]] = [
    ("jd", "orders", jd(apiResult={"success": True, "errorCode": "0"}, orderTotal=0, orderInfoList=[])),
    ("jd", "orders", jd(apiResult={"success": True}, orderTotal=0)),
    ("jd", "refunds", jd_refunds(success=True, totalCount=0, result=[])),
    ("xiaohongshu", "orders", {"success": True, "error_code": 0, "data": {"total": 0, "orderList": []}}),
    ("xiaohongshu", "orders", {"success": True, "code": 0, "data": {"success": True, "data": {"orderList": []}}}),
    ("xiaohongshu", "after_sales", {"success": True, "data": {"haveMore": False, "afterSaleInfos": []}}),
    ("youzan", "orders", {"success": True, "code": 200, "data": {"total_results": 0, "full_order_info_list": []}}),
    ("youzan", "orders", {"success": True, "code": 200, "data": {"total_results": 0}}),
    ("youzan", "customers", {"success": True, "code": 200, "data": {"record_list": []}}),
    ("tmall", "trades", {"trades_sold_increment_get_response": {"total_results": 0, "request_id": "x"}}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "stream", "body"), EMPTY)
def test_an_empty_page_moves_on(name: str, stream: str, body: Any) -> None:
    last = pages(name, stream, 200, body)[-1]
    assert last.cursor is not None and last.cursor["since"] > SINCE["since"]


def sent(name: str, message: Message, status: int, body: str, **settings: Any) -> Receipt:
    """What comes of a message when the platform answers so."""
    table = next(one for one in cases.tables() if one.name == name)
    account = table.account({"account": {**table.content.get("account", {}), **settings}})
    answers = {"data": {"access_token": "T"}}

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=answers) if "token" in request.url.path else httpx.Response(status, text=body)

    with httpx.Client(transport=httpx.MockTransport(answer), trust_env=False) as client:
        return Connection(table.channel, account, FakeClock(NOW), client).send(message)


@pytest.mark.parametrize("body", ["<html>", '{"code": 51000, "message": "system error"}'])
def test_what_may_have_been_carried_out_is_not_tried_again(body: str) -> None:
    """Ocean Engine takes no key: a conversion that comes twice counts twice. Tencent Ads takes an action once."""
    content = {"event": "order_paid", "click_id": "CLICK", "amount": "10"}
    message = Message("conversion", {"phone": "13900001111", "oaid": "O"}, content, "k")
    assert sent("ads", message, 502, body, platform="ocean_engine").state == "unknown"
    assert sent("ads", message, 502, body, platform="tencent", account_id="1").state == "retry"


@pytest.mark.parametrize("content", [{"add": ["a"], "remove": ["b"]}, {}, {"add": [], "remove": []}])
def test_a_tag_message_does_one_thing(content: dict[str, Any]) -> None:
    """Youzan has a call for each: one of the two was left out, and nothing at all was sent as a call."""
    receipt = sent("youzan", Message("tag", {"yz_open_id": "A"}, content, "k"), 200, '{"success": true}')
    assert (receipt.state, receipt.reason) == ("refused", "template_error")
