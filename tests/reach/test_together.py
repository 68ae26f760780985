"""Messages that go in one call: an associate's group-send task is one, however many customers it is for; each customer
has an outcome of their own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from tests.sandbox.loop import BASE, client

from onepool.channels import registry
from onepool.channels.base import Account, Message, MessageKind
from onepool.channels.connection import Connection
from onepool.reach import broadcasts, questions, shared_tasks, together
from onepool.reach.broadcasts import Broadcaster
from onepool.reach.rules import SendPolicy
from onepool.reach.senders import Senders
from onepool.reach.states import SendState
from onepool.sandbox import Sandbox, parse
from onepool.sandbox.accounts import of_workspace
from onepool.sandbox.doubles.wecom import Wecom
from onepool.sandbox.scenario import Behaviour
from onepool.sending import senders
from onepool.state.outbox import sends

from .outbox import Outbox, make

STAFF = ("lisa", "amy", "kim")
BODY: dict[str, Any] = {
    "broadcast": "sale", "message": "hello", "channel": "wecom", "template": "QW", "staff": "owner",
    "audience": {"who": {"did": "contact_added"}}, "unknown": "query", "accept_within": "2 days",
}  # fmt: skip


class World:
    """A workspace with WeCom in the sandbox; every call is listed, and `fault` may answer it instead."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        scenario = {
            "scenario": "tasks",
            "people": {"count": 0},
            "staff": [{"id": one, "confirms": 0.0} for one in STAFF],
        }
        self.box = Sandbox(parse(scenario), of_workspace(outbox.workspace, []), outbox.clock, outbox.clock)
        double = self.box.doubles["wecom"]
        assert isinstance(double, Wecom)
        self.double = double
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.fault: Callable[[str, dict[str, Any]], httpx.Response | None] = lambda what, body: None
        self.after: Callable[[str], None] = lambda what: None
        inner = client(self.box)

        def answer(request: httpx.Request) -> httpx.Response:
            what = request.url.path.rpartition("/")[2]
            body = json.loads(request.read() or b"{}")
            self.calls.append((what, body))
            instead = self.fault(what, body)
            if instead is not None:
                return instead
            found = inner.send(request)
            self.after(what)
            return httpx.Response(found.status_code, content=found.content)

        http = httpx.Client(transport=httpx.MockTransport(answer))

        def of(account: Account) -> Connection:
            return Connection(registry.channel(account.channel), account, outbox.clock, http)

        self.senders: Senders = senders(outbox.workspace, SimpleNamespace(of=of, close=lambda: None))  # type: ignore[arg-type]

    def contacts(self, count: int) -> None:
        """So many customers, in turn of each associate."""
        for number in range(count):
            staff = STAFF[number % len(STAFF)]
            external = self.box.act("add", account="wecom", person=f"p{number}", given={"staff": staff})[
                "external_userid"
            ]
            ids = {"user_id": f"p{number}", "external_userid": external}
            self.outbox.event("wecom", "contact_added", ids, staff_id=staff)
            self.outbox.event("shop", "consent_granted", {"user_id": f"p{number}"}, purpose="marketing")
        self.outbox.settle()

    def broadcast(self) -> None:
        ws = self.outbox.workspace
        broadcasts.create(ws, BODY, "mei")
        broadcasts.start(ws, "sale", approval=False)
        self.plan()

    def plan(self) -> None:
        planner = Broadcaster(self.outbox.workspace, 70)
        while planner.step():
            self.senders.step()  # beside: what is still being planned is waited for

    def made(self) -> list[dict[str, Any]]:
        return [body for what, body in self.calls if what == "add_msg_template"]

    def states(self) -> Counter[tuple[str, str | None]]:
        with self.outbox.workspace.state.read() as connection:
            rows = connection.execute(select(sends.c.state, sends.c.reason)).all()
        return Counter((SendState(row.state).name, row.reason) for row in rows)

    def later(self, **span: float) -> None:
        self.outbox.clock.advance(timedelta(**span))
        self.senders.step()

    def shown(self, **asked: Any) -> list[shared_tasks.Shown]:
        with self.outbox.workspace.state.read() as connection:
            return shared_tasks.listed(connection, **asked)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("S", "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR")
    outbox = make(tmp_path / "ws")
    ws = outbox.workspace
    ws.settings = ws.settings.model_copy(update={"sandbox": BASE})
    found = ws.definitions.get("touchpoint", "wecom")
    assert found is not None
    ws.save("touchpoint", "wecom", found.body | {"sandbox": True}, author="test")
    made = World(outbox)
    yield made
    made.senders.close()
    outbox.close()


