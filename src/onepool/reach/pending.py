"""What a run is about to write, kept until it is known to be written: a run that dies is repeated exactly.

Without it a row that went out just before the end, and is no more by the next try, would stay in the target for ever;
and a receiver that takes each part once, by its key, would miss what a part has gained meanwhile.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow as pa

from onepool.pool.remote import arrow_bytes


@dataclass(frozen=True, slots=True)
class Pending:
    """Rows to write, keys to take out, digests to remember when that is done, and how many rows are there then.

    ``fits``: the digest of the definition that it was made for; empty where it is not to be done again as it is.
    ``attempt``: how many others, of other definitions, were begun under the number of this run before. ``left_out``:
    members who are not told of, since they have not agreed to it.
    """

    rows: pa.Table
    gone: pa.Table
    kept: pa.Table
    total: int
    attempt: int = 0
    fits: str = ""
    left_out: int = 0


class _Packed(msgspec.Struct):
    rows: bytes
    gone: bytes
    kept: bytes
    total: int
    attempt: int = 0
    fits: str = ""
    left_out: int = 0


def place(written: Path, sequence: int) -> Path:
    """Where it is kept for a run."""
    return written.with_suffix(f".{sequence:08d}.pending")


def save(found: Pending, path: Path) -> None:
    """Keep it: the whole file or none of it, on disk when this returns."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    tables = (arrow_bytes(found.rows), arrow_bytes(found.gone), arrow_bytes(found.kept))
    packed = _Packed(*tables, found.total, found.attempt, found.fits, found.left_out)
    draft = path.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.msgpack.encode(packed))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def load(path: Path) -> Pending | None:
    """What was kept, None where nothing was."""
    try:
        packed = msgspec.msgpack.decode(path.read_bytes(), type=_Packed)
    except FileNotFoundError:
        return None
    rows, gone, kept = (pa.ipc.open_stream(raw).read_all() for raw in (packed.rows, packed.gone, packed.kept))
    return Pending(rows, gone, kept, packed.total, packed.attempt, packed.fits)
