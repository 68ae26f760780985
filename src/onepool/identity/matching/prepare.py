"""Records as codes of distinct cleaned values: everything after works on integers.

Records are ordered by their id first, so that nothing learned or clustered depends on the order of rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.identity.matching import chinese, generic  # noqa: F401 (they register their kinds)
from onepool.identity.matching.kinds import Kind, Strings, kind_of
from onepool.identity.matching.merging import merged
from onepool.identity.matching.settings import MatchingError
from onepool.identity.matching.threads import each

Ints = npt.NDArray[np.int64]
NAME_KINDS = ("given_name", "surname", "name", "nickname")


@dataclass(frozen=True)
class Column:
    """One column: ``codes`` (shape: records; -1 missing) into ``values``; with several values per record,
    ``offsets`` (records + 1) and ``many`` hold them all and ``codes`` the first."""

    name: str
    kind: Kind
    codes: Ints
    values: Strings
    offsets: Ints | None = None
    many: Ints | None = None


@dataclass(frozen=True)
class Records:
    """Prepared records; ``ids`` ordered, ``rows`` the row of each in the table given."""

    ids: pa.Array
    rows: Ints
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.ids)

    def names(self) -> list[Column]:
        """The columns that hold names of the person."""
        return [column for column in self.columns.values() if column.kind.name in NAME_KINDS]


def is_hanzi(values: pa.Array) -> bool:
    """Whether most of the (first 2,000) values hold a Chinese character."""
    sample = [value for value in values[:2000].to_pylist() if value]
    with_hanzi = sum(any("\u4e00" <= character <= "\u9fff" for character in value) for value in sample)
    return with_hanzi * 2 > len(sample)


def _as_strings(array: pa.Array, *, clock: bool) -> pa.Array:
    """Values as text. `clock`: of instants the time of day counts, in UTC; else they are days."""
    if pa.types.is_floating(array.type):
        whole = pc.cast(array, pa.int64(), safe=False)
        return (
            whole.cast(pa.string())
            if pc.all(pc.equal(pc.cast(whole, array.type), array)).as_py()
            else array.cast(pa.string())
        )
    if pa.types.is_timestamp(array.type):
        array = pc.cast(array, pa.timestamp("s") if clock else pa.date32(), safe=False)
    return array.cast(pa.string())


def flat(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One plain array: chunks joined, dictionaries decoded."""
    whole = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], type=whole.type)
    return whole.dictionary_decode() if pa.types.is_dictionary(whole.type) else whole


def encode(name: str, kind_name: str, array: pa.Array | pa.ChunkedArray, *, hanzi: bool | None = None) -> Column:
    """One column of the table as codes. ``hanzi``: whether to use the Chinese kind (None: as the values look)."""
    whole = flat(array)
    offsets: Ints | None = None
    if pa.types.is_list(whole.type) or pa.types.is_large_list(whole.type):
        lengths = pc.fill_null(pc.list_value_length(whole), 0).to_numpy(zero_copy_only=False).astype(np.int64)
        offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
        whole = pc.list_flatten(whole)
    dictionary = _as_strings(whole, clock=kind_name == "moment").dictionary_encode()
    raw = dictionary.dictionary
    kind = kind_of(kind_name, hanzi=is_hanzi(raw) if hanzi is None else hanzi)
    cleaned = pa.array(kind.clean(raw.to_pylist()), type=pa.string())
    # Ordered, so that codes (and with them every sample and tie) don't depend on the order of rows.
    distinct = pc.unique(cleaned).drop_null()
    distinct = distinct.take(pc.sort_indices(distinct))
    recode = pc.fill_null(pc.index_in(cleaned, value_set=distinct), -1).to_numpy(zero_copy_only=False)
    recode = np.append(recode.astype(np.int64), -1)
    codes = recode[pc.fill_null(dictionary.indices, len(raw)).to_numpy(zero_copy_only=False).astype(np.int64)]
    values = np.array(distinct.to_pylist(), dtype=object)
    if offsets is None:
        return Column(name, kind, codes, values)
    known = codes >= 0
    before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(known)])
    offsets, many = before[offsets], codes[known]
    first = np.full(len(offsets) - 1, -1, dtype=np.int64)
    some = offsets[1:] > offsets[:-1]
    first[some] = many[offsets[:-1][some]]
    return Column(name, kind, first, values, offsets, many)


def prepare(
    records: pa.Table, columns: Mapping[str, str], *, hanzi: Mapping[str, bool] | None = None, ordered: bool = True
) -> Records:
    """Table with ``record_id`` and the columns named in ``columns`` (column -> kind) as ``Records``.

    Raises MatchingError for a missing column, an unknown kind or a ``record_id`` that is null or not unique.
    """
    if "record_id" not in records.column_names:
        raise MatchingError("the records have no column record_id", hint="rename the column that names the record")
    ids = flat(records.column("record_id"))
    if ids.null_count or len(pc.unique(ids)) != len(ids):
        raise MatchingError("record_id must be there and different in every record")
    rows = pc.sort_indices(ids).to_numpy().astype(np.int64) if ordered else np.arange(len(ids), dtype=np.int64)
    table = records.take(pa.array(rows)) if ordered else records
    table, kinds = merged(table, {name: kind for name, kind in columns.items() if kind != "ignore"})
    for name in kinds:
        if name not in records.column_names:
            raise MatchingError(
                f"the records have no column {name}", hint=f"columns: {', '.join(records.column_names)}"
            )
    made = each(lambda one: encode(one, kinds[one], table.column(one), hanzi=(hanzi or {}).get(one)), kinds)
    prepared = {column.name: column for column in made}
    return Records(flat(table.column("record_id")), rows, prepared)


def subset(records: Records, chosen: Ints) -> Records:
    """Some of the records (positions, ascending), with the same codes."""
    columns = {}
    for name, column in records.columns.items():
        offsets = many = None
        if column.many is not None and column.offsets is not None:
            lengths = np.diff(column.offsets)[chosen]
            offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
            within = np.arange(int(lengths.sum())) - np.repeat(offsets[:-1], lengths)
            many = column.many[np.repeat(column.offsets[chosen], lengths) + within]
        columns[name] = Column(name, column.kind, column.codes[chosen], column.values, offsets, many)
    return Records(records.ids.take(pa.array(chosen)), records.rows[chosen], columns)
