"""The HTTP API: one router per room, everything the console does. See `/api/openapi.json`."""

from __future__ import annotations

from onepool.api.app import create_app
from onepool.api.live import LiveFeed
from onepool.api.workspace import WorkspaceLike

__all__ = ["LiveFeed", "WorkspaceLike", "create_app"]
