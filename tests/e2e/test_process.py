"""The server as a process among others: commands beside it, its end, its loss of parts, what strangers send to it."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.e2e.conftest import Brand
from tests.e2e.server import (
    PATIENCE,
    Commands,
    Server,
    admin_in,
    alive,
    applied,
    eventually,
    ready,
    serving,
    start,
    write_key,
)
from tests.e2e.shop import HEROINE, PEOPLE

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at processes in /proc")


def track(message: str, event: str = "cart_added", **more: Any) -> dict[str, Any]:
    """One event of the Segment protocol."""
    fields = {"product_id": "P-1", "price": "9.9"}
    return {"type": "track", "event": event, "messageId": message, "userId": "u1", "properties": fields, **more}


# Commands


def test_commands_beside_the_running_server(server: Server) -> None:
    """They ask the worker over its socket, since it alone holds the pool."""
    run = server.commands
    assert (server.root / "data" / "worker.sock").stat().st_mode & 0o077 == 0
    figures = run.json("status")
    assert figures["customers"] >= PEOPLE and figures["orders"] > 100
    assert not [row for row in run.json("doctor") if row["severity"] == "error"]
    assert run.query("SELECT count(*) AS n FROM customers WHERE city = '杭州'")[0]["n"] >= 6
    shown = run.json("customer", "show", f"phone:{HEROINE['phone']}")
    assert shown["customer"][0]["orders"] == 3
    assert {"type": "phone", "scope": "", "value": "138****1111"} in shown["identifiers"]
    size = run.json("segment", "size", "active_buyers")
    live = run.query("SELECT count(*) AS n FROM segment_members WHERE segment = 'active_buyers'")
    assert size["size"] == live[0]["n"] > 0
    assert {row["tag"] for row in run.json("tag", "list")} == {"stage", "power", "home_city"}
    assert isinstance(run.json("quarantine", "list"), list)


def test_commands_without_a_server(bare: Commands) -> None:
    figures = bare.json("status")
    assert (figures["customers"], figures["log_end"] - figures["behind"]) == (0, figures["applied"])
    assert "no server runs in this workspace" in bare.run("doctor", status=1 if figures["behind"] else 0)
    assert bare.json("tag", "list") == [] == bare.json("quarantine", "list")
    assert [row["segment"] for row in bare.json("segment", "list")] == ["in_cart"]
    gone = bare.outcome("customer", "show", "phone:13800000000")
    assert gone.returncode == 2 and "no customer is known" in gone.stderr


def test_an_import_beside_the_running_server_is_applied_by_it(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("order_id,member_no,paid_at,amount\nNEW-1,M-0199,2026-01-05 10:00,12.50\nNEW-2,M-0198,nonsense,1\n")
    told = server.commands.json("import", "orders", str(file), "--touchpoint", "store")
    assert (told["accepted"], told["quarantined"]) == (1, 1), told
    found = server.commands.query("SELECT order_id, amount FROM orders WHERE order_id LIKE 'NEW-%'")
    assert [(row["order_id"], float(row["amount"])) for row in found] == [("NEW-1", 12.5)]
    waiting = server.commands.json("quarantine", "list", "--touchpoint", "store")
    assert ("type.time", 1) in [(row["rule"], row["count"]) for row in waiting]
    again = server.commands.json("import", "orders", str(file), "--touchpoint", "store")
    assert again["accepted"] == 0
    assert len(server.commands.query("SELECT order_id FROM orders WHERE order_id LIKE 'NEW-%'")) == 1


# Life and death


@linux
def test_lost_parts_come_back_and_after_either_end_the_next_start_goes_on(bare: Commands) -> None:
    with serving(bare) as first:
        email, password = admin_in(first.said())
        body = {"email": email, "password": password}
        signed_in = httpx.post(f"{first.url}/api/v1/session", json=body, headers={"X-OnePool": "1"}, timeout=PATIENCE)
        assert signed_in.status_code in (200, 201), signed_in.text
        assert first.send("wk_bare", track("m-1")).status_code == 200
        (before,) = first.collectors()
        os.kill(before, signal.SIGKILL)
        eventually(lambda: first.collectors() not in ([], [before]), "a new collector")
        eventually(lambda: first.send("wk_bare", track("m-2")).status_code == 200, "an answer of the new collector")
        assert "a collector ended and is started again" in first.said()
        applied(bare)
        collectors = first.collectors()
        assert collectors
        assert first.signal(signal.SIGTERM) == 0
        assert not any(alive(pid) for pid in collectors)
        assert not list((bare.root / "data").glob("*.sock"))
    with serving(bare, port=first.port) as second:
        assert "password" not in second.said()
        applied(bare)
        assert bare.query("SELECT event FROM events") == [{"event": "cart_added"}] * 2
        collectors = second.collectors()
        assert collectors
        second.signal(signal.SIGKILL)
        eventually(lambda: not any(alive(pid) for pid in collectors), "the end of the collectors")
    # What a killed server leaves behind (its sockets) misleads nobody and is no obstacle.
    assert "no server runs in this workspace" in [row["message"] for row in bare.json("doctor")]
    with serving(bare, port=second.port) as third:
        assert third.send("wk_bare", track("m-3")).status_code == 200


def test_a_port_in_use_is_told(server: Server, bare: Commands) -> None:
    refused = bare.outcome("serve", "--port", str(server.port))
    assert refused.returncode == 1
    assert "can't listen" in refused.stderr and f"127.0.0.1:{server.port}" in refused.stderr
    assert "choose another port" in refused.stderr and "Traceback" not in refused.stderr


def test_a_second_worker_is_refused(server: Server) -> None:
    refused = server.commands.outcome("serve", "--role", "work")
    assert refused.returncode == 1
    assert "a worker runs in this workspace already" in refused.stderr and "Traceback" not in refused.stderr


def test_the_worker_may_go_and_come_while_events_arrive(bare: Commands) -> None:
    collecting = start(bare, role="collect")
    working = start(bare, port=collecting.port, role="work")
    taken: list[str] = []
    done = threading.Event()

    def send() -> None:
        with httpx.Client(base_url=collecting.url, auth=("wk_bare", ""), timeout=PATIENCE) as client:
            while not done.is_set():
                number = f"m-{len(taken)}"
                answer = client.post("/v1/batch", json={"batch": [track(number)]})
                assert answer.status_code == 200, answer.text
                taken.append(number)
                done.wait(0.005)

    sender = threading.Thread(target=send)
    try:
        ready(collecting)
        sender.start()
        for number in (signal.SIGKILL, signal.SIGTERM):
            _more(taken, "more events")
            working.signal(number)
            _more(taken, "events while no worker runs")
            working = start(bare, port=collecting.port, role="work")
            eventually(lambda: collecting.get("/api/v1/session").status_code == 401, "the new worker")
        done.set()
        sender.join()
        applied(bare)
        found = bare.query("SELECT count(*) AS n, count(DISTINCT event_id) AS ids FROM events")[0]
        assert found == {"n": len(taken), "ids": len(taken)}
    finally:
        done.set()
        if sender.ident is not None:
            sender.join()
        working.stop()
        collecting.stop()


def _more(taken: list[str], what: str) -> None:
    """Wait until some more have been sent."""
    before = len(taken)
    eventually(lambda: len(taken) > before + 20, what)


# What strangers send


def _bomb() -> bytes:
    return gzip.compress(b'{"batch": ["' + b"0" * (64 << 20) + b'"]}', 6)


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b'{"batch": [', {}, 400, "malformed"),
        (b"[1, 2]", {}, 400, "malformed"),
        (b"\x1f\x8b broken", {"content-encoding": "gzip"}, 400, "gzip"),
        (b'{"batch": ["' + b"x" * 600_000 + b'"]}', {}, 413, "too-large"),
        (b"{}", {"content-encoding": "br"}, 415, "content-encoding"),
    ],
    ids=["cut", "list", "gzip", "large", "br"],
)
def test_broken_input_is_answered(
    server: Server, brand: Brand, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    key = write_key(brand.commands, "shop")
    answer = httpx.post(f"{server.url}/v1/batch", content=body, auth=(key, ""), headers=headers, timeout=PATIENCE)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["success"] is False


def test_a_gzip_bomb_is_refused(server: Server, brand: Brand) -> None:
    key = write_key(brand.commands, "shop")
    before = _memory(server)
    headers = {"content-encoding": "gzip"}
    answer = httpx.post(f"{server.url}/v1/batch", content=_bomb(), auth=(key, ""), headers=headers, timeout=PATIENCE)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert _memory(server) < before + (32 << 20)


def test_unknown_keys_methods_and_paths_are_answered(server: Server) -> None:
    wrong = server.send("wk_nobody", track("m-1"))
    assert (wrong.status_code, wrong.json()["code"]) == (401, "write-key-unknown")
    missing = httpx.post(f"{server.url}/v1/track", json=track("m-1"), timeout=PATIENCE)
    assert (missing.status_code, missing.json()["code"]) == (401, "write-key-missing")
    put = httpx.put(f"{server.url}/v1/track", json=track("m-1"), timeout=PATIENCE)
    assert (put.status_code, put.headers["allow"]) == (405, "POST, OPTIONS")
    nothing = server.get("/api/v1/no-such-thing")
    assert nothing.status_code in (401, 404)
    assert nothing.headers["content-type"].startswith("application/problem+json")


def test_a_request_cut_in_the_middle_harms_nobody(server: Server, brand: Brand) -> None:
    key = write_key(brand.commands, "shop")

    def half() -> Iterator[bytes]:
        yield b'{"batch": ['
        raise ConnectionAbortedError("gone")

    with contextlib.suppress(ConnectionAbortedError, httpx.HTTPError):
        httpx.post(f"{server.url}/v1/batch", content=half(), auth=(key, ""), timeout=PATIENCE)
    assert server.get("/readyz").status_code == 200


def _memory(server: Server) -> int:
    """Resident bytes of the collectors."""
    total = 0
    for pid in server.collectors():
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        total += int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) << 10
    return total


# A full disk


@pytest.fixture
def tiny_disk(bare: Commands) -> Iterator[Path]:
    """The workspace's data folder on a disk of 24 MB."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    data = bare.root / "data"
    aside = bare.root / "aside"
    data.rename(aside)
    data.mkdir(mode=0o700)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", str(data)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        shutil.copytree(aside, data, dirs_exist_ok=True)
        yield data
    finally:
        subprocess.run(["umount", "--lazy", str(data)], check=True)


