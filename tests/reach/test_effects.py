"""Calls of journeys to the brand's own servers: signed, one key, five tries, answers kept by their type."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select

from onepool.channels import registry
from onepool.channels.base import Answer
from onepool.channels.connection import Connection
from onepool.reach import effects
from onepool.reach.effects import BACKOFF, TRIES, Effects, saved
from onepool.state.journeys import journey_effects

from .outbox import Outbox


@pytest.fixture
def called(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> tuple[Outbox, list[httpx.Request], list[int]]:
    """Requests that were made, and the statuses that are answered (200 when there are none left)."""
    requests: list[httpx.Request] = []
    statuses: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(statuses.pop(0) if statuses else 200, json={"level": "gold", "points": 7, "more": None})

    def line(self: Effects, account: Any) -> Connection:
        client = httpx.Client(transport=httpx.MockTransport(answer))
        return Connection(registry.channel("webhook"), account, outbox.clock, client)

    monkeypatch.setattr(Effects, "_line", line)
    settings = {"url": "https://crm.example/hook", "secret": "env:S", "verify": "hmac_sha256"}
    settings["signature_in"] = "header:X-Signature"
    outbox.workspace.save("touchpoint", "crm", {"touchpoint": "crm", "channel": "webhook", "settings": settings},
                          author="test")  # fmt: skip
    payload = {"touchpoint": "crm", "body": {"what": "vip"}, "save": {"level": "text", "points": "number"}}
    with outbox.workspace.state.write() as connection:
        connection.execute(
            insert(journey_effects).values(
                key=77, run_id=1, customer_id=1, node=0, visit=0, kind="webhook", payload=json.dumps(payload),
                status="waiting", created=outbox.now, due=outbox.now * 2, attempts=0, told=False,
            )
        )  # fmt: skip
    return outbox, requests, statuses


def row(outbox: Outbox) -> Any:
    with outbox.workspace.state.read() as connection:
        return connection.execute(select(journey_effects)).one()


def test_a_call_is_made_once_and_its_answer_kept(called: tuple[Outbox, list[httpx.Request], list[int]]) -> None:
    outbox, requests, _ = called
    outbox.senders.step()
    outbox.senders.step()
    (request,) = requests
    assert request.headers["idempotency-key"] == f"{77:016x}"
    assert request.headers["x-onepool-signature"].startswith("t=")
    assert json.loads(request.content)["content"] == {"what": "vip"}
    found = row(outbox)
    assert (found.status, json.loads(found.saved), found.attempts) == ("done", {"level": "gold", "points": 7}, 1)


def test_failures_are_tried_again_with_the_same_key(called: tuple[Outbox, list[httpx.Request], list[int]]) -> None:
    outbox, requests, statuses = called
    statuses += [503] * TRIES
    for wait in (*BACKOFF, 1000):
        outbox.senders.step()
        outbox.clock.advance(timedelta(seconds=max(wait, 61)))
    outbox.senders.step()
    assert (len(requests), row(outbox).status) == (TRIES, "failed")
    assert len({one.headers["idempotency-key"] for one in requests}) == 1


def test_a_refusal_is_final(called: tuple[Outbox, list[httpx.Request], list[int]]) -> None:
    outbox, requests, statuses = called
    statuses.append(422)
    outbox.senders.step()
    outbox.clock.advance(timedelta(hours=1))
    outbox.senders.step()
    assert (len(requests), row(outbox).status) == (1, "failed")


def test_a_server_that_hangs_takes_its_own_places_only(
    called: tuple[Outbox, list[httpx.Request], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = called[0]
    monkeypatch.setattr(effects, "_AT_ONCE", 2)
    monkeypatch.setattr(effects, "_LOOK", 4)
    begun: list[tuple[str, int]] = []

    class Hangs:
        closing = threading.Event()

        def submit(self, lane: str, call: Any, row: Any, said: Any) -> None:
            begun.append((lane, row.key))

    with outbox.workspace.state.write() as connection:
        values = {
            "run_id": 1, "customer_id": 1, "node": 0, "visit": 0, "kind": "webhook", "status": "waiting",
            "created": outbox.now, "due": outbox.now * 2, "attempts": 0, "told": False,
        }  # fmt: skip
        some = [(number, "hangs") for number in range(20)] + [(number, "other") for number in range(100, 103)]
        rows = [{**values, "key": key, "payload": json.dumps({"touchpoint": name, "body": {}})} for key, name in some]
        connection.execute(insert(journey_effects), rows)
    calls = Effects(outbox.workspace.state, outbox.clock, lambda _: None, Hangs())  # type: ignore[arg-type, return-value]
    assert calls.step() == 5
    assert sorted(begun) == [("crm:calls", 77), ("hangs:calls", 0), ("hangs:calls", 1), ("other:calls", 100),
                             ("other:calls", 101)]  # fmt: skip
    assert calls.step() == 0 and calls.underway == 5


@pytest.mark.parametrize(
    ("body", "wanted", "kept"),
    [
        ({"a": "x"}, {"a": "text"}, {"a": "x"}),
        ({"a": True}, {"a": "number"}, None),
        ({"a": "x"}, {"a": "text", "b": "text"}, None),
        ({"a": 1.5, "b": False}, {"a": "number", "b": "boolean"}, {"a": 1.5, "b": False}),
        (["a"], {"a": "text"}, None),
        ({"a": "x"}, {}, None),
    ],
)
def test_answers_are_kept_where_all_of_them_fit(body: Any, wanted: dict[str, str], kept: Any) -> None:
    assert saved(Answer(200, json.dumps(body).encode(), {}), wanted) == kept
