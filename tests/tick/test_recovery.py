"""After failures, in other batches, under other rules: the same contents."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import SQLAlchemyError

from onepool.errors import WorkspaceError
from onepool.rebuild import build, content_hashes

from .conftest import START, World


def viewed(who: str, **more: Any) -> dict[str, Any]:
    return {"event": "product_viewed", "anonymousId": who, "properties": {"product_id": "P1"}, **more}


def same_when_rebuilt(world: World, folder: Path) -> None:
    found = content_hashes(world.workspace.pool)
    path = folder / "again.duckdb"
    build(world.workspace, path)
    again = world.workspace.open_pool(path)
    try:
        assert content_hashes(again) == found
    finally:
        again.close()


def test_a_refused_request_is_taken_whole_when_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from onepool.tick import ingest

    real = ingest.standardise

    def fragile(records: Any, *rest: Any, **named: Any) -> Any:
        if any(b"poison" in record.body for record in records):
            raise ZeroDivisionError("what nobody foresaw")
        return real(records, *rest, **named)

    monkeypatch.setattr(ingest, "standardise", fragile)
    world.send(viewed("a"), viewed("poison"), viewed("b"))
    world.drain()
    monkeypatch.undo()
    (held,) = world.rows("SELECT log_offset, item FROM quarantine")
    world.workspace.replay_quarantine([(held["log_offset"], held["item"])])
    world.drain()
    assert world.value("SELECT count(*) FROM quarantine") == 0
    assert world.value("SELECT count(*) FROM events") == 3


def test_a_failure_while_recovering_leaves_no_trace(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = world.worker
    world.drain()
    world.send(viewed("a"), viewed("b", userId="u1"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("onepool.tick.worker._set_log_offset", full)
        patch.setattr("onepool.tick.worker.Duplicates", full)
        patch.setattr(type(worker._resolver), "save", full)
        with pytest.raises(OSError, match="space"):
            worker.step()
    world.drain()
    world.restart()
    world.send(viewed("c"))
    world.drain()
    with world.workspace.state.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM identifiers").scalar() == 4
    assert world.value("SELECT count(*) FROM events e JOIN identifiers i USING (identifier_id)") == 3


def test_duplicates_are_the_same_when_rebuilt_much_later(world: World, tmp_path: Path) -> None:
    world.send(viewed("a", messageId="same"))
    world.drain()
    world.define("touchpoint", "other", channel="web", title="other")
    world.send(viewed("a", messageId="same"))
    world.drain()
    assert world.value("SELECT count(*) FROM events") == 1
    world.clock.advance(timedelta(days=45))
    same_when_rebuilt(world, tmp_path)


def test_an_id_used_again_after_the_window_is_the_same_when_rebuilt(world: World, tmp_path: Path) -> None:
    world.send(viewed("a", messageId="same"))
    world.drain()
    world.clock.advance(timedelta(days=45))
    world.restart()
    world.send(viewed("a", messageId="same"))
    world.drain()
    same_when_rebuilt(world, tmp_path)


def test_a_brand_adds_fields_of_order_lines(world: World, tmp_path: Path) -> None:
    world.drain()
    world.define(
        "standard",
        "mine",
        fields={"tea_grade": {"type": "text", "title": {"zh": "茶级", "en": "Tea grade"}}},
        item_fields=["tea_grade"],
    )
    world.send(
        {
            "event": "order_paid",
            "userId": "u",
            "properties": {"order_id": "O1", "amount": 5, "items": [{"product_id": "P1", "tea_grade": "A"}]},
        }
    )
    world.drain()
    assert world.value("SELECT items[1].tea_grade FROM events") == "A"
    same_when_rebuilt(world, tmp_path)


def test_a_definition_deleted_during_an_evaluation(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from onepool.audience import live

    world.define("segment", "one", title="x", condition={"did": "product_viewed"})
    world.define("segment", "two", title="x", condition={"did": "product_viewed"})
    world.drain()
    real = live.compile_conditions

    def meanwhile(*args: Any) -> Any:
        world.workspace.definitions.delete("segment", "two", author="test")
        return real(*args)

    monkeypatch.setattr(
        live.Live, "_retire", lambda self, *a: world.workspace.definitions.delete("segment", "two", author="test")
    )
    world.send(viewed("a"))
    world.clock.advance(timedelta(seconds=1))
    world.worker.step()
    monkeypatch.undo()
    assert world.value("SELECT count(*) FROM quarantine") == 0
    world.settle()
    assert world.rows("SELECT DISTINCT segment FROM segment_members") == [{"segment": "one"}]


def test_a_definition_saved_while_an_evaluation_begins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from onepool.audience import live

    world.send(viewed("a"))
    world.settle()
    real = live.Live._wanted
    done: list[int] = []

    def meanwhile(self: Any, *args: Any) -> Any:
        if not done:
            done.append(1)
            world.define("segment", "one", title="x", condition={"did": "product_viewed"})
        return real(self, *args)

    monkeypatch.setattr(live.Live, "_wanted", meanwhile)
    world.send(viewed("b"))
    world.worker.step()
    monkeypatch.undo()
    world.settle()
    assert world.value("SELECT count(*) FROM segment_members") == 2


def test_a_definition_that_fails_in_an_unforeseen_way_costs_no_records(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onepool.audience import live

    def broken(*_: Any) -> Any:
        raise ValueError("what nobody foresaw")

    world.define("segment", "one", title="x", condition={"did": "product_viewed"})
    world.drain()
    monkeypatch.setattr(live, "compile_conditions", broken)
    for who in "abc":
        world.send(viewed(who))
    world.settle()
    assert world.value("SELECT count(*) FROM quarantine") == 0
    assert world.value("SELECT count(*) FROM events") == 3
    monkeypatch.undo()
    world.restart()
    world.settle()
    assert world.value("SELECT count(*) FROM segment_members") == 3


def test_order_events_in_other_batches(world: World, tmp_path: Path) -> None:
    def event(name: str, who: str, at: int, **more: Any) -> dict[str, Any]:
        when = (START - timedelta(hours=10 - at)).isoformat()
        return {"event": name, "userId": who, "timestamp": when, "properties": {"order_id": "O1", **more}}

    for one in (
        event("order_shipped", "u1", 1),
        event("order_completed", "u2", 2),
    ):
        world.send(one)
        world.drain()
    same_when_rebuilt(world, tmp_path)


def test_a_file_imported_twice_in_other_batches(world: World, tmp_path: Path) -> None:
    from onepool.imports import import_into

    path = tmp_path / "orders.csv"
    path.write_text("order_id,phone,amount\nO1,13916234871,12.5\nO2,,9\nO3,13916234872,abc\nO2,,9\n", encoding="utf-8")
    world.drain()
    world.worker.close()
    world._worker = None
    for _ in range(2):
        import_into(world.workspace, "orders", [path], touchpoint="shop")
    same_when_rebuilt(world, tmp_path)


def test_a_damaged_key_of_digests_is_not_used(world: World) -> None:
    world.drain()
    path = world.workspace.data / "digest.key"
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("", encoding="ascii")
    world.restart()
    with pytest.raises(WorkspaceError):
        world.drain()


def test_data_is_for_the_owner_only(world: World) -> None:
    assert world.workspace.data.stat().st_mode & 0o777 == 0o700


def test_rules_logged_by_two_at_once_end_with_the_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from onepool import workspace as module

    real, entered, others = module.rules_of, threading.Event(), []

    def slow(*args: Any) -> Any:
        found = real(*args)
        if not entered.is_set():
            entered.set()
            other = threading.Thread(target=lambda: world.define("touchpoint", "second", channel="web", title="second"))
            other.start()
            others.append(other)
            other.join(1)
        return found

    monkeypatch.setattr(module, "rules_of", slow)
    world.define("touchpoint", "first", channel="web", title="first")
    for other in others:
        other.join()
    monkeypatch.undo()
    last = world.workspace.log.read(0, 1000, 1 << 30)[-1]
    assert {"first", "second"} <= set(json.loads(last.body)["touchpoints"])


def test_much_is_tried_again_in_small_parts(world: World) -> None:
    assert world.workspace.replay_quarantine([(offset, item) for offset in range(1, 100) for item in (0, 1)]) == 198
    controls = [json.loads(r.body) for r in world.workspace.log.read(0, 100, 1 << 30) if r.protocol == "replay"]
    assert max(len({offset for offset, _ in control}) for control in controls) <= 40
    assert sum(len(control) for control in controls) == 198


def test_no_values_of_customers_in_errors_of_the_state(world: World) -> None:
    with world.workspace.state.write() as connection, pytest.raises(SQLAlchemyError) as caught:
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (?)", ("13916234871",))
    assert "13916234871" not in str(caught.value)


def test_an_unforeseen_failure_does_not_end_the_loop(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    worker = world.worker
    calls: list[int] = []

    def step() -> bool:
        calls.append(1)
        if len(calls) > 1:
            stop.set()
            return False
        raise KeyError("what nobody foresaw")

    monkeypatch.setattr(worker, "step", step)
    monkeypatch.setattr(stop, "wait", lambda *_: None)
    worker.run(stop)
    assert len(calls) == 2


def test_deleted_definitions_leave_a_rebuilt_pool(world: World) -> None:
    from onepool.rebuild import replace

    world.define("segment", "one", title="x", condition={"did": "product_viewed"})
    world.send(viewed("a"))
    world.settle()
    world.worker.close()
    world._worker = None
    world.workspace.definitions.delete("segment", "one", author="test")
    replace(world.workspace)
    world.drain()
    assert world.value("SELECT count(*) FROM segment_members") == 0


def test_an_import_takes_over_from_a_worker_that_is_gone(world: World, tmp_path: Path) -> None:
    from onepool.imports import import_into
    from onepool.pool.remote import RemoteEngine

    world.drain()
    world.worker.close()
    world._worker = None
    world.workspace.pool.close()
    # Before the import begins another process holds the pool; then it is gone without a trace.
    world.workspace.__dict__["pool"] = RemoteEngine(world.workspace.socket)
    path = tmp_path / "orders.csv"
    path.write_text("order_id,phone,amount,placed_at\nO1,13916234871,12.5,2026-02-01 10:00:00\n", encoding="utf-8")
    assert import_into(world.workspace, "orders", [path], touchpoint="shop").accepted == 1


def test_what_is_too_much_for_memory_at_once_comes_in_little_by_little(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onepool.tick import ingest

    real, taken = ingest.standardise, []

    def small(records: Any, *rest: Any, **named: Any) -> Any:
        taken.append(len(records))
        if len(records) > 1:
            raise MemoryError
        return real(records, *rest, **named)

    monkeypatch.setattr(ingest, "standardise", small)
    for who in "abc":
        world.send(viewed(who))
    world.drain()
    assert max(taken) == 3
    assert world.value("SELECT count(*) FROM events") == 3
    assert world.value("SELECT count(*) FROM quarantine") == 0
