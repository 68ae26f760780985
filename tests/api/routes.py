"""One set of routes for all apps of a test process: FastAPI works out what the routes take anew for each app, up to
half a second of processor time, and every test has an app of its own."""

from __future__ import annotations

import copy
import functools

import pytest
from fastapi import FastAPI
from starlette.datastructures import State

from onepool.api.app import bare_app

_made = functools.cache(bare_app)


def app_of_kept_routes() -> FastAPI:
    """What `bare_app` gives: state, middleware and list of routes are its own, the routes in it are everybody's."""
    app = copy.copy(_made())
    app.state = State()
    app.middleware_stack = None
    app.user_middleware = list(app.user_middleware)
    app.exception_handlers = dict(app.exception_handlers)
    app.dependency_overrides = {}
    app.router = copy.copy(app.router)
    app.router.routes = list(app.router.routes)
    return app


@pytest.fixture(autouse=True)
def kept_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onepool.api.app.bare_app", app_of_kept_routes)
