"""Writing rows as files into a folder below the workspace's exports, or into a store that speaks S3."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from pyarrow import fs, types

from onepool.channels.base.destinations import forbidden
from onepool.reach.definition import Destination, DestinationError, FolderTarget, StoreTarget

CHANGE = "change_kind"
"""Column of files of changes: upsert, or delete (of which the key is filled and nothing else)."""

NOTHING: Final = "nothing changed, no file"
"""Where a run without changes wrote to."""

# A spreadsheet takes texts that begin so for formulas; some take the full-width signs so too.
_FORMULA: Final = "^[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
_NUMBER: Final = r"^[+-]?[0-9]+(\.[0-9]+)?$"


def write(
    destination: Destination, rows: pa.Table, gone: pa.Table, run: int, attempt: int, exports: Path,
    secret: Callable[[str], str],
) -> str:  # fmt: skip
    """Write one file and say where. Everything: one file that is replaced; changes: a file for each run that has some.

    A run that is repeated after a crash writes the same name again; a later ``attempt``, of another definition, writes
    one that stands behind it.

    Raises:
        DestinationError: in words.
    """
    target = destination.to
    assert isinstance(target, FolderTarget | StoreTarget)
    if destination.mode == "full" and destination.what != "changes":
        name = f"{destination.destination}.{target.format}"
    else:
        again = f"_{attempt}" if attempt else ""
        name = f"{destination.destination}-{run:08d}{again}.{target.format}"
    if destination.mode == "changes":
        gone = gone if destination.gone != "keep" else gone.slice(0, 0)
        if not rows.num_rows and not gone.num_rows:
            return NOTHING
        rows = _with_changes(rows, gone)
    data = encode(rows, target.format)
    path = f"{target.path}/{name}" if target.path else name
    try:
        if isinstance(target, FolderTarget):
            _put(exports / path, data)
            return f"exports/{path}"
        store, _ = _store(target, secret)
        with store.open_output_stream(f"{target.bucket}/{path}") as out:
            out.write(data)
    except (OSError, pa.ArrowException) as error:
        words = str(error)[:200] if isinstance(target, FolderTarget) else type(error).__name__
        raise DestinationError(
            f"the file can't be written: {words}", where=path, hint="look at the address, the keys and their rights"
        ) from error
    return f"s3://{target.bucket}/{path}"


def encode(rows: pa.Table, form: str) -> bytes:
    """A table as Parquet, or as CSV in UTF-8 with the mark that spreadsheets know it by, without live formulas."""
    buffer = io.BytesIO()
    if form == "parquet":
        pq.write_table(rows, buffer, compression="zstd")
    else:
        buffer.write("\ufeff".encode())
        pacsv.write_csv(_inert(rows), buffer)
    return buffer.getvalue()


def _inert(rows: pa.Table) -> pa.Table:
    """Texts that a spreadsheet would take for a formula, with an apostrophe before them; numbers (phones) stay."""
    for number, one in enumerate(rows.schema):
        if not (types.is_string(one.type) or types.is_large_string(one.type)):
            continue
        column = rows.column(number)
        live = pc.and_(pc.match_substring_regex(column, _FORMULA), pc.invert(pc.match_substring_regex(column, _NUMBER)))
        guarded = pc.binary_join_element_wise(pa.scalar("'", one.type), column, pa.scalar("", one.type))
        rows = rows.set_column(number, one.name, pc.if_else(live, guarded, column))
    return rows


def _with_changes(rows: pa.Table, gone: pa.Table) -> pa.Table:
    def told(table: pa.Table, word: str) -> pa.Table:
        return table.append_column(CHANGE, pa.array([word] * table.num_rows, pa.string()))

    left = told(gone, "delete")
    for one in rows.schema:
        if one.name not in left.column_names:
            left = left.append_column(one.name, pa.nulls(left.num_rows, one.type))
    changed = told(rows, "upsert")
    return pa.concat_tables([changed, left.select(changed.column_names)])


def _put(path: Path, data: bytes) -> None:
    """Whole or not at all; readable by the owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _store(target: StoreTarget, secret: Callable[[str], str]) -> tuple[fs.S3FileSystem, str]:
    scheme, _, host = (target.endpoint or "").rpartition("://")
    if host and forbidden(urlsplit(f"//{host}").hostname or ""):
        raise DestinationError("the store's endpoint is an address that nothing is sent to", where="endpoint")
    made = fs.S3FileSystem(
        access_key=secret(target.access_key),
        secret_key=secret(target.secret_key),
        region=target.region,
        endpoint_override=host or None,
        scheme=scheme or "https",
        connect_timeout=10,
        request_timeout=60,
        allow_bucket_creation=False,
    )
    return made, host
