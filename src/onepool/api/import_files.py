"""Files that were sent to be imported: kept for a day, for this account alone, under the names they came with."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import anyio

from onepool.api.models.imports import ImportedFile
from onepool.api.problems import NotFound

KEPT_SECONDS: Final = 86_400.0
_ID: Final = re.compile(r"[0-9a-f]{16}")
_ODD: Final = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")
_LONGEST: Final = 120


def folder_of(data: Path) -> Path:
    """Where they are."""
    folder = data / "imports" / "files"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def file_name(given: str) -> str:
    """A file's name without folders and signs that some file systems refuse; its ending, which tells, stays."""
    name = _ODD.sub("_", given.replace("\\", "/").rpartition("/")[2]).strip(" .") or "file"
    while len(name.encode()) > _LONGEST:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[:-1]}{dot}{ending}" if dot and stem and len(ending) <= 8 else name[:-1]
    return name


async def receive(data: Path, given: str, chunks: AsyncIterator[bytes]) -> ImportedFile:
    """Keeps what is sent. What was not sent to its end is not kept."""
    folder = folder_of(data)
    _forget_old(folder)
    number = secrets.token_hex(8)
    own = folder / number
    own.mkdir(mode=0o700)
    path = own / file_name(given)
    try:
        async with await anyio.open_file(path, "wb") as out:
            async for chunk in chunks:
                await out.write(chunk)
    except BaseException:
        shutil.rmtree(own, ignore_errors=True)
        raise
    return ImportedFile(id=number, name=path.name, size=path.stat().st_size)


def path_of(data: Path, number: str) -> Path:
    """The file of that number. Raises NotFound."""
    found = list((folder_of(data) / number).glob("*")) if _ID.fullmatch(number) else []
    if not found:
        raise NotFound("this file is not here (any more)", where="file", hint="send it again", code="file-unknown")
    # As long as it is worked with it is not old.
    with suppress(OSError):
        found[0].parent.touch()
    return found[0]


def drop(data: Path, number: str) -> None:
    """Forget a file."""
    if _ID.fullmatch(number):
        shutil.rmtree(folder_of(data) / number, ignore_errors=True)


def _forget_old(folder: Path) -> None:
    for old in folder.iterdir():
        # Another request may just have taken it away.
        with suppress(FileNotFoundError):
            if time.time() - old.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
