"""What the API needs of a workspace. `onepool.workspace.Workspace` is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from onepool.clock import Clock
from onepool.collect.log import Log
from onepool.collect.pulls import Puller
from onepool.collect.touchpoint import Touchpoint
from onepool.definitions import Definition, Definitions
from onepool.pool import Engine
from onepool.pool.behaviour import BehaviourIndex
from onepool.settings import Settings
from onepool.standards import Standard, StandardSettings
from onepool.state import State


class WorkspaceLike(Protocol):
    """An open workspace: its three stores, its definitions, and the actions with effects."""

    @property
    def problem(self) -> str | None:
        """Why the tick can't go on at the moment."""
        ...

    @property
    def settings(self) -> Settings: ...

    @property
    def data(self) -> Path:
        """Where the stores are."""
        ...

    @property
    def root(self) -> Path:
        """The workspace's folder."""
        ...

    @property
    def sandbox(self) -> str | None:
        """Address of the platforms' doubles."""
        ...

    @property
    def clock(self) -> Clock: ...

    @property
    def behaviour(self) -> BehaviourIndex | None:
        """The behaviour index, where this process keeps one."""
        ...

    @property
    def standard_settings(self) -> StandardSettings:
        """How input is read now."""
        ...

    @property
    def log(self) -> Log: ...

    @property
    def state(self) -> State: ...

    @property
    def pool(self) -> Engine: ...

    @property
    def definitions(self) -> Definitions: ...

    def standard(self) -> Standard:
        """The data standard in force."""
        ...

    def applied(self) -> int:
        """The log offset up to which the pool is complete."""
        ...

    def touchpoints(self) -> dict[str, Touchpoint]:
        """The touchpoints by name."""
        ...

    def log_rules(self) -> None:
        """Write what decides how input is read into the log, if it changed."""
        ...

    def puller(self) -> Puller:
        """What fetches from platforms."""
        ...

    def save(
        self,
        kind: str,
        name: str,
        body: Mapping[str, Any],
        *,
        author: str,
        reason: str = "",
        expected: int | None = None,
    ) -> Definition:
        """Store a new version of a checked definition; it takes effect at the next tick. Raises Changed unless
        `expected` is the version that is current by then (0: none is)."""
        ...

    def replayed(self, first: int, last: int) -> list[tuple[int, int]]:
        """What was asked to be tried again by these records of the log, as (log offset, item)."""
        ...

    def replay_quarantine(self, items: Sequence[tuple[int, int]]) -> int:
        """Put quarantined things, by (log offset, item), into the log again; how many."""
        ...
