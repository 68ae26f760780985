"""The configurations that browser clients fetch before they send anything.

Shapes: the least that @segment/analytics-next 1.84 and @rudderstack/analytics-js 3.34 need to start, found by trying.
"""

from __future__ import annotations

import re
from typing import Any, Final

from starlette.types import Scope

from onepool.clock import Clock
from onepool.collect.touchpoint import Touchpoint

_SEGMENT: Final = re.compile(r"/v1/projects/([^/]+)/settings/?")
_RUDDER: Final = frozenset({"/sourceConfig", "/sourceConfig/"})
_HOST: Final = re.compile(r"[A-Za-z0-9.\-:\[\]]{1,255}")


def is_asked(path: str) -> bool:
    """Whether the path is one of the two configurations."""
    return path in _RUDDER or (path.startswith("/v1/projects/") and _SEGMENT.fullmatch(path) is not None)


def key_in_path(path: str) -> str | None:
    """The write key that Segment's client puts into the path."""
    match = _SEGMENT.fullmatch(path)
    return match.group(1) if match else None


def reply(scope: Scope, key: str, touchpoint: Touchpoint, clock: Clock) -> dict[str, Any]:
    """The configuration for this path. It steers Segment's client to the host that it asked."""
    if scope["path"] in _RUDDER:
        return _rudder(key, touchpoint, clock)
    return _segment(key, _host(scope), scope["scheme"])


def _host(scope: Scope) -> str:
    named = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    if _HOST.fullmatch(named):
        return named
    host, port = scope["server"]
    return f"{host}:{port}"


def _segment(key: str, host: str, protocol: str) -> dict[str, Any]:
    return {
        "integrations": {
            "Segment.io": {
                "apiKey": key,
                "unbundledIntegrations": [],
                "addBundledMetadata": True,
                "maybeBundledConfigIds": {},
                "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
                "apiHost": f"{host}/v1",
                "protocol": protocol,
            }
        },
        "plan": {"track": {"__default": {"enabled": True, "integrations": {}}}},
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }


def _rudder(key: str, touchpoint: Touchpoint, clock: Clock) -> dict[str, Any]:
    off = {"enabled": False}
    return {
        "source": {
            "id": touchpoint.name,
            "name": touchpoint.name,
            "writeKey": key,
            "enabled": True,
            "config": {"statsCollection": {"errors": off, "metrics": off}},
            "connections": [],
            "destinations": [],
            "workspaceId": "onepool",
        },
        "updatedAt": clock.now().isoformat().replace("+00:00", "Z"),
    }
