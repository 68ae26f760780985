"""Making the demonstration workspace: settings, definitions, data, tags and segments, in one go."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onepool import apply
from onepool.clock import Clock
from onepool.collect.files import ImportReport, Progress
from onepool.demo.load import write_to_log
from onepool.demo.workspace import FOLDERS, files, settings_text
from onepool.imports import apply_log, scratch_folder
from onepool.workspace import Workspace, init_workspace

AUTHOR = "demo"
REASON = "the demonstration workspace"


@dataclass(slots=True)
class Made:
    """What a new demonstration workspace holds."""

    root: Path
    counts: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return {"workspace": str(self.root), **self.counts}


def make_demo(root: Path, clock: Clock, progress: Progress | None = None) -> Made:
    """Makes the workspace in a folder that has none, loads the data and computes tags and segments.

    Raises WorkspaceError when there is a workspace already, JourneyMissing without the package.
    """
    workspace = init_workspace(root, settings_text(), clock)
    try:
        _take_over(workspace, "touchpoint")
        reports = write_to_log(
            workspace.log,
            workspace.standard(),
            clock,
            workspace.settings,
            workspace.touchpoints(),
            progress=progress,
            scratch=scratch_folder(workspace),
        )
        apply_log(workspace, [offset for report in reports for offset in report.offsets], progress)
        # Tags and segments come after the data: everything is then computed once and not with every batch.
        _take_over(workspace, "tag")
        _take_over(workspace, "segment")
        if progress is not None:
            progress("computing tags and segments", 0, 1)
        apply_log(workspace, [workspace.log.end()])
        return Made(workspace.root, _counts(workspace, reports))
    finally:
        workspace.close()


def _take_over(workspace: Workspace, kind: str) -> None:
    """Copies the package's definitions of a kind into the workspace's folder and applies them."""
    folder = workspace.root / FOLDERS[kind]
    folder.mkdir(parents=True, exist_ok=True)
    for file in files(kind):
        (folder / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    apply.apply(workspace, author=AUTHOR, reason=REASON)


def _counts(workspace: Workspace, reports: list[ImportReport]) -> dict[str, int]:
    sent = {report.files[0].name.partition(": ")[2]: report.items for report in reports}
    queries = {
        "customers": "SELECT count(DISTINCT customer_id) AS n FROM customer_of",
        "events": "SELECT count(*) AS n FROM events",
        "quarantined": "SELECT count(*) AS n FROM quarantine",
        "tag values": "SELECT count(*) AS n FROM tag_values",
        "segment members": "SELECT count(*) AS n FROM segment_members",
    }
    with workspace.pool.read() as session:
        return sent | {name: int(session.query(sql).column("n")[0].as_py()) for name, sql in queries.items()}
