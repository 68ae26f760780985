"""Average linkage over sparse pair scores, with cannot-link pairs, exclusive columns and a largest size.

Two clusters are as alike as the mean score over **all** pairs between them; a pair that was never scored counts 0.
The best two are joined first, again and again, while their mean is at or above the threshold. Chains of likely pairs
therefore don't grow into giants, as they do under transitive closure. Scores are counted in millionths, as integers,
and ties go to the smaller record ids: the result depends on the set of pairs only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.identity.matching.components import batches, components
from onepool.identity.matching.settings import MatchingError
from onepool.identity.matching.threads import each

Ints = npt.NDArray[np.int64]
_SCALE = 1_000_000
#: what a cannot-link pair puts into the sum of two clusters: no number of scores outweighs it
_NEVER = -(10**15)
#: least weight of a pair in a mean
_LEAST = 0.05
#: pairs that are clustered together where they can be told apart: few enough for a processor's cache
_BATCH = 8_000


@numba.njit(cache=True, nogil=True)
def _slot(table: Ints, key: int) -> int:
    mask = len(table) - 1
    h = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    at = np.int64((h ^ (h >> np.uint64(29))) & np.uint64(mask))
    while table[at] != -1 and table[at] != key:
        at = (at + 1) & mask
    return at  # type: ignore[return-value]


@numba.njit(cache=True, nogil=True)
def _before(m1: float, a1: int, b1: int, m2: float, a2: int, b2: int) -> bool:
    if m1 != m2:
        return m1 > m2
    if a1 != a2:
        return a1 < a2
    return b1 < b2


@numba.njit(cache=True, nogil=True)
def _up(mean: npt.NDArray[np.float64], low: Ints, high: Ints, stamp: Ints, at: int) -> None:
    while at > 0:
        parent = (at - 1) // 2
        if not _before(mean[at], low[at], high[at], mean[parent], low[parent], high[parent]):
            return
        mean[at], mean[parent] = mean[parent], mean[at]
        low[at], low[parent] = low[parent], low[at]
        high[at], high[parent] = high[parent], high[at]
        stamp[at], stamp[parent] = stamp[parent], stamp[at]
        at = parent


@numba.njit(cache=True, nogil=True)
def _down(mean: npt.NDArray[np.float64], low: Ints, high: Ints, stamp: Ints, size: int) -> None:
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            return
        other = child + 1
        if other < size and _before(mean[other], low[other], high[other], mean[child], low[child], high[child]):
            child = other
        if not _before(mean[child], low[child], high[child], mean[at], low[at], high[at]):
            return
        mean[at], mean[child] = mean[child], mean[at]
        low[at], low[child] = low[child], low[at]
        high[at], high[child] = high[child], high[at]
        stamp[at], stamp[child] = stamp[child], stamp[at]
        at = child


@numba.njit(cache=True, nogil=True)
def _mean(total: int, lack: int, pairs: int) -> float:
    """Mean score of ``pairs`` pairs of which evidence worth ``lack`` millionths of a pair is missing."""
    return total / (pairs - lack / _SCALE)


@numba.njit(cache=True, nogil=True)
def _least(threshold: float, caution: float, pairs: int) -> float:
    """Least mean score of two clusters that become one: the fewer pairs it gains, the nearer to certain it has to be,
    since to take strangers for one person costs the same however few records they have."""
    return threshold + (_SCALE - threshold) * caution / (caution + pairs)


@numba.njit(cache=True, nogil=True)
def _average_linkage(
    left: Ints,
    right: Ints,
    score: Ints,
    lack: Ints,
    records: int,
    threshold: float,
    caution: float,
    most: int,
    exclusive: Ints,
) -> Ints:
    """Cluster (its smallest record) of each record. Pairs are distinct with left < right; ``exclusive`` has one
    column of value codes (-1 none) per exclusive column."""
    edges = len(left)
    capacity = 16
    while capacity < 4 * edges + 16:
        capacity *= 2
    # (smaller cluster, larger cluster) -> sum of scores between them
    table = np.full(capacity, -1, dtype=np.int64)
    sums = np.zeros(capacity, dtype=np.int64)
    lacks = np.zeros(capacity, dtype=np.int64)
    # neighbours of each cluster as linked lists; entries of clusters that are gone are skipped when met
    first = np.full(records, -1, dtype=np.int64)
    last = np.full(records, -1, dtype=np.int64)
    follow = np.full(2 * edges, -1, dtype=np.int64)
    neighbour = np.empty(2 * edges, dtype=np.int64)
    sizes = np.ones(records, dtype=np.int64)
    cluster = np.arange(records)
    held = exclusive.copy()
    heap = edges + 16
    mean = np.empty(heap, dtype=np.float64)
    low = np.empty(heap, dtype=np.int64)
    high = np.empty(heap, dtype=np.int64)
    stamp = np.empty(heap, dtype=np.int64)
    waiting = 0
    for e in range(edges):
        at = _slot(table, left[e] * records + right[e])
        table[at] = left[e] * records + right[e]
        sums[at] = score[e]
        lacks[at] = lack[e]
        for turn in range(2):
            me = left[e] if turn == 0 else right[e]
            entry = 2 * e + turn
            neighbour[entry] = right[e] if turn == 0 else left[e]
            if first[me] < 0:
                first[me] = entry
            else:
                follow[last[me]] = entry
            last[me] = entry
        value = _mean(score[e], lack[e], 1)
        if value >= _least(threshold, caution, 1):
            mean[waiting], low[waiting], high[waiting], stamp[waiting] = value, left[e], right[e], score[e]
            waiting += 1
            _up(mean, low, high, stamp, waiting - 1)
    used = edges
    while waiting:
        value, a, b, total = mean[0], low[0], high[0], stamp[0]
        waiting -= 1
        if waiting:
            mean[0], low[0], high[0], stamp[0] = mean[waiting], low[waiting], high[waiting], stamp[waiting]
            _down(mean, low, high, stamp, waiting)
        if cluster[a] != a or cluster[b] != b:
            continue
        at = _slot(table, a * records + b)
        if table[at] == -1 or sums[at] != total or value != _mean(total, lacks[at], sizes[a] * sizes[b]):
            continue
        if sizes[a] + sizes[b] > most:
            continue
        clash = False
        for column in range(held.shape[1]):
            if held[a, column] >= 0 and held[b, column] >= 0 and held[a, column] != held[b, column]:
                clash = True
        if clash:
            continue
        # b (the larger id) becomes part of a
        cluster[b] = a
        sizes[a] += sizes[b]
        for column in range(held.shape[1]):
            if held[a, column] < 0:
                held[a, column] = held[b, column]
        entry = first[b]
        while entry >= 0:
            c = neighbour[entry]
            after = follow[entry]
            follow[entry] = -1
            if c != a and cluster[c] == c:
                at = _slot(table, min(b, c) * records + max(b, c))
                key = min(a, c) * records + max(a, c)
                to = _slot(table, key)
                if table[to] == -1:
                    used += 1
                    if 2 * used > capacity:
                        # Grow: only pairs of living clusters are worth keeping.
                        capacity *= 2
                        bigger = np.full(capacity, -1, dtype=np.int64)
                        amounts = np.zeros(capacity, dtype=np.int64)
                        gaps = np.zeros(capacity, dtype=np.int64)
                        kept = 0
                        for old in range(len(table)):
                            if table[old] != -1:
                                x, y = table[old] // records, table[old] % records
                                if (cluster[x] == x or x == b) and (cluster[y] == y or y == b):
                                    new = _slot(bigger, table[old])
                                    bigger[new] = table[old]
                                    amounts[new] = sums[old]
                                    gaps[new] = lacks[old]
                                    kept += 1
                        table, sums, lacks, used = bigger, amounts, gaps, kept + 1
                        at = _slot(table, min(b, c) * records + max(b, c))
                        to = _slot(table, key)
                    table[to] = key
                    # a and c are new neighbours: this entry moves to a's list, c's entry for b now means a
                    follow[last[a]] = entry
                    last[a] = entry
                    back = first[c]
                    while back >= 0:
                        if neighbour[back] == b:
                            neighbour[back] = a
                            break
                        back = follow[back]
                sums[to] += sums[at]
                lacks[to] += lacks[at]
            entry = after
        entry = first[a]
        before = -1
        while entry >= 0:
            c = neighbour[entry]
            after = follow[entry]
            if cluster[c] != c or c == a:
                if before >= 0:
                    follow[before] = after
                    if after < 0:
                        last[a] = before
                elif after >= 0:
                    first[a] = after
                else:
                    first[a] = -1
                    last[a] = -1
                entry = after
                continue
            x, y = min(a, c), max(a, c)
            at = _slot(table, x * records + y)
            total = sums[at]
            value = _mean(total, lacks[at], sizes[x] * sizes[y])
            if value >= _least(threshold, caution, sizes[x] * sizes[y]):
                if waiting == len(mean):
                    mean = np.append(mean, np.empty(len(mean), dtype=np.float64))
                    low = np.append(low, np.empty(len(low), dtype=np.int64))
                    high = np.append(high, np.empty(len(high), dtype=np.int64))
                    stamp = np.append(stamp, np.empty(len(stamp), dtype=np.int64))
                mean[waiting], low[waiting], high[waiting], stamp[waiting] = value, x, y, total
                waiting += 1
                _up(mean, low, high, stamp, waiting - 1)
            before = entry
            entry = after
    for record in range(records):
        top = record
        while cluster[top] != top:
            top = cluster[top]
        cluster[record] = top
    return cluster


def link(
    left: Ints,
    right: Ints,
    score: npt.NDArray[np.floating],
    records: int,
    threshold: float,
    *,
    most: int,
    caution: float = 0.0,
    never: tuple[Ints, Ints] | None = None,
    exclusive: Ints | None = None,
    evidence: npt.NDArray[np.floating] | None = None,
) -> Ints:
    """Average linkage on record positions: the smallest position of each record's cluster.

    ``evidence`` (0 to 1, default 1) weighs each pair in the mean: two records that have little in common to compare
    say little about their clusters. ``caution``: two clusters with n pairs between them need a mean of
    threshold + (1 - threshold) * caution / (caution + n)."""
    weight = np.ones(len(left)) if evidence is None else np.clip(np.asarray(evidence, dtype=np.float64), _LEAST, 1.0)
    points = np.rint(np.asarray(score, dtype=np.float64) * weight * _SCALE).astype(np.int64)
    lack = np.rint((1.0 - weight) * _SCALE).astype(np.int64)
    left, right = np.minimum(left, right), np.maximum(left, right)
    if never is not None:
        left = np.concatenate([left, np.minimum(*never)])
        right = np.concatenate([right, np.maximum(*never)])
        points = np.concatenate([points, np.full(len(never[0]), _NEVER, dtype=np.int64)])
        lack = np.concatenate([lack, np.zeros(len(never[0]), dtype=np.int64)])
    # A mean is never above the best of its pairs: only records connected by pairs that could join alone ever do.
    alone = points >= (1.0 - lack / _SCALE) * threshold * _SCALE * (1.0 - 1e-9)
    component = components(left[alone], right[alone], records)
    kept = (component[left] == component[right]) & (left != right) & ((points != 0) | (lack != 0))
    left, right, points, lack = left[kept], right[kept], points[kept], lack[kept]
    held = np.flatnonzero(np.bincount(component, minlength=records)[component] > 1)
    held = held[np.argsort(component[held], kind="stable")]
    place = np.empty(records, dtype=np.int64)
    place[held] = np.arange(len(held))
    # Within a component the order of records stays, so ties are what they were.
    packed = place[left] * records + place[right]
    order = np.argsort(packed)
    if len(order) and (np.diff(packed[order]) == 0).any():
        # A pair told twice counts once: never wins, else the higher score.
        order = np.lexsort((lack, np.where(points < 0, points, -points), packed))
        order = order[np.r_[True, np.diff(packed[order]) != 0]]
    packed, points, lack = packed[order], points[order], lack[order]
    left, right = packed // records, packed % records
    values = np.zeros((records, 0), dtype=np.int64) if exclusive is None else exclusive

    def joined(batch: tuple[slice, slice]) -> Ints:
        members, edges = held[batch[0]], batch[1]
        first = batch[0].start
        found = _average_linkage(
            left[edges] - first,
            right[edges] - first,
            points[edges],
            lack[edges],
            len(members),
            threshold * _SCALE,
            caution,
            most,
            values[members],
        )
        return np.asarray(members[found])

    cluster = np.arange(records)
    todo = list(batches(component[held], left, _BATCH))
    for (members, _), found in zip(todo, each(joined, todo), strict=True):
        cluster[held[members]] = found
    return cluster


def cluster(
    pairs: pa.Table,
    record_ids: pa.Array | pa.ChunkedArray,
    threshold: float,
    cannot_link: pa.Table | None = None,
    exclusive: Mapping[str, Sequence[Any] | pa.Array | pa.ChunkedArray] | None = None,
    max_size: int = 60,
    caution: float = 0.0,
) -> pa.Table:
    """Clusters of records by average linkage.

    ``pairs``: left, right, probability (record ids), and if there is one ``evidence`` (0 to 1, how much each pair
    weighs in a mean; other columns are ignored). ``cannot_link``: left, right that
    never share a cluster. ``exclusive``: per column one value (or null) for each of ``record_ids``; two different
    values of one column never share a cluster. ``max_size``: most records of one cluster.
    ``caution``: see ``link``.
    Returns record_id (in the order given) and cluster, the smallest record id of the cluster.
    Raises MatchingError for a pair with an unknown record.
    """
    ids = record_ids.combine_chunks() if isinstance(record_ids, pa.ChunkedArray) else record_ids
    order = pc.sort_indices(ids).to_numpy().astype(np.int64)
    ordered = ids.take(pa.array(order))
    left, right = positions(ordered, pairs.column("left")), positions(ordered, pairs.column("right"))
    never = None
    if cannot_link is not None and cannot_link.num_rows:
        never = positions(ordered, cannot_link.column("left")), positions(ordered, cannot_link.column("right"))
    codes = None
    if exclusive:
        columns = []
        for values in exclusive.values():
            array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)
            flat = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
            indices = flat.dictionary_encode().indices
            columns.append(pc.fill_null(indices, -1).to_numpy().astype(np.int64)[order])
        codes = np.stack(columns, axis=1)
    score = pairs.column("probability").to_numpy()
    evidence = pairs.column("evidence").to_numpy() if "evidence" in pairs.column_names else None
    found = link(
        left,
        right,
        score,
        len(ids),
        threshold,
        most=max_size,
        caution=caution,
        never=never,
        exclusive=codes,
        evidence=evidence,
    )
    back = np.empty(len(ids), dtype=np.int64)
    back[order] = found
    return pa.table({"record_id": ids, "cluster": ordered.take(pa.array(back))})


def positions(ordered: pa.Array, wanted: pa.Array | pa.ChunkedArray) -> Ints:
    """Positions of record ids among the ordered ids; MatchingError when one is not there."""
    flat = wanted.combine_chunks() if isinstance(wanted, pa.ChunkedArray) else wanted
    found = pc.index_in(flat.cast(ordered.type), value_set=ordered)
    if found.null_count:
        raise MatchingError("a pair names a record that is not among the records")
    return np.asarray(found.to_numpy(zero_copy_only=False)).astype(np.int64)
