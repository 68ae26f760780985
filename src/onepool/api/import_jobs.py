"""Imports of a server: one at a time, the others wait; what became of them is kept beside the data."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from onepool.api.models.imports import (
    FileImport,
    ImportOutcome,
    ImportRefusal,
    ImportRequest,
    ImportRow,
)
from onepool.api.problems import Conflict
from onepool.api.workspace import WorkspaceLike
from onepool.clock import Clock
from onepool.collect.files import Mapping
from onepool.errors import OnePoolError
from onepool.imports import DEFAULT_TOUCHPOINT, Outcome, RefusedRow, import_beside
from onepool.privacy.masking import mask_text
from onepool.standards.personal import hidden_of

KEPT: Final = 100
"""Imports whose outcome is kept."""
MOST_OPEN: Final = 20
_STEPS: Final[tuple[Literal["reading", "writing", "applying"], ...]] = ("reading", "writing", "applying")


class _Stopped(Exception):
    """Somebody wants it to end."""


@dataclass
class _Job:
    shown: FileImport
    path: Path
    mapping: Mapping | None
    halt: threading.Event = field(default_factory=threading.Event)


class Imports:
    """From any thread. Outcomes are files of JSON, so that they outlive the server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._open: dict[str, _Job] = {}

    def start(
        self, ws: WorkspaceLike, clock: Clock, asked: ImportRequest, path: Path, mapping: Mapping | None, author: str
    ) -> FileImport:
        """Begin one. Raises Conflict when too many wait."""
        shown = FileImport(
            id=secrets.token_hex(8), file=path.name, kind=asked.kind, touchpoint=asked.touchpoint or DEFAULT_TOUCHPOINT,
            dry_run=asked.dry_run, status="waiting", step=None, done=0, total=0, problem=None, author=author,
            created_at=clock.now(), finished_at=None, outcome=None,
        )  # fmt: skip
        job = _Job(shown, path, mapping)
        with self._lock:
            if len(self._open) >= MOST_OPEN:
                raise Conflict("too many imports wait", hint="wait for some of them, or stop them", code="imports-busy")
            self._open[shown.id] = job
        _keep(ws.data, shown)
        threading.Thread(target=self._work, args=(ws, clock, job), name="import", daemon=True).start()
        return shown

    def get(self, data: Path, number: str) -> FileImport | None:
        """One; None: not known (any more)."""
        job = self._open.get(number)
        return job.shown if job is not None else self._read(_folder(data) / f"{number}.json")

    def list(self, data: Path) -> list[FileImport]:
        """The latest ones, the newest first."""
        found = [self.get(data, path.stem) for path in _folder(data).glob("*.json")]
        return sorted((one for one in found if one is not None), key=lambda one: one.created_at, reverse=True)[:KEPT]

    def stop(self, number: str) -> None:
        """End one at its next step; what it has written stays."""
        job = self._open.get(number)
        if job is not None:
            job.halt.set()

    def uses(self, path: Path) -> bool:
        """Whether a file is still wanted."""
        return any(job.path == path for job in list(self._open.values()))

    @staticmethod
    def _read(path: Path) -> FileImport | None:
        try:
            kept = FileImport.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None
        if kept.status in ("waiting", "running"):
            return kept.model_copy(update={"status": "interrupted", "step": None})
        return kept

    def _work(self, ws: WorkspaceLike, clock: Clock, job: _Job) -> None:
        def progress(what: str, done: int, total: int) -> None:
            step = next((one for one in _STEPS if what.startswith(one)), None)
            job.shown = job.shown.model_copy(update={"step": step, "done": done, "total": total})
            if job.halt.is_set():
                raise _Stopped

        def ended(**how: object) -> None:
            job.shown = job.shown.model_copy(update={**how, "step": None, "finished_at": clock.now()})

        asked = job.shown
        with self._turn:
            try:
                progress("", 0, 0)
                job.shown = job.shown.model_copy(update={"status": "running"})
                outcome = import_beside(
                    ws, asked.kind, [job.path], touchpoint=asked.touchpoint, mapping=job.mapping,
                    dry_run=asked.dry_run, author=asked.author, progress=progress,
                )  # fmt: skip
                ended(status="done", outcome=_shown(ws, asked, outcome))
            except _Stopped:
                ended(status="cancelled")
            except OnePoolError as error:
                ended(status="failed", problem=mask_text(str(error).replace(str(job.path), job.path.name)))
            # Whatever it was, whoever waits for it has to hear of it.
            except Exception as error:  # noqa: BLE001
                ended(status="failed", problem=mask_text(repr(error))[:500])
            finally:
                _keep(ws.data, job.shown)
                with self._lock:
                    self._open.pop(asked.id, None)
        _forget(self.list(ws.data), ws.data)


def _shown(ws: WorkspaceLike, asked: FileImport, outcome: Outcome) -> ImportOutcome:
    (file,) = outcome.report.files
    refused = sorted(outcome.refused.items(), key=lambda pair: (-pair[1].count, pair[0]))
    hide = hidden_of(ws.standard())
    of_thing = asked.kind in ("products", "stores", "coupons", "campaigns")

    def row(one: RefusedRow) -> ImportRow:
        return ImportRow(
            id=None if one.id is None else str(one.id),
            row=one.row,
            rule=one.rule,
            field=one.field,
            message=mask_text(one.message),
            sample=hide.sample(one.sample, False, of_thing=of_thing),
        )

    return ImportOutcome(
        format=file.format,
        encoding=file.encoding,
        rows=file.rows,
        items=file.items,
        accepted=outcome.accepted,
        quarantined=outcome.quarantined,
        duplicates=outcome.duplicates,
        refused=[ImportRefusal(rule=rule, count=found.count) for rule, found in refused],
        first=[row(one) for one in outcome.first],
        columns=dict(file.columns),
        missing_columns=list(file.missing_columns),
        totals=list(file.totals),
    )


def _folder(data: Path) -> Path:
    folder = data / "imports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _keep(data: Path, shown: FileImport) -> None:
    path = _folder(data) / f"{shown.id}.json"
    part = path.with_suffix(".part")
    part.write_text(shown.model_dump_json(), encoding="utf-8")
    part.replace(path)


def _forget(kept: Iterable[FileImport], data: Path) -> None:
    """Outcomes beyond those that are kept."""
    names = {one.id for one in kept}
    paths = sorted(_folder(data).glob("*.json"), key=lambda path: path.stat().st_mtime)
    for path in paths[: max(len(paths) - KEPT, 0)]:
        if path.stem not in names:
            path.unlink(missing_ok=True)
