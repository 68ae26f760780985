"""Read-only SQL for those who have the workspace at hand (command line, notebooks): the same checks as over HTTP."""

from __future__ import annotations

import pyarrow as pa

from onepool.pool import Engine, adhoc

MOST_ROWS = 1_000_000


def run_readonly(engine: Engine, sql: str, *, limit: int = MOST_ROWS) -> pa.Table:
    """The answer to one SELECT over the analysts' views.

    Raises QueryRefused, QueryFailed, QueryTimeout or QueryTooLarge (more rows than `limit`, or too many bytes).
    """
    answer = adhoc.run(engine, adhoc.check(sql, engine.dialect), limit=limit, timeout=600.0, max_bytes=1 << 30)
    if answer.truncated:
        raise adhoc.QueryTooLarge(f"the answer has more than {limit} rows", hint="add a LIMIT, or narrow the query")
    return answer.table
