"""import."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from onepool.cli.output import HERE, Json, WorkspaceDir, author, note, opened, say, show_json, show_table
from onepool.collect.files import KINDS, Progress, load_mapping
from onepool.errors import UsageError

if TYPE_CHECKING:
    from onepool.imports import Outcome


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("import")(run)


def run(
    kind: Annotated[str, typer.Argument(help=f"What the rows are: {', '.join(KINDS)}.")],
    files: Annotated[list[Path], typer.Argument(help="CSV, TSV, Excel, JSONL or Parquet; gzip and zstd too.")],
    folder: WorkspaceDir = HERE,
    touchpoint: Annotated[str | None, typer.Option(help="Where the data comes from (default: files).")] = None,
    mapping: Annotated[Path | None, typer.Option("--map", help="YAML that says what the columns mean.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Only say what would be accepted and refused, and why.")] = False,
    as_json: Json = False,
) -> None:
    """Import files. Importing the same file again changes nothing; a broken row goes to quarantine.

    Example: onepool import orders orders.csv --touchpoint shop --dry-run
    """
    if kind not in KINDS:
        raise UsageError(f"no such kind: {kind}", hint=f"one of {', '.join(KINDS)}")
    with progress_bars(quiet=as_json) as progress:
        # Loaded here: what compiles the kernels costs half a second that other commands need not spend.
        from onepool.imports import import_into

        outcome = import_into(
            opened(folder),
            kind,
            files,
            touchpoint=touchpoint,
            mapping=None if mapping is None else load_mapping(mapping),
            dry_run=dry_run,
            author=author(),
            progress=progress,
        )
    if as_json:
        show_json(outcome.as_dict())
    else:
        show_outcome(outcome)


def show_outcome(outcome: Outcome) -> None:
    """The outcome of an import for people."""
    report = outcome.report
    for file in report.files:
        form = " ".join(part for part in (file.format, file.encoding, file.compression) if part and part != "none")
        note(f"{file.name} ({form}): {file.rows:,} rows, {file.items:,} items")
        for column, use in file.columns.items():
            note(f"  {column} -> {use}")
        if file.totals:
            note(f"  left out, lines of totals: row {', '.join(str(row) for row in file.totals)}")
    what = "would be accepted" if report.dry_run else "accepted"
    say(f"{what}: {outcome.accepted:,}   quarantined: {outcome.quarantined:,}   duplicates: {outcome.duplicates:,}")
    if not (outcome.accepted or outcome.quarantined or outcome.duplicates):
        note("nothing was found to import: see which columns were understood above, or write a map (--map)")
    if outcome.refused:
        rows = [
            {"rule": rule, "count": refusals.count, "first": refusals.samples[0][:200]}
            for rule, refusals in sorted(outcome.refused.items(), key=lambda pair: -pair[1].count)
        ]
        show_table(rows, "refused")


@contextmanager
def progress_bars(*, quiet: bool) -> Iterator[Progress | None]:
    """Progress bars on standard error, one for each thing being done; none when quiet."""
    if quiet:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield progress
