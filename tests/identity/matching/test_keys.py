"""Keys of records: made once per distinct value, but what a plain loop over the records would say."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.identity.matching.blocking import NAMES, KeyMaker, Part, Rule, all_pairs, group_sizes, parts_of
from onepool.identity.matching.comparing import frequencies_of
from onepool.identity.matching.prepare import Records, prepare, subset
from onepool.identity.matching.texts import coded, hash_texts, large, settle, several, word_keys

#: computed apart, by plain integers
HASHES = ["f52a15e9a9b5e89b", "cdefa52da7b6af62", "56de1681c1092c03"]
KINDS = {"first": "given_name", "last": "surname", "post": "postcode", "mail": "email"}
words = st.sampled_from(["ada", "ada may", "may", "grace", "grace ada may", "li", None])
rows = st.lists(
    st.tuples(words, words, st.sampled_from(["ab1 2cd", "ab1 3ef", "zz9 9zz", None]), st.sampled_from(["a@b.c", None])),
    min_size=2,
    max_size=14,
)


def _records(told: list[tuple[str | None, ...]]) -> Records:
    columns = {name: pa.array([row[at] for row in told], pa.string()) for at, name in enumerate(KINDS)}
    return prepare(pa.table({"record_id": pa.array(range(len(told))), **columns}), KINDS)


def _said(records: Records, part: Part, record: int) -> set[str]:
    """The key texts of one record by a plain reading of the kind's functions."""
    column = records.columns[part.column]
    if column.codes[record] < 0:
        return set()
    value = [column.values[column.codes[record]]]
    function = column.kind.keys().get(part.function)
    if function is not None:
        return {key for key in function(value) if key is not None}
    return set(column.kind.tokens()[part.function](value)[0])


@settings(deadline=None, max_examples=60)
@given(told=rows)
def test_every_part_and_every_two_of_them_give_the_pairs_of_a_plain_loop(told: list[tuple[str | None, ...]]) -> None:
    records = _records(told)
    size = len(records)
    maker = KeyMaker(records)
    parts = [part for part in parts_of(records) if part.column != NAMES]
    for chosen in [*((part,) for part in parts), *combinations(parts[::3], 2)]:
        groups: dict[tuple[str, ...], set[int]] = {}
        for record in range(size):
            keys: list[tuple[str, ...]] = [()]
            for part in chosen:
                keys = [(*key, text) for key in keys for text in _said(records, part, record)]
            for key in keys:
                groups.setdefault(key, set()).add(record)
        wanted = {pair for held in groups.values() if len(held) <= 5 for pair in combinations(sorted(held), 2)}
        packed, _ = all_pairs(maker, (Rule(chosen, 5),), None)
        assert {(int(pair) // size, int(pair) % size) for pair in packed} == wanted
        left, right = group_sizes(maker.rule(chosen), None)
        assert sorted(left) == sorted(right) == sorted(len(held) for held in groups.values())


@settings(deadline=None, max_examples=60)
@given(told=rows)
def test_words_of_names_are_those_of_all_names(told: list[tuple[str | None, ...]]) -> None:
    records = _records(told)
    keys = KeyMaker(records).part(Part(NAMES, "word"))
    hashes = {word: int(hash_texts(large([word]))[0]) for word in ("ada", "may", "grace", "li")}
    for record, row in enumerate(told):
        wanted = {hashes[word] for name in row[:2] if name for word in name.split()}
        held = keys.key[keys.owner == record].tolist()
        assert held == sorted(wanted)
    assert keys.single == all(count < 2 for count in Counter(keys.owner.tolist()).values())


def test_a_subset_has_the_keys_of_its_records() -> None:
    records = _records([("ada", "li", "ab1 2cd", None), ("may", "li", None, "a@b.c"), ("ada may", "ada", None, None)])
    chosen = np.array([0, 2])
    for part in parts_of(records):
        whole, some = KeyMaker(records).part(part), KeyMaker(subset(records, chosen)).part(part)
        kept = np.isin(whole.owner, chosen)
        assert (chosen[some.owner] == whole.owner[kept]).all()
        assert (some.key == whole.key[kept]).all()


def test_hashes_stay_what_they_were() -> None:
    # Keys of one process meet those of another: a change would need a new version of what is kept.
    assert [f"{value:016x}" for value in hash_texts(large(["", "张", "138****1234"]))] == HASHES
    assert (
        hash_texts(large(["x", "", "张", "138****1234"]).slice(1)) == hash_texts(large(["", "张", "138****1234"]))
    ).all()


@given(texts=st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=12))
def test_codes_are_places_among_ordered_texts(texts: list[str | None]) -> None:
    values = np.array([str(at) for at in range(len(texts))], dtype=object)
    made = coded(values, lambda told: [texts[int(at)] for at in told])
    ordered = made.texts.to_pylist()
    assert ordered == sorted({text for text in texts if text is not None})
    assert [ordered[code] if code >= 0 else None for code in made.codes] == texts


@pytest.mark.parametrize("many", [5, 200])
def test_keys_of_a_value_are_distinct_and_in_order(many: int) -> None:
    random = np.random.default_rng(many)
    lengths = random.integers(0, many, 30)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    hashes = random.integers(0, many, int(offsets[-1])).astype(np.uint64)
    made = settle(offsets, hashes)
    for value in range(30):
        wanted = sorted(set(hashes[offsets[value] : offsets[value + 1]].tolist()))
        assert made.hashes[made.offsets[value] : made.offsets[value + 1]].tolist() == wanted


def test_each_value_is_asked_for_once() -> None:
    values = np.array(["b a", "a", "c"], dtype=object)
    asked: list[str] = []

    def function(told: object) -> list[list[str]]:
        asked.extend(told)  # type: ignore[arg-type]
        return [text.split() for text in told]  # type: ignore[attr-defined]

    first, second = several(values, function), several(values, function)
    assert first is second
    assert asked == ["b a", "a", "c"]
    assert first.hashes.tolist() == word_keys(values).hashes.tolist()


def test_frequencies_take_off_what_the_person_adds() -> None:
    records = _records([("ada", None, None, None)] * 6 + [("may", None, None, None)] * 3 + [("li", None, None, None)])
    found = frequencies_of(records.columns["first"], None, 1.0, 2)
    assert found.table == {"ada": pytest.approx(0.5), "may": pytest.approx(0.2)}
    assert found.default == pytest.approx(0.1)
    assert found.of_texts(large(["li", "may", "ada", "nobody"])).tolist() == pytest.approx([0.1, 0.2, 0.5, 0.1])
