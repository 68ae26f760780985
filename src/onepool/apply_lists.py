"""Lists whose entries stand in a file of the workspace: `file: lists/numbers.csv`, put in place as it changes."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final, cast

from onepool.audience.lists import LISTS, ListDefinition, ListError, parse_list, upload_list
from onepool.audience.lists.log import newest_content
from onepool.errors import UsageError
from onepool.workspace import Workspace

_BLOCK: Final = 1 << 20
_MADE_BY: Final = "apply:"
_IN_FILE: Final = ("file", "type", "column", "digest")


def with_digest(body: Mapping[str, Any], root: Path, where: str) -> dict[str, Any]:
    """The list with the digest of its file, so that another content is another version of the list."""
    found = dict(body)
    file = found.get("file")
    if not isinstance(file, str):
        return found
    try:
        return found | {"digest": _digest(_located(file, root))}
    except UsageError as error:
        raise UsageError(error.message, hint=f"in {where}") from error
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror}", hint=f"in {where}") from error


def check_list(workspace: Workspace, body: Mapping[str, Any], root: Path, where: str) -> None:
    """Raise ConditionError or ListError, naming the file, unless the list can be made, and filled from its file."""
    wanted = parse_list(body)
    current = workspace.definitions.get(LISTS, wanted.list)
    source = "upload" if current is None else parse_list(current.body).source
    if wanted.source != source:
        raise ListError(
            "a snapshot is made of members, by no file, and stays one", where=where, code="list-fixed",
            hint="leave `source` out and put its identifiers into a file, or take another name",
        )  # fmt: skip
    if wanted.file is not None:
        _upload(workspace, wanted, root, "", where, check=True)


def is_filled(workspace: Workspace, body: Mapping[str, Any]) -> bool:
    """Whether the list has no file, or the content of its file is what was put in place last."""
    wanted = parse_list(body)
    return wanted.file is None or newest_content(workspace.state, wanted.list, _MADE_BY) == _source(wanted)


def fill(workspace: Workspace, body: Mapping[str, Any], root: Path, author: str, where: str) -> None:
    """Put the entries of the list's file in place of what is on it, if that is not what was put there last.

    Raises ListError, also where the file is no more what the definition's digest says.
    """
    if not is_filled(workspace, body):
        _upload(workspace, parse_list(body), root, author, where, check=False)


def exported(body: Mapping[str, Any], home: Path, to: Path) -> dict[str, Any] | None:
    """The list as it is written into the folder `to`, its file beside it; None for a snapshot, which no file makes.

    Where the workspace's folder no longer has the file with that content, the list is written without one.
    """
    wanted = parse_list(body)
    if wanted.source == "snapshot":
        return None
    plain = {key: value for key, value in body.items() if key != "digest"}
    if wanted.file is None:
        return plain
    try:
        source, target = _located(wanted.file, home), _located(wanted.file, to)
        if _digest(source) == wanted.digest:
            if source != target:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
            return plain
    except (UsageError, OSError):
        pass
    return {key: value for key, value in plain.items() if key not in _IN_FILE}


def _located(file: str, root: Path) -> Path:
    try:
        path = (root / file).resolve()
    except (ValueError, RuntimeError) as error:
        raise UsageError(f"{file!r} is no path: {error}") from error
    if not path.is_relative_to(root.resolve()):
        raise UsageError(f"{file} lies outside the workspace")
    return path


def _digest(path: Path, copy: Path | None = None) -> str:
    """Digest of a file's content, which is written to `copy` by the same reading."""
    digest = hashlib.sha256()
    with path.open("rb") as content, nullcontext() if copy is None else copy.open("wb") as into:
        while block := content.read(_BLOCK):
            digest.update(block)
            if into is not None:
                into.write(block)
    return digest.hexdigest()[:32]


def _source(wanted: ListDefinition) -> str:
    """What a change is remembered by: whose content, how it was read; a path of any length leaves that whole."""
    said = "\x1f".join(one or "" for one in (wanted.file, wanted.digest, wanted.type, wanted.column))
    return f"{_MADE_BY}{hashlib.sha256(said.encode()).hexdigest()[:16]} {cast(str, wanted.file)[-200:]}"


def _upload(workspace: Workspace, wanted: ListDefinition, root: Path, author: str, where: str, *, check: bool) -> None:
    made = workspace.definitions.get(LISTS, wanted.list) is not None
    path = _located(cast(str, wanted.file), root)
    try:
        with tempfile.TemporaryDirectory() as folder:
            # The name ends as the file's does: that says how it is packed.
            copy = Path(folder) / ("list" + "".join(path.suffixes)[-60:])
            if _digest(path, copy) != wanted.digest:
                raise ListError(f"{wanted.file} changed meanwhile", code="list-file", hint="apply again")
            upload_list(
                workspace, wanted.list, copy, author=author, type=wanted.type, mode="replace", column=wanted.column,
                source=_source(wanted), check=check, made=made or not check,
            )  # fmt: skip
    except OSError as error:
        raise ListError(f"{wanted.file} can't be read: {error.strerror}", where=where, code="list-file") from error
    except ListError as error:
        raise ListError(error.message, where=where, code=error.code, hint=error.hint) from error
