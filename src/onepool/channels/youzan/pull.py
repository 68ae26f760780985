"""Orders and customers by Youzan's API: one token for each shop, envelopes with ``success`` and ``data``."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

from onepool.channels.base import Account, Answer, Call, Cursor, Page, PullFailed, Pulling, Stream, Token
from onepool.channels.base.paging import windows

_SIZE = 50
_PAGES = 200
"""The highest page of orders that is asked for; a window of more is halved. The platform's own limit is not known."""

_SHORTEST = timedelta(seconds=2)
"""A window that is not halved any more."""

_MOST_CUSTOMERS = 100_000
"""The highest page of customers that is asked for."""

_ZONE = ZoneInfo("Asia/Shanghai")
TOKEN_CODES = frozenset({4202, 4203})
"""Answers that say that the token does not hold, unless the touchpoint says others (``token_codes``)."""

_TOKEN_CODES = [str(code) for code in sorted(TOKEN_CODES)]
_GOOD = 200
_ORDERS = ("full_order_info_list", "trades", "total_results")
_PEOPLE = ("record_list", "items", "customers", "total", "total_results")
"""Members of which a list has at least one, also where nothing is on it."""


def _token_call(account: Account) -> Call:
    body = {
        "client_id": account.text("client_id"),
        "client_secret": account.text("client_secret"),
        "authorize_type": "silent",
        "grant_id": account.text("kdt_id"),
        "refresh": False,
    }
    return Call("POST", account.url("api", "auth/token"), json=body, token=False, idempotent=True)


def _token_read(answer: Answer) -> tuple[str, float] | None:
    """``expires`` is an instant in milliseconds; the answer's own Date says how long that is."""
    body = answer.json()
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get("access_token"), str):
        return None
    # Sources differ about the life of a token (7 days, 2 hours): an hour is safe, asking again gives the same one.
    return data["access_token"], 3600.0


def _attach(call: Call, token: str) -> Call:
    return replace(call, query={**call.query, "access_token": token})


def code_of(answer: Answer) -> int | None:
    """The platform's code: of the gateway or of the interface."""
    body = answer.json()
    if not isinstance(body, dict):
        return None
    gateway = body.get("gw_err_resp")
    code = gateway.get("err_code") if isinstance(gateway, dict) else body.get("code")
    return code if isinstance(code, int) else None


TOKEN = Token(
    call=_token_call,
    read=_token_read,
    attach=_attach,
    rejected=lambda answer: code_of(answer) in TOKEN_CODES,
    rejected_under=lambda answer, account: str(code_of(answer)) in account.get("token_codes", _TOKEN_CODES),
)


def probe(account: Account) -> Call:
    """The shop's own data."""
    return Call("POST", account.url("api", "api/youzan.shop.get/3.0.0"), json={}, idempotent=True)


def probed(answer: Answer) -> str | None:
    """What the platform refuses, None for nothing: a wrong secret is answered with 200 too."""
    try:
        _data(answer)
    except PullFailed as failed:
        return failed.message
    return None


def _orders(account: Account, cursor: Cursor, now: datetime) -> Pulling:
    """Orders by time of change, window by window."""
    first = timedelta(days=int(account.get("first_days", 30)))
    lag = timedelta(seconds=int(account.get("lag_seconds", 60)))
    for begin, end in windows(cursor, now, size=timedelta(days=1), lag=lag, first=first, overlap=timedelta(minutes=5)):
        waiting = [(begin, end)]
        while waiting:
            since, until = waiting.pop()
            last = 1
            while True:
                data, raw = yield from _order_page(account, since, until, last)
                listed = data.get("full_order_info_list") or data.get("trades")
                more = isinstance(listed, list) and len(listed) >= _SIZE
                if not more or last == _PAGES:
                    break
                yield Page("orders", raw)
                last += 1
            if more:
                yield Page("orders", raw)
                if until - since <= _SHORTEST:
                    raise _endless(f"orders between {since.isoformat()} and {until.isoformat()}", _PAGES)
                middle = since + (until - since) / 2
                waiting += [(middle, until), (since, middle)]
                continue
            # What changed meanwhile has left the window, and what stood behind it moved up: back to the first page.
            for page in range(last - 1, 0, -1):
                yield Page("orders", raw)
                _, raw = yield from _order_page(account, since, until, page)
            yield Page("orders", raw, {"since": until.isoformat()})


