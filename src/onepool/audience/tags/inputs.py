"""Values that come from outside: read from a file, matched to identifiers, kept in the state, folded into the pool.

They are input: nothing else can make them again. They belong to identifiers, so merges and splits carry them along.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv
from sqlalchemy import func, insert, select

from onepool.audience.lists.definition import CUSTOMER
from onepool.audience.lists.normalising import named, normalise
from onepool.audience.tags.further import ImportTag
from onepool.audience.tags.given import NOBODY
from onepool.clock import Clock, from_micros, to_micros
from onepool.errors import OnePoolError
from onepool.pool import Engine, Session
from onepool.pool.schema import IN_USE
from onepool.privacy.masking import mask_identifier, mask_text
from onepool.standards import Standard, StandardSettings
from onepool.state import State
from onepool.state.schema import tag_inputs

MARK: Final = "tag_input_id"
"""Mark in the pool's `meta`: the latest import that it has."""

MOST_SAMPLES: Final = 10
LONGEST_VALUE: Final = 200
_SCHEMA = pa.schema([("identifier_id", pa.int64()), ("value", pa.string()), ("number", pa.float64())])

I64 = npt.NDArray[np.int64]


class ValuesError(OnePoolError):
    """A file of values that can't be used as it is."""

    code = "tag-values"


