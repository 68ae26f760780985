"""A chain over three channels against the platforms' doubles: what they answer decides where it goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.sandbox.loop import BASE, client
from typer.testing import CliRunner

from onepool.channels import registry
from onepool.channels.base import Account
from onepool.channels.connection import Connection
from onepool.cli.app import app
from onepool.clock import to_micros
from onepool.journeys import store
from onepool.reach import shared_tasks, tasks
from onepool.reach.senders import Senders
from onepool.reach.states import SendState
from onepool.sandbox import Sandbox, parse
from onepool.sandbox.accounts import of_workspace
from onepool.sending import senders
from onepool.state.outbox import send_attempts, sends

from .outbox import Outbox, make

JOURNEY: dict[str, Any] = {
    "journey": "recall", "entry": {"did": "cart_added"}, "policy": {"category": "promotion", "expire_after": "2 days"},
    "max_life": "7 days", "start": "send",
    "nodes": {
        "send": {
            "do": "send", "message": "hello", "next": "done", "else": "lost",
            "chain": [
                {"channel": "wechat_oa", "kind": "template", "template": "OA",
                 "next_on": ["not_follower", "refused", "bad_address", "over_limit"]},
                {"channel": "wecom", "kind": "associate_task", "template": "QW", "staff": "owner",
                 "accept_within": "24 hours", "next_on": ["not_friend", "staff_timeout", "bad_address"]},
                {"channel": "sms", "kind": "marketing", "template": "SMS"},
            ],
        },
        "done": {"do": "end", "as": "completed"}, "lost": {"do": "end", "as": "unreachable"},
    },
}  # fmt: skip


class Lines:
    """Connections to the doubles, without a network."""

    def __init__(self, outbox: Outbox, box: Sandbox) -> None:
        self._clock, self._client = outbox.clock, client(box)

    def of(self, account: Account) -> Connection:
        return Connection(registry.channel(account.channel), account, self._clock, self._client)

    def close(self) -> None:
        """One client for all."""


@pytest.fixture
def outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outbox]:
    monkeypatch.setenv("S", "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR")
    made = make(tmp_path / "ws")
    ws = made.workspace
    ws.settings = ws.settings.model_copy(update={"sandbox": BASE})
    for name in ("oa", "wecom", "sms"):
        found = ws.definitions.get("touchpoint", name)
        assert found is not None
        ws.save("touchpoint", name, found.body | {"sandbox": True}, author="test")
    yield made
    made.close()


def sandboxed(outbox: Outbox) -> tuple[Sandbox, Senders]:
    scenario = parse(
        {"scenario": "chain", "people": {"count": 0}, "staff": [{"id": "lisa", "confirms": 1.0, "after": [60, 60]}]}
    )
    box = Sandbox(scenario, of_workspace(outbox.workspace, []), outbox.clock, outbox.clock)
    return box, senders(outbox.workspace, Lines(outbox, box))  # type: ignore[arg-type]


def hops(outbox: Outbox) -> list[tuple[str, str, str | None]]:
    with outbox.workspace.state.read() as connection:
        rows = connection.execute(select(sends).order_by(sends.c.hop)).all()
    return [(row.channel, SendState(row.state).name, row.reason) for row in rows]


def codes(outbox: Outbox) -> list[str | None]:
    with outbox.workspace.state.read() as connection:
        query = select(send_attempts.c.code).join(sends, sends.c.send_id == send_attempts.c.send_id)
        return list(connection.execute(query.order_by(sends.c.hop)).scalars())


def test_the_chain_goes_on_by_what_the_platforms_say(outbox: Outbox) -> None:
    """The pool believes that an follows and is a contact; the platforms know better."""
    outbox.person("an", "oa", "wecom", "sms")
    outbox.settle()
    outbox.workspace.save("journey", "recall", JOURNEY, author="test")
    store.publish(outbox.workspace, outbox.clock, "recall", author="test", may_approve=True)
    _, made = sandboxed(outbox)
    outbox.settle()
    outbox.event("shop", "cart_added", {"user_id": "an"}, product_id="P1")
    for _ in range(8):
        outbox.settle()
        made.step()
    # Neither of them knows the identifier; what they say of it is kept.
    assert hops(outbox) == [
        ("wechat_oa", "FAILED", "bad_address"),
        ("wecom", "FAILED", "bad_address"),
        ("sms", "ACCEPTED", None),
    ]
    assert codes(outbox) == ["40003", "40096", "OK"]
    outbox.clock.advance(timedelta(minutes=5))
    outbox.settle()
    ended = outbox.workspace.pool.query("SELECT reason FROM journey_runs").to_pylist()
    assert [row["reason"] for row in ended] == ["completed"]
    made.close()


def test_a_message_that_an_associate_confirms_is_asked_about_until_it_went_out(outbox: Outbox) -> None:
    box, made = sandboxed(outbox)
    contact = box.act("add", account="wecom", person="p1", given={"staff": "lisa"})["external_userid"]
    outbox.event("wecom", "contact_added", {"user_id": "an", "external_userid": contact}, staff_id="lisa")
    outbox.event("shop", "consent_granted", {"user_id": "an"}, purpose="marketing")
    outbox.settle()
    (number,) = outbox.plan(["an"], "wecom")
    made.step()
    assert outbox.state(number) == ("TASK", None)
    with outbox.workspace.state.read() as connection:
        (task,) = (one.row for one in shared_tasks.listed(connection, staff="lisa"))
    assert (task.key, task.status, task.told) == (number, "open", True)
    outbox.clock.advance(timedelta(minutes=31))
    made.step()
    assert outbox.state(number) == ("ACCEPTED", None)
    with outbox.workspace.state.read() as connection:
        assert tasks.find(connection, task.id).status == "done"
    outbox.settle()
    told = outbox.workspace.pool.query("SELECT event, staff_id FROM events WHERE event = 'message_sent'").to_pylist()
    assert told == [{"event": "message_sent", "staff_id": "lisa"}]
    made.close()


def test_an_answer_is_there_at_once_when_somebody_asks_for_it(outbox: Outbox) -> None:
    box, made = sandboxed(outbox)
    contact = box.act("add", account="wecom", person="p1", given={"staff": "lisa"})["external_userid"]
    outbox.event("wecom", "contact_added", {"user_id": "an", "external_userid": contact}, staff_id="lisa")
    outbox.event("shop", "consent_granted", {"user_id": "an"}, purpose="marketing")
    outbox.settle()
    (number,) = outbox.plan(["an"], "wecom")
    made.step()
    outbox.clock.advance(timedelta(minutes=2))
    made.step()
    assert outbox.state(number) == ("TASK", None), "confirmed, and nobody asked yet"
    ws = outbox.workspace
    found = CliRunner().invoke(app, ["task", "list", "--workspace", str(ws.root), "--json"])
    (task,) = json.loads(found.output)
    assert (task["staff"], task["customers"]) == ("lisa", 1)
    said = CliRunner().invoke(app, ["task", "ask", str(task["task"]), "--workspace", str(ws.root)])
    assert said.exit_code == 0, said.output
    with ws.state.write() as connection:
        tasks.ask(connection, task["task"], to_micros(outbox.clock.now()))
    made.step()
    assert outbox.state(number) == ("ACCEPTED", None)
    made.close()
