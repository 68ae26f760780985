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
from onepool.identity.matching.dense import MOST, SCALE, link_small
from onepool.identity.matching.settings import MatchingError
from onepool.identity.matching.sparse import average_linkage
from onepool.identity.matching.threads import each

Ints = npt.NDArray[np.int64]
#: what a cannot-link pair puts into the sum of two clusters: no number of scores outweighs it
_NEVER = -(10**15)
#: least weight of a pair in a mean
_LEAST = 0.05
#: pairs that are clustered together where they can be told apart: few enough for a processor's cache
_BATCH = 8_000


@numba.njit(cache=True, nogil=True)
def _linked(
    component: Ints,
    first: int,
    left: Ints,
    right: Ints,
    score: Ints,
    lack: Ints,
    threshold: float,
    caution: float,
    most: int,
    values: Ints,
) -> Ints:
    """Clusters of records numbered from ``first``, component after component; pairs are ordered and stay within."""
    total = np.empty((MOST, MOST), dtype=np.int64)
    gap = np.empty((MOST, MOST), dtype=np.int64)
    there = np.empty((MOST, MOST), dtype=np.bool_)
    cluster = np.empty(len(component), dtype=np.int64)
    held = values.copy()
    start, edge = 0, 0
    while start < len(component):
        end = start + 1
        while end < len(component) and component[end] == component[start]:
            end += 1
        last = edge
        while last < len(left) and left[last] < first + end:
            last += 1
        a, b, points, gaps = left[edge:last], right[edge:last], score[edge:last], lack[edge:last]
        if end - start <= MOST:
            link_small(
                a, b, points, gaps, first + start, end - start, threshold, caution, most, held[start:end],
                total, gap, there, cluster[start:end],
            )  # fmt: skip
        else:
            cluster[start:end] = average_linkage(
                a - (first + start), b - (first + start), points, gaps, end - start, threshold, caution, most,
                held[start:end],
            )  # fmt: skip
        cluster[start:end] += start
        start, edge = end, last
    return cluster


@numba.njit(cache=True, nogil=True)
def _weigh(left, right, score, evidence, low, high, points, lack):  # type: ignore[no-untyped-def]
    """Order both records of each pair and write its score in millionths, and what it lacks of a whole pair's say."""
    for pair in range(len(left)):
        low[pair], high[pair] = min(left[pair], right[pair]), max(left[pair], right[pair])
        weight = min(max(np.float64(evidence[pair]), _LEAST), 1.0) if len(evidence) else 1.0
        points[pair] = np.int64(np.rint(np.float64(score[pair]) * weight * SCALE))
        lack[pair] = np.int64(np.rint((1.0 - weight) * SCALE))


@numba.njit(cache=True, nogil=True)
def _alone(points: Ints, lack: Ints, threshold: float) -> Ints:
    """Numbers of the pairs that could join two records by themselves."""
    out = np.empty(len(points), dtype=np.int64)
    count = 0
    for pair in range(len(points)):
        if points[pair] >= (1.0 - lack[pair] / SCALE) * threshold * SCALE * (1.0 - 1e-9):
            out[count] = pair
            count += 1
    return out[:count]


@numba.njit(cache=True, nogil=True)
def _within(low: Ints, high: Ints, component: Ints, place: Ints, packed: Ints, points: Ints, lack: Ints) -> int:
    """Move the pairs within a component that say something to the front, with their records by place; their count."""
    count = 0
    for pair in range(len(low)):
        a, b = low[pair], high[pair]
        if a != b and component[a] == component[b] and (points[pair] != 0 or lack[pair] != 0):
            packed[count] = place[a] * len(place) + place[b]
            points[count], lack[count] = points[pair], lack[pair]
            count += 1
    return count


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
    count = len(left)
    apart = (left[:0], right[:0]) if never is None else never
    low, high, points, lack = (np.empty(count + len(apart[0]), dtype=np.int64) for _ in range(4))
    none = np.empty(0, dtype=np.float32)
    _weigh(left, right, np.asarray(score), none if evidence is None else np.asarray(evidence), low, high, points, lack)
    low[count:], high[count:] = np.minimum(*apart), np.maximum(*apart)
    points[count:], lack[count:] = _NEVER, 0
    # A mean is never above the best of its pairs: only records connected by pairs that could join alone ever do.
    alone = _alone(points, lack, threshold)
    component = components(low[alone], high[alone], records)
    held = np.flatnonzero(np.bincount(component, minlength=records)[component] > 1)
    held = held[np.argsort(component[held], kind="stable")]
    place = np.empty(records, dtype=np.int64)
    place[held] = np.arange(len(held))
    # Within a component the order of records stays, so ties are what they were.
    packed = np.empty(len(low), dtype=np.int64)
    kept = _within(low, high, component, place, packed, points, lack)
    packed, points, lack = packed[:kept], points[:kept], lack[:kept]
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
        found = _linked(
            component[members],
            batch[0].start,
            left[edges],
            right[edges],
            points[edges],
            lack[edges],
            threshold * SCALE,
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
