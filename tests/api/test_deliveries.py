"""The log of messages, decisions about unknown ones, accounts, policies, broadcasts and tasks over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from onepool.channels.base import Receipt
from onepool.channels.connection import Connection
from onepool.clock import to_micros
from onepool.privacy import audit
from onepool.privacy.roles import Role
from onepool.reach import policies
from onepool.reach.claim import key_of
from onepool.reach.rules import MINUTE, SendPolicy
from onepool.reach.states import SendState
from onepool.state.journeys import task_members, tasks
from onepool.state.outbox import broadcasts, send_attempts, sends
from onepool.workspace import Workspace

from .conftest import NOW, Browser, World

SMS = {"provider": "aliyun", "access_key": "a", "access_secret": "env:S", "path_secret": "env:S", "signature": "棉屿"}


@dataclass
class Log:
    """The workspace and an administrator's browser."""

    ws: Workspace
    browser: Browser


@pytest.fixture
def log(world: World) -> Log:
    """Five messages of a journey, one of them unknown, and a task."""
    ws, now = world.ws, to_micros(NOW)
    ws.save("touchpoint", "sms", {"touchpoint": "sms", "channel": "sms", "settings": SMS}, author="test")
    with ws.state.write() as connection:
        (policy,) = policies.store(connection, [SendPolicy()])
        states = (SendState.ACCEPTED, SendState.FAILED, SendState.SUPPRESSED, SendState.UNKNOWN, SendState.QUEUED)
        reasons = (None, "bad_address", "capped", "unknown", None)
        for number, (state, reason) in enumerate(zip(states, reasons, strict=True)):
            connection.execute(
                insert(sends).values(
                    send_id=number + 1, run_id=77, journey="recall", customer_id=1, channel="sms", touchpoint="sms",
                    kind="marketing", message="hello", message_version=1, policy=policy, category="promotion",
                    priority=1500, state=int(state), reason=reason, due=now, planned=now + number, attempts=1,
                    code="isv.MOBILE_NUMBER_ILLEGAL" if number == 1 else None, told=False, changed=now,
                )
            )  # fmt: skip
        connection.execute(
            insert(send_attempts).values(
                send_id=2, number=1, at=now, ended=now + 5, state="refused", reason="bad_address",
                code="isv.MOBILE_NUMBER_ILLEGAL", provider_id="", detail="",
            )
        )  # fmt: skip
        connection.execute(
            insert(tasks).values(
                key=900, run_id=77, customer_id=1, journey="recall", title="call her", staff_id="lisa", status="open",
                created=now, told=False,
            )
        )  # fmt: skip
    return Log(ws, world.signed_in())


