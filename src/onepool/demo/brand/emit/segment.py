"""The site: events as Segment's browser SDK sends them, in its batch mode."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from onepool.demo.brand.sending import Delivery

_HEADERS = (
    (b"content-type", b"text/plain"),
    (b"user-agent", b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/139.0 Safari/537.36"),
)


class ShopServer:
    """The brand's own shop server, which tells orders with Segment's library. What is said is a list of events."""

    def __init__(self, write_key: str) -> None:
        basic = base64.b64encode(f"{write_key}:".encode())
        self._headers = (
            (b"authorization", b"Basic " + basic),
            (b"content-type", b"application/json"),
            (b"user-agent", b"analytics-python/2.4.0"),
        )

    def thing(self, said: Any, at: int) -> Delivery:
        body = {"batch": said, "sentAt": iso(at)}
        return Delivery("POST", "/v1/batch", b"", self._headers, msgspec.json.encode(body))


class Browser:
    """What is said is the list of events (dicts) of one request."""

    def __init__(self, write_key: str) -> None:
        self._key = write_key

    def thing(self, said: Any, at: int) -> Delivery:
        body = {"writeKey": self._key, "batch": said, "sentAt": iso(at)}
        return Delivery("POST", "/v1/b", b"", _HEADERS, msgspec.json.encode(body))


def iso(milliseconds: int) -> str:
    """A time as JavaScript writes it."""
    seconds, rest = divmod(milliseconds, 1000)
    days, of_day = divmod(seconds, 86_400)
    return f"{_date(days)}T{of_day // 3600:02d}:{of_day // 60 % 60:02d}:{of_day % 60:02d}.{rest:03d}Z"


def china(seconds: int) -> str:
    """A time of Beijing as China's platforms write it (``yyyy-MM-dd HH:mm:ss``)."""
    days, of_day = divmod(seconds + 8 * 3600, 86_400)
    return f"{_date(days)} {of_day // 3600:02d}:{of_day // 60 % 60:02d}:{of_day % 60:02d}"


_DATES: dict[int, str] = {}


def _date(days: int) -> str:
    found = _DATES.get(days)
    if found is None:
        from datetime import date, timedelta

        found = _DATES[days] = (date(1970, 1, 1) + timedelta(days=days)).isoformat()
    return found
