"""Stores of new workspaces, made once in each process of tests and copied: making them is much of a small test.

What is copied was made by `State.at` and `Workspace.pool` themselves and closed: as if another process had made the
workspace. Whatever is there already is left alone, and so is every pool with a path of its own (of a rebuild, say).
How they are made anew is seen in tests/state, which use the real thing, and in all tests that start the command line.
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from onepool.layout import install
from onepool.pool import DuckDBEngine
from onepool.standards import load_standard
from onepool.state.store import State
from onepool.workspace import Workspace, init_workspace

state_at = State.at
"""The real one."""

_open_pool = Workspace.open_pool


@functools.cache
def _new_state() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.sqlite"
        state_at(path).close()
        return path.read_bytes()


@functools.cache
def _new_pool() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        workspace = init_workspace(Path(folder) / "ws")
        pool = _open_pool(workspace)
        with pool.write() as session:
            install(session, load_standard())
        pool.close()
        workspace.close()
        return (workspace.data / "pool.duckdb").read_bytes()


def _copied(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _state(path: Path) -> State:
    if not path.exists():
        _copied(path, _new_state())
    return state_at(path)


def _pool(self: Workspace, path: Path | None = None) -> DuckDBEngine:
    own = self.data / "pool.duckdb"
    if path is None and not own.exists():
        _copied(own, _new_pool())
    return _open_pool(self, path)


def use() -> None:
    """From now on new stores are copies."""
    State.at = staticmethod(_state)  # type: ignore[method-assign,assignment]
    Workspace.open_pool = _pool  # type: ignore[method-assign]
