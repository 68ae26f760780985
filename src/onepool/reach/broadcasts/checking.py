"""What a broadcast may not be started with, beside all that the workspace has now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from onepool.audience.conditions.errors import Problem
from onepool.collect.touchpoint import Touchpoint
from onepool.definitions import Definitions
from onepool.errors import OnePoolError
from onepool.reach.broadcasts.model import Broadcast, check
from onepool.reach.messages import store as messages
from onepool.reach.messages.model import Message
from onepool.state import State


class Known(Protocol):
    """What this needs of a workspace."""

    @property
    def state(self) -> State: ...
    @property
    def definitions(self) -> Definitions: ...
    def touchpoints(self) -> Mapping[str, Touchpoint]: ...


def problems(place: Known, broadcast: Broadcast) -> list[Problem]:
    """What is wrong with it now: names that are gone, contents of another channel, values that only a journey has."""
    message: Message | None = None
    with place.state.read() as connection:
        try:
            message = messages.load(connection, broadcast.message)
        except messages.UnknownMessage:
            message = None
        except OnePoolError as error:
            return [Problem("message", f"message {broadcast.message} can't be used: {error.message}")]
    segments = [one.name for one in place.definitions.current("segment")]
    lists = [one.name for one in place.definitions.current("list")]
    return check(broadcast, message, place.touchpoints(), segments, lists)
