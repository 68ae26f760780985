"""What differs from the last run: kept as the digests of the rows that were written, compared as sets."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from onepool.pool.engine import quote
from onepool.reach.definition import DestinationError


@dataclass(frozen=True, slots=True)
class Difference:
    """``changed``: rows that are new or say something else. ``gone``: keys of what is no more. ``kept``: digests."""

    changed: pa.Table
    gone: pa.Table
    kept: pa.Table


def difference(rows: pa.Table, keys: list[str], written: Path, *, full: bool) -> Difference:
    """Compare rows with what was written last. ``full``: all rows count as changed; what is gone is told all the same.

    Raises:
        DestinationError: two rows with one key.
    """
    key = ", ".join(quote(name) for name in keys)
    with duckdb.connect(config={"memory_limit": "600MB", "threads": "2"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("rows", rows)
        said = ", ".join(f"{quote(name)} := {quote(name)}" for name in rows.column_names)
        digest = f"md5(CAST(to_json(struct_pack({said})) AS VARCHAR)) AS digest"
        connection.execute(f"CREATE TEMP TABLE now_ AS SELECT {key}, {digest} FROM rows")
        again = connection.execute(f"SELECT count(*), count(DISTINCT ({key})) FROM now_").fetchall()[0]
        if again[0] != again[1]:
            raise DestinationError("two rows have one key; report this with the destination's definition")
        kept = connection.sql("SELECT * FROM now_").to_arrow_table()
        if not written.exists():
            return Difference(rows, rows.select(keys).slice(0, 0), kept)
        before = pq.read_table(written)
        if before.schema.names != kept.schema.names:
            return Difference(rows, rows.select(keys).slice(0, 0), kept)
        connection.register("before", before)
        gone = connection.sql(f"SELECT {key} FROM before ANTI JOIN now_ USING ({key})").to_arrow_table()
        changed = rows
        if not full:
            same = f"SELECT {key} FROM now_ JOIN before b USING ({key}) WHERE now_.digest = b.digest"
            connection.execute(f"CREATE TEMP TABLE same AS {same}")
            changed = connection.sql(f"SELECT * FROM rows ANTI JOIN same USING ({key})").to_arrow_table()
            changed = changed.cast(rows.schema)
        return Difference(changed, gone.cast(rows.select(keys).schema), kept)


def keep(kept: pa.Table, written: Path) -> None:
    """Remember what was written: the whole file or none of it, on disk when this returns."""
    written.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = written.with_suffix(".draft")
    with draft.open("wb") as file:
        pq.write_table(kept, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(written)
