"""Nothing that comes from outside makes a channel fail: it is refused, or kept and read without an error."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.channels import cases

from onepool.channels import registry
from onepool.channels.base import Message, Refused, Request
from onepool.channels.connection import Connection
from onepool.channels.email.bounces import bounces, subject_of
from onepool.clock import FakeClock
from onepool.collect import hooked

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_HOOKED = [name for name in registry.names() if registry.channel(name).check is not None]
_READERS = [name for name in registry.names() if registry.channel(name).read is not None]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=20,
)
_BODIES = st.binary(max_size=300) | _JSON.map(lambda value: json.dumps(value).encode())


def _tables() -> dict[str, cases.Table]:
    return {table.name: table for table in cases.tables()}


@pytest.mark.parametrize("name", _HOOKED)
@settings(deadline=None, max_examples=40)
@given(
    body=_BODIES,
    query=st.text(max_size=80),
    rest=st.text(max_size=30),
    method=st.sampled_from(["GET", "POST"]),
    headers=st.dictionaries(st.sampled_from(["content-type", "x-douyin-signature", "event-sign", "msg-id"]), st.text()),
)
def test_any_bytes_are_refused_or_read(
    name: str, body: bytes, query: str, rest: str, method: str, headers: dict[str, str]
) -> None:
    table = _tables().get(name, cases.Table(name, {}))
    account = table.account({})
    channel = registry.channel(name)
    assert channel.check is not None
    request = Request(method, rest, query, headers, body, "203.0.113.9")
    try:
        reply = channel.check(request, account, NOW)
    except Refused as refused:
        assert 400 <= refused.status < 500
        return
    assert reply.status < 500
    if reply.keep is not None:
        _reads(hooked.pushed(request, account, NOW, reply.keep.plain))


@pytest.mark.parametrize("name", _READERS)
@settings(deadline=None, max_examples=40)
@given(body=_BODIES, call=st.sampled_from(["", "orders", "x"]), data=st.data())
def test_whatever_stands_in_the_log_is_read_without_an_error(name: str, body: bytes, call: str, data: Any) -> None:
    table = _tables().get(name, cases.Table(name, {}))
    account = table.account({})
    calls = sorted(registry.channel(name).streams) or ["x"]
    _reads(hooked.pulled(account, data.draw(st.sampled_from([*calls, call])), body, NOW))


@pytest.mark.parametrize(("table", "case"), [pytest.param(t, c, id=i) for i, t, c in cases.every("receive")])
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_a_push_with_a_part_changed_is_refused_or_read(table: cases.Table, case: dict[str, Any], data: Any) -> None:
    """The content of a verified push with something cut, doubled or of another type still reads without an error."""
    account, now, request = table.account(case), table.now(case), cases.request_of(case)
    assert table.channel.check is not None
    try:
        reply = table.channel.check(request, account, now)
    except Refused:
        return
    if reply.keep is None:
        return
    text = reply.keep.plain if reply.keep.plain is not None else request.body.decode("utf-8", "replace")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    other = data.draw(st.sampled_from(["", "null", "[]", '"', "{}", "-1", "<", "&#0;", "\ud800", "9" * 400]))
    text = text[:start] + other + text[end:]
    encrypted = reply.keep.plain is not None
    body = request.body if encrypted else text.encode("utf-8", "surrogatepass")
    changed = Request(request.method, request.rest, request.query, request.headers, body, request.ip)
    kept = text.encode("utf-8", "replace").decode() if encrypted else None
    _reads(hooked.pushed(changed, account, now, kept))


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "2852039166", "0xA9FEA9FE", "[fe80::1]", "[::ffff:169.254.169.254]", "100.100.100.200", "0"],
)
def test_a_webhook_is_not_sent_to_where_clouds_keep_keys(host: str) -> None:
    table = cases.Table("webhook", {"account": {"verify": "token", "secret": "x", "url": f"http://{host}/latest"}})
    connection = Connection(registry.channel("webhook"), table.account({}), FakeClock(NOW))
    receipt = connection.send(Message("webhook", {"phone": "1"}, {}, "k"))
    connection.close()
    assert (receipt.state, receipt.reason) == ("retry", "transient")
    assert "nothing is sent to this address" in receipt.detail


PATHS = {
    "$..*..*..*": "webhook.work",
    "$..[?@..a]": "webhook.mapping",
    "$.a[?@.x == $.y]": "webhook.mapping",
    "$.a[?@.s =~ /(a+)+$/]": "webhook.mapping",
    "$" + ".a" * 400: "webhook.mapping",
    "$" + "[?@.a" * 60: "webhook.mapping",
    "$.a[?search(@.s, '(a+)+$')]": "",
    "$.a[?match(@.s, '(a|a)*b')]": "",
    "$..a": "",
}


@pytest.mark.parametrize("path", PATHS)
def test_paths_of_a_mapping_have_an_end_to_their_work(path: str) -> None:
    rules = [{"event": "form_submitted", "ids": {"phone": "$.p"}, "fields": {"x": path}}]
    table = cases.Table("webhook", {"account": {"verify": "path", "secret": "x", "rules": rules}})
    things = [{"s": "a" * 2000 + "!", "b": [[1, [2, [3]]]] * 20} for _ in range(300)]
    body = json.dumps({"p": "13812345678", "a": things}).encode()
    found = hooked.pushed(Request("POST", "x", "", {}, body), table.account({}), NOW, None)
    items, broken = cases.items_of(found)
    assert broken == ([PATHS[path]] if PATHS[path] else [])
    assert len(items) == (0 if PATHS[path] else 1)


@pytest.mark.parametrize("content", ["[1", "", '"', "7", "null", '{"a":'])
def test_texts_among_things_are_no_json(content: str) -> None:
    rules = [{"event": "form_submitted", "ids": {"phone": "$.p"}}]
    table = cases.Table("webhook", {"account": {"verify": "path", "secret": "x", "rules": rules, "each": "$[*]"}})
    body = json.dumps([content, {"p": "13812345678"}]).encode()
    items, broken = cases.items_of(hooked.pushed(Request("POST", "x", "", {}, body), table.account({}), NOW, None))
    assert broken == [] and [item.get("ids") for item in items] == [None, [["phone", "tp", "13812345678"]]]


_REPORT = b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n'
_STATUS = _REPORT + b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: x\r\n\r\n"
_RECIPIENT = b"Final-Recipient: rfc822; a@b.cn\r\n"
_NESTED = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(900))
MAILS = {
    "nested parts": (_REPORT + _NESTED + b"\r\n" + b"--x\r\n" * 1_000_000, None),
    "nested mails": (_REPORT + b"Content-Type: message/rfc822\r\n\r\n" * 3_000, None),
    "half an encoded word": (_STATUS + _RECIPIENT + b"Diagnostic-Code: " + b"=?a?q?" * 1_000_000 + b"\r\n\r\n", 1),
    "recipients": (_STATUS + (_RECIPIENT + b"\r\n") * 200_000, None),
}


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_that_anybody_wrote_is_read_within_its_bounds(name: str) -> None:
    mail, count = MAILS[name]
    subject_of(b"Subject: " + b"=?a?q?" * 100_000 + b"\r\n\r\n" + mail)
    found = bounces(mail)
    assert found is None or len(found) <= (count or 10_000)
    table = cases.Table("email", {"account": {"inbound_secret": "x"}})
    _reads(hooked.pushed(Request("POST", "inbound/x", "", {}, mail), table.account({}), NOW, None))


def test_a_click_with_more_parameters_than_any_is_refused_or_waits() -> None:
    table = cases.Table("ads", {"account": {"path_secret": "x", "platform": "ocean_engine"}})
    query = "&".join(f"a{number}=1" for number in range(1000))
    _reads(hooked.pushed(Request("GET", "x", query, {}, b""), table.account({}), NOW, None))


def _reads(record: Any) -> None:
    items, broken = cases.items_of(record)
    assert "channel.failed" not in broken, "the channel raised"
    for item in items:
        json.dumps(item, default=str)
