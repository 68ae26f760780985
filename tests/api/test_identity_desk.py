"""The worker's desk asked from another process: what goes in comes out, whatever is asked."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from onepool.api import remote_desk
from onepool.api.remote_desk import DeskError, RemoteDesk
from onepool.identity.read.preview_types import Change, LastRun, MatchingState

from .identified import Rote


@pytest.fixture
def rote() -> Rote:
    return Rote()


@pytest.fixture
def remote(rote: Rote, monkeypatch: pytest.MonkeyPatch) -> RemoteDesk:
    """A remote desk whose socket ends at the other one."""

    def through(_self: httpx.Client, url: str, *, content: bytes) -> httpx.Response:
        assert url.endswith(remote_desk.PATH)
        return httpx.Response(200, content=remote_desk.answer(content, rote))

    monkeypatch.setattr(httpx.Client, "post", through)
    return RemoteDesk(Path("worker.sock"))


def test_what_is_asked_arrives(rote: Rote, remote: RemoteDesk) -> None:
    change = Change("split", 1, 4, (1, 2), ((1, 4), (2, 4)))
    assert remote.preview_decision(change) == rote.preview_decision(change)
    assert rote.asked == [change, change]
    body = {"types": {"phone": {"max_customers": 2}}}
    assert remote.preview_rules(body, ["vip"]) == rote.preview_rules(body, ["vip"])
    assert rote.asked[2] == rote.asked[3]
    assert remote.preview_thresholds(0.9, 0.4).pairs_joined == 12
    assert rote.asked[4] == (0.9, 0.4)


def test_models_and_segments_arrive(rote: Rote, remote: RemoteDesk) -> None:
    assert remote.compare_models(1, 2) == rote.compare_models(1, 2)
    assert remote.compare_models(2, 1, True, ["vip"]) == rote.compare_models(2, 1, True, ["vip"])
    assert rote.asked == [(1, 2, False, []), (1, 2, False, []), (2, 1, True, ["vip"]), (2, 1, True, ["vip"])]
    remote.preview_decision(Change("block", 1), ["vip"])
    assert rote.segments == ["vip"]
    remote.start_matching(False)
    assert (rote.learned, rote.engine) == (False, "onepool")
    remote.start_matching(engine="splink")
    assert (rote.learned, rote.engine) == (True, "splink")


def test_runs(rote: Rote, remote: RemoteDesk) -> None:
    assert remote.start_matching() == rote.state
    last = LastRun(datetime(2026, 11, 19, tzinfo=UTC), 40, 12, 8.5)
    assert remote.matching_state() == MatchingState("done", progress=1.0, last=last)


def test_a_refusal_is_told(monkeypatch: pytest.MonkeyPatch, remote: RemoteDesk) -> None:
    monkeypatch.setattr(httpx.Client, "post", lambda *_, **__: httpx.Response(422, text="no such type"))
    with pytest.raises(DeskError, match="no such type"):
        remote.matching_state()

    def gone(*_: object, **__: object) -> httpx.Response:
        raise httpx.ConnectError("gone")

    monkeypatch.setattr(httpx.Client, "post", gone)
    with pytest.raises(DeskError, match="does not answer"):
        remote.matching_state()
    remote.close()
