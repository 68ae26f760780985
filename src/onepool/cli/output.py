"""How commands print: tables for people, JSON for machines, errors on standard error."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from onepool.cli import headings, sentences
from onepool.errors import OnePoolError
from onepool.settings import load_settings
from onepool.workspace import SETTINGS_FILE, Workspace, open_workspace

_out = Console()
_err = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
WorkspaceDir = Annotated[
    Path,
    typer.Option("--workspace", "-w", envvar="WORKSPACE", help="The workspace folder (default: this folder)."),
]

HERE = Path()

_SPOKEN = {"language": "en"}
"""The language of the workspace that the command works on."""


def opened(folder: Path) -> Workspace:
    """The workspace that a command works on: the folder, or `workspace/` below it."""
    workspace = open_workspace(_workspace_of(folder))
    _SPOKEN["language"] = workspace.settings.language
    return workspace


def speak_as(folder: Path) -> None:
    """Speak the language of the workspace in a folder, without opening it; English where there is none."""
    settings = _workspace_of(folder) / SETTINGS_FILE
    _SPOKEN["language"] = load_settings(settings).language if settings.exists() else "en"


def _workspace_of(folder: Path) -> Path:
    below = folder / "workspace"
    return below if not (folder / SETTINGS_FILE).exists() and (below / SETTINGS_FILE).exists() else folder


def author() -> str:
    """Who is at the command line, for the history of definitions."""
    return os.environ.get("ONEPOOL_AUTHOR") or os.environ.get("USER") or "cli"


def say(text: str) -> None:
    """One line for people."""
    _out.print(text, highlight=False, markup=False, soft_wrap=True)


def note(text: str) -> None:
    """One line for people that is not the answer (standard error)."""
    _err.print(text, highlight=False, markup=False, soft_wrap=True)


def show_json(value: object) -> None:
    """The answer as JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def headed(text: str, **figures: object) -> str:
    """A heading or title in the workspace's language; `figures`: what goes into its {places}."""
    return _put(headings.CHINESE, text, figures)


def worded(text: str, **figures: object) -> str:
    """A sentence, or a part of one, in the workspace's language; `figures`: what goes into its {places}."""
    return _put(sentences.CHINESE, text, figures)


def _put(chinese: Mapping[str, str], text: str, figures: Mapping[str, object]) -> str:
    found = chinese.get(text, text) if _SPOKEN["language"].startswith("zh") else text
    return found.format(**figures) if figures else found


def show_table(rows: Sequence[Mapping[str, Any]], title: str | None = None, *, verbatim: bool = False) -> None:
    """The answer as a table; columns are those of the first row.

    Headings and title are put into the workspace's language where that is known (`headings.py`); verbatim: they are
    data themselves.
    """
    if not rows:
        say(headed("(none)") if title is None else headed("{title}: none", title=headed(title)))
        return
    title = title if verbatim or title is None else headed(title)
    table = Table(title=title, title_justify="left", header_style="bold")
    for name, value in rows[0].items():
        heading = name if verbatim else headed(name)
        table.add_column(heading, justify="right" if isinstance(value, int | float) else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row.values()))
    _out.print(table)


def show_counts(counts: Mapping[str, float]) -> None:
    """Figures, one on a line, called as columns are."""
    for name, count in counts.items():
        say(f"{headed(name)}: {count:,}")


def fail(error: OnePoolError) -> None:
    """An error for the person who reads it."""
    _err.print(f"onepool: {error}", style="red", highlight=False, markup=False, soft_wrap=True)