def _endless(what: str, pages: int) -> PullFailed:
    said = f"{what} have more than {pages:,} pages of {_SIZE}; the list seems to have no end"
    return PullFailed(said, code="too-many-pages")


def _order_page(
    account: Account, begin: datetime, end: datetime, page: int
) -> Generator[Call | Page, Answer | None, tuple[dict[str, Any], bytes]]:
    body = {"start_update": _local(begin), "end_update": _local(end), "page_no": page, "page_size": _SIZE}
    answer = yield Call("POST", account.url("api", f"api/{account.text('orders_api')}"), json=body, idempotent=True)
    data = _data(answer, *_ORDERS)
    assert answer is not None
    return data, answer.body


def _customers(account: Account, cursor: Cursor, now: datetime) -> Pulling:
    """Customers changed since the last time, page by page; several pages are gone through once more, back to the first.

    Somebody who changes or goes meanwhile lets those behind move up by one: forward alone would miss who moves from a
    page not yet read onto one that was.
    """
    since = cursor.get("since")
    # The run stands in the name: points that go back to what they were are told anew by the run that found them.
    name = f"customers:{now:%Y%m%dT%H%M%S}"
    read: list[bytes] = []  # digests: what reads the same the second time is not kept again
    while True:
        listed, end = yield from _customer_page(account, since, len(read) + 1)
        if listed < _SIZE:
            break
        yield Page(name, end)
        read.append(blake2b(end, digest_size=16).digest())
        if len(read) == _MOST_CUSTOMERS:
            raise _endless("customers", _MOST_CUSTOMERS)
    for page in range(len(read), 0, -1):
        _, raw = yield from _customer_page(account, since, page)
        if blake2b(raw, digest_size=16).digest() != read[page - 1]:
            yield Page(name, raw)
    yield Page(name, end, {"since": now.isoformat()})


def _customer_page(account: Account, since: Any, page: int) -> Generator[Call | Page, Answer | None, tuple[int, bytes]]:
    """How many customers a page lists, and the page."""
    body: dict[str, Any] = {"page_no": page, "page_size": _SIZE}
    if isinstance(since, str):
        body["customer"] = {"updated_at_start": int(datetime.fromisoformat(since).timestamp())}
    answer = yield Call("POST", account.url("api", f"api/{account.text('customers_api')}"), json=body, idempotent=True)
    data = _data(answer, *_PEOPLE)
    listed = data.get("record_list") or data.get("items") or data.get("customers")
    assert answer is not None
    return len(listed) if isinstance(listed, list) else 0, answer.body


STREAMS = {
    "orders": Stream("orders", {"zh": "订单", "en": "Orders"}, _orders, every=300),
    "customers": Stream("customers", {"zh": "客户", "en": "Customers"}, _customers, every=3600),
}


def _data(answer: Answer | None, *members: str) -> dict[str, Any]:
    """The data of an answer that has at least one of these members. Raises PullFailed with the platform's code.

    What is refused may have (empty) data too, and data without any list is no list that is empty.
    """
    body = answer.json() if answer is not None else None
    code = code_of(answer) if answer is not None else None
    data = body.get("data") or body.get("response") if isinstance(body, dict) else None
    if refused(answer) is not None or not isinstance(data, dict) or all(data.get(name) is None for name in members):
        raise PullFailed(f"the platform answered code {code}", code=str(code))
    return data


def refused(answer: Answer | None) -> str | None:
    """The code of an answer that refuses; None for one that does not."""
    body = answer.json() if answer is not None else None
    code = code_of(answer) if answer is not None else None
    if isinstance(body, dict) and body.get("success") is not False and code in (None, 0, _GOOD):
        return None
    return "unknown" if code is None else str(code)


def _local(at: datetime) -> str:
    return at.astimezone(_ZONE).strftime("%Y-%m-%d %H:%M:%S")
