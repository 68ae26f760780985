"""Solving from scratch gives the same tables, byte by byte, on any number of threads."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import Future
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.identity.compiled import Compiled, registry_of, sayable, speakable
from tests.identity.facts import NAMES, TYPES, Facts, histories

from onepool.identity import arrays, batch, batch_tenures
from onepool.identity.arrays import Arrays
from onepool.identity.batch_buckets import Buckets
from onepool.identity.graph import Graph
from onepool.identity.tenures import ROOM
from onepool.identity.threads import Crew
from onepool.identity.twin_facts import DAY, Limits

NODE_ROWS = [arrays.BASE, arrays.LATER_TENURE, arrays.TYPE, arrays.SLOT, arrays.CUSTOMER, arrays.RING, arrays.OWNERS]
EDGE_ROWS = [arrays.A, arrays.B, arrays.A_AT, arrays.B_AT, arrays.SOURCE, arrays.WHY]


def tables(graph: Graph, thorough: bool, threads: int) -> list[bytes]:
    """What a solve on so many threads leaves in the tables, scratch apart."""
    other = graph.copy()
    other.solve(thorough, threads)
    g, nodes, edges = other.arrays, len(other), other.edges
    node = [g.n8[:, :nodes], g.n32[[*NODE_ROWS, arrays.DEGREE, arrays.OWNER], :nodes], g.n64[: arrays.MARK, :nodes]]
    return [some.tobytes() for some in (*node, g.e8[:, :edges], g.e32[EDGE_ROWS, :edges], g.e64[:2, :edges])]


@settings(max_examples=60, deadline=None)
@given(facts=histories(), thorough=st.booleans())
def test_small_worlds(facts: Facts, thorough: bool) -> None:
    """Links, rulings and consents of few identifiers: parts of a few links, or of none."""
    engine = Compiled(facts)
    engine.born_all()
    engine.add_links(edge for edge in facts.edges.values() if speakable(facts, engine, edge))
    for decision in facts.decisions:
        if sayable(facts, engine, decision):
            engine.decide(decision)
    alone = tables(engine.graph, thorough, 1)
    assert tables(engine.graph, thorough, 2) == alone
    assert tables(engine.graph, thorough, 3) == alone


def crowd(contacts: Literal["trust", "typed"], seed: int) -> Graph:
    """Many identifiers of every type in sets of about ten, of which each type has some that are of many."""
    chance = np.random.default_rng(seed)
    size, links = 30_000, 60_000
    graph = Graph(registry_of(Limits(TYPES, contacts=contacts)))
    kinds = list(TYPES)
    types, slots = (
        np.array([graph.type_number(kind) for kind in kinds]),
        np.array([graph.slot_number(kind, "") for kind in kinds]),
    )
    kind = chance.integers(0, len(kinds), size)
    graph.add(types[kind], slots[kind], chance.integers(0, 1 << 62, size).astype(np.uint64), np.zeros(size, np.int64))
    graph.restore_names(np.arange(size), np.array(NAMES)[chance.integers(0, len(NAMES), size)])
    person = chance.integers(0, size // 10, links)
    members = chance.permutation(size).reshape(-1, 10)
    ends = np.sort(np.stack([members[person, chance.integers(0, 10, links)] for _ in range(2)], axis=1), axis=1)
    far = chance.random(links) < 0.02
    ends[far, 1] = ends[far, 0] + chance.integers(1, 40, far.sum())
    # One with more links than any may have.
    ends[1_000:2_500, 0] = 7
    ends = np.sort(ends[(ends[:, 0] != ends[:, 1]) & (ends[:, 1] < size)], axis=1)
    first = chance.integers(0, 400, len(ends)) * DAY
    last = first + chance.integers(0, 3, len(ends)) * DAY
    none = np.zeros(len(ends), np.int64)
    graph.restore_links(
        ends[:, 0].copy(),
        ends[:, 1].copy(),
        none + graph.source_number("rule", ""),
        none,
        first,
        last,
        none.astype(np.int8),
        chance.integers(0, 3, len(ends)),
    )
    return graph


@pytest.mark.parametrize("contacts", ["typed", "trust"])
def test_many_at_once(contacts: Literal["trust", "typed"]) -> None:
    """So many that threads meet at the same sets, and tenures are born in bucket after bucket."""
    graph = crowd(contacts, 5)
    alone = tables(graph, False, 1)
    other = graph.copy()
    other.solve()
    assert len(other) > 30_000 and {"joined", "follows", "conflict", "void"} <= {
        status for status, _ in other.status(np.arange(other.edges))
    }
    assert other.voids().size > 0
    for threads in (2, 3, 2):
        assert tables(graph, False, threads) == alone


def test_a_value_that_nearly_all_were_seen_with_is_made_room_for_once() -> None:
    """Not by as many buckets as are settled together, of which the others have a few links each."""
    size, links = 80_000, 40_000
    graph = Graph(registry_of(Limits(TYPES)))
    kind, slot = graph.type_number("phone"), graph.slot_number("phone", "")
    chance, none = np.random.default_rng(3), np.zeros(links, np.int64)
    graph.add(
        np.full(size, kind),
        np.full(size, slot),
        chance.integers(0, 1 << 62, size).astype(np.uint64),
        np.zeros(size, np.int64),
    )
    source = none + graph.source_number("rule", "")
    far = np.arange(1, links + 1)
    graph.restore_links(none.copy(), far, source, none, none.copy(), none.copy(), none.astype(np.int8), none)
    graph.copy().solve(threads=1)
    tracemalloc.start()
    graph.solve(threads=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert graph.voids().tolist() == [0]
    assert peak < 3 * batch_tenures.RECORD * 8 * links


def test_more_links_than_are_counted_of_a_group_are_too_many() -> None:
    """Of a type without limits, which nothing else looks at: links are counted to 65,535, and one more is not none."""
    size, links = 3_000, (1 << 16) + 500
    graph = Graph(registry_of(Limits(TYPES)))
    kind, slot = graph.type_number("openid"), graph.slot_number("openid", "")
    graph.add(np.full(size, kind), np.full(size, slot), np.arange(size, dtype=np.uint64), np.zeros(size, np.int64))
    none = np.zeros(links, np.int64)
    far = 1 + np.arange(links) % (size - 1)
    source = none + graph.source_number("rule", "")
    graph.restore_links(none.copy(), far, source, none, none.copy(), none.copy(), none.astype(np.int8), none)
    graph.solve(threads=1)
    assert graph.voids().tolist() == [0]


def test_tables_are_made_larger_while_threads_settle_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was settled meanwhile stays settled, and goes on in the larger tables."""
    graph = crowd("trust", 5)
    alone = tables(graph, False, 1)
    # As much room as there must be at first.
    graph.reserve(nodes=2 * ROOM)
    g, size = graph.arrays, len(graph) + 2 * ROOM
    graph._g = g._replace(**{name: getattr(g, name)[:, :size].copy() for name in ("n8", "n32", "n64")})
    rounds, settle = [], Buckets._settle_while_room

    def counted(self: Buckets, g: Arrays) -> None:
        rounds.append(g.n32.shape[1])
        settle(self, g)

    monkeypatch.setattr(Buckets, "_settle_while_room", counted)
    assert tables(graph, False, 3) == alone
    assert len(set(rounds)) == len(rounds) > 1