def test_a_broadcast_to_300_contacts_of_three_associates_is_three_tasks(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(world.double, "behaviour", Behaviour(page=30))
    world.contacts(300)
    world.broadcast()
    world.senders.step()
    made = world.made()
    assert sorted((one["sender"], len(one["external_userid"])) for one in made) == [
        ("amy", 100),
        ("kim", 100),
        ("lisa", 100),
    ]
    assert len({external for one in made for external in one["external_userid"]}) == 300
    assert world.states() == {("TASK", None): 300}
    shown = world.shown(status="open")
    assert sorted((one.row.staff_id, one.customers) for one in shown) == [("amy", 100), ("kim", 100), ("lisa", 100)]
    with world.outbox.workspace.state.read() as connection:
        assert shared_tasks.staff(connection) == [("amy", 1), ("kim", 1), ("lisa", 1)]
    # One confirms once, and that is for all of her customers.
    assert world.box.act("confirm", account="wecom", given={"staff": "lisa"})["confirmed"] == 1
    world.calls.clear()
    world.later(minutes=31)
    assert world.states() == {("ACCEPTED", None): 100, ("TASK", None): 200}
    asked = Counter(what for what, _ in world.calls)
    assert asked["get_groupmsg_send_result"] == 3 * 4, "three tasks, of four pages each"
    assert [one.counts for one in world.shown(status="done")] == [{"done": 100}]
    assert {one.row.staff_id for one in world.shown(status="open")} == {"kim", "amy"}
    world.outbox.settle()
    told = world.outbox.workspace.pool.query(
        "SELECT count(*) FROM events WHERE event = 'message_sent' AND staff_id = 'lisa'"
    )
    assert told.column(0)[0].as_py() == 100
    # Who never confirms: given up when the time is over.
    world.outbox.clock.advance(timedelta(days=2))
    Broadcaster(world.outbox.workspace).step()
    assert world.states() == {("ACCEPTED", None): 100, ("FAILED", "staff_timeout"): 200}


def test_each_customer_of_a_task_has_an_outcome_of_their_own(world: World) -> None:
    world.contacts(9)
    gone, late = world.double.contacts[external(world, 0)], world.double.contacts[external(world, 3)]
    gone.follows.pop("lisa")
    world.broadcast()
    world.senders.step()
    assert len(world.made()) == 3
    assert world.states() == {("TASK", None): 8, ("FAILED", "not_friend"): 1}
    # Until she confirms another one leaves, and a third gets too much of others.
    late.follows.pop("lisa")
    world.double.contacts[external(world, 6)].got += [("2026-03", f"2026-03-0{day}", "x") for day in range(1, 5)]
    for staff in ("lisa", "amy"):
        world.box.act("confirm", account="wecom", given={"staff": staff})
    world.later(minutes=31)
    assert world.states() == {
        ("TASK", None): 3, ("ACCEPTED", None): 3, ("FAILED", "not_friend"): 2, ("FAILED", "over_limit"): 1,
    }  # fmt: skip
    world.outbox.settle()
    left = world.outbox.workspace.pool.query("SELECT count(*) FROM events WHERE event = 'contact_removed'")
    assert left.column(0)[0].as_py() == 1


def external(world: World, number: int) -> str:
    contact = world.double.of(world.box.world.somebody(f"p{number}"))
    return contact.external


def test_one_who_makes_the_platform_refuse_the_call_is_found_and_the_others_go_together(world: World) -> None:
    world.contacts(24)
    bad = external(world, 12)

    def refuse(what: str, body: dict[str, Any]) -> httpx.Response | None:
        if what == "add_msg_template" and bad in body["external_userid"]:
            return httpx.Response(200, json={"errcode": 40096, "errmsg": "invalid external userid"})
        return None

    world.fault = refuse
    world.broadcast()
    world.senders.step()
    assert world.states() == {("TASK", None): 23, ("FAILED", "bad_address"): 1}
    tasks = Counter(body["sender"] for body in world.made() if bad not in body["external_userid"])
    assert tasks["amy"] == tasks["kim"] == 1 and tasks["lisa"] <= 3, "eight halved three times"


def test_a_refused_call_is_tried_again_for_all_of_it(world: World) -> None:
    world.contacts(6)
    world.fault = lambda what, body: (
        httpx.Response(200, json={"errcode": 45033, "errmsg": "busy"}) if what == "add_msg_template" else None
    )
    world.broadcast()
    world.senders.step()
    assert world.states() == {("RETRY", "rate_limited"): 6}
    world.fault = lambda what, body: None
    world.later(minutes=2)
    assert world.states() == {("TASK", None): 6}
    assert len([one for one in world.made() if len(one["external_userid"]) == 2]) >= 3


def test_a_call_without_an_answer_leaves_all_of_it_open_until_the_platforms_list_is_asked(world: World) -> None:
    world.contacts(6)

    def lose(what: str) -> None:
        if what == "add_msg_template" and world.made()[-1]["sender"] != "amy":
            raise httpx.ReadError("the answer broke off")

    world.after = lose
    world.broadcast()
    world.senders.step()
    assert world.states() == {("UNKNOWN", "unknown"): 4, ("TASK", None): 2}
    world.after = lambda what: None
    world.later(minutes=2)
    assert world.states() == {("TASK", None): 6}
    assert sorted((one.row.staff_id, one.customers) for one in world.shown()) == [("amy", 2), ("kim", 2), ("lisa", 2)]
    for staff in STAFF:
        world.box.act("confirm", account="wecom", given={"staff": staff})
    world.later(minutes=31)
    assert world.states() == {("ACCEPTED", None): 6}
    assert len(world.made()) == 3


def test_what_the_platform_never_got_stays_unknown_and_is_never_called_again(world: World) -> None:
    world.contacts(3)

    def lose(what: str, body: dict[str, Any]) -> httpx.Response | None:
        if what == "add_msg_template":
            raise httpx.ReadError("the answer broke off")
        return None

    world.fault = lose
    world.broadcast()
    world.senders.step()
    world.fault = lambda what, body: None
    for _ in range(60):
        world.later(minutes=31)
    assert world.states() == {("UNKNOWN", "unknown"): 3}
    assert len(world.made()) == 3


def test_a_task_that_another_message_is_known_by_is_not_taken_for_the_lost_one(world: World) -> None:
    world.contacts(1)
    (first,) = world.outbox.plan(["p0"], "wecom", SendPolicy(unknown="query"), journey="one")
    world.senders.step()
    assert world.outbox.state(first) == ("TASK", None)
    number = world.outbox.row(first).provider_id
    with world.outbox.workspace.state.write() as connection:
        # As on the next day, when the platform takes another one.
        connection.execute(sends.update().values(claimed=sends.c.claimed - 86_400_000_000 // 2))
    row = world.outbox.row(first)
    with world.outbox.workspace.state.read() as connection:
        lost = SimpleNamespace(**dict(row._mapping) | {"send_id": 5, "provider_id": None})
        assert questions._taken(connection, [lost]) == {5: [number]}  # type: ignore[list-item]
    message = Message("associate_task", {"external_userid": external(world, 0), "staff_id": "lisa"},
                      {"sent_at": row.claimed // 1_000_000 + 86_400 // 2, "known": [number]}, "k")  # fmt: skip
    reach = registry.channel("wecom").reach
    assert reach is not None and reach.inquire is not None
    line = world.senders._connections.of(world.senders._account("wecom"))
    assert [one.state for one in line.ask_many([message], "")] == ["task"]
    assert line.ask_many([message], "")[0].provider_id == ""
    told = Message(message.kind, message.to, {"sent_at": message.content["sent_at"]}, "k")
    assert line.ask_many([told], "")[0].provider_id == number


def test_what_says_something_else_or_is_of_somebody_twice_goes_in_another_call() -> None:
    reach = registry.channel("wecom").reach
    kind = next(one for one in registry.channel("wecom").manifest.messages if one.name == "associate_task")

    def one(who: str, staff: str = "lisa", text: str = "hi", kind: MessageKind = kind) -> Any:
        message = Message(kind.name, {"external_userid": who, "staff_id": staff}, {"text": text}, who)
        return SimpleNamespace(message=message, kind=kind)

    small = MessageKind(name="associate_task", title={"zh": "", "en": ""}, to=("external_userid",), together=2)
    given = [one("a"), one("b"), one("c", "amy"), one("d", text="Hi Di"), one("a"), one("e")]
    found = [[part.message.to["external_userid"] for part in parcel] for parcel in together.parcels(reach, given)]
    assert found == [["a", "b", "e"], ["c"], ["d"], ["a"]]
    found = [[part.message.to["external_userid"] for part in parcel]
             for parcel in together.parcels(reach, [one(who, kind=small) for who in "abcde"])]  # fmt: skip
    assert found == [["a", "b"], ["c", "d"], ["e"]]
    assert [len(parcel) for parcel in together.parcels(None, given)] == [1] * 6


def test_a_claim_takes_all_that_one_associate_has_before_it_begins_with_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onepool.reach.senders.BATCH", 4)
    world.contacts(30)
    world.broadcast()
    world.senders.step()
    assert sorted((one["sender"], len(one["external_userid"])) for one in world.made()) == [
        ("amy", 10),
        ("kim", 10),
        ("lisa", 10),
    ]
