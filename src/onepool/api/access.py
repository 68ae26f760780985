"""Who is asking, and whether they may. Every route names the permission that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, cast

from fastapi import Depends, Request

from onepool.api.problems import Forbidden, NotSignedIn
from onepool.api.workspace import WorkspaceLike
from onepool.clock import Clock
from onepool.privacy import sessions
from onepool.privacy.api_keys import find_key
from onepool.privacy.roles import Permission, Role, may

COOKIE = "onepool_session"
CSRF_HEADER = "X-OnePool"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in person or a program with a key."""

    id: int
    email: str | None
    name: str
    role: Role
    language: str | None
    via: Literal["session", "key"]
    expires_at: datetime | None
    token: str | None

    @property
    def actor(self) -> str:
        """The name in the audit trail."""
        return f"user:{self.email}" if self.via == "session" else f"key:{self.id}"

    def may(self, permission: Permission) -> bool:
        return may(self.role, permission)


def workspace(request: Request) -> WorkspaceLike:
    """The workspace that the app was made for."""
    return cast(WorkspaceLike, request.app.state.workspace)


Workspace = Annotated[WorkspaceLike, Depends(workspace)]


def clock(request: Request) -> Clock:
    """The clock that the app was given."""
    return cast(Clock, request.app.state.clock)


Time = Annotated[Clock, Depends(clock)]


def client_address(request: Request) -> str:
    """Where a request comes from. Behind the collector's socket (no peer address) that is what the collector says."""
    if request.client is not None and request.client.host:
        return request.client.host
    return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()[:64] or "local"


def is_encrypted(request: Request) -> bool:
    """Whether the browser speaks TLS, to us or to the collector in front."""
    scheme = request.url.scheme
    if request.client is None or not request.client.host:
        scheme = request.headers.get("X-Forwarded-Proto", scheme)
    return scheme == "https"


def from_console(request: Request) -> None:
    """Refuse a write that a foreign page could have made: it can't set this header (CORS preflight)."""
    if request.method not in _SAFE_METHODS and request.headers.get(CSRF_HEADER) != "1":
        raise Forbidden(
            f"the header {CSRF_HEADER}: 1 is missing",
            code="csrf",
            hint="send it with every request but reads",
        )


def caller(request: Request, ws: Workspace, time: Time) -> Caller:
    """Who is asking. Raises NotSignedIn; Forbidden for a cookie-borne write without the header."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        key = find_key(ws.state, time, credentials.strip())
        if key is None:
            raise NotSignedIn("this API key is not known or was revoked", code="key-unknown")
        return Caller(key.id, None, key.name, key.role, None, "key", None, None)
    token = request.cookies.get(COOKIE)
    session = sessions.find(ws.state, time, token) if token else None
    if session is None:
        raise NotSignedIn("nobody is signed in", hint="sign in, or send Authorization: Bearer with an API key")
    from_console(request)
    user = session.user
    return Caller(user.id, user.email, user.name, user.role, user.language, "session", session.expires_at, token)


class Need:
    """The dependency of a route on a permission; gives the caller."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def __call__(self, who: Annotated[Caller, Depends(caller)]) -> Caller:
        if not who.may(self.permission):
            raise Forbidden(
                f"the role {who.role} may not do this",
                code="no-permission",
                where=self.permission,
                hint="ask an administrator for another role",
            )
        return who
