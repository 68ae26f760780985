"""A workspace with accounts, people who can be reached over them, and an outbox; platforms are played by the test."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import select

from onepool.channels.base import Account, Message, Receipt
from onepool.clock import FakeClock, to_micros
from onepool.collect.log import NewRecord
from onepool.reach import keys, planning
from onepool.reach.gate import PLANNED, gate
from onepool.reach.rules import SendPolicy
from onepool.reach.senders import Senders
from onepool.reach.states import SendState
from onepool.reach.world import Worlds
from onepool.state.outbox import send_attempts, sends
from onepool.tick import Worker
from onepool.workspace import Workspace, init_workspace, open_workspace

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""Monday, noon in Shanghai."""

SCOPES = {"user_id": "crm"}
# fmt: off
ACCOUNTS: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    "oa": ("wechat_oa", {"openid": "wx00000000000000aa"},
           {"appid": "wx00000000000000aa", "secret": "env:S", "token": "env:S", "encoding_aes_key": "env:S"}),
    "wecom": ("wecom", {"external_userid": "ww0000000000000001"},
              {"corpid": "ww0000000000000001", "secret": "env:S", "token": "env:S", "encoding_aes_key": "env:S"}),
    "sms": (
        "sms", {},
        {"provider": "aliyun", "access_key": "a", "access_secret": "env:S", "path_secret": "env:S",
         "signature": "棉屿"},
    ),
}
# fmt: on
KINDS = {"oa": "template", "wecom": "associate_task", "sms": "marketing"}
MESSAGE: dict[str, Any] = {
    "message": "hello",
    "category": "promotion",
    "contents": [
        {"template": "OA", "channel": "wechat_oa", "kind": "template",
         "content": {"template_id": "T1", "data": {"thing1": "hi"}}},
        {"template": "QW", "channel": "wecom", "kind": "associate_task", "content": {"text": "hi"}},
        {"template": "SMS", "channel": "sms", "kind": "marketing",
         "content": {"template_id": "SMS_1", "text": "hi 拒收请回复R", "params": {}}},
    ],
}  # fmt: skip


