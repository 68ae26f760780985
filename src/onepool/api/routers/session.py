"""Signing in and out. `POST /session` is the only route that is open to strangers."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response, status

from onepool.api.about import VERSION
from onepool.api.access import COOKIE, Caller, Need, Time, Workspace, client_address, from_console, is_encrypted
from onepool.api.models.common import Language
from onepool.api.models.session import Account, PasswordChange, SessionState, SignIn, WorkspaceFacts
from onepool.api.problems import Forbidden, NotSignedIn
from onepool.api.workspace import WorkspaceLike
from onepool.privacy import attempts, audit, sessions, users
from onepool.privacy.roles import PERMISSIONS, Permission

router = APIRouter(prefix="/session", tags=["session"])
Own = Annotated[Caller, Depends(Need(Permission.SESSION))]


@router.post("", dependencies=[Depends(from_console)])
def create_session(body: SignIn, request: Request, response: Response, ws: Workspace, time: Time) -> SessionState:
    """Sign in: sets the session's cookie. Too many failures close the way for a while (429)."""
    address = client_address(request)
    email = body.email.strip().lower()
    attempts.begin(ws.state, time, email, address)
    user = users.verify(ws.state, email, body.password.get_secret_value())
    if user is None:
        audit.record(ws.state, time, "stranger", "session.refused", email[:254], {"address": address})
        raise NotSignedIn("e-mail address or password is wrong", code="wrong-password")
    attempts.succeed(ws.state, email, address)
    token, expires = sessions.start(ws.state, time, user, replaces=request.cookies.get(COOKIE))
    audit.record(ws.state, time, f"user:{user.email}", "session.start", user.email, {"address": address})
    _set_cookie(request, response, token)
    who = Caller(user.id, user.email, user.name, user.role, user.language, "session", expires, token)
    return _state(ws, who)


@router.get("")
def read_session(who: Own, ws: Workspace) -> SessionState:
    """Who is signed in, and the workspace's basic facts."""
    return _state(ws, who)


@router.delete("", status_code=status.HTTP_204_NO_CONTENT)
def delete_session(who: Own, request: Request, response: Response, ws: Workspace, time: Time) -> None:
    """Sign out."""
    if who.token is None:
        raise Forbidden("an API key has no session to end", hint="revoke the key instead")
    sessions.end(ws.state, who.token)
    audit.record(ws.state, time, who.actor, "session.end", who.actor)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=is_encrypted(request))


@router.post("/password")
def change_password(
    body: PasswordChange, who: Own, request: Request, response: Response, ws: Workspace, time: Time
) -> SessionState:
    """Change one's own password. Ends all sessions of the user and starts a new one."""
    if who.email is None:
        raise Forbidden("an API key has no password")
    address = client_address(request)
    attempts.begin(ws.state, time, who.email, address)
    user = users.verify(ws.state, who.email, body.current.get_secret_value())
    if user is None:
        raise Forbidden("the current password is wrong", code="wrong-password", where="current")
    attempts.succeed(ws.state, who.email, address)
    users.set_password(ws.state, time, who.email, body.new.get_secret_value(), actor=who.actor)
    token, expires = sessions.start(ws.state, time, user)
    _set_cookie(request, response, token)
    return _state(ws, Caller(user.id, user.email, user.name, user.role, user.language, "session", expires, token))


def _set_cookie(request: Request, response: Response, token: str) -> None:
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(sessions.LONGEST.total_seconds()),
        path="/",
        httponly=True,
        samesite="strict",
        secure=is_encrypted(request),
    )


def _state(ws: WorkspaceLike, who: Caller) -> SessionState:
    settings = ws.settings
    language = who.language if who.language in ("zh-CN", "en") else settings.language
    return SessionState(
        user=Account(
            id=who.id,
            email=who.email,
            name=who.name,
            role=who.role,
            permissions=sorted(PERMISSIONS[who.role]),
        ),
        via=who.via,
        language=cast(Language, language),
        expires_at=who.expires_at,
        workspace=WorkspaceFacts(
            name=settings.name,
            time_zone=settings.time_zone,
            country=settings.country,
            currency=settings.currency,
            version=VERSION,
        ),
    )
