"""Drives the real clients. Each driver tells its story to a server and returns what should have arrived there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.clients.story import PAST, Sent, server_story

NODE_FOLDER = Path(__file__).parent / "node"

Driver = Callable[[str, str, str], list[Sent]]


def segment_python(url: str, write_key: str, prefix: str, *, gzip: bool = False) -> list[Sent]:
    from segment.analytics.client import Client

    return _python(Client(write_key, host=url, gzip=gzip, on_error=_fail, max_retries=2), prefix)


def segment_python_gzip(url: str, write_key: str, prefix: str) -> list[Sent]:
    return segment_python(url, write_key, prefix, gzip=True)


def rudder_python(url: str, write_key: str, prefix: str) -> list[Sent]:
    from rudderstack.analytics.client import Client

    return _python(Client(write_key, host=url, on_error=_fail, max_retries=2), prefix)


def segment_node(url: str, write_key: str, prefix: str) -> list[Sent]:
    return _node("segment.mjs", url, write_key, prefix)


def rudder_node(url: str, write_key: str, prefix: str) -> list[Sent]:
    return _node("rudder.mjs", url, write_key, prefix, GZIP="0")


def rudder_node_gzip(url: str, write_key: str, prefix: str) -> list[Sent]:
    """Sends gzip under the content type of a form."""
    return _node("rudder.mjs", url, write_key, prefix, GZIP="1")


DRIVERS: dict[str, Driver] = {
    "segment-python": segment_python,
    "segment-python-gzip": segment_python_gzip,
    "rudder-python": rudder_python,
    "segment-node": segment_node,
    "rudder-node": rudder_node,
    "rudder-node-gzip": rudder_node_gzip,
}
"""Driver by name: ``driver(url, write_key, prefix)``; ``prefix`` keeps the people of two runs apart."""


def node_modules() -> bool:
    """Whether the Node clients are there, installing them from the lock file if npm can."""
    if all((NODE_FOLDER / "node_modules" / name).is_dir() for name in ("@segment", "sa-sdk-miniprogram")):
        return True
    npm = shutil.which("npm")
    return npm is not None and subprocess.run([npm, "ci", "--ignore-scripts"], cwd=NODE_FOLDER).returncode == 0


def _python(client: Any, prefix: str) -> list[Sent]:
    """The two Python clients have the same methods."""
    one, anon = f"{prefix}-u1", f"{prefix}-anon-1"
    client.identify(user_id=one, traits={"email": f"{prefix}@example.com", "name": "张三", "createdAt": PAST})
    client.track(
        user_id=one,
        anonymous_id=anon,
        event="Order Completed",
        properties={"order_id": f"{prefix}-o1", "revenue": 99.5, "currency": "CNY", "coupon": None},
        timestamp=PAST,
    )
    client.track(anonymous_id=f"{prefix}-anon-2", event="Product Viewed", properties={"product_id": "p-1", "price": 12})
    client.page(user_id=one, category="Docs", name="Python", properties={"url": "http://x.example/"})
    client.screen(user_id=one, category="c", name="Home")
    client.group(user_id=one, group_id=f"{prefix}-g1", traits={"plan": "vip"})
    client.alias(previous_id=f"{prefix}-anon-2", user_id=one)
    for n in range(25):
        client.track(user_id=f"{prefix}-u{n}", event="Small Event", properties={"n": n})
    client.shutdown()
    return server_story(prefix)


def _fail(error: Exception, items: object) -> None:
    raise AssertionError(f"the client could not deliver {items}: {error}")


def _node(script: str, url: str, write_key: str, prefix: str, **extra: str) -> list[Sent]:
    settings = {"ENDPOINT": url, "WRITE_KEY": write_key, "PREFIX": prefix, "PAST": PAST.isoformat(), **extra}
    done = subprocess.run(
        ["node", script], cwd=NODE_FOLDER, env={**os.environ, **settings}, capture_output=True, text=True, timeout=60
    )
    if done.returncode != 0:
        raise AssertionError(f"{script} failed: {json.dumps(done.stdout[-2000:])} {done.stderr[-2000:]}")
    return server_story(prefix)
