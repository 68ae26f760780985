"""Importing into a workspace: which touchpoint, what the standard says to it, and seeing it applied."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from onepool.collect.files import Check, ImportReport, Kind, Mapping, Progress, Refusals, Verdict, import_files
from onepool.collect.log import Record
from onepool.collect.touchpoint import Touchpoint
from onepool.errors import UsageError
from onepool.pool import PoolBusy
from onepool.pool.known_orders import KnownOrders
from onepool.standards import standardise
from onepool.tick import Worker, WorkerBusy
from onepool.workspace import Workspace

DEFAULT_TOUCHPOINT = "files"
_DEFAULT = {"channel": "file", "title": {"zh": "文件导入", "en": "Imported files"}}

SEQ_BITS = 20
POLL_SECONDS = 0.2

RECORDS_AT_ONCE = 40
"""Records of files for one tick: about 40 MB of items, and the memory of one tick is some ten times that."""


@dataclass(slots=True)
class Outcome:
    """What became of an import."""

    report: ImportReport
    accepted: int = 0
    duplicates: int = 0
    refused: dict[str, Refusals] = field(default_factory=dict)

    @property
    def quarantined(self) -> int:
        """Items and rows that broke a rule."""
        return sum(refusals.count for refusals in self.refused.values())

    def as_dict(self) -> dict[str, Any]:
        """The outcome for machines."""
        return {
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "quarantined": self.quarantined,
            "by_rule": {
                rule: {"count": refusals.count, "samples": refusals.samples}
                for rule, refusals in sorted(self.refused.items())
            },
            "import": self.report.as_dict(),
        }


def import_into(
    workspace: Workspace,
    kind: Kind,
    paths: Sequence[Path],
    *,
    touchpoint: str | None = None,
    mapping: Mapping | None = None,
    dry_run: bool = False,
    author: str = "import",
    progress: Progress | None = None,
) -> Outcome:
    """Imports files into a workspace and applies them. Raises UsageError, FileError, MappingError, LogUnavailable.

    Beside a running server that one applies them; this waits until it has.
    """
    point = find_touchpoint(workspace, touchpoint, author=author, create=not dry_run)
    check = check_with(workspace, point) if dry_run else None
    known = known_orders(workspace, point, apply=not dry_run) if kind == "orders" else None
    report = import_files(
        kind,
        paths,
        workspace.log,
        point,
        mapping,
        workspace.standard(),
        workspace.clock,
        progress=progress,
        check=check,
        scratch=scratch_folder(workspace),
        known=known,
    )
    if report.verdict is not None:
        return Outcome(report, accepted=report.verdict.accepted, refused=report.verdict.refused)
    apply_log(workspace, report.offsets, progress)
    return outcome_of(workspace, report)


def find_touchpoint(workspace: Workspace, name: str | None, *, author: str, create: bool = True) -> Touchpoint:
    """The touchpoint by name; without a name "files", which is made when it is not there."""
    known = workspace.touchpoints()
    wanted = name or DEFAULT_TOUCHPOINT
    if wanted in known:
        return known[wanted]
    if name is not None and name != DEFAULT_TOUCHPOINT:
        raise UsageError(
            f"no touchpoint {name!r}",
            hint=f"known: {', '.join(sorted(known)) or 'none'}; a new one: touchpoints/{name}.yaml, then onepool apply",
        )
    if create:
        workspace.save("touchpoint", wanted, {"touchpoint": wanted, **_DEFAULT}, author=author, reason="first import")
        return workspace.touchpoints()[wanted]
    return Touchpoint(wanted, str(_DEFAULT["channel"]))


def scratch_folder(workspace: Workspace) -> Path:
    """Where an import keeps what does not fit in memory: beside the data, where there is room for it."""
    folder = workspace.data / "scratch"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def known_orders(workspace: Workspace, touchpoint: Touchpoint, *, apply: bool) -> KnownOrders:
    """What is known of the touchpoint's orders; with `apply` also what the log holds of them by now."""

    def fresh() -> None:
        end = workspace.log.end()
        if not apply:
            return
        # Whoever holds the pool may be gone without a trace: applying takes over.
        with suppress(PoolBusy):
            if workspace.applied() >= end:
                return
        apply_log(workspace, [end])

    hundredths = (touchpoint.mapping or {}).get("money") == "fen"
    return KnownOrders(lambda: workspace.pool, touchpoint.name, hundredths=hundredths, fresh=fresh)


