"""What channels say that they give: from their manifests, for the touchpoints of a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from onepool.channels import registry
from onepool.channels.base import Identifies, MessageKind
from onepool.collect.touchpoint import Touchpoint
from onepool.standards import Scope, Standard


@dataclass(frozen=True, slots=True)
class Declared:
    """Of one touchpoint. ``identifiers``: type -> scopes; ``events`` and ``objects``: name -> fields; ``attributes``.

    ``known`` False: no code is installed for its channel (or it takes what SDKs and files send): anything may come.
    """

    known: bool
    identifiers: Mapping[str, frozenset[str]]
    events: Mapping[str, tuple[str, ...]]
    attributes: frozenset[str]
    objects: Mapping[str, tuple[str, ...]]
    messages: tuple[MessageKind, ...]
    scopes: Mapping[str, str]


NOTHING = Declared(False, {}, {}, frozenset(), {}, (), {})


def declared(touchpoint: Touchpoint, standard: Standard) -> Declared:
    """What a touchpoint should give by its channel's manifest and its own settings."""
    channel = registry.find(touchpoint.channel) if touchpoint.channel else None
    if channel is None:
        return NOTHING
    manifest = channel.manifest
    events: dict[str, tuple[str, ...]] = {}
    objects: dict[str, tuple[str, ...]] = {}
    attributes: set[str] = set()
    for signal in manifest.signals:
        if signal.kind == "event":
            events[signal.event] = tuple(dict.fromkeys([*events.get(signal.event, ()), *signal.fields]))
        elif signal.kind == "object":
            objects[signal.event] = tuple(dict.fromkeys([*objects.get(signal.event, ()), *signal.fields]))
        attributes.update(signal.traits)
    identifiers: dict[str, frozenset[str]] = {}
    scopes: dict[str, str] = {}
    for one in manifest.identifiers:
        scope = _scope(one, touchpoint, standard)
        identifiers[one.type] = identifiers.get(one.type, frozenset()) | {scope}
        scopes.setdefault(one.type, scope)
    # Where the brand says itself where messages go to, there are none until it has.
    mute = manifest.setting("url") is not None and not touchpoint.settings.get("url")
    messages = () if mute else manifest.messages
    return Declared(True, identifiers, events, frozenset(attributes), objects, messages, scopes)


def _scope(one: Identifies, touchpoint: Touchpoint, standard: Standard) -> str:
    """The scope of its values at the touchpoint: as the channel's reading gives it."""
    known = standard.identifier_types.get(one.type)
    if known is not None and known.scope is Scope.NONE:
        return ""
    if one.type in touchpoint.scopes:
        return touchpoint.scopes[one.type]
    value = touchpoint.settings.get(one.scope) if one.scope not in ("", "touchpoint") else None
    return str(value) if value else touchpoint.name
