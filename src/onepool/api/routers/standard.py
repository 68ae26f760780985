"""The data standard."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from onepool.api.access import Caller, Need, Workspace
from onepool.api.dictionary import document
from onepool.api.models.standard import StandardDocument
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/standard", tags=["standard"])


@router.get("")
def read_standard(_who: Annotated[Caller, Depends(Need(Permission.STANDARD_READ))], ws: Workspace) -> StandardDocument:
    """The dictionary of events, attributes, objects and identifiers, with titles and types."""
    return document(ws.standard())
