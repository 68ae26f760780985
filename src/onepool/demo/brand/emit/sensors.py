"""The Sensors SDKs: the mini program's (base64 in a text/plain body) and the app's (gzip, form).

Bodies and fields as the real SDKs send them: sa-sdk-miniprogram 1.22, SensorsAnalytics Android SDK.
"""

from __future__ import annotations

import base64
import gzip
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from onepool.demo.brand.places import APP_ID, MINI_APPID
from onepool.demo.brand.sending import Delivery

_MINI_HEADERS = (
    (b"content-type", b"text/plain;charset=UTF-8"),
    (b"user-agent", b"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) MicroMessenger/8.0.50 MiniProgramEnv"),
    (b"referer", f"https://servicewechat.com/{MINI_APPID}/118/page-frame.html".encode()),
)
_APP_HEADERS = (
    (b"content-type", b"application/x-www-form-urlencoded"),
    (b"user-agent", b"SensorsAnalytics Android SDK"),
)

MINI_PRESET: dict[str, Any] = {
    "$lib": "MiniProgram", "$lib_version": "1.22.7", "$app_id": MINI_APPID, "$app_version": "3.8.1",
    "$mp_client_app_version": "8.0.50", "$mp_client_basic_library_version": "3.5.1", "$timezone_offset": -480,
}  # fmt: skip
APP_PRESET: dict[str, Any] = {
    "$lib": "Android", "$lib_version": "6.8.3", "$app_id": APP_ID, "$app_version": "5.2.0", "$app_name": "棉屿（虚构）",
    "$os": "Android", "$timezone_offset": -480,
}  # fmt: skip
MINI_LIB = {"$lib": "MiniProgram", "$lib_method": "code", "$lib_version": "1.22.7"}
APP_LIB = {"$lib": "Android", "$lib_method": "code", "$lib_version": "6.8.3", "$app_version": "5.2.0"}


class MiniProgram:
    """What is said is the list of records (dicts) of one request."""

    def __init__(self, touchpoint: str, write_key: str) -> None:
        self._path, self._query = sensors_address(touchpoint, write_key)

    def thing(self, said: Any, at: int) -> Delivery:
        for record in said:
            record["_flush_time"] = at
        body = "data_list=" + _escaped(base64.b64encode(_json(said)).decode())
        return Delivery("POST", self._path, self._query, _MINI_HEADERS, body.encode())


class AppSdk:
    """The same for the app, which packs with gzip and adds a check sum."""

    def __init__(self, touchpoint: str, write_key: str) -> None:
        self._path, self._query = sensors_address(touchpoint, write_key)

    def thing(self, said: Any, at: int) -> Delivery:
        for record in said:
            record["_flush_time"] = at
        # mtime 0, so that equal plans give equal bytes.
        text = base64.b64encode(gzip.compress(_json(said), 6, mtime=0)).decode()
        body = f"crc={java_hash(text)}&gzip=1&data_list={_escaped(text)}"
        return Delivery("POST", self._path, self._query, _APP_HEADERS, body.encode())


def sensors_address(touchpoint: str, write_key: str) -> tuple[str, bytes]:
    """Path and query of a touchpoint's address for Sensors SDKs (``server_url``)."""
    del touchpoint
    return "/sa", f"project=default&token={write_key}".encode()


def java_hash(text: str) -> int:
    """The check sum of the SDKs: Java's hash of a text, signed, 32 bits."""
    codes = np.frombuffer(text.encode("latin-1"), np.uint8)
    with np.errstate(over="ignore"):
        value = int((codes * _powers(codes.size)).sum(dtype=np.uint32))
    return value - (1 << 32) if value >= 1 << 31 else value


def _powers(size: int) -> npt.NDArray[np.uint32]:
    """31 to the power of size - 1 … 0, modulo 2^32."""
    if _POWERS[0].size < size:
        _POWERS[0] = np.cumprod(np.full(size * 2, 31, np.uint32), dtype=np.uint32)
    known = _POWERS[0]
    return np.concatenate([known[: size - 1][::-1], np.ones(1, np.uint32)])


_POWERS: list[npt.NDArray[np.uint32]] = [np.empty(0, np.uint32)]


def _escaped(text: str) -> str:
    """Base64 in a form: only three of its characters need an escape."""
    return text.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)
