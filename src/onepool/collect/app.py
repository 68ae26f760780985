"""The collector: the application that owns the port.

It takes events in by itself, serves the console's files, and hands everything else on to the worker.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from onepool.clock import Clock
from onepool.collect import answers, metrics
from onepool.collect.accounts import Accounts
from onepool.collect.clicks import Clicks
from onepool.collect.console_files import ConsoleFiles
from onepool.collect.hooks import HookFigures, Hooks, Kept, OptOuts
from onepool.collect.intake import Intake, IntakeFigures, Limits, LogWriter
from onepool.collect.links import Finder
from onepool.collect.once import Once
from onepool.collect.preference_desk import PreferenceDesk
from onepool.collect.preferences import Preferences
from onepool.collect.proxy import Upstream
from onepool.collect.touchpoint import Refreshing, TouchpointSource, TouchpointsUnavailable

WORKER_PATHS: Final = ("/api", "/hooks", "/l", "/p")
"""First parts of the paths that are no pages: the worker's, or such as were not answered before.

The worker also gets every request that is not GET or HEAD.
"""


def collector_app(
    log_writer: LogWriter,
    touchpoints: TouchpointSource,
    clock: Clock,
    limits: Limits | None = None,
    upstream: str | None = None,
    static_dir: Path | None = None,
    accounts: Accounts | None = None,
    kept: Kept | None = None,
    links: Finder | None = None,
    others: metrics.Others | None = None,
    preferences: PreferenceDesk | None = None,
    opt_outs: OptOuts | None = None,
    once: Once | None = None,
) -> Starlette:
    """The application of a collector process.

    ``accounts`` looks up what callbacks of platforms are verified with; without it there are none. ``kept`` is told of
    every callback once it is on disk. ``links`` looks up short links; without it there are none. ``others`` gives
    further figures for the page of metrics. ``preferences`` opens preference pages; without it there are none.
    ``opt_outs`` hears of pushes that may hold an opt-out before they are answered; ``once`` remembers which signatures
    were used. ``upstream`` is the path of the worker's Unix domain socket, ``static_dir`` the folder of the built
    console; without them those paths are answered 404. The writer is not closed by the application.
    """
    figures = IntakeFigures()
    hook_figures = HookFigures()
    registry = metrics.registry(figures, log_writer, hook_figures, others)
    worker = Upstream(upstream) if upstream is not None else None

    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(request: Request) -> Response:
        checks: dict[str, str] = {}
        if log_writer.trouble is not None:
            checks["log"] = str(log_writer.trouble)
        if app.state.fresh is not None and app.state.fresh.done():
            checks["touchpoints"] = "they are no longer read again: restart this process"
        try:
            touchpoints.by_write_key("")
        except TouchpointsUnavailable as error:
            checks["touchpoints"] = str(error)
        if checks:
            headers = {"retry-after": str(answers.RETRY_SECONDS)}
            return JSONResponse({"status": "unavailable", "checks": checks}, status_code=503, headers=headers)
        return JSONResponse({"status": "ready"})

    async def metrics_page(request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        fresh = asyncio.create_task(touchpoints.keep_fresh()) if isinstance(touchpoints, Refreshing) else None
        app.state.fresh = fresh
        try:
            yield
        finally:
            if fresh is not None:
                fresh.cancel()
                await asyncio.gather(fresh, return_exceptions=True)
            if worker is not None:
                await worker.close()
            if links is not None:
                links.close()

    files = GZipMiddleware(ConsoleFiles(static_dir), minimum_size=1024) if static_dir is not None else None
    app = Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics_page),
            Mount("/", _Rest(worker, files)),
        ],
        middleware=[
            Middleware(
                Intake,
                writer=log_writer,
                touchpoints=touchpoints,
                clock=clock,
                limits=limits or Limits(),
                figures=figures,
            ),
            *(
                [
                    Middleware(
                        Hooks,
                        writer=log_writer,
                        touchpoints=touchpoints,
                        accounts=accounts,
                        clock=clock,
                        figures=hook_figures,
                        kept=kept,
                        opt_outs=opt_outs,
                        once=once,
                    )
                ]
                if accounts is not None
                else []
            ),
            *([Middleware(Clicks, writer=log_writer, links=links, clock=clock)] if links is not None else []),
            *(
                [Middleware(Preferences, writer=log_writer, desk=preferences, clock=clock)]
                if preferences is not None
                else []
            ),
        ],
        lifespan=lifespan,
    )
    app.state.fresh = None
    return app


class _Rest:
    """Everything that is neither collection nor operation: the worker's paths and the console's files."""

    def __init__(self, worker: ASGIApp | None, files: ASGIApp | None) -> None:
        self._worker = worker
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        for_worker = scope["method"] not in ("GET", "HEAD") or any(
            path == first or path.startswith(first + "/") for first in WORKER_PATHS
        )
        chosen = self._worker if for_worker or self._files is None else self._files
        if chosen is None:
            await answers.problem(send, 404, "not-found", "There is nothing at this path.")
            return
        try:
            await chosen(scope, receive, send)
        except HTTPException as error:
            code = "not-found" if error.status_code == 404 else "refused"
            await answers.problem(send, error.status_code, code, error.detail)