def test_the_log_is_paged_filtered_and_counted(log: Log) -> None:
    browser = log.browser
    seen: list[str] = []
    cursor = None
    while True:
        page = browser.get("/api/v1/deliveries", limit=2, **({"cursor": cursor} if cursor else {})).json()
        seen += [one["send_id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [key_of(number) for number in (5, 4, 3, 2, 1)]
    failed = browser.get("/api/v1/deliveries", state="failed").json()["items"]
    assert [(one["reason"], one["reason_words"]["zh"]) for one in failed] == [("bad_address", "没有可用的地址")]
    (capped,) = browser.get("/api/v1/deliveries", reason="capped", journey="recall").json()["items"]
    assert capped["state"] == "suppressed"
    assert browser.get("/api/v1/deliveries", journey="other").json()["items"] == []
    counts = browser.get("/api/v1/deliveries/counts", journey="recall").json()
    assert counts["total"] == 5
    assert browser.get("/api/v1/deliveries", cursor="no").status_code == 422


def test_one_message_shows_its_calls_in_words(log: Log) -> None:
    found = log.browser.get(f"/api/v1/deliveries/{key_of(2)}").json()
    (call,) = found["calls"]
    assert (call["state"], call["code_words"]["en"]) == ("refused", "this is no phone number")
    assert log.browser.get(f"/api/v1/deliveries/{key_of(99)}").status_code == 404


def test_unknown_messages_are_decided_about(log: Log) -> None:
    said = {"journey": "recall", "decision": "sent", "reason": "she said so"}
    answer = log.browser.post("/api/v1/unknown/decide", said)
    assert answer.json() == {"decided": 1, "send_ids": [key_of(4)]}
    assert log.browser.get("/api/v1/deliveries", state="unknown").json()["items"] == []
    assert log.browser.post("/api/v1/unknown/decide", {"decision": "drop"}).status_code == 422


def test_an_account_is_paused_and_goes_on(log: Log) -> None:
    (account,) = [one for one in log.browser.get("/api/v1/accounts").json()["items"] if one["touchpoint"] == "sms"]
    assert (account["breaker"], account["paused"], account["waiting"]) == ("closed", False, 1)
    assert log.browser.post("/api/v1/accounts/sms/pause").json()["paused"] is True
    assert log.browser.post("/api/v1/accounts/sms/resume").json()["paused"] is False
    assert log.browser.post("/api/v1/accounts/nowhere/pause").status_code == 404


def test_the_policy_is_checked_and_written(log: Log) -> None:
    assert log.browser.get("/api/v1/policies").json()["version"] is None
    wrong = {"definition": {"windows": {"smss": {"from": "08:00", "to": "21:00"}}, "quite": {}}}
    found = log.browser.post("/api/v1/policies/check", wrong).json()["problems"]
    assert [one["place"] for one in found] == ["quite"]
    body: dict[str, Any] = {"definition": {"caps": [{"count": 1, "per": "local_day", "category": "promotion"}]}}
    saved = log.browser.put("/api/v1/policies", body).json()
    assert (saved["version"], saved["definition"]["caps"][0]["count"]) == (1, 1)
    named = {"definition": {"pace": {"smss": {"count": 1}}}}
    refused = log.browser.put("/api/v1/policies", named)
    assert (refused.status_code, refused.json()["problems"][0]["suggestion"]) == (422, "sms")
    days = log.browser.get("/api/v1/policies/holidays", calendar="CN", year=2026).json()["items"]
    assert {"day": "2026-10-01", "name": "国庆节"} in days


def test_tasks_that_are_confirmed_together_are_one_and_each_of_them_can_be_seen(log: Log) -> None:
    with log.ws.state.write() as connection:
        for number, status in ((1, "done"), (2, "open"), (3, "open")):
            values = {"key": number, "customer_id": number, "journey": "recall", "title": "hello", "staff_id": "amy",
                      "status": status, "created": 5, "told": True}  # fmt: skip
            connection.execute(insert(tasks).values(**values))
        head, *rest = connection.execute(select(tasks.c.id).where(tasks.c.staff_id == "amy")).scalars()
        connection.execute(insert(task_members), [{"task_id": one, "head": head} for one in rest])
    page = log.browser.get("/api/v1/tasks").json()
    assert [(one["staff_id"], one["customers"], one["open"], one["status"]) for one in page["items"]] == [
        ("amy", 3, 2, "open"), ("lisa", 1, 1, "open"),
    ]  # fmt: skip
    assert page["staff"] == [{"staff_id": "amy", "open": 1}, {"staff_id": "lisa", "open": 1}]
    for status in ("open", "done"):
        (one,) = log.browser.get("/api/v1/tasks", status=status, staff="amy").json()["items"]
        assert (one["id"], one["status"]) == (head, status)
    each = log.browser.get("/api/v1/tasks", head=head).json()["items"]
    assert [(one["customer_id"], one["status"]) for one in each] == [(3, "open"), (2, "open"), (1, "done")]
    (mine,) = log.browser.get("/api/v1/tasks", customer_id=2).json()["items"]
    assert (mine["id"], mine["customers"], mine["status"]) == (rest[0], 3, "open")
    # One may be reminded of while anybody of it is open, by whichever of them is named.
    for number in (head, rest[1]):
        assert log.browser.post(f"/api/v1/tasks/{number}/remind").json()["id"] == head
    assert log.browser.get("/api/v1/tasks", head=head).json()["items"][-1]["reminders_left"] == 1


def test_a_task_of_a_broadcast_says_which(log: Log) -> None:
    with log.ws.state.write() as connection:
        sale = {"name": "sale", "body": "{}", "status": "sending", "author": "mei", "created": 5}
        (number,) = connection.execute(insert(broadcasts).values(**sale)).inserted_primary_key or ()
        for key, journey in ((1, f"broadcast:{number}"), (2, "broadcast:999")):
            values = {"key": key, "customer_id": key, "journey": journey, "title": "hello", "staff_id": "amy",
                      "status": "open", "created": 5, "told": True}  # fmt: skip
            connection.execute(insert(tasks).values(**values))
    found = log.browser.get("/api/v1/tasks").json()["items"]
    assert {one["journey"]: one["broadcast"] for one in found} == {
        f"broadcast:{number}": "sale", "broadcast:999": None, "recall": None,
    }  # fmt: skip


def test_customers_are_called_by_name_in_the_log_and_in_tasks_as_far_as_the_role_may_see_it(
    log: Log, world: World
) -> None:
    with log.ws.state.write() as connection:
        values = {"key": 901, "customer_id": 9999, "journey": "recall", "title": "gone", "status": "open", "created": 5}
        connection.execute(insert(tasks).values(**values))
    for role, name in ((Role.MARKETER, "张伟"), (Role.ANALYST, "张**")):
        browser = world.signed_in(role)
        named = {one["customer_id"]: one["name"] for one in browser.get("/api/v1/tasks").json()["items"]}
        assert named == {1: name, 9999: None}
        listed = browser.get("/api/v1/deliveries").json()["items"]
        assert {one["name"] for one in listed} == {name}
        assert browser.get(f"/api/v1/deliveries/{key_of(2)}").json()["name"] == name


def test_the_platform_is_asked_about_a_messages_task_when_somebody_wants_to_know(log: Log) -> None:
    (own,) = log.browser.get("/api/v1/tasks").json()["items"]
    refused = log.browser.post(f"/api/v1/tasks/{own['id']}/ask")
    assert (refused.status_code, refused.json()["code"], own["asked_at"]) == (409, "task-asked", None)
    heard, due = to_micros(NOW) - 5 * MINUTE, to_micros(NOW) + 25 * MINUTE
    with log.ws.state.write() as connection:
        for number in (1, 5):
            values = {"state": int(SendState.TASK), "due": due, "changed": heard, "concluded": None}
            connection.execute(update(sends).where(sends.c.send_id == number).values(**values))
            task = {"key": number, "customer_id": number, "journey": "recall", "title": "hello", "staff_id": "amy",
                    "status": "open", "created": 5, "told": True}  # fmt: skip
            connection.execute(insert(tasks).values(**task))
        head, other = connection.execute(select(tasks.c.id).where(tasks.c.staff_id == "amy")).scalars()
        connection.execute(insert(task_members).values(task_id=other, head=head))

    def dues() -> list[int]:
        with log.ws.state.read() as connection:
            which = select(sends.c.due).where(sends.c.send_id.in_([1, 5]))
            return [one - to_micros(NOW) for one in connection.execute(which).scalars()]

    assert log.browser.get("/api/v1/tasks", staff="amy").json()["items"][0]["asked_at"] is not None
    # By whichever of those that are confirmed together: one question is about all of them.
    asked = log.browser.post(f"/api/v1/tasks/{other}/ask").json()
    assert (asked["id"], dues()) == (head, [0, 0])
    with log.ws.state.write() as connection:
        values = {"due": due, "changed": to_micros(NOW) - 20_000_000}
        connection.execute(update(sends).where(sends.c.send_id.in_([1, 5])).values(**values))
    for _ in range(2):
        log.browser.post(f"/api/v1/tasks/{head}/ask")
        assert dues() == [40_000_000] * 2, "a minute after it was last heard of"
    with log.ws.state.write() as connection:
        connection.execute(update(tasks).values(status="done"))
    assert log.browser.post(f"/api/v1/tasks/{head}/ask").json()["code"] == "task-closed"
    assert log.browser.post("/api/v1/tasks/4711/ask").status_code == 404
    assert [one.detail for _, one in audit.trail(log.ws.state) if one.action == "task.ask"][-1] == {
        "at": NOW.isoformat(timespec="seconds")
    }


def test_tasks_are_done_reminded_and_handed_on(log: Log) -> None:
    (task,) = log.browser.get("/api/v1/tasks", staff="lisa").json()["items"]
    path = f"/api/v1/tasks/{task['id']}"
    for left in (2, 1, 0):
        assert log.browser.post(f"{path}/remind").json()["reminders_left"] == left
    assert log.browser.post(f"{path}/remind").status_code == 409
    assert log.browser.post(f"{path}/reassign", {"staff_id": "mona"}).json()["staff_id"] == "mona"
    assert log.browser.post(f"{path}/done", {}).json()["status"] == "done"
    assert log.browser.post(f"{path}/done", {}).status_code == 409


def test_a_messages_task_is_reminded_of_by_the_platform(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the platform refuses is told and does not count; what is under way counts, so that nobody goes beyond."""
    asked: list[str] = []
    counted: list[int] = []
    answers = [Receipt("retry", "rate_limited", code="45009", after=60.0), Receipt("sent")]

    def remind(self: Connection, provider_id: str) -> Receipt:
        assert self.account.channel == "wecom"
        asked.append(provider_id)
        with log.ws.state.read() as connection:
            counted.append(connection.execute(select(tasks.c.reminded)).scalar_one())
        return answers.pop(0)

    monkeypatch.setattr(Connection, "remind", remind)
    monkeypatch.setenv("ONEPOOL_SECRET_T", "t")
    settings = {"corpid": "ww0000000000000001", "token": "env:ONEPOOL_SECRET_T", "secret": "env:ONEPOOL_SECRET_T",
                "encoding_aes_key": "env:ONEPOOL_SECRET_T"}  # fmt: skip
    log.ws.save("touchpoint", "corp", {"touchpoint": "corp", "channel": "wecom", "settings": settings}, author="test")
    with log.ws.state.write() as connection:
        connection.execute(update(sends).where(sends.c.send_id == 5).values(touchpoint="corp", provider_id="msg1"))
        connection.execute(update(tasks).values(key=5))
    (task,) = log.browser.get("/api/v1/tasks").json()["items"]
    path = f"/api/v1/tasks/{task['id']}/remind"
    refused = log.browser.post(path)
    assert refused.status_code == 409 and "over the limit of calls" in refused.json()["detail"]
    assert log.browser.post(path).json()["reminders_left"] == 2
    assert asked == ["msg1", "msg1"]
    assert counted == [1, 1], "before the platform is called"


def test_a_broadcast_from_draft_to_cancelled(log: Log) -> None:
    ws = log.ws
    content = {"template": "S", "channel": "sms", "kind": "marketing",
               "content": {"template_id": "S1", "text": "hi 拒收请回复R", "params": {}}}  # fmt: skip
    ws.save("message", "sale", {"message": "sale", "contents": [content]}, author="test")
    body = {"broadcast": "sale", "message": "sale", "channel": "sms", "audience": {"segment": "nobody"}}
    wrong = log.browser.post("/api/v1/broadcasts/check", {"definition": body}).json()
    assert [one["place"] for one in wrong["problems"]] == ["audience.segment"]
    good = {"definition": body | {"audience": {"who": {"did": "order_paid"}}}}
    made = log.browser.post("/api/v1/broadcasts", good)
    assert (made.status_code, made.json()["status"], made.json()["approval_needed"]) == (201, "draft", False)
    assert log.browser.post("/api/v1/broadcasts", good).status_code == 409
    told = log.browser.get("/api/v1/broadcasts/sale/forecast").json()
    assert told["audience"] == told["at_once"] + told["put_off"] + told["duplicates"] + sum(
        one["customers"] for one in told["left_out"]
    )
    assert told["audience"] > 0 and all(one["reason_words"]["zh"] for one in told["left_out"])
    assert log.browser.post("/api/v1/broadcasts/sale/start").json()["status"] == "scheduled"
    assert log.browser.post("/api/v1/broadcasts/sale/pause").json()["status"] == "paused"
    assert log.browser.post("/api/v1/broadcasts/sale/cancel").json()["status"] == "cancelled"
    assert log.browser.post("/api/v1/broadcasts/sale/resume").status_code == 409
    assert [one["name"] for one in log.browser.get("/api/v1/broadcasts").json()["items"]] == ["sale"]
