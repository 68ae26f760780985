"""The live feed as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from onepool.api.access import Caller, Need, Time, Workspace, caller
from onepool.api.live import Client, LiveFeed
from onepool.api.models.live import Applied, LiveMessage
from onepool.api.problems import ApiError
from onepool.api.workspace import WorkspaceLike
from onepool.clock import Clock
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/live", tags=["live"])
HEARTBEAT_SECONDS = 15.0


@router.get(
    "",
    response_class=StreamingResponse,
    responses={200: {"model": LiveMessage, "description": "Each event's data is one such object."}},
)
async def follow_live(
    _who: Annotated[Caller, Depends(Need(Permission.LIVE_READ))],
    request: Request,
    ws: Workspace,
    time: Time,
    segment: Annotated[str | None, Query(max_length=200, description="Only changes of this segment.")] = None,
) -> StreamingResponse:
    """Server-sent events: customers entering and leaving segments, and how far the pool is. Ends with the session."""
    feed = cast(LiveFeed, request.app.state.feed)
    first = Applied(
        applied=await run_in_threadpool(ws.applied),
        log_end=await run_in_threadpool(ws.log.end),
        at=time.now(),
    )
    client = feed.join(segment)
    return StreamingResponse(
        _events(request, ws, time, feed, client, first),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _events(
    request: Request,
    ws: WorkspaceLike,
    clock: Clock,
    feed: LiveFeed,
    client: Client,
    first: Applied,
) -> AsyncIterator[bytes]:
    try:
        yield b"retry: 3000\n\n" + _frame(first)
        loop = asyncio.get_running_loop()
        checked = loop.time()
        while True:
            messages = await client.take(HEARTBEAT_SECONDS)
            # On a busy stream there is never a pause: the session is looked at by time, not by silence.
            if loop.time() - checked >= HEARTBEAT_SECONDS or not messages:
                if not await _still_allowed(request, ws, clock):
                    return
                checked = loop.time()
            if not messages:
                yield b": still here\n\n"
                continue
            yield b"".join(_frame(message) for message in messages)
    finally:
        feed.leave(client)


async def _still_allowed(request: Request, ws: WorkspaceLike, clock: Clock) -> bool:
    """A stream must not outlive its session or key."""
    try:
        who = await run_in_threadpool(caller, request, ws, clock)
    except ApiError:
        return False
    return who.may(Permission.LIVE_READ)


def _frame(message: LiveMessage) -> bytes:
    return b"data: " + message.model_dump_json().encode() + b"\n\n"
