"""What channels say that they give: from their manifests, for the touchpoints of a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from onepool.channels import registry
from onepool.channels.base import Account, Channel, Identifies, Manifest, MessageKind
from onepool.collect.touchpoint import Touchpoint
from onepool.standards import Scope, Standard

ANSWERS: Final = frozenset(
    {
        "message_delivered",
        "message_failed",
        "message_read",
        "message_clicked",
        "message_replied",
        "opted_in",
        "opted_out",
    }
)
"""What only comes after a message was sent."""


@dataclass(frozen=True, slots=True)
class Declared:
    """Of one touchpoint. ``identifiers``: type -> scopes; ``events`` and ``objects``: name -> fields; ``attributes``.

    ``known`` False: no code is installed for its channel (or it takes what SDKs and files send): anything may come.
    ``optional``: what many such touchpoints never give, as (kind, name), where kind is identifier or a signal's.
    ``answers``: all that it tells are answers to messages that the brand sent. ``audience``: identifier types of which
    its platform takes hashes.
    """

    known: bool
    identifiers: Mapping[str, frozenset[str]]
    events: Mapping[str, tuple[str, ...]]
    attributes: frozenset[str]
    objects: Mapping[str, tuple[str, ...]]
    messages: tuple[MessageKind, ...]
    scopes: Mapping[str, str]
    optional: frozenset[tuple[str, str]] = frozenset()
    answers: bool = False
    audience: tuple[str, ...] = ()


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
    told = set(events)
    return Declared(
        True,
        identifiers,
        events,
        frozenset(attributes),
        objects,
        messages,
        scopes,
        optional=_optional(manifest),
        answers=bool(told) and told <= ANSWERS,
        audience=_audience(channel, touchpoint),
    )


def _optional(manifest: Manifest) -> frozenset[tuple[str, str]]:
    """What is optional wherever the channel says that it gives it."""
    may: set[tuple[str, str]] = set()
    must: set[tuple[str, str]] = set()
    for one in manifest.identifiers:
        (may if one.optional else must).add(("identifier", one.type))
    for signal in manifest.signals:
        group = may if signal.optional else must
        if signal.kind != "profile":
            group.add((signal.kind, signal.event))
        group.update(("profile", trait) for trait in signal.traits)
    return frozenset(may - must)


def _audience(channel: Channel, touchpoint: Touchpoint) -> tuple[str, ...]:
    if channel.audience is None:
        return ()
    # Which files a platform takes does not depend on its secrets.
    account = Account(touchpoint.name, touchpoint.channel, settings=touchpoint.settings)
    return tuple(dict.fromkeys(one.type for one in channel.audience(account)))


def _scope(one: Identifies, touchpoint: Touchpoint, standard: Standard) -> str:
    """The scope of its values at the touchpoint: as the channel's reading gives it."""
    known = standard.identifier_types.get(one.type)
    if known is not None and known.scope is Scope.NONE:
        return ""
    if one.type in touchpoint.scopes:
        return touchpoint.scopes[one.type]
    value = touchpoint.settings.get(one.scope) if one.scope not in ("", "touchpoint") else None
    return str(value) if value else touchpoint.name
