"""Running a person's checked query within limits of rows, time and size."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import pyarrow as pa
from sqlglot import exp

from onepool.errors import OnePoolError
from onepool.pool.engine import Engine, PoolError, Session
from onepool.pool.guard import CheckedQuery, Select, check
from onepool.pool.views import SCHEMA

__all__ = ["Answer", "CheckedQuery", "QueryFailed", "QueryTimeout", "QueryTooLarge", "check", "run", "views"]

TIMEOUT_SECONDS = 30.0
MAX_BYTES = 64 * 1024 * 1024


class QueryFailed(OnePoolError):
    """The engine could not run the query: a wrong column, a wrong type, too little memory."""

    code = "query-failed"


class QueryTimeout(OnePoolError):
    """The query took too long and was stopped."""

    code = "query-timeout"


class QueryTooLarge(OnePoolError):
    """The answer is too large to be sent."""

    code = "query-too-large"


@runtime_checkable
class Interruptible(Protocol):
    """A session whose running query can be stopped from another thread."""

    def interrupt(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A query's answer: at most the rows asked for; column names may repeat."""

    table: pa.Table
    columns: list[tuple[str, str]]
    truncated: bool
    seconds: float


def run(
    engine: Engine, query: CheckedQuery, *, limit: int, timeout: float = TIMEOUT_SECONDS, max_bytes: int = MAX_BYTES
) -> Answer:
    """Run a checked query. Raises QueryFailed, QueryTimeout, QueryTooLarge."""
    started = time.perf_counter()
    with engine.read() as session:
        stopped = threading.Event()

        def stop() -> None:
            stopped.set()
            if isinstance(session, Interruptible):
                session.interrupt()

        timer = threading.Timer(timeout, stop)
        timer.daemon = True
        timer.start()
        try:
            table = session.query(_limited(query.tree, limit + 1))
        except PoolError as error:
            if stopped.is_set():
                raise QueryTimeout(
                    f"the query took more than {timeout:g} seconds and was stopped",
                    hint="narrow it, for instance by time",
                ) from error
            raise QueryFailed(error.message) from error
        finally:
            timer.cancel()
    if table.nbytes > max_bytes:
        raise QueryTooLarge(f"the answer is larger than {max_bytes} bytes", hint="ask for fewer rows or columns")
    truncated = table.num_rows > limit
    return Answer(
        table.slice(0, limit) if truncated else table,
        [(field.name, sql_type(field.type)) for field in table.schema],
        truncated,
        round(time.perf_counter() - started, 4),
    )


def views(session: Session) -> list[tuple[str, list[tuple[str, str]]]]:
    """The analysts' views with their columns and types."""
    found = session.query(
        """SELECT table_name, column_name, data_type FROM information_schema.columns
        WHERE table_schema = $schema ORDER BY table_name, ordinal_position""",
        {"schema": SCHEMA},
    )
    result: dict[str, list[tuple[str, str]]] = {}
    for row in found.to_pylist():
        result.setdefault(row["table_name"], []).append((row["column_name"], row["data_type"]))
    return list(result.items())


def _limited(tree: Select, rows: int) -> Select:
    """The query with at most so many rows; an own smaller limit stays. The order of the answer is kept."""
    own = tree.args.get("limit")
    if own is None and not tree.args.get("fetch"):
        limited = tree.copy()
        limited.set("limit", exp.Limit(expression=exp.Literal.number(rows)))
        return limited
    number = own.expression if isinstance(own, exp.Limit) else None
    if isinstance(number, exp.Literal) and not number.is_string and number.name.isdigit():
        if int(number.name) <= rows:
            return tree
        limited = tree.copy()
        limited.set("limit", exp.Limit(expression=exp.Literal.number(rows)))
        return limited
    return exp.select("*").from_(tree.subquery("answer")).limit(rows)


def sql_type(arrow: pa.DataType) -> str:
    """The SQL name of an Arrow type."""
    if pa.types.is_decimal(arrow):
        return f"DECIMAL({arrow.precision},{arrow.scale})"
    if pa.types.is_timestamp(arrow):
        return "TIMESTAMPTZ" if arrow.tz else "TIMESTAMP"
    if pa.types.is_list(arrow) or pa.types.is_large_list(arrow):
        return f"{sql_type(arrow.value_type)}[]"
    if pa.types.is_struct(arrow):
        inner = ", ".join(f"{arrow.field(i).name} {sql_type(arrow.field(i).type)}" for i in range(arrow.num_fields))
        return f"STRUCT({inner})"
    return _NAMES.get(str(arrow), str(arrow).upper())


_NAMES = {
    "string": "VARCHAR",
    "large_string": "VARCHAR",
    "bool": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "uint8": "UTINYINT",
    "uint16": "USMALLINT",
    "uint32": "UINTEGER",
    "uint64": "UBIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "date32[day]": "DATE",
    "binary": "BLOB",
    "null": "NULL",
}
