"""The compiled loops and the plain ones give the same."""

from __future__ import annotations

import functools
import itertools
import operator
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.pool.kernels import NEVER, Pattern, Quiet, before, funnel, gather, ordered, scatter, sequence, trace

from . import plain

AT = 40
BITS = 4
quick = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))

times = st.integers(0, 45)
masks = st.integers(0, 2**BITS - 1)
histories = st.lists(
    st.lists(st.tuples(times, masks), max_size=9).map(lambda one: sorted(one, key=lambda e: e[0])), max_size=6
)
some_bits = st.sampled_from([1, 2, 4, 8, 3, 5])
lengths = st.integers(0, 20)


@st.composite
def patterns(draw):
    count = draw(st.integers(1, 4))
    steps = tuple(draw(some_bits) for _ in range(count))
    options = {}
    if draw(st.booleans()):
        options["least"] = (0, *(draw(st.sampled_from([0, 0, 3, 7])) for _ in range(count - 1)))
    if draw(st.booleans()):
        options["most"] = (0, *(draw(st.integers(0, 15)) for _ in range(count - 1)))
    if draw(st.booleans()):
        options["between"] = (0, *(draw(st.sampled_from([0, 1, 2, 8])) for _ in range(count)))
    if draw(st.booleans()):
        options["quiet"] = tuple(
            Quiet(draw(st.integers(0, count - 1)), draw(some_bits), draw(lengths))
            for _ in range(draw(st.integers(1, 3)))
        )
    if draw(st.booleans()):
        options["span"] = draw(lengths)
    if draw(st.booleans()):
        options["start"] = draw(times)
    if draw(st.booleans()):
        options["end"] = draw(times)
    return Pattern(steps, AT, **options)


def packed(people):
    offsets = np.cumsum([0, *(len(one) for one in people)]).astype(np.int64)
    flat = [event for one in people for event in one]
    return offsets, np.array([t for t, _ in flat], np.int64), np.array([m for _, m in flat], np.uint64)


@given(people=histories, pattern=patterns(), threads=st.integers(1, 3))
@quick
def test_a_sequence_is_any_chain_of_events_that_fits(people, pattern, threads):
    events, others = packed(people), packed([[(0, 2**BITS - 1)] for _ in people])
    found = sequence(*events, pattern, threads=threads)
    # What is known of other events of as many customers counts for nothing.
    for known in (before(*events, AT), before(*others, AT), before(*events, AT - 1)):
        again = sequence(*events, pattern, threads=threads, known=known)
        assert all(np.array_equal(getattr(again, one.name), getattr(found, one.name)) for one in fields(found))
    for customer, events in enumerate(people):
        holding, waiting = plain.ends(events, pattern)
        assert found.holds[customer] == bool(holding)
        assert found.until[customer] == max(holding, default=NEVER)
        assert found.pending[customer] == min(waiting, default=NEVER)
        coming = [time for time, mask in events if time >= AT and mask & pattern.every_bit]
        assert found.ahead[customer] == min(coming, default=NEVER)
        wanted = sum({1 << bit for bit in range(BITS) if any(step >> bit & 1 for step in pattern.steps)})
        known = [mask for time, mask in events if time < AT]
        known += [next(m for t, m in events if t >= AT and m & pattern.every_bit)] if coming else []
        assert found.seen[customer] == any(mask & wanted for mask in known)


@given(events=histories.filter(bool).map(lambda people: people[0]), pattern=patterns())
@quick
def test_a_trace_shows_the_chain_that_holds_or_what_broke_it(events, pattern):
    _, time, mask = packed([events])
    holding, waiting = plain.ends(events, pattern)
    found = trace(time, mask, pattern)
    assert found.holds == bool(holding)
    assert found.chain == sorted(set(found.chain))
    for step, position in enumerate(found.chain):
        assert events[position][1] & pattern.steps[step]
    if found.holds:
        assert tuple(found.chain) in set(plain.chains(events, pattern))
    for (kind, number), position in found.broken.items():
        last = found.chain[-1]
        bits = pattern.between[number] if kind == "between" else pattern.quiet[number].bits
        assert position > last and events[position][1] & bits
        if kind == "quiet":
            assert events[position][0] < events[last][0] + pattern.quiet[number].span
    if waiting and not holding and len(pattern.quiet) == 1:
        assert found.waiting == [0] and len(found.chain) == len(pattern.steps)


@given(people=histories, steps=st.integers(1, 4), window=st.integers(0, 30), threads=st.integers(1, 3))
@quick
def test_a_funnel_counts_the_longest_chain_over_all_entries(people, steps, window, threads):
    offsets, time, mask = packed(people)
    found = funnel(offsets, time, steps, window, masks=mask, threads=threads)
    levels = [plain.longest(events, steps, window) for events in people]
    assert found.levels.tolist() == levels
    assert found.reached[0].tolist() == [sum(level >= step for level in levels) for step in range(1, steps + 1)]
    without = funnel(offsets, time, steps, window, masks=mask, skip=np.arange(len(people)) % 2 == 0)
    assert without.levels.tolist() == [level if place % 2 else 0 for place, level in enumerate(levels)]
    assert without.reached[0, 0] == sum(level > 0 for level in levels[1::2])
    codes = mask.astype(np.uint16)
    looked_up = funnel(offsets, time, steps, window, codes=codes, marks=np.arange(16, dtype=np.uint64))
    assert looked_up.levels.tolist() == levels


