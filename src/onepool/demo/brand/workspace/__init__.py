"""The definitions of the demonstration brand's workspace, as YAML beside this file."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

FIRST: Final = ("standard", "touchpoints", "identity")
"""What has to be there before anything comes in."""

THEN: Final = ("tags", "segments")
"""What is computed once the data is in."""


def settings_text() -> str:
    """The workspace's `onepool.yaml`."""
    return _root().joinpath("onepool.yaml").read_text(encoding="utf-8")


def files(folder: str) -> Iterator[Traversable]:
    """The YAML files of a folder, by name."""
    found = [file for file in _root().joinpath(folder).iterdir() if file.name.endswith(".yaml")]
    yield from sorted(found, key=lambda file: file.name)


def copy_into(root: Path, folders: tuple[str, ...]) -> None:
    """Copies definitions into a workspace's folder."""
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
        for file in files(folder):
            (root / folder / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")


def _root() -> Traversable:
    return importlib.resources.files("onepool.demo.brand.workspace")
