"""The definitions of the demonstration workspace, as YAML beside this file."""

from __future__ import annotations

import importlib.resources
from importlib.resources.abc import Traversable
from typing import Any

import yaml

FOLDERS = {"touchpoint": "touchpoints", "tag": "tags", "segment": "segments"}


def settings_text() -> str:
    """The demonstration workspace's `onepool.yaml`."""
    return _root().joinpath("onepool.yaml").read_text(encoding="utf-8")


def definitions(kind: str) -> dict[str, dict[str, Any]]:
    """The definitions of a kind (touchpoint, tag, segment) by name, as written."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(files(kind), key=lambda file: file.name):
        body = yaml.safe_load(file.read_text(encoding="utf-8"))
        found[str(body[kind])] = body
    return found


def files(kind: str) -> list[Traversable]:
    """The YAML files of a kind."""
    return [file for file in _root().joinpath(FOLDERS[kind]).iterdir() if file.name.endswith(".yaml")]


def _root() -> Traversable:
    return importlib.resources.files("onepool.demo.workspace")
