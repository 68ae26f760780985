"""What OnePool asks of an engine that holds the pool: a narrow protocol, so that another engine can take its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias, runtime_checkable

import pyarrow as pa
from sqlglot import exp

from onepool.errors import OnePoolError

Query: TypeAlias = str | exp.Expression
Params: TypeAlias = Mapping[str, object]


class PoolError(OnePoolError):
    """The pool can't be opened or a query failed.

    ``transient``: the machine was at fault (disk, memory), not the query or its data; the same may work later.
    """

    code = "pool"
    transient = False


class PoolBusy(PoolError):
    """Another process holds the pool."""

    code = "pool-busy"


class Session(Protocol):
    """Several statements over one snapshot (reading) or in one transaction (writing)."""

    def query(self, sql: Query, params: Params | None = None) -> pa.Table:
        """Run one query; `$name` stands for a bound parameter (lists allowed). Instants come back in UTC."""

    def execute(self, sql: Query, params: Params | None = None) -> None:
        """Run one statement that returns nothing."""

    def append(self, table: str, data: pa.Table) -> None:
        """Append rows by column name; columns of the table that `data` lacks become NULL."""

    def relation(self, name: str, data: pa.Table) -> None:
        """Make `data` readable as `name` in this session only."""


@runtime_checkable
class Scanning(Protocol):
    """A session that can hand over a large answer piece by piece."""

    def scan(self, sql: Query, params: Params | None = None, *, rows: int = 1 << 20) -> Iterator[pa.RecordBatch]:
        """The answer in batches of about so many rows, never all of it in memory; run nothing else meanwhile."""


class Engine(Protocol):
    """One pool."""

    @property
    def dialect(self) -> str:
        """The sqlglot dialect that its queries are written in."""

    def query(self, sql: Query, params: Params | None = None) -> pa.Table:
        """Run one query over the latest committed state."""

    def read(self) -> AbstractContextManager[Session]:
        """One snapshot over several queries."""

    def write(self) -> AbstractContextManager[Session]:
        """One transaction: committed on leaving, rolled back on an error. One writer at a time."""

    def close(self) -> None:
        """Give the engine's resources back."""


def quote(name: str) -> str:
    """A name as a quoted SQL identifier (double quotes doubled), for names that come from the registry."""
    return '"' + name.replace('"', '""') + '"'
