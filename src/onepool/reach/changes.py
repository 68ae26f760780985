"""What differs from the last run: kept as the digests of the rows that were written, compared as sets."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from onepool.pool.engine import quote
from onepool.reach.definition import DestinationError
from onepool.reach.memory import fitting


@dataclass(frozen=True, slots=True)
class Difference:
    """``changed``: rows that are new or say something else. ``gone``: keys of what is no more. ``kept``: digests.

    ``before``: how many rows were there; ``lost``: how many of them are no more.
    """

    changed: pa.Table
    gone: pa.Table
    kept: pa.Table
    before: int = 0
    lost: int = 0


def difference(
    rows: pa.Table, keys: list[str], digests: Sequence[Path], *, full: bool, current: bool, doubts: pa.Table
) -> Difference:
    """Compare rows with what was written last. ``full``: all rows count as changed; what is gone is told all the same.

    ``digests``: of what stands there; where they are not ``current`` (of other columns) only their keys count.
    ``doubts``: keys that may have been written or taken out since: they go out again, or are told as gone.

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
        before = [one for one in map(pq.read_table, digests) if fitting(one, kept.schema)]
        current = current and bool(before)
        before = before or [kept.slice(0, 0)]
        connection.register("digests", pa.concat_tables([one.select(kept.column_names) for one in before]))
        connection.register("doubts", doubts)
        once = f"SELECT {key}, any_value(digest) AS digest FROM digests GROUP BY {key}"
        connection.execute(f"CREATE TEMP TABLE before AS {once}")
        had, lost = connection.execute(
            f"SELECT count(*), count(*) FILTER (WHERE n.digest IS NULL) FROM before LEFT JOIN now_ n USING ({key})"
        ).fetchall()[0]
        there = f"SELECT {key} FROM before UNION SELECT {key} FROM doubts"
        gone = connection.sql(f"SELECT {key} FROM ({there}) ANTI JOIN now_ USING ({key})").to_arrow_table()
        changed = rows
        if not full and current:
            same = f"SELECT {key} FROM now_ JOIN before b USING ({key}) WHERE now_.digest = b.digest"
            connection.execute(f"CREATE TEMP TABLE same AS {same} EXCEPT SELECT {key} FROM doubts")
            changed = connection.sql(f"SELECT * FROM rows ANTI JOIN same USING ({key})").to_arrow_table()
            changed = changed.cast(rows.schema)
        return Difference(changed, gone.cast(rows.select(keys).schema), kept, had, lost)


def without(table: pa.Table, keys: pa.Table) -> pa.Table:
    """The rows of a table that have none of these keys."""
    if not keys.num_rows or not set(keys.column_names) <= set(table.column_names):
        return table
    key = ", ".join(quote(name) for name in keys.column_names)
    with duckdb.connect(config={"memory_limit": "600MB", "threads": "2"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("all_", table)
        connection.register("those", keys)
        left = connection.sql(f"SELECT * FROM all_ ANTI JOIN those USING ({key})").to_arrow_table()
        return left.cast(table.schema)


def keep(kept: pa.Table, written: Path) -> None:
    """Remember what was written: the whole file or none of it, on disk when this returns."""
    written.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = written.with_suffix(".draft")
    with draft.open("wb") as file:
        pq.write_table(kept, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(written)
