"""The folder of the index: one folder for each build, made aside and put in its place whole.

<folder>/<build>/manifest.json   what it is; written last
                 customers.npy   ids, ascending; offsets.npy: where each one's rows begin (one more at the end)
                 identifiers.npy, owners.npy   the map of identifiers to customers as it was
                 <column>.npy    one value per row; <column>.null.npy: which are missing
                 <column>.words.arrow   the dictionary of a column of text
                 <column>.arrow  a column that stays Arrow, in batches of `BATCH_ROWS` rows
                 whole.arrow     events kept whole (whole.py); whole.npy: where each customer's begin
"""

from __future__ import annotations

import os
import shutil
import weakref
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import structlog

from onepool.pool.behaviour.kinds import I64, Array, Column
from onepool.pool.behaviour.whole import Kept, Whole

_logger = structlog.get_logger(__name__)

FORMAT: Final = 1
_PART: Final = ".part"
_MANIFEST: Final = "manifest.json"


def latest(offsets: I64, time: I64) -> I64:
    """When each customer's newest event was (the least number: never). Events lie in order."""
    ends = offsets[1:]
    found = np.full(ends.size, np.iinfo(np.int64).min, np.int64)
    some = ends > offsets[:-1]
    found[some] = time[ends[some] - 1]
    return found


class Manifest(msgspec.Struct, frozen=True):
    """What a build holds. `reach`: the greatest seq in it; `epoch`: how often history had been rewritten by then;
    `lined`: the names of events of which any had order lines (None: it was not looked at); `whole`: the events that are
    kept whole (None: none)."""

    format: int
    build: str
    pool: str
    epoch: int
    reach: int
    events: int
    customers: int
    columns: dict[str, Column]
    built_at: int
    seconds: float
    lined: list[str] | None = None
    whole: Kept | None = None


class Base:
    """A finished build, its columns mapped into memory when they are asked for. `folder` goes once it is retired and
    nobody holds it any more."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self._open: dict[str, Any] = {}

    @property
    def columns(self) -> Mapping[str, Column]:
        return self.manifest.columns

    @cached_property
    def customers(self) -> I64:
        return self._array("customers")

    @cached_property
    def offsets(self) -> I64:
        return self._array("offsets")

    @cached_property
    def identifiers(self) -> I64:
        return self._array("identifiers")

    @cached_property
    def owners(self) -> I64:
        return self._array("owners")

    @cached_property
    def latest(self) -> I64:
        """When each customer's newest event was."""
        return latest(self.offsets, self.values("time"))

    def values(self, name: str) -> Array:
        """The stored array of a column of fixed width or of codes."""
        found: Array = self._kept(name, self._array)
        return found

    def missing(self, name: str) -> Array | None:
        """Which values of a column are missing; None: none is."""
        return self._kept(f"{name}.null", self._array) if self.columns[name].nulls else None

    def words(self, name: str) -> pa.Array:
        """The dictionary of a column of text; place 0 is the missing one."""
        return self._kept(f"{name}.words", self._words)

    def codes(self, name: str) -> Mapping[str, int]:
        """The code of each word of a column of text."""
        found: Mapping[str, int] = self._kept(
            f"{name}.codes", lambda _: {word: code for code, word in enumerate(self.words(name).to_pylist()) if code}
        )
        return found

    def filed(self, rows: I64) -> I64:
        """Under whom rows are filed."""
        return self.customers[np.searchsorted(self.offsets, rows, side="right") - 1]

    def batches(self, name: str) -> list[pa.Array]:
        """The batches of a column that stays Arrow."""
        found: list[pa.Array] = self._kept(f"{name}.batches", lambda _: self._batches(name))
        return found

    @cached_property
    def whole(self) -> Whole | None:
        """The events that are kept whole."""
        return None if self.manifest.whole is None else Whole(self.folder, self.offsets)

    def retire(self) -> None:
        """Remove the files as soon as nobody reads them any more."""
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def _kept(self, key: str, read: Any) -> Any:
        found = self._open.get(key)
        if found is None:
            found = self._open[key] = read(key)
        return found

    def _array(self, name: str) -> Array:
        path = self.folder / f"{name}.npy"
        # A file without rows can't be mapped.
        empty = self.manifest.events == 0 or name in ("identifiers", "owners")
        array = np.load(path, mmap_mode=None if empty else "r", allow_pickle=False)
        plain: Array = array.view(np.ndarray)
        return plain

    def _words(self, key: str) -> pa.Array:
        with pa.memory_map(str(self.folder / f"{key}.arrow")) as source:
            return pa.ipc.open_file(source).read_all().column(0).combine_chunks()

    def _batches(self, name: str) -> list[pa.Array]:
        with pa.memory_map(str(self.folder / f"{name}.arrow")) as source:
            reader = pa.ipc.open_file(source)
            return [reader.get_batch(number).column(0) for number in range(reader.num_record_batches)]


class Folder:
    """The builds on disk. One process at a time may hold it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, build: str) -> Path:
        """An empty folder for a new build, not yet visible."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self.path / f"{build}{_PART}"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
        return part

    def finish(self, part: Path, manifest: Manifest) -> Base:
        """Make a build visible: everything is on disk before its folder gets its name."""
        (part / _MANIFEST).write_bytes(msgspec.json.encode(manifest))
        for path in part.iterdir():
            _sync(path)
        _sync(part)
        final = self.path / manifest.build
        part.rename(final)
        _sync(self.path)
        return Base(final, manifest)

    def latest(self, pool: str, epoch: int) -> Base | None:
        """The newest whole build of this pool and epoch; every other one is removed. To be called by one process."""
        if not self.path.is_dir():
            return None
        found: Base | None = None
        for path in sorted(self.path.iterdir()):
            manifest = _manifest(path)
            if manifest is None or manifest.pool != pool or manifest.epoch != epoch:
                shutil.rmtree(path, ignore_errors=True)
                continue
            if found is None or manifest.built_at >= found.manifest.built_at:
                if found is not None:
                    shutil.rmtree(found.folder, ignore_errors=True)
                found = Base(path, manifest)
            else:
                shutil.rmtree(path, ignore_errors=True)
        return found


def _manifest(path: Path) -> Manifest | None:
    """What is in a folder; None where it is no whole build of this format."""
    if path.name.endswith(_PART):
        return None
    try:
        manifest = msgspec.json.decode((path / _MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        _logger.warning(
            "a build of the behaviour index can't be read and is removed", build=path.name, error=str(error)
        )
        return None
    return manifest if manifest.format == FORMAT else None


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