def test_a_solve_that_broke_off_leaves_marks_that_nobody_made(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = crowd("trust", 5)

    def fails(own: Arrays, *given: object) -> None:
        own.counts[arrays.STAMP] += 7
        raise MemoryError

    before = int(graph.arrays.counts[arrays.STAMP])
    monkeypatch.setattr(batch.batch_sets, "find_broken", fails)
    with pytest.raises(MemoryError):
        graph.solve(threads=2)
    assert graph.arrays.counts[arrays.STAMP] > before + len(graph)


def test_nothing_runs_any_more_when_a_thread_could_not_be_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gets the error may give away what the threads were working on."""
    begun, ended = threading.Event(), threading.Event()

    def works(part: int, start: int, end: int) -> None:
        begun.wait(10)
        ended.set()

    with Crew(3) as crew:
        begin = crew.begin

        def once(work: Callable[[], None]) -> Future[None]:
            monkeypatch.setattr(crew, "begin", fails)
            return begin(work)

        def fails(work: Callable[[], None]) -> Future[None]:
            begun.set()
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(crew, "begin", once)
        with pytest.raises(RuntimeError):
            crew.over(9, works)
        assert ended.is_set()


def test_the_crew_covers_everything_once_and_raises() -> None:
    def fails(part: int, start: int, end: int) -> None:
        if part == 2:
            raise ValueError(f"{start}..{end}")

    for threads in (1, 2, 3, 5):
        with Crew(threads) as crew:
            for count in (0, 1, 7, 8, 100):
                parts = crew.over(count, lambda part, start, end: (part, start, end), step=8)
                assert [part for part, _, _ in parts] == list(range(threads))
                assert [n for _, start, end in parts for n in range(start, end)] == list(range(count))
                assert all(start % 8 == 0 or start == count for _, start, _ in parts)
                pieces = crew.share(count, lambda part, start, end: (start, end), step=8)
                assert [n for start, end in pieces for n in range(start, end)] == list(range(count))
                assert all(start % 8 == 0 for start, _ in pieces)
            if threads > 2:
                with pytest.raises(ValueError):
                    crew.over(9, fails)
                with pytest.raises(ValueError):
                    crew.share(9, lambda part, start, end: fails(2, start, end))
