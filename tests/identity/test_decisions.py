"""Rulings: append-only, one of two at once wins, undone and remembered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import insert, select
from tests.identity.written import Written, empty

from onepool.clock import FakeClock
from onepool.identity import decisions
from onepool.identity.decisions import Decided, Decision, DecisionError, Side
from onepool.privacy import audit
from onepool.state import State, schema

ANN, BOB = "user:ann@brand.test", "user:bob@brand.test"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Written]:
    """Customers 1 (identifiers 1, 2) and 3 (3, 4), and the anonymous 5."""
    made = empty(tmp_path)
    made.identifier("phone", "+8613711112222")
    made.identifier("openid", "oA", 1, scope="wx1")
    made.identifier("phone", "+8613733334444")
    made.identifier("device", "d-1", 3, scope="app")
    made.identifier("anonymous_id", "a-1", scope="web")
    yield made
    made.close()


ONE, THREE, FIVE = Side(1, (1, 2)), Side(3, (3, 4)), Side(None, (5,))


def merge(world: Written, author: str = ANN, **more: int) -> Decision:
    return decisions.merge(world.state, world.clock, ONE, THREE, author=author, reason="same person", **more)


def never(world: Written, author: str = ANN, **more: int) -> Decision:
    return decisions.never(world.state, world.clock, ONE, THREE, author=author, **more)


def test_a_decision_is_kept_with_who_and_why(world: Written) -> None:
    made = merge(world)
    assert (made.kind, made.a, made.b, made.author, made.reason) == ("merge", 1, 3, ANN, "same person")
    assert made.at == world.clock.now()
    assert not made.applied
    world.applied(made.id)
    assert decisions.get(world.state, made.id).applied  # type: ignore[union-attr]
    assert decisions.latest(world.state) == made.id


def test_the_trail_tells_of_it_without_personal_data(world: Written) -> None:
    made = merge(world)
    (_, entry), *_ = audit.trail(world.state)
    assert (entry.actor, entry.action, entry.subject) == (ANN, "identity.decide", f"decision:{made.id}")
    assert entry.detail == {"kind": "merge", "a": 1, "b": 3}


@pytest.mark.parametrize("first", [merge, never])
@pytest.mark.parametrize("second", [merge, never])
def test_of_two_who_did_not_know_of_each_other_the_second_is_refused(first, second, world: Written) -> None:  # type: ignore[no-untyped-def]
    made = first(world, ANN)
    with pytest.raises(Decided, match=f"{ANN}.*on 2026-11-20") as refused:
        second(world, BOB)
    assert refused.value.where == f"decision:{made.id}"


def test_who_knew_of_the_earlier_one_may_overrule_it(world: Written) -> None:
    before = never(world)
    after = merge(world, BOB, seen=before.id)
    assert after.over == (before.id,)
    with world.state.read() as connection:
        assert [one.id for one in decisions.in_force(connection, [1, 2])] == [after.id]


def test_overruled_by_a_merge_of_other_identifiers(world: Written) -> None:
    before = decisions.never(world.state, world.clock, Side(2, (1, 2)), THREE, author=ANN)
    after = merge(world, seen=before.id)
    with world.state.read() as connection:
        assert [one.id for one in decisions.in_force(connection, [2])] == []
        assert [one.id for one in decisions.in_force(connection, [1])] == [after.id]
    decisions.undo(world.state, world.clock, after.id, author=BOB)
    with world.state.read() as connection:
        assert [one.id for one in decisions.in_force(connection, [2])] == [before.id]


def test_two_at_the_same_moment(tmp_path: Path, world: Written) -> None:
    """Two processes' connections: whatever the order, one row."""
    ready = Barrier(2)

    def decide(author: str) -> str:
        state = State(world.state.url)
        try:
            ready.wait()
            return decisions.merge(state, FakeClock(world.clock.now()), ONE, THREE, author=author).author
        except Decided as refused:
            return refused.message
        finally:
            state.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(decide, [ANN, BOB]))
    rows, total = decisions.history(world.state)
    assert total == 1
    assert sorted(answers) == sorted([rows[0].author, f"{rows[0].author} merged them on 2026-11-20T04:00+00:00"])


def test_who_only_has_a_cookie_can_not_be_merged(world: Written) -> None:
    with pytest.raises(DecisionError, match="never join"):
        decisions.merge(world.state, world.clock, ONE, FIVE, author=ANN)
    with pytest.raises(DecisionError, match="same customer"):
        decisions.never(world.state, world.clock, ONE, ONE, author=ANN)
    assert decisions.history(world.state)[1] == 0