@dataclass
class Platform:
    """Stands for all accounts: keeps every call, answers as it is told (`sent` by default)."""

    answer: Callable[[Message], Receipt] = lambda message: Receipt("sent", provider_id=f"p{message.key}")
    told: Callable[[Message, str], Receipt] = lambda message, number: Receipt("task", provider_id=number)
    calls: list[tuple[str, Message]] = field(default_factory=list)
    asked: list[tuple[Message, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, account: Account) -> _Line:
        return _Line(self, account.touchpoint)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class _Line:
    platform: Platform
    touchpoint: str

    def send(self, message: Message) -> Receipt:
        with self.platform._lock:
            self.platform.calls.append((self.touchpoint, message))
        return self.platform.answer(message)

    def ask(self, message: Message, number: str) -> Receipt:
        self.platform.asked.append((message, number))
        return self.platform.told(message, number)


@dataclass
class Outbox:
    """The workspace under test."""

    workspace: Workspace
    clock: FakeClock
    platform: Platform
    _worker: Worker | None = None
    _senders: Senders | None = None
    _number: int = 0

    @property
    def worker(self) -> Worker:
        if self._worker is None:
            self._worker = Worker(self.workspace)
        return self._worker

    @property
    def senders(self) -> Senders:
        if self._senders is None:
            self._senders = Senders(self.workspace, connections=self.platform, threads=2)  # type: ignore[arg-type]
        return self._senders

    @property
    def now(self) -> int:
        return to_micros(self.clock.now())

    def event(self, touchpoint: str, name: str, ids: Mapping[str, str], **fields: Any) -> None:
        """One event of a person, now."""
        self._number += 1
        listed = [{"type": kind, "id": value} for kind, value in ids.items() if kind not in ("user_id", "phone")]
        traits = {"phone": ids["phone"]} if "phone" in ids else {}
        body = {
            "type": "track", "messageId": f"m{self._number}", "timestamp": self.clock.now().isoformat(), "event": name,
            "properties": fields, "context": {"externalIds": listed},
            **({"userId": ids["user_id"]} if "user_id" in ids else {}),
        }  # fmt: skip
        if not name:
            body |= {"type": "identify", "traits": traits}
        raw = json.dumps({"batch": [body]}, ensure_ascii=False).encode()
        scopes = dict(self.workspace.touchpoints()[touchpoint].scopes)
        head = json.dumps({"call": "batch", "scopes": scopes}).encode()
        self.workspace.log.append([NewRecord(self.clock.now(), touchpoint, "segment", head, raw)])

    def person(self, name: str, *over: str, consents: bool = True) -> None:
        """Somebody who is reached over these accounts."""
        mine = {"user_id": name}
        if "oa" in over:
            self.event("oa", "followed", mine | {"openid": f"o-{name}"})
        if "wecom" in over:
            self.event("wecom", "contact_added", mine | {"external_userid": f"w-{name}"}, staff_id="lisa")
        if "sms" in over:
            number = sum(map(ord, name)) * 7919 % 10**8
            self.event("shop", "", mine | {"phone": f"138{number:08d}"})
        if consents:
            self.event("shop", "consent_granted", mine, purpose="marketing")

    def settle(self) -> None:
        self.clock.advance(timedelta(seconds=1))
        self.worker.drain()

    def customer(self, name: str) -> int:
        found = self.workspace.pool.query(
            """SELECT c.customer_id FROM identifiers i JOIN customer_of c USING (identifier_id)
            WHERE i.type = 'user_id' AND i.value = $name""",
            {"name": name},
        )
        return int(found.column(0)[0].as_py())

    def plan(
        self, names: Sequence[str], over: str, policy: SendPolicy | None = None, *, journey: str = "welcome",
        visit: int = 0, **values: Any,
    ) -> list[int]:  # fmt: skip
        """Plan one message for each of these people, as a journey's tick or a broadcast does. Returns their keys."""
        policy = policy or SendPolicy()
        customers = [self.customer(name) for name in names]
        numbers = [int(keys.key("test", journey, over, visit, one)[0]) for one in customers]
        channel = self.workspace.touchpoints()[over].channel
        count = len(customers)
        given: dict[str, Any] = {
            "journey": journey, "node": 0, "visit": visit, "hop": 0, "channel": channel, "kind": KINDS[over],
            "message": "hello", "message_version": 1, "category": "promotion", "priority": 1500, "policy": 0,
        } | values  # fmt: skip
        columns = {"send_id": pa.array(numbers, pa.int64()), "customer_id": pa.array(customers, pa.int64())}
        for one in PLANNED:
            if one.name not in columns:
                columns[one.name] = pa.array([given.get(one.name)] * count, one.type)
        planned = pa.table({one.name: columns[one.name] for one in PLANNED}, schema=PLANNED)
        with self.workspace.pool.read() as session, self.workspace.state.write() as connection:
            gated = gate(planned, [policy], Worlds(self.workspace).over(session, connection), self.now)
            planning.store(connection, gated, [policy], self.now)
        return numbers

    def row(self, number: int) -> Any:
        with self.workspace.state.read() as connection:
            return connection.execute(select(sends).where(sends.c.send_id == number)).one()

    def state(self, number: int) -> tuple[str, str | None]:
        row = self.row(number)
        return SendState(row.state).name, row.reason

    def attempts(self, number: int) -> list[str]:
        with self.workspace.state.read() as connection:
            query = select(send_attempts.c.state).where(send_attempts.c.send_id == number)
            return list(connection.execute(query.order_by(send_attempts.c.number)).scalars())

    def restart(self) -> None:
        """Another sender, as after a crash: what this one holds in memory is gone."""
        if self._senders is not None:
            calls_done(self._senders)
            self._senders = None

    def close(self) -> None:
        if self._senders is not None:
            self._senders.close()
        if self._worker is not None:
            self._worker.close()
        self.workspace.close()


def make(root: Path, state_url: str | None = None) -> Outbox:
    """A workspace with an Official Account, WeCom and text messages. Without an address the state is its own SQLite."""
    clock = FakeClock(NOON)
    workspace = init_workspace(root, clock=clock)
    if state_url is not None:
        workspace.close()
        settings = root / "onepool.yaml"
        settings.write_text(f"{settings.read_text()}\nstate: {state_url}\n")
        workspace = open_workspace(root, clock)
        workspace.log_rules()
    workspace.save("touchpoint", "shop", {"touchpoint": "shop", "channel": "web", "scopes": SCOPES}, author="test")
    for name, (channel, scopes, settings) in ACCOUNTS.items():
        body = {"touchpoint": name, "channel": channel, "scopes": SCOPES | scopes, "settings": settings}
        workspace.save("touchpoint", name, body, author="test")
    workspace.save("message", "hello", MESSAGE, author="test")
    return Outbox(workspace, clock, Platform())


def calls_done(senders: Senders) -> None:
    """Wait for all calls without recording them, as if the process died right then; none can be made afterwards."""
    for lane in senders._lanes._lanes.values():
        lane.shutdown(wait=True)
