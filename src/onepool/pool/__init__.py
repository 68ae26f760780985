"""The data pool: engines, physical schema, analysts' views. Derived data only."""

from __future__ import annotations

from onepool.pool.duckdb import DuckDBEngine
from onepool.pool.engine import Engine, PoolBusy, PoolError, Session, quote
from onepool.pool.schema import Columns

__all__ = ["Columns", "DuckDBEngine", "Engine", "PoolBusy", "PoolError", "Session", "quote"]
