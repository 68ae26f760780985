"""Channels and touchpoints in the shapes of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from onepool.api.access import Caller
from onepool.api.dictionary import channel_titles, event_titles, titles
from onepool.api.models.touchpoints import (
    Channel,
    ChannelIdentifier,
    ChannelMessage,
    ChannelQuota,
    ChannelSetting,
    ChannelSignal,
    ChannelStream,
    ChannelWindow,
    MessagePart,
    SecretState,
    StreamState,
    TouchpointBody,
    TouchpointVersion,
)
from onepool.api.workspace import WorkspaceLike
from onepool.channels import registry
from onepool.channels.base import Manifest
from onepool.collect import pulls
from onepool.collect.accounts import AccountError, check_settings, look_up
from onepool.definitions import Definition
from onepool.pool.home import TouchpointIntake
from onepool.privacy.masking import mask_text
from onepool.privacy.roles import Permission
from onepool.standards import Standard
from onepool.state import State

_SAVED: Final = ("channel", "scopes", "settings", "mapping", "joining", "paused", "sandbox")


def channel(name: str, standard: Standard) -> Channel:
    """A channel by its manifest; one without code by its name only."""
    found = registry.find(name)
    manifest = found.manifest if found is not None else Manifest(name=name, title={})
    return Channel(
        name=name,
        title=channel_titles(standard, name),
        installed=found is not None,
        ways=list(manifest.ways),
        hook=found is not None and found.check is not None,
        settings=[
            ChannelSetting(
                name=one.name,
                kind=one.kind,
                title=titles(one.title, one.name),
                help=titles(one.help, one.name) if one.help else None,
                required=one.required,
                default=one.default,
                options={key: titles(title, key) for key, title in one.options.items()},
                pattern=one.pattern,
                unverified=one.unverified,
            )
            for one in manifest.settings
        ],
        identifiers=[
            ChannelIdentifier(
                type=one.type,
                title=titles(standard.identifier_types[one.type].title, one.type),
                scope=one.scope,
                of=titles(one.of, one.type) if one.of else None,
            )
            for one in manifest.identifiers
            if one.type in standard.identifier_types
        ],
        signals=[
            ChannelSignal(
                event=one.event,
                title=titles(one.title, one.event) if one.title else event_titles(standard, one.event),
                kind=one.kind,
                fields=list(one.fields),
                traits=list(one.traits),
                source=one.source,
            )
            for one in manifest.signals
        ],
        messages=[
            ChannelMessage(
                name=one.name,
                title=titles(one.title, one.name),
                to=list(one.to),
                also=list(one.also),
                content=[
                    MessagePart(
                        name=part.name,
                        title=titles(part.title, part.name),
                        kind=part.kind,
                        required=part.required,
                        limit=part.limit // 3 if part.bytes and part.limit is not None else part.limit,
                    )
                    for part in one.content
                ],
                allowance=one.allowance,
                asynchronous=one.asynchronous,
                idempotent=one.idempotent,
                marketing=one.marketing,
            )
            for one in manifest.messages
        ],
        windows=[
            ChannelWindow(
                allowance=one.allowance,
                event=one.event,
                event_title=event_titles(standard, one.event),
                messages=one.messages,
                seconds=one.seconds,
                adds=one.adds,
                unverified=one.unverified,
            )
            for one in manifest.windows
        ],
        quotas=[
            ChannelQuota(
                name=one.name,
                title=titles(one.title, one.name),
                count=one.count,
                seconds=one.seconds,
                period=one.period,
                scope=one.scope,
                unverified=one.unverified,
            )
            for one in manifest.quotas
        ],
        streams=[
            ChannelStream(name=one.name, title=titles(one.title, one.name), every=one.every)
            for one in (found.streams.values() if found is not None else ())
        ],
        instructions=titles(manifest.instructions, name) if manifest.instructions else None,
    )


def failing(state: State) -> dict[str, str]:
    """Touchpoints of which the last fetch failed, with its words."""
    return {one.touchpoint: one.error for one in pulls.states(state) if one.error}


def head(
    ws: WorkspaceLike,
    item: Definition,
    intake: Mapping[str, TouchpointIntake],
    troubles: Mapping[str, str],
    who: Caller,
) -> dict[str, Any]:
    """What the list shows of a touchpoint."""
    name, body = item.name, item.body
    figures = intake.get(name)
    problems = _problems(body)
    error = "; ".join(problems) or troubles.get(name)
    if body.get("paused"):
        state = "paused"
    elif problems:
        state = "incomplete"
    elif name in troubles:
        state = "failing"
    else:
        state = "live" if figures is not None and figures.accepted + figures.quarantined else "silent"
    return {
        "name": name,
        "title": titles(body.get("title"), name),
        "channel": body["channel"],
        "channel_title": channel_titles(ws.standard(), body["channel"]),
        "write_key": body.get("write_key") if who.may(Permission.TOUCHPOINTS_KEYS) else None,
        "scopes": dict(body.get("scopes") or {}),
        "events_24h": figures.accepted if figures else 0,
        "quarantined_24h": figures.quarantined if figures else 0,
        "last_at": figures.last_at if figures else None,
        "state": state,
        "sandbox": bool(body.get("sandbox")),
        "error": mask_text(error) if error else None,
    }


def rest(ws: WorkspaceLike, item: Definition) -> dict[str, Any]:
    """What the page of a touchpoint shows beyond that."""
    body = item.body
    found = registry.find(body["channel"])
    settings = dict(body.get("settings") or {})
    known = {one.stream: one for one in pulls.states(ws.state, item.name)}
    return {
        "settings": settings,
        "secrets": [
            SecretState(setting=name, reference=settings.get(name), found=_found(settings.get(name), ws))
            for name in sorted(found.manifest.secrets if found is not None else ())
        ],
        "mapping": dict(body.get("mapping") or {}),
        "joining": body.get("joining") or "free",
        "paused": bool(body.get("paused")),
        "hook_path": f"/hooks/{item.name}" if found is not None and found.check is not None else None,
        "streams": [
            StreamState(
                name=stream.name,
                title=titles(stream.title, stream.name),
                every=stream.every,
                ran_at=before.ran_at if before else None,
                done_at=before.done_at if before else None,
                next_at=before.next_at if before else None,
                pages=before.pages if before else 0,
                failures=before.failures if before else 0,
                error=mask_text(before.error) if before else "",
            )
            for stream, before in (
                (one, known.get(one.name))
                for one in (found.streams_for(settings).values() if found is not None else ())
            )
        ],
        "problems": _problems(body),
    }


def versions(found: Sequence[Definition]) -> list[TouchpointVersion]:
    """Versions of a touchpoint, the newest first as given, each with what it changed."""
    shown = []
    for one, before in zip(found, [*found[1:], None], strict=True):
        old = before.body if before is not None and not before.deleted else {}
        body = None
        if not one.deleted:
            given = {key: one.body[key] for key in _SAVED if one.body.get(key) is not None}
            body = TouchpointBody(**given | {"title": titles(one.body.get("title"), one.name)})
        shown.append(
            TouchpointVersion(
                version=one.version,
                author=one.author,
                reason=one.reason,
                at=one.created_at,
                deleted=one.deleted,
                body=body,
                changes=[] if one.deleted else sorted(_changed(old, one.body)),
            )
        )
    return shown


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """Names of what differs; of settings and mapping each one, as ``settings.appid``."""
    parts = ("settings", "mapping")
    found = {key for key in {*old, *new} - {*parts, "touchpoint", "write_key"} if old.get(key) != new.get(key)}
    for part in parts:
        before, after = old.get(part) or {}, new.get(part) or {}
        found |= {f"{part}.{key}" for key in {*before, *after} if before.get(key) != after.get(key)}
    return found


def _problems(body: Mapping[str, Any]) -> list[str]:
    """What is missing before a touchpoint works; one that only takes files and SDK events needs no settings."""
    found = registry.find(str(body["channel"]))
    if found is None or (not body.get("settings") and found.check is None):
        return []
    return [f"{name}: {message}" for name, message in check_settings(body.get("settings") or {}, found.manifest)]


def _found(reference: object, ws: WorkspaceLike) -> bool:
    if not isinstance(reference, str):
        return False
    try:
        return bool(look_up(reference, ws.data, ""))
    except AccountError:
        return False
