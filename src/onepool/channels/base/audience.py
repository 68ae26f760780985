"""Audiences for advertising platforms: files of hashed identifiers, one hash a line, nothing in clear."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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


def hashed(people: Iterable[Mapping[str, Sequence[str]]], formats: Sequence[Hashed]) -> Iterator[tuple[str, str]]:
    """(file's name, line) of everything in ``people`` (identifier type -> values) that the platform could match."""
    for person in people:
        for one in formats:
            for value in person.get(one.type, ()):
                line = one.hash(value)
                if line is not None:
                    yield one.name, line


def write_audience(lines: Iterable[tuple[str, str]], names: Sequence[str], folder: Path) -> dict[str, int]:
    """Write one file for each name, ``NAME.txt``, while ``lines`` (see `hashed`) are read.

    Memory does not grow with the audience. The files appear under their names when all are complete, readable by their
    owner only. Returns the lines of each. Raises OSError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    counts = dict.fromkeys(names, 0)
    with ExitStack() as stack:
        files: dict[str, IO[str]] = {}
        for name in names:
            path = _partial(folder, name)
            stack.callback(path.unlink, missing_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            files[name] = stack.enter_context(os.fdopen(descriptor, "w", encoding="ascii", newline="\n"))
        for name, line in lines:
            files[name].write(line + "\n")
            counts[name] += 1
        for file in files.values():
            file.flush()
            os.fsync(file.fileno())
        for name in names:
            _partial(folder, name).replace(folder / f"{name}.txt")
    return counts


def _partial(folder: Path, name: str) -> Path:
    return folder / f".{name}.txt.part"
