"""Why one customer, why two: every answer names its evidence."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from tests.identity.written import Written, at, empty

from onepool.identity import decisions, read
from onepool.identity.decisions import Side
from onepool.identity.read import Explanation, Words
from onepool.identity.registry import Registry

AUTHOR = "user:mei@brand.test"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Written]:
    made = empty(tmp_path)
    yield made
    made.close()


def explain(world: Written, a: int, b: int) -> Explanation:
    with world.sources() as src:
        known = read.nodes(src, [a, b])
        return read.explain(src, known[a], known[b])


def codes(found: Explanation) -> list[tuple[str, str]]:
    return [(reason.code, reason.detail) for reason in found.reasons]


def test_the_shortest_path_with_its_evidence(world: Written) -> None:
    phone = world.identifier("phone", "+8613711112222")
    openid, unionid, device = (
        world.identifier(kind, "x", phone, scope="s") for kind in ("openid", "unionid", "device")
    )
    world.link(phone, openid, day=1)
    world.link(openid, unionid, day=2)
    short = world.link(phone, unionid, day=5)
    world.link(unionid, device, "follows", day=3)
    found = explain(world, phone, device)
    assert found.together
    assert [(step.source.identifier_id, step.target.identifier_id) for step in found.path] == [
        (phone, unionid),
        (unionid, device),
    ]
    assert found.path[0].link.link_id == short
    assert explain(world, device, phone).path[0].source.identifier_id == device
    assert explain(world, phone, phone).path == []


def test_of_equal_paths_the_earlier_evidence(world: Written) -> None:
    phone = world.identifier("phone", "+8613711112222")
    openid = world.identifier("openid", "x", phone, scope="s")
    world.link(phone, openid, day=5, touchpoint="late")
    early = world.link(phone, openid, day=1, touchpoint="early")
    assert [step.link.link_id for step in explain(world, phone, openid).path] == [early]


def test_links_that_do_not_hold_are_no_path(world: Written) -> None:
    phone = world.identifier("phone", "+8613711112222")
    openid = world.identifier("openid", "x", phone, scope="s")
    for status in ("conflict", "void", "no_consent", "withdrawn", "cut", "blocked", "unused", "retired"):
        world.link(phone, openid, status)
    assert explain(world, phone, openid).path == []


def test_people_and_the_model_on_the_path(world: Written) -> None:
    phone = world.identifier("phone", "+8613711112222")
    email = world.identifier("email", "a@b.com", phone)
    openid = world.identifier("openid", "x", phone, scope="s")
    made = decisions.merge(world.state, world.clock, Side(phone, (phone,)), Side(email, (email,)), author=AUTHOR)
    world.link(phone, email, rule="decision", touchpoint="", first_event=made.id.to_bytes(16, "big"))
    world.link(email, openid, rule="likelihood", touchpoint="", first_event=(7).to_bytes(16, "big"), confidence=0.997)
    found = explain(world, phone, openid)
    words = Words(world.standard, registry(world))
    ruled, likely = found.path
    assert ruled.decision is not None
    assert ruled.decision.id == made.id
    assert (ruled.link.first_event, likely.link.candidate) == (None, 7)
    assert words.step(ruled)["en"] == f"merged by {AUTHOR} on 2026-11-01"
    assert "99.7%" in words.step(likely)["zh"]


@pytest.mark.parametrize("reason", ["limit:unionid@wx-open", "limit:phone", "name", "unproved", "size", "never"])
def test_a_rejected_link_and_its_limit(world: Written, reason: str) -> None:
    one, two = (world.identifier("unionid", f"u{n}", scope="wx-open") for n in range(2))
    link = world.link(one, two, "conflict", reason)
    found = explain(world, one, two)
    code, _, detail = reason.partition(":")
    assert not found.together
    assert codes(found) == [(code, detail)]
    assert found.reasons[0].link is not None
    assert found.reasons[0].link.link_id == link


@pytest.mark.parametrize("status", ["void", "no_consent", "withdrawn", "cut", "blocked", "unused", "retired"])
def test_links_that_may_not_be_used(world: Written, status: str) -> None:
    one, two = world.identifier("phone", "+8613711112222"), world.identifier("email", "a@b.com")
    world.link(one, two, status)
    assert [code for code, _ in codes(explain(world, one, two))] == [status]


def test_a_value_that_both_share(world: Written) -> None:
    one, two = (world.identifier("member_no", f"M{n}", scope="club") for n in range(2))
    counter = world.identifier("phone", "+8613711112222")
    world.link(one, counter, "void")
    world.link(two, counter, "void")
    (reason,) = explain(world, one, two).reasons
    assert reason.code == "void"
    assert reason.via is not None
    assert reason.via.identifier_id == counter


def test_a_phone_that_went_to_a_new_owner(world: Written) -> None:
    old, new = (world.identifier("member_no", f"M{n}", scope="club") for n in range(2))
    phone = world.identifier("phone", "+8613711112222", old)
    later = world.identifier("phone", "+8613711112222", new, base=phone, valid_from=at(100))
    world.link(old, phone, day=1)
    world.link(new, phone, day=150)
    (reason,) = explain(world, phone, later).reasons
    assert reason.code == "recycled"
    assert reason.via is not None
    assert Words(world.standard, registry(world)).reason(reason)["en"].startswith("Phone: ")


def test_rulings_between_two(world: Written) -> None:
    one, two = world.identifier("phone", "+8613711112222"), world.identifier("email", "a@b.com")
    made = decisions.never(world.state, world.clock, Side(one, (one,)), Side(two, (two,)), author=AUTHOR)
    (reason,) = explain(world, one, two).reasons
    assert (reason.code, reason.decision and reason.decision.id) == ("never", made.id)
    decisions.undo(world.state, world.clock, made.id, author=AUTHOR)
    assert codes(explain(world, one, two)) == [("no_evidence", "")]


def test_candidates_below_the_threshold(world: Written) -> None:
    one, two = world.identifier("phone", "+8613711112222"), world.identifier("email", "a@b.com")
    number = world.candidate(one, two, 0.62)
    (reason,) = explain(world, one, two).reasons
    assert (reason.code, reason.detail, reason.candidate.id) == ("candidate", "open", number)
    assert "62.0%" in Words(world.standard, registry(world)).reason(reason)["en"]


def test_the_weightiest_reason_first(world: Written) -> None:
    one, two = (world.identifier("unionid", f"u{n}", scope="wx-open") for n in range(2))
    world.candidate(one, two, 0.4)
    world.link(one, two, "no_consent")
    world.link(one, two, "conflict", "limit:unionid@wx-open")
    decisions.never(world.state, world.clock, Side(one, (one,)), Side(two, (two,)), author=AUTHOR)
    assert [code for code, _ in codes(explain(world, one, two))] == [
        "never",
        "limit",
        "no_consent",
        "candidate",
    ]


def test_every_reason_has_words_in_both_languages(world: Written) -> None:
    words = Words(world.standard, registry(world))
    one, two = (world.identifier("unionid", f"u{n}", scope="wx-open") for n in range(2))
    shared = world.identifier("device", "d", scope="app")
    statuses = ("void", "no_consent", "withdrawn", "cut", "blocked", "unused", "retired", "joined")
    for status in statuses:
        world.link(one, two, status)
        world.link(one, shared, status)
        world.link(two, shared, status)
    for reason in ("limit:unionid@wx-open", "name", "size", "never"):
        world.link(one, two, "conflict", reason)
    for status in ("open", "gone", "never"):
        with world.sources() as src:
            for found in read.explain(src, *read.nodes(src, [one, two]).values()).reasons:
                text = words.reason(found)
                assert text["zh"].strip()
                assert text["en"].strip()
                assert text["zh"] != text["en"]
        if status == "open":
            world.candidate(one, two, 0.3, status)


def test_every_pair_of_a_component_has_a_path_of_links_that_hold(world: Written) -> None:
    """P10: whatever the graph, a path between any two members, step by step along live evidence, and no shorter one."""
    random = Random(7)
    members = [world.identifier("openid", f"o{n}", 1, scope="s") for n in range(24)]
    edges = {(members[random.randrange(n)], members[n]) for n in range(1, 24)}
    edges |= {tuple(sorted(random.sample(members, 2))) for _ in range(12)}
    for a, b in sorted(edges):
        world.link(a, b, day=random.randrange(9))
    with world.sources() as src:
        found = read.graph(src, 1)
        for a in members:
            away = distances(members, edges, a)
            for b in members:
                path = read.path(found, found.nodes[a], found.nodes[b])
                assert len(path) == away[b]
                assert all(tuple(sorted(step.link.pair)) in edges for step in path)
                assert all(x.target == y.source for x, y in pairwise(path))


def distances(members: list[int], edges: set[tuple[int, ...]], start: int) -> dict[int, int]:
    away, border = {start: 0}, [start]
    while border:
        found = [b if a == here else a for here in border for a, b in edges if here in (a, b)]
        steps = away[border[0]] + 1
        border = [one for one in dict.fromkeys(found) if one not in away]
        away |= dict.fromkeys(border, steps)
    return away


def registry(world: Written) -> Registry:
    with world.sources() as src:
        return src.registry
