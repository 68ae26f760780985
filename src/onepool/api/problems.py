"""Errors as RFC 9457 problem details: one place decides status and texts for all routes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from onepool.api.models.common import Finding, Problem
from onepool.audience.conditions import ConditionError
from onepool.errors import OnePoolError
from onepool.journeys.chinese import both
from onepool.privacy.masking import mask_text

MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger("onepool.api")

# Status by the code of an error. What is not here is the caller's mistake (400).
_STATUS: Mapping[str, int] = {
    "error": 500,
    "conflict": 409,
    "spelling": 422,
    "pool": 500,
    "state": 500,
    "workspace": 500,
    "log-schema": 500,
    "pool-outdated": 500,
    "pool-busy": 503,
    "log-unavailable": 503,
    "too-many-attempts": 429,
    "too-many-tests": 429,
    "query-timeout": 422,
    "query-too-large": 422,
    "query-failed": 422,
    "condition": 422,
    "message": 422,
    "coupon": 422,
    "coupon-codes": 422,
    "definition": 422,
    "standard": 422,
    "account": 422,
    "channel": 422,
    "connect": 422,
    "sync": 422,
    "sandbox-away": 503,
    "act": 422,
    "tables": 422,
    "destination": 422,
    "identity-rules": 422,
    "job": 422,
    "tag-sql": 422,
    "tag-values": 422,
    "decision": 422,
    "no-anchor": 422,
    "same-customer": 422,
    "identifier-form": 422,
    "identifier-type-unknown": 422,
    "identifier-ambiguous": 422,
    "identifier-unknown": 404,
    "customer-unknown": 404,
    "message-unknown": 404,
    "broadcast-unknown": 404,
    "task-unknown": 404,
    "broadcast-exists": 409,
    "broadcast-status": 409,
    "approval-needed": 409,
    "task": 409,
    "task-closed": 409,
    "task-reminded": 409,
    "task-asked": 409,
    "comment": 422,
    "comment-unknown": 404,
    "broadcast": 422,
    "policy": 422,
    "coupon-unknown": 404,
    "decision-unknown": 404,
    "decided-meanwhile": 409,
    "journey": 422,
    "journey-unknown": 404,
    "journey-exists": 409,
    "journey-changed": 409,
    "broadcast-changed": 409,
    "journey-in-use": 409,
    "journey-stopping": 409,
    "journey-not-live": 409,
    "approval-missing": 409,
    "approval": 422,
    "approval-own": 409,
    "approval-decided": 409,
    "approval-others": 403,
    "approval-unknown": 404,
    "consent": 422,
    "notice": 422,
    "suppression": 422,
    "suppression-unknown": 404,
    "template-unknown": 404,
    "template-param": 422,
}


class ApiError(OnePoolError):
    """An error of the API itself, with its HTTP status."""

    status = 400
    code = "bad-request"

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        hint: str | None = None,
        code: str | None = None,
        problems: Sequence[Finding] = (),
    ) -> None:
        super().__init__(message, where=where, hint=hint, code=code)
        self.problems = list(problems)


class NotSignedIn(ApiError):
    """No session, no key, or not a good one."""

    status = 401
    code = "not-signed-in"


class Forbidden(ApiError):
    """The role lacks the permission, or the request did not come from the console."""

    status = 403
    code = "forbidden"


class NotFound(ApiError):
    """There is no such thing."""

    status = 404
    code = "not-found"


class Conflict(ApiError):
    """The thing changed meanwhile, or is in use."""

    status = 409
    code = "conflict"


class Invalid(ApiError):
    """The body is well formed but says something impossible."""

    status = 422
    code = "invalid-request"


def install(app: FastAPI) -> None:
    """Let every error of the app leave as a problem."""
    app.add_exception_handler(OnePoolError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unknown)


def respond(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A problem as a response."""
    return JSONResponse(problem.model_dump(mode="json"), problem.status, dict(headers or {}), MEDIA_TYPE)


def problem_of(
    status: int,
    code: str,
    detail: str,
    *,
    where: str | None = None,
    hint: str | None = None,
    problems: Sequence[Finding] = (),
) -> Problem:
    """A problem with its type, title and an id of this occurrence."""
    return Problem(
        type=f"urn:onepool:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        where=where,
        hint=hint,
        instance=f"urn:onepool:occurrence:{secrets.token_hex(8)}",
        problems=list(problems),
    )


async def _known(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OnePoolError)
    status = error.status if isinstance(error, ApiError) else _STATUS.get(error.code, 400)
    problems = error.problems if isinstance(error, ApiError) else []
    if isinstance(error, ConditionError):
        problems = [
            Finding(place=one.place, message=both(one.message), suggestion=one.suggestion) for one in error.problems
        ]
    if status >= 500:
        # What went wrong inside is for the log; its text may hold values of customers.
        problem = problem_of(status, error.code, _INTERNAL, hint=_INTERNAL_HINT)
        _log.error(
            "request failed",
            path=request.url.path,
            code=error.code,
            instance=problem.instance,
            detail=mask_text(str(error)),
        )
    else:
        problem = problem_of(status, error.code, error.message, where=error.where, hint=error.hint, problems=problems)
    seconds = getattr(error, "seconds", None)
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="onepool"'
    if status in (429, 503):
        headers["Retry-After"] = str(seconds if isinstance(seconds, int) else 5)
    return respond(problem, headers)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    findings = [
        # Only the place and the rule: the value itself may be a password.
        Finding(place=".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0]), message=fault["msg"])
        for fault in error.errors()
    ]
    first = findings[0]
    return respond(
        problem_of(422, "invalid-request", first.message, where=first.place, problems=findings),
    )


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}.get(error.status_code, "http-error")
    return respond(problem_of(error.status_code, code, str(error.detail)), error.headers)


async def _unknown(request: Request, error: Exception) -> JSONResponse:
    problem = problem_of(500, "internal", _INTERNAL, hint=_INTERNAL_HINT)
    _log.error("request crashed", path=request.url.path, instance=problem.instance, exc_info=error)
    return respond(problem)


_INTERNAL = "the server could not do this; nothing was changed"
_INTERNAL_HINT = "look up the id of this occurrence in the server's log"
