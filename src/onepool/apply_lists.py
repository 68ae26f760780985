"""Lists whose entries stand in a file of the workspace: `file: lists/numbers.csv`, put in place as it changes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, cast

from onepool.audience.lists import LISTS, ListDefinition, ListError, parse_list, upload_list
from onepool.audience.lists.log import history
from onepool.errors import UsageError
from onepool.workspace import Workspace

_BLOCK: Final = 1 << 20
_KNOWN: Final = 1000


def with_digest(body: Mapping[str, Any], root: Path, where: str) -> dict[str, Any]:
    """The list with the digest of its file, so that another content is another version of the list."""
    found = dict(body)
    file = found.get("file")
    if not isinstance(file, str):
        return found
    path = (root / file).resolve()
    if not path.is_relative_to(root.resolve()):
        raise UsageError(f"{file} lies outside the workspace", hint=f"in {where}")
    digest = hashlib.sha256()
    try:
        with path.open("rb") as content:
            while block := content.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror}", hint=f"in {where}") from error
    return found | {"digest": digest.hexdigest()[:32]}


def check_list(workspace: Workspace, body: Mapping[str, Any], root: Path, where: str) -> None:
    """Raise ConditionError or ListError, naming the file, unless the list can be made, and filled from its file."""
    wanted = parse_list(body)
    if wanted.file is not None:
        try:
            _upload(workspace, wanted, root, "", check=True)
        except ListError as error:
            raise ListError(error.message, where=where, code=error.code, hint=error.hint) from error


def fill(workspace: Workspace, bodies: Iterable[Mapping[str, Any]], root: Path, author: str) -> None:
    """Put the entries of these lists in place where their files hold others than were put there last. Done again after
    it was cut short, it goes on where it stood."""
    for body in bodies:
        wanted = parse_list(body)
        if wanted.file is not None and not _filled(workspace, wanted):
            _upload(workspace, wanted, root, author, check=False)


def _filled(workspace: Workspace, wanted: ListDefinition) -> bool:
    for change in history(workspace.state, wanted.list, _KNOWN):
        if change.mode == "delete":
            return False
        if change.source.startswith(f"{wanted.file} "):
            return change.source == _source(wanted)
    return False


def _source(wanted: ListDefinition) -> str:
    return f"{wanted.file} {wanted.digest} {wanted.type or ''} {wanted.column or ''}".rstrip()


def _upload(workspace: Workspace, wanted: ListDefinition, root: Path, author: str, *, check: bool) -> None:
    made = workspace.definitions.get(LISTS, wanted.list) is not None
    upload_list(
        workspace, wanted.list, root / cast(str, wanted.file), author=author, type=wanted.type, mode="replace",
        column=wanted.column, source=_source(wanted), check=check, made=made or not check,
    )  # fmt: skip
