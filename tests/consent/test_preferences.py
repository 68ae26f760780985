"""A preference page from its link to the claim of a message, over a real server: also before the tick, also killed."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.clients.server import Running, running_collector

from onepool.collect.log import SqliteLog
from onepool.collect.preferences import Limiter
from onepool.privacy.consents import ledger, notices
from onepool.privacy.consents.notices import text_hash

from .conftest import EMAIL, PHONE, Brand

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def serving(brand: Brand) -> Iterator[tuple[Running, httpx.Client]]:
    world = brand.world
    known = list(world.workspace.touchpoints().values())
    with (
        running_collector(
            world.root, log=SqliteLog(world.workspace.data / "log.sqlite"), clock=world.clock, touchpoints=known,
            preferences=brand.desk,
        ) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
    ):  # fmt: skip
        yield server, client


def switches(page: str) -> dict[str, bool]:
    found = re.findall(r'type=checkbox name=yes value="([^"]+)"( checked)?', page)
    return {name: bool(on) for name, on in found}


def form(page: str, **changed: bool) -> dict[str, Any]:
    """The form as a browser sends it, with some switches turned."""
    shown = switches(page)
    after = shown | {name.replace("__", ":"): on for name, on in changed.items()}
    return {"shown": list(shown), "yes": [name for name, on in after.items() if on], "do": "save"}


def offset(brand: Brand) -> int:
    return brand.world.workspace.log.end()


def test_withdrawing_and_giving_again_from_a_link(brand: Brand) -> None:
    world = brand.world
    with serving(brand) as (_, client):
        path = f"/p/{brand.token(PHONE)}"
        before = offset(brand)
        page = client.get(path, headers={"Accept-Language": "en-GB,en;q=0.8"})
        assert page.status_code == 200 and "Message preferences" in page.text and "lang=en" in page.text
        assert "139****0001" in page.text and PHONE not in page.text and EMAIL not in page.text
        assert "消息偏好" in client.get(path).text and "消息偏好" in client.get(path + "?lang=zh").text
        assert switches(page.text) == {
            "marketing:email": True, "marketing:sms": True, "service:email": True, "service:sms": True,
            "profiling:": False,
        }  # fmt: skip
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "form-action 'self'" in policy and "unsafe" not in policy
        assert page.headers["x-robots-tag"] == "noindex, nofollow" and page.headers["cache-control"].startswith("no-st")
        assert "<script" not in page.text and client.head(path).content == b""
        assert offset(brand) == before, "looking changes nothing"

        assert brand.told("marketing", "sms") == (True, "")
        answer = client.post(path + "?lang=en", data=form(page.text, marketing__sms=False))
        assert answer.status_code == 200 and "Saved" in answer.text
        assert switches(answer.text)["marketing:sms"] is False
        # The tick has not run: the answer alone keeps messages back, of that purpose and channel, and nothing else.
        assert brand.told("marketing", "sms") == (True, "opted_out")
        assert brand.told("marketing", "email") == (True, "") and brand.told("service", "sms") == (True, "")
        world.settle()
        assert brand.told("marketing", "sms") == (False, ""), "now the ledger has it, and the stop is gone"
        assert brand.told("marketing", "email")[0] and brand.told("service", "sms")[0]
        assert switches(client.get(path).text)["marketing:sms"] is False

        answer = client.post(path, data=form(answer.text, marketing__sms=True))
        assert "已保存" in answer.text
        world.settle()
        assert brand.told("marketing", "sms") == (True, "")
    with world.workspace.state.read() as connection:
        last = next(one for one in ledger.history(connection, [brand.node(PHONE)]) if one.channel == "sms")
        assert (last.source, last.notice, last.channel, last.granted) == (
            "preference_page", "preference_page@0", "sms", True,
        )  # fmt: skip
        assert len(last.notice_hash) == 64 and last.evidence == '{"language": "zh"}'
        assert ledger.differences(connection) == 0


def test_a_page_opened_again_before_the_tick_shows_what_was_said(brand: Brand) -> None:
    with serving(brand) as (_, client):
        path = f"/p/{brand.token(PHONE)}"
        before = switches(client.get(path).text)
        assert before["marketing:sms"] and before["marketing:email"]
        client.post(path, data=form(client.get(path).text, marketing__sms=False))
        again = client.get(path).text
        assert switches(again) == before | {"marketing:sms": False}
        # Whoever thinks better of it at once is heard too: the switch was off, so this yes is new.
        client.post(path, data=form(again, marketing__sms=True))
        brand.world.settle()
        assert brand.told("marketing", "sms") == (True, "")
        client.post(path, data={"do": "stop"})
        assert not any(switches(client.get(path).text).values())


def test_stopping_everything_and_one_click(brand: Brand) -> None:
    with serving(brand) as (_, client):
        click = client.post(f"/p/{brand.token(EMAIL)}", content="List-Unsubscribe=One-Click", headers={
            "Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "cross-site",
        })  # fmt: skip
        assert click.status_code == 200
        assert brand.told("marketing", "email")[1] == "opted_out" and brand.told("marketing", "sms")[1] == ""
        brand.world.settle()
        assert not brand.told("marketing", "email")[0] and brand.told("service", "email")[0]
        path = f"/p/{brand.token(PHONE)}"
        answer = client.post(path, data={"do": "stop"})
        assert not any(switches(answer.text).values())
        for purpose in ("marketing", "service", "profiling"):
            assert brand.told(purpose, "sms", category="service")[1] == "opted_out"
        assert brand.told("service", "sms", category="transactional")[1] == "", "an order's messages are exempt"
        brand.world.settle()
        assert not any(brand.told(purpose, "sms")[0] for purpose in ("marketing", "service"))
        assert brand.told("marketing", "sms", who="u2") == (False, "")


def test_one_click_in_the_other_encoding_of_a_form(brand: Brand) -> None:
    with serving(brand) as (_, client):
        path = f"/p/{brand.token(EMAIL)}"
        click = client.post(path, files={"List-Unsubscribe": (None, "One-Click")})
        assert click.status_code == 200 and click.request.headers["content-type"].startswith("multipart/form-data")
        assert brand.told("marketing", "email")[1] == "opted_out"
        before = offset(brand)
        for body, kind in (
            (b"", "application/x-www-form-urlencoded"),
            (b"hello=1", "application/x-www-form-urlencoded"),
            (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
            (b"hello", "multipart/form-data"),
            (b"List-Unsubscribe=One-Click", "multipart/form-data; boundary=\xff"),
        ):
            answer = client.post(path, content=body, headers={"Content-Type": kind.encode("latin-1")})
            assert answer.status_code == 400, (body, kind)
        assert offset(brand) == before, "what says nothing changes nothing, and is not called saved"


def test_who_may_not(brand: Brand) -> None:
    before = offset(brand)
    with serving(brand) as (_, client):
        token = brand.token(PHONE)
        for path in ("/p/", "/p/x", f"/p/{'A' * 43}", f"/p/{token}x", f"/p/{token}/more"):
            answer = client.get(path)
            assert answer.status_code == 404 and "default-src 'none'" in answer.headers["content-security-policy"]
        elsewhere = client.post(f"/p/{token}", data={"do": "stop"}, headers={"Sec-Fetch-Site": "cross-site"})
        assert elsewhere.status_code == 403
        assert client.post(f"/p/{token}", data={"do": "x" * 20_000}).status_code == 413
        assert client.put(f"/p/{token}").status_code == 405
        # Switches that the page does not have are nobody's.
        odd = client.post(f"/p/{token}", data={"shown": ["marketing:carrier_pigeon", "<script>"], "yes": ["<script>"]})
        assert odd.status_code == 200 and "<script" not in odd.text
        short = brand.token(PHONE, lifetime=timedelta(hours=1))
        assert client.get(f"/p/{short}").status_code == 200
        brand.world.clock.advance(timedelta(hours=1))
        assert client.get(f"/p/{short}").status_code == 404
        answers = [client.get(f"/p/{token}").status_code for _ in range(40)]
        assert answers.count(429) > 5 and answers[0] == 200
    assert offset(brand) == before
    with brand.world.workspace.state.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM preference_links").all()
    assert all(token.encode() not in bytes(row[0]) for row in rows), "digests only"


def test_the_notice_that_was_shown_is_kept(brand: Brand) -> None:
    ws = brand.world.workspace
    notices.save(ws.state, ws.clock, "preference_page", {"zh": "请选择 <b>", "en": "Please choose"}, author="cli")
    with serving(brand) as (_, client):
        path = f"/p/{brand.token(PHONE)}"
        page = client.get(path).text
        assert "请选择 &lt;b&gt;" in page
        client.post(path, data=form(page, profiling__=True) | {"yes": ["profiling:"]})
        brand.world.settle()
    with ws.state.read() as connection:
        words = ledger.history(connection, [brand.node(PHONE)])
    assert {one.notice for one in words if one.source == "preference_page"} == {"preference_page@1"}
    assert {one.notice_hash for one in words if one.source == "preference_page"} == {text_hash("请选择 <b>")}
    assert brand.told("profiling", "", category="")[0]


@pytest.mark.slow
def test_an_answered_withdrawal_survives_kill_9_of_everything(brand: Brand) -> None:
    """Between the answer and the tick the collector is killed, and the worker has not run."""
    world = brand.world
    token = brand.token(PHONE)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        own = [str(world.root), str(sock.fileno()), world.clock.now().isoformat()]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.consent.collector", *own], pass_fds=[sock.fileno()], cwd=ROOT
        )
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    try:
        answer = httpx.post(f"{url}/p/{token}", data={"do": "stop"}, timeout=60)
        assert answer.status_code == 200
    finally:
        process.kill()
        process.wait()
    assert brand.told("marketing", "sms") == (True, "opted_out"), "no claim after the answer"
    world.restart()
    assert brand.told("marketing", "sms") == (True, "opted_out")
    world.settle()
    assert brand.told("marketing", "sms") == (False, "")
    with world.workspace.state.read() as connection:
        assert ledger.differences(connection) == 0


def test_the_limiter_counts_by_key_and_minute() -> None:
    limiter = Limiter(2, seconds=60, keys=3)
    start = time.time()
    assert [limiter.allows("a", start) for _ in range(3)] == [True, True, False]
    assert limiter.allows("b", start) and limiter.allows("a", start + 60)
    for key in "cdef":
        limiter.allows(key, start)
    assert len(limiter._seen) == 3
