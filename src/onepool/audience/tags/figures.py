"""A tag over all customers at an instant, and how far that moved since: coverage, distribution, drift."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MOST = 100
"""Values kept of a distribution."""

_LAYERS = 24
_FLOOR = 1e-4
"""Shares below this are taken for this: an empty cell would make the index infinite."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A tag's distribution over `total` customers, `coverage` of whom have a value.

    `values`: the commonest with their customers (a list counts under each of its values); `firsts`: the same by first
    value, what drift compares; `edges`, `counts`: for numbers with many values, rising cut points at the deciles and
    the customers below, between and above them.
    """

    coverage: int
    total: int
    different: int
    values: list[tuple[str, int]]
    firsts: list[tuple[str, int]]
    edges: list[float]
    counts: list[int]

    def text(self) -> str:
        """As JSON, for keeping."""
        found = {name: getattr(self, name) for name in Figures.__slots__}
        return json.dumps(found, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Figures:
        """From what `text` gave."""
        found = json.loads(text)
        for name in ("values", "firsts"):
            found[name] = [(value, count) for value, count in found[name]]
        return cls(**found)


def measure(values: pa.Table, total: int) -> Figures:
    """The figures of a tag's values (columns value, number, list; one row per customer) among `total` customers."""
    firsts = _counted(values.column("value"))
    spoken = firsts
    if values.column("list").null_count < values.num_rows:
        lists = values.column("list")
        several = pc.list_flatten(lists)
        single = values.column("value").filter(pc.is_null(lists))
        spoken = _counted(pa.chunked_array([*several.chunks, *single.chunks], pa.string()))
    number = values.column("number")
    edges: list[float] = []
    if len(firsts) > _LAYERS and number.null_count == 0:
        edges = _deciles(number.to_numpy())
    counts = _binned(number.to_numpy(), edges) if edges else []
    return Figures(values.num_rows, total, len(firsts), spoken[:MOST], firsts[:MOST], edges, counts)


def drift(before: Figures, values: pa.Table, total: int) -> float | None:
    """The population stability index of `values` against earlier figures; None where one of them knew no customers, or
    no value yet (a tag that was only made then).

    PSI = sum of (q - p) ln(q / p) over cells, p and q being the shares of all customers before and now; "no value" is a
    cell. Below 0.1 is called stable, above 0.25 a shift (Siddiqi, Credit Risk Scorecards, 2006).
    """
    if not before.coverage or not total:
        return None
    if before.edges:
        cells = _binned(values.column("number").drop_null().to_numpy(), before.edges)
        old, new = [*before.counts], [*cells]
    else:
        now = dict(_counted(values.column("value")))
        names = [value for value, _ in before.firsts]
        names += [value for value in list(now)[:MOST] if value not in set(names)]
        was = dict(before.firsts)
        old, new = [was.get(name, 0) for name in names], [now.get(name, 0) for name in names]
    # What stands in none of the cells (rare values) is a cell of its own, and so is having no value.
    old += [before.coverage - sum(old), before.total - before.coverage]
    new += [values.num_rows - sum(new), total - values.num_rows]
    return stability(old, new)


def stability(old: Sequence[int], new: Sequence[int]) -> float:
    """The population stability index of counts over the same cells."""
    p, q = (np.maximum(np.asarray(side, np.float64) / max(sum(side), 1), _FLOOR) for side in (old, new))
    used = (np.asarray(old) > 0) | (np.asarray(new) > 0)
    return round(float(np.sum(((q - p) * np.log(q / p))[used])), 6)


def _counted(column: pa.ChunkedArray) -> list[tuple[str, int]]:
    """Values with how often they stand there, the commonest first."""
    known = column.drop_null()
    found = pc.value_counts(known.combine_chunks() if known.num_chunks != 1 else known.chunk(0)).to_pylist()
    pairs = [(str(row["values"]), int(row["counts"])) for row in found]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def _deciles(numbers: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float]:
    cuts = np.quantile(numbers, np.arange(1, 10) / 10, method="inverted_cdf")
    return [float(cut) for cut in np.unique(cuts)]


def _binned(numbers: np.ndarray[tuple[int], np.dtype[np.float64]], edges: Sequence[float]) -> list[int]:
    """How many lie up to the first edge, up to the second …, above the last."""
    places = np.searchsorted(np.asarray(edges), numbers, side="left")
    return [int(count) for count in np.bincount(places, minlength=len(edges) + 1)]
