from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from tests.clients.server import TOUCHPOINT, WRITE_KEY, running_collector

from onepool.collect.touchpoint import CachedTouchpoints, Touchpoint, TouchpointsUnavailable
from onepool.errors import OnePoolError

BATCH = {"batch": [{"type": "track", "event": "A", "userId": "u"}], "writeKey": WRITE_KEY}


def test_a_key_made_a_moment_ago_is_known(tmp_path: Path) -> None:
    known: list[Touchpoint] = []
    source = CachedTouchpoints(lambda: known, every=0.0)
    with running_collector(tmp_path, source=source) as server:
        assert httpx.post(server.url + "/v1/batch", json=BATCH).status_code == 401
        known.append(TOUCHPOINT)
        assert httpx.post(server.url + "/v1/batch", json=BATCH).status_code == 200


def test_while_the_touchpoints_cannot_be_read_senders_are_told_to_come_again(tmp_path: Path) -> None:
    def load() -> list[Touchpoint]:
        raise OnePoolError("the state is locked")

    with running_collector(tmp_path, source=CachedTouchpoints(load)) as server:
        answer = httpx.post(server.url + "/v1/batch", json=BATCH)
        assert answer.status_code == 503
        assert answer.json()["code"] == "touchpoints-unavailable"
        assert "retry-after" in answer.headers
        assert "touchpoints" in httpx.get(server.url + "/readyz").json()["checks"]
        assert httpx.get(server.url + f"/v1/projects/{WRITE_KEY}/settings").status_code == 503


def test_a_source_that_breaks_in_an_unforeseen_way_turns_readiness_red(tmp_path: Path) -> None:
    loads = 0

    def load() -> list[Touchpoint]:
        nonlocal loads
        loads += 1
        if loads > 1:
            raise ZeroDivisionError
        return [TOUCHPOINT]

    with running_collector(tmp_path, source=CachedTouchpoints(load, every=0.0)) as server:
        while httpx.get(server.url + "/readyz").status_code == 200:
            pass
        assert "restart" in httpx.get(server.url + "/readyz").json()["checks"]["touchpoints"]
        assert httpx.post(server.url + "/v1/batch", json=BATCH).status_code == 200


def test_the_last_known_touchpoints_stay_when_they_cannot_be_read_again() -> None:
    failing = False
    loads = 0

    def load() -> list[Touchpoint]:
        nonlocal loads
        loads += 1
        if failing:
            raise OSError("gone")
        return [TOUCHPOINT, Touchpoint("files-only", "file")]

    async def story() -> None:
        nonlocal failing
        source = CachedTouchpoints(load, every=1000.0)
        with pytest.raises(TouchpointsUnavailable):
            source.by_write_key(WRITE_KEY)
        await asyncio.gather(*(source.refresh() for _ in range(5)))
        assert loads == 1  # strangers who try keys do not make us read all the time
        assert source.by_write_key(WRITE_KEY) is TOUCHPOINT
        assert source.by_write_key("") is None
        failing = True
        source._refreshed = float("-inf")
        await source.refresh()
        assert loads == 2
        assert source.by_write_key(WRITE_KEY) is TOUCHPOINT

    asyncio.run(story())
