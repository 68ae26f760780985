"""Writes docs/reference/{cli,settings,standard}.md from the code; with --check, says which are stale."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel

from onepool.cli.app import app
from onepool.settings import Settings
from onepool.standards.reference import render as standard

FOLDER = Path(__file__).parent.parent / "docs" / "reference"


def cli() -> str:
    """Every command with its arguments and options."""
    lines = ["# Command line", "", "Made from the code by `script/generate`.", ""]
    lines += ["Exit status: 0 done, 1 failed, 2 wrong use. `--json` prints for machines.", ""]
    root: Any = typer.main.get_command(app)
    _command(root, "onepool", lines)
    return "\n".join(lines).rstrip() + "\n"


def _command(command: Any, path: str, lines: list[str]) -> None:
    children = getattr(command, "commands", None)
    if children is not None:
        for name in sorted(children):
            _command(children[name], f"{path} {name}", lines)
        return
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    usage = " ".join([path, *(f"{p.name.upper()}{'...' if p.nargs != 1 else ''}" for p in arguments)])
    lines += [f"## `{usage}`", "", (command.help or "").strip(), ""]
    rows = [(p.name.upper(), p) for p in arguments] + [(", ".join(p.opts + p.secondary_opts), p) for p in options]
    if rows:
        lines += ["| | |", "| --- | --- |"]
        for name, parameter in rows:
            help_text = getattr(parameter, "help", None) or ""
            default = parameter.default
            shown = isinstance(default, str | int | float) and not isinstance(default, bool) and str(default) != ""
            lines.append(f"| `{name}` | {help_text}{f' Default: `{default}`.' if shown else ''} |")
        lines.append("")


def settings() -> str:
    """Every key of onepool.yaml."""
    lines = [
        "# Settings",
        "",
        "Made from the code by `script/generate`. The file is `onepool.yaml` in the workspace.",
        "",
    ]
    _model(Settings, "", lines)
    return "\n".join(lines).rstrip() + "\n"


def _model(model: type[BaseModel], prefix: str, lines: list[str]) -> None:
    nested: list[tuple[str, type[BaseModel]]] = []
    title = f"`{prefix}`" if prefix else "Top level"
    lines += [
        f"## {title}",
        "",
        (model.__doc__ or "").strip(),
        "",
        "| key | default | meaning |",
        "| --- | --- | --- |",
    ]
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            nested.append((f"{prefix}.{name}" if prefix else name, type(field.default)))
            continue
        default = "" if field.default is None else f"`{field.default}`"
        lines.append(f"| `{name}` | {default} | {field.description or ''} |")
    lines.append("")
    for name, child in nested:
        _model(child, name, lines)


PAGES: dict[str, Callable[[], str]] = {"cli.md": cli, "settings.md": settings, "standard.md": standard}


def stale() -> list[str]:
    """Pages that differ from what the code makes."""
    return [name for name, make in PAGES.items() if _read(FOLDER / name) != make()]


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    if "--check" in sys.argv:
        wrong = stale()
        print(f"stale: {', '.join(wrong)}; run script/generate" if wrong else "the reference pages are true")
        sys.exit(bool(wrong))
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (FOLDER / name).write_text(make(), encoding="utf-8")
