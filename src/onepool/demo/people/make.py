"""Making a workspace of generated people: touchpoints, records through the ordinary import, the truth beside them."""

from __future__ import annotations

import importlib.resources
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from onepool import apply
from onepool.clock import Clock
from onepool.collect.files import ImportReport, Mapping, Progress, import_files
from onepool.demo.people.generate import Generated, generate
from onepool.demo.people.oracle import bounds
from onepool.demo.people.plan import Plan
from onepool.demo.people.sources import definitions
from onepool.errors import WorkspaceError
from onepool.imports import apply_log, scratch_folder
from onepool.workspace import SETTINGS_FILE, Workspace, init_workspace

AUTHOR = "demo"
REASON = "generated people"
TRUTH = "truth"
RECORDS = "records"

MOST_BOUNDED = 300_000
"""The oracle is asked up to so many people; it needs memory for all of their pairs."""


@dataclass(slots=True)
class MadePeople:
    """What a workspace of generated people holds. ``bounds`` as in ``truth/bounds.json``."""

    root: Path
    counts: dict[str, int] = field(default_factory=dict)
    bounds: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return {"workspace": str(self.root), **self.counts, "bounds": self.bounds}


def write_people(root: Path, plan: Plan, clock: Clock, progress: Progress | None = None) -> MadePeople:
    """Only the files: records by touchpoint in ``records``, the truth in ``truth``. Raises UsageError.

    Up to MOST_BOUNDED people it also says how well anybody could do.
    """
    del clock  # the period is the plan's
    return _written(root, plan, progress)[0]


def _written(root: Path, plan: Plan, progress: Progress | None) -> tuple[MadePeople, Generated]:
    plan.checked()
    if (root / SETTINGS_FILE).exists():
        raise WorkspaceError("there is a workspace already", where=str(root))
    generated = generate(plan, root / RECORDS, root / TRUTH, progress)
    made = MadePeople(root, generated.counts)
    if plan.people <= MOST_BOUNDED:
        if progress is not None:
            progress("asking the oracle", 0, 1)
        made.bounds = bounds(root / TRUTH)
    return made, generated


def make_people(root: Path, plan: Plan, clock: Clock, progress: Progress | None = None) -> MadePeople:
    """Makes the workspace in a folder that has none: generates, imports, applies.

    Raises WorkspaceError when there is a workspace already, UsageError for a plan that can't be generated.
    """
    made, generated = _written(root, plan, progress)
    workspace = init_workspace(root, settings_text(), clock)
    try:
        _touchpoints(workspace)
        offsets = [offset for report in _import(workspace, generated, progress) for offset in report.offsets]
        apply_log(workspace, offsets, progress)
        made.counts = {**generated.counts, **_counts(workspace), "records to refuse": generated.refused}
    finally:
        workspace.close()
    shutil.rmtree(root / RECORDS)  # what they say is in the log now
    return made


_RULES = """\
# A brand that would rather ask than merge two strangers: a phone that was not proved joins two accounts only where a
# name agrees as well.
identity: rules
contacts: proved
types:
  crm_id: {max_per_customer: 12}
likelihood: {join: 0.995, review: 0.6, auto: true}
"""


def settings_text() -> str:
    """The workspace's ``onepool.yaml``."""
    return importlib.resources.files("onepool.demo.people").joinpath("onepool.yaml").read_text(encoding="utf-8")


def _touchpoints(workspace: Workspace) -> None:
    folder = workspace.root / "touchpoints"
    for name, body in definitions().items():
        text = yaml.safe_dump(body, allow_unicode=True, sort_keys=False, default_flow_style=None)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    folder = workspace.root / "identity"
    folder.mkdir(exist_ok=True)
    (folder / "rules.yaml").write_text(_RULES, encoding="utf-8")
    apply.apply(workspace, author=AUTHOR, reason=REASON)


def _import(workspace: Workspace, generated: Generated, progress: Progress | None) -> list[ImportReport]:
    """One import for each touchpoint; several files of one touchpoint are one import."""
    standard, touchpoints = workspace.standard(), workspace.touchpoints()
    return [
        import_files(
            "events",
            files,
            workspace.log,
            touchpoints[source],
            Mapping(),
            standard,
            workspace.clock,
            progress=progress,
            scratch=scratch_folder(workspace),
        )
        for source, files in generated.files.items()
    ]


def _counts(workspace: Workspace) -> dict[str, int]:
    queries = {
        "events": "SELECT count(*) AS n FROM events",
        "customers": "SELECT count(DISTINCT customer_id) AS n FROM customer_of",
        "quarantined": "SELECT count(*) AS n FROM quarantine",
    }
    with workspace.pool.read() as session:
        return {name: int(session.query(sql).column("n")[0].as_py()) for name, sql in queries.items()}
