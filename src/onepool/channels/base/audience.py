"""Audiences for advertising platforms: files of hashed identifiers, one hash a line, nothing in clear."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from onepool.channels.base.manifest import Title


@dataclass(frozen=True, slots=True)
class Hashed:
    """One kind of file that a platform takes: of which identifier type, and how a value is hashed.

    ``hash`` gives None for a value that the platform could not match (a foreign number, a masked one).
    """

    name: str
    title: Title
    type: str
    hash: Callable[[str], str | None]


def write_audience(
    people: Iterable[Mapping[str, Sequence[str]]], formats: Sequence[Hashed], folder: Path
) -> dict[str, int]:
    """Write one file for each format, ``NAME.txt``, while ``people`` (identifier type -> values) are read.

    Memory does not grow with the audience. The files appear under their names when all are complete, readable by their
    owner only. Returns the lines of each. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counts = {one.name: 0 for one in formats}
    with ExitStack() as stack:
        files: dict[str, IO[str]] = {}
        for one in formats:
            path = _partial(folder, one)
            stack.callback(path.unlink, missing_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            files[one.name] = stack.enter_context(os.fdopen(descriptor, "w", encoding="ascii", newline="\n"))
        for person in people:
            for one in formats:
                for value in person.get(one.type, ()):
                    line = one.hash(value)
                    if line is not None:
                        files[one.name].write(line + "\n")
                        counts[one.name] += 1
        for file in files.values():
            file.flush()
            os.fsync(file.fileno())
        for one in formats:
            _partial(folder, one).replace(folder / f"{one.name}.txt")
    return counts


def _partial(folder: Path, one: Hashed) -> Path:
    return folder / f".{one.name}.txt.part"