def test_a_split_cuts_and_keeps_apart(world: Written) -> None:
    made = decisions.split(world.state, world.clock, Side(2, (2,)), Side(1, (1,)), [(2, 1), (1, 2)], author=ANN)
    assert (made.a, made.b, made.part, made.pairs) == (2, 1, (2,), ((1, 2),))
    with world.state.read() as connection:
        payload = connection.execute(select(schema.decisions.c.payload)).scalar_one()
    assert json.loads(payload) == {"pairs": [[1, 2]], "part": [2], "rest": [1]}
    with pytest.raises(DecisionError, match="both sides"):
        decisions.split(world.state, world.clock, Side(None, ()), ONE, [], author=ANN)


def test_a_split_of_what_changed_meanwhile_is_refused(world: Written) -> None:
    made = merge(world)
    with pytest.raises(Decided):
        decisions.split(world.state, world.clock, Side(2, (2,)), Side(1, (1,)), [], author=BOB)
    world.applied(made.id)
    assert decisions.split(world.state, world.clock, Side(2, (2,)), Side(1, (1,)), [], author=BOB).kind == "split"


def test_block_once(world: Written) -> None:
    decisions.block(world.state, world.clock, 4, author=ANN, reason="counter tablet")
    with pytest.raises(Decided, match="blocked it"):
        decisions.block(world.state, world.clock, 4, author=BOB)


def test_undo_and_what_it_brings_back(world: Written) -> None:
    candidate = world.candidate(2, 3, 0.9)
    made = decisions.merge(world.state, world.clock, ONE, THREE, author=ANN, candidate=candidate)
    assert made.candidates == (candidate,)
    assert status(world, candidate) == "merged"
    undone = decisions.undo(world.state, world.clock, made.id, author=BOB, reason="a mistake")
    assert (undone.kind, undone.undoes) == ("undo", made.id)
    assert decisions.get(world.state, made.id).undone_by == undone.id  # type: ignore[union-attr]
    assert status(world, candidate) == "open"
    with pytest.raises(Decided, match=f"{BOB} took it back"):
        decisions.undo(world.state, world.clock, made.id, author=ANN)
    with pytest.raises(DecisionError):
        decisions.undo(world.state, world.clock, undone.id, author=ANN)
    with pytest.raises(DecisionError):
        decisions.undo(world.state, world.clock, 99, author=ANN)
    assert merge(world, BOB).id > undone.id


def test_a_proposal_is_answered_once(world: Written) -> None:
    candidate = world.candidate(1, 4, 0.9)
    never(world)
    assert status(world, candidate) == "never"
    with pytest.raises(Decided):
        decisions.merge(world.state, world.clock, ONE, THREE, author=BOB, candidate=candidate, seen=99)
    assert decisions.history(world.state)[1] == 1


def test_history_of_some_identifiers(world: Written) -> None:
    first = merge(world)
    second = decisions.block(world.state, world.clock, 5, author=BOB)
    assert [one.id for one in decisions.history(world.state)[0]] == [second.id, first.id]
    assert decisions.history(world.state, [3, 4])[0] == [first]
    assert decisions.history(world.state, [3, 4], offset=1) == ([], 1)
    with world.state.read() as connection:
        assert [one.id for one in decisions.unapplied(connection)] == [first.id, second.id]


def test_the_later_of_two_about_a_pair_holds(world: Written) -> None:
    first = merge(world)
    second = never(world, seen=first.id)
    with world.state.read() as connection:
        assert [one.id for one in decisions.in_force(connection, [3])] == [second.id]
        assert decisions.in_force(connection, []) == []
    decisions.undo(world.state, world.clock, second.id, author=BOB)
    with world.state.read() as connection:
        assert [one.id for one in decisions.in_force(connection, [3])] == [first.id]


def status(world: Written, candidate: int) -> str:
    table = schema.candidates
    with world.state.read() as connection:
        return str(connection.execute(select(table.c.status).where(table.c.id == candidate)).scalar_one())


def _proposed(world: Written, a: int, b: int) -> int:
    with world.state.write() as connection:
        pair = {"a": a, "b": b, "probability": 0.9, "detail": "[]", "model": 1, "at": 1, "status": "open"}
        made = connection.execute(insert(schema.candidates).values(**pair)).inserted_primary_key
        assert made is not None
        return int(made[0])


def test_a_proposal_that_comes_after_never_can_be_answered_with_never(world: Written) -> None:
    first = _proposed(world, 1, 3)
    before = decisions.never(world.state, world.clock, ONE, THREE, author=ANN, candidate=first)
    world.applied(before.id)
    # The same two customers, found by the next run under other identifiers.
    again = _proposed(world, 2, 4)
    with pytest.raises(Decided):
        decisions.merge(world.state, world.clock, ONE, THREE, author=BOB, candidate=again)
    made = decisions.never(world.state, world.clock, ONE, THREE, author=BOB, candidate=again)
    assert made.candidates == (again,)
    with pytest.raises(Decided):
        decisions.never(world.state, world.clock, ONE, THREE, author=ANN, candidate=again)
