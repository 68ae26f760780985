"""The whole loop over real sockets: doubles, collector, log, tick, pool; fetching, sending, receipts, replies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.clients.server import Running, running_collector

from onepool import connect
from onepool.channels.base import Message, Receipt
from onepool.clock import FakeClock
from onepool.collect import receipts
from onepool.collect.accounts import Accounts
from onepool.collect.touchpoint import CachedTouchpoints
from onepool.sandbox import Sandbox, parse, running
from onepool.sandbox.accounts import of_workspace
from onepool.tick import Worker
from onepool.workspace import Workspace, init_workspace, open_workspace

from .loop import NOW, SETTINGS

SECRETS = {"secret", "token", "encoding_aes_key", "client_secret", "app_secret", "session", "access_token",
           "path_secret", "access_secret", "server_secret"}  # fmt: skip
TOUCHPOINTS: dict[str, tuple[str, dict[str, Any]]] = {
    "oa": ("wechat_oa", {"open_platform": "main"}),
    "wecom": ("wecom", {"open_platform": "main"}),
    "mini": ("wechat_mini", {"open_platform": "main"}),
    "youzan": ("youzan", {}),
    "tmall": ("tmall", {"first_days": 3}),
    "jd": ("jd", {"first_days": 3}),
    "xhs": ("xiaohongshu", {"first_days": 1}),
    "sms": ("sms", {"provider": "aliyun", "path_secret": "p4th-s3cret", "access_key": "LTAI", "access_secret": "s",
                    "signature": "棉屿"}),
}  # fmt: skip
STAFF = [{"id": "lisa", "confirms": 1.0, "after": [60, 60]}]


_OA, _CORP = SETTINGS["wechat_oa"]["appid"], SETTINGS["wecom"]["corpid"]


@dataclass
class Loop:
    """A workspace with its collector, and the doubles beside it; time stands still until it is moved."""

    workspace: Workspace
    clock: FakeClock
    box: Sandbox
    collector: Running
    url: str
    worker: Worker | None = None

    def settled(self) -> None:
        """All pushes have been answered."""
        self.until(lambda: not any(not one["outcome"] for one in self.box.ledger.lines(direction="out")))

    def until(self, done: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not done():
            assert time.monotonic() < end, self.box.ledger.lines(direction="out")[-5:]
            time.sleep(0.01)

    def send(self, touchpoint: str, kind: str, to: dict[str, str], content: dict[str, Any], key: str) -> Receipt:
        """As `onepool touchpoint send` does, with the receipt told to the log."""
        one = self.workspace.touchpoints()[touchpoint]
        message = Message(kind, to, content, key)
        receipt = connect.send(self.workspace, one, message)
        account = Accounts(self.workspace.data, self.workspace.sandbox).of(one)
        self.workspace.log.append([receipts.concluded(account, message, receipt, self.clock.now())])
        return receipt

    def pool(self) -> list[tuple[str, str]]:
        """(touchpoint, event) of everything in the pool, after all was read."""
        if self.worker is None:
            self.worker = Worker(self.workspace)
        self.clock.advance(timedelta(seconds=1))
        self.worker.drain()
        rows = self.workspace.pool.query("SELECT touchpoint, event FROM events ORDER BY time, event").to_pylist()
        return [(row["touchpoint"], row["event"]) for row in rows]

    def value(self, sql: str) -> Any:
        (row,) = self.workspace.pool.query(sql).to_pylist()
        return next(iter(row.values()))


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    clock = FakeClock(NOW)
    root = tmp_path / "ws"
    workspace = init_workspace(root, clock=clock)
    secrets = workspace.data / "secrets"
    secrets.mkdir(mode=0o700)
    for name, (channel, more) in TOUCHPOINTS.items():
        given = {**SETTINGS.get(channel, {}), **more}
        settings: dict[str, Any] = {}
        for key, value in given.items():
            if key in SECRETS:
                (secrets / f"{name}.{key}").write_text(str(value))
                value = f"file:secrets/{name}.{key}"
            settings[key] = value
        body = {"touchpoint": name, "channel": channel, "settings": settings, "sandbox": True}
        workspace.save("touchpoint", name, body, author="test")
    scenario = parse(
        {"scenario": "loop", "people": {"count": 12, "shares": {}}, "staff": STAFF,
         "platforms": {"wechat_oa": {"page": 5}}, "buying": {"each": [1, 2], "days": 0.5}}
    )  # fmt: skip
    accounts = of_workspace(workspace, told := [])
    assert told == []
    box = Sandbox(scenario, accounts, clock, clock)
    source = CachedTouchpoints(lambda: workspace.touchpoints().values())
    accounts_of = Accounts(workspace.data, lambda: workspace.sandbox)
    with (
        running_collector(workspace.data, clock=clock, source=source, accounts=accounts_of) as collector,
        running(box, collector.url) as url,
    ):
        settings_file = root / "onepool.yaml"
        settings_file.write_text(settings_file.read_text() + f"\nsandbox: {url}\n")
        workspace.settings = open_workspace(root, clock).settings
        loop = Loop(workspace, clock, box, collector, url)
        yield loop
    if loop.worker is not None:
        loop.worker.close()
    workspace.close()


def test_what_people_do_arrives_and_becomes_events(loop: Loop) -> None:
    answer = httpx.post(
        f"{loop.url}/_/acts", json={"do": "follow", "account": "oa", "person": "p1", "given": {"code": "store_01"}}
    )
    assert answer.status_code == 200
    for do, account, given in (
        ("message", "oa", {"content": "2 段奶粉有货吗"}),
        ("add", "wecom", {"staff": "lisa", "state": "store_01"}),
        ("enter", "mini", {}),
        ("order", "youzan", {"pay": True}),
        ("ship", "youzan", {}),
        ("refund", "youzan", {"amount": 1}),
        ("order", "xhs", {"pay": True}),
        ("cancel", "xhs", {}),
        ("reply", "sms", {"content": "退订"}),
        ("unfollow", "oa", {}),
    ):
        loop.box.act(do, account, "p1", given)
    loop.settled()
    pushed = loop.box.ledger.lines(direction="out")
    assert {(one["touchpoint"], one["what"], one["outcome"]) for one in pushed if one["outcome"] != "200"} == set()
    assert all(one["accepted"] and one["attempts"] == 1 for one in pushed)
    assert set(loop.pool()) >= {
        ("oa", "followed"), ("oa", "message_received"), ("oa", "unfollowed"), ("wecom", "contact_added"),
        ("mini", "conversation_started"), ("youzan", "order_placed"), ("youzan", "order_paid"),
        ("youzan", "order_shipped"), ("youzan", "order_refunded"), ("xhs", "order_cancelled"), ("sms", "opted_out"),
    }  # fmt: skip


def test_followers_contacts_and_orders_are_fetched_into_the_pool(loop: Loop) -> None:
    puller = loop.workspace.puller()
    loop.clock.advance(timedelta(minutes=10))
    try:
        runs = [run for name in ("oa", "wecom", "youzan", "tmall", "jd", "xhs") for run in puller.sync(name)]
    finally:
        puller.close()
    assert [run.error for run in runs] == [""] * len(runs)
    told = loop.pool()
    box = loop.box
    followers = [one for one in box.doubles["oa"].readers.values() if one.follows]  # type: ignore[attr-defined]
    assert told.count(("oa", "followed")) == len(followers) > 0
    assert told.count(("wecom", "contact_added")) == len(box.doubles["wecom"].contacts) > 0  # type: ignore[attr-defined]
    for name in ("youzan", "tmall", "jd", "xhs"):
        orders = list(box.doubles[name].orders.values())  # type: ignore[attr-defined]
        assert orders
        assert told.count((name, "order_placed")) == len(orders), name
        assert told.count((name, "order_paid")) == sum(one.paid is not None for one in orders), name
    lists = [one for one in box.ledger.lines(touchpoint="oa") if one["what"] == "user/get"]
    assert len(lists) == -(-len(followers) // 5) + 1, "pages of five, and the empty one that ends the list"
    # One person at account and corp is one customer, by the unionid that both lists give.
    sql = f"""SELECT count(*) FROM (SELECT customer_id FROM customer_of JOIN identifiers USING (identifier_id)
        WHERE type IN ('openid', 'external_userid') AND scope IN ('{_OA}', '{_CORP}')
        GROUP BY customer_id HAVING count(DISTINCT type) = 2)"""
    contacts = box.doubles["wecom"].contacts.values()  # type: ignore[attr-defined]
    assert loop.value(sql) == len({one.person.key for one in followers} & {one.person.key for one in contacts}) > 0


def test_receipts_come_back_and_nothing_arrives_twice(loop: Loop) -> None:
    openid = loop.box.act("follow", "oa", "p1")["openid"]
    added = loop.box.act("add", "wecom", "p1", {"staff": "lisa"})
    content = {"template_id": "T1", "data": {"thing1": "到货"}}
    assert loop.send("oa", "template", {"openid": openid}, content, "m1").state == "sent"
    assert loop.send("oa", "template", {"openid": openid}, content, "m1").state == "sent"
    assert loop.send("oa", "text", {"openid": openid}, {"content": "欢迎"}, "m2").state == "sent"
    to = {"external_userid": added["external_userid"], "staff_id": "lisa"}
    assert loop.send("wecom", "associate_task", to, {"text": "会员日"}, "m3").state == "task"
    phone = {"phone": loop.box.world.somebody("p1").phone}
    assert loop.send("sms", "notice", phone, {"template_id": "SMS_1"}, "m4").state == "sent"
    loop.clock.advance(timedelta(minutes=2))
    loop.until(lambda: len(loop.box.ledger.inbox(person="p1")) == 4)
    loop.settled()
    assert {one["kind"] for one in loop.box.ledger.inbox(person="p1")} == {"text", "template", "associate_task", "sms"}
    assert httpx.get(f"{loop.url}/_/inbox", params={"twice": "1"}).json() == []
    told = loop.pool()
    assert told.count(("oa", "message_delivered")) == 1
    assert told.count(("sms", "message_delivered")) == 1
    assert ("oa", "message_sent") in told
    # A window that closed, and an account that ended our token in between.
    loop.box.act("end_tokens", "oa")
    assert loop.send("oa", "text", {"openid": openid}, {"content": "再来"}, "m5").code == "45015"
    assert ("oa", "message_failed") in loop.pool()


def test_login_and_phone_codes_work_once(loop: Loop) -> None:
    import hashlib
    import hmac

    def ask(path: str, body: dict[str, Any]) -> httpx.Response:
        raw = json.dumps(body).encode()
        stamp = str(int(loop.clock.now().timestamp()))
        signed = hmac.new(b"mine", stamp.encode() + b"." + raw, hashlib.sha256).hexdigest()
        headers = {"x-onepool-timestamp": stamp, "x-onepool-signature": signed}
        return httpx.post(f"{loop.collector.url}/hooks/mini/{path}", content=raw, headers=headers)

    given = loop.box.act("login", "mini", "p1")
    found = ask("login", {"code": given["code"]})
    assert found.json()["openid"] == given["openid"]
    assert ask("login", {"code": given["code"]}).json()["code"] == "wechat-40163"
    code = loop.box.act("phone", "mini", "p1")["code"]
    assert ask("phone", {"code": code, "openid": given["openid"]}).json() == {
        "phone": f"+86{loop.box.world.somebody('p1').phone}"
    }
    shared = loop.box.act("login", "mini", "p1", {"share": "phone"})
    sealed = {name: shared[name] for name in ("code", "encrypted_data", "iv")}
    assert ask("login", sealed).json()["phone"] == f"+86{loop.box.world.somebody('p1').phone}"
    late = loop.box.act("login", "mini", "p1")["code"]
    loop.clock.advance(timedelta(minutes=6))
    assert ask("login", {"code": late}).json()["code"] == "wechat-40029"


def test_the_test_button_says_what_is_wrong(loop: Loop) -> None:
    touchpoint = loop.workspace.touchpoints()["oa"]
    assert [one.ok for one in connect.test(loop.workspace, touchpoint)] == [True] * 4
    (loop.workspace.data / "secrets/oa.secret").write_text("wrong")
    steps = connect.test(loop.workspace, touchpoint)
    assert (steps[-1].code, steps[-1].ok) == ("token", False)
    assert "40125" in steps[-1].message


@pytest.mark.parametrize(("name", "secret"), [("tmall", "app_secret"), ("jd", "app_secret"), ("xhs", "app_secret")])
def test_the_test_button_reads_what_is_answered_with_200(loop: Loop, name: str, secret: str) -> None:
    touchpoint = loop.workspace.touchpoints()[name]
    assert [one.ok for one in connect.test(loop.workspace, touchpoint)] == [True] * 4
    (loop.workspace.data / touchpoint.settings[secret][5:]).write_text("wrong")
    steps = connect.test(loop.workspace, touchpoint)
    assert (steps[-1].code, steps[-1].ok) == ("answer", False)
    assert "platform answered code" in steps[-1].message and "secret" in steps[-1].hint
