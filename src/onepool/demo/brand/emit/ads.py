"""Advertising: click monitors of Ocean Engine and of Tencent Ads, with macros replaced or left as they are."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from onepool.demo.brand.places import ADS_OCEAN, ADS_TENCENT
from onepool.demo.brand.sending import Delivery

_HEADERS = ((b"user-agent", b"ad-monitor"),)


class OceanEngine:
    """What is said is a mapping of the link's parameters. Nothing is signed: the address ends with a secret."""

    def __init__(self, path: str) -> None:
        self._path = f"/hooks/{ADS_OCEAN}/{path}"

    def thing(self, said: Any, at: int) -> Delivery:
        del at
        return Delivery("GET", self._path, _query(said), _HEADERS, b"")


class TencentAds:
    """The same for Tencent's monitor."""

    def __init__(self, path: str) -> None:
        self._path = f"/hooks/{ADS_TENCENT}/{path}"

    def thing(self, said: Any, at: int) -> Delivery:
        del at
        return Delivery("GET", self._path, _query(said), _HEADERS, b"")


def _query(parameters: dict[str, str]) -> bytes:
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items()).encode()


def ocean(click: str, oaid: str | None, milliseconds: int, plan: int, ip: str, place: int) -> dict[str, str]:
    """A click at Ocean Engine; an identifier that the phone does not give stays an unreplaced macro."""
    return {
        "request_id": f"2026{click[-20:]}", "aid": str(7_100_000 + plan), "promotion_id": str(7_300_000 + plan),
        "project_id": str(7_200_000 + plan), "advertiser_id": "1700000000000001", "cid": str(7_400_000 + plan),
        "campaign_id": str(7_200_000 + plan), "ctype": "5", "csite": str(place), "imei": "__IMEI__",
        "idfa": "__IDFA__", "android_id": "__ANDROIDID__", "oaid": oaid or "__OAID__", "os": "0", "ip": ip,
        "ts": str(milliseconds), "track_id": click, "callback": click, "model": "__MODEL__",
    }  # fmt: skip


def tencent(click: str, muid: str, milliseconds: int, plan: int, ip: str) -> dict[str, str]:
    """A click at Tencent Ads."""
    return {
        "click_id": click, "click_time": str(milliseconds // 1000), "muid": muid, "hash_oaid": "__HASH_OAID__",
        "campaign_id": str(8_100_000 + plan), "adgroup_id": str(8_200_000 + plan), "creative_id": str(8_300_000 + plan),
        "ad_platform_type": "15", "device_os_type": "android", "ip": ip,
        "callback": f"http://127.0.0.1/conv?cb={click}",
    }  # fmt: skip
