"""Runs as the state keeps them, on both databases."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
from sqlalchemy import Connection, insert, update
from tests.postgres import postgres_server, state, state_url  # noqa: F401

from onepool.journeys.executor.columns import COLUMNS, I64, Runs
from onepool.journeys.states import RunState
from onepool.journeys.world.ahead import Ahead
from onepool.journeys.world.backlog import Backlog
from onepool.journeys.world.records import Records
from onepool.state import State
from onepool.state.journeys import runs


@pytest.mark.parametrize("many", [3, 5000])
def test_runs_are_found_for_few_and_for_many(state: State, many: int) -> None:  # noqa: F811
    """Of many customers whose numbers lie side by side a stretch is read instead of seeking each one."""
    with state.write() as connection:
        assert len(Records(connection).runs_of(np.arange(many, dtype=np.int64), live=True)) == 0


ROW = {"customer_id": 1, "key": "", "node": 0, "state": int(RunState.WAIT_TIME), "entered": 0, "arrived": 0}


def drained(
    connection: Connection, most: int, priorities: Mapping[int, int], scarce: Collection[int] = ()
) -> list[Runs]:
    """The portions in which all that is due is taken, by steps that keep what they know."""
    backlog, portions = Backlog(), []
    while True:
        portions.append(Records(connection, backlog).due(10_000, most, priorities, scarce))
        ids = portions[-1].run_id.tolist()
        connection.execute(update(runs).where(runs.c.run_id.in_(ids)).values(due=20_000))
        if len(ids) < most:
            return portions


def test_many_timers_are_taken_by_stretches_of_the_table_each_once(state: State) -> None:  # noqa: F811
    """Whose priority is higher first; of what is scarce the longest due; nobody twice, nobody left behind."""
    rng = np.random.default_rng(5)
    dues = rng.permutation(5000)
    rows = [{**ROW, "run_id": 7 * n, "version_id": 1 + n % 3, "due": int(due)} for n, due in enumerate(dues)]
    with state.write() as connection:
        connection.execute(insert(runs), [*rows, {**ROW, "run_id": 3, "version_id": 1, "due": 10_001}])
        portions = drained(connection, 400, {1: 50, 2: 50, 3: 50}, {3})
        taken = np.concatenate([one.run_id for one in portions])
        assert sorted(taken.tolist()) == sorted(7 * n for n in range(5000))
        assert {len(one) for one in portions[:-1]} == {400} and len(portions[-1]) == 200
        assert all((np.diff(one.due) > 0).all() for one in portions)
        given = np.concatenate([one.due[one.version_id == 3] for one in portions])
        assert (np.diff(given) > 0).all() and (portions[3].version_id == 3).all()
        stretches = [(one.run_id.min(), one.run_id.max()) for one in portions[5:-1]]
        assert all(before[1] < after[0] for before, after in pairwise(stretches))
        # What is known of a step's instant is not believed: others end, pause and move runs meanwhile.
        connection.execute(update(runs).values(due=5))
        backlog = Backlog()
        first = Records(connection, backlog).due(10_000, 400, {}).run_id
        connection.execute(update(runs).where(runs.c.run_id.not_in(first.tolist())).values(state=int(RunState.PAUSED)))
        connection.execute(update(runs).where(runs.c.run_id == 700).values(state=int(RunState.ENDED), due=None))
        again = Records(connection, backlog).due(10_000, 400, {}).run_id
        assert again.tolist() == [one for one in first.tolist() if one != 700]


def test_whoever_waits_longest_is_among_the_next_whatever_goes_before(state: State) -> None:  # noqa: F811
    with state.write() as connection:
        rows = [{**ROW, "run_id": n, "version_id": 1 + (n >= 30), "due": n} for n in range(600)]
        connection.execute(insert(runs), rows)
        portions = drained(connection, 100, {1: 1, 2: 99})
        assert [sorted(set(one.version_id.tolist())) for one in portions[:3]] == [[1, 2]] * 3
        assert portions[0].run_id[:10].tolist() == list(range(10)) and portions[2].run_id[:10].tolist() == list(
            range(20, 30)
        )


def test_those_held_for_one_instant_are_taken_in_the_order_of_their_entry(state: State) -> None:  # noqa: F811
    with state.write() as connection:
        entered = np.random.default_rng(6).permutation(200).tolist()
        held = {**ROW, "state": int(RunState.HELD), "node": -1, "version_id": 1, "due": 500}
        rows = [{**held, "run_id": n, "entered": at} for n, at in enumerate(entered)]
        rows += [{**ROW, "run_id": 200 + n, "version_id": 2, "due": n} for n in range(50)]
        connection.execute(insert(runs), rows)
        portions = drained(connection, 60, {1: 50, 2: 50}, {1})
        assert [sorted(one.entered.tolist()) for one in portions[:3]] == [list(range(n, n + 60)) for n in (0, 60, 120)]


def test_runs_come_as_they_are_column_by_column(state: State) -> None:  # noqa: F811
    """Read as rows or by columns: nothing and empty and any text stay apart."""
    told = [None, "", '{"a": "n\\n,\\u00e9"}', "n"]
    rows = [
        {**ROW, "run_id": n, "version_id": 1, "due": n if n % 2 else None, "parent": None if n % 3 else n,
         "key": "k" * (n % 2), "trigger": told[n % 4], "vars": told[n // 4 % 4], "reason": told[n % 3], "seq": n}
        for n in range(3000)
    ]  # fmt: skip
    with state.write() as connection:
        connection.execute(insert(runs), rows)
        records = Records(connection)
        many = records.runs(np.arange(3000))
        few = [records.runs(np.arange(n, n + 1000)) for n in (0, 1000, 2000)]
        for name in COLUMNS:
            assert getattr(many, name).tolist() == getattr(Runs.joined(few), name).tolist()


def test_what_a_try_took_that_came_to_nothing_is_taken_by_the_next(state: State) -> None:  # noqa: F811
    with state.write() as connection:
        connection.execute(insert(runs), [{**ROW, "run_id": n, "version_id": 1, "due": n} for n in range(100)])
        kept = Backlog()
        kept.look(connection, 10_000, 10, {}, ())
        for _ in range(2):
            tried = kept.copy()
            assert Records(connection, tried).due(10_000, 10, {}).run_id.tolist() == list(range(10))
        assert Records(connection, tried).due(10_000, 10, {}).run_id.tolist() == list(range(10, 20))


def test_one_that_is_no_longer_due_costs_no_new_look_at_all_others(
    state: State,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with state.write() as connection:
        connection.execute(insert(runs), [{**ROW, "run_id": n, "version_id": 1, "due": n} for n in range(100)])
        backlog = Backlog()
        backlog.look(connection, 10_000, 10, {}, ())
        connection.execute(update(runs).where(runs.c.run_id.in_([3, 10])).values(due=20_000))
        monkeypatch.setattr(Backlog, "look", None)
        found = Records(connection, backlog).due(10_000, 10, {}).run_id.tolist()
        assert found == [0, 1, 2, 4, 5, 6, 7, 8, 9, 11]


@dataclass
class Written:
    """As much of a step as counts here."""

    runs: Runs
    at: int = 10_000
    more: bool = True
    removed: I64 = field(default_factory=lambda: np.empty(0, np.int64))


def test_what_was_read_for_the_next_step_is_believed_but_of_what_the_step_wrote(
    state: State,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [{**ROW, "run_id": n, "version_id": 1, "due": n} for n in range(1, 13)]
    with state.write() as connection:
        connection.execute(insert(runs), rows)
    ahead, backlog = Ahead(state), Backlog()
    with state.write() as connection:
        backlog.look(connection, 10_000, 4, {}, ())
        first = Records(connection, backlog, ahead).due(10_000, 4, {})
        assert first.run_id.tolist() == [1, 2, 3, 4]
        # The step ends its own runs, and one whose turn comes next; another comes to carry something.
        touched = Runs.joined([first, Records(connection).runs(np.array([6, 7]))])
        with ahead.beside(backlog, Written(touched), 4):  # type: ignore[arg-type]
            ended = runs.c.run_id.in_([*first.run_id.tolist(), 6])
            connection.execute(update(runs).where(ended).values(state=int(RunState.ENDED), due=None))
            connection.execute(update(runs).where(runs.c.run_id == 7).values(vars='{"a":1}'))
    reads: list[list[int]] = []
    among = Records.due_of

    def due_of(self: Records, run_ids: I64, at: int) -> Runs:
        reads.append(run_ids.tolist())
        return among(self, run_ids, at)

    monkeypatch.setattr(Records, "due_of", due_of)
    with state.write() as connection:
        found = Records(connection, backlog, ahead).due(10_000, 4, {})
        assert found.run_id.tolist() == [5, 7, 8, 9]
        assert found.vars.tolist() == [None, '{"a":1}', None, None]
        # Of those read ahead only what the step wrote was read anew; then the next one in the place of who had ended.
        assert reads == [[6, 7], [9]]
        with ahead.beside(backlog, Written(found, more=False), 4):  # type: ignore[arg-type]
            pass
        assert ahead.known(np.array([10, 11, 12])) is None


def test_a_step_that_is_not_written_leaves_nothing_read_ahead(state: State) -> None:  # noqa: F811
    with state.write() as connection:
        connection.execute(insert(runs), [{**ROW, "run_id": n, "version_id": 1, "due": n} for n in range(1, 9)])
        backlog, ahead = Backlog(), Ahead(state)
        backlog.look(connection, 10_000, 4, {}, ())
    with state.write() as connection:
        first = Records(connection, backlog).due(10_000, 4, {})
    with pytest.raises(RuntimeError), ahead.beside(backlog, Written(first), 4):  # type: ignore[arg-type]
        raise RuntimeError
    assert ahead.known(np.array([5, 6, 7, 8])) is None
