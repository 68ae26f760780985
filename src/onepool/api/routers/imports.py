"""Imports: send a file, look into it, try it, import it, see what became of it."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Query, Request, status
from pydantic import JsonValue

from onepool.api import import_files
from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.import_jobs import Imports
from onepool.api.import_shapes import sight
from onepool.api.models.imports import (
    FileImport,
    FileImportList,
    ImportedFile,
    ImportLook,
    ImportRequest,
    ImportSight,
)
from onepool.api.problems import NotFound
from onepool.api.showing import shown
from onepool.collect.files import Mapping, Planner, mapping_in
from onepool.imports import find_touchpoint, look_into
from onepool.privacy import audit
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/imports", tags=["imports"])
Reader = Annotated[Caller, Depends(Need(Permission.QUARANTINE_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.TOUCHPOINTS_WRITE))]
ImportId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]


def _kept(request: Request) -> Imports:
    return cast(Imports, request.app.state.imports)


Kept = Annotated[Imports, Depends(_kept)]


@router.get("")
def list_imports(_who: Reader, ws: Workspace, kept: Kept) -> FileImportList:
    """The latest imports that were asked for here."""
    return FileImportList(items=kept.list(ws.data))


@router.post(
    "/files",
    status_code=status.HTTP_201_CREATED,
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The file as it is: CSV, TSV, Excel (.xlsx), JSON lines or Parquet; gzip and zstd too.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def upload_import(
    request: Request,
    _who: Writer,
    ws: Workspace,
    filename: Annotated[
        str, Query(min_length=1, max_length=500, description="Its ending may say what it is; rows are told by it.")
    ],
) -> ImportedFile:
    """Send a file, of at most 512 MB. It is kept for a day; nothing is imported yet."""
    return await import_files.receive(ws.data, filename, request.stream())


@router.delete("/files/{id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_import_file(id: ImportId, _who: Writer, ws: Workspace, kept: Kept) -> None:
    """Forget a file that was sent."""
    if not kept.uses(import_files.path_of(ws.data, id)):
        import_files.drop(ws.data, id)


@router.post("/look")
def look_import(body: ImportLook, who: Writer, ws: Workspace) -> ImportSight:
    """How a file is read, its first rows, and what its columns would be taken for."""
    path = import_files.path_of(ws.data, body.file)
    standard = ws.standard()
    seen = look_into(ws, body.kind, path, body.touchpoint, _mapping(body))
    return sight(seen, body.kind, standard, shown(who, standard))


@router.post("", status_code=status.HTTP_202_ACCEPTED)
def create_import(body: ImportRequest, who: Writer, ws: Workspace, time: Time, kept: Kept) -> FileImport:
    """Begin to import a file that was sent. Importing it again adds nothing; a broken row goes to quarantine."""
    path = import_files.path_of(ws.data, body.file)
    mapping = _mapping(body)
    point = find_touchpoint(ws, body.touchpoint, author=who.actor, create=False)
    # A mapping that can't be is said now, not by an import that fails.
    Planner(body.kind, ws.standard(), point, mapping or Mapping())
    job = kept.start(ws, time, body, path, mapping, who.actor)
    if not body.dry_run:
        more: dict[str, JsonValue] = {
            "file": path.name,
            "kind": body.kind,
            "touchpoint": job.touchpoint,
            "size": path.stat().st_size,
        }
        audit.record(ws.state, time, who.actor, "file.import", f"import:{job.id}", more)
    return job


@router.get("/{id}")
def read_import(id: ImportId, _who: Reader, ws: Workspace, kept: Kept) -> FileImport:
    """One import: how far it is, or what became of it."""
    found = kept.get(ws.data, id)
    if found is None:
        raise NotFound("there is no such import", where=id, code="import-unknown")
    return found


@router.delete("/{id}")
def cancel_import(id: ImportId, _who: Writer, ws: Workspace, kept: Kept) -> FileImport:
    """Stop an import. What it has written stays; one that has ended is left as it is."""
    kept.stop(id)
    return read_import(id, _who, ws, kept)


def _mapping(body: ImportLook) -> Mapping | None:
    return mapping_in(body.map) if body.map.strip() else None