def test_a_full_disk_costs_nothing_that_was_acknowledged(bare: Commands, tiny_disk: Path) -> None:
    with serving(bare) as server:
        assert server.send("wk_bare", track("m-0")).status_code == 200
        applied(bare)
        filler = tiny_disk / "filler"
        _fill(filler)
        taken = ["m-0"]
        refused = None
        for number in range(1, 200):
            answer = server.send("wk_bare", track(f"m-{number}", context={"note": "x" * 20_000}))
            if answer.status_code != 200:
                refused = answer
                break
            taken.append(f"m-{number}")
        assert refused is not None, "the disk never became full"
        assert (refused.status_code, refused.json()["code"]) == (503, "log-unavailable")
        assert int(refused.headers["retry-after"]) > 0
        assert str(tiny_disk) not in refused.text
        red = server.get("/readyz")
        assert red.status_code == 503 and "log" in red.json()["checks"]
        filler.unlink()
        eventually(lambda: server.get("/readyz").status_code == 200, "readiness once there is room again")
        assert server.send("wk_bare", track("m-last")).status_code == 200
        applied(bare)
        found = bare.query("SELECT count(DISTINCT event_id) AS n FROM events")[0]["n"]
        assert found == len(taken) + 1


def _fill(path: Path) -> None:
    """Take all the room there is."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096):
            with contextlib.suppress(OSError):
                while True:
                    file.write(json.dumps("full").encode().ljust(size))
