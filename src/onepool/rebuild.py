"""Making the pool again from log and state, and comparing two pools by their contents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from onepool.pool import DuckDBEngine, Engine, quote
from onepool.tick import Worker
from onepool.workspace import Workspace

# Not contents: `meta` holds positions, `due` alarm times that depend on when they were set, and what the model of
# likelihood has looked at depends on when it was learned.
NOT_CONTENT = frozenset({"meta", "due", "match_keys", "match_pending"})

Progress = Callable[[int, int], None]


class Rebuilt(Workspace):
    """The same workspace with another, new pool; log and state are only read (everything in them is applied), but that
    whom a change took off a list is kept in the state where it was not found yet."""

    def __init__(self, source: Workspace, path: Path) -> None:
        super().__init__(source.root, source.settings, source.clock)
        self._path = path

    def open_pool(self, path: Path | None = None) -> DuckDBEngine:
        return super().open_pool(path or self._path)


def build(workspace: Workspace, path: Path, progress: Progress | None = None) -> None:
    """Make a pool in a new file from log and state, up to the offset that the state has applied."""
    goal = workspace.decided()
    fresh = Rebuilt(workspace, path)
    worker = Worker(fresh, live=False, until=goal, lock=path.with_suffix(".lock"))
    try:
        while worker.offset < goal and worker.step():
            if progress is not None:
                progress(worker.offset, goal)
    finally:
        worker.close()
        fresh.close()


def replace(workspace: Workspace, progress: Progress | None = None) -> None:
    """`onepool rebuild`: make the pool anew beside the old one, then put it in its place. No server may run."""
    workspace.close()
    new = workspace.data / "pool.rebuilt.duckdb"
    lock = Worker.lock(workspace)
    try:
        for path in (new, new.with_name(new.name + ".wal")):
            path.unlink(missing_ok=True)
        build(workspace, new, progress)
        old = workspace.data / "pool.duckdb"
        old.with_name(old.name + ".wal").unlink(missing_ok=True)
        new.replace(old)
    finally:
        lock.release()


def content_hashes(engine: Engine) -> dict[str, tuple[int, str]]:
    """Rows and an order-independent hash of every table that holds contents."""
    hashes = {}
    with engine.read() as session:
        tables = session.query(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' AND table_type = 'BASE TABLE'"
        )
        for name in sorted(set(tables.column("table_name").to_pylist()) - NOT_CONTENT):
            columns = session.query(
                """SELECT column_name FROM information_schema.columns
                WHERE table_schema = 'main' AND table_name = $table ORDER BY column_name""",
                {"table": name},
            )
            row = ", ".join(quote(column) for column in columns.column("column_name").to_pylist())
            found = session.query(
                f"SELECT count(*) AS n, sum(hash(row({row})))::VARCHAR AS h FROM {quote(name)}"  # noqa: S608 quoted names
            )
            hashes[name] = (found.column("n")[0].as_py(), found.column("h")[0].as_py() or "")
    return hashes
