"""Calls of journeys to the brand's own servers: signed, one key, five tries, answers kept by their type."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, insert, select

from onepool.channels import registry
from onepool.channels.base import Answer, Receipt
from onepool.channels.connection import Connection
from onepool.reach import effects
from onepool.reach.effects import BACKOFF, TRIES, Effects, saved
from onepool.reach.lanes import Lanes
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


@pytest.fixture
def calls(called: tuple[Outbox, list[httpx.Request], list[int]]) -> tuple[Outbox, Effects, Lanes, list[Any]]:
    """One call that is due, and lanes that keep what is submitted for the test to make."""
    outbox = called[0]
    kept: list[Any] = []

    class Slow(Lanes):
        def submit(self, name: str, call: Any, *args: Any) -> Any:
            if self.closing.is_set():
                raise RuntimeError("closing")
            kept.append(lambda: call(*args))

    lanes = Slow(1)
    return outbox, Effects(outbox.workspace.state, outbox.clock, outbox.senders._account, lanes), lanes, kept


def test_a_call_that_waited_long_for_its_thread_has_a_new_lease(
    calls: tuple[Outbox, Effects, Lanes, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox, effects_, _, kept = calls
    leases = []

    def call(of: Any, said: Any) -> tuple[Receipt, None]:
        leases.append(row(outbox).next_attempt - outbox.now)
        return Receipt("sent"), None

    monkeypatch.setattr(effects_, "_call", call)
    assert effects_.step() == 1
    outbox.clock.advance(timedelta(seconds=59))
    kept.pop()()
    assert (leases, row(outbox).status) == ([60 * 1_000_000], "done")


def test_a_call_that_somebody_else_has_taken_meanwhile_is_not_made(
    calls: tuple[Outbox, Effects, Lanes, list[Any]], called: tuple[Outbox, list[httpx.Request], list[int]]
) -> None:
    outbox, effects_, _, kept = calls
    effects_.step()
    outbox.clock.advance(timedelta(seconds=61))
    assert effects_.step() == 1
    first, second = kept
    first()
    assert called[1] == []
    second()
    assert (len(called[1]), row(outbox).status, effects_.underway) == (1, "done", 0)


def test_a_call_that_comes_when_all_is_closing_is_put_back(calls: tuple[Outbox, Effects, Lanes, list[Any]]) -> None:
    outbox, effects_, lanes, _ = calls
    lanes.closing.set()
    effects_.step()
    found = row(outbox)
    assert (found.status, found.attempts, found.next_attempt, effects_.underway) == ("waiting", 0, None, 0)


def test_one_look_is_bounded_and_the_next_goes_on_from_there(
    called: tuple[Outbox, list[httpx.Request], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much waits for a server that hangs: a step reads so many rows, and locks the state for what it takes."""
    outbox = called[0]
    for name, value in (("_AT_ONCE", 1), ("_LOOK", 2), ("_PAGES", 2)):
        monkeypatch.setattr(effects, name, value)
    values = {
        "run_id": 1, "customer_id": 1, "node": 0, "visit": 0, "kind": "webhook", "status": "waiting",
        "created": outbox.now, "due": outbox.now * 2, "attempts": 0, "told": False,
    }  # fmt: skip
    some = [(number, "hangs", None) for number in range(5)] + [(6 + number, "hangs", 3) for number in range(5)]
    rows = [{**values, "key": key, "next_attempt": at, "payload": json.dumps({"touchpoint": name})}
            for key, name, at in [*some, (40, "late", 3)]]  # fmt: skip
    with outbox.workspace.state.write() as connection:
        connection.execute(delete(journey_effects))
        connection.execute(insert(journey_effects), rows)
    begun: list[int] = []

    class Hangs:
        closing = threading.Event()

        def submit(self, lane: str, call: Any, row: Any, said: Any) -> None:
            begun.append(row.key)

    calls = Effects(outbox.workspace.state, outbox.clock, lambda _: None, Hangs())  # type: ignore[arg-type, return-value]
    assert [calls.step() for _ in range(2)] == [1, 0]
    with monkeypatch.context() as patch:
        patch.setattr(type(outbox.workspace.state), "write", None)  # nothing to take: nothing is locked
        while calls._after is not None and calls._after < (3, 8):
            assert calls.step() == 0
    assert calls.step() == 1 and begun == [0, 40]


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
