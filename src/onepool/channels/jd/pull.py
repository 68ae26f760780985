"""Orders and refunds by JD's API. https://help.jd.com/jos/question-580.html"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from onepool.channels.base import Account, Answer, Call, Cursor, Page, PullFailed, Pulling, Stream
from onepool.channels.base.commerce import part, parts, text
from onepool.channels.base.paging import windows

_ZONE = ZoneInfo("Asia/Shanghai")
_SIZE = 100
_APPLICATIONS = 50
"""Refund applications of a page: the most that can be asked for (open.jd.com, apiId 925)."""

_LISTS = ("orderInfoList", "order_info_list", "result", "refundApplyList")
_TOTALS = ("orderTotal", "totalCount")
_STATES = "WAIT_SELLER_STOCK_OUT,WAIT_GOODS_RECEIVE_CONFIRM,FINISHED_L,TRADE_CANCELED,PAUSE,LOCKED"
_FIELDS = (
    "orderId,orderState,orderStartTime,orderEndTime,modified,paymentConfirmTime,orderTotalPrice,orderPayment,"
    "orderSellerPrice,sellerDiscount,freightPrice,payType,consigneeInfo,itemInfoList,open_id_buyer,xid_buyer"
)


def sign_text(params: Mapping[str, str], secret: str) -> str:
    """Capital hex of MD5 over secret, sorted names and values, secret."""
    joined = "".join(name + params[name] for name in sorted(params))
    return hashlib.md5(f"{secret}{joined}{secret}".encode()).hexdigest().upper()  # noqa: S324 the platform's algorithm


def sign(call: Call, account: Account, now: datetime) -> Call:
    """Adds the system parameters and the signature to a call's form."""
    params = dict(call.form or {})
    params |= {
        "app_key": account.text("app_key"),
        "access_token": account.text("access_token"),
        "timestamp": local(now),
        "v": "2.0",
        "format": "json",
    }
    params["sign"] = sign_text(params, account.text("app_secret"))
    return replace(call, form=params)


def probe(account: Account) -> Call:
    """The shop's own data."""
    return _call(account, "jingdong.seller.vender.info.get", {})


def probed(answer: Answer) -> str | None:
    """What the platform refuses, None for nothing: a wrong signature is answered with 200 too."""
    try:
        _result(answer)
    except PullFailed as failed:
        return failed.message
    return None


def _call(account: Account, method: str, business: Mapping[str, Any]) -> Call:
    body = json.dumps(business, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    form = {"method": method, "360buy_param_json": body}
    return Call("POST", account.endpoints["api"], form=form, token=False, idempotent=True)


def _orders(account: Account, cursor: Cursor, now: datetime) -> Pulling:
    """Orders by time of change (date type 0), from the last page to the first."""
    for begin, end in _windows(account, cursor, now):
        business = {
            "order_state": _STATES,
            "optional_fields": _FIELDS,
            "dateType": 0,
            "start_date": local(begin),
            "end_date": local(end),
        }
        yield from _pages(account, "orders", "jingdong.pop.order.search", business, end)


def _refunds(account: Account, cursor: Cursor, now: datetime) -> Pulling:
    """Refund applications by time of application, and of check: one that waits for days is asked for by both."""
    method = account.text("refunds_method")
    for begin, end in _windows(account, cursor, now):
        for kind in ("apply", "check"):
            business = {f"{kind}TimeStart": local(begin), f"{kind}TimeEnd": local(end)}
            done = end if kind == "check" else None
            yield from _pages(account, "refunds", method, business, done, ("pageIndex", "pageSize", _APPLICATIONS))


def _pages(
    account: Account,
    name: str,
    method: str,
    business: Mapping[str, Any],
    end: datetime | None,
    paging: tuple[str, str, int] = ("page", "page_size", _SIZE),
) -> Pulling:
    """All pages of a window, the last first; the first page again at the end, since what changes meanwhile leaves the
    window and lets others move up. ``end``: where the cursor then stands, None: where it stood."""
    number, length, size = paging
    answer = yield _call(account, method, {**business, number: 1, length: size})
    last = max(1, -(-total_of(_list(answer)) // size))
    for page in range(last, 0, -1) if last > 1 else ():
        answer = yield _call(account, method, {**business, number: page, length: size})
        _list(answer)
        assert answer is not None
        if page > 1:
            yield Page(name, answer.body)
    assert answer is not None
    yield Page(name, answer.body, None if end is None else {"since": end.isoformat()})


def _windows(account: Account, cursor: Cursor, now: datetime) -> Any:
    return windows(
        cursor,
        now,
        size=timedelta(hours=12),
        lag=timedelta(seconds=int(account.get("lag_seconds", 60))),
        first=timedelta(days=int(account.get("first_days", 30))),
        overlap=timedelta(minutes=5),
    )


def result_of(content: Any) -> dict[str, Any]:
    """The member ``…_responce`` (so spelled by the platform) or ``…_response`` of an answer; empty where none is."""
    if isinstance(content, dict):
        for name, value in content.items():
            if name.endswith(("_responce", "_response")) and name != "error_response" and isinstance(value, dict):
                return value
    return {}


def listed(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The orders or refunds of a result: the one list of objects below it, wherever the method puts it."""
    inner = _inner(result)
    for name in _LISTS:
        found = parts(inner, name)
        if found:
            return found
    return []


def total_of(result: Mapping[str, Any]) -> int:
    """How many there are in all pages."""
    inner = _inner(result)
    total = text(next((inner[name] for name in _TOTALS if inner.get(name) is not None), 0))
    return int(total) if total.isdecimal() and len(total) < 10 else 0


def _inner(result: Mapping[str, Any]) -> dict[str, Any]:
    return part(result, "searchorderinfo_result") or part(result, "queryResult") or dict(result)


def _result(answer: Answer | None) -> dict[str, Any]:
    """The result of an answer. Raises PullFailed with the platform's code, the gateway's or the method's own."""
    content = answer.json() if answer is not None else None
    error = part(content, "error_response")
    result = result_of(content)
    inner = _inner(result)
    code = text(error.get("code")) or text(result.get("code"))
    if error or code not in ("", "0") or not result:
        raise PullFailed(f"the platform answered code {code or 'unknown'}", code=code)
    for one in (part(inner, "apiResult"), inner):
        if one.get("success") in (False, "false"):
            code = text(one.get("errorCode"))
            raise PullFailed(f"the platform answered code {code or 'unknown'}", code=code)
    return result


def _list(answer: Answer | None) -> dict[str, Any]:
    """The result of an answer that lists something, be it nothing. Raises PullFailed for any other."""
    result = _result(answer)
    inner = _inner(result)
    if all(inner.get(name) is None for name in (*_TOTALS, *_LISTS)):
        raise PullFailed("the platform's answer has no list in it")
    return result


STREAMS = {
    "orders": Stream("orders", {"zh": "订单", "en": "Orders"}, _orders, every=300),
    "refunds": Stream("refunds", {"zh": "退款", "en": "Refunds"}, _refunds, every=600),
}


def local(at: datetime) -> str:
    """The platform's wall clock: Beijing time without a zone."""
    return at.astimezone(_ZONE).strftime("%Y-%m-%d %H:%M:%S")
