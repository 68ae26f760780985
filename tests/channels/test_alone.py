"""Channels stand alone: each imports the base and itself, and nothing imports a particular one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import onepool

ROOT = Path(onepool.__file__).parent
CHANNELS = ROOT / "channels"
NAMES = sorted(path.name for path in CHANNELS.iterdir() if (path / "__init__.py").exists() and path.name != "base")


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_a_channel_imports_the_base_and_itself() -> None:
    assert len(NAMES) >= 10
    for name in NAMES:
        for path in (CHANNELS / name).rglob("*.py"):
            for module in _imports(path):
                if module == "onepool" or module.startswith("onepool."):
                    own = f"onepool.channels.{name}"
                    assert module.startswith(("onepool.channels.base", own)), f"{path.relative_to(ROOT)}: {module}"


def test_nothing_imports_a_particular_channel() -> None:
    particular = tuple(f"onepool.channels.{name}" for name in NAMES)
    for path in ROOT.rglob("*.py"):
        inside = path.relative_to(CHANNELS).parts[0] if path.is_relative_to(CHANNELS) else ""
        for module in _imports(path):
            if module in particular or module.startswith(tuple(f"{one}." for one in particular)):
                assert module.split(".")[2] == inside, f"{path.relative_to(ROOT)}: {module}"
