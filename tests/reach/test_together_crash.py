"""Kills with SIGKILL between any two steps of sending group-send tasks: each message is in one task at most, what the
platform has is known in the end, and what it never got is called unknown and not sent again."""

from __future__ import annotations

import json
import os
import random
import signal
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from onepool.channels import registry
from onepool.channels.base import Account, Answer, Message, Receipt
from onepool.clock import FakeClock
from onepool.reach.rules import SendPolicy
from onepool.reach.senders import Senders
from onepool.reach.states import SendState
from onepool.state.journeys import task_members, tasks
from onepool.state.outbox import sends

from .outbox import Outbox

PEOPLE = 12
STAFF = ("lisa", "amy", "kim")
KILLS = 60


class Left:
    """How many steps a life still has; SQL statements, commits and calls are steps."""

    def __init__(self, count: int) -> None:
        self.count = count

    def step(self, *_: Any) -> None:
        self.count -= 1
        if self.count == 0:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Corp:
    """The platform: a file with a line for each task. All tasks are confirmed as soon as they are asked about."""

    path: Path
    clock: FakeClock
    left: Left

    def of(self, account: Account) -> Corp:
        self.account = account
        return self

    def close(self) -> None:
        """Nothing is open."""

    def send(self, message: Message) -> Receipt:
        return self.send_many([message])[0]

    def send_many(self, messages: Sequence[Message]) -> list[Receipt]:
        reach = registry.channel("wecom").reach
        assert reach is not None and reach.batch is not None and reach.outcome is not None
        ((part, call),) = reach.batch(messages, self.account, self.clock.now())
        assert part == list(messages)
        made = self.made()
        body = {"msgid": f"msg{len(made)}", "at": int(self.clock.now().timestamp()), **call.json}
        self.left.step()
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(handle, (json.dumps(body) + "\n").encode())
        os.close(handle)
        self.left.step()
        answer = Answer(200, json.dumps({"errcode": 0, "msgid": body["msgid"], "fail_list": []}).encode())
        return [reach.outcome(one, answer) for one in messages]

    def ask(self, message: Message, number: str) -> Receipt:
        return self.ask_many([message], number)[0]

    def ask_many(self, messages: Sequence[Message], number: str) -> list[Receipt]:
        reach = registry.channel("wecom").reach
        assert reach is not None and reach.inquire is not None
        steps = reach.inquire(messages, number, self.account, self.clock.now())
        try:
            call = next(steps)
            while True:
                self.left.step()
                call = steps.send(Answer(200, json.dumps(self._answer(call.url, call.json)).encode()))
        except StopIteration as ended:
            found: list[Receipt] = list(ended.value)
            return found

    def made(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []

    def _answer(self, url: str, asked: dict[str, Any]) -> dict[str, Any]:
        if url.endswith("get_groupmsg_list_v2"):
            found = [one for one in self.made() if asked["start_time"] <= one["at"] <= asked["end_time"]]
            return {"errcode": 0, "group_msg_list": [{"msgid": one["msgid"]} for one in found]}
        for one in self.made():
            if (one["msgid"], one["sender"]) == (asked["msgid"], asked["userid"]):
                listed = [
                    {"external_userid": each, "userid": one["sender"], "status": 1} for each in one["external_userid"]
                ]
                return {"errcode": 0, "send_list": listed}
        return {"errcode": 40058, "errmsg": "invalid request parameter"}


class Log:
    """What platforms said does not matter here."""

    def append(self, records: Sequence[Any]) -> list[int]:
        return [0 for _ in records]


@pytest.fixture
def planned(outbox: Outbox) -> Iterator[tuple[Outbox, list[int]]]:
    for number in range(PEOPLE):
        mine = {"user_id": f"p{number}", "external_userid": f"w-{number}"}
        outbox.event("wecom", "contact_added", mine, staff_id=STAFF[number % 3])
        outbox.event("shop", "consent_granted", {"user_id": f"p{number}"}, purpose="marketing")
    outbox.settle()
    numbers = outbox.plan([f"p{number}" for number in range(PEOPLE)], "wecom", SendPolicy(unknown="query"))
    yield outbox, numbers


def life(outbox: Outbox, path: Path, left: Left) -> Senders:
    """Everything that is to do in two days, unless it ends before."""
    ws = outbox.workspace
    clock = FakeClock(outbox.clock.now())
    place = SimpleNamespace(data=ws.data, state=ws.state, pool=ws.pool, log=Log(), clock=clock, sandbox=None,
                            settings=ws.settings, definitions=ws.definitions, touchpoints=ws.touchpoints)  # fmt: skip
    event.listen(Engine, "before_cursor_execute", left.step)
    event.listen(Engine, "commit", left.step)
    senders = Senders(place, connections=Corp(path, clock, left), threads=1)  # type: ignore[arg-type]
    for minutes in (0, 2, 40, 40, 40, 60 * 26, 60):
        clock.advance(timedelta(minutes=minutes))
        senders.step()
    return senders


def warm(outbox: Outbox, path: Path) -> None:
    """One life in this process, so that those that are killed find everything loaded and compiled."""
    left = Left(0)
    life(outbox, path, left).close()
    event.remove(Engine, "before_cursor_execute", left.step)
    event.remove(Engine, "commit", left.step)


def fork(outbox: Outbox, path: Path, steps: int) -> bool:
    """A life of so many steps (0: until its end). Returns whether it came to its end."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            # What the parent has open is not this one's to use, nor to close.
            outbox.workspace.state.engine.dispose(close=False)
            life(outbox, path, Left(steps))
            status = 0
        except BaseException:  # noqa: BLE001 told, and then the process ends here
            traceback.print_exc()
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return False
    assert os.waitstatus_to_exitcode(status) == 0
    return True


def test_each_message_is_in_one_task_at_most_wherever_the_sender_is_killed(
    planned: tuple[Outbox, list[int]], tmp_path: Path
) -> None:
    outbox, numbers = planned
    with outbox.workspace.state.read() as connection:
        before = [dict(row) for row in connection.execute(select(sends)).mappings()]
    chance = random.Random(3)
    kills = stories = lost = 0
    warm(outbox, tmp_path / "warm.jsonl")
    while kills < KILLS:
        stories += 1
        path = tmp_path / f"calls{stories}.jsonl"
        with outbox.workspace.state.write() as connection:
            for table in (task_members, tasks):
                connection.execute(table.delete())
            for row in before:
                connection.execute(sends.update().where(sends.c.send_id == row["send_id"]).values(**row))
            connection.exec_driver_sql("DELETE FROM send_attempts")
            connection.exec_driver_sql("DELETE FROM reach_accounts")
        outbox.workspace.state.engine.dispose()
        while not fork(outbox, path, chance.randint(1, chance.choice((15, 60, 150))) if kills < KILLS else 0):
            kills += 1
        made = Corp(path, outbox.clock, Left(0)).made()
        reached = [external for one in made for external in one["external_userid"]]
        assert len(reached) == len(set(reached)), "nobody is in two tasks"
        known = {}
        with outbox.workspace.state.read() as connection:
            rows = {row.send_id: row for row in connection.execute(select(sends))}
            opened = connection.execute(select(tasks.c.key, tasks.c.status)).all()
        for number in numbers:
            external = outbox.workspace.pool.query(
                "SELECT value FROM identifiers WHERE identifier_id = $id", {"id": rows[number].identifier_id}
            )
            known[number] = external.column(0)[0].as_py()
        for number in numbers:
            wanted = SendState.ACCEPTED if known[number] in reached else SendState.UNKNOWN
            assert rows[number].state == wanted, (stories, known[number])
            assert wanted != SendState.UNKNOWN or rows[number].concluded is not None
        lost += sum(rows[number].state == SendState.UNKNOWN for number in numbers)
        assert {row.status for row in opened} <= {"done"}
        assert len(opened) == len({row.key for row in opened}) and {row.key for row in opened} <= set(numbers)
    assert stories > 3 and 0 < lost < stories * PEOPLE
