"""The app: all routers under /api/v1, errors as problems, security headers, OpenAPI."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from onepool.api import problems
from onepool.api.about import VERSION
from onepool.api.access import COOKIE
from onepool.api.backtest_jobs import Backtests
from onepool.api.desk import IdentityDesk
from onepool.api.headers import BodyLimit, SecurityHeaders
from onepool.api.import_jobs import Imports
from onepool.api.insight_kept import KeptMap
from onepool.api.live import LiveFeed
from onepool.api.models.common import Problem
from onepool.api.routers import (
    approvals,
    audit,
    broadcasts,
    channels,
    conditions,
    consents,
    coupons,
    customers,
    data_map,
    deliveries,
    destinations,
    exports,
    home,
    identity,
    imports,
    jobs,
    journey_comments,
    journey_results,
    journey_simulate,
    journeys,
    lineage,
    lists,
    live,
    messages,
    policies,
    portrait,
    quality,
    quarantine,
    query,
    sandbox,
    segments,
    session,
    standard,
    suppressions,
    tables,
    tag_models,
    tag_runs,
    tag_writing,
    tags,
    tasks,
    touchpoints,
)
from onepool.api.routers.identity.kept import KeptOverview
from onepool.api.workspace import WorkspaceLike
from onepool.audience.sets import Sets
from onepool.clock import Clock
from onepool.insight.portrait import Channels

PREFIX = "/api/v1"
OPENAPI_PATH = "/api/openapi.json"
MAX_BODY = 2 * 1024 * 1024
MAX_FILE = 512 * 1024 * 1024
FILES = re.compile(r"/api/v1/(lists/[^/]+/entries|tags/[^/]+/values|coupons/[^/]+/codes|imports/files)")
"""Paths to which whole files are sent."""

_ROUTERS: list[APIRouter] = [
    session.router,
    home.router,
    customers.router,
    segments.router,
    portrait.router,
    lineage.router,
    conditions.router,
    lists.router,
    journey_comments.router,
    journey_results.router,
    journey_simulate.router,
    journeys.router,
    deliveries.router,
    exports.router,
    broadcasts.router,
    policies.router,
    tasks.router,
    messages.router,
    coupons.router,
    consents.router,
    suppressions.router,
    approvals.router,
    tag_models.router,
    tags.router,
    tag_writing.router,
    tag_runs.router,
    jobs.router,
    quarantine.router,
    imports.router,
    data_map.router,
    quality.router,
    standard.router,
    channels.router,
    touchpoints.router,
    tables.router,
    sandbox.router,
    destinations.router,
    query.router,
    live.router,
    audit.router,
    *identity.routers,
]


def create_app(ws: WorkspaceLike, feed: LiveFeed, clock: Clock, identity: IdentityDesk | None = None) -> FastAPI:
    """The API of one workspace. `feed`: what the worker publishes to; `clock`: the present; `identity`: the worker's
    side of OneID, without which nothing can be previewed and no model learned."""
    app = bare_app()
    app.state.workspace = ws
    app.state.feed = feed
    app.state.clock = clock
    app.state.identity = identity
    app.state.identity_overview = KeptOverview()
    app.state.data_map = KeptMap()
    app.state.sets = Sets()
    app.state.channel_sets = Channels()
    app.state.backtests = Backtests()
    app.state.imports = Imports()
    return app


def bare_app() -> FastAPI:
    """The app without a workspace: routes and OpenAPI only."""
    app = FastAPI(
        title="OnePool",
        version=VERSION,
        summary="The HTTP API that the console uses.",
        openapi_url=OPENAPI_PATH,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        responses={"default": _PROBLEM},
        redirect_slashes=False,
    )
    for router in _ROUTERS:
        app.include_router(router, prefix=PREFIX)
    problems.install(app)
    app.add_middleware(BodyLimit, limit=MAX_BODY, files=FILES, file_limit=MAX_FILE)
    app.add_middleware(SecurityHeaders)
    made = app.openapi
    app.openapi = lambda: _finished(made())  # type: ignore[method-assign]
    return app


_PROBLEM: dict[str, Any] = {
    "description": "A problem (RFC 9457).",
    "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


_SECURITY = {
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    "key": {"type": "http", "scheme": "bearer"},
}
_OPEN_OPERATIONS = frozenset({"createSession"})


def _finished(document: dict[str, Any]) -> dict[str, Any]:
    """The document with our problems in place of FastAPI's validation errors, and with what signing in means."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Problem.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs", {})
    schemas["Problem"] = problem
    components["securitySchemes"] = _SECURITY
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            operation["security"] = (
                [] if operation["operationId"] in _OPEN_OPERATIONS else [{"session": []}, {"key": []}]
            )
    return document


def _operation_id(route: APIRoute) -> str:
    """verb + noun in camel case: `read_home` -> `readHome`."""
    verb, *nouns = route.name.split("_")
    return verb + "".join(noun.capitalize() for noun in nouns)
