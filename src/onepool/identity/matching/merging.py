"""Columns that tell one thing in parts are read as one: a phone given plain or masked, a region level by level."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

_SAMPLE = 2_000


def merged(table: pa.Table, columns: Mapping[str, str]) -> tuple[pa.Table, dict[str, str]]:
    """The table and its kinds of columns, in which

    - a masked phone stands in the phone's column where there is no plain one (a mask is comparable with a number);
    - region columns written in Hanzi (省, 市, 区) are one text in the first of them, in the order of the columns.
    """
    # In the table's order: a model that was kept as JSON has its columns in another one.
    kinds = {name: columns[name] for name in sorted(columns, key=_places(table))}
    plain = [name for name, kind in kinds.items() if kind == "phone" and _is_text(table, name)]
    masked = [name for name, kind in kinds.items() if kind == "masked_phone" and _is_text(table, name)]
    if plain and masked:
        table = _with(table, plain[0], pc.coalesce(*(_text(table, name) for name in (*plain[:1], *masked))))
        for name in masked:
            del kinds[name]
    regions = [name for name, kind in kinds.items() if kind == "region" and _is_text(table, name)]
    if len(regions) > 1 and all(_has_hanzi(table.column(name)) for name in regions):
        parts = [_text(table, name) for name in regions]
        whole = pc.binary_join_element_wise(*parts, "", null_handling="replace", null_replacement="")
        table = _with(table, regions[0], pc.if_else(pc.equal(whole, ""), None, whole))
        for name in regions[1:]:
            del kinds[name]
    return table, kinds


def _places(table: pa.Table) -> Callable[[str], int]:
    places = {name: place for place, name in enumerate(table.column_names)}
    return lambda name: places.get(name, len(places))


def _with(table: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


def _text(table: pa.Table, name: str) -> pa.Array:
    # One chunk each: columns may be cut at different rows, which joining element by element does not take.
    whole = table.column(name).cast(pa.string()).combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


def _is_text(table: pa.Table, name: str) -> bool:
    if name not in table.column_names:
        return False
    kind = table.schema.field(name).type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind))


def _has_hanzi(column: pa.ChunkedArray) -> bool:
    known = [value for value in column.slice(0, _SAMPLE).to_pylist() if value]
    return sum(any("\u4e00" <= sign <= "\u9fff" for sign in value) for value in known) * 2 > len(known)
