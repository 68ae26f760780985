"""Broadcasts: a frozen audience, the same gate, one message for each address; paused, cancelled, gone on with."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from onepool.privacy import approvals, audit
from onepool.reach import broadcasts
from onepool.reach.broadcasts import Broadcaster, BroadcastError
from onepool.reach.broadcasts.checking import problems
from onepool.reach.policy_model import NAME
from onepool.state.outbox import sends
from onepool.workspace import open_workspace

from .outbox import Outbox

BOTH_STATES = True

PEOPLE = ("an", "bo", "cy", "di")
BODY: dict[str, Any] = {
    "broadcast": "sale", "message": "hello", "channel": "wechat_oa", "template": "OA",
    "audience": {"who": {"did": "followed"}},
}  # fmt: skip


@pytest.fixture
def crowd(outbox: Outbox) -> Outbox:
    for name in PEOPLE:
        outbox.person(name, "oa", consents=name != "di")
    outbox.settle()
    return outbox


def test_the_later_of_two_who_edit_a_draft_is_told(crowd: Outbox) -> None:
    ws = crowd.workspace
    first = broadcasts.create(ws, BODY, "user:mei@brand.test")
    broadcasts.change(ws, "sale", {**BODY, "expire_after": "2 hours"}, "user:lin@brand.test", expected=first.version)
    with pytest.raises(BroadcastError, match=r"lin@brand\.test saved version 2 meanwhile") as told:
        broadcasts.change(
            ws, "sale", {**BODY, "expire_after": "3 hours"}, "user:mei@brand.test", expected=first.version
        )
    assert told.value.code == "broadcast-changed"
    assert broadcasts.find(ws.state, "sale").body["expire_after"] == "2 hours"


def planned(outbox: Outbox) -> int:
    with outbox.workspace.state.read() as connection:
        return int(connection.execute(select(func.count()).select_from(sends)).scalar_one())


def counted(outbox: Outbox) -> dict[tuple[str, str | None], int]:
    number = broadcasts.find(outbox.workspace.state, "sale").id
    listed = broadcasts.counts(outbox.workspace.state, [number]).get(number, [])
    return {(state, reason): count for state, reason, count in listed}


def drain(outbox: Outbox, batch: int = 3) -> None:
    planner = Broadcaster(outbox.workspace, batch)
    while planner.step():
        pass


def test_everybody_of_the_audience_gets_one_message(crowd: Outbox) -> None:
    broadcasts.create(crowd.workspace, BODY, "mei")
    broadcasts.start(crowd.workspace, "sale", approval=False)
    drain(crowd)
    assert counted(crowd) == {("queued", None): 3, ("suppressed", "no_consent"): 1}
    crowd.senders.step()
    drain(crowd)
    found = broadcasts.find(crowd.workspace.state, "sale")
    assert (found.status, found.total, found.planned) == ("done", 4, 4)
    assert sorted(message.to["openid"] for _, message in crowd.platform.calls) == ["o-an", "o-bo", "o-cy"]


def test_the_forecast_is_what_then_becomes_of_it(crowd: Outbox) -> None:
    crowd.person("ed", "sms")  # no account to write to
    crowd.settle()
    everybody = {**BODY, "audience": {"who": {"any": [{"did": "followed"}, {"did": "consent_granted"}]}}}
    crowd.workspace.save("policy", NAME, {"policy": NAME, "prices": {"wechat_oa": 0.5}}, author="test")
    broadcasts.create(crowd.workspace, everybody, "mei")
    found = broadcasts.forecast(crowd.workspace, broadcasts.find(crowd.workspace.state, "sale"))
    assert planned(crowd) == 0
    assert (found.audience, found.sample, found.at_once, found.put_off) == (5, 5, 3, 0)
    assert found.left_out == {"no_consent": 1, "not_follower": 1} and found.cost == 1.5
    broadcasts.start(crowd.workspace, "sale", approval=False)
    drain(crowd)
    left_out = {reason: count for (state, reason), count in counted(crowd).items() if state == "suppressed"}
    assert left_out == found.left_out
    assert counted(crowd)["queued", None] == found.at_once


def test_the_forecast_of_a_large_audience_is_scaled_up(crowd: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onepool.reach.broadcasts.forecasting.SAMPLE", 2)
    broadcasts.create(crowd.workspace, BODY, "mei")
    found = broadcasts.forecast(crowd.workspace, broadcasts.find(crowd.workspace.state, "sale"))
    assert (found.audience, found.sample) == (4, 2)
    assert found.at_once + found.put_off + found.duplicates + sum(found.left_out.values()) == 4


def test_planning_goes_on_where_it_was_and_plans_nobody_twice(crowd: Outbox) -> None:
    broadcasts.create(crowd.workspace, BODY, "mei")
    broadcasts.start(crowd.workspace, "sale", approval=False)
    first = Broadcaster(crowd.workspace, 3)
    assert first.step() and first.step()
    assert planned(crowd) == 3
    drain(crowd)  # another process
    assert planned(crowd) == 4


def test_a_cancelled_one_sends_nothing_more(crowd: Outbox) -> None:
    broadcasts.create(crowd.workspace, BODY, "mei")
    broadcasts.start(crowd.workspace, "sale", approval=False)
    drain(crowd)
    broadcasts.cancel(crowd.workspace, "sale")
    crowd.senders.step()  # before anything was taken out of the outbox
    assert crowd.platform.calls == []
    drain(crowd)
    assert counted(crowd) == {("cancelled", "ended"): 3, ("suppressed", "no_consent"): 1}
    with pytest.raises(BroadcastError, match="cancelled"):
        broadcasts.resume(crowd.workspace, "sale")


def test_a_paused_one_waits_and_goes_on(crowd: Outbox) -> None:
    broadcasts.create(crowd.workspace, BODY, "mei")
    broadcasts.start(crowd.workspace, "sale", approval=False)
    drain(crowd)
    broadcasts.pause(crowd.workspace, "sale")
    crowd.senders.step()
    assert crowd.platform.calls == []
    assert broadcasts.resume(crowd.workspace, "sale").status == "sending"
    crowd.senders.step()
    assert len(crowd.platform.calls) == 3


def test_people_who_became_one_get_one_message(crowd: Outbox) -> None:
    broadcasts.create(crowd.workspace, BODY, "mei")
    broadcasts.start(crowd.workspace, "sale", approval=False)
    planner = Broadcaster(crowd.workspace, 1)
    planner.step()
    planner.step()  # the first of them is planned
    crowd.event("oa", "menu_clicked", {"user_id": "an", "openid": "o-bo"})
    crowd.settle()
    drain(crowd)
    crowd.senders.step()
    calls = [message.to["openid"] for _, message in crowd.platform.calls]
    assert len(calls) == len(set(calls))


def test_a_second_person_has_to_approve_where_it_is_asked_for(crowd: Outbox) -> None:
    ws = crowd.workspace
    broadcasts.create(ws, BODY, "mei")
    with pytest.raises(BroadcastError, match="second person"):
        broadcasts.start(ws, "sale", approval=True)
    broadcasts.ask(ws, "sale", "mei")
    (asked,) = approvals.waiting(ws.state)
    approvals.decide(ws.state, ws.clock, asked.id, approve=True, actor="lin")
    # What was approved was this text and no other.
    broadcasts.change(ws, "sale", BODY | {"priority": 60}, "mei")
    with pytest.raises(BroadcastError, match="second person"):
        broadcasts.start(ws, "sale", approval=True)


def _approved(crowd: Outbox) -> None:
    ws = crowd.workspace
    broadcasts.ask(ws, "sale", "mei")
    asked = approvals.waiting(ws.state)[-1]
    approvals.decide(ws.state, ws.clock, asked.id, approve=True, actor="lin")


def _rewrite(crowd: Outbox, text: str) -> None:
    item = crowd.workspace.definitions.get("message", "hello")
    assert item is not None
    body = json.loads(json.dumps(item.body))
    body["contents"][0]["content"]["data"] = {"thing1": text}
    crowd.workspace.save("message", "hello", body, author="mei")


def test_a_word_on_a_draft_is_not_for_another_one_of_its_name(crowd: Outbox) -> None:
    ws = crowd.workspace
    broadcasts.create(ws, BODY, "mei")
    _approved(crowd)
    broadcasts.remove(ws, "sale", "mei")
    made = broadcasts.create(ws, BODY | {"priority": 60}, "mei")
    assert made.version == 2
    with pytest.raises(BroadcastError, match="second person"):
        broadcasts.start(ws, "sale", approval=True)
    trail = [one for _, one in audit.trail(ws.state) if one.action == "broadcast.delete"]
    assert [(one.actor, one.subject) for one in trail] == [("mei", "broadcast:sale")]


def test_what_was_approved_is_what_goes_out(crowd: Outbox) -> None:
    ws = crowd.workspace
    broadcasts.create(ws, BODY, "mei")
    _approved(crowd)
    _rewrite(crowd, "another text")
    with pytest.raises(BroadcastError, match="changed since a second person was asked"):
        broadcasts.start(ws, "sale", approval=True)
    broadcasts.ask(ws, "sale", "mei")
    with pytest.raises(BroadcastError, match="second person"):
        broadcasts.start(ws, "sale", approval=True)
    _approved(crowd)
    broadcasts.start(ws, "sale", approval=True)
    # Neither before it is planned nor half-way through does a later text slip in.
    _rewrite(crowd, "a third text")
    planner = Broadcaster(ws, 1)
    planner.step()
    planner.step()
    _rewrite(crowd, "a fourth text")
    drain(crowd)
    crowd.senders.step()
    assert [message.content["data"]["thing1"] for _, message in crowd.platform.calls] == ["another text"] * 3


def test_a_message_that_has_to_be_approved_has_to_be_for_a_broadcast_too(crowd: Outbox) -> None:
    ws = crowd.workspace
    file = ws.root / "onepool.yaml"
    file.write_text(file.read_text() + "\nmessages: {approval: true}\n")
    ws = open_workspace(ws.root, clock=crowd.clock)
    broadcasts.create(ws, BODY, "mei")
    with pytest.raises(BroadcastError, match="nobody has approved the message hello"):
        broadcasts.start(ws, "sale", approval=False)
    item = ws.definitions.get("message", "hello")
    assert item is not None
    asked = approvals.ask(ws.state, ws.clock, "message", "hello", item.version, actor="mei")
    approvals.decide(ws.state, ws.clock, asked.id, approve=True, actor="lin")
    assert broadcasts.start(ws, "sale", approval=False).status == "scheduled"


def test_a_change_between_the_look_and_the_start_is_seen(crowd: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    ws = crowd.workspace
    broadcasts.create(ws, BODY, "mei")
    _approved(crowd)

    def meanwhile(*given: Any) -> Any:
        broadcasts.change(ws, "sale", BODY | {"priority": 60}, "mei")
        return problems(*given)

    monkeypatch.setattr("onepool.reach.broadcasts.store.problems", meanwhile)
    with pytest.raises(BroadcastError, match="changed meanwhile"):
        broadcasts.start(ws, "sale", approval=True)
    assert broadcasts.find(ws.state, "sale").status == "draft"


def test_what_was_cancelled_can_not_be_resumed(crowd: Outbox) -> None:
    broadcasts.create(crowd.workspace, BODY, "mei")
    broadcasts.cancel(crowd.workspace, "sale")
    with pytest.raises(BroadcastError, match="it is cancelled and can't be resumed"):
        broadcasts.resume(crowd.workspace, "sale")


def test_what_is_late_is_not_sent(crowd: Outbox) -> None:
    broadcasts.create(crowd.workspace, BODY | {"expire_after": "1 hour"}, "mei")
    broadcasts.start(crowd.workspace, "sale", approval=False)
    drain(crowd)
    crowd.clock.advance(timedelta(hours=2))
    crowd.senders.step()
    assert crowd.platform.calls == []
    assert counted(crowd)["suppressed", "expired"] == 3


def test_a_message_that_needs_a_journey_is_refused(crowd: Outbox) -> None:
    content = {"template_id": "T1", "data": {"thing1": "{{ code }}"}}
    message = {
        "message": "lent",
        "category": "promotion",
        "variables": {"code": {"from": "vars.coupon_code"}},
        "contents": [{"template": "OA", "channel": "wechat_oa", "kind": "template", "content": content}],
    }
    crowd.workspace.save("message", "lent", message, author="test")
    broadcasts.create(crowd.workspace, {**BODY, "message": "lent"}, "mei")
    with pytest.raises(BroadcastError, match=r"variable code comes from vars\.coupon_code, which only a journey has"):
        broadcasts.start(crowd.workspace, "sale", approval=False)
    message["variables"]["code"]["default"] = "-"  # type: ignore[index]
    crowd.workspace.save("message", "lent", message, author="test")
    assert broadcasts.start(crowd.workspace, "sale", approval=False).status == "scheduled"
