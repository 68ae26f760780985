"""Importing into a workspace: which touchpoint, what the standard says to it, and seeing it applied."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from onepool.clock import Clock
from onepool.collect.files import (
    Check,
    FileError,
    ImportReport,
    Kind,
    Mapping,
    Planner,
    Progress,
    Refusals,
    Seen,
    Verdict,
    import_files,
    peek,
    place_of,
)
from onepool.collect.files.underway import underway
from onepool.collect.log import Log, Record
from onepool.collect.touchpoint import Touchpoint
from onepool.errors import UsageError
from onepool.pool import Engine, PoolBusy
from onepool.pool.known_orders import KnownOrders
from onepool.standards import Standard, StandardSettings, standardise
from onepool.tick import Worker, WorkerBusy
from onepool.workspace import Workspace

DEFAULT_TOUCHPOINT = "files"
_DEFAULT = {"channel": "file", "title": {"zh": "文件导入", "en": "Imported files"}}

SEQ_BITS = 20
POLL_SECONDS = 0.2

RECORDS_AT_ONCE = 40
"""Records of files for one tick: about 40 MB of items, and the memory of one tick is some ten times that."""


FIRST = 100
"""Refused rows that an outcome names one by one."""


class Target(Protocol):
    """What is imported into: an open workspace, or what a server holds of one."""

    @property
    def log(self) -> Log: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def data(self) -> Path: ...

    @property
    def pool(self) -> Engine: ...

    @property
    def standard_settings(self) -> StandardSettings: ...

    def standard(self) -> Standard: ...

    def applied(self) -> int: ...

    def touchpoints(self) -> dict[str, Touchpoint]: ...

    def save(self, kind: str, name: str, body: dict[str, Any], *, author: str, reason: str = "") -> object: ...


Apply = Callable[[Sequence[int]], None]
"""Sees that the log is applied up to the last of these offsets."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One of the refused. ``id``: in quarantine (after a dry run there is none); ``row``: as a reader of the file
    counts; ``sample``: in clear."""

    id: int | None
    file: str | None
    row: int | None
    rule: str
    field: str | None
    message: str
    sample: str

    def as_dict(self) -> dict[str, Any]:
        """Without what was sent."""
        return {name: getattr(self, name) for name in ("id", "file", "row", "rule", "field", "message")}


@dataclass(slots=True)
class Outcome:
    """What became of an import. ``first``: the first refused rows of the files."""

    report: ImportReport
    accepted: int = 0
    duplicates: int = 0
    refused: dict[str, Refusals] = field(default_factory=dict)
    first: list[RefusedRow] = field(default_factory=list)

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
            "first": [one.as_dict() for one in self.first],
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

    def apply(offsets: Sequence[int]) -> None:
        apply_log(workspace, offsets, progress)

    return bring_in(
        workspace, kind, paths, apply, touchpoint=touchpoint, mapping=mapping, dry_run=dry_run, author=author,
        progress=progress,
    )  # fmt: skip


def import_beside(
    workspace: Target,
    kind: Kind,
    paths: Sequence[Path],
    *,
    touchpoint: str | None = None,
    mapping: Mapping | None = None,
    dry_run: bool = False,
    author: str,
    progress: Progress,
) -> Outcome:
    """The same within a server, whose worker applies what is written; this waits for it, telling ``progress``.

    What ``progress`` raises ends it; what was written by then stays, and importing again adds only the rest.
    """

    def apply(offsets: Sequence[int]) -> None:
        while offsets and (done := workspace.applied()) < offsets[-1]:
            progress("applying", max(done - offsets[0] + 1, 0), offsets[-1] - offsets[0] + 1)
            time.sleep(POLL_SECONDS)

    return bring_in(
        workspace, kind, paths, apply, touchpoint=touchpoint, mapping=mapping, dry_run=dry_run, author=author,
        progress=progress,
    )  # fmt: skip


def bring_in(
    workspace: Target,
    kind: Kind,
    paths: Sequence[Path],
    apply: Apply,
    *,
    touchpoint: str | None,
    mapping: Mapping | None,
    dry_run: bool,
    author: str,
    progress: Progress | None,
) -> Outcome:
    """Writes files into the log, has them applied, and says what became of them."""
    point = find_touchpoint(workspace, touchpoint, author=author, create=not dry_run)
    first: list[RefusedRow] = []
    check = check_with(workspace, point, first) if dry_run else None
    known = known_orders(workspace, point, None if dry_run else apply) if kind == "orders" else None
    with nullcontext() if dry_run else underway(workspace.data):
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
        return Outcome(report, accepted=report.verdict.accepted, refused=report.verdict.refused, first=_ordered(first))
    apply(report.offsets)
    return outcome_of(workspace, report)


def look_into(workspace: Target, kind: Kind, path: Path, touchpoint: str | None, mapping: Mapping | None) -> Seen:
    """The first rows of a file, and what its columns would be taken for. Raises as an import does; nothing is kept."""
    point = find_touchpoint(workspace, touchpoint, author="", create=False)
    planner = Planner(kind, workspace.standard(), point, mapping or Mapping())
    try:
        return peek(path, planner, scratch_folder(workspace))
    except FileError as error:
        # Whoever looks knows the file by its name alone.
        raise FileError(error.message, where=path.name, hint=error.hint) from error


def find_touchpoint(workspace: Target, name: str | None, *, author: str, create: bool = True) -> Touchpoint:
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


def scratch_folder(workspace: Target) -> Path:
    """Where an import keeps what does not fit in memory: beside the data, where there is room for it."""
    folder = workspace.data / "scratch"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def known_orders(workspace: Target, touchpoint: Touchpoint, apply: Apply | None) -> KnownOrders:
    """What is known of the touchpoint's orders; with `apply` also what the log holds of them by now."""

    def fresh() -> None:
        end = workspace.log.end()
        if apply is None:
            return
        # Whoever holds the pool may be gone without a trace: applying takes over.
        with suppress(PoolBusy):
            if workspace.applied() >= end:
                return
        apply([end])

    hundredths = (touchpoint.mapping or {}).get("money") == "fen"
    return KnownOrders(lambda: workspace.pool, touchpoint.name, hundredths=hundredths, fresh=fresh)


