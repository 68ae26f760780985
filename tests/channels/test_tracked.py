"""Sites, apps and mini programs: requests of the SDKs, from the collector's port to standard events and identifiers.

The cases stand beside each channel (`collect:` in its cases.yaml), as the clients really send them.
"""

from __future__ import annotations

import base64
import gzip
import json
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from tests.channels import cases
from tests.channels.cases import Table
from tests.clients.server import Running, running_collector

from onepool import connect
from onepool.channels import registry
from onepool.clock import FakeClock
from onepool.collect.touchpoint import Touchpoint
from onepool.standards import StandardSettings, load_standard

CASES = list(cases.every("collect"))
TRACKED = ("web", "app", "h5", "wechat_mini")

# Every kind of touchpoint that a brand connects, and the channels that stand for it.
ROWS = {
    "wechat_oa": ("wechat_oa",),
    "wechat_mini": ("wechat_mini",),
    "wecom": ("wecom",),
    "douyin": ("douyin",),
    "youzan": ("youzan",),
    "xiaohongshu": ("xiaohongshu",),
    "taobao_tmall, jd": ("taobao", "tmall", "jd"),
    "sms": ("sms",),
    "email": ("email",),
    "ads": ("ads",),
    "web, app": ("web", "h5", "app"),
    "forms, surveys, micro-class, vendor": ("webhook",),
    "crm, erp, pos (databases)": ("crm", "erp", "store"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    known = [_touchpoint(name) for name in TRACKED]
    at = cases.tables()[0].now({})
    with running_collector(tmp_path_factory.mktemp("tracked"), clock=FakeClock(at), touchpoints=known) as running:
        yield running


def _touchpoint(channel: str) -> Touchpoint:
    return Touchpoint(f"tp_{channel}", channel, {}, f"KEY_{channel.upper()}", {"user_id": "members"})


@pytest.mark.parametrize(("table", "case"), [pytest.param(table, case, id=name) for name, table, case in CASES])
def test_what_an_sdk_sends_becomes_standard_events(server: Running, table: Table, case: dict[str, Any]) -> None:
    touchpoint, before = _touchpoint(table.name), server.log.end()
    answer = _sent(server.url, case["request"], str(touchpoint.write_key))
    assert answer.status_code == case.get("answer", {}).get("status", 200)
    records = server.log.read(before, 10, 1 << 20)
    assert all(record.touchpoint == touchpoint.name for record in records)
    settings = StandardSettings()
    arrived = connect.arrivals(records, load_standard(), settings, touchpoint)
    standard = [_plain(row) for arrival in arrived for row in arrival.standard]
    assert standard == case.get("standard", [])
    assert [rule for arrival in arrived for rule, *_ in arrival.refused] == case.get("refused", [])


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    found = {name: row[name] for name in ("name", "ids", "fields", "attributes") if row[name]}
    return found if row["known"] else {**found, "known": False}


def _sent(url: str, given: dict[str, Any], key: str) -> httpx.Response:
    method, path, headers, body = _request(given, key)
    return httpx.request(method, url + path, content=body, headers=headers)


def _request(given: dict[str, Any], key: str) -> tuple[str, str, dict[str, str], bytes]:
    """The request of a case; `{key}` stands for the write key."""
    headers = {name: str(value).replace("{key}", key) for name, value in given.get("headers", {}).items()}
    if given.get("auth", "basic") == "basic":
        headers["Authorization"] = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
    body = given.get("body", "").replace("{key}", key).encode()
    if "json" in given:
        body = json.dumps(given["json"], ensure_ascii=False).replace("{key}", key).encode()
    query = str(given.get("query", "")).replace("{key}", key)
    if "sensors" in given:
        packed = gzip.compress(json.dumps(given["sensors"], ensure_ascii=False).encode(), mtime=0)
        form = {"data_list": base64.b64encode(packed).decode(), "gzip": "1"}
        body = urlencode(form).encode()
    elif "sensors_get" in given:
        plain = base64.b64encode(json.dumps(given["sensors_get"], ensure_ascii=False).encode()).decode()
        query = "&".join(one for one in (query, urlencode({"data": plain})) if one)
    if given.get("gzip"):
        body = gzip.compress(body, mtime=0)
        headers["Content-Encoding"] = "gzip"
    path = given["path"].replace("{key}", key) + (f"?{query}" if query else "")
    return given.get("method", "POST"), path, headers, body


_PUT_IN = (
    b"\x00",
    b"\xff\xfe",
    b"{",
    b"]",
    b'"',
    b"[" * 3_000,
    b"9" * 400,
    b"null",
    b"-",
    b"%",
    b"\xed\xa0\x80",
    b"1e999",
)


def _spoilt(body: bytes, chance: random.Random) -> bytes:
    """A body with something cut, doubled, exchanged or put in."""
    for _ in range(chance.randint(1, 3)):
        start, end = sorted(chance.randint(0, len(body)) for _ in range(2))
        what = chance.randrange(4)
        part = (b"", body[start:end] * 2, bytes(chance.randbytes(min(end - start, 20))), chance.choice(_PUT_IN))[what]
        body = body[:start] + part + body[start if what == 3 else end :]
    return body


@pytest.mark.parametrize(("table", "case"), [pytest.param(table, case, id=name) for name, table, case in CASES])
def test_spoilt_requests_of_sdks_are_refused_or_read(server: Running, table: Table, case: dict[str, Any]) -> None:
    """Never a 5xx; and whatever was taken in is read, standardised or quarantined with its rule."""
    touchpoint, before, chance = _touchpoint(table.name), server.log.end(), random.Random(case["name"])
    method, path, headers, body = _request(case["request"], str(touchpoint.write_key))
    with httpx.Client(base_url=server.url) as client:
        for _ in range(12):
            if method == "GET":
                head, mark, data = path.partition("data=")
                spoilt = quote(_spoilt(data.encode(), chance))
                answer = client.request(method, f"{head}{mark}{spoilt}", headers=headers)
            else:
                answer = client.request(method, path, content=_spoilt(body, chance), headers=headers)
            assert answer.status_code in (200, 400, 401, 413), answer.text
    records = server.log.read(before, 100, 1 << 22)
    arrived = connect.arrivals(records, load_standard(), StandardSettings(), touchpoint)
    assert len(arrived) == len(records)


def test_every_kind_of_touchpoint_has_a_manifest_and_cases() -> None:
    told = {table.name: table for table in cases.tables()}
    for row, channels in ROWS.items():
        for name in channels:
            manifest = registry.channel(name).manifest
            assert manifest.identifiers and manifest.signals and manifest.ways, row
            # Taobao's protocol is Tmall's: its own table says what differs.
            assert any(told[name].cases(kind) for kind in ("receive", "pull", "rows", "collect")), row
            assert registry.channel(name).reach is None or told[name].cases("reach") or name == "email", row
    assert {one for channels in ROWS.values() for one in channels} == set(registry.names())


@pytest.mark.parametrize("name", TRACKED)
def test_what_the_cases_give_is_declared(name: str) -> None:
    """The data map draws what a manifest declares; what an SDK's cases yield must be among it."""
    manifest = registry.channel(name).manifest
    types = {one.type for one in manifest.identifiers}
    events = {one.event for one in manifest.signals}
    for _, table, case in CASES:
        if table.name != name:
            continue
        for row in case.get("standard", []):
            assert {one.partition(":")[0].partition("@")[0] for one in row.get("ids", [])} <= types, case["name"]
            assert row["name"] in events | {"profile", "identity_aliased"}, case["name"]
