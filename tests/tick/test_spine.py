"""From the log into state and pool: once, at the right time, to the right customer, and again after a crash."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from onepool.collect.log import NewRecord
from onepool.pool import DuckDBEngine
from onepool.rebuild import build, content_hashes, replace
from onepool.standards import StandardError
from onepool.tick import Worker, WorkerBusy
from onepool.verify import verify

from .conftest import START, World


def viewed(who: str, **more: Any) -> dict[str, Any]:
    return {"event": "product_viewed", "anonymousId": who, "properties": {"product_id": "P1"}, **more}


def paid(who: str, order: str, amount: str, **more: Any) -> dict[str, Any]:
    return {"event": "order_paid", "userId": who, "properties": {"order_id": order, "amount": amount}, **more}


def test_an_event_becomes_a_typed_row_of_its_customer(world: World) -> None:
    world.send(paid("u1", "O1", "99.90"))
    world.drain()
    (row,) = world.rows("SELECT customer_id, event, channel, touchpoint, amount, order_id FROM analyst.events")
    assert row | {"amount": str(row["amount"])} == {
        "customer_id": 0,
        "event": "order_paid",
        "channel": "web",
        "touchpoint": "shop",
        "amount": "99.9000",
        "order_id": "O1",
    }


def test_the_same_message_id_counts_once(world: World) -> None:
    world.send(viewed("a", messageId="same"), viewed("a", messageId="same"))
    world.drain()
    world.send(viewed("a", messageId="same"))
    world.drain()
    world.restart()
    world.send(viewed("a", messageId="same"), viewed("a", messageId="other"))
    world.drain()
    assert world.value("SELECT count(*) FROM events") == 2
    assert world.value("SELECT sum(duplicates)::INTEGER FROM intake") == 3


def test_a_duplicate_is_dropped_thirty_days_later(world: World) -> None:
    world.send(viewed("a", messageId="same"))
    world.drain()
    world.clock.advance(timedelta(days=30))
    world.restart()
    world.send(viewed("a", messageId="same"))
    world.drain()
    assert world.value("SELECT count(*) FROM events") == 1


def test_late_events_land_at_their_time_and_skewed_clocks_are_corrected(world: World) -> None:
    late = START - timedelta(days=40)
    world.send(viewed("a", timestamp=late.isoformat()))
    # The sender's clock is an hour fast: it says the event was 5 minutes before it was sent.
    fast = START + timedelta(hours=1)
    world.send(viewed("a", timestamp=(fast - timedelta(minutes=5)).isoformat()), sent_at=fast)
    world.drain()
    times = [row["time"] for row in world.rows("SELECT time FROM events ORDER BY time")]
    assert times == [late, START - timedelta(minutes=5)]


def test_events_from_the_future_wait_in_quarantine(world: World) -> None:
    world.send(viewed("a", timestamp=(START + timedelta(hours=25)).isoformat()), viewed("b"))
    world.drain()
    assert world.value("SELECT count(*) FROM events") == 1
    (held,) = world.rows("SELECT rule, touchpoint, attempts FROM quarantine")
    assert held == {"rule": "time.future", "touchpoint": "shop", "attempts": 1}


def test_signing_in_brings_the_anonymous_history_along(world: World) -> None:
    world.send(viewed("visitor"), viewed("visitor"))
    world.drain()
    before = world.value("SELECT DISTINCT customer_id FROM analyst.events")
    world.send({"type": "identify", "anonymousId": "visitor", "userId": "u7", "traits": {"phone": "13916234871"}})
    world.drain()
    rows = world.rows("SELECT DISTINCT customer_id FROM analyst.events")
    assert len(rows) == 1
    assert rows[0]["customer_id"] != before
    # The old customer id still leads to the person.
    resolved = world.value("SELECT customer_id FROM customer_of WHERE identifier_id = $id", id=before)
    assert resolved == rows[0]["customer_id"]
    assert world.value("SELECT count(*) FROM profiles") == 1
    assert world.value("SELECT phone FROM profiles") == "+8613916234871"


def test_orders_are_a_fold_of_their_events_in_any_order(world: World) -> None:
    placed = {
        "event": "order_placed",
        "userId": "u1",
        "properties": {
            "order_id": "O1",
            "amount": 80,
            "items": [{"product_id": "P1", "quantity": 2, "price": 40, "category": "茶"}],
        },
        "timestamp": (START - timedelta(hours=2)).isoformat(),
    }
    refunded = {
        "event": "order_refunded",
        "userId": "u1",
        "properties": {"order_id": "O1", "amount": 30},
        "timestamp": START.isoformat(),
    }
    done = paid("u1", "O1", "78", timestamp=(START - timedelta(hours=1)).isoformat())
    for event in (refunded, done, placed):
        world.send(event)
        world.drain()
    (order,) = world.rows("SELECT status, placed_at, paid_at, refunded_at, amount, refunded_amount FROM orders")
    assert (order["status"], str(order["amount"]), str(order["refunded_amount"])) == ("refunded", "78.0000", "30.0000")
    assert (order["placed_at"], order["paid_at"], order["refunded_at"]) == (
        START - timedelta(hours=2),
        START - timedelta(hours=1),
        START,
    )


def test_a_crash_between_the_commits_of_state_and_pool_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.define("segment", "buyers", title="x", condition={"did": "order_paid"})
    world.send(paid("u1", "O1", "5"))
    world.settle()
    world.send(paid("u2", "O2", "6"), viewed("a", userId="u2"), viewed("b"))
    world.clock.advance(timedelta(seconds=1))

    class Killed(BaseException):
        pass

    def no_commit(*_: object) -> None:
        raise Killed

    worker = world.worker
    monkeypatch.setattr("onepool.tick.worker._set_log_offset", no_commit)
    with pytest.raises(Killed):
        worker.step()
    monkeypatch.undo()
    assert world.value("SELECT count(*) FROM events") == 1
    assert world.workspace.decided() == world.workspace.log.end()
    world.restart()
    world.settle()
    assert world.value("SELECT count(*) FROM events") == 4
    assert world.value("SELECT count(*) FROM segment_members WHERE segment = 'buyers'") == 2
    assert world.value("SELECT count(*) FROM segment_changes WHERE segment = 'buyers'") == 2
    world.worker.close()
    world._worker = None
    assert [finding for finding in verify(world.workspace) if finding.difference] == []


def test_one_worker_for_a_workspace(world: World) -> None:
    world.drain()
    with pytest.raises(WorkerBusy):
        Worker(world.workspace)


def test_a_rebuilt_pool_has_the_same_contents(world: World, tmp_path: Path) -> None:
    world.define("segment", "buyers", title="x", condition={"did": "order_paid", "within": {"last": "7 days"}})
    world.send(paid("u1", "O1", "5"), viewed("v"), viewed("v", timestamp="nonsense"), viewed("w", messageId="m1"))
    world.settle()
    world.define("standard", "mine", events={"tea_tasted": {"title": {"zh": "品茶", "en": "Tea tasted"}}})
    world.send({"event": "tea_tasted", "userId": "u1"}, {"type": "identify", "anonymousId": "v", "userId": "u1"})
    world.drain()
    world.clock.advance(timedelta(days=8))
    world.drain()
    found = content_hashes(world.workspace.pool)
    assert found["segment_changes"][0] == 2
    build(world.workspace, tmp_path / "again.duckdb")
    again = world.workspace.open_pool(tmp_path / "again.duckdb")
    assert content_hashes(again) == found
    again.close()


def test_rebuild_puts_the_new_pool_in_place(world: World) -> None:
    world.send(paid("u1", "O1", "5"))
    world.drain()
    found = content_hashes(world.workspace.pool)
    world.worker.close()
    world._worker = None
    replace(world.workspace)
    pool = world.workspace.pool
    assert isinstance(pool, DuckDBEngine)
    assert content_hashes(pool) == found


def test_quarantined_things_are_taken_after_the_standard_is_mended(world: World, tmp_path: Path) -> None:
    world.close()
    path = world.root / "onepool.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("unknown_events: keep", "unknown_events: refuse"))
    world.restart()
    world.drain()
    world.send({"event": "tea_tasted", "userId": "u1"}, viewed("a"))
    world.drain()
    (held,) = world.rows("SELECT log_offset, item, rule FROM quarantine")
    assert held["rule"] == "event.unknown"
    world.workspace.replay_quarantine([(held["log_offset"], held["item"])])
    world.drain()
    assert world.value("SELECT attempts FROM quarantine") == 2
    world.define("standard", "mine", events={"tea_tasted": {"title": {"zh": "品茶", "en": "Tea tasted"}}})
    world.workspace.replay_quarantine([(held["log_offset"], held["item"])])
    world.drain()
    assert world.value("SELECT count(*) FROM quarantine") == 0
    assert world.value("SELECT count(*) FROM events WHERE event = 'tea_tasted'") == 1
    found = content_hashes(world.workspace.pool)
    build(world.workspace, tmp_path / "again.duckdb")
    again = world.workspace.open_pool(tmp_path / "again.duckdb")
    assert content_hashes(again) == found
    again.close()


def test_rows_of_files_that_are_tried_in_vain_wait_on_and_are_counted_once(world: World, tmp_path: Path) -> None:
    from onepool.imports import import_into

    world.close()
    path = world.root / "onepool.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("unknown_events: keep", "unknown_events: refuse"))
    world.restart()
    path = tmp_path / "events.csv"
    rows = ["event,time,user_id", "page_viewed,2026-02-28 10:00,u1", *(f"tea_tasted,2026-02-28,u{n}" for n in (2, 3))]
    path.write_text("\n".join(rows), encoding="utf-8")
    world.drain()
    world.worker.close()
    world._worker = None
    import_into(world.workspace, "events", [path], touchpoint="shop")
    held = world.rows("SELECT log_offset, item FROM quarantine ORDER BY seq")
    figures = "SELECT sum(accepted) AS accepted, sum(quarantined) AS quarantined, sum(duplicates) AS twice FROM intake"
    counted = world.rows(figures)
    assert len(held) == 2 and counted == [{"accepted": 1, "quarantined": 2, "twice": 0}]
    for tries in (2, 3):
        world.workspace.replay_quarantine([(one["log_offset"], one["item"]) for one in held])
        world.drain()
        assert world.rows("SELECT attempts FROM quarantine") == [{"attempts": tries}] * 2
        assert world.rows(figures) == counted
        assert world.rows("SELECT sum(refused) AS n FROM refusals") == [{"n": 2}]
    world.define("standard", "mine", events={"tea_tasted": {"title": {"zh": "品茶", "en": "Tea tasted"}}})
    world.workspace.replay_quarantine([(one["log_offset"], one["item"]) for one in held])
    world.drain()
    assert world.value("SELECT count(*) FROM quarantine") == 0
    assert world.value("SELECT count(*) FROM events WHERE event = 'tea_tasted'") == 2
    assert world.rows(figures) == [{"accepted": 3, "quarantined": 2, "twice": 0}]
    assert (
        world.rows("SELECT sum(mended) AS n FROM intake UNION ALL SELECT sum(mended) FROM refusals") == [{"n": 2}] * 2
    )
    found = content_hashes(world.workspace.pool)
    build(world.workspace, tmp_path / "again.duckdb")
    again = world.workspace.open_pool(tmp_path / "again.duckdb")
    assert content_hashes(again) == found
    again.close()


def test_one_broken_request_does_not_stop_the_rest(world: World) -> None:
    world.workspace.log.append([NewRecord(START, "shop", "segment", b'{"call":"batch"}', b"not json")])
    world.workspace.log.append([NewRecord(START, "nowhere", "strange", b"{}", b"\xff\x00")])
    world.send(viewed("a"))
    world.drain()
    assert world.value("SELECT count(*) FROM events") == 1
    assert world.value("SELECT count(*) FROM quarantine") == 2


def test_the_state_keeps_links_with_their_evidence(world: World) -> None:
    world.send(viewed("v", userId="u1"), viewed("v", userId="u1"))
    world.drain()
    world.clock.advance(timedelta(hours=1))
    world.send(viewed("v", userId="u1"))
    world.drain()
    with world.workspace.state.read() as connection:
        (link,) = connection.exec_driver_sql("SELECT rule, touchpoint, count, first_time, last_time, status FROM links")
    assert (link.rule, link.touchpoint, link.count, link.status) == ("same_event", "shop", 3, "follows")
    assert link.last_time - link.first_time == 3_600_000_000


def test_publish_tells_who_came_and_went(world: World) -> None:
    world.define("segment", "buyers", title="x", condition={"did": "order_paid"})
    told = []
    world._worker = Worker(world.workspace, told.append)
    world.send(paid("u1", "O1", "5"))
    world.settle()
    assert [change for event in told for change in event.changes] == [(0, "buyers", "enter")]
    assert told[-1].offset == world.workspace.log.end()
    assert json.loads(json.dumps([event.offset for event in told])) == sorted(event.offset for event in told)


def test_input_that_nobody_foresaw_waits_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from onepool.tick import ingest

    real = ingest.standardise

    def fragile(records: Any, *rest: Any, **named: Any) -> Any:
        if any(b"poison" in record.body for record in records):
            raise ZeroDivisionError("what nobody foresaw")
        return real(records, *rest, **named)

    monkeypatch.setattr(ingest, "standardise", fragile)
    for number in range(7):
        world.send(viewed("poison" if number == 4 else f"v{number}"))
    world.drain()
    assert world.value("SELECT count(*) FROM events") == 6
    (held,) = world.rows("SELECT rule, kind, message, log_offset, item FROM quarantine")
    assert held["rule"] == "tick.failed"
    assert "what nobody foresaw" in held["message"]
    monkeypatch.undo()
    world.workspace.replay_quarantine([(held["log_offset"], held["item"])])
    world.drain()
    assert world.value("SELECT count(*) FROM events") == 7
    assert world.value("SELECT count(*) FROM quarantine") == 0


def test_a_full_disk_is_waited_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.send(viewed("a"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    worker = world.worker
    monkeypatch.setattr("onepool.tick.worker._set_log_offset", full)
    with pytest.raises(OSError, match="space"):
        worker.step()
    monkeypatch.undo()
    world.drain()
    assert world.value("SELECT count(*) FROM events") == 1
    assert world.value("SELECT count(*) FROM quarantine") == 0


def test_a_definition_that_fails_costs_only_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from onepool.audience import live
    from onepool.pool import PoolError

    real = live.compile_conditions

    def fragile(conditions: Any, *rest: Any, **more: Any) -> Any:
        if "broken" in conditions:
            raise PoolError("what nobody foresaw")
        return real(conditions, *rest, **more)

    monkeypatch.setattr(live, "compile_conditions", fragile)
    world.define("segment", "buyers", title="x", condition={"did": "order_paid"})
    world.define("segment", "broken", title="x", condition={"did": "order_paid"})
    world.send(paid("u1", "O1", "5"))
    world.settle()
    assert world.rows("SELECT segment FROM segment_members") == [{"segment": "buyers"}]
    monkeypatch.undo()
    world.restart()
    world.settle()
    assert world.value("SELECT count(*) FROM segment_members") == 2


def test_a_file_imported_again_changes_nothing_in_quarantine_either(world: World, tmp_path: Path) -> None:
    from onepool.imports import import_into

    path = tmp_path / "orders.csv"
    rows = [
        "order_id,phone,amount,paid_at",
        "O1,13916234871,12.5,2026-02-01",
        "O2,,9,2026-02-01",
        "O3,13916234872,abc,2026-02-02",
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    world.drain()
    world.worker.close()
    world._worker = None
    for _ in range(2):
        import_into(world.workspace, "orders", [path], touchpoint="shop")
    held = world.rows("SELECT rule, count(*) AS n FROM quarantine GROUP BY rule ORDER BY rule")
    assert held == [{"rule": "identifier.none", "n": 1}, {"rule": "order.number", "n": 1}]
    assert world.value("SELECT count(*) FROM orders") == 1


def test_rules_that_cannot_be_read_are_refused_on_saving_and_passed_over_in_the_log(world: World) -> None:
    with pytest.raises(StandardError):
        world.define("standard", "mine", nonsense={})
    assert world.workspace.definitions.get("standard", "mine") is None
    world.send(viewed("a"))
    broken = b'{"settings":{},"standard":[{"nonsense":{}}],"touchpoints":{}}'
    world.workspace.log.append([NewRecord(START, "onepool", "standard", b"{}", broken)])
    world.send(viewed("b"))
    world.drain()
    assert world.rows("SELECT DISTINCT channel, count(*) AS n FROM events GROUP BY channel") == [
        {"channel": "web", "n": 2}
    ]
    assert world.worker.offset == world.workspace.log.end()
