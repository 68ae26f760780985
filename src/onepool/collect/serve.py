"""One collector process: uvicorn on a socket that was bound before, so that several processes can share the port."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from onepool.clock import Clock
from onepool.collect.accounts import Accounts
from onepool.collect.app import collector_app
from onepool.collect.group_commit import GroupCommit
from onepool.collect.hooks import Kept, OptOuts
from onepool.collect.intake import Limits
from onepool.collect.links import Finder
from onepool.collect.log import Log
from onepool.collect.long_urls import LongUrls
from onepool.collect.metrics import Others
from onepool.collect.once import Once
from onepool.collect.preference_desk import PreferenceDesk
from onepool.collect.touchpoint import TouchpointSource

_STOP_SECONDS = 5


def serve_collector(
    sock: socket.socket,
    log: Log,
    touchpoints: TouchpointSource,
    clock: Clock,
    *,
    limits: Limits | None = None,
    upstream: str | None = None,
    static_dir: Path | None = None,
    trusted_proxies: str | None = None,
    accounts: Accounts | None = None,
    kept: Kept | None = None,
    links: Finder | None = None,
    others: Others | None = None,
    preferences: PreferenceDesk | None = None,
    opt_outs: OptOuts | None = None,
    once: Once | None = None,
) -> None:
    """Serves until SIGTERM or SIGINT, then answers what is in flight, writes what waits, and closes the log.

    ``sock`` is bound and may be shared by several processes. ``trusted_proxies`` (addresses, comma separated) are
    believed when they say who the client was and whether it came by https. Blocks; raises nothing of its own.
    """
    # What was imported lives as long as the process; requests make almost no cycles.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    server = CollectorServer(
        log,
        touchpoints,
        clock,
        limits=limits,
        upstream=upstream,
        static_dir=static_dir,
        trusted_proxies=trusted_proxies,
        accounts=accounts,
        kept=kept,
        links=links,
        others=others,
        preferences=preferences,
        opt_outs=opt_outs,
        once=once,
    )
    server.run(sockets=[sock])


class CollectorServer(uvicorn.Server):
    """A server that makes its application on its own running loop and lets the last group be written at the end."""

    def __init__(
        self,
        log: Log,
        touchpoints: TouchpointSource,
        clock: Clock,
        *,
        limits: Limits | None = None,
        upstream: str | None = None,
        static_dir: Path | None = None,
        trusted_proxies: str | None = None,
        accounts: Accounts | None = None,
        kept: Kept | None = None,
        links: Finder | None = None,
        others: Others | None = None,
        preferences: PreferenceDesk | None = None,
        opt_outs: OptOuts | None = None,
        once: Once | None = None,
    ) -> None:
        config = uvicorn.Config(
            _unset,
            loop="uvloop",
            http=LongUrls,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=trusted_proxies is not None,
            forwarded_allow_ips=trusted_proxies,
            timeout_graceful_shutdown=_STOP_SECONDS,
            timeout_keep_alive=75,
            backlog=2048,
        )
        super().__init__(config)
        self._log = log
        self._writer: GroupCommit | None = None
        self._app: Callable[[GroupCommit], Starlette] = lambda writer: collector_app(
            writer,
            touchpoints,
            clock,
            limits,
            upstream,
            static_dir,
            accounts,
            kept,
            links,
            others,
            preferences,
            opt_outs,
            once,
        )

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._writer = GroupCommit(self._log)
        self.config.app = self._app(self._writer)
        await super().serve(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self._writer is not None:
            await self._writer.close()
        self._log.close()


async def _unset(scope: object, receive: object, send: object) -> None:
    raise RuntimeError("the application is made when the loop runs")
