"""The next batch is standardised while one is written: under the rules in force where it stands in the log."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import pytest

from onepool.collect.log import Record
from onepool.standards import Batch
from onepool.tick.ahead import Ahead

from .conftest import World

THREAD = "standardise-ahead"


def test_many_waiting_requests_come_in_as_one_by_one_and_rules_count_from_where_they_were_saved(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = world.workspace.settings.tick.model_copy(update={"max_requests": 2})
    world.workspace.settings = world.workspace.settings.model_copy(update={"tick": limits})
    begun: list[int] = []
    begin = Ahead.begin

    def noted(ahead: Ahead, records: Sequence[Record]) -> None:
        begun.append(len(records))
        begin(ahead, records)

    monkeypatch.setattr(Ahead, "begin", noted)
    for number in range(5):
        world.send({"event": "petted_a_cat", "anonymousId": f"a{number}"})
    world.define(
        "standard",
        "cats",
        events={"cat_petted": {"synonyms": ["petted_a_cat"], "title": {"zh": "摸猫", "en": "Petted"}}},
    )
    for number in range(5):
        world.send({"event": "petted_a_cat", "anonymousId": f"b{number}"})
    world.drain()
    assert 2 in begun
    assert world.rows("SELECT event, count(*) AS n FROM events GROUP BY event ORDER BY event") == [
        {"event": "cat_petted", "n": 5},
        {"event": "petted_a_cat", "n": 5},
    ]


def test_what_was_begun_is_given_once_and_only_for_its_own_records() -> None:
    made: list[str] = []
    here = threading.current_thread().name

    def work(records: Sequence[Record], *, beside: bool) -> Batch:
        assert beside == (threading.current_thread().name != here)
        made.append(threading.current_thread().name)
        return cast(Batch, len(made))

    ahead = Ahead(work)
    first, other = cast(list[Record], [1]), cast(list[Record], [1])
    ahead.begin(first)
    assert ahead.records is first
    assert ahead.batch(first) == cast(Batch, 1)
    assert not ahead.records
    ahead.begin(first)
    assert ahead.batch(other) == cast(Batch, 3)  # equal is not the same: made now
    assert [name == here for name in made] == [False, False, True]


def test_a_fault_belongs_to_who_asks_for_the_batch() -> None:
    def fails(records: object, *, beside: bool) -> Batch:
        raise ValueError("unforeseen")

    ahead, records = Ahead(fails), cast(list[Record], [1])
    ahead.begin(records)
    with pytest.raises(ValueError, match="unforeseen"):
        ahead.batch(records)
    assert not ahead.records


def test_what_is_closed_begins_nothing_and_still_answers() -> None:
    """While the interpreter ends no thread can be begun: no record is at fault for that."""
    names: list[str] = []

    def work(records: Sequence[Record], *, beside: bool) -> Batch:
        names.append(threading.current_thread().name)
        return cast(Batch, 1)

    ahead, records = Ahead(work), cast(list[Record], [1])
    ahead.begin(records)
    ahead.close()
    ahead.close()
    assert not ahead.records
    ahead.begin(records)
    assert not ahead.records
    assert ahead.batch(records) == cast(Batch, 1)
    assert names[1:] == [threading.current_thread().name]


@contextmanager
def unswept() -> Iterator[None]:
    """What goes, goes because nothing holds it, not because cycles were looked for."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def threads() -> set[threading.Thread]:
    return {one for one in threading.enumerate() if one.name.startswith(THREAD)}


def restart(world: World) -> None:
    world.restart()


def failed_write(world: World) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("onepool.tick.worker._set_log_offset", full)
        with pytest.raises(OSError, match="space"):
            world.worker.step()


def halving(world: World) -> None:
    from onepool.tick.worker import Worker

    real, failed = Worker._write, []

    def fragile(self: Worker, *given: Any, **named: Any) -> Any:
        if not failed:
            failed.append(given)
            raise ZeroDivisionError("what nobody foresaw")
        return real(self, *given, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Worker, "_write", fragile)
        world.worker.step()
    assert failed
    assert not world.worker.ingest.ahead.records


@pytest.mark.parametrize("end", [restart, failed_write, halving])
def test_what_was_begun_ends_with_who_began_it(world: World, end: Callable[[World], None]) -> None:
    """All of identity is in memory once, however often it is read anew; and all requests come in once."""
    limits = world.workspace.settings.tick.model_copy(update={"max_requests": 2})
    world.workspace.settings = world.workspace.settings.model_copy(update={"tick": limits})
    world.drain()
    before = threads()
    for number in range(9):
        world.send({"event": "petted_a_cat", "anonymousId": f"a{number}"})
    world.worker.step()
    assert len(world.worker.ingest.ahead.records) == 2
    with unswept():
        old = [
            weakref.ref(world.worker.ingest),
            weakref.ref(world.worker.resolver),
            weakref.ref(world.worker.ingest.ahead),
        ]
        end(world)
        world.drain()
        if end is restart:
            gc.collect()  # a worker that is gone was a cycle of its own
        assert [one() for one in old] == [None] * 3
    assert len(threads() - before) <= 1
    assert world.value("SELECT count(*) FROM events") == 9
    world.close()
    assert threads() <= before


def test_a_short_batch_is_not_begun_since_more_may_come(world: World) -> None:
    limits = world.workspace.settings.tick.model_copy(update={"max_requests": 2})
    world.workspace.settings = world.workspace.settings.model_copy(update={"tick": limits})
    world.drain()
    for number in range(3):
        world.send({"event": "petted_a_cat", "anonymousId": f"a{number}"})
    world.worker.step()
    assert not world.worker.ingest.ahead.records
    world.send({"event": "petted_a_cat", "anonymousId": "late"})
    world.worker.step()
    assert world.worker.offset == world.workspace.log.end()
