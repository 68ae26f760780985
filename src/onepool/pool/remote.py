"""Reading the pool through the worker that holds it, over a Unix socket that only the owner may open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pyarrow as pa
from sqlglot import exp

from onepool.pool.engine import Params, PoolBusy, PoolError, Query

PATH = "/internal/query"


class Statement(msgspec.Struct):
    """One query with its parameters and its session's named inputs (Arrow streams)."""

    sql: str
    params: dict[str, Any] | None
    relations: dict[str, bytes]


class RemoteSession:
    """Queries answered by the worker, each over its latest snapshot."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._relations: dict[str, bytes] = {}

    def query(self, sql: Query, params: Params | None = None) -> pa.Table:
        text = sql.sql("duckdb") if isinstance(sql, exp.Expression) else sql
        body = msgspec.msgpack.encode(Statement(text, dict(params) if params else None, self._relations))
        try:
            answer = self._client.post(f"http://worker{PATH}", content=body)
        except httpx.TransportError as error:
            raise PoolBusy("the running worker does not answer", hint="try again in a moment") from error
        if answer.status_code != httpx.codes.OK:
            raise PoolError(answer.text)
        return pa.ipc.open_stream(answer.content).read_all()

    def execute(self, sql: Query, params: Params | None = None) -> None:
        raise PoolBusy("the running worker holds the pool: it can only be read", hint="stop the server first")

    def append(self, table: str, data: pa.Table) -> None:
        raise PoolBusy("the running worker holds the pool: it can only be read", hint="stop the server first")

    def relation(self, name: str, data: pa.Table) -> None:
        self._relations[name] = arrow_bytes(data)


class RemoteEngine:
    """The pool of a running worker, for reading."""

    dialect = "duckdb"

    def __init__(self, socket: Path) -> None:
        self._client = httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), timeout=600)

    def query(self, sql: Query, params: Params | None = None) -> pa.Table:
        return RemoteSession(self._client).query(sql, params)

    @contextmanager
    def read(self) -> Iterator[RemoteSession]:
        yield RemoteSession(self._client)

    def write(self) -> AbstractContextManager[RemoteSession]:
        raise PoolBusy("the running worker holds the pool: it can only be read", hint="stop the server first")

    def close(self) -> None:
        self._client.close()


def answer(body: bytes, query: Any) -> bytes:
    """The worker's side: run an encoded Statement with `query(sql, params, relations)` and encode the table."""
    statement = msgspec.msgpack.decode(body, type=Statement)
    relations = {name: pa.ipc.open_stream(raw).read_all() for name, raw in statement.relations.items()}
    return arrow_bytes(query(statement.sql, statement.params, relations))


def arrow_bytes(table: pa.Table) -> bytes:
    """A table as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())
