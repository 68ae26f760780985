"""Definitions keep every version; saving what is already so changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from onepool.clock import FakeClock
from onepool.definitions import Definitions
from onepool.state import State, StateError
from onepool.state.store import set_meta


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State.at(tmp_path / "state.sqlite")


def test_versions(state: State) -> None:
    clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))
    definitions = Definitions(state, clock)
    first = definitions.save("segment", "vip", {"when": {"tag": "level"}}, author="li", reason="start")
    clock.advance(timedelta(days=1))
    assert definitions.save("segment", "vip", {"when": {"tag": "level"}}, author="wang") == first
    revision = definitions.revision()
    second = definitions.save("segment", "vip", {"when": {"tag": "rank"}}, author="wang", reason="renamed")
    assert (second.version, second.author, second.created_at) == (2, "wang", datetime(2026, 1, 2, tzinfo=UTC))
    assert definitions.revision() > revision
    assert [d.version for d in definitions.history("segment", "vip")] == [2, 1]
    assert definitions.current("segment") == [second]


def test_a_deleted_definition_is_gone_but_its_history_stays(state: State) -> None:
    definitions = Definitions(state, FakeClock(datetime(2026, 1, 1, tzinfo=UTC)))
    definitions.save("tag", "t", {"kind": "metric"}, author="a")
    definitions.delete("tag", "t", author="b", reason="unused")
    assert definitions.get("tag", "t") is None
    assert definitions.current("tag") == []
    assert [(d.version, d.deleted) for d in definitions.history("tag", "t")] == [(2, True), (1, False)]
    definitions.save("tag", "t", {"kind": "metric"}, author="a")
    assert definitions.get("tag", "t") is not None


def test_a_failed_transaction_leaves_nothing(state: State) -> None:
    with pytest.raises(RuntimeError), state.write() as connection:
        set_meta(connection, "k", "v")
        raise RuntimeError
    assert state.meta("k") is None


def test_a_state_of_another_version_is_refused(tmp_path: Path) -> None:
    state = State.at(tmp_path / "s.sqlite")
    with state.write() as connection:
        set_meta(connection, "schema_version", "99")
    state.close()
    with pytest.raises(StateError, match="99"):
        State.at(tmp_path / "s.sqlite")


def test_a_committed_decision_is_synced_to_disk(state: State) -> None:
    with state.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
