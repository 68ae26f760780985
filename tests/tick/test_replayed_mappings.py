"""What a webhook's mapping did not fit is tried again under the mapping of now, and a rebuild gives the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.tick.conftest import START, World

from onepool.channels.base import Request
from onepool.collect import hooked
from onepool.collect.accounts import make_account
from onepool.rebuild import build, content_hashes

RULE: dict[str, Any] = {
    "event": "form_submitted",
    "message_id": "$.id",
    "ids": {"phone": "$.tel"},
    "fields": {"form_id": "trial"},
}


def _define(world: World, **settings: Any) -> None:
    secret = world.workspace.data / "secrets" / "forms.secret"
    secret.parent.mkdir(exist_ok=True)
    secret.write_text("s3cret")
    wanted = {"verify": "path", "secret": "file:secrets/forms.secret", **settings}
    world.define("touchpoint", "forms", channel="webhook", title="forms", settings=wanted)


def _push(world: World, payload: Any) -> None:
    account = make_account(world.workspace.touchpoints()["forms"], world.workspace.data)
    body = json.dumps(payload).encode()
    request = Request("POST", "s3cret", "", {"content-type": "application/json"}, body)
    world.workspace.log.append([hooked.pushed(request, account, START, None)])
    world.drain()


def _replay(world: World, where: str = "true") -> None:
    held = world.rows(f"SELECT log_offset, item FROM quarantine WHERE {where} ORDER BY seq")
    world.workspace.replay_quarantine([(row["log_offset"], row["item"]) for row in held])
    world.drain()


def _rebuilt_is_the_same(world: World, folder: Path) -> None:
    found = content_hashes(world.workspace.pool)
    build(world.workspace, folder / "again.duckdb")
    again = world.workspace.open_pool(folder / "again.duckdb")
    assert content_hashes(again) == found
    again.close()


def test_a_rule_written_later_reads_what_waited(world: World, tmp_path: Path) -> None:
    _define(world)
    _push(world, {"id": 1, "tel": "13912345678"})
    assert world.value("SELECT rule FROM quarantine") == "webhook.unmapped"
    _replay(world)
    assert world.value("SELECT attempts FROM quarantine") == 2
    _define(world, rules=[RULE])
    _replay(world)
    assert world.value("SELECT count(*) FROM quarantine") == 0
    assert world.value("SELECT count(*) FROM events WHERE event = 'form_submitted'") == 1
    assert world.value("SELECT count(*) FROM analyst.customers") == 1
    _rebuilt_is_the_same(world, tmp_path)


def test_one_push_that_held_several_things_falls_into_them(world: World, tmp_path: Path) -> None:
    _define(world)
    _push(world, {"entries": [{"id": n, "tel": f"1391234567{n}"} for n in range(3)]})
    assert world.value("SELECT count(*) FROM quarantine") == 1
    _define(world, rules=[RULE], each="$.entries[*]")
    _replay(world)
    assert world.value("SELECT count(*) FROM quarantine") == 0
    assert world.value("SELECT count(*) FROM events") == 3
    _rebuilt_is_the_same(world, tmp_path)


def test_a_push_of_too_many_things_waits_whole_for_a_mapping_that_takes_fewer(world: World, tmp_path: Path) -> None:
    """None of it is lost: read in part, the rest could never be asked for."""
    _define(world, rules=[RULE], each="$.entries[*]")
    entries = [{"id": n, "tel": f"139{n:08}", "kind": "order" if n % 2_000 == 0 else "view"} for n in range(10_001)]
    _push(world, {"entries": entries})
    assert world.value("SELECT count(*) FROM events") == 0
    assert world.value("SELECT rule FROM quarantine") == "webhook.work"
    assert "more than 10,000 things" in world.value("SELECT message FROM quarantine")
    _define(world, rules=[RULE], each="$.entries[?@.kind == 'order']")
    _replay(world)
    assert world.value("SELECT count(*) FROM quarantine") == 0
    assert world.value("SELECT count(*) FROM events") == 6
    _rebuilt_is_the_same(world, tmp_path)


def test_of_a_push_that_was_read_in_part_only_the_rest_is_tried(world: World, tmp_path: Path) -> None:
    one = {**RULE, "when": {"$.kind": "trial"}}
    _define(world, rules=[one], each="$.entries[*]")
    entries = [{"id": n, "kind": kind, "tel": f"1391234567{n}"} for n, kind in enumerate(("trial", "gift", "gift"))]
    _push(world, {"entries": entries})
    assert world.value("SELECT count(*) FROM events") == 1
    assert world.value("SELECT count(*) FROM quarantine") == 2
    # Another id for the same things: what is in the pool already must not come in a second time.
    other = {**RULE, "message_id": None}
    _define(world, rules=[other], each="$.entries[*]")
    _replay(world, "item = 1")
    assert world.value("SELECT count(*) FROM events") == 2
    assert world.value("SELECT item FROM quarantine") == 2
    _replay(world)
    assert world.value("SELECT count(*) FROM events") == 3
    assert world.value("SELECT count(*) FROM quarantine") == 0
    _rebuilt_is_the_same(world, tmp_path)


def test_what_came_with_too_much_else_comes_in_when_it_is_tried_again(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one request so much comes in at each time as a request may have."""
    monkeypatch.setattr("onepool.standards.run.MOST_MEETINGS", 2 * 12 * 12)
    ids = [[{"type": "member_no", "id": f"m{item}.{n}"} for n in range(11)] for item in range(5)]
    world.send(*({"event": "petted", "anonymousId": "a", "context": {"externalIds": some}} for some in ids))
    world.drain()
    for waiting in (3, 1, 0):
        assert world.value("SELECT count(*) FROM quarantine WHERE rule = 'identifier.crowded'") == waiting
        assert world.value("SELECT count(*) FROM events") == 5 - waiting
        _replay(world)
    _rebuilt_is_the_same(world, tmp_path)
