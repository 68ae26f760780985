"""The compiled hash tables behave like the set and the dict that they stand for."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.pool.keys import HashSet, KeyMap

words = st.integers(0, 2**64 - 1) | st.integers(0, 40)


@settings(deadline=None)
@given(batches=st.lists(st.lists(words, max_size=40), max_size=6), asked=st.lists(words, max_size=40))
def test_a_hash_set_finds_what_was_added(batches: list[list[int]], asked: list[int]) -> None:
    table, reference = HashSet(), set()
    for batch in batches:
        table.add(np.array(batch, np.uint64))
        # Zero marks an empty slot and is kept as one; a false hit is confirmed elsewhere.
        reference |= {word or 1 for word in batch}
    found = table.find(np.array(asked, np.uint64))
    assert found.tolist() == [(word or 1) in reference for word in asked]
    assert len(table) == len(reference)


@settings(deadline=None)
@given(
    keys=st.lists(st.tuples(words, words), unique=True, max_size=80),
    other=st.lists(st.tuples(words, words), max_size=20),
)
def test_a_key_map_gives_back_ids(keys: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    table = KeyMap()
    half = len(keys) // 2
    for start, part in ((0, keys[:half]), (half, keys[half:])):
        table.put(np.array(part, np.uint64).reshape(-1, 2), np.arange(start, start + len(part)))
    reference = {key: number for number, key in enumerate(keys)}
    asked = keys + other
    found = table.get(np.array(asked, np.uint64).reshape(-1, 2))
    assert found.tolist() == [reference.get(key, -1) for key in asked]


def test_both_grow_far_beyond_their_first_size() -> None:
    many = np.random.default_rng(5).integers(1, 2**63, 50_000).astype(np.uint64)
    hashes = HashSet()
    table = KeyMap()
    for part in np.array_split(many, 10):
        hashes.add(part)
    pairs = np.stack([many, many[::-1]], axis=1)
    for numbers in np.array_split(np.arange(many.size), 10):
        table.put(pairs[numbers], numbers)
    assert hashes.find(many).all()
    assert (table.get(pairs) == np.arange(many.size)).all()
