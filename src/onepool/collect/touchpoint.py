"""Touchpoints as the ways in see them: whose write key is this, and under which scopes do its ids live?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import structlog

from onepool.errors import OnePoolError

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """One account, shop, app or site of a channel.

    ``scopes`` names the scope of an identifier type sent from here (``{"user_id": "crm"}``: user ids are those of the
    CRM); types that are not in it live in a scope named like the touchpoint. ``mapping`` translates field names.
    ``joining``: whether its links may join identifiers: free, only with the person's consent, or never.
    ``settings``: what its channel's manifest asks for; secrets as references. ``paused``: its pushes are answered
    "come again" and nothing is fetched. ``sandbox``: it speaks to the doubles of the platforms.
    """

    name: str
    channel: str
    title: Mapping[str, str] = field(default_factory=dict)
    write_key: str | None = None
    scopes: Mapping[str, str] = field(default_factory=dict)
    mapping: Mapping[str, Any] | None = None
    joining: str = "free"
    settings: Mapping[str, Any] = field(default_factory=dict)
    paused: bool = False
    sandbox: bool = False


class TouchpointsUnavailable(OnePoolError):
    """The touchpoints could not be read yet, so nobody can tell whether a write key is good."""

    code = "touchpoints-unavailable"


class TouchpointSource(Protocol):
    """Where the collector looks touchpoints up."""

    def by_write_key(self, key: str) -> Touchpoint | None:
        """The touchpoint that owns the key, None for an unknown key; raises TouchpointsUnavailable."""
        ...

    def by_name(self, name: str) -> Touchpoint | None:
        """The touchpoint of that name, None where there is none; raises TouchpointsUnavailable."""
        ...


@runtime_checkable
class Refreshing(Protocol):
    """A source that can look again; the collector does so before it refuses a key."""

    async def refresh(self) -> None: ...

    async def keep_fresh(self) -> None: ...


class CachedTouchpoints:
    """Touchpoints from a callable that may block, read again every ``every`` seconds in a thread.

    When ``load`` raises one of ``failures`` it can't read now, and the last known touchpoints stay.
    """

    def __init__(
        self,
        load: Callable[[], Iterable[Touchpoint]],
        every: float = 1.0,
        failures: tuple[type[Exception], ...] = (OnePoolError, OSError),
    ) -> None:
        self._load = load
        self._failures = failures
        self._every = every
        self._by_key: dict[str, Touchpoint] | None = None
        self._by_name: dict[str, Touchpoint] = {}
        self._lock = asyncio.Lock()
        self._refreshed = float("-inf")

    def by_write_key(self, key: str) -> Touchpoint | None:
        if self._by_key is None:
            raise TouchpointsUnavailable("the touchpoints have not been read yet", hint="try again in a moment")
        return self._by_key.get(key)

    def by_name(self, name: str) -> Touchpoint | None:
        if self._by_key is None:
            raise TouchpointsUnavailable("the touchpoints have not been read yet", hint="try again in a moment")
        return self._by_name.get(name)

    async def refresh(self) -> None:
        """Reads the touchpoints again, unless that was done within a fifth of ``every``."""
        asked = asyncio.get_running_loop().time()
        async with self._lock:
            if self._refreshed > asked - self._every / 5:
                return
            try:
                found = await asyncio.to_thread(lambda: list(self._load()))
            except self._failures as error:
                _log.warning("touchpoints could not be read", error=str(error), known=self._by_key is not None)
            else:
                self._by_name = {touchpoint.name: touchpoint for touchpoint in found}
                self._by_key = {touchpoint.write_key: touchpoint for touchpoint in found if touchpoint.write_key}
            self._refreshed = asyncio.get_running_loop().time()

    async def keep_fresh(self) -> None:
        """Refreshes for ever; cancelled when the server stops."""
        while True:
            await self.refresh()
            await asyncio.sleep(self._every)
