"""Approvals: of one version, by another person than the one who asked, each step in the audit trail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from onepool.clock import FakeClock
from onepool.privacy import approvals
from onepool.privacy.approvals import ApprovalError
from onepool.privacy.audit import trail
from onepool.state import State

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
ANNE, BEN = "user:anne@brand.test", "user:ben@brand.test"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State.at(tmp_path / "state.sqlite")
    yield made
    made.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


def test_another_person_approves_this_version_and_no_other(state: State, clock: FakeClock) -> None:
    asked = approvals.ask(state, clock, "journey", "cart_recall", 3, actor=ANNE, note="please")
    assert (asked.status, asked.note, asked.decided_at) == ("asked", "please", None)
    assert [one.id for one in approvals.waiting(state)] == [asked.id]
    with pytest.raises(ApprovalError) as own:
        approvals.decide(state, clock, asked.id, approve=True, actor=ANNE)
    assert own.value.code == "approval-own"
    clock.advance(timedelta(minutes=5))
    done = approvals.decide(state, clock, asked.id, approve=True, actor=BEN)
    assert (done.status, done.decided_by, done.decided_at) == ("approved", BEN, clock.now())
    assert approvals.approved(state, "journey", "cart_recall", 3)
    assert not approvals.approved(state, "journey", "cart_recall", 4)
    assert not approvals.approved(state, "message", "cart_recall", 3)
    assert approvals.waiting(state) == []
    told = [(entry.actor, entry.action, entry.subject) for _, entry in trail(state)]
    assert told == [
        (BEN, "approval.decide", "journey:cart_recall"),
        (ANNE, "approval.ask", "journey:cart_recall"),
    ]


def test_asking_twice_is_one_question(state: State, clock: FakeClock) -> None:
    first = approvals.ask(state, clock, "message", "hello", 1, actor=ANNE)
    assert approvals.ask(state, clock, "message", "hello", 1, actor=BEN) == first
    approvals.decide(state, clock, first.id, approve=True, actor=BEN)
    again = approvals.ask(state, clock, "message", "hello", 1, actor=ANNE)
    assert (again.id, again.status) == (first.id, "approved")


def test_a_decision_is_made_once(state: State, clock: FakeClock) -> None:
    asked = approvals.ask(state, clock, "broadcast", "double11", 1, actor=ANNE)
    refused = approvals.decide(state, clock, asked.id, approve=False, actor=BEN, note="wrong price")
    assert (refused.status, refused.note) == ("refused", "wrong price")
    for late in (
        lambda: approvals.decide(state, clock, asked.id, approve=True, actor=BEN),
        lambda: approvals.withdraw(state, clock, asked.id, actor=ANNE),
    ):
        with pytest.raises(ApprovalError) as error:
            late()
        assert error.value.code == "approval-decided"
    anew = approvals.ask(state, clock, "broadcast", "double11", 1, actor=ANNE)
    assert anew.id != asked.id and anew.status == "asked"
    assert approvals.withdraw(state, clock, anew.id, actor=ANNE).status == "withdrawn"
    assert not approvals.approved(state, "broadcast", "double11", 1)
    assert [one.status for one in approvals.history(state, "broadcast", "double11")] == ["withdrawn", "refused"]


def test_what_is_not_there(state: State, clock: FakeClock) -> None:
    with pytest.raises(ApprovalError) as unknown:
        approvals.decide(state, clock, 7, approve=True, actor=BEN)
    assert unknown.value.code == "approval-unknown"
    assert approvals.find(state, 7) is None and approvals.latest(state, "journey", "x", 1) is None
    with pytest.raises(ApprovalError, match="no approval of a segment"):
        approvals.ask(state, clock, "segment", "vip", 1, actor=ANNE)


def test_waiting_by_kind(state: State, clock: FakeClock) -> None:
    approvals.ask(state, clock, "journey", "a", 1, actor=ANNE)
    approvals.ask(state, clock, "coupon", "b", 1, actor=ANNE)
    assert [one.name for one in approvals.waiting(state, ["coupon"])] == ["b"]
    assert [one.name for one in approvals.waiting(state)] == ["a", "b"]
