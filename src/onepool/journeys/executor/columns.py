"""Runs as columns: one NumPy array for each column of the table `runs`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

I64: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Texts: TypeAlias = npt.NDArray[np.object_]

NONE: Final = -1
"""Stands for null in columns of numbers."""

FOREVER: Final = np.iinfo(np.int64).max

INTS: Final = (
    "run_id", "version_id", "customer_id", "node", "visit", "hop", "state", "due", "entered", "arrived", "ended",
    "goal_at", "parent", "depth", "seq",
)  # fmt: skip
TEXTS: Final = ("key", "reason", "trigger", "vars")
COLUMNS: Final = (*INTS, *TEXTS)
NULLABLE: Final = frozenset(("due", "ended", "goal_at", "parent"))


class Runs:
    """Columns of equal length. Numbers are int64 (`NONE` for null), texts objects (None for null, "" for no key)."""

    __slots__ = COLUMNS

    run_id: I64
    version_id: I64
    customer_id: I64
    node: I64
    visit: I64
    hop: I64
    state: I64
    due: I64
    entered: I64
    arrived: I64
    ended: I64
    goal_at: I64
    parent: I64
    depth: I64
    seq: I64
    key: Texts
    reason: Texts
    trigger: Texts
    vars: Texts

    def __init__(self, **columns: Any) -> None:
        for name in COLUMNS:
            setattr(self, name, columns[name])

    def __len__(self) -> int:
        return int(self.run_id.size)

    @classmethod
    def empty(cls) -> Runs:
        return cls(**{name: np.empty(0, np.int64) for name in INTS}, **{name: np.empty(0, object) for name in TEXTS})

    @classmethod
    def new(cls, count: int, **columns: Any) -> Runs:
        """So many runs; single values stand for all rows; what isn't said is NONE, 0 for counters, None for texts."""
        zero = {"visit", "hop", "depth", "seq"}
        made: dict[str, Any] = {}
        for name in INTS:
            given = columns.get(name, 0 if name in zero else NONE)
            made[name] = np.full(count, given, np.int64) if np.ndim(given) == 0 else np.array(given, np.int64)
        for name in TEXTS:
            given = columns.get(name, "" if name == "key" else None)
            made[name] = texts(given, count)
        return cls(**made)

    @classmethod
    def of_rows(cls, rows: Sequence[Sequence[Any]]) -> Runs:
        """From rows in the order of COLUMNS, numbers not null."""
        if not rows:
            return cls.empty()
        parts = list(zip(*rows, strict=True))
        made: dict[str, Any] = {}
        for name, part in zip(COLUMNS, parts, strict=True):
            if name in INTS:
                made[name] = np.fromiter(part, np.int64, len(part))
            else:
                made[name] = texts(part, len(part))
        return cls(**made)

    @classmethod
    def of_table(cls, table: pa.Table) -> Runs:
        """From columns as `state.columns` reads them: integers and texts, null where there is nothing."""
        made: dict[str, Any] = {}
        for name in COLUMNS:
            column = table.column(name).combine_chunks()
            if name in INTS:
                made[name] = column.fill_null(NONE).to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
            elif column.null_count == len(column):
                made[name] = texts(None, len(column))
            else:
                made[name] = texts(column.to_numpy(zero_copy_only=False), len(column))
        return cls(**made)

    def rows(self, names: Iterable[str] = COLUMNS) -> list[tuple[Any, ...]]:
        """As rows of plain values; `NONE` stays."""
        return list(zip(*(getattr(self, name).tolist() for name in names), strict=True))

    def take(self, places: npt.NDArray[Any]) -> Runs:
        """The rows at these places (or where a mask holds)."""
        return Runs(**{name: getattr(self, name)[places] for name in COLUMNS})

    def copy(self) -> Runs:
        """Columns of their own."""
        return Runs(**{name: getattr(self, name).copy() for name in COLUMNS})

    @staticmethod
    def joined(parts: Sequence[Runs]) -> Runs:
        """One under the other."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return Runs.empty()
        return Runs(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS})


def texts(given: Any, count: int) -> Texts:
    """An array of texts; a single one stands for all."""
    found = np.empty(count, object)
    if given is None or isinstance(given, str):
        found.fill(given)
    else:
        found[:] = given if isinstance(given, np.ndarray) else list(given)
    return found