class Place(Protocol):
    """What imports need of a workspace."""

    @property
    def state(self) -> State: ...
    @property
    def pool(self) -> Engine: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def standard_settings(self) -> StandardSettings: ...
    def standard(self) -> Standard: ...


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file: read = matched + unmatched + refused + duplicates. `samples`: refused rows, masked."""

    read: int
    matched: int
    unmatched: int
    refused: int
    duplicates: int
    samples: list[str] = field(default_factory=list)


def import_values(place: Place, tag: ImportTag, raw: bytes, kind: str, author: str) -> Imported:
    """Take in a CSV file with a header: identifier and value in its first two columns. The last row of one wins.

    ``kind``: `phone`, `member_no@crm`, `customer`. The tag has the values with the next tick.

    Raises:
        ValuesError: no table, or nothing usable in it.
        ListError: an unknown type of identifier, or a scope that has to be said.
    """
    ids, values = _columns(raw)
    standard = place.standard()
    with place.pool.read() as session:
        kind = CUSTOMER if kind == "customer_id" else kind
        known = standard.identifier_named(kind.partition("@")[0])
        scopes: list[str] = []
        if known is not None and "@" not in kind:
            query = "SELECT DISTINCT scope FROM identifiers WHERE type = $type ORDER BY scope LIMIT 50"
            scopes = session.query(query, {"type": known.name}).column("scope").to_pylist()
        what = named(kind, standard, scopes)
        normal = normalise(ids, what, standard, place.standard_settings)
        number, fault = _typed(values, tag)
        why = pc.coalesce(normal.why, fault)
        good = pc.is_null(why)
        rows = pa.table({"value": normal.values, "text": values, "number": number}).filter(good)
        last = _last(rows)
        owners = _owners(session, what.type, what.scope, last)
    found = owners.filter(pc.is_valid(owners.column("identifier_id")))
    text = pc.if_else(pc.is_valid(found.column("number")), _written(found.column("number")), found.column("text"))
    payload = pa.table(
        {"identifier_id": found.column("identifier_id"), "value": text, "number": found.column("number")}
    )
    refused = len(ids) - rows.num_rows
    done = Imported(
        len(ids), found.num_rows, last.num_rows - found.num_rows, refused, rows.num_rows - last.num_rows,
        _samples(ids, why, what.type),
    )  # fmt: skip
    if not rows.num_rows:
        said = f": {done.samples[0]}" if done.samples else ""
        raise ValuesError(f"nothing in the file can be used{said}", where="type")
    if tag.mode == "overwrite" and not done.matched:
        said = f"nobody is known by any of these {what.type}: the tag would be emptied"
        raise ValuesError(said, where="type")
    with place.state.write() as connection:
        connection.execute(
            insert(tag_inputs).values(
                tag=tag.tag,
                at=to_micros(place.clock.now()),
                mode=tag.mode,
                author=author,
                rows=payload.num_rows,
                payload=_pack(payload.cast(_SCHEMA)),
            )
        )
    return done


def latest(state: State) -> int:
    """The number of the last import of any tag; 0 before the first."""
    with state.read() as connection:
        return int(connection.execute(select(func.max(tag_inputs.c.id))).scalar_one() or 0)


def _after(state: State, number: int) -> Iterator[tuple[int, str, datetime, Literal["append", "overwrite"], pa.Table]]:
    with state.read() as connection:
        rows = connection.execute(select(tag_inputs).where(tag_inputs.c.id > number).order_by(tag_inputs.c.id))
        for row in rows:
            yield row.id, row.tag, from_micros(row.at), row.mode, pa.ipc.open_stream(row.payload).read_all()


def fold(session: Session, state: State, applied: int) -> tuple[int, I64]:
    """Give the pool the imports behind a number. Returns the number of the last one and the customers concerned."""
    touched: list[I64] = []
    for number, tag, at, mode, rows in _after(state, applied):
        if mode == "overwrite":
            had = session.query(
                """SELECT DISTINCT customer_id FROM tag_inputs JOIN customer_of USING (identifier_id)
                WHERE tag = $tag""",
                {"tag": tag},
            )
            touched.append(had.column("customer_id").to_numpy())
            mark = pa.table({"identifier_id": pa.array([NOBODY], pa.int64())})
            rows = pa.concat_tables([mark, rows], promote_options="default")
        session.relation("_values", rows)
        # The mark comes before the values of its own file.
        session.execute(
            f"""INSERT INTO tag_inputs BY NAME SELECT 2 * $number::BIGINT + (identifier_id <> {NOBODY})::INT AS seq,
            $tag AS tag, identifier_id, value, number, $at::TIMESTAMPTZ AS time FROM _values""",  # noqa: S608 a constant
            {"number": number, "tag": tag, "at": at},
        )
        owners = session.query("SELECT DISTINCT customer_id FROM customer_of SEMI JOIN _values USING (identifier_id)")
        touched.append(owners.column("customer_id").to_numpy())
        applied = number
    return applied, np.unique(np.concatenate(touched)) if touched else np.empty(0, np.int64)


def _columns(raw: bytes) -> tuple[pa.StringArray, pa.StringArray]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise ValuesError("neither UTF-8 nor GB18030")
    first = text.split("\n", 1)[0]
    delimiter = max(",\t;", key=first.count)
    if first.count(delimiter) < 1:
        raise ValuesError("two columns are wanted: identifier and value, under a header")
    names = [f"c{place}" for place in range(first.count(delimiter) + 1)]
    try:
        table = csv.read_csv(
            io.BytesIO(text.encode()),
            read_options=csv.ReadOptions(column_names=names, skip_rows=1),
            parse_options=csv.ParseOptions(delimiter=delimiter),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise ValuesError(f"not a CSV file: {mask_text(str(error))}") from error
    return tuple(pc.utf8_trim_whitespace(table.column(place)).combine_chunks() for place in (0, 1))


def _typed(values: pa.StringArray, tag: ImportTag) -> tuple[pa.DoubleArray, pa.StringArray]:
    """(numbers of a tag of numbers, what is wrong with each value)."""
    empty = pc.equal(pc.utf8_length(values), 0)
    nothing = pa.scalar(None, pa.string())
    fault = pc.if_else(empty, pa.scalar("there is no value"), nothing)
    long = pc.greater(pc.utf8_length(values), LONGEST_VALUE)
    fault = pc.if_else(long, pa.scalar(f"longer than {LONGEST_VALUE} characters"), fault)
    if tag.type == "text":
        if tag.values:
            strange = pc.and_(pc.invert(pc.is_in(values, value_set=pa.array(tag.values))), pc.invert(empty))
            fault = pc.if_else(strange, pa.scalar("not among the tag's values"), fault)
        return pa.nulls(len(values), pa.float64()), fault
    plain = pc.match_substring_regex(values, r"^[-+]?\d{1,14}(\.\d{1,9})?$")
    number = pc.if_else(plain, values, nothing).cast(pa.float64())
    wrong = pc.and_(pc.invert(plain), pc.invert(empty))
    return number, pc.if_else(wrong, pa.scalar("no number"), fault)


def _last(rows: pa.Table) -> pa.Table:
    """The last row of each identifier."""
    numbered = rows.append_column("row", pa.array(np.arange(rows.num_rows)))
    last = numbered.group_by("value").aggregate([("row", "max")]).column("row_max")
    return rows.take(last.combine_chunks())


def _owners(session: Session, kind: str, scope: str, rows: pa.Table) -> pa.Table:
    """The rows with the identifier that bears the value now; null where none does."""
    session.relation("_told", rows)
    if kind == CUSTOMER:
        query = """SELECT c.identifier_id, t.text, t.number FROM _told t
            LEFT JOIN (SELECT DISTINCT identifier_id FROM customer_of) c
            ON c.identifier_id = TRY_CAST(t.value AS BIGINT)"""
        return session.query(query)
    return session.query(
        f"""SELECT b.identifier_id, t.text, t.number FROM _told t LEFT JOIN (
            SELECT i.value, arg_max(i.identifier_id, i.generation) AS identifier_id FROM identifiers i
            WHERE i.type = $type AND i.scope = $scope AND {IN_USE} GROUP BY i.value
        ) b ON b.value = t.value""",  # noqa: S608 a constant
        {"type": kind, "scope": scope},
    )


def _written(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers as tags write them: up to four decimals, no idle zeros."""
    fixed = pc.round(numbers, ndigits=4).cast(pa.decimal128(38, 4), safe=False).cast(pa.string())
    return pc.utf8_rtrim(pc.utf8_rtrim(fixed, characters="0"), characters=".")


def _samples(ids: pa.StringArray, why: pa.StringArray, kind: str) -> list[str]:
    wrong = pc.is_valid(why)
    rows = pa.array(np.arange(len(ids))).filter(wrong).slice(0, MOST_SAMPLES).to_pylist()
    said = []
    for row in rows:
        shown, _ = mask_identifier(kind, ids[row].as_py())
        said.append(f"row {row + 2}: {mask_text(shown)[:60]}: {why[row].as_py()}")
    return said


def _pack(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table.combine_chunks())
    return bytes(sink.getvalue())
