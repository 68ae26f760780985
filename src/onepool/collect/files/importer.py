"""Importing files: read, plan, stage, and write to the log in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pyarrow as pa

from onepool.clock import Clock
from onepool.collect.files.ahead import read_ahead, together
from onepool.collect.files.blocks import Block, Source
from onepool.collect.files.decode import Refused
from onepool.collect.files.errors import FileError, MappingError
from onepool.collect.files.known import Known
from onepool.collect.files.mapping import Kind, Mapping
from onepool.collect.files.orders import OrderStage
from onepool.collect.files.plan import Dictionary, Planner
from onepool.collect.files.render import Columns, Parameters, trimmed
from onepool.collect.files.report import Check, FileReport, ImportReport, Progress, Refusals, Verdict
from onepool.collect.files.rows import RowStage
from onepool.collect.files.sources import open_source
from onepool.collect.files.staging import Staging
from onepool.collect.files.totals import without_totals
from onepool.collect.files.writer import ChunkWriter
from onepool.collect.log import Log, NewRecord, Record
from onepool.collect.touchpoint import Touchpoint


def import_files(
    kind: Kind,
    paths: Sequence[Path],
    log: Log,
    touchpoint: Touchpoint,
    mapping: Mapping | None,
    standard: Dictionary,
    clock: Clock,
    *,
    progress: Progress | None = None,
    check: Check | None = None,
    scratch: Path | None = None,
    known: Known | None = None,
) -> ImportReport:
    """Imports files of one kind. ``known``: what is known of orders, so that another figure is told as a change.

    With ``check`` nothing is written: it judges the records instead (a dry run). ``scratch`` is the folder for
    temporary files. Raises FileError for a file that can't be read at all, MappingError for a mapping that is wrong or
    does not fit, LogUnavailable; what was written before stays, and importing again adds only the rest.
    """
    mapping = mapping or Mapping()
    planner = Planner(kind, standard, touchpoint, mapping)
    sources = [open_source(path, planner, scratch) for path in paths]
    return import_sources(
        kind, sources, log, touchpoint, planner, clock, progress=progress, check=check, scratch=scratch, known=known
    )


def import_sources(
    kind: Kind,
    sources: Sequence[Source],
    log: Log,
    touchpoint: Touchpoint,
    planner: Planner,
    clock: Clock,
    *,
    progress: Progress | None = None,
    check: Check | None = None,
    scratch: Path | None = None,
    known: Known | None = None,
) -> ImportReport:
    """The same for sources that are no files. Identical rows in two sources are two only where their names differ."""
    report = ImportReport(kind, touchpoint.name, check is not None)
    tell: Progress = progress or (lambda what, done, total: None)
    sink = _log_sink(log, report) if check is None else _check_sink(check, report)
    for source in sources:
        file = FileReport(source.name)
        report.files.append(file)
        with Staging(scratch) as staging:
            stage = (
                OrderStage(staging, planner.standard, known, planner.order_scope())
                if kind == "orders"
                else RowStage(kind, staging)
            )
            _read(source, stage, staging, planner, file, tell)
            if isinstance(stage, OrderStage):
                stage.merged = file.format in ("csv", "excel")
            writer = ChunkWriter(sink, clock, touchpoint, kind=kind, file=source.name, sha256=file.sha256)
            _write(stage, staging, writer, file, tell)
    return report


def _read(
    source: Source, stage: OrderStage | RowStage, staging: Staging, planner: Planner, file: FileReport, tell: Progress
) -> None:
    """Takes all rows of a source into the staging."""
    statements: dict[str, tuple[str, dict[str, object]]] = {}
    with closing(read_ahead(together(source.blocks()))) as blocks:
        for block in blocks:
            block, totals = without_totals(block)
            file.totals += totals
            layout = repr([(field.name, str(field.type), field.metadata) for field in block.table.schema])
            if layout not in statements:
                statements[layout] = _statement(stage, planner, block, file)
            sql, parameters = statements[layout]
            if block.table.num_rows:
                keys = [f"c{number}" for number in range(block.table.num_columns)]
                table = trimmed(block.table).rename_columns(keys).append_column("row", block.rows)
                staging.insert(sql, table, parameters)
            staging.refuse(block.broken)
            file.rows += block.table.num_rows + len(block.broken) + len(totals)
            tell(f"reading {file.name}", source.facts.done, source.facts.size)
    facts = source.facts
    file.format, file.encoding, file.compression = facts.format, facts.encoding, facts.compression
    file.delimiter, file.header_row, file.sha256 = facts.delimiter, facts.header_row, facts.sha256
    file.missing_columns = planner.missing(file.columns)
    if file.missing_columns and file.format != "jsonl":
        raise MappingError(
            f"the mapping names columns that are not there: {', '.join(file.missing_columns)}",
            where=file.name,
            hint=f"the file has: {', '.join(file.columns)}",
        )


def _statement(
    stage: OrderStage | RowStage, planner: Planner, block: Block, file: FileReport
) -> tuple[str, dict[str, object]]:
    planned = planner.columns(block.table.column_names)
    file.columns.update((column.name, str(column.target)) for column in planned)
    parameters = Parameters()
    columns = Columns(block.table.schema, planned, planner.mapping, parameters)
    for target, value in planner.constants():
        columns.constant(target, value)
    return stage.statement(columns), parameters.values


def _write(
    stage: OrderStage | RowStage, staging: Staging, writer: ChunkWriter, file: FileReport, tell: Progress
) -> None:
    """Writes the staged items, then what could not become one."""
    with closing(read_ahead(stage.items(file.sha256))) as staged:
        for found in staged:
            if "content" in found.column_names:
                writer.write("batch", found["row"], found["content"])
            else:
                writer.write_sheet(found)
            file.items += found.num_rows
            for entry in found["name"].value_counts().to_pylist():
                file.names[entry["values"]] += entry["counts"]
            if found.num_rows:
                tell(f"writing {file.name}", found["row"][-1].as_py(), file.rows)
    for found in staging.refused():
        writer.write("broken", found["row"], found["content"])
        _count_refused(found, file)
    writer.flush()
    tell(f"writing {file.name}", file.rows, file.rows)


def _count_refused(found: pa.Table, file: FileReport) -> None:
    for content in found["content"].to_pylist():
        refused = msgspec.json.decode(content, type=Refused)
        sample = f"row {refused.row}: {refused.message}: {refused.sample[:200]}"
        file.refused.setdefault(refused.rule, Refusals()).add(sample)


def _log_sink(log: Log, report: ImportReport) -> Callable[[Sequence[NewRecord]], None]:
    def sink(records: Sequence[NewRecord]) -> None:
        offsets = log.append(records)
        report.records += len(offsets)
        report.offsets += offsets

    return sink


def _check_sink(check: Check, report: ImportReport) -> Callable[[Sequence[NewRecord]], None]:
    verdict = report.verdict = Verdict()

    def sink(records: Sequence[NewRecord]) -> None:
        for record in records:
            report.records += 1
            numbered = Record(
                record.received_at, record.touchpoint, record.protocol, record.headers, record.body, report.records
            )
            check([numbered], verdict)

    return sink


__all__ = ["FileError", "import_files", "import_sources"]