def check_with(workspace: Workspace, touchpoint: Touchpoint) -> Check:
    """A judge for dry runs: the standard in force, nothing kept."""
    standard, settings = workspace.standard(), workspace.standard_settings
    touchpoints = {touchpoint.name: touchpoint}

    def check(records: Sequence[Record], verdict: Verdict) -> None:
        batch = standardise(records, standard, settings, touchpoints)
        verdict.accepted += batch.rows.num_rows
        _count(batch.quarantine, verdict.refused)

    return check


def apply_log(workspace: Workspace, offsets: Sequence[int], progress: Progress | None = None) -> None:
    """Sees that the log is applied up to the last of these offsets: by ticks of its own, or by the running worker.

    Should that one stop meanwhile, this takes over.
    """
    if not offsets:
        return
    goal = offsets[-1]
    first = offsets[0]

    def tell(done: int) -> None:
        if progress is not None:
            progress("applying", max(done - first + 1, 0), goal - first + 1)

    with _small_ticks(workspace):
        while True:
            try:
                worker = Worker(workspace)
                break
            except (WorkerBusy, PoolBusy):
                # The one that runs may stop between any two of these calls.
                with suppress(PoolBusy):
                    done = workspace.applied()
                    if done >= goal:
                        return
                    tell(done)
                time.sleep(POLL_SECONDS)
        try:
            while worker.step():
                tell(min(worker.offset, goal))
        finally:
            worker.close()


@contextmanager
def _small_ticks(workspace: Workspace) -> Iterator[None]:
    """Lets a tick take fewer records: one of an imported file holds thousands of items, a request a few."""
    settings = workspace.settings
    few = min(settings.tick.max_requests, RECORDS_AT_ONCE)
    workspace.settings = settings.model_copy(update={"tick": settings.tick.model_copy(update={"max_requests": few})})
    try:
        yield
    finally:
        workspace.settings = settings


def outcome_of(workspace: Workspace, report: ImportReport) -> Outcome:
    """What the pool says about an applied import."""
    outcome = Outcome(report)
    if not report.offsets:
        return outcome
    offsets = {"offsets": report.offsets}
    pool = workspace.pool
    for table in ("events", "accepted_ids"):
        found = pool.query(
            f"SELECT count(*) AS n FROM {table} WHERE list_contains($offsets, seq >> {SEQ_BITS})",  # noqa: S608 constants
            offsets,
        )
        outcome.accepted += found.column("n")[0].as_py()
    quarantined = pool.query(
        "SELECT rule, field, message, sample FROM quarantine WHERE list_contains($offsets, log_offset) ORDER BY seq",
        offsets,
    )
    _count(quarantined, outcome.refused)
    outcome.duplicates = report.items + report.refused - outcome.accepted - outcome.quarantined
    return outcome


def _count(quarantine: pa.Table, refused: dict[str, Refusals]) -> None:
    columns = (quarantine.column(name).to_pylist() for name in ("rule", "field", "message", "sample"))
    for rule, name, message, sample in zip(*columns, strict=True):
        field_name = f"{name}: " if name else ""
        refused.setdefault(rule, Refusals()).add(f"{_place(sample)}{field_name}{message}: {(sample or '')[:300]}")


_IMPORTED: Final = re.compile(r'"import":\{"file":"((?:[^"\\]|\\.)*)","row":(\d+)\}')


def _place(sample: str | None) -> str:
    """Where in which file a refused item stood; empty where its sample does not say."""
    found = _IMPORTED.search(sample or "")
    return f"{found[1]}, row {found[2]}: " if found else ""
