"""The next batch is standardised while one is written: under the rules in force where it stands in the log."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import cast

import pytest

from onepool.collect.log import Record
from onepool.standards import Batch
from onepool.tick.ahead import Ahead

from .conftest import World


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

    def work(records: Sequence[Record]) -> Batch:
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
    here = threading.current_thread().name
    assert [name == here for name in made] == [False, False, True]


def test_a_fault_belongs_to_who_asks_for_the_batch() -> None:
    def fails(records: object) -> Batch:
        raise ValueError("unforeseen")

    ahead, records = Ahead(fails), cast(list[Record], [1])
    ahead.begin(records)
    with pytest.raises(ValueError, match="unforeseen"):
        ahead.batch(records)
    assert not ahead.records
