"""The definitions of the demonstration brand's workspace, as YAML beside this file."""

from __future__ import annotations

import importlib.resources
import os
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import yaml

from onepool.channels import registry

_WITHOUT_CHANNEL: Final = ("store", "crm", "web", "app")
"""These take files and SDKs' events only, which need no channel."""

FIRST: Final = ("standard", "touchpoints", "identity")
"""What has to be there before anything comes in."""

THEN: Final = ("maps", "tags", "segments", "coupons", "messages", "policies", "journeys")
"""What is computed once the data is in, and the maps that it reads; what journeys send, and journeys."""

REACH: Final = ("coupons", "messages", "policies", "segments", "journeys")
"""What the journey needs that is on while the brand's last week is played; of segments only SPARED."""

SPARED: Final = ("staff_and_test.yaml",)

PUBLISHED: Final = ("cart_recall",)
"""Journeys that are live on those days, and from then on."""


def settings_text() -> str:
    """The workspace's `onepool.yaml`; links lead to the port that the environment names (`PORT`, as `serve` has it)."""
    text = _root().joinpath("onepool.yaml").read_text(encoding="utf-8")
    port = os.environ.get("PORT", "")
    return text.replace("127.0.0.1:8000", f"127.0.0.1:{port}") if port.isdecimal() else text


def files(folder: str) -> Iterator[Traversable]:
    """The YAML files of a folder, by name."""
    found = [file for file in _root().joinpath(folder).iterdir() if file.name.endswith(".yaml")]
    yield from sorted(found, key=lambda file: file.name)


def copy_into(root: Path, folders: tuple[str, ...], segments: tuple[str, ...] | None = None) -> frozenset[str]:
    """Copies definitions into a workspace's folder; of segments these files only, where any are named.

    Touchpoints whose channel is not installed, which could take nothing in, are left out; their names are given back.
    """
    left_out = set()
    for folder in (one for one in folders if _root().joinpath(one).is_dir()):
        (root / folder).mkdir(parents=True, exist_ok=True)
        for plain in (file for file in _root().joinpath(folder).iterdir() if file.name.endswith(".csv")):
            (root / folder / plain.name).write_text(plain.read_text(encoding="utf-8"), encoding="utf-8")
        for file in files(folder):
            if folder == "segments" and segments is not None and file.name not in segments:
                continue
            text = file.read_text(encoding="utf-8")
            if folder == "touchpoints":
                body = yaml.safe_load(text)
                if body["channel"] not in _WITHOUT_CHANNEL and registry.find(body["channel"]) is None:
                    left_out.add(str(body["touchpoint"]))
                    continue
            (root / folder / file.name).write_text(text, encoding="utf-8")
    return frozenset(left_out)


def _root() -> Traversable:
    return importlib.resources.files("onepool.demo.brand.workspace")
