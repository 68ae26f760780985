"""A scratch database beside the import: rows wait there, packed and on disk, until the whole file has been seen.

Some questions have no answer before the last row: which rows are repeated, which lines belong to one order. DuckDB
answers them with bounded memory and spills to the same folder.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from onepool.collect.files.blocks import BrokenRow
from onepool.collect.files.decode import Refused
from onepool.collect.files.errors import FileError

MEMORY = "400MB"


class Staging:
    """A scratch database in a folder of its own, gone when closed."""

    def __init__(self, scratch: Path | None = None, memory: str = MEMORY) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="import-", dir=scratch)
        folder = Path(self._folder.name)
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory,
            "threads": "2",
            "temp_directory": str(folder / "spill"),
        }
        self._connection = duckdb.connect(str(folder / "rows.duckdb"), config=config)
        self.execute("SET TimeZone = 'UTC'")
        self.execute("CREATE TABLE refused (row BIGINT, content VARCHAR)")

    def __enter__(self) -> Staging:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        self._folder.cleanup()

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        """Runs one statement. Raises FileError when the scratch space runs out."""
        with _told():
            self._connection.execute(sql, dict(parameters or {}))

    def insert(self, sql: str, block: pa.Table, parameters: Mapping[str, object]) -> None:
        """Runs an INSERT that reads the relation ``block``."""
        with _told():
            self._connection.register("block", block)
            try:
                self._connection.execute(sql, dict(parameters))
            finally:
                self._connection.unregister("block")

    def function(self, name: str, read: Callable[[str], str | None]) -> None:
        """Makes a function of one text, which answers a text or nothing, callable in statements."""

        def reading(values: pa.Array) -> pa.Array:
            return pa.array([None if value is None else read(value) for value in values.to_pylist()], pa.string())

        self._connection.create_function(
            name,
            reading,
            ["VARCHAR"],
            "VARCHAR",
            type=PythonUDFType.ARROW,
            null_handling=FunctionNullHandling.SPECIAL,
        )

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """The answer of one query."""
        with _told():
            return self._connection.sql(sql, params=dict(parameters or {})).to_arrow_table()

    def value(self, sql: str, parameters: Mapping[str, object] | None = None) -> Any:
        """The single value a query answers."""
        return self.query(sql, parameters).column(0)[0].as_py()

    def refuse(self, rows: Sequence[BrokenRow]) -> None:
        """Keeps rows that could not be read."""
        if rows:
            contents = [
                msgspec.json.encode(Refused(row.row, row.rule, row.message, row.sample)).decode() for row in rows
            ]
            table = pa.table({"row": pa.array([row.row for row in rows], pa.int64()), "content": contents})
            self.insert("INSERT INTO refused SELECT row, content FROM block", table, {})

    def refused(self, batch: int = 10_000) -> Iterator[pa.Table]:
        """All refused rows in the order of the file: ``row``, ``content``."""
        self.execute("SET TimeZone = 'UTC'")
        self.execute("CREATE TABLE refused_in_order AS SELECT row_number() OVER (ORDER BY row) AS n, * FROM refused")
        count = self.value("SELECT count(*) FROM refused_in_order")
        for start in range(1, count + 1, batch):
            yield self.query(
                "SELECT row, content FROM refused_in_order WHERE n >= $from AND n < $to ORDER BY n",
                {"from": start, "to": start + batch},
            )


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        raise FileError(
            f"the scratch space for the import is not enough: {error}", hint="free some disk space and import again"
        ) from error
