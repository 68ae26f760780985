"""Ways to reach people: what each channel's manifest says of addresses, for the touchpoints of a workspace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from onepool.channels import registry
from onepool.channels.base import Address, Identifies, Life, Manifest
from onepool.collect.touchpoint import Touchpoint


@dataclass(frozen=True, slots=True)
class Way:
    """Addresses of one identifier type and scope on a channel.

    `touchpoints`: those whose messages go there. `scoped`: its life is told by events at these touchpoints; otherwise
    by events of the identifier itself that speak of the channel. `known`, `begins`, `ends`, `per`: as in
    `channels.base.Address`.
    """

    type: str
    scope: str
    touchpoints: tuple[str, ...]
    scoped: bool
    known: bool = True
    begins: tuple[Life, ...] = ()
    ends: tuple[Life, ...] = ()
    per: str | None = None


Ways = Mapping[str, tuple[Way, ...]]
"""Channel -> its ways; only channels that carry messages to people and have a touchpoint."""


def ways_of(touchpoints: Iterable[Touchpoint]) -> Ways:
    """The ways that these touchpoints open; channels without code carry nothing."""
    found: dict[str, dict[tuple[str, str], tuple[Address, Identifies, list[str]]]] = {}
    for touchpoint in touchpoints:
        channel = registry.find(touchpoint.channel) if touchpoint.channel else None
        if channel is None:
            continue
        manifest = channel.manifest
        for address in manifest.addresses:
            told = next(one for one in manifest.identifiers if one.type == address.type)
            place = (address.type, _scope(touchpoint, told, manifest))
            found.setdefault(manifest.name, {}).setdefault(place, (address, told, []))[2].append(touchpoint.name)
    return {
        channel: tuple(
            Way(kind, scope, tuple(sorted(names)), bool(told.scope), one.known, one.begins, one.ends, one.per)
            for (kind, scope), (one, told, names) in sorted(places.items(), key=lambda pair: pair[0])
        )
        for channel, places in found.items()
    }


def _scope(touchpoint: Touchpoint, told: Identifies, manifest: Manifest) -> str:
    """The scope that identifiers of the type have at a touchpoint, as its channel reads them."""
    if told.type in touchpoint.scopes:
        return touchpoint.scopes[told.type]
    if not told.scope:
        return ""
    if told.scope == "touchpoint":
        return touchpoint.name
    setting = manifest.setting(told.scope)
    value = touchpoint.settings.get(told.scope) or (setting.default if setting is not None else None)
    return str(value) if value else touchpoint.name
