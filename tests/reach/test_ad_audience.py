"""Members of segments as an advertising platform's audience: hashed files of those who may be told to it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.reach.test_destinations import NOW, World, world

from onepool import apply
from onepool.clock import to_micros
from onepool.privacy import audit
from onepool.privacy.consents import ledger
from onepool.privacy.consents.words import WORDS
from onepool.reach import DestinationError, Outcome, parse, preview, suppression
from onepool.reach.definition import check
from onepool.reach.runs import definition, latest

__all__ = ["world"]

AUDIENCE: dict[str, Any] = {
    "destination": "lookalike", "what": "members", "segments": ["vip"], "to": {"kind": "ads", "touchpoint": "ocean"},
    "purpose": "advertisements to members", "mode": "changes", "columns": None,
}  # fmt: skip


def _words(
    world: World, number: int, granted: bool, *, purpose: str = "marketing", channel: str = "", seq: int = 1
) -> None:
    word: dict[str, Any] = {
        "identifier_id": number, "purpose": purpose, "category": "", "channel": channel, "granted": granted,
        "time": to_micros(NOW) - 1_000_000 + seq, "seq": seq * 1_000 + number, "event_id": b"x" * 16,
    }  # fmt: skip
    row = [{one.name: word.get(one.name, "") for one in WORDS}]
    with world.ws.state.write() as connection:
        ledger.fold(connection, pa.Table.from_pylist(row, schema=WORDS), to_micros(NOW))


def _sha(number: int) -> str:
    return hashlib.sha256(f"138000000{number:02d}".encode()).hexdigest()


@pytest.fixture
def ocean(world: World) -> World:
    """Members 1, 4, 5 and 6; all but 6 have agreed."""
    for number in (4, 5, 6):
        world.customer(number, "上海", vip=True)
    for number in (1, 2, 4, 5):
        _words(world, number, True)
    body = {"touchpoint": "ocean", "channel": "ads", "settings": {"platform": "ocean_engine", "path_secret": "env:P"}}
    world.ws.save("touchpoint", "ocean", body, author="test")
    return world


def _save(world: World, **changes: Any) -> str:
    body = {key: value for key, value in {**AUDIENCE, **changes}.items() if value is not None}
    world.ws.save("destination", "lookalike", body, author="test")
    return "lookalike"


def _files(world: World, outcome: Outcome) -> dict[str, list[str]]:
    folder = world.ws.root / outcome.where
    return {one.stem: one.read_text().split() for one in sorted(folder.iterdir())}


def test_the_files_hold_the_hashes_of_members_who_agreed(ocean: World) -> None:
    outcome = ocean.good(_save(ocean, mode="full"))
    assert (outcome.where, outcome.left_out) == ("exports/lookalike", 1)
    files = _files(ocean, outcome)
    assert set(files) == {"phone_sha256", "phone_md5", "idfa_md5", "oaid_md5", "imei_md5"}
    assert files["phone_sha256"] == sorted(_sha(number) for number in (1, 4, 5))
    assert len(files["phone_md5"]) == 3 and files["idfa_md5"] == []
    for path in (ocean.ws.root / outcome.where).iterdir():
        assert path.stat().st_mode & 0o077 == 0
        assert "138000000" not in path.read_text()
    line = next(one for _, one in audit.trail(ocean.ws.state, limit=5) if one.action == "export")
    assert line.subject == "destination:lookalike"
    assert (line.detail["to"], line.detail["personal"], line.detail["rows"]) == ("ads", ["hash"], 6)
    assert line.detail["left_out"] == 1


def test_nobody_who_is_kept_back_refused_or_lost_their_number(ocean: World) -> None:
    _words(ocean, 4, False, channel="ads", seq=2)
    with ocean.ws.state.write() as connection:
        suppression.add(connection, at=to_micros(NOW), reason="manual", source="by hand", customer_id=5)
    ocean.sql("UPDATE identifiers SET valid_to = $at WHERE identifier_id = 1", at=NOW)
    outcome = ocean.good(_save(ocean, mode="full"))
    assert (_files(ocean, outcome)["phone_sha256"], outcome.left_out) == ([], 3)  # who lost the number has none to tell
    assert [one.left_out for one in latest(ocean.ws.state, "lookalike")] == [3]


def test_changes_add_what_is_new_and_take_out_what_is_gone(ocean: World) -> None:
    name = _save(ocean)
    first = ocean.good(name)
    assert first.where == "exports/lookalike-00000001"
    assert set(_files(ocean, first)) == {"phone_sha256", "phone_md5"}
    assert (ocean.good(name).rows, ocean.good(name).gone) == (0, 0)
    _words(ocean, 6, True, seq=2)  # joins
    _words(ocean, 4, False, seq=2)  # withdraws
    files = _files(ocean, ocean.good(name))
    assert files["phone_sha256"] == [_sha(6)] and files["phone_sha256_remove"] == [_sha(4)]
    # A hash is taken out when nobody bears its number any more, not the one who bore it.
    ocean.sql("UPDATE identifiers SET value = '+8613800000077' WHERE identifier_id = 1")
    files = _files(ocean, ocean.good(name))
    assert files["phone_sha256"] == [_sha(77)] and files["phone_sha256_remove"] == [_sha(1)]
    _words(ocean, 5, False, seq=3)
    assert ocean.good(_save(ocean, gone="keep")).total == 4


def test_the_purpose_is_the_policys(ocean: World) -> None:
    ocean.ws.save("policy", "default", {"policy": "default", "purposes": {"promotion": "advertising"}}, author="test")
    _words(ocean, 6, True, purpose="advertising", seq=2)
    assert _files(ocean, ocean.good(_save(ocean, mode="full")))["phone_sha256"] == [_sha(6)]


def test_a_preview_counts_and_writes_nothing(ocean: World) -> None:
    _save(ocean)
    found = preview(ocean.ws, definition(ocean.ws, "lookalike"))
    assert (found.rows, found.gone, found.total, found.left_out) == (6, 0, 6, 1)
    assert not (ocean.ws.root / "exports").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"what": "profiles"}, "write members"),
        ({"gone": "mark"}, "write delete or keep"),
        ({"columns": [{"phone": "identifier.phone"}]}, "leave them out"),
        ({"to": {"kind": "ads", "touchpoint": "ocean", "path": "../x"}}, "below the folder"),
        ({"to": {"kind": "ads", "touchpoint": "shop"}}, "advertising platform"),
        ({"purpose": ""}, "personal data"),
        ({"segments": ["nobody"]}, "no segment"),
    ],
)
def test_what_is_wrong_is_told_before_it_is_saved(ocean: World, changes: dict[str, Any], words: str) -> None:
    body = {key: value for key, value in {**AUDIENCE, **changes}.items() if value is not None}
    with pytest.raises(DestinationError, match=words):
        check(parse(body), ocean.ws.standard(), [], ["vip"], {"ocean": "ads", "shop": "web"})


def test_audiences_are_definitions_in_files(ocean: World, tmp_path: Path) -> None:
    (tmp_path / "destinations").mkdir()
    body = {key: value for key, value in AUDIENCE.items() if value is not None}
    (tmp_path / "destinations" / "lookalike.yaml").write_text(json.dumps(body), encoding="utf-8")
    (change,) = apply.apply(ocean.ws, author="test", root=tmp_path)
    assert (change.kind, change.name, change.action) == ("destination", "lookalike", "add")
    assert ocean.good("lookalike").rows == 6
    saved = ocean.ws.definitions.get("destination", "lookalike")
    assert saved is not None and "columns" not in saved.body
