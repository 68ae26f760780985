"""Lists: taken in once, members as identifiers appear, merges and splits, segments that follow, a pool made again."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.audience import lists
from onepool.audience.catalog import load_catalog
from onepool.audience.conditions import Scope, compile_conditions, parse_condition
from onepool.audience.lists import ListError, erasing, log
from onepool.identity import decisions
from onepool.identity.decisions import Side
from onepool.rebuild import build, content_hashes
from onepool.verify import verify

from .conftest import World

MOBILES = [f"1391234{number:04d}" for number in range(40)]


def seen(phone: str, **more: Any) -> dict[str, Any]:
    """Somebody signed in with this number."""
    return {"event": "signed_in", "properties": {"phone": phone}, **more}


def made(world: World, name: str = "vip", **more: Any) -> None:
    world.define("list", name, title=name, **more)


def put(world: World, text: str, name: str = "vip", **more: Any) -> lists.Upload:
    path = world.root / "list.txt"
    path.write_text(text, encoding="utf-8")
    return lists.upload_list(world.workspace, name, path, author="test", **{"type": "phone", **more})


def on(world: World, name: str = "vip") -> list[int]:
    with world.workspace.pool.read() as session:
        return sorted(lists.members(session, name).column("customer_id").to_pylist())


def size(world: World, name: str = "vip") -> lists.ListSize:
    with world.workspace.pool.read() as session:
        return lists.sizes(session).get(name, lists.ListSize())


def whole(world: World) -> list[str]:
    """What a computation from scratch finds otherwise."""
    world.restart()
    return [f"{one.check}: {one.difference}" for one in verify(world.workspace) if one.difference]


def test_an_upload_says_what_became_of_every_row(world: World) -> None:
    made(world)
    world.send(seen(MOBILES[0], anonymousId="a"), seen(MOBILES[1], anonymousId="b"))
    world.drain()
    text = f"手机号\n{MOBILES[0]}\n+86 {MOBILES[0]}\n{MOBILES[2]}\n\n138****1234\n12345\n13800138000\n"
    done = put(world, text, type=None)
    assert (done.type, done.column) == ("phone", "手机号")
    assert (done.read, done.entries, done.duplicates, done.refused) == (6, 2, 1, 3)
    assert (done.matched, done.unmatched) == (1, 1)
    assert [one.row for one in done.refusals] == [6, 7, 8]
    assert "脱敏" in done.refusals[0].why and "not a valid phone" in done.refusals[1].why
    assert "blocked" in done.refusals[2].why and "1380013" not in done.refusals[2].value
    assert on(world) == [] and size(world) == lists.ListSize()
    world.drain()
    assert (size(world).customers, size(world).entries, size(world).unmatched) == (1, 2, 1)


def test_an_unmatched_number_becomes_a_member_when_it_appears(world: World) -> None:
    made(world)
    world.define("segment", "vips", title="vips", condition={"list": "vip"})
    put(world, "\n".join(MOBILES[:2]))
    world.drain()
    assert on(world) == [] and size(world).unmatched == 2
    world.send(seen(MOBILES[0], anonymousId="a"))
    world.settle()
    assert len(on(world)) == 1 and size(world).unmatched == 1
    (member,) = world.rows("SELECT customer_id FROM segment_members WHERE segment = 'vips'")
    assert [member["customer_id"]] == on(world)


def test_modes_and_a_segment_that_excludes(world: World) -> None:
    made(world)
    world.define("segment", "others", title="others", condition={"not": {"list": "vip"}})
    for number in range(4):
        world.send(seen(MOBILES[number], anonymousId=f"a{number}"))
    world.drain()
    count = "SELECT count(*) FROM segment_members WHERE segment = 'others'"
    assert world.value(count) == 4
    put(world, "\n".join(MOBILES[:3]))
    world.settle()
    assert (len(on(world)), world.value(count)) == (3, 1)
    put(world, MOBILES[0], mode="remove")
    world.settle()
    assert (len(on(world)), world.value(count)) == (2, 2)
    put(world, "\n".join([MOBILES[3], MOBILES[9]]), mode="replace")
    world.settle()
    assert (len(on(world)), size(world).unmatched, world.value(count)) == (1, 1, 3)
    kept = world.workspace.state.read()
    with kept as connection:
        payloads = connection.exec_driver_sql("SELECT payload IS NULL FROM list_changes ORDER BY id").scalars().all()
    assert payloads == [1, 1, 0], "what was replaced is forgotten"
    assert whole(world) == []


def test_merges_and_splits_carry_members_along(world: World) -> None:
    made(world)
    world.define("segment", "vips", title="vips", condition={"list": "vip"})
    world.send(seen(MOBILES[0], userId="u1"), seen(MOBILES[1], userId="u2"))
    put(world, MOBILES[1])
    world.settle()
    (before,) = on(world)
    first, second = (
        sides(world, one) for one in sorted(world.value("SELECT list(DISTINCT customer_id) FROM customer_of"))
    )
    assert before == second.identifiers[0]
    merged = decisions.merge(world.workspace.state, world.clock, first, second, author="test")
    world.settle()
    assert on(world) == [first.identifiers[0]] == members(world)
    decisions.undo(world.workspace.state, world.clock, merged.id, author="test")
    world.settle()
    assert on(world) == [second.identifiers[0]] == members(world)
    assert whole(world) == []


def members(world: World) -> list[int]:
    found = world.rows("SELECT customer_id FROM segment_members WHERE segment = 'vips'")
    return [row["customer_id"] for row in found]


def sides(world: World, customer: int) -> Side:
    ids = world.value(
        "SELECT list(identifier_id ORDER BY identifier_id) FROM customer_of WHERE customer_id = $id", id=customer
    )
    return Side(ids[0], tuple(ids))


def test_a_snapshot_changes_no_more(world: World) -> None:
    world.define("segment", "viewers", title="viewers", condition={"did": "signed_in"})
    world.send(seen(MOBILES[0], anonymousId="a"), seen(MOBILES[1], anonymousId="b"))
    world.settle()
    members = world.workspace.pool.query("SELECT customer_id FROM segment_members").column("customer_id")
    lists.snapshot_list(world.workspace, "then", "then", members, author="test", segment="viewers")
    world.send(seen(MOBILES[2], anonymousId="c"))
    world.settle()
    assert (size(world, "then").customers, size(world, "then").unmatched) == (2, 0)
    with pytest.raises(ListError, match="snapshot"):
        put(world, MOBILES[5], name="then")
    with pytest.raises(ListError, match="there is a list"):
        lists.snapshot_list(world.workspace, "then", "then", members, author="test")


def test_customers_numbers_are_known_or_refused(world: World) -> None:
    made(world)
    world.send(seen(MOBILES[0], anonymousId="a"))
    world.drain()
    (number,) = {row["customer_id"] for row in world.rows("SELECT customer_id FROM customer_of")}
    done = put(world, f"{number}\n00{number}\n999999\nx\n", type="customer")
    assert (done.entries, done.duplicates, done.refused, done.matched) == (1, 1, 2, 1)
    world.send(seen(MOBILES[1], anonymousId="b"))
    world.settle()
    assert on(world) == [number]


def test_a_deleted_list_is_forgotten_and_its_name_begins_anew(world: World) -> None:
    made(world)
    world.send(seen(MOBILES[0], anonymousId="a"))
    put(world, MOBILES[0])
    world.drain()
    lists.delete_list(world.workspace, "vip", author="test")
    world.drain()
    assert on(world) == []
    made(world)
    put(world, MOBILES[1])
    world.drain()
    assert (size(world).entries, size(world).unmatched) == (1, 1)


def test_a_crash_between_state_and_pool_is_made_good(world: World) -> None:
    made(world)
    world.send(seen(MOBILES[0], anonymousId="a"))
    world.drain()
    put(world, MOBILES[0])
    world.restart()
    world.drain()
    assert len(on(world)) == 1
    path = world.root / "again.duckdb"
    build(world.workspace, path)
    fresh = world.workspace.open_pool(path)
    try:
        assert content_hashes(fresh)["list_entries"] == content_hashes(world.workspace.pool)["list_entries"]
    finally:
        fresh.close()


def asked_at(world: World, at: datetime, name: str = "vip") -> list[int]:
    """Who was on the list then, as a condition says it."""
    catalog = load_catalog(world.workspace)
    plan = compile_conditions({"c": parse_condition({"list": name})}, at, Scope.all(), catalog.context)
    with world.workspace.pool.read() as session:
        found = plan.run(session)
    return sorted(found.filter(found.column("c")).column("customer_id").to_pylist())


def test_what_was_on_a_list_is_known_afterwards(world: World) -> None:
    made(world)
    for number in range(3):
        world.send(seen(MOBILES[number], anonymousId=f"a{number}"))
    world.drain()
    ids = []
    for text, mode in (
        ("\n".join(MOBILES[:2]), "add"),
        (MOBILES[0], "remove"),
        (MOBILES[2], "replace"),
        (MOBILES[2], "add"),
    ):
        world.clock.advance(timedelta(days=1))
        at = world.clock.now()
        put(world, text, mode=mode)
        world.settle()
        ids.append((at, on(world)))
    assert [len(members) for _, members in ids] == [2, 1, 1, 1]
    for at, members in ids:
        assert asked_at(world, at) == members
        assert asked_at(world, at + timedelta(hours=23)) == members
    assert asked_at(world, ids[0][0] - timedelta(seconds=1)) == []
    past = content_hashes(world.workspace.pool)["list_past"]
    assert past[0] == 3
    assert whole(world) == []
    path = world.root / "again.duckdb"
    build(world.workspace, path)
    fresh = world.workspace.open_pool(path)
    try:
        assert content_hashes(fresh)["list_past"] == past
    finally:
        fresh.close()


def test_an_erased_person_is_on_no_list_and_was_on_none(world: World) -> None:
    made(world)
    made(world, "press")
    world.define("segment", "vips", title="vips", condition={"list": "vip"})
    for number in range(2):
        world.send(seen(MOBILES[number], anonymousId=f"a{number}"))
    world.drain()
    put(world, "\n".join([*MOBILES[:2], MOBILES[9]]))
    put(world, MOBILES[0], "press")
    world.settle()
    world.clock.advance(timedelta(days=1))
    put(world, MOBILES[0], "press", mode="remove")
    world.settle()
    both = on(world)
    world.send({"event": "customer_erased", "anonymousId": "a0"})
    world.settle()
    assert len(both) == 2 and len(on(world)) == 1 and size(world).unmatched == 1
    assert world.value("SELECT count(*) FROM segment_members WHERE segment = 'vips'") == 1
    assert world.value("SELECT count(*) FROM list_past") == 0
    with world.workspace.state.read() as connection:
        kept = connection.exec_driver_sql(
            "SELECT payload FROM list_changes WHERE mode <> 'erase' ORDER BY id"
        ).scalars()
        texts = [text for raw in kept for text in log.unpack(raw).column("value").to_pylist()]
        assert connection.exec_driver_sql("SELECT count(*) FROM list_past WHERE payload IS NOT NULL").scalar_one() == 0
    assert MOBILES[0][-4:] not in "".join(texts) and len(texts) == 2
    assert whole(world) == []
    put(world, MOBILES[0])
    world.settle()
    assert len(on(world)) == 2, "what is told afterwards counts"


def test_an_upload_that_waits_while_a_person_is_erased_keeps_nothing_of_them(world: World) -> None:
    made(world)
    for number in range(2):
        world.send(seen(MOBILES[number], anonymousId=f"a{number}"))
    world.drain()
    put(world, "\n".join(MOBILES[:2]))
    world.settle()
    world.clock.advance(timedelta(days=1))
    put(world, MOBILES[5], mode="replace")
    gone = world.value(
        "SELECT list(identifier_id) FROM customer_of WHERE customer_id = (SELECT min(customer_id) FROM customer_of)"
    )
    with world.workspace.state.write() as connection:
        erasing.erase(connection, gone, world.clock.now())
    world.settle()
    with world.workspace.state.read() as connection:
        kept = connection.exec_driver_sql("SELECT payload FROM list_past WHERE payload IS NOT NULL").scalars().all()
    assert [log.opened_past(one).num_rows for one in kept] == [1], "the other one only"
    assert world.value("SELECT count(*) FROM list_past") == 1


def test_what_erases_is_no_list_that_is_searched(world: World) -> None:
    made(world)
    for number in range(3):
        world.send(seen(MOBILES[number], anonymousId=f"a{number}"))
    put(world, MOBILES[0])
    world.settle()
    world.send({"event": "customer_erased", "anonymousId": "a0"})
    world.settle()
    lists.delete_list(world.workspace, "vip", author="test")
    world.send({"event": "customer_erased", "anonymousId": "a1"})
    world.settle()
    with world.workspace.state.read() as connection:
        modes = connection.exec_driver_sql("SELECT mode FROM list_changes ORDER BY id").scalars().all()
    assert modes == ["add", "erase", "delete"]


def test_an_erasure_cut_short_between_state_and_pool_is_made_good(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(world)
    world.send(seen(MOBILES[0], anonymousId="a0"))
    world.drain()
    put(world, MOBILES[0])
    world.settle()
    world.send({"event": "customer_erased", "anonymousId": "a0"})
    with monkeypatch.context() as broken:
        broken.setattr("onepool.tick.listing.entries.erase", _killed)
        with pytest.raises(KeyboardInterrupt):
            world.drain()
    assert len(on(world)) == 1
    world.restart()
    world.drain()
    assert on(world) == [] and size(world) == lists.ListSize()


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_many_at_once_have_what_asks_evaluated_for_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onepool.audience.live._FEW", 1)
    made(world)
    world.define("segment", "vips", title="vips", condition={"list": "vip"})
    for number in range(3):
        world.send(seen(MOBILES[number], anonymousId=f"a{number}"))
    put(world, MOBILES[0])
    world.settle()
    put(world, "\n".join(MOBILES[:3]))
    world.settle()
    assert world.value("SELECT count(*) FROM segment_members WHERE segment = 'vips'") == 3


def test_a_number_given_to_somebody_else_means_its_bearer_of_then(world: World) -> None:
    made(world)
    world.send({"type": "identify", "userId": "u1", "traits": {"phone": MOBILES[0], "name": "王芳"}})
    put(world, MOBILES[0])
    world.settle()
    (old,) = on(world)
    world.clock.advance(timedelta(days=400))
    world.send({"type": "identify", "userId": "u2", "traits": {"phone": MOBILES[0], "name": "李强"}})
    world.settle()
    owners = {
        row["customer_id"]
        for row in world.rows(
            "SELECT customer_id FROM customer_of JOIN identifiers USING (identifier_id) WHERE type = 'phone'"
        )
    }
    assert len(owners) == 2, "the number has a second bearer"
    assert on(world) == [old]
    put(world, MOBILES[0])
    world.settle()
    assert on(world) == sorted(owners - {old})
    assert whole(world) == []


FILES: Mapping[str, Any] = {
    "utf8 with header": lambda p: p.write_text(f"姓名,手机号\n王,{MOBILES[0]}\n李,{MOBILES[1]}\n", encoding="utf-8"),
    "gb18030": lambda p: p.write_bytes(f"姓名,手机号\n王芳,{MOBILES[0]}\n李强,{MOBILES[1]}\n".encode("gb18030")),
    "utf16": lambda p: p.write_bytes(f"手机\n{MOBILES[0]}\n{MOBILES[1]}\n".encode("utf-16")),
    "no header": lambda p: p.write_text("\n".join(MOBILES[:2])),
    "tabs": lambda p: p.write_text(f"x\t{MOBILES[0]}\ny\t{MOBILES[1]}\n"),
    "gzip": lambda p: p.write_bytes(gzip.compress(f"phone\n{MOBILES[0]}\n{MOBILES[1]}\n".encode())),
    "json lines": lambda p: p.write_text(f'{{"phone": "{MOBILES[0]}"}}\n{{"city": "x", "phone": {MOBILES[1]}}}\n'),
    "parquet": lambda p: pq.write_table(pa.table({"phone": [int(MOBILES[0]), int(MOBILES[1])]}), p),
    "excel": lambda p: _workbook(p),
}


def _workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["会员", "手机号码"])
    book.active.append(["a", int(MOBILES[0])])
    book.active.append(["b", MOBILES[1]])
    with path.open("wb") as file:
        book.save(file)


@pytest.mark.parametrize("kind", FILES)
def test_files_of_every_kind(world: World, kind: str) -> None:
    made(world)
    path = world.root / "upload"
    FILES[kind](path)
    column = "2" if kind == "tabs" else None
    done = lists.upload_list(world.workspace, "vip", path, author="test", type="phone", column=column)
    assert (done.read, done.entries, done.refused) == (2, 2, 0)


@pytest.mark.parametrize(
    ("text", "more", "code"),
    [
        ("", {}, "list-file"),
        ("abc\n", {}, "list-empty"),
        (MOBILES[0], {"type": "phonee"}, "list-type"),
        (MOBILES[0], {"type": "taobao_oaid"}, "list-type"),
        ("M1\n", {"type": "member_no"}, "list-scope"),
        (MOBILES[0], {"type": None}, "list-type"),
        (f"phone\n{MOBILES[0]}", {"column": "mobile"}, "list-column"),
        (MOBILES[0], {"name": "nobody"}, "list-unknown"),
    ],
)
def test_what_cannot_be_taken_is_said(world: World, text: str, more: dict[str, Any], code: str) -> None:
    made(world)
    with pytest.raises(ListError) as error:
        put(world, text, **more)
    assert error.value.code == code
    assert log.latest(world.workspace.state) == 0


acts = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["add", "replace", "remove"]), st.lists(st.integers(0, 5), min_size=1, max_size=4)),
        st.tuples(st.just("seen"), st.tuples(st.integers(0, 5), st.integers(0, 3))),
        st.tuples(st.just("settle"), st.none()),
    ),
    min_size=1,
    max_size=8,
)


@given(done=acts)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_live_members_are_what_a_plain_set_says(tmp_path_factory: pytest.TempPathFactory, done: Any) -> None:
    from .conftest import make_world

    world = make_world(tmp_path_factory.mktemp("lists") / "ws")
    try:
        made(world)
        world.define("segment", "vips", title="vips", condition={"list": "vip"})
        told: set[str] = set()
        for what, of in done:
            if what == "seen":
                world.send(seen(MOBILES[of[0]], userId=f"u{of[1]}"))
            elif what == "settle":
                world.settle()
            else:
                phones = {MOBILES[number] for number in of}
                put(world, "\n".join(sorted(phones)), mode=what)
                told = {"add": told | phones, "replace": phones, "remove": told - phones}[what]
                world.clock.advance(timedelta(seconds=1))
        world.settle()
        known = world.rows(
            "SELECT DISTINCT customer_id FROM customer_of JOIN identifiers USING (identifier_id) "
            "WHERE type = 'phone' AND list_contains($told, value)",
            told=[f"+86{one}" for one in told],
        )
        assert on(world) == sorted(row["customer_id"] for row in known)
        vips = world.rows("SELECT customer_id FROM segment_members WHERE segment = 'vips' ORDER BY 1")
        assert [row["customer_id"] for row in vips] == on(world)
        assert whole(world) == []
    finally:
        world.close()