@given(people=histories, steps=st.integers(1, 3), window=st.integers(0, 30), data=st.data())
@quick
def test_a_funnel_cut_by_groups_is_one_funnel_for_each(people, steps, window, data):
    offsets, time, mask = packed(people)
    groups = np.array([data.draw(st.integers(0, 2)) for _ in range(time.size)], np.uint16)
    options = {"masks": mask, "groups": groups, "groups_count": 3, "threads": 2}
    for by in ("entry", "every step"):
        found = funnel(offsets, time, steps, window, by=by, **options)
        for group in range(3):
            levels = []
            for customer in range(len(people)):
                rows = range(offsets[customer], offsets[customer + 1])
                if by == "entry":
                    # As if only this group's events could be the first step: it gets a bit of its own.
                    events = [(int(time[r]), int(mask[r]) & ~1 | int(mask[r] & 1 and groups[r] == group)) for r in rows]
                else:
                    events = [(int(time[r]), int(mask[r])) for r in rows if groups[r] == group]
                levels.append(plain.longest(events, steps, window))
            assert found.reached[group].tolist() == [sum(one >= step for one in levels) for step in range(1, steps + 1)]


@given(
    rows=st.lists(st.tuples(st.sampled_from([3, 4, 9, 10**15]), times, st.integers(0, 99), masks), max_size=200),
    near=st.booleans(),
)
@quick
def test_events_are_brought_into_order(rows, near):
    rows = [(min(row[0], 12) if near else row[0], *row[1:]) for row in rows]
    table = np.array(rows, np.int64).reshape(-1, 4)
    columns = [np.ascontiguousarray(table[:, which]) for which in range(3)]
    found = ordered(*columns, table[:, 3].astype(np.uint64), threads=2)
    expected = sorted(range(len(rows)), key=lambda row: (rows[row][0], rows[row][1], rows[row][2]))
    key = [rows[row][:3] for row in found.rows]
    assert key == [rows[row][:3] for row in expected]
    assert sorted(found.rows.tolist()) == list(range(len(rows)))
    assert found.customers.tolist() == sorted({row[0] for row in rows})
    sizes = np.diff(found.offsets).tolist()
    assert sizes == [sum(row[0] == customer for row in rows) for customer in found.customers]
    assert found.masks.tolist() == [rows[row][3] for row in found.rows]


@given(people=histories, threads=st.integers(1, 3))
@quick
def test_only_events_that_matter_are_gathered(people, threads):
    offsets, time, mask = packed(people)
    marks = np.array([0, 1, 0, 2] + [0] * 12, np.uint64)
    customers = np.arange(len(people), dtype=np.int64)
    found, which = gather(customers, offsets, mask.astype(np.uint16), time, marks, threads=threads)
    wanted = [row for row in range(time.size) if marks[mask[row]]]
    assert found.rows.tolist() == wanted
    assert found.masks.tolist() == [marks[mask[row]] for row in wanted]
    sizes = [sum(m in (1, 3) for _, m in one) for one in people]
    assert np.diff(found.offsets).tolist() == [size for size in sizes if size]
    assert found.customers.tolist() == which.tolist() == [number for number, size in enumerate(sizes) if size]


_SINCES = st.integers(0, 10).map(lambda one: [one] * 16) | st.lists(st.integers(0, 10), min_size=16, max_size=16)


@given(people=histories, threads=st.integers(1, 3), ahead=st.integers(0, 30), since=_SINCES, known=st.booleans())
@quick
def test_customers_who_lack_what_is_needed_are_left_out(people, threads, ahead, since, known):
    offsets, time, mask = packed(people)
    marks = np.arange(16, dtype=np.uint64)
    codes, numbers = mask.astype(np.uint16), np.arange(len(people), dtype=np.int64)
    needs, sinces = np.array([3, 4], np.uint64), np.array(since, np.int64)
    latest = np.array([time[last - 1] if last > first else -1 for first, last in itertools.pairwise(offsets.tolist())])
    found, which = gather(
        numbers, offsets, codes, time, marks,
        since=sinces, latest=latest.astype(np.int64) if known else None, needs=needs, ahead=ahead, threads=threads,
    )  # fmt: skip
    wanted, rows = [], []
    for number, (first, last) in enumerate(itertools.pairwise(offsets.tolist())):
        own = [row for row in range(first, last) if mask[row] and time[row] >= since[mask[row]]]
        bits = functools.reduce(operator.or_, (int(mask[row]) for row in own), 0)
        if own and (bits & 3 == 3 or bits & 4 or time[own[-1]] >= ahead):
            wanted.append(number)
            rows += own
    assert which.tolist() == wanted
    assert found.rows.tolist() == rows


@given(
    rows=st.lists(st.tuples(st.integers(-1, 3), st.booleans(), st.integers(-9, 9)), max_size=20), every=st.booleans()
)
@quick
def test_rows_are_added_to_the_places_of_their_customers(rows, every):
    slot = np.array([place for place, _, _ in rows], np.int32)
    keep = scatter.ALL if every else np.array([kept for _, kept, _ in rows], np.uint8)
    value = np.array([number for _, _, number in rows], np.int64)
    wanted = [[n for place, kept, n in rows if place == one and (every or kept)] for one in range(4)]
    count, there = np.zeros(4, np.int64), np.zeros(4, np.uint8)
    scatter.count(slot, keep, count)
    scatter.seen(slot, keep, there)
    assert count.tolist() == [len(one) for one in wanted]
    assert there.tolist() == [bool(one) for one in wanted]
    for kernel, sure in ((scatter.total, sum), (scatter.least, min), (scatter.greatest, max)):
        into, said = np.zeros(4, np.int64), np.zeros(4, np.uint8)
        kernel(slot, keep, value, into, said)
        assert said.tolist() == there.tolist()
        assert [int(into[place]) for place in range(4) if wanted[place]] == [sure(one) for one in wanted if one]


def test_a_funnel_has_a_limit_of_steps():
    with pytest.raises(ValueError, match="1 to 64"):
        funnel(np.zeros(1, np.int64), np.empty(0, np.int64), 65, 1)
