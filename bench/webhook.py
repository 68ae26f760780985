"""Encrypted WeChat pushes per second on disk, and how long the platform waits for its answer (it hangs up after 5 s).

Real collector processes and the channel of Official Accounts in safe mode: signature, AES-256-CBC, XML, fsync before
the answer; the load client is on the same machine. In the same run, on one core: the signature and the decryption
alone, and the channel's whole check without HTTP and disk. Ends with a check that every accepted push is in the log.

    python bench/webhook.py [--seconds 5] [--processes 2] [--connections 16] [--pushes 2000]
"""

from __future__ import annotations

import argparse
import base64
import json
import multiprocessing
import os
import secrets
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parent))
import _load
from onepool.channels import registry
from onepool.channels.base import Request
from onepool.channels.base.wechat_crypto import decrypt, encrypt, read_key, signature, signed
from onepool.clock import SystemClock
from onepool.collect.accounts import Accounts
from onepool.collect.log import SqliteLog
from onepool.collect.serve import serve_collector
from onepool.collect.touchpoint import CachedTouchpoints, Touchpoint

RESULTS = Path(__file__).parent / "results"
APPID, TOKEN = "wx5a1d0c7e93b2f401", "benchtoken"
TOUCHPOINT = Touchpoint(
    "oa", "wechat_oa", settings={"appid": APPID, "token": "file:token", "encoding_aes_key": "file:aes_key"}
)
MESSAGE = (
    "<xml><ToUserName><![CDATA[gh_7c1d20ab93ef]]></ToUserName><FromUserName><![CDATA[o{n:027d}]]></FromUserName>"
    "<CreateTime>{at}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[请问纸尿裤有货吗？]]></Content>"
    "<MsgId>{n}</MsgId></xml>"
)


def collector(sock: socket.socket, folder: Path) -> None:
    touchpoints = CachedTouchpoints(lambda: [TOUCHPOINT])
    log = SqliteLog(folder / "log.sqlite")
    serve_collector(sock, log, touchpoints, SystemClock(), accounts=Accounts(folder))


def pushes(count: int, key: bytes) -> list[Request]:
    """Pushes as the platform sends them in safe mode, each with a nonce and a message of its own."""
    at = str(int(time.time()))
    found = []
    for number in range(count):
        sealed = encrypt(MESSAGE.format(n=24_000_000_000_000_000 + number, at=at), key, APPID)
        nonce = secrets.token_hex(5)
        query = {
            "signature": signature(TOKEN, at, nonce), "timestamp": at, "nonce": nonce, "openid": f"o{number:027d}",
            "encrypt_type": "aes", "msg_signature": signature(TOKEN, at, nonce, sealed),
        }  # fmt: skip
        body = f"<xml><ToUserName><![CDATA[gh_7c1d20ab93ef]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        found.append(Request("POST", "", urlencode(query), {"content-type": "text/xml"}, body.encode()))
    return found


def wire(push: Request) -> bytes:
    """The bytes of one request."""
    head = (
        f"POST /hooks/oa?{push.query} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Mozilla/4.0\r\n"
        f"Content-Type: text/xml\r\nContent-Length: {len(push.body)}\r\n\r\n"
    )
    return head.encode() + push.body


def rate(work: Callable[[Request], object], items: list[Request], seconds: float) -> float:
    """How often per processor second of one core."""
    count, start = 0, time.process_time()
    while time.process_time() - start < seconds:
        for one in items[:200]:
            work(one)
        count += len(items[:200])
    return count / (time.process_time() - start)


def crypto(push: Request, key: bytes) -> str:
    """What can't be saved: the signature and the decryption."""
    said = push.args
    sealed = push.body.decode().partition("<Encrypt><![CDATA[")[2].partition("]]>")[0]
    if not signed(said["msg_signature"], TOKEN, said["timestamp"], said["nonce"], sealed):
        raise SystemExit("a signature does not fit")
    return decrypt(sealed, key, APPID)


def run(folder: Path, requests: list[bytes], options: argparse.Namespace) -> tuple[_load.Load, float, int]:
    """The load, the collectors' CPU seconds, and the pushes in the log afterwards."""
    sock = socket.create_server(("127.0.0.1", 0), backlog=1024)
    port = sock.getsockname()[1]
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=collector, args=(sock, folder)) for _ in range(options.processes)]
    for worker in workers:
        worker.start()
    _load.wait_ready(port, options.processes)
    begun = sum(_load.cpu_seconds(worker.pid or 0) for worker in workers)  # starting is not taking in
    load = _load.run(
        port, requests, connections=options.connections, warm_up=1.0, seconds=options.seconds, ending=b"success"
    )
    cpu = sum(_load.cpu_seconds(worker.pid or 0) for worker in workers) - begun
    for worker in workers:
        os.kill(worker.pid or 0, signal.SIGTERM)
    for worker in workers:
        worker.join(20)
    sock.close()
    log = SqliteLog(folder / "log.sqlite")
    in_log = log.end()
    log.close()
    return load, cpu, in_log


_SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--pushes", type=int, default=2000, help="different ones; each is sent again and again")
    options = parser.parse_args()

    written = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    while not written.isalnum():  # the platform's keys are letters and digits
        written = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    key = read_key(written)
    made = pushes(options.pushes, key)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "token").write_text(TOKEN)
        (folder / "aes_key").write_text(written)
        account = Accounts(folder).of(TOUCHPOINT)
        check, now = registry.channel("wechat_oa").check, datetime.now(UTC)
        assert check is not None
        limit = min(1.0, options.seconds)
        crypto_rate = rate(lambda push: crypto(push, key), made, limit)
        check_rate = rate(lambda push: check(push, account, now), made, limit)
        load, cpu, in_log = run(folder, [wire(push) for push in made], options)

    per_second = len(load.latencies) / load.seconds
    result = {
        "bench": "webhook",
        "pushes_per_second": round(per_second),
        "answer_ms": {name: round(load.percentile(share) * 1000, 1) for name, share in _SHARES.items()},
        "collector_cpu_seconds": round(cpu, 1),
        "cpu_us_per_push": round(cpu / load.accepted * 1e6) if load.accepted else None,
        "limits_one_core": {"signature and decryption": round(crypto_rate), "the channel's check": round(check_rate)},
        "crypto_us_per_push": round(1e6 / crypto_rate),
        "failures": load.failures,
        "accepted": load.accepted,
        "in_log": in_log,
        "options": {name: getattr(options, name) for name in ("processes", "connections", "seconds", "pushes")},
        "cores": os.cpu_count(),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "webhook.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"{'':44}{'pushes/s':>12}{'ratio':>8}")
    print(f"{'HTTP to disk (fsync before the answer)':44}{per_second:12,.0f}{1.0:8.2f}")
    for name, value in (("signature and decryption, one core", crypto_rate), ("the check, one core", check_rate)):
        print(f"{name:44}{value:12,.0f}{value / per_second:8.2f}")
    print(f"answer ms {result['answer_ms']}; failures {load.failures}")
    print(f"CPU of a push {result['cpu_us_per_push']} µs, of which crypto {result['crypto_us_per_push']} µs")
    if in_log < load.accepted or load.failures:
        raise SystemExit(f"LOST: {load.accepted} were accepted, {in_log} are there; {load.failures} were refused")


if __name__ == "__main__":
    main()
