"""The sandbox itself: one seed one world, retries, the control on loopback, scenarios that say what is wrong."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from onepool.channels import registry
from onepool.channels.base import Message
from onepool.channels.connection import Connection
from onepool.clock import FakeClock, SystemClock
from onepool.sandbox import ALONE, ActError, Sandbox, SandboxError, ScenarioError, examples, load, open_sandbox, parse
from onepool.sandbox import running as serving
from onepool.sandbox.clocks import WorldClock
from onepool.sandbox.pushing import Outgoing
from onepool.sandbox.server import listen
from onepool.sandbox.wire import Asked
from onepool.workspace import init_workspace

from .loop import NOW, account, pushes, sandbox, send

OA = account("wechat_oa")


def _story(seed: int) -> tuple[list[str], list[dict[str, Any]], list[dict[str, Any]]]:
    accounts = [account(name) for name in ("wechat_oa", "wecom", "tmall", "youzan")]
    box = sandbox(*accounts, seed=seed, people={"count": 30}, platforms={"default": {"arrives": 0.5, "busy": 0.3}})
    for number in range(10):
        openid = box.act("follow", "wechat_oa", f"p{number}")["openid"]
        content = {"template_id": "T", "data": {"a": "b"}}
        send(box, OA, "template", {"openid": openid}, content, f"k{number}")
        box.act("order", "youzan")
    assert isinstance(box.clock, FakeClock)
    box.clock.advance(timedelta(minutes=1))
    box.turn()
    codes = [f"{one['what']} {one['outcome']}" for one in box.ledger.lines()]
    return codes, box.people(), box.ledger.inbox()


def test_one_seed_is_one_world_and_another_seed_another() -> None:
    first, again, other = _story(1), _story(1), _story(2)
    assert first == again
    assert first[0] != other[0]
    assert {one["name"] for one in first[1]} != {one["name"] for one in other[1]}


def test_a_push_is_sent_again_until_the_right_answer_and_then_given_up() -> None:
    box = sandbox(OA)
    assert isinstance(box.clock, FakeClock)
    answers: list[tuple[int, bytes] | None] = [None, (500, b""), (200, b"<html>"), (200, b"success")]
    sent: list[Outgoing] = []

    def take(outgoing: Outgoing) -> tuple[int, bytes] | None:
        sent.append(outgoing)
        return answers[len(sent) - 1]

    box.act("message", person="p1")
    for _ in range(6):
        box.deliver(take)
        box.clock.advance(timedelta(seconds=5))
    assert len(sent) == 4, "once, and three times again"
    assert len({one.query for one in sent}) == 4, "each is signed anew"
    check = registry.channel("wechat_oa").check
    assert check is not None
    (entry,) = box.ledger.lines(direction="out")
    assert (entry["attempts"], entry["outcome"], entry["accepted"]) == (4, "200", True)
    box.act("message", person="p1")
    for _ in range(6):
        box.deliver(lambda outgoing: None)
        box.clock.advance(timedelta(seconds=5))
    assert (box.ledger.lines(direction="out")[-1]["attempts"], len(box.outbox)) == (4, 0)
    assert box.ledger.lines(direction="out")[-1]["outcome"] == "no answer"


def test_what_a_scenario_plans_happens_in_its_time() -> None:
    acts = [{"do": "follow", "after": 10}, {"do": "message", "every": 60}, {"do": "nonsense", "account": "wechat_oa"}]
    box = sandbox(OA, people={"count": 5}, acts=acts)
    assert isinstance(box.clock, FakeClock)
    for _ in range(13):
        box.turn()
        box.clock.advance(timedelta(seconds=10))
    said = [one["what"] for one in box.ledger.lines(direction="out")]
    assert said.count("subscribe") == 1
    assert said.count("text") == 3
    assert "nobody can nonsense" in box.ledger.lines(touchpoint="wechat_oa", what="nonsense")[0]["outcome"]


def test_the_worlds_time_can_run_ahead_while_pushes_are_signed_for_now() -> None:
    wall = FakeClock(NOW)
    scenario = parse({"scenario": "fast", "people": {"count": 1}, "time": {"start": 86_400, "speed": 60}})
    box = Sandbox(scenario, [account("wechat_oa")], wall)
    assert isinstance(box.clock, WorldClock)
    assert box.clock.now() == NOW - timedelta(days=1)
    wall.advance(timedelta(minutes=1))
    assert box.clock.now() == NOW - timedelta(hours=23)
    box.act("follow", person="p1")
    assert f"timestamp={int(wall.now().timestamp())}" in pushes(box)[0].query
    box.advance(3600)
    assert box.clock.now() == NOW - timedelta(hours=22)


def test_everybody_may_be_somebody() -> None:
    content = {"template_id": "T", "data": {"a": "b"}}
    box = sandbox(OA)
    assert send(box, OA, "template", {"openid": "oFromElsewhere1"}, content, "k").code == "40003"
    box = sandbox(OA, people={"count": 0, "everybody": True})
    assert send(box, OA, "template", {"openid": "oFromElsewhere1"}, content, "k").state == "sent"
    assert send(box, OA, "text", {"openid": "oFromElsewhere1"}, {"content": "1"}, "k").state == "sent"
    assert send(box, OA, "text", {"openid": "' OR 1=1"}, {"content": "1"}, "k").code == "40003"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"scenario": "x", "sed": 1}, "sed"),
        ({"scenario": "x", "people": {"shares": {"oa": 2}}}, "$.people.shares"),
        ({"scenario": "x", "platforms": {"oa": {"bussy": 1}}}, "bussy"),
        ({"scenario": "x", "time": {"speed": 0}}, "$.time.speed"),
        ([], "mapping"),
    ],
)
def test_a_wrong_scenario_says_what_is_wrong(content: Any, words: str) -> None:
    with pytest.raises(ScenarioError) as error:
        parse(content, "mine.yaml")
    assert words in str(error.value)
    assert "mine.yaml" in str(error.value)


def test_scenario_files_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="can't be read"):
        load(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(ScenarioError, match="YAML"):
        load(tmp_path / "bad.yaml")


def test_the_examples_can_be_played() -> None:
    assert {"brand", ALONE, "rough_day"} <= set(examples())
    assert all(load(name).scenario for name in examples())
    box = open_sandbox(None)
    assert set(box.doubles) == {"oa", "wecom", "youzan"}
    assert all(box.acts().values())


def test_accounts_do_not_come_and_go_while_acts_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    box, free = sandbox(OA, account("youzan")), []
    listed = type(box.doubles["youzan"]).acts

    def taken() -> None:
        free.append(box.lock.acquire(blocking=False))
        if free[-1]:
            box.lock.release()

    def acts(cls: object) -> list[str]:
        other = threading.Thread(target=taken)
        other.start()
        other.join()
        return listed()

    monkeypatch.setattr(type(box.doubles["youzan"]), "acts", classmethod(acts))
    assert box.acts()["youzan"]
    assert free == [False]


def test_acts_that_nobody_can_do_say_so() -> None:
    box = sandbox(OA, account("wechat_oa", "second"))
    for do, where, words in (("fly", "wechat_oa", "nobody can fly"), ("follow", "", "at which account"),
                             ("follow", "third", "no account 'third'")):  # fmt: skip
        with pytest.raises(ActError, match=words):
            box.act(do, where, "p1")


def _token(box: Sandbox, secret: str, appid: str = "wx1111111111111111") -> Any:
    asked = Asked(
        "GET", "api", "/cgi-bin/token", f"grant_type=client_credential&appid={appid}&secret={secret}", {}, b""
    )
    return json.loads(box.call("wechat_oa", asked)[0].body)


def test_a_touchpoint_that_is_connected_later_is_played_from_then_on(tmp_path: Path) -> None:
    """As the console connects one while the doubles run: its test works at once, and so do its people."""
    workspace = init_workspace(tmp_path / "ws", "sandbox: http://127.0.0.1:8100\n", SystemClock())
    try:
        box = open_sandbox(workspace)
        assert box.acts() == {}
        assert _token(box, "s")["errcode"] == 40013
        (workspace.data / "secrets").mkdir(exist_ok=True)
        for name in ("token", "secret"):
            (workspace.data / "secrets" / name).write_text("s")
        settings = {"appid": "wx1111111111111111", "mode": "plain", "token": "file:secrets/token"}
        body = {"channel": "wechat_oa", "sandbox": True, "settings": {**settings, "secret": "file:secrets/secret"}}
        workspace.save("touchpoint", "oa", body, author="test")
        assert "access_token" in _token(box, "s")
        assert "openid" in box.act("follow", "oa", "p1")
        double = box.doubles["oa"]
        workspace.save("touchpoint", "other", {"channel": "web"}, author="test")
        assert "access_token" in _token(box, "s")
        assert box.doubles["oa"] is double, "what did not change goes on as it was"
        workspace.save("touchpoint", "oa", {**body, "settings": {**body["settings"], "appid": "wx2222222222222222"}},
                       author="test")  # fmt: skip
        assert _token(box, "s")["errcode"] == 40013
        assert "access_token" in _token(box, "s", "wx2222222222222222")
        workspace.save("touchpoint", "oa", {**body, "sandbox": False}, author="test")
        assert box.acts() == {}
    finally:
        workspace.close()


def test_the_control_is_for_this_machine_only() -> None:
    box = Sandbox(load(ALONE), [account("wechat_oa", "oa")], SystemClock())
    with serving(box, "http://127.0.0.1:9") as url:
        assert httpx.get(f"{url}/_/health").json()["accounts"] == {"oa": "wechat_oa"}
        for headers in ({"origin": "https://evil.example"}, {"host": "evil.example"}):
            assert httpx.get(f"{url}/_/people", headers=headers).status_code == 403
            assert httpx.post(f"{url}/_/acts", headers=headers, json={"do": "follow"}).status_code == 403
        done = httpx.post(f"{url}/_/acts", json={"do": "follow", "person": "p1"}).json()
        assert done["account"] == "oa"
        refused = httpx.post(f"{url}/_/acts", json={"do": "fly", "account": "oa"})
        assert (refused.status_code, refused.json()["code"]) == (422, "act")
        assert httpx.post(f"{url}/_/acts", content=b"{").status_code == 422
        assert httpx.post(f"{url}/_/time", json={"advance": -1}).status_code == 422
        assert httpx.post(f"{url}/_/time", json={"advance": 60}).status_code == 200
        assert httpx.get(f"{url}/pinduoduo/api/x").status_code == 404
        lines = httpx.get(f"{url}/_/ledger", params={"direction": "out"}).json()
        assert [one["what"] for one in lines] == ["subscribe"]
        assert httpx.get(f"{url}/_/ledger", params={"since": str(lines[-1]["number"])}).json() != lines
        port = int(url.rpartition(":")[2])
        with pytest.raises(SandboxError, match="can't listen"):
            listen(port)


def test_an_answer_that_is_lost_breaks_off_on_the_wire() -> None:
    oa = account("wechat_oa")
    box = Sandbox(parse({"scenario": "lost", "people": {"count": 0}, "platforms": {"default": {"lost": 1.0}}}), [oa],
                  SystemClock())  # fmt: skip
    openid = box.act("message", person="p1")["openid"]
    with serving(box, "http://127.0.0.1:9") as url:
        there = type(oa)(oa.touchpoint, oa.channel, oa.settings, {}, {"api": f"{url}/wechat_oa/api"})
        connection = Connection(registry.channel("wechat_oa"), there, SystemClock())
        token = box.doubles["wechat_oa"].stable.lasting()[0]  # type: ignore[attr-defined]
        connection._token = (token, SystemClock().now().timestamp() + 7200)
        receipt = connection.send(Message("text", {"openid": openid}, {"content": "1"}, "k"))
        connection.close()
    assert receipt.state == "unknown"
    assert len(box.ledger.inbox()) == 1