def check_with(workspace: Target, touchpoint: Touchpoint, first: list[RefusedRow]) -> Check:
    """A judge for dry runs: the standard in force, nothing kept but the first refused rows."""
    standard, settings = workspace.standard(), workspace.standard_settings
    touchpoints = {touchpoint.name: touchpoint}

    def check(records: Sequence[Record], verdict: Verdict) -> None:
        batch = standardise(records, standard, settings, touchpoints)
        verdict.accepted += batch.rows.num_rows
        _count(batch.quarantine, verdict.refused)
        first.extend(_first(batch.quarantine, FIRST - len(first), kept=False))

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


def outcome_of(workspace: Target, report: ImportReport) -> Outcome:
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
        """SELECT seq, rule, field, message, sample FROM quarantine WHERE list_contains($offsets, log_offset)
        ORDER BY seq""",
        offsets,
    )
    _count(quarantined, outcome.refused)
    outcome.first = _ordered(_first(quarantined, FIRST, kept=True))
    outcome.duplicates = report.items + report.refused - outcome.accepted - outcome.quarantined
    return outcome


def _count(quarantine: pa.Table, refused: dict[str, Refusals]) -> None:
    columns = (quarantine.column(name).to_pylist() for name in ("rule", "field", "message", "sample"))
    for rule, name, message, sample in zip(*columns, strict=True):
        field_name = f"{name}: " if name else ""
        place = place_of(rule, message, sample)
        stood = f"{place[0]}, row {place[1]}: " if place else ""
        stood = "" if message.startswith(stood) else stood
        refused.setdefault(rule, Refusals()).add(f"{stood}{field_name}{message}: {(sample or '')[:300]}")


def _first(quarantine: pa.Table, most: int, *, kept: bool) -> list[RefusedRow]:
    """The first refused rows; ``kept``: in quarantine, under their numbers."""
    found = []
    for row in quarantine.slice(0, max(most, 0)).to_pylist():
        message, sample = row["message"] or "", row["sample"] or ""
        file, number = place_of(row["rule"], message, sample) or (None, None)
        # Of a row that could not be read the message begins with the place.
        said = message.removeprefix(f"{file}, row {number}: ")
        seq = int(row["seq"]) if kept else None
        found.append(RefusedRow(seq, file, number, row["rule"], row["field"] or None, said, sample))
    return found


def _ordered(rows: list[RefusedRow]) -> list[RefusedRow]:
    """As a reader of the files meets them."""
    return sorted(rows, key=lambda one: (one.file or "", one.row or 0))
