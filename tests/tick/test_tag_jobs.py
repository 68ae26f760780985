"""Tags that are computed by jobs, and tags that are imported: taken in once, whatever happens in between."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from onepool.audience.live import Live
from onepool.audience.tags import parse_tag
from onepool.audience.tags.inputs import ValuesError, import_values
from onepool.audience.tags.runs import RunStore
from onepool.errors import OnePoolError
from onepool.rebuild import build, content_hashes
from onepool.tick import Runner, tagging
from onepool.tick import runner as runner_module
from onepool.tick.jobs import Jobs

from .conftest import START, World

ORDERS = "SELECT customer_id AS id, count(*) AS value FROM events WHERE event = 'order_paid' GROUP BY 1"
COUNTED: dict[str, Any] = {"title": "Orders", "says": "behaviour", "kind": "sql", "sql": ORDERS, "type": "number"}
LEVEL: dict[str, Any] = {"title": "Level", "says": "attribute", "kind": "import"}


def paid(who: str, number: int, at: datetime = START, user: str | None = None) -> dict[str, Any]:
    event: dict[str, Any] = {
        "event": "order_paid",
        "anonymousId": who,
        "timestamp": at.isoformat(),
        "properties": {"order_id": f"O{number}", "amount": number, "currency": "CNY"},
    }
    return event | ({"userId": user} if user else {})


def define(world: World, name: str, **body: Any) -> None:
    world.workspace.save("tag", name, {"tag": name, **body}, author="test")


def values(world: World, tag: str) -> dict[int, Any]:
    rows = world.rows("SELECT customer_id, value FROM tag_values WHERE tag = $tag", tag=tag)
    return {row["customer_id"]: row["value"] for row in rows}


def runner(world: World) -> Runner:
    return Runner(world.workspace, world.worker)


def same_when_rebuilt(world: World, folder: Path) -> None:
    found = content_hashes(world.workspace.pool)
    path = folder / "again.duckdb"
    build(world.workspace, path)
    again = world.workspace.open_pool(path)
    try:
        assert content_hashes(again) == found
    finally:
        again.close()


def agree(world: World) -> None:
    live = Live(world.workspace)
    with world.workspace.pool.read() as session:
        assert [one for one in live.differences(session, world.clock.now()) if one[3]] == []


def customer(world: World, who: str) -> int:
    found: int = world.value(
        "SELECT customer_id FROM identifiers JOIN customer_of USING (identifier_id) WHERE value = $v", v=who
    )
    return found


def test_a_saved_tag_is_computed_by_a_job_and_who_reads_it_follows(world: World, tmp_path: Path) -> None:
    define(world, "orders", **COUNTED)
    world.define("segment", "regulars", title="x", condition={"tag": "orders", "at_least": 2})
    world.send(paid("a", 1), paid("a", 2), paid("b", 3))
    world.settle()
    assert values(world, "orders") == {}
    work = runner(world)
    assert work.work_off()
    assert not work.work_off(), "nothing is due twice"
    assert values(world, "orders") == {customer(world, "a"): "2", customer(world, "b"): "1"}
    world.drain()
    assert [row["customer_id"] for row in world.rows("SELECT customer_id FROM segment_members")] == [
        customer(world, "a")
    ]
    (run,) = RunStore(world.workspace.state).of("orders")
    assert (run.why, run.version, run.figures.coverage, run.figures.total, run.psi) == ("saved", 1, 2, 2, None)
    (job,) = Jobs(world.workspace.state, world.clock).list()
    assert (job.status, job.done, job.share) == ("done", 1, 1.0)
    agree(world)
    same_when_rebuilt(world, tmp_path)


def test_it_runs_by_its_schedule_in_the_zone_of_the_workspace(world: World) -> None:
    define(world, "orders", **COUNTED, schedule="0 3 * * *")
    world.send(paid("a", 1))
    world.settle()
    work = runner(world)
    work.work_off()
    world.send(paid("a", 2, world.clock.now()))
    world.settle()
    work.work_off()
    assert values(world, "orders") == {customer(world, "a"): "1"}, "not due yet"
    due = datetime(2026, 3, 1, 19, 0, tzinfo=START.tzinfo)  # three in the morning in Shanghai
    world.clock.set(due - timedelta(microseconds=1))
    work.work_off()
    assert len(RunStore(world.workspace.state).of("orders")) == 1
    world.clock.set(due + timedelta(minutes=7))
    work.work_off()
    newest = RunStore(world.workspace.state).of("orders")[0]
    assert (newest.as_of, newest.why) == (due, "schedule")
    assert values(world, "orders") == {customer(world, "a"): "2"}
    world.clock.set(due + timedelta(days=3, hours=1))
    Runner(world.workspace, world.worker).work_off()
    instants = [run.as_of for run in RunStore(world.workspace.state).of("orders")]
    assert instants[:2] == [due + timedelta(days=3), due], "after days of standing still: only the latest"


def test_a_backfill_is_what_would_have_been_computed_then(world: World) -> None:
    define(world, "orders", **COUNTED)
    for day in range(4):
        world.send(paid("a", day, world.clock.now()), *([paid("b", 10, world.clock.now())] if day == 2 else []))
        world.settle()
        world.clock.advance(timedelta(days=1))
    work = runner(world)
    work.work_off()
    live = values(world, "orders")
    instants = [START + timedelta(days=day, hours=1) for day in range(4)]
    job = work.jobs.add("tag_backfill", "orders", instants, author="me", why="backfill")
    work.work_off()
    runs = [run for run in RunStore(world.workspace.state).of("orders") if run.why == "backfill"]
    assert [(run.figures.coverage, run.figures.total) for run in reversed(runs)] == [(1, 1), (1, 1), (2, 2), (2, 2)]
    rows = world.rows(
        "SELECT as_of, value FROM tag_partitions WHERE tag = 'orders' AND customer_id = $c ORDER BY 1",
        c=customer(world, "a"),
    )
    assert [row["value"] for row in rows] == ["1", "2", "3", "4", "4"]
    assert values(world, "orders") == live, "what lies before the latest run changes no value"
    found = work.jobs.get(job.id)
    assert found is not None and found.done == 4
    assert runs[1].psi is not None and runs[1].psi > 0.25, "the second customer"


def test_a_job_that_is_cut_short_runs_again_and_is_taken_in_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    define(world, "orders", **COUNTED)
    world.send(paid("a", 1))
    world.settle()
    work = runner(world)
    instants = [START + timedelta(hours=hour) for hour in (-2, -1)] + [world.clock.now()]
    work.jobs.add("tag_backfill", "orders", instants, author="me", why="backfill")
    job = work.jobs.take()
    assert job is not None
    real = tagging.runs.fold

    def dies(*some: Any) -> None:
        if some[2] == instants[1]:
            raise KeyboardInterrupt
        real(*some)

    with monkeypatch.context() as patch:
        # Between the commit of the state and that of the pool.
        patch.setattr(tagging.runs, "fold", dies)
        with pytest.raises(KeyboardInterrupt):
            work.do(job)
    world.restart()
    world.drain()
    again = runner(world)
    again.jobs.resume()
    (waiting,) = [one for one in again.jobs.list() if one.status == "waiting"]
    assert waiting.done == 2, "the second part is kept"
    assert again.work_off()
    store = RunStore(world.workspace.state)
    assert [run.as_of for run in store.of("orders")] == instants[::-1]
    assert world.value("SELECT count(*) FROM tag_changes WHERE tag = 'orders'") == 1
    assert values(world, "orders") == {customer(world, "a"): "1"}


def test_a_job_can_be_stopped(world: World) -> None:
    define(world, "orders", **COUNTED)
    world.send(paid("a", 1))
    world.settle()
    work = runner(world)
    one = work.jobs.add("tag_run", "orders", [START], author="me", why="run")
    work.jobs.cancel(one.id)
    found = work.jobs.get(one.id)
    assert found is not None and found.status == "cancelled"
    two = work.jobs.add("tag_run", "orders", [START], author="me", why="run")
    taken = work.jobs.take()
    assert taken is not None and taken.id == two.id
    work.jobs.cancel(two.id)
    work.do(taken)
    found = work.jobs.get(two.id)
    assert found is not None and found.status == "cancelled"
    assert RunStore(world.workspace.state).of("orders") == []


def test_what_is_wrong_with_a_query_is_said_and_not_tried_for_ever(world: World) -> None:
    twice = "SELECT customer_id AS id, amount AS value FROM events WHERE amount IS NOT NULL"
    define(world, "orders", **COUNTED | {"sql": twice})
    world.send(paid("a", 1), paid("a", 2))
    world.settle()
    work = runner(world)
    work.work_off()
    work.work_off()
    (job,) = work.jobs.list()
    assert job.status == "failed" and "return one row per id" in job.problem
    define(world, "orders", **COUNTED)
    work.work_off()
    assert values(world, "orders") == {customer(world, "a"): "2"}


def test_who_goes_up_in_another_customer_loses_what_jobs_gave(world: World) -> None:
    define(world, "orders", **COUNTED)
    world.send(paid("a", 1), paid("b", 2))
    world.settle()
    work = runner(world)
    work.work_off()
    assert len(values(world, "orders")) == 2
    world.send(paid("a", 3, user="u1"), paid("b", 4, user="u1"))
    world.settle()
    assert values(world, "orders") == {}, "until the next run knows the one that they are"
    work.jobs.add("tag_run", "orders", [world.clock.now()], author="me", why="run")
    work.work_off()
    assert values(world, "orders") == {customer(world, "u1"): "4"}
    world.workspace.definitions.delete("tag", "orders", author="me")
    world.drain()
    assert values(world, "orders") == {}


def test_live_tags_keep_a_days_figures(world: World) -> None:
    define(
        world,
        "buyer",
        title="x",
        says="behaviour",
        kind="state",
        states=[{"value": "yes", "when": {"did": "order_paid"}}],
    )
    world.send(paid("a", 1))
    world.settle()
    work = runner(world)
    work.work_off()
    world.clock.advance(timedelta(hours=2))
    work.work_off()
    world.send(
        *(
            paid(f"n{number}", number) | {"event": "product_viewed", "properties": {"product_id": "P"}}
            for number in range(9)
        )
    )
    world.settle()
    world.clock.advance(timedelta(days=1))
    work.work_off()
    runs = RunStore(world.workspace.state).of("buyer")
    assert [(run.figures.coverage, run.figures.total, run.why, run.valued) for run in runs] == [
        (1, 10, "daily", False),
        (1, 1, "daily", False),
    ]
    assert runs[0].psi is not None and runs[0].psi > 0.25


def test_old_runs_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onepool.audience.tags.runs.KEPT", 3)
    define(world, "orders", **COUNTED)
    world.send(paid("a", 1))
    world.settle()
    work = runner(world)
    instants = [world.clock.now() - timedelta(hours=hours) for hours in range(5, 0, -1)]
    work.jobs.add("tag_backfill", "orders", instants, author="me", why="backfill")
    work.work_off()
    kept = [run.as_of for run in RunStore(world.workspace.state).of("orders")]
    assert kept == [world.clock.now(), *instants[:2:-1]]
    world.send(paid("a", 2, world.clock.now()))
    world.settle()
    assert [row["as_of"] for row in world.rows("SELECT DISTINCT as_of FROM tag_partitions")] == kept[:1]


def test_imported_values_follow_their_customers(world: World, tmp_path: Path) -> None:
    define(world, "level", **LEVEL)
    world.define("segment", "gold", title="x", condition={"tag": "level", "is": "gold"})
    world.send(paid("a", 1, user="u1"), paid("b", 2, user="u2"))
    world.settle()
    tag = parse_tag(world.workspace.definitions.get("tag", "level").body)
    raw = b"user_id,level\nu1,silver\nu2,gold\nu1,gold\nu9,gold\n,gold\nu2,\n"
    found = import_values(world.workspace, tag, raw, "user_id@shop", "me")
    assert (found.read, found.matched, found.unmatched, found.refused, found.duplicates) == (6, 2, 1, 2, 1)
    world.drain()
    one, two = customer(world, "u1"), customer(world, "u2")
    assert values(world, "level") == {one: "gold", two: "gold"}
    assert world.value("SELECT count(*) FROM segment_members") == 2
    world.clock.advance(timedelta(hours=1))
    import_values(world.workspace, tag, b"id,level\nu2,silver\n", "user_id@shop", "me")
    world.drain()
    assert values(world, "level") == {one: "gold", two: "silver"}, "append: what the file does not name stays"
    agree(world)
    same_when_rebuilt(world, tmp_path)
    world.restart()
    world.drain()
    define(world, "level", **LEVEL, mode="overwrite")
    tag = parse_tag(world.workspace.definitions.get("tag", "level").body)
    world.clock.advance(timedelta(hours=1))
    import_values(world.workspace, tag, b"id,level\nu1,bronze\n", "user_id@shop", "me")
    world.drain()
    assert values(world, "level") == {one: "bronze"}
    same_when_rebuilt(world, tmp_path)
    agree(world)


def test_a_file_of_values_that_can_not_be_used(world: World) -> None:
    define(world, "points", **LEVEL | {"type": "number"})
    tag = parse_tag(world.workspace.definitions.get("tag", "points").body)
    world.drain()
    for raw, said in (
        (b"just one column\n1\n", "two columns are wanted"),
        (b"id,points\nu1,many\n", "row 2: u1: no number"),
        (b"id,points\n1,2,3\n", "not a CSV file"),
    ):
        with pytest.raises(ValuesError, match=said):
            import_values(world.workspace, tag, raw, "user_id@shop", "me")


def test_the_runner_stops_when_told(world: World) -> None:
    world.drain()
    stop = threading.Event()
    thread = threading.Thread(target=runner(world).run, args=(stop,))
    thread.start()
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


def test_a_definition_that_comes_back_is_computed_again(world: World) -> None:
    define(world, "orders", **COUNTED)
    world.send(paid("a", 1), paid("a", 2))
    world.settle()
    work = runner(world)
    work.work_off()
    first = values(world, "orders")
    define(world, "orders", **{**COUNTED, "sql": ORDERS.replace("count(*)", "count(*) * 100")})
    work.work_off()
    assert values(world, "orders") != first
    define(world, "orders", **COUNTED)
    work.work_off()
    assert values(world, "orders") == first


def test_a_first_run_that_failed_is_tried_again_at_the_next_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real, ran = runner_module.compute, []

    def failing(*given: Any, **more: Any) -> Any:
        ran.append(world.clock.now())
        if len(ran) == 1:
            raise OnePoolError("too little data")
        return real(*given, **more)

    monkeypatch.setattr(runner_module, "compute", failing)
    define(world, "orders", **COUNTED)
    world.send(paid("a", 1), paid("a", 2))
    world.settle()
    work = runner(world)
    for _ in range(3):  # not again and again
        work.work_off()
    assert (len(ran), values(world, "orders")) == (1, {})
    world.clock.advance(timedelta(days=1))
    for _ in range(3):
        work.work_off()
    assert len(ran) == 2
    assert [job.status for job in work.jobs.list()] == ["done", "failed"]
    assert values(world, "orders")
