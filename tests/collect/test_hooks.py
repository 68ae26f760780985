"""Callbacks through the collector: verified, on disk before the answer, refused in words."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.clients.server import Running, running_collector

from onepool.collect.accounts import Accounts
from onepool.collect.inbound import decode
from onepool.collect.touchpoint import CachedTouchpoints, Touchpoint

RULES = [{"event": "form_submitted", "message_id": "$.id", "ids": {"phone": "$.phone"}}]
FORMS = Touchpoint(
    "forms",
    "webhook",
    settings={"verify": "path", "secret": "file:secrets/forms.secret", "rules": RULES},
)
PAUSED = Touchpoint("held", "webhook", settings=FORMS.settings, paused=True)
UNSET = Touchpoint("unset", "webhook", settings={"verify": "path", "secret": "env:ONEPOOL_TEST_NOT_SET"})
SHOP = Touchpoint("shop", "web")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/forms.secret").write_text("s3cret\n")
    source = CachedTouchpoints(lambda: [FORMS, PAUSED, UNSET, SHOP])
    with running_collector(tmp_path, source=source, accounts=Accounts(tmp_path)) as running:
        yield running


def test_a_push_is_on_disk_before_the_answer_and_reads_the_same_later(server: Running) -> None:
    body = {"id": 1, "phone": "13912345678"}
    answer = httpx.post(f"{server.url}/hooks/forms/s3cret?x=1", json=body)
    assert (answer.status_code, answer.json()) == (200, {"code": 0, "msg": "success"})
    (record,) = server.records()
    assert (record.touchpoint, record.protocol) == ("forms", "hook")
    assert json.loads(record.body) == body
    assert b"s3cret" not in record.headers
    (item,) = decode(record).items
    assert (item.name, item.message_id, item.ids) == ("form_submitted", "1", [("phone", "forms", "13912345678")])


def test_gzip_is_unpacked_within_the_limit(server: Running) -> None:
    packed = gzip.compress(b'{"id": 2}')
    headers = {"content-encoding": "gzip"}
    assert httpx.post(f"{server.url}/hooks/forms/s3cret", content=packed, headers=headers).status_code == 200
    bomb = gzip.compress(b"0" * (64 << 20))
    answer = httpx.post(f"{server.url}/hooks/forms/s3cret", content=bomb, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert len(server.records()) == 1


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("forms/wrong", 403, "signature"),
        ("nobody/s3cret", 404, "no-touchpoint"),
        ("shop", 404, "no-hook"),
        ("held/s3cret", 503, "paused"),
        ("unset/s3cret", 503, "not-configured"),
        ("%2e%2e%2f", 404, "no-touchpoint"),
    ],
)
def test_what_is_refused_says_why_and_is_not_stored(server: Running, path: str, status: int, code: str) -> None:
    answer = httpx.post(f"{server.url}/hooks/{path}", json={"id": 1})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "ONEPOOL_TEST_NOT_SET" not in answer.text
    assert server.records() == []


def test_a_body_that_is_too_large_or_of_another_method_is_refused(server: Running) -> None:
    answer = httpx.post(f"{server.url}/hooks/forms/s3cret", content=b"x" * (2 << 20))
    assert answer.status_code == 413
    assert httpx.put(f"{server.url}/hooks/forms/s3cret", content=b"{}").status_code == 405
    assert httpx.post(f"{server.url}/hooks/forms/s3cret?{'a' * 20_000}").status_code == 414
    text = httpx.get(f"{server.url}/metrics").text
    assert 'onepool_hooks_requests_total{outcome="too-large"} 2.0' in text
