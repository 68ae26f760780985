"""Portraits and overlaps as Arrow tables, of an open workspace: for notebooks and the command line."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from onepool.audience.algebra import exclusive
from onepool.audience.sets import Sets
from onepool.errors import OnePoolError
from onepool.insight.portrait.build import Asked, portrait
from onepool.insight.portrait.channels import Channels
from onepool.insight.portrait.types import EVERYBODY, Portrait
from onepool.workspace import Workspace

PORTRAIT = pa.schema(
    [
        ("kind", pa.string()),
        ("dimension", pa.string()),
        ("value", pa.string()),
        ("in_segment", pa.int64()),
        ("known_in_segment", pa.int64()),
        ("share", pa.float64()),
        ("in_base", pa.int64()),
        ("known_in_base", pa.int64()),
        ("base_share", pa.float64()),
        ("tgi", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("small", pa.bool_()),
    ]
)
"""One row per value; `value` null: all values that are not listed, together."""

OVERLAP = pa.schema([("inside", pa.list_(pa.string())), ("outside", pa.list_(pa.string())), ("customers", pa.int64())])


class NoSuchSegment(OnePoolError):
    """There is no segment or tag of that name."""

    code = "not-found"


def segment_portrait(ws: Workspace, asked: Asked, sets: Sets, channels: Channels) -> Portrait:
    """The portrait of a segment of a workspace. Raises NoSuchSegment."""
    for name in [asked.segment, *([asked.base] if asked.base != EVERYBODY else [])]:
        if ws.definitions.get("segment", name) is None:
            raise NoSuchSegment(f"there is no segment {name}", hint="see: onepool segment list")
    tags = [item.name for item in ws.definitions.current("tag")]
    for name in asked.tags or ():
        if name not in tags:
            raise NoSuchSegment(f"there is no tag {name}", hint="see: onepool tag list")
    with ws.pool.read() as session:
        return portrait(session, sets, channels, ws.standard(), tags, asked, ws.clock.now(), ws.settings.time_zone)


def portrait_table(found: Portrait) -> pa.Table:
    """A portrait's values, in the shape of PORTRAIT."""
    rows = [
        {
            "kind": one.kind,
            "dimension": one.name,
            "value": cell.value,
            "in_segment": cell.counts.x_segment,
            "known_in_segment": cell.counts.n_segment,
            "share": cell.share,
            "in_base": cell.counts.x_base,
            "known_in_base": cell.counts.n_base,
            "base_share": cell.base_share,
            "tgi": cell.index.tgi,
            "low": cell.index.low,
            "high": cell.index.high,
            "small": cell.small,
        }
        for one in found.dimensions
        for cell in one.cells
    ]
    return pa.Table.from_pylist(rows, PORTRAIT)


def overlap_table(ws: Workspace, names: Sequence[str], sets: Sets) -> pa.Table:
    """The exclusive intersections of two to six segments, in the shape of OVERLAP. Raises NoSuchSegment."""
    for name in names:
        if ws.definitions.get("segment", name) is None:
            raise NoSuchSegment(f"there is no segment {name}", hint="see: onepool segment list")
    with ws.pool.read() as session:
        found = sets.segments(session, names)
    cells = exclusive({name: found[name] for name in names})
    rows = [
        {"inside": list(cell.inside), "outside": list(cell.outside), "customers": len(cell.members)} for cell in cells
    ]
    return pa.Table.from_pylist(rows, OVERLAP)
