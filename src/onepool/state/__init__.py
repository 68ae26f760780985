"""The state: what was decided. One SQLAlchemy Core schema for SQLite (embedded) and PostgreSQL (to grow)."""

from __future__ import annotations

from onepool.state.store import State, StateError

__all__ = ["State", "StateError"]
