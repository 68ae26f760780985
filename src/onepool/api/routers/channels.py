"""Channels: what can be connected."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from onepool.api import channels as showing
from onepool.api.access import Caller, Need, Workspace
from onepool.api.models.touchpoints import ChannelList
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/channels", tags=["touchpoints"])


@router.get("")
def list_channels(_who: Annotated[Caller, Depends(Need(Permission.TOUCHPOINTS_READ))], ws: Workspace) -> ChannelList:
    """All channels of the standard; from their manifests the console draws the form of a touchpoint."""
    standard = ws.standard()
    return ChannelList(items=[showing.channel(name, standard) for name in standard.channels])
