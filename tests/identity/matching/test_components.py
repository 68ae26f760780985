"""Clusters are made component by component: the parts must be whole, and how they are cut must not show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.identity.matching import clustering
from onepool.identity.matching.components import batches, components

edges = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60)


@settings(deadline=None, max_examples=100)
@given(pairs=edges)
def test_components_are_those_of_a_plain_search(pairs: list[tuple[int, int]]) -> None:
    left, right = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    found = components(left, right, 31)
    for record in range(31):
        reached, todo = {record}, [record]
        while todo:
            here = todo.pop()
            near = {b for a, b in pairs if a == here} | {a for a, b in pairs if b == here}
            todo.extend(near - reached)
            reached |= near
        assert found[record] == min(reached)


@settings(deadline=None, max_examples=100)
@given(sizes=st.lists(st.integers(1, 6), max_size=20), most=st.integers(1, 12), data=st.data())
def test_batches_hold_whole_components_and_every_edge_once(sizes: list[int], most: int, data: st.DataObject) -> None:
    component = np.repeat(np.arange(len(sizes)), sizes)
    owners = data.draw(st.lists(st.integers(0, max(0, len(component) - 1)), max_size=40)) if sizes else []
    held = np.sort(np.array(owners, dtype=np.int64))
    seen = []
    for records, part in batches(component, held, most):
        assert ((held[part] >= records.start) & (held[part] < records.stop)).all()
        assert records.start == 0 or component[records.start] != component[records.start - 1]
        seen.extend(range(part.start, part.stop))
    assert seen == list(range(len(held)))


@pytest.mark.parametrize("batch", [1, 7, 1_000_000])
def test_the_cut_changes_no_cluster(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(5)
    left, right = random.integers(0, 300, 900), random.integers(0, 300, 900)
    score, evidence = np.round(random.random(900) ** 2, 2), np.round(random.random(900), 1)
    never = (random.integers(0, 300, 9), random.integers(0, 300, 9))

    def clusters() -> np.ndarray:
        return clustering.link(left, right, score, 300, 0.4, most=12, never=never, evidence=evidence)

    whole = clusters()
    monkeypatch.setattr(clustering, "_BATCH", batch)
    assert (clusters() == whole).all()
    assert len(np.unique(whole)) < 300
