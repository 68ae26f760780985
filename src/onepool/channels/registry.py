"""Which channels there are: the folders beside this file, and entry points ``onepool.channels`` of other packages."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from onepool.channels.base import Channel, Manifest
from onepool.errors import OnePoolError

GROUP = "onepool.channels"


class ChannelError(OnePoolError):
    """There is no such channel, or one that can't be loaded."""

    code = "channel"


@cache
def names() -> tuple[str, ...]:
    """Names of all channels, without loading them."""
    own = {one.name for one in pkgutil.iter_modules([str(Path(__file__).parent)]) if one.ispkg and one.name != "base"}
    return tuple(sorted(own | {point.name for point in entry_points(group=GROUP)}))


@cache
def channel(name: str) -> Channel:
    """The channel of that name. Raises ChannelError."""
    if name not in names():
        raise ChannelError(f"no channel {name!r} is installed", hint=f"there are {', '.join(names())}")
    found = next((point for point in entry_points(group=GROUP) if point.name == name), None)
    loaded = found.load() if found is not None else importlib.import_module(f"{__package__}.{name}").CHANNEL
    if not isinstance(loaded, Channel):
        raise ChannelError(f"what is installed as channel {name!r} is not one", hint="remove or update its package")
    if loaded.manifest.name != name:
        raise ChannelError(f"channel {name!r} calls itself {loaded.manifest.name!r}", hint="its names must be one")
    return loaded


def find(name: str) -> Channel | None:
    """The channel, or None where no code is installed for it (the data standard knows more channels than that)."""
    return channel(name) if name in names() else None


def manifests() -> list[Manifest]:
    """The manifests of all channels, by name."""
    return [channel(name).manifest for name in names()]
