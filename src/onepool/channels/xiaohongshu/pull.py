"""Orders and after-sales by the ark API: windows of 30 minutes, last page first, then each order's details."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from onepool.channels.base import Account, Answer, Call, Cursor, Page, PullFailed, Pulling, Stream
from onepool.channels.base.commerce import parts, text
from onepool.channels.base.paging import windows

_PATH = "ark/open_api/v3/common_controller"
_VERSION = "2.0"
_SIZE = 100
"""Orders of a page: the most that can be asked for."""

_AFTER_SALES = 50
"""After-sales of a page; how many may be asked for is not written down."""

_PAGES = 100
"""The highest page that can be asked for."""

_NOTED = 20
"""Orders after which it is noted which are done: after a failure so many are asked for again at most."""

_WINDOW = timedelta(minutes=30)
_SHORTEST = timedelta(seconds=2)
"""A window that is not halved any more."""


def signature(method: str, app_id: str, timestamp: str, secret: str) -> str:
    """MD5 in small hex over the method and the system parameters; business parameters are not in it."""
    joined = f"{method}?appId={app_id}&timestamp={timestamp}&version={_VERSION}{secret}"
    return hashlib.md5(joined.encode()).hexdigest()  # noqa: S324 the platform's algorithm


def probe(account: Account) -> Call:
    """The categories, which every application may read."""
    return call(account, "common.getCategories", {})


def probed(answer: Answer) -> str | None:
    """What the platform refuses, None for nothing: a wrong signature is answered with 200 too."""
    try:
        data_of(answer)
    except PullFailed as failed:
        return failed.message
    return None


def call(account: Account, method: str, business: Mapping[str, Any]) -> Call:
    """A call that is still to be signed."""
    return Call("POST", account.url("api", _PATH), json={"method": method, **business}, token=False, idempotent=True)


def sign(call: Call, account: Account, now: datetime) -> Call:
    """Adds the system parameters and the signature to a call's body."""
    timestamp, app_id = str(int(now.timestamp())), account.text("app_id")
    body = dict(call.json)
    body |= {
        "sign": signature(str(body["method"]), app_id, timestamp, account.text("app_secret")),
        "appId": app_id,
        "timestamp": timestamp,
        "version": _VERSION,
    }
    if account.text("access_token"):
        body["accessToken"] = account.text("access_token")
    return replace(call, json=body)


def _orders(account: Account, cursor: Cursor, now: datetime) -> Pulling:
    """Lists of changed orders, and of each its details, which are kept.

    From the last page to the first, and the first again at the end: what changes meanwhile leaves the window, and what
    stood behind it moves up by one. The cursor: `since`, up to where all is there; of a window that was begun `begin`,
    `end`, and the orders that are `done`, which are not asked for again.
    """
    going = _begun(cursor)
    done: list[str] = [str(one) for one in cursor.get("done", ())] if going else []
    if going:
        cursor = {"since": going[1].isoformat()}
    for begin, end in [*([going] if going else []), *_windows(account, cursor, now)]:
        waiting = [(begin, end)]
        while waiting:
            since, until = waiting.pop()
            first = data_of((yield _order_list(account, since, until, 1)), *_ORDERS)
            last = first.get("maxPageNo")
            last = last if isinstance(last, int) and not isinstance(last, bool) else 1
            if last > _PAGES:
                waiting += _halves(since, until)
                continue
            wanted: list[str] = []
            for page in range(last, 0, -1) if last > 1 else ():
                answer = yield _order_list(account, since, until, page)
                wanted += [text(one.get("orderId")) for one in parts(data_of(answer, *_ORDERS), "orderList")]
            wanted += [text(one.get("orderId")) for one in parts(first, "orderList")]
            there = set(done)
            for number in dict.fromkeys(one for one in wanted if one and one not in there):
                answer = yield call(account, "order.getOrderDetail", {"orderId": number})
                data_of(answer, "orderId")
                assert answer is not None
                done.append(number)
                kept = {"begin": since.isoformat(), "end": until.isoformat(), "done": list(done)}
                yield Page("order_detail", answer.body, kept if len(done) % _NOTED == 0 else None)
            done = []
            yield Page("window", b"{}", {"since": until.isoformat()})


def _begun(cursor: Cursor) -> tuple[datetime, datetime] | None:
    """The window that an earlier run left off in."""
    begin, end = cursor.get("begin"), cursor.get("end")
    if not isinstance(begin, str) or not isinstance(end, str):
        return None
    return datetime.fromisoformat(begin), datetime.fromisoformat(end)


