"""Changed requests against the collector in process, then decoded and standardised: what became of them, and how long.

Each request is a platform's own push with something cut, doubled, exchanged or put in, and signed anew (nine in ten) or
not. A request that ends in a 5xx, a push that a channel fails at or that standardising fails at, and one that takes
longer than the limit are failures: they are printed with the seed that makes them again, and the exit status is 1.

    script/bench fuzz_hooks [--requests 2000] [--seed 1] [--only oa,sms] [--seconds 1.0]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import copy
import gzip
import json
import random
import re
import resource
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.channels.forge import PLATFORMS, Platform  # noqa: E402
from tests.channels.hostile import BODIES  # noqa: E402

from onepool.channels.base import Request  # noqa: E402
from onepool.clock import FakeClock  # noqa: E402
from onepool.collect.accounts import Accounts  # noqa: E402
from onepool.collect.hooks import HookFigures, Hooks  # noqa: E402
from onepool.collect.inbound import decode  # noqa: E402
from onepool.collect.log import NewRecord, Record  # noqa: E402
from onepool.collect.touchpoint import CachedTouchpoints, Touchpoint  # noqa: E402
from onepool.standards import Standard, StandardSettings, load_standard, standardise  # noqa: E402

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SETTINGS = StandardSettings(digest_key=b"a key for the fuzz run only")
PIECES = (
    b"<", b">", b"&", b"]]>", b"<![CDATA[", b"&#0;", b"&#xffff;", b"<!DOCTYPE a>", b'"', b"'", b"\\", b"\\u0000",
    b"\\ud800", b"{", b"}", b"[", b"]", b"[[[[", b",", b":", b"null", b"true", b"-1", b"1e999", b"1e-999", b"NaN",
    b"9" * 30, b"9" * 5000, b"\0", b"\xff\xfe", b"\xc3\x28", "𝒳\u202e\ufeff".encode(), b"%00", b"%u0041", b"a" * 70_000,
    b"''; DROP TABLE events; --", b"${jndi:ldap://x}", b"{{7*7}}", b"../../etc/passwd", b"\r\nX: y", b"=cmd|' /C x'!A0",
)  # fmt: skip

VALUES: tuple[Any, ...] = (
    None, True, False, 0, 7, 2**53 + 1, 2**63, -(2**63), 2**64, 10**40, 0.1, 1e308, 5e-324, -0.0, "", " ", "0", "-1",
    "null", "NaN", "Infinity", "1e999999999", "9" * 400, "a" * 5000, "王", "𝒳\u202e", "\x00", "\ud800", "\u2028", "<b>",
    "13812345678", "+86 138-1234-5678", "138****5678", "2026-01-02", "2026-13-45 99:99:99", "0000-00-00 00:00:00",
    "2026-01-02T03:04:05+99:99", "1767323045", "1767323045000", [], {}, [[]], [{}], {"": None}, {"a": {"a": {"a": []}}},
    [1, "a", None, {}], "[1,2", "%7B%22", "a=b&c", "wmAJ2GCAAAXtWyujaWJHDDGi0mAAAA", "a,b,,c", "; DROP TABLE events",
)  # fmt: skip
_TEXTS = re.compile(rb">([^<>]*)</")


@dataclass
class Tally:
    """What became of the requests to one touchpoint. ``slowest``: seconds of processor time, and of what."""

    outcomes: Counter[str] = field(default_factory=Counter)
    items: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")


class _Writer:
    """A log that keeps the last record."""

    def __init__(self) -> None:
        self.last: NewRecord | None = None
        self.trouble = None
        self.queued = 0

    def append(self, record: NewRecord) -> asyncio.Future[int]:
        self.last = record
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        done.set_result(1)
        return done


def changed(chance: random.Random, platform: Platform) -> tuple[bytes, str]:
    """A body, and in words what was done to it."""
    lot = chance.random()
    if lot < 0.05:
        name = chance.choice(list(BODIES))
        return BODIES[name], name
    sample = chance.choice(platform.samples)
    if lot < 0.7 and sample[:1] in (b"<", b"[", b"{"):  # a mail and a query have no values of that kind
        return (_other_xml if sample.startswith(b"<") else _other_json)(chance, sample), "another value"
    body = bytearray(sample)
    done = []
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        start = chance.randrange(len(body) + 1)
        end = min(len(body), start + chance.choice((0, 1, 1, 4, 30)))
        what = chance.choice(("put", "cut", "double", "flip", "move", "join"))
        done.append(what)
        if what == "put":
            body[start:end] = chance.choice(PIECES)
        elif what == "cut":
            del body[start:end]
        elif what == "double":
            body[start:start] = body[start:end] * chance.choice((1, 2, 50))
        elif what == "flip" and start < len(body):
            body[start] ^= 1 << chance.randrange(8)
        elif what == "move":
            piece = bytes(body[start:end])
            del body[start:end]
            place = chance.randrange(len(body) + 1)
            body[place:place] = piece
        else:
            body += chance.choice(platform.samples)
    return bytes(body), "+".join(done)


def _other_xml(chance: random.Random, sample: bytes) -> bytes:
    """The sample with the text of some parts exchanged."""
    for _ in range(chance.choice((1, 1, 2, 5))):
        parts = list(_TEXTS.finditer(sample))
        part = chance.choice(parts)
        value = chance.choice(VALUES)
        text = value if isinstance(value, str) else json.dumps(value)
        put = chance.choice((f"<![CDATA[{text}]]>", escape(text), f"<Item>{escape(text)}</Item>" * 3))
        sample = sample[: part.start(1)] + put.encode("utf-8", "replace") + sample[part.end(1) :]
    return sample


def _other_json(chance: random.Random, sample: bytes) -> bytes:
    """The sample with some of its values exchanged, also inside of texts that are JSON themselves."""
    whole = json.loads(sample)
    for _ in range(chance.choice((1, 1, 2, 5))):
        whole = _exchanged(chance, whole)
    return json.dumps(whole, ensure_ascii=chance.random() < 0.5).encode("utf-8", "replace")


def _exchanged(chance: random.Random, value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "[") and chance.random() < 0.95:
        with contextlib.suppress(ValueError):
            return json.dumps(_exchanged(chance, json.loads(value)))
    if chance.random() < 0.08 or not isinstance(value, dict | list) or not value:
        return chance.choice(VALUES)
    value = copy.copy(value)
    place = chance.choice(list(value)) if isinstance(value, dict) else chance.randrange(len(value))
    if isinstance(value, dict) and chance.random() < 0.1:
        value[chance.choice(("", "a", "phone", "data", "名", "a" * 300, *value))] = value.pop(place)
    else:
        value[place] = _exchanged(chance, value[place])
    return value


def request_of(chance: random.Random, platform: Platform) -> tuple[Request, str]:
    """A request to send: mostly signed as the platform does, sometimes with the signature or address spoilt."""
    body, told = changed(chance, platform)
    request = platform.sign(body, NOW)
    lot = chance.random()
    if lot < 0.03:
        request, told = replace(request, query=request.query[: chance.randrange(len(request.query) + 1)]), "query cut"
    elif lot < 0.06:
        request, told = replace(request, body=request.body + chance.choice(PIECES)), "body changed after signing"
    elif lot < 0.08:
        request, told = replace(request, query=request.query + "&" + "&".join("a=1" * 300)), "query of many"
    elif lot < 0.1:
        request, told = replace(request, method="GET"), "GET with a body"
    elif lot < 0.14:
        packed = gzip.compress(request.body)
        packed = packed[: chance.choice((len(packed), len(packed) // 2))]
        request = replace(request, body=packed, headers={**request.headers, "content-encoding": "gzip"})
        told += ", gzip"
    return request, told


async def send(app: Hooks, platform: Platform, request: Request) -> tuple[int, str]:
    """Status and code of the answer."""
    path, _, query = platform.url(request).partition("?")
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in request.headers.items()]
    scope = {
        "type": "http",
        "method": request.method,
        "path": unquote(path),
        "query_string": query.encode("latin-1", "replace"),
        "headers": headers,
        "client": ("203.0.113.9", 1),
    }
    answer: dict[str, Any] = {"body": b""}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def take(message: Any) -> None:
        answer["status"] = message.get("status", answer.get("status"))
        answer["body"] += message.get("body", b"")

    await app(scope, receive, take)
    code = ""
    if answer["status"] != 200:
        code = json.loads(answer["body"])["code"]
    return answer["status"], code


async def fuzz(
    app: Hooks, writer: _Writer, platform: Platform, standard: Standard, requests: int, seed: int, limit: float
) -> tuple[Tally, list[str]]:
    """So many requests to one touchpoint; the tally, and what went wrong."""
    tally, failures = Tally(), []
    known = {platform.name: platform.touchpoint()}
    for sample in platform.samples:  # what is loaded at the first use is not measured
        await send(app, platform, platform.sign(sample, NOW))
        assert writer.last is not None
        _read(writer.last, standard, known, Tally(), failures, platform.name)
    for number in range(requests):
        chance = random.Random(f"{platform.name} {seed} {number}")
        request, told = request_of(chance, platform)
        place = f"{platform.name} --seed {seed}, request {number} ({told})"
        writer.last = None
        begun = time.process_time()
        status, code = await send(app, platform, request)
        if status >= 500:
            failures.append(f"{place}: answered {status} {code}")
        outcome = code or ("kept" if writer.last is not None else "answered")
        if writer.last is not None:
            outcome = _read(writer.last, standard, known, tally, failures, place)
        spent = time.process_time() - begun
        tally.outcomes[outcome] += 1
        tally.slowest = max(tally.slowest, (spent, told))
        if spent > limit:
            failures.append(f"{place}: took {spent:.2f} s of processor time")
    return tally, failures


def _read(
    new: NewRecord, standard: Standard, known: dict[str, Touchpoint], tally: Tally, failures: list[str], place: str
) -> str:
    record = Record(new.received_at, new.touchpoint, new.protocol, new.headers, new.body, 1)
    found = decode(record)
    for broken in found.broken:
        if broken.rule == "channel.failed":
            failures.append(f"{place}: {broken.message}")
    try:
        batch = standardise([record], standard, SETTINGS, known)
    except Exception as error:  # noqa: BLE001 whatever it is, it is what is looked for
        failures.append(f"{place}: standardising raised {type(error).__name__}: {error}")
        return "failed"
    tally.items += batch.rows.num_rows
    tally.rules.update(batch.quarantine.column("rule").to_pylist())
    if batch.rows.num_rows + batch.quarantine.num_rows == 0:
        return "kept, says nothing"
    return "kept, standardised" if batch.quarantine.num_rows == 0 else "kept, some of it waits"


async def run(requests: int, seed: int, only: set[str], limit: float) -> int:
    """All touchpoints one after the other; the exit status."""
    standard = load_standard()
    platforms = [one for one in PLATFORMS if not only or one.name in only]
    failures: list[str] = []
    results: dict[str, Any] = {"requests_per_touchpoint": requests, "seed": seed}
    with TemporaryDirectory() as folder:
        (Path(folder) / "secrets").mkdir()
        for one in platforms:
            for name, value in one.secrets.items():
                (Path(folder) / f"secrets/{one.name}.{name}").write_text(value)
        source = CachedTouchpoints(lambda: [one.touchpoint() for one in platforms])
        await source.refresh()
        writer = _Writer()
        app = Hooks(_nothing, writer, source, Accounts(Path(folder)), FakeClock(NOW), HookFigures())
        for one in platforms:
            tally, found = await fuzz(app, writer, one, standard, requests, seed, limit)
            failures += found
            print(f"\n{one.name} ({one.channel}): {tally.items:,} rows; slowest {tally.slowest[0] * 1000:.0f} ms "
                  f"({tally.slowest[1]})")  # fmt: skip
            for outcome, count in tally.outcomes.most_common():
                print(f"  {count:>7,}  {outcome}")
            for rule, count in tally.rules.most_common(6):
                print(f"           {count:>7,}  {rule}")
            results[one.name] = {
                "outcomes": dict(tally.outcomes), "rows": tally.items, "waiting": dict(tally.rules),
                "slowest_milliseconds": round(tally.slowest[0] * 1000, 1),
            }  # fmt: skip
    for line in failures[:50]:
        print(f"FAILED {line}")
    results["failures"] = len(failures)
    results["peak_megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    target = ROOT / "bench" / "results" / "fuzz_hooks.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    print(f"\n{len(failures)} failures, {results['peak_megabytes']} MB at most")
    return int(bool(failures))


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError("only callbacks are sent here")


def main() -> int:
    """Run and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--requests", type=int, default=2000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", default="")
    options.add_argument("--seconds", type=float, default=1.0)
    chosen = options.parse_args()
    only = {one for one in chosen.only.split(",") if one}
    return asyncio.run(run(chosen.requests, chosen.seed, only, chosen.seconds))


if __name__ == "__main__":
    sys.exit(main())
