"""What a destination remembers of its target, in files of its own below ``data/destinations``.

``NAME.MARK.parquet``: digests of the rows that were written; the mark is of what goes where in which columns.
``NAME.MARK.SEQUENCE.pending``: what a run is writing, from just before it writes until it is noted as done.
``NAME.TARGET.ours``: the table at that target was empty, or made from here, when it was first written to.

A pending run that fits the definition is done again exactly; one of another definition is not, but its rows are in
doubt: they are written again where they are still wanted, and taken out where they are not.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from onepool.definitions import canonical
from onepool.reach import pending
from onepool.reach.definition import Destination


@dataclass(frozen=True, slots=True)
class Memory:
    """``target``: what it writes to, whoever it logs in as. ``others``: marks of earlier definitions of that target."""

    folder: Path
    destination: Destination
    target: str
    others: frozenset[str]

    @classmethod
    def of(
        cls, folder: Path, destination: Destination, earlier: Iterable[Destination], address: Callable[[str], str] = str
    ) -> Memory:
        """``earlier``: the definitions that the destination had. ``address``: of the database at a reference."""
        here = _target(destination, address)
        same = {_mark(one) for one in earlier if _target(one, address) == here}
        return cls(folder, destination, here, frozenset(same - {_mark(destination)}))

    @property
    def written(self) -> Path:
        """Where the digests of what was written are kept; another target or other columns begin anew."""
        return self.folder / f"{self._name}.{_mark(self.destination)}.parquet"

    @property
    def current(self) -> bool:
        """Whether the digests are there, and are of what was written last to this target."""
        if not self.written.exists():
            return False
        mine = self.written.stat().st_mtime_ns
        return all(one.stat().st_mtime_ns <= mine for one in self._others())

    def digests(self) -> list[Path]:
        """Digests of what stands at this target: the current ones, else those of all earlier definitions."""
        if self.current:
            return [self.written]
        return [one for one in (self.written, *self._others()) if one.exists()]

    @property
    def known(self) -> bool:
        """Whether the table holds only what was written from here: never said of an adopted one."""
        if self._ours.exists() or any(self.folder.glob(f"{self._name}.*.ours")):
            return self._ours.exists()
        # Written before this was remembered.
        to = self.destination.to
        return to.kind == "database" and not to.adopt and self.written.exists()

    def own(self) -> None:
        """Remember that the table is ours."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._ours, os.O_WRONLY | os.O_CREAT, 0o600)
        os.fsync(handle)
        os.close(handle)

    def begun(self, sequence: int) -> pending.Pending | None:
        """The run of this number that was begun under the very same definition, to be done again as it was."""
        found = pending.load(pending.place(self.written, sequence))
        return found if found is not None and found.fits == _fit(self.destination) else None

    def begin(self, ahead: pending.Pending, sequence: int, *, again: bool) -> None:
        """Keep what is about to be written. ``again``: to be done again as it is; else only its keys are kept."""
        place = pending.place(self.written, sequence)
        rows = ahead.rows if again else ahead.rows.select(self.destination.keys)
        pending.save(replace(ahead, rows=rows, fits=_fit(self.destination) if again else ""), place)
        # Their rows are in doubt no longer: they stand in this one, as written or as gone.
        self._forget_pending(place)

    def doubts(self, sequence: int, schema: pa.Schema) -> tuple[pa.Table, int]:
        """Keys (of this schema) that the run of this number may have written or taken out; and the attempts it had."""
        empty = schema.empty_table()
        tables, attempts = [empty], 0
        for path in self.folder.glob(f"{self._name}.*.{sequence:08d}.pending"):
            found = pending.load(path)
            if found is None:
                continue
            attempts = max(attempts, found.attempt + 1)
            if path.name.split(".")[1] in {_mark(self.destination), *self.others}:
                tables += [one.select(schema.names) for one in (found.rows, found.gone) if fitting(one, schema)]
        return pa.concat_tables([one.cast(schema) for one in tables]), attempts

    def taken(self, number: str) -> int:
        """How many parts of the run of this name a receiver has taken already."""
        try:
            name, _, parts = self._parts.read_text(encoding="ascii").partition(" ")
            return int(parts) if name == number else 0
        except (FileNotFoundError, ValueError):
            return 0

    def took(self, number: str, parts: int) -> None:
        """Remember how many parts are taken. Lost with the machine's power at worst: then they go out again."""
        draft = self._parts.with_suffix(".draft")
        draft.write_text(f"{number} {parts}", encoding="ascii")
        draft.replace(self._parts)

    def tidy(self) -> None:
        """The run is noted as done: what was kept of it goes, and what is of earlier definitions."""
        self._parts.unlink(missing_ok=True)
        self._forget_pending(None)
        for pattern, keep in (("*.parquet", self.written), ("*.ours", self._ours)):
            for old in self.folder.glob(f"{self._name}.{pattern}"):
                if old != keep:
                    old.unlink(missing_ok=True)

    @property
    def _name(self) -> str:
        return self.destination.destination

    @property
    def _ours(self) -> Path:
        return self.folder / f"{self._name}.{self.target}.ours"

    @property
    def _parts(self) -> Path:
        return self.folder / f"{self._name}.{_fit(self.destination)}.taken"

    def _others(self) -> Iterator[Path]:
        for mark in sorted(self.others):
            path = self.folder / f"{self._name}.{mark}.parquet"
            if path.exists():
                yield path

    def _forget_pending(self, keep: Path | None) -> None:
        for old in self.folder.glob(f"{self._name}.*.pending"):
            if old != keep:
                old.unlink(missing_ok=True)


def fitting(table: pa.Table, schema: pa.Schema) -> bool:
    """Whether a table has these columns with these types."""
    return all(name in table.column_names and table.schema.field(name).type == schema.field(name).type
               for name in schema.names)  # fmt: skip


def _mark(destination: Destination) -> str:
    return _digest(destination.model_dump(include={"what", "to", "columns", "gone"}))


def _target(destination: Destination, address: Callable[[str], str]) -> str:
    # A new password or key is no new target.
    body = destination.to.model_dump(exclude={"adopt", "access_key", "secret_key"})
    if destination.to.kind == "database":
        body["url"] = address(destination.to.url)
    return _digest(body)


def _fit(destination: Destination) -> str:
    """Of everything that says which rows go out and how."""
    return _digest(destination.model_dump(exclude={"every", "paused", "title", "purpose"}))


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(body).encode()).hexdigest()[:16]