def _order_list(account: Account, since: datetime, until: datetime, page: int) -> Call:
    unit = 1000 if account.text("window_unit") == "ms" else 1
    business = {
        "startTime": int(since.timestamp() * unit),
        "endTime": int(until.timestamp() * unit),
        "timeType": 2,
        "pageSize": _SIZE,
        "pageNo": page,
    }
    return call(account, "order.getOrderList", business)


def _halves(since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """A window of more pages than the platform shows, as two; the earlier one last, since it is taken first.

    Raises PullFailed for one that can't be halved any more: going on would leave out what is behind the last page.
    """
    if until - since <= _SHORTEST:
        raise PullFailed(
            f"more than {_PAGES} pages changed between {since.isoformat()} and {until.isoformat()}, and the"
            " platform shows no more; nothing was left out, the window is asked for again at the next run",
            code="too-many-pages",
        )
    middle = since + (until - since) / 2
    return [(middle, until), (since, middle)]


def _after_sales(account: Account, cursor: Cursor, now: datetime) -> Pulling:
    """Lists of changed after-sales; their windows are in milliseconds. Several pages are gone through once more, back
    to the first, for what moved up meanwhile."""
    for begin, end in _windows(account, cursor, now):
        waiting = [(begin, end)]
        while waiting:
            since, until = waiting.pop()
            last = 1
            body = b""
            while True:
                answer = yield _after_sale_list(account, since, until, last)
                more = data_of(answer, *_RETURNS).get("haveMore") is True
                assert answer is not None
                body = answer.body
                if not more or last == _PAGES:
                    break
                yield Page("after_sales", body)
                last += 1
            if more:
                yield Page("after_sales", body)
                waiting += _halves(since, until)
                continue
            for page in range(last - 1, 0, -1):
                yield Page("after_sales", body)
                answer = yield _after_sale_list(account, since, until, page)
                data_of(answer, *_RETURNS)
                assert answer is not None
                body = answer.body
            yield Page("after_sales", body, {"since": until.isoformat()})


def _after_sale_list(account: Account, since: datetime, until: datetime, page: int) -> Call:
    business = {
        "startTime": int(since.timestamp() * 1000),
        "endTime": int(until.timestamp() * 1000),
        "timeType": 2,
        "pageNo": page,
        "pageSize": _AFTER_SALES,
    }
    return call(account, "afterSale.listAfterSaleInfos", business)


def _windows(account: Account, cursor: Cursor, now: datetime) -> Any:
    return windows(
        cursor,
        now,
        size=_WINDOW,
        lag=timedelta(seconds=int(account.get("lag_seconds", 60))),
        first=timedelta(days=int(account.get("first_days", 7))),
        overlap=timedelta(minutes=1),
    )


def unwrapped(answer: Any) -> dict[str, Any] | None:
    """The data of an answer, None for a refusal; both envelopes occur (``error_code``, ``code``), one in the other."""
    content = answer
    for depth in range(3):
        if not isinstance(content, dict) or _refusal(content, outer=depth == 0):
            return None
        inner = content.get("data")
        if not isinstance(inner, dict):
            return dict(content) if "success" not in content else {}
        content = inner
    return None if _refusal(content, outer=False) else dict(content)


def _refusal(content: Mapping[str, Any], *, outer: bool) -> str:
    """The code of an envelope that refuses, empty where it does not (or is none, but the data itself)."""
    if not outer and not {"success", "data", "error_code"} & content.keys():
        return ""
    codes = [text(content.get(name)) for name in ("error_code", "code")]
    found = next((one for one in codes if one not in ("", "0")), "")
    return found or ("unknown" if content.get("success") is False else "")


def data_of(answer: Answer | None, *members: str) -> dict[str, Any]:
    """The data of an answer that has at least one of these members.

    Raises PullFailed with the platform's code: what says nothing of a list is no list that is empty.
    """
    content = answer.json() if answer is not None else None
    data = unwrapped(content)
    if data is not None and (not members or any(data.get(name) is not None for name in members)):
        return data
    code = ""
    while isinstance(content, dict) and not code:
        code, content = _refusal(content, outer=False), content.get("data")
    raise PullFailed(f"the platform answered code {code or 'unknown'}", code=code)


_ORDERS = ("orderList", "maxPageNo", "total")
_RETURNS = ("afterSaleInfos", "afterSaleBasicInfos", "haveMore", "total")
"""Members of which a list has at least one, also where nothing is on it."""


STREAMS = {
    "orders": Stream("orders", {"zh": "订单", "en": "Orders"}, _orders, every=600),
    "after_sales": Stream("after_sales", {"zh": "售后", "en": "After-sales"}, _after_sales, every=900),
}
